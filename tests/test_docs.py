"""The documents tell the truth: links lead somewhere, commands exist, every command explains itself."""

import re
from pathlib import Path

import click
import pytest

from mailsync.cli import COMMANDS, cli

ROOT = Path(__file__).parent.parent
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page):
    """Every relative link of a page names a file that is there."""
    text = re.sub(r"```.*?```|`[^`]*`", "", page.read_text(), flags=re.DOTALL)
    targets = [t.partition("#")[0] for t in re.findall(r"\]\(([^)\s]+)\)", text) if "://" not in t]

    assert [t for t in targets if t and not (page.parent / t).exists()] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_commands_that_pages_name_exist(page):
    """Every `mailsync COMMAND` of a page is a command."""
    named = set(re.findall(r"(?:^    |`)mailsync ([a-z]+)\b", page.read_text(), flags=re.MULTILINE))

    assert named <= set(COMMANDS)


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_an_example(name):
    """`mailsync COMMAND --help` shows how it is used."""
    command = cli.get_command(click.Context(cli), name)

    assert command is not None
    assert "Example: " in (command.help or "") or "mailsync " in (command.help or "")


@pytest.mark.parametrize("name", COMMANDS)
def test_the_list_of_commands_tells_what_each_does(name):
    """The line in `mailsync --help` is a sentence, short enough for a terminal."""
    _, line = COMMANDS[name]

    assert line.endswith(".")
    assert len(line) <= 90
