"""Who speaks and who must act."""

from datetime import UTC, datetime

import pytest

from mailsync.extract.people import named, who_and_owner
from mailsync.model.entry import Kind
from mailsync.model.mail import Address, Message
from mailsync.model.people import Circle, Client
from mailsync.model.thread import Heard, ReadMessage

ME, MATE = (
    Address(email="dana@studio.example", name="Dana Fell"),
    Address(email="luis@studio.example", name="Luis Ortiz"),
)
BOSS, CLERK = (
    Address(email="marge@bakery.test", name="Marge Oak"),
    Address(email="colin@bakery.test", name="Colin Reid"),
)
CIRCLE = Circle(
    own=(ME.email,),
    colleagues=("studio.example",),
    clients=(Client(key="b", name="Bakery", domains=("bakery.test",)),),
)


def letter(sender, to, cc=()):
    """Return a message as read, without text."""
    message = Message(
        digest="d",
        message_id="m",
        sender=sender,
        to=to,
        cc=cc,
        sent_at=datetime(2026, 3, 2, tzinfo=UTC),
        subject="",
        text="",
    )
    return ReadMessage(message=message, passages=(), language="en")


OURS, THEIRS = letter(ME, (BOSS,), (MATE, CLERK)), letter(BOSS, (ME,), (MATE, CLERK))


@pytest.mark.parametrize(
    ("quote", "kind", "read", "who", "owner"),
    [
        ("I'll send it on Friday.", Kind.COMMITMENT, OURS, ME, ME),
        ("Luis will have it ready on Friday.", Kind.COMMITMENT, OURS, ME, MATE),
        ("Colin says he'll send the list.", Kind.COMMITMENT, THEIRS, CLERK, CLERK),
        ("I'll tell Colin tomorrow.", Kind.COMMITMENT, THEIRS, BOSS, BOSS),
        ("Could you send the list?", Kind.REQUEST, OURS, ME, BOSS),
        ("Colin, could you send the list?", Kind.REQUEST, OURS, ME, CLERK),
        ("Please have Luis call me.", Kind.REQUEST, THEIRS, BOSS, MATE),
        ("Colin, please pay this today.", Kind.REQUEST, THEIRS, BOSS, CLERK),
        ("That is fine.", Kind.APPROVAL, THEIRS, BOSS, None),
    ],
)
def test_who_and_owner(quote, kind, read, who, owner):
    """The speaker, the one reported, the one named and the addressee are told apart."""
    assert who_and_owner(quote, kind, read, CIRCLE, ()) == (who.email, owner and owner.email)


def test_pronoun_leans_on_the_sentence_before():
    """A "he" who promises is the colleague named just before."""
    assert who_and_owner("He'll be there at two.", Kind.COMMITMENT, OURS, CIRCLE, (), ("Luis is on the road.",)) == (
        ME.email,
        MATE.email,
    )


def test_request_to_ourselves_alone():
    """Where nobody of the other side is addressed, the request goes to whoever wrote from there last."""
    alone = letter(ME, (MATE,))
    assert who_and_owner("Please send it.", Kind.REQUEST, alone, CIRCLE, (Heard(read=THEIRS),)) == (
        ME.email,
        BOSS.email,
    )


def test_named_needs_a_capital():
    """A name that is also a word counts only with its capital, unless the writer uses none."""
    mark = Address(email="rose@x.test", name="Rose Bush")
    assert named("Rose, please", (mark,)) == [mark]
    assert named("The rose is red", (mark,)) == []
    assert named("ask rose about it", (mark,)) == [mark]
