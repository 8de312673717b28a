"""Sets the demo up in a folder: the mailbox served, a password, and a configuration that any command can be given."""

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path

from mailsync.demo.mailbox import sample_mailbox
from mailsync.demo.script import HERE, monday
from mailsync.demo.server import serve
from mailsync.model.errors import UsageError

USERNAME = "robin"
CONFIG, PASSWORD, BEGUN = "config.toml", "password", "begun"


@dataclass(frozen=True, slots=True, kw_only=True)
class Demo:
    """A demo that is running: its configuration, its server's port, and how much mail lies there."""

    config: Path
    port: int
    messages: int
    threads: int


@contextmanager
def prepare(directory: Path, now: datetime, port: int = 0) -> Iterator[Demo]:
    """Serve the sample mailbox, as fresh as `now`, until the block ends; `directory` keeps configuration and data.

    A folder that has held a demo keeps its week, so that its log still fits the mailbox. Raises UsageError if the
    folder holds anything else, and what `server.serve` raises.
    """
    base = _claim(directory, monday(now))
    password = secrets.token_urlsafe(18)
    _write(directory / PASSWORD, password)
    mails = sample_mailbox(base)
    with serve(mails, USERNAME, password, port) as given:
        yield Demo(
            config=demo_config(directory, given),
            port=given,
            messages=len(mails),
            threads=len({mail.thread for mail in mails}),
        )


def demo_config(directory: Path, port: int) -> Path:
    """Write the demo's configuration for a server on `port` and return its path."""
    text = HERE.joinpath(CONFIG).read_text(encoding="utf-8")
    path = directory / CONFIG
    _write(path, text.replace("port = 1143 # the demo writes its own port here", f"port = {port}"))
    return path


def _claim(directory: Path, base: date) -> date:
    """Make sure the folder is the demo's own, and return the week its mailbox counts from."""
    begun = directory / BEGUN
    try:
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        if begun.exists():
            return date.fromisoformat(begun.read_text(encoding="utf-8").strip())
        if any(directory.iterdir()):
            raise UsageError(f"{directory} holds something else than a demo.", "Name an empty or a new folder.")
    except ValueError as error:
        raise UsageError(f"{begun} is damaged.", f"Delete {directory} and start again.") from error
    except OSError as error:
        raise UsageError(f"{directory} cannot be used: {error.strerror}.", "Name another folder.") from error
    _write(begun, base.isoformat())
    return base


def _write(path: Path, text: str) -> None:
    """Write a file that only its owner may read."""
    path.touch(mode=0o600)
    path.chmod(0o600)
    path.write_text(text, encoding="utf-8")
