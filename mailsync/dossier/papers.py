"""The papers of a dispute folder that programs read, and those that say how to check it and what is missing."""

import json
from collections.abc import Iterator
from datetime import UTC
from typing import Any

from mailsync import __version__
from mailsync.dossier.case import Case, Exhibit
from mailsync.dossier.chronology import Row
from mailsync.dossier.pages import Shown, file_path, mail_path, render, shipped_file, thread_page
from mailsync.dossier.tables import as_csv
from mailsync.ledger.rows import utc
from mailsync.model.entry import as_json
from mailsync.model.event import Event

COLUMNS = (
    "no", "date", "date_utc", "side", "who", "what", "words", "due", "amount", "topic", "state", "became", "answers",
    "replaces", "exhibit", "page", "file", "message_id", "sha256", "entry",
)  # fmt: skip


def papers(case: Case) -> dict[str, bytes]:
    """Return the folder's papers by path."""
    events = "".join(_line(event, hidden=event.seq in case.hidden) for event in case.events)
    return {
        "chronology.csv": _chronology(case),
        "entries.json": json.dumps(_record(case), ensure_ascii=False, indent=1).encode("utf-8", "replace"),
        "events.jsonl": events.encode("utf-8", "replace"),
        "OMITTED.txt": _omitted(case).encode("utf-8", "replace"),
        "CHAIN.txt": _chain(case).encode(),
        "check.py": shipped_file("check.py"),
    }


def _chronology(case: Case) -> bytes:
    shown = Shown(case)
    return as_csv(COLUMNS, (_cells(row, shown, case) for row in case.rows))


def _cells(row: Row, shown: Shown, case: Case) -> Iterator[object]:
    finding, exhibit = row.entry.finding, shown.exhibit(row.entry)
    if row.miss:
        what, words = "due day passed", f"What no. {shown.number(row.entry)} says was due had not been done."
        side, who, became = row.miss.side, finding.owner or finding.who, row.miss.fault.value
    else:
        what, words, side, who = row.verb, finding.evidence.quote, finding.side, finding.who
        became = "; ".join(row.became)
    yield row.number
    yield row.at.astimezone(case.zone).isoformat(timespec="seconds")
    yield row.at.astimezone(UTC).isoformat(timespec="seconds")
    yield from (shown.side(side), shown.person(who), what, words, finding.terms.due, finding.terms.amount)
    yield from (finding.terms.topic.value, row.state, became, " ".join(map(str, row.answers)), row.replaces or "")
    yield from (exhibit.number, shown.link(exhibit), mail_path(exhibit) if exhibit.whole else "")
    yield from (f"<{finding.evidence.message_id}>", finding.evidence.digest, row.entry.id)


def _record(case: Case) -> dict[str, Any]:
    """Return what the folder shows as one JSON value: its exhibits, and its entries in their documented shape."""
    numbers = {one.read.message.digest: one.number for one in case.exhibits}
    entries = [
        as_json(entry, case.day)
        | {
            "exhibit": numbers[entry.finding.evidence.digest],
            "steps": [{"at": s.at.isoformat(), "state": s.state.value, "by": s.by or None} for s in entry.steps],
        }
        for entry in case.entries
    ]
    return {
        "client": case.wish.client.name,
        "about": case.wish.about or None,
        "made_at": case.made_at.astimezone(case.zone).isoformat(timespec="seconds"),
        "states_as_of": case.day.isoformat(),
        "exhibits": [_exhibit(one) for one in case.exhibits],
        "entries": entries,
    }


def _exhibit(one: Exhibit) -> dict[str, Any]:
    """Return an exhibit's facts; of one that is left out only what tells it apart."""
    message, raw = one.read.message, one.raw
    facts: dict[str, Any] = {
        "number": one.number,
        "sha256": message.digest,
        "sent_at": message.sent_at.isoformat(),
        "side": one.side.value,
        "left_out": one.withheld or ("partly: other matters" if one.gaps else None),
        "file": mail_path(one) if one.whole else None,
    }
    if one.withheld:
        return facts
    received = raw.internal_date.isoformat() if raw and raw.internal_date else None
    return facts | {
        "page": f"{thread_page(one.thread)}#exhibit-{one.number}",
        "message_id": f"<{message.message_id}>",
        "from": message.sender.email if message.sender else None,
        "to": [address.email for address in message.to],
        "cc": [address.email for address in message.cc],
        "subject": message.subject,
        "received_at": received,
        "authentication": _authentication(one),
        "dkim": [dict(signature) for signature in one.signatures],
        "attachments": [file_path(one, n) for n in range(1, len(one.files) + 1)],
        "troubles": list(message.troubles),
    }


def _authentication(one: Exhibit) -> dict[str, Any] | None:
    found = one.authentication
    return {"server": found.server, "ours": found.ours, "results": list(found.results)} if found else None


def _line(event: Event, *, hidden: bool) -> str:
    """Return one event as a line; of one about other matters only its number and digest."""
    if hidden:
        return json.dumps({"seq": event.seq, "digest": event.digest}) + "\n"
    facts = {
        "seq": event.seq,
        "at": utc(event.at),
        "effective": utc(event.effective),
        "name": event.name.value,
        "subject": event.subject,
        "account": event.account,
        "detail": event.detail,
        "previous": event.previous,
        "before": event.before,
        "digest": event.digest,
    }
    return json.dumps(facts, ensure_ascii=False) + "\n"


def _omitted(case: Case) -> str:
    lines = [f"What is not in this folder, and why ({Shown(case).moment(case.made_at)})", ""]
    lines += [f"- {one.what}: {one.why}." for one in case.omitted] or [
        "- Nothing that the record holds of this client."
    ]
    lines += [
        "",
        f"Never kept, and so not here: mail that none of the listed people of {case.wish.client.name} took part in,",
        "and mail with an address on the never-log list. Calls and meetings are here only where a note is an exhibit.",
        "The readable pages show the text of each message; pictures and layout are in its .eml file.",
    ]
    return "\n".join(lines) + "\n"


def _chain(case: Case) -> str:
    newest = {event.account: event for event in case.events if event.account}
    facts = {
        "head": case.events[-1],
        "accounts": sorted(newest.items()),
        "made": Shown(case).moment(case.made_at),
        "version": __version__,
    }
    return render("CHAIN.txt", facts)
