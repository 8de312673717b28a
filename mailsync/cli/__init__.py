"""The command line: one file a command group, each loaded only when one of its commands runs."""

import importlib
import sys
from collections.abc import Sequence
from typing import Any

import click
from click.shell_completion import CompletionItem

from mailsync import __version__

#: Every command with its home and its one-line help, so that `mailsync --help` imports none of them.
COMMANDS = {
    "demo": ("mailsync.cli.demo:demo", "Run the product on a sample mailbox; needs no account and no network."),
    "init": ("mailsync.cli.setup:init", "Find your servers, try the login, propose clients, write a config."),
    "login": ("mailsync.cli.setup:login", "Log an account in by OAuth (Microsoft, Google), once."),
    "doctor": ("mailsync.cli.service:doctor", "Check config, login, folders, disk, database and completeness."),
    "poll": ("mailsync.cli.service:poll", "Take in what is new, read it, draft recaps: one turn."),
    "run": ("mailsync.cli.service:run", "Do the same again and again, as a background service."),
    "service": ("mailsync.cli.install:service", "Install, remove or ask after the background service."),
    "status": ("mailsync.cli.service:status", "Say whether it is working, in a few lines."),
    "verify": ("mailsync.cli.service:verify", "Prove log and archive whole, or name the first broken place."),
    "import": ("mailsync.cli.service:import_files", "Read old mail from mbox, Maildir or .eml files."),
    "reread": ("mailsync.cli.reread:reread", "Read kept mail anew after better rules; show what would change."),
    "extract": ("mailsync.cli.log:extract", "Read mail files and print the entries; nothing is stored."),
    "search": ("mailsync.cli.log:search", "Search the agreement history."),
    "show": ("mailsync.cli.log:show", "Show an entry with its words, or a message, thread or draft."),
    "log": ("mailsync.cli.log:log", "List the newest entries."),
    "serve": ("mailsync.cli.web:serve", "Serve the review page in the browser, on this machine only."),
    "correct": ("mailsync.cli.entries:correct", "Correct an entry, or say that it is no agreement."),
    "accept": ("mailsync.cli.entries:accept", "Let suggestions stand in the log."),
    "dismiss": ("mailsync.cli.entries:dismiss", "Say that suggestions are no agreements."),
    "report": ("mailsync.cli.client:report", "Show a client's patterns, and our own, each with its messages."),
    "brief": ("mailsync.cli.client:brief", "Show a client on one page, or hand it over to a colleague."),
    "note": ("mailsync.cli.entries:note", "Write down what was said by phone or in a meeting."),
    "agreed": ("mailsync.cli.record:agreed", "Say what was agreed on price, dates and scope, version by version."),
    "dispute": ("mailsync.cli.record:dispute", "Write a folder that proves what was agreed, checkable by others."),
    "export": ("mailsync.cli.record:export", "Write entries and mail as JSON Lines, CSV, mbox or iCalendar."),
    "backup": ("mailsync.cli.record:backup", "Copy the ledger while it is in use, and prove the copy whole."),
    "restore": ("mailsync.cli.record:restore", "Put a backup in the place of the ledger."),
    "forget": ("mailsync.cli.record:forget", "Erase what is kept of a client, and prove that it is gone."),
    "head": ("mailsync.cli.record:head", "Print the newest event's digest, to be kept where you cannot change it."),
    "mcp": ("mailsync.cli.mcp:mcp", "Let an assistant search the record (MCP); reading only."),
    "completion": ("mailsync.cli.shell:completion", "Print the completion script for your shell."),
    "manual": ("mailsync.cli.shell:manual", "Print the manual page."),
    "drafts": ("mailsync.cli.drafts:drafts", "Review drafted recaps: list, show, edit, approve, discard, hold."),
}


class LazyGroup(click.Group):
    """A group whose commands are imported when they are called."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        """Name the commands in the order of a day's use."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        """Import the command's home and return the command."""
        if cmd_name not in COMMANDS:
            return None
        home, _, name = COMMANDS[cmd_name][0].partition(":")
        command = getattr(importlib.import_module(home), name)
        assert isinstance(command, click.Command)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        """List the commands from the table above."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_, text) in COMMANDS.items()])

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        """Complete commands from the table above, so that a tab key imports none of them."""
        if incomplete.startswith("-"):
            return super().shell_complete(ctx, incomplete)
        return [CompletionItem(name, help=text) for name, (_, text) in COMMANDS.items() if name.startswith(incomplete)]

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Refuse an unknown command with the nearest right name."""
        if args and args[0] not in COMMANDS:
            import difflib

            near = difflib.get_close_matches(args[0], COMMANDS, 1)
            hint = f" Did you mean '{near[0]}'?" if near else " See 'mailsync --help'."
            raise click.UsageError(f"there is no command '{args[0]}'.{hint}", ctx)
        return super().resolve_command(ctx, args)


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.version_option(__version__, message="mailsync %(version)s")
def cli() -> None:
    """Keep the record of what was agreed with clients by e-mail.

    Every entry points to the sender's exact words. Nothing is sent, moved or marked read without your explicit act.

    Start with 'mailsync demo', or with your own mail: 'mailsync init', then 'mailsync doctor'.
    """


def main(args: Sequence[str] | None = None) -> Any:
    """Run the command line; a mistake of the user's becomes one sentence and an exit code, never a traceback."""
    from mailsync.cli.output import failing

    with failing():
        code = cli.main(args=None if args is None else list(args), prog_name="mailsync", standalone_mode=False)
        sys.exit(code if isinstance(code, int) else 0)
