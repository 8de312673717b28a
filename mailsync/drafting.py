"""Writes the letters that threads want, keeps waiting ones up to date, and notes those that have left.

One call of `draft_due` after every turn does all of it; `make` is for a person who wants a letter now. Nothing here
ever leaves the machine: a letter goes out only through `mailsync.review`.
"""

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path

from mailsync.model.draft import WAITING, Draft, DraftState, Letter
from mailsync.model.errors import LedgerError, MailsyncError, StateError
from mailsync.model.event import Trouble
from mailsync.model.people import Circle, WorkingHours
from mailsync.model.ports import Ledger, ThreadInfo
from mailsync.model.settlement import Settlement
from mailsync.model.thread import Background, ThreadReading
from mailsync.recap.compose import Occasion, answers_given, compose, refresh
from mailsync.recap.due import CONFIRMING, OLDEST_DAYS, quiet, wanted
from mailsync.recap.occasions import write_letter
from mailsync.recap.people import Writer
from mailsync.recap.replies import settle, settled, unanswered
from mailsync.recap.sent import compare_sent, find_sent, waited_until

log = logging.getLogger(__name__)

#: Letters that may lie in the Drafts folder or be on their way: the Sent folder tells what became of them.
LEAVING = (DraftState.PLACED, DraftState.UNCLEAR)


@dataclass(frozen=True, slots=True, kw_only=True)
class Drafting:
    """What letters are written with; `now` tells the time, `templates` is the user's folder of templates."""

    ledger: Ledger
    circle: Circle
    hours: WorkingHours
    writer: Writer
    now: Callable[[], datetime]
    templates: Path | None = None
    quiet_minutes: int = 120
    remind_days: int = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Round:
    """What a round of drafting did: letters written or changed, and troubles as sentences."""

    drafts: tuple[Draft, ...] = ()
    troubles: tuple[str, ...] = ()


def draft_due(at: Drafting) -> Round:
    """Do a round: note letters that left, refresh waiting ones, write the recaps and reminders that are due.

    One thread's trouble (a template with a mistake, say) is kept in the ledger and stops no other thread.
    """
    drafts: list[Draft] = []
    troubles: list[str] = []
    for job, subject in _jobs(at):
        try:
            done = job()
        except LedgerError:
            raise
        except MailsyncError as error:
            troubles.append(_trouble(at, subject, str(error)))
        except Exception as error:  # our mistake in one thread must not keep the others from their letters
            log.exception("drafting for %s failed", subject)
            troubles.append(_trouble(at, subject, f"{type(error).__name__}: {error}"))
        else:
            drafts += [done] if done else []
    return Round(drafts=tuple(drafts), troubles=tuple(troubles))


def _jobs(at: Drafting) -> list[tuple[Callable[[], Draft | None], str]]:
    """Return what a round has to do, in its order, each with the thread or draft it is about.

    What can be ruled out by a date is: reading a whole thread for every letter of the past would make each round slow.
    """
    ledger, now = at.ledger, at.now()
    waiting = {draft.thread for draft in ledger.drafts(sorted(WAITING))}
    held = [d for d in ledger.drafts((DraftState.HELD,)) if d.hold_until is not None and d.hold_until <= now]
    sent = [d for d in ledger.drafts((DraftState.SENT,)) if d.letter in CONFIRMING and _waits_too_long(at, d)]
    return [
        *((partial(notice_sent, at, draft), draft.id) for draft in ledger.drafts(LEAVING)),
        *((partial(release, at, draft), draft.id) for draft in held),
        *(
            (partial(draft_thread, at, info.id), info.id)
            for info in ledger.undrafted()
            if info.id in waiting or _may_want(at, info)
        ),
        *((partial(remind, at, draft), draft.id) for draft in sent),
    ]


def _may_want(at: Drafting, info: ThreadInfo) -> bool:
    now = at.now()
    young = now - info.last_at <= timedelta(days=OLDEST_DAYS)
    # A date in the future is somebody's wrong clock: the thread itself knows its last believable one.
    return young and (info.last_at > now or quiet(info.last_at, now, at.hours, at.quiet_minutes))


def _waits_too_long(at: Drafting, draft: Draft) -> bool:
    late = waited_until(draft.changed_at, at.remind_days, at.hours)
    return late <= at.now() <= late + timedelta(days=OLDEST_DAYS)


