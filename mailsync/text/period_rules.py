"""The grammar of weeks, months and spans of time, and of feasts; it goes on where date_rules.py ends."""

import re
from dataclasses import replace
from datetime import date, timedelta

from mailsync.text.date_rules import (
    MONTH,
    RELATIVE,
    WEEKDAY,
    YEAR,
    Anchor,
    Reading,
    Rule,
    add_months,
    coming_weekday,
    last_day,
    rules_into,
)
from mailsync.text.feasts import feast, nth_weekday
from mailsync.text.worktime import NeverOpenError, add_working_days

PERIOD_RULES: list[Rule] = []
_rule = rules_into(PERIOD_RULES)

# weeks, months, quarters, years

_NAMED = rf"{MONTH}{YEAR}|q(?P<q>[1-4]) (?:n(?P<qy>20\d\d) )?|n(?P<yy>20\d\d) "
_UNIT = rf"(?P<u>uweek |umonth |uquarter |uyear |uday |weekend |{_NAMED})"
_PART_OF = rf"(?:of )?(?:the )?(?:{RELATIVE})?(?:the )?{_UNIT}(?P<post>(?:next|coming) )?"


def _friday_of(day: date) -> date:
    """Return the Friday of the week of `day`, its Sunday when the weekend has begun."""
    friday = day + timedelta(days=5 - day.isoweekday())
    return friday if friday >= day else day + timedelta(days=7 - day.isoweekday())


def _quarter_end(year: int, quarter: int) -> date:
    return last_day(year, 3 * quarter)


