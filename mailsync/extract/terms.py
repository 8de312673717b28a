"""Reads from one statement its terms: when, how much, about what, on what condition, and what is left vague."""

import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import lru_cache
from importlib import resources

from mailsync.model.entry import Kind, Terms, Topic
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
_COARSE = frozenset({"month", "quarter", "week", "weekend"})
_LANGUAGES = ("en", "de", "fr", "es", "it")


@dataclass(frozen=True, slots=True)
class _Cues:
    """One language's words for topics, for vagueness and for conditions that are none."""

    topics: Mapping[Topic, re.Pattern[str]]
    vague: re.Pattern[str]
    nobody: re.Pattern[str]
    no_condition: re.Pattern[str]
    imperative: re.Pattern[str]


def _any_of(phrases: Sequence[str]) -> re.Pattern[str]:
    """Return a pattern for any of `phrases` at word boundaries; a final "~" lets a word go on."""
    parts = [re.escape(p.removesuffix("~")) + ("" if p.endswith("~") else r"(?!\w)") for p in phrases]
    return re.compile(r"(?<!\w)(?:" + "|".join(parts) + ")" if parts else r"$^", re.IGNORECASE)


@lru_cache(maxsize=len(_LANGUAGES))
def _cues(language: str) -> _Cues:
    data = tomllib.loads((resources.files("mailsync.extract") / "cues" / f"terms_{language}.toml").read_text("utf-8"))
    return _Cues(
        topics={Topic(name): _any_of(phrases) for name, phrases in data["topics"].items()},
        vague=_any_of(data["vague"]),
        nobody=_any_of(data["nobody"]),
        no_condition=_any_of(data["no_condition"]),
        imperative=_any_of(data["imperative"]),
    )


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
    text, cues = statement.quote, _cues(language if language in _LANGUAGES else "en")
    promise = kind in {Kind.COMMITMENT, Kind.APPROVAL} and _imperative_first(text, cues)
    due = None if kind in _NEVER_DUE else _due(text, kind, sent, language, hours, context, promise)
    amount = _amount(text, kind, sent, language, context)
    return Terms(
        due=due.iso if due else None,
        due_words=due.words if due else "",
        due_choices=(due.iso, *due.choices) if due and due.choices else (),
        amount=str(amount) if amount else None,
        topic=_topic(text, kind, due is not None, amount, cues),
        conditional=bool(promise) or _is_conditional(text, language, cues),
        vague=_vague(text, cues),
    )


def _imperative_first(text: str, cues: _Cues) -> int:
    """Return where the promise begins in "Send it by Monday, and I start on Tuesday"; 0 where there is none."""
    if not cues.imperative.match(text):
        return 0
    found = re.search(
        r",? and (?:i|we|it|he|she|they|you|luis)\b(?:'ll|'s| will| can| have)?", text[:600], re.IGNORECASE
    )
    return found.start() if found else 0


# when


def _due(
    text: str, kind: Kind, sent: datetime, language: str, hours: WorkingHours, context: Sequence[str], promise: int
) -> DateFound | None:
    found = find_dates(text, sent, language, hours=hours)
    if context and (any(f.rule in _LEANING for f in found) or _LEANS.search(encode(text, language).line)):
        near = all(f.rule in {"clock", "that day", "relative"} for f in found)
        first = _spoken_of(context[-3:] if near else context[-60:], sent, language, hours)
        if first:
            found = find_dates(text, sent, language, first=first, hours=hours)
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
    return not (found.rule == "today" and found.words.lower().startswith(("from", "as of", "ab ", "as from")))


def _weight(found: DateFound) -> int:
    """Return how likely a date is the one the statement is about: a day before a month, a bounded one before a bare one."""
    if found.grain == "clock":
        return 0
    return (1 if found.grain in _COARSE else 4) + (2 if found.bounded else 1 if found.marked else 0)


