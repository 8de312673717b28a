"""The client's ordinary reply, read back into the log."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from mailsync.model.draft import DraftState
from mailsync.model.entry import Kind, State
from mailsync.recap.compose import compose
from mailsync.recap.replies import settle, settled, unanswered
from mailsync.recap.sent import compare_sent, find_sent
from tests.recap.story import DANA, HOURS, ROBIN, TIM, Story, booking_page, circle

#: What the three lines of the usual letter look like, quoted.
LINES = ("Could you send the wireframes", "The whole page costs", "Make the launch 15 April")


def answered(text, *, language="en", sender=DANA, story=None, **more):
    """Send the usual letter, let the client answer with `text`; {Q} is the letter quoted, {1} its first line quoted."""
    story = story or booking_page()
    if language != "en":
        story.circle = circle(language=language)
    draft = story.send(compose(story.occasion()))
    quoted = "\n".join(f"> {row}" for row in draft.body.splitlines())
    places = {str(x.number): f"> {x.number}. {x.text}" for x in draft.lines if x.number}
    body = text.replace("{Q}", quoted)
    for number, line in places.items():
        body = body.replace(f"{{{number}}}", line)
    story.mail(sender, body, **more)
    return story


def states(story):
    """Return where each line stands."""
    return [s.state.value for s in settle(story.reading, story.letters, story.background)]


YES, NEW, NO, OPEN = "confirmed", "corrected", "disputed", "awaiting"


@pytest.mark.parametrize(
    ("language", "text", "expected"),
    [
        # a clean yes
        (
            "en",
            "Hi Robin,\n\nAll good, thanks!\n\nDana\n\nOn Tue, 3 Mar 2026, Robin Hale wrote:\n{Q}\n",
            [YES, YES, YES],
        ),
        ("en", "All correct.\n", [YES, YES, YES]),
        ("en", "Confirmed.\n\nDana\n", [YES, YES, YES]),
        ("en", "Yes, that's right. See you on Thursday.\n", [YES, YES, YES]),
        ("de", "Hallo Robin,\n\nalles korrekt, danke.\n\nViele Grüße\nDana\n", [YES, YES, YES]),
        ("de", "Passt so, einverstanden.\n", [YES, YES, YES]),
        ("fr", "Bonjour,\n\nTout est correct.\n\nCordialement\nDana\n", [YES, YES, YES]),
        ("es", "Hola Robin,\n\nTodo correcto, gracias.\n\nDana\n", [YES, YES, YES]),
        ("es", "Sí, de acuerdo.\n", [YES, YES, YES]),
        # point by point
        (
            "en",
            "1 and 2 ok. 3: it is 22 April, not 15.\n\nOn Tue, 3 Mar 2026, Robin Hale wrote:\n{Q}\n",
            [YES, YES, NEW],
        ),
        ("en", "1) yes\n2) yes\n3) 22 April please\n", [YES, YES, NEW]),
        ("en", "I confirm points 1 to 3.\n", [YES, YES, YES]),
        ("en", "ok for 1 and 2\n", [YES, YES, OPEN]),
        ("en", "yes to 1, no to 2\n", [YES, NO, OPEN]),
        ("en", "All fine except 3.\n", [YES, YES, NO]),
        ("en", "No, point 2 is not what we agreed. The rest is fine.\n", [YES, NO, YES]),
        ("en", "2 is wrong, the price was 1,000 EUR. All the others are correct.\n", [YES, NEW, YES]),
        ("en", "2 should be 12 users\n", [OPEN, NEW, OPEN]),
        ("de", "1 und 2 passen. Zu 3: es ist der 22. April, nicht der 15.\n", [YES, YES, NEW]),
        ("de", "Punkt 2 stimmt so nicht, das haben wir nie vereinbart. Sonst alles richtig.\n", [YES, NO, YES]),
        ("de", "1-2 ok, 3 nicht.\n", [YES, YES, NO]),
        ("fr", "Tout est exact sauf le point 3 : c'est le 22 avril.\n", [YES, YES, NEW]),
        ("es", "1 y 2 correctos. El 3 no: es el 22 de abril.\n", [YES, YES, NEW]),
        # between the quoted lines
        (
            "en",
            (
                "On Tue, 3 Mar 2026, Robin Hale wrote:\n> Agreed (who, by when)\n{1}\n\nYes.\n\n{2}\n\nNo, it was 1,000 EUR.\n\n"
                "{3}\n\nok\n\n> Kind regards\n\nDana\n"
            ),
            [YES, NEW, YES],
        ),
        (
            "de",
            (
                "Am 03.03.2026 um 11:00 schrieb Robin Hale:\n> Vereinbart (wer, bis wann)\n{1}\n\nJa.\n\n{2}\n\n"
                "Nein, das haben wir nicht vereinbart.\n\n{3}\n\nRichtig.\n"
            ),
            [YES, NO, YES],
        ),
        # without a number
        ("en", "The launch is 22 April, not 15 April.\n", [OPEN, OPEN, NEW]),
        # a dispute
        ("en", "No. That's not what we agreed.\n", [NO, NO, NO]),
        ("de", "Nein, so haben wir das nicht vereinbart.\n", [NO, NO, NO]),
        # what settles nothing
        ("en", "Thanks for the summary, Robin. I'll read it tonight.\n", [OPEN, OPEN, OPEN]),
        ("en", "One more thing: could you add a newsletter box by 20 April?\n", [OPEN, OPEN, OPEN]),
        ("en", "Should point 2 not be 1,000 EUR?\n", [OPEN, OPEN, OPEN]),
        ("en", "We need 3 more licences by 5 May.\n", [OPEN, OPEN, OPEN]),
        ("es", "Si puede, envíeme el contrato.\n", [OPEN, OPEN, OPEN]),
    ],
)
def test_an_answer_settles_the_lines_it_speaks_of(language, text, expected):
    """Numbers, inline words and plain sentences move exactly the lines they speak of."""
    assert states(answered(text, language=language)) == expected


def test_a_correction_carries_old_and_new():
    """The new date comes with the client's own words and the message they stand in; the old one stays in the line."""
    story = answered("1 and 2 ok. 3: it is 22 April, not 15.\n")
    last = settle(story.reading, story.letters, story.background)[2]

    assert last.terms.due == "2026-04-22"
    assert last.entries == ("e7", "e6")
    assert last.who == DANA
    assert last.evidence.quote == "3: it is 22 April, not 15."
    assert last.evidence.message_id == story.messages[-1].message_id
    text = story.messages[-1].text
    assert text[last.evidence.span.start : last.evidence.span.end] == last.evidence.quote
    assert "15 April 2026" in story.letters[0].lines[3].text


