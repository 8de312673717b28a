"""Dates of both sides: kept, missed and moved, who waited for whom meanwhile, and terms that changed."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from mailsync.extract.affinity import stems
from mailsync.model.draft import Letter
from mailsync.model.entry import STATEFUL, Entry, Kind, State, Topic, due_day, state_on
from mailsync.model.people import Side
from mailsync.patterns.figures import Case, Rule, Seen, case_of
from mailsync.patterns.history import History, Mail, answered_at, dated, is_owed, other, owner_side

#: A question asked longer than this before a promise has nothing to do with it.
_BEFORE = timedelta(days=14)
#: Waiting shorter than this many working days is the ordinary course of things.
_WAIT = 3

MISSED = Rule(
    key="dates-missed",
    title="Dates missed",
    counts="a due day that passed: the thing was reported done later, moved only afterwards, or is still not done "
    "and nothing like it was reported since. "
    "A due day on a closed day means the next working day. One day of one thread counts once, however often it was "
    "named. Payments have rules of their own.",
    out_of="past due days of that side",
    unit="working days",
    least=3,
    share=0.25,
    letter=(
        (Side.CLIENT, Letter.REMINDER),
        (Side.US, Letter.DELAY),
    ),
)
WAITED = Rule(
    key="waiting",
    title="Kept the other side waiting before a date",
    counts="a date of the other side before which it waited three working days or more for an answer that it had asked "
    "for in the same thread; where it had named a day for it, from that day on. Days on which several answers were "
    "missing count once.",
    out_of="past due days of the other side",
    unit="working days",
    least=3,
    share=0.2,
)
CHANGED = Rule(
    key="changes",
    title="Terms changed",
    counts="new terms that took the place of old ones: another date, or another price, scope or content of what both "
    "name. A change that one side only writes down after the other asked for it counts for the one who asked. Payments "
    "and meetings are left out.",
    out_of="promises, offers, requests and decisions of both sides",
    unit="",
    least=5,
    share=0.08,
)
GOALPOSTS = Rule(
    key="goalposts",
    title="Changed after it was agreed",
    counts="a change, counted as above, of terms that both sides had already agreed or confirmed; a promise that "
    "grants a request is agreed.",
    out_of="terms that were agreed, confirmed or done",
    unit="",
    least=3,
    share=0.05,
    letter=((Side.CLIENT, Letter.CHANGE_ORDER),),
)


class Outcome(StrEnum):
    """What became of a date."""

    OPEN = "open"
    KEPT = "kept"
    LATE = "done late"
    MOVED = "moved in time"
    MOVED_LATE = "moved after its day"
    OVERDUE = "still not done"
    UNTOLD = "perhaps done"
    DROPPED = "dropped"


#: Outcomes by which a date was missed.
MISSES = frozenset({Outcome.LATE, Outcome.MOVED_LATE, Outcome.OVERDUE})


@dataclass(frozen=True, slots=True, kw_only=True)
class Deadline:
    """A day on which something was due of `side`.

    `ended` is when it was done, moved or dropped; `late` how many working days after the day that was (up to today
    where it is still not done); `waited` how many working days that side waited for answers before it, and `inputs`
    the questions whose answers it waited for.
    """

    entry: Entry
    side: Side
    due: date
    outcome: Outcome
    ended: datetime | None
    late: int
    waited: int = 0
    inputs: tuple[Entry, ...] = ()

    def at(self, history: History) -> datetime:
        """Return the end of the day, in the user's zone."""
        return datetime.combine(self.due, time(23, 59), ZoneInfo(history.hours.zone))


def deadlines(history: History, *, payments: bool = False) -> tuple[Deadline, ...]:
    """Return every date of either side in order, of payments or of all else; one day of a thread and side is one."""
    questions = _questions(history)
    found: dict[tuple[str, Side, date], Deadline] = {}
    for entry, due in _once(history):
        side = owner_side(entry, history.circle)
        if side is Side.THIRD or (entry.finding.terms.topic is Topic.PAYMENT) is not payments:
            continue
        one = _deadline(history, entry, side, due)
        key = (entry.thread, side, due)
        if key not in found or one.late > found[key].late:
            found[key] = one
    waited = (_with_waiting(history, one, questions.get((one.entry.thread, one.side), ())) for one in found.values())
    return tuple(sorted(waited, key=lambda d: (d.due, d.entry.id)))


