"""The record on the terminal: what was agreed, the dispute folder, the head, copies, exports, erasure."""

import sys
from collections.abc import Iterable
from datetime import date, datetime, time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from mailsync.cli.options import Day, config_option, json_option
from mailsync.cli.output import complain, put_json, say, when, wrapped
from mailsync.model.entry import Entry, Topic
from mailsync.model.entry import as_json as entry_json
from mailsync.model.errors import NotFoundError, UsageError
from mailsync.model.people import Client
from mailsync.model.ports import Flaw, Ledger

if TYPE_CHECKING:
    from mailsync.app import App
    from mailsync.dossier.agreed import Chain, Conflict, Version

_TOPICS = [topic.value for topic in Topic]


@click.command()
@click.argument("client")
@click.option("--about", "topics", multiple=True, type=click.Choice(_TOPICS), help="Only this topic; may be repeated.")
@click.option("--on", "day", type=Day(), help="What was agreed at the end of that day; without it, now.")
@config_option
@json_option
def agreed(client: str, topics: tuple[str, ...], day: date | None, config: Path, as_json: bool) -> None:
    """Say what was agreed on price, dates and scope: every version, who proposed it, who accepted it, and when.

    Example: mailsync agreed corvane --about deadline --on 2026-03-31
    """
    from mailsync.app import open_app
    from mailsync.dossier.agreed import TOPICS, chains, conflicts

    with open_app(config, read_only=True) as app:
        _known(app, client)
        moment = datetime.combine(day, time.max, app.zone) if day else app.now()
        entries = app.ledger.entries(client=client)
        found = chains(entries, moment, [Topic(topic) for topic in topics] or TOPICS)
        opposed = conflicts(entries, moment)
        if as_json:
            put_json(
                {
                    "on": moment.isoformat(timespec="seconds"),
                    "agreements": [_chain_json(chain, moment) for chain in found],
                    "conflicts": [_conflict_json(one, moment) for one in opposed],
                }
            )
            return
        for chain in found:
            _say_chain(app, chain)
        for one in opposed:
            say(f"conflict over {one.topic.value}", bold=True, colour="red")
            for entry in (one.first, one.second):
                say(wrapped(f"{_who(app, entry)}: “{entry.finding.evidence.quote}”  [show {entry.id}]", 2))
        if not found and not opposed:
            say("Nothing on this. 'mailsync log --client' lists all entries.")


def _known(app: "App", key: str) -> Client:
    """Return the client of this key. Raises NotFoundError naming those there are."""
    found = next((one for one in app.circle.clients if one.key == key), None)
    if found is None:
        there = ", ".join(one.key for one in app.circle.clients) or "none"
        raise NotFoundError(f"there is no client {key!r}", f"The config names: {there}.")
    return found


def _chain_json(chain: "Chain", moment: datetime) -> dict[str, Any]:
    return {
        "topic": chain.topic.value,
        "thread": chain.thread,
        "standing": chain.standing if chain.standing >= 0 else None,
        "versions": [_version_json(version, moment) for version in chain.versions],
    }


def _version_json(version: "Version", moment: datetime) -> dict[str, Any]:
    return {
        "value": version.value,
        "state": version.state,
        "proposed_by": version.entry.finding.who,
        "proposed_at": version.entry.finding.date.isoformat(),
        "proposal": entry_json(version.entry, moment),
        "accepted_by": version.accepted_by or None,
        "accepted_at": version.accepted_at.isoformat() if version.accepted_at else None,
        "acceptance": entry_json(version.acceptance, moment) if version.acceptance else None,
        "weak": version.weak or None,
    }


def _conflict_json(one: "Conflict", moment: datetime) -> dict[str, Any]:
    sides = {"first": entry_json(one.first, moment), "second": entry_json(one.second, moment)}
    return {"topic": one.topic.value, **sides}


def _say_chain(app: "App", chain: "Chain") -> None:
    """Print one point: the version that stands in the first line, every version below with both messages."""
    stands = chain.versions[chain.standing].value if chain.standing >= 0 else "nothing agreed"
    say(f"{chain.topic.value}: {stands}", bold=True)
    for number, version in enumerate(chain.versions):
        mark = "*" if number == chain.standing else " "
        quote = version.entry.finding.evidence.quote
        say(wrapped(f"{mark} {version.state}: {_who(app, version.entry)}: “{quote}”  [show {version.entry.id}]", 2))
        if version.acceptance:
            yes = version.acceptance
            say(wrapped(f"accepted: {_who(app, yes)}: “{yes.finding.evidence.quote}”  [show {yes.id}]", 6), dim=True)
        elif version.accepted_at:
            say(f"      accepted: nobody objected by {when(version.accepted_at, app.zone)}", dim=True)
        if version.weak:
            say(f"      does not count in full: {version.weak}", dim=True)


def _who(app: "App", entry: Entry) -> str:
    return f"{entry.finding.who}, {when(entry.finding.date, app.zone)}"


