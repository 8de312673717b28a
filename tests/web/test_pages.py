"""What the pages show, and what a person does on them without any script."""

import csv
import io
import json
import re
from datetime import timedelta

import pytest

from mailsync.model.draft import DraftState
from mailsync.model.entry import Kind
from mailsync.web.log import cell


def entry_of(web, words: str):
    """Return the entry that stands on these words."""
    return next(e for e in web.app.ledger.entries() if words in e.finding.evidence.quote)


def waiting(web):
    """Return the recap about the booking page."""
    return next(d for d in web.app.ledger.drafts((DraftState.OPEN,)) if "booking" in d.subject)


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("/", "To review"),
        ("/", "New booking page"),
        ("/drafts", "New booking page"),
        ("/drafts?all=1", "recap"),
        ("/log", "wireframes"),
        ("/log?q=kind:commitment+wireframes", "<mark>wireframes</mark>"),
        ("/log?q=nothing-like-this", "Nothing found"),
        ("/clients", "Harbor Foods"),
        ("/clients/harbor", "Extra work only after a written yes."),
        ("/clients/harbor/patterns", "Habits"),
        ("/health", "Log head"),
        ("/keys", "next, previous line"),
    ],
)
def test_a_page_shows_what_it_is_for(web, path, words):
    """Every page answers and shows its matter."""
    assert words in web.shows(path)


def test_an_empty_log_says_what_happens_next(opened):
    """Where nothing is there yet, each list says what will fill it."""
    web = opened()
    for one in web.app.ledger.entries():
        web.post(f"/entries/{one.id}/remove")
    shown = web.shows("/log?q=wireframes+is:entry")

    assert "Fewer words find more" in shown


def test_a_letter_stands_beside_its_evidence(web):
    """The draft page shows the text to edit, each line's quote, who said it when, and a way to the conversation."""
    draft = waiting(web)

    shown = web.shows(f"/drafts/{draft.id}")

    assert "<textarea" in shown
    assert "Could you send the wireframes by Friday?" in shown
    assert "Dana Fox (client)" in shown
    assert f"/threads/{draft.thread}#e-" in shown


def test_saving_shows_the_differences_and_undo_takes_them_back(web):
    """What was typed is kept and shown as a difference; undo brings the first text back."""
    draft = waiting(web)

    saved = web.post(f"/drafts/{draft.id}/save", body=draft.body.replace("wireframes", "sketches"))
    shown = web.shows(saved.headers["location"])
    undone = web.post(f"/drafts/{draft.id}/undo")

    assert saved.status_code == undone.status_code == 303
    assert "<ins>" in shown
    assert "sketches" in shown
    assert web.app.ledger.draft(draft.id).body == draft.body


def test_a_letter_that_changed_meanwhile_is_not_decided_on(web):
    """A form of an older version of the letter is refused with a sentence; nothing is overwritten."""
    draft = waiting(web)
    web.post(f"/drafts/{draft.id}/save", body="First.\n", version=draft.changed_at.isoformat())

    late = web.post(f"/drafts/{draft.id}/save", body="Second.\n", version=draft.changed_at.isoformat())

    assert late.status_code == 409
    assert "changed since you opened it" in late.text
    assert web.app.ledger.draft(draft.id).body == "First.\n"


def test_discarding_needs_a_reason_and_can_be_undone(web):
    """Without a reason nothing happens; with one the letter goes, and Today offers to take it back."""
    draft = waiting(web)

    refused = web.post(f"/drafts/{draft.id}/discard", reason=" ")
    gone = web.post(f"/drafts/{draft.id}/discard", reason="said it by phone")
    today = web.shows(gone.headers["location"])

    assert refused.status_code == 400
    assert "needs a reason" in refused.text
    assert f"/drafts/{draft.id}/undo" in today
    web.post(f"/drafts/{draft.id}/undo")
    assert web.app.ledger.draft(draft.id).state is DraftState.OPEN


def test_a_letter_is_held_until_a_day(web):
    """Held letters wait; a day in the past is refused."""
    draft, day = waiting(web), web.app.today() + timedelta(days=3)

    refused = web.post(f"/drafts/{draft.id}/hold", until="2001-01-01")
    held = web.post(f"/drafts/{draft.id}/hold", until=day.isoformat())

    assert (refused.status_code, held.status_code) == (400, 303)
    assert web.app.ledger.draft(draft.id).hold_until.astimezone(web.app.zone).date() == day


