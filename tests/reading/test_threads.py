"""Threads: messages that name each other are one, whatever order they come in."""

import random

import pytest

from mailsync.model.mail import Message
from mailsync.reading.threads import gather, keys, plain_subject, subject_keys, thread_id
from tests.reading.letters import read_letter


def mail(
    number: int,
    *,
    refs: str = "",
    subject: str = "Shop",
    sender: str = "dana@client.example",
    to: str = "sam@studio.example",
) -> Message:
    """Return the message `number`, one a day, that refers to the ids `refs`."""
    references = "".join(f" <{ref}@x>" for ref in refs.split())
    extra = f"Message-ID: <{number}@x>\n" + (f"References:{references}\n" if refs else "")
    return read_letter(
        f"{number}\n", sender=sender, to=to, subject=subject, extra=extra, date=f"{number:02} Mar 2026 10:00:00 +0000"
    )


def ids(groups: list[list[Message]]) -> list[list[str]]:
    """Return the ids of gathered threads."""
    return [[message.message_id[0] for message in group] for group in groups]


def test_references_tie_messages_together_in_any_order() -> None:
    """The same messages give the same threads, however they are shuffled."""
    messages = [mail(1), mail(2, refs="1"), mail(3, refs="1 2"), mail(4), mail(5, refs="4")]
    for seed in range(5):
        random.Random(seed).shuffle(messages)
        assert ids(gather(messages)) == [["1", "2", "3"], ["4", "5"]]


def test_siblings_meet_in_a_parent_nobody_has() -> None:
    """Two answers to a message that is not there are one thread, under the missing one's id."""
    (group,) = gather([mail(2, refs="1"), mail(3, refs="1")])
    assert len(group) == 2
    assert thread_id(keys(group[0])) == thread_id(keys(mail(1)))


def test_cycles_and_long_references_end() -> None:
    """Messages that refer to each other in a ring, or to 50,000 others, are one thread without recursion."""
    ring = [mail(1, refs="3"), mail(2, refs="1"), mail(3, refs="2")]
    assert len(gather(ring)) == 1
    long = mail(4, refs=" ".join(f"r{i}" for i in range(50_000)))
    assert len(keys(long)) <= 130


def test_a_reply_that_lost_its_references_is_joined_by_subject() -> None:
    """An "AW: Shop" between the same two people joins the latest "Shop" before it; another pair's does not."""
    messages = [
        mail(1),
        mail(2),
        mail(3, subject="AW: RE: Shop", sender="sam@studio.example", to="dana@client.example"),
    ]
    other = mail(4, subject="Re: Shop", sender="eve@other.example", to="sam@studio.example")
    assert ids(gather([*messages, other])) == [["1"], ["2", "3"], ["4"]]


def test_equal_subjects_alone_join_nothing() -> None:
    """Every month has its "Invoice"."""
    assert len(gather([mail(1, subject="Invoice"), mail(2, subject="Invoice")])) == 2
    assert all(not key.startswith("subject:") for key in keys(mail(1)))
    assert subject_keys(mail(1))


@pytest.mark.parametrize(
    "subject",
    [
        "Re: Shop",
        "RE: RE: Shop",
        "AW: WG: Shop",
        "Antwort: Shop",
        "Re[2]: Shop",
        "SV: Shop",
        "[list] Re: [list] Shop",
        "TR : Shop",
        "Rif: R: Shop",
        "  fwd: SHOP ",
    ],
)
def test_prefixes_are_no_part_of_the_subject(subject: str) -> None:
    """Reply and forward prefixes of many languages and list tags are cut."""
    assert plain_subject(subject) == "shop"


def test_a_subject_of_prefixes_stays_something() -> None:
    """Hostile subjects take no time and leave no empty key."""
    assert plain_subject("Re: " * 20_000)
    assert plain_subject("[" * 20_000)
