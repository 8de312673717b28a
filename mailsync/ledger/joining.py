"""Which thread a new message belongs to, and what happens when it shows that two threads are one.

A thread's id comes from its oldest message (`reading.threads.thread_id`). Whenever a message ties threads together,
the one with the older first message wins, and messages, entries and drafts of the other follow: the threads are
those that `reading.threads.gather` finds, whatever the order of arrival. (One exception: a reply without references
that joined a thread by its subject stays there when a nearer message of that subject turns up late.)
"""
# ruff: noqa: S608 - only our own constants become part of SQL; values always travel as parameters

import json
import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from mailsync.ledger import drafts
from mailsync.ledger.chain import News, append
from mailsync.ledger.database import upsert
from mailsync.ledger.rows import clean, sha256, utc
from mailsync.model.event import EventName
from mailsync.model.mail import Message
from mailsync.reading.threads import keys, subject_keys, thread_id

_LONGEST_KEY = 200
_LATEST_BEFORE = "SELECT digest FROM subject_key WHERE key = ? AND sent_at <= ? ORDER BY sent_at DESC LIMIT 1"
_NEXT_AFTER = "SELECT digest, lost FROM subject_key WHERE key = ? AND sent_at > ? ORDER BY sent_at LIMIT 1"

_COLUMNS = ("id", "account", "client", "subject", "first_at", "last_at", "messages", "mailed", "unread")
_UPSERT = upsert("thread", "id", _COLUMNS)


@dataclass(slots=True)
class _Threads:
    """The threads as one batch sees them: whose `key`s, when each began (`first`), `into` which it was joined."""

    key: dict[str, str] = field(default_factory=dict)
    first: dict[str, str] = field(default_factory=dict)
    into: dict[str, str] = field(default_factory=dict)

    def now(self, thread: str) -> str:
        """Return what `thread` is called after all joins so far."""
        while thread in self.into:
            thread = self.into[thread]
        return thread

    def join(self, tied: Iterable[str], own: str, sent_at: str) -> str:
        """Join the threads a message ties together, its `own` among them; return the one that wins."""
        self.first[own] = min(sent_at, self.first.get(own, sent_at))
        both = {own, *tied}
        winner = min(both, key=lambda thread: (self.first[thread], thread))
        self.into.pop(winner, None)
        self.into.update(dict.fromkeys(both - {winner}, winner))
        return winner


def place(conn: sqlite3.Connection, messages: Sequence[Message], now: datetime) -> list[str]:
    """Return the thread of each of `messages`, joining stored threads that turn out to be one."""
    ordered = sorted(messages, key=lambda m: (utc(m.sent_at), m.digest))
    threads = _stored(conn, {key for message in ordered for key in own_keys(message)})
    stored = set(threads.first)
    member: dict[str, str] = {}
    lately: dict[str, str] = {}
    for message in ordered:
        tied = {threads.key[key] for key in own_keys(message) if key in threads.key}
        for digest in _by_subject(conn, message, lately):
            thread = member.get(digest) or _thread_of(conn, digest, threads, stored)
            tied |= {thread} if thread else set()
        thread = threads.join({threads.now(t) for t in tied}, thread_id(keys(message)), utc(message.sent_at))
        member[message.digest] = thread
        threads.key.update(dict.fromkeys(own_keys(message), thread))
        lately.update(dict.fromkeys(subject_keys(message), message.digest))
    for thread in sorted(stored):
        if threads.now(thread) != thread:
            _join_stored(conn, thread, threads.now(thread), now)
    _remember(conn, ordered, threads)
    return [threads.now(member[message.digest]) for message in messages]


def own_keys(message: Message) -> list[str]:
    """Return the keys that prove to which thread `message` belongs, as they are stored: long ones by digest."""
    proofs = (clean(key) for key in keys(message) if not key.startswith("subject:"))
    return [key if len(key) <= _LONGEST_KEY else "sha256:" + sha256(key) for key in proofs]


def refresh(conn: sqlite3.Connection, threads: Iterable[str], mailed: int) -> None:
    """Make the rows of `threads` say what their messages say; they await reading, the newest event being `mailed`."""
    for thread in sorted(set(threads)):
        query = "SELECT sent_at, account, client, subject FROM message WHERE thread = ? ORDER BY sent_at, digest"
        rows = conn.execute(query, (thread,)).fetchall()
        first, last = rows[0], rows[-1]
        client = next((row[2] for row in reversed(rows) if row[2]), "")
        conn.execute(_UPSERT, (thread, last[1], client, first[3], first[0], last[0], len(rows), mailed, 1))