@click.command()
@click.argument("client")
@click.option("--about", default="", metavar="QUERY", help="Only this matter, in the words of a search.")
@click.option("--since", type=Day(), help="Only from this day on.")
@click.option("--until", type=Day(), help="Only up to this day.")
@click.option("--out", required=True, type=click.Path(path_type=Path), help="The folder to make; it must not exist.")
@click.option("--redact", is_flag=True, help="Black out other matters; their digests stay.")
@click.option("--suggestions", is_flag=True, help="Also show what the program only suggests, marked as such.")
@click.option("--to", "addressee", default="", help="Whom the folder is addressed to, for its first page.")
@click.option("--pdf", is_flag=True, help="Also write the chronology as PDF (needs the extra 'pdf').")
@config_option
@json_option
def dispute(
    client: str,
    about: str,
    since: date | None,
    until: date | None,
    out: Path,
    redact: bool,
    suggestions: bool,
    addressee: str,
    pdf: bool,
    config: Path,
    as_json: bool,
) -> None:
    """Write a folder that proves what was agreed: chronology, whole threads, both sides' misses, check sums.

    Example: mailsync dispute corvane --about "gate scanners" --since 2026-01-01 --out corvane-scanners
    """
    from mailsync.app import open_app
    from mailsync.dossier.case import Wish, gather
    from mailsync.dossier.folder import write

    with open_app(config, read_only=True) as app:
        known = _known(app, client)
        wish = Wish(
            client=known,
            about=about,
            since=since,
            until=until,
            redact=redact,
            suggestions=suggestions,
            addressee=addressee,
            servers=tuple((account.key, account.authserv) for account in app.config.accounts if account.authserv),
        )
        case = gather(app.ledger, app.circle, wish, app.now(), app.zone)
        made = write(case, out, app.config.templates_dir, pdf=pdf)
    if as_json:
        facts = {"folder": str(made.path), "files": made.files, "exhibits": len(case.exhibits), "sha256": made.digest}
        put_json(facts | {"entries": len(case.entries), "omitted": [[one.what, one.why] for one in case.omitted]})
        return
    say(f"{made.path}: {len(case.exhibits)} exhibits, {len(case.entries)} entries, {made.files} files")
    say(f"left out, with the reason: {len(case.omitted)} (OMITTED.txt)")
    say(f"SHA-256 of SHA256SUMS: {made.digest}")
    say("Read it before you hand it over; tell the digest to whoever gets it.", dim=True)


@click.command()
@click.option("--out", type=click.Path(path_type=Path), help="Also append the line to this file.")
@config_option
@json_option
def head(out: Path | None, config: Path, as_json: bool) -> None:
    """Print the newest event's number and digest; keep it where you cannot change it.

    Whoever holds a head can prove that nothing before it was changed since.

    Example: mailsync head --out /media/stick/heads.txt
    """
    from mailsync.app import open_app

    with open_app(config, read_only=True) as app:
        seq, digest = app.ledger.head()
        at = app.now()
    if as_json:
        put_json({"seq": seq, "digest": digest or None, "at": at.isoformat(timespec="seconds")})
    else:
        say(f"{seq} {digest}" if seq else "The history is empty.")
    if out is not None and seq:
        with out.open("a", encoding="utf-8") as file:
            file.write(f"{at.isoformat(timespec='seconds')} {seq} {digest}\n")


@click.command()
@click.option(
    "--format", "form", required=True, type=click.Choice(["jsonl", "csv", "mbox", "ical"]), help="What to write."
)
@click.option("--client", default="", help="Only this client (its key).")
@click.option("--out", type=click.Path(path_type=Path, dir_okay=False), help="The file to write; without it, stdout.")
@config_option
def export(form: str, client: str, out: Path | None, config: Path) -> None:
    """Write entries (jsonl, csv), kept mail (mbox) or due dates (ical) in an open format.

    Example: mailsync export --format csv --client corvane --out corvane.csv
    """
    from mailsync.app import open_app

    with open_app(config, read_only=True) as app:
        app.known_client(client)
        if out is None:
            for piece in _pieces(app, form, client):
                sys.stdout.buffer.write(piece)
            return
        if out.exists():
            raise UsageError(f"{out} is there already.", "Name a new file; nothing is written over.")
        part = out.with_name(f".{out.name}.part")
        try:
            with part.open("wb") as file:
                file.writelines(_pieces(app, form, client))
            part.replace(out)
        except OSError as error:
            raise UsageError(f"{out} cannot be written ({error.strerror}).") from error
        finally:
            part.unlink(missing_ok=True)


