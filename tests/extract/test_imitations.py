"""What is said from an address that passes for a client's moves nothing by itself."""

import pytest

from mailsync.model.entry import Kind, State
from tests.extract.voices import ANNA, US, Say, heard, linked

OFFER = Say("We could build the booking page for $4,800.", Kind.PROPOSAL, terms={"amount": "4800 USD"})
PAY = Say("Please pay 4,800 USD to our account at Alpha Bank.", Kind.REQUEST, US, terms={"amount": "4800 USD"})


@pytest.mark.parametrize("sender", ["anna@cl1ent.example", "anna@client.example.pay.test", "anna@cilent.example"])
def test_yes(sender):
    """A yes from a look-alike address is kept, says whom it passes for, and leaves the offer open."""
    log = linked(heard((0, US, [OFFER]), (1, sender, [Say("Yes, go ahead.", Kind.APPROVAL)])))

    assert "could be taken for" in log["Yes, go ahead."].weak
    assert [step.state for step in log[OFFER.quote].steps] == [State.OPEN]


def test_new_terms():
    """New terms from a look-alike address take nobody's place, and are marked."""
    new = Say("Please pay 4,800 USD to our account at Beta Bank.", Kind.REQUEST, US, terms={"amount": "4900 USD"})
    log = linked(heard((0, ANNA, [PAY]), (1, "anna@cl1ent.example", [new])))

    assert "could be taken for" in log[new.quote].weak
    assert log[PAY.quote].steps[-1].state is State.OPEN


def test_stranger():
    """A stranger whose address resembles nobody's is not accused of it."""
    log = linked(heard((0, US, [OFFER]), (1, "max@printers.example", [Say("Yes, go ahead.", Kind.APPROVAL)])))

    assert log["Yes, go ahead."].weak == "not one of the client's people"
