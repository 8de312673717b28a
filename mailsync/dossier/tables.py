"""Tables as CSV that spreadsheets read as text: no cell of a mail's making is ever taken for a formula."""

import csv
import io
from collections.abc import Iterable, Sequence
from datetime import date, datetime, tzinfo

_LONGEST = 32_000  # characters that spreadsheets take in one cell
#: What begins a formula in one spreadsheet or another, wide forms included.
_FORMULA = ("=", "+", "-", "@", "\uff1d", "\uff0b", "\uff0d", "\uff20", "\t", "\r", "\n")


def cell(value: object) -> str:
    """Return a value for a table: what could be taken for a formula gets an apostrophe in front."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    text = "" if value is None else str(value).replace("\0", "")
    text = text if len(text) <= _LONGEST else text[:_LONGEST] + "…"
    return f"'{text}" if text.startswith(_FORMULA) or text.lstrip().startswith(_FORMULA) else text


def as_csv(columns: Sequence[str], rows: Iterable[Iterable[object]]) -> bytes:
    """Return a table as CSV (RFC 4180) in UTF-8, with the mark by which spreadsheets know that."""
    text = io.StringIO()
    out = csv.writer(text)
    out.writerow(columns)
    out.writerows([cell(value) for value in row] for row in rows)
    return text.getvalue().encode("utf-8-sig", "replace")


def moment(at: datetime, zone: tzinfo) -> str:
    """Return a moment as a person reads it, with the offset of its zone: "Mon 2 Mar 2026, 09:00 (UTC+01:00)"."""
    local = at.astimezone(zone)
    offset = f"{local:%z}"
    return f"{local:%a %-d %b %Y, %H:%M} (UTC{offset[:3]}:{offset[3:5]})"


def day(value: date | str) -> str:
    """Return a day, or an ISO day or date-time, as a person reads it."""
    if isinstance(value, str):
        clock = f", {value[11:16]} (UTC{value[19:] or '?'})" if "T" in value else ""
        return day(date.fromisoformat(value[:10])) + clock
    return f"{value:%a %-d %b %Y}"
