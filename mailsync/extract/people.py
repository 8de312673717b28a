"""Says who speaks in a statement and who must act on it, by name where one is named."""

import re
from collections.abc import Iterable, Sequence
from functools import lru_cache

from mailsync.model.entry import Kind
from mailsync.model.mail import Address
from mailsync.model.people import Circle, Side
from mailsync.model.thread import Heard, ReadMessage

_NAME = re.compile(r"[^\W\d_]{2,}(?:[-'’][^\W\d_]+)*")
_CAP = 600
_REACH = 60  # messages back in which people are looked for
#: Words of display names and local parts that are nobody's name.
_NO_NAMES = frozenset(
    """
    info office team sales support mail hello contact admin billing accounts service dispatch the and for from via ltd
    gmbh inc llc studio group company dr mr mrs ms herr frau monsieur madame sir madam prof buero kontakt will may mark
    bill art grant hope rich drew rob pat
    """.split()  # noqa: SIM905  words are easier to read than a list of them
)
_CALL = re.compile(r"\W{0,3}([^\W\d_]{2,30}(?: [^\W\d_]{2,30})?) ?[,:–-] ")
_REPORTED = re.compile(
    r"(?:says|said|tells|told|swears|swore|promises|promised|confirms|confirmed|reckons|assures|assured|lets you know"
    r"|sagt|sagte|meint|meinte|verspricht|versprach|hat (?:mir )?(?:zu)?gesagt|dit|a dit|affirme|promet|m'a dit|dice"
    r"|dijo|asegura|promete|ha detto|assicura|he'd|she'd)\b",
    re.IGNORECASE,
)
_FIRST_PERSON = re.compile(r"\b(?:i|i'll|i’ll|we|we'll|we’ll|ich|wir|je|j'|nous|yo|io|noi)\b", re.IGNORECASE)
_PRONOUN = re.compile(r"\b(?:he|she|he'll|she'll|he’ll|she’ll|er|sie|il|elle|él|ella|lui|lei)\b", re.IGNORECASE)


def speaker(read: ReadMessage) -> str:
    """Return the sender's address, "" for a message without one."""
    return read.message.sender.email if read.message.sender else ""


def present(read: ReadMessage, earlier: Sequence[Heard]) -> dict[str, Address]:
    """Return everybody the thread has lately addressed, by address, with the fullest display name seen."""
    found: dict[str, Address] = {}
    for message in (read.message, *(heard.read.message for heard in reversed(earlier[-_REACH:]))):
        for address in (message.sender, *message.to, *message.cc):
            if address and (address.email not in found or len(address.name) > len(found[address.email].name)):
                found[address.email] = address
    return found


def named(quote: str, people: Iterable[Address]) -> list[Address]:
    """Return those of `people` whom `quote` names by a part of their name, in the order in which it names them."""
    places: dict[str, int] = {}
    for found in _NAME.finditer(quote[:_CAP]):
        if found.group()[0].isupper() or quote.islower():
            places.setdefault(found.group().lower(), found.start())
    hits = []
    for person in people:
        first = min((places[name] for name in _names(person) if name in places), default=-1)
        if first >= 0:
            hits.append((first, person))
    return [person for _, person in sorted(hits, key=lambda hit: hit[0])]


def who_and_owner(  # noqa: PLR0917  each is a part of the scene
    quote: str, kind: Kind, read: ReadMessage, circle: Circle, earlier: Sequence[Heard], above: Sequence[str] = ()
) -> tuple[str, str | None]:
    """Return the address of the one who speaks and of the one who must act (None for kinds nobody must act on).

    A reported promise ("Colin says he'll send it") has Colin as both; "Luis will have it ready" is the sender's word
    about Luis (guideline, convention 1). A request is owned by the person it calls ("Gill, please pay this"), on
    whichever side, else by the one it names on the other side, else by the first addressee there. `above` are
    statements before it, in which a "he" may have been named.
    """
    sender = speaker(read)
    if kind not in (Kind.COMMITMENT, Kind.REQUEST):
        return sender, None
    people = present(read, earlier)
    ours = circle.side(sender)
    mates = [person for person in people.values() if circle.side(person.email) is ours and person.email != sender]
    others = [person for person in people.values() if circle.side(person.email) is not ours]
    if kind is Kind.COMMITMENT:
        return _promiser(quote, sender, mates, above)
    asked = _called(quote, (*mates, *others)) or named(quote, others)
    if asked:
        return sender, asked[0].email
    return sender, _addressee(read, circle, ours, earlier)


def _called(quote: str, people: Iterable[Address]) -> list[Address]:
    """Return whom the sentence calls by name before it asks."""
    call = _CALL.match(quote[:_CAP])
    return named(call[1], people) if call else []


def _promiser(quote: str, sender: str, mates: list[Address], above: Sequence[str]) -> tuple[str, str]:
    acting = named(quote, mates)
    if not acting and _PRONOUN.search(quote[:_CAP]) and not _FIRST_PERSON.search(quote[:_CAP]):
        acting = named(" ".join(above), mates)
    if not acting:
        return sender, sender
    name = acting[0]
    place = (
        min(quote.lower().find(part) for part in _names(name) if part in quote.lower()) if named(quote, [name]) else 0
    )
    first = _FIRST_PERSON.search(quote[:_CAP])
    if first and (first.start() < place or not _REPORTED.search(quote[:_CAP])):
        return sender, sender
    reported = bool(_REPORTED.search(quote[:_CAP]))
    return (name.email if reported else sender), name.email


def _addressee(read: ReadMessage, circle: Circle, ours: Side, earlier: Sequence[Heard]) -> str | None:
    """Return the first addressee on the other side; without one, who last wrote from there, else anybody addressed."""
    to = [address.email for address in read.message.to]
    cc = [address.email for address in read.message.cc]
    sender = speaker(read)
    written = [speaker(heard.read) for heard in reversed(earlier)]
    for email in (*to, *written, *cc):
        if email and circle.side(email) is not ours:
            return email
    return next((email for email in to if email != sender), None)


@lru_cache(maxsize=1024)
def _names(person: Address) -> tuple[str, ...]:
    """Return the parts of a display name that name somebody, lower case; of the local part where there is no name."""
    text = person.name or person.email.partition("@")[0].replace(".", " ")
    parts = [part.lower() for part in _NAME.findall(text[:120])]
    return tuple(part for part in parts if part not in _NO_NAMES)
