"""Prove the ledger whole, or name every place where it is not.

Events are derived again from the first to the last; then bytes, messages, contents, entries, drafts and troubles must
be exactly those that the events tell of. What only says how far work has come (how far a folder is read, which threads
await reading or a letter) is no part of the record and is not proven. Whoever can write the file and run this
program can make a new whole history: only a head kept elsewhere shows that.
"""

import json
import sqlite3
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from mailsync.ledger import chain, drafts, joining, log, troubles
from mailsync.ledger.intake import message_seal, read_crc, read_message
from mailsync.ledger.rows import sha256, unpack
from mailsync.model.entry import Entry
from mailsync.model.event import EventName
from mailsync.model.mail import Message, Passage
from mailsync.model.ports import Flaw

#: What a tampered row can make the code that reads it raise.
_UNREADABLE = (ValueError, TypeError, KeyError, AttributeError, IndexError)
_EVENT_COLUMNS = "seq, at, effective, name, subject, account, detail, previous, before, digest"
_ENTRY_EVENTS = (EventName.ENTRY_FOUND, EventName.ENTRY_MOVED, EventName.ENTRY_DROPPED)
_DRAFT_EVENTS = (EventName.DRAFT_WRITTEN, EventName.DRAFT_CHANGED)


@dataclass(slots=True)
class _Told:
    """What the events add up to.

    `kept` by digest: time and detail of the event; `parsed` by digest: the event that tells of its row, and its seal;
    `entries` by id: row number, version, latest event, dropped; `drafts` by id: version, latest event, first event,
    event of the latest rewriting; `threads` by id of a draft; `troubles` by event: the row's seal; `contents`: all
    digests named; `erased`: those of contents and bytes that were erased.
    """

    kept: dict[str, tuple[str, dict[str, Any]]] = field(default_factory=dict)
    parsed: dict[str, tuple[int, str]] = field(default_factory=dict)
    entries: dict[str, tuple[int, str, int, int]] = field(default_factory=dict)
    drafts: dict[str, tuple[str, int, int, int]] = field(default_factory=dict)
    threads: dict[str, str] = field(default_factory=dict)
    troubles: dict[int, str] = field(default_factory=dict)
    contents: set[str] = field(default_factory=set)
    erased: set[str] = field(default_factory=set)


def flaws(conn: sqlite3.Connection) -> Iterator[Flaw]:
    """Yield every broken place of file, history, archive, log and index, in this order."""
    yield from _file(conn)
    told = _Told()
    yield from _events(conn, told)
    yield from _raw(conn, told)
    yield from _contents(conn, told)
    yield from _messages(conn, told)
    yield from _threads(conn)
    yield from _entries(conn, told)
    yield from _drafts(conn, told)
    yield from _troubles(conn, told)
    yield from _index(conn)


def _file(conn: sqlite3.Connection) -> Iterator[Flaw]:
    for (what,) in conn.execute("PRAGMA integrity_check(20)"):
        if what != "ok":
            yield Flaw(place="file", what=str(what))
    for table, row, parent, _ in conn.execute("PRAGMA foreign_key_check"):
        yield Flaw(place=f"{table} row {row}", what=f"names a row of {parent} that does not exist")


# ---- history ----