def _once(history: History) -> Iterable[tuple[Entry, date]]:
    """Yield what is owed and dated; a sentence that is both a promise and a request only once, as what has ended."""
    found: dict[tuple[str, int, str, Side], tuple[Entry, date]] = {}
    for entry, due in dated(history.entries):
        evidence = entry.finding.evidence
        key = (evidence.digest, evidence.span.start, due.isoformat(), owner_side(entry, history.circle))
        if key not in found or state_on(found[key][0], history.today) is State.OVERDUE:
            found[key] = (entry, due)
    return found.values()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Asked:
    """A question with the days between which its asker waited; `until` is None while nobody has answered."""

    entry: Entry
    since: date
    until: date | None


def _questions(history: History) -> dict[tuple[str, Side], list[_Asked]]:
    """Return what each side asked of the other, by thread and asker; nobody waits before the day that was given."""
    found: dict[tuple[str, Side], list[_Asked]] = {}
    for entry in history.entries:
        finding = entry.finding
        if finding.kind is Kind.REQUEST and owner_side(entry, history.circle) is other(finding.side):
            asked, answer = history.day(finding.date), answered_at(history, entry)
            since = max(asked, due_day(finding.terms.due)) if finding.terms.due else asked
            question = _Asked(entry=entry, since=since, until=history.day(answer) if answer else None)
            found.setdefault((entry.thread, finding.side), []).append(question)
    return found


def _deadline(history: History, entry: Entry, side: Side, due: date) -> Deadline:
    last = entry.steps[-1]
    ended = last.at if last.state in (State.DONE, State.REPLACED, State.REJECTED) else None
    late = history.working_days(history.working_day(due), history.day(ended) if ended else history.today)
    if ended is None:
        outcome = _unfinished(history, entry, side, due) if late else Outcome.OPEN
    elif last.state is State.REJECTED:
        outcome = Outcome.DROPPED
    elif last.state is State.REPLACED:
        same = _is_same_kind(history, history.by_id.get(last.by), entry)
        outcome = Outcome.DROPPED if not same else Outcome.MOVED_LATE if late else Outcome.MOVED
    else:  # done because nobody missed it is done in time
        outcome = Outcome.LATE if late and last.by else Outcome.KEPT
    return Deadline(
        entry=entry, side=side, due=due, outcome=outcome, ended=ended, late=late if outcome in MISSES else 0
    )


def _unfinished(history: History, entry: Entry, side: Side, due: date) -> Outcome:
    """Say what is known of something that the log holds for not done.

    Where its side has since reported something done that shares words with it, and nobody asked again after the day,
    the report does not call it missed.
    """
    if state_on(entry, history.today) is not State.OVERDUE:
        return Outcome.OPEN
    words = stems(entry.finding.evidence.quote)
    since = [m for m in history.threads.get(entry.thread, ()) if m.at > entry.finding.date]
    asked_for = any(m.side is not side and history.day(m.at) > due and m.reminds for m in since)
    done = any(m.side is side and _reports(m, words) for m in since)
    return Outcome.UNTOLD if done and not asked_for else Outcome.OVERDUE


def _reports(mail: Mail, words: frozenset[str]) -> bool:
    return any(e.finding.kind is Kind.FULFILMENT and stems(e.finding.evidence.quote) & words for e in mail.entries)


def _with_waiting(history: History, one: Deadline, questions: Sequence[_Asked]) -> Deadline:
    """Add the working days on which an answer was missing that the deadline's side had asked for."""
    stop = history.day(one.ended) if one.ended else history.today
    days: set[date] = set()
    inputs: list[Entry] = []
    for question in questions:
        early = question.entry.finding.date < one.entry.finding.date - _BEFORE
        if early or question.entry.id == one.entry.id or question.since > one.due:
            continue
        missing = history.working_between(question.since, min(stop, question.until or stop))
        if missing:
            inputs.append(question.entry)
            days |= missing
    return replace(one, waited=len(days), inputs=tuple(inputs))


def missed(history: History, side: Side) -> Seen:
    """Find the dates that `side` missed."""
    mine = [d for d in deadlines(history) if d.side is side]
    cases = [
        case_of(d.entry, d.at(history), f"due {_day(d.due)}, {d.outcome.value}, {_days(d.late)}", measure=d.late)
        for d in mine
        if d.outcome in MISSES
    ]
    past = [d.at(history) for d in mine if d.outcome in (*MISSES, Outcome.KEPT) and d.due < history.today]
    return Seen(cases=tuple(cases), chances=tuple(past))


