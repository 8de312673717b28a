"""Reads threads, in worker processes where there are many of them: reading is pure, so it can be done anywhere."""

import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import BrokenExecutor, Executor, Future, ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import ParamSpec, TypeVar

from mailsync.extract.thread import read_thread
from mailsync.model.mail import Message
from mailsync.model.thread import Background, ThreadReading
from mailsync.recap.replies import settled

P = ParamSpec("P")
R = TypeVar("R")

#: Fewer threads are read sooner than worker processes have started and loaded the weights.
MANY = 60

#: More processes than this wait for the one that writes.
MOST_PROCESSES = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """A thread to be read, with all that reading it depends on; `now` only tells which letters went unanswered."""

    thread: str
    messages: Sequence[tuple[Message, str]]
    background: Background
    now: datetime
    remind_days: int


def read(job: Job) -> ThreadReading:
    """Read one thread against its background, and see what it answers to our letters."""
    reading = read_thread(job.thread, job.messages, job.background)
    return settled(reading, job.background, job.now, job.remind_days)


def result(job: Job, reading: Future[ThreadReading]) -> ThreadReading:
    """Return the reading, done here and now if the process that did it has died. Raises what reading raised."""
    try:
        return reading.result()
    except BrokenExecutor:
        return read(job)


@contextmanager
def readers(threads: int) -> Iterator[Executor]:
    """Give an executor fit for reading so many threads: this process, or one worker process a core."""
    processes = min(os.cpu_count() or 1, MOST_PROCESSES)
    if threads < MANY or processes == 1:
        yield _Here()
        return
    # Not forked: this process has threads and database connections that must not be copied.
    context = multiprocessing.get_context("forkserver" if os.name == "posix" else "spawn")
    pool = ProcessPoolExecutor(processes, context, initializer=_live_with_parent)
    try:
        yield pool
    finally:
        pool.shutdown(cancel_futures=True)


class _Here(Executor):
    """Does at once, in this process, what is submitted."""

    def submit(self, fn: Callable[P, R], /, *args: P.args, **kwargs: P.kwargs) -> Future[R]:
        done: Future[R] = Future()
        try:
            done.set_result(fn(*args, **kwargs))
        except Exception as error:  # noqa: BLE001 - a future hands it on to whoever asks for the result
            done.set_exception(error)
        return done


def _live_with_parent() -> None:
    """Leave Ctrl-C to the parent, and end when it does, however it does: a killed parent cannot tell its workers."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    parent = multiprocessing.parent_process()
    assert parent is not None

    def end() -> None:
        parent.join()
        os._exit(1)

    threading.Thread(target=end, daemon=True).start()
