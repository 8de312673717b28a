"""Letters in the ledger: each change of one is an event, and no thread ever has two that wait for a person."""

import json
import sqlite3
from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime

from mailsync.ledger.chain import News, append, keep_content
from mailsync.ledger.database import upsert
from mailsync.ledger.rows import build, canonical, clean, plain, sha256
from mailsync.model.draft import WAITING, Draft, DraftState
from mailsync.model.errors import NotFoundError, StateError
from mailsync.model.event import EventName

_SELECT = "SELECT c.body, d.thread FROM draft d JOIN content c ON c.digest = d.version AND c.body IS NOT NULL"
_COLUMNS = ("id", "version", "client", "account", "state", "seq", "written", "basis", "thread")
_UPSERT = upsert("draft", "id", _COLUMNS, keep=("written", "thread"))


def keep_draft(conn: sqlite3.Connection, draft: Draft, before: DraftState | None, now: datetime, by: str) -> None:
    """Keep new content or a new state; see `ports.Ledger.keep_draft`."""
    row = conn.execute("SELECT state, version, basis FROM draft WHERE id = ?", (clean(draft.id),)).fetchone()
    stands, was, basis = row or (None, None, 0)
    body = _body(draft)
    version = sha256(body)
    mailed, moved = _latest(conn, draft.thread)
    if version == was and (basis >= max(mailed, moved) or draft.state not in WAITING):
        return
    if version != was:
        _refuse_overtaken(conn, draft, before, stands)
    old = _by_version(conn, was) if was else None
    rewritten = (
        old is None or replace(old, thread=draft.thread) == draft or (old.seen, old.lines) != (draft.seen, draft.lines)
    )
    detail = {"version": version, "was": was, "state": [stands, draft.state], "by": by, "rewritten": rewritten}
    detail |= {"thread": draft.thread} if not row else {}
    keep_content(conn, [body])
    name = EventName.DRAFT_CHANGED if row else EventName.DRAFT_WRITTEN
    [seq] = append(conn, [News(name=name, subject=draft.id, account=draft.account, detail=detail)], now)
    conn.execute(_UPSERT, (*draft_facts(draft), seq, seq, seq if rewritten else basis, draft.thread))
    if rewritten:
        conn.execute("UPDATE thread SET drafted = ? WHERE id = ?", (seq, draft.thread))


def draft(conn: sqlite3.Connection, beginning: str) -> Draft:
    """Return one draft by its id or an unambiguous beginning of it. Raises NotFoundError."""
    beginning = clean(beginning)
    rows = conn.execute(
        f"{_SELECT} WHERE d.id >= ? AND substr(d.id, 1, ?) = ? LIMIT 9", (beginning, len(beginning), beginning)
    )
    found = [draft_of(*row) for row in rows if beginning]
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
    return [draft_of(*row) for row in conn.execute(f"{_SELECT} WHERE {' AND '.join(where)} ORDER BY d.written", values)]


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


def _latest(conn: sqlite3.Connection, thread: str) -> tuple[int, int]:
    """Return the numbers of the newest events that brought mail to the thread and that moved its log."""
    row = conn.execute("SELECT mailed, moved FROM thread WHERE id = ?", (clean(thread),)).fetchone()
    return (row[0], row[1]) if row else (0, 0)


def _by_version(conn: sqlite3.Connection, version: str) -> Draft | None:
    """Return a draft as it once stood; None where its content was erased."""
    row = conn.execute("SELECT body, '' FROM content WHERE digest = ?", (version,)).fetchone()
    return draft_of(*row) if row and row[0] else None


def draft_facts(draft: Draft) -> tuple[str, str, str, str, str]:
    """Return the columns of a draft's row that follow from its content: id, version, client, account, state."""
    return clean(draft.id), sha256(_body(draft)), clean(draft.client), clean(draft.account), draft.state.value


def _body(draft: Draft) -> str:
    """Return the content of a draft; its thread is left out, because threads may be joined."""
    return canonical({name: held for name, held in plain(draft).items() if name != "thread"})


def draft_of(body: str, thread: str) -> Draft:
    """Return the draft whose content was written down, in its thread."""
    return build(Draft, {**json.loads(body), "thread": thread})
