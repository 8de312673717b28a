"""The first run: `mailsync init` asks for an address, finds the servers, tries the login and writes the config."""

import os
from pathlib import Path
from typing import TYPE_CHECKING

import click

from mailsync.cli.options import config_option
from mailsync.cli.output import complain, say, table
from mailsync.model.errors import LoginRefusedError, MailsyncError, ServerError, UsageError

if TYPE_CHECKING:
    from mailsync.model.ports import Folder
    from mailsync.setup import Proposal
    from mailsync.transport.discovery import Provider
    from mailsync.transport.imap import ImapSource

#: Newest messages looked at in a folder for proposing clients; only their From, To and Cc.
LOOKED_AT = 400
SHOWN = 12


@click.command()
@click.option("--address", help="Your mail address.")
@click.option("--name", help="Your name as letters sign it.")
@click.option("--host", help="The IMAP server, if it is not to be looked for; HOST or HOST:PORT.")
@click.option("--security", type=click.Choice(["tls", "starttls", "none"]), default="tls", help="For --host.")
@click.option("--username", help="The login name; the address if not given.")
@click.option("--fingerprint", default="", help="SHA-256 of the one certificate to trust (Proton Bridge).")
@click.option("--password-env", metavar="NAME", help="Take the password from this environment variable, also later.")
@click.option("--password-file", type=click.Path(path_type=Path), help="Take the password from this file, also later.")
@click.option("--password-command", metavar="COMMAND", help="Take the password from this program, also later.")
@click.option("--client", "clients", multiple=True, metavar="DOMAIN", help="A client; may be given again.")
@click.option("--data-dir", default="", help="Where log and archive are to lie; the usual data folder if not given.")
@click.option("--yes", is_flag=True, help="Ask nothing: take what was given and found.")
@click.option("--force", is_flag=True, help="Write over a config that is there; the old one stays beside it.")
@config_option
def init(
    address: str | None,
    name: str | None,
    host: str | None,
    security: str,
    username: str | None,
    fingerprint: str,
    password_env: str | None,
    password_file: Path | None,
    password_command: str | None,
    clients: tuple[str, ...],
    data_dir: str,
    yes: bool,
    force: bool,
    config: Path | None,
) -> None:
    """Find your mail servers, try the login, propose clients, and write a config; never a password into it.

    Example: mailsync init --address robin@halecraft.example
    """
    from mailsync.config import default_path
    from mailsync.setup import Answers, local_zone

    path = config or default_path()
    if path.exists() and not force:
        raise UsageError(f"there is a config at {path} already", "Edit it, or write it anew with --force.")
    address = (address or _ask("Your mail address", yes)).strip().lower()
    if address.count("@") != 1 or not address.rpartition("@")[2]:
        raise UsageError(f"{address!r} is no mail address", "Write it like robin@halecraft.example.")
    provider = _servers(address, host, security, yes)
    login = username or _login_name(address, provider)
    secret, value, place = _secret(path, address, provider, password_env, password_file, password_command, yes)
    proposals: list[Proposal] = []
    if value:
        proposals = _try(address, login, provider, value, fingerprint)
    if place:  # only now that the login has worked
        _private(place, value + "\n")
        say(f"the password is kept in {place}, which only you can read", dim=True)
    chosen = _choose(proposals, clients, yes)
    answers = Answers(
        name=name or _guess_name(address, yes),
        address=address,
        zone=local_zone(),
        provider=provider,
        username=login,
        secret=secret,
        clients=tuple(chosen),
        others=tuple(p for p in proposals[:SHOWN] if p not in chosen),
        fingerprint=fingerprint,
        data_dir=data_dir,
    )
    _write(path, answers)
    say(f"wrote {path}", bold=True)
    if not value:
        say("Next: fill in [accounts.oauth] there (docs/providers.md), then: mailsync login")
    elif not chosen:
        say("Next: name your clients there; nobody else's mail is ever kept. Then: mailsync doctor")
    else:
        say("Next: mailsync doctor, then mailsync poll")


