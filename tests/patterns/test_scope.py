import pytest

from mailsync.model.entry import Kind, State, Topic
from mailsync.model.people import Baseline, Side
from mailsync.patterns.money import broken_promises, invoices, late_payments
from mailsync.patterns.report import report, unclear
from mailsync.patterns.scope import (
    Verdict,
    asked_extras,
    early_yes,
    extras,
    judge,
    judged,
    proposed_baseline,
    unpaid,
    vague_lines,
)
from tests.patterns.desk import DANA, US, Desk, on

BASELINE = Baseline(
    inside=("Online shop with product catalogue", "Training for the staff"),
    outside=("Translations into other languages", "Product photos"),
    grey=("Small text changes after launch",),
)


@pytest.mark.parametrize(
    ("text", "verdict", "line"),
    [
        ("Could you translate the pages into two other languages?", Verdict.OUTSIDE, BASELINE.outside[0]),
        ("Please take product photos of the new cakes.", Verdict.OUTSIDE, BASELINE.outside[1]),
        ("When do we do the training for the staff?", Verdict.INSIDE, BASELINE.inside[1]),
        ("Small changes to the text on the front page, after the launch.", Verdict.UNCLEAR, BASELINE.grey[0]),
        ("Could you repair my bicycle?", Verdict.UNCLEAR, ""),
        ("", Verdict.UNCLEAR, ""),
    ],
)
def test_requests_are_held_against_the_baseline(text, verdict, line):
    """A request is judged by the line whose words it shares, and the reason names that line."""
    found, by, why = judge(text, BASELINE)

    assert (found, by) == (verdict, line)
    assert line in why


def test_without_a_baseline_nothing_is_outside():
    """Nobody's request is called extra work before somebody said what the work is."""
    assert judge("Please add Spanish.", Baseline())[0] is Verdict.UNCLEAR


def test_our_own_answer_can_put_a_request_outside():
    """A request that we answered as not part of the agreement is beyond it, by our words."""
    desk = Desk()
    ask = desk.asks(DANA, on(2), "Could the screen show the bay?", topic=Topic.SCOPE)
    desk.says(US, on(3), "That is outside the agreed scope.", Kind.REJECTION, answers=ask)

    (one,) = judged(desk.history(on(5)))
    assert one.verdict is Verdict.OUTSIDE
    assert "outside the agreed scope" in one.because


def extra(*, price_first: bool) -> Desk:
    """Return a history in which photos are asked for, offered, taken on, and perhaps agreed at a price before."""
    desk = Desk(outside=("Product photos",), rate="90 EUR")
    ask = desk.asks(DANA, on(2), "Please take product photos.")
    offer = desk.says(US, on(3), "Product photos are 6 h.", Kind.PROPOSAL, amount="6 h", answers=ask)
    if price_first:
        money = desk.says(US, on(3, 12), "The photos cost 540 EUR.", Kind.PROPOSAL, amount="540 EUR")
        desk.move(money, on(4), State.AGREED)
    desk.says(US, on(5), "I will take them tomorrow.", answers=ask)
    assert offer
    return desk


def test_extra_work_without_a_price_is_counted_with_its_hours():
    """What was taken on with no price agreed is tallied at the agreed rate, and our early yes is shown."""
    history = extra(price_first=False).history(on(9))

    assert unpaid(history, Side.CLIENT).remark == "named for these: 6 h (540 EUR)"
    assert [c.quote for c in early_yes(history, Side.US).cases] == ["I will take them tomorrow."]
    assert len(asked_extras(history, Side.CLIENT).cases) == 1


def test_extra_work_at_an_agreed_price_is_no_complaint():
    """Once a price stands as agreed, taking the work on is neither early nor unpaid."""
    history = extra(price_first=True).history(on(9))

    assert extras(history)[0].price == "540 EUR"
    assert not unpaid(history, Side.CLIENT).cases
    assert not early_yes(history, Side.US).cases