def _unit_end(day: date, unit: str, ahead: int) -> date:
    """Return the last day of the week, month, quarter or year of `day`, or of one `ahead`; a weekend's Saturday."""
    if unit == "uweek":
        return day + timedelta(days=5 - day.isoweekday() + 7 * ahead) if ahead else _friday_of(day)
    if unit == "weekend":
        begun = day.isoweekday() == 7
        return day + timedelta(days=6 - day.isoweekday() + 7 * (ahead + begun))
    if unit == "umonth":
        month = add_months(day.replace(day=1), ahead)
        return last_day(month.year, month.month)
    if unit == "uquarter":
        year, quarter = divmod(day.year * 4 + (day.month - 1) // 3 + ahead, 4)
        return _quarter_end(year, quarter + 1)
    return date(day.year + ahead, 12, 31)


def _named_month(a: Anchor, month: int, year: str | None) -> tuple[int, bool]:
    """Return the year a month belongs to, and whether it is past; one just gone by without a year is."""
    if year:
        return int(year), (int(year), month) < (a.day.year, a.day.month)
    if month >= a.day.month:
        return a.day.year, month - a.day.month > 9
    return (a.day.year, True) if a.day.month - month <= 3 else (a.day.year + 1, False)


@_rule("end of", "end", rf"(?P<at>end) {_PART_OF}")
@_rule("part of", "mid", rf"(?P<at>mid) {_PART_OF}")
@_rule("part of", "start", rf"(?P<at>start) {_PART_OF}")
def _part_of(m: re.Match[str], a: Anchor) -> Reading | None:
    unit, part = m["u"].strip(), m["at"]
    if m["rel"] == "last":
        return None
    if m["m"]:
        return _part_of_month(int(m["m"]), m["y"], part, a)
    if m["q"]:
        return _quarter(m, a)
    if unit == "uday":
        return Reading((a.day,), grain="eod")
    if m["yy"]:
        end = date(int(m["yy"]), 12, 31)
        return Reading((end,), past=end < a.day) if part == "end" else None
    end = _unit_end(a.day, unit, 1 if m["rel"] in {"next", "coming"} or m["post"] else 0)
    days = {
        ("mid", "uweek"): (end - timedelta(days=2),),
        ("start", "uweek"): (end, end - timedelta(days=3)),  # an early day of a week is still that week
        ("mid", "umonth"): (end.replace(day=15),),
        ("start", "umonth"): (end.replace(day=1),),
    }
    return Reading(days.get((part, unit), (end,)))


def _part_of_month(month: int, year: str | None, part: str, a: Anchor) -> Reading:
    value, past = _named_month(a, month, year)
    end = last_day(value, month)
    return Reading((end.replace(day={"end": end.day, "mid": 15, "start": 10}[part]),), past=past)


@_rule("quarter", "q", r"(?:(?:by|in|before|until|for|on) )?q(?P<q>[1-4]) (?:n(?P<qy>20\d\d) )?")
def _quarter(m: re.Match[str], a: Anchor) -> Reading | None:
    year = int(m["qy"]) if m["qy"] else a.day.year
    end = _quarter_end(year, int(m["q"]))
    if end < a.day and not m["qy"]:
        end = _quarter_end(year + 1, int(m["q"]))
    return Reading((end,), grain="quarter", past=end < a.day)


@_rule("period", " u", rf"{RELATIVE}(?P<u>uweek|umonth|uquarter|uyear) ")
@_rule("period", "weekend", rf"{RELATIVE}(?P<u>weekend) ")
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
        saturday = _unit_end(a.day, unit, 1 if rel == "next" else 0)
        return Reading((saturday, saturday + timedelta(days=1)), grain="weekend")
    return Reading((_unit_end(a.day, unit, 0 if rel in {"this", "the"} else 1),), grain=unit[1:])


@_rule(
    "weekend",
    "weekend",
    r"(?P<mark>by|before|until|over|on|at|in) (?:the |a )?(?:_ )?weekend (?!of|from|the|n\d|o\d|d\d)",
)
def _weekend(m: re.Match[str], a: Anchor) -> Reading | None:
    saturday = _unit_end(a.day, "weekend", 0)
    friday, sunday = saturday - timedelta(days=1), saturday + timedelta(days=1)
    if m["mark"] in {"by", "before", "until", "ahead"}:
        return Reading((friday if friday >= a.day else sunday,), grain="weekend")
    return Reading((saturday, sunday), grain="weekend")


@_rule("month", "m", rf"(?P<mark>in|by|before|until|next|this|byin|from|coming) (?:the )?{MONTH}{YEAR}(?![on]\d)")
def _month(m: re.Match[str], a: Anchor) -> Reading | None:
    year, past = _named_month(a, int(m["m"]), m["y"])
    if m["mark"] == "next" and past:
        year, past = year + 1, False
    day = date(year, int(m["m"]), 1) if m["mark"] == "from" else last_day(year, int(m["m"]))
    return Reading((day,), grain="month", past=past)


@_rule("week of month", "uweek", rf"w(?P<n>[1-4]) uweek (?:of |in )?(?:the )?{MONTH}{YEAR}")
@_rule("week of month", "uweek", rf"w(?P<n>[1-4]) _ uweek (?:of |in )?{MONTH}{YEAR}")
def _week_of_month(m: re.Match[str], a: Anchor) -> Reading | None:
    year, past = _named_month(a, int(m["m"]), m["y"])
    found = nth_weekday(year, int(m["m"]), 5, int(m["n"]))
    return Reading((found,), grain="week", past=past) if found else None


@_rule("week of month", "last uweek", rf"last uweek (?:of |in )(?:the )?{MONTH}{YEAR}")
def _last_week_of_month(m: re.Match[str], a: Anchor) -> Reading | None:
    year, past = _named_month(a, int(m["m"]), m["y"])
    return Reading((last_day(year, int(m["m"])),), grain="week", past=past)


@_rule("period", "uweek", r"(?:the )?uweek after next ")
def _week_after_next(_m: re.Match[str], a: Anchor) -> Reading | None:
    return Reading((_unit_end(a.day, "uweek", 2),), grain="week")


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

_COUNT = r"(?:n\d{1,3} (?:to|and) )?(?P<n>n\d{1,3}|a)"
_SPAN = rf"{_COUNT} u(?P<u>minute|hour|day|bday|week|fortnight|month|quarter|year) "
#: A span that counts from an event nobody knows the date of is no date.
_UNANCHORED = r"(?!(?:of|after|since|once|before) (?!today|now|tomorrow|yesterday))"


def _later(a: Anchor, count: int, unit: str, start: date) -> Reading | None:
    """Return the day `count` units after `start`; minutes and hours count from the moment of sending."""
    count = min(count, 600)
    if unit in {"minute", "hour"}:
        at = a.sent + timedelta(**{unit + "s": count})
        return Reading((at.date(),), minute=at.hour * 60 + at.minute, grain=unit)
    if unit == "bday":
        try:
            return Reading((add_working_days(start, count, a.hours),))
        except NeverOpenError:
            return None
    if unit in {"month", "quarter", "year"}:
        return Reading((add_months(start, count * {"month": 1, "quarter": 3, "year": 12}[unit]),), grain="span")
    return Reading((start + timedelta(days=count * {"day": 1, "week": 7, "fortnight": 14}[unit]),), grain="span")


_FROM_NOW = r"(?P<from>from today |from now |of today )?"


@_rule("within", " u", rf"(?P<mark>within|in|byin|for) (?:the )?(?:next |coming )?{_SPAN}{_FROM_NOW}{_UNANCHORED}")
@_rule("from now", " u", rf"(?P<mark>){_SPAN}(?P<from>from (?:today|now|tomorrow|{WEEKDAY}))")
def _within(m: re.Match[str], a: Anchor) -> Reading | None:
    lasting, count = m["mark"] == "for", 1 if m["n"] == "a" else int(m["n"][1:])
    from_event = a.language != "de" and not m["from"] and m.string.startswith("from ", m.end())
    if count == 0 or from_event or (lasting and m["u"] in {"minute", "hour", "year", "quarter"}):
        return None
    start = a.day
    if m["from"] and "tomorrow" in m["from"]:
        start += timedelta(days=1)
    if m["from"] and "wd" in m["from"]:
        start = coming_weekday(a.day, int(m["wd"]))
    found = _later(a, count, m["u"], start)
    return replace(found, grain="lasting") if found and lasting else found


@_rule("within", "within", r"within the u(?P<u>hour|fortnight) ")
def _within_the(m: re.Match[str], a: Anchor) -> Reading | None:
    return _later(a, 1, m["u"], a.day)


@_rule("feast", " h", r"(?:by|before|until|at|in|on|byin|to) (?:the )?h(?P<h>[a-z0-9]+) ")
def _feast(m: re.Match[str], a: Anchor) -> Reading | None:
    found = feast(m["h"], a.day)
    return Reading((found,)) if found else None
