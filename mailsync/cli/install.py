"""`mailsync service`: put the background service into the system's hands, take it out, and ask how it fares."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import click

from mailsync.cli.options import config_option
from mailsync.cli.output import complain, say
from mailsync.model.errors import UsageError

SYSTEM_UNIT = Path("/etc/systemd/system/mailsync.service")


@click.group()
def service() -> None:
    """Install mailsync as a background service of this user (systemd or launchd), remove it, or ask how it fares."""


@service.command()
@click.option("--system", is_flag=True, help="For the whole machine (systemd, as root; config in /etc/mailsync).")
@click.option("--print", "only_print", is_flag=True, help="Only print what would be written.")
@click.option("--no-start", is_flag=True, help="Write the file; enable and start nothing.")
@config_option
def install(system: bool, only_print: bool, no_start: bool, config: Path | None) -> None:
    """Write the unit and start it now and at every login.

    Example: mailsync service install
    """
    from mailsync.config import default_path, load

    path, text = _wanted(system, config)
    if only_print:
        say(text.rstrip("\n"))
        return
    if not system:
        load(config or default_path())  # a mistake in the config is better known before the service fails on it
    _write(path, text)
    say(f"wrote {path}")
    for command in () if no_start else _starting(path, system):
        _run(command)
    if not no_start:
        say("mailsync is running; 'mailsync status' tells how it fares", bold=True)
        if sys.platform != "darwin" and not system:
            say("To let it run while you are logged out: loginctl enable-linger", dim=True)


@service.command()
@click.option("--system", is_flag=True, help="The machine's service instead of yours.")
def uninstall(system: bool) -> None:
    """Stop the service and remove its file; log, archive and config stay.

    Example: mailsync service uninstall
    """
    path, _ = _wanted(system, None)
    if not path.exists():
        raise UsageError(f"there is no service at {path}", "'mailsync service install' writes one.")
    for command in _stopping(path, system):
        _run(command, must=False)
    try:
        path.unlink()
    except OSError as error:
        raise UsageError(f"{path} cannot be removed: {error.strerror}", "With --system, run it as root.") from error
    say(f"removed {path}; log, archive and config are untouched")


@service.command("status")
@click.option("--system", is_flag=True, help="The machine's service instead of yours.")
def service_status(system: bool) -> int:
    """Say what the system knows of the service; 'mailsync status' tells of accounts and mail.

    Example: mailsync service status
    """
    path, _ = _wanted(system, None)
    if not path.exists():
        complain("the service is not installed", "'mailsync service install' does it.")
        return 1
    asking = (
        ["launchctl", "print", f"gui/{os.getuid()}/mailsync"] if _mac() else [*_systemctl(system), "status", "mailsync"]
    )
    return 0 if _run(asking, must=False, shown=True) else 1


def _wanted(system: bool, config: Path | None) -> tuple[Path, str]:
    """Return where the service's file lies on this system, and its text."""
    from mailsync.units import launchd_plist, system_unit, user_unit

    program = [sys.executable, "-m", "mailsync", "run"]
    named = ["--config", str(config.absolute())] if config else []
    home = Path.home()
    if _mac():
        if system:
            raise UsageError("--system is for systemd", "On macOS the service belongs to a user.")
        log = home / "Library/Logs/mailsync.log"
        return home / "Library/LaunchAgents/mailsync.plist", launchd_plist([*program, *named], log).decode()
    if system:
        return SYSTEM_UNIT, system_unit(program)
    base = Path(os.environ.get("XDG_CONFIG_HOME") or home / ".config")
    return base / "systemd/user/mailsync.service", user_unit([*program, *named])


def _mac() -> bool:
    return sys.platform == "darwin"


def _systemctl(system: bool) -> list[str]:
    return ["systemctl"] if system else ["systemctl", "--user"]


def _starting(path: Path, system: bool) -> list[list[str]]:
    if _mac():
        return [["launchctl", "bootstrap", f"gui/{os.getuid()}", str(path)]]
    return [[*_systemctl(system), "daemon-reload"], [*_systemctl(system), "enable", "--now", "mailsync.service"]]


def _stopping(path: Path, system: bool) -> list[list[str]]:
    if _mac():
        return [["launchctl", "bootout", f"gui/{os.getuid()}", str(path)]]
    return [[*_systemctl(system), "disable", "--now", "mailsync.service"]]


def _write(path: Path, text: str) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise UsageError(f"{path} cannot be written: {error.strerror}", "With --system, run it as root.") from error


def _run(command: list[str], *, must: bool = True, shown: bool = False) -> bool:
    """Run a command of the system; say whether it succeeded. Raises UsageError if it `must` and does not."""
    if shutil.which(command[0]) is None:
        reason = f"{command[0]} is not there"
    else:
        done = subprocess.run(command, capture_output=not shown, text=True, timeout=120, check=False)
        if done.returncode == 0:
            return True
        said = (done.stderr or "").strip().splitlines()
        reason = said[-1] if said else f"exit code {done.returncode}"
    if must:
        raise UsageError(
            f"'{' '.join(command)}' failed: {reason}",
            "The file is written; start 'mailsync run' yourself, or by the service manager you have.",
        )
    return False
