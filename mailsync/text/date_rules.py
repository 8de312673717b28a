"""The grammar of dates: what each pattern of symbols means, seen from the day a message was sent.

A rule is a regular expression over the symbols of text/symbols.py and a function that reads its match; it answers None
where the words mean no date after all. Conventions: a week ends on its Friday, a range means its last day.
"""

import calendar
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from mailsync.model.people import WorkingHours
from mailsync.text.feasts import feast, nth_weekday
from mailsync.text.worktime import add_working_days

#: A day and month without a year that lie this far back are meant as past; further back, as next year's.
_LOOK_BACK = 120


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
    """What a rule read: the likeliest day first, then other readings; `minute` of the day where the words say so."""

    days: tuple[date, ...]
    grain: str = "day"
    past: bool = False
    minute: int | None = None


type_resolver = Callable[[re.Match[str], Anchor], Reading | None]


@dataclass(frozen=True, slots=True)
class Rule:
    """A pattern, its name, and a piece of text without which it cannot match."""

    name: str
    needs: str
    pattern: re.Pattern[str]
    resolve: type_resolver


RULES: list[Rule] = []

_WD = r"wd(?P<wd>[1-7]) "
_ON_WD = rf"(?:{_WD}(?:, )?(?:on )?(?:the )?)?"
_D = r"[onw](?P<d>\d{1,2}) "
_MON = r"m(?P<m>\d{1,2}) "
_YEAR = r"(?:(?:, |of )?n(?P<y>(?:19|20)\d\d) )?"
_REL = r"(?P<rel>this|next|coming|last|every) "
_NOT_COUNTED = r"(?!thing|pct|cur|u[a-z]|t\d|num|oclock|m\d|of m\d)"


def _rule(name: str, needs: str, pattern: str) -> Callable[[type_resolver], type_resolver]:
    def keep(resolve: type_resolver) -> type_resolver:
        RULES.append(Rule(name, needs, re.compile(r"(?<!\S)" + pattern), resolve))
        return resolve

    return keep


def _valid(year: int, month: int, day: int) -> date | None:
    try:
        return date(year, month, day)
    except ValueError:
        return None


def _last_of(year: int, month: int) -> date:
    return date(year, month, calendar.monthrange(year, month)[1])


def _add_months(day: date, months: int) -> date:
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return date(year, month + 1, min(day.day, calendar.monthrange(year, month + 1)[1]))


def _coming(day: date, weekday: int) -> date:
    """Return the next `weekday` (Monday 1) on or after the day after `day`."""
    return day + timedelta(days=(weekday - day.isoweekday() - 1) % 7 + 1)


def _friday(day: date, weeks: int = 0) -> date:
    """Return the Friday of the week of `day`, or of a later one; its Sunday when the weekend has begun."""
    friday = day + timedelta(days=5 - day.isoweekday() + 7 * weeks)
    return friday if friday >= day else day + timedelta(days=7 - day.isoweekday())


def _in_year(anchor: Anchor, month: int, day: int, year: str | None, weekday: str | None = None) -> Reading | None:
    """Return the day and month in the year that is meant: the stated one, the one its weekday fits, else the next."""
    if year:
        value = int(year) + (2000 if int(year) < 70 else 1900) if len(year) == 2 else int(year)
        found = _valid(value, month, day)
        return Reading((found,), past=found < anchor.day) if found else None
    this = _valid(anchor.day.year, month, day)
    after = _valid(anchor.day.year + 1, month, day) or _valid(anchor.day.year + 2, month, day)
    before = _valid(anchor.day.year - 1, month, day)
    if weekday:
        for found in (this, after):
            if found and found.isoweekday() == int(weekday) and found >= anchor.day:
                return Reading((found,))
    if this and this >= anchor.day:
        if before and (anchor.day - before).days < _LOOK_BACK // 2:
            return Reading((before,), past=True) if (this - anchor.day).days > 300 else Reading((this,))
        return Reading((this,))
    if this and (anchor.day - this).days <= _LOOK_BACK:
        return Reading((this,), past=True)
    return Reading((after,)) if after else None


def _bare_day(anchor: Anchor, day: int, weekday: str | None) -> Reading | None:
    """Return the next such day, in the month spoken of before where there is one; a weekday beside it must fit."""
    if not 1 <= day <= 31:
        return None
    start = anchor.day if weekday or not anchor.first else max(anchor.day, anchor.first.replace(day=1))
    found = []
    for months in range(13):
        month = _add_months(start.replace(day=1), months)
        candidate = _valid(month.year, month.month, day)
        if candidate and candidate > anchor.day:
            if weekday and candidate.isoweekday() == int(weekday):
                return Reading((candidate,))
            found.append(candidate)
    return Reading((found[0],)) if found else None


