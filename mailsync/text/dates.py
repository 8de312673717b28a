"""Finds what a sentence says about when, and resolves it against the moment its message was sent, never against now."""

import re
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from enum import StrEnum

from mailsync.model.people import WorkingHours
from mailsync.text.clocks import Clock, find_clocks, stands_alone, zoned
from mailsync.text.date_rules import DAY_RULES, Anchor, Reading, Rule
from mailsync.text.period_rules import PERIOD_RULES
from mailsync.text.symbols import Coded, encode


class DateRole(StrEnum):
    """What a date does in its sentence.

    deadline: something must be done by then; point: it happens then; condition: it belongs to an "if"; past: it lies
    behind, or the sentence speaks of it as gone by or refused.
    """

    DEADLINE = "deadline"
    POINT = "point"
    CONDITION = "condition"
    PAST = "past"


@dataclass(frozen=True, slots=True, kw_only=True)
class DateFound:
    """An expression of time: `text[start:end]` is `words`, the preposition that marks it included.

    `iso` is a date, or a date-time with offset where a time of day is stated; `choices` are the other readings of an
    ambiguous expression. `grain` is what the words name ("day", "week", "month", ..., "clock" for a time of day alone,
    "lasting" for a length of time), `rule` the rule that read them. `marked` says that a preposition ties the date to
    the sentence ("on Friday", not "Friday's list"), `bounded` that it is one that sets a limit ("by Friday").
    """

    start: int
    end: int
    words: str
    iso: str
    choices: tuple[str, ...] = ()
    grain: str
    rule: str
    role: DateRole
    marked: bool = True
    bounded: bool = False


@dataclass(frozen=True, slots=True)
class _Match:
    """A reading with its place in the line of symbols."""

    start: int
    end: int
    rule: str
    reading: Reading


#: Without one of these in its line a sentence says nothing about when.
_TIME = re.compile(
    r"(?<!\S)(?:(?:wd|[otmndsq])\d|to(?:day|morrow|night)|overmorrow|yesterday|eod|noon|midnight|then|thatday|weekend|kw"
    r"|(?:within|next|this|coming|last|end|start|mid|every|in|by|for|a) (?:\S+ )?u[a-z]|h[a-z]{4}"
    r"|u[a-z]+ (?:next|coming|last|after)|morning|evening|afternoon)"
)
_RULES = (*DAY_RULES, *PERIOD_RULES)
_LEANING = frozenset({"bare", "nth"})
_NAMING_MONTHS = frozenset({"day", "range", "date", "month"})
#: Grains that name no day by themselves, so that no time of day belongs to them.
_COARSE = frozenset({"month", "quarter", "year", "week", "weekend", "lasting"})

_BY = r"(?:by|before|until|within|byin|tail)"
_STARTS_BY = re.compile(rf"{_BY} ")
_DEADLINE = re.compile(rf"(?<!\S){_BY} (?:the |on |at |_ |a |in )?(?:at )?$")
_POINT = re.compile(r"(?<!\S)(?:on|at|for|from|in|to|after|between|this|coming|next|the) (?:the |on |at )?$")
_OWN_MARK = ("on ", "in ", "for ", "at ", "from ", "the ", "this ")
_REFUSED = re.compile(r"(?<!\S)instead (?:the |on |by |for |a )*$")
_SINCE = re.compile(r"(?<!\S)since (?:on |the |in )*$")
_SAID = re.compile(r"(?<!\S)said(?: (?!too|to |_ too)\S+){0,3} (?:on |the |in )*$")
#: Readings that "as we said on Tuesday" puts into the past.
_MAY_BE_PAST = frozenset({"weekday", "bare", "day", "date", "range", "today"})
_TAIL = re.compile(r"(?:, )?tail ")

_GAP = re.compile(
    r"(?:at |by |before |from |until |after |around |for |in |on |the |, |of |tail |between )*(?:_ ){0,2}(?:at )?"
)
_PART = re.compile(
    r"(?:(?:at |in |on |the |, |by |for |before )*(?:morning|afternoon|evening|eod|noon|tail|tonight|today) )+"
)
_MARK = re.compile(r"(?<!\S)(?:(?:by|before|until|within|byin|on|at|in|for|from) (?:the )?(?:at |on )?|the )$")
_TO = re.compile(r"(?:to|until|by|and) (?:the |by |from )*")
_BESIDE = re.compile(r"(?:on |the |, |of |at |by |in )*")
_WEEK_OF = re.compile(r"(?<!\S)uweek (?:of |from |on )(?:the )?$")

#: A limit that lies no further back is one that was missed.
_JUST_NOW = 14

#: Where a condition gives way to what hangs on it.
_CLAUSE_ENDS = re.compile(
    r"[,;:]\s|\bthen\b|\bdann\b|\b(?:I|we|you|it|he|she|they)(?:['’](?:ll|d)\b| will\b| would\b| can\b)"
)
#: What refuses the date before it.
_OFF = re.compile(
    r"\s*,?\s*(?:(?:is|are|was) (?:off|out|no good|not )|(?:does|do|did|will|would)(?:n['’]t| not)|won['’]t"
    r"|geht (?:\w+ )?nicht|passt nicht|ne (?:convient|va|marche|me|nous)|n['’]est|no (?:me|nos|puede|es|va)"
    r"|non (?:va|posso))"
)