def _stored(conn: sqlite3.Connection, wanted: set[str]) -> _Threads:
    """Return what the ledger knows of the threads that `wanted` keys lead to."""
    by_key = "SELECT key, thread FROM thread_key WHERE key IN (SELECT value FROM json_each(?))"
    threads = _Threads(key=dict(conn.execute(by_key, (json.dumps(sorted(wanted)),)).fetchall()))
    dates = "SELECT id, first_at FROM thread WHERE id IN (SELECT value FROM json_each(?))"
    found = json.dumps(sorted(set(threads.key.values())))
    threads.first = dict(conn.execute(dates, (found,)).fetchall())
    return threads


def _by_subject(conn: sqlite3.Connection, message: Message, lately: dict[str, str]) -> list[str]:
    """Return the messages that `message` is tied to by nothing but subject and people.

    For a reply without references, the latest earlier one; for any message, the next later one if that is such a
    reply and has found nothing to join yet.
    """
    found, sent_at = [], utc(message.sent_at)
    for key in (key for key in keys(message) if key.startswith("subject:")):
        row = conn.execute(_LATEST_BEFORE, (_subject(key), sent_at)).fetchone()
        found += [lately[key]] if key in lately else [row[0]] if row else []
    for key in subject_keys(message):
        row = conn.execute(_NEXT_AFTER, (_subject(key), sent_at)).fetchone()
        if row and row[1] and _begins_thread(conn, row[0]):
            found.append(row[0])
    return found


def _subject(key: str) -> str:
    """Return a subject key as it is stored: by digest, which is shorter and says nothing about the mail."""
    return sha256(clean(key))[:24]


def _begins_thread(conn: sqlite3.Connection, digest: str) -> bool:
    query = "SELECT m.sent_at = t.first_at FROM message m JOIN thread t ON t.id = m.thread WHERE m.digest = ?"
    row = conn.execute(query, (digest,)).fetchone()
    return bool(row and row[0])


def _thread_of(conn: sqlite3.Connection, digest: str, threads: _Threads, stored: set[str]) -> str:
    query = "SELECT t.id, t.first_at FROM message m JOIN thread t ON t.id = m.thread WHERE m.digest = ?"
    row = conn.execute(query, (digest,)).fetchone()
    if row is None:
        return ""
    stored.add(row[0])
    threads.first.setdefault(row[0], row[1])
    return str(row[0])


def _join_stored(conn: sqlite3.Connection, old: str, new: str, now: datetime) -> None:
    """Let everything of the thread `old` follow to `new`."""
    account = conn.execute("SELECT account FROM thread WHERE id = ?", (old,)).fetchone()[0]
    if conn.execute("SELECT 1 FROM thread WHERE id = ?", (new,)).fetchone():
        drafts.leave_one_waiting(conn, (old, new), now)
        conn.execute(
            "UPDATE thread SET moved = max(thread.moved, o.moved), drafted = min(thread.drafted, o.drafted)"
            " FROM (SELECT moved, drafted FROM thread WHERE id = ?) AS o WHERE id = ?",
            (old, new),
        )
        conn.execute("DELETE FROM thread WHERE id = ?", (old,))
    else:
        conn.execute("UPDATE thread SET id = ? WHERE id = ?", (new, old))
    for table in ("message", "thread_key", "entry", "draft"):
        conn.execute(f"UPDATE {table} SET thread = ? WHERE thread = ?", (new, old))
    append(conn, [News(name=EventName.THREADS_JOINED, subject=new, account=account, detail={"joined": old})], now)


def _remember(conn: sqlite3.Connection, messages: Sequence[Message], threads: _Threads) -> None:
    """Keep the keys by which later messages will find these."""
    by_key = {key: threads.now(threads.key[key]) for message in messages for key in own_keys(message)}
    conn.executemany("INSERT OR REPLACE INTO thread_key (key, thread) VALUES (?, ?)", sorted(by_key.items()))
    subjects = [
        (_subject(key), utc(message.sent_at), message.digest, key in keys(message))
        for message in messages
        for key in subject_keys(message)
    ]
    conn.executemany("INSERT INTO subject_key (key, sent_at, digest, lost) VALUES (?, ?, ?, ?)", subjects)
