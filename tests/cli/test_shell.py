"""Shells and `man` know every command."""

import os
import shutil
import subprocess
import sys

import pytest

from mailsync.cli import COMMANDS


def mailsync(*args, **env):
    """Run the command line as a shell would."""
    command = [sys.executable, "-m", "mailsync", *args]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False, env=os.environ | env)


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_each_shell_gets_its_script(shell):
    """The script names the program and how to ask it."""
    done = mailsync("completion", shell)

    assert (done.returncode, "_MAILSYNC_COMPLETE" in done.stdout) == (0, True)


def test_the_tab_key_completes_commands_and_options():
    """What has been typed so far decides what is offered."""
    first = mailsync(_MAILSYNC_COMPLETE="bash_complete", COMP_WORDS="mailsync st", COMP_CWORD="1")
    option = mailsync(_MAILSYNC_COMPLETE="bash_complete", COMP_WORDS="mailsync run --lo", COMP_CWORD="2")

    assert first.stdout.split() == ["plain,status"]
    assert "plain,--log-format" in option.stdout.split()


def test_the_manual_page_names_every_command_and_is_good_roff():
    """Each command has its section; groff finds nothing to complain of."""
    page = mailsync("manual").stdout

    for name in COMMANDS:
        assert f'.SS "{name}' in page
    if shutil.which("groff"):
        seen = subprocess.run(
            ["groff", "-man", "-Tutf8", "-ww"], input=page, capture_output=True, text=True, timeout=60, check=True
        )
        assert seen.stderr == ""
