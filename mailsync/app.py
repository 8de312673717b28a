"""Joins the parts: the only module that knows every concrete class.

Libraries that only some commands need are imported where they are used, so that a search does not wait for them.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, date, datetime, tzinfo
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from mailsync.config import Account, Config, load
from mailsync.ledger import open_ledger
from mailsync.model.errors import NotFoundError, UsageError
from mailsync.model.people import Circle
from mailsync.model.ports import Count

if TYPE_CHECKING:
    from mailsync.model.mail import Envelope
    from mailsync.model.ports import Ledger, MailSource, Outbox
    from mailsync.model.thread import ThreadReading
    from mailsync.pipeline import Desk, Turn

DATABASE = "mailsync.db"


class App:
    """One configuration with its ledger, and what is made from them on demand."""

    def __init__(self, config: Config, ledger: Ledger) -> None:
        self.config = config
        self.ledger = ledger

    @cached_property
    def zone(self) -> tzinfo:
        """The user's time zone, in which every date is shown."""
        return ZoneInfo(self.config.working.zone)

    @cached_property
    def circle(self) -> Circle:
        """Who is who."""
        return self.config.circle()

    def now(self) -> datetime:
        """Tell the time."""
        return datetime.now(UTC)

    def today(self) -> date:
        """Return the user's day."""
        return self.now().astimezone(self.zone).date()

    def accounts(self, names: Sequence[str] = ()) -> list[Account]:
        """Return the accounts of these names, or all. Raises UsageError naming those there are."""
        wanted = [self._account(name) for name in names] or list(self.config.accounts)
        if not wanted:
            raise UsageError(
                "the config names no account to read", "Add an [[accounts]] table; config.example.toml shows one."
            )
        return wanted

    def _account(self, name: str) -> Account:
        account = self.config.account(name)
        if account is None:
            there = ", ".join(a.key for a in self.config.accounts) or "none"
            raise UsageError(f"there is no account {name!r}", f"The config names: {there}.")
        return account

    def known_client(self, key: str) -> None:
        """Raise NotFoundError, naming the clients there are, if `key` is not empty and not one of theirs."""
        keys = [client.key for client in self.circle.clients]
        if key and key not in keys:
            raise NotFoundError(f"there is no client {key!r}", f"The config names: {', '.join(keys) or 'none'}.")

    # ---- the turn ----

    def desk(self) -> Desk:
        """Return what the pipeline's steps work with."""
        from mailsync.pipeline import Desk
        from mailsync.reading.parse import Limits

        return Desk(
            ledger=self.ledger,
            circle=self.circle,
            hours=self.config.hours(),
            limits=Limits(message_bytes=self.config.limits.max_message_mb * 1_000_000),
            now=self.now,
        )

    def turn(self, names: Sequence[str] = ()) -> Turn:
        """Do one turn over these accounts, or all, under the lock that keeps a second worker out."""
        from mailsync.pipeline import run_once
        from mailsync.transport.lock import one_worker

        accounts = self.accounts(names)
        with one_worker(self.config.data_dir):
            return run_once(self.desk(), (self.source(account) for account in accounts), self.write_drafts)

    def take_files(self, paths: Sequence[Path], account: str = "") -> Turn:
        """Take old mail from files through the same pipeline."""
        from mailsync.pipeline import Turn, read_new, take_files
        from mailsync.transport.files import read_path
        from mailsync.transport.lock import one_worker

        name = self.accounts((account,) if account else ())[0].key
        desk = self.desk()
        with one_worker(self.config.data_dir):
            turn = Turn()
            for path in paths:
                turn += take_files(desk, read_path(path), name)
            return turn + read_new(desk)

    def source(self, account: Account) -> MailSource:
        """Return the mailbox of `account`, not yet connected."""
        raise NotImplementedError

    def outbox(self, account: Account) -> Outbox:
        """Return where the letters of `account` go, not yet connected."""
        raise NotImplementedError

    def write_drafts(self, desk: Desk) -> Turn:
        """Draft what wants a recap, with the user's templates."""
        raise NotImplementedError

    # ---- health ----

    def completeness(self, account: str) -> Iterator[tuple[Count, list[Envelope]]]:
        """Yield each folder's counts with the messages on the server that have no outcome in the log."""
        source = self.source(self._account(account))
        try:
            marks = self.ledger.marks(account)
            counts = {count.folder: count for count in self.ledger.counts() if count.account == account}
            for folder in source.folders():
                state = source.examine(folder)
                mark, uids = marks.get(folder.name), source.uids()
                known = mark is not None and mark.uidvalidity == state.uidvalidity
                missing = sorted(set(uids) - set(self.ledger.accounted(mark) if mark and known else ()))
                count = counts.get(folder.name) or Count(
                    account=account,
                    folder=folder.name,
                    role=folder.role,
                    uidvalidity=0,
                    last_uid=0,
                    polled_at=None,
                    trouble="",
                )
                yield count, source.envelopes(missing) if missing else []
        finally:
            source.close()

    def health(self) -> dict[str, Any]:
        """Return what `mailsync status` and the health page say, in the documented JSON shape."""
        raise NotImplementedError


@contextmanager
def open_app(path: Path | None = None, *, read_only: bool = False) -> Iterator[App]:
    """Load the configuration and open the ledger for one command; files made are the user's alone (umask 077)."""
    os.umask(0o077)
    config = load(path)
    ledger = open_ledger(config.data_dir / DATABASE, read_only=read_only)
    try:
        yield App(config, ledger)
    finally:
        ledger.close()


def read_files(path: Path, own: tuple[str, ...]) -> list[ThreadReading]:
    """Read mail files without a ledger: `mailsync extract`. Everybody who is not of `own` is the client there."""
    from mailsync.extract.thread import extract_messages
    from mailsync.transport.files import read_path

    return list(extract_messages(read_path(path), Circle(own=own)))
