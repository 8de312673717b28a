"""Erasing what is kept of a client: the words go, the digests and an event stay, and the ledger still proves whole.

Bytes, texts, headers, entries, letters, corrections and what the index held of them are gone from every page of the
file, from its write-ahead log and from the copies that upgrades left beside it. What stays is that so many messages of
that day and size were kept, under which digest, and when they were erased. Backups lie elsewhere: they are not touched.
"""
# ruff: noqa: S608 - only our own constants become part of SQL; values always travel as parameters

import json
import sqlite3
import zlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime

from mailsync.ledger import index
from mailsync.ledger.chain import News, append
from mailsync.ledger.database import MEMORY, Database
from mailsync.ledger.intake import read_crc, read_message
from mailsync.ledger.joining import own_keys
from mailsync.ledger.log import entry_of
from mailsync.ledger.rows import canonical, clean, pack, utc
from mailsync.model.draft import WAITING, DraftState
from mailsync.model.event import EventName
from mailsync.model.mail import Message, Span
from mailsync.model.ports import Erasure

_AMONG = "IN (SELECT value FROM json_each(?))"
_BATCH = 500
_EMPTY_LOG = "PRAGMA wal_checkpoint(TRUNCATE)"
#: How long to wait for a program that reads, in milliseconds; whoever asked is told and can ask again.
_PATIENCE = 1500


def forget(database: Database, client: str, now: datetime, before: datetime | None = None) -> Erasure:
    """Erase the mail of `client` (with `before`: what was sent earlier) and all that was made of it.

    Safe to repeat: what is erased already is left alone, and files are cleaned again.
    """
    with database.writing() as conn:
        erased = _erase(conn, clean(client), now, before)
    return _settle(database, erased)


def _erase(conn: sqlite3.Connection, client: str, now: datetime, before: datetime | None) -> Erasure:
    query = (
        "SELECT m.digest, m.thread FROM message m JOIN raw r ON r.digest = m.digest"
        " WHERE m.client = ? AND m.sent_at < ? AND r.data IS NOT NULL"
    )
    thread_of = dict(conn.execute(query, (client, utc(before) if before else "~")).fetchall())
    if not thread_of:
        return Erasure(messages=0, entries=0, letters=0)
    threads = sorted(set(thread_of.values()))
    entries = _touched(conn, "entry", threads, thread_of)
    letters = sorted({*_touched(conn, "draft", threads, thread_of), *_letters_to(conn, client, threads, before)})
    contents = _contents(conn, [*entries, *letters, *thread_of])
    _drop_entries(conn, entries, now)
    conn.execute(f"UPDATE content SET body = NULL WHERE digest {_AMONG}", (json.dumps(contents),))
    _blank_letters(conn, letters)
    _blank_messages(conn, list(thread_of))
    _blank_threads(conn, threads)
    _index_again(conn)
    detail = {"digests": sorted({*thread_of, *contents}), "before": utc(before) if before else None}
    [seq] = append(conn, [News(name=EventName.ERASED, subject=client, detail=detail)], now)
    [digest] = conn.execute("SELECT digest FROM event WHERE seq = ?", (seq,)).fetchone()
    return Erasure(messages=len(thread_of), entries=len(entries), letters=len(letters), seq=seq, digest=digest)


# ---- what there is of it ----


def _touched(conn: sqlite3.Connection, table: str, threads: Sequence[str], digests: Iterable[str]) -> list[str]:
    """Return the ids of the entries or letters of `threads` that ever named one of the messages."""
    erased = set(digests)
    query = (
        f"SELECT t.id, c.body FROM {table} t JOIN event v ON v.subject = t.id"
        " JOIN content c ON c.digest = json_extract(v.detail, '$.version')"
        f" WHERE t.thread {_AMONG} AND c.body IS NOT NULL"
    )
    found = (id_ for id_, body in conn.execute(query, (json.dumps(threads),)) if _names(body, erased))
    return list(dict.fromkeys(found))