def waited(history: History, side: Side) -> Seen:
    """Find the dates before which `side` kept the other side waiting."""
    theirs = [d for d in deadlines(history) if d.side is other(side) and d.outcome is not Outcome.OPEN]
    cases = [
        case_of(
            d.entry,
            d.at(history),
            f"due {_day(d.due)}, {d.outcome.value}: {_days(d.waited)} of waiting for “{_start(d.inputs[0])}”",
            also=d.inputs,
            measure=d.waited,
        )
        for d in theirs
        if d.waited >= _WAIT
    ]
    late = sum(d.outcome in MISSES for d in theirs if d.waited >= _WAIT)
    return Seen(
        cases=tuple(cases),
        chances=tuple(d.at(history) for d in theirs),
        remark=f"{late} of these dates were missed" if late else "",
    )


def changed(history: History, side: Side) -> Seen:
    """Find the terms that `side` changed."""
    cases = [_change(new, old) for new, old in _changes(history) if _asker(history, new, old) is side]
    points = [e.finding.date for e in history.entries if e.finding.kind in STATEFUL and _matters(e)]
    return Seen(cases=tuple(cases), chances=tuple(points))


def moved_goalposts(history: History, side: Side) -> Seen:
    """Find the terms that `side` changed although they were agreed."""
    granting = {s.by for e in history.by_id.values() for s in e.steps if s.state is State.AGREED}
    cases = [
        _change(new, old)
        for new, old in _changes(history)
        if _agreed_before(old, new.finding.date, granting) and _asker(history, new, old) is side
    ]
    agreed = [e.finding.date for e in history.entries if _matters(e) and _agreed_before(e, history.now, granting)]
    return Seen(cases=tuple(cases), chances=tuple(agreed))


def _matters(entry: Entry) -> bool:
    return entry.finding.terms.topic not in (Topic.PAYMENT, Topic.MEETING)


def _changes(history: History) -> list[tuple[Entry, Entry]]:
    pairs = ((e, history.by_id.get(e.replaces)) for e in history.entries if e.replaces)
    return [
        (new, old)
        for new, old in pairs
        if old is not None and _matters(new) and _matters(old) and new.finding.date > old.finding.date
        if _is_same_kind(history, new, old) and _is_same_matter(new, old)
    ]


def _is_same_matter(new: Entry, old: Entry) -> bool:
    """Say whether new terms name the old ones' matter, or move its date: two prices alone may be of two things."""
    if new.finding.terms.due and old.finding.terms.due:
        return True
    units = {(e.finding.terms.amount or "").rpartition(" ")[2].lower() for e in (new, old)}
    return bool((stems(new.finding.evidence.quote) & stems(old.finding.evidence.quote)) - units)


def _is_same_kind(history: History, new: Entry | None, old: Entry) -> bool:
    """Say whether new terms can be an old item's: both of money or neither, and of the same side where it must act."""
    if new is None or (new.finding.terms.topic is Topic.PAYMENT) is not (old.finding.terms.topic is Topic.PAYMENT):
        return False
    owed = is_owed(new) and is_owed(old)
    return not owed or owner_side(new, history.circle) is owner_side(old, history.circle)


def _asker(history: History, new: Entry, old: Entry) -> Side:
    """Say who wanted a change: the side of the new terms, unless they grant what the other side had asked for."""
    finding = new.finding
    granted = {e.answers for e in history.by_thread[new.thread] if e.finding.evidence.digest == finding.evidence.digest}
    for entry in history.by_thread[new.thread]:
        asked = entry.finding
        if not old.finding.date < asked.date < finding.date or asked.side is not other(finding.side):
            continue
        same_due = finding.terms.due is not None and asked.terms.due == finding.terms.due
        if asked.kind in (Kind.REQUEST, Kind.PROPOSAL) and (entry.id in granted or same_due):
            return asked.side
    return finding.side


def _agreed_before(entry: Entry, at: datetime, granting: set[str]) -> bool:
    """Say whether terms were agreed before `at`; a promise that granted a request was, by being given."""
    agreed = (State.AGREED, State.CONFIRMED, State.DONE)
    return entry.id in granting or any(step.state in agreed and step.at < at for step in entry.steps)


def _change(new: Entry, old: Entry) -> Case:
    before, after = old.finding.terms, new.finding.terms
    moved = [
        f"{name} {was} → {now}"
        for name, was, now in (("date", before.due, after.due), ("amount", before.amount, after.amount))
        if was and now and was != now
    ]
    return case_of(new, new.finding.date, "; ".join(moved) or f"instead of “{_start(old)}”", also=(old,))


def _start(entry: Entry) -> str:
    quote = entry.finding.evidence.quote
    return quote if len(quote) <= 80 else quote[:79].rstrip() + "…"


def _day(day: date) -> str:
    return f"{day:%-d %b %Y}"


def _days(number: int) -> str:
    return f"{number} working day{'' if number == 1 else 's'}"
