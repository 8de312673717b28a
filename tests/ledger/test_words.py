"""One tokenizer for index, queries and highlights."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailsync.ledger.words import further, numbers, places, stem, tokens


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("We'll START: on-site!", "we ll start on site"),
        ("Größe, GROSSE, façade", "grosse grosse facade"),
        ("anna@acme.example", "anna acme example"),
        ("合意した", "合 意 し た"),
        ("ＦＵＬＬ width ²", "full width 2"),
        ("Ελλάδα Привет", "ελλαδα привет"),
        ("snake_case §3", "snake case 3"),
        ("", ""),
        ("…—()\x00", ""),
    ],
)
def test_tokens(text, expected):
    """Words are folded, separators dropped, ideographs stand alone."""
    assert tokens(text) == expected.split()


def test_stems():
    """English words share a stem, others stay what they are."""
    words = ["invoices", "invoicing", "agreed", "größe", "合"]

    assert [stem(word) for word in words] == ["invoic", "invoic", "agre", "größe", "合"]


def test_further():
    """Stems that differ and numbers as plain digits are further tokens."""
    text = "Two invoices of 4,800 and 1.200.000"

    assert further(text, tokens(text)) == ["1200000", "4800", "invoic"]


@pytest.mark.parametrize("text", ["1,2", "4,80", "12,3456", "3.14159", "2026.03.06"])
def test_no_thousands(text):
    """Decimals and dates are not numbers with thousands separators."""
    assert numbers(text) == []


@given(st.text(max_size=200))
def test_any_text(text):
    """Every token can be indexed as one word, and every place lies in the text."""
    assert all(c.isalnum() or ord(c) > 127 for token in tokens(text) for c in token)
    assert all(0 <= start < end <= len(text) for start, end, _ in places(text))


@given(st.text(st.characters(categories=["Ll", "Lu", "Nd", "Zs", "Po"]), max_size=100))
def test_places(text):
    """Each token of a text of letters, digits and punctuation has its place in it."""
    assert {token for _, _, token in places(text)} == set(tokens(text))
