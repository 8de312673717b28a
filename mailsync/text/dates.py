"""Finds what a sentence says about when, and resolves it against the moment its message was sent, never against now."""

import re
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta, timezone
from enum import StrEnum
from zoneinfo import ZoneInfo

from mailsync.model.people import WorkingHours
from mailsync.text.date_rules import RULES, Anchor, Reading
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

    `iso` is a date, or a date-time with offset where a time of day is stated; `choices` are other readings of an
    ambiguous expression. `marked` says that a preposition ties it to the sentence ("on Friday", not "Friday's list"),
    `bounded` that it is one of those that set a limit ("by Friday"), whatever the role.
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


@dataclass(frozen=True, slots=True)
class _Clock:
    """A time of day with its place in the line of symbols; `zone` where the words name one."""

    start: int
    end: int
    minute: int


#: Zones people name after a time: an IANA name, or minutes east of UTC for the fixed ones.
_ZONES: dict[str, str | int] = {
    **{"UTC": 0, "GMT": 0, "Z": 0, "WET": 0, "BST": 60, "CET": 60, "MEZ": 60, "CEST": 120, "MESZ": 120, "EET": 120},
    **{"EST": -300, "EDT": -240, "CST": -360, "CDT": -300, "MST": -420, "MDT": -360, "PST": -480, "PDT": -420},
    **{"IST": 330, "SGT": 480, "HKT": 480, "JST": 540, "AEST": 600, "AEDT": 660, "NZST": 720, "NZDT": 780, "SAST": 120},
    **{"ET": "America/New_York", "CT": "America/Chicago", "MT": "America/Denver", "PT": "America/Los_Angeles"},
    **{"EASTERN": "America/New_York", "CENTRAL": "America/Chicago", "PACIFIC": "America/Los_Angeles"},
}
_ZONE = re.compile(r"[\s(]{1,2}(" + "|".join(_ZONES) + r")\b", re.IGNORECASE)

_CLOCKS = re.compile(
    r"""(?<!\S)(?:
    (?:between[ ]|from[ ])?(?:n\d+|t\d+)[ ](?:and|to|until)[ ]t(?P<last>\d+)[ ]
    |t(?P<t>\d+)[ ]
    |(?P<how>qto|qpast|hpast|hto)[ ](?:the[ ])?n(?P<half>\d{1,2})[ ]
    |n(?P<clock>\d{1,2})[ ]oclock[ ]
    |(?:at|by|before|until|after|from|byin)[ ](?:the[ ])?n(?P<bare>\d{1,2})[ ](?P<uhour>uhour[ ])?
        (?=[.,]|on[ ]|in[ ]|the[ ]|to[ ]|and[ ]|morning|evening|afternoon|tonight|today|tomorrow|wd|at[ ]|_[ ]|$)
    |(?P<noon>noon)[ ]
    |(?P<midnight>midnight)[ ]
    )""",
    re.VERBOSE,
)
_WITH_UNIT = re.compile(r"(?<!\S)(?:wd\d|tomorrow|today|n\d+) n(?P<n>\d{1,2}) uhour ")

_BY = r"(?:by|before|until|within|byin|tail)"
_DEADLINE = re.compile(rf"(?<!\S){_BY} (?:the |on |at |_ |a |in )?(?:at )?$")
_POINT = re.compile(r"(?<!\S)(?:on|at|for|from|in|to|with|after|between|this|over|coming|next|the) (?:the |on |at )?$")
_REFUSED = re.compile(r"(?<!\S)instead (?:the |on |by |for |a )*$")
_GONE = re.compile(r"(?<!\S)(?:since|ago|said(?: (?!too|to |_ too)\S+){0,3}) (?:on |the |in )*$")
_GAP = re.compile(
    r"(?:at |by |before |from |until |after |around |for |in |on |the |, |of |tail |between )*(?:_ ){0,2}(?:at )?$"
)
_PART = re.compile(
    r"(?:(?:at |in |on |the |, |by |for |before )*(?:morning|afternoon|evening|eod|noon|tail|tonight|today) )+"
)
#: Grains that name no day by themselves, finest first in a sentence's choice.
_COARSE = frozenset({"month", "quarter", "year", "week", "weekend", "lasting"})


def month_comes_first(sent: datetime, language: str) -> bool:
    """Say whether the writer of a numeric date puts the month first: English from the Americas."""
    offset = sent.utcoffset()
    return language in {"en", ""} and offset is not None and offset <= timedelta(hours=-4)


def _matches(coded: Coded, anchor: Anchor) -> list[_Match]:
    """Return the readings of a line, longest first where they overlap, in order."""
    found = []
    for order, rule in enumerate(RULES):
        if rule.needs not in coded.line:
            continue
        for m in rule.pattern.finditer(coded.line):
            reading = rule.resolve(m, anchor)
            if reading is not None:
                found.append((m.end() - m.start(), -order, _Match(m.start(), m.end(), rule.name, reading)))
    found.sort(key=lambda f: (-f[0], -f[1], f[2].start))
    kept: list[_Match] = []
    for _, _, match in found:
        if all(match.end <= k.start or match.start >= k.end for k in kept):
            kept.append(match)
    return sorted(kept, key=lambda k: k.start)


