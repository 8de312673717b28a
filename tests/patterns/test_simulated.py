from functools import cache

import pytest

from mailsync.model.people import Side
from mailsync.patterns.report import report
from tests.patterns.simulated import PLANTS, calm, planted, read, told


@cache
def calm_years():
    """Return two calm years with a client, read once."""
    return read(list(calm()))


@cache
def with_habit(key, side):
    """Return the report on the calm years with a habit planted, and the planted messages' digests."""
    ours = read(planted(key, side))
    digests = {m.message.digest for reading in ours for m in reading.messages}
    return report(told([*calm_years(), *ours]), hostile=True), digests


def test_a_calm_client_shows_no_pattern():
    """Two years in which everybody keeps their word show nothing on either side."""
    assert report(told(calm_years()), hostile=True).signs == ()


@pytest.mark.parametrize("habit", PLANTS, ids=" ".join)
def test_a_planted_habit_is_found(habit):
    """Each habit, planted into the calm years, shows as a pattern on the side that has it."""
    found, _ = with_habit(*habit)

    assert habit in {(f.rule.key, f.side.value) for f in found.signs}


@pytest.mark.parametrize("habit", PLANTS, ids=" ".join)
def test_every_case_opens_a_message_of_the_habit(habit):
    """The cases of a planted habit stand on the planted messages and on no others."""
    found, digests = with_habit(*habit)
    figure = next(f for f in found.figures if (f.rule.key, f.side.value) == habit)

    assert figure.cases
    assert all(digests.issuperset(case.messages) for case in figure.cases)


@pytest.mark.parametrize(
    ("habit", "number"),
    [(("unpaid-extras", "client"), 6), (("broken-payment-promises", "client"), 4), (("hostile", "us"), 3)],
)
def test_planted_cases_are_counted(habit, number):
    """As many cases are counted as were planted."""
    found, _ = with_habit(*habit)

    assert next(f.number for f in found.figures if (f.rule.key, f.side.value) == habit) == number


def test_hostile_words_are_only_looked_for_when_asked():
    """Without the switch no figure about wording exists."""
    figures = report(told(read(planted("hostile", "client")))).figures

    assert not {f.rule.key for f in figures} & {"hostile", "blame"}


def test_both_sides_are_counted_by_the_same_rules():
    """A habit that both sides can have is counted for both, and its story told the other way round is found as ours."""
    both = {key for key, side in PLANTS if side == "us"} & {key for key, side in PLANTS if side == "client"}

    assert {"dates-missed", "waiting", "goalposts", "unanswered", "slow-answers", "off-hours"} <= both
    assert all({Side.CLIENT, Side.US} == set(f.rule.sides) for f in report(told([])).figures if f.rule.key in both)
