"""Everything in open formats: entries as JSON Lines and CSV, mail as mbox, due dates as a calendar."""

import json
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from datetime import UTC, date, datetime, timedelta, tzinfo
from typing import Any

from icalendar import Calendar, Event

from mailsync.dossier.tables import as_csv
from mailsync.model.entry import Entry, State, as_json, due_day, state_on
from mailsync.model.errors import NotFoundError
from mailsync.model.ports import Ledger

COLUMNS = (
    "id", "date", "client", "side", "kind", "state", "who", "owner", "due", "amount", "topic", "conditional", "vague",
    "weak", "quote", "answers", "replaces", "tier", "confidence", "because", "thread", "message_id",
)  # fmt: skip
#: Nothing is due any more in these states.
_OVER = frozenset({State.DONE, State.REPLACED, State.REJECTED})


def json_lines(entries: Iterable[Entry], day: date | datetime) -> Iterator[bytes]:
    """Yield each entry as one line of JSON in its documented shape."""
    for entry in entries:
        yield (json.dumps(as_json(entry, day), ensure_ascii=False) + "\n").encode("utf-8", "replace")


def csv_table(entries: Iterable[Entry], day: date | datetime) -> bytes:
    """Return the entries as a table; no cell is taken for a formula."""
    shapes = (as_json(entry, day) for entry in entries)
    return as_csv(COLUMNS, ([shape[name] for name in COLUMNS] for shape in shapes))


def mbox(ledger: Ledger, client: str = "") -> Iterator[bytes]:
    """Yield the kept mail of a client (or all) as an mbox file (RFC 4155, mboxrd), by date; erased mail is left out.

    Lines that begin with "From " behind any number of ">" get one more ">", so that reading takes exactly it away.
    """
    digests: dict[str, datetime] = {}
    for info in ledger.threads():
        for read in ledger.read_messages(info.id):
            if client in ("", read.client):
                digests[read.message.digest] = read.message.sent_at
    for digest, sent_at in sorted(digests.items(), key=lambda pair: (pair[1], pair[0])):
        with suppress(NotFoundError):
            yield _postmark(sent_at) + _escaped(ledger.raw(digest).data) + b"\n"


def _postmark(at: datetime) -> bytes:
    return f"From MAILER-DAEMON {at.astimezone(UTC):%a %b %e %H:%M:%S %Y}\n".encode("ascii")


def _escaped(data: bytes) -> bytes:
    lines = data.replace(b"\r\n", b"\n").split(b"\n")
    text = b"\n".join(b">" + line if line.lstrip(b">").startswith(b"From ") else line for line in lines)
    return text if text.endswith(b"\n") else text + b"\n"


def calendar(entries: Sequence[Entry], now: datetime, zone: tzinfo) -> bytes:
    """Return what is still due as a calendar (RFC 5545): a day for a day, half an hour for a time of day.

    Each event's UID is the entry's id, so that a calendar that reads the file again moves events instead of doubling
    them.
    """
    made = Calendar()
    made.add("prodid", "-//mailsync//due dates//EN")
    made.add("version", "2.0")
    made.add("x-wr-calname", "mailsync: what is due")
    for entry in entries:
        event = _event(entry, now, zone)
        if event is not None:
            made.add_component(event)
    data: bytes = made.to_ical()
    return data


def _event(entry: Entry, now: datetime, zone: tzinfo) -> Any:
    """Return the calendar's event for an entry, None where nothing is due."""
    finding, due = entry.finding, entry.finding.terms.due
    state = state_on(entry, now.astimezone(zone).date())
    if due is None or state is None or state in _OVER:
        return None
    event = Event()
    event.add("uid", f"{entry.id}@mailsync.invalid")
    event.add("dtstamp", now.astimezone(UTC))
    event.add("summary", _one_line(f"{entry.client}: {finding.evidence.quote}")[:200])
    owner = finding.owner or finding.who
    event.add(
        "description",
        _one_line(f"{finding.kind.value} by {finding.who}, owner {owner}, {state.value}: {finding.evidence.quote}"),
    )
    if "T" in due:
        start = datetime.fromisoformat(due)
        start = (start if start.tzinfo else start.replace(tzinfo=zone)).astimezone(UTC)
        event.add("dtstart", start)
        event.add("duration", timedelta(minutes=30))
    else:
        event.add("dtstart", due_day(due))
    event.add("transp", "TRANSPARENT")
    return event


def _one_line(text: str) -> str:
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())
