"""Which threads want a letter now: something new to confirm, and quiet for the configured working time."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from mailsync.model.draft import WAITING, Draft, DraftState, Letter
from mailsync.model.entry import Entry, Evidence, Kind, State, Tier
from mailsync.model.people import Side, WorkingHours
from mailsync.model.thread import Correction
from mailsync.text.worktime import working_minutes

#: Letters whose content needs no second letter: they left, may have left, or a person decided against them.
COVERING = frozenset(DraftState) - WAITING - {DraftState.WITHDRAWN}

#: The letters that confirm what a thread says; the others only remind, report or answer.
CONFIRMING = frozenset({Letter.RECAP, Letter.CORRECTED})

#: What one party may want confirmed by the other; issues and deliveries only come along.
CONFIRMABLE = frozenset(
    {Kind.COMMITMENT, Kind.REQUEST, Kind.PROPOSAL, Kind.DECISION, Kind.APPROVAL, Kind.REJECTION},
)

#: Threads quiet for longer than this many days get no letter by themselves: old mail was just taken in.
OLDEST_DAYS = 30


def wanted(
    entries: Sequence[Entry],
    drafts: Sequence[Draft],
    last_at: datetime,
    now: datetime,
    *,
    hours: WorkingHours,
    quiet_minutes: int,
    corrections: Sequence[Correction] = (),
    settled: Sequence[Evidence] = (),
    oldest_days: int = OLDEST_DAYS,
) -> bool:
    """Say whether a thread wants a new letter at `now`; `drafts` are all letters about it, `last_at` its newest mail.

    It does not while a letter still waits for a person, before the thread has been quiet for `quiet_minutes` of
    working time, or when nothing new is to be confirmed (see `fresh`).
    """
    if any(draft.state in WAITING for draft in drafts) or now - last_at > timedelta(days=oldest_days):
        return False
    news = fresh(entries, drafts, corrections=corrections, settled=settled)
    if not any(confirmable(entry) for entry in news):
        return False
    return quiet(last_at, now, hours, quiet_minutes)


def quiet(last_at: datetime, now: datetime, hours: WorkingHours, quiet_minutes: int) -> bool:
    """Say whether `quiet_minutes` of working time have passed since `last_at`; never before `last_at`."""
    return now >= last_at and working_minutes(last_at, now, hours) >= quiet_minutes


def fresh(
    entries: Sequence[Entry],
    drafts: Sequence[Draft],
    *,
    corrections: Sequence[Correction] = (),
    settled: Sequence[Evidence] = (),
) -> tuple[Entry, ...]:
    """Return the entries that no letter has carried yet, in their order.

    Only entries that stand in the log (accepted suggestions do) and were said by one of the two parties. An entry
    counts as carried when a letter was written from its message, unless a person corrected it since. An answer to
    what a letter carried is that letter's settlement, not news; `settled` are the words such answers stand on.
    """
    covering = [draft for draft in drafts if draft.state in COVERING]
    seen = {digest for draft in covering if draft.letter in CONFIRMING for digest in draft.seen}
    carried = {entry for draft in covering for line in draft.lines for entry in line.entries}
    written = max((draft.created_at for draft in covering), default=None)
    corrected = {c.entry for c in corrections if written is not None and c.at > written and c.changes}
    answered = {(e.digest, e.span) for e in settled}

    def news(entry: Entry) -> bool:
        evidence = entry.finding.evidence
        if entry.finding.tier is not Tier.LOG or entry.finding.side is Side.THIRD:
            return False
        if entry.id in corrected:
            return True
        if evidence.digest in seen or (evidence.digest, evidence.span) in answered:
            return False
        answers = entry.answers_all or ((entry.answers,) if entry.answers else ())
        return not (answers and carried.issuperset(answers))

    return tuple(entry for entry in entries if news(entry))


def confirmable(entry: Entry) -> bool:
    """Say whether a letter is worth writing for `entry`: what is done or overtaken needs no confirming."""
    return entry.finding.kind in CONFIRMABLE and entry.state not in (State.DONE, State.REPLACED)
