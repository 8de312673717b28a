"""One SQLite connection with its lock: opened safely, written in whole transactions, its errors told in sentences."""

import contextlib
import os
import sqlite3
import threading
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path

from mailsync.model.errors import LedgerError

#: "mail" in ASCII, so that a file can be recognised as ours (SQLite's `application_id`).
APPLICATION_ID = 0x6D61696C
MEMORY = Path(":memory:")
_BUSY_SECONDS = 10

_SENTENCES = {
    sqlite3.SQLITE_FULL: ("There is no room left on the disk of {path}.", "Make room and try again; nothing is lost."),
    sqlite3.SQLITE_READONLY: (
        "{path} cannot be written to.",
        "Check who owns the file and whether its disk is read-only.",
    ),
    sqlite3.SQLITE_BUSY: (
        "Another program has kept {path} busy for more than 10 seconds.",
        "Try again when the other program (a worker, a backup) is done.",
    ),
    sqlite3.SQLITE_LOCKED: ("Another part of this program keeps {path} busy.", "Try again."),
    sqlite3.SQLITE_CANTOPEN: ("{path} cannot be opened.", "Check that the folder exists and who may read it."),
    sqlite3.SQLITE_PERM: ("{path} may not be opened.", "Check who owns the file."),
    sqlite3.SQLITE_IOERR: (
        "The disk of {path} reports an error.",
        "Check the disk; what was acknowledged before is kept.",
    ),
    sqlite3.SQLITE_CORRUPT: (
        "{path} is damaged.",
        "Restore the latest backup; `mailsync verify` names what is broken.",
    ),
    sqlite3.SQLITE_NOTADB: ("{path} is not a mailsync database.", "Check the data folder named in the configuration."),
    sqlite3.SQLITE_NOMEM: ("There is not enough memory to use {path}.", "Close other programs and try again."),
}


class Database:
    """A connection that threads share: one at a time, each change in one BEGIN IMMEDIATE transaction."""

    def __init__(self, path: Path, *, create: bool = True, read_only: bool = False) -> None:
        self.path = path
        self.read_only = read_only
        self._lock = threading.RLock()
        with self.telling():
            self.conn = _connect(path, create=create, read_only=read_only)

    @contextlib.contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """Run the block in one transaction; inside another one, as a part of it that can fail alone."""
        with self._lock, self.telling():
            if self._inside():
                with self._part():
                    yield self.conn
                return
            if self.read_only:
                raise LedgerError(f"{self.path} was opened for reading only.")
            self.conn.execute("BEGIN IMMEDIATE")
            try:
                yield self.conn
                self.conn.execute("COMMIT")
            except BaseException:
                if self._inside():  # a full disk may have ended it already
                    self.conn.execute("ROLLBACK")
                raise

    @contextlib.contextmanager
    def _part(self) -> Iterator[None]:
        self.conn.execute("SAVEPOINT part")
        try:
            yield
        except BaseException:
            if self._inside():
                self.conn.execute("ROLLBACK TO part")
                self.conn.execute("RELEASE part")
            raise
        self.conn.execute("RELEASE part")

    @contextlib.contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """Run the block on one state of the database, whatever others write meanwhile."""
        with self._lock, self.telling():
            if self._inside():
                yield self.conn
                return
            self.conn.execute("BEGIN")
            try:
                yield self.conn
            finally:
                if self._inside():
                    self.conn.execute("ROLLBACK")

    def _inside(self) -> bool:
        return self.conn.in_transaction

    @contextlib.contextmanager
    def telling(self) -> Iterator[None]:
        """Turn what SQLite raises into a LedgerError with one sentence."""
        try:
            yield
        except sqlite3.Error as error:
            code = getattr(error, "sqlite_errorcode", None) or 0
            sentence, hint = _SENTENCES.get(code & 0xFF, ("{path} cannot be used ({error}).", ""))
            if "closed" in str(error):
                sentence, hint = "{path} was closed already.", ""
            if "decode" in str(error):  # SQLite would print the bytes
                sentence, hint = "{path} holds raw bytes where text belongs: another program changed it.", ""
            raise LedgerError(sentence.format(path=self.path, error=error), hint) from error

    def close(self) -> None:
        """Close the connection; closing twice is once."""
        with self._lock, contextlib.suppress(sqlite3.Error):
            self.conn.close()


def upsert(table: str, key: str, columns: Sequence[str], keep: Collection[str] = ()) -> str:
    """Return the SQL that inserts `columns` of a row, or updates the row with this `key`, all but those to `keep`."""
    changed = ", ".join(f"{name} = excluded.{name}" for name in columns if name != key and name not in keep)
    marks = ", ".join("?" * len(columns))
    return (
        f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({marks})"  # noqa: S608 - our own names
        f" ON CONFLICT ({key}) DO UPDATE SET {changed}"
    )


def make_folder(path: Path) -> None:
    """Make the folder of the database, for its owner alone. Raises LedgerError."""
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise LedgerError(f"The folder {path.parent} cannot be made ({error.strerror}).") from error


def _connect(path: Path, *, create: bool, read_only: bool) -> sqlite3.Connection:
    if path == MEMORY:
        return _settle(sqlite3.connect(":memory:", isolation_level=None, check_same_thread=False), fresh=True)
    fresh = not path.exists()
    if fresh and (read_only or not create):
        raise LedgerError(f"There is no database at {path}.", "Run `mailsync poll` first, or check the data folder.")
    if fresh:
        make_folder(path)
        try:  # made here so that the file, and with it -wal and -shm, belong to its owner alone from the first byte
            os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
        except OSError as error:
            raise LedgerError(f"{path} cannot be made ({error.strerror}).") from error
    uri = f"{path.absolute().as_uri()}?mode={'ro' if read_only else 'rw'}"
    conn = sqlite3.connect(uri, uri=True, timeout=_BUSY_SECONDS, isolation_level=None, check_same_thread=False)
    try:
        return _settle(conn, fresh=fresh, read_only=read_only)
    except BaseException:
        conn.close()
        raise


def _settle(conn: sqlite3.Connection, *, fresh: bool, read_only: bool = False) -> sqlite3.Connection:
    """Set what holds for every connection."""
    conn.execute("PRAGMA foreign_keys = ON")
    conn.execute("PRAGMA trusted_schema = OFF")
    if not read_only:
        conn.execute("PRAGMA secure_delete = ON")
        if fresh or conn.execute("PRAGMA journal_mode").fetchone()[0] != "wal":
            conn.execute("PRAGMA journal_mode = WAL")
        conn.execute("PRAGMA synchronous = FULL")  # NORMAL loses acknowledged rows in a power cut
    conn.execute("PRAGMA cache_size = -16000")
    return conn
