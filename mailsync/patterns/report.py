"""The report on one client: every habit of both sides as a figure, the timeline, the exit check and the review."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from mailsync.model.entry import Entry, State, state_on
from mailsync.model.people import Side
from mailsync.patterns import answers, contact, dates, money, scope
from mailsync.patterns.cues import Cue, found
from mailsync.patterns.dates import Deadline, deadlines
from mailsync.patterns.figures import Case, Figure, Rule, Seen, figure
from mailsync.patterns.history import History, is_owed, owner_side
from mailsync.patterns.scope import Extra, Judged, Verdict

Finder = Callable[[History, Side], Seen]

#: Every habit with its rule, in the order in which reports and docs/patterns.md list them.
HABITS: tuple[tuple[Rule, Finder], ...] = (
    (dates.MISSED, dates.missed),
    (dates.WAITED, dates.waited),
    (dates.CHANGED, dates.changed),
    (dates.GOALPOSTS, dates.moved_goalposts),
    (answers.UNANSWERED, answers.unanswered),
    (answers.EVASIVE, answers.evasive),
    (answers.SLOW, answers.slow),
    (answers.SILENCE, answers.silent),
    (money.LATE, money.late_payments),
    (money.BROKEN, money.broken_promises),
    (scope.EXTRAS, scope.asked_extras),
    (scope.UNPAID, scope.unpaid),
    (scope.EARLY_YES, scope.early_yes),
    (contact.OFF_HOURS, contact.off_hours),
    (contact.CLOSE_WATCH, contact.watched),
    (contact.NO_AUTHORITY, contact.without_authority),
    (contact.HOSTILE, contact.hostile),
    (contact.BLAME, contact.blaming),
)

#: States in which something still stands between the parties.
STANDING = (
    State.OPEN,
    State.AGREED,
    State.OVERDUE,
    State.AWAITING,
    State.CONFIRMED,
    State.CORRECTED,
    State.DISPUTED,
    State.UNANSWERED,
)

#: So many signs on the client's side put the question whether to go on.
EXIT_SIGNS = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What a report says. `figures` follow HABITS, the client's side before ours; times are as of `history.now`."""

    history: History
    figures: tuple[Figure, ...]
    deadlines: tuple[Deadline, ...]
    requests: tuple[Judged, ...]
    extras: tuple[Extra, ...]
    vague: tuple[tuple[str, str], ...]

    @property
    def signs(self) -> tuple[Figure, ...]:
        """The figures that are a pattern rather than accidents."""
        return tuple(f for f in self.figures if f.sign)


def report(history: History, *, hostile: bool = False) -> Report:
    """Count every habit of both sides; hostile and blaming wording only where asked for."""
    figures = tuple(
        figure(rule, side, find(history, side), history)
        for rule, find in HABITS
        if hostile or not rule.asked_for
        for side in rule.sides
    )
    judged = scope.judged(history)
    return Report(
        history=history,
        figures=figures,
        deadlines=tuple(d for d in deadlines(history) if history.counted(d.at(history))),
        requests=tuple(j for j in judged if history.counted(j.request.finding.date)),
        extras=tuple(e for e in scope.extras(history) if history.counted(e.judged.request.finding.date)),
        vague=scope.vague_lines(history.baseline, history.client.language or "en"),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Exit:
    """What to weigh before ending the work: it counts, the user decides.

    `grave` says that the client's side shows EXIT_SIGNS signs or more; `ours` and `theirs` is what either side still
    owes; `reasons` are the client's signs, `mirror` our own.
    """

    grave: bool
    reasons: tuple[Figure, ...]
    mirror: tuple[Figure, ...]
    ours: tuple[Entry, ...]
    theirs: tuple[Entry, ...]


def exit_check(told: Report) -> Exit:
    """Put together what speaks for and against ending the work with a client."""
    reasons = tuple(f for f in told.signs if f.side is Side.CLIENT)
    return Exit(
        grave=len(reasons) >= EXIT_SIGNS,
        reasons=reasons,
        mirror=tuple(f for f in told.signs if f.side is Side.US),
        ours=owed_by(told.history, Side.US),
        theirs=owed_by(told.history, Side.CLIENT),
    )


def owed_by(history: History, side: Side) -> tuple[Entry, ...]:
    """Return what `side` still has to do, dated things first in order of their day."""
    owed = [
        e
        for e in history.entries
        if is_owed(e) and owner_side(e, history.circle) is side and state_on(e, history.today) in STANDING
    ]
    return tuple(sorted(owed, key=lambda e: (e.finding.terms.due or "9999", e.finding.date)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Review:
    """What a quarrel looks like afterwards, for whoever wants to learn from it.

    `first` is the earliest case of the figure that became the first sign; `missed` the questions either side left
    unanswered before it ended; `turned` the terms that changed; `cases` everything in order of date.
    """

    first: tuple[Figure, Case] | None
    missed: tuple[Case, ...]
    turned: tuple[Case, ...]
    cases: tuple[tuple[datetime, Figure, Case], ...]


def review(told: Report) -> Review:
    """Look back over the period of a report: the first signal, missed answers, what changed."""
    every = sorted(
        ((c.at, f, c) for f in told.figures for c in f.cases),
        key=lambda row: (row[0], row[1].rule.key, row[2].messages),
    )
    signal = next(((f, c) for _, f, c in every if f.sign), None)
    return Review(
        first=signal,
        missed=_cases(told.figures, answers.UNANSWERED),
        turned=_cases(told.figures, dates.CHANGED),
        cases=tuple(every),
    )


def _cases(figures: Sequence[Figure], rule: Rule) -> tuple[Case, ...]:
    return tuple(sorted((c for f in figures if f.rule is rule for c in f.cases), key=lambda c: c.at))


def unclear(told: Report) -> tuple[Judged, ...]:
    """Return the requests still standing that the user must decide on.

    These are what the baseline does not settle; without a baseline only what sounds like more than there was.
    """
    history = told.history
    return tuple(
        j
        for j in told.requests
        if j.verdict is Verdict.UNCLEAR and state_on(j.request, history.today) in STANDING
        if history.client.baseline or found(Cue.EXTRA, j.request.finding.evidence.quote)
    )
