"""Taking in: raw bytes, parsed messages, and what became of every message on the server."""
# ruff: noqa: S608 - only our own constants become part of SQL; values always travel as parameters

import json
import sqlite3
import zlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from mailsync.ledger import index, joining
from mailsync.ledger.chain import News, append
from mailsync.ledger.rows import build, canonical, clean, from_utc, pack, plain, sha256, unpack, utc
from mailsync.model.errors import NotFoundError
from mailsync.model.event import EventName
from mailsync.model.mail import (
    Envelope,
    FolderMark,
    FolderRole,
    Location,
    Message,
    Outcome,
    Passage,
    RawMessage,
    Sighting,
)
from mailsync.model.ports import Count
from mailsync.model.thread import ReadMessage

_PLACE = "SELECT id FROM folder WHERE account = ? AND name = ?"


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrival:
    """Bytes that came in, with what parsing made of them; `message` is None where it made nothing."""

    raw: RawMessage
    message: Message | None
    client: str


# ---- folders ----


def marks(conn: sqlite3.Connection, account: str) -> dict[str, FolderMark]:
    """Return how far each folder of `account` has been read, by folder name."""
    query = "SELECT name, role, uidvalidity, last_uid, circle FROM folder WHERE account = ? AND uidvalidity > 0"
    return {
        name: FolderMark(
            account=account, folder=name, role=FolderRole(role), uidvalidity=validity, last_uid=last, circle=circle
        )
        for name, role, validity, last, circle in conn.execute(query, (clean(account),))
    }


def known(conn: sqlite3.Connection, envelopes: Sequence[Envelope]) -> dict[int, str]:
    """Return, by UID, the digest of each envelope whose body is kept already.

    Two messages that lie in one folder at the same time are never taken for one by their Message-ID: whoever sends a
    second message under the first one's id must not make it invisible.
    """
    by_provider = (
        "SELECT l.digest FROM location l JOIN folder f ON f.id = l.folder"
        " WHERE l.provider_id = ? AND f.account = ? AND l.digest IS NOT NULL LIMIT 1"
    )
    by_message_id = (
        "SELECT l.digest FROM location l JOIN folder f ON f.id = l.folder"
        " WHERE l.message_id = ? AND l.size = ? AND l.internal_date = ? AND f.account = ? AND l.digest IS NOT NULL"
        " AND (f.name != ? OR l.uidvalidity != ? OR l.uid = ?) LIMIT 1"
    )
    found = {}
    for one in envelopes:
        at, account, row = one.location, clean(one.location.account), None
        if one.provider_id:
            row = conn.execute(by_provider, (clean(one.provider_id), account)).fetchone()
        if row is None and one.message_id:
            same = (clean(one.message_id), one.size, utc(one.internal_date))
            row = conn.execute(by_message_id, (*same, account, clean(at.folder), at.uidvalidity, at.uid)).fetchone()
        if row:
            found[at.uid] = row[0]
    return found


def passed_over(conn: sqlite3.Connection, mark: FolderMark) -> list[int]:
    """Return the UIDs of `mark`'s folder that ended as not a client's."""
    return [uid for uid, outcome, _ in _outcomes(conn, mark) if outcome == Outcome.NOT_CLIENT]


def accounted(conn: sqlite3.Connection, mark: FolderMark) -> list[int]:
    """Return the UIDs of `mark`'s folder that are there and have an outcome, ascending."""
    return [uid for uid, outcome, _ in _outcomes(conn, mark) if outcome != Outcome.GONE]


def gone(conn: sqlite3.Connection, mark: FolderMark, present: Sequence[int]) -> int:
    """Note which messages the server no longer has, and which it has again; return how many are newly gone."""
    here, folder = set(present), _folder_id(conn, mark.account, mark.folder)
    rows = _outcomes(conn, mark)
    lost = [(folder, mark.uidvalidity, uid) for uid, outcome, _ in rows if uid not in here and outcome != Outcome.GONE]
    back = [
        (folder, mark.uidvalidity, uid) for uid, outcome, was in rows if uid in here and outcome == Outcome.GONE and was
    ]
    one = "WHERE folder = ? AND uidvalidity = ? AND uid = ?"
    conn.executemany(f"UPDATE location SET was = outcome, outcome = '{Outcome.GONE}' {one}", lost)
    conn.executemany(f"UPDATE location SET outcome = was, was = '' {one}", back)
    return len(lost)


