"""Counts time as the user works it: opening hours by weekday, closed days and public holidays, across clock changes.

Moments come and go as aware datetimes; inside, all counting happens in UTC, so that a day on which the clock changes
simply has an hour less or more. Times of day are read in the zone of the working hours.
"""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from mailsync.model.people import WorkingHours

#: A calendar without a single open day in two years is taken for one that is never open.
_HORIZON = 800


class NeverOpenError(ValueError):
    """These working hours have no open minute, so nothing can be counted in them."""


@lru_cache(maxsize=512)
def _public_holidays(country: str, region: str, year: int) -> frozenset[date]:
    import holidays  # noqa: PLC0415 - takes most of a second, and many never need it

    try:
        found = holidays.country_holidays(country, subdiv=region or None, years=year)
    except NotImplementedError:  # a country or region the package does not know
        return frozenset()
    return frozenset(found)


@lru_cache(maxsize=64)
def _closed_days(hours: WorkingHours) -> frozenset[date]:
    return frozenset(date.fromisoformat(day) for day in hours.closed)


def is_holiday(day: date, hours: WorkingHours) -> bool:
    """Say whether `day` is a public holiday or a further closed day."""
    if hours.closed and day in _closed_days(hours):
        return True
    return bool(hours.country) and day in _public_holidays(hours.country, hours.region, day.year)


def _opening(day: date, hours: WorkingHours) -> tuple[datetime, datetime] | None:
    """Return when `day` opens and closes, in UTC; None for a closed day."""
    times = hours.days[day.weekday()]
    if times is None or times[1] <= times[0] or is_holiday(day, hours):
        return None
    zone = ZoneInfo(hours.zone)
    midnight = datetime(day.year, day.month, day.day)  # noqa: DTZ001 - wall time, given its zone below
    opens, closes = ((midnight + timedelta(minutes=m)).replace(tzinfo=zone).astimezone(UTC) for m in times)
    return (opens, closes) if opens < closes else None


def _openings(start: datetime, hours: WorkingHours) -> Iterator[tuple[datetime, datetime]]:
    """Yield the openings from that of the day of `start` on, in UTC. Raises NeverOpenError."""
    day = start.astimezone(ZoneInfo(hours.zone)).date() - timedelta(days=1)  # the day before may close after midnight
    quiet = 0
    while quiet <= _HORIZON:
        opening = _opening(day, hours)
        if opening and opening[1] > start:
            quiet = 0
            yield opening
        else:
            quiet += 1
        day += timedelta(days=1)
    raise NeverOpenError(NeverOpenError.__doc__)


def is_open(at: datetime, hours: WorkingHours) -> bool:
    """Say whether `at` (aware) lies in working time; the closing minute no longer does."""
    try:
        opens, _ = next(_openings(at, hours))
    except NeverOpenError:
        return False
    return opens <= at


def next_open(at: datetime, hours: WorkingHours) -> datetime:
    """Return `at` where it lies in working time, else the next opening, in the zone of the hours.

    Raises NeverOpenError for hours without an open minute.
    """
    opens, _ = next(_openings(at, hours))
    return max(opens, at.astimezone(UTC)).astimezone(ZoneInfo(hours.zone))


def add_working_time(start: datetime, minutes: int, hours: WorkingHours) -> datetime:
    """Return the moment when `minutes` (0 or more) of working time have passed since `start`.

    Zero minutes give the next open moment; a day's last minute gives its closing time.
    Raises NeverOpenError for hours without an open minute.
    """
    if minutes <= 0:
        return next_open(start, hours)
    zone, rest = ZoneInfo(hours.zone), timedelta(minutes=minutes)
    at = start.astimezone(UTC)
    openings = _openings(start, hours)
    while True:
        opens, closes = next(openings)
        begin = max(opens, at)
        if begin + rest <= closes:
            return (begin + rest).astimezone(zone)
        rest -= closes - begin


def working_minutes(start: datetime, end: datetime, hours: WorkingHours) -> int:
    """Return the whole minutes of working time from `start` to `end`; negative where `end` lies before `start`."""
    if end < start:
        return -working_minutes(end, start, hours)
    total, at, until = timedelta(), start.astimezone(UTC), end.astimezone(UTC)
    try:
        for opens, closes in _openings(start, hours):
            if opens >= until:
                break
            total += min(closes, until) - max(opens, at)
    except NeverOpenError:
        pass
    return total // timedelta(minutes=1)


def is_working_day(day: date, hours: WorkingHours) -> bool:
    """Say whether anybody works on `day`."""
    return hours.days[day.weekday()] is not None and not is_holiday(day, hours)


def add_working_days(day: date, n: int, hours: WorkingHours) -> date:
    """Return the `n`-th working day after `day` (before it for a negative `n`); `day` itself for 0.

    Counting begins with the day after. Raises NeverOpenError for hours without a working day.
    """
    step, left, quiet = timedelta(days=1 if n > 0 else -1), abs(n), 0
    while left:
        day += step
        if is_working_day(day, hours):
            left, quiet = left - 1, 0
        else:
            quiet += 1
            if quiet > _HORIZON:
                raise NeverOpenError(NeverOpenError.__doc__)
    return day


def working_days(start: date, end: date, hours: WorkingHours) -> int:
    """Return how many working days follow `start` up to and with `end`; negative where `end` lies before `start`."""
    if end < start:
        return -working_days(end, start, hours)
    days = (start + timedelta(days=n + 1) for n in range((end - start).days))
    return sum(is_working_day(day, hours) for day in days)