def test_a_baseline_is_proposed_from_the_first_threads():
    """Agreed content, prices and dates of the first threads go in, what we refused goes out, later threads stay out."""
    desk = Desk()
    shop = desk.says(US, on(2), "The shop has 200 articles.", Kind.PROPOSAL, topic=Topic.SCOPE)
    price = desk.says(US, on(2), "It costs 4800 EUR.", Kind.PROPOSAL, amount="4800 EUR", topic=Topic.BUDGET)
    desk.says(US, on(2), "Photos are not included.", Kind.REJECTION)
    for entry in (shop, price):
        desk.move(entry, on(4), State.AGREED)
    for n in range(5):
        late = desk.says(US, on(10 + n), f"Extra {n}.", Kind.PROPOSAL, topic=Topic.SCOPE, thread=f"later{n}")
        desk.move(late, on(20), State.AGREED)
    found = proposed_baseline(desk.history(on(25)), threads=1)

    assert found == Baseline(
        agreed="2026-03-04",
        inside=("The shop has 200 articles.",),
        outside=("Photos are not included.",),
        prices=("It costs 4800 EUR.",),
    )


def test_vague_words_in_the_baseline_are_named():
    """The baseline is held to the same standard as the mail."""
    lines = vague_lines(Baseline(inside=("A few changes as needed", "200 articles")))

    assert [line for line, _ in lines] == ["A few changes as needed"]


def billed(*, number: str = " 2051") -> Desk:
    """Return a history with a bill due on 13 March."""
    desk = Desk(payment_days=11)
    desk.says(US, on(2), f"Invoice{number} is attached.", Kind.FULFILMENT, topic=Topic.PAYMENT)
    return desk


def test_a_bill_is_late_when_paid_after_its_day():
    """The due day is counted from the mail by the agreed days, and lateness in working days."""
    desk = billed()
    desk.mail(DANA, on(18), "We have paid invoice 2051.", thread="another")

    (case,) = late_payments(desk.history(on(20)), Side.CLIENT).cases
    assert case.measure == 3
    assert len(case.messages) == 2


@pytest.mark.parametrize("text", ["We have paid invoice 2049.", "Lovely weather."])
def test_mail_that_is_not_about_a_bill_says_nothing(text):
    """A bill of which the mail never speaks again counts for nobody."""
    desk = billed()
    desk.mail(DANA, on(18), text)

    assert late_payments(desk.history(on(20)), Side.CLIENT).chances == ()


def test_a_bill_asked_for_again_is_unpaid():
    """Our reminder after the due day shows that the money has not come."""
    desk = billed()
    desk.mail(US, on(17), "A reminder: invoice 2051 is open.")

    (case,) = late_payments(desk.history(on(20)), Side.CLIENT).cases
    assert "still unpaid 5 working days late" in case.what


def test_one_payment_settles_one_bill_of_its_thread():
    """A payment that names no number belongs to the oldest bill that is open there."""
    desk = Desk(payment_days=5)
    for day in (2, 3):
        desk.says(US, on(day), f"The invoice for {day} is attached.", Kind.FULFILMENT, topic=Topic.PAYMENT)
    desk.mail(DANA, on(4), "The invoice has been paid.")

    assert [bool(bill.paid) for bill in invoices(desk.history(on(20)))] == [True, False]


def test_a_promise_to_pay_is_a_date_of_its_own():
    """It counts among payment promises and not among the dates missed."""
    desk = Desk()
    desk.says(DANA, on(2), "I will pay by Friday.", due="2026-03-06", topic=Topic.PAYMENT)
    history = desk.history(on(20))

    assert len(broken_promises(history, Side.CLIENT).cases) == 1


def test_without_a_baseline_only_what_sounds_extra_is_asked():
    """A request that calls itself additional is put to the user, an ordinary one only against a baseline."""
    for more in ({}, {"inside": ("Bookkeeping",)}):
        desk = Desk(**more)
        desk.asks(DANA, on(2), "Please repaint the logo.")
        desk.asks(DANA, on(3), "Could you also add an additional page?")
        asked = [j.request.id for j in unclear(report(desk.history(on(5))))]

        assert asked == (["e1", "e2"] if more else ["e2"])
