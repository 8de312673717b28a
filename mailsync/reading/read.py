"""A message read in its thread: whose words, in which language, and why it is not read where it is not."""

from collections.abc import Callable, Sequence
from dataclasses import replace

from mailsync.model.mail import Message, Role
from mailsync.model.people import Circle, Side
from mailsync.model.thread import ReadMessage
from mailsync.reading.language import language
from mailsync.reading.passages import passages
from mailsync.reading.statements import MOST, too_many

#: Languages that statements are taken from.
READ_LANGUAGES = frozenset({"en", "de", "fr", "es", "it"})
_LOOK_BACK = 200  # messages of a thread that one is read against; a thread of thousands must not cost their square


def read_message(
    message: Message, client: str, earlier: Sequence[Message], circle: Circle, spoken: str = ""
) -> ReadMessage:
    """Read one message against the thread's `earlier` ones; `spoken` is the thread's language, for texts too short."""
    parts = passages(message, earlier)
    own = " ".join(message.text[p.span.start : p.span.end] for p in parts if p.role is Role.AUTHOR)
    tongue = language(own) or spoken or language(f"{message.subject} {message.text[:3000]}")
    alike = lookalike(message.sender.email, circle) if message.sender else ""
    if alike:
        message = replace(message, troubles=(*message.troubles, f"the sender's domain only looks like {alike}"))
    if too_many(message, parts):
        message = replace(message, troubles=(*message.troubles, f"only the first {MOST} statements were read"))
    return ReadMessage(
        message=message,
        passages=parts,
        language=tongue,
        client=client,
        unread=_unread(message, earlier, tongue, circle),
    )


def lookalike(email: str, circle: Circle) -> str:
    """Return the client's domain that the domain of a stranger's `email` imitates, "" for none.

    Letters that look the same ("rn" and "m", "1" and "l"), hyphens for dots, and a client's domain before the real one.
    """
    if circle.side(email) is not Side.THIRD:
        return ""
    domain = email.rpartition("@")[2]
    for client in circle.clients:
        known = (*client.domains, *(address.rpartition("@")[2] for address in client.addresses))
        for theirs in known:
            if domain != theirs and _outline(domain).startswith(_outline(theirs)):
                return theirs
    return ""


def _outline(domain: str) -> str:
    """Return `domain` with letters that look alike made the same."""
    for seen, meant in (
        ("-", ""),
        (".", ""),
        ("rn", "m"),
        ("cl", "d"),
        ("vv", "w"),
        ("1", "l"),
        ("i", "l"),
        ("0", "o"),
    ):
        domain = domain.replace(seen, meant)
    return domain


def read(
    messages: Sequence[Message], circle: Circle, client_of: Callable[[Message], str] = lambda _: ""
) -> tuple[ReadMessage, ...]:
    """Read a thread's messages, which stand in order of date; `client_of` names the client a message belongs to."""
    found: list[ReadMessage] = []
    spoken = ""
    for at, message in enumerate(messages):
        one = read_message(message, client_of(message), messages[max(0, at - _LOOK_BACK) : at], circle, spoken)
        spoken = one.language or spoken
        found.append(one)
    return tuple(found)


def _unread(message: Message, earlier: Sequence[Message], tongue: str, circle: Circle) -> str:
    if message.sender and circle.forbids(message.sender.email):
        return "never to be read"
    if message.automatic:
        return f"automatic: {message.automatic}"
    for other in earlier:
        if (other.message_id, other.sender, other.text) == (message.message_id, message.sender, message.text):
            return f"duplicate of {other.digest[:12]}"
    return f"language: {tongue}" if tongue and tongue not in READ_LANGUAGES else ""