def _letters_to(
    conn: sqlite3.Connection, client: str, threads: Sequence[str], before: datetime | None
) -> Iterator[str]:
    """Yield the letters to `client` about what is erased: all of them, or those of threads that go as a whole."""
    left = "SELECT thread FROM message WHERE client = ?1 AND sent_at >= ?2"
    query = (
        "SELECT d.id FROM draft d JOIN content c ON c.digest = d.version WHERE d.client = ?1 AND c.body IS NOT NULL"
        f" AND d.thread NOT IN ({left}) AND (?3 OR d.thread IN (SELECT value FROM json_each(?4)))"
    )
    values = (client, utc(before) if before else "~", before is None, json.dumps(threads))
    return (id_ for (id_,) in conn.execute(query, values))


def _names(body: str, erased: set[str]) -> bool:
    """Say whether a content names one of the messages: as evidence, or as what a letter was written from."""
    data = json.loads(body)
    finding = data.get("finding") or {}
    evidence = [finding.get("evidence") or {}, *data.get("also", ())]
    return bool(erased & {*(one.get("digest") for one in evidence), *data.get("seen", ())})


def _contents(conn: sqlite3.Connection, subjects: Sequence[str]) -> list[str]:
    """Return the digests of all contents that the events about `subjects` name."""
    query = f"SELECT detail FROM event WHERE subject {_AMONG}"
    details = (json.loads(detail) for (detail,) in conn.execute(query, (json.dumps(subjects),)))
    return sorted({d[key] for d in details for key in ("version", "correction") if d.get(key)})


# ---- blanking it ----


def _drop_entries(conn: sqlite3.Connection, ids: Sequence[str], now: datetime) -> None:
    query = (
        "SELECT e.id, e.doc, e.version, e.state, t.account FROM entry e JOIN thread t ON t.id = e.thread"
        f" WHERE e.id {_AMONG} AND NOT e.dropped ORDER BY e.doc"
    )
    rows = conn.execute(query, (json.dumps(ids),)).fetchall()
    told = [
        News(
            name=EventName.ENTRY_DROPPED,
            subject=id_,
            account=account,
            detail={"version": None, "was": version, "state": [state or None, None], "doc": doc},
        )
        for id_, doc, version, state, account in rows
    ]
    seqs = append(conn, told, now)
    dropped = [(seq, row[0]) for seq, row in zip(seqs, rows, strict=True)]
    conn.executemany("UPDATE entry SET dropped = 1, seq = ? WHERE id = ?", dropped)
    conn.execute(
        f"UPDATE entry SET kind = '', tier = '', state = '', due = NULL, amount = NULL, unit = NULL WHERE id {_AMONG}",
        (json.dumps(ids),),
    )


def _blank_letters(conn: sqlite3.Connection, ids: Sequence[str]) -> None:
    waiting = ", ".join(f"'{state}'" for state in sorted(WAITING))
    conn.execute(
        f"UPDATE draft SET state = '{DraftState.WITHDRAWN}' WHERE state IN ({waiting}) AND id {_AMONG}",
        (json.dumps(ids),),
    )


def _blank_messages(conn: sqlite3.Connection, digests: Sequence[str]) -> None:
    """Leave of each message its digest, size, date and client, and where it lay on the server."""
    named = (json.dumps(digests),)
    conn.execute(f"UPDATE raw SET data = NULL, packed_crc = {zlib.crc32(b'')} WHERE digest {_AMONG}", named)
    dates = conn.execute(f"SELECT digest, sent_at FROM message WHERE digest {_AMONG}", named).fetchall()
    unread = read_crc((None, None, None, None))
    conn.executemany(
        "UPDATE message SET (subject, fields, text, passages, language, unread, indexed, read_crc)"
        " = ('', ?, ?, NULL, NULL, NULL, NULL, ?) WHERE digest = ?",
        [(_fields(digest, sent_at), pack(""), unread, digest) for digest, sent_at in dates],
    )
    conn.execute(f"UPDATE location SET reason = '', message_id = NULL, provider_id = NULL WHERE digest {_AMONG}", named)
    conn.execute(f"DELETE FROM subject_key WHERE digest {_AMONG}", named)