def month_comes_first(sent: datetime, language: str) -> bool:
    """Say whether the writer of a numeric date puts the month first: English from the Americas."""
    offset = sent.utcoffset()
    return language in {"en", ""} and offset is not None and offset <= timedelta(hours=-4)


def find_dates(
    text: str, sent: datetime, language: str, *, first: date | None = None, hours: WorkingHours | None = None
) -> tuple[DateFound, ...]:
    """Return the expressions of time in one sentence, in order of place.

    `sent` is the message's own aware date; `first` the day last spoken of, for "the 25th", "by then" and bare times of
    day; `hours` decide what a working day is. Never raises on what mail may hold.
    """
    coded = encode(text, language)
    if not _TIME.search(coded.line):
        return ()
    anchor = Anchor(sent, first, language, month_comes_first(sent, language), hours or WorkingHours(), coded.values)
    try:
        matches, clocks = _joined(_matches(coded, anchor), coded.line), find_clocks(coded.line, language)
        found = [_found(text, coded, m, clocks, sent) for m in matches]
        taken = [(f.start, f.end) for f in found]
        for clock in clocks:
            start, _ = _characters(coded, clock.start, clock.end)
            if stands_alone(clock, coded.line) and not any(s <= start < e for s, e in taken):
                found.append(_bare_clock(text, coded, clock, anchor))
    except (OverflowError, ValueError):  # days before the year 1 or after 9999
        return ()
    return tuple(sorted(found, key=lambda f: f.start))


def _matches(coded: Coded, anchor: Anchor) -> list[_Match]:
    """Return the readings of a line in order; where they overlap the longest."""
    tried = [(rule, m) for rule in _RULES if rule.needs in coded.line for m in rule.pattern.finditer(coded.line)]
    read = [(rule, m, reading) for rule, m in tried if (reading := rule.resolve(m, anchor)) is not None]
    read.sort(key=lambda r: r[1].start() - r[1].end())
    kept: list[tuple[Rule, re.Match[str], Reading]] = []
    for rule, m, reading in read:
        if all(m.end() <= k.start() or m.start() >= k.end() for _, k, _ in kept):
            kept.append((rule, m, reading))
    kept.sort(key=lambda k: k[1].start())
    found: list[_Match] = []
    spoken: date | None = None
    for rule, m, reading in kept:
        # "test from February 2 to 6 and report on the 20th": the day leans on the month named before it
        again = rule.resolve(m, replace(anchor, first=spoken)) if spoken and rule.name in _LEANING else None
        found.append(_Match(m.start(), m.end(), rule.name, again or reading))
        spoken = reading.days[0] if rule.name in _NAMING_MONTHS and not reading.past else spoken
    return found


def _joined(matches: list[_Match], line: str) -> list[_Match]:
    """Return the readings with those made one that say one thing together.

    "From X to Y" and "X and Y" mean the last day, "close of business Thursday" means Thursday, "the week of the 3rd"
    the Friday of that week.
    """
    joined: list[_Match] = []
    for match in matches:
        before, gap = (joined[-1], line[joined[-1].end : match.start]) if joined else (None, "")
        week = _WEEK_OF.search(line, 0, match.start)
        if week:
            day = match.reading.days[0]
            friday = day + timedelta(days=5 - day.isoweekday())
            reading = Reading((friday,), grain="week", past=match.reading.past)
            joined.append(replace(match, start=week.start(), reading=reading))
        elif before and before.reading.grain == "eod" and _BESIDE.fullmatch(gap):
            joined[-1] = replace(match, start=before.start)
        elif before and match.reading.grain == "eod" and _BESIDE.fullmatch(gap):
            joined[-1] = replace(before, end=match.end)
        elif before and match.reading.minute is None and _TO.fullmatch(gap):
            last = match.reading.days[0]
            later = timedelta(days=7 if match.rule == "weekday" and last < before.reading.days[0] else 0)
            joined[-1] = replace(
                match, start=before.start, rule="range", reading=replace(match.reading, days=(last + later,))
            )
        else:
            joined.append(match)
    return joined


def _characters(coded: Coded, start: int, end: int) -> tuple[int, int]:
    """Return the characters of the text that the symbols from `start` to `end` of the line stand for."""
    places = [i for i, s in enumerate(coded.starts) if start <= s < end]
    return coded.spans[places[0]][0], coded.spans[places[-1]][1]


