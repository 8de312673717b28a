"""Decides which kinds of entry a message's statements carry, and how sure that is."""

from collections.abc import Sequence
from dataclasses import dataclass

from mailsync.extract.features import Case, cases, features
from mailsync.extract.model import KINDS, Model, Scale, probabilities, shipped, spoke
from mailsync.extract.people import speaker, who_and_owner
from mailsync.extract.terms import terms
from mailsync.model.entry import Evidence, Finding, Kind, Tier
from mailsync.model.mail import Statement
from mailsync.model.thread import Background, Heard, ReadMessage

#: A statement carries at most so many kinds.
MOST = 2
#: A second kind must be at least this likely: most statements carry one.
SECOND = 0.5
#: Statements before one that may tell what its dates and numbers mean.
_CONTEXT = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """A kind with its probability and what spoke for it."""

    kind: Kind
    confidence: float
    tier: Tier
    because: str


def findings(
    read: ReadMessage, statements: Sequence[Statement], background: Background, earlier: Sequence[Heard]
) -> tuple[Finding, ...]:
    """Return what the statements of a read message carry, in their order; () for a message that was not read.

    `earlier` are the thread's messages before this one, by date. A statement may carry two kinds, then the surer one
    comes first.
    """
    if read.unread or read.message.sender is None:
        return ()
    seen = cases(read, statements, background.circle, earlier)
    model = shipped()
    scale = model.reply if earlier else model.first
    return tuple(
        _finding(case, chosen, read, background, earlier)
        for case, choice in zip(seen, judged(model, scale, seen), strict=True)
        for chosen in choice
    )


def judged(model: Model, scale: Scale, seen: Sequence[Case]) -> list[list[Choice]]:
    """Return for each case the kinds that the model offers, the surest first."""
    named = [features(case) for case in seen]
    choices = []
    for case, names, chances in zip(seen, named, probabilities(model, scale, named).tolist(), strict=True):
        over = [(chance, place) for place, chance in enumerate(chances) if chance >= scale.suggest[place]]
        best = sorted(over, key=lambda pair: -pair[0] / scale.suggest[pair[1]])[:MOST]
        best[1:] = [pair for pair in best[1:] if pair[0] >= SECOND]
        choices.append(
            [_choice(model, scale, case, names, chance, place) for chance, place in sorted(best, reverse=True)]
        )
    return choices


def _choice(  # noqa: PLR0917  all of one judgement
    model: Model, scale: Scale, case: Case, names: Sequence[str], chance: float, place: int
) -> Choice:
    kind = KINDS[place]
    rules = [rule.name for rule in case.rules if rule.kind is kind]
    heard = [_plain(name) for name in spoke(model, names, kind)]
    return Choice(
        kind=kind,
        confidence=chance,
        tier=Tier.LOG if chance >= scale.log[place] else Tier.SUGGESTION,
        because="; ".join(dict.fromkeys((*(f"rule: {rule}" for rule in rules[:2]), *heard))),
    )


#: What a feature's mark means to a person.
_MARKS = {
    "1": "word",
    "2": "words",
    "3": "words",
    "s": "form",
    "k": "form",
    "f": "word like",
    "w": "word like",
    "d": "scene",
    "^": "begins",
    "p": "word like",
    "q": "cue",
    "q^": "begins with cue",
    "+": "cues",
    "r": "rule",
    "a": "answers",
    "b": "before",
    "n": "after",
    "m": "place",
}


def _plain(name: str) -> str:
    """Say a feature's name in words: "2:by <day>" is "words: by <day>"."""
    mark, _, rest = name.partition(":")
    return f"{_MARKS.get(mark, mark)}: {rest.lstrip('=')}"


def _finding(
    case: Case, chosen: Choice, read: ReadMessage, background: Background, earlier: Sequence[Heard]
) -> Finding:
    message, statement = read.message, case.statement
    above = _above(case)
    who, owner = who_and_owner(statement.quote, chosen.kind, read, background.circle, earlier, above[-1:])
    return Finding(
        kind=chosen.kind,
        evidence=Evidence(
            digest=message.digest, message_id=message.message_id, span=statement.span, quote=statement.quote
        ),
        date=message.sent_at,
        side=background.circle.side(speaker(read)),
        who=who,
        owner=owner,
        terms=terms(
            statement,
            chosen.kind,
            sent=message.sent_at,
            language=read.language,
            hours=background.hours,
            context=(*_heard_lately(earlier), *above),
        ),
        confidence=chosen.confidence,
        tier=chosen.tier,
        because=chosen.because,
    )


def _heard_lately(earlier: Sequence[Heard]) -> list[str]:
    """Return the last statements of the thread's earlier messages, oldest first."""
    said = [statement.quote for heard in earlier[-2:] for statement in heard.statements]
    return said[-_CONTEXT:]


def _above(case: Case) -> tuple[str, ...]:
    """Return the statements before `case`, at most _CONTEXT, oldest first."""
    found: list[str] = []
    before = case.before
    while before and len(found) < _CONTEXT:
        found.append(before.statement.quote)
        before = before.before
    return tuple(reversed(found))
