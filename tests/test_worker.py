"""The service keeps its times whatever jobs and clocks do."""

import os
import signal
import subprocess
import sys
import threading
import time
from datetime import datetime, timedelta

from mailsync.worker import Worker

START = datetime(2026, 10, 25, 1, 59)  # noqa: DTZ001 - naive, as schedule reads the wall clock


def ran(worker, until, seconds=10):
    """Run the worker in a thread until `until()` holds, and stop it."""
    thread = threading.Thread(target=worker.run)
    thread.start()
    end = time.monotonic() + seconds
    while not until() and time.monotonic() < end:
        time.sleep(0.02)
    worker.stop()
    thread.join(10)
    assert not thread.is_alive()


def test_every_job_runs_at_the_start_and_again():
    """A job runs at once and then at its interval."""
    runs = []

    ran(Worker([(1, lambda: runs.append(1))]), lambda: len(runs) >= 2)

    assert len(runs) >= 2


def test_a_job_that_raises_runs_again():
    """An exception ends the job's turn, not the service, and not the other jobs."""
    good, bad = [], []

    def fail():
        bad.append(1)
        raise ValueError("boom")

    ran(Worker([(1, fail), (1, lambda: good.append(1))]), lambda: len(good) >= 2 and len(bad) >= 2)

    assert len(good) >= 2
    assert len(bad) >= 2


def test_a_jump_of_the_clock_makes_a_new_plan():
    """When the wall clock is set back three hours, the next run is not three hours late."""
    offset = timedelta()
    worker = Worker([(3600, lambda: None)], zero=lambda: START + offset, look=0.05)
    first = []

    def jumped():
        nonlocal offset
        if worker.scheduler.jobs and not first:
            first.append(worker.scheduler.jobs[0])
            offset = timedelta(hours=-3)
        return bool(first) and worker.scheduler.jobs and worker.scheduler.jobs[0] is not first[0]

    ran(worker, jumped)

    assert worker.scheduler.jobs[0] is not first[0]


def test_sigterm_ends_the_service_after_the_turn_in_progress():
    """SIGTERM in the middle of a turn lets it finish, then the process ends with 0."""
    code = (
        "import time\nfrom mailsync.worker import Worker\n"
        "def job():\n    print('begun', flush=True)\n    time.sleep(0.5)\n    print('ended', flush=True)\n"
        "Worker([(60, job)]).run()\n"
    )
    process = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
    assert process.stdout.readline() == "begun\n"

    os.kill(process.pid, signal.SIGTERM)
    rest, _ = process.communicate(timeout=20)

    assert (rest, process.returncode) == ("ended\n", 0)
