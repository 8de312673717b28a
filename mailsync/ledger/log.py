"""The agreement log read back: entries, threads, and what people said about them; `record` writes it."""
# ruff: noqa: S608 - only our own constants become part of SQL; values always travel as parameters

import json
import re
import sqlite3
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from mailsync.ledger.chain import News, append, keep_content
from mailsync.ledger.rows import build, canonical, clean, from_utc, plain, sha256, utc
from mailsync.model.draft import WAITING
from mailsync.model.entry import Entry, Tier
from mailsync.model.errors import NotFoundError
from mailsync.model.event import EventName
from mailsync.model.ports import ThreadInfo
from mailsync.model.thread import Correction

_SELECT = "SELECT c.body, e.thread FROM entry e JOIN content c ON c.digest = e.version"
_CORRECTING = (EventName.ENTRY_CORRECTED, EventName.SUGGESTION_ACCEPTED, EventName.SUGGESTION_DISMISSED)
FACTS = ("id", "version", "digest", "client", "sent_at", "kind", "tier", "state", "due", "amount", "unit")
_NUMBER = re.compile(r"\d{1,15}(?:\.\d{1,9})?")


def body_of(entry: Entry) -> str:
    """Return the content of an entry; its thread is left out, because threads may be joined."""
    return canonical({name: held for name, held in plain(entry).items() if name != "thread"})


def entry_of(body: str, thread: str) -> Entry:
    """Return the entry that `body_of` wrote down, in its thread."""
    return build(Entry, {**json.loads(body), "thread": thread})


def entry_facts(entry: Entry, body: str) -> tuple[str | float | None, ...]:
    """Return the columns `FACTS` of an entry's row, which follow from its content, `body`."""
    finding, terms = entry.finding, entry.finding.terms
    value, _, unit = (terms.amount or "").partition(" ")
    number = _NUMBER.fullmatch(value)
    return (
        clean(entry.id),
        sha256(body),
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
    if correction.added is not None:
        _note(conn, correction, correction.added.digest, now)
        return
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


def _note(conn: sqlite3.Connection, correction: Correction, digest: str, now: datetime) -> None:
    """Keep an entry that a person found in the message `digest`."""
    row = conn.execute("SELECT thread FROM message WHERE digest = ?", (clean(digest),)).fetchone()
    if row is None:
        raise NotFoundError(f"There is no message {digest[:12]!r}.")
    body = canonical(plain(correction))
    keep_content(conn, [body])
    news = News(
        name=EventName.ENTRY_NOTED,
        subject=digest,
        account=thread(conn, row[0]).account,
        effective=correction.at,
        detail={"correction": sha256(body)},
    )
    append(conn, [news], now)
    conn.execute("UPDATE thread SET unread = 1 WHERE id = ?", (row[0],))


def corrections(conn: sqlite3.Connection, thread: str) -> tuple[Correction, ...]:
    """Return what people said about the thread's entries, in the order in which they said it."""
    names = ", ".join(f"'{name}'" for name in _CORRECTING)
    query = (
        "SELECT c.body FROM (SELECT v.seq, v.detail FROM entry e JOIN event v ON v.subject = e.id"
        f" WHERE e.thread = ?1 AND v.name IN ({names}) UNION SELECT v.seq, v.detail FROM message m JOIN event v"
        f" ON v.subject = m.digest WHERE m.thread = ?1 AND v.name = '{EventName.ENTRY_NOTED}') AS said"
        " JOIN content c ON c.digest = json_extract(said.detail, '$.correction') WHERE c.body IS NOT NULL ORDER BY seq"
    )
    return tuple(build(Correction, json.loads(body)) for (body,) in conn.execute(query, (clean(thread),)))
