"""Finds times of day in a line of symbols, and the zone that is named beside them."""

import re
from dataclasses import dataclass
from datetime import date, datetime, timedelta, timezone
from zoneinfo import ZoneInfo


@dataclass(frozen=True, slots=True)
class Clock:
    """A time of day, in minutes after midnight, with its place in the line of symbols."""

    start: int
    end: int
    minute: int


#: Zones people name after a time: an IANA name, or minutes east of UTC for those that mean a fixed offset.
_ZONES: dict[str, str | int] = {
    **dict.fromkeys(("UTC", "GMT", "WET"), 0),
    **dict.fromkeys(("BST", "CET", "MEZ"), 60),
    **dict.fromkeys(("CEST", "MESZ", "EET", "SAST"), 120),
    "EST": -300,
    "EDT": -240,
    "CST": -360,
    "CDT": -300,
    "MST": -420,
    "MDT": -360,
    "PST": -480,
    "PDT": -420,
    "IST": 330,
    "SGT": 480,
    "HKT": 480,
    "JST": 540,
    "AEST": 600,
    "AEDT": 660,
    "NZST": 720,
    "NZDT": 780,
    **dict.fromkeys(("ET", "EASTERN"), "America/New_York"),
    **dict.fromkeys(("CT", "CENTRAL"), "America/Chicago"),
    **dict.fromkeys(("MT", "MOUNTAIN"), "America/Denver"),
    **dict.fromkeys(("PT", "PACIFIC"), "America/Los_Angeles"),
}
#: Upper case only: "at 5 et ..." is French.
_ZONE = re.compile(r"[\s(]{1,2}(" + "|".join(_ZONES) + r"|Eastern|Central|Pacific|Mountain)\b")

_CLOCK = re.compile(
    r"""(?<!\S)(?:
    (?:between[ ]|from[ ])?(?:n\d+|t\d+)[ ](?:and|to|until)[ ]t(?P<last>\d+)[ ]
    |t(?P<t>\d+)[ ]
    |(?P<how>qto|qpast|hpast|hto)[ ](?:the[ ])?n(?P<half>\d{1,2})[ ]
    |n(?P<clock>\d{1,2})[ ]oclock[ ]
    |(?:at|by|before|until|after|from|byin)[ ](?:the[ ]|at[ ])?n(?P<bare>\d{1,2})[ ](?P<uhour>uhour[ ])?
        (?=[.,]|on[ ]|in[ ]|the[ ]|to[ ]|and[ ]|morning|evening|afternoon|tonight|today|tomorrow|wd|at[ ]|for[ ]|_[ ]|$)
    |(?P<noon>noon)[ ]
    |(?P<midnight>midnight)[ ]
    )""",
    re.VERBOSE,
)
#: French writes the hour as a unit: "lundi 9 h", "demain 7 h".
_DAY_AND_HOUR = re.compile(r"(?<!\S)(?:wd\d|tomorrow|today|tonight) n(?P<n>\d{1,2}) uhour ")
_PLACES_THE_DAY = re.compile(r"(?:wd|tomorrow|today|tonight|[on]\d+|m\d+)\S* (?:, )?$")
_QUARTERS = {"qto": -15, "qpast": 15, "hpast": 30, "hto": -30}
_LATE, _EARLY = re.compile(r"evening|tonight|afternoon"), re.compile(r"morning")

#: What makes a time without a day no moment: opening hours, "after eight".
_NO_MOMENT = re.compile(r"(?<!\S)(?:(?:from|between|after) (?:\S+ ){0,2}(?:to|and|until)|after) $")
_MARKED = re.compile(r"(?<!\S)(?:by|before|until|at|byin) (?:the )?$")


def find_clocks(line: str, language: str) -> list[Clock]:
    """Return the times of day of a line of symbols, in order."""
    found = []
    for m in _CLOCK.finditer(line):
        minute = _minute(m, line, language)
        if minute is not None:
            found.append(Clock(m.start(), m.end(), minute))
    if language == "fr":
        hours = ((m, int(m["n"])) for m in _DAY_AND_HOUR.finditer(line))
        found += [Clock(m.start("n") - 1, m.end(), hour * 60) for m, hour in hours if hour <= 24]
    return sorted(found, key=lambda c: c.start)


def _minute(m: re.Match[str], line: str, language: str) -> int | None:
    """Return the minutes after midnight that a match says, None where it is no time of day."""
    if m["last"] or m["t"]:
        return int(m["last"] or m["t"])
    if m["noon"] or m["midnight"]:
        return 720 if m["noon"] else 1439
    hour = int(m["half"] or m["clock"] or m["bare"])
    if hour > 24 or (m["bare"] and not _is_hour(m, line, language)):
        return None
    around = line[m.end() : m.end() + 40] + line[max(0, m.start() - 24) : m.start()]
    if hour < 12 and _LATE.search(around):
        hour += 12
    elif not _EARLY.search(around) and hour < (8 if language == "en" else 6):
        hour += 12  # nobody means two in the morning by "at two"
    return hour % 24 * 60 + _QUARTERS.get(m["how"] or "", 0)


def _is_hour(m: re.Match[str], line: str, language: str) -> bool:
    """Say whether a number after a preposition is an hour and not a count or a day."""
    if language == "fr":
        return m["uhour"] is not None
    if m["uhour"]:
        return False
    if language in {"es", "it"}:
        return "at " in m.group()  # "antes del 8" is a day, "antes de las 8" an hour
    known = not line.startswith("_ ", m.end())
    return known or language == "de" or _PLACES_THE_DAY.search(line[: m.start()]) is not None


def stands_alone(clock: Clock, line: str) -> bool:
    """Say whether a time of day without a day is a moment: no opening hours, no "after eight", no lunch."""
    own, before = line[clock.start : clock.end], line[max(0, clock.start - 40) : clock.start]
    if own.startswith(("between ", "after ")) or " to " in own or _NO_MOMENT.search(before):
        return False
    return "noon" not in own or _MARKED.search(before) is not None


def zoned(day: date, minute: int, sent: datetime, after: str) -> str:
    """Return day and minute as an ISO date-time: in the zone that `after` begins with, else at the message's offset."""
    zone = _ZONE.match(after)
    named = _ZONES[zone[1].upper()] if zone else None
    moment = datetime(day.year, day.month, day.day, minute // 60 % 24, minute % 60)  # noqa: DTZ001  zone set below
    if isinstance(named, str):
        return moment.replace(tzinfo=ZoneInfo(named)).isoformat()
    offset = timedelta(minutes=named) if named is not None else sent.utcoffset() or timedelta()
    return moment.replace(tzinfo=timezone(offset)).isoformat()
