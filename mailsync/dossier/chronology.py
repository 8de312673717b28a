"""What happened, in the order in which it happened, and what each side owed and missed: judged by one rule for both."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, tzinfo
from enum import StrEnum

from mailsync.model.entry import Entry, Kind, State, Step, due_day, state_on
from mailsync.model.people import Circle, Side

VERBS = {
    Kind.COMMITMENT: "promised",
    Kind.REQUEST: "asked",
    Kind.PROPOSAL: "proposed",
    Kind.DECISION: "stated as decided",
    Kind.APPROVAL: "agreed",
    Kind.REJECTION: "refused",
    Kind.FULFILMENT: "reported as done",
    Kind.ISSUE: "reported a problem",
}


class Fault(StrEnum):
    """How something that was due was missed."""

    OUTSTANDING = "not done"
    LATE = "done late"
    MOVED = "moved after its day had passed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Miss:
    """Something due that was not done by its day. `side` is of whom it was due; `days` how long after it was mended.

    `at` is when it was done or moved, None while it is outstanding (then `days` counts to the day of judgement).
    """

    entry: Entry
    side: Side
    fault: Fault
    at: datetime | None
    days: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One line of the chronology: an entry, or (with `miss`) a due day that passed.

    `became` says in words what happened to the entry afterwards, `answers` the numbers of the rows it answers,
    `replaces` that of the row whose terms it took the place of (0: none).
    """

    number: int
    at: datetime
    entry: Entry
    miss: Miss | None = None
    state: str = ""
    answers: tuple[int, ...] = ()
    replaces: int = 0
    became: tuple[str, ...] = ()

    @property
    def verb(self) -> str:
        """What the person did by saying it."""
        return VERBS[self.entry.finding.kind]


def owner_side(entry: Entry, circle: Circle) -> Side:
    """Say of which side something is due; where nobody is named, a promise binds whoever gave it."""
    finding = entry.finding
    owner = finding.owner or (finding.who if finding.kind is not Kind.REQUEST else "")
    if "@" in owner:
        return circle.side(owner)
    if finding.kind is Kind.REQUEST:
        return Side.CLIENT if finding.side is Side.US else Side.US
    return finding.side


def misses(entries: Iterable[Entry], circle: Circle, day: date, zone: tzinfo) -> tuple[Miss, ...]:
    """Return what was due of either side and missed as of `day`, in the order of the due days.

    What nobody complained of counts as done in time; only what somebody said was done later is late.
    """
    found = [miss for entry in entries if (miss := _miss(entry, circle, day, zone)) is not None]
    return tuple(sorted(found, key=lambda miss: (miss.entry.finding.terms.due or "", miss.entry.id)))


def _miss(entry: Entry, circle: Circle, day: date, zone: tzinfo) -> Miss | None:
    due = entry.finding.terms.due
    if due is None or not entry.steps or entry.finding.kind is Kind.PROPOSAL:
        return None
    side, last = owner_side(entry, circle), due_day(due)
    if state_on(entry, day) is State.OVERDUE:
        return Miss(entry=entry, side=side, fault=Fault.OUTSTANDING, at=None, days=(day - last).days)
    step = entry.steps[-1]
    fault = {State.DONE: Fault.LATE, State.REPLACED: Fault.MOVED}.get(step.state)
    after = (step.at.astimezone(zone).date() - last).days
    if fault is None or not step.by or after <= 0 or step.at.date() > day:
        return None
    return Miss(entry=entry, side=side, fault=fault, at=step.at, days=after)


def rows(
    entries: Sequence[Entry], missed: Iterable[Miss], letters: Mapping[str, str], day: date, zone: tzinfo
) -> tuple[Row, ...]:
    """Return the chronology of `entries` with the due days that were missed; `letters` names letters by their id."""
    points: list[tuple[datetime, int, Entry, Miss | None]] = [(e.finding.date, 0, e, None) for e in entries]
    points += [(_end_of(miss.entry, zone), 1, miss.entry, miss) for miss in missed]
    points.sort(key=lambda p: (p[0], p[1], p[2].finding.evidence.digest, p[2].finding.evidence.span.start))
    numbers = {entry.id: n for n, (_, passed, entry, _) in enumerate(points, 1) if not passed}
    return tuple(
        Row(
            number=number,
            at=at,
            entry=entry,
            miss=miss,
            state=str(state_on(entry, day) or ""),
            answers=() if miss else tuple(numbers[i] for i in _answered(entry) if i in numbers),
            replaces=0 if miss else numbers.get(entry.replaces or "", 0),
            became=() if miss else tuple(_told(step, numbers, letters, zone) for step in entry.steps[1:]),
        )
        for number, (at, _, entry, miss) in enumerate(points, 1)
    )


def _answered(entry: Entry) -> tuple[str, ...]:
    return entry.answers_all or ((entry.answers,) if entry.answers else ())


def _end_of(entry: Entry, zone: tzinfo) -> datetime:
    """Return the end of the day (or the moment) at which `entry` was due."""
    due = entry.finding.terms.due or ""
    if "T" in due:
        moment = datetime.fromisoformat(due)
        return moment if moment.tzinfo else moment.replace(tzinfo=zone)
    return datetime.combine(due_day(due), time(23, 59, 59), zone)


def _told(step: Step, numbers: Mapping[str, int], letters: Mapping[str, str], zone: tzinfo) -> str:
    """Say what one step did: "agreed on 3 Mar 2026 by no. 4"."""
    by = (
        f" by no. {numbers[step.by]}" if step.by in numbers else f" by {letters[step.by]}" if step.by in letters else ""
    )
    silent = ", because nobody objected" if not step.by and step.state in (State.AGREED, State.DONE) else ""
    return f"{step.state.value} on {step.at.astimezone(zone):%-d %b %Y}{by}{silent}"
