"""The plug points as Protocols: where mail comes from, where it is kept, where letters go.

`mailsync.app` joins them with the concrete classes; every implementation passes the suite in `tests/contracts`.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Protocol

from mailsync.model.draft import Draft, DraftState
from mailsync.model.entry import Entry
from mailsync.model.event import Event, Trouble
from mailsync.model.mail import Envelope, FolderMark, FolderRole, Message, RawMessage, Sighting
from mailsync.model.thread import Correction, ReadMessage, ThreadReading


@dataclass(frozen=True, slots=True, kw_only=True)
class Folder:
    """A mailbox on the server, its name decoded from modified UTF-7 (RFC 3501, 5.1.3)."""

    name: str
    role: FolderRole


@dataclass(frozen=True, slots=True, kw_only=True)
class FolderState:
    """What the server says of an examined folder (RFC 9051, 6.3.3)."""

    uidvalidity: int
    uidnext: int
    messages: int


class MailSource(Protocol):
    """A mailbox that is only ever read: EXAMINE and BODY.PEEK, never a flag changed.

    Raises ServerError (try later), LoginRefusedError, FolderMissingError.
    """

    account: str

    def folders(self) -> Sequence[Folder]:
        """Return the folders to read, inbox first, then sent, then the others asked for."""

    def examine(self, folder: Folder) -> FolderState:
        """Open `folder` read-only."""

    def uids(self, after: int = 0) -> list[int]:
        """Return the UIDs above `after` of the examined folder, ascending."""

    def envelopes(self, uids: Sequence[int]) -> list[Envelope]:
        """Return what the server says of each of `uids`; those that vanished meanwhile are left out."""

    def bodies(self, envelopes: Sequence[Envelope]) -> Iterator[RawMessage]:
        """Yield the bytes of each message; those that vanished meanwhile are left out."""

    def close(self) -> None:
        """Log out; never raises."""


class Outbox(Protocol):
    """Where an approved letter goes. Each call is one outward act; the caller records intent and outcome."""

    def place(self, data: bytes) -> None:
        r"""Append the letter to the account's Drafts folder with the `\Draft` flag."""

    def has_draft(self, message_id: str) -> bool:
        """Say whether the Drafts folder holds a letter with this Message-ID."""

    def was_sent(self, message_id: str) -> bool:
        """Say whether the Sent folder holds a letter with this Message-ID."""

    def send(self, data: bytes, sender: str, recipients: Sequence[str]) -> None:
        """Hand the letter to the SMTP server and file the copy in Sent."""

    def close(self) -> None:
        """Log out; never raises."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ThreadInfo:
    """A thread as the ledger lists it. `account` is the one whose mailbox its newest message lies in."""

    id: str
    account: str
    client: str
    subject: str
    first_at: datetime
    last_at: datetime
    messages: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorded:
    """What recording a reading changed, as entry ids."""

    found: tuple[str, ...] = ()
    moved: tuple[str, ...] = ()
    dropped: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Hit:
    """One search result: an entry, or a message (`entry` None) with the matching words in `excerpt`.

    `marks` are the spans of `excerpt` to highlight; `chain` the ids of the older entries this one replaced, oldest
    first; `state` is the entry's state on the day asked for.
    """

    entry: Entry | None
    state: str
    digest: str
    message_id: str
    thread: str
    client: str
    date: datetime
    subject: str
    sender: str
    excerpt: str
    marks: tuple[tuple[int, int], ...] = ()
    chain: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Flaw:
    """One broken place that verification found: `place` names table and row or event, `what` says what is wrong."""

    place: str
    what: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Count:
    """One folder's messages by outcome, as the ledger has them."""

    account: str
    folder: str
    role: FolderRole
    uidvalidity: int
    last_uid: int
    polled_at: datetime | None
    trouble: str
    outcomes: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Erasure:
    """What was erased: how many of each, the event that tells of it (0: there was nothing), old copies deleted.

    `settled` is false while another program, by reading, keeps old pages alive: then it must be said again.
    """

    messages: int
    entries: int
    letters: int
    seq: int = 0
    digest: str = ""
    copies: tuple[str, ...] = ()
    settled: bool = True


