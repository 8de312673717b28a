"""Find entries and mail again: the query's conditions over the index, and what is shown of each hit.

The index answers words and most filters by itself; what changes with the day (states) or needs comparing (due,
amount) is asked of the log beside it. The newest come first without sorting, because documents are numbered by date.
"""
# ruff: noqa: S608 - only our own constants become part of SQL; values always travel as parameters

import contextlib
import json
import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from mailsync.ledger.index import SIGN, floor
from mailsync.ledger.intake import read_message
from mailsync.ledger.log import entry_of
from mailsync.ledger.query import Condition, Query, Words, parse
from mailsync.ledger.words import places, stem
from mailsync.model.entry import Entry, state_on
from mailsync.model.mail import Address, Message
from mailsync.model.ports import Hit

#: Length of what is shown of a message, how much of it stands before the first match, and how far matches are sought.
_EXCERPT, _BEFORE, _LOOKED_AT = 240, 60, 200_000
_LONGEST_CHAIN = 100
#: How many of the newest matches are ranked; of a word that stands in more, no rank would mean anything.
_RANKED = 20_000
_NEWEST_MATCHES = (
    "search.rowid >= coalesce((SELECT rowid FROM search WHERE search MATCH ? ORDER BY rowid DESC"
    f" LIMIT 1 OFFSET {_RANKED}), 0)"
)
_ALL = f'("{SIGN}entry" OR "{SIGN}mail")'
_STATE_NOW = (
    "CASE WHEN e.state IN ('open', 'agreed') AND e.due < '{today}' THEN 'overdue' ELSE coalesce(e.state, '') END"
)
_STATE_THEN = "state_on(c.body)"
_CLIENTS = (
    "WITH RECURSIVE one(key) AS (SELECT min(client) FROM thread UNION ALL SELECT (SELECT min(client) FROM thread"
    " WHERE client > one.key) FROM one WHERE one.key IS NOT NULL) SELECT key FROM one WHERE key > ''"
)


def search(
    conn: sqlite3.Connection, query: str, *, today: date, as_of: date | None, limit: int, offset: int, newest: bool
) -> list[Hit]:
    """Answer a query; see `query.py` for its language and `ports.Ledger.search` for the rest."""
    asked = parse(query, today=today, clients=[key for (key,) in conn.execute(_CLIENTS)])
    if not asked.groups and not asked.blank:
        return []
    day = as_of or today
    if as_of:
        states = {str(v) for group in asked.groups for one in group if "{state}" in one.where for v in one.values}
        conn.create_function("state_on", 1, lambda body: _state_then(body, as_of, states), deterministic=True)
    statement, values = _statement(asked, today, as_of, newest=newest)
    numbers = [
        row[0] for row in conn.execute(f"{statement} LIMIT ? OFFSET ?", (*values, max(0, limit), max(0, offset)))
    ]
    return [_hit(conn, number, asked.words, day) for number in numbers]


def _statement(asked: Query, today: date, as_of: date | None, *, newest: bool) -> tuple[str, list[Any]]:
    """Return the SQL that yields the numbers of what was asked for, best or newest first, and its values."""
    pure = [group for group in asked.groups if all(one.match for one in group)]
    mixed = [group for group in asked.groups if group not in pure]
    match = f'"{SIGN}entry"' if asked.blank else _match(pure)
    entries = any(all(_of_entries(one) for one in group) for group in mixed)
    only_log = entries and not match
    if entries and match:
        match = f'({match}) AND "{SIGN}entry"'
    where = ["NOT e.dropped"] if only_log else ["search MATCH ?"]
    values: list[Any] = [] if only_log else [match or _ALL]
    doc = "e.doc" if only_log else "search.rowid"
    state = _STATE_THEN if as_of else _STATE_NOW.format(today=today.isoformat())
    for group in mixed:
        either = [_where(one, doc, state) for one in group]
        where.append(f"({' OR '.join(sql for sql, _ in either)})")
        values += [value for _, some in either for value in some]
    if as_of:
        where.append(
            f"({doc} < ? OR {doc} < ? AND substr(coalesce(json_extract(c.body, '$.finding.date'),"
            " json_extract(m.fields, '$.sent_at')), 1, 10) <= ?)"
        )
        values += [_midnight(as_of, -1), _midnight(as_of, 3), as_of.isoformat()]
    joins = "" if only_log else " LEFT JOIN entry e ON e.doc = search.rowid" if mixed or as_of else ""
    if as_of:
        joins += f" LEFT JOIN content c ON c.digest = e.version LEFT JOIN message m ON m.id = {doc}"
    ranked = not newest and not only_log and bool(asked.words)
    if ranked and not mixed and not as_of:
        where.append(_NEWEST_MATCHES)
        values.append(match)
    order = "rank" if ranked else f"{doc} DESC"
    table = "entry e" if only_log else "search"
    return f"SELECT {doc} FROM {table}{joins} WHERE {' AND '.join(where)} ORDER BY {order}", values


def _match(groups: Sequence[Sequence[Condition]]) -> str:
    """Return one FTS5 expression for groups that the index can answer; "" for none."""
    wanted = [" OR ".join(one.match for one in group) for group in groups if not any(one.negated for one in group)]
    unwanted = [group[0].match for group in groups if len(group) == 1 and group[0].negated]
    either = [_either(group) for group in groups if len(group) > 1 and any(one.negated for one in group)]
    parts = [f"({part})" for part in wanted] + either
    if not parts and not unwanted:
        return ""
    return " AND ".join(parts or [_ALL]) + "".join(f" NOT ({part})" for part in unwanted)


