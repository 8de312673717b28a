"""Gathers what the log holds of one client, for reports, briefs and alerts."""

from datetime import datetime

from mailsync.model.people import Circle, WorkingHours
from mailsync.model.ports import Ledger
from mailsync.patterns.history import History, history


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