def unkept_heads(ledger: Ledger, path: Path) -> list[Flaw]:
    """Return the heads in a file (one on a line: number and digest at its end) that the history no longer holds."""
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{path} cannot be read ({error}).") from error
    found = []
    for words in (line.split() for line in lines if line.strip()):
        seq = int(words[-2]) if len(words) > 1 and words[-2].isdecimal() else 0
        if not seq:
            raise UsageError(
                f"{path} holds a line that is no head: {' '.join(words)[:80]}", "Only 'mailsync head' lines."
            )
        there = ledger.events(after=seq - 1, limit=1)
        if not there or (there[0].seq, there[0].digest) != (seq, words[-1]):
            found.append(Flaw(place=f"event {seq}", what="is not the one whose digest was kept elsewhere"))
    return found


def _pieces(app: "App", form: str, client: str) -> Iterable[bytes]:
    from mailsync.dossier.export import calendar, csv_table, json_lines, mbox

    if form == "mbox":
        return mbox(app.ledger, client)
    entries = app.ledger.entries(client=client)
    if form == "jsonl":
        return json_lines(entries, app.today())
    return [csv_table(entries, app.today()) if form == "csv" else calendar(entries, app.now(), app.zone)]


@click.command()
@click.argument("out", type=click.Path(path_type=Path, dir_okay=False))
@config_option
@json_option
def backup(out: Path, config: Path, as_json: bool) -> None:
    """Copy the ledger to one file while it is in use, and prove the copy whole.

    Example: mailsync backup /media/stick/mailsync-2026-03.db
    """
    from mailsync.app import DATABASE, open_app
    from mailsync.ledger import copies

    with open_app(config, read_only=True) as app:
        seq, digest = copies.backup(app.config.data_dir / DATABASE, out)
    if as_json:
        put_json({"file": str(out), "whole": True, "head": [seq, digest]})
    else:
        say(f"{out}: whole, {seq} events, head {digest}")


@click.command()
@click.argument("copy", type=click.Path(path_type=Path, dir_okay=False))
@config_option
@json_option
def restore(copy: Path, config: Path, as_json: bool) -> None:
    """Put a backup in the place of the ledger, after proving it whole; the old one is kept beside it.

    Example: mailsync restore /media/stick/mailsync-2026-03.db
    """
    import os

    from mailsync.app import DATABASE
    from mailsync.config import load
    from mailsync.ledger import copies
    from mailsync.transport.lock import one_worker

    os.umask(0o077)
    data_dir = load(config).data_dir
    with one_worker(data_dir):
        seq, digest, aside = copies.restore(copy, data_dir / DATABASE)
    if as_json:
        put_json({"head": [seq, digest], "before": str(aside) if aside else None})
        return
    say(f"restored: whole, {seq} events, head {digest}")
    if aside:
        say(f"The ledger that was there before is kept as {aside}.")
    say("The next 'mailsync poll' takes in what came since.", dim=True)


@click.command()
@click.argument("client")
@click.option("--before", type=Day(), help="Only mail sent before this day (keeping only what is younger).")
@click.option("--yes", is_flag=True, help="Do not ask.")
@config_option
@json_option
def forget(client: str, before: date | None, yes: bool, config: Path, as_json: bool) -> int:
    """Erase what is kept of a client: mail, entries, letters. Digests and the proof of erasure stay.

    Take the client out of the config first, or the server's mail comes in again at the next poll when it is new.

    Example: mailsync forget corvane --before 2024-01-01
    """
    from mailsync.app import open_app

    with open_app(config) as app, app.alone(0):
        known = {info.client for info in app.ledger.threads()} | {one.key for one in app.circle.clients}
        if client not in known:
            raise NotFoundError(
                f"nothing is kept of a client {client!r}", f"There is mail of: {', '.join(sorted(known))}."
            )
        if not yes:
            which = f"sent before {before.isoformat()}" if before else "whatever its age"
            click.confirm(f"Erase all mail with {client}, {which}? It cannot be brought back.", abort=True, err=True)
        moment = datetime.combine(before, time(), app.zone) if before else None
        done = app.ledger.forget(client, app.now(), moment)
        flaws = list(app.ledger.verify())
        older = [str(path) for path in sorted(app.config.data_dir.glob("*.before-restore-*"))]
    if as_json:
        facts = {name: getattr(done, name) for name in done.__slots__}
        put_json(facts | {"whole": not flaws, "still_in": older})
        return 0 if done.settled and not flaws else 1
    say(f"erased: {done.messages} messages, {done.entries} entries, {done.letters} letters of {client}")
    if done.seq:
        say(f"proof: event {done.seq}, digest {done.digest}")
    for name in done.copies:
        say(f"deleted the old copy {name}")
    for path in older:
        complain(f"{path}, put aside by a restore, still holds it", "Delete it when you are sure of the restored one.")
    say("verify: whole" if not flaws else f"verify: {len(flaws)} broken places, see 'mailsync verify'")
    say("Backups, dispute folders and exports elsewhere still hold it: they are yours to delete.", dim=True)
    if not done.settled:
        complain(
            "another program is reading the ledger, so old pages may still be in its file",
            "Close it, and say this again.",
        )
    return 0 if done.settled and not flaws else 1
