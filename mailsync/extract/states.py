"""Where each entry stands: the steps of its life, moved by the messages that came after it."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from mailsync.extract.affinity import Item
from mailsync.model.entry import STATEFUL, Kind, State, Step

#: Later states that may follow each state; what is replaced or done stays so (guideline, convention 11).
_RANK = {State.OPEN: 0, State.AGREED: 1, State.REJECTED: 2, State.DONE: 3, State.REPLACED: 4}

#: A request for a word rather than for work: any answer to the message does it.
_WANTS_WORD = re.compile(
    r"\b(?:confirm\w*|let (?:me|us) (?:know|have)|tell (?:me|us)|say (?:yes|so|whether|if)|reply|respond|answer"
    r"|correct me|write back|get back|come back to|yes or (?:a )?no|your word|a line from|your (?:decision|answer|call|position"
    r"|instructions?|approval|sign-?off|go-?ahead|view|thoughts|feedback)|decide|choose|pick (?:one|a)|which (?:one|of)"
    r"|sign-?off|what (?:that|it|this) (?:does|would|will)|re-?quote|quote (?:me|us|for)|price for|an offer|how much"
    r"|revert|best[aä]tig\w*|bescheid|antwort\w*|r[uü]ckmeldung|freigabe|abnahme|preis nennen"
    r"|angebot|sagen sie|sagt (?:uns|mir)|dites[- ](?:moi|nous)|confirm\w*|r[eé]pon\w*|retour|votre accord|devis|decidme|dig[aá]is|d[ií]game|respuesta"
    r"|presupuesto|confirma\w*|risposta|mi dica|fatemi sapere|mi faccia sapere|preventivo)\b",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Moves:
    """What moves the entries, by position: weak answers and links. `takes_up` leads a promise to a request."""

    weak: Sequence[str]
    answers: Mapping[int, tuple[int, ...]]
    replaces: Mapping[int, int]
    takes_up: Mapping[int, int]


@dataclass(slots=True)
class _Life:
    """The steps of one entry while they are gathered."""

    steps: list[Step] = field(default_factory=list)

    @property
    def state(self) -> State:
        return self.steps[-1].state

    def move(self, at: datetime, state: State, by: str, *, turn: bool = False) -> bool:
        """Move to `state` if it outranks the present one, or if `turn` lets a yes and a no take turns."""
        higher = _RANK[state] > _RANK[self.state]
        turns = turn and {state, self.state} == {State.AGREED, State.REJECTED}
        if higher or turns:
            self.steps.append(Step(at=at, state=state, by=by))
        return higher or turns


def steps(found: Sequence[Item], moves: Moves) -> list[tuple[Step, ...]]:
    """Return the life of each item, in the order of `found`; empty for kinds without a state.

    A later message moves an entry; what is done or replaced stays so, a yes may follow a no. Overdue is never a
    step: see `model.entry.state_on`.
    """
    lives = [_Life([Step(at=i.finding.date, state=State.OPEN)] if i.kind in STATEFUL else []) for i in found]
    carried = _carried(moves)
    for n, item in enumerate(found):
        at, by = item.finding.date, item.id
        for target in moves.answers.get(n, ()):
            _settle(item, target, at, by, lives, carried, found, weak=bool(moves.weak[n]))
        if n in moves.replaces and lives[moves.replaces[n]].steps:
            lives[moves.replaces[n]].move(at, State.REPLACED, by)
        if n in moves.takes_up and item.kind is Kind.COMMITMENT:
            lives[moves.takes_up[n]].move(at, State.AGREED, by)
    _words_given(found, moves, lives)
    _joint_decisions(found, moves, lives)
    _siblings(found, moves, lives)
    return [tuple(life.steps) for life in lives]


def _carried(moves: Moves) -> dict[int, list[int]]:
    """Return, for each entry, the requests that stand or fall with it, because it takes them up."""
    carried: dict[int, list[int]] = {}
    for later, earlier in moves.takes_up.items():
        carried.setdefault(later, []).append(earlier)
    return carried


def _settle(
    item: Item,
    target: int,
    at: datetime,
    by: str,
    lives: Sequence[_Life],
    carried: Mapping[int, list[int]],
    found: Sequence[Item],
    *,
    weak: bool,
) -> None:
    """Let an answer move what it answers, and a yes or a delivery also the request behind it."""
    state = {Kind.APPROVAL: State.AGREED, Kind.REJECTION: State.REJECTED, Kind.FULFILMENT: State.DONE}[item.kind]
    if state is State.AGREED and weak:
        return
    if lives[target].steps:
        lives[target].move(at, state, by, turn=found[target].finding.side != item.finding.side)
    if state is not State.REJECTED:
        for request in carried.get(target, ()):
            lives[request].move(at, state, by, turn=True)


def _words_given(found: Sequence[Item], moves: Moves, lives: Sequence[_Life]) -> None:
    """A request for an answer is done once the other side has answered the message it stands in."""
    replies = _first_replies(found)
    for n, item in enumerate(found):
        if item.kind is not Kind.REQUEST or not _WANTS_WORD.search(item.finding.evidence.quote):
            continue
        reply = replies.get((item.message, item.finding.side))
        if reply is not None:
            lives[n].move(found[reply].finding.date, State.DONE, found[reply].id)


def _first_replies(found: Sequence[Item]) -> dict[tuple[int, str], int]:
    """Return, for each message and side, the first later entry in which another side takes a stand."""
    stands = {Kind.APPROVAL, Kind.REJECTION, Kind.DECISION, Kind.PROPOSAL, Kind.COMMITMENT, Kind.FULFILMENT}
    replies: dict[tuple[int, str], int] = {}
    nearest: dict[str, int] = {}  # side -> the nearest later entry of a message after the one at hand
    n = len(found) - 1
    while n >= 0:
        message, start = found[n].message, n
        while start > 0 and found[start - 1].message == message:
            start -= 1
        for side in {i.finding.side for i in found[start : n + 1]}:
            others = [m for other, m in nearest.items() if other != side]
            if others:
                replies[message, side] = min(others)
        for m in range(n, start - 1, -1):
            if found[m].kind in stands:
                nearest[found[m].finding.side] = m
        n = start - 1
    return replies


def _joint_decisions(found: Sequence[Item], moves: Moves, lives: Sequence[_Life]) -> None:
    """A decision that the other side has read and not disputed is agreed; one that nobody answered stays open."""
    replies = _first_replies(found)
    for n, item in enumerate(found):
        if item.kind is Kind.DECISION and lives[n].state is State.OPEN:
            reply = replies.get((item.message, item.finding.side))
            if reply is not None:
                lives[n].move(found[reply].finding.date, State.AGREED, found[reply].id)


def _siblings(found: Sequence[Item], moves: Moves, lives: Sequence[_Life]) -> None:
    """The terms of one offer stand in several sentences: those nobody spoke of follow the one that was accepted."""
    accepted: dict[int, Step] = {}
    for n, item in enumerate(found):
        if item.kind is Kind.PROPOSAL and lives[n].state in (State.AGREED, State.DONE):
            step = next((s for s in lives[n].steps if s.state in (State.AGREED, State.DONE)), None)
            if step is not None:
                accepted.setdefault(item.message, step)
    for n, item in enumerate(found):
        step = accepted.get(item.message)
        if step is not None and item.kind is Kind.PROPOSAL and lives[n].state is State.OPEN:
            lives[n].move(step.at, State.AGREED, step.by)
