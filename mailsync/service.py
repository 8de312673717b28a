"""The background service: every account followed over a connection of its own, letters drafted when threads fall quiet.

One account that is slow, refused or dead never holds up another; what is wrong with it stands in the ledger, where
`mailsync status`, the page and the metrics read it.
"""

import contextlib
import logging
import random
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from mailsync.app import DATABASE, App
from mailsync.config import Account, Login
from mailsync.ledger.sqlite import open_ledger
from mailsync.logs import hide
from mailsync.model.errors import ConfigError, LockedError
from mailsync.notify import Apprise, MailToSelf, Notifier, Webhook, tell_all
from mailsync.pipeline import Turn
from mailsync.plugins import found, make
from mailsync.secrets import secret
from mailsync.supervised import notify
from mailsync.transport.smtp import send
from mailsync.worker import Follower, Worker

log = logging.getLogger(__name__)

#: Seconds within which many accounts spread their first turns.
SPREAD = 30.0

#: Seconds between two looks for threads that have fallen quiet.
QUIET_LOOK = 60

#: A refused login is tried again after one interval, then two, four ... but at least every hour: servers lock
#: accounts that try a wrong password too often.
LONGEST_REST = 3600.0

#: Seconds in which threads must have shown that they live; a single batch of large mail may take minutes.
SILENCE = 900.0

#: Seconds that a stopping service waits for the batches in progress.
FAREWELL = 60.0


class AccountPost:
    """One account over a connection that stays open."""

    def __init__(self, app: App, account: Account, done: Callable[[str, Turn], None]) -> None:
        self.name = account.key
        self._app, self._account, self._done = app, account, done
        self._source = app.source(account)
        self._refusals = 0
        self._rest_until = 0.0

    def turn(self, stopped: Callable[[], bool]) -> None:
        """Take in what is new, then read and draft."""
        if time.monotonic() < self._rest_until:
            return
        turn = self._app.take(self._source, stopped)
        self._refusals = self._refusals + 1 if turn.refused else 0
        if self._refusals:
            rest = self._account.poll_minutes * 60 * (2 ** min(self._refusals, 12) - 1)
            self._rest_until = time.monotonic() + min(rest, LONGEST_REST) - 1
        self._done(self.name, turn)
        self._done("reading", self._app.read(stopped))

    def wait(self, stopped: Callable[[], bool]) -> bool:
        """Wait in IDLE until there is news or the next poll is due."""
        wait = getattr(self._source, "wait", None)  # a plug-in's source need not have it
        return bool(wait and wait(24 * 3600.0, stopped))

    def close(self) -> None:
        """Log out."""
        self._source.close()


class DraftingPost:
    """Writes what has become due by the passing of time alone, and tells those who want to be told."""

    name = "drafting"

    def __init__(self, app: App, done: Callable[[str, Turn], None]) -> None:
        self._app, self._done = app, done

    def turn(self, stopped: Callable[[], bool]) -> None:
        """Read and draft, unless somebody else is at it."""
        with contextlib.suppress(LockedError):
            self._done(self.name, self._app.read(stopped))
        self._done(self.name, Turn(troubles=tell(self._app)))

    def wait(self, stopped: Callable[[], bool]) -> bool:  # noqa: ARG002 - the next call comes by the plan
        """Wait for nothing but the next call."""
        return False

    def close(self) -> None:
        """Hold nothing."""


