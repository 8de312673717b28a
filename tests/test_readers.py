"""Threads are read the same in this process and in workers, and workers never outlive their parent."""

import os
import signal
import subprocess
import sys
import time
from concurrent.futures import Future
from concurrent.futures.process import BrokenProcessPool
from datetime import UTC, datetime
from pathlib import Path

import pytest

from mailsync import readers
from mailsync.model.mail import Address, Message
from mailsync.model.people import Circle, Client
from mailsync.model.thread import Background

CIRCLE = Circle(own=("me@halecraft.example",), clients=(Client(key="c", name="C", domains=("c.example",)),))


def job(number):
    """A thread of one letter with a promise."""
    message = Message(
        digest=f"{number:064x}",
        message_id=f"{number}@c.example",
        sender=Address(email="dana@c.example"),
        to=(Address(email="me@halecraft.example"),),
        sent_at=datetime(2026, 3, 2, 9, tzinfo=UTC),
        subject="Logo",
        text=f"I will send you logo {number} by Friday.\n",
    )
    return readers.Job(
        thread=f"t{number}",
        messages=((message, "c"),),
        background=Background(circle=CIRCLE),
        now=datetime(2026, 3, 3, tzinfo=UTC),
        remind_days=3,
    )


@pytest.mark.skipif((os.cpu_count() or 1) < 2, reason="one core: everything is read in this process")
def test_workers_read_what_this_process_reads():
    """The place of reading does not show in the reading."""
    jobs = [job(n) for n in range(4)]

    with readers.readers(readers.MANY) as pool:
        there = [pool.submit(readers.read, one).result() for one in jobs]

    assert there == [readers.read(one) for one in jobs]


def test_a_thread_whose_worker_died_is_read_here():
    """A worker that is killed costs time, not a thread."""
    lost = Future()
    lost.set_exception(BrokenProcessPool())

    assert readers.result(job(1), lost) == readers.read(job(1))


@pytest.mark.skipif(not Path("/proc").is_dir(), reason="looks for processes in /proc")
@pytest.mark.skipif((os.cpu_count() or 1) < 2, reason="one core: there are no workers")
def test_workers_end_with_a_killed_parent():
    """After kill -9 of the parent none of its workers is left."""
    code = (
        "import os, time\nfrom mailsync import readers\n"
        "if __name__ == '__main__':\n"
        "    with readers.readers(readers.MANY) as pool:\n"
        "        print(*{pool.submit(os.getpid).result() for _ in range(20)}, flush=True)\n"
        "        time.sleep(60)\n"
    )
    parent = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
    workers = [int(pid) for pid in parent.stdout.readline().split()]
    assert workers

    parent.send_signal(signal.SIGKILL)
    parent.communicate()

    end = time.monotonic() + 20
    while any(Path(f"/proc/{pid}").exists() for pid in workers) and time.monotonic() < end:
        time.sleep(0.05)
    assert [pid for pid in workers if Path(f"/proc/{pid}").exists()] == []
