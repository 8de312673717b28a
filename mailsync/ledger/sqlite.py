"""The ledger in one SQLite file; each method is one transaction, and what it does is told in the module it calls.

`intake` keeps mail, `joining` ties it into threads, `record` and `log` keep entries, `drafts` letters, `chain` the
history; `search` finds things again, `verify` proves the whole.
"""
# ruff: noqa: D102 - what a method does is said once, in ports.Ledger

import contextlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from mailsync.ledger import chain, drafts, erase, evidence, intake, log, record, search, troubles, verify
from mailsync.ledger.database import Database
from mailsync.ledger.upgrade import bring_up_to_date
from mailsync.model.draft import Draft, DraftState
from mailsync.model.entry import Entry
from mailsync.model.event import Event, Trouble
from mailsync.model.mail import Envelope, FolderMark, Message, RawMessage, Sighting
from mailsync.model.ports import Count, Erasure, Flaw, Hit, Recorded, ThreadInfo
from mailsync.model.thread import Correction, ReadMessage, ThreadReading


def _now() -> datetime:
    return datetime.now(UTC)


def open_ledger(
    path: str | Path, *, create: bool = True, read_only: bool = False, clock: Callable[[], datetime] = _now
) -> "SqliteLedger":
    """Open the ledger at `path` (":memory:" for one that is gone when closed), made or upgraded as needed.

    With `read_only` it may be read while another process writes. `clock` (aware) tells what is overdue today. Raises
    LedgerError when the file is missing, damaged, foreign, of a newer version, or cannot be written.
    """
    database = Database(Path(path), create=create, read_only=read_only)
    try:
        bring_up_to_date(database)
    except BaseException:
        database.close()
        raise
    return SqliteLedger(database, clock)


