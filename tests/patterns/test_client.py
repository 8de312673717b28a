import json
import mailbox
import tomllib

import pytest

from mailsync.cli import main
from mailsync.clients import digest_of
from mailsync.model.draft import Draft, DraftState, Letter
from mailsync.model.entry import Kind, State, Topic
from mailsync.model.mail import Address
from mailsync.model.people import Side, WorkingHours
from mailsync.patterns.alerts import About, alerts, early_signs
from mailsync.patterns.brief import brief, changes, clashes, people
from mailsync.patterns.page import brief_page, report_page
from mailsync.patterns.report import exit_check, report, review
from mailsync.patterns.shapes import digest_json, report_json
from tests.patterns.desk import DANA, TIM, US, Desk, on
from tests.patterns.simulated import calm, planted

CONFIG = """
[me]
name = "Robin Hale"
addresses = ["robin@halecraft.example"]
[[accounts]]
name = "work"
address = "robin@halecraft.example"
password_env = "NONE"
[accounts.imap]
host = "imap.halecraft.example"
[[clients]]
key = "harbor"
name = "Harbor Foods"
domains = ["harbor.example"]
[clients.baseline]
agreed = 2024-01-08
outside = ["Translations into other languages"]
rate = "90 EUR"
[data]
dir = "data"
"""


def about(found):
    """Return the kinds of alerts."""
    return [one.about for one in found]


def test_a_date_at_risk_names_what_is_missing():
    """Our date within three working days, with an answer of the client missing, comes with a delay letter at hand."""
    desk = Desk()
    desk.says(US, on(2), "The page is online by the 13th.", due="2026-03-13")
    desk.asks(US, on(3), "Please send me the logo.")
    (risk,) = alerts(desk.history(on(11)))

    assert (risk.about, risk.letter) == (About.AT_RISK, Letter.DELAY)
    assert "“Please send me the logo.” asked 3 Mar" in risk.text
    assert risk.entries == ("e1", "e2")
    assert not alerts(desk.history(on(9)))


def test_alerts_stand_in_order_of_weight():
    """What is overdue comes before what is due; each keeps its key from day to day."""
    desk = Desk()
    desk.says(DANA, on(2), "I will send the texts.", due="2026-03-09", thread="a")
    desk.says(US, on(2), "The page is online.", due="2026-03-13", thread="b")
    today, tomorrow = alerts(desk.history(on(11))), alerts(desk.history(on(12)))

    assert about(today) == [About.OVERDUE, About.DUE_SOON]
    assert [one.key for one in today] == [one.key for one in tomorrow]


def test_our_answer_and_our_silence():
    """A question of the client's asks for a holding letter, weeks without a word of ours for a status."""
    desk = Desk()
    desk.mail(US, on(2))
    desk.asks(DANA, on(3), "Please build the page.")

    assert about(alerts(desk.history(on(4)))) == []
    assert about(alerts(desk.history(on(5, 9)))) == [About.ANSWER_DUE]
    assert about(alerts(desk.history(on(17)))) == [About.ANSWER_DUE, About.OUR_SILENCE]


def test_old_matters_raise_no_alert():
    """What nobody has spoken of for two months is a matter of the report."""
    desk = Desk()
    desk.says(DANA, on(2), "I will send the texts.", due="2026-03-09")

    assert alerts(desk.history(on(2, month=7))) == ()


def test_early_signs_are_for_new_clients():
    """In the first six weeks a single case is shown, later it takes a pattern."""
    desk = Desk()
    desk.says(DANA, on(2), "I will send the texts.", due="2026-03-09")

    assert "dates-missed" in [f.rule.key for f in early_signs(report(desk.history(on(20))))]
    assert early_signs(report(desk.history(on(20, month=6)))) == ()


def test_a_digest_tells_what_is_new():
    """Cases before the digest's week are not told again."""
    desk = Desk()
    desk.says(DANA, on(2), "I will send the texts.", due="2026-03-03")
    desk.says(DANA, on(9), "I will send the logo.", due="2026-03-11")
    found = digest_of(desk.history(on(13)), since=on(9))

    assert [(f.rule.key, f.number) for f in found.news if f.rule.key == "dates-missed"] == [("dates-missed", 1)]
    assert json.loads(json.dumps(digest_json(found)))["early"] == ["dates-missed"]


def test_people_and_who_seems_to_be_what():
    """Whoever decides stands first; a role is suggested from what somebody wrote, with the messages."""
    desk = Desk()
    for day in (2, 3, 4):
        desk.mail(TIM, on(day), "Let me ask our director, I will get back to you.")
        desk.says(DANA, on(day, 12), "Approved.", Kind.APPROVAL, topic=Topic.BUDGET)
    dana, tim = people(desk.history(on(5)))

    assert (dana.name, dana.decides, dana.seems) == ("Dana Fox", True, "decides")
    assert (tim.decides, tim.seems, len(tim.proof)) == (False, "go-between", 3)


