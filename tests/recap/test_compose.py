"""What a recap says, to whom, and what becomes of it when mail comes."""

import re
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mailsync.model.draft import DraftState, Letter, Part
from mailsync.model.entry import Kind, State, Tier
from mailsync.model.mail import Address
from mailsync.recap.compose import compose, recap_lines, refresh
from mailsync.recap.lines import Voice
from mailsync.recap.people import Writer, reply_subject
from tests.recap.story import DANA, EVE, MIA, ROBIN, TIM, Story, booking_page, circle, person


def texts(draft, part=None):
    """Return the lines of a part."""
    return [line.text for line in draft.lines if part is None or line.part is part]


def test_a_recap_says_who_said_what_and_by_when():
    """The usual story gives the concern, then numbered lines with names, written-out dates, old and new values."""
    draft = compose(booking_page().occasion())

    assert texts(draft, Part.CONCERN) == ['"The booking page has lost two orders since Friday."']
    assert texts(draft, Part.AGREED) == [
        (
            'Dana Fox: "Could you send the wireframes by Friday?" – Robin Hale: "I\'ll have the wireframes to you by Friday."'
            " (by Friday 6 March 2026)"
        ),
        'Robin Hale: "The whole page costs 1,200 EUR." – Dana Fox: "Approved, go ahead."',
        'Dana Fox: "Make the launch 15 April instead." (by Wednesday 15 April 2026, was 1 April 2026)',
    ]
    assert [line.entries for line in draft.lines] == [("e1",), ("e2", "e3"), ("e4", "e5"), ("e7", "e6")]
    assert all(line.text in draft.body for line in draft.lines)
    assert "correct me" in draft.body


def test_the_same_log_gives_the_same_letter():
    """Writing a letter twice gives the same id, the same Message-ID and the same words."""
    assert compose(booking_page().occasion()) == compose(booking_page().occasion())


def test_a_letter_stands_in_the_clients_thread():
    """It answers the newest message, refers to the whole thread, and bears one Re:."""
    story = booking_page()
    draft = compose(story.occasion())

    assert draft.in_reply_to == story.messages[-1].message_id
    assert draft.references == (*story.messages[-1].references, story.messages[-1].message_id)
    assert draft.subject == "Re: New booking page"
    assert draft.sender == Address(email=ROBIN, name="Robin Hale")


def test_parts_follow_what_became_of_things():
    """Offers are proposed, refusals and deliveries discussed, promises agreed."""
    story = Story()
    asked = story.says(DANA, "Could it sell gift cards too?", Kind.REQUEST)
    story.says(ROBIN, "Gift cards are outside the agreed scope.", Kind.REJECTION, answers=asked)
    promise = story.says(DANA, "We will send the logo.")
    story.says(DANA, "The logo is attached.", Kind.FULFILMENT, answers=promise)
    story.says(ROBIN, "I suggest we drop the blog.", Kind.PROPOSAL)
    story.says(ROBIN, "The archive is out of scope.", Kind.DECISION)
    story.says(DANA, "We stay on the old host.", Kind.DECISION)
    draft = compose(story.occasion())

    assert texts(draft, Part.DISCUSSED) == [
        'Dana Fox: "Could it sell gift cards too?" – Robin Hale: "Gift cards are outside the agreed scope." (declined)',
        'Dana Fox: "We will send the logo." – Dana Fox: "The logo is attached." (reported as done)',
    ]
    assert len(texts(draft, Part.PROPOSED)) == 2
    assert texts(draft, Part.AGREED) == ['Dana Fox: "We stay on the old host."']


@pytest.mark.parametrize(
    ("terms", "weak", "question"),
    [
        ({"due": "2026-04-03", "due_choices": ("2026-04-03", "2026-03-04")}, "", "Which date is meant: Friday 3 April"),
        ({"vague": ("no date",)}, "", "Which date suits you"),
        ({"vague": ("soon",)}, "", "What exactly"),
        ({"conditional": True}, "", "condition"),
        ({}, "she does not decide", "clear yes or no"),
    ],
)
def test_doubt_becomes_a_question(terms, weak, question):
    """Ambiguous dates, vague words, conditions and a weak yes are asked about instead of claimed."""
    story = Story()
    story.says(DANA, "We will have the copy ready then.", weak=weak, **terms)
    draft = compose(story.occasion())

    [line] = [line for line in draft.lines if line.number]
    assert line.part is Part.QUESTION
    assert question in line.text


def test_a_long_quotation_loses_whole_trailing_parts():
    """A quotation that is too long is cut at a boundary and marked; what stands there are the client's own words."""
    story = Story()
    quote = "We will " + ", and we will ".join(f"paint the wall number {n} in blue" for n in range(40)) + "."
    story.says(DANA, quote)
    [text] = texts(compose(story.occasion()), Part.AGREED)

    said = re.search(r'"(.*) …"', text)[1]
    assert quote.startswith(said)
    assert quote[len(said)] == ","


