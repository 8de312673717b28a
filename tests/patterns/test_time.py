from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mailsync.model.people import Side, WorkingHours
from mailsync.patterns.answers import waits
from mailsync.patterns.contact import off_hours_kind
from mailsync.text.worktime import is_open, working_days, working_minutes
from tests.patterns.desk import DANA, US, Desk

ZONES = ("UTC", "Europe/Berlin", "America/New_York", "Asia/Kolkata", "Australia/Lord_Howe", "Pacific/Apia")
FIRST, LAST = datetime(2025, 1, 1), datetime(2027, 12, 31)  # noqa: DTZ001 - hypothesis wants them bare
moments = st.datetimes(FIRST, LAST, timezones=st.just(UTC))
offices = st.builds(
    WorkingHours,
    zone=st.sampled_from(ZONES),
    days=st.lists(
        st.one_of(st.none(), st.tuples(st.integers(0, 700), st.integers(720, 1440))), min_size=7, max_size=7
    ).map(tuple),
    country=st.sampled_from(("", "DE", "US")),
    closed=st.lists(st.dates(date(2025, 1, 1), date(2027, 12, 31)).map(date.isoformat), max_size=3).map(tuple),
)


@given(moments, offices)
def test_working_time_is_never_off_hours(at, hours):
    """Whoever writes while the office is open writes at no bad time, in every zone and across clock changes."""
    if is_open(at, hours):
        assert off_hours_kind(at, hours) == ""


@given(moments, offices)
def test_closed_days_are_always_off_hours(at, hours):
    """On a day without opening every moment is a bad time."""
    if hours.days[at.astimezone(ZoneInfo(hours.zone)).weekday()] is None:
        assert off_hours_kind(at, hours)


@settings(max_examples=50)
@given(moments, st.integers(0, 200), st.integers(0, 200), offices)
def test_days_are_counted_as_working_time_counts_them(first, start, length, hours):
    """The history's calendar gives what `text.worktime` gives for the same days."""
    desk = Desk(hours=hours)
    desk.mail(DANA, first)
    history = desk.history(first + timedelta(days=400))
    begin = history.day(first) + timedelta(days=start)
    end = begin + timedelta(days=length)

    assert history.working_days(begin, end) == working_days(begin, end, hours)
    assert len(history.working_between(begin, end)) == history.working_days(begin, end)
    assert history.working_days(end, begin) == 0 or end == begin


@settings(max_examples=50)
@given(moments, st.integers(0, 60 * 24 * 20), st.sampled_from(ZONES), offices)
def test_waiting_does_not_depend_on_the_writers_zone(at, minutes, zone, hours):
    """A mail's own zone changes nothing about how long somebody waited for it."""
    desk = Desk(hours=hours)
    desk.mail(DANA, at, "When is it done?")
    desk.mail(US, (at + timedelta(minutes=minutes + 1)).astimezone(ZoneInfo(zone)))
    (wait,) = waits(desk.history(at + timedelta(days=30)), Side.US)

    assert wait.minutes == working_minutes(at, at + timedelta(minutes=minutes + 1), hours)


@pytest.mark.parametrize(
    ("at", "kind"),
    [
        ("2026-03-27T17:30:00+01:00", ""),  # the last Friday of winter time
        ("2026-03-30T07:30:00+02:00", "early"),  # summer time has begun
        ("2026-03-30T08:30:00+02:00", ""),
        ("2026-03-30T07:30:00+01:00", ""),  # the same moment written in the old offset is 08:30
        ("2026-03-29T12:00:00+02:00", "weekend"),
        ("2026-04-03T12:00:00+02:00", "holiday"),  # Good Friday
        ("2026-03-31T23:10:00+02:00", "night"),
        ("2026-03-31T18:05:00+02:00", "evening"),
        ("2026-03-31T17:59:00+02:00", ""),
        ("2026-03-31T12:00:00-04:00", "evening"),  # noon in New York is 18:00 in Berlin
    ],
)
def test_the_users_clock_decides(at, kind):
    """Bad times are those of the user's zone, with its holidays and clock changes, whatever zone the mail was sent in."""
    hours = WorkingHours(zone="Europe/Berlin", country="DE")

    assert off_hours_kind(datetime.fromisoformat(at), hours) == kind
