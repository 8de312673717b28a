"""How a typed query is understood."""

from datetime import date

import pytest

from mailsync.ledger.query import LONGEST, MOST_TERMS, parse

TODAY = date(2026, 3, 6)


def understood(typed):
    """Return the conditions of a query in one line."""
    groups = parse(typed, today=TODAY).groups
    return " & ".join(
        " | ".join(("-" if one.negated else "") + (one.match or one.where) for one in group) for group in groups
    )


@pytest.mark.parametrize(
    ("typed", "same"),
    [
        ("a AND b", "a b"),
        ("a NOT b", "a -b"),
        ("OR a", "or a"),
        ("a OR", "a or"),
        ("AND", "and"),
        ("unknown:word", '"unknown word"'),
        ('"unbalanced', '"unbalanced"'),
        ("KIND:Proposal", "kind:proposal"),
        ("due:today", "due:2026-03-06"),
        ("amount:1.200,50", "amount:1,200.50"),
        ("amount:4.8k", "amount:4800"),
        ("(a) {b}", "a b"),
    ],
)
def test_same(typed, same):
    """Different ways to ask for the same."""
    assert understood(typed) == understood(same)


@pytest.mark.parametrize(
    ("typed", "values"),
    [
        ("due:2026-02", ("2026-02-01", "2026-03-01")),
        ("due:2026", ("2026-01-01", "2027-01-01")),
        ("due:<2026-03-06", ("0001-01-01", "2026-03-06")),
        ("due:>yesterday", ("2026-03-06", "9999-12-31")),
        ("due:2026-03-01..2026-03", ("2026-03-01", "2026-04-01")),
        ("amount:>=1000", (1000.0,)),
        ("amount:1k..2k€", (1000.0, 2000.0, "EUR")),
        ("amount:15%", (15.0, "%")),
    ],
)
def test_values(typed, values):
    """Days, months, spans and amounts are read as people write them."""
    [[condition]] = parse(typed, today=TODAY).groups

    assert condition.values == values


@pytest.mark.parametrize(
    "typed", ["due:soon", "due:2026-02-30", "amount:much", "before:9999-99", "state:nowhere", "is:it"]
)
def test_not_understood(typed):
    """What is no filter is searched for as words."""
    [[condition]] = parse(typed, today=TODAY).groups

    assert not condition.where
    assert condition.match.startswith("({words subject")


def test_too_long():
    """Of a query that no person typed, the beginning is read."""
    assert len(parse(" ".join(map(str, range(1000, 3000))), today=TODAY).groups) == MOST_TERMS
    assert len(parse("word " * 10_000, today=TODAY).groups) == 1
    assert understood("x" * 100_000) == understood("x" * LONGEST)


def test_clients():
    """The beginning of a client's key stands for it."""
    one = parse("client:be", today=TODAY, clients=["acme", "beta", "Bergmann"])

    assert one.groups[0][0].match.count(" OR ") == 2