def test_what_the_client_never_saw_stays_inside():
    """Words of a mail among colleagues never come into a letter; suggestions come in once accepted."""
    story = Story()
    story.says(DANA, "We will send the logo by Friday.", due="2026-03-06")
    inside = story.mail(ROBIN, "I will bill them double.", to=[MIA])
    story.says(ROBIN, "I will bill them double.", message=inside)
    story.says(ROBIN, "I will look into it.", tier=Tier.SUGGESTION)
    draft = compose(story.occasion())

    assert "double" not in draft.body
    assert "look into" not in draft.body


def test_the_person_who_decides_stands_in_to():
    """Dana decides, so she stands in To although Tim wrote; others of the client are in Cc, third parties nowhere."""
    story = Story()
    story.mail(TIM, "Hello, we will send the logo.", to=[ROBIN], cc=[DANA, EVE, "spy@evil.example"])
    story.says(TIM, "we will send the logo.", message=story.messages[0])
    draft = compose(story.occasion())

    assert [a.email for a in draft.to] == [DANA]
    assert [a.email for a in draft.cc] == [TIM]


def test_a_reply_to_gets_no_letter():
    """An address that only stands in Reply-To, or in the text, is never written to."""
    story = Story()
    text = "We will send the logo. Write to boss@harbor.example instead."
    message = story.mail(DANA, text, reply_to=(person("else@harbor.example"),))
    story.says(DANA, "We will send the logo.", message=message)
    draft = compose(story.occasion())

    assert {a.email for a in (*draft.to, *draft.cc)} == {DANA}


@pytest.mark.parametrize(
    "email",
    [
        "x\r\nbcc: y@harbor.example",
        "a b@harbor.example",
        '"q"@harbor.example',
        "<x>@harbor.example",
        "ü@harbor.example",
        "=?utf-8?b?eA==?=@harbor.example",
    ],
)
def test_strange_addresses_are_left_out(email):
    """An address that is no plain mailbox is never put into a header."""
    story = Story()
    message = story.mail(DANA, "We will send the logo.", cc=[email])
    story.says(DANA, "We will send the logo.", message=message)

    assert compose(story.occasion()).cc == ()


@pytest.mark.parametrize(
    ("given", "subject"),
    [
        ("RE: AW: Re[2]: Fwd: Logo", "Re: Logo"),
        ("Logo\r\nBcc: evil@x.example", "Re: Logo Bcc: evil@x.example"),
        ("Logo\u2028\u202egnp", "Re: Logo gnp"),
        ("", "Re:"),
        ("Rebates: 2026", "Re: Rebates: 2026"),
        ("{{ 7*7 }}", "Re: {{ 7*7 }}"),
    ],
)
def test_subjects_fit_a_header_line(given, subject):
    """A subject has one Re: and no character that could break or turn a header line."""
    assert reply_subject(given) == subject


def test_text_of_mail_is_never_a_template():
    """Braces in a mail come out as they went in."""
    story = Story(subject="{{ 991*991 }}")
    story.says(DANA, "We will send {{ 991*991 }} and {% for x in y %} logos.")
    draft = compose(story.occasion())

    assert "{{ 991*991 }} and {% for x in y %} logos." in draft.body
    assert "982081" not in draft.body + draft.subject


def test_the_language_is_the_contacts():
    """The contact's language wins over the mail's; dates follow it."""
    story = booking_page()
    story.circle = circle(language="de", greeting="Liebe Dana")
    draft = compose(story.occasion())

    assert draft.language == "de"
    assert "Liebe Dana,\n" in draft.body
    assert "bis Freitag, 6. März 2026, " not in draft.body
    assert "(bis Freitag, 6. März 2026)" in draft.body
    assert "korrigiere mich bitte" in draft.body  # familiar, as the greeting is


def test_our_mail_alone_is_no_conversation_with_anybody():
    """Without anybody at the client there is nobody to write to."""
    story = Story()
    story.says(ROBIN, "I will call the printer.", message=story.mail(ROBIN, "I will call the printer.", to=[MIA]))

    assert compose(story.occasion()) is None


# ---- when mail comes ----


def test_an_untouched_draft_is_written_anew():
    """Newer mail rewrites a letter nobody touched; it stays the same letter."""
    story = booking_page()
    draft = compose(story.occasion())
    story.letters = [draft]
    assert refresh(draft, story.occasion()) is draft

    story.says(DANA, "We will pay within ten days.")
    again = refresh(draft, story.occasion())

    assert (again.id, again.message_id, again.state) == (draft.id, draft.message_id, DraftState.OPEN)
    assert "ten days" in again.body
    assert again.in_reply_to == story.messages[-1].message_id


def test_an_edited_draft_turns_stale_and_says_why():
    """A person's words are never overwritten; the note names the mail and the lines that are new or gone."""
    story = booking_page()
    draft = replace(compose(story.occasion()), body="My own words.\n", state=DraftState.EDITED)
    story.letters = [draft]
    assert refresh(draft, story.occasion()) is draft

    launch = next(e for e in story.entries if e.id == "e7")
    story.says(DANA, "No, 22 April.", Kind.DECISION, due="2026-04-22", replaces=launch)
    stale = refresh(draft, story.occasion())

    assert (stale.state, stale.body) == (DraftState.STALE, "My own words.\n")
    assert "Dana Fox, 2 March 2026" in stale.note
    assert "New: " in stale.note
    assert "No longer so: " in stale.note
    assert refresh(stale, story.occasion()) is stale


