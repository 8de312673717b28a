"""What a person may do with letters and entries, over a real ledger and an outbox that fails on purpose."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from mailsync.drafting import Drafting, draft_due, make
from mailsync.ledger.sqlite import open_ledger
from mailsync.model.draft import DraftState, Letter
from mailsync.model.entry import State
from mailsync.model.errors import MailsyncError, NotFoundError, ServerError, StateError, TemplateError, UsageError
from mailsync.model.thread import ThreadReading
from mailsync.recap.people import Writer
from mailsync.review import (
    Reviewer,
    accept_correction,
    accept_suggestion,
    approve,
    correct_entry,
    discard,
    dismiss_suggestion,
    dispute,
    edit,
    hold,
    list_drafts,
    look,
    resolve_open_intents,
    say_what_happened,
    send,
    undo,
)
from tests.recap.fakes import MemoryOutbox, to_bytes
from tests.recap.story import DANA, HOURS, ROBIN, Story, booking_page


class Desk:
    """A reviewer at a ledger that holds a told story; the clock stands still until it is moved."""

    def __init__(self, story: Story, *fail: str, templates: Path | None = None) -> None:
        self.story, self.outbox = story, MemoryOutbox(*fail)
        self.ledger = open_ledger(":memory:")
        self.time = max(m.sent_at for m in story.messages) + timedelta(hours=3)
        drafting = Drafting(
            ledger=self.ledger,
            circle=story.circle,
            hours=HOURS,
            writer=Writer(name="Robin Hale"),
            now=lambda: self.time,
            templates=templates,
        )
        self.at = Reviewer(drafting=drafting, outbox=lambda _: self.outbox, to_bytes=to_bytes)
        self.take_in()

    def take_in(self) -> None:
        """Bring what the story tells into the ledger."""
        self.ledger.keep_files(self.story.raws(), "work", self.time)
        [self.thread] = self.ledger.unread_threads() or [self.thread]
        entries = tuple(replace(e, thread=self.thread) for e in self.story.entries)
        self.ledger.record(ThreadReading(thread=self.thread, messages=self.story.reads, entries=entries), self.time)

    def drafted(self):
        """Do a round of drafting; return the one letter that waits."""
        draft_due(self.at.drafting)
        [draft] = list_drafts(self.at)
        return draft

    def state(self, draft):
        return self.ledger.draft(draft.id).state

    def close(self):
        self.ledger.close()


@pytest.fixture
def desk():
    """A desk with the usual story."""
    made = Desk(booking_page())
    yield made
    made.close()


def other(*fail, story=None, **more):
    """Return a desk whose outbox fails in these places."""
    return Desk(story or booking_page(), *fail, **more)


# ---- drafting ----


def test_a_quiet_thread_gets_one_letter(desk):
    """A round writes one letter for a quiet thread; further rounds write none and change nothing."""
    first = draft_due(desk.at.drafting)
    head = desk.ledger.head()
    for _ in range(3):
        assert draft_due(desk.at.drafting).drafts == ()

    assert [d.letter for d in first.drafts] == [Letter.RECAP]
    assert len(list_drafts(desk.at)) == 1
    assert desk.ledger.head()[0] <= head[0] + 1


def test_a_thread_in_full_swing_gets_none(desk):
    """Before the quiet time has passed nothing is written; asked for, it is written at once."""
    desk.time = desk.time - timedelta(hours=2)
    assert draft_due(desk.at.drafting).drafts == ()

    assert make(desk.at.drafting, desk.thread).state is DraftState.OPEN


def test_newer_mail_rewrites_the_letter(desk):
    """An untouched letter follows the thread; an edited one turns stale and cannot go out unread."""
    draft = desk.drafted()
    desk.story.says(DANA, "We will pay within ten days.")
    desk.take_in()
    assert "ten days" in desk.drafted().body

    edit(desk.at, draft.id, "My words.")
    desk.story.says(DANA, "And we will send the logo.")
    desk.take_in()
    stale = desk.drafted()

    assert (stale.state, stale.body) == (DraftState.STALE, "My words.\n")
    with pytest.raises(StateError, match="mail came"):
        approve(desk.at, draft.id)
    assert approve(desk.at, draft.id, anyway=True).state is DraftState.PLACED


def test_a_broken_template_stops_no_other_round(tmp_path):
    """The thread's trouble is kept with file and line, no draft is lost, and the next round writes the letter."""
    template = tmp_path / "recap" / "en.txt.j2"
    template.parent.mkdir()
    template.write_text("{{ subject }}\n\n{{ nonsense }}\n")
    desk = other(templates=tmp_path)
    done = draft_due(desk.at.drafting)
    assert done.drafts == ()
    assert "line 3" in done.troubles[0]
    assert desk.ledger.troubles()[0].stage == "draft"
    with pytest.raises(TemplateError):
        make(desk.at.drafting, desk.thread)

    template.unlink()
    assert desk.drafted().state is DraftState.OPEN
    desk.close()


