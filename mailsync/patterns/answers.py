"""Questions and answers of both sides: how long they wait, what an answer says, and silence."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from mailsync.model.draft import Letter
from mailsync.model.entry import Kind, Topic, due_day
from mailsync.model.people import Side
from mailsync.patterns.cues import Cue, found
from mailsync.patterns.dates import deadlines
from mailsync.patterns.figures import Rule, Seen, case, case_of
from mailsync.patterns.history import (
    History,
    Mail,
    answered_at,
    asked_again,
    other,
    owner_side,
    settled_at,
)
from mailsync.reading.statements import statements
from mailsync.text.worktime import working_minutes

#: Working hours in which an answer is expected where none was promised: two working days.
ANSWER_HOURS = 16
#: Working days of silence where no rhythm was agreed.
SILENT_DAYS = 10
_HOURS_A_DAY = 8

UNANSWERED = Rule(
    key="unanswered",
    title="Questions left without an answer",
    counts="a request of the other side that had no answer when its day, or else the answer time, had passed and still "
    "has none, or that had to be asked again. Any mail of that side in the thread after the last asking counts as an "
    "answer. Payments are left out.",
    out_of="requests of the other side whose time has passed",
    unit="working days",
    least=3,
    share=0.25,
    letter=(
        (Side.CLIENT, Letter.REMINDER),
        (Side.US, Letter.HOLDING),
    ),
)
EVASIVE = Rule(
    key="evasive",
    title="Answers without a date or a yes or no",
    counts="the first mail after a question for a date or a decision that holds neither a date, a number, a yes, a no "
    "nor a delivery.",
    out_of="answered questions for a date or a decision",
    unit="",
    least=3,
    share=0.25,
)
SLOW = Rule(
    key="slow-answers",
    title="Answers later than promised",
    counts="a mail that asked something and was answered in its thread only after the promised working hours "
    f"({ANSWER_HOURS} where none were promised), or holds a request that still is not answered after them. Where the "
    "mail itself names a day for the answer, that day counts.",
    out_of="mails of the other side that asked something",
    unit="working hours",
    least=4,
    share=0.25,
    letter=((Side.US, Letter.HOLDING),),
)
SILENCE = Rule(
    key="silence",
    title="Silence",
    counts="a time of more working days than agreed (`status_days` for us; 10 where nothing was agreed) without any "
    "mail to the other side, while a request of the other side waited or a date of one's own passed.",
    out_of="mails of that side",
    unit="working days",
    least=2,
    share=0.01,
    letter=(
        (Side.CLIENT, Letter.REMINDER),
        (Side.US, Letter.STATUS),
    ),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Wait:
    """The first mail of one side that asked something and the other side's next mail in the thread, if there is one."""

    asked: Mail
    answer: Mail | None
    minutes: int


def waits(history: History, side: Side) -> Iterator[Wait]:
    """Yield the times in which the other side waited for a mail of `side`; minutes are working time."""
    for talk in history.threads.values():
        asked: Mail | None = None
        for mail in talk:
            if mail.side is side:
                if asked:
                    yield _wait(history, asked, mail)
                asked = None
            elif asked is None and _wants_answer(mail):
                asked = mail
        if asked and any(settled_at(e) is None for e in asked.requests):
            yield _wait(history, asked, None)


def _wait(history: History, asked: Mail, answer: Mail | None) -> Wait:
    until = answer.at if answer else history.now
    return Wait(asked=asked, answer=answer, minutes=working_minutes(asked.at, until, history.hours))


_ASKS = re.compile(r"\?(?=[\s\"'”»)]|$)", re.MULTILINE)


def _wants_answer(mail: Mail) -> bool:
    told = any(e.finding.kind in (Kind.PROPOSAL, Kind.ISSUE) for e in mail.entries)
    return bool(mail.requests) or told or bool(_ASKS.search(mail.text))


def answer_hours(history: History, side: Side) -> int:
    """Return the working hours in which `side` should answer."""
    baseline = history.baseline
    return (baseline.our_answer_hours if side is Side.US else baseline.their_answer_hours) or ANSWER_HOURS


def slow(history: History, side: Side) -> Seen:
    """Find the answers of `side` that came later than promised, or have not come."""
    limit, cases, every = answer_hours(history, side) * 60, [], list(waits(history, side))
    for wait in every:
        if wait.minutes > limit and not _in_good_time(history, wait):
            hours = round(wait.minutes / 60, 1)
            what = (
                f"answered after {hours:g} working hours" if wait.answer else f"no answer for {hours:g} working hours"
            )
            also = (wait.answer,) if wait.answer else ()
            entries = wait.asked.entries
            cases.append(case(wait.asked, what, quote=question(wait.asked), entries=entries, also=also, measure=hours))
    return Seen(cases=tuple(cases), chances=tuple(wait.asked.at for wait in every))