def _clocks(coded: Coded, language: str) -> list[_Clock]:
    """Return the times of day of a line in order."""
    found = []
    for m in _CLOCKS.finditer(coded.line):
        minute = _minute(m, coded.line, language)
        if minute is not None:
            found.append(_Clock(m.start(), m.end(), minute))
    if language == "fr":
        found += [
            _Clock(m.start("n") - 1, m.end(), int(m["n"]) * 60)
            for m in _WITH_UNIT.finditer(coded.line)
            if int(m["n"]) < 25
        ]
    return found


def _minute(m: re.Match[str], line: str, language: str) -> int | None:
    """Return the minutes after midnight a match of _CLOCKS says, None where it is no time of day."""
    if m["last"] or m["t"]:
        return int(m["last"] or m["t"])
    if m["noon"]:
        return 720
    if m["midnight"]:
        return 1439
    hour = int(m["half"] or m["clock"] or m["bare"])
    if hour > 24 or (m["uhour"] and language != "fr"):
        return None
    if (
        m["bare"]
        and line[m.end() :].startswith("_ ")
        and language == "en"
        and not line[: m.start()].rstrip().endswith(("1", "2", "3", "4", "5", "6", "7"))
    ):
        return None
    rest = line[m.end() : m.end() + 40] + line[max(0, m.start() - 24) : m.start()]
    if re.search(r"evening|tonight|afternoon", rest) and hour < 12:
        hour += 12
    elif "morning" not in rest and hour < (8 if language == "en" else 6):
        hour += 12
    minute = hour % 24 * 60
    return minute + {"qto": -15, "qpast": 15, "hpast": 30, "hto": -30}.get(m["how"] or "", 0)


def _joined(matches: list[_Match], line: str) -> list[_Match]:
    """Return the readings with "from X to Y" and "X and Y" made one, whose day is the last; a week of a day its Friday."""
    joined: list[_Match] = []
    for match in matches:
        before = joined[-1] if joined else None
        if (
            before
            and re.fullmatch(r"(?:to|until|by|and) (?:the |by |from )*", line[before.end : match.start])
            and match.reading.minute is None
        ):
            if before.reading.grain == "eod" or match.reading.grain == "eod":
                day = match if before.reading.grain == "eod" else before
                joined[-1] = replace(day, start=before.start, end=match.end)
                continue
            joined[-1] = replace(match, start=before.start, rule="range")
            continue
        if (
            before
            and before.reading.grain == "eod"
            and re.fullmatch(r"(?:on |the |, |of |at )*", line[before.end : match.start])
        ):
            joined[-1] = replace(match, start=before.start)
            continue
        if (
            before
            and match.reading.grain == "eod"
            and re.fullmatch(r"(?:by |at |, |in |the )*", line[before.end : match.start])
        ):
            joined[-1] = replace(before, end=match.end)
            continue
        if re.search(r"(?<!\S)uweek (?:of |from |on )(?:the )?$", line[: match.start]):
            day = match.reading.days[0]
            friday = day + timedelta(days=5 - day.isoweekday())
            match = replace(match, reading=replace(match.reading, days=(friday,), grain="week"))  # noqa: PLW2901
        joined.append(match)
    return joined


def _clock_of(match: _Match, clocks: list[_Clock], line: str) -> _Clock | None:
    """Return the time of day that stands beside a day, with only small words between."""
    for clock in clocks:
        if clock.start >= match.start and clock.end <= match.end:
            return clock
        gap = line[match.end : clock.start] if clock.start >= match.end else line[clock.end : match.start]
        between = gap if clock.start >= match.end or match.start >= clock.end else None
        if between is not None and _GAP.fullmatch(_PART.sub("", between)):
            return clock
    return None


