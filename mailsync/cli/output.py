"""What the commands print, and how errors become sentences and exit codes (the only place that does so)."""

import json
import logging
import os
import re
import shutil
import sys
import textwrap
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, tzinfo
from typing import Any

import click

from mailsync.model.errors import MailsyncError

#: Controls that could steer a terminal (C0 but tab and newline, DEL, C1) and marks that reorder text.
CONTROLS = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")

INTERRUPTED = 130


@contextmanager
def failing() -> Iterator[None]:
    """Turn errors into one sentence on stderr and the documented exit code."""
    try:
        yield
    except MailsyncError as error:
        complain(str(error), error.hint)
        sys.exit(error.exit_code)
    except click.UsageError as error:
        complain(error.format_message(), f"See '{error.ctx.command_path} --help'." if error.ctx else "")
        sys.exit(2)
    except click.ClickException as error:
        complain(error.format_message())
        sys.exit(error.exit_code)
    except (KeyboardInterrupt, click.Abort):
        complain("interrupted; nothing is lost, the next run goes on from here")
        sys.exit(INTERRUPTED)
    except BrokenPipeError:
        # The reader (head, less) has seen enough; keep the interpreter from complaining at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(0)
    except Exception as error:  # our own mistake: the trace goes to the log, the person gets a sentence
        logging.getLogger("mailsync").exception("unexpected error")
        complain(f"mailsync made a mistake: {type(error).__name__}: {error}", "The log is whole; please report this.")
        sys.exit(1)


def complain(sentence: str, hint: str = "") -> None:
    """Print a sentence and its next step on stderr."""
    for line in safe(sentence).splitlines():
        click.echo(f"mailsync: {line}", err=True)
    if hint:
        click.echo(f"  {safe(hint)}", err=True)


def safe(text: str) -> str:
    """Return `text` without what could steer a terminal; mail content is hostile until shown."""
    return CONTROLS.sub("\N{REPLACEMENT CHARACTER}", text)


def say(text: str = "", *, bold: bool = False, dim: bool = False, colour: str | None = None) -> None:
    """Print one line of text; colours vanish by themselves where the output is no terminal."""
    click.echo(click.style(safe(text), bold=bold or None, dim=dim or None, fg=colour))


def put_json(value: Any) -> None:
    """Print a value as JSON, readable on a terminal, one compact line otherwise."""
    indent = 2 if sys.stdout.isatty() else None
    click.echo(json.dumps(value, ensure_ascii=False, indent=indent, default=str))


def width() -> int:
    """Return how many columns a line of text may take."""
    return max(40, min(shutil.get_terminal_size((100, 24)).columns, 120))


def wrapped(text: str, indent: int = 0) -> str:
    """Return `text` folded to the terminal's width, every line indented by `indent`."""
    pad = " " * indent
    return textwrap.fill(text, width(), initial_indent=pad, subsequent_indent=pad, break_long_words=False)


def short(text: str, room: int) -> str:
    """Return `text` on one line of at most `room` characters."""
    flat = " ".join(text.split())
    return flat if len(flat) <= room else flat[: room - 1].rstrip() + "…"


def when(at: datetime, zone: tzinfo) -> str:
    """Return a date and time as the user reads it, in the user's zone."""
    return f"{at.astimezone(zone):%d %b %Y %H:%M}"


def table(rows: Sequence[Sequence[str]], head: Sequence[str] = ()) -> None:
    """Print rows in aligned columns, the last one taking what is left of the line; nothing at all without rows."""
    if not rows:
        return
    everything = [head, *rows] if head else list(rows)
    columns = [max(len(row[i]) for row in everything) for i in range(len(everything[0]))]
    room = max(12, width() - sum(columns[:-1]) - 2 * (len(columns) - 1)) if sys.stdout.isatty() else 10_000
    for number, row in enumerate(everything):
        cells = [cell.ljust(columns[i]) for i, cell in enumerate(row[:-1])]
        say("  ".join([*cells, short(row[-1], room)]).rstrip(), bold=bool(head) and number == 0)