def polled(conn: sqlite3.Connection, account: str, folder: str, now: datetime, trouble: str) -> None:
    """Note a poll of a folder (empty: of the account as a whole) and what went wrong in it."""
    conn.execute(
        "UPDATE folder SET polled_at = coalesce(?, polled_at), trouble = ? WHERE id = ?",
        (None if trouble else utc(now), clean(trouble), _folder_id(conn, account, folder, make=True)),
    )


def counts(conn: sqlite3.Connection) -> list[Count]:
    """Return every folder with its messages by outcome; one without a name stands for the account as a whole."""
    found: dict[int, dict[str, int]] = {}
    tally = (
        "SELECT f.id, l.outcome, count(*) FROM folder f"
        " JOIN location l ON l.folder = f.id AND l.uidvalidity = f.uidvalidity GROUP BY 1, 2"
    )
    for folder, outcome, number in conn.execute(tally):
        found.setdefault(folder, {})[outcome] = number
    rows = conn.execute(
        "SELECT id, account, name, role, uidvalidity, last_uid, polled_at, trouble FROM folder ORDER BY account, name"
    )
    return [
        Count(
            account=row[1],
            folder=row[2],
            role=FolderRole(row[3]),
            uidvalidity=row[4],
            last_uid=row[5],
            polled_at=from_utc(row[6]) if row[6] else None,
            trouble=row[7],
            outcomes=found.get(row[0], {}),
        )
        for row in rows
    ]


# ---- messages ----


def keep(conn: sqlite3.Connection, sightings: Sequence[Sighting], mark: FolderMark, now: datetime) -> None:
    """Keep a batch of a folder: bytes, messages, outcomes, and how far the folder has been read."""
    folder = _move_mark(conn, mark, now)
    arrivals = [Arrival(raw=s.raw, message=s.message, client=s.client) for s in sightings if s.raw]
    keep_arrivals(conn, arrivals, mark.account, now)
    outcomes = _kept_outcomes(conn, [s.digest for s in sightings if s.digest and not s.raw])
    conn.executemany(
        "INSERT INTO location (folder, uidvalidity, uid, outcome, was, reason, digest, message_id, size, internal_date,"
        " provider_id) VALUES (?, ?, ?, ?, '', ?, ?, ?, ?, ?, ?) ON CONFLICT (folder, uidvalidity, uid) DO UPDATE SET"
        " (outcome, was, reason, digest, message_id, size, internal_date, provider_id) = (excluded.outcome,"
        " CASE WHEN excluded.outcome = 'gone' THEN CASE WHEN was = '' THEN outcome ELSE was END ELSE '' END,"
        " excluded.reason, coalesce(excluded.digest, digest), coalesce(excluded.message_id, message_id),"
        " coalesce(excluded.size, size), coalesce(excluded.internal_date, internal_date),"
        " coalesce(excluded.provider_id, provider_id))",
        [(folder, *_location(sighting, outcomes)) for sighting in sightings],
    )


def keep_arrivals(conn: sqlite3.Connection, arrivals: Iterable[Arrival], account: str, now: datetime) -> int:
    """Keep bytes first, then messages, each once; return how many messages (or unreadable bytes) were new."""
    by_digest = {arrival.raw.digest: arrival for arrival in arrivals}
    had = _among(conn, "raw", by_digest)
    new = [arrival for digest, arrival in by_digest.items() if digest not in had]
    conn.executemany(
        "INSERT INTO raw (digest, size, data, packed_crc, kept_at) VALUES (?, ?, ?, ?, ?)",
        [(a.raw.digest, len(a.raw.data), data := pack(a.raw.data), zlib.crc32(data), utc(now)) for a in new],
    )
    parsed_before = _among(conn, "message", by_digest)
    parsed = [a for a in by_digest.values() if a.message and a.raw.digest not in parsed_before]
    messages = [replace(a.message, digest=a.raw.digest) for a in parsed if a.message]
    threads = joining.place(conn, messages, now) if messages else []
    numbers = index.numbers(conn, "message", "id", [message.sent_at for message in messages])
    rows = {
        a.raw.digest: _message_row(message, a.client, account, number)
        for a, message, number in zip(parsed, messages, numbers, strict=True)
    }
    told = [a for a in by_digest.values() if a.raw.digest not in had or a.raw.digest in rows]
    seqs = append(conn, [_news(a, rows.get(a.raw.digest), account) for a in told], now)
    kept = {a.raw.digest: seq for a, seq in zip(told, seqs, strict=True)}
    conn.executemany(
        "INSERT INTO message (id, digest, account, client, sent_at, subject, fields, text, kept, thread, read_crc)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        [
            (*row, kept[digest], thread, read_crc((None, None, None, None)))
            for (digest, row), thread in zip(rows.items(), threads, strict=True)
        ],
    )
    joining.refresh(conn, threads, max(seqs, default=0))
    return len(told)


