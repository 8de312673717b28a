"""The agreement log: making it say what a reading says, and reading it back."""
# ruff: noqa: S608 - only our own constants become part of SQL; values always travel as parameters

import json
import re
import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from mailsync.ledger import index
from mailsync.ledger.chain import News, append, keep_content
from mailsync.ledger.database import upsert
from mailsync.ledger.intake import messages, read_crc
from mailsync.ledger.rows import build, canonical, clean, from_utc, plain, sha256, utc
from mailsync.model.draft import WAITING
from mailsync.model.entry import Entry, Tier
from mailsync.model.errors import NotFoundError
from mailsync.model.event import EventName
from mailsync.model.mail import Message, Outcome, Role, Span
from mailsync.model.ports import Recorded, ThreadInfo
from mailsync.model.thread import Correction, ReadMessage, ThreadReading

_SELECT = "SELECT c.body, e.thread FROM entry e JOIN content c ON c.digest = e.version"
_CORRECTING = (EventName.ENTRY_CORRECTED, EventName.SUGGESTION_ACCEPTED, EventName.SUGGESTION_DISMISSED)
_FACTS = ("id", "version", "digest", "client", "sent_at", "kind", "tier", "state", "due", "amount", "unit")
_UPSERT = upsert("entry", "id", ("doc", *_FACTS, "seq", "dropped", "thread"), keep=("doc",))
_NUMBER = re.compile(r"\d{1,15}(?:\.\d{1,9})?")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Change:
    """One difference between log and reading.

    `was` is the digest of the content before, `doc` the number of the entry's row (0: it has none yet).
    """

    name: EventName
    old: Entry | None
    new: Entry | None
    was: str
    doc: int


# ---- recording ----


def record(conn: sqlite3.Connection, reading: ThreadReading, now: datetime, corrected: int | None) -> Recorded:
    """Make the log say what `reading` says; every difference becomes an event.

    `corrected` is the number of corrections the reading took into account, None if nobody knows. A reading that has
    not seen all the thread's messages and corrections is recorded, but the thread goes on waiting to be read.
    """
    row = conn.execute("SELECT account FROM thread WHERE id = ?", (reading.thread,)).fetchone()
    if row is None:  # joined to another thread since it was read, and that one awaits reading
        return Recorded()
    stored = {read.message.digest: read for read in messages(conn, reading.thread)}
    read = {one.message.digest: one for one in reading.messages if one.message.digest in stored}
    _note_readings(conn, read.values(), stored)
    _index_mail(conn, reading.thread)
    entries = {clean(one.id): one for one in reading.entries if one.finding.evidence.digest in stored}
    changes = _plan(conn, entries, reading.thread)
    if changes:
        _record_changes(conn, changes, reading.thread, row[0], now)
    if set(stored) == set(read) and corrected in (None, len(corrections(conn, reading.thread))):
        conn.execute("UPDATE thread SET unread = 0 WHERE id = ?", (reading.thread,))
    return Recorded(
        found=tuple(c.new.id for c in changes if c.new and not c.old),
        moved=tuple(c.new.id for c in changes if c.new and c.old),
        dropped=tuple(c.old.id for c in changes if c.old and not c.new),
    )


def _note_readings(conn: sqlite3.Connection, read: Iterable[ReadMessage], stored: dict[str, ReadMessage]) -> None:
    """Keep passages, language and why a message was not read, where they changed, and its outcome accordingly."""
    changed = [
        one for one in read if one != replace(stored[one.message.digest], message=one.message, client=one.client)
    ]
    conn.executemany(
        "UPDATE message SET (passages, language, unread) = (?, ?, ?) WHERE digest = ?",
        [
            (canonical(plain(one.passages)), clean(one.language), clean(one.unread), one.message.digest)
            for one in changed
        ],
    )
    _seal_readings(conn, [one.message.digest for one in changed])
    for one in changed:
        outcome = Outcome.AUTOMATIC if one.unread.startswith("automatic") else Outcome.READ
        if one.unread.startswith("trouble"):
            outcome = Outcome.UNREADABLE
        conn.execute(
            "UPDATE location SET (outcome, reason) = (?, ?) WHERE digest = ? AND (outcome IN ('read', 'automatic')"
            " OR outcome = 'unreadable' AND ? != '')",
            (outcome, clean(one.unread), one.message.digest, one.unread),
        )