def test_a_second_letter_waits_its_turn(desk):
    """While a letter waits, another kind about the same thread is refused with what to do."""
    desk.drafted()

    with pytest.raises(StateError, match="still waiting"):
        make(desk.at.drafting, desk.thread, Letter.STATUS)


# ---- reviewing ----


def test_each_line_is_shown_with_its_entries(desk):
    """A reviewer sees every line beside the words it stands on, and the remarks."""
    seen = look(desk.at, desk.drafted().id)

    assert [line.number for line, _ in seen.lines] == [0, 1, 2, 3]
    assert all(entries for _, entries in seen.lines)
    assert seen.lines[3][1][0].finding.evidence.quote == "Make the launch 15 April instead."


def test_editing_and_taking_it_back(desk):
    """An edit changes text and HTML; undo brings the written text back; the written text typed in is no edit."""
    draft = desk.drafted()
    edited = edit(desk.at, draft.id, "My words.\r\nMore.")
    assert (edited.state, edited.body) == (DraftState.EDITED, "My words.\nMore.\n")
    assert "My words.<br>" in edited.html

    assert undo(desk.at, draft.id).body == draft.body
    assert edit(desk.at, draft.id, draft.body).state is DraftState.OPEN
    with pytest.raises(UsageError):
        edit(desk.at, draft.id, "  \n")


def test_discarding_needs_a_reason_and_can_be_undone(desk):
    """The reason is kept; a discarded letter leaves the queue and comes back on undo."""
    draft = desk.drafted()
    with pytest.raises(UsageError):
        discard(desk.at, draft.id, " ")

    assert discard(desk.at, draft.id, "said on the phone").note == "said on the phone"
    assert list_drafts(desk.at) == []
    assert draft_due(desk.at.drafting).drafts == ()
    assert undo(desk.at, draft.id).state is DraftState.OPEN


def test_a_held_letter_comes_back_by_itself(desk):
    """It waits until its time and is then open again, or edited if it was edited."""
    draft = edit(desk.at, desk.drafted().id, "My words.")
    until = desk.time + timedelta(days=2)
    with pytest.raises(UsageError):
        hold(desk.at, draft.id, desk.time)
    hold(desk.at, draft.id, until)
    draft_due(desk.at.drafting)
    assert desk.state(draft) is DraftState.HELD

    desk.time = until
    draft_due(desk.at.drafting)

    assert desk.state(draft) is DraftState.EDITED


def test_entries_are_corrected_and_suggestions_decided(desk):
    """What a person says about an entry is kept for every re-reading; nonsense fields are refused."""
    assert correct_entry(desk.at, "e3", {"due": "2026-03-09"}, reason="phone").changes == (("due", "2026-03-09"),)
    assert accept_suggestion(desk.at, "e4").changes == (("tier", "log"),)
    assert dismiss_suggestion(desk.at, "e5", "a joke").removed
    assert len(desk.ledger.corrections(desk.thread)) == 3
    with pytest.raises(UsageError, match="colour"):
        correct_entry(desk.at, "e3", {"colour": "red"})
    with pytest.raises(UsageError):
        correct_entry(desk.at, "e3", {})
    with pytest.raises(NotFoundError):
        correct_entry(desk.at, "zzz", {"due": None})


# ---- out ----


def test_approving_places_one_letter(desk):
    """The letter lies in Drafts once, with its Message-ID; approving again is refused with where it lies."""
    draft = approve(desk.at, desk.drafted().id)

    assert draft.state is DraftState.PLACED
    assert len(desk.outbox.drafts) == 1
    assert f"<{draft.message_id}>".encode() in desk.outbox.drafts[0]
    with pytest.raises(StateError) as caught:
        approve(desk.at, draft.id)
    assert "Drafts folder" in caught.value.hint


def test_a_placed_letter_that_was_deleted_comes_back(desk):
    """While it lies in Drafts it cannot be taken back; once the user deleted it there, it can."""
    draft = approve(desk.at, desk.drafted().id)
    with pytest.raises(StateError):
        undo(desk.at, draft.id)

    desk.outbox.drafts.clear()

    assert undo(desk.at, draft.id).state is DraftState.OPEN