# days of a month


_MARKED = re.compile(r"(?<!\S)(?:by|on|until|from|before|the|to|at|due) $")


@_rule("date", "d", r"(?:wd[1-7] (?:, )?)?(?:the )?(?P<kind>[ds])(?P<i>\d+) (?!cur|pct|u[a-z])")
def _numeric(m: re.Match[str], a: Anchor) -> Reading | None:
    text = a.values[int(m["i"])]
    parts = [p for p in re.split(r"[./-]", text) if p]
    if len(parts[0]) == 4:
        found = _valid(int(parts[0]), int(parts[1]), int(parts[2]))
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
    days = tuple(dict.fromkeys(r.days[0] for r in readings))
    return Reading(days, past=readings[0].past)


RULES.append(Rule("date", "s", RULES[0].pattern, _numeric))


@_rule(
    "range",
    " m",
    rf"(?:from |between )?{_ON_WD}(?:the )?[onw](?P<d0>\d{{1,2}}) (?:to|and|until|by|of) (?:wd[1-7] )?(?:the )?{_D}(?:of )?(?:the )?{_MON}{_YEAR}",
)
@_rule(
    "range",
    "m",
    rf"(?:from |between )?{_ON_WD}{_MON}(?:the )?[on](?P<d0>\d{{1,2}}) (?:to|and|until) (?:the )?[on](?P<d>\d{{1,2}}) {_NOT_COUNTED}{_YEAR}",
)
@_rule("day", " m", rf"{_ON_WD}(?:the )?{_D}(?:of |on )?(?:the )?{_MON}{_YEAR}")
@_rule("day", "m", rf"{_ON_WD}{_MON}(?:the )?[onw](?P<d>\d{{1,2}}) {_NOT_COUNTED}{_YEAR}")
def _day_of_month(m: re.Match[str], a: Anchor) -> Reading | None:
    return _in_year(a, int(m["m"]), int(m["d"]), m["y"], m["wd"]) if int(m["m"]) <= 12 else None


@_rule(
    "bare",
    " o",
    rf"(?:{_WD}(?:, )?)?(?:the |on |by |from |for |before |until |weekend )o(?P<d0>\d{{1,2}}) (?:(?:to|and|until|,|by) (?:the )?o(?P<d1>\d{{1,2}}) )?{_NOT_COUNTED}",
)
@_rule("bare", "wd", rf"{_WD}(?:, )?(?:the )?(?P<d0>(?<=the )n|o)(?P<d1>\d{{1,2}}) {_NOT_COUNTED}")
def _bare(m: re.Match[str], a: Anchor) -> Reading | None:
    return _bare_day(a, int(m["d1"] or m["d0"]), m["wd"])


@_rule(
    "bare",
    " n",
    rf"(?:{_WD})?(?P<the>the )?n(?P<d>\d{{1,2}}) (?:(?:to|and) (?:the )?n(?P<d1>\d{{1,2}}) )?{_NOT_COUNTED}(?!to num)",
)
def _bare_romance(m: re.Match[str], a: Anchor) -> Reading | None:
    if a.language not in {"fr", "es", "it"} or not (m["the"] or m["wd"]):
        return None
    return _bare_day(a, int(m["d1"] or m["d"]), m["wd"])


@_rule("bare", "n", r"(?:by|for|before|until|byin|on|from) n(?P<d>\d{1,2}) (?=[.,]|tail|at|noon|morning|evening|$)")
def _bare_marked(m: re.Match[str], a: Anchor) -> Reading | None:
    return _bare_day(a, int(m["d"]), None) if a.language in {"fr", "es", "it"} else None


@_rule("first", "umonth", r"w1 of (?:the )?(?:this |next |every )?umonth ")
def _first_of_month(_m: re.Match[str], a: Anchor) -> Reading | None:
    return Reading((_add_months(a.day.replace(day=1), 1),))


# weekdays


