"""The agreement history on the terminal: extract, search, show, log."""

import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import UTC, date, datetime, tzinfo
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from mailsync.cli.options import Day, as_of_option, config_option, json_option
from mailsync.cli.output import put_json, safe, say, short, table, when, wrapped
from mailsync.model.draft import Draft
from mailsync.model.entry import Entry, State, Step, state_on
from mailsync.model.entry import as_json as entry_json
from mailsync.model.errors import NotFoundError, UsageError
from mailsync.model.mail import RawMessage
from mailsync.model.ports import Hit, Ledger, ThreadInfo

if TYPE_CHECKING:
    from mailsync.app import App
    from mailsync.model.thread import ThreadReading

COLOURS = {
    State.AGREED: "green",
    State.CONFIRMED: "green",
    State.DONE: "green",
    State.REJECTED: "red",
    State.DISPUTED: "red",
    State.OVERDUE: "red",
    State.REPLACED: "bright_black",
}


@click.command()
@click.argument("path", type=click.Path(path_type=Path))
@click.option("--me", required=True, metavar="ADDR[,ADDR]", help="Your own addresses: the side called 'us'.")
@click.option("--as-of", type=Day(), help="The day on which states are judged; without it the last message's.")
@click.option("--passages", is_flag=True, help="Print every message's passages with their roles instead.")
@json_option
def extract(path: Path, me: str, as_of: date | None, passages: bool, as_json: bool) -> None:
    """Read an mbox, an .eml file or a folder of mail and print the entries; nothing is stored.

    Example: mailsync extract old.mbox --me robin@halecraft.example --json
    """
    from mailsync.app import read_files

    own = tuple(address.strip().lower() for address in me.split(",") if address.strip())
    if not all("@" in address for address in own):
        raise UsageError("--me wants your e-mail addresses, separated by commas", "Example: --me you@example.com")
    readings = read_files(path, own)
    if passages:
        _put_passages(readings, as_json=as_json)
        return
    entries = [entry for reading in readings for entry in reading.entries]
    last = max((m.message.sent_at for r in readings for m in r.messages), default=datetime.now(UTC))
    day = as_of or last.date()
    if as_json:
        put_json([entry_json(entry, day) for entry in entries])
    else:
        for entry in entries:
            _say_entry(entry, day, UTC)


def _put_passages(readings: "Sequence[ThreadReading]", *, as_json: bool) -> None:
    """Print the text of every message cut into its passages."""
    rows = [
        {
            "message_id": f"<{read.message.message_id}>",
            "role": passage.role.value,
            "start": passage.span.start,
            "end": passage.span.end,
            "text": read.message.text[passage.span.start : passage.span.end],
        }
        for reading in readings
        for read in reading.messages
        for passage in read.passages
    ]
    if as_json:
        put_json(rows)
        return
    for row in rows:
        say(f"{row['message_id']} {row['role']}", bold=True)
        say(str(row["text"]).rstrip("\n"))


@click.command()
@click.argument("query", nargs=-1)
@as_of_option
@click.option("--limit", default=20, show_default=True, type=click.IntRange(1, 1000), help="How many results.")
@click.option("--newest", is_flag=True, help="Newest first instead of best first.")
@config_option
@json_option
def search(query: tuple[str, ...], as_of: date | None, limit: int, newest: bool, config: Path, as_json: bool) -> None:
    """Search entries and mail: words, "phrases", -word, OR, and filters.

    Filters: client: kind: state: who: owner: topic: from: to: before: after: due: has:attachment amount:>1000

    Example: mailsync search 'client:harbor deadline state:replaced'
    """
    from mailsync.app import open_app

    with open_app(config, read_only=True) as app:
        hits = app.ledger.search(" ".join(query), as_of=as_of, limit=limit, newest=newest)
        if as_json:
            put_json([hit_json(hit, as_of or app.today()) for hit in hits])
            return
        if not hits:
            say("Nothing found. Fewer words, or 'mailsync log' for the newest entries.")
        for hit in hits:
            _say_hit(app, hit)


def hit_json(hit: Hit, day: date) -> dict[str, Any]:
    """Return a search result in its documented JSON shape: an entry's fields, or a message's, with the excerpt."""
    found = entry_json(hit.entry, day) if hit.entry else {"id": None, "kind": "message"}
    return found | {
        "digest": hit.digest,
        "message_id": f"<{hit.message_id}>",
        "thread": hit.thread,
        "client": hit.client,
        "date": hit.date.isoformat(),
        "state": hit.state or None,
        "subject": hit.subject,
        "sender": hit.sender,
        "excerpt": hit.excerpt,
        "marks": [list(mark) for mark in hit.marks],
        "chain": list(hit.chain),
    }


