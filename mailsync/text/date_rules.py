"""The grammar of days: what each pattern of symbols means, seen from the day a message was sent.

A rule is a regular expression over the symbols of text/symbols.py and a function that reads its match; it answers None
where the words mean no date after all. Conventions: a week ends on its Friday, a range means its last day.
"""

import calendar
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from mailsync.model.people import WorkingHours
from mailsync.text.feasts import nth_weekday

#: A day and month without a year that lie this far back are meant as past; further back, as next year's.
_LOOK_BACK = 92


@dataclass(frozen=True, slots=True)
class Anchor:
    """What words are resolved against: when the message was sent, the day spoken of before, the writer's habits."""

    sent: datetime
    first: date | None
    language: str
    month_first: bool
    hours: WorkingHours
    values: tuple[str, ...]

    @property
    def day(self) -> date:
        """The day of sending in the writer's zone."""
        return self.sent.date()


@dataclass(frozen=True, slots=True)
class Reading:
    """What a rule read: the likeliest day first, then other readings; `minute` of the day where the words say so.

    A day without a year that has just gone by is `past`; the same day next year stands behind it.
    """

    days: tuple[date, ...]
    grain: str = "day"
    past: bool = False
    minute: int | None = None


Resolver = Callable[[re.Match[str], Anchor], Reading | None]


@dataclass(frozen=True, slots=True)
class Rule:
    """A pattern, its name, and a piece of text without which it cannot match."""

    name: str
    needs: str
    pattern: re.Pattern[str]
    resolve: Resolver


WEEKDAY = r"wd(?P<wd>[1-7]) "
_ON_WD = rf"(?:{WEEKDAY}(?:, )?(?:on )?(?:the )?)?"
DAY_NUMBER = r"[onw](?P<d>\d{1,2}) "
MONTH = r"m(?P<m>\d{1,2}) "
YEAR = r"(?:(?:, |of )?n(?P<y>(?:19|20)\d\d) )?"
RELATIVE = r"(?P<rel>this|next|coming|last|every) "
_NOT_COUNTED = r"(?!thing|pct|cur|u[a-z]|t\d|num|oclock|m\d|of m\d)"


def rules_into(found: list[Rule]) -> Callable[[str, str, str], Callable[[Resolver], Resolver]]:
    """Return a decorator that puts a function's rules into `found`: name, needed text, pattern.

    A pattern begins at the beginning of a symbol.
    """

    def rule(name: str, needs: str, pattern: str) -> Callable[[Resolver], Resolver]:
        def keep(resolve: Resolver) -> Resolver:
            found.append(Rule(name, needs, re.compile(r"(?<!\S)" + pattern), resolve))
            return resolve

        return keep

    return rule


DAY_RULES: list[Rule] = []
_rule = rules_into(DAY_RULES)


def valid_day(year: int, month: int, day: int) -> date | None:
    """Return the day, None where the calendar has no such day."""
    try:
        return date(year, month, day)
    except ValueError:
        return None


def last_day(year: int, month: int) -> date:
    """Return the last day of a month."""
    return date(year, month, calendar.monthrange(year, month)[1])


