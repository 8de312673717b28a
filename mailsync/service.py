"""The background service: every account followed over a connection of its own, letters drafted when threads fall quiet.

One account that is slow, refused or dead never holds up another; what is wrong with it stands in the ledger, where
`mailsync status`, the page and the metrics read it.
"""

import contextlib
import logging
import random
import time
from collections.abc import Callable, Iterator, Sequence

from mailsync.app import DATABASE, App
from mailsync.config import Account
from mailsync.ledger.sqlite import open_ledger
from mailsync.model.errors import LockedError
from mailsync.pipeline import Turn
from mailsync.supervised import notify
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
        self._done(self.name, self._app.read(stopped))

    def wait(self, stopped: Callable[[], bool]) -> bool:
        """Wait in IDLE until there is news or the next poll is due."""
        return self._source.wait(24 * 3600.0, stopped)

    def close(self) -> None:
        """Log out."""
        self._source.close()


class DraftingPost:
    """Writes what has become due by the passing of time alone; the accounts' turns do the rest."""

    name = "drafting"

    def __init__(self, app: App, done: Callable[[str, Turn], None]) -> None:
        self._app, self._done = app, done

    def turn(self, stopped: Callable[[], bool]) -> None:
        """Read and draft, unless somebody else is at it."""
        with contextlib.suppress(LockedError):
            self._done(self.name, self._app.read(stopped))

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
        if turn.kept or turn.found or turn.drafts:
            log.info("%s: %d kept, %d new entries, %d drafts", who, turn.kept, turn.found, turn.drafts)
        for trouble in turn.troubles:
            log.warning("%s", trouble)


def tell_supervisor(service: Service) -> None:
    """Tell systemd that the service is up and alive, and in one line how it fares."""
    troubled = sorted({c.account for c in service.app.ledger.counts() if c.trouble})
    fares = f"trouble with {', '.join(troubled)}" if troubled else "all well"
    notify("READY=1", "WATCHDOG=1", f"STATUS=following {len(service.followers) - 1} accounts, {fares}")