def _say_hit(app: "App", hit: Hit) -> None:
    """Print one result: what and when in one line, the words with the found ones in bold, the way to the message."""
    finding = hit.entry.finding if hit.entry else None
    what = finding.kind.value if finding else "message"
    head = f"{when(hit.date, app.zone)}  {hit.client}  {what}"
    click.echo(click.style(safe(head), bold=True), nl=False)
    click.echo(click.style(f"  {hit.state}", fg=COLOURS.get(State(hit.state)) if hit.state else None))
    click.echo("  " + marked(hit.excerpt, hit.marks))
    if hit.entry and hit.chain:
        terms = [*(app.ledger.entry(old).finding.terms for old in hit.chain), hit.entry.finding.terms]
        for name in ("due", "amount"):
            values = list(dict.fromkeys(v for v in (getattr(t, name) for t in terms) if v))
            if len(values) > 1:
                say(f"  {name}: {' -> '.join(values)}")
    way = hit.entry.id if hit.entry else hit.digest[:12]
    say(f"  {hit.sender}: {short(hit.subject, 70)}  [show {way}]", dim=True)


def marked(text: str, marks: tuple[tuple[int, int], ...]) -> str:
    """Return `text` with the marked spans in bold."""
    out, at = [], 0
    for start, end in marks:
        out += [safe(text[at:start]), click.style(safe(text[start:end]), bold=True)]
        at = end
    return "".join([*out, safe(text[at:])]).replace("\n", " ")


@click.command()
@click.argument("identity", metavar="ID")
@click.option("--text", is_flag=True, help="Only the message's text, in which entries' start and end count.")
@click.option("--raw", is_flag=True, help="Only the message's kept bytes.")
@as_of_option
@config_option
@json_option
def show(identity: str, text: bool, raw: bool, as_of: date | None, config: Path, as_json: bool) -> None:
    """Show an entry with its words and history, a message by its digest, a thread, or a draft.

    Example: mailsync show 3f9ac21b07
    """
    from mailsync.app import open_app

    with open_app(config, read_only=True) as app:
        found = find(app.ledger, identity)
        if text or raw:
            _put_message(app.ledger, found, raw=raw)
        elif isinstance(found, Entry):
            _show_entry(app, found, as_of or app.today(), as_json=as_json)
        elif isinstance(found, ThreadInfo):
            _show_thread(app, found, as_of or app.today(), as_json=as_json)
        elif isinstance(found, Draft):
            from mailsync.cli.drafts import show_draft

            show_draft(app, found, as_json=as_json)
        else:
            click.echo(safe(app.ledger.raw(found).data.decode("utf-8", "replace")))


def find(ledger: Ledger, identity: str) -> Entry | ThreadInfo | Draft | str:
    """Return what `identity` names: an entry, a thread, a draft, or the digest of a kept message."""
    looks: tuple[Callable[[str], Entry | ThreadInfo | Draft | RawMessage], ...] = (
        ledger.entry,
        ledger.thread,
        ledger.draft,
        ledger.raw,
    )
    for look in looks:
        with suppress(NotFoundError):
            found = look(identity)
            return found.digest if isinstance(found, RawMessage) else found
    raise NotFoundError(
        f"there is no entry, thread, draft or message {identity!r}",
        "'mailsync log' and 'mailsync search' give ids.",
    )


def _put_message(ledger: Ledger, found: Entry | ThreadInfo | Draft | str, *, raw: bool) -> None:
    """Print the text or the bytes of the message that an entry stands on, or of the message itself."""
    if isinstance(found, ThreadInfo | Draft):
        raise UsageError("--text and --raw want a message or an entry, not a thread or a draft")
    digest = found.finding.evidence.digest if isinstance(found, Entry) else found
    kept = ledger.raw(digest)
    if raw:
        sys.stdout.buffer.write(kept.data)
        return
    from mailsync.reading.parse import parse

    click.echo(parse(kept).text, nl=False)


