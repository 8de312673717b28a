"""What could not be read or done, each said once however often it happens."""

import sqlite3
from collections.abc import Sequence
from datetime import datetime

from mailsync.ledger.chain import News, append
from mailsync.ledger.rows import canonical, clean, from_utc, sha256, utc
from mailsync.model.event import EventName, Trouble


def keep(conn: sqlite3.Connection, trouble: Trouble) -> None:
    """Keep a trouble; the first time as an event, afterwards as one more time."""
    named = tuple(clean(text) for text in (trouble.account, trouble.stage, trouble.subject, trouble.reason))
    again = (
        "UPDATE trouble SET last_at = max(last_at, ?), times = times + 1"
        " WHERE account = ? AND stage = ? AND subject = ? AND reason = ?"
    )
    if conn.execute(again, (utc(trouble.at), *named)).rowcount:
        return
    detail = {"stage": named[1], "row": seal(named)}
    news = News(name=EventName.TROUBLE, subject=trouble.subject, account=trouble.account, detail=detail)
    [seq] = append(conn, [news], trouble.at)
    new = (
        "INSERT INTO trouble (seq, account, stage, subject, reason, first_at, last_at, times)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, 1)"
    )
    conn.execute(new, (seq, *named, utc(trouble.at), utc(trouble.at)))


def troubles(conn: sqlite3.Connection, since: datetime | None) -> list[Trouble]:
    """Return the troubles kept, each at its latest time, newest first."""
    columns = "last_at, stage, subject, reason, account"
    query = f"SELECT {columns} FROM trouble WHERE last_at >= ? ORDER BY last_at DESC, seq DESC"  # noqa: S608
    return [
        Trouble(at=from_utc(row[0]), stage=row[1], subject=row[2], reason=row[3], account=row[4])
        for row in conn.execute(query, (utc(since) if since else "",))
    ]


def seal(named: Sequence[str]) -> str:
    """Return the digest of a trouble: account, stage, subject, reason."""
    return sha256(canonical(list(named)))
