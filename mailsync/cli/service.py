"""The worker and its health on the terminal: poll, run, import, doctor, status, verify."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from mailsync.cli.options import config_option, json_option
from mailsync.cli.output import complain, put_json, say
from mailsync.model.errors import LoginRefusedError, MailsyncError

if TYPE_CHECKING:
    from mailsync.app import App
    from mailsync.pipeline import Turn

IN_PART = 3


@click.command()
@click.option("--account", "accounts", multiple=True, help="Only this account; may be given again.")
@config_option
@json_option
def poll(accounts: tuple[str, ...], config: Path, as_json: bool) -> int:
    """Do one turn: take in new mail, read it, fill the log, draft recaps.

    Example: mailsync poll --account work
    """
    from mailsync.app import open_app

    with open_app(config) as app:
        turn = app.turn(accounts)
        if as_json:
            put_json({name: getattr(turn, name) for name in turn.__slots__})
        else:
            say_turn(turn)
        return _code(turn)


def say_turn(turn: "Turn") -> None:
    """Print what a turn did in one line, and each trouble in one of its own."""
    say(
        f"{turn.kept} messages kept, {turn.passed_over} not a client's, {turn.unread} not read; "
        f"{turn.threads} threads read, {turn.found} new entries, {turn.drafts} drafts written"
    )
    for trouble in turn.troubles:
        complain(trouble)


def _code(turn: "Turn") -> int:
    """Return the exit code: 12 where every trouble is a refused login, 3 for other troubles, 0 for none."""
    if not turn.troubles:
        return 0
    return LoginRefusedError.exit_code if turn.refused == len(turn.troubles) else IN_PART


@click.command()
@click.option("--log-format", type=click.Choice(["text", "json"]), help="Overrides [log] format.")
@config_option
def run(log_format: str | None, config: Path) -> None:
    """Follow every account, by IDLE and at its interval, until told to stop (SIGTERM, Ctrl-C).

    Example: mailsync run
    """
    from mailsync.app import open_app
    from mailsync.logs import set_up
    from mailsync.service import Service

    with open_app(config) as app:
        set_up(app.config.log.level, log_format or app.config.log.format)
        Service(app).run()


@click.command("import")
@click.argument("paths", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--account", default="", help="The account this mail belonged to; without it the first one.")
@config_option
@json_option
def import_files(paths: tuple[Path, ...], account: str, config: Path, as_json: bool) -> int:
    """Read old mail from mbox, Maildir or .eml files (or folders of them) through the same pipeline.

    Example: mailsync import ~/archive/2024.mbox
    """
    from mailsync.app import open_app

    with open_app(config) as app:
        turn = app.take_files(paths, account)
        if as_json:
            put_json({name: getattr(turn, name) for name in turn.__slots__})
        else:
            say_turn(turn)
        return _code(turn)


@click.command()
@config_option
@json_option
def status(config: Path, as_json: bool) -> int:
    """Answer "is it working?" in a few lines.

    Example: mailsync status
    """
    from mailsync.app import open_app

    with open_app(config, read_only=True) as app:
        health = app.health()
        if as_json:
            put_json(health)
            return 0 if health["ok"] else 1
        say("working" if health["ok"] else "needs a look", bold=True, colour="green" if health["ok"] else "red")
        for account in health["accounts"]:
            say(f"{account['name']}: last poll {account['polled'] or 'never'}{_because(account['trouble'])}")
        say(f"{health['messages']} messages, {health['entries']} entries, {health['drafts']} drafts to review")
        say(f"log head {health['head'][0]} {health['head'][1][:12]}", dim=True)
        for trouble in health["troubles"]:
            say(f"{trouble['at']}  {trouble['stage']} {trouble['subject']}: {trouble['reason']}")
        return 0 if health["ok"] else 1


def _because(trouble: str) -> str:
    return f" ({trouble})" if trouble else ""


@click.command()
@config_option
@json_option
def verify(config: Path, as_json: bool) -> int:
    """Prove the log and the archive whole, or name what is broken.

    Example: mailsync verify
    """
    from mailsync.app import open_app

    with open_app(config, read_only=True) as app:
        flaws = list(app.ledger.verify())
        seq, digest = app.ledger.head()
        if as_json:
            put_json({"whole": not flaws, "head": [seq, digest], "flaws": [[f.place, f.what] for f in flaws]})
        else:
            for flaw in flaws:
                complain(f"{flaw.place}: {flaw.what}")
            if not flaws:
                say(f"whole: {seq} events, head {digest}")
        return 1 if flaws else 0


@click.command()
@click.option("--complete", is_flag=True, help="Only compare every folder on the server with the log.")
@config_option
def doctor(complete: bool, config: Path) -> int:
    """Check config, login, folders, disk, database and completeness; one plain fix for each failure.

    Example: mailsync doctor
    """
    from mailsync.app import open_app

    wrong = 0
    with open_app(config) as app:
        if not complete:
            say(f"config: {app.config.path} is fine")
            wrong += _check_disk(app)
            wrong += _check_ledger(app)
        for account in app.config.accounts:
            try:
                wrong += _check_folders(app, account.key)
            except MailsyncError as error:
                complain(f"{account.key}: {error}", error.hint)
                wrong += 1
    say("all well" if not wrong else f"{wrong} to mend", bold=True, colour="green" if not wrong else "red")
    return 1 if wrong else 0


def _check_disk(app: "App") -> int:
    """Say how much room the data directory has; less than 500 MB is a failure to come."""
    import shutil

    free = shutil.disk_usage(app.config.data_dir).free
    say(f"disk: {free / 1e9:.1f} GB free in {app.config.data_dir}")
    if free < 500e6:
        complain("the disk is nearly full", "Make room, or move the data directory ([data] dir).")
        return 1
    return 0


def _check_ledger(app: "App") -> int:
    """Verify log and archive."""
    flaws = list(app.ledger.verify())
    for flaw in flaws:
        complain(f"{flaw.place}: {flaw.what}", "Restore the last backup beside this one and compare.")
    if not flaws:
        say(f"log and archive: whole, {app.ledger.head()[0]} events")
    return 1 if flaws else 0


def _check_folders(app: "App", account: str) -> int:
    """Compare each folder on the server with the log and name every gap."""
    gaps = 0
    for count, missing in app.completeness(account):
        facts = ", ".join(f"{number} {outcome}" for outcome, number in sorted(count.outcomes.items()))
        total = sum(count.outcomes.values())
        say(f"{account} {count.folder}: log {total} ({facts or 'nothing'})")
        for envelope in missing:
            uid = envelope.location.uid
            complain(f"missing: {count.folder} UID {uid} {envelope.message_id or '(no Message-ID)'}")
        gaps += len(missing)
    if gaps:
        complain(f"{gaps} messages on the server have no outcome yet", "Run 'mailsync poll', then look again.")
    return 1 if gaps else 0