@_rule(
    "weekday",
    "wd",
    rf"(?:{_REL})?(?:the )?(?<!a ){_WD}(?P<post>(?:of )?(?:the )?(?:next|coming) uweek |(?:of )?this uweek |uweek coming |next |coming |last |uweek (?!n\d)|in (?:n1|a) uweek )?",
)
@_rule("weekday", "uweek", rf"(?P<rel>next|coming|this) uweek (?:on |, )*{_WD}(?P<post>$^)?")
def _weekday(m: re.Match[str], a: Anchor) -> Reading | None:
    weekday, rel, post = int(m["wd"]), m["rel"], (m["post"] or "").strip()
    coming = _coming(a.day, weekday)
    of_next_week = a.day + timedelta(days=7 - a.day.isoweekday() + weekday)
    if rel == "last" or post == "last":
        return Reading((coming - timedelta(days=7),), past=True)
    if rel == "every":
        return Reading((coming,), grain="recurring")
    if post.endswith("uweek") and post.split()[-2:-1] in ([], ["n1"], ["a"]):
        return Reading((coming + timedelta(days=7),))
    if "uweek" in post or "uweek" in m.group():
        this = of_next_week - timedelta(days=7)
        return Reading((this if "this" in (rel, *post.split()) and this > a.day else of_next_week,))
    if rel == "next" or post == "next":
        return Reading((of_next_week, coming) if coming != of_next_week else (coming,))
    if post == "coming" and coming != of_next_week:
        return Reading((coming, of_next_week))
    return Reading((coming,))


@_rule("relative", "wd_", rf"(?:the )?{_WD}wd_(?P<side>after|before) ")
@_rule("relative", "wd", rf"the {_WD}(?P<side>after|before) (?=[.,]|$|then|that)")
def _beside(m: re.Match[str], a: Anchor) -> Reading | None:
    if a.first is None:
        return None
    if m["side"] == "after":
        return Reading((_coming(a.first, int(m["wd"])),))
    return Reading((_coming(a.first - timedelta(days=8), int(m["wd"])),))


@_rule("nth", "wd", rf"w(?P<n>[1-4]) {_WD}(?:of |in )?(?:the )?(?P<rel>every|next|this)? ?(?:umonth |{_MON})")
def _nth(m: re.Match[str], a: Anchor) -> Reading | None:
    start = a.day
    if a.first and a.first > a.day and m["rel"] == "every":
        start = a.first.replace(day=1)
    for months in range(14):
        month = _add_months(start.replace(day=1), months)
        if m["m"] and month.month != int(m["m"]):
            continue
        found = nth_weekday(month.year, month.month, int(m["wd"]), int(m["n"]))
        if found and found > a.day and not (m["rel"] == "next" and months == 0):
            return Reading((found,), grain="recurring" if m["rel"] == "every" else "day")
    return None


# days seen from today


@_rule("today", "today", r"today (?:morning |afternoon |evening |noon )?")
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


# weeks, months, quarters, years

_UNIT = rf"(?P<u>uweek |umonth |uquarter |uyear |uday |weekend |{_MON}{_YEAR}|q(?P<q>[1-4]) (?:n(?P<qy>20\d\d) )?|n(?P<yy>20\d\d) )"


def _quarter_end(year: int, quarter: int) -> date:
    return _last_of(year, 3 * quarter)