def _ask(question: str, yes: bool, default: str | None = None) -> str:
    if yes:
        if default is None:
            raise UsageError(f"{question} is not given", "See 'mailsync init --help', or leave out --yes.")
        return default
    return str(click.prompt(question, default=default, err=True))


def _guess_name(address: str, yes: bool) -> str:
    words = address.partition("@")[0].replace(".", " ").replace("_", " ").title()
    return _ask("Your name, as letters sign it", yes, words)


def _login_name(address: str, provider: "Provider") -> str:
    return address.partition("@")[0] if provider.username == "local" else address


def _servers(address: str, host: str | None, security: str, yes: bool) -> "Provider":
    """Return the servers that were named, found, or asked for."""
    from mailsync.transport.discovery import Provider, Server, discover
    from mailsync.transport.net import Security

    found = None
    if not host:
        say(f"looking for the servers of {address.rpartition('@')[2]} ...", dim=True)
        found = discover(address)
        if found is None:
            complain("no mail server could be found for this address", "Your provider names it in its help on IMAP.")
            host = _ask("IMAP server", yes)
    if found is None:
        assert host
        name, _, port = host.partition(":")
        usual = 993 if security == "tls" else 143
        if port and not port.isdigit():
            raise UsageError(f"{host!r} names no port", "Write it like imap.halecraft.example:993.")
        server = Server(host=name, port=int(port or usual), security=Security(security))
        return Provider(name=name, imap=server, how="as you named it")
    imap, smtp = found.imap, found.smtp
    say(f"{found.name} ({found.how})", bold=True)
    say(f"IMAP {imap.host}:{imap.port} {imap.security}" + (f", SMTP {smtp.host}:{smtp.port}" if smtp else ""))
    if found.advice:
        say(found.advice)
    return found


def _secret(
    path: Path,
    address: str,
    provider: "Provider",
    env: str | None,
    file: Path | None,
    command: str | None,
    yes: bool,
) -> tuple[str, str, Path | None]:
    """Return the config's line that says where the password lies, the password, and the file it is yet to be put in."""
    import json

    from mailsync.config import Login
    from mailsync.secrets import secret
    from mailsync.transport.net import Auth

    context = {"folder": Path.cwd()}
    for key, given in (("password_env", env), ("password_file", file), ("password_command", command)):
        if given:
            written = str(Path(given).expanduser().absolute()) if key == "password_file" else str(given)
            login = Login.model_validate({key: written}, context=context)
            return f"{key} = {json.dumps(written, ensure_ascii=False)}", secret(login), None
    if provider.login is not Auth.PASSWORD:
        return f'oauth = {{provider = "{provider.oauth}"}}', "", None
    if yes:
        raise UsageError(
            "no way to the password is given", "Give --password-env, --password-file or --password-command."
        )
    value = str(click.prompt("Password (for IMAP; it is not shown)", hide_input=True, err=True))
    place = path.parent / f"password-{address}"
    return f"password_file = {json.dumps(str(place), ensure_ascii=False)}", value, place


def _private(path: Path, text: str) -> None:
    """Write a file that only its owner may read. Raises UsageError."""
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        path.unlink(missing_ok=True)
        with os.fdopen(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "w", encoding="utf-8") as file:
            file.write(text)
    except OSError as error:
        raise UsageError(f"{path} cannot be written: {error.strerror}", "Name another place with --config.") from error


