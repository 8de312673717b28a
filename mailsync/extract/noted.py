"""Entries that a person found in a message where reading did not: made like any finding, but sure."""

from collections.abc import Sequence

from mailsync.extract.people import speaker, who_and_owner
from mailsync.extract.terms import terms
from mailsync.model.entry import Evidence, Finding, Kind, Tier
from mailsync.model.mail import Statement
from mailsync.model.thread import Background, Correction, Heard, ReadMessage, standing

BECAUSE = "a person"


def noted(
    read: ReadMessage, said: Sequence[Statement], background: Background, earlier: Sequence[Heard]
) -> tuple[Finding, ...]:
    """Return the findings that people added to this message, by what still holds of what they said.

    `said` are the message's statements; where the words are one of them, its list and its lead are known.
    """
    own = read.message.digest
    told = [one for words in standing(background.corrections).values() for one in words]
    added = [(one, one.added) for one in told if one.added is not None and one.added.digest == own]
    return tuple(
        _finding(evidence, kind, read, said, background, earlier)
        for correction, evidence in added
        if (kind := _kind(correction)) is not None and evidence.span.end <= len(read.message.text)
    )


def _kind(correction: Correction) -> Kind | None:
    wanted = dict(correction.changes).get("kind")
    return Kind(wanted) if wanted in set(Kind) else None


def _finding(  # noqa: PLR0917  each is a part of the scene
    evidence: Evidence,
    kind: Kind,
    read: ReadMessage,
    said: Sequence[Statement],
    background: Background,
    earlier: Sequence[Heard],
) -> Finding:
    known = next((s for s in said if s.span == evidence.span), None)
    statement = known or Statement(span=evidence.span, quote=evidence.quote)
    above = [s.quote for s in said if s.span.end <= evidence.span.start][-6:]
    who, owner = who_and_owner(evidence.quote, kind, read, background.circle, earlier, above[-1:])
    sent = read.message.sent_at
    return Finding(
        kind=kind,
        evidence=evidence,
        date=sent,
        side=background.circle.side(speaker(read)),
        who=who,
        owner=owner,
        terms=terms(statement, kind, sent=sent, language=read.language, hours=background.hours, context=above),
        confidence=1.0,
        tier=Tier.LOG,
        because=BECAUSE,
    )