def add_months(day: date, months: int) -> date:
    """Return the same day some months later, or that month's last one."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return date(year, month + 1, min(day.day, calendar.monthrange(year, month + 1)[1]))


def coming_weekday(day: date, weekday: int) -> date:
    """Return the next `weekday` (Monday 1) on or after the day after `day`."""
    return day + timedelta(days=(weekday - day.isoweekday() - 1) % 7 + 1)


def _in_year(anchor: Anchor, month: int, day: int, year: str | None, weekday: str | None = None) -> Reading | None:
    """Return the day and month in the year that is meant: the stated one, the one its weekday fits, else the next."""
    if year:
        value = int(year) + (2000 if int(year) < 70 else 1900) if len(year) == 2 else int(year)
        found = valid_day(value, month, day)
        return Reading((found,), past=found < anchor.day) if found else None
    last, this, after = (valid_day(anchor.day.year + n, month, day) for n in (-1, 0, 1))
    if weekday:
        for found in (this, after):
            if found and found.isoweekday() == int(weekday) and found >= anchor.day:
                return Reading((found,))
    recent = next((d for d in (this, last) if d and 0 < (anchor.day - d).days <= _LOOK_BACK), None)
    coming = next((d for d in (this, after) if d and d >= anchor.day), None)
    if recent and (coming is None or (coming - anchor.day).days > 366 - _LOOK_BACK):
        return Reading((recent, coming) if coming else (recent,), past=True)
    return Reading((coming,)) if coming else None


def _bare_day(anchor: Anchor, day: int, weekday: str | None) -> Reading | None:
    """Return the next such day, in the month spoken of before where there is one; a weekday beside it must fit."""
    if not 1 <= day <= 31:
        return None
    start = anchor.day if weekday or not anchor.first else max(anchor.day, anchor.first.replace(day=1))
    found = []
    for months in range(13):
        month = add_months(start.replace(day=1), months)
        candidate = valid_day(month.year, month.month, day)
        if candidate and candidate > anchor.day:
            if weekday and candidate.isoweekday() == int(weekday):
                return Reading((candidate,))
            found.append(candidate)
    return Reading((found[0],)) if found else None


# days of a month


_MARKED = re.compile(r"(?<!\S)(?:by|on|until|from|before|the|to|at|due) $")


_NUMERIC = r"(?:wd[1-7] (?:, )?)?(?:the )?(?P<kind>[ds])(?P<i>\d+) (?!cur|pct|u[a-z])"


@_rule("date", "d", _NUMERIC)
@_rule("date", "s", _NUMERIC)
def _numeric(m: re.Match[str], a: Anchor) -> Reading | None:
    text = a.values[int(m["i"])]
    parts = [p for p in re.split(r"[./-]", text) if p]
    if len(parts[0]) == 4:
        found = valid_day(int(parts[0]), int(parts[1]), int(parts[2]))
        return Reading((found,), past=found < a.day) if found else None
    one, two, year = int(parts[0]), int(parts[1]), parts[2] if len(parts) > 2 else None
    orders = [(one, two), (two, one)] if a.month_first and "/" in text else [(two, one), (one, two)]
    if "." in text:
        orders = orders[:1]
        if a.language == "en" and year is None and not _MARKED.search(m.string[: m.start()]):
            return None  # "version 3.8."
    if m["kind"] == "s" and text in {"24/7", "7/24", "50/50", "1/2", "1/3", "2/3", "3/4", "1/4"}:
        return None
    readings = [r for month, day in orders if 1 <= month <= 12 and (r := _in_year(a, month, day, year))]
    if not readings:
        return None
    days = tuple(dict.fromkeys(r.days[0] for r in readings)) if len(readings) > 1 else readings[0].days
    return Reading(days, past=readings[0].past)


_FIRST = r"(?:the )?[onw](?P<d0>\d{1,2}) (?:to|and|until|by|of) (?:wd[1-7] )?(?:the )?"
_FIRST_US = r"(?:the )?[on](?P<d0>\d{1,2}) (?:to|and|until) (?:the )?"
_MARK = r"(?:the |on |by |from |for |before |until |weekend )"
_AND_LAST = r"(?:(?:to|and|until|,|by) (?:the )?[on](?P<d1>\d{1,2}) )?"


@_rule("range", " m", rf"(?:from |between )?{_ON_WD}{_FIRST}{DAY_NUMBER}(?:of )?(?:the )?{MONTH}{YEAR}")
@_rule("range", "m", rf"(?:from |between )?{_ON_WD}{MONTH}{_FIRST_US}[on](?P<d>\d{{1,2}}) {_NOT_COUNTED}{YEAR}")
@_rule("day", " m", rf"{_ON_WD}(?:the )?{DAY_NUMBER}(?:of |on )?(?:the )?{MONTH}{YEAR}")
@_rule("day", "m", rf"{_ON_WD}{MONTH}(?:the )?[onw](?P<d>\d{{1,2}}) {_NOT_COUNTED}{YEAR}")
def _day_of_month(m: re.Match[str], a: Anchor) -> Reading | None:
    return _in_year(a, int(m["m"]), int(m["d"]), m["y"], m["wd"]) if int(m["m"]) <= 12 else None


@_rule("bare", " o", rf"(?:{WEEKDAY}(?:, )?)?{_MARK}o(?P<d0>\d{{1,2}}) {_AND_LAST}{_NOT_COUNTED}")
@_rule("bare", "wd", rf"{WEEKDAY}(?:, )?(?:the )?(?P<d0>(?<=the )n|o)(?P<d1>\d{{1,2}}) {_NOT_COUNTED}")
def _bare(m: re.Match[str], a: Anchor) -> Reading | None:
    return _bare_day(a, int(m["d1"] or m["d0"]), m["wd"])


@_rule("bare", " n", rf"(?:{WEEKDAY})?(?P<the>the )?n(?P<d>\d{{1,2}}) {_AND_LAST}{_NOT_COUNTED}(?!to num)")
def _bare_romance(m: re.Match[str], a: Anchor) -> Reading | None:
    if a.language not in {"fr", "es", "it"} or not (m["the"] or m["wd"]):
        return None
    return _bare_day(a, int(m["d1"] or m["d"]), m["wd"])


@_rule("bare", "n", r"(?:by|for|before|until|byin|on|from) n(?P<d>\d{1,2}) (?=[.,]|tail|at|noon|morning|evening|$)")
def _bare_marked(m: re.Match[str], a: Anchor) -> Reading | None:
    return _bare_day(a, int(m["d"]), None) if a.language in {"fr", "es", "it"} else None


@_rule("first", "umonth", r"w1 of (?:the )?(?:this |next |every )?umonth ")
def _first_of_month(_m: re.Match[str], a: Anchor) -> Reading | None:
    return Reading((add_months(a.day.replace(day=1), 1),))


# weekdays


_WHICH = r"(?P<post>(?:of )?(?:the )?(?:next|coming|this) uweek |uweek coming |next |coming |last )?"


@_rule("weekday", "wd", rf"(?:{RELATIVE})?(?:the )?(?<!a ){WEEKDAY}{_WHICH}")
@_rule("weekday", "uweek", rf"(?P<rel>next|coming|this) uweek (?P<post>(?:on |, )*){WEEKDAY}")
def _weekday(m: re.Match[str], a: Anchor) -> Reading | None:
    weekday, said = int(m["wd"]), {m["rel"] or "", *(m["post"] or "").split()}
    coming = coming_weekday(a.day, weekday)
    next_weeks = a.day + timedelta(days=7 - a.day.isoweekday() + weekday)
    if "last" in said:
        return Reading((coming - timedelta(days=7),), past=True)
    if "uweek" in m.group():
        this_weeks = next_weeks - timedelta(days=7)
        return Reading((this_weeks if "this" in said and this_weeks > a.day else next_weeks,))
    if "next" in said:
        return Reading(tuple(dict.fromkeys((next_weeks, coming))))
    if m["post"]:  # "vendredi prochain"
        return Reading(tuple(dict.fromkeys((coming, next_weeks))))
    return Reading((coming,), grain="recurring" if "every" in said else "day")


@_rule("weekday", "uweek", rf"(?:next |coming )?{WEEKDAY}(?:in (?:n1|a) )?uweek (?!n\d)")
def _weekday_week(m: re.Match[str], a: Anchor) -> Reading | None:
    return Reading((coming_weekday(a.day, int(m["wd"])) + timedelta(days=7),))


@_rule("relative", "wd_", rf"(?:the )?{WEEKDAY}wd_(?P<side>after|before) ")
@_rule("relative", "wd", rf"the {WEEKDAY}(?P<side>after|before) (?=[.,]|$|then|that)")
def _beside(m: re.Match[str], a: Anchor) -> Reading | None:
    if a.first is None:
        return None
    if m["side"] == "after":
        return Reading((coming_weekday(a.first, int(m["wd"])),))
    return Reading((coming_weekday(a.first - timedelta(days=8), int(m["wd"])),))


@_rule("nth", "wd", rf"w(?P<n>[1-4]) {WEEKDAY}(?:of |in )?(?:the )?(?P<rel>every|next|this)? ?(?:umonth |{MONTH})")
def _nth(m: re.Match[str], a: Anchor) -> Reading | None:
    start = a.day
    if a.first and a.first > a.day and m["rel"] == "every":
        start = a.first.replace(day=1)
    for months in range(14):
        month = add_months(start.replace(day=1), months)
        if m["m"] and month.month != int(m["m"]):
            continue
        found = nth_weekday(month.year, month.month, int(m["wd"]), int(m["n"]))
        if found and found > a.day and not (m["rel"] == "next" and months == 0):
            return Reading((found,), grain="recurring" if m["rel"] == "every" else "day")
    return None


# days seen from today


@_rule("today", "today", r"today ")
@_rule("today", "tonight", r"tonight ")
@_rule("today", "this", r"this (?:morning|afternoon|evening) ")
def _today(_m: re.Match[str], a: Anchor) -> Reading | None:
    return Reading((a.day,))


@_rule("part of day", "ning", r"(?:by|before|until|in) (?:the )?(?P<part>morning|evening) ")
@_rule("part of day", "noon", r"(?:by|before|until|in) (?:the )?(?P<part>afternoon) ")
def _part_of_day(m: re.Match[str], a: Anchor) -> Reading | None:
    over = a.sent.hour >= {"morning": 11, "afternoon": 16, "evening": 21}[m["part"]]
    return Reading((a.day + timedelta(days=1) if over else a.day,), grain="eod")


@_rule("tomorrow", "morrow", r"(?P<over>over)?(?:tom|m)orrow ")
def _tomorrow(m: re.Match[str], a: Anchor) -> Reading | None:
    return Reading((a.day + timedelta(days=2 if m["over"] else 1),))


@_rule("yesterday", "yesterday", r"yesterday ")
def _yesterday(_m: re.Match[str], a: Anchor) -> Reading | None:
    return Reading((a.day - timedelta(days=1),), past=True)


@_rule("that day", "thatday", r"(?:on )?thatday ")
@_rule("that day", "then", r"(?:by|until) then ")
def _that_day(_m: re.Match[str], a: Anchor) -> Reading | None:
    return Reading((a.first,)) if a.first and a.first >= a.day else None


@_rule("end of day", "eod", r"eod ")
def _end_of_day(_m: re.Match[str], a: Anchor) -> Reading | None:
    return Reading((a.day,), grain="eod")
