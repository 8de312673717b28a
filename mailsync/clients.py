"""Gathers what the log holds of one client, for reports, briefs and alerts."""

from dataclasses import replace
from datetime import datetime

from mailsync.model.people import Circle, WorkingHours
from mailsync.model.ports import Ledger
from mailsync.patterns.alerts import Digest, digest
from mailsync.patterns.history import History, history
from mailsync.patterns.report import report


def history_of(
    ledger: Ledger, circle: Circle, hours: WorkingHours, key: str, *, now: datetime, since: datetime | None = None
) -> History:
    """Return the history of the client `key`, which `circle` must list, as of `now`; `since` bounds what is counted."""
    client = next(c for c in circle.clients if c.key == key)
    return history(
        client,
        circle,
        hours,
        entries=ledger.entries(client=key),
        threads={info.id: ledger.read_messages(info.id) for info in ledger.threads(client=key)},
        letters=ledger.drafts(client=key),
        now=now,
        since=since,
    )


def digest_of(history: History, since: datetime, *, soon_days: int = 3, hostile: bool = False) -> Digest:
    """Return what is new with a client since `since`: alerts now, cases of the time, early signs of a new client."""
    week = report(replace(history, since=since), hostile=hostile)
    return digest(report(history, hostile=hostile), week, soon_days=soon_days)