def _seal_readings(conn: sqlite3.Connection, digests: Iterable[str]) -> None:
    for digest in digests:
        query = "SELECT passages, language, unread, indexed FROM message WHERE digest = ?"
        reading = conn.execute(query, (digest,)).fetchone()
        conn.execute("UPDATE message SET read_crc = ? WHERE digest = ?", (read_crc(reading), digest))


def _index_mail(conn: sqlite3.Connection, thread: str) -> None:
    """Index the thread's messages that are not yet in the index.

    What a message quotes is left out, because the thread holds it already; only its first message is taken whole.
    """
    todo = conn.execute("SELECT id, digest FROM message WHERE thread = ? AND indexed IS NULL", (thread,)).fetchall()
    if not todo:
        return
    reads = messages(conn, thread)
    by_digest = {read.message.digest: read for read in reads}
    documents = []
    for number, digest in todo:
        read = by_digest[digest]
        spans = [p.span for p in read.passages if p.role is not Role.QUOTED]
        if read is reads[0] or not read.passages:
            spans = [Span(0, len(read.message.text))]
        documents.append((number, index.of_message(read.message, read.client, spans)))
        conn.execute(
            "UPDATE message SET indexed = ? WHERE id = ?", (json.dumps([[s.start, s.end] for s in spans]), number)
        )
    index.put(conn, documents)
    _seal_readings(conn, [digest for _, digest in todo])


def _plan(conn: sqlite3.Connection, entries: dict[str, Entry], thread: str) -> list[_Change]:
    """Return what differs between the stored entries of `thread` and `entries`: found, moved, dropped."""
    query = (
        "SELECT e.id, e.doc, e.version, e.dropped, c.body FROM entry e JOIN content c ON c.digest = e.version"
        " WHERE e.thread = ? OR e.id IN (SELECT value FROM json_each(?)) ORDER BY e.doc"
    )
    held = {row[0]: row for row in conn.execute(query, (thread, canonical(list(entries)))) if row[4]}
    changes = []
    for id_, entry in entries.items():
        _, doc, was, dropped, body = held.get(id_, (id_, 0, "", 1, ""))
        old = None if dropped else entry_of(body, thread)
        if old is None:
            changes.append(_Change(name=EventName.ENTRY_FOUND, old=None, new=entry, was=was, doc=doc))
        elif _differs(old, entry):
            changes.append(_Change(name=EventName.ENTRY_MOVED, old=old, new=entry, was=was, doc=doc))
    for id_, doc, was, dropped, body in held.values():
        if not dropped and id_ not in entries:
            old = entry_of(body, thread)
            changes.append(_Change(name=EventName.ENTRY_DROPPED, old=old, new=None, was=was, doc=doc))
    return changes


def _record_changes(conn: sqlite3.Connection, changes: list[_Change], thread: str, account: str, now: datetime) -> None:
    """Write contents, events and rows of `changes`, and bring the index up to them."""
    fresh = [change.new for change in changes if change.new and not change.doc]
    numbers = iter(index.numbers(conn, "entry", "doc", [entry.finding.date for entry in fresh]))
    changes = [change if change.doc else replace(change, doc=next(numbers)) for change in changes]
    keep_content(conn, [body_of(change.new) for change in changes if change.new])
    seqs = append(conn, [_news(change, account) for change in changes], now)
    rows = [(c.doc, *entry_facts(c.new), seq, 0, thread) for c, seq in zip(changes, seqs, strict=True) if c.new]
    conn.executemany(_UPSERT, rows)
    gone = [(seq, c.old.id) for c, seq in zip(changes, seqs, strict=True) if c.old and not c.new]
    conn.executemany("UPDATE entry SET dropped = 1, seq = ? WHERE id = ?", gone)
    _index_entries(conn, changes)
    if any(entry.finding.tier is Tier.LOG for change in changes for entry in (change.old, change.new) if entry):
        conn.execute("UPDATE thread SET moved = ? WHERE id = ?", (seqs[-1], thread))


def _index_entries(conn: sqlite3.Connection, changes: Iterable[_Change]) -> None:
    """Take out of the index what is no longer so, put in what is new."""
    out, into = [], []
    for change in changes:
        before = change.old and index.of_entry(change.old, _message(conn, change.old.finding.evidence.digest))
        after = change.new and index.of_entry(change.new, _message(conn, change.new.finding.evidence.digest))
        if before and before != after:
            out.append((change.doc, before))
        if after and before != after:
            into.append((change.doc, after))
    index.remove(conn, out)
    index.put(conn, into)