def _found(text: str, coded: Coded, match: _Match, clocks: list[Clock], sent: datetime) -> DateFound:
    """Return the reading of a match as it is handed out, with the time of day that stands beside it."""
    match = _ahead(match, coded.line, sent.date())
    reading = match.reading
    start, end = _words(coded, match)
    role, marked = _role(coded.line, match)
    clock = (
        _clock_beside(match, clocks, coded.line) if reading.minute is None and reading.grain not in _COARSE else None
    )
    minute = clock.minute if clock else reading.minute
    if clock:
        begin, stop = _characters(coded, clock.start, clock.end)
        start, end, marked = min(start, begin), max(end, stop), True
        if role is DateRole.POINT and _STARTS_BY.match(coded.line, clock.start):
            role = DateRole.DEADLINE
    if _OFF.match(text, end):
        role = DateRole.PAST
    isos = [d.isoformat() if minute is None else zoned(d, minute, sent, text[end : end + 12]) for d in reading.days]
    return DateFound(
        start=start,
        end=end,
        words=text[start:end],
        iso=isos[0],
        choices=tuple(isos[1:]),
        grain="time" if clock else reading.grain,
        rule=match.rule,
        role=_conditional(role, start, coded, text),
        marked=marked,
        bounded=role is DateRole.DEADLINE,
    )


def _words(coded: Coded, match: _Match) -> tuple[int, int]:
    """Return the characters a match stands for, with the preposition before and the part of the day after it."""
    line, start, end = coded.line, match.start, match.end
    mark = _MARK.search(line, max(0, start - 30), start)
    start = mark.start() if mark else start
    for more in (_PART.match(line, end), _TAIL.match(line, end)):
        end = max(end, more.end()) if more else end
    return _characters(coded, start, end)


def _clock_beside(match: _Match, clocks: list[Clock], line: str) -> Clock | None:
    """Return the time of day that stands beside a match, with only small words between."""
    for clock in clocks:
        after = clock.start >= match.end
        gap = line[match.end : clock.start] if after else line[clock.end : match.start]
        if (after or match.start >= clock.end) and _GAP.fullmatch(_PART.sub("", gap)):
            return clock
    return None


def _is_limit(match: _Match, line: str) -> bool:
    """Say whether words like "by" or "at the latest" make a date a limit."""
    before = line[max(0, match.start - 60) : match.start]
    return bool(_STARTS_BY.match(line, match.start) or _DEADLINE.search(before) or _TAIL.match(line, match.end))


def _ahead(match: _Match, line: str, today: date) -> _Match:
    """Return a match whose day went by weeks ago as that of next year, where it is a limit: nobody sets past ones."""
    reading = match.reading
    if not reading.past or len(reading.days) < 2 or reading.days[1] <= today or not _is_limit(match, line):
        return match if not reading.past else replace(match, reading=replace(reading, days=reading.days[:1]))
    if today - reading.days[0] <= timedelta(days=_JUST_NOW):
        return replace(match, reading=replace(reading, days=reading.days[:1]))
    return replace(match, reading=replace(reading, days=reading.days[1:], past=False))


def _role(line: str, match: _Match) -> tuple[DateRole, bool]:
    """Return what the words around a date make of it, and whether a preposition marks it."""
    before, own = line[max(0, match.start - 60) : match.start], line[match.start : match.end]
    limited = _is_limit(match, line)
    said = match.rule in _MAY_BE_PAST and not limited and _SAID.search(before)
    after_that = match.rule == "that day" and before.endswith("after ")
    if match.reading.past or said or after_that or _SINCE.search(before) or _REFUSED.search(before):
        return DateRole.PAST, False
    if line.startswith("ago ", match.end):
        return DateRole.PAST, False
    if limited:
        return DateRole.DEADLINE, True
    return DateRole.POINT, bool(_POINT.search(before)) or own.startswith(_OWN_MARK)


def _bare_clock(text: str, coded: Coded, clock: Clock, anchor: Anchor) -> DateFound:
    """Return a time of day that names no day: on the day spoken of before, else when it is that time next."""
    start, end = _characters(coded, clock.start, clock.end)
    day = anchor.first or anchor.day
    if day == anchor.day and clock.minute <= anchor.sent.hour * 60 + anchor.sent.minute:
        day += timedelta(days=1)
    before = coded.line[max(0, clock.start - 40) : clock.start]
    bounded = bool(_DEADLINE.search(before) or _STARTS_BY.match(coded.line, clock.start))
    role = DateRole.DEADLINE if bounded else DateRole.PAST if _SINCE.search(before) else DateRole.POINT
    return DateFound(
        start=start,
        end=end,
        words=text[start:end],
        iso=zoned(day, clock.minute, anchor.sent, text[end : end + 12]),
        grain="clock",
        rule="clock",
        role=_conditional(role, start, coded, text),
        bounded=bounded,
    )


def _conditional(role: DateRole, start: int, coded: Coded, text: str) -> DateRole:
    """Return the role of a date, CONDITION where it stands inside an "if": from its opener to where its clause ends."""
    if role is DateRole.PAST:
        return role
    for at, words in coded.openers:
        if (
            at < start
            and words != "otherwise"
            and not _CLAUSE_ENDS.search(text, min(start, at + len(words) + 8), start)
        ):
            return DateRole.CONDITION
    return role