@pytest.mark.parametrize(
    ("fail", "error", "state", "copies"),
    [
        (("place before",), ServerError, DraftState.OPEN, 0),
        (("place after",), None, DraftState.PLACED, 1),
        (("has_draft before",), ServerError, DraftState.OPEN, 0),
        (("place after", "has_draft later"), ServerError, DraftState.PLACING, 1),
    ],
)
def test_a_letter_is_placed_once_whatever_fails(fail, error, state, copies):
    """After any failure the state tells the truth, and trying until it works leaves exactly one letter in Drafts."""
    desk = other(*fail)
    draft = desk.drafted()
    if error:
        with pytest.raises(error):
            approve(desk.at, draft.id)
    else:
        approve(desk.at, draft.id)
    assert (desk.state(draft), len(desk.outbox.drafts)) == (state, copies)

    resolve_open_intents(desk.at)
    if desk.state(draft) is not DraftState.PLACED:
        approve(desk.at, draft.id)

    assert (desk.state(draft), len(desk.outbox.drafts)) == (DraftState.PLACED, 1)
    desk.close()


def test_sending_once(desk):
    """A sent letter went to To and Cc, is in Sent once, and is not sent again."""
    draft = send(desk.at, desk.drafted().id)

    assert draft.state is DraftState.SENT
    assert desk.outbox.recipients == [[DANA]]
    with pytest.raises(StateError):
        send(desk.at, draft.id)
    assert len(desk.outbox.sent) == 1


@pytest.mark.parametrize(
    ("fail", "state", "sent"),
    [
        (("send before",), DraftState.OPEN, 0),
        (("send lost",), DraftState.UNCLEAR, 0),
        (("send after",), DraftState.SENT, 1),
        (("send after", "was_sent before"), DraftState.UNCLEAR, 1),
    ],
)
def test_a_letter_is_never_sent_twice(fail, state, sent):
    """A refusal leaves it waiting; a lost answer makes it unclear, and only a person or the Sent folder resolves it."""
    desk = other(*fail)
    draft = desk.drafted()
    try:
        send(desk.at, draft.id)
    except MailsyncError:
        assert "send before" in fail
    assert (desk.state(draft), len(desk.outbox.sent)) == (state, sent)

    if state is DraftState.UNCLEAR and sent:
        assert send(desk.at, draft.id).state is DraftState.SENT
        assert len(desk.outbox.recipients) == 1
    elif state is DraftState.UNCLEAR:
        with pytest.raises(StateError, match="nobody knows"):
            send(desk.at, draft.id)
        assert say_what_happened(desk.at, draft.id, sent=False).state is DraftState.OPEN
    assert len(desk.outbox.sent) == sent
    desk.close()


@pytest.mark.parametrize(
    ("left", "in_drafts", "in_sent", "becomes"),
    [
        (DraftState.PLACING, False, False, DraftState.OPEN),
        (DraftState.PLACING, True, False, DraftState.PLACED),
        (DraftState.SENDING, False, False, DraftState.UNCLEAR),
        (DraftState.SENDING, False, True, DraftState.SENT),
    ],
)
def test_a_crash_half_way_is_resolved_at_the_start(desk, left, in_drafts, in_sent, becomes):
    """What a crash left between intent and outcome is found out from the server, and nothing is done twice."""
    draft = desk.drafted()
    desk.ledger.keep_draft(replace(draft, state=left), DraftState.OPEN, desk.time)
    data = to_bytes(draft, desk.time)
    desk.outbox.drafts, desk.outbox.sent = [data] * in_drafts, [data] * in_sent

    [resolved] = resolve_open_intents(desk.at)

    assert (resolved.state, desk.state(draft)) == (becomes, becomes)
    assert resolve_open_intents(desk.at) == ()
    assert desk.outbox.recipients == []


def test_a_server_that_is_away_leaves_the_question_open(desk):
    """When the server cannot be asked at the start, the intent stays open for the next time."""
    draft = desk.drafted()
    desk.ledger.keep_draft(replace(draft, state=DraftState.SENDING), DraftState.OPEN, desk.time)
    desk.outbox.fail = ["was_sent before"]

    assert resolve_open_intents(desk.at) == ()
    assert desk.state(draft) is DraftState.SENDING


