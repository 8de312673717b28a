"""The small change of the pipeline: portions that keep memory flat, the fingerprint of who is listed."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from mailsync.model.people import Circle, Client
from mailsync.pipeline import BATCH, HELD, fingerprint, portions, whose

CIRCLE = Circle(
    own=("me@halecraft.example",),
    clients=(Client(key="a", name="A", domains=("a.example",)), Client(key="b", name="B", addresses=("x@b.example",))),
    never=("private@a.example",),
)


@given(st.lists(st.integers(0, HELD), max_size=600))
def test_portions_hold_everything_in_order_and_little_at_once(weights):
    """Nothing is lost or turned around, and no portion holds more than one thing beyond the limit."""
    made = list(portions(weights, lambda weight: weight))

    assert [weight for portion in made for weight in portion] == weights
    for portion in made:
        assert 0 < len(portion) <= BATCH
        assert sum(portion[:-1]) < HELD


def test_whose_mail_it_is():
    """The first listed client among the addresses; nobody's where an address must never be logged."""
    assert whose(CIRCLE, ["me@halecraft.example", "x@b.example", "y@a.example"]) == ("b", "")
    assert whose(CIRCLE, ["me@halecraft.example", "shop@c.example"]) == ("", "")
    assert whose(CIRCLE, ["y@a.example", "private@a.example"]) == ("", "never-log list")


def test_the_fingerprint_changes_with_the_list_alone():
    """Listing another client or another address never to log changes it; the order of clients does not."""
    other = replace(CIRCLE, never=())

    assert fingerprint(replace(CIRCLE, clients=CIRCLE.clients[::-1])) == fingerprint(CIRCLE)
    assert fingerprint(other) != fingerprint(CIRCLE)
    assert fingerprint(replace(CIRCLE, clients=CIRCLE.clients[:1])) != fingerprint(CIRCLE)
