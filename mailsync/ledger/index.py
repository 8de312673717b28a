"""What the search index holds of an entry or a message, and under which number.

A document's number begins with the minute of its date and ends in 1 for an entry, 0 for a message, so that the
newest documents are the last rows. The index keeps tokens only (contentless FTS5); to take a document out, exactly
what was put in must be made again, which is why `Document` is built from stored values alone.
"""
# ruff: noqa: S608 - only our own constants become part of SQL; values always travel as parameters

import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from mailsync.ledger.words import further, tokens
from mailsync.model.entry import Entry
from mailsync.model.mail import Address, Message, Span

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_LAST_MINUTE = 1 << 31
#: Room for 2,048 messages and as many entries in one minute; what overflows goes to the next minute.
_STEP = 1 << 12
_COLUMNS = ("words", "subject", "sender", "recipients", "files", "stems", "marks")

#: Marks begin with a sign that no token of a text or a query can hold.
SIGN = "§"


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """One row of the index: texts by column, and the marks that filters ask for."""

    words: str
    subject: str
    sender: str
    recipients: str
    files: str
    marks: tuple[str, ...]


def floor(moment: datetime) -> int:
    """Return the lowest number a document of this minute can have."""
    return min(max(0, int((moment - _EPOCH).total_seconds()) // 60), _LAST_MINUTE) * _STEP


def numbers(conn: sqlite3.Connection, table: str, column: str, moments: Iterable[datetime]) -> list[int]:
    """Return a free number for a new document of `table` at each of `moments`."""
    last: dict[int, int] = {}
    found = []
    bit = 1 if table == "entry" else 0
    query = f"SELECT max({column}) FROM {table} WHERE {column} >= ? AND {column} < ?"
    for moment in moments:
        low = floor(moment)
        while True:
            if low not in last:
                taken = conn.execute(query, (low, low + _STEP)).fetchone()[0]
                last[low] = low + bit - 2 if taken is None else taken
            if last[low] + 2 < low + _STEP:
                break
            low += _STEP
        last[low] += 2
        found.append(last[low])
    return found


def mark(field: str, value: str) -> str:
    """Return the mark for `field` with exactly `value`; hex, because a key may hold anything."""
    return f"{SIGN}{field}{value.casefold().encode('utf-8', 'replace').hex()}"


def word_marks(field: str, text: str) -> list[str]:
    """Return the marks for each word of `text`, in order, so that an address can be asked for as a phrase."""
    return [f"{SIGN}{field}{word}" for word in tokens(text)]


def of_message(message: Message, client: str, spans: Sequence[Span]) -> Document:
    """Return what the index holds of a message: the text in `spans` (the rest is quoted from others) and its header."""
    marks = [SIGN + "mail", mark("client", client)]
    if message.attachments:
        marks.append(SIGN + "attachment")
    return Document(
        words="\n".join(message.text[span.start : span.end] for span in spans),
        subject=message.subject,
        sender=_people((message.sender,) if message.sender else ()),
        recipients=_people((*message.to, *message.cc)),
        files=" ".join(attachment.name for attachment in message.attachments),
        marks=tuple(marks),
    )


def of_entry(entry: Entry, message: Message) -> Document:
    """Return what the index holds of an entry: its words, the header of its message, its terms as marks.

    Client, kind and topic are words as well ("acme deadline"); they stand where a message has its files' names.
    """
    finding = entry.finding
    marks = [SIGN + "entry", mark("client", entry.client), mark("kind", finding.kind), mark("tier", finding.tier)]
    marks.append(mark("topic", finding.terms.topic))
    marks += [SIGN + flag for flag, holds in _flags(entry) if holds]
    marks += word_marks("who", finding.who) + word_marks("owner", finding.owner or "")
    return Document(
        words=finding.evidence.quote,
        subject=message.subject,
        sender=_people((message.sender,) if message.sender else ()),
        recipients=_people((*message.to, *message.cc)),
        files=f"{entry.client} {finding.kind} {finding.terms.topic}",
        marks=tuple(marks),
    )


def _flags(entry: Entry) -> tuple[tuple[str, object], ...]:
    terms = entry.finding.terms
    return (
        ("conditional", terms.conditional),
        ("vague", terms.vague),
        ("weak", entry.weak),
        ("due", terms.due),
        ("amount", terms.amount),
        ("side" + entry.finding.side, True),
    )


def put(conn: sqlite3.Connection, documents: Iterable[tuple[int, Document]]) -> None:
    """Add documents; in the order of their numbers, because FTS5 writes out its buffer whenever a number is lower."""
    columns = ", ".join(("rowid", *_COLUMNS))
    rows = sorted((number, *_row(document)) for number, document in documents)
    conn.executemany(f"INSERT INTO search ({columns}) VALUES ({', '.join('?' * 8)})", rows)


def remove(conn: sqlite3.Connection, documents: Iterable[tuple[int, Document]]) -> None:
    """Take documents out again."""
    columns = ", ".join(("search", "rowid", *_COLUMNS))
    rows = sorted(("delete", number, *_row(document)) for number, document in documents)
    conn.executemany(f"INSERT INTO search ({columns}) VALUES ({', '.join('?' * 9)})", rows)


def _row(document: Document) -> tuple[str, ...]:
    texts = (document.words, document.subject, document.sender, document.recipients, document.files)
    by_column = [tokens(text) for text in texts]
    other = further("\n".join(texts), [word for words in by_column for word in words])
    return (*(" ".join(words) for words in by_column), " ".join(other), " ".join(document.marks))


def _people(addresses: Iterable[Address]) -> str:
    return " ".join(f"{address.name} {address.email}" for address in addresses)
