"""The append-only history: events, each sealed by the digest of the one before it.

An event's digest is the SHA-256 of its canonical form: the JSON object of its fields `account`, `at`, `before`,
`detail`, `effective`, `name`, `previous`, `seq` and `subject`, keys sorted, no spaces, UTF-8. `previous` is the digest
of the event before it in the ledger, `before` of the one before it of the same account; so the whole history is one
chain, and each account's events are a chain of their own that can be handed over and checked without the others'.

Events hold digests and states; the words themselves lie in `content` under their digest, so that they can be erased
while the chain still proves that nothing else was touched.
"""
# ruff: noqa: S608 - only our own constants become part of SQL; values always travel as parameters

import json
import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from mailsync.ledger.rows import canonical, clean, from_utc, sha256, utc
from mailsync.model.event import Event, EventName

_COLUMNS = "seq, at, effective, name, subject, account, detail, previous, before, digest"


@dataclass(frozen=True, slots=True, kw_only=True)
class News:
    """What is to become an event; `effective` is None for what happened just now."""

    name: EventName
    subject: str
    account: str = ""
    effective: datetime | None = None
    detail: dict[str, Any] = field(default_factory=dict)


def seal(row: Sequence[Any]) -> str:
    """Return the digest of an event's row as `_COLUMNS` orders it, its own digest left out."""
    seq, at, effective, name, subject, account, detail, previous, before = row[:9]
    return sha256(
        canonical(
            {
                "account": account,
                "at": at,
                "before": before,
                "detail": detail,
                "effective": effective,
                "name": name,
                "previous": previous,
                "seq": seq,
                "subject": subject,
            }
        )
    )


def append(conn: sqlite3.Connection, news: Iterable[News], now: datetime) -> list[int]:
    """Write `news` behind the newest event; return their numbers."""
    seq, previous = head(conn)
    heads = {account: digest for account, _, digest in conn.execute("SELECT account, seq, digest FROM head")}
    at = utc(now)
    rows: list[tuple[Any, ...]] = []
    newest: dict[str, tuple[str, int, str]] = {}
    for one in news:
        seq += 1
        effective, account = utc(one.effective) if one.effective else at, clean(one.account)
        told = (one.name.value, clean(one.subject), account, canonical(one.detail))
        row = (seq, at, effective, *told, previous, heads.get(account, ""))
        previous = seal(row)
        heads[account], newest[account] = previous, (account, seq, previous)
        rows.append((*row, previous))
    conn.executemany(f"INSERT INTO event ({_COLUMNS}) VALUES ({', '.join('?' * 10)})", rows)
    conn.executemany("INSERT OR REPLACE INTO head (account, seq, digest) VALUES (?, ?, ?)", newest.values())
    return [row[0] for row in rows]


def keep_content(conn: sqlite3.Connection, bodies: Iterable[str]) -> None:
    """Keep canonical JSON texts under their digests; one that is there already stays."""
    conn.executemany("INSERT OR IGNORE INTO content (digest, body) VALUES (?, ?)", [(sha256(b), b) for b in bodies])


def head(conn: sqlite3.Connection) -> tuple[int, str]:
    """Return number and digest of the newest event; (0, "") before the first."""
    row = conn.execute("SELECT seq, digest FROM event ORDER BY seq DESC LIMIT 1").fetchone()
    return (row[0], row[1]) if row else (0, "")


def heads(conn: sqlite3.Connection) -> dict[str, tuple[int, str]]:
    """Return number and digest of each account's newest event; "" stands for what belongs to no account."""
    return {account: (seq, digest) for account, seq, digest in conn.execute("SELECT account, seq, digest FROM head")}


def events(conn: sqlite3.Connection, *, subject: str = "", after: int = 0, limit: int = 0) -> list[Event]:
    """Return events in order: those about `subject`, numbered above `after`, at most `limit` (0: all)."""
    about = "AND subject = ?2" if subject else ""
    query = f"SELECT {_COLUMNS} FROM event WHERE seq > ?1 {about} ORDER BY seq LIMIT ?3"
    return [_event(row) for row in conn.execute(query, (after, clean(subject), limit or -1))]


def content(conn: sqlite3.Connection, digest: str) -> dict[str, Any] | None:
    """Return what an event's detail names by digest; None where it was erased."""
    row = conn.execute("SELECT body FROM content WHERE digest = ?", (digest,)).fetchone()
    found: dict[str, Any] | None = json.loads(row[0]) if row and row[0] else None
    return found


def _event(row: Sequence[Any]) -> Event:
    return Event(
        seq=row[0],
        at=from_utc(row[1]),
        effective=from_utc(row[2]),
        name=EventName(row[3]),
        subject=row[4],
        account=row[5],
        detail=row[6],
        previous=row[7],
        before=row[8],
        digest=row[9],
    )
