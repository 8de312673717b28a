"""Whole threads, from text to entries, with every real part."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from hashlib import sha256

import pytest

from mailsync.extract.thread import ANYBODY, _with_anybody, extract_messages, read_thread
from mailsync.model.draft import Draft, DraftState, Letter, Line, Part
from mailsync.model.entry import Kind, State, state_on
from mailsync.model.mail import Address, Message, RawMessage
from mailsync.model.people import Circle, Side
from mailsync.model.thread import Correction
from tests.extract.voices import ANNA, BACKGROUND, START, US

OFFER = "Dear Anna,\n\nWe could build the booking page for $4,800, delivered in three weeks.\n\nBest regards,\nDana\n"
YES = "Hi Dana,\n\nApproved, please go ahead. I will send you the logo by Friday.\n\nAnna\n"
LOGO = "Hi Dana,\n\nThe logo is attached.\n\nAnna\n"


def mail(n, sender, text, *, after=None, **fields):
    """Return the thread's message number `n`, sent `n` days after the start, a reply to the one before."""
    return Message(
        digest=sha256(f"{n}{sender}{text}".encode()).hexdigest(),
        message_id=f"m{n}@mail.example",
        sender=Address(email=sender, name=sender.split("@")[0].title()),
        to=(Address(email=ANNA if sender == US else US),),
        sent_at=START + timedelta(days=n if after is None else after),
        subject="Booking page",
        text=text,
        in_reply_to=(f"m{n - 1}@mail.example",) if n else (),
        **fields,
    )


def story(*texts):
    """Return messages of us and Anna in turn, with their client's key."""
    return [(mail(n, ANNA if n % 2 else US, text), "client") for n, text in enumerate(texts)]


def by_kind(reading, kind):
    """Return the reading's entries of one kind."""
    return [entry for entry in reading.entries if entry.finding.kind is kind]


def test_a_story_from_offer_to_delivery():
    """An offer, a yes, a promise and its keeping come out with links, states and exact evidence."""
    messages = [*story(OFFER, YES), (mail(3, ANNA, LOGO), "client")]

    reading = read_thread("t1", messages, BACKGROUND)

    (offer,), (yes,) = by_kind(reading, Kind.PROPOSAL), by_kind(reading, Kind.APPROVAL)
    (promise,), (sent,) = by_kind(reading, Kind.COMMITMENT), by_kind(reading, Kind.FULFILMENT)
    assert (yes.answers, sent.answers) == (offer.id, promise.id)
    assert (offer.state, promise.state) == (State.AGREED, State.DONE)
    assert state_on(promise, date(2026, 3, 3)) is State.OPEN
    texts = {message.digest: message.text for message, _ in messages}
    for entry in reading.entries:
        evidence = entry.finding.evidence
        assert " ".join(texts[evidence.digest][evidence.span.start : evidence.span.end].split()) == evidence.quote
        assert (entry.thread, entry.client) == ("t1", "client")


def test_reading_does_not_depend_on_the_order_of_arrival():
    """Messages that came late or first are read in the order of their dates."""
    messages = story(OFFER, YES, "The staging site is up.", LOGO)

    assert read_thread("t1", messages[::-1], BACKGROUND) == read_thread("t1", messages, BACKGROUND)


def test_a_growing_thread_keeps_its_ids():
    """What was found before a new message came is found again under the same id."""
    messages = story(OFFER, YES, "The staging site is up.")

    before = {entry.id for entry in read_thread("t1", messages[:2], BACKGROUND).entries}

    assert before <= {entry.id for entry in read_thread("t1", messages, BACKGROUND).entries}


def test_quoted_words_are_nobodys_new_word():
    """The offer quoted below the answer does not become an offer of the answerer."""
    quoted = "\n".join(f"> {line}" for line in OFFER.splitlines())
    answer = f"Approved, please go ahead.\n\nOn Mon, 2 Mar 2026, Dana wrote:\n{quoted}\n"

    reading = read_thread("t1", story(OFFER, answer), BACKGROUND)

    assert [entry.finding.side for entry in by_kind(reading, Kind.PROPOSAL)] == ["us"]


@pytest.fixture
def letter():
    """A recap of ours that went out."""
    line = Line(part=Part.AGREED, number=1, text="You will send the logo by Friday, 6 March.", entries=("e1",))
    return Draft(
        id="d1",
        letter=Letter.RECAP,
        account="a",
        thread="t1",
        client="client",
        state=DraftState.SENT,
        language="en",
        sender=Address(email=US),
        to=(Address(email=ANNA),),
        subject="Re: Booking page",
        body="Hi Anna,\n\nper our conversation:\n\n1. You will send the logo by Friday, 6 March.\n",
        lines=(line,),
        message_id="recap-1@studio.example",
        created_at=START,
        changed_at=START,
    )