def _either(group: Sequence[Condition]) -> str:
    return "(" + " OR ".join(f"({_ALL} NOT ({one.match}))" if one.negated else one.match for one in group) + ")"


def _where(one: Condition, doc: str, state: str) -> tuple[str, tuple[str | float, ...]]:
    """Return one condition as SQL with its values."""
    if one.match:
        sql = f"{doc} IN (SELECT rowid FROM search WHERE search MATCH ?)"
        return (f"NOT {sql}" if one.negated else sql), (one.match,)
    sql = f"coalesce({one.where.format(doc=doc, state=state)}, 0)"
    return (f"NOT {sql}" if one.negated else sql), one.values


def _of_entries(one: Condition) -> bool:
    """Say whether only an entry can meet the condition."""
    return not one.negated and ("e." in one.where or "{state}" in one.where)


def _midnight(day: date, more: int) -> int:
    with contextlib.suppress(OverflowError):
        day += timedelta(days=more)
    return floor(datetime.combine(day, time(), UTC))


def _state_then(body: str | None, day: date, asked: set[str]) -> str:
    """Return where the entry with this content stood on `day`, "" where that is none of the states `asked` for."""
    if not body or not ("overdue" in asked or any(f'"state":"{state}"' in body for state in asked)):
        return ""
    return str(state_on(entry_of(body, ""), day) or "")


# ---- what is shown ----


def _hit(conn: sqlite3.Connection, number: int, words: Sequence[Words], day: date) -> Hit:
    if number & 1:
        row = conn.execute(
            "SELECT c.body, e.thread, m.fields, m.subject FROM entry e JOIN content c ON c.digest = e.version"
            " JOIN message m ON m.digest = e.digest WHERE e.doc = ?",
            (number,),
        ).fetchone()
        hit = _entry_hit(entry_of(row[0], row[1]), json.loads(row[2]), row[3], words)
        assert hit.entry is not None
        return replace(hit, state=str(state_on(hit.entry, day) or ""), chain=_chain(conn, hit.entry))
    row = conn.execute(
        "SELECT digest, client, fields, text, passages, language, unread, thread FROM message WHERE id = ?", (number,)
    ).fetchone()
    return _mail_hit(read_message(row[:7]).message, row[7], row[1], words)


def _entry_hit(entry: Entry, fields: dict[str, Any], subject: str, words: Sequence[Words]) -> Hit:
    quote, sender = entry.finding.evidence.quote, fields.get("sender")
    return Hit(
        entry=entry,
        state="",
        digest=entry.finding.evidence.digest,
        message_id=entry.finding.evidence.message_id,
        thread=entry.thread,
        client=entry.client,
        date=entry.finding.date,
        subject=subject,
        sender=_sender(Address(**sender) if sender else None),
        excerpt=quote,
        marks=tuple(found(quote, words)),
    )


def _mail_hit(message: Message, thread: str, client: str, words: Sequence[Words]) -> Hit:
    excerpt, marks = _excerpt(message.text, words)
    return Hit(
        entry=None,
        state="",
        digest=message.digest,
        message_id=message.message_id,
        thread=thread,
        client=client,
        date=message.sent_at,
        subject=message.subject,
        sender=_sender(message.sender),
        excerpt=excerpt,
        marks=marks,
    )


def _sender(sender: Address | None) -> str:
    if sender is None:
        return ""
    return f"{sender.name} <{sender.email}>" if sender.name else sender.email


def _chain(conn: sqlite3.Connection, entry: Entry) -> tuple[str, ...]:
    """Return the ids of the entries that `entry` replaced, and those that these replaced, oldest first."""
    query = (
        "SELECT json_extract(c.body, '$.replaces') FROM entry e JOIN content c ON c.digest = e.version WHERE e.id = ?"
    )
    older: list[str] = []
    replaced = entry.replaces
    while replaced and replaced not in (entry.id, *older) and len(older) < _LONGEST_CHAIN:
        older.append(replaced)
        row = conn.execute(query, (replaced,)).fetchone()
        replaced = row[0] if row else None
    return tuple(reversed(older))


def found(text: str, words: Iterable[Words]) -> list[tuple[int, int]]:
    """Return the places of `text` that `words` match, in order, without overlap."""
    here = list(places(text))
    plain = [token for _, _, token in here]
    stemmed = [stem(token) for token in plain]
    hit: set[tuple[int, int]] = set()
    for one in words:
        length = len(one.tokens)
        seen = stemmed if one.stem else plain
        for i in range(len(here) - length + 1):
            if one.prefix:
                *exact, last = one.tokens
                same = seen[i : i + length - 1] == exact and seen[i + length - 1].startswith(last)
            else:
                same = seen[i] == one.tokens[0] and tuple(seen[i : i + length]) == one.tokens
            if same:
                hit.update((start, end) for start, end, _ in here[i : i + length])
    return sorted(hit)


def _excerpt(text: str, words: Sequence[Words]) -> tuple[str, tuple[tuple[int, int], ...]]:
    """Return the part of `text` around its first match on one line, and where the matches stand in it."""
    text = text[:_LOOKED_AT]
    marks = found(text, words)
    start = max(0, marks[0][0] - _BEFORE) if marks else len(text) - len(text.lstrip())
    if start:
        start = text.find(" ", start, marks[0][0] if marks else None) + 1 or start
    shown = "".join(" " if c.isspace() else c for c in text[start : start + _EXCERPT])
    return shown, tuple((s - start, e - start) for s, e in marks if s >= start and e <= start + len(shown))
