"""Letters in the ledger: each change of one is an event, and no thread ever has two that wait for a person."""

import json
import sqlite3
from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime

from mailsync.ledger.chain import News, append, head, keep_content
from mailsync.ledger.rows import build, canonical, clean, plain, sha256
from mailsync.model.draft import WAITING, Draft, DraftState
from mailsync.model.errors import NotFoundError, StateError
from mailsync.model.event import EventName

_SELECT = "SELECT c.body, d.thread FROM draft d JOIN content c ON c.digest = d.version"


def keep_draft(conn: sqlite3.Connection, draft: Draft, before: DraftState | None, now: datetime, by: str) -> None:
    """Keep new content or a new state; see `ports.Ledger.keep_draft`."""
    row = conn.execute("SELECT state, version, basis FROM draft WHERE id = ?", (draft.id,)).fetchone()
    body = _body(draft)
    version = sha256(body)
    if row and row[1] == version and row[0] == draft.state:  # said twice: only what it stands on may be newer
        _stand_on(conn, draft, head(conn)[0])
        return
    _refuse_overtaken(conn, draft, before, row[0] if row else None)
    old = draft_by_version(conn, row[1]) if row else None
    keep_content(conn, [body])
    detail = {
        "version": version,
        "was": row[1] if row else None,
        "state": [row[0] if row else None, draft.state],
        "by": by,
    }
    name = EventName.DRAFT_CHANGED if row else EventName.DRAFT_WRITTEN
    [seq] = append(conn, [News(name=name, subject=draft.id, account=draft.account, detail=detail)], now)
    rewritten = old is None or (old.seen, old.lines, old.letter) != (draft.seen, draft.lines, draft.letter)
    conn.execute(
        "INSERT INTO draft (id, version, seq, written, basis, thread, client, account, state)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO UPDATE SET (version, seq, client, account, state)"
        " = (excluded.version, excluded.seq, excluded.client, excluded.account, excluded.state)",
        (clean(draft.id), version, seq, seq, seq, draft.thread, clean(draft.client), clean(draft.account), draft.state),
    )
    if rewritten:
        _stand_on(conn, draft, seq)


def draft(conn: sqlite3.Connection, beginning: str) -> Draft:
    """Return one draft by its id or an unambiguous beginning of it. Raises NotFoundError."""
    beginning = clean(beginning)
    rows = conn.execute(
        f"{_SELECT} WHERE d.id >= ? AND substr(d.id, 1, ?) = ? LIMIT 9", (beginning, len(beginning), beginning)
    )
    found = [_draft(*row) for row in rows if beginning]
    exact = [one for one in found if one.id == beginning]
    if len(exact or found) == 1:
        return (exact or found)[0]
    if found:
        raise NotFoundError(f"More than one draft begins with {beginning!r}.", "Give more of its id.")
    raise NotFoundError(f"There is no draft {beginning!r}.", "`mailsync drafts list` names them.")


def drafts(conn: sqlite3.Connection, states: Iterable[DraftState], thread: str, client: str) -> list[Draft]:
    """Return drafts in the order in which they were first written."""
    wanted, where = [str(state) for state in states], ["1"]
    values: list[str] = []
    for column, value in (("thread", thread), ("client", client)):
        if value:
            where.append(f"d.{column} = ?")
            values.append(clean(value))
    if wanted:
        where.append("d.state IN (SELECT value FROM json_each(?))")
        values.append(json.dumps(wanted))
    return [_draft(*row) for row in conn.execute(f"{_SELECT} WHERE {' AND '.join(where)} ORDER BY d.written", values)]


def draft_by_version(conn: sqlite3.Connection, version: str) -> Draft | None:
    """Return a draft as it once stood; None where its content was erased."""
    row = conn.execute("SELECT body, '' FROM content WHERE digest = ?", (version,)).fetchone()
    return _draft(*row) if row and row[0] else None


def leave_one_waiting(conn: sqlite3.Connection, threads: tuple[str, str], now: datetime) -> None:
    """Withdraw all but one of the waiting drafts of threads that are about to be joined.

    One that a person has touched is kept before one that nobody has, and a later one before an earlier one.
    """
    waiting = [one for thread in threads for one in drafts(conn, WAITING, thread, "")]
    waiting.sort(key=lambda one: (one.state is not DraftState.OPEN, one.changed_at))
    for one in waiting[:-1]:
        note = "Its thread turned out to be part of another, which has a draft already."
        withdrawn = replace(one, state=DraftState.WITHDRAWN, changed_at=now, note=note)
        keep_draft(conn, withdrawn, one.state, now, "mailsync")


def _refuse_overtaken(conn: sqlite3.Connection, draft: Draft, before: DraftState | None, stands: str | None) -> None:
    if stands != before:
        is_now = f"is {stands}" if stands else "does not exist"
        raise StateError(f"Draft {draft.id} {is_now}, not {before or 'new'}.", "Look at it again: somebody was faster.")
    if draft.state in WAITING:
        others = [one.id for one in drafts(conn, WAITING, draft.thread, "") if one.id != draft.id]
        if others:
            raise StateError(
                f"Thread {draft.thread} already has a waiting draft, {others[0]}.", "Decide about that one first."
            )


def _stand_on(conn: sqlite3.Connection, draft: Draft, seq: int) -> None:
    """Note that the draft was written with everything in view up to event `seq`."""
    conn.execute("UPDATE draft SET basis = ? WHERE id = ?", (seq, clean(draft.id)))
    conn.execute("UPDATE thread SET drafted = max(drafted, ?) WHERE id = ?", (seq, draft.thread))


def _body(draft: Draft) -> str:
    """Return the content of a draft; its thread is left out, because threads may be joined."""
    return canonical({name: held for name, held in plain(draft).items() if name != "thread"})


def _draft(body: str, thread: str) -> Draft:
    return build(Draft, {**json.loads(body), "thread": thread})
