"""`mailsync completion` and `mailsync manual`: what shells and `man` want to know, made from the commands."""

from collections.abc import Iterator

import click

from mailsync.cli.output import say


@click.command()
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def completion(shell: str) -> None:
    """Print the completion script for your shell.

    Example: mailsync completion bash > ~/.local/share/bash-completion/completions/mailsync
    """
    from click.shell_completion import get_completion_class

    from mailsync.cli import cli

    made = get_completion_class(shell)
    assert made is not None
    say(made(cli, {}, "mailsync", "_MAILSYNC_COMPLETE").source())


@click.command()
def manual() -> None:
    """Print the manual page in roff.

    Example: mailsync manual > ~/.local/share/man/man1/mailsync.1
    """
    say("\n".join(_page()))


def _page() -> Iterator[str]:
    from mailsync import __version__
    from mailsync.cli import COMMANDS, cli

    yield f'.TH MAILSYNC 1 "" "mailsync {__version__}" "User Commands"'
    yield from (".SH NAME", r"mailsync \- the record of what was agreed with clients by e\-mail")
    yield from (
        ".SH SYNOPSIS",
        r".B mailsync",
        r"\fICOMMAND\fR [\fIOPTIONS\fR]",
        ".SH DESCRIPTION",
        _roff(cli.help or ""),
    )
    yield ".SH COMMANDS"
    with click.Context(cli, info_name="mailsync") as context:
        for name in COMMANDS:
            command = cli.get_command(context, name)
            assert command is not None
            yield from _command(command, click.Context(command, context, info_name=name))
    yield from (
        ".SH FILES",
        ".TP",
        r"\fI~/.config/mailsync/config.toml\fR",
        "The configuration; no secret stands in it.",
    )
    yield from (".TP", r"\fI~/.local/share/mailsync\fR", "Log and archive, for you alone.")
    yield ".SH EXIT STATUS"
    for code, meaning in (
        (0, "fine"),
        (1, "failed, or something is wrong"),
        (2, "usage or config"),
        (3, "done in part"),
        (11, "another worker holds the lock"),
        (12, "login refused"),
        (130, "interrupted"),
    ):
        yield from (".TP", f"{code}", meaning)


def _command(command: click.Command, context: click.Context) -> Iterator[str]:
    words = context.command_path.removeprefix("mailsync ")
    usage = " ".join(command.collect_usage_pieces(context))
    yield f'.SS "{_roff(words)} {_roff(usage)}"'
    yield _roff(command.help or "")
    for parameter in command.get_params(context):
        record = parameter.get_help_record(context) if isinstance(parameter, click.Option) else None
        if record and "--help" not in record[0]:
            yield from (".TP", rf"\fB{_roff(record[0])}\fR", _roff(record[1]))
    if isinstance(command, click.Group):
        for name in command.list_commands(context):
            below = command.get_command(context, name)
            if below is not None:
                yield from _command(below, click.Context(below, context, info_name=name))


def _roff(text: str) -> str:
    """Escape what roff would take for its own; paragraphs stay paragraphs."""
    text = text.replace("\\", r"\e").replace("-", r"\-").replace("\b\n", "")
    lines = [line.strip() for line in text.strip().splitlines()]
    return "\n".join(".PP" if not line else rf"\&{line}" if line[0] in ".'" else line for line in lines)