class Ledger(Protocol):
    """The log and the archive. Every method that writes does so in one transaction and may safely be repeated."""

    def together(self) -> AbstractContextManager[None]:
        """Make everything in the block one transaction with one wait for the disk; a part may fail alone."""

    # taking in

    def marks(self, account: str) -> dict[str, FolderMark]:
        """Return how far each folder of `account` has been read, by folder name."""

    def known(self, envelopes: Sequence[Envelope]) -> dict[int, str]:
        """Return, by UID, the digest of each envelope whose body is kept already.

        A body is known by the provider's own id, else by equal Message-ID, size and internal date in the same account.
        """

    def passed_over(self, mark: FolderMark) -> list[int]:
        """Return the UIDs of `mark`'s folder that ended as not a client's."""

    def accounted(self, mark: FolderMark) -> list[int]:
        """Return the UIDs of `mark`'s folder that have an outcome other than gone, ascending."""

    def gone(self, mark: FolderMark, present: Sequence[int]) -> int:
        """Note which messages of the folder the server no longer has (their records stay); return how many."""

    def keep(self, sightings: Sequence[Sighting], mark: FolderMark, now: datetime) -> None:
        """Keep raw bytes, parsed messages, outcomes and the folder's mark; threads touched await reading."""

    def keep_files(self, arrivals: Sequence[tuple[RawMessage, Message, str]], account: str, now: datetime) -> int:
        """Keep imported messages (raw, parsed, client key); return how many were new."""

    def polled(self, account: str, folder: str, now: datetime, trouble: str = "") -> None:
        """Note a poll of a folder and what went wrong in it; `folder` is empty for the account as a whole."""

    # reading

    def unread_threads(self) -> list[str]:
        """Return the ids of the threads that hold messages not yet read, oldest first."""

    def messages(self, thread: str) -> list[tuple[Message, str]]:
        """Return the thread's messages by date, each with its client's key."""

    def corrections(self, thread: str) -> tuple[Correction, ...]:
        """Return what people said about the thread's entries."""

    def record(self, reading: ThreadReading, now: datetime) -> Recorded:
        """Make the log say what `reading` says; every difference becomes an event."""

    # the log

    def thread(self, thread: str) -> ThreadInfo:
        """Return one thread. Raises NotFoundError."""

    def threads(self, client: str = "", since: datetime | None = None) -> list[ThreadInfo]:
        """Return threads, those with the newest message first."""

    def read_messages(self, thread: str) -> list[ReadMessage]:
        """Return the thread's messages with passages and language, by date."""

    def raw(self, digest: str) -> RawMessage:
        """Return the kept bytes. Raises NotFoundError."""

    def entry(self, entry: str) -> Entry:
        """Return one entry by its id or an unambiguous beginning of it. Raises NotFoundError."""

    def entries(
        self,
        *,
        thread: str = "",
        client: str = "",
        since: datetime | None = None,
        until: datetime | None = None,
        limit: int = 0,
    ) -> list[Entry]:
        """Return entries by date and place; with `limit`, the newest ones."""

    def number_of_entries(self) -> int:
        """Return how many entries the log holds."""

    def search(
        self, query: str, *, as_of: date | None = None, limit: int = 20, offset: int = 0, newest: bool = False
    ) -> list[Hit]:
        """Answer a query; anything typed is legal."""

    def correct(self, correction: Correction) -> None:
        """Keep what a person said about an entry; the thread awaits re-reading."""

    # letters

    def undrafted(self) -> list[ThreadInfo]:
        """Return threads with entries newer than any letter about them, or with a waiting draft and newer mail."""

    def drafts(self, states: Iterable[DraftState] = (), thread: str = "", client: str = "") -> list[Draft]:
        """Return drafts, oldest first; without `states`, all."""

    def draft(self, draft: str) -> Draft:
        """Return one draft by its id or an unambiguous beginning of it. Raises NotFoundError."""

    def keep_draft(self, draft: Draft, before: DraftState | None, now: datetime, by: str = "mailsync") -> None:
        """Keep a draft's new content or state.

        `before` is the state it must still be in, None for a new one. Raises StateError if somebody was faster, or if
        the thread has another waiting draft.
        """

    # history and health

    def head(self) -> tuple[int, str]:
        """Return the number and digest of the newest event; (0, "") for an empty history."""

    def events(self, *, subject: str = "", after: int = 0, limit: int = 0) -> list[Event]:
        """Return events in order."""

    def trouble(self, trouble: Trouble) -> None:
        """Keep something that could not be read or done; the same trouble twice is one."""

    def troubles(self, since: datetime | None = None) -> list[Trouble]:
        """Return the troubles kept, newest first."""

    def counts(self) -> list[Count]:
        """Return every folder with its messages by outcome."""

    def verify(self) -> Iterator[Flaw]:
        """Yield every broken place of history, archive and entries; nothing for a whole ledger."""

    def keep_evidence(self, digest: str, found: Mapping[str, Any], now: datetime) -> None:
        """Keep what was found out about a message when it came in; the same again is kept once."""

    def evidence(self, digest: str) -> list[dict[str, Any]]:
        """Return what was found out about a message, oldest first."""

    def unproven(self, since: datetime, limit: int = 500) -> list[str]:
        """Return the digests of messages kept since then about which nothing was found out yet."""

    def forget(self, client: str, now: datetime, before: datetime | None = None) -> Erasure:
        """Erase the mail of `client` (with `before`: what was sent earlier) and all that was made of it.

        Digests and an event stay, so that `verify` still finds the ledger whole. Safe to repeat.
        """

    def close(self) -> None:
        """Close the database."""