def test_a_clash_names_both():
    """A no of one person to what another of the same client asked is shown as a conflict."""
    desk = Desk()
    ask = desk.asks(TIM, on(2), "Please add seat reservation.")
    desk.says(DANA, on(3), "No seat reservation.", Kind.REJECTION, answers=ask)
    desk.says(US, on(4), "Not possible.", Kind.REJECTION, answers=ask)

    (clash,) = clashes(desk.history(on(5)))
    assert (clash.first.finding.who, clash.second.finding.who) == (TIM, DANA)


def test_a_brief_tells_what_either_side_owes_and_the_handover_what_changed():
    """Dates come first, what was refused and what changed is kept for whoever takes over."""
    desk = Desk()
    desk.says(US, on(2), "I will do the menu.")
    desk.says(US, on(2), "I will do the page.", due="2026-03-20")
    old = desk.says(US, on(3), "The shop costs 900 EUR.", Kind.PROPOSAL, amount="900 EUR")
    new = desk.says(US, on(4), "The shop costs 800 EUR.", Kind.PROPOSAL, amount="800 EUR", replaces=old)
    desk.move(old, on(4), State.REPLACED, new)
    desk.move(new, on(5), State.AGREED)
    told = brief(desk.history(on(6)))

    assert [e.id for e in told.ours] == ["e2", "e1"]
    assert [e.id for e in told.agreements] == ["e4"]
    assert [(a.id, b.id) for a, b in changes(told.history)] == [("e3", "e4")]


def test_leaving_weighs_both_sides():
    """The exit check shows what either side owes and our own patterns beside the client's."""
    desk = Desk()
    for n in range(4):
        desk.says(DANA, on(2), f"Text {n}.", due="2026-03-03", thread=f"c{n}")
        desk.says(US, on(2), f"Page {n}.", due="2026-03-03", thread=f"u{n}")
    check = exit_check(report(desk.history(on(20))))

    assert [f.rule.key for f in check.reasons] == ["dates-missed"]
    assert [f.rule.key for f in check.mirror] == ["dates-missed"]
    assert (len(check.ours), len(check.theirs), check.grave) == (4, 4, False)


def test_a_review_begins_with_the_first_signal():
    """The earliest case of what became a pattern is the first signal."""
    desk = Desk()
    for n in range(3):
        desk.says(DANA, on(2 + n), f"Text {n}.", due=f"2026-03-0{3 + n}", thread=f"c{n}")
    figure, case = review(report(desk.history(on(20)))).first

    assert (figure.side, case.at.day) == (Side.CLIENT, 3)


def test_pages_show_hostile_words_as_words():
    """Markup in mail is text on the page, and no page needs anything from elsewhere."""
    desk = Desk()
    for n in range(4):
        desk.says(DANA, on(2), '<script>alert(1)</script> & "quotes"', due="2026-03-03", thread=f"c{n}")
    history = desk.history(on(20))
    for page in (report_page(report(history)), brief_page(brief(history), handover=True)):
        assert "<script" not in page
        assert "&lt;script&gt;" in page
        assert "http" not in page.replace("http-equiv", "")


def test_every_picture_has_words():
    """Each SVG carries a label with its numbers, and a table says the same."""
    desk = Desk()
    for month in (3, 4, 5):
        desk.says(DANA, on(2, month=month), "Text.", due=f"2026-0{month}-03", thread=f"c{month}")
    page = report_page(report(desk.history(on(20, month=5))))

    assert page.count("<svg") == page.count('role="img" aria-label="') >= 3
    assert "Mar 2026: client 1, off hours 0, us 0" in page


@pytest.fixture(scope="module")
def config(tmp_path_factory):
    """A config whose log holds some calm jobs and a client who wants translations for nothing."""
    folder = tmp_path_factory.mktemp("client")
    path = folder / "config.toml"
    path.write_text(CONFIG)
    box = mailbox.mbox(folder / "old.mbox")
    for thread in [*list(calm())[:6], *planted("unpaid-extras", "client")]:
        for mail in thread.mails:
            box.add(mail.data)
    box.close()
    with pytest.raises(SystemExit):
        main(["import", str(folder / "old.mbox"), "--config", str(path)])
    return path


@pytest.fixture
def run(config, capsys):
    """Run a command and return its exit code and what it printed."""

    def call(*args):
        capsys.readouterr()
        with pytest.raises(SystemExit) as stop:
            main([*args, "--config", str(config)])
        out = capsys.readouterr()
        return stop.value.code, out.out + out.err

    return call