class SqliteLedger:
    """`ports.Ledger` over one SQLite file; threads may share it, processes open their own."""

    def __init__(self, database: Database, clock: Callable[[], datetime]) -> None:
        self._database = database
        self._clock = clock
        #: How many corrections of a thread were handed out for reading it: one that comes later makes it unread again.
        self._handed_out: dict[str, int] = {}

    @contextlib.contextmanager
    def together(self) -> Iterator[None]:
        """Make everything in the block one transaction: kept as a whole, with one wait for the disk."""
        with self._database.writing():
            yield

    # taking in

    def marks(self, account: str) -> dict[str, FolderMark]:
        with self._database.reading() as conn:
            return intake.marks(conn, account)

    def known(self, envelopes: Sequence[Envelope]) -> dict[int, str]:
        with self._database.reading() as conn:
            return intake.known(conn, envelopes)

    def passed_over(self, mark: FolderMark) -> list[int]:
        with self._database.reading() as conn:
            return intake.passed_over(conn, mark)

    def accounted(self, mark: FolderMark) -> list[int]:
        with self._database.reading() as conn:
            return intake.accounted(conn, mark)

    def gone(self, mark: FolderMark, present: Sequence[int]) -> int:
        with self._database.writing() as conn:
            return intake.gone(conn, mark, present)

    def keep(self, sightings: Sequence[Sighting], mark: FolderMark, now: datetime) -> None:
        with self._database.writing() as conn:
            intake.keep(conn, sightings, mark, now)

    def keep_files(self, arrivals: Sequence[tuple[RawMessage, Message, str]], account: str, now: datetime) -> int:
        came = [intake.Arrival(raw=raw, message=message, client=client) for raw, message, client in arrivals]
        with self._database.writing() as conn:
            return intake.keep_arrivals(conn, came, account, now)

    def polled(self, account: str, folder: str, now: datetime, trouble: str = "") -> None:
        with self._database.writing() as conn:
            intake.polled(conn, account, folder, now, trouble)

    # reading

    def unread_threads(self) -> list[str]:
        with self._database.reading() as conn:
            return log.unread_threads(conn)

    def messages(self, thread: str) -> list[tuple[Message, str]]:
        return [(read.message, read.client) for read in self.read_messages(thread)]

    def corrections(self, thread: str) -> tuple[Correction, ...]:
        with self._database.reading() as conn:
            found = log.corrections(conn, thread)
            self._handed_out[thread] = len(found)
            return found

    def record(self, reading: ThreadReading, now: datetime) -> Recorded:
        with self._database.writing() as conn:
            return record.record(conn, reading, now, self._handed_out.pop(reading.thread, None))

    # the log

    def thread(self, thread: str) -> ThreadInfo:
        with self._database.reading() as conn:
            return log.thread(conn, thread)

    def threads(self, client: str = "", since: datetime | None = None) -> list[ThreadInfo]:
        with self._database.reading() as conn:
            return log.threads(conn, client, since)

    def read_messages(self, thread: str) -> list[ReadMessage]:
        with self._database.reading() as conn:
            return intake.messages(conn, thread)

    def raw(self, digest: str) -> RawMessage:
        with self._database.reading() as conn:
            return intake.raw(conn, digest)

    def entry(self, entry: str) -> Entry:
        with self._database.reading() as conn:
            return log.entry(conn, entry)

    def entries(
        self,
        *,
        thread: str = "",
        client: str = "",
        since: datetime | None = None,
        until: datetime | None = None,
        limit: int = 0,
    ) -> list[Entry]:
        with self._database.reading() as conn:
            return log.entries(conn, thread=thread, client=client, since=since, until=until, limit=limit)

    def number_of_entries(self) -> int:
        with self._database.reading() as conn:
            return log.number(conn)

    def search(
        self, query: str, *, as_of: date | None = None, limit: int = 20, offset: int = 0, newest: bool = False
    ) -> list[Hit]:
        today = self._clock().date()
        with self._database.reading() as conn:
            return search.search(conn, query, today=today, as_of=as_of, limit=limit, offset=offset, newest=newest)

    def correct(self, correction: Correction) -> None:
        with self._database.writing() as conn:
            log.correct(conn, correction, self._clock())

    # letters

    def undrafted(self) -> list[ThreadInfo]:
        with self._database.reading() as conn:
            return log.undrafted(conn)

    def drafts(self, states: Iterable[DraftState] = (), thread: str = "", client: str = "") -> list[Draft]:
        with self._database.reading() as conn:
            return drafts.drafts(conn, states, thread, client)

    def draft(self, draft: str) -> Draft:
        with self._database.reading() as conn:
            return drafts.draft(conn, draft)

    def keep_draft(self, draft: Draft, before: DraftState | None, now: datetime, by: str = "mailsync") -> None:
        with self._database.writing() as conn:
            drafts.keep_draft(conn, draft, before, now, by)

    # history and health

    def head(self) -> tuple[int, str]:
        with self._database.reading() as conn:
            return chain.head(conn)

    def heads(self) -> dict[str, tuple[int, str]]:
        """Return number and digest of each account's newest event."""
        with self._database.reading() as conn:
            return chain.heads(conn)

    def events(self, *, subject: str = "", after: int = 0, limit: int = 0) -> list[Event]:
        with self._database.reading() as conn:
            return chain.events(conn, subject=subject, after=after, limit=limit)

    def trouble(self, trouble: Trouble) -> None:
        with self._database.writing() as conn:
            troubles.keep(conn, trouble)

    def troubles(self, since: datetime | None = None) -> list[Trouble]:
        with self._database.reading() as conn:
            return troubles.troubles(conn, since)

    def counts(self) -> list[Count]:
        with self._database.reading() as conn:
            return intake.counts(conn)

    def verify(self) -> Iterator[Flaw]:
        with self._database.reading() as conn:
            return iter(list(verify.flaws(conn)))

    def keep_evidence(self, digest: str, found: Mapping[str, Any], now: datetime) -> None:
        with self._database.writing() as conn:
            evidence.keep(conn, digest, found, now)

    def evidence(self, digest: str) -> list[dict[str, Any]]:
        with self._database.reading() as conn:
            return evidence.evidence(conn, digest)

    def unproven(self, since: datetime, limit: int = 500) -> list[str]:
        with self._database.reading() as conn:
            return evidence.unproven(conn, since, limit)

    def forget(self, client: str, now: datetime, before: datetime | None = None) -> Erasure:
        return erase.forget(self._database, client, now, before)

    def close(self) -> None:
        self._database.close()