def _events(conn: sqlite3.Connection, told: _Told) -> Iterator[Flaw]:
    """Derive every event's digest again, and add up in `told` what the events say."""
    expected, previous = 1, ""
    heads: dict[str, tuple[int, str]] = {}
    for row in conn.execute(f"SELECT {_EVENT_COLUMNS} FROM event ORDER BY seq"):  # noqa: S608
        seq, account, digest, place = row[0], row[5], row[9], f"event {row[0]}"
        if seq != expected:
            missing = f"event {expected}" if seq == expected + 1 else f"events {expected} to {seq - 1}"
            yield Flaw(place=place, what=f"follows a gap: {missing} is missing")
        elif row[7] != previous:
            yield Flaw(place=place, what="does not follow from the event before it")
        elif row[8] != heads.get(account, (0, ""))[1]:
            yield Flaw(place=place, what=f"does not follow from the one before it of account {account!r}")
        if chain.seal(row) != digest:
            yield Flaw(place=place, what="was changed: its digest is not that of its contents")
        expected, previous, heads[account] = seq + 1, digest, (seq, digest)
        try:
            _add_up(told, row, json.loads(row[6]))
        except _UNREADABLE:
            yield Flaw(place=place, what="has a detail that cannot be read")
    kept = chain.heads(conn)
    for account in sorted({*heads, *kept}, key=str):
        if heads.get(account) != kept.get(account):
            yield Flaw(
                place=f"head of account {account!r}", what="is not the newest event: some are missing or too many"
            )


def _add_up(told: _Told, row: tuple[Any, ...], detail: dict[str, Any]) -> None:
    """Add one event, a row of `_EVENT_COLUMNS`, to what is told."""
    seq, at, name, subject = row[0], row[1], row[3], row[4]
    told.contents.update(detail[key] for key in ("version", "correction") if detail.get(key))
    if name == EventName.MESSAGE_KEPT:
        told.kept.setdefault(subject, (at, detail))
        if detail["row"]:
            told.parsed[subject] = (seq, detail["row"])
    elif name in _ENTRY_EVENTS:
        gone = name == EventName.ENTRY_DROPPED
        told.entries[subject] = (detail["doc"], detail["was"] if gone else detail["version"], seq, int(gone))
    elif name in _DRAFT_EVENTS:
        _, _, written, basis = told.drafts.get(subject, ("", seq, seq, seq))
        told.drafts[subject] = (detail["version"], seq, written, seq if detail["rewritten"] else basis)
        told.threads.setdefault(subject, detail.get("thread", ""))
    elif name == EventName.THREADS_JOINED:
        told.threads.update({one: subject for one, thread in told.threads.items() if thread == detail["joined"]})
    elif name == EventName.TROUBLE:
        told.troubles[seq] = detail["row"]
    elif name == EventName.ERASED:
        told.erased.update(detail.get("digests", ()))


def _contents(conn: sqlite3.Connection, told: _Told) -> Iterator[Flaw]:
    seen = set()
    for digest, body in conn.execute("SELECT digest, body FROM content"):
        seen.add(digest)
        place = f"content {_short(digest)}"
        if digest not in told.contents:
            yield Flaw(place=place, what="is named by no event")
        elif body is None:
            if digest not in told.erased:
                yield Flaw(place=place, what="is empty, and no event tells of its erasure")
        elif not isinstance(body, str) or sha256(body) != digest:
            yield Flaw(place=place, what="was changed: its digest is not that of its text")
    for digest in sorted(told.contents - seen):
        yield Flaw(place=f"content {_short(digest)}", what="is missing")


# ---- archive ----


def _raw(conn: sqlite3.Connection, told: _Told) -> Iterator[Flaw]:
    seen = set()
    for row in conn.execute("SELECT digest, size, data, packed_crc, kept_at FROM raw"):
        seen.add(row[0])
        yield from _checked(f"raw {_short(row[0])}", _raw_checks(row, told))
    for digest in told.kept:
        if digest not in seen:
            yield Flaw(place=f"raw {_short(digest)}", what="is missing")
    yield from _places(conn, told)


def _raw_checks(row: tuple[Any, ...], told: _Told) -> Iterator[tuple[bool, str]]:
    digest, size, data, crc, kept_at = row
    at, detail = told.kept.get(digest, ("", {}))
    yield digest in told.kept, "is told of by no event"
    yield data is not None or digest in told.erased, "has lost its bytes"
    yield zlib.crc32(data or b"") == crc, "was changed: its check sum is wrong"
    yield data is None or sha256(unpack(data)) == digest, "was changed: its digest is not that of its bytes"
    yield (size, kept_at) == (detail.get("size"), at), "differs in size or time from what its event says"


