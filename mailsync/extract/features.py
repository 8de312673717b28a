"""Sees each statement with its context: what stands around it, whose words it is, what it answers."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from mailsync.extract.lexicon import Wording, wording
from mailsync.extract.people import speaker
from mailsync.extract.rules import OFFERS, Rule, by_rule, fired, tags
from mailsync.model.entry import Kind
from mailsync.model.mail import Statement
from mailsync.model.people import Circle, Side
from mailsync.model.thread import Heard, ReadMessage


@dataclass(slots=True, kw_only=True)
class Case:
    """A statement with everything that is known when its kind is decided.

    `answers` are the kinds that rules see in what it may answer: the quoted words above it, else the other side's last
    message. `before` and `after` are its neighbours.
    """

    statement: Statement
    language: str
    side: Side
    wording: Wording
    tags: set[str]
    answers: frozenset[Kind] = frozenset()
    rules: list[Rule] = field(default_factory=list)
    before: "Case | None" = None
    after: "Case | None" = None


def cases(read: ReadMessage, statements: Sequence[Statement], circle: Circle, earlier: Sequence[Heard]) -> list[Case]:
    """Return the statements of a message as cases, in their order."""
    side = circle.side(speaker(read))
    heard = _answered(read, side, circle, earlier)
    found = []
    for statement in statements:
        words = wording(statement.quote, read.language)
        case = Case(statement=statement, language=read.language, side=side, wording=words, tags=tags(words))
        texts = [statement.answering] if statement.answering else [s.quote for s in heard.statements] if heard else []
        case.answers = frozenset(kind for text in texts[-40:] for kind in _kinds(text, read.language))
        case.tags.update(f"answers:{kind}" for kind in case.answers)
        if case.answers & OFFERS:
            case.tags.add("answers:offer")
        if statement.lead:
            case.tags.update(f"lead:{kind}" for kind in _kinds(statement.lead, read.language))
        if statement.in_list:
            case.tags.add("list")
        case.rules = fired(case.tags)
        found.append(case)
    for one, two in zip(found, found[1:], strict=False):
        one.after, two.before = two, one
    return found


def _answered(read: ReadMessage, side: Side, circle: Circle, earlier: Sequence[Heard]) -> Heard | None:
    """Return the message that this one answers: the one it replies to, else the other side's last one."""
    for heard in reversed(earlier):
        if heard.read.message.message_id in read.message.in_reply_to and heard.statements:
            if circle.side(speaker(heard.read)) is not side:
                return heard
    return next((h for h in reversed(earlier) if h.statements and circle.side(speaker(h.read)) is not side), None)


def _kinds(text: str, language: str) -> tuple[Kind, ...]:
    return tuple(by_rule(fired(tags(wording(text, language)))))
