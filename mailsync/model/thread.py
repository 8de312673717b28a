"""A thread as it is read, and what reading it gave."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime

from mailsync.model.draft import Draft
from mailsync.model.entry import Entry, Evidence, Finding
from mailsync.model.mail import Message, Passage, Statement
from mailsync.model.people import Circle, WorkingHours

#: Message-IDs of notes of what was spoken end in this; no mail server's do (RFC 6761 keeps the name out of the DNS).
NOTE_DOMAIN = "note.mailsync.invalid"


def is_note(message: Message) -> bool:
    """Say whether `message` is a note of what was spoken, not mail."""
    return message.message_id.endswith("@" + NOTE_DOMAIN)


@dataclass(frozen=True, slots=True, kw_only=True)
class Correction:
    """What a person said about one entry; it outlives every re-reading.

    `changes` pairs a field of the entry's JSON shape ("kind", "due", "owner", "amount", "topic", "client", "tier")
    with its right value; `removed` means: this is no agreement. `added` are the words of an entry that a person found
    where reading did not: `entry` is then the id that the words and the kind among the `changes` give. `undo` takes
    back the latest word about the entry that still holds.
    """

    entry: str
    at: datetime
    changes: tuple[tuple[str, str | None], ...] = ()
    removed: bool = False
    reason: str = ""
    added: Evidence | None = None
    undo: bool = False


def standing(corrections: Iterable[Correction]) -> dict[str, list[Correction]]:
    """Return by entry what people said and have not taken back, in the order in which they said it."""
    told: dict[str, list[Correction]] = {}
    for correction in sorted(corrections, key=lambda c: c.at):
        words = told.setdefault(correction.entry, [])
        if correction.undo:
            del words[-1:]
        else:
            words.append(correction)
    return told


@dataclass(frozen=True, slots=True, kw_only=True)
class Background:
    """What a thread is read against: who is who, what people corrected, which of our letters it has seen."""

    circle: Circle
    hours: WorkingHours = field(default_factory=WorkingHours)
    corrections: tuple[Correction, ...] = ()
    letters: tuple[Draft, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadMessage:
    """A message with its passages, its language ("en", "de", "fr", "es", "it", "nl"; "" unknown) and client key.

    `unread` says why no statement was taken from it ("automatic: ...", "language: ...", "duplicate of ..."); it is
    empty for a message that was read.
    """

    message: Message
    passages: tuple[Passage, ...]
    language: str = ""
    client: str = ""
    unread: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """One message with the author's statements and what was found in them; findings stand in order of place."""

    read: ReadMessage
    statements: tuple[Statement, ...] = ()
    findings: tuple[Finding, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ThreadReading:
    """What reading a whole thread gave: its messages by date, and its entries by date and place."""

    thread: str
    messages: tuple[ReadMessage, ...]
    entries: tuple[Entry, ...]