def test_our_own_letter_brings_no_entries(letter):
    """A recap of ours, found in the thread by its Message-ID, agrees nothing by itself."""
    sent = replace(mail(2, US, letter.body), message_id=letter.message_id)

    reading = read_thread("t1", [*story(OFFER, YES), (sent, "client")], replace(BACKGROUND, letters=(letter,)))

    assert reading.messages[-1].unread == "our own letter"
    assert all(entry.finding.evidence.message_id != letter.message_id for entry in reading.entries)


def test_lines_of_our_letter_are_known_wherever_they_turn_up(letter):
    """The recap's lines bring no entries when it left by another program, or come back unmarked."""
    bodies = [mail(2, US, letter.body), mail(3, ANNA, f"{letter.body}\nAgreed, all correct.\n")]

    reading = read_thread("t1", [(m, "client") for m in bodies], replace(BACKGROUND, letters=(letter,)))

    assert not [entry for entry in reading.entries if "logo" in entry.finding.evidence.quote]


def test_a_removed_entry_stays_removed():
    """What a person called no agreement does not come back with the next reading."""
    messages = story(OFFER, YES)
    offer = by_kind(read_thread("t1", messages, BACKGROUND), Kind.PROPOSAL)[0]
    told = replace(BACKGROUND, corrections=(Correction(entry=offer.id, at=START, removed=True),))

    assert offer.id not in {entry.id for entry in read_thread("t1", story(OFFER, YES, LOGO), told).entries}


def test_machines_promise_nothing():
    """An automatic message is kept in its place, unread, with the reason."""
    auto = mail(1, ANNA, "I will answer your mail by Friday.", automatic="automatic reply")

    reading = read_thread("t1", [*story(OFFER), (auto, "client")], BACKGROUND)

    assert reading.messages[1].unread.startswith("automatic")
    assert {entry.finding.evidence.message_id for entry in reading.entries} == {"m0@mail.example"}


def test_a_message_that_breaks_the_reading_is_named():
    """A trouble in one message is its `unread`; the others are read as if it were not there."""
    broken = replace(mail(1, ANNA, ""), text=17)

    reading = read_thread("t1", [*story(OFFER), (broken, "client"), (mail(2, ANNA, YES), "client")], BACKGROUND)

    assert reading.messages[1].unread.startswith("trouble: ")
    assert len(by_kind(reading, Kind.APPROVAL)) == 1


def raw(n, sender, to, text, reply=""):
    """Return a message as bytes."""
    head = f"From: {sender}\r\nTo: {to}\r\nSubject: Page {n}\r\nMessage-ID: <r{n}@mail.example>\r\n"
    head += f"Date: Mon, {n + 1} Mar 2026 09:00:00 +0100\r\n" + (f"In-Reply-To: <{reply}>\r\n" if reply else "")
    data = (head + "\r\n" + text.replace("\n", "\r\n")).encode()
    return RawMessage(data=data, digest=sha256(data).hexdigest())


def test_files_are_read_without_a_client_list():
    """Where no clients are listed, everybody who is not of our side is the client; threads stay apart."""
    raws = [
        raw(1, US, ANNA, OFFER),
        raw(3, ANNA, US, YES, reply="r1@mail.example"),
        raw(5, "carl@other.example", US, "Could you please send the invoice by Friday?\n"),
    ]

    first, second = extract_messages(raws, Circle(own=(US,)))

    assert [m.client for m in (*first.messages, *second.messages)] == [ANYBODY] * 3
    assert by_kind(first, Kind.APPROVAL)[0].answers == by_kind(first, Kind.PROPOSAL)[0].id
    assert by_kind(second, Kind.REQUEST)[0].finding.side == "client"


def test_files_that_are_no_mail_are_listed():
    """Bytes that are no message come out as a message without entries."""
    data = b"\x00\xff not a mail"

    (reading,) = extract_messages([RawMessage(data=data, digest=sha256(data).hexdigest())], Circle(own=(US,)))

    assert len(reading.messages) == 1
    assert reading.entries == ()


def test_a_colleague_at_the_users_own_domain_is_on_our_side():
    """Without a list of clients, who shares the user's domain is no client; at a public provider everybody may be."""
    people = [Address(email=e) for e in ("me@firm.example", "ann@firm.example", "dana@client.example", "x@gmail.com")]
    message = Message(
        digest="0" * 64,
        message_id="m@firm.example",
        sender=people[0],
        to=tuple(people[1:]),
        sent_at=datetime(2026, 3, 2, tzinfo=UTC),
        subject="",
        text="",
    )

    circle = _with_anybody(Circle(own=("me@firm.example", "me@gmail.com")), [message])

    assert [circle.side(a.email) for a in people] == [Side.US, Side.US, Side.CLIENT, Side.CLIENT]
