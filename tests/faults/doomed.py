"""Runs a mailsync command in a process of its own and kills it at a moment of one's choice, as kill -9 does."""

import contextlib
import os
import signal
import time
import warnings
from collections.abc import Callable
from pathlib import Path

from mailsync.cli import main
from mailsync.ledger.sqlite import open_ledger

#: What a command may end with when nobody killed it: done, failed with a sentence, done in part, locked out.
ORDERLY = {0, 1, 3, 11}


class Doomed:
    """A command in a child process, forked so that it starts without loading anything."""

    def __init__(self, command: Callable[[], object]) -> None:
        self.began = time.monotonic()
        self.code: int | None = None
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)  # the tests' servers have threads; the child needs none
            self.pid = os.fork()
        if self.pid == 0:
            _live(command)

    def kill_after(self, seconds: float) -> bool:
        """Kill it `seconds` after its start; return whether it was still alive then."""
        while time.monotonic() - self.began < seconds:
            if self._ended(os.WNOHANG):
                return False
            time.sleep(0.001)
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.pid, signal.SIGKILL)
        self._ended(0)
        return self.code == -signal.SIGKILL

    def wait(self) -> float:
        """Let it end by itself; return the seconds it took."""
        self._ended(0)
        return time.monotonic() - self.began

    def _ended(self, how: int) -> bool:
        pid, status = os.waitpid(self.pid, how)
        if pid:
            self.code = os.waitstatus_to_exitcode(status)
        return bool(pid)


def _live(command: Callable[[], object]) -> None:
    """Be the child: do the command and leave without the parent's clean-up."""
    code = 70
    try:
        null = os.open(os.devnull, os.O_RDWR)
        for stream in (1, 2):
            os.dup2(null, stream)
        command()
        code = 0
    except SystemExit as end:
        code = int(end.code or 0)
    finally:
        os._exit(code)


def mailsync(config: Path, *words: str) -> Callable[[], object]:
    """Return a command as the user types it; the config stands after the (sub)command's name."""
    first, rest = (words[:2], words[2:]) if words[0] == "drafts" else (words[:1], words[1:])
    return lambda: main([*first, "--config", str(config), *rest])


def flaws(database: Path) -> list[str]:
    """Return what verification finds wrong; nothing for a ledger that was not begun yet."""
    if not database.exists() or not database.stat().st_size:
        return []
    ledger = open_ledger(database, read_only=False)
    try:
        return [f"{flaw.place}: {flaw.what}" for flaw in ledger.verify()]
    finally:
        ledger.close()
