"""The background service's time: a plan that survives clocks and errors, and a thread for each account it calls.

`Worker` says when (polls, daily jobs), `Follower` does it for one account and listens for news in between.
"""

import logging
import signal
import threading
import time
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from types import FrameType
from typing import Final, Protocol

import schedule

from mailsync.model.errors import MailsyncError

log = logging.getLogger(__name__)

#: The wall clock may differ this much from the monotonic one before the plan is made anew.
CLOCK_JUMP = timedelta(seconds=30)

#: How often, in seconds, those who wait say that they are alive and look at the clocks.
LOOK: Final = 30.0

#: Seconds between news and the turn that looks at it: mail comes in bursts.
GATHER: Final = 1.0


class Worker:
    """Runs jobs until told to stop.

    `schedule` plans by the local wall clock: when that clock jumps (summer time, a corrected clock) its jobs would
    wait out the difference. So the loop compares the wall clock with the monotonic one and plans anew after a jump.
    A job that raises is logged and runs again at its next time.
    """

    def __init__(
        self,
        jobs: Sequence[tuple[int, Callable[[], object]]],
        *,
        zero: Callable[[], datetime] | None = None,
        look: float = LOOK,
        beat: Callable[[], object] = lambda: None,
    ) -> None:
        """Take the jobs as pairs of seconds between two runs and what to run; each runs once at the start.

        `zero` gives the wall clock's reading at the monotonic clock's zero; the clocks are compared, and `beat` is
        called, at least every `look` seconds.
        """
        self.jobs = jobs
        self.beat = beat
        self.zero = zero or _zero
        self.look = look
        self.stopping = threading.Event()
        self.scheduler = schedule.Scheduler()

    def run(self) -> None:
        """Run until `stop` is called or SIGTERM or SIGINT arrives; a turn in progress is finished first."""
        self._listen()
        for _, job in self.jobs:
            if not self.stopping.is_set():
                _attempt(job)
        self._plan()
        zero = self.zero()
        _attempt(self.beat)
        while not self.stopping.wait(self._pause()):
            _attempt(self.beat)
            if abs(self.zero() - zero) > CLOCK_JUMP:
                log.warning("the clock jumped; planning anew")
                self._plan()
                zero = self.zero()
            self.scheduler.run_pending()

    def stop(self) -> None:
        """End the loop after the turn in progress."""
        self.stopping.set()

    def _plan(self) -> None:
        self.scheduler.clear()
        for seconds, job in self.jobs:
            self.scheduler.every(seconds).seconds.do(_attempt, job)

    def _pause(self) -> float:
        """Return how long to sleep: until the next job, but never longer than until the next look at the clocks."""
        return min(max(self.scheduler.idle_seconds or 0.0, 0.1), self.look)

    def _listen(self) -> None:
        if threading.current_thread() is not threading.main_thread():
            return  # signals belong to the main thread; whoever started this one calls stop()

        def on_signal(number: int, _frame: FrameType | None) -> None:
            log.info("stopping on %s", signal.Signals(number).name)
            self.stop()

        for name in (signal.SIGTERM, signal.SIGINT):
            signal.signal(name, on_signal)


class Post(Protocol):
    """What a follower does; both calls end soon after `stopped()` has become true."""

    name: str

    def turn(self, stopped: Callable[[], bool]) -> None:
        """Do one turn."""

    def wait(self, stopped: Callable[[], bool]) -> bool:
        """Wait for news (True) for as long as is sensible; False at once where nothing can be waited for."""

    def close(self) -> None:
        """Let go of the connection; never raises."""


class Follower:
    """A thread that does turns for one account: when told to, and when there is news. It never stops another's."""

    def __init__(self, post: Post, delay: float = 0.0) -> None:
        """Take the post; the first turn comes `delay` seconds after it was told to, so that not all begin at once."""
        self.post = post
        self.alive_at = time.monotonic()
        self._delay = delay
        self._stopping = threading.Event()
        self._due = threading.Event()
        self._thread = threading.Thread(target=self._follow, name=f"mailsync-{post.name}", daemon=True)

    def start(self) -> None:
        """Begin to wait for the first call."""
        self._thread.start()

    def call(self) -> None:
        """Say that a turn is due."""
        self._due.set()

    def stop(self) -> None:
        """End after the batch in progress."""
        self._stopping.set()
        self._due.set()

    def join(self, seconds: float) -> bool:
        """Wait for the end; say whether it came."""
        self._thread.join(seconds)
        return not self._thread.is_alive()

    def silent(self) -> float:
        """Return for how many seconds nothing was heard of a thread that has work to do; infinity for a dead one."""
        return time.monotonic() - self.alive_at if self._thread.is_alive() else float("inf")

    def _follow(self) -> None:
        try:
            self._due.wait()
            self._stopping.wait(self._delay)
            while not self._stopped():
                self._due.clear()
                _attempt(lambda: self.post.turn(self._stopped))
                if not self._stopping.is_set():
                    self._rest()
        finally:
            self.post.close()

    def _rest(self) -> None:
        """Wait until a turn is due or there is news; a line that breaks meanwhile is no matter: the plan calls."""
        news = False
        try:
            news = self.post.wait(self._interrupted)
        except MailsyncError as error:
            log.debug("%s: %s", self.post.name, error)
        except Exception:
            log.exception("%s: waiting for news failed", self.post.name)
        if news:
            self._stopping.wait(GATHER)
        while not (news or self._due.wait(LOOK)):
            self.alive_at = time.monotonic()

    def _stopped(self) -> bool:
        self.alive_at = time.monotonic()
        return self._stopping.is_set()

    def _interrupted(self) -> bool:
        self.alive_at = time.monotonic()
        return self._due.is_set()


def _zero() -> datetime:
    """Return the wall clock's reading (naive, local: schedule's own view) at the monotonic clock's zero.

    It stays the same as long as both clocks run alike.
    """
    return datetime.now() - timedelta(seconds=time.monotonic())  # noqa: DTZ005


def _attempt(job: Callable[[], object]) -> None:
    """Run a job; an error is logged, one of ours with its trace, and must not end the service."""
    try:
        job()
    except MailsyncError as error:
        log.warning("%s %s", error, error.hint)
    except Exception:
        log.exception("a turn failed; the next one starts at its usual time")
