"""When a thread wants a letter."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from mailsync.model.draft import DraftState, Letter
from mailsync.model.entry import Kind, Tier
from mailsync.model.thread import Correction
from mailsync.recap.compose import compose
from mailsync.recap.due import fresh, wanted
from tests.recap.story import DANA, EVE, HOURS, MONDAY, ROBIN, Story, booking_page


def asks(story, now, **more):
    """Say whether the story wants a letter after two quiet hours."""
    last = max(m.sent_at for m in story.messages)
    return wanted(story.entries, story.letters, last, now, hours=HOURS, quiet_minutes=120, **more)


@pytest.mark.parametrize(
    ("last", "now", "due"),
    [
        (MONDAY, MONDAY + timedelta(minutes=119), False),
        (MONDAY, MONDAY + timedelta(minutes=120), True),
        (MONDAY + timedelta(hours=7, minutes=30), MONDAY + timedelta(hours=23), False),
        (MONDAY + timedelta(hours=7, minutes=30), MONDAY + timedelta(hours=25, minutes=30), True),
        (datetime(2026, 3, 6, 16, 30, tzinfo=UTC), datetime(2026, 3, 8, 12, 0, tzinfo=UTC), False),
        (datetime(2026, 3, 6, 16, 30, tzinfo=UTC), datetime(2026, 3, 9, 10, 30, tzinfo=UTC), True),
        (MONDAY, MONDAY - timedelta(hours=3), False),
        (MONDAY, MONDAY + timedelta(days=31), False),
    ],
)
def test_quiet_is_counted_in_working_time(last, now, due):
    """Two quiet hours are two hours of the user's working day; nights, weekends and old mail do not count."""
    story = Story()
    story.says(
        DANA, "We will send the logo by Friday.", message=story.mail(DANA, "We will send the logo by Friday.", last)
    )

    assert asks(story, now) is due


def test_nothing_to_confirm_wants_no_letter():
    """A thread of problems, deliveries, suggestions and third parties' words wants no recap."""
    story = Story()
    story.says(DANA, "The shop is down again.", Kind.ISSUE)
    story.says(ROBIN, "The staging site is up.", Kind.FULFILMENT)
    story.says(DANA, "Maybe we will move to Lisbon.", tier=Tier.SUGGESTION)
    story.says("stranger@elsewhere.example", "I will send the printer.")

    assert not asks(story, MONDAY + timedelta(days=1))


def test_a_waiting_letter_is_enough():
    """A thread never gets a second letter while one waits for a person."""
    story = booking_page()
    story.letters = [compose(story.occasion())]

    assert not asks(story, MONDAY + timedelta(days=2))


@pytest.mark.parametrize("state", [DraftState.PLACED, DraftState.SENT, DraftState.DISCARDED, DraftState.UNCLEAR])
def test_what_a_letter_carried_is_not_news(state):
    """Once a letter went out, or a person threw it away, only newer words want a letter."""
    story = booking_page()
    story.letters = [replace(compose(story.occasion()), state=state)]
    assert fresh(story.entries, story.letters) == ()

    later = story.says(DANA, "We will pay within ten days.")

    assert fresh(story.entries, story.letters) == (later,)


def test_a_withdrawn_letter_carried_nothing():
    """What only a withdrawn letter held is still to be confirmed."""
    story = booking_page()
    story.letters = [replace(compose(story.occasion()), state=DraftState.WITHDRAWN)]

    assert fresh(story.entries, story.letters) == tuple(story.entries)


def test_a_status_report_confirms_nothing():
    """Only recaps settle what a thread says; other letters leave it to be confirmed."""
    story = booking_page()
    story.letters = [replace(compose(story.occasion()), state=DraftState.SENT, letter=Letter.STATUS)]

    assert fresh(story.entries, story.letters)


def test_an_answer_to_a_letter_is_its_settlement():
    """An approval of what a letter carried is no news; a new promise in the same mail is."""
    story = booking_page()
    story.letters = [replace(compose(story.occasion()), state=DraftState.SENT)]
    message = story.mail(DANA, "Yes, agreed. I will send the logo on Monday.")
    story.says(DANA, "Yes, agreed.", Kind.APPROVAL, message=message, answers=story.entries[3])
    promise = story.says(DANA, "I will send the logo on Monday.", message=message)

    assert fresh(story.entries, story.letters) == (promise,)


def test_an_entry_corrected_since_is_news_again():
    """What a person corrected after the letter went out wants confirming anew."""
    story = booking_page()
    story.letters = [replace(compose(story.occasion()), state=DraftState.SENT)]
    at = story.letters[0].created_at + timedelta(hours=1)
    correction = Correction(entry="e3", at=at, changes=(("due", "2026-03-07"),))

    assert [e.id for e in fresh(story.entries, story.letters, corrections=[correction])] == ["e3"]


def test_words_of_another_client_stay_out():
    """A third party in the thread says nothing that a letter would confirm."""
    story = Story()
    entry = story.says(EVE, "We will deliver on Monday.")
    story.entries[0] = replace(entry, finding=replace(entry.finding, side=story.circle.side("x@nowhere.example")))

    assert fresh(story.entries, ()) == ()