@pytest.mark.parametrize(
    "text", ["Should be fine, I think.\n", "Sounds good!\n", "ok\n", "Fine, if the price stays.\n", "Im Prinzip ja.\n"]
)
def test_a_weak_yes_stays_weak(text):
    """A nod, doubt or a condition leaves every line awaiting and says why."""
    language = "de" if "Prinzip" in text else "en"
    story = answered(text, language=language)
    found = settle(story.reading, story.letters, story.background)

    assert {s.state for s in found} == {State.AWAITING}
    assert all(s.weak for s in found)
    assert settled(story.reading, story.background).entries[1].weak


def test_a_yes_of_somebody_who_does_not_decide_is_weak():
    """Tim may nod; Dana decides, and her yes then counts in full."""
    story = answered("All correct.\n", sender=TIM)
    [first, *_] = settle(story.reading, story.letters, story.background)
    assert (first.state, first.weak) == (State.AWAITING, "it comes from somebody who does not decide")

    story.mail(DANA, "All correct.\n", answering=story.messages[-2])

    assert states(story) == [YES, YES, YES]


def test_a_nod_to_a_single_line_is_a_yes():
    """Where there is only one point, a bare ok names it."""
    story = Story()
    story.says(DANA, "We will pay 800 EUR by Friday.", amount="800 EUR", due="2026-03-06")
    story.send(compose(story.occasion()))
    story.mail(DANA, "ok\n")

    assert states(story) == [YES]


def test_an_absence_note_and_silence_change_nothing():
    """A machine's answer leaves all awaiting; days later the lines are unanswered, never accepted."""
    story = answered("I am out of the office until 12 March. All correct.\n", automatic="out of office")
    assert states(story) == [OPEN, OPEN, OPEN]

    sent = story.letters[0].changed_at
    soon, late = (settle(story.reading, story.letters, story.background, sent + timedelta(days=n)) for n in (2, 4))

    assert {s.state for s in soon} == {State.AWAITING}
    assert {s.state for s in late} == {State.UNANSWERED}


def test_waiting_is_counted_in_working_days():
    """Three working days from a Thursday end on Tuesday."""
    story = Story()
    story.says(DANA, "We will pay.", message=story.mail(DANA, "We will pay.", datetime(2026, 3, 5, 8, 0, tzinfo=UTC)))
    draft = story.send(compose(story.occasion()), datetime(2026, 3, 5, 10, 0, tzinfo=UTC))

    def late(day, hour):
        return unanswered(draft, story.reading, story.background, datetime(2026, 3, day, hour, 0, tzinfo=UTC), 3)

    assert not late(10, 9)
    assert late(10, 10)


def test_mail_that_crossed_the_letter_settles_nothing():
    """An answer to an older mail is none to the letter, however it sounds."""
    story = booking_page()
    older = story.messages[2]
    story.send(compose(story.occasion()))
    story.mail(DANA, "All correct.\n", answering=older, at=story.messages[-1].sent_at + timedelta(minutes=5))

    assert states(story) == [OPEN, OPEN, OPEN]


def test_talk_further_down_the_thread_confirms_nothing_by_itself():
    """A yes to a later mail of ours is no yes to the recap; a number still names its line."""
    story = answered("What about the invoice?\n")
    story.mail(ROBIN, "The invoice follows on Monday. Is that all right?\n")
    story.mail(DANA, "Yes, correct. And point 1 is confirmed.\n")

    assert states(story) == [YES, OPEN, OPEN]


