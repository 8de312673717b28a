"""`mailsync demo`: the real worker over a sample mailbox on an IMAP server of this machine."""

import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from mailsync.cli.output import say, short, table, wrapped
from mailsync.model.entry import STATEFUL, Kind, state_on

if TYPE_CHECKING:
    from mailsync.app import App

#: The kinds in the order in which the summary counts them.
KINDS = tuple(Kind)


@click.command()
@click.option(
    "--once",
    is_flag=True,
    help="End after the run instead of serving the review page, as it does anyway where the output is no terminal.",
)
@click.option(
    "--dir",
    "directory",
    type=click.Path(path_type=Path, file_okay=False),
    help="Where to put the demo's data; without it a fresh folder under your temporary folder.",
)
def demo(once: bool, directory: Path | None) -> None:
    """Run the product on a sample mailbox of difficult clients; needs no account and no network.

    Example: mailsync demo --once
    """
    import tempfile

    try:
        from mailsync.demo import prepare
    except ImportError as error:
        raise click.ClickException(f"the demo needs its server: pip install 'mailsync[demo]' ({error.name})") from error
    from mailsync.app import open_app
    from mailsync.cli.service import say_turn

    home = directory or Path(tempfile.mkdtemp(prefix="mailsync-demo-"))
    with prepare(home, datetime.now(UTC)) as mailbox:
        say(f"A sample mailbox is on 127.0.0.1:{mailbox.port}; reading it the way your own would be read ...")
        with open_app(mailbox.config) as app:
            say_turn(app.turn())
            summarise(app)
            invite(mailbox.config)
            if not once and sys.stdout.isatty():
                from mailsync.web.server import Server, Serving

                server = Server(app, Serving(port=0))
                say(f"\nReview the letters at {server.url}  (Ctrl-C ends the demo)", bold=True)
                server.run()


def invite(config: Path) -> None:
    """Name commands worth trying on the demo's data, while its folder is there."""
    say("\nLook around:", bold=True)
    for command in ("drafts", "search 'corvane deadline'", "log --client corvane", "serve"):
        say(f"  {sys.argv[0]} {command} --config {config}")


def summarise(app: "App") -> None:
    """Print what was found: entries by client and kind, what is open or overdue, the first draft with its evidence."""
    from mailsync.cli.drafts import show_draft
    from mailsync.review import list_drafts

    entries = app.ledger.entries()
    clients = sorted({entry.client for entry in entries})
    say("\nThe agreement log", bold=True)
    rows = []
    for client in clients:
        kinds = [entry.finding.kind for entry in entries if entry.client == client]
        rows.append((client, *(str(kinds.count(kind) or "") for kind in KINDS), ""))
    table(rows, ("client", *(kind.value for kind in KINDS), ""))
    late = [entry for entry in entries if entry.finding.kind in STATEFUL and state_on(entry, app.today()) == "overdue"]
    if late:
        say("\nOverdue", bold=True)
        for entry in late[:5]:
            say(f"  {entry.client}: {entry.finding.who}, due {entry.finding.terms.due}  [show {entry.id}]")
            say(wrapped(f"“{short(entry.finding.evidence.quote, 160)}”", 4), dim=True)
    waiting = list_drafts(app.reviewer())
    if waiting:
        say(f"\n{len(waiting)} recaps wait for review; the first of them:\n", bold=True)
        show_draft(app, waiting[0], as_json=False)
