"""What should not wait for a report: dates soon due, promises about to break, silence of ours, early signs.

Values only: when and how a person is told is decided above, and never outside working hours.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Any

from mailsync.model.draft import WAITING, DraftState, Letter
from mailsync.model.entry import Entry, Kind, State, state_on
from mailsync.model.people import Side
from mailsync.patterns.answers import answer_hours
from mailsync.patterns.dates import Outcome, deadlines
from mailsync.patterns.figures import Figure
from mailsync.patterns.history import History, answered_at, owner_side
from mailsync.patterns.report import Report, owed_by
from mailsync.text.worktime import working_minutes

#: Working days without a word of ours while something is owed, where no rhythm was agreed.
STATUS_DAYS = 10
#: What somebody wrote longer ago than this wants no alert any more.
_STALE = timedelta(days=45)
#: A client is new for this long.
_NEW = timedelta(days=42)


class About(StrEnum):
    """What an alert is about."""

    DUE_SOON = "due soon"
    AT_RISK = "at risk"
    OVERDUE = "overdue"
    OUR_SILENCE = "our silence"
    ANSWER_DUE = "answer due"
    EARLY_SIGN = "early sign"


@dataclass(frozen=True, slots=True, kw_only=True)
class Alert:
    """One thing to act on: a sentence, the letter that would help (None for none), and its proof.

    `key` stays the same while the thing is the same, so that nobody is told twice. `draft` is the id of such a
    letter in its thread that already waits or lies ready, "" for none.
    """

    key: str
    about: About
    text: str
    thread: str
    letter: Letter | None
    messages: tuple[str, ...]
    entries: tuple[str, ...] = ()
    draft: str = ""


def alerts(history: History, *, soon_days: int = 3) -> tuple[Alert, ...]:
    """Return what wants attention now, the most pressing first; `soon_days` are working days."""
    found = (_with_draft(history, a) for a in (*_dates(history, soon_days), *_answers(history), *_silence(history)))
    order = [About.OVERDUE, About.AT_RISK, About.ANSWER_DUE, About.DUE_SOON, About.OUR_SILENCE]
    return tuple(sorted(found, key=lambda a: order.index(a.about)))


def _with_draft(history: History, one: Alert) -> Alert:
    """Add the letter that was already written for it."""
    ready = (*WAITING, DraftState.PLACED)
    drafts = [d.id for d in history.letters if d.thread == one.thread and d.letter is one.letter and d.state in ready]
    return replace(one, draft=drafts[-1]) if drafts else one


def _dates(history: History, soon_days: int) -> Iterator[Alert]:
    """Find the dates soon due, those of ours that wait for the client, and those just passed."""
    missing = _missing(history)
    for one in deadlines(history):
        left = history.working_days(history.today, one.due)
        if one.outcome not in (Outcome.OPEN, Outcome.OVERDUE) or left > soon_days or one.due < _oldest(history):
            continue
        inputs = missing.get(one.entry.thread, []) if one.side is Side.US else []
        named = "; ".join(f"“{_start(e)}” asked {history.day(e.finding.date):%-d %b}" for e in inputs)
        whose = "ours" if one.side is Side.US else "theirs"
        text = f"{whose}, due {one.due:%a %-d %b %Y}: “{_start(one.entry)}”"
        text += f"; still missing from the client: {named}" if named else ""
        ours = one.side is Side.US
        if one.due < history.today:
            about, letter = About.OVERDUE, Letter.DELAY if ours else Letter.REMINDER
        elif inputs:
            about, letter = About.AT_RISK, Letter.DELAY
        else:
            about, letter = About.DUE_SOON, None
        yield _alert(about, text, letter, (one.entry, *inputs))


def _missing(history: History) -> dict[str, list[Entry]]:
    """Return by thread what we asked the client for and do not have."""
    found: dict[str, list[Entry]] = {}
    for entry in owed_by(history, Side.CLIENT):
        if entry.finding.kind is Kind.REQUEST and answered_at(history, entry) is None:
            found.setdefault(entry.thread, []).append(entry)
    return found


def _answers(history: History) -> Iterator[Alert]:
    """Find the client's questions whose answer is due within a quarter of the promised time, or is late."""
    minutes = answer_hours(history, Side.US) * 60
    for entry in history.entries:
        finding = entry.finding
        if finding.kind is not Kind.REQUEST or finding.side is not Side.CLIENT or history.now - finding.date > _STALE:
            continue
        if owner_side(entry, history.circle) is not Side.US:
            continue
        if state_on(entry, history.today) not in (State.OPEN, State.OVERDUE) or answered_at(history, entry):
            continue
        waited = working_minutes(finding.date, history.now, history.hours)
        if waited * 4 >= minutes * 3:
            late = "is late" if waited > minutes else "is due soon"
            text = f"our answer {late}: “{_start(entry)}” has waited {waited / 60:.0f} working hours"
            yield _alert(About.ANSWER_DUE, text, Letter.HOLDING, (entry,))