class Service:
    """Follows all accounts of an app until stopped."""

    def __init__(
        self,
        app: App,
        names: Sequence[str] = (),
        *,
        listen: str = "",
        beat: Callable[["Service"], None] | None = None,
    ) -> None:
        """Take the accounts of these names, or all; `beat` is called about every half minute while all is alive.

        `listen` is the address for /healthz and /metrics; without it, the config's.
        """
        self.app = app
        self.listen = listen or app.config.service.listen
        self.troubled: set[str] = set()
        accounts = app.accounts(names)
        spread = min(SPREAD, len(accounts) - 1.0)
        self.followers = [
            Follower(AccountPost(app, account, self._tell), delay=random.uniform(0, spread))  # noqa: S311 - no secret
            for account in accounts
        ]
        calls = [(a.poll_minutes * 60, f.call) for a, f in zip(accounts, self.followers, strict=True)]
        drafting = Follower(DraftingPost(app, self._tell))
        self.followers.append(drafting)
        self.worker = Worker((*calls, (QUIET_LOOK, drafting.call)), beat=self._beat)
        self._told = beat or tell_supervisor

    def run(self) -> None:
        """Run until `stop`, SIGTERM or SIGINT; batches in progress are finished first."""
        with self._shown():
            self._follow()

    def _follow(self) -> None:
        for follower in self.followers:
            follower.start()
        try:
            self.worker.run()
        finally:
            notify("STOPPING=1", "STATUS=finishing the batches in progress")
            for follower in self.followers:
                follower.stop()
            end = time.monotonic() + FAREWELL
            for follower in self.followers:
                if not follower.join(max(0.1, end - time.monotonic())):
                    log.warning("%s has not ended its turn; what it kept is kept", follower.post.name)

    def stop(self) -> None:
        """End the service."""
        self.worker.stop()

    def alive(self) -> bool:
        """Say whether every account's thread has shown within the last quarter of an hour that it lives."""
        return all(follower.silent() < SILENCE for follower in self.followers)

    @contextlib.contextmanager
    def _shown(self) -> Iterator[None]:
        """Answer /healthz and /metrics where the config says so."""
        config = self.app.config
        if not self.listen:
            yield
            return
        from mailsync.metrics import listening  # noqa: PLC0415 - only for those who want it

        reader = App(config, open_ledger(config.data_dir / DATABASE, read_only=True))
        try:
            with listening(self.listen, reader.health, self.alive):
                yield
        finally:
            reader.close()

    def _beat(self) -> None:
        if self.alive():
            self._told(self)

    def _tell(self, who: str, turn: Turn) -> None:
        (self.troubled.add if turn.troubles else self.troubled.discard)(who)
        if turn.kept or turn.found or turn.drafts:
            log.info("%s: %d kept, %d new entries, %d drafts", who, turn.kept, turn.found, turn.drafts)
        for trouble in turn.troubles:
            log.warning("%s", trouble)


def tell_supervisor(service: Service) -> None:
    """Tell systemd that the service is up and alive, and in one line how it fares; never waits for the ledger."""
    fares = f"trouble with {', '.join(sorted(service.troubled))}" if service.troubled else "all well"
    notify("READY=1", "WATCHDOG=1", f"STATUS=following {len(service.followers) - 1} accounts, {fares}")


def tell(app: App) -> tuple[str, ...]:
    """Tell what is new to whom the config names; return what went wrong."""
    ways = notifiers(app)
    if not ways:
        return ()
    troubles = {account["name"]: account["trouble"] for account in app.health()["accounts"] if account["trouble"]}
    return tell_all(app.ledger, ways, app.config.data_dir / "notified.json", troubles, app.now())


def notifiers(app: App) -> list[Notifier]:
    """Return the ways by which the config wants people and programs to be told. Raises ConfigError, SecretError."""
    how = app.config.notify
    made: list[Notifier] = []
    if how.mail:
        made.append(MailToSelf(address=app.config.me.addresses[0], send=_sender(app)))
    if how.webhook:
        wants = {"drafts", "trouble"} | ({"entries"} if how.entries else set())
        made.append(Webhook(url=how.webhook, secret=_line(how.webhook_secret_file), wants=frozenset(wants)))
    if how.apprise_file:
        made.append(Apprise(urls=tuple(_line(how.apprise_file).split())))
    added = (make("mailsync.notifiers", name, app.config) for name in sorted(found("mailsync.notifiers")))
    return made + [notifier for notifier in added if notifier is not None]


def _sender(app: App) -> Callable[[bytes, str, Sequence[str]], None]:
    """Return what hands a letter to the first account's server that sends."""
    account = next((account for account in app.config.accounts if account.smtp), None)
    settings = app.smtp(account) if account else None
    if account is None or settings is None:
        raise ConfigError(("[notify] mail needs an account that names a server that sends",), "Add [accounts.smtp].")

    def hand_over(data: bytes, sender: str, recipients: Sequence[str]) -> None:
        send(settings, app.secret(account, account.smtp_login, account.smtp_username), data, sender, recipients)

    return hand_over


def _line(file: Path | None) -> str:
    """Return the secret in a file that only the user may read, "" without a file."""
    return hide(secret(Login(password_file=file))) if file else ""
