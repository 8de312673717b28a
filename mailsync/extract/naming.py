"""Names each finding by the id of its entry, and lets what people said about entries win over what was read."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from mailsync.model.entry import Evidence, Finding, Kind, Tier, Topic, due_day
from mailsync.model.thread import Background, Heard, standing


def entry_id(finding: Finding) -> str:
    """Return the id of a finding's entry: 12 hex digits that depend on its evidence and kind alone.

    The same message read again, alone or in a longer thread, gives the same ids.
    """
    return id_of(finding.evidence, finding.kind)


def id_of(evidence: Evidence, kind: Kind) -> str:
    """Return the id that an entry of `kind` on these words has."""
    key = f"{evidence.message_id}\0{kind}\0{evidence.span.start}\0{evidence.quote}"
    return hashlib.sha256(key.encode("utf-8", "surrogatepass")).hexdigest()[:12]


def corrections(background: Background) -> dict[str, dict[str, str | None]]:
    """Return what people changed, by entry and field, the latest word last; {"removed": ...} for what they removed."""
    told: dict[str, dict[str, str | None]] = {}
    for entry, words in standing(background.corrections).items():
        fields = told.setdefault(entry, {})
        for correction in words:
            fields.update(correction.changes)
            if correction.removed:
                fields["removed"] = correction.reason
    return told


def named(heard: Sequence[Heard], told: Mapping[str, dict[str, str | None]]) -> list[list[tuple[str, Finding]]]:
    """Return the findings of each message with their ids, corrected by people, without what they removed.

    The id is made before the correction, so that a correction outlives every reading. What stands twice on the same
    words of the same message counts once.
    """
    seen = {entry for entry, fields in told.items() if "removed" in fields}
    named = []
    for h in heard:
        pairs = []
        for finding in h.findings:
            own = entry_id(finding)
            if own not in seen:
                seen.add(own)
                pairs.append((own, _corrected(finding, told.get(own, {}))))
        named.append(pairs)
    return named


def _corrected(finding: Finding, fields: Mapping[str, str | None]) -> Finding:
    """Return `finding` with the fields that a person set; a value that does not exist changes nothing."""
    if not fields:
        return finding
    terms = finding.terms
    if "due" in fields:
        terms = replace(terms, due=_day(fields["due"], terms.due), due_choices=())
    if "amount" in fields:
        terms = replace(terms, amount=fields["amount"])
    topic, kind, tier = fields.get("topic"), fields.get("kind"), fields.get("tier")
    if topic in set(Topic):
        terms = replace(terms, topic=Topic(topic))
    return replace(
        finding,
        terms=terms,
        kind=Kind(kind) if kind in set(Kind) else finding.kind,
        tier=Tier(tier) if tier in set(Tier) else finding.tier,
        owner=fields.get("owner", finding.owner),
    )


def _day(text: str | None, before: str | None) -> str | None:
    """Return `text` if it is no date at all or an ISO date or date-time, else `before`."""
    try:
        if text:
            due_day(text)
            datetime.fromisoformat(text)
    except ValueError:
        return before
    return text or None