def _silence(history: History) -> Iterator[Alert]:
    """Find out whether the client should have heard from us."""
    ours = [mail for mail in history.mails if mail.side is Side.US]
    owed = [e for e in owed_by(history, Side.US) if history.now - e.finding.date < 2 * _STALE]
    if not ours or not owed:
        return
    limit = history.baseline.status_days or STATUS_DAYS
    days = history.working_days(history.day(ours[-1].at), history.today)
    if days >= limit:
        text = f"no word from us for {days} working days, with {len(owed)} things owed: “{_start(owed[0])}”"
        yield _alert(About.OUR_SILENCE, text, Letter.STATUS, owed[:5], when=ours[-1].at)


def early_signs(told: Report) -> tuple[Figure, ...]:
    """Return the client's figures with any case, where the first mail is at most six weeks old: early, not grave."""
    mails = told.history.mails
    if not mails or told.history.now - mails[0].at > _NEW:
        return ()
    return tuple(f for f in told.figures if f.number and f.side is Side.CLIENT)


@dataclass(frozen=True, slots=True, kw_only=True)
class Digest:
    """A week with one client, for the user alone: alerts now, cases new since `since`, early signs."""

    client: str
    since: datetime
    alerts: tuple[Alert, ...]
    news: tuple[Figure, ...]
    early: tuple[Figure, ...]


def digest(told: Report, week: Report, *, soon_days: int = 3) -> Digest:
    """Put a week together: `told` is the report on everything, `week` that since the last digest."""
    return Digest(
        client=told.history.client.key,
        since=week.history.since or told.history.now,
        alerts=alerts(told.history, soon_days=soon_days),
        news=tuple(f for f in week.figures if f.number),
        early=early_signs(told),
    )


def alert_json(one: Alert) -> dict[str, Any]:
    """Return an alert in its documented JSON shape."""
    return {
        "key": one.key,
        "about": one.about.value,
        "text": one.text,
        "thread": one.thread,
        "letter": one.letter.value if one.letter else None,
        "messages": list(one.messages),
        "entries": list(one.entries),
        "draft": one.draft or None,
    }


def _oldest(history: History) -> date:
    return (history.now - _STALE).date()


def _alert(
    about: About, text: str, letter: Letter | None, entries: Sequence[Entry], when: datetime | None = None
) -> Alert:
    first = entries[0]
    return Alert(
        key=f"{about.value}:{when.isoformat() if when else first.id}",
        about=about,
        text=text,
        thread=first.thread,
        letter=letter,
        messages=tuple(dict.fromkeys(e.finding.evidence.digest for e in entries)),
        entries=tuple(e.id for e in entries),
    )


def _start(entry: Entry) -> str:
    quote = entry.finding.evidence.quote
    return quote if len(quote) <= 70 else quote[:69].rstrip() + "…"