def _in_good_time(history: History, wait: Wait) -> bool:
    """Say whether a later day was named for the answer and has been kept, or is still to come."""
    dues = [e.finding.terms.due for e in wait.asked.requests if e.finding.terms.due]
    until = history.day(wait.answer.at) if wait.answer else history.today
    return bool(dues) and until <= max(history.working_day(due_day(due)) for due in dues)


def question(mail: Mail) -> str:
    """Return the words of a mail that want an answer."""
    if mail.requests:
        return mail.requests[0].finding.evidence.quote
    said = statements(mail.read.message, mail.read.passages)
    return next((s.quote for s in said if _ASKS.search(s.quote)), said[0].quote if said else "")


def unanswered(history: History, side: Side) -> Seen:
    """Find the requests that `side` left without an answer."""
    cases, chances = [], []
    allowance = -(-answer_hours(history, side) // _HOURS_A_DAY)
    for entry in history.entries:
        finding = entry.finding
        if finding.kind is not Kind.REQUEST or finding.side is not other(side) or finding.terms.topic is Topic.PAYMENT:
            continue
        if owner_side(entry, history.circle) is not side:
            continue
        asked, answer, again = history.day(finding.date), answered_at(history, entry), asked_again(history, entry)
        until = history.day(answer) if answer else history.today
        age = history.working_days(asked, until)
        patient = max(due_day(finding.terms.due), asked) if finding.terms.due else asked
        if answer is None and history.working_days(patient, history.today) <= allowance:
            continue
        chances.append(finding.date)
        if answer is None or again:
            reminders = f", reminded {len(again)} time{'' if len(again) == 1 else 's'}" if again else ""
            what = f"{'answered' if answer else 'no answer'} after {age} working days{reminders}"
            cases.append(case_of(entry, finding.date, what, measure=age))
    return Seen(cases=tuple(cases), chances=tuple(chances))


_NUMBER = re.compile(r"\d")
_SETTLING = frozenset({Kind.APPROVAL, Kind.REJECTION, Kind.DECISION, Kind.FULFILMENT, Kind.PROPOSAL})


def evasive(history: History, side: Side) -> Seen:
    """Find the answers of `side` that say neither when nor whether."""
    cases, chances, known = [], [], set()
    for entry in history.entries:
        finding = entry.finding
        quote = finding.evidence.quote
        if finding.kind is not Kind.REQUEST or finding.side is not other(side):
            continue
        if not (found(Cue.DATE, quote) or found(Cue.CHOICE, quote)):
            continue
        answer = history.next_mail(entry.thread, side, finding.date)
        if answer is None or answer.digest in known:
            continue
        known.add(answer.digest)
        chances.append(finding.date)
        settles = any(e.finding.kind in _SETTLING or e.finding.terms.due for e in answer.entries)
        if not settles and not _NUMBER.search(answer.text) and not found(Cue.DECIDED, answer.text):
            cases.append(case_of(entry, finding.date, "answered without a date, a yes or a no", mails=(answer,)))
    return Seen(cases=tuple(cases), chances=tuple(chances))


def silent(history: History, side: Side) -> Seen:
    """Find the times in which `side` did not write although it should have."""
    limit = (history.baseline.status_days if side is Side.US else None) or SILENT_DAYS
    mine = [mail for mail in history.mails if mail.side is side]
    waiting = [m for m in history.mails if m.side is other(side) and m.requests]
    due = [d for d in deadlines(history) if d.side is side]
    cases = []
    for mail, end in zip(mine, [m.at for m in mine[1:]] + [history.now] * bool(mine), strict=True):
        days = history.working_days(history.day(mail.at), history.day(end))
        if days <= limit:
            continue
        reason = next((m for m in waiting if mail.at < m.at < end and _left(history, m, end) > limit), None)
        passed = next((d for d in due if mail.at < d.at(history) < end and d.entry.finding.date <= mail.at), None)
        if reason:
            cases.append(case(reason, f"no mail for {days} working days", quote=question(reason), measure=days))
        elif passed and (passed.ended is None or passed.ended >= end):
            cases.append(
                case_of(passed.entry, mail.at, f"no mail for {days} working days, over a due day", measure=days)
            )
    return Seen(cases=tuple(cases), chances=tuple(mail.at for mail in mine))


def _left(history: History, mail: Mail, end: datetime) -> int:
    return history.working_days(history.day(mail.at), history.day(end))