def _fields(digest: str, sent_at: str) -> str:
    """Return the header of a message of which nothing is known any more."""
    return canonical({"message_id": f"{digest[:40]}@erased.invalid", "sender": None, "sent_at": sent_at, "subject": ""})


def _blank_threads(conn: sqlite3.Connection, threads: Sequence[str]) -> None:
    """Take subjects and keys of erased messages out of their threads; a thread with others in it is read again."""
    for thread in threads:
        rows = conn.execute(
            "SELECT m.digest, m.client, m.fields, m.text, m.passages, m.language, m.unread FROM message m"
            " JOIN raw r ON r.digest = m.digest WHERE m.thread = ? AND r.data IS NOT NULL ORDER BY m.sent_at, m.digest",
            (thread,),
        ).fetchall()
        left = [read_message(row).message for row in rows]
        keys = [key for message in left for key in own_keys(message)]
        unwanted = f"DELETE FROM thread_key WHERE thread = ? AND NOT key {_AMONG}"
        conn.execute(unwanted, (thread, json.dumps(keys)))
        conn.execute(
            "UPDATE thread SET subject = ?, unread = ?, drafted = max(drafted, mailed, moved) WHERE id = ?",
            (clean(left[0].subject) if left else "", bool(left), thread),
        )


# ---- the index ----


def _index_again(conn: sqlite3.Connection) -> None:
    """Make the index anew from what is left: taken out one by one, words would stay in its older parts."""
    conn.execute("INSERT INTO search(search) VALUES ('delete-all')")
    for documents in _batches(_messages_left(conn)):
        index.put(conn, documents)
    for documents in _batches(_entries_left(conn)):
        index.put(conn, documents)
    conn.execute("INSERT INTO search(search) VALUES ('optimize')")


def _messages_left(conn: sqlite3.Connection) -> Iterator[tuple[int, index.Document]]:
    query = (
        "SELECT id, indexed, digest, client, fields, text, passages, language, unread FROM message"
        " WHERE indexed IS NOT NULL ORDER BY id"
    )
    for number, spans, *row in conn.execute(query):
        read = read_message(row)
        own = [Span(*span) for span in json.loads(spans)]
        yield number, index.of_message(read.message, read.client, own)


def _entries_left(conn: sqlite3.Connection) -> Iterator[tuple[int, index.Document]]:
    query = (
        "SELECT e.doc, c.body, e.thread, m.digest, m.client, m.fields, m.text, m.passages, m.language, m.unread"
        " FROM entry e JOIN content c ON c.digest = e.version JOIN message m ON m.digest = e.digest"
        " WHERE NOT e.dropped AND c.body IS NOT NULL ORDER BY e.doc"
    )
    for number, body, thread, *row in conn.execute(query):
        message: Message = read_message(row).message
        yield number, index.of_entry(entry_of(body, thread), message)


def _batches(documents: Iterator[tuple[int, index.Document]]) -> Iterator[list[tuple[int, index.Document]]]:
    batch: list[tuple[int, index.Document]] = []
    for document in documents:
        batch.append(document)
        if len(batch) == _BATCH:
            yield batch
            batch = []
    yield batch


# ---- the files ----


def _settle(database: Database, erased: Erasure) -> Erasure:
    """Write the file anew without its free pages, empty the write-ahead log, delete the copies beside the file."""
    with database.telling():
        waited = database.conn.execute("PRAGMA busy_timeout").fetchone()[0]
        database.conn.execute(f"PRAGMA busy_timeout = {_PATIENCE}")
        try:
            busy = database.conn.execute(_EMPTY_LOG).fetchone()[0]
            if not busy:
                database.conn.execute("VACUUM")
                busy = database.conn.execute(_EMPTY_LOG).fetchone()[0]
        finally:
            database.conn.execute(f"PRAGMA busy_timeout = {waited}")
    copies = []
    if database.path != MEMORY:
        for copy in sorted(database.path.parent.glob(f"{database.path.name}.version-*")):
            copy.unlink()
            copies.append(copy.name)
    return replace(erased, copies=tuple(copies), settled=not busy)