def _try(address: str, username: str, provider: "Provider", value: str, fingerprint: str) -> "list[Proposal]":
    """Log in, show the folders with their roles, and return who may be a client."""
    from mailsync.logs import hide
    from mailsync.setup import propose
    from mailsync.transport.connection import ImapSettings
    from mailsync.transport.imap import ImapSource

    server = provider.imap
    settings = ImapSettings(
        account=address,
        host=server.host,
        port=server.port,
        security=server.security,
        username=username,
        fingerprint=fingerprint,
    )
    source = ImapSource(settings, lambda: hide(value))
    try:
        folders = source.all_folders()
        say("login works; your folders:", bold=True)
        table([(folder.name, folder.role.value if folder.role.value != "other" else "") for folder in folders])
        return propose(*_correspondents(source, folders, address), own=(address,))
    except LoginRefusedError as error:
        raise LoginRefusedError(str(error), provider.advice or error.hint) from None
    except ServerError as error:
        raise ServerError(str(error), error.hint or "Name the server with --host.") from None
    finally:
        source.close()


def _correspondents(source: "ImapSource", folders: "tuple[Folder, ...]", address: str) -> tuple[list[str], list[str]]:
    """Return to whom the newest sent mail went and from whom the newest received mail came."""
    from mailsync.model.mail import FolderRole

    to: list[str] = []
    since: list[str] = []
    for folder in folders:
        if folder.role not in (FolderRole.SENT, FolderRole.INBOX):
            continue
        source.examine(folder)
        for envelope in source.envelopes(source.uids()[-LOOKED_AT:]):
            if folder.role is FolderRole.SENT:
                to += [a for a in envelope.addresses if a != address]
            else:
                since += envelope.addresses[:1]
    return to, since


def _choose(proposals: "list[Proposal]", named: tuple[str, ...], yes: bool) -> "list[Proposal]":
    """Return the clients that were named, and those chosen from the list."""
    from mailsync.setup import Proposal

    by_claim = {proposal.claim: proposal for proposal in proposals}
    given = [by_claim.get(n.lower(), Proposal(claim=n.lower(), to_them=0, from_them=0)) for n in named]
    shown = proposals[:SHOWN]
    if given or not shown or yes:
        return given
    say("you write with these; which are clients?", bold=True)
    rows = [(str(n), p.claim, f"{p.to_them} to them, {p.from_them} from them") for n, p in enumerate(shown, 1)]
    table(rows)
    answer = _ask("Numbers, such as 1 3 4 (none: you write them into the config)", yes, "none")
    wanted = {int(word) for word in answer.replace(",", " ").split() if word.isdigit()}
    return [proposal for number, proposal in enumerate(shown, 1) if number in wanted]


def _write(path: Path, answers: object) -> None:
    """Write the config after proving that it loads; one that was there stays beside it."""
    from mailsync.config import parse
    from mailsync.setup import Answers, config_text

    assert isinstance(answers, Answers)
    text = config_text(answers)
    try:
        parse(text, path)
    except MailsyncError as error:
        raise UsageError(f"what was given makes no good config: {error}", "Correct it and run init again.") from error
    if path.exists():
        path.replace(path.with_suffix(".toml.old"))
    _private(path, text)


@click.command()
@click.argument("account", default="")
@click.option("--no-browser", is_flag=True, help="Show an address and a code to be opened on any machine.")
@click.option("--forget", is_flag=True, help="Delete the tokens kept here instead.")
@config_option
def login(account: str, no_browser: bool, forget: bool, config: Path | None) -> None:
    """Log an account in by OAuth, once; the tokens are kept in a file that only you can read.

    Example: mailsync login work --no-browser
    """
    from mailsync.app import open_app
    from mailsync.transport import oauth

    with open_app(config) as app:
        wanted = app.accounts((account,)) if account else [a for a in app.config.accounts if a.oauth]
        if not wanted:
            raise UsageError("no account of the config logs in by OAuth", "docs/providers.md shows how.")
        for one in wanted:
            settings = app.oauth(one)
            if forget:
                say(f"{one.key}: " + ("tokens deleted" if oauth.forget(settings) else "there were no tokens"))
                continue
            oauth.login(settings, say, browser=not no_browser)
            say(f"{one.key} is logged in; mailsync doctor tries it", bold=True)