def _places(conn: sqlite3.Connection, told: _Told) -> Iterator[Flaw]:
    """Check that each message still lies on record where its event says that it was fetched."""
    query = (
        "SELECT l.digest, f.name, l.uidvalidity, l.uid, l.internal_date"
        " FROM location l JOIN folder f ON f.id = l.folder WHERE l.digest IS NOT NULL"
    )
    seen = set(conn.execute(query))
    for digest, (_, detail) in told.kept.items():
        yield from _checked(f"location of {_short(digest)}", _place_checks(digest, detail, seen))


def _place_checks(digest: str, detail: dict[str, Any], seen: set[Any]) -> Iterator[tuple[bool, str]]:
    place = detail["place"]
    there = place is None or (digest, *place, detail["internal_date"]) in seen
    yield there, "is not where its event says that it was fetched"


def _messages(conn: sqlite3.Connection, told: _Told) -> Iterator[Flaw]:
    seen = set()
    thread_of = dict(conn.execute("SELECT key, thread FROM thread_key").fetchall())
    query = (
        "SELECT id, digest, account, client, sent_at, subject, fields, text, kept, thread, passages, language, unread,"
        " indexed, read_crc FROM message"
    )
    for row in conn.execute(query):
        digest = row[1]
        seen.add(digest)
        yield from _checked(f"message {_short(digest)}", _message_checks(row, told, thread_of))
    for digest in told.parsed:
        if digest not in seen:
            yield Flaw(place=f"message {_short(digest)}", what="is missing")


def _message_checks(row: tuple[Any, ...], told: _Told, thread_of: dict[str, str]) -> Iterator[tuple[bool, str]]:
    if row[1] in told.erased:
        yield (row[5], unpack(row[7])) == ("", b""), "was erased, and yet holds something"
        return
    yield (row[8], message_seal(row[:8])) == told.parsed.get(row[1]), "was changed: it is not what its event says"
    yield read_crc(row[10:14]) == row[14], "was changed: the check sum of its reading is wrong"
    read = read_message((row[1], row[3], row[6], row[7], *row[10:13]))
    keys = joining.own_keys(read.message)
    yield all(thread_of.get(key) == row[9] for key in keys), "is not in the thread that its references lead to"
    yield _covers(read.message, read.passages), "has passages that do not cover its text"


def _covers(message: Message, passages: tuple[Passage, ...]) -> bool:
    ends = [0, *(passage.span.end for passage in passages)]
    whole = ends[-1] == len(message.text) and all(p.span.start == end for p, end in zip(passages, ends, strict=False))
    return whole or not passages


def _threads(conn: sqlite3.Connection) -> Iterator[Flaw]:
    query = (
        "SELECT t.id FROM thread t LEFT JOIN (SELECT thread, min(sent_at) AS first, max(sent_at) AS last, count(*) AS n"
        " FROM message GROUP BY thread) m ON m.thread = t.id"
        " WHERE (t.first_at, t.last_at, t.messages) IS NOT (m.first, m.last, m.n)"
        " UNION ALL SELECT thread FROM message WHERE thread NOT IN (SELECT id FROM thread)"
    )
    for (thread,) in conn.execute(query):
        yield Flaw(place=f"thread {thread}", what="does not agree with its messages")


# ---- log ----


def _entries(conn: sqlite3.Connection, told: _Told) -> Iterator[Flaw]:
    seen = set()
    query = (
        "SELECT e.doc, e.id, e.version, e.digest, e.client, e.sent_at, e.kind, e.tier, e.state, e.due, e.amount,"
        " e.unit, e.seq, e.dropped, e.thread, c.body, m.thread, m.text FROM entry e"
        " LEFT JOIN content c ON c.digest = e.version LEFT JOIN message m ON m.digest = e.digest"
    )
    for row in conn.execute(query):
        seen.add(row[1])
        yield from _checked(f"entry {row[1]}", _entry_checks(row, told))
    for id_ in told.entries:
        if id_ not in seen:
            yield Flaw(place=f"entry {id_}", what="is missing")