def _show_entry(app: "App", entry: Entry, day: date, *, as_json: bool) -> None:
    """Print an entry with its terms, its life, and the message around its words."""
    if as_json:
        put_json(entry_json(entry, day) | {"steps": [_step_json(step) for step in entry.steps]})
        return
    _say_entry(entry, day, app.zone)
    for step in entry.steps:
        by = f" by {step.by}" if step.by else ""
        say(f"    {when(step.at, app.zone)}  {step.state.value}{by}", dim=True)
    for more in entry.also:
        say(f"    said again: “{more.quote}”  [{more.digest[:12]}]", dim=True)
    say(f"  found by {entry.finding.because} ({entry.finding.confidence:.2f}, {entry.finding.tier.value})", dim=True)
    say(f"  thread {entry.thread}, message {entry.finding.evidence.digest[:12]}", dim=True)


def _step_json(step: Step) -> dict[str, Any]:
    return {"at": step.at.isoformat(), "state": step.state.value, "by": step.by or None}


def _say_entry(entry: Entry, day: date, zone: tzinfo) -> None:
    """Print one entry: kind, state, terms in one line, the exact words below."""
    finding, terms = entry.finding, entry.finding.terms
    state = state_on(entry, day)
    facts = [
        f"due {terms.due}" if terms.due else "",
        terms.amount or "",
        "conditional" if terms.conditional else "",
        f"vague: {', '.join(terms.vague)}" if terms.vague else "",
        f"weak: {entry.weak}" if entry.weak else "",
        f"answers {entry.answers}" if entry.answers else "",
        f"replaces {entry.replaces}" if entry.replaces else "",
    ]
    head = f"{entry.id}  {when(finding.date, zone)}  {entry.client}  {finding.kind.value}"
    click.echo(click.style(safe(head), bold=True), nl=False)
    click.echo(click.style(f"  {state.value}" if state else "", fg=COLOURS.get(state) if state else None))
    say(wrapped(f"“{finding.evidence.quote}”", 2))
    owner = f", owner {finding.owner}" if finding.owner and finding.owner != finding.who else ""
    say("  " + "; ".join([f"{finding.who}{owner}", *filter(None, facts)]), dim=True)


def _show_thread(app: "App", info: ThreadInfo, day: date, *, as_json: bool) -> None:
    """Print a thread: its messages in order, each with the entries found in it."""
    entries = app.ledger.entries(thread=info.id)
    if as_json:
        put_json({"thread": info.id, "subject": info.subject, "entries": [entry_json(e, day) for e in entries]})
        return
    say(f"{info.subject}  ({info.client}, {info.messages} messages)", bold=True)
    for read in app.ledger.read_messages(info.id):
        message = read.message
        sender = message.sender.email if message.sender else "?"
        why = f"  (not read: {read.unread})" if read.unread else ""
        say(f"\n{when(message.sent_at, app.zone)}  {sender}  {message.digest[:12]}{why}", bold=True)
        for entry in entries:
            if entry.finding.evidence.digest == message.digest:
                _say_entry(entry, day, app.zone)


@click.command()
@click.option("--client", default="", help="Only this client's entries (its key).")
@click.option("--since", type=Day(), help="Only entries of messages from this day on.")
@click.option("--limit", default=30, show_default=True, type=click.IntRange(1, 100000), help="How many entries.")
@click.option("--as-of", type=Day(), help="States as they stood at the end of that day.")
@config_option
@json_option
def log(client: str, since: date | None, limit: int, as_of: date | None, config: Path, as_json: bool) -> None:
    """List the newest entries, the oldest of them first.

    Example: mailsync log --client harbor --since 2026-03-01
    """
    from mailsync.app import open_app

    with open_app(config, read_only=True) as app:
        app.known_client(client)
        begin = datetime.combine(since, datetime.min.time(), app.zone) if since else None
        until = datetime.combine(as_of, datetime.max.time(), app.zone) if as_of else None
        entries = app.ledger.entries(client=client, since=begin, until=until, limit=limit)
        day = as_of or app.today()
        if as_json:
            put_json([entry_json(entry, day) for entry in entries])
            return
        rows = [
            (
                entry.id,
                when(entry.finding.date, app.zone),
                entry.client,
                entry.finding.kind.value,
                state_on(entry, day) or "",
                entry.finding.terms.due or "",
                entry.finding.evidence.quote,
            )
            for entry in entries
        ]
        table(rows, ("id", "date", "client", "kind", "state", "due", "words"))
        if not rows:
            say("The log is empty. 'mailsync poll' takes in mail; 'mailsync status' says how far it is.")
