import pytest

from mailsync.model.entry import Kind, State, Tier, Topic
from mailsync.model.people import Side, WorkingHours
from mailsync.patterns.dates import Outcome, changed, deadlines, missed, moved_goalposts, waited
from mailsync.patterns.figures import figure
from mailsync.patterns.report import report
from tests.patterns.desk import DANA, US, Desk, on


def promised(due: str, *, done: int = 0, by: str = "word", state: State = State.DONE, hours=None) -> Desk:
    """Return a history with one promise of the client's."""
    desk = Desk(**({"hours": hours} if hours else {}))
    entry = desk.says(DANA, on(2), "I will send the logo.", due=due)
    if done:
        desk.move(entry, on(done), state, by)
    return desk


@pytest.mark.parametrize(
    ("due", "done", "outcome", "late"),
    [
        ("2026-03-06", 6, Outcome.KEPT, 0),
        ("2026-03-06", 10, Outcome.LATE, 2),
        ("2026-03-06", 7, Outcome.KEPT, 0),  # done on the Saturday after
        ("2026-03-07", 9, Outcome.KEPT, 0),  # due on a Saturday, done on Monday
        ("2026-03-07", 10, Outcome.LATE, 1),
        ("2026-03-06T12:00:00+00:00", 9, Outcome.LATE, 1),
        ("2026-03-06", 0, Outcome.OVERDUE, 10),
        ("2026-03-20", 0, Outcome.OPEN, 0),
        ("2026-04-20", 0, Outcome.OPEN, 0),
    ],
)
def test_days_late_are_working_days(due, done, outcome, late):
    """A date is missed from the end of its working day on, and weekends do not count."""
    (one,) = deadlines(promised(due, done=done).history(on(20)))

    assert (one.outcome, one.late, one.side) == (outcome, late, Side.CLIENT)


def test_holidays_do_not_count():
    """Good Friday and Easter Monday lie between the due day and the delivery, so that it came one working day late."""
    hours = WorkingHours(zone="Europe/Berlin", country="DE")
    desk = Desk(hours=hours)
    entry = desk.says(DANA, on(30), "I will send the logo.", due="2026-04-02")
    desk.move(entry, on(7, month=4), State.DONE)

    (one,) = deadlines(desk.history(on(20, month=4)))

    assert (one.outcome, one.late) == (Outcome.LATE, 1)


def test_what_nobody_missed_was_done_in_time():
    """Done because the waiting side said nothing is no proof of lateness."""
    (one,) = deadlines(promised("2026-03-06", done=17, by="").history(on(20)))

    assert one.outcome is Outcome.KEPT


@pytest.mark.parametrize(("moved", "outcome"), [(5, Outcome.MOVED), (10, Outcome.MOVED_LATE)])
def test_a_date_may_be_moved_before_it_passes(moved, outcome):
    """New terms in time take the date's place; after it they confirm that it was missed."""
    desk = Desk()
    old = desk.says(DANA, on(2), "I will send the logo by the 6th.", due="2026-03-06")
    new = desk.says(DANA, on(moved), "I will send the logo by the 18th.", due="2026-03-18", replaces=old)
    desk.move(old, on(moved), State.REPLACED, new)

    assert deadlines(desk.history(on(12)))[0].outcome is outcome


def test_terms_of_another_kind_take_no_dates_place():
    """That an invoice is payable later says nothing about the texts that were due."""
    desk = Desk()
    old = desk.asks(US, on(2), due="2026-03-06")
    new = desk.asks(US, on(10), "It is payable by the 24th.", due="2026-03-24", topic=Topic.PAYMENT, replaces=old)
    desk.move(old, on(10), State.REPLACED, new)

    assert [d.outcome for d in deadlines(desk.history(on(12)))] == [Outcome.DROPPED]


def test_one_day_of_one_thread_counts_once():
    """A date named by both sides, in three mails, is one date."""
    desk = Desk()
    for day in (2, 3, 4):
        desk.asks(US, on(day), due="2026-03-06")

    assert len(missed(desk.history(on(20)), Side.CLIENT).cases) == 1


def test_both_sides_are_judged_alike():
    """The same story with the roles exchanged gives the same figure on the other side."""
    told = []
    for asker, side in ((US, Side.CLIENT), (DANA, Side.US)):
        desk = Desk()
        entry = desk.asks(asker, on(2), due="2026-03-06")
        desk.move(entry, on(12), State.DONE)
        figures = report(desk.history(on(20))).figures
        told.append([(f.number, f.out_of, f.worst) for f in figures if f.rule.key == "dates-missed" and f.side is side])

    assert told[0] == told[1] == [(1, 1, 4)]