def _zoned(day: date, minute: int, sent: datetime, after: str) -> str:
    """Return day and time as ISO with the message's own offset, or that of the zone named right after the time."""
    zone = _ZONE.match(after)
    named = _ZONES[zone[1].upper()] if zone else None
    moment = datetime(day.year, day.month, day.day, minute // 60 % 24, minute % 60)  # noqa: DTZ001 - zone set below
    if isinstance(named, str):
        return moment.replace(tzinfo=ZoneInfo(named)).isoformat()
    offset = timedelta(minutes=named) if named is not None else sent.utcoffset() or timedelta()
    return moment.replace(tzinfo=timezone(offset)).isoformat()


def _role(line: str, match: _Match) -> tuple[DateRole, bool]:
    """Return what the words around a date make of it, and whether a preposition marks it."""
    before = line[max(0, match.start - 60) : match.start]
    if match.reading.past or _GONE.search(before) or _REFUSED.search(before):
        return DateRole.PAST, False
    own = line[match.start : match.end]
    if _DEADLINE.search(before) or re.match(rf"{_BY} ", own) or re.match(r"(?:, )?tail ", line[match.end :]):
        return DateRole.DEADLINE, True
    if re.match(r"ago ", line[match.end :]):
        return DateRole.PAST, False
    return DateRole.POINT, bool(_POINT.search(before)) or own.startswith(
        ("on ", "in ", "for ", "at ", "from ", "the ", "this ")
    )


def _words_from(coded: Coded, match: _Match) -> tuple[int, int]:
    """Return the characters a match stands for, with the preposition before and the part of the day after it."""
    line, start, end = coded.line, match.start, match.end
    mark = re.search(
        r"(?<!\S)(?:(?:by|before|until|within|byin|on|at|in|for|from) (?:the )?(?:at |on )?|the )$", line[:start]
    )
    start = mark.start() if mark else start
    part = _PART.match(line, end)
    end = part.end() if part else end
    tail = re.compile(r"(?:, )?tail ").match(line, end)
    end = tail.end() if tail else end
    places = [i for i, s in enumerate(coded.starts) if start <= s < end]
    return coded.spans[places[0]][0], coded.spans[places[-1]][1]


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
        matches = _joined(_matches(coded, anchor), coded.line)
        clocks = _clocks(coded, language)
        found = [_found(text, coded, m, clocks, sent) for m in matches]
        taken = [(f.start, f.end) for f in found]
        found += [
            _bare_clock(text, coded, c, anchor)
            for c in clocks
            if not any(s <= coded.spans[_at(coded, c.start)][0] < e for s, e in taken)
        ]
    except (OverflowError, ValueError):  # years beyond what dates can hold
        return ()
    return tuple(sorted(found, key=lambda f: f.start))


_TIME = re.compile(
    r"(?:wd|[ot]|m|n|d|s|q|h|u|kw)\d|to(?:day|morrow|night)|yesterday|overmorrow|eod|noon|then|thatday|weekend|end u|u(?:week|month|quarter|year|day|bday|hour|fortnight)|h[a-z]|morning|evening|afternoon"
)


def _at(coded: Coded, start: int) -> int:
    return coded.starts.index(start)


def _found(text: str, coded: Coded, match: _Match, clocks: list[_Clock], sent: datetime) -> DateFound:
    """Return the reading of a match as it is handed out, its time of day joined to it."""
    start, end = _words_from(coded, match)
    role, marked = _role(coded.line, match)
    days = match.reading.days
    clock = (
        _clock_of(match, clocks, coded.line)
        if match.reading.minute is None and match.reading.grain not in _COARSE
        else None
    )
    minute = clock.minute if clock else match.reading.minute
    if clock:
        places = [i for i, s in enumerate(coded.starts) if clock.start <= s < clock.end]
        start, end = min(start, coded.spans[places[0]][0]), max(end, coded.spans[places[-1]][1])
        if role is DateRole.POINT and re.match(rf"{_BY} ", coded.line[clock.start :]):
            role = DateRole.DEADLINE
        marked = True
    isos = [d.isoformat() if minute is None else _zoned(d, minute, sent, text[end:]) for d in days]
    return DateFound(
        start=start,
        end=end,
        words=text[start:end],
        iso=isos[0],
        choices=tuple(isos[1:]),
        grain="time" if clock else match.reading.grain,
        rule=match.rule,
        role=_conditional(role, start, coded, text),
        marked=marked,
        bounded=role is DateRole.DEADLINE,
    )


def _bare_clock(text: str, coded: Coded, clock: _Clock, anchor: Anchor) -> DateFound:
    """Return a time of day that names no day: the day spoken of before, else the next moment it is that time."""
    places = [i for i, s in enumerate(coded.starts) if clock.start <= s < clock.end]
    start, end = coded.spans[places[0]][0], coded.spans[places[-1]][1]
    day = anchor.first or anchor.day
    minute = clock.minute
    if day == anchor.day and minute <= anchor.sent.hour * 60 + anchor.sent.minute:
        day += timedelta(days=1)
    before = coded.line[max(0, clock.start - 40) : clock.start]
    late = _DEADLINE.search(before) or re.match(rf"{_BY} ", coded.line[clock.start :])
    role = DateRole.DEADLINE if late else DateRole.PAST if _GONE.search(before) else DateRole.POINT
    return DateFound(
        start=start,
        end=end,
        words=text[start:end],
        iso=_zoned(day, minute, anchor.sent, text[end:]),
        grain="clock",
        rule="clock",
        role=_conditional(role, start, coded, text),
        marked=True,
        bounded=bool(late),
    )


def _conditional(role: DateRole, start: int, coded: Coded, text: str) -> DateRole:
    """Return the role of a date, CONDITION where it stands inside an "if": from its opener to the next comma."""
    if role is DateRole.PAST:
        return role
    for opener, _ in coded.openers:
        if opener < start and not re.search(r"[,;:]\s|\bthen\b|\bdann\b", text[opener:start]):
            return DateRole.CONDITION
    return role