def test_what_must_not_go_out_is_stopped(desk):
    """A place to fill in stops approval and sending; a person may insist."""
    draft = edit(desk.at, desk.drafted().id, "Price: [price of the change]")

    for act in (approve, send):
        with pytest.raises(StateError, match=r"\[price of the change\]"):
            act(desk.at, draft.id)
    assert (desk.outbox.drafts, desk.outbox.recipients) == ([], [])
    assert approve(desk.at, draft.id, anyway=True).state is DraftState.PLACED


# ---- the answer ----


def sent_and_answered(desk, text, *, edited=""):
    """Approve the letter, send it from the mail program, let the client answer."""
    draft = approve(desk.at, desk.drafted().id)
    desk.story.mail(ROBIN, edited or draft.body, message_id=draft.message_id)
    desk.story.mail(DANA, text)
    desk.take_in()
    desk.time = max(m.sent_at for m in desk.story.messages) + timedelta(hours=3)
    draft_due(desk.at.drafting)
    return desk.ledger.draft(draft.id)


def test_a_letter_sent_from_the_mail_program_is_noticed(desk):
    """The copy in Sent makes it sent, and what the user changed in it is noted."""
    body = desk.drafted().body.replace("15 April instead", "16 April instead")
    draft = sent_and_answered(desk, "Thanks, will check.\n", edited=body)

    assert draft.state is DraftState.SENT
    assert "Line 3 was changed" in draft.note


def test_an_accepted_correction_gives_a_corrected_recap(desk):
    """Accepting writes the corrected letter; a second accepted line goes into the same one."""
    draft = sent_and_answered(desk, "1: Monday 9 March please. 2 ok. 3: it is 22 April, not 15.\n")
    answers = {s.line: s.state for s in look(desk.at, draft.id).answers}
    assert answers == {1: State.CORRECTED, 2: State.CONFIRMED, 3: State.CORRECTED}

    letter = accept_correction(desk.at, draft.id, 3)
    again = accept_correction(desk.at, draft.id, 1)

    assert (letter.letter, letter.id) == (Letter.CORRECTED, again.id)
    assert "22 April 2026" in again.body
    assert "9 March 2026" in again.body
    assert desk.ledger.draft(draft.id).decided == ((1, "accepted"), (3, "accepted"))
    assert {s.state for s in look(desk.at, draft.id).answers} == {State.CONFIRMED}
    corrected = {c.entry: c.changes for c in desk.ledger.corrections(desk.thread)}
    assert corrected == {"e2": (("due", "2026-03-09"),), "e7": (("due", "2026-04-22"),)}


def test_a_disputed_correction_keeps_both_versions(desk):
    """Disputing writes no letter; line and answer stand side by side."""
    draft = sent_and_answered(desk, "3: it is 22 April, not 15.\n")
    dispute(desk.at, draft.id, 3)
    answer = look(desk.at, draft.id).answers[2]

    assert (answer.state, answer.terms.due) == (State.DISPUTED, "2026-04-22")
    assert list_drafts(desk.at) == []


def test_only_what_was_corrected_can_be_accepted(desk):
    """A line that does not exist, or that the client did not correct, is refused in a sentence."""
    draft = sent_and_answered(desk, "1 ok.\n")

    with pytest.raises(StateError, match="not corrected"):
        accept_correction(desk.at, draft.id, 1)
    with pytest.raises(NotFoundError):
        accept_correction(desk.at, draft.id, 9)


def test_silence_gives_one_reminder(desk):
    """Three working days without an answer make the lines unanswered and write one reminder, never an acceptance."""
    draft = approve(desk.at, desk.drafted().id)
    desk.story.mail(ROBIN, draft.body, message_id=draft.message_id)
    desk.take_in()
    desk.time += timedelta(days=1)
    draft_due(desk.at.drafting)
    assert list_drafts(desk.at) == []

    desk.time += timedelta(days=4)
    [reminder] = draft_due(desk.at.drafting).drafts
    assert reminder.letter is Letter.REMINDER
    assert "3 working days" in reminder.body or "4 working days" in reminder.body
    assert {desk.ledger.entry(i).state for i in ("e4", "e7")} == {State.UNANSWERED}

    discard(desk.at, reminder.id, "called instead")
    assert draft_due(desk.at.drafting).drafts == ()


def test_a_settled_thread_gets_no_second_recap(desk):
    """The client's confirmation is the end of it: nothing is drafted about the answer itself."""
    sent_and_answered(desk, "All correct.\n")
    desk.time += timedelta(days=6)

    assert draft_due(desk.at.drafting).drafts == ()
    assert list_drafts(desk.at) == []
