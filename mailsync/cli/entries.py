"""What a person says about entries on the terminal: correct, accept, dismiss, and notes of what was spoken."""

from datetime import datetime
from pathlib import Path
from typing import TextIO

import click

from mailsync.cli.options import config_option
from mailsync.cli.output import say
from mailsync.model.entry import Kind, Topic
from mailsync.model.errors import UsageError

entries_argument = click.argument("entries", nargs=-1, required=True, metavar="ENTRY...")


@click.command()
@click.argument("entry")
@click.option("--kind", type=click.Choice([kind.value for kind in Kind]), help="What it really is.")
@click.option("--due", metavar="DATE", help="The right date (2026-04-22), or 'none'.")
@click.option("--owner", metavar="ADDR", help="Who must act, or 'none'.")
@click.option("--amount", metavar="AMOUNT", help='The right amount ("4800 EUR", "12 h"), or \'none\'.')
@click.option("--topic", type=click.Choice([topic.value for topic in Topic]), help="What it is about.")
@click.option("--client", metavar="KEY", help="The client it really belongs to.")
@click.option("--not-an-agreement", "removed", is_flag=True, help="It is no agreement at all.")
@click.option("--reason", default="", help="Why; it is kept.")
@config_option
def correct(entry: str, removed: bool, reason: str, config: Path, **fields: str | None) -> None:
    """Correct an entry; what you say outlives every re-reading and stays in the history.

    Example: mailsync correct 3f9ac21b07 --due 2026-04-22 --reason "said so on the phone"
    """
    from mailsync.app import open_app
    from mailsync.review import correct_entry

    changes = {name: None if value == "none" else value for name, value in fields.items() if value is not None}
    with open_app(config) as app:
        found = app.ledger.entry(entry)
        if changes.get("client"):
            app.known_client(str(changes["client"]))
        correct_entry(app.reviewer(), found.id, changes, removed=removed, reason=reason)
        app.reread(found.thread)
        say(f"entry {found.id} is corrected" if not removed else f"entry {found.id} no longer counts as an agreement")


@click.command()
@entries_argument
@config_option
def accept(entries: tuple[str, ...], config: Path) -> None:
    """Let suggestions stand in the log.

    Example: mailsync accept 3f9ac21b07
    """
    from mailsync.app import open_app
    from mailsync.review import accept_suggestion

    with open_app(config) as app:
        for entry in entries:
            found = app.ledger.entry(entry)
            accept_suggestion(app.reviewer(), found.id)
            app.reread(found.thread)
            say(f"entry {found.id} stands in the log")


@click.command()
@entries_argument
@click.option("--reason", default="", help="Why; it is kept.")
@config_option
def dismiss(entries: tuple[str, ...], reason: str, config: Path) -> None:
    """Say that suggestions are no agreements.

    Example: mailsync dismiss 3f9ac21b07
    """
    from mailsync.app import open_app
    from mailsync.review import dismiss_suggestion

    with open_app(config) as app:
        for entry in entries:
            found = app.ledger.entry(entry)
            dismiss_suggestion(app.reviewer(), found.id, reason)
            app.reread(found.thread)
            say(f"entry {found.id} is dismissed")


@click.command()
@click.argument("client")
@click.argument("text", type=click.File("r"), default="-")
@click.option("--with", "people", multiple=True, metavar="ADDR", help="Who was there; may be given again.")
@click.option("--at", type=click.DateTime(["%Y-%m-%d", "%Y-%m-%dT%H:%M", "%Y-%m-%d %H:%M"]), help="When; now if unset.")
@config_option
def note(client: str, text: TextIO, people: tuple[str, ...], at: datetime | None, config: Path) -> int:
    """Write down what was said by phone or in a meeting: entries and a recap, like any mail.

    Reads the text from a file, a pipe, or what you type (end with Ctrl-D).

    Example: echo "Dana will send the logo by Friday." | mailsync note harbor --with dana.fox@harbor.example
    """
    from mailsync.app import open_app
    from mailsync.cli.service import say_turn

    if text.isatty():
        say("What was said? One sentence a point; Ctrl-D ends.", dim=True)
    words = text.read().strip()
    if not words:
        raise UsageError("a note without text cannot be kept", "Type it, pipe it in, or name a file.")
    with open_app(config) as app:
        app.known_client(client)
        turn, draft = app.take_note(client, words, people, at.replace(tzinfo=app.zone) if at else app.now())
        say_turn(turn)
        if draft:
            say(f"a recap waits for you: mailsync drafts show {draft.id}")
        return 0
