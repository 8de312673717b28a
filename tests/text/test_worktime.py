from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailsync.model.people import WorkingHours
from mailsync.text.worktime import (
    NeverOpenError,
    add_working_days,
    add_working_time,
    is_open,
    next_open,
    working_days,
    working_minutes,
)

NINE_TO_FIVE = WorkingHours(zone="Europe/Berlin")
NIGHTS = WorkingHours(zone="America/New_York", days=((0, 1440),) * 7)
ODD = WorkingHours(zone="Australia/Lord_Howe", days=((90, 200), None, (0, 181), None, (600, 601), None, (60, 240)))
CALENDARS = st.sampled_from(
    [
        NINE_TO_FIVE,
        NIGHTS,
        ODD,
        WorkingHours(zone="Europe/London", days=((30, 150),) * 7),
        WorkingHours(closed=("2024-03-29",)),
    ]
)
# the clock changes in spring and autumn lie inside
MOMENTS = st.integers(0, 390_000).map(lambda minutes: datetime(2024, 2, 20, tzinfo=UTC) + timedelta(minutes=minutes))
MINUTES = st.integers(0, 6000)


def berlin(*parts: int) -> datetime:
    """Return a moment by the clock in Berlin."""
    return datetime(*parts, tzinfo=ZoneInfo("Europe/Berlin"))


def test_open_and_closed():
    """The first minute is open, the closing minute is not, and the weekend neither."""
    assert is_open(berlin(2024, 6, 5, 9, 0), NINE_TO_FIVE)
    assert not is_open(berlin(2024, 6, 5, 17, 0), NINE_TO_FIVE)
    assert not is_open(berlin(2024, 6, 8, 12, 0), NINE_TO_FIVE)


def test_next_open_over_a_weekend():
    """Friday evening leads to Monday morning; an open moment is its own."""
    assert berlin(2024, 6, 10, 9, 0) == next_open(berlin(2024, 6, 7, 18, 0), NINE_TO_FIVE)
    assert berlin(2024, 6, 7, 10, 0) == next_open(berlin(2024, 6, 7, 10, 0), NINE_TO_FIVE)


def test_adding_crosses_nights():
    """Sixteen working hours from Friday noon end on Tuesday noon."""
    assert berlin(2024, 6, 11, 12, 0) == add_working_time(berlin(2024, 6, 7, 12, 0), 16 * 60, NINE_TO_FIVE)


def test_short_day_of_the_clock_change():
    """A day on which the clock goes forward has an hour less to work in."""
    day = WorkingHours(zone="Europe/Berlin", days=((0, 1440),) * 7)

    assert working_minutes(berlin(2024, 3, 31, 0, 0), berlin(2024, 4, 1, 0, 0), day) == 23 * 60
    assert working_minutes(berlin(2024, 10, 27, 0, 0), berlin(2024, 10, 28, 0, 0), day) == 25 * 60


def test_holidays():
    """Public holidays and own closed days are no working days."""
    hours = WorkingHours(country="DE", region="BY", closed=("2024-05-31",))

    assert date(2024, 6, 3) == add_working_days(date(2024, 5, 29), 1, hours)  # 30 May is Corpus Christi in Bavaria


def test_unknown_country():
    """A country nobody knows has no holidays."""
    assert date(2024, 12, 25) == add_working_days(date(2024, 12, 24), 1, WorkingHours(country="XX"))


def test_days_back():
    """Counting back from a Monday lands on the Friday before."""
    assert date(2024, 6, 7) == add_working_days(date(2024, 6, 10), -1, NINE_TO_FIVE)


def test_never_open():
    """Hours without an open minute are refused instead of searched for ever."""
    shut = WorkingHours(days=(None,) * 7)

    with pytest.raises(NeverOpenError):
        next_open(berlin(2024, 6, 5, 9, 0), shut)
    with pytest.raises(NeverOpenError):
        add_working_days(date(2024, 6, 5), 1, shut)
    assert not is_open(berlin(2024, 6, 5, 9, 0), shut)
    assert working_minutes(berlin(2024, 6, 5, 9, 0), berlin(2024, 6, 6, 9, 0), shut) == 0


@given(MOMENTS, MINUTES, MINUTES, CALENDARS)
def test_additive(start, one, two, hours):
    """Adding twice is adding the sum."""
    assert (
        add_working_time(add_working_time(start, one, hours), two, hours) == add_working_time(start, one + two, hours)
        or two == 0
    )


@given(MOMENTS, MINUTES, MINUTES, CALENDARS)
def test_monotonic(start, one, two, hours):
    """More working time never ends earlier."""
    less, more = sorted((one, two))

    assert add_working_time(start, less, hours) <= add_working_time(start, more, hours) or less == 0


@given(MOMENTS, st.integers(1, 6000), CALENDARS)
def test_counting_undoes_adding(start, minutes, hours):
    """As many working minutes lie before the end as were added."""
    assert minutes == working_minutes(start, add_working_time(start, minutes, hours), hours)


@given(MOMENTS, CALENDARS)
def test_next_open_is_open(start, hours):
    """The next opening is open, not earlier, and with no working time before it."""
    at = next_open(start, hours)

    assert is_open(at, hours)
    assert at >= start
    assert working_minutes(start, at, hours) == 0


@given(MOMENTS, MINUTES, CALENDARS)
def test_ends_within_hours(start, minutes, hours):
    """The end of working time lies in working time, or at its very close."""
    end = add_working_time(start, minutes, hours)

    assert is_open(end, hours) or is_open(end - timedelta(microseconds=1), hours)


@given(st.dates(date(2024, 1, 1), date(2024, 12, 31)), st.integers(0, 60), CALENDARS)
def test_days_counted_back(day, n, hours):
    """As many working days lie up to the end as were added."""
    assert n == working_days(day, add_working_days(day, n, hours), hours)


@given(MOMENTS, MOMENTS, CALENDARS)
def test_direction(start, end, hours):
    """Counting the other way round gives the same number with the other sign."""
    assert working_minutes(start, end, hours) == -working_minutes(end, start, hours)