def test_a_later_word_beats_an_earlier_one():
    """Who first corrected and then confirmed by number has confirmed; a vague nod takes back nothing."""
    story = answered("2: no.\n")
    story.mail(DANA, "2 is ok after all.\n", answering=story.messages[-2])
    assert states(story) == [OPEN, YES, OPEN]

    story.mail(DANA, "Sounds good.\n", answering=story.messages[-3])
    assert states(story) == [OPEN, YES, OPEN]


def test_our_own_words_settle_nothing():
    """A colleague's or our own yes is not the client's."""
    story = answered("All correct.\n", sender=ROBIN, to=[DANA])

    assert states(story) == [OPEN, OPEN, OPEN]


def test_a_forged_copy_of_our_message_id_is_not_our_letter():
    """A client's mail that bears the letter's Message-ID does not make it sent."""
    story = booking_page()
    draft = replace(compose(story.occasion()), state=DraftState.PLACED)
    story.letters = [draft]
    story.mail(DANA, draft.body, message_id=draft.message_id)

    assert find_sent(draft, story.reading, story.circle) is None


def test_links_speak_where_the_sentence_was_not_understood():
    """A rejection that the links tied to a line disputes it; a replacing entry corrects it."""
    story = booking_page()
    story.send(compose(story.occasion()))
    message = story.mail(DANA, "Robin, about money we see this rather differently than you wrote.")
    story.says(
        DANA,
        "about money we see this rather differently than you wrote.",
        Kind.REJECTION,
        message=message,
        answers=story.entries[3],
    )

    assert states(story) == [OPEN, NO, OPEN]


# ---- steps ----


def test_entries_carry_what_the_answer_did():
    """Each carried entry awaits from the day the letter left and is confirmed by the client's mail; twice is once."""
    story = answered("1 and 2 ok. 3: it is 22 April, not 15.\n")
    once = settled(story.reading, story.background)
    by = story.letters[0].id

    steps = {e.id: [(s.state, s.by) for s in e.steps] for e in once.entries}
    assert steps["e4"][-2:] == [(State.AWAITING, by), (State.CONFIRMED, by)]
    assert steps["e7"][-1] == (State.CORRECTED, by)
    assert steps["e5"] == []
    assert settled(once, story.background) == once


def test_what_is_done_does_not_fall_back():
    """A promise kept before the client confirmed the letter stays done."""
    story = booking_page()
    promise = next(e for e in story.entries if e.id == "e3")
    story.send(compose(story.occasion()))
    story.says(ROBIN, "The wireframes are attached.", Kind.FULFILMENT, answers=promise)
    story.mail(DANA, "1, 2 and 3 ok.\n", answering=story.messages[-2])

    entry = next(e for e in settled(story.reading, story.background).entries if e.id == "e3")
    assert entry.state is State.DONE


def test_a_person_decides_about_a_correction():
    """Accepted, the line is confirmed with the new terms; disputed, both versions stand."""
    story = answered("3: it is 22 April, not 15.\n")
    for what, state in (("accepted", State.CONFIRMED), ("disputed", State.DISPUTED)):
        story.letters = [replace(story.letters[0], decided=((3, what),))]
        last = settle(story.reading, story.letters, story.background)[2]
        assert (last.state, last.terms.due) == (state, "2026-04-22")


# ---- the copy that was sent ----


def test_a_letter_sent_under_another_message_id_is_found_by_its_lines():
    """Mail programs give letters new ids; the copy with most of the lines is the letter."""
    story = booking_page()
    draft = replace(compose(story.occasion()), state=DraftState.PLACED)
    story.letters = [draft]
    story.mail(ROBIN, "Short note: I am on the train.\n")
    body = draft.body.replace("2. Robin Hale", "2. I, Robin Hale").replace("\n3. ", "\n3. So ")
    copy = story.mail(ROBIN, body, message_id="own.program@mail.example")

    assert find_sent(draft, story.reading, story.circle) == copy
    story.mail(DANA, "All correct.\n")
    assert states(story) == [YES, YES, YES]


def test_changes_made_before_sending_are_named():
    """Lines changed, cut or added in the mail program are listed; mere re-wrapping is no change."""
    story = booking_page()
    draft = compose(story.occasion())
    first, second, _third = (f"{x.number}. {x.text}" for x in draft.lines if x.number)
    wrapped = first.replace(" – ", "\n– ")
    body = draft.body.replace(first, wrapped).replace(second + "\n", "").replace("15 April instead", "16 April instead")
    message = story.mail(ROBIN, body.replace(LINES[2], LINES[2]) + "\n4. And the archive stays.\n")

    changes = compare_sent(draft, message)

    assert [change.split(":")[0] for change in changes] == ["Line 2 was cut", "Line 3 was changed", "Line 4 was added"]


def test_hostile_answers_take_no_time():
    """Long lines of numbers, commas and words are read in linear time and raise nothing."""
    for text in (
        "1," * 5000,
        "1 and " * 5000,
        "no " * 20000,
        "> " * 9000,
        "except " * 4000,
        "3: " * 4000,
        "(" * 9000 + "1",
    ):
        story = answered(text + "\n")
        assert len(states(story)) == 3
    assert HOURS.zone == "UTC"
