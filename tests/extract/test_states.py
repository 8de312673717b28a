"""Where an entry stands after all that was said, and as of any day."""

from datetime import date

import pytest

from mailsync.model.entry import Kind, State, Topic, state_on
from tests.extract.voices import ANNA, US, Say, heard, linked

PRICE = Say("The shop costs 4,800 EUR.", Kind.PROPOSAL, terms={"amount": "4800 EUR"})
EXTRAS = Say("Hosting is included for a year.", Kind.PROPOSAL)
REPORT = Say("I send you the audit report by 6 March.", Kind.COMMITMENT, US, terms={"due": "2026-03-06"})


def states(entry):
    """Return the states of an entry's life."""
    return [step.state for step in entry.steps]


def test_late_delivery_is_done():
    """A promise is overdue from the day after its due day until it is done, however late."""
    sent = Say("Attached is the audit report.", Kind.FULFILMENT)

    entry = linked(heard((0, US, [REPORT]), (10, US, [sent])))[REPORT.quote]

    stood = [state_on(entry, date(2026, 3, day)) for day in (1, 2, 6, 7, 11, 12)]
    assert stood == [None, State.OPEN, State.OPEN, State.OVERDUE, State.OVERDUE, State.DONE]


def test_an_offer_is_never_overdue():
    """An offer whose day has passed is open or agreed, for nobody owes it."""
    offer = Say("We could switch on 6 March.", Kind.PROPOSAL, terms={"due": "2026-03-06"})

    entry = linked(heard((0, US, [offer])))[offer.quote]

    assert state_on(entry, date(2026, 4, 1)) is State.OPEN


def test_what_was_not_missed_is_done():
    """A promise counts as done when the one who waited writes after the day and complains of nothing."""
    thanks = Say("Could you add a contact form?", Kind.REQUEST, US)

    entry = linked(heard((0, US, [REPORT]), (8, ANNA, [thanks])))[REPORT.quote]

    assert states(entry) == [State.OPEN, State.DONE]
    assert entry.steps[1].by == ""


def test_what_was_missed_is_overdue():
    """A complaint after the day keeps the promise open, and so overdue."""
    complaint = Say("I am still waiting for the report.", Kind.ISSUE)

    entry = linked(heard((0, US, [REPORT]), (8, ANNA, [complaint])))[REPORT.quote]

    assert state_on(entry, date(2026, 3, 20)) is State.OVERDUE


def test_money_must_be_reported():
    """A payment is not taken for done because nobody speaks of it."""
    pay = Say(
        "We pay the invoice by 6 March.", Kind.COMMITMENT, ANNA, terms={"due": "2026-03-06", "topic": Topic.PAYMENT}
    )
    talk = Say("Could you add a contact form?", Kind.REQUEST, ANNA)

    entry = linked(heard((0, ANNA, [pay]), (8, US, [talk])))[pay.quote]

    assert state_on(entry, date(2026, 3, 20)) is State.OVERDUE


def test_the_terms_of_an_offer_stand_together():
    """A yes to the price agrees the rest of the offer; a single no leaves the rest agreed."""
    yes = Say("The 4,800 are fine.", Kind.APPROVAL)
    log = linked(heard((0, US, [PRICE, EXTRAS]), (1, ANNA, [yes])))

    assert states(log[PRICE.quote]) == states(log[EXTRAS.quote]) == [State.OPEN, State.AGREED]
    assert log[EXTRAS.quote].steps[1].by == log[yes.quote].id


@pytest.mark.parametrize(("replies", "state"), [(True, State.AGREED), (False, State.OPEN)])
def test_a_decision_is_agreed_when_it_was_read_and_not_disputed(replies, state):
    """A decision that the other side answered without a no is agreed; one into silence stays open."""
    decision = Say("The blog is out of scope.", Kind.DECISION)
    answer = Say("We send the texts on Monday.", Kind.COMMITMENT, ANNA)
    mails = [(0, US, [decision]), *([(1, ANNA, [answer])] if replies else [])]

    assert state_on(linked(heard(*mails))[decision.quote], date(2026, 3, 5)) is state


def test_a_request_for_an_answer_is_done_by_any_answer():
    """Asked for a yes or no, the other side has done what was asked even by saying no."""
    ask = Say("Please let me know by Friday whether you want it.", Kind.REQUEST, ANNA, terms={"due": "2026-03-06"})
    no = Say("No, the shop is too expensive.", Kind.REJECTION)

    log = linked(heard((0, US, [PRICE, ask]), (1, ANNA, [no])))

    assert states(log[PRICE.quote])[-1] is State.REJECTED
    assert states(log[ask.quote])[-1] is State.DONE


def test_a_yes_may_follow_a_no():
    """Somebody who comes round agrees to what they had refused; the steps keep both."""
    no = Say("4,800 for the shop is too much.", Kind.REJECTION)
    yes = Say("All right then, 4,800 for the shop.", Kind.APPROVAL)

    entry = linked(heard((0, US, [PRICE]), (1, ANNA, [no]), (3, ANNA, [yes])))[PRICE.quote]

    assert states(entry) == [State.OPEN, State.REJECTED, State.AGREED]
    assert state_on(entry, date(2026, 3, 4)) is State.REJECTED


def test_a_yes_to_a_correction_agrees_the_corrected_terms():
    """Owning that a refusal is right makes the terms hold that the refusal named instead."""
    old = Say("We switch over on 6 March.", Kind.DECISION, terms={"due": "2026-03-06"})
    no = Say("The 6th of March does not work.", Kind.REJECTION)
    new = Say("Make it the 9th of March.", Kind.PROPOSAL, terms={"due": "2026-03-09"})
    right = Say("You are right, my mistake.", Kind.APPROVAL)

    log = linked(heard((0, US, [old]), (1, ANNA, [no, new]), (2, US, [right])))

    assert log[new.quote].replaces == log[old.quote].id
    assert states(log[new.quote])[-1] is State.AGREED
