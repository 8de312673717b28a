import pytest

from mailsync.model.entry import Kind, State
from mailsync.model.people import Side
from mailsync.patterns.answers import evasive, silent, slow, unanswered
from mailsync.patterns.contact import blaming, hostile, off_hours, watched, without_authority
from tests.patterns.desk import DANA, TIM, US, Desk, on


@pytest.mark.parametrize(
    ("day", "hour", "cases"), [(3, 16, 0), (4, 9, 0), (4, 11, 1), (9, 10, 1)]
)  # asked Monday at 10; 16 working hours end Wednesday at 10
def test_answers_are_slow_by_working_hours(day, hour, cases):
    """The answer time runs in working hours, nights and weekends left out."""
    desk = Desk()
    desk.mail(DANA, on(2), "When does the page go online?")
    desk.mail(US, on(day, hour))

    assert len(slow(desk.history(on(30)), Side.US).cases) == cases


def test_the_promised_answer_time_counts():
    """Where four working hours were promised, an answer after six is late."""
    desk = Desk(our_answer_hours=4)
    desk.mail(DANA, on(2), "When does the page go online?")
    desk.mail(US, on(2, 16))

    (case,) = slow(desk.history(on(30)), Side.US).cases
    assert case.measure == 6
    assert len(case.messages) == 2


def test_a_day_named_for_the_answer_is_kept_until_its_end():
    """An answer on the day that the question itself named is in time."""
    desk = Desk()
    desk.asks(US, on(2), "Please choose a colour by the 13th.", due="2026-03-13")
    desk.mail(DANA, on(13, 16))

    assert not slow(desk.history(on(30)), Side.CLIENT).cases


def test_thanks_want_no_answer():
    """Mail that asks nothing keeps nobody waiting."""
    desk = Desk()
    desk.mail(DANA, on(2), "Thank you, that is fine.")

    assert slow(desk.history(on(30)), Side.US).chances == ()


def test_an_automatic_answer_is_none():
    """A machine's reply ends no waiting."""
    desk = Desk()
    desk.asks(US, on(2))
    desk.mail(DANA, on(2, 11), "I am away.", unread="automatic: auto-replied")

    assert slow(desk.history(on(30)), Side.CLIENT).cases


def test_a_question_asked_again_was_not_answered():
    """Reminders count with the question, and the age runs to the answer after the last of them."""
    desk = Desk()
    desk.asks(US, on(2))
    desk.mail(DANA, on(3), "Lovely weather today.")
    desk.mail(US, on(5), "A reminder about the texts.")
    desk.mail(US, on(9), "Still waiting for the texts.")
    desk.mail(DANA, on(10), "Here you are.")

    (case,) = unanswered(desk.history(on(30)), Side.CLIENT).cases
    assert case.what == "answered after 6 working days, reminded 2 times"


@pytest.mark.parametrize(("today", "cases"), [(4, 0), (5, 1)])
def test_a_question_may_wait_for_the_answer_time(today, cases):
    """Before two working days have passed a question is not unanswered yet."""
    desk = Desk()
    desk.asks(US, on(2))

    assert len(unanswered(desk.history(on(today)), Side.CLIENT).cases) == cases


@pytest.mark.parametrize(
    ("answer", "cases"),
    [("We are still talking about it.", 1), ("On the 12th.", 0), ("Yes.", 0), ("Nein, danke.", 0), ("Morgen!", 0)],
)
def test_an_answer_says_when_or_whether(answer, cases):
    """Words without a date, a number, a yes or a no do not answer a question for a decision."""
    desk = Desk()
    desk.asks(US, on(2), "Can you confirm the colours?")
    desk.mail(DANA, on(3), answer)

    assert len(evasive(desk.history(on(5)), Side.CLIENT).cases) == cases


def test_silence_needs_somebody_who_waits():
    """Four quiet weeks are silence when a request waited, and rest when nothing was asked."""
    for asked in (False, True):
        desk = Desk()
        desk.mail(DANA, on(2))
        if asked:
            desk.asks(US, on(3))
        desk.mail(DANA, on(31))

        assert len(silent(desk.history(on(31, 12)), Side.CLIENT).cases) == asked


def test_our_rhythm_is_the_promised_one():
    """With a word promised every five working days, seven without one are silence of ours."""
    for days, cases in ((None, 0), (5, 1)):
        desk = Desk(status_days=days, payment_days=14)
        desk.mail(US, on(2))
        desk.asks(DANA, on(3))
        desk.mail(US, on(11))

        assert len(silent(desk.history(on(12)), Side.US).cases) == cases


def test_emergencies_are_no_intrusion():
    """Mail with an emergency word, or from an emergency address, does not count as off hours."""
    desk = Desk(emergency=("server down", TIM))
    desk.mail(DANA, on(7), "The server is slow.")
    desk.mail(DANA, on(7), "SERVER DOWN since noon!")
    desk.mail(TIM, on(7), "Call me.")
    seen = off_hours(desk.history(on(9)), Side.CLIENT)

    assert [case.what for case in seen.cases] == ["Sat 10:00, weekend"]
    assert len(seen.chances) == 1


def test_a_week_of_status_questions_is_close_watching():
    """Three questions for the state of things in a week are one case, with its mails."""
    desk = Desk()
    for day in (2, 3, 4):
        desk.mail(DANA, on(day), "Any update?")

    (case,) = watched(desk.history(on(9)), Side.CLIENT).cases
    assert len(case.messages) == 3


def test_authority_is_only_judged_where_somebody_decides():
    """A yes by somebody else counts as a case only where the configuration names who decides."""
    for contacts, cases in (((), 0), (None, 1)):
        desk = Desk() if contacts is None else Desk(contacts=contacts)
        desk.says(TIM, on(2), "Approved for 900 EUR.", Kind.APPROVAL, amount="900 EUR")

        assert len(without_authority(desk.history(on(3)), Side.CLIENT).cases) == cases


@pytest.mark.parametrize(
    ("text", "insult", "blame"),
    [
        ("You are incompetent.", 1, 0),
        ("This is your fault.", 0, 1),
        ("Das ist eine Frechheit.", 1, 0),
        ("It was my fault, sorry.", 0, 0),
        ("The phishing scam went to a useless address, stupid of me.", 0, 0),
    ],
)
def test_hostile_words_are_quoted(text, insult, blame):
    """Only plain insults and blame are found, each with its sentence."""
    desk = Desk()
    desk.mail(DANA, on(2), f"Hello. {text}")
    history = desk.history(on(3))

    assert len(hostile(history, Side.CLIENT).cases) == insult
    assert len(blaming(history, Side.CLIENT).cases) == blame
    assert all(case.quote in text for case in hostile(history, Side.CLIENT).cases)


def test_a_settled_question_is_answered():
    """What an entry settles needs no mail in the same thread."""
    desk = Desk()
    ask = desk.asks(US, on(2))
    desk.move(ask, on(3), State.DONE)

    assert not unanswered(desk.history(on(30)), Side.CLIENT).cases
