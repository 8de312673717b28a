"""Copies of the ledger: made while it is in use, proven whole before they are trusted, put back in one step."""

import contextlib
import os
import sqlite3
from datetime import UTC, datetime
from pathlib import Path

from mailsync.ledger.database import Database
from mailsync.ledger.sqlite import open_ledger
from mailsync.model.errors import LedgerError, UsageError


def backup(source: Path, out: Path) -> tuple[int, str]:
    """Copy the ledger at `source` to the file `out`, which must not exist; return number and digest of its head.

    The copy is of one moment, whatever a worker writes meanwhile, and is opened and verified before it gets its name.
    Raises UsageError, LedgerError.
    """
    if out.exists():
        raise UsageError(f"{out} is there already.", "Name a new file; nothing is written over.")
    part = out.with_name(f".{out.name}.part")
    database = Database(source, read_only=True)
    try:
        _copy(database, part)
        head = prove(part)
        part.replace(out)
    except OSError as error:
        raise LedgerError(
            f"{out} cannot be written ({error.strerror}).", "Make room, or name another place."
        ) from error
    finally:
        database.close()
        _clear(part)
    return head


def restore(copy: Path, target: Path) -> tuple[int, str, Path | None]:
    """Put the backup `copy` in the place of the ledger at `target`; return its head and where the old one lies now.

    The backup is verified first, and the old ledger is kept beside it under another name. No worker may run.
    Raises UsageError when there is no such file, LedgerError when it is not whole.
    """
    if not copy.is_file():
        raise UsageError(f"There is no file {copy}.")
    part = target.with_name(f".{target.name}.part")
    try:
        target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        source = Database(copy, read_only=True)
        try:
            _copy(source, part)
        finally:
            source.close()
        seq, digest = prove(part)
        if not seq:
            raise LedgerError(f"{copy} holds no history.", "Name a file that `mailsync backup` has made.")
        aside = _move_aside(target)
        part.replace(target)
    except OSError as error:
        raise LedgerError(f"{target} cannot be written ({error.strerror}).") from error
    finally:
        _clear(part)
    return seq, digest, aside


def prove(path: Path) -> tuple[int, str]:
    """Open a ledger, verify it and return its head. Raises LedgerError naming the first broken place."""
    ledger = open_ledger(path, create=False)
    try:
        flaw = next(iter(ledger.verify()), None)
        head = ledger.head()
    finally:
        ledger.close()
    if flaw is not None:
        hint = "`mailsync verify` names every broken place; try an older backup."
        raise LedgerError(
            f"{path.name.removeprefix('.').removesuffix('.part')} is not whole: {flaw.place} {flaw.what}.", hint
        )
    return head


def _copy(source: Database, out: Path) -> None:
    _clear(out)
    os.close(os.open(out, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
    with source.telling(), contextlib.closing(sqlite3.connect(out)) as copy:
        source.conn.backup(copy)


def _move_aside(target: Path) -> Path | None:
    """Give the old ledger a second name, under which it stays; its own name is then taken over in one step."""
    if not target.exists():
        return None
    with contextlib.suppress(LedgerError):  # one that is damaged is kept as it is
        _empty_log(target)
    aside = target.with_name(f"{target.name}.before-restore-{datetime.now(UTC):%Y%m%d-%H%M%S}")
    for ending in ("-wal", "-shm"):
        log = target.with_name(target.name + ending)
        if log.exists():
            log.replace(aside.with_name(aside.name + ending))
    os.link(target, aside)
    return aside


def _empty_log(target: Path) -> None:
    """Bring what the write-ahead log holds into the file itself."""
    database = Database(target, create=False)
    try:
        with database.telling():
            database.conn.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    finally:
        database.close()


def _clear(part: Path) -> None:
    for leftover in part.parent.glob(f"{part.name}*"):  # with its log, and the copy that an upgrade leaves
        leftover.unlink()
