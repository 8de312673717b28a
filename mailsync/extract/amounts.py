"""Picks from a statement the one amount it is about, with the unit of an earlier sentence where it has none itself."""

import re
from collections.abc import Sequence
from datetime import datetime, timedelta

from mailsync.model.entry import Kind
from mailsync.text.money import Amount, find_amounts, plain_numbers

#: Kinds that may be about hours of work, and those a percentage belongs to; money belongs to all.
_OF_HOURS = frozenset({Kind.PROPOSAL, Kind.DECISION, Kind.APPROVAL, Kind.COMMITMENT, Kind.REQUEST})
_OF_SHARES = _OF_HOURS | {Kind.REJECTION}
#: Kinds in which a bare number is rather a count.
_COUNTING = frozenset({Kind.FULFILMENT, Kind.ISSUE})
#: How many sentences back an amount may be repeated from.
_FAR = 60


def _before(*phrases: str) -> re.Pattern[str]:
    """Return a pattern for a text that ends with one of `phrases` and a space."""
    return re.compile(r"\b(?:" + "|".join(phrases) + r")\s$", re.IGNORECASE)


_LEFT_BEHIND = _before(
    *("instead of", "down from", "up from", "rather than", "from", "statt", "von", "au lieu de"),
    *("en vez de", "en lugar de", "desde", "invece di"),
)
_TOTAL = re.compile(
    r"\b(?:total|to|comes to|makes|so|altogether|in all|insgesamt|also|auf|macht|zusammen|soit|en total)\s\S{0,4}\s?$",
    re.IGNORECASE,
)
#: Before hours that tell a length of time, and after them.
_LASTING = _before(
    *("in", "within", "for", "every", "after", "half an", "half", "an", "per", "up to", "next", "coming", "at least"),
    *("under", "last", "first", "past", "binnen", "innerhalb", "innerhalb von", "letzten", "sous", "dans", "depuis"),
    *("à", "vers", "dès", "avant", "après", "dernières", "en", "últimas", "entro"),
)
_NO_WORK = re.compile(
    r"\s?(?:ago|later|notice|before|after|early|late|earlier|from now|a day|in advance|response|beforehand|vorher)\b",
    re.IGNORECASE,
)
_OFFERED = _before("for", "do", "say", "offer", "to", "pour", "für", "por", "per")
_GOES_ON = re.compile(r"\s*(?:[.,;!]|$)")


def find_amount(text: str, kind: Kind, *, sent: datetime, language: str, context: Sequence[str] = ()) -> Amount | None:
    """Return the amount an entry of `kind` is about: money before hours before a percentage; None without one.

    `sent` tells which dollars a "$" means, `context` are the sentences said before, oldest first.
    """
    dollar = local_dollar(sent, language)
    found = find_amounts(text, language, dollar=dollar)
    money = [a for a in found if a.unit not in {"h", "%", ""}]
    if money:
        return _chosen(text, money)
    if context and (repeated := _repeated(text, kind, found, _amounts_of(context, language, dollar))):
        return repeated
    hours = [a for a in found if a.unit == "h" and kind in _OF_HOURS and not _is_while(text, a)]
    shares = [a for a in found if a.unit == "%" and kind in _OF_SHARES]
    return _chosen(text, hours or shares) if hours or shares else None


def local_dollar(sent: datetime, language: str) -> str:
    """Return the currency a plain "$" stands for where a message was written, by its offset and language."""
    offset = sent.utcoffset() or timedelta()
    if offset >= timedelta(hours=12):
        return "NZD"
    if offset >= timedelta(hours=9, minutes=30):
        return "AUD"
    if language == "fr" and offset < timedelta():
        return "CAD"
    if language == "es" and offset in {timedelta(hours=-6), timedelta(hours=-7)}:
        return "MXN"
    return "USD"


def _chosen(text: str, group: list[Amount]) -> Amount:
    """Return the amount that counts: not the one left behind ("from 1,460 to 730"), rather a total than a part."""
    kept = [a for a in group if not _LEFT_BEHIND.search(text[max(0, a.start - 20) : a.start])] or group
    totals = [a for a in kept if _TOTAL.search(text[max(0, a.start - 20) : a.start])]
    return (totals or kept)[-1] if totals or kept[0].unit == "%" else kept[0]


def _is_while(text: str, amount: Amount) -> bool:
    """Say whether hours tell a length of time ("within 48 hours") and not work."""
    return bool(_LASTING.search(text[max(0, amount.start - 24) : amount.start]) or _NO_WORK.match(text, amount.end))


def _amounts_of(context: Sequence[str], language: str, dollar: str) -> list[Amount]:
    """Return the money and percentages of earlier sentences, in order."""
    found = (a for sentence in context[-_FAR:] for a in find_amounts(sentence, language, dollar=dollar))
    return [a for a in found if a.unit not in {"", "h"}]


def _repeated(text: str, kind: Kind, found: Sequence[Amount], before: Sequence[Amount]) -> Amount | None:
    """Return a number without unit that speaks of an amount said `before`, with that amount's unit.

    It is the same number, or it stands where a price would: written with thousands, spelt out, offered ("would you do
    500"), or all by itself ("15.").
    """
    spelt = [(a.start, a.end, a.value) for a in found if not a.unit]
    if not before or (kind in _COUNTING and not spelt):
        return None
    known, last = {a.value: a.unit for a in before}, before[-1].unit
    offered, same = [], []
    for start, end, value in spelt + list(plain_numbers(text)):
        alone = not any(c.isalnum() for c in text[:start]) and _GOES_ON.match(text, end)
        priced = "," in text[start:end] or not text[start].isdigit() or _OFFERED.search(text[max(0, start - 8) : start])
        if alone or (value >= 100 and priced and last != "%"):
            offered.append(Amount(start=start, end=end, value=value, unit=known.get(value, last)))
        elif value in known and (value >= 100 or known[value] == "%"):
            same.append(Amount(start=start, end=end, value=value, unit=known[value]))
    return offered[-1] if offered else same[0] if same else None
