"""Reads from one statement its terms: when, how much, about what, on what condition, and what is left vague."""

import re
from collections.abc import Sequence
from datetime import date, datetime, timedelta

from mailsync.extract.topics import asks_first, find_cues, topic
from mailsync.model.entry import Kind, Terms
from mailsync.model.mail import Statement
from mailsync.model.people import WorkingHours
from mailsync.text.dates import DateFound, DateRole, find_dates
from mailsync.text.money import Amount, find_amounts, plain_numbers
from mailsync.text.symbols import encode

#: What refuses, complains or reports is not due any more.
_NEVER_DUE = frozenset({Kind.REJECTION, Kind.ISSUE, Kind.FULFILMENT})
#: Readings that lean on a day spoken of before.
_LEANING = frozenset({"bare", "clock", "that day", "relative", "nth"})
_LEANS = re.compile(r"thatday|then |wd_|wd\d (?:after|before)")
#: Readings that are plain enough for others to lean on.
_PLAIN_DAY = frozenset({"day", "range", "date", "weekday", "bare", "tomorrow", "relative", "end of"})
#: Readings that name day and month.
_IN_FULL = frozenset({"day", "range", "date"})
#: Kinds that speak of what the other side put on the table.
_ANSWERING = frozenset({Kind.PROPOSAL, Kind.APPROVAL, Kind.DECISION})
_COARSE = frozenset({"month", "quarter", "week", "weekend", "eod"})
#: "Frozen until June" says how long, not when something is due.
_AS_LONG_AS = ("until", "till", "jusqu", "hasta", "fino")
#: Kinds in which "do this, and I do that" promises the second part.
_PROMISING = frozenset({Kind.COMMITMENT, Kind.APPROVAL})
_AND_THEN = re.compile(r",? and (?:i|we|it|he|she|they|you)\b(?:['’]ll| will| can| have)?", re.IGNORECASE)
#: What a cue says about why a party could later dispute what was meant.
_REASONS = {"vague": "wording: ", "nobody": "no owner: "}


def terms(
    statement: Statement,
    kind: Kind,
    *,
    sent: datetime,
    language: str,
    hours: WorkingHours,
    context: Sequence[str] = (),
) -> Terms:
    """Return the terms of `statement`, read as an entry of `kind`.

    `sent` is the message's own aware date, against which every due phrase is resolved. `context` are the sentences said
    before, oldest first (the thread's, then the message's own); a bare day or an amount repeated without its unit leans
    on them. Never raises on what mail may hold.
    """
    text = statement.quote
    promise = _promise(text, language) if kind in _PROMISING else 0
    due = None if kind in _NEVER_DUE else _due(text, kind, sent, language, hours, context, promise)
    amount = _amount(text, kind, sent, language, context)
    cues = find_cues(text, language)
    return Terms(
        due=due.iso if due else None,
        due_words=due.words if due else "",
        due_choices=(due.iso, *due.choices) if due and due.choices else (),
        amount=str(amount) if amount else None,
        topic=topic(cues, kind, unit=amount.unit if amount else "", dated=due is not None),
        conditional=bool(promise) or _is_conditional(text, kind, language),
        vague=tuple(dict.fromkeys(_REASONS[c.label] + c.words for c in cues if c.label in _REASONS)),
    )


def _promise(text: str, language: str) -> int:
    """Return where the promise begins in "Send it by Monday, and I start on Tuesday"; 0 where there is none."""
    if not asks_first(text, language):
        return 0
    found = _AND_THEN.search(text[:600])
    return found.start() if found else 0


# when


def _due(
    text: str, kind: Kind, sent: datetime, language: str, hours: WorkingHours, context: Sequence[str], promise: int
) -> DateFound | None:
    found = find_dates(text, sent, language, hours=hours)
    first = None
    if context and (any(f.rule in _LEANING for f in found) or _LEANS.search(encode(text, language).line)):
        first = _spoken_of(found, kind, context, sent, language, hours)
        found = find_dates(text, sent, language, first=first, hours=hours) if first else found
    stated = [f for f in found if f.start >= promise and _may_be_due(f, kind)]
    free = [f for f in stated if f.role is not DateRole.CONDITION]
    if not free and (kind is Kind.REQUEST or encode(text, language).silent):
        free = [f for f in stated if f.bounded]
    return max(free, key=lambda f: (_weight(f), f.start)) if free else None