def test_waiting_counts_overlapping_questions_once():
    """Two answers that were missing on the same days cost the days only once."""
    desk = Desk()
    desk.says(US, on(2), "The page is online by the 13th.", due="2026-03-13")
    for quote in ("Please send me the logo.", "Please send me the prices."):
        ask = desk.asks(US, on(3), quote)
        desk.move(ask, on(11), State.DONE)

    (one,) = (d for d in deadlines(desk.history(on(20))) if d.side is Side.US)
    seen = waited(desk.history(on(20)), Side.CLIENT)

    assert (one.waited, len(one.inputs)) == (6, 2)
    assert [case.measure for case in seen.cases] == [6]
    assert set(seen.cases[0].entries) == {"e1", "e2", "e3"}


def test_nobody_waits_before_the_day_that_was_given():
    """A question with a day of its own keeps nobody waiting until then."""
    desk = Desk()
    desk.says(US, on(2), "The page is online by the 13th.", due="2026-03-13")
    ask = desk.asks(US, on(3), due="2026-03-10")
    desk.move(ask, on(11), State.DONE)

    assert next(d for d in deadlines(desk.history(on(20))) if d.side is Side.US).waited == 1


def test_goalposts_move_only_after_an_agreement():
    """A new date for what was only proposed is negotiation; for what was agreed it is a moved goalpost."""
    for agreed in (False, True):
        desk = Desk()
        old = desk.says(US, on(2), "How about the 20th?", Kind.PROPOSAL, due="2026-03-20")
        if agreed:
            desk.move(old, on(3), State.AGREED)
        new = desk.says(DANA, on(5), "Make it the 27th.", Kind.PROPOSAL, due="2026-03-27", replaces=old)
        desk.move(old, on(5), State.REPLACED, new)
        history = desk.history(on(20))

        assert [c.what for c in changed(history, Side.CLIENT).cases] == ["date 2026-03-20 → 2026-03-27"]
        assert len(moved_goalposts(history, Side.CLIENT).cases) == agreed


def test_a_change_counts_for_whoever_asked_for_it():
    """Our new promise, made because the client asked for the day, is the client's change."""
    desk = Desk()
    old = desk.says(US, on(2), "Ready on the 20th.", due="2026-03-20")
    desk.asks(DANA, on(4), "Could it be ready on the 13th?", due="2026-03-13")
    desk.says(US, on(5), "Ready on the 13th then.", due="2026-03-13", replaces=old)
    history = desk.history(on(6))

    assert len(changed(history, Side.CLIENT).cases) == 1
    assert not changed(history, Side.US).cases


def test_since_bounds_what_is_counted():
    """Cases and chances before the day asked for do not count, later ones do."""
    desk = Desk()
    for day, due in ((2, "2026-03-03"), (9, "2026-03-10")):
        desk.says(DANA, on(day), "I will send it.", due=due)
    history = desk.history(on(20), since=on(9))
    rule = next(f.rule for f in report(history).figures if f.rule.key == "dates-missed")
    one = figure(rule, Side.CLIENT, missed(history, Side.CLIENT), history)

    assert (one.number, one.out_of) == (1, 1)


def test_the_past_knows_nothing_of_the_future():
    """As of an earlier day a later delivery has not happened, and later mail is not there."""
    desk = promised("2026-03-06", done=17)
    desk.mail(DANA, on(18))
    then = desk.history(on(12))

    assert deadlines(then)[0].outcome is Outcome.OVERDUE
    assert len(then.mails) == 1


def test_suggestions_do_not_count():
    """What waits for a person's key is no proof."""
    desk = Desk()
    desk.says(DANA, on(2), "I will send it.", due="2026-03-03", tier=Tier.SUGGESTION)

    assert not deadlines(desk.history(on(20)))


def test_two_prices_of_two_things_are_no_change():
    """A new price that names another thing is none of the old one's, whatever the log linked."""
    desk = Desk()
    old = desk.says(US, on(2), "The server costs 7900 EUR.", Kind.PROPOSAL, amount="7900 EUR")
    desk.says(US, on(4), "Moving a printer would be 180 EUR.", Kind.PROPOSAL, amount="180 EUR", replaces=old)

    assert not changed(desk.history(on(6)), Side.US).cases


def test_what_was_reported_done_is_not_called_missed():
    """Where the log holds something for overdue although its side reported the like done, the report keeps silent."""
    desk = Desk()
    desk.says(DANA, on(2), "I will send the price list.", due="2026-03-06")
    assert len(missed(desk.history(on(20)), Side.CLIENT).cases) == 1
    desk.says(DANA, on(6), "The price list is attached.", Kind.FULFILMENT)
    assert deadlines(desk.history(on(20)))[0].outcome is Outcome.UNTOLD
    desk.mail(US, on(10), "A reminder: the price list is empty.")
    assert deadlines(desk.history(on(20)))[0].outcome is Outcome.OVERDUE