def raw(conn: sqlite3.Connection, digest: str) -> RawMessage:
    """Return the kept bytes, with the first place they were seen at. Raises NotFoundError."""
    row = conn.execute("SELECT data FROM raw WHERE digest = ?", (clean(digest),)).fetchone()
    if row is None:
        raise NotFoundError(f"No message with digest {digest[:12]} is kept.")
    if row[0] is None:
        raise NotFoundError(f"The message with digest {digest[:12]} was erased.")
    seen = conn.execute(
        "SELECT f.account, f.name, l.uidvalidity, l.uid, l.internal_date, l.provider_id FROM location l"
        " JOIN folder f ON f.id = l.folder WHERE l.digest = ? ORDER BY l.rowid LIMIT 1",
        (digest,),
    ).fetchone()
    if seen is None:
        return RawMessage(data=unpack(row[0]), digest=digest)
    return RawMessage(
        data=unpack(row[0]),
        digest=digest,
        location=Location(account=seen[0], folder=seen[1], uidvalidity=seen[2], uid=seen[3]),
        internal_date=from_utc(seen[4]) if seen[4] else None,
        provider_id=seen[5] or "",
    )


def messages(conn: sqlite3.Connection, thread: str) -> list[ReadMessage]:
    """Return the thread's messages by date, with the passages and language of the latest reading."""
    rows = conn.execute(
        "SELECT digest, client, fields, text, passages, language, unread FROM message WHERE thread = ?"
        " ORDER BY sent_at, digest",
        (clean(thread),),
    )
    return [read_message(row) for row in rows]


def read_message(row: Sequence[Any]) -> ReadMessage:
    """Return a message from its columns digest, client, fields, text, passages, language, unread."""
    digest, client, fields, text, passages, language, unread = row
    message = build(Message, {**json.loads(fields), "digest": digest, "text": unpack(text).decode()})
    marked = tuple(build(Passage, one) for one in json.loads(passages or "[]"))
    return ReadMessage(message=message, passages=marked, language=language or "", client=client, unread=unread or "")


def read_crc(reading: Sequence[str | None]) -> int:
    """Return the check sum over what reading made of a message: passages, language, unread, indexed."""
    return zlib.crc32(canonical(list(reading)).encode())


def message_seal(row: Sequence[Any]) -> str:
    """Return the digest of what parsing made of a message: its columns id to text."""
    *facts, text = row
    return sha256(canonical([*facts, sha256(text)]))


# ---- small change ----


def _folder_id(conn: sqlite3.Connection, account: str, folder: str, *, make: bool = False) -> int:
    place = (clean(account), clean(folder))
    row = conn.execute(_PLACE, place).fetchone()
    if row is None and make:
        columns = "account, name, role, uidvalidity, last_uid, circle, trouble"
        conn.execute(f"INSERT INTO folder ({columns}) VALUES (?, ?, ?, 0, 0, '', '')", (*place, FolderRole.OTHER))
        row = conn.execute(_PLACE, place).fetchone()
    return int(row[0]) if row else 0


def _outcomes(conn: sqlite3.Connection, mark: FolderMark) -> list[tuple[int, str, str]]:
    """Return uid, outcome and former outcome of every message of `mark`'s folder, ascending."""
    query = "SELECT uid, outcome, was FROM location WHERE folder = ? AND uidvalidity = ? ORDER BY uid"
    return conn.execute(query, (_folder_id(conn, mark.account, mark.folder), mark.uidvalidity)).fetchall()