def _may_be_due(found: DateFound, kind: Kind) -> bool:
    if found.role is DateRole.PAST:
        return False
    if found.grain == "lasting":
        return kind is Kind.COMMITMENT
    if found.grain == "year":
        return found.bounded
    if found.grain == "month" and found.words.lower().startswith(_AS_LONG_AS):
        return False
    return not (found.rule == "today" and found.words.lower().startswith(("from", "as of", "ab ", "as from")))


def _weight(found: DateFound) -> int:
    """Return how likely a date is the one the statement is about: a day before a month, a bounded one before a bare one."""
    if found.grain == "clock":
        return 0
    return (1 if found.grain in _COARSE else 4) + (2 if found.bounded else 1 if found.marked else 0)


def _spoken_of(
    found: Sequence[DateFound], kind: Kind, context: Sequence[str], sent: datetime, language: str, hours: WorkingHours
) -> date | None:
    """Return the day that the leaning expressions of a statement lean on, None where `context` names none to come.

    "The 13th" means the 13th that was named in full before. Who answers an offer, or makes a counter-offer, speaks of
    the month of that offer; a new task's "by the 20th" means the next one. A bare time of day, "that day" and "the
    Friday before" lean on what was said just now.
    """
    bare = {f.iso[8:10] for f in found if f.rule == "bare"}
    answers = kind in _ANSWERING
    far = bool(bare) or kind is Kind.DECISION
    for sentence in reversed(context[-60 if far else -3 :]):
        for f in reversed(find_dates(sentence, sent, language, hours=hours)):
            if f.iso[:10] < sent.date().isoformat() or f.rule not in (_IN_FULL if bare else _PLAIN_DAY):
                continue
            if not bare and f.role is DateRole.PAST:
                continue
            if not bare or answers or f.iso[8:10] in bare:
                return date.fromisoformat(f.iso[:10])
    return None


# how much


def _dollar(sent: datetime, language: str) -> str:
    """Return the currency a plain "$" stands for where this was written."""
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


_LEFT_BEHIND = re.compile(
    r"(?:\b(?:instead of|down from|up from|rather than|statt|au lieu de|en vez de|en lugar de|invece di|from|von|desde)\s)$",
    re.IGNORECASE,
)
_TOTAL = re.compile(
    r"\b(?:total|to|comes to|makes|so|altogether|in all|insgesamt|also|auf|macht|zusammen|au total|soit|en total)\s\S{0,4}\s?$",
    re.IGNORECASE,
)
_LASTING = re.compile(
    r"\b(?:in|within|for|every|after|binnen|innerhalb(?: von)?|sous|dans|en|entro|half an|half|an|per|up to|next|coming|at least|under|last|first|past|letzten|dernières|últimas|depuis|à|vers|dès|avant|après)\s$",
    re.IGNORECASE,
)
_NO_WORK = re.compile(
    r"\s?(?:ago|later|notice|before|after|early|late|earlier|from now|a day|in advance|response|beforehand|vorher)\b",
    re.IGNORECASE,
)


#: Kinds that may be about hours of work, and those a percentage belongs to.
_OF_HOURS = frozenset({Kind.PROPOSAL, Kind.DECISION, Kind.APPROVAL, Kind.COMMITMENT, Kind.REQUEST})
_OF_SHARES = _OF_HOURS | {Kind.REJECTION}


