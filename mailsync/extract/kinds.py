"""Decides which kinds of entry a message's statements carry, and how sure that is."""

from collections.abc import Sequence

from mailsync.extract.features import Case, cases
from mailsync.extract.people import speaker, who_and_owner
from mailsync.extract.rules import by_rule
from mailsync.model.entry import Evidence, Finding, Kind, Terms, Tier
from mailsync.model.mail import Statement
from mailsync.model.thread import Background, Heard, ReadMessage

_LOG, _SUGGEST = 0.85, 0.5


def findings(
    read: ReadMessage, statements: Sequence[Statement], background: Background, earlier: Sequence[Heard]
) -> tuple[Finding, ...]:
    """Return what the statements of a read message carry, in their order; () for a message that was not read.

    `earlier` are the thread's messages before this one, by date. A statement may carry two kinds, then the surer one
    comes first.
    """
    if read.unread or read.message.sender is None:
        return ()
    found: list[Finding] = []
    for case in cases(read, statements, background.circle, earlier):
        for kind, sure, because in _judged(case):
            found.append(_finding(case, kind, sure, because, read, background, earlier))
    return tuple(found)


def _judged(case: Case) -> list[tuple[Kind, float, str]]:
    """Return the kinds that `case` carries with their probability and what spoke for them, at most two."""
    scored = [(kind, sure, because) for kind, (sure, because) in by_rule(case.rules).items() if sure >= _SUGGEST]
    return sorted(scored, key=lambda s: -s[1])[:2]


def _finding(
    case: Case,
    kind: Kind,
    sure: float,
    because: str,
    read: ReadMessage,
    background: Background,
    earlier: Sequence[Heard],
) -> Finding:
    message, statement = read.message, case.statement
    before = case.before.statement.quote if case.before else ""
    who, owner = who_and_owner(statement.quote, kind, read, background.circle, earlier, before)
    return Finding(
        kind=kind,
        evidence=Evidence(
            digest=message.digest, message_id=message.message_id, span=statement.span, quote=statement.quote
        ),
        date=message.sent_at,
        side=background.circle.side(speaker(read)),
        who=who,
        owner=owner,
        terms=Terms(),
        confidence=sure,
        tier=Tier.LOG if sure >= _LOG else Tier.SUGGESTION,
        because=because,
    )
