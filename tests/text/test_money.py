from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailsync.text.money import find_amounts, number, plain_numbers


@pytest.mark.parametrize(
    ("text", "amounts"),
    [
        ("a flat $3,900", ["3900 USD"]),
        ("also 4.800 Euro netto", ["4800 EUR"]),
        ("4,800 USD all in", ["4800 USD"]),
        ("about $4k", ["4000 USD"]),
        ("about 4k EUR", ["4000 EUR"]),
        ("1.200,50 € brutto", ["1200.50 EUR"]),
        ("3 200 € HT", ["3200 EUR"]),
        ("£11.90 per seat per month", ["11.90 GBP"]),
        ("CHF 5'000.-", ["5000 CHF"]),
        ("A$500, S$5,800, CA$20 and NZ$7", ["500 AUD", "5800 SGD", "20 CAD", "7 NZD"]),
        ("₦850,000 is due", ["850000 NGN"]),
        ("keep back R18 000 of it", ["18000 ZAR"]),
        ("1,85,000 INR and three weeks", ["185000 INR"]),
        ("US$1.2 million", ["1200000 USD"]),
        ("four grand tops", ["4000 USD"]),
        ("4 grand tops", ["4000 USD"]),
        ("nine thousand pounds", ["9000 GBP"]),
        ("1.5 h of work", ["1.5 h"]),
        ("38 more hours", ["38 h"]),
        ("thirty hours then", ["30 h"]),
        ("28 Stunden, also 3.360 Euro", ["28 h", "3360 EUR"]),
        ("a discount of 15 %", ["15 %"]),
        ("einen Nachlass von 10 Prozent", ["10 %"]),
        ("40 licences at 8 EUR", ["8 EUR"]),
        ("invoice 2024-118 for 99 EUR", ["99 EUR"]),
        ("0,04 € la unidad", ["0.04 EUR"]),
        ("5.00 EUR", ["5 EUR"]),
    ],
)
def test_amounts(text, amounts):
    """Money, hours and percentages are read as people write them, whatever their separators."""
    assert amounts == [str(a) for a in find_amounts(text)]


@pytest.mark.parametrize(
    "text",
    [
        "invoice 2024-118",
        "in 2026",
        "12 users and 3 shops",
        "version 2.4",
        "call +44 20 7946 0018",
        "room 12",
        "one of us",
        "Try 5 of them",
        "for 5 years",
    ],
)
def test_no_amounts(text):
    """Numbers of invoices, years, things, versions and telephones are no amounts."""
    assert find_amounts(text) == ()


def test_local_dollar():
    """A plain dollar is whatever dollar the writer's own is."""
    (found,) = find_amounts("$20 more", dollar="AUD")

    assert found.unit == "AUD"


def test_place():
    """An amount knows its place."""
    text = "It costs € 1.250, plus VAT."
    (found,) = find_amounts(text)

    assert text[found.start : found.end] == "€ 1.250"


def test_plain_numbers():
    """Numbers without a unit are offered apart, ordinals and times are none."""
    assert [Decimal(380), Decimal(12960)] == [
        value for _, _, value in plain_numbers("380 or 12.960, by the 5th at 14:30")
    ]


@pytest.mark.parametrize(
    ("text", "value"), [("4.800", "4800"), ("4,80", "4.80"), ("1,85,000", "185000"), ("3\u202f200", "3200")]
)
def test_numbers(text, value):
    """Three digits after the last separator make thousands, fewer a fraction."""
    assert Decimal(value) == number(text)


@given(st.text(alphabet=st.sampled_from("0123456789.,' $€£kKhR%EURUSD"), max_size=200))
def test_anything_may_be_written(text):
    """No heap of figures and signs makes the reader raise, and every amount shows itself."""
    for found in find_amounts(text):
        assert str(found).endswith(" " + found.unit)


def test_long_input_is_cut():
    """A megabyte of digits is read only at its beginning."""
    assert find_amounts("9" * 1_000_000) == ()