def test_a_server_that_cannot_be_reached_leaves_the_letter_waiting(web, monkeypatch):
    """Approving without a server is a sentence, and the letter can be approved again."""
    monkeypatch.setenv("OFFICE_PASSWORD", "secret-of-the-office")
    draft = waiting(web)

    answer = web.post(f"/drafts/{draft.id}/approve", anyway="1")

    assert answer.status_code == 502
    assert "secret-of-the-office" not in answer.text
    assert web.app.ledger.draft(draft.id).state is DraftState.OPEN


def test_an_entry_is_corrected_in_place_and_taken_back(web):
    """A corrected amount stands in the log at once; undo brings the read one back."""
    one = entry_of(web, "costs 1,200 EUR")

    done = web.post(f"/entries/{one.id}/correct", amount="1500 EUR", kind=one.finding.kind.value, back="/log")
    after = web.app.ledger.entry(one.id)
    web.post(f"/entries/{one.id}/undo")

    assert done.headers["location"].startswith("/log?done=corrected")
    assert after.finding.terms.amount == "1500 EUR"
    assert web.app.ledger.entry(one.id).finding.terms.amount == one.finding.terms.amount


@pytest.mark.parametrize("fields", [{"kind": "poem"}, {"topic": "weather"}, {"due": "soon"}, {"client": "nobody"}])
def test_a_correction_that_makes_no_sense_is_refused(web, fields):
    """An unknown kind, topic, day or client is named, and the entry stays."""
    one = entry_of(web, "costs 1,200 EUR")

    answer = web.post(f"/entries/{one.id}/correct", **fields)

    assert answer.status_code in (400, 404)
    assert web.app.ledger.entry(one.id) == one


def test_a_removed_entry_leaves_the_log_and_comes_back(web):
    """Removing says: no agreement; undo lets it stand again."""
    one = entry_of(web, "send the wireframes by Friday?")

    web.post(f"/entries/{one.id}/remove")
    gone = one.id not in {e.id for e in web.app.ledger.entries()}
    shown = web.shows(f"/entries/{one.id}")
    web.post(f"/entries/{one.id}/undo")

    assert gone
    assert "removed" in shown
    assert one.id in {e.id for e in web.app.ledger.entries()}


def test_an_entry_is_added_from_a_statement(web):
    """Words that reading passed over become an entry with its evidence, for good, until that is taken back."""
    first = entry_of(web, "Could you send the wireframes")
    text = next(m.text for m, _ in web.app.ledger.messages(first.thread) if "tired" in m.text)
    start = text.index("The old page")
    place = f"{start}-{start + len('The old page looks tired.')}"

    done = web.post(
        f"/messages/{first.finding.evidence.digest}/entries", thread=first.thread, place=place, kind="issue"
    )
    added = [
        e for e in web.app.ledger.entries() if "tired" in e.finding.evidence.quote and e.finding.kind is Kind.ISSUE
    ]

    assert done.status_code == 303
    assert [e.finding.evidence.quote for e in added] == ["The old page looks tired."]
    assert added[0].finding.who == "dana.fox@harbor.example"
    assert f'id="e-{added[0].id}"' in web.shows(f"/threads/{first.thread}")
    assert not list(web.app.ledger.verify())
    web.post(f"/entries/{added[0].id}/undo")
    assert added[0].id not in {e.id for e in web.app.ledger.entries()}


@pytest.mark.parametrize("place", ["", "5", "9-3", "0-99999999", "-1-4", "0-0", "a-b"])
def test_words_that_are_none_make_no_entry(web, place):
    """A place outside the message is refused with a sentence."""
    first = entry_of(web, "Could you send the wireframes")
    before = len(web.app.ledger.entries())

    answer = web.post(
        f"/messages/{first.finding.evidence.digest}/entries", thread=first.thread, place=place, kind="issue"
    )

    assert answer.status_code == 400
    assert len(web.app.ledger.entries()) == before


