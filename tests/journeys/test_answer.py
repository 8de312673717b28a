"""The client's plain answer to a recap, read back in: a real mailbox, a real SMTP sink, two languages."""

from datetime import UTC, datetime, timedelta
from email import message_from_bytes, policy

import pytest

from mailsync.app import open_app
from tests.journeys.office import DANA, ME, Office, ago, deliver, letter
from tests.servers import HOST, Sink, smtp_server

ENGLISH = (
    "Hi Robin,\n\nCould you move the launch to 15 April 2027? And please send the wireframes by 12 March 2027.\n\nDana\n",
    (
        "Hi Dana,\n\nYes, I'll move the launch to 15 April 2027.\n"
        "I'll send you the wireframes by 12 March 2027.\n\nRobin\n"
    ),
)
GERMAN = (
    (
        "Hallo Robin,\n\nbitte verschieben Sie den Start auf den 15. April 2027. "
        "Außerdem brauche ich die Entwürfe bis 12. März 2027.\n\nGrüße\nDana\n"
    ),
    (
        "Hallo Dana,\n\nich verschiebe den Start auf den 15. April 2027.\n"
        "Die Entwürfe schicke ich Ihnen bis 12. März 2027.\n\nGrüße\nRobin\n"
    ),
)

#: What the client writes back, by language and what it means; {n} is the line about the launch, {m} the other one.
ANSWERS = {
    ("en", "yes"): "Hi Robin,\n\nAll correct, thank you.\n\nDana\n",
    ("en", "points"): "{n} ok.\n{m} is right too.\n\nDana\n",
    ("en", "correction"): "{m} ok. {n}: it is 22 April 2027, not 15.\n\nDana\n",
    ("en", "dispute"): "{m} ok. {n}: that is not what we agreed.\n\nDana\n",
    ("de", "yes"): "Hallo Robin,\n\nalles korrekt, danke.\n\nGrüße\nDana\n",
    ("de", "points"): "{n} ok.\n{m} stimmt auch.\n\nDana\n",
    ("de", "correction"): "{m} ok. {n}: es ist der 22. April 2027, nicht der 15.\n\nDana\n",
    ("de", "dispute"): "{m} ok. {n}: das haben wir so nicht vereinbart.\n\nDana\n",
}
LAUNCH = {
    "yes": "confirmed",
    "points": "confirmed",
    "correction": "corrected",
    "dispute": "disputed",
}


@pytest.fixture
def sink():
    """A mail server that takes every letter."""
    return Sink()


@pytest.fixture
def office(tmp_path, mailbox, monkeypatch, sink):
    """The office with a way to send."""
    from tests.servers import PASSWORD

    monkeypatch.setenv("OFFICE_PASSWORD", PASSWORD)
    with smtp_server(sink, auth_require_tls=False) as port:
        table = f'[accounts.smtp]\nhost = "{HOST}"\nport = {port}\nsecurity = "none"\n'
        yield Office(tmp_path, mailbox, smtp=table)


def sent_recap(office, sink, thread=ENGLISH):
    """Play the story up to the recap that the client has got; return the letter as the log and as the client has it."""
    now = datetime.now(UTC)
    first = letter(f"Dana Fox <{DANA}>", ME, "Launch", thread[0], ago(now, days=4))
    deliver(office.mailbox, first)
    deliver(office.mailbox, letter(ME, DANA, "Re: Launch", thread[1], ago(now, days=3), answering=first), "Sent")
    office.data("poll")
    [draft] = office.data("drafts", "list")
    code, _, err = office.run("drafts", "approve", draft["id"], "--send", "--anyway")
    assert code == 0, err
    [received] = sink.letters
    return draft, message_from_bytes(received.data, policy=policy.default)


def later():
    """Return a moment after the letter went out; Date headers count whole seconds."""
    return datetime.now(UTC) + timedelta(minutes=5)


def numbers(draft):
    """Return the number of the line about the launch and of the other one."""
    launch = next(line["number"] for line in draft["lines"] if "15" in line["text"] and line["number"])
    other = next(line["number"] for line in draft["lines"] if line["number"] and line["number"] != launch)
    return launch, other


def answered(office, draft, recap, body, **headers):
    """Let the client's answer arrive and be read; return what it did to each line."""
    n, m = numbers(draft)
    answer = letter(f"Dana Fox <{DANA}>", ME, recap["Subject"], body.format(n=n, m=m), later(), answering=recap)
    for name, value in headers.items():
        answer[name.replace("_", "-")] = value
    deliver(office.mailbox, answer)
    office.data("poll")
    return {a["line"]: a for a in office.data("drafts", "show", draft["id"])["answers"]}


@pytest.mark.parametrize(("language", "answer"), ANSWERS)
def test_each_answer_is_read_line_by_line(office, sink, language, answer):
    """A clean yes, an answer point by point, a correction and a dispute each do to each line what they say."""
    draft, recap = sent_recap(office, sink, ENGLISH if language == "en" else GERMAN)

    lines = answered(office, draft, recap, ANSWERS[language, answer])

    launch, other = numbers(draft)
    assert lines[launch]["state"] == LAUNCH[answer]
    assert lines[other]["state"] == "confirmed"


