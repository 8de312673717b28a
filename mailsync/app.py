"""Joins the parts: the only module that knows every concrete class.

Libraries that only some commands need are imported where they are used, so that a search does not wait for them.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from datetime import UTC, date, datetime, timedelta, tzinfo
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from mailsync.config import Account, Config, Login, load
from mailsync.ledger.sqlite import open_ledger
from mailsync.logs import hide
from mailsync.model.draft import WAITING
from mailsync.model.errors import NotFoundError, OutdatedLedgerError, StateError, UsageError
from mailsync.model.event import Trouble
from mailsync.model.mail import Address
from mailsync.model.people import Circle
from mailsync.model.ports import Count
from mailsync.plugins import make, named
from mailsync.secrets import secret

if TYPE_CHECKING:
    from mailsync.drafting import Drafting
    from mailsync.model.draft import Draft
    from mailsync.model.mail import Envelope
    from mailsync.model.ports import Ledger, MailSource, Outbox
    from mailsync.model.thread import ThreadReading
    from mailsync.pipeline import Desk, Turn
    from mailsync.review import Reviewer
    from mailsync.transport.connection import ImapSettings
    from mailsync.transport.imap import ImapSource
    from mailsync.transport.oauth import OAuthSettings
    from mailsync.transport.smtp import SmtpSettings

DATABASE = "mailsync.db"
#: How long, in seconds, a person waits for a turn in progress.
PATIENCE = 20.0
#: How long one turn may look for the senders' keys; what is left is for the next.
EVIDENCE_TIME = timedelta(seconds=20)


class App:
    """One configuration with its ledger, and what is made from them on demand."""

    def __init__(self, config: Config, ledger: Ledger) -> None:
        self.config = config
        self.ledger = ledger
        self._outboxes: dict[str, Outbox] = {}
        self._reading = threading.Lock()

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

    def desk(self, stopped: Callable[[], bool] = bool) -> Desk:
        """Return what the pipeline's steps work with; `stopped` ends a turn between two batches."""
        from mailsync.pipeline import Desk
        from mailsync.reading.parse import Limits

        limits = Limits(mail=self._max_bytes)
        return Desk(drafting=self.drafting(), limits=limits, auto=self.config.recap.auto, stopped=stopped)

    @property
    def _max_bytes(self) -> int:
        return self.config.limits.max_message_mb * 1_000_000

    def drafting(self) -> Drafting:
        """Return what letters are written with."""
        from mailsync.drafting import Drafting
        from mailsync.recap.people import Writer

        me, recap = self.config.me, self.config.recap
        return Drafting(
            ledger=self.ledger,
            circle=self.circle,
            hours=self.config.hours(),
            writer=Writer(name=me.name, signature=me.signature, language=me.language),
            now=self.now,
            templates=self.config.templates_dir,
            quiet_minutes=round(recap.quiet_hours * 60),
            remind_days=recap.remind_after_days,
        )

    def reviewer(self) -> Reviewer:
        """Return what a person reviews letters with."""
        from mailsync.review import Reviewer
        from mailsync.transport.mime import to_bytes

        outbox = lambda name: self.outbox(self._account(name))  # noqa: E731 - a door by the account's name
        return Reviewer(drafting=self.drafting(), outbox=outbox, to_bytes=to_bytes)

    def turn(self, names: Sequence[str] = ()) -> Turn:
        """Do one turn over these accounts, or all, under the lock that keeps a second worker out."""
        from mailsync.pipeline import run_once
        from mailsync.review import resolve_open_intents
        from mailsync.transport.lock import one_worker

        accounts = self.accounts(names)
        with ExitStack() as locks:
            for name in ("", *sorted(account.key for account in accounts)):
                locks.enter_context(one_worker(self.config.data_dir, name))
            resolve_open_intents(self.reviewer())
            turn = run_once(self.desk(), (self.source(account) for account in accounts))
            self.collect_evidence()
            return turn

    def collect_evidence(self) -> int:
        """Check the DKIM signatures of new mail, if the configuration wants it; return how many messages."""
        if not self.config.evidence.dkim:
            return 0
        from mailsync.transport.dkim_check import check_signatures, system_dns

        start, checked_now = self.now(), 0
        try:
            for digest in self.ledger.unproven(start - timedelta(days=7)):
                if self.now() - start > EVIDENCE_TIME:  # a DNS that does not answer must not hold up the mail
                    break
                checked_now += 1
                found = check_signatures(self.ledger.raw(digest).data, system_dns)
                checked = self.now().isoformat(timespec="seconds")
                self.ledger.keep_evidence(digest, {"dkim": found, "checked_at": checked}, self.now())
        except UsageError as error:  # the extra is not installed: the mail is in, and the next turn tries again
            self.ledger.trouble(Trouble(at=self.now(), stage="read", subject="dkim", reason=f"{error} {error.hint}"))
        return checked_now

    def alone(self, patience: float = PATIENCE) -> AbstractContextManager[None]:
        """Keep every other worker and reviewer out, waiting for a turn to end. Raises LockedError.

        A worker would take a letter that is under way for one that a crash left behind.
        """
        from mailsync.transport.lock import one_worker

        return one_worker(self.config.data_dir, patience=patience)

    def take(self, source: MailSource, stopped: Callable[[], bool] = bool) -> Turn:
        """Take in one account over a connection that stays open, under the lock of that account."""
        from mailsync.pipeline import take_account
        from mailsync.transport.lock import one_worker

        with one_worker(self.config.data_dir, source.account):
            return take_account(self.desk(stopped), source)

    def read(self, stopped: Callable[[], bool] = bool) -> Turn:
        """Read what was taken in and draft what wants a recap; threads of this process wait for each other."""
        from mailsync.pipeline import Turn, draft_recaps, read_new
        from mailsync.review import resolve_open_intents

        desk = self.desk(stopped)
        while not self._reading.acquire(timeout=1.0):
            if stopped():
                return Turn()
        try:
            with self.alone(0):
                resolve_open_intents(self.reviewer())
                turn = read_new(desk) + draft_recaps(desk)
                self.collect_evidence()
                return turn
        finally:
            self._reading.release()

    def take_files(self, paths: Sequence[Path], account: str = "") -> Turn:
        """Take old mail from files through the same pipeline."""
        from mailsync.pipeline import Turn, keep_trouble, read_new, take_files
        from mailsync.transport.files import read_path

        name = self.accounts((account,) if account else ())[0].key
        desk = self.desk()
        with self.alone(0):
            turn, left_out = Turn(), list[str]()
            for path in paths:
                raws = read_path(path, max_bytes=self._max_bytes, trouble=left_out.append)
                turn += take_files(desk, raws, name)
                while left_out:
                    turn += keep_trouble(desk, "fetch", str(path), left_out.pop())
            return turn + read_new(desk)

    def reread(self, thread: str) -> None:
        """Read one thread anew, after a person corrected something in it."""
        from mailsync.pipeline import read_one

        with self.alone():
            read_one(self.desk(), thread)

    def take_note(self, client: str, words: str, people: Sequence[str], at: datetime) -> tuple[Turn, Draft | None]:
        """Keep what was spoken as a note of ours, read it like any mail, and draft its recap at once."""
        from mailsync.drafting import make
        from mailsync.notes import note
        from mailsync.pipeline import read_new, take_files
        from mailsync.reading.parse import parse
        from mailsync.reading.threads import keys, thread_id

        account = self.accounts()[0]
        known = next(c for c in self.circle.clients if c.key == client)
        raw = note(words, known, Address(name=self.config.me.name, email=account.address), people, at)
        desk = self.desk()
        with self.alone(0):
            turn = take_files(desk, [raw], account.key) + read_new(desk)
            thread = thread_id(keys(parse(raw)))
            try:
                return turn, make(self.drafting(), thread)
            except StateError:  # nothing in the note that could be confirmed
                return turn, None

    def source(self, account: Account) -> ImapSource:
        """Return the mailbox of `account`, not yet connected; a plug-in's may lack what goes beyond MailSource."""
        if plugin := named(account.imap.host):
            made: ImapSource = make("mailsync.sources", plugin, account, self._key(account))
            return made
        from mailsync.transport.imap import ImapSource

        return ImapSource(self._imap(account), self._key(account))

    def _key(self, account: Account) -> Callable[[], str]:
        return lambda: self.secret(account, account, account.imap_username)

    def secret(self, account: Account, login: Login, username: str) -> str:
        """Return the password or token of a login; it is kept out of the log from now on."""
        if login.way() != "oauth":
            return hide(secret(login, username))
        from mailsync.transport.oauth import access_token

        return hide(access_token(self.oauth(account)))

    def oauth(self, account: Account) -> OAuthSettings:
        """Return how `account` logs in by OAuth. Raises UsageError if it does not."""
        from mailsync.transport.oauth import OAuthSettings

        table = account.oauth
        if table is None:
            raise UsageError(f"The account {account.key} does not log in by OAuth.", "docs/providers.md shows how.")
        name = "".join(c if c.isalnum() else "-" for c in account.key)
        return OAuthSettings(
            account=account.key,
            provider=table.provider,
            client_id=table.client_id,
            username=account.imap_username,
            store=self.config.data_dir / "tokens" / f"{name}.json",
            secret=secret(Login(password_file=table.client_secret_file)) if table.client_secret_file else "",
            tenant=table.tenant,
            authority=table.authority,
        )

    def _imap(self, account: Account) -> ImapSettings:
        from mailsync.transport.connection import ImapSettings
        from mailsync.transport.net import Auth, Security

        imap = account.imap
        return ImapSettings(
            account=account.key,
            host=imap.host,
            port=imap.port,
            security=Security(imap.security),
            username=account.imap_username,
            auth=Auth(imap.auth),
            ca_file=imap.ca_file,
            fingerprint=imap.fingerprint,
            folders=account.folders,
            drafts=account.drafts_folder,
            sent=account.sent_folder,
            deadline=float(self.config.limits.timeout_seconds),
            max_bytes=self._max_bytes,
        )

    def outbox(self, account: Account) -> Outbox:
        """Return where the letters of `account` go; connects when first asked, closed with the app."""
        from mailsync.transport.drafts import ImapOutbox

        if account.key not in self._outboxes and (plugin := named(account.imap.host)):
            self._outboxes[account.key] = make("mailsync.outboxes", plugin, account, self._key(account))
        if account.key not in self._outboxes:
            self._outboxes[account.key] = ImapOutbox(
                self._imap(account),
                self._key(account),
                self.smtp(account),
                lambda: self.secret(account, account.smtp_login, account.smtp_username),
            )
        return self._outboxes[account.key]

    def smtp(self, account: Account) -> SmtpSettings | None:
        """Return how `account` sends, None if it only places drafts."""
        from mailsync.transport.net import Auth, Security
        from mailsync.transport.smtp import SmtpSettings

        smtp = account.smtp
        if smtp is None:
            return None
        return SmtpSettings(
            host=smtp.host,
            port=smtp.port,
            security=Security(smtp.security),
            username=account.smtp_username,
            auth=Auth(account.imap.auth),
            ca_file=smtp.ca_file,
            deadline=float(self.config.limits.timeout_seconds),
        )

    def close(self) -> None:
        """Log out everywhere and close the ledger."""
        for outbox in self._outboxes.values():
            outbox.close()
        self.ledger.close()

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
        """Return what `mailsync status` and the health page say, in the documented JSON shape.

        `ok` is false while an account has not been polled well for three of its intervals, or never.
        """
        counts = self.ledger.counts()
        accounts = [self._account_health(account, counts) for account in self.config.accounts]
        seq, digest = self.ledger.head()
        week = self.now() - timedelta(days=7)
        return {
            "ok": all(account["ok"] for account in accounts),
            "accounts": accounts,
            "messages": sum(sum(c.outcomes.get(o, 0) for o in ("read", "automatic", "unreadable")) for c in counts),
            "entries": self.ledger.number_of_entries(),
            "drafts": len(self.ledger.drafts(WAITING)),
            "head": [seq, digest],
            "troubles": [
                {
                    "at": t.at.isoformat(),
                    "stage": t.stage,
                    "subject": t.subject,
                    "reason": t.reason,
                    "account": t.account,
                }
                for t in self.ledger.troubles(week)[:10]
            ],
        }

    def _account_health(self, account: Account, counts: Sequence[Count]) -> dict[str, Any]:
        """Say how one account fares: its last poll, what is wrong with it, its folders' counts."""
        mine = [count for count in counts if count.account == account.key]
        whole = next((count for count in mine if not count.folder), None)
        polled = whole.polled_at if whole else None
        trouble = next((count.trouble for count in mine if count.trouble), "")
        late = polled is None or self.now() - polled > timedelta(minutes=3 * account.poll_minutes + 1)
        return {
            "name": account.key,
            "ok": not late and not trouble,
            "polled": polled.astimezone(self.zone).isoformat(timespec="minutes") if polled else None,
            "trouble": trouble or ("not polled lately: is the service running?" if polled and late else ""),
            "folders": {count.folder: dict(count.outcomes) for count in mine if count.folder},
        }


@contextmanager
def open_app(config_path: Path | None = None, *, read_only: bool = False) -> Iterator[App]:
    """Load the configuration and open the ledger for one command; files made are the user's alone (umask 077)."""
    os.umask(0o077)
    config = load(config_path)
    path = config.data_dir / DATABASE
    try:
        ledger = open_ledger(path, read_only=read_only)
    except OutdatedLedgerError:
        open_ledger(path).close()  # brings it up to date, with a copy beside it
        ledger = open_ledger(path, read_only=read_only)
    app = App(config, ledger)
    try:
        yield app
    finally:
        app.close()


def read_files(path: Path, own: tuple[str, ...]) -> list[ThreadReading]:
    """Read mail files without a ledger: `mailsync extract`. Everybody who is not of `own` is the client there."""
    from mailsync.extract.thread import extract_messages
    from mailsync.transport.files import read_path

    return list(extract_messages(read_path(path), Circle(own=own)))