def _spoken_of(context: Sequence[str], sent: datetime, language: str, hours: WorkingHours) -> date | None:
    """Return the day last named in `context` that is not past when this message was sent."""
    for sentence in reversed(context):
        days = [
            date.fromisoformat(f.iso[:10])
            for f in find_dates(sentence, sent, language, hours=hours)
            if f.rule in _PLAIN_DAY and f.role is not DateRole.PAST
        ]
        later = [d for d in days if d >= sent.date()]
        if later:
            return later[-1]
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
    r"\b(?:in|within|for|every|after|binnen|innerhalb(?: von)?|sous|dans|en|entro|half an|half|an|per|up to|next|coming|at least|under)\s$",
    re.IGNORECASE,
)
_NO_WORK = re.compile(
    r"\s?(?:ago|later|notice|before|after|early|late|earlier|from now|a day|in advance|response|beforehand|vorher)\b",
    re.IGNORECASE,
)


def _amount(text: str, kind: Kind, sent: datetime, language: str, context: Sequence[str]) -> Amount | None:
    dollar = _dollar(sent, language)
    found = [a for a in find_amounts(text, language, dollar=dollar) if not (a.unit == "h" and _is_while(text, a))]
    money = [a for a in found if a.unit not in {"h", "%", ""}]
    for group in (money, [a for a in found if a.unit == "h"], [a for a in found if a.unit == "%"]):
        if group:
            return _chosen(text, group)
    if not context:
        return None
    return _repeated(text, kind, [a for a in found if not a.unit], dollar, language, context)


def _is_while(text: str, amount: Amount) -> bool:
    """Say whether hours tell a length of time ("within 48 hours") and not work."""
    return bool(_LASTING.search(text[max(0, amount.start - 24) : amount.start]) or _NO_WORK.match(text[amount.end :]))


def _chosen(text: str, group: list[Amount]) -> Amount:
    kept = [a for a in group if not _LEFT_BEHIND.search(text[max(0, a.start - 20) : a.start])] or group
    totals = [a for a in kept if _TOTAL.search(text[max(0, a.start - 20) : a.start])]
    if totals:
        return totals[-1]
    return kept[-1] if kept[0].unit == "%" else kept[0]


def _repeated(
    text: str, kind: Kind, spelt: Sequence[Amount], dollar: str, language: str, context: Sequence[str]
) -> Amount | None:
    """Return a number without unit that an earlier sentence gave as an amount, with that unit."""
    if kind in {Kind.FULFILMENT, Kind.ISSUE} and not spelt:
        return None
    numbers = [(a.start, a.end, a.value) for a in spelt] + list(plain_numbers(text))
    if not numbers:
        return None
    known = {a.value: a for s in context[-60:] for a in find_amounts(s, language, dollar=dollar) if a.unit}
    for start, end, value in numbers:
        if value in known and (value >= 100 or known[value].unit == "%"):
            return Amount(start=start, end=end, value=value, unit=known[value].unit)
    return None


# about what, on what condition, how firmly


def _topic(text: str, kind: Kind, dated: bool, amount: Amount | None, cues: _Cues) -> Topic:
    counts = {topic: len(pattern.findall(text)) * 2 for topic, pattern in cues.topics.items()}
    if amount and amount.unit not in {"h"}:
        counts[Topic.BUDGET] = counts.get(Topic.BUDGET, 0) + 1
    if kind is Kind.ISSUE:
        counts[Topic.QUALITY] = counts.get(Topic.QUALITY, 0) + 1
    best = max(counts, key=lambda t: counts[t], default=Topic.OTHER)
    if counts.get(best):
        return best
    if kind is Kind.FULFILMENT or (dated and kind in {Kind.COMMITMENT, Kind.REQUEST}):
        return Topic.DELIVERABLE
    return Topic.DEADLINE if dated else Topic.SCOPE


def _is_conditional(text: str, language: str, cues: _Cues) -> bool:
    for at, opener in encode(text, language).openers:
        if not cues.no_condition.match(text, at) and not cues.no_condition.search(text[at : at + len(opener) + 24]):
            return True
    return False


def _vague(text: str, cues: _Cues) -> tuple[str, ...]:
    reasons = [f"wording: {m.group().lower()}" for m in cues.vague.finditer(text[:600])]
    reasons += [f"no owner: {m.group().lower()}" for m in cues.nobody.finditer(text[:600])]
    return tuple(dict.fromkeys(reasons))
