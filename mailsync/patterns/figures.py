"""What a figure of a report is: a rule in words, a number, its course over the months, and the cases behind it."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from statistics import median

from mailsync.model.draft import Letter
from mailsync.model.entry import Entry
from mailsync.model.people import Side
from mailsync.patterns.history import History, Mail

#: Fewer chances than this in either half of the period say nothing about a course.
_TOO_FEW = 4
_MONTHS = 24


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """How one habit is counted, for both sides alike.

    `counts` says what is a case and `out_of` what the cases are counted out of; docs/patterns.md repeats both.
    `unit` is that of a case's `measure`. A figure is a sign when it has at least `least` cases and these are at least
    `share` of the chances. `asked_for` ones are only counted when the user wants it; `letter` is the kind that helps,
    by the side that has the habit.
    """

    key: str
    title: str
    counts: str
    out_of: str
    unit: str
    least: int
    share: float
    sides: tuple[Side, ...] = (Side.CLIENT, Side.US)
    asked_for: bool = False
    letter: tuple[tuple[Side, Letter], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One thing that happened, with its proof: ids of entries and digests of messages, at least one of the latter."""

    at: datetime
    what: str
    quote: str
    thread: str
    messages: tuple[str, ...]
    entries: tuple[str, ...] = ()
    person: str = ""
    measure: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What was found for one rule and side: the cases, the moments of all chances, and a remark."""

    cases: tuple[Case, ...] = ()
    chances: tuple[datetime, ...] = ()
    remark: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """One line of a report. `number` cases out of `out_of` chances.

    `middle` and `worst` are the median and the largest measure in the rule's unit (0 without a unit). `months` are
    (first day, cases, chances), oldest first; `course` is rising, falling, steady, or "" where there is too little to
    say. `sign` tells that it is a pattern rather than an accident. `cases` stand in order of date.
    """

    rule: Rule
    side: Side
    number: int
    out_of: int
    middle: float
    worst: float
    months: tuple[tuple[date, int, int], ...]
    course: str
    sign: bool
    remark: str
    cases: tuple[Case, ...]

    @property
    def letter(self) -> Letter | None:
        """The kind of letter that helps against it, None for none."""
        return dict(self.rule.letter).get(self.side)

    @property
    def share(self) -> float:
        """The part of the chances that were cases, 0 to 1."""
        return min(1.0, self.number / self.out_of) if self.out_of else 0.0


def figure(rule: Rule, side: Side, seen: Seen, history: History) -> Figure:
    """Make a figure of what was seen, within the period asked for."""
    cases = sorted((c for c in seen.cases if history.counted(c.at)), key=lambda c: (c.at, c.messages))
    chances = sorted(at for at in seen.chances if history.counted(at))
    out_of = max(len(chances), len(cases))
    measures = [case.measure for case in cases] if rule.unit else []
    return Figure(
        rule=rule,
        side=side,
        number=len(cases),
        out_of=out_of,
        middle=round(median(measures), 1) if measures else 0.0,
        worst=round(max(measures), 1) if measures else 0.0,
        months=_months(cases, chances, history),
        course=_course(cases, chances),
        sign=len(cases) >= rule.least and len(cases) >= rule.share * out_of,
        remark=seen.remark,
        cases=tuple(cases),
    )


def case(
    mail: Mail,
    what: str,
    *,
    quote: str = "",
    entries: Sequence[Entry] = (),
    also: Sequence[Mail] = (),
    measure: float = 0,
) -> Case:
    """Make a case that stands on a mail, and on those beside it."""
    return Case(
        at=mail.at,
        what=what,
        quote=quote,
        thread=mail.thread,
        messages=tuple(dict.fromkeys((mail.digest, *(m.digest for m in also)))),
        entries=tuple(entry.id for entry in entries),
        person=mail.person,
        measure=measure,
    )


def case_of(
    entry: Entry, at: datetime, what: str, *, also: Sequence[Entry] = (), mails: Sequence[Mail] = (), measure: float = 0
) -> Case:
    """Make a case that stands on an entry, and on the entries and mails beside it."""
    every = (entry, *also)
    digests = (*(e.finding.evidence.digest for e in every), *(m.digest for m in mails))
    return Case(
        at=at,
        what=what,
        quote=entry.finding.evidence.quote,
        thread=entry.thread,
        messages=tuple(dict.fromkeys(digests)),
        entries=tuple(dict.fromkeys(e.id for e in every)),
        person=entry.finding.who,
        measure=measure,
    )


def _months(cases: Sequence[Case], chances: Sequence[datetime], history: History) -> tuple[tuple[date, int, int], ...]:
    """Count by the user's months, without gaps, the last two years of them at most."""
    of_cases = Counter(history.day(c.at).replace(day=1) for c in cases)
    of_chances = Counter(history.day(at).replace(day=1) for at in chances)
    known = {*of_cases, *of_chances}
    if not known:
        return ()
    month, last, found = min(known), max((*known, history.today.replace(day=1))), []
    while month <= last:
        found.append((month, of_cases[month], of_chances[month]))
        month = date(month.year + month.month // 12, month.month % 12 + 1, 1)
    return tuple(found[-_MONTHS:])


def _course(cases: Sequence[Case], chances: Sequence[datetime]) -> str:
    """Compare the rate of the later half of the chances with that of the earlier half."""
    half = len(chances) // 2
    if half < _TOO_FEW:
        return ""
    turn = chances[half]
    early = sum(c.at < turn for c in cases) / half
    late = sum(c.at >= turn for c in cases) / (len(chances) - half)
    if abs(late - early) * half < 2:
        return "steady"
    return "rising" if late > early * 1.5 else "falling" if early > late * 1.5 else "steady"
