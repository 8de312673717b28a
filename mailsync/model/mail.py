"""Mail as it stands on a server (RFC 5322) and as mailsync reads it."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """A mailbox (RFC 5322, 3.4): `email` is the addr-spec in lower case, `name` the decoded display name."""

    email: str
    name: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Location:
    """Where a server keeps one message; `uidvalidity` makes `uid` mean something (RFC 9051, 2.3.1.1)."""

    account: str
    folder: str
    uidvalidity: int
    uid: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RawMessage:
    """One message byte for byte; `digest` is the SHA-256 of `data` in hex. `location` is None for imported files."""

    data: bytes
    digest: str
    location: Location | None = None
    internal_date: datetime | None = None
    provider_id: str = ""
    provider_thread: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Attachment:
    """A part that is not read as text; `size` counts its octets as encoded in the message."""

    name: str
    content_type: str
    size: int


@dataclass(frozen=True, slots=True)
class Span:
    """Characters `start` up to, not including, `end` of a message's `text`."""

    start: int
    end: int


class Role(StrEnum):
    """Whose words a stretch of text holds."""

    AUTHOR = "author"
    QUOTED = "quoted"
    SIGNATURE = "signature"
    FORWARDED = "forwarded"
    NOTICE = "notice"
    AUTOMATIC = "automatic"


@dataclass(frozen=True, slots=True)
class Passage:
    """A stretch of whole lines with its role. A message's passages cover its text without gap or overlap."""

    role: Role
    span: Span


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """A parsed message.

    `text` is the one string every span counts in: the plain part, or the HTML part as text.
    `marked` holds what the HTML itself marked as quoted or signature, in spans of `text`.
    `sent_at` is the Date header in the writer's zone, or the server's date where the header is missing or absurd.
    `message_id`, `in_reply_to` and `references` stand without angle brackets; a missing Message-ID is made from
    the digest. `automatic` says why a message is a machine's (RFC 3834), empty for a person's.
    `troubles` lists what could not be read.
    """

    digest: str
    message_id: str
    sender: Address | None
    reply_to: tuple[Address, ...] = ()
    to: tuple[Address, ...] = ()
    cc: tuple[Address, ...] = ()
    sent_at: datetime
    subject: str
    text: str
    in_reply_to: tuple[str, ...] = ()
    references: tuple[str, ...] = ()
    provider_thread: str = ""
    marked: tuple[Passage, ...] = ()
    attachments: tuple[Attachment, ...] = ()
    automatic: str = ""
    troubles: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """One sentence or list item of the author's own words.

    `quote` is `text[start:end]` of the message with line breaks folded to single spaces. `number` is the list marker's
    number or letter ("1", "b"), empty outside numbered lists. `answering` is the quoted text that stands directly
    above, when the author answers between quoted lines. `lead` is the line that opens the list ("Could you please:").
    `place` counts statements in the message from 0; `of` is their number.
    """

    span: Span
    quote: str
    number: str = ""
    in_list: bool = False
    answering: str = ""
    lead: str = ""
    place: int = 0
    of: int = 1


class FolderRole(StrEnum):
    """What a mailbox is for (RFC 6154 special use)."""

    INBOX = "inbox"
    SENT = "sent"
    DRAFTS = "drafts"
    ALL = "all"
    ARCHIVE = "archive"
    JUNK = "junk"
    TRASH = "trash"
    OTHER = "other"


class Outcome(StrEnum):
    """What became of a message on the server: every one ends as exactly one of these."""

    READ = "read"
    AUTOMATIC = "automatic"
    NOT_CLIENT = "not a client's"
    TOO_LARGE = "too large"
    UNREADABLE = "unreadable"
    GONE = "gone"


@dataclass(frozen=True, slots=True, kw_only=True)
class Envelope:
    """What a server says of a message before its body is asked for; `size` in octets (RFC822.SIZE)."""

    location: Location
    size: int
    internal_date: datetime
    message_id: str
    addresses: tuple[str, ...]
    provider_id: str = ""
    provider_thread: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sighting:
    """One message on the server and what became of it; `raw` and `message` only where it was fetched."""

    envelope: Envelope
    outcome: Outcome
    reason: str = ""
    digest: str = ""
    raw: RawMessage | None = None
    message: Message | None = None
    client: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class FolderMark:
    """How far a folder has been read: every UID up to `last_uid` under `uidvalidity` has its outcome.

    `circle` is the fingerprint of the client list those outcomes were decided with; when the list changes, messages
    passed over as not a client's are looked at again.
    """

    account: str
    folder: str
    role: FolderRole = FolderRole.OTHER
    uidvalidity: int = 0
    last_uid: int = 0
    circle: str = ""
