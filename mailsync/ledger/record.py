"""Making the log say what a reading says: plan the differences, then write each as content, event, row and index."""

import json
import sqlite3
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from mailsync.ledger import index
from mailsync.ledger.chain import News, append, keep_content
from mailsync.ledger.database import upsert
from mailsync.ledger.intake import read_crc
from mailsync.ledger.log import FACTS, body_of, corrections, entry_facts, entry_of
from mailsync.ledger.rows import build, canonical, clean, plain, sha256
from mailsync.model.entry import Entry, Tier
from mailsync.model.event import EventName
from mailsync.model.mail import Message, Outcome, Role, Span
from mailsync.model.ports import Recorded
from mailsync.model.thread import ReadMessage, ThreadReading

_UPSERT = upsert("entry", "id", ("doc", *FACTS, "seq", "dropped", "thread"), keep=("doc",))
_AS_READ = "UPDATE message SET (passages, language, unread, indexed, read_crc) = (?, ?, ?, ?, ?) WHERE digest = ?"
_OUTCOME = (
    "UPDATE location SET (outcome, reason) = (?1, ?2) WHERE digest = ?3"
    " AND (outcome IN ('read', 'automatic') OR outcome = 'unreadable' AND ?2 != '')"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Change:
    """One difference between log and reading, `old` or `new` being None where there is none.

    `body` is the content of `new`, `was` the digest of the content before, `doc` the number of the entry's row (0: it
    has none yet).
    """

    name: EventName
    old: Entry | None = None
    new: Entry | None = None
    body: str = ""
    was: str = ""
    doc: int = 0


def record(conn: sqlite3.Connection, reading: ThreadReading, now: datetime, corrected: int | None) -> Recorded:
    """Make the log say what `reading` says; every difference becomes an event.

    `corrected` is the number of corrections the reading took into account, None if nobody knows. A reading that has
    not seen all the thread's messages and corrections is recorded, but the thread goes on waiting to be read.
    """
    row = conn.execute("SELECT account FROM thread WHERE id = ?", (reading.thread,)).fetchone()
    if row is None:  # joined to another thread since it was read, and that one awaits reading
        return Recorded()
    query = (
        "SELECT digest, id, passages, language, unread, indexed FROM message WHERE thread = ? ORDER BY sent_at, digest"
    )
    stored = {digest: columns for digest, *columns in conn.execute(query, (reading.thread,))}
    read = {one.message.digest: one for one in reading.messages if one.message.digest in stored}
    _note_readings(conn, read, stored)
    entries = {clean(one.id): one for one in reading.entries if one.finding.evidence.digest in stored}
    changes = _plan(conn, entries, reading.thread)
    if changes:
        changes = _write(conn, changes, reading.thread, row[0], now)
        _index_entries(conn, changes, {digest: one.message for digest, one in read.items()})
    if len(read) == len(stored) and corrected in (None, len(corrections(conn, reading.thread))):
        conn.execute("UPDATE thread SET unread = 0 WHERE id = ?", (reading.thread,))
    return Recorded(
        found=tuple(c.new.id for c in changes if c.new and not c.old),
        moved=tuple(c.new.id for c in changes if c.new and c.old),
        dropped=tuple(c.old.id for c in changes if c.old and not c.new),
    )


# ---- messages ----


def _note_readings(conn: sqlite3.Connection, read: Mapping[str, ReadMessage], stored: Mapping[str, list[Any]]) -> None:
    """Keep passages, language, and why a message was not read, where they changed; index what is not yet indexed.

    What a message quotes is not indexed, because the thread holds it already; only its first message is taken whole.
    """
    first = next(iter(stored))
    documents, changed, outcomes = [], [], []
    for digest, one in read.items():
        number, *columns = stored[digest]
        spans = columns[3]
        if spans is None:
            own = _whole(one.message) if digest == first or not one.passages else _own_words(one)
            documents.append((number, index.of_message(one.message, one.client, own)))
            spans = json.dumps([[span.start, span.end] for span in own])
        now = [canonical(plain(one.passages)), clean(one.language), clean(one.unread), spans]
        if now != columns:
            changed.append((*now, read_crc(now), digest))
        if now[2] != (columns[2] or ""):
            outcomes.append((_outcome(one), now[2], digest))
    conn.executemany(_AS_READ, changed)
    conn.executemany(_OUTCOME, outcomes)
    index.put(conn, documents)


def _whole(message: Message) -> list[Span]:
    return [Span(0, len(message.text))]


def _own_words(read: ReadMessage) -> list[Span]:
    return [passage.span for passage in read.passages if passage.role is not Role.QUOTED]


def _outcome(read: ReadMessage) -> Outcome:
    if read.unread.startswith("automatic"):
        return Outcome.AUTOMATIC
    return Outcome.UNREADABLE if read.unread.startswith("trouble") else Outcome.READ


# ---- entries ----


def _plan(conn: sqlite3.Connection, entries: Mapping[str, Entry], thread: str) -> list[_Change]:
    """Return what differs between the stored entries of `thread` and `entries`: found, moved, dropped."""
    query = (
        "SELECT e.id, e.doc, e.version, e.dropped, c.body FROM entry e JOIN content c ON c.digest = e.version"
        " WHERE c.body IS NOT NULL AND (e.thread = ? OR e.id IN (SELECT value FROM json_each(?))) ORDER BY e.doc"
    )
    held = {id_: columns for id_, *columns in conn.execute(query, (thread, canonical(list(entries))))}
    changes = []
    for id_, entry in entries.items():
        doc, was, dropped, stored = held.get(id_, (0, "", 1, ""))
        body = body_of(entry)
        if dropped:
            changes.append(_Change(name=EventName.ENTRY_FOUND, new=entry, body=body, was=was, doc=doc))
        elif body != stored and _differs(old := entry_of(stored, thread), entry):
            changes.append(_Change(name=EventName.ENTRY_MOVED, old=old, new=entry, body=body, was=was, doc=doc))
    for id_, (doc, was, dropped, stored) in held.items():
        if not dropped and id_ not in entries:
            changes.append(_Change(name=EventName.ENTRY_DROPPED, old=entry_of(stored, thread), was=was, doc=doc))
    return changes


def _differs(old: Entry, new: Entry) -> bool:
    """Say whether `new` says something else; how sure the reader was, and why, is no difference by itself."""
    finding = replace(new.finding, confidence=old.finding.confidence, because=old.finding.because)
    return old != replace(new, finding=finding, thread=old.thread)


def _write(conn: sqlite3.Connection, changes: list[_Change], thread: str, account: str, now: datetime) -> list[_Change]:
    """Write contents, events and rows of `changes`; return them with the numbers of their rows."""
    fresh = [change.new.finding.date for change in changes if change.new and not change.doc]
    numbers = iter(index.numbers(conn, "entry", "doc", fresh))
    changes = [change if change.doc else replace(change, doc=next(numbers)) for change in changes]
    keep_content(conn, [change.body for change in changes if change.new])
    seqs = append(conn, [_news(change, account) for change in changes], now)
    pairs = list(zip(changes, seqs, strict=True))
    conn.executemany(_UPSERT, [(c.doc, *entry_facts(c.new, c.body), seq, 0, thread) for c, seq in pairs if c.new])
    gone = [(seq, c.doc) for c, seq in pairs if not c.new]
    conn.executemany("UPDATE entry SET dropped = 1, seq = ? WHERE doc = ?", gone)
    if any(entry.finding.tier is Tier.LOG for change in changes for entry in (change.old, change.new) if entry):
        conn.execute("UPDATE thread SET moved = ? WHERE id = ?", (seqs[-1], thread))
    return changes


def _news(change: _Change, account: str) -> News:
    """Tell what happened to an entry: the digests of its content now and before, and what of it changed."""
    entry = change.new or change.old
    assert entry is not None
    detail: dict[str, Any] = {
        "version": sha256(change.body) if change.new else None,
        "was": change.was or None,
        "state": [change.old.state if change.old else None, change.new.state if change.new else None],
        "doc": change.doc,
    }
    effective = entry.finding.date
    if change.old and change.new:
        old, new = plain(change.old), plain(change.new)
        detail["changed"] = sorted(name for name in {*old, *new} - {"thread"} if old.get(name) != new.get(name))
        effective = entry.steps[-1].at if entry.steps else effective
    return News(name=change.name, subject=entry.id, account=account, effective=effective, detail=detail)


def _index_entries(conn: sqlite3.Connection, changes: Iterable[_Change], messages: Mapping[str, Message]) -> None:
    """Take out of the index what is no longer so, put in what is new."""
    out, into = [], []
    for change in changes:
        before = change.old and _document(conn, change.old, messages)
        after = change.new and _document(conn, change.new, messages)
        if before and before != after:
            out.append((change.doc, before))
        if after and before != after:
            into.append((change.doc, after))
    index.remove(conn, out)
    index.put(conn, into)


def _document(conn: sqlite3.Connection, entry: Entry, messages: Mapping[str, Message]) -> index.Document:
    digest = entry.finding.evidence.digest
    message = messages.get(digest)
    if message is None:
        fields = conn.execute("SELECT fields FROM message WHERE digest = ?", (digest,)).fetchone()[0]
        message = build(Message, {**json.loads(fields), "digest": digest, "text": ""})
    return index.of_entry(entry, message)
