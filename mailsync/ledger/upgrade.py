"""Bring a ledger's file up to date when it is opened, and refuse one that is not ours or of a newer version."""

import contextlib
import os
import sqlite3

from mailsync.ledger.database import APPLICATION_ID, MEMORY, Database
from mailsync.model.errors import LedgerError, OutdatedLedgerError

#: The number of steps in `schema`, kept in the file as `user_version`: a file that is up to date is known without
#: importing sqlite-utils, which takes longer than most commands.
VERSION = 6


def bring_up_to_date(database: Database) -> None:
    """Run the steps the file lacks, all or none, after a copy of it beside it. Raises LedgerError."""
    with database.telling():
        version = _version(database)
    if version == VERSION:
        return
    if version > VERSION:
        raise LedgerError(f"{database.path} was made by a newer mailsync.", "Update mailsync and try again.")
    if database.read_only:
        hint = "Run `mailsync poll` once to bring it up to date."
        raise OutdatedLedgerError(f"{database.path} was made by an older mailsync.", hint)
    if version:
        _copy_aside(database, version)
    from sqlite_utils import Database as Tables  # noqa: PLC0415 - see VERSION

    from mailsync.ledger.schema import migrations  # noqa: PLC0415

    with database.writing() as conn:
        if _version(database) == version:  # else another process was faster
            migrations.apply(Tables(conn, execute_plugins=False))
            conn.execute(f"PRAGMA application_id = {APPLICATION_ID}")
            conn.execute(f"PRAGMA user_version = {VERSION}")


def _version(database: Database) -> int:
    """Return how many steps the file has behind it. Raises LedgerError for another program's database."""
    conn = database.conn
    version = int(conn.execute("PRAGMA user_version").fetchone()[0])
    application = conn.execute("PRAGMA application_id").fetchone()[0]
    if application != APPLICATION_ID and (version or conn.execute("SELECT 1 FROM sqlite_master LIMIT 1").fetchone()):
        hint = "Check the data folder named in the configuration."
        raise LedgerError(f"{database.path} is not a mailsync database.", hint)
    return version


def _copy_aside(database: Database, version: int) -> None:
    """Copy the database to "<name>.version-<n>", for its owner alone; the copy is there as a whole or not at all."""
    if database.path == MEMORY:
        return
    aside = database.path.with_name(f"{database.path.name}.version-{version}")
    part = aside.with_name(aside.name + ".part")
    try:
        os.close(os.open(part, os.O_CREAT | os.O_TRUNC | os.O_RDWR, 0o600))
        with database.telling(), contextlib.closing(sqlite3.connect(part)) as copy:
            database.conn.backup(copy)
        part.replace(aside)
    except OSError as error:
        raise LedgerError(f"{database.path} cannot be copied before its upgrade ({error.strerror}).") from error