def _differs(old: Entry, new: Entry) -> bool:
    """Say whether `new` says something else; how sure the reader was, and why, is no difference by itself."""
    if old == new:
        return False
    finding = replace(new.finding, confidence=old.finding.confidence, because=old.finding.because)
    return old != replace(new, finding=finding, thread=old.thread)


def _news(change: _Change, account: str) -> News:
    """Tell what happened to an entry: the digests of its content now and before, and what of it changed."""
    entry = change.new or change.old
    assert entry is not None
    detail: dict[str, Any] = {"version": sha256(body_of(change.new)) if change.new else None, "was": change.was or None}
    detail["doc"] = change.doc
    if change.old and change.new:
        old, new = plain(change.old), plain(change.new)
        detail["changed"] = sorted(name for name in {*old, *new} - {"thread"} if old.get(name) != new.get(name))
    detail["state"] = [change.old.state if change.old else None, change.new.state if change.new else None]
    effective = entry.steps[-1].at if change.old and change.new and entry.steps else entry.finding.date
    return News(name=change.name, subject=entry.id, account=account, effective=effective, detail=detail)


def body_of(entry: Entry) -> str:
    """Return the content of an entry; its thread is left out, because threads may be joined."""
    return canonical({name: held for name, held in plain(entry).items() if name != "thread"})


def entry_of(body: str, thread: str) -> Entry:
    """Return the entry that `body_of` wrote down, in its thread."""
    return build(Entry, {**json.loads(body), "thread": thread})


def entry_facts(entry: Entry) -> tuple[str | float | None, ...]:
    """Return the columns of an entry's row that follow from its content: id, version, digest to unit."""
    finding, terms = entry.finding, entry.finding.terms
    value, _, unit = (terms.amount or "").partition(" ")
    number = _NUMBER.fullmatch(value)
    return (
        clean(entry.id),
        sha256(body_of(entry)),
        finding.evidence.digest,
        clean(entry.client),
        utc(finding.date),
        finding.kind.value,
        finding.tier.value,
        str(entry.state or ""),
        terms.due,
        float(number[0]) if number else None,
        unit if number else None,
    )


# ---- reading ----


def entry(conn: sqlite3.Connection, beginning: str) -> Entry:
    """Return one entry by its id or an unambiguous beginning of it, one that was dropped if no other has it.

    Raises NotFoundError.
    """
    beginning = clean(beginning)
    query = (
        "SELECT c.body, e.thread, e.dropped FROM entry e JOIN content c ON c.digest = e.version"
        " WHERE e.id >= ? AND e.id < ? AND c.body IS NOT NULL ORDER BY e.dropped, e.id LIMIT 9"
    )
    rows = conn.execute(query, (beginning, beginning + "\U0010ffff")).fetchall() if beginning else []
    found = [entry_of(*row[:2]) for row in rows if row[2] == rows[0][2]]
    exact = [one for one in (entry_of(*row[:2]) for row in rows) if one.id == beginning]
    if len(exact or found) == 1:
        return (exact or found)[0]
    if found:
        raise NotFoundError(f"More than one entry begins with {beginning!r}.", "Give more of its id.")
    raise NotFoundError(f"There is no entry {beginning!r}.", "`mailsync log` and `mailsync search` name them.")


def entries(
    conn: sqlite3.Connection,
    *,
    thread: str = "",
    client: str = "",
    since: datetime | None = None,
    until: datetime | None = None,
    limit: int = 0,
) -> list[Entry]:
    """Return entries by date and place; with `limit`, the newest ones."""
    where, values = ["NOT e.dropped", "c.body IS NOT NULL"], []
    for sign, value in (
        ("e.thread =", clean(thread)),
        ("e.client =", clean(client)),
        ("e.sent_at >=", utc(since) if since else ""),
        ("e.sent_at <=", utc(until) if until else ""),
    ):
        if value:
            where.append(f"{sign} ?")
            values.append(value)
    query = f"{_SELECT} WHERE {' AND '.join(where)} ORDER BY e.doc DESC LIMIT ?"
    found = [entry_of(*row) for row in conn.execute(query, (*values, limit or -1))]
    return sorted(found, key=lambda e: (e.finding.date, e.finding.evidence.digest, e.finding.evidence.span.start))


def number(conn: sqlite3.Connection) -> int:
    """Return how many entries stand in the log."""
    return int(conn.execute("SELECT count(*) FROM entry WHERE NOT dropped").fetchone()[0])


