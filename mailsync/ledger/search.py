"""Find entries and mail again."""

import sqlite3
from datetime import date

from mailsync.model.ports import Hit


def search(
    conn: sqlite3.Connection, query: str, *, today: date, as_of: date | None, limit: int, offset: int, newest: bool
) -> list[Hit]:
    """Answer a query."""
    return []