def test_a_correction_is_accepted_and_gives_a_corrected_recap(office, sink):
    """15 April becomes 22 April on a person's word, and the corrected letter says old and new."""
    draft, recap = sent_recap(office, sink)
    lines = answered(office, draft, recap, ANSWERS["en", "correction"])
    launch, _ = numbers(draft)
    assert lines[launch]["due"] == "2027-04-22"

    code, _, err = office.run("drafts", "accept", draft["id"], str(launch))

    assert code == 0, err
    [waiting] = [d for d in office.data("drafts", "list") if d["letter"] == "corrected"]
    assert "22 April 2027" in waiting["body"]


@pytest.mark.parametrize(
    ("thread", "no", "yes"),
    [
        (ENGLISH, "No, it is 22 April 2027.", "Yes, correct."),
        (GERMAN, "Nein, es ist der 22. April 2027.", "Ja, korrekt."),
    ],
    ids=["en", "de"],
)
def test_an_answer_between_the_quoted_lines_is_read(office, sink, thread, no, yes):
    """What stands below a quoted line is about that line."""
    draft, recap = sent_recap(office, sink, thread)
    launch, other = numbers(draft)
    quoted = {line["number"]: f"> {line['number']}. {line['text']}\n" for line in draft["lines"]}

    lines = answered(office, draft, recap, f"{quoted[launch]}\n{no}\n\n{quoted[other]}\n{yes}\n\nDana\n")

    assert (lines[launch]["state"], lines[other]["state"]) == ("corrected", "confirmed")


@pytest.mark.parametrize(
    ("thread", "words"),
    [(ENGLISH, "I am out of the office until Monday.\n"), (GERMAN, "Ich bin bis Montag nicht im Büro.\n")],
    ids=["en", "de"],
)
def test_an_out_of_office_changes_nothing(office, sink, thread, words):
    """An automatic answer settles nothing; every line goes on waiting."""
    draft, recap = sent_recap(office, sink, thread)

    lines = answered(office, draft, recap, words, Auto_Submitted="auto-replied")

    assert {line["state"] for line in lines.values()} <= {"awaiting"}


@pytest.mark.parametrize("thread", [ENGLISH, GERMAN], ids=["en", "de"])
def test_silence_is_unanswered_and_gives_a_reminder(office, sink, thread):
    """Ten days later nobody has answered: the lines say so, nothing is agreed by silence, and a reminder waits."""
    draft, _ = sent_recap(office, sink, thread)

    with open_app(office.config) as app:
        app.now = lambda: datetime.now(UTC) + timedelta(days=10)  # the clock is the app's own
        app.turn()

    [reminder] = office.data("drafts", "list")
    entries = {e for line in draft["lines"] for e in line["entries"]}
    states = {e["state"] for e in office.data("log", "--as-of", later().date().isoformat()) if e["id"] in entries}
    assert (reminder["letter"], reminder["to"]) == ("reminder", [DANA])
    assert "confirmed" not in states
    assert len(sink.letters) == 1


def test_a_yes_of_someone_who_does_not_decide_stays_weak(office, sink):
    """Another person's "all correct" confirms nothing by itself."""
    draft, recap = sent_recap(office, sink)
    answer = letter("Tim <tim@harbor.example>", ME, recap["Subject"], "All correct!\n\nTim\n", later(), answering=recap)  # fmt: skip
    deliver(office.mailbox, answer)

    office.data("poll")

    states = {a["state"] for a in office.data("drafts", "show", draft["id"])["answers"]}
    assert states == {"awaiting"}


def test_the_recaps_own_lines_are_no_new_promises(office, sink):
    """After the recap was sent and quoted back, the log holds the entries it held before."""
    draft, recap = sent_recap(office, sink)
    before = {entry["id"] for entry in office.data("log")}
    quoted = "".join(f"> {line}\n" for line in draft["body"].splitlines())

    answered(office, draft, recap, f"All correct.\n\nDana\n\nOn Monday Robin Hale wrote:\n{quoted}")

    new = [e for e in office.data("log") if e["id"] not in before]
    assert [e["quote"] for e in new if e["side"] == "us"] == []


def test_a_letter_is_sent_once_and_filed_in_sent(office, sink):
    """--send delivers once to the client alone, in the thread, and files the copy."""
    draft, recap = sent_recap(office, sink)

    code, _, _ = office.run("drafts", "approve", draft["id"], "--send")

    assert code == 1
    assert len(sink.letters) == 1
    assert sink.letters[0].recipients == [DANA]
    assert recap["In-Reply-To"]
    assert any(recap["Message-ID"].encode() in raw for _, _, raw in office.mailbox.contents("Sent"))