def test_a_conversation_folds_what_is_quoted_and_marks_what_was_found(web):
    """The author's statements are marked by kind at their exact place; quoted lines are folded away."""
    one = entry_of(web, "I'll send you the wireframes")

    shown = web.shows(f"/threads/{one.thread}")

    assert f'data-at="{one.finding.evidence.span.start}"' in shown
    assert f'id="e-{one.id}"' in shown
    assert re.search(r"<summary>quoted, 1 line</summary>", shown)


def test_results_alone_come_for_htmx(web):
    """A request of htmx gets the results without the frame around them."""
    answer = web.get("/log?q=wireframes", headers={"HX-Request": "true"})

    assert answer.text.lstrip().startswith('<div id="results"')
    assert "<html" not in answer.text


def test_facets_edit_the_query(web):
    """A filter adds its words to the query, and the set one takes them away."""
    shown = web.shows("/log?q=wireframes+kind:request")

    assert 'href="/log?q=wireframes"' in shown
    assert 'href="/log?q=wireframes+kind%3Acommitment"' in shown


def test_the_log_answers_as_of_a_day(web):
    """Before the first mail there was nothing to find."""
    assert "Nothing found" in web.shows("/log?q=wireframes&as_of=2001-01-01")


def test_the_log_is_handed_out_as_table_and_json(web):
    """Both downloads hold the entries found, and are saved, not shown."""
    table, data = web.get("/log.csv?q=wireframes"), web.get("/log.json?q=wireframes")

    rows = list(csv.DictReader(io.StringIO(table.content.decode("utf-8-sig"))))
    assert [row["id"] for row in rows] == [entry["id"] for entry in json.loads(data.content)]
    assert rows
    assert all("attachment" in answer.headers["content-disposition"] for answer in (table, data))


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", "  =1", "\t=1", "\r=1", "\n=1"])
def test_no_cell_is_a_formula(text):
    """What a spreadsheet would run gets an apostrophe in front."""
    assert cell(text).startswith("'")


@pytest.mark.parametrize(
    "path",
    ["/nope", "/drafts/zz", "/drafts/%27", "/threads/%3Cscript%3E", "/entries/%00", "/clients/nobody", "/messages/-1/raw",
     "/messages/zz/attachments/0", "/messages/zz/attachments/99999999999999999999", "/static/%00", "/static/../app.py"],
)  # fmt: skip
def test_what_is_not_there_is_a_sentence(web, path):
    """Unknown addresses give a page with one sentence, never a trace and never what was asked for unescaped."""
    answer = web.get(path)

    assert answer.status_code == 404
    assert "Traceback" not in answer.text
    assert "<script>" not in answer.text.replace('<script src="/static', "")


def test_odd_numbers_in_addresses_do_no_harm(web):
    """Absurd pages and days are answered like none."""
    for path in (
        "/log?from=-1",
        "/log?from=99999999999",
        "/log?as_of=9999-99-99",
        "/drafts?from=abc",
        "/log?q=" + "a" * 5000,
    ):
        assert web.get(path).status_code == 200


def test_read_only_changes_nothing(opened):
    """No form is shown and no form is taken."""
    web = opened(read_only=True)
    draft = waiting(web)

    shown = web.shows(f"/drafts/{draft.id}") + web.shows("/")
    answer = web.post(f"/drafts/{draft.id}/discard", reason="x")

    assert 'method="post"' not in shown
    assert answer.status_code == 403
    assert web.app.ledger.draft(draft.id) == draft


def test_incognito_shows_no_name_and_no_amount(opened):
    """Names, addresses and amounts are gone from every page, links included, and nothing can be fetched raw."""
    web = opened(incognito=True)
    one = entry_of(web, "costs 1,200 EUR")
    draft = waiting(web)
    pages = [
        "/",
        "/drafts",
        f"/drafts/{draft.id}",
        "/log",
        "/log?q=client:client-1",
        "/clients",
        "/clients/client-1",
        f"/threads/{one.thread}",
        f"/entries/{one.id}",
    ]

    for path in pages:
        shown = web.shows(path).lower()
        for secret in ("dana", "harbor", "1,200", "1200 eur"):
            assert secret not in shown, (path, secret)
    assert "wireframes" in web.shows("/log?q=client:client-1")
    assert web.get(f"/messages/{one.finding.evidence.digest}/raw.eml").status_code == 404
    assert web.get("/log.csv").status_code == 404