def draft_thread(at: Drafting, thread: str) -> Draft | None:
    """Refresh the thread's waiting letter, or write its recap if it wants one; return what was kept, if anything."""
    occasion = occasion_of(at, thread)
    letters, now = occasion.background.letters, at.now()
    waiting = next((letter for letter in letters if letter.state in WAITING), None)
    if waiting is not None:
        return _keep(at, refresh(waiting, occasion), waiting)
    believable = [r.message.sent_at for r in occasion.reading.messages if r.message.sent_at <= now]
    due = wanted(
        occasion.reading.entries,
        letters,
        max(believable, default=occasion.thread.last_at),
        now,
        hours=at.hours,
        quiet_minutes=at.quiet_minutes,
        corrections=occasion.background.corrections,
        settled=answers_given(occasion),
    )
    draft = compose(occasion) if due else None
    return _keep(at, draft, None) if draft else None


def make(at: Drafting, thread: str, letter: Letter = Letter.RECAP, given: Mapping[str, str] | None = None) -> Draft:
    """Write a letter now, because a person wants it; `given` is what they want it to say (docs/recaps.md).

    Raises StateError when another letter about the thread still waits, or when there is nothing to write about or
    nobody to write to.
    """
    occasion = occasion_of(at, thread)
    waiting = next((letter for letter in occasion.background.letters if letter.state in WAITING), None)
    if waiting is not None and waiting.letter is letter and waiting.body == waiting.written:
        return _keep(at, refresh(waiting, occasion), waiting) or waiting
    if waiting is not None:
        raise StateError(
            f"letter {waiting.id} about this thread is still waiting for you", "Approve it or discard it first."
        )
    draft = compose(occasion) if letter is Letter.RECAP else write_letter(letter, occasion, given or {})
    if draft is None:
        raise StateError(
            f"there is nothing for a {letter.value} letter to say in this thread",
            "It holds no entry that could be written about, or nobody of the client takes part in it.",
        )
    return _keep(at, draft, None) or draft


def notice_sent(at: Drafting, draft: Draft) -> Draft | None:
    """Note that the user sent a placed letter: its copy lies in the thread. What they changed goes into the note."""
    reading = reading_of(at, draft.thread)
    message = find_sent(draft, reading, at.circle)
    if message is None:
        return None
    changes = compare_sent(draft, message)
    note = "\n".join((f"Sent on {message.sent_at:%Y-%m-%d %H:%M %z}.", *changes))
    return _keep(at, replace(draft, state=DraftState.SENT, note=note, changed_at=at.now()), draft)


def release(at: Drafting, draft: Draft) -> Draft | None:
    """Bring a letter back whose holding time is over."""
    state = DraftState.OPEN if draft.body == draft.written else DraftState.EDITED
    return _keep(at, replace(draft, state=state, hold_until=None, changed_at=at.now()), draft)


def remind(at: Drafting, draft: Draft) -> Draft | None:
    """Note that a sent letter went unanswered for the configured working days, and write the reminder, once."""
    letters = at.ledger.drafts(thread=draft.thread)
    reminded = any(e.letter is Letter.REMINDER and e.created_at > draft.changed_at for e in letters)
    if reminded:
        return None
    occasion = occasion_of(at, draft.thread)
    if not unanswered(draft, occasion.reading, occasion.background, at.now(), at.remind_days):
        return None
    reading = settled(occasion.reading, occasion.background, at.now(), at.remind_days)
    at.ledger.record(reading, at.now())
    if any(letter.state in WAITING for letter in letters):
        return None
    letter = write_letter(Letter.REMINDER, replace(occasion, reading=reading), {}, about=draft)
    return _keep(at, letter, None) if letter else None


def settlements(at: Drafting, thread: str) -> tuple[Settlement, ...]:
    """Return what the client's answers did to the letters about a thread."""
    occasion = occasion_of(at, thread)
    return settle(occasion.reading, occasion.background.letters, occasion.background)


def occasion_of(at: Drafting, thread: str) -> Occasion:
    """Gather what a letter about `thread` is written from. Raises NotFoundError."""
    return Occasion(
        thread=at.ledger.thread(thread),
        reading=reading_of(at, thread),
        background=Background(
            circle=at.circle,
            hours=at.hours,
            corrections=at.ledger.corrections(thread),
            letters=tuple(at.ledger.drafts(thread=thread)),
        ),
        writer=at.writer,
        now=at.now(),
        own=at.templates,
    )


def reading_of(at: Drafting, thread: str) -> ThreadReading:
    """Return a thread as the log holds it."""
    return ThreadReading(
        thread=thread,
        messages=tuple(at.ledger.read_messages(thread)),
        entries=tuple(at.ledger.entries(thread=thread)),
    )


def _trouble(at: Drafting, subject: str, reason: str) -> str:
    at.ledger.trouble(Trouble(at=at.now(), stage="draft", subject=subject, reason=reason))
    return f"{subject}: {reason}"


def _keep(at: Drafting, draft: Draft, before: Draft | None) -> Draft | None:
    """Keep a letter; None where it is as it was (the ledger then notes that it was looked at again)."""
    at.ledger.keep_draft(draft, before.state if before else None, at.now())
    return None if draft is before else draft