def _move_mark(conn: sqlite3.Connection, mark: FolderMark, now: datetime) -> int:
    """Set the folder's mark; under one UIDVALIDITY it never goes back, whoever comes late with an old one."""
    folder = _folder_id(conn, mark.account, mark.folder, make=True)
    was = conn.execute("SELECT uidvalidity FROM folder WHERE id = ?", (folder,)).fetchone()[0]
    conn.execute(
        "UPDATE folder SET last_uid = CASE WHEN uidvalidity = ?2 THEN max(last_uid, ?3) ELSE ?3 END,"
        " role = ?1, uidvalidity = ?2, circle = ?4 WHERE id = ?5",
        (mark.role, mark.uidvalidity, mark.last_uid, clean(mark.circle), folder),
    )
    if was not in (0, mark.uidvalidity):
        detail = {"uidvalidity": [was, mark.uidvalidity]}
        subject = f"{mark.account}/{mark.folder}"
        news = News(name=EventName.FOLDER_CHANGED, subject=subject, account=mark.account, detail=detail)
        append(conn, [news], now)
    return folder


def _among(conn: sqlite3.Connection, table: str, digests: Iterable[str]) -> set[str]:
    query = f"SELECT digest FROM {table} WHERE digest IN (SELECT value FROM json_each(?))"
    return {digest for (digest,) in conn.execute(query, (json.dumps(list(digests)),))}


def _kept_outcomes(conn: sqlite3.Connection, digests: Sequence[str]) -> dict[str, tuple[str, str]]:
    """Return what became of bodies that are kept already, from where they were seen first."""
    query = (
        "SELECT digest, CASE WHEN outcome = 'gone' THEN was ELSE outcome END, reason FROM location"
        " WHERE digest IN (SELECT value FROM json_each(?)) ORDER BY rowid DESC"
    )
    return {row[0]: (row[1], row[2]) for row in conn.execute(query, (json.dumps(list(digests)),)) if row[1]}


def _location(sighting: Sighting, kept: dict[str, tuple[str, str]]) -> tuple[Any, ...]:
    """Return the columns of a location; of mail that is nobody's business, only that it is there."""
    envelope, place = sighting.envelope, sighting.envelope.location
    outcome, reason = str(sighting.outcome), sighting.reason
    if outcome == Outcome.READ and not sighting.raw:
        outcome, reason = kept.get(sighting.digest, (outcome, reason))
    here = (place.uidvalidity, place.uid, outcome, clean(reason))
    if sighting.outcome in (Outcome.NOT_CLIENT, Outcome.GONE):
        return (*here, None, None, None, None, None)
    digest = sighting.digest or (sighting.raw.digest if sighting.raw else None)
    message_id, provider_id = clean(envelope.message_id) or None, clean(envelope.provider_id) or None
    return (*here, digest, message_id, envelope.size, utc(envelope.internal_date), provider_id)


def _message_row(message: Message, client: str, account: str, number: int) -> tuple[Any, ...]:
    """Return the columns id to text."""
    fields = {name: held for name, held in plain(message).items() if name not in ("digest", "text")}
    subject = clean(message.subject)
    packed = pack(message.text)
    return (
        number,
        message.digest,
        clean(account),
        clean(client),
        utc(message.sent_at),
        subject,
        canonical(fields),
        packed,
    )


def _news(arrival: Arrival, row: tuple[Any, ...] | None, account: str) -> News:
    """Tell that a message was kept: how many bytes, where they lay, and the digest of what parsing made of them."""
    raw, place = arrival.raw, arrival.raw.location
    detail = {
        "size": len(raw.data),
        "row": message_seal(row) if row else None,
        "place": [place.folder, place.uidvalidity, place.uid] if place else None,
        "internal_date": utc(raw.internal_date) if raw.internal_date else None,
    }
    effective = arrival.message.sent_at if arrival.message else raw.internal_date
    return News(name=EventName.MESSAGE_KEPT, subject=raw.digest, account=account, effective=effective, detail=detail)
