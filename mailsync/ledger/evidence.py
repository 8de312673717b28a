"""What can only be found out when mail comes in: kept beside it, sealed by an event of the history."""

import json
import sqlite3
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from mailsync.ledger.chain import News, append, keep_content
from mailsync.ledger.rows import canonical, clean, sha256, utc
from mailsync.model.event import EventName

#: How many of the latest events are looked through for messages that are still to be checked.
_LATELY = 50_000


def keep(conn: sqlite3.Connection, digest: str, found: Mapping[str, Any], now: datetime) -> None:
    """Keep what was found out about the message with this digest; the same again is kept once."""
    body = canonical({"message": digest, **found})
    version = sha256(body)
    known = "SELECT 1 FROM event WHERE subject = ? AND json_extract(detail, '$.version') = ? LIMIT 1"
    if conn.execute(known, (clean(digest), version)).fetchone():
        return
    account = conn.execute("SELECT account FROM message WHERE digest = ?", (clean(digest),)).fetchone()
    keep_content(conn, [body])
    name = EventName.EVIDENCE_KEPT
    news = News(name=name, subject=digest, account=account[0] if account else "", detail={"version": version})
    append(conn, [news], now)


def evidence(conn: sqlite3.Connection, digest: str) -> list[dict[str, Any]]:
    """Return what was found out about a message, oldest first."""
    query = (
        "SELECT c.body FROM event v JOIN content c ON c.digest = json_extract(v.detail, '$.version')"
        " WHERE v.subject = ? AND v.name = ? AND c.body IS NOT NULL ORDER BY v.seq"
    )
    return [json.loads(body) for (body,) in conn.execute(query, (clean(digest), EventName.EVIDENCE_KEPT))]


def unproven(conn: sqlite3.Connection, since: datetime, limit: int) -> list[str]:
    """Return the digests of messages kept since then about which nothing was found out yet, oldest first."""
    query = (
        "SELECT k.subject FROM event k JOIN raw r ON r.digest = k.subject AND r.data IS NOT NULL"
        " WHERE k.seq > (SELECT coalesce(max(seq), 0) - ? FROM event) AND k.name = ? AND k.at >= ? AND NOT EXISTS"
        " (SELECT 1 FROM event v WHERE v.subject = k.subject AND v.name = ?) ORDER BY k.seq LIMIT ?"
    )
    asked = (_LATELY, EventName.MESSAGE_KEPT, utc(since), EventName.EVIDENCE_KEPT, limit)
    return [digest for (digest,) in conn.execute(query, asked)]
