"""Who a letter goes to, whom it comes from, and what people are called in it."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from mailsync.model.mail import Address, Message
from mailsync.model.people import Circle, Side
from mailsync.model.thread import Background, ThreadReading, is_note
from mailsync.recap.wording import LANGUAGES, clean, phrase, words

# RFC 5322 dot-atom addresses only: quoted local parts and domain literals are legal, but nobody's working address; what
# looks like an encoded word (RFC 2047) would be decoded into another address on its way.
_ATOM = r"[a-z0-9!#$%&'*+/=?^_`{|}~-]{1,64}"
_ADDRESS = re.compile(rf"(?!.*=\?){_ATOM}(?:\.{_ATOM})*@[a-z0-9-]+(?:\.[a-z0-9-]+)+")
_MESSAGE_ID = re.compile(r"[!-;=?-~]+@[!-;=?-~]+")
_REPLY = r"(?:re|aw|antw|antwort|sv|vs|fw|fwd|wg|tr|rv|rif|r|ref|res|enc)\s*(?:\[\d+\])?\s*:\s*"
_PREFIX = re.compile(rf"\s*(?:{_REPLY})+", re.IGNORECASE)

#: More references than this are cut in the middle (RFC 5322 asks to keep the first; RFC 5537 the last ones).
REFERENCES = 40


@dataclass(frozen=True, slots=True, kw_only=True)
class Writer:
    """Who signs: the user's name, what stands below it, and the language where the client names none."""

    name: str
    signature: str = ""
    language: str = "en"


@dataclass(frozen=True, slots=True, kw_only=True)
class Envelope:
    """The outside of a letter: identities, subject and the place in the client's thread, fit for header lines."""

    sender: Address
    to: tuple[Address, ...]
    cc: tuple[Address, ...]
    subject: str
    in_reply_to: str
    references: tuple[str, ...]


def names(reading: ThreadReading, circle: Circle, writer: Writer) -> Mapping[str, str]:
    """Return what each person of the thread is called, by address.

    The configuration's name wins, then the display name the person uses, then one made from the address.
    """
    found: dict[str, str] = {}
    for read in reading.messages:
        message = read.message
        for address in (message.sender, *message.to, *message.cc):
            if address is None:
                continue
            name = clean(address.name, 60).strip("'\"")
            if name and "@" not in name and address.email not in found:
                found[address.email] = _turned(name)
            if address is message.sender and name and "@" not in name:
                found[address.email] = _turned(name)  # how people write themselves beats how others do
    found |= {c.email: c.name for client in circle.clients for c in client.contacts if c.name}
    return found | dict.fromkeys(circle.own, writer.name) if writer.name else found


def called(email: str, known: Mapping[str, str]) -> str:
    """Return the name of the person behind `email`; a name is made from the address where none is known."""
    if email in known:
        return known[email]
    local = clean(email.partition("@")[0].partition("+")[0], 60)
    return " ".join(part.capitalize() for part in re.split(r"[._\s-]+", local) if part) or "?"


def envelope(reading: ThreadReading, background: Background, client: str, known: Mapping[str, str]) -> Envelope | None:
    """Address a letter to the client's people in the thread; None where the thread knows none.

    Only addresses from From, To and Cc count, never a Reply-To or one in the text. The person who decides stands in
    To, else the one who wrote last, else the one we last wrote to; all others in Cc.
    """
    messages = [read.message for read in reading.messages]
    people = participants(messages, background.circle, client)
    if not people:
        return None
    to = tuple(p for p in people if _decides(p, background.circle)) or people[:1]
    newest = max(messages, key=lambda m: (m.sent_at, m.digest))
    spoken = is_note(newest)  # a note is no mail that a letter could answer
    named = () if spoken else (*newest.references, *newest.in_reply_to, newest.message_id)
    ids = [i for i in named if _MESSAGE_ID.fullmatch(i)]
    references = tuple(dict.fromkeys(reversed(ids)))[::-1]
    if len(references) > REFERENCES:
        references = (references[0], *references[1 - REFERENCES :])
    return Envelope(
        sender=_identity(messages, background.circle, known),
        to=tuple(_named(p, known) for p in to),
        cc=tuple(_named(p, known) for p in people if p not in to),
        subject=clean(newest.subject, 200) if spoken else reply_subject(newest.subject),
        in_reply_to=ids[-1] if ids and ids[-1] == newest.message_id else "",
        references=references,
    )


