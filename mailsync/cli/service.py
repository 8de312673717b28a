"""The worker and its health on the terminal: poll, run, import, doctor, status, verify."""

from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING

import click

from mailsync.cli.options import config_option, json_option
from mailsync.cli.output import complain, put_json, say
from mailsync.model.errors import LoginRefusedError, MailsyncError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mailsync.app import App
    from mailsync.config import Account
    from mailsync.model.ports import Folder
    from mailsync.pipeline import Turn
    from mailsync.transport.imap import ImapSource

IN_PART = 3

#: Minutes by which this machine's clock may be behind the server's.
CLOCK_MINUTES = 5


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
@click.option("--web", is_flag=True, help="Also serve the review page, where [web] says.")
@click.option("--listen", default="", metavar="HOST:PORT", help="Show /healthz and /metrics there.")
@config_option
def run(log_format: str | None, web: bool, listen: str, config: Path) -> None:
    """Follow every account, by IDLE and at its interval, until told to stop (SIGTERM, Ctrl-C).

    Example: mailsync run
    """
    from mailsync.app import open_app
    from mailsync.logs import set_up
    from mailsync.service import Service

    with open_app(config) as app, _page(config) if web else nullcontext():
        set_up(app.config.log.level, log_format or app.config.log.format)
        Service(app, listen=listen).run()


@contextmanager
def _page(config: Path) -> Iterator[None]:
    """Serve the review page beside the service, over a ledger of its own."""
    from mailsync.app import open_app
    from mailsync.web.server import serve_in_thread

    with open_app(config) as own, serve_in_thread(own) as server:
        say(f"mailsync is at {server.url}")
        yield


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
@click.option("--heads", type=click.Path(path_type=Path), help="Heads kept elsewhere, as 'mailsync head' printed them.")
@config_option
@json_option
def verify(heads: Path | None, config: Path, as_json: bool) -> int:
    """Prove the log and the archive whole, or name what is broken.

    With --heads also that the history still holds every event whose digest was kept elsewhere: a history that was
    written anew as a whole, or set back to an older copy, shows by nothing else.

    Example: mailsync verify --heads /media/stick/heads.txt
    """
    from mailsync.app import open_app
    from mailsync.cli.record import unkept_heads

    with open_app(config, read_only=True) as app:
        flaws = list(app.ledger.verify())
        flaws += unkept_heads(app.ledger, heads) if heads else []
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
            wrong += _check_place(app)
            wrong += _check_ledger(app)
            wrong += sum(_check_account(app, account) for account in app.config.accounts)
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


#: File systems over a network, where SQLite's locks cannot be relied upon.
_NETWORKED = ("nfs", "cifs", "smb", "afs", "fuse.sshfs", "9p", "ceph", "glusterfs")


def _check_place(app: "App") -> int:
    """Say when the database lies on a network file system: two machines could write at once and damage it."""
    kind = file_system(app.config.data_dir)
    if kind.startswith(_NETWORKED):
        complain(
            f"the data directory lies on a network file system ({kind})",
            "SQLite's locks fail there; name a local folder in [data] dir and keep backups on the network instead.",
        )
        return 1
    return 0


def file_system(path: Path, mounts: Path = Path("/proc/mounts")) -> str:
    """Return the type of the file system that holds `path`, "" where the system does not tell."""
    try:
        rows = [line.split() for line in mounts.read_text(encoding="utf-8", errors="replace").splitlines()]
    except OSError:
        return ""
    where = path.resolve()
    found = [(len(row[1]), row[2]) for row in rows if len(row) > 2 and where.is_relative_to(Path(row[1]))]
    return max(found)[1] if found else ""


def _check_account(app: "App", account: "Account") -> int:
    """Look whether letters have a Drafts and a Sent folder to go to, and whether this machine's clock is right."""
    from mailsync.model.mail import FolderRole

    wrong = 0
    source = app.source(account)
    try:
        folders = source.all_folders()
        names = {folder.name for folder in folders}
        for role, key, named in (
            (FolderRole.DRAFTS, "drafts_folder", account.drafts_folder),
            (FolderRole.SENT, "sent_folder", account.sent_folder),
        ):
            if not named and role not in {folder.role for folder in folders}:
                complain(
                    f"{account.key}: no {role.value} folder can be made out",
                    f"Name it in the account ({key}); there are: {', '.join(sorted(names)[:12])}.",
                )
                wrong += 1
        ahead = _ahead(app, source, folders)
        if ahead > CLOCK_MINUTES:
            complain(
                f"{account.key}: the newest mail is dated {ahead:.0f} minutes after this machine's clock",
                "Set the clock (timedatectl set-ntp true): deadlines and reminders are counted by it.",
            )
            wrong += 1
    except MailsyncError:
        return 0  # what is wrong with the server is said once, where the folders are compared
    finally:
        source.close()
    return wrong


def _ahead(app: "App", source: "ImapSource", folders: "Sequence[Folder]") -> float:
    """Return by how many minutes the server's date of the newest message in the inbox is ahead of our clock."""
    from mailsync.model.mail import FolderRole

    inbox = next((folder for folder in folders if folder.role is FolderRole.INBOX), None)
    if inbox is None:
        return 0.0
    source.examine(inbox)
    newest = source.envelopes(source.uids()[-3:])
    return max(((e.internal_date - app.now()).total_seconds() / 60 for e in newest), default=0.0)


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