def thread(conn: sqlite3.Connection, thread: str) -> ThreadInfo:
    """Return one thread; an id that was joined to another leads to that one. Raises NotFoundError."""
    for _ in range(100):
        found = _threads(conn, "id = ?", (clean(thread),))
        if found:
            return found[0]
        joined = "SELECT subject FROM event WHERE name = ? AND detail = ? ORDER BY seq DESC LIMIT 1"
        row = conn.execute(joined, (EventName.THREADS_JOINED, canonical({"joined": thread}))).fetchone()
        if row is None:
            break
        thread = row[0]
    raise NotFoundError(f"There is no thread {thread!r}.")


def threads(conn: sqlite3.Connection, client: str, since: datetime | None) -> list[ThreadInfo]:
    """Return threads, those with the newest message first."""
    where = "(?1 = '' OR client = ?1) AND last_at >= ?2"
    return _threads(conn, where, (clean(client), utc(since) if since else ""), "last_at DESC")


def unread_threads(conn: sqlite3.Connection) -> list[str]:
    """Return the ids of the threads that hold messages not yet read, oldest first."""
    return [row[0] for row in conn.execute("SELECT id FROM thread WHERE unread ORDER BY first_at, id")]


def undrafted(conn: sqlite3.Connection) -> list[ThreadInfo]:
    """Return threads whose log has moved since the latest letter, or that have a waiting draft and newer mail.

    Newer by the number of the event, not by the clock. Entries that are only suggested do not count.
    """
    waiting = ", ".join(f"'{state}'" for state in sorted(WAITING))
    where = (
        "moved > drafted AND EXISTS"
        " (SELECT 1 FROM entry e WHERE e.thread = thread.id AND NOT e.dropped AND e.tier = 'log') OR id IN"
        f" (SELECT d.thread FROM draft d WHERE d.state IN ({waiting}) AND d.basis < max(mailed, moved))"
    )
    return _threads(conn, where, ())


def _threads(
    conn: sqlite3.Connection, where: str, values: Sequence[str], order: str = "first_at, id"
) -> list[ThreadInfo]:
    columns = "id, account, client, subject, first_at, last_at, messages"
    query = f"SELECT {columns} FROM thread WHERE {where} ORDER BY {order}"
    return [
        ThreadInfo(
            id=row[0],
            account=row[1],
            client=row[2],
            subject=row[3],
            first_at=from_utc(row[4]),
            last_at=from_utc(row[5]),
            messages=row[6],
        )
        for row in conn.execute(query, values)
    ]


# ---- people's corrections ----


def correct(conn: sqlite3.Connection, correction: Correction, now: datetime) -> None:
    """Keep what a person said about an entry; its thread awaits re-reading. Raises NotFoundError."""
    about = entry(conn, correction.entry)
    kept = replace(correction, entry=about.id)
    body = canonical(plain(kept))
    if any(kept == one for one in corrections(conn, about.thread)):
        return
    name = EventName.ENTRY_CORRECTED
    if kept.changes == (("tier", Tier.LOG),):
        name = EventName.SUGGESTION_ACCEPTED
    elif kept.removed and about.finding.tier is Tier.SUGGESTION:
        name = EventName.SUGGESTION_DISMISSED
    keep_content(conn, [body])
    account = thread(conn, about.thread).account
    detail = {"correction": sha256(body)}
    append(conn, [News(name=name, subject=about.id, account=account, effective=kept.at, detail=detail)], now)
    conn.execute("UPDATE thread SET unread = 1 WHERE id = ?", (about.thread,))


def corrections(conn: sqlite3.Connection, thread: str) -> tuple[Correction, ...]:
    """Return what people said about the thread's entries, in the order in which they said it."""
    names = ", ".join(f"'{name}'" for name in _CORRECTING)
    query = (
        "SELECT c.body FROM entry e JOIN event v ON v.subject = e.id"
        " JOIN content c ON c.digest = json_extract(v.detail, '$.correction')"
        f" WHERE e.thread = ? AND v.name IN ({names}) AND c.body IS NOT NULL ORDER BY v.seq"
    )
    return tuple(build(Correction, json.loads(body)) for (body,) in conn.execute(query, (clean(thread),)))


def _message(conn: sqlite3.Connection, digest: str) -> Message:
    """Return a message without its text."""
    fields = conn.execute("SELECT fields FROM message WHERE digest = ?", (digest,)).fetchone()[0]
    return build(Message, {**json.loads(fields), "digest": digest, "text": ""})
