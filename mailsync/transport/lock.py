"""Keeps two workers off one data folder; the operating system takes the lock back when its holder dies."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from mailsync.model.errors import LedgerError, LockedError


@contextmanager
def one_worker(data_dir: Path, account: str = "", *, patience: float = 0.0) -> Iterator[None]:
    """Hold the lock of `data_dir`, or of one account in it, while the block runs.

    Raises LockedError if another process or thread still holds it after `patience` seconds, LedgerError if no lock
    can be made there.
    """
    safe = "".join(c if c.isalnum() else "-" for c in account)
    path = data_dir / (f"worker-{safe}.lock" if account else "worker.lock")
    lock = FileLock(path, timeout=patience, mode=0o600)
    try:
        data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        lock.acquire()
    except Timeout:
        raise LockedError(
            f"Another mailsync is at work on {account or data_dir}.",
            "Wait until it has finished, or stop it; the running service may be it.",
        ) from None
    except OSError as error:
        raise LedgerError(f"The lock {path} cannot be made: {error.strerror or error}.") from None
    try:
        yield
    finally:
        lock.release()