def _unit_end(a: Anchor, unit: str, ahead: int) -> date:
    """Return the last day of this (`ahead` 0) or a later week, month, quarter or year; a week's is its Friday."""
    if unit == "uweek":
        return _friday(a.day) if not ahead else a.day + timedelta(days=5 - a.day.isoweekday() + 7 * ahead)
    if unit == "weekend":
        return a.day + timedelta(days=6 - a.day.isoweekday() + 7 * ahead + (7 if a.day.isoweekday() > 6 else 0))
    if unit == "umonth":
        return _last_of(*divmod_month(a.day, ahead))
    if unit == "uquarter":
        quarters = a.day.year * 4 + (a.day.month - 1) // 3 + ahead
        return _quarter_end(quarters // 4, quarters % 4 + 1)
    return date(a.day.year + ahead, 12, 31)


def divmod_month(day: date, ahead: int) -> tuple[int, int]:
    """Return year and month of the month `ahead` months after that of `day`."""
    later = _add_months(day.replace(day=1), ahead)
    return later.year, later.month


def _named_month(a: Anchor, month: int, year: str | None) -> tuple[int, bool]:
    """Return the year a month without one belongs to, and whether it is past."""
    if year:
        value = int(year)
        return value, (value, month) < (a.day.year, a.day.month)
    if month >= a.day.month:
        return a.day.year, month - a.day.month > 9
    return (a.day.year, True) if a.day.month - month <= 3 else (a.day.year + 1, False)


@_rule("end of", "end", rf"(?P<at>end) (?:of )?(?:the )?(?:{_REL})?(?:the )?{_UNIT}(?P<post>(?:next|coming) )?")
@_rule("part of", "mid", rf"(?P<at>mid) (?:of )?(?:the )?(?:{_REL})?(?:the )?{_UNIT}(?P<post>(?:next|coming) )?")
@_rule("part of", "start", rf"(?P<at>start) (?:of )?(?:the )?(?:{_REL})?(?:the )?{_UNIT}(?P<post>(?:next|coming) )?")
def _part_of(m: re.Match[str], a: Anchor) -> Reading | None:
    unit, part = m["u"].strip(), m["at"]
    if m["rel"] == "last":
        return None
    ahead = 1 if m["rel"] in {"next", "coming"} or m["post"] else 0
    if unit == "uday":
        return Reading((a.day,), grain="eod")
    if m["m"]:
        year, past = _named_month(a, int(m["m"]), m["y"])
        end = _last_of(year, int(m["m"]))
        return Reading((end.replace(day={"end": end.day, "mid": 15, "start": 10}[part]),), past=past)
    if m["q"]:
        return _quarter(m, a)
    if m["yy"]:
        return Reading((date(int(m["yy"]), 12, 31),), past=int(m["yy"]) < a.day.year) if part == "end" else None
    end = _unit_end(a, unit, ahead)
    if part == "end" or unit not in {"uweek", "umonth"}:
        return Reading((end,))
    if unit == "uweek":
        return Reading((end - timedelta(days=2),) if part == "mid" else (end, end - timedelta(days=3)))
    return Reading((end.replace(day=15 if part == "mid" else 1),))


@_rule("quarter", "q", r"(?:(?:by|in|before|until|for|on) )?q(?P<q>[1-4]) (?:n(?P<qy>20\d\d) )?")
def _quarter(m: re.Match[str], a: Anchor) -> Reading | None:
    year = int(m["qy"]) if m["qy"] else a.day.year
    end = _quarter_end(year, int(m["q"]))
    if end < a.day and not m["qy"]:
        end = _quarter_end(year + 1, int(m["q"]))
    return Reading((end,), grain="quarter", past=end < a.day)


@_rule("period", " u", rf"{_REL}(?P<u>uweek|umonth|uquarter|uyear) ")
@_rule("period", "weekend", rf"{_REL}(?P<u>weekend) ")
@_rule("period", "u", r"(?P<u>uweek|umonth|uquarter|uyear) (?P<rel>next|coming|last) ")
@_rule("period", "weekend", r"(?P<u>weekend) (?P<rel>next|coming|last) ")
@_rule("period", "within", r"within (?P<rel>the|this) (?P<u>uweek|umonth|uquarter|uyear) ")
def _period(m: re.Match[str], a: Anchor) -> Reading | None:
    rel, unit = m["rel"], m["u"]
    if rel == "every":
        return None
    if rel == "last":
        return Reading((a.day - timedelta(days=7),), grain=unit[1:], past=True)
    if unit == "weekend":
        saturday = _unit_end(a, unit, 1 if rel == "next" else 0)
        return Reading((saturday, saturday + timedelta(days=1)), grain="weekend")
    return Reading((_unit_end(a, unit, 0 if rel in {"this", "the"} else 1),), grain=unit[1:])


@_rule(
    "weekend",
    "weekend",
    r"(?P<mark>by|before|until|over|on|at|in) (?:the |a )?(?:_ )?weekend (?!of|from|the|n\d|o\d|d\d)",
)
def _weekend(m: re.Match[str], a: Anchor) -> Reading | None:
    saturday = _unit_end(a, "weekend", 0)
    friday, sunday = saturday - timedelta(days=1), saturday + timedelta(days=1)
    if m["mark"] in {"by", "before", "until", "ahead"}:
        return Reading((friday if friday >= a.day else sunday,), grain="weekend")
    return Reading((saturday, sunday), grain="weekend")


@_rule("month", "m", rf"(?P<mark>in|by|before|until|next|this|byin|from|coming) (?:the )?{_MON}{_YEAR}(?![on]\d)")
def _month(m: re.Match[str], a: Anchor) -> Reading | None:
    year, past = _named_month(a, int(m["m"]), m["y"])
    if m["mark"] == "next" and past:
        year, past = year + 1, False
    day = date(year, int(m["m"]), 1) if m["mark"] == "from" else _last_of(year, int(m["m"]))
    return Reading((day,), grain="month", past=past)


@_rule("week of month", "uweek", rf"w(?P<n>[1-4]) uweek (?:of |in )?(?:the )?{_MON}{_YEAR}")
@_rule("week of month", "uweek", rf"w(?P<n>[1-4]) _ uweek (?:of |in )?{_MON}{_YEAR}")
def _week_of_month(m: re.Match[str], a: Anchor) -> Reading | None:
    year, past = _named_month(a, int(m["m"]), m["y"])
    found = nth_weekday(year, int(m["m"]), 5, int(m["n"]))
    return Reading((found,), grain="week", past=past) if found else None


@_rule("calendar week", "kw", r"(?:(?P<at>mid|end|start) )?kw n(?P<n>\d{1,2}) ")
@_rule("calendar week", "kw", r"(?P<at>$^)?o(?P<n>\d{1,2}) kw ")
@_rule(
    "calendar week", "uweek", r"(?P<at>$^)?(?:in|by|until|before|for) (?:the )?uweek n(?P<n>\d{1,2}) (?!of|to|uhour)"
)
def _calendar_week(m: re.Match[str], a: Anchor) -> Reading | None:
    number, (year, week, _) = int(m["n"]), a.day.isocalendar()
    if not 1 <= number <= 53:
        return None
    try:
        weekday = {"mid": 3, "start": 1}.get(m["at"] or "", 5)
        found = date.fromisocalendar(year if number >= week - 4 else year + 1, number, weekday)
    except ValueError:
        return None
    return Reading((found,), grain="week", past=found < a.day)


# spans of time

_COUNT = r"(?P<n>n\d{1,3}|a)"
_SPAN = rf"{_COUNT} u(?P<u>minute|hour|day|bday|week|fortnight|month|quarter|year) "
#: A span that counts from an event nobody knows the date of is no date.
_UNANCHORED = r"(?!(?:of|after|since|once|before) (?!today|now|tomorrow|yesterday))"


def later(a: Anchor, count: int, unit: str, start: date) -> Reading:
    """Return the day `count` units after `start`; minutes and hours count from the moment of sending."""
    count = min(count, 600)
    if unit in {"minute", "hour"}:
        at = a.sent + timedelta(**{unit + "s": count})
        return Reading((at.date(),), minute=at.hour * 60 + at.minute, grain=unit)
    if unit == "bday":
        return Reading((add_working_days(start, count, a.hours),))
    if unit in {"month", "quarter", "year"}:
        return Reading((_add_months(start, count * {"month": 1, "quarter": 3, "year": 12}[unit]),), grain="span")
    return Reading((start + timedelta(days=count * {"day": 1, "week": 7, "fortnight": 14}[unit]),), grain="span")


@_rule(
    "within",
    " u",
    rf"(?P<mark>within|in|byin|for|at) (?:the )?(?:next |coming )?{_SPAN}(?P<from>from today |from now |of today )?{_UNANCHORED}",
)
@_rule("from now", " u", rf"(?P<mark>){_SPAN}(?P<from>from (?:today|now|tomorrow|{_WD}))")
def _within(m: re.Match[str], a: Anchor) -> Reading | None:
    mark, count = m["mark"], 1 if m["n"] == "a" else int(m["n"][1:])
    if mark == "for" and m["u"] in {"minute", "hour", "year", "quarter"}:
        return None
    if mark == "at" or count == 0 or (a.language != "de" and not m["from"] and m.string[m.end() :].startswith("from ")):
        return None
    start = a.day
    if m["from"] and "tomorrow" in m["from"]:
        start += timedelta(days=1)
    if m["from"] and "wd" in m["from"]:
        start = _coming(a.day, int(m["wd"]))
    found = later(a, count, m["u"], start)
    return Reading(found.days, grain="lasting", minute=found.minute) if mark == "for" else found


@_rule("within", "within", r"within (?:a |the )uhour ")
def _within_hour(_m: re.Match[str], a: Anchor) -> Reading | None:
    return later(a, 1, "hour", a.day)


@_rule("feast", " h", r"(?:by|before|until|at|in|on|byin|to) (?:the )?h(?P<h>[a-z0-9]+) ")
def _feast(m: re.Match[str], a: Anchor) -> Reading | None:
    found = feast(m["h"], a.day)
    return Reading((found,)) if found else None