def test_a_pointless_draft_is_withdrawn():
    """When everything is done before the letter went out, there is nothing left to confirm."""
    story = Story()
    promise = story.says(DANA, "We will send the logo.")
    draft = compose(story.occasion())
    story.letters = [draft]
    story.says(DANA, "The logo is attached.", Kind.FULFILMENT, answers=promise)

    assert refresh(draft, story.occasion()).state is DraftState.WITHDRAWN


def test_an_absence_note_changes_nothing():
    """A machine's answer neither rewrites nor makes stale."""
    story = booking_page()
    draft = replace(compose(story.occasion()), body="My own words.\n", state=DraftState.EDITED)
    story.letters = [draft]
    story.mail(DANA, "I am away.", automatic="out of office")

    assert refresh(draft, story.occasion()) is draft


# ---- properties ----

WORDS = st.sampled_from(
    ["We will", "send", "logo", "by Friday", "{{ x }}", "\u202eevil", '"so"', "é", "<b>", "1. ok", "\n"]
)
QUOTE = st.lists(WORDS, min_size=1, max_size=12).map(lambda w: " ".join(w).strip() or "We will")
STEP = st.tuples(
    st.sampled_from([DANA, TIM, ROBIN, MIA, EVE]),
    QUOTE,
    st.sampled_from(list(Kind)),
    st.one_of(st.none(), st.integers(0, 20)),
    st.sampled_from(["", "answers", "replaces"]),
    st.sampled_from([{}, {"due": "2026-03-06"}, {"vague": ("soon",)}, {"conditional": True}, {"amount": "12 h"}]),
    st.sampled_from(["", "weak"]),
)


def told(steps):
    """Tell a story made of random steps."""
    story = Story()
    story.mail(DANA, "Hello Robin.")
    for sender, quote, kind, earlier, link, terms, weak in steps:
        links = (
            {link: story.entries[earlier % len(story.entries)]}
            if link and story.entries and earlier is not None
            else {}
        )
        story.says(sender, quote, kind, weak=weak, **links, **terms)
    return story


@settings(max_examples=120, deadline=None)
@given(st.lists(STEP, max_size=14))
def test_every_line_stands_on_entries_with_evidence(steps):
    """Whatever was said: each line of a letter names entries of the log, and quotes words of a message."""
    story = told(steps)
    draft = compose(story.occasion())
    if draft is None:
        return
    log = {entry.id: entry for entry in story.entries}
    texts_of = {m.digest: " ".join(m.text.split()) for m in story.messages}
    assert draft.lines
    assert [line.number for line in draft.lines if line.number] == list(
        range(1, sum(1 for x in draft.lines if x.number) + 1)
    )
    for line in draft.lines:
        assert line.entries
        for entry_id in line.entries:
            evidence = log[entry_id].finding.evidence
            assert evidence.quote in texts_of[evidence.digest]
            assert log[entry_id].finding.side is not story.circle.side("x@third.example")
        assert line.text in draft.body
    assert not re.search("[\u202a-\u202e\x00-\x09\x0b-\x1f]", draft.body + draft.subject)
    assert {a.email for a in (*draft.to, *draft.cc)} <= {DANA, TIM}


@settings(max_examples=60, deadline=None)
@given(st.lists(STEP, max_size=10), st.randoms())
def test_the_order_of_arrival_does_not_matter(steps, random):
    """The same entries in another order give the same lines."""
    story = told(steps)
    voice = Voice(language="en", formal=True, known={}, circle=story.circle)
    shuffled = list(story.entries)
    random.shuffle(shuffled)

    assert recap_lines(story.entries, story.entries, voice) == recap_lines(shuffled, shuffled, voice)


def test_replacements_in_a_circle_come_to_an_end():
    """Entries that replace each other in a ring do not hang the letter."""
    story = Story()
    one = story.says(DANA, "We will send it on Monday.")
    two = story.says(DANA, "We will send it on Tuesday.", replaces=one)
    story.entries[0] = replace(story.entries[0], replaces=two.id)
    story.entries[1] = replace(story.entries[1], steps=(*two.steps,))

    assert compose(story.occasion()) is not None


def test_the_writer_signs_with_name_and_signature():
    """Name and signature of the user end the letter."""
    story = booking_page()
    occasion = replace(story.occasion(), writer=Writer(name="Robin Hale", signature="Halecraft\n+44 20 7946 0000"))

    assert compose(occasion).body.endswith("Kind regards\nRobin Hale\nHalecraft\n+44 20 7946 0000\n")


def test_states_given_by_letters_do_not_hide_an_agreement():
    """An entry that awaits confirmation is still cited with its own part."""
    story = Story()
    promise = story.says(DANA, "We will send the logo.")
    story.move(promise, State.AWAITING)

    assert compose(story.occasion(now=story.messages[0].sent_at + timedelta(hours=5))).letter is Letter.RECAP