def participants(messages: Sequence[Message], circle: Circle, client: str) -> tuple[str, ...]:
    """Return the addresses of `client`'s people in From, To and Cc: authors first, the latest before the others."""
    ordered = sorted(messages, key=lambda m: (m.sent_at, m.digest), reverse=True)
    authors = [m.sender.email for m in ordered if m.sender and not m.automatic]
    others = [a.email for m in ordered if not m.automatic for a in (*m.to, *m.cc)]
    return tuple(p for p in dict.fromkeys((*authors, *others)) if _of_client(p, circle, client))


def visible(message: Message, circle: Circle, client: str) -> bool:
    """Say whether somebody of `client` wrote or received `message`; what only colleagues saw must never leak."""
    people = (message.sender, *message.to, *message.cc)
    return any(a is not None and _of_client(a.email, circle, client) for a in people)


def reply_subject(subject: str) -> str:
    """Return the subject of a reply: one "Re: " and nothing that could break a header line."""
    bare = clean(subject, 200)
    found = _PREFIX.match(bare)
    return f"Re: {bare[found.end() :] if found else bare}".rstrip()


def language_for(reading: ThreadReading, background: Background, to: Sequence[Address], client: str, own: str) -> str:
    """Return the letter's language: the contact's, the client's, that of the client's newest mail, our own."""
    circle = background.circle
    contact = circle.contact(to[0].email) if to else None
    listed = next((c for c in circle.clients if c.key == client), None)
    written = [
        r.language
        for r in reversed(reading.messages)
        if r.language and r.message.sender and circle.side(r.message.sender.email) is Side.CLIENT
    ]
    wishes = (contact.language if contact else "", listed.language if listed else "", *written[:1], own)
    return next((wish for wish in wishes if wish in LANGUAGES), "en")


def greeting(to: Sequence[Address], circle: Circle, language: str, known: Mapping[str, str]) -> tuple[str, bool]:
    """Return the greeting line and whether it is a formal one; a contact's own greeting wins."""
    form = words(language)["letter"]
    contact = circle.contact(to[0].email) if to else None
    if contact and contact.greeting:
        text = clean(contact.greeting, 120)
        familiar = text.casefold().startswith(tuple(form["informal"]))
        return (text if text.endswith((",", ":", "!")) else f"{text},"), not familiar
    if len(to) != 1:
        return str(form["greeting_nobody"]), True
    name = called(to[0].email, known)
    return str(form["greeting"].format(name=name if form["full_name"] else name.split(" ")[0])), True


def closing(language: str, writer: Writer, *, formal: bool) -> str:
    """Return the closing lines: the polite phrase, the user's name, the signature."""
    return "\n".join(part for part in (phrase(language, "letter", "closing", formal=formal), writer.name) if part) + (
        f"\n{writer.signature.strip()}" if writer.signature.strip() else ""
    )


def _of_client(email: str, circle: Circle, client: str) -> bool:
    if not _ADDRESS.fullmatch(email) or len(email) > 254 or circle.forbids(email):
        return False
    found = circle.client(email)
    return circle.side(email) is Side.CLIENT and found is not None and found.key == client


def _decides(email: str, circle: Circle) -> bool:
    contact = circle.contact(email)
    return contact is not None and contact.decides is True


def _identity(messages: Sequence[Message], circle: Circle, known: Mapping[str, str]) -> Address:
    """Return our own address as the thread last used it: what we wrote from, else what was written to."""
    newest = sorted(messages, key=lambda m: (m.sent_at, m.digest), reverse=True)
    used = [m.sender.email for m in newest if m.sender] + [a.email for m in newest for a in (*m.to, *m.cc)]
    email = next((e for e in used if e in circle.own), circle.own[0] if circle.own else "")
    return _named(email, known)


def _named(email: str, known: Mapping[str, str]) -> Address:
    return Address(email=email, name=known.get(email, ""))


def _turned(name: str) -> str:
    """Turn "Berg, Anna" round; anything with more commas stays as it is."""
    last, comma, first = name.partition(", ")
    return f"{first} {last}" if comma and "," not in first and " " not in last else name
