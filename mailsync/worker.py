"""The background service: polls on a schedule, stops cleanly, and survives whatever one turn does."""

import logging
import signal
import threading
import time
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from types import FrameType

import schedule

log = logging.getLogger(__name__)

#: The wall clock may differ this much from the monotonic one before the plan is made anew.
CLOCK_JUMP = timedelta(seconds=30)


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
        look: float = 30.0,
    ) -> None:
        """Take the jobs as pairs of seconds between two runs and what to run; each runs once at the start.

        `zero` gives the wall clock's reading at the monotonic clock's zero; the clocks are compared at least every
        `look` seconds.
        """
        self.jobs = jobs
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
        while not self.stopping.wait(self._pause()):
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


def _zero() -> datetime:
    """Return the wall clock's reading (naive, local: schedule's own view) at the monotonic clock's zero.

    It stays the same as long as both clocks run alike.
    """
    return datetime.now() - timedelta(seconds=time.monotonic())  # noqa: DTZ005


def _attempt(job: Callable[[], object]) -> None:
    """Run a job; an error of ours is logged with its trace and must not end the service."""
    try:
        job()
    except Exception:
        log.exception("a turn failed; the next one starts at its usual time")
