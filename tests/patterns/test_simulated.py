import pytest

from mailsync.model.people import Side
from mailsync.patterns.report import report
from tests.patterns.simulated import PLANTS, planted_years, told


def signs(readings):
    """Return the signs of a report by figure and side."""
    return {(f.rule.key, f.side.value) for f in report(told(readings), hostile=True).signs}


def test_a_calm_client_shows_no_pattern(calm_years):
    """Two years in which everybody keeps their word show nothing on either side."""
    assert signs(calm_years) == set()


@pytest.mark.parametrize("habit", PLANTS, ids=" ".join)
def test_a_planted_habit_is_found(calm_years, habit):
    """Each habit, planted into the calm years, shows as a sign on the side that has it."""
    assert habit in signs([*calm_years, *planted_years(*habit)])


@pytest.mark.parametrize("habit", PLANTS, ids=" ".join)
def test_every_case_opens_a_message_of_the_habit(calm_years, habit):
    """The cases of a planted habit stand on the planted messages and on no others."""
    ours = planted_years(*habit)
    digests = {m.message.digest for reading in ours for m in reading.messages}
    figures = report(told([*calm_years, *ours]), hostile=True).figures
    figure = next(f for f in figures if (f.rule.key, f.side.value) == habit)

    assert figure.cases
    assert all(digests.issuperset(case.messages) for case in figure.cases)


def test_hostile_words_are_only_looked_for_when_asked(calm_years):
    """Without the switch no figure about wording exists."""
    figures = report(told([*calm_years, *planted_years("hostile", "client")])).figures

    assert not {f.rule.key for f in figures} & {"hostile", "blame"}


def test_both_sides_are_counted_by_the_same_rules():
    """A habit that both sides can have is counted for both, and its story told the other way round is found as ours."""
    both = {key for key, side in PLANTS if side == "us"} & {key for key, side in PLANTS if side == "client"}

    assert {"dates-missed", "waiting", "goalposts", "unanswered", "slow-answers", "off-hours"} <= both
    assert all({Side.CLIENT, Side.US} == set(f.rule.sides) for f in report(told([])).figures if f.rule.key in both)