def test_the_report_names_the_pattern_with_its_proof(run):
    """On the terminal each figure shows its cases, and the id of a case can be shown."""
    code, text = run("report", "harbor")
    assert code == 0
    assert "Extra work unpaid, by the client: 6 of 6" in text
    way = text.partition("Extra work unpaid")[2].partition("[show ")[2].partition("]")[0]
    assert "translations of the menu" in run("show", way)[1]


def test_the_report_as_data(run):
    """JSON holds every figure with rule, months and cases, and the reviews asked for."""
    shape = json.loads(run("report", "harbor", "--json", "--exit", "--review")[1])
    figure = next(f for f in shape["figures"] if f["key"] == "unpaid-extras")

    assert figure["sign"]
    assert all(case["messages"] for f in shape["figures"] for case in f["cases"])
    assert shape["exit"]["reasons"]
    assert shape["review"]["first"]


@pytest.mark.parametrize("flag", ["--escalate", "--exit", "--review"])
def test_the_other_views(run, flag):
    """Each view of the report names the pattern or its words."""
    code, text = run("report", "harbor", flag)

    assert code == 0
    assert "translations" in text.lower() or "extra work" in text.lower()


def test_a_proposed_baseline_is_configuration(run):
    """What --baseline prints is TOML as it stands in the config file."""
    text = run("report", "harbor", "--baseline")[1]

    assert set(tomllib.loads(text)["clients"]["baseline"]) >= {"inside", "outside", "prices", "dates"}


def test_a_page_is_written(run, tmp_path):
    """--html writes one file, and says plainly when it cannot."""
    assert run("report", "harbor", "--html", str(tmp_path / "r.html"))[0] == 0
    assert run("brief", "harbor", "--handover", "--html", str(tmp_path / "b.html"))[0] == 0
    assert (tmp_path / "r.html").read_text().startswith("<!DOCTYPE html>")
    code, text = run("report", "harbor", "--html", str(tmp_path / "no" / "r.html"))
    assert code == 2
    assert "cannot be written" in text


def test_the_brief(run):
    """One page with people, agreements and what is owed, also as data."""
    code, text = run("brief", "harbor", "--handover")
    assert code == 0
    assert all(title in text for title in ("People", "We owe", "They owe", "Agreed", "Refused"))
    assert json.loads(run("brief", "harbor", "--json")[1])["people"][0]["email"] == DANA
    assert json.loads(run("brief", "harbor", "--alerts", "--json")[1]) == []


@pytest.mark.parametrize("command", ["report", "brief"])
def test_an_unknown_client_is_named_with_those_there_are(run, command):
    """A wrong key is answered with the right ones."""
    code, text = run(command, "habor")

    assert code == 1
    assert "harbor" in text


def test_an_alert_knows_the_letter_that_waits():
    """Where the delay letter is already written, the alert leads to it instead of asking for another."""
    desk = Desk()
    desk.says(US, on(2), "The page is online by the 9th.", due="2026-03-09")
    desk.letters = [
        Draft(
            id="d1",
            letter=Letter.DELAY,
            account="work",
            thread="t1",
            client="harbor",
            state=DraftState.OPEN,
            language="en",
            sender=Address(email=US),
            to=(Address(email=DANA),),
            subject="Catalogue",
            body="Later.",
            message_id="d1@mail.example",
            created_at=on(10),
            changed_at=on(10),
        )
    ]

    assert [one.draft for one in alerts(desk.history(on(11)))] == ["d1"]


@pytest.mark.parametrize("due", ["0001-01-01", "1999-02-28", "9999-12-31", "9999-12-31T23:59:00-12:00"])
def test_absurd_dates_break_nothing(due):
    """A due day at either end of the calendar, in mail or in a correction, is one line more and no error."""
    desk = Desk(hours=WorkingHours(zone="Pacific/Kiritimati"))
    desk.says(US, on(2), "The page is online.", due=due)
    desk.says(DANA, on(3), "I will pay.", due=due, topic=Topic.PAYMENT)
    history = desk.history(on(20))
    told = report(history, hostile=True)

    assert len(told.deadlines) == 1
    assert report_page(told)
    assert brief_page(brief(history))
    assert report_json(told)
    alerts(history)


def test_an_empty_history_is_no_error():
    """A client without a single mail has a report, a page and a brief."""
    history = Desk().history(on(2))
    told = report(history, hostile=True)

    assert told.signs == ()
    assert report_page(told)
    assert brief_page(brief(history), handover=True)
    assert (alerts(history), review(told).first) == ((), None)
