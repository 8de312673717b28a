"""`mailsync reread`: after better rules, show what they would change, and keep it if the person agrees."""

import sys
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

import click

from mailsync.cli.options import config_option, json_option
from mailsync.cli.output import put_json, say, short

if TYPE_CHECKING:
    from mailsync.rereading import Difference

#: Differences shown in full on a terminal; the rest are counted.
SHOWN = 40


@click.command()
@click.option("--client", default="", help="Only this client's threads.")
@click.option("--keep", is_flag=True, help="Keep the differences without asking.")
@config_option
@json_option
def reread(client: str, keep: bool, config: Path, as_json: bool) -> int:
    """Read all kept mail anew and show what would change; what you corrected by hand stays. Exit code 1: differences.

    Example: mailsync reread --client corvane
    """
    from mailsync import rereading
    from mailsync.app import open_app

    with open_app(config) as app:
        app.known_client(client)
        desk = app.desk()
        threads = [info.id for info in reversed(app.ledger.threads(client=client))]
        found: list[Difference] = []
        with click.progressbar(
            rereading.reread(desk, threads, app.today()), len(threads), "reading", file=sys.stderr, hidden=as_json
        ) as bar:
            for differing in bar:
                found += differing
        if as_json:
            put_json([_json(one) for one in found])
        else:
            _say(found)
        if not found:
            return 0
        if not keep and (as_json or not sys.stdin.isatty() or not click.confirm("Keep these?", err=True)):
            return 1
        changed = list(dict.fromkeys(one.thread for one in found))
        with app.alone(), click.progressbar(length=len(changed), label="keeping", file=sys.stderr) as bar:
            rereading.keep(desk, changed, lambda: bar.update(1))
        return 0


def _say(found: "list[Difference]") -> None:
    for one in found[:SHOWN]:
        entry = one.new or one.old
        assert entry is not None
        mark = "+" if one.old is None else "-" if one.new is None else "~"
        what = f" ({', '.join(one.fields)})" if one.fields else ""
        say(f"{mark} {entry.client} {entry.finding.kind.value}{what}: {short(entry.finding.evidence.quote, 90)}")
    if len(found) > SHOWN:
        say(f"... and {len(found) - SHOWN} more; --json lists all")
    counts = Counter("new" if one.old is None else "gone" if one.new is None else "changed" for one in found)
    say(", ".join(f"{number} {what}" for what, number in counts.items()) or "nothing would change", bold=True)


def _json(one: "Difference") -> dict[str, object]:
    entry = one.new or one.old
    assert entry is not None
    change = "new" if one.old is None else "gone" if one.new is None else "changed"
    return {
        "change": change,
        "id": entry.id,
        "thread": one.thread,
        "client": entry.client,
        "kind": entry.finding.kind.value,
        "fields": list(one.fields),
        "quote": entry.finding.evidence.quote,
    }
