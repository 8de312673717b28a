"""What the check of a letter notices."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from mailsync.model.draft import Letter
from mailsync.model.entry import Kind
from mailsync.recap.check import Level, check
from mailsync.recap.compose import compose
from mailsync.recap.occasions import write_letter
from tests.recap.story import DANA, EVE, MIA, MONDAY, ROBIN, Story, booking_page, circle, person


def remarks(story, draft=None, now=MONDAY + timedelta(days=1), **changed):
    """Check the story's recap, or another letter, with some of it changed."""
    draft = replace(draft or compose(story.occasion()), **changed)
    return check(draft, story.reading, story.background, now)


def sentences(found, level=None):
    """Return the remarks, of one level if named, as one text."""
    return " ".join(r.sentence for r in found if level in (None, r.level))


def test_an_ordinary_recap_passes():
    """The usual letter, within working hours, has nothing against it."""
    assert remarks(booking_page()) == ()


@pytest.mark.parametrize(
    ("language", "body", "level", "word"),
    [
        ("en", "We will fix it ASAP.", Level.HINT, "asap"),
        ("en", "This is unacceptable.", Level.WARN, "unacceptable"),
        ("en", "You always change your mind.", Level.WARN, "you always"),
        ("en", "Answer me!!", Level.WARN, "shouting"),
        ("en", "NOBODY READS THESE LETTERS here.", Level.WARN, "shouting"),
        ("en", "Internal: our margin is 40 %.", Level.WARN, "internal"),
        ("en", "Price: [price of the change]", Level.STOP, "[price of the change]"),
        ("de", "Das machen wir zeitnah.", Level.HINT, "zeitnah"),
        ("de", "Das ist Ihre eigene Schuld.", Level.WARN, "ihre eigene schuld"),
        ("fr", "C'est inacceptable.", Level.WARN, "inacceptable"),
        ("es", "Lo haremos pronto.", Level.HINT, "pronto"),
    ],
)
def test_words_are_noticed(language, body, level, word):
    """Vague, rude, internal and unfinished words are named, each with its weight."""
    found = remarks(booking_page(), body=body, language=language)

    assert word in sentences(found, level)


def test_the_clients_own_words_are_theirs():
    """What stands in quotation marks is evidence and no fault of the letter."""
    assert remarks(booking_page(), body='Dana Fox: "This is unacceptable, fix it ASAP [now]!!"\n') == ()


def test_wrong_recipients_stop_a_letter():
    """Somebody of another client stops it, a stranger warns, nobody at all stops it too."""
    story = booking_page()

    assert "another client, Other Ltd" in sentences(remarks(story, cc=(person(EVE),)), Level.STOP)
    assert "spy@evil.example" in sentences(remarks(story, cc=(person("spy@evil.example"),)), Level.WARN)
    assert "nobody" in sentences(remarks(story, to=()), Level.STOP)


def test_words_the_client_never_got_stop_a_letter():
    """A sentence of a mail among colleagues in the letter is a leak."""
    story = booking_page()
    story.mail(ROBIN, "Mia, between us the shop will never pay that much for it.", to=[MIA])
    draft = compose(story.occasion())

    found = remarks(story, draft, body=draft.body + "\nThe shop will never pay that much for it.\n")

    assert "never got" in sentences(found, Level.STOP)


def test_a_differing_reply_to_is_shown():
    """Where the client wants answers elsewhere, the letter says that it does not go there."""
    story = booking_page()
    story.mail(DANA, "See below.", reply_to=(person("else@harbor.example"),))

    assert "else@harbor.example" in sentences(remarks(story))


def test_jargon_is_marked_for_plain_readers_only():
    """A plain reader's letter gets plainer words offered, unless the client uses the term."""
    body = "We set up MFA and change the DNS."
    story = booking_page()
    assert "login code" not in sentences(remarks(story, body=body))

    story.circle = circle(wording="plain")
    assert "an extra login code" in sentences(remarks(story, body=body))

    story.mail(DANA, "Our MFA is broken.")
    assert "login code" not in sentences(remarks(story, body=body))


def test_missing_date_and_own_lines_are_hinted():
    """A promise without a date is named; so is a numbered line that a person added."""
    story = Story()
    story.says(DANA, "We will send the logo.")
    draft = compose(story.occasion())
    found = remarks(story, draft, body=draft.body.replace("\n\nIf I", "\n2. And we get the archive.\n\nIf I"))

    assert "Line 1 names no date." in sentences(found, Level.HINT)
    assert "Line 2 stands on no entry" in sentences(found, Level.HINT)


def test_a_change_promised_before_it_was_approved_warns():
    """Work that our side promised before the client said yes to its price is pointed out."""
    story = Story()
    asked = story.says(DANA, "Please add a blog too.", Kind.REQUEST, owner=ROBIN)
    story.says(ROBIN, "Sure, I'll add the blog.", answers=asked)
    draft = write_letter(Letter.CHANGE_ORDER, story.occasion(), {})
    found = sentences(remarks(story, draft), Level.WARN)

    assert "before the change is approved" in found
    assert "no price" in found


@pytest.mark.parametrize(
    ("now", "then"),
    [
        (datetime(2026, 3, 7, 3, 0, tzinfo=UTC), "Monday 9 March 2026, 09:00"),
        (datetime(2026, 3, 4, 22, 0, tzinfo=UTC), "Thursday 5 March 2026, 09:00"),
    ],
)
def test_outside_working_hours_a_better_time_is_suggested(now, then):
    """At night and on weekends the next working time is named."""
    [only] = remarks(booking_page(), now=now)

    assert (only.level, only.place) == (Level.HINT, "time")
    assert then in only.sentence
