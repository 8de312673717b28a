"""What single sentences say about the points of a letter."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailsync.model.entry import Terms
from mailsync.recap.answers import Ear, Say, clauses, hear

SENT = datetime(2026, 3, 5, 9, 14, tzinfo=UTC)
OLD = Terms(due="2026-04-15", amount="4000 USD")


def ear(language="en", points=4):
    """Listen as to a letter with four points."""
    return Ear(language=language, sent=SENT, points=points)


@pytest.mark.parametrize(
    ("language", "text", "numbers"),
    [
        ("en", "1 and 2 ok. 3: it is 22 April, not 15.", [(1, 2), (3,)]),
        ("en", "1-3 ok, 4 no", [(1, 2, 3), (4,)]),
        ("en", "I don't agree with 3.", [(3,)]),
        ("en", "Points 1, 2 and 4 are fine", [(1, 2, 4)]),
        ("en", "#1 ok", [(1,)]),
        ("en", "(1) fine (2) fine (3) not fine", [(1,), (2,), (3,)]),
        ("en", "The date in point 3 is wrong", [(), (3,)]),
        ("de", "Punkt 1 stimmt, Punkt 2 nicht.", [(1,), (2,)]),
        ("de", "Zu 3: es ist der 22. April", [(3,)]),
        ("fr", "1 et 2 d'accord. 3 : non", [(1, 2), (3,)]),
        ("es", "El 3: es el 22 de abril", [(3,)]),
        ("en", "We need 3 more licences by 5 May", [()]),
        ("en", "It is 3 April.", [()]),
        ("en", "We pay 2 % less, 3 EUR in all.", [()]),
        ("en", "Point 7 is fine.", [()]),
        ("en", "See section 2.3 of the contract", [()]),
    ],
)
def test_numbers_that_name_points(language, text, numbers):
    """Numbers of points are told from dates, quantities and numbers that the letter does not have."""
    assert [clause.numbers for clause in clauses(text, ear(language))] == numbers


@pytest.mark.parametrize(
    ("language", "text", "say"),
    [
        ("en", "Agreed.", Say.YES),
        ("en", "no objections", Say.YES),
        ("en", "No problem at all", Say.YES),
        ("en", "All good", Say.YES),
        ("en", "Sounds good!", Say.BARE),
        ("en", "Should be fine, I think.", Say.WEAK),
        ("en", "ok if you pay for it", Say.WEAK),
        ("en", "Is that right?", Say.WEAK),
        ("en", "That's not what we agreed.", Say.NO),
        ("en", "Thanks, will check.", Say.WEAK),
        ("en", "The weather is nice in April", Say.NOTHING),
        ("de", "Stimmt.", Say.YES),
        ("de", "Das stimmt nicht.", Say.NO),
        ("de", "Keine Einwände", Say.YES),
        ("de", "Sollte passen.", Say.WEAK),
        ("fr", "Pas de problème", Say.YES),
        ("fr", "Ce n'est pas exact.", Say.NO),
        ("es", "Sí", Say.YES),
        ("es", "Sin cambios", Say.YES),
        ("es", "No es lo que acordamos.", Say.NO),
    ],
)
def test_yes_no_and_between(language, text, say):
    """Yes, a nod, doubt and no are told apart in four languages."""
    assert hear(text, ear(language)).say is say


@pytest.mark.parametrize(
    ("language", "text", "due", "amount"),
    [
        ("en", "it is 22 April, not 15", "2026-04-22", None),
        ("en", "not the 15th but 22 April", "2026-04-22", None),
        ("en", "22 April instead of 15 April", "2026-04-22", None),
        ("en", "the price was 4,500 USD, not 4,000 USD", None, "4500 USD"),
        ("de", "es ist der 22. April, nicht der 15.", "2026-04-22", None),
        ("de", "22. April statt 15. April", "2026-04-22", None),
        ("fr", "c'est le 22 avril, pas le 15", "2026-04-22", None),
        ("es", "es el 22 de abril, no el 15", "2026-04-22", None),
    ],
)
def test_what_is_right_instead(language, text, due, amount):
    """The new value is taken, the denied one is not."""
    word = hear(text, ear(language), OLD)

    assert word.say is Say.OTHER
    assert (word.terms.due, word.terms.amount) == (due, amount)


def test_repeating_the_old_value_is_a_yes():
    """Who writes the line's own date again has confirmed it."""
    assert hear("15 April it is", ear(), OLD).say is Say.YES


@given(st.text(max_size=700), st.sampled_from(["en", "de", "fr", "es", "", "it"]))
def test_nothing_a_client_writes_raises(text, language):
    """Any text is cut into clauses whose numbers exist, and heard without an error."""
    for clause in clauses(text, ear(language)):
        assert all(1 <= n <= 4 for n in clause.numbers)
        hear(clause.text, ear(language), OLD)