def _entry_checks(row: tuple[Any, ...], told: _Told) -> Iterator[tuple[bool, str]]:
    doc, id_, version, seq, dropped, body, thread, text = row[0], row[1], row[2], *row[12:14], *row[15:18]
    yield (doc, version, seq, dropped) == told.entries.get(id_), "is not what its latest event says"
    if body is None:
        yield version in told.erased, "has lost its content"
        return
    entry = log.entry_of(body, row[14])
    yield log.entry_facts(entry, body) == row[1:12], "does not agree with its content"
    yield thread == row[14], "is not in the thread of its message"
    if not dropped:
        yield (
            text is not None and _quoted(entry, unpack(text).decode()),
            "quotes what its message does not hold there",
        )


def _quoted(entry: Entry, text: str) -> bool:
    """Say whether the quote stands in `text` at its place; line breaks count as spaces."""
    evidence = entry.finding.evidence
    return evidence.quote.split() == text[evidence.span.start : evidence.span.end].split() != []


def _drafts(conn: sqlite3.Connection, told: _Told) -> Iterator[Flaw]:
    seen = set()
    query = (
        "SELECT d.id, d.version, d.client, d.account, d.state, d.seq, d.written, d.basis, c.body, d.thread"
        " FROM draft d"
        " LEFT JOIN content c ON c.digest = d.version"
    )
    for row in conn.execute(query):
        seen.add(row[0])
        yield from _checked(f"draft {row[0]}", _draft_checks(row, told))
    for id_ in told.drafts:
        if id_ not in seen:
            yield Flaw(place=f"draft {id_}", what="is missing")


def _draft_checks(row: tuple[Any, ...], told: _Told) -> Iterator[tuple[bool, str]]:
    id_, version, body, thread = row[0], row[1], *row[8:10]
    yield (version, *row[5:8]) == told.drafts.get(id_), "is not what its latest event says"
    yield thread == told.threads.get(id_), "is not in the thread that it was written for"
    yield body is not None or version in told.erased, "has lost its content"
    if body is not None:
        yield drafts.draft_facts(drafts.draft_of(body, "")) == row[:5], "does not agree with its content"


def _troubles(conn: sqlite3.Connection, told: _Told) -> Iterator[Flaw]:
    seen = set()
    for seq, *named in conn.execute("SELECT seq, account, stage, subject, reason FROM trouble"):
        seen.add(seq)
        if told.troubles.get(seq) != troubles.seal(named):
            yield Flaw(place=f"trouble {seq}", what="is not what its event says")
    for seq in told.troubles:
        if seq not in seen:
            yield Flaw(place=f"trouble {seq}", what="is missing")


def _index(conn: sqlite3.Connection) -> Iterator[Flaw]:
    there = "SELECT id FROM search_docsize"
    due = "SELECT id FROM message WHERE indexed IS NOT NULL UNION ALL SELECT doc FROM entry WHERE NOT dropped"
    for (number,) in conn.execute(f"{due} EXCEPT {there}"):
        yield Flaw(place=f"index {number}", what="does not hold a document that it should")
    for (number,) in conn.execute(f"{there} EXCEPT SELECT * FROM ({due})"):  # noqa: S608
        yield Flaw(place=f"index {number}", what="holds a document that does not exist")


# ---- small change ----


def _checked(place: str, checks: Iterator[tuple[bool, str]]) -> Iterator[Flaw]:
    """Yield the first of `checks` that does not hold; a row that cannot be read at all is a flaw as well."""
    try:
        for holds, what in checks:
            if not holds:
                yield Flaw(place=place, what=what)
                return
    except _UNREADABLE as error:
        yield Flaw(place=place, what=f"cannot be read ({error})")


def _short(digest: object) -> str:
    return str(digest)[:12]