def _amount(text: str, kind: Kind, sent: datetime, language: str, context: Sequence[str]) -> Amount | None:
    dollar = _dollar(sent, language)
    found = find_amounts(text, language, dollar=dollar)
    money = [a for a in found if a.unit not in {"h", "%", ""}]
    if money:
        return _chosen(text, money)
    repeated = _repeated(text, kind, [a for a in found if not a.unit], dollar, language, context) if context else None
    if repeated:
        return repeated
    hours = [a for a in found if a.unit == "h" and kind in _OF_HOURS and not _is_while(text, a)]
    shares = [a for a in found if a.unit == "%" and kind in _OF_SHARES]
    return _chosen(text, hours or shares) if hours or shares else None


def _is_while(text: str, amount: Amount) -> bool:
    """Say whether hours tell a length of time ("within 48 hours") and not work."""
    return bool(_LASTING.search(text[max(0, amount.start - 24) : amount.start]) or _NO_WORK.match(text[amount.end :]))


def _chosen(text: str, group: list[Amount]) -> Amount:
    kept = [a for a in group if not _LEFT_BEHIND.search(text[max(0, a.start - 20) : a.start])] or group
    totals = [a for a in kept if _TOTAL.search(text[max(0, a.start - 20) : a.start])]
    if totals:
        return totals[-1]
    return kept[-1] if kept[0].unit == "%" else kept[0]


_OFFERED = re.compile(r"\b(?:for|do|say|offer|to|pour|für|por|per)\s$", re.IGNORECASE)
_ALONE = re.compile(r"\W*$")
_GOES_ON = re.compile(r"\s*(?:[.,;!]|$)")


def _repeated(
    text: str, kind: Kind, spelt: Sequence[Amount], dollar: str, language: str, context: Sequence[str]
) -> Amount | None:
    """Return a number without unit that speaks of an amount of an earlier sentence, with that amount's unit.

    It is the same number, or it stands where a price would: written with thousands, offered ("would you do 500"), or
    all by itself ("15.").
    """
    numbers = [(a.start, a.end, a.value) for a in spelt] + list(plain_numbers(text))
    if not numbers or (kind in {Kind.FULFILMENT, Kind.ISSUE} and not spelt):
        return None
    before = [a for s in context[-60:] for a in find_amounts(s, language, dollar=dollar) if a.unit not in {"", "h"}]
    if not before:
        return None
    known, last = {a.value: a.unit for a in before}, before[-1].unit
    offered, same = [], []
    for start, end, value in numbers:
        alone = _ALONE.match(text[:start]) and _GOES_ON.match(text, end)
        large = value >= 100 and (
            _OFFERED.search(text[max(0, start - 8) : start]) or "," in text[start:end] or not text[start].isdigit()
        )
        if alone or (large and last != "%"):
            offered.append(Amount(start=start, end=end, value=value, unit=known.get(value, last)))
        elif value in known and (value >= 100 or known[value] == "%"):
            same.append(Amount(start=start, end=end, value=value, unit=known[value]))
    return offered[-1] if offered else same[0] if same else None


# on what condition


#: A span that counts from an event ("three weeks from your order") hangs on that event.
_FROM_EVENT = re.compile(
    r"(?<!\S)(?:within (?:the )?(?:n\d+|a) u\w+ of|(?:n\d+|a) u(?:day|bday|week|month|fortnight) (?:from|after|once)) (?!today|now|tomorrow|[mno]\d|wd|the [on]\d)"
)
_UNTIL_DONE = re.compile(r"\buntil (?:the|your|our|all) (?:\w+ ){1,4}(?:is|are|has|have)\b", re.IGNORECASE)
_THREAT = re.compile(
    r"\bor (?:else\b|i['’]?m\b|i am\b|i will\b|i['’]ll\b|we['’]ll\b|we will\b|you can\b|ye can\b)", re.IGNORECASE
)


def _is_conditional(text: str, kind: Kind, language: str) -> bool:
    coded = encode(text, language)
    if coded.openers or _FROM_EVENT.search(coded.line) or _UNTIL_DONE.search(text[:600]):
        return True
    return kind in {Kind.COMMITMENT, Kind.REJECTION} and _THREAT.search(text[:600]) is not None
