"""Says on which day a feast falls that people name instead of a date ("before Easter", "bis Pfingsten")."""

from datetime import date, timedelta

_FIXED = {
    "xmas": (12, 25),
    "xmaseve": (12, 24),
    "newyear": (1, 1),
    "newyeareve": (12, 31),
    "halloween": (10, 31),
    "allsaints": (11, 1),
    "valentine": (2, 14),
    "july4": (7, 4),
    "reyes": (1, 6),
}
_FROM_EASTER = {"easter": 0, "goodfriday": -2, "whitsun": 49}
#: (month, weekday with Monday 1, which one; -1 the last)
_FLOATING = {"thanksgiving": (11, 4, 4), "laborday": (9, 1, 1), "memorial": (5, 1, -1)}


def easter(year: int) -> date:
    """Return the Western Easter Sunday of a Gregorian `year` (Meeus/Jones/Butcher)."""
    a, (b, c) = year % 19, divmod(year, 100)
    (d, e), f = divmod(b, 4), (b + 8) // 25
    g = (b - f + 1) // 3
    h = (19 * a + b - d - g + 15) % 30
    i, k = divmod(c, 4)
    rest = (32 + 2 * e + 2 * i - h - k) % 7
    m = (a + 11 * h + 22 * rest) // 451
    month, day = divmod(h + rest - 7 * m + 114, 31)
    return date(year, month, day + 1)


def nth_weekday(year: int, month: int, weekday: int, nth: int) -> date | None:
    """Return the `nth` (-1: last) `weekday` (Monday 1) of a month, None where there is no fifth one."""
    if nth < 0:
        end = date(year + month // 12, month % 12 + 1, 1) - timedelta(days=1)
        return end - timedelta(days=(end.isoweekday() - weekday) % 7)
    start = date(year, month, 1)
    found = start + timedelta(days=(weekday - start.isoweekday()) % 7 + 7 * (nth - 1))
    return found if found.month == month else None


def feast(name: str, after: date) -> date | None:
    """Return the first day after `after` on which the feast `name` falls, None for an unknown name."""
    for year in (after.year, after.year + 1):
        if name in _FIXED:
            found: date | None = date(year, *_FIXED[name])
        elif name in _FROM_EASTER:
            found = easter(year) + timedelta(days=_FROM_EASTER[name])
        elif name in _FLOATING:
            found = nth_weekday(year, *_FLOATING[name])
        else:
            return None
        if found and found > after:
            return found
    return None
