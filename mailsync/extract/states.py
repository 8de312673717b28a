"""Where each entry stands: the steps of its life, moved by the messages that came after it."""

import re
from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from mailsync.extract.affinity import Item
from mailsync.model.entry import STATEFUL, Kind, State, Step, Topic, due_day
from mailsync.model.people import Side

#: What an entry may become: a higher state takes the place of a lower one (guideline, convention 11).
_RANK = {State.OPEN: 0, State.AGREED: 1, State.REJECTED: 2, State.DONE: 3, State.REPLACED: 4}
_MOVES_TO = {Kind.APPROVAL: State.AGREED, Kind.REJECTION: State.REJECTED, Kind.FULFILMENT: State.DONE}
_Replies = dict[tuple[int, Side], int]
_STANDS = frozenset(Kind) - {Kind.REQUEST, Kind.ISSUE}

#: A request for a word rather than for work: any answer to its message fulfils it.
_WANTS_WORD = re.compile(
    r"\b(?:confirm\w*|let (?:me|us) know|tell (?:me|us)|say (?:yes|whether|if)|reply|respond|answer"
    r"|correct me|write back|get back|come back to|yes or (?:a )?no|your word|a line from|revert"
    r"|your (?:decision|answer|call|position|instructions?|approval|sign-?off|go-?ahead|view|thoughts|feedback)"
    r"|decide|choose|pick (?:one|a)|which (?:one|of)|sign-?off|what (?:that|it|this) (?:does|would|will)"
    r"|re-?quote|quote (?:me|us|for)|price for|an offer|how much"
    r"|best[aä]tig\w*|bescheid|antwort\w*|r[uü]ckmeldung|freigabe|abnahme|preis nennen|angebot|sag(?:en sie|t uns)"
    r"|dites[- ](?:moi|nous)|r[eé]pon\w*|retour|votre accord|devis|decidme|dig[aá]is|d[ií]game|respuesta"
    r"|presupuesto|risposta|mi dica|fatemi sapere|mi faccia sapere|preventivo)\b",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Moves:
    """What moves the entries, by their position.

    `answers` leads an answer to all that it settles, `replaces` new terms to the old ones, `takes_up` a promise or
    offer to the request behind it; `weak` are the approvals that do not count in full. `talk` holds date and side of
    each message that a person wrote, in order.
    """

    answers: Mapping[int, tuple[int, ...]]
    replaces: Mapping[int, int]
    takes_up: Mapping[int, int]
    weak: frozenset[int]
    talk: Sequence[tuple[datetime, Side]]


@dataclass(slots=True)
class _Life:
    """The steps of one entry while they are gathered, in the order of the messages."""

    steps: list[Step] = field(default_factory=list)

    @property
    def state(self) -> State | None:
        return self.steps[-1].state if self.steps else None

    @property
    def unsettled(self) -> bool:
        return self.state in (State.OPEN, State.AGREED)

    def move(self, at: datetime, state: State, by: str, *, turn: bool = False) -> None:
        """Move to `state` if it outranks the present one; `turn` lets a yes follow a no."""
        if self.state is not None and (
            _RANK[state] > _RANK[self.state] or (turn and self.state is State.REJECTED and state is not State.OPEN)
        ):
            self.steps.append(Step(at=at, state=state, by=by))


def steps(found: Sequence[Item], moves: Moves) -> list[tuple[Step, ...]]:
    """Return the life of each item, in the order of `found`; empty for kinds that have no state.

    First what was said: answers, new terms, promises that take up a request. Then what follows from it: the terms of
    an offer stand and fall together. Then what silence says. What is done or replaced stays so, a yes may follow a
    no, and late delivery is done. Overdue is never a step: see `model.entry.state_on`.
    """
    lives = [_Life([Step(at=i.finding.date, state=State.OPEN)] if i.kind in STATEFUL else []) for i in found]
    replies = _first_replies(found)
    _follow_words(found, moves, lives, replies)
    _follow_offers(found, lives)
    _hear_silence(found, moves, lives, replies)
    return [tuple(life.steps) for life in lives]


def _follow_words(found: Sequence[Item], moves: Moves, lives: Sequence[_Life], replies: _Replies) -> None:
    """Move the entries by what was said of them, in the order of the messages."""
    asked: dict[int, list[int]] = {}
    for n, item in enumerate(found):
        reply = replies.get((item.message, item.finding.side))
        if reply is not None and item.kind is Kind.REQUEST and _WANTS_WORD.search(item.finding.evidence.quote[:600]):
            asked.setdefault(reply, []).append(n)
    instead = _instead(found, moves)
    for n, item in enumerate(found):
        at, by = item.finding.date, item.id
        for request in asked.get(n, ()):
            lives[request].move(at, State.DONE, by)
        if n in moves.takes_up and item.kind is Kind.COMMITMENT:
            lives[moves.takes_up[n]].move(at, State.AGREED, by)
        if n in moves.answers and n not in moves.weak:
            for target, turn in _settled(n, found, moves, instead):
                lives[target].move(at, _MOVES_TO[item.kind], by, turn=turn)
        if n in moves.replaces:
            lives[moves.replaces[n]].move(at, State.REPLACED, by)


def _settled(n: int, found: Sequence[Item], moves: Moves, instead: Mapping[int, int]) -> Iterator[tuple[int, bool]]:
    """Yield the entries that an answer moves, and whether it may turn a no into a yes.

    These are what it answers; for a yes or a delivery also the request that stands behind that; for a yes to a
    refusal ("you are right") the terms that the refusal named instead.
    """
    item = found[n]
    for target in moves.answers[n]:
        yield target, item.kind is Kind.APPROVAL and found[target].finding.side is not item.finding.side
        if item.kind is not Kind.REJECTION and target in moves.takes_up:
            yield moves.takes_up[target], True
        if item.kind is Kind.APPROVAL and target in instead:
            yield instead[target], True


def _instead(found: Sequence[Item], moves: Moves) -> dict[int, int]:
    """Return, for each refusal, the terms that the same message put in the place of what it refused."""
    new = {(found[n].message, old): n for n, old in moves.replaces.items()}
    refusals = [(n, targets[0]) for n, targets in moves.answers.items() if found[n].kind is Kind.REJECTION]
    return {n: new[found[n].message, old] for n, old in refusals if (found[n].message, old) in new}


def _follow_offers(found: Sequence[Item], lives: Sequence[_Life]) -> None:
    """Let the terms of an offer that nobody spoke of follow those of the same message that were answered.

    An offer stands in several sentences (what it costs, what is in, what is out), and the answer names one of them.
    """
    told: dict[int, list[Step]] = {}
    for n, item in enumerate(found):
        if item.kind is Kind.PROPOSAL:
            answered = [s for s in lives[n].steps if s.state in (State.AGREED, State.REJECTED)]
            if answered and (item.message not in told or answered[0].state is State.AGREED):
                told[item.message] = answered
    for n, item in enumerate(found):
        if item.kind is Kind.PROPOSAL and lives[n].state is State.OPEN:
            for step in told.get(item.message, ()):
                lives[n].move(step.at, step.state, step.by)


def _hear_silence(found: Sequence[Item], moves: Moves, lives: Sequence[_Life], replies: _Replies) -> None:
    """Judge unsettled entries by what the others wrote later and did not complain of.

    A decision that the other side answered without disputing it is agreed; one that nobody answered stays open. What
    was due counts as done when the side that waited for it has written after the day and missed nothing; a promise
    on a condition, without a date, when the work has gone on since. Money is the exception: that it came is said, or
    it is outstanding.
    """
    complained = {i.finding.side: i.finding.date.date() for i in found if i.kind is Kind.ISSUE}  # the last time
    progress = [n for n, i in enumerate(found) if i.kind in (Kind.FULFILMENT, Kind.APPROVAL)]
    times = [at for at, _ in moves.talk]
    for n, item in enumerate(found):
        life, terms = lives[n], item.finding.terms
        reply = replies.get((item.message, item.finding.side))
        if item.kind is Kind.DECISION and life.state is State.OPEN and reply is not None:
            life.move(found[reply].finding.date, State.AGREED, found[reply].id)
        if not life.unsettled or item.kind is Kind.PROPOSAL or terms.topic is Topic.PAYMENT:
            continue
        waits, said = _waiting(item), item.finding.date.date()
        since = max(due_day(terms.due), said) if terms.due else said
        if any(complained[side] > since for side in waits & complained.keys()):
            continue
        if terms.due:
            later = moves.talk[bisect_right(times, life.steps[-1].at) :]
            at = next((at for at, side in later if side in waits and at.date() > since), None)
            if at is not None:
                life.move(at, State.DONE, "")
        elif item.kind is Kind.COMMITMENT and terms.conditional:
            _go_on(item, life, [found[m] for m in progress[bisect_right(progress, n) :]], waits)


def _go_on(item: Item, life: _Life, progress: Sequence[Item], waits: set[Side]) -> None:
    """Move a promise on a condition to done by the first delivery, or yes of those who wait, in a later message."""
    for moved in progress:
        gone_on = moved.kind is Kind.FULFILMENT or moved.finding.side in waits
        if gone_on and moved.message > item.message and moved.finding.date >= life.steps[-1].at:
            life.move(moved.finding.date, State.DONE, moved.id)
            return


def _waiting(item: Item) -> set[Side]:
    """Return the sides that wait for what an entry says: the asker, the others of a promise, all of a decision."""
    mine = item.finding.side
    return {Kind.REQUEST: {mine}, Kind.DECISION: set(Side)}.get(item.kind, set(Side) - {mine})


def _first_replies(found: Sequence[Item]) -> _Replies:
    """Return, for each message and side, the first entry of a later message in which another side takes a stand."""
    replies: _Replies = {}
    nearest: dict[Side, int] = {}
    end = len(found)
    while end:
        start = end - 1
        while start and found[start - 1].message == found[start].message:
            start -= 1
        for side in {item.finding.side for item in found[start:end]}:
            others = [n for other, n in nearest.items() if other is not side]
            if others:
                replies[found[start].message, side] = min(others)
        for n in range(end - 1, start - 1, -1):
            if found[n].kind in _STANDS:
                nearest[found[n].finding.side] = n
        end = start
    return replies
