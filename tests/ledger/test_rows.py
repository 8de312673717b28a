"""Values to rows and back."""

import json
from datetime import UTC, datetime, timedelta, timezone
from math import isfinite

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from mailsync.ledger.rows import build, canonical, from_utc, pack, plain, unpack, utc
from mailsync.model.draft import Draft
from mailsync.model.entry import Entry
from mailsync.model.mail import Message
from mailsync.model.thread import Correction

ZONES = st.builds(lambda minutes: timezone(timedelta(minutes=minutes)), st.integers(-14 * 60, 14 * 60))
FIRST, LAST = datetime(1, 1, 3), datetime(9999, 12, 29)  # noqa: DTZ001 - hypothesis adds the zones
MOMENTS = st.datetimes(min_value=FIRST, max_value=LAST, timezones=ZONES)


@pytest.mark.parametrize("kind", [Entry, Draft, Message, Correction])
def test_round_trip(kind):
    """Every value of the model comes back from its JSON as it was."""

    @settings(max_examples=30, deadline=None)
    @given(st.from_type(kind))
    def comes_back(value):
        text = canonical(plain(value))
        assume(kind is not Entry or isfinite(value.finding.confidence))

        assert build(kind, json.loads(text)) == value
        assert canonical(json.loads(text)) == text

    comes_back()


@pytest.mark.parametrize("number", [float("nan"), float("inf")])
def test_no_number(number):
    """What is no number to JSON becomes one, so that every program can read what is kept."""
    assert canonical(plain((number,))) == "[0.0]"


@given(MOMENTS, MOMENTS)
def test_utc(one, other):
    """Moments come back from their text, and sort like it."""
    assert from_utc(utc(one)) == one
    assert (utc(one) < utc(other)) == (one < other)


def test_edge_of_time():
    """The first and the last moment can be written down, whatever the zone."""
    east = timezone(timedelta(hours=14))
    assert utc(datetime(1, 1, 1, tzinfo=east)) == "0001-01-01T00:00:00.000000Z"
    assert utc(datetime(1, 1, 1, tzinfo=UTC)) == "0001-01-01T00:00:00.000000Z"


@given(st.binary(max_size=300))
def test_pack(data):
    """Packed bytes come back."""
    assert unpack(pack(data)) == data


@pytest.mark.parametrize("data", [b"", b"nonsense", pack(b"whole")[:-1], pack(b"whole") + b"x"])
def test_unpack(data):
    """What is not one whole packed text is refused."""
    with pytest.raises(ValueError):
        unpack(data)
