"""Small letters for the tests of reading: raw bytes in, parsed messages out."""

import hashlib
from datetime import UTC, datetime

from mailsync.model.mail import Message, RawMessage
from mailsync.reading.parse import parse


def raw(data: bytes, arrived: datetime | None = None) -> RawMessage:
    """Return `data` as it would come from a server."""
    return RawMessage(data=data, digest=hashlib.sha256(data).hexdigest(), internal_date=arrived)


def letter(
    body: str = "Hello.\n",
    *,
    sender: str = "Dana Fox <dana@client.example>",
    to: str = "Sam Reed <sam@studio.example>",
    subject: str = "Shop",
    date: str = "Mon, 02 Mar 2026 10:00:00 +0100",
    mime: str = "text/plain; charset=utf-8",
    extra: str = "",
) -> bytes:
    """Return the bytes of a letter; `extra` are whole header lines."""
    head = (
        f"From: {sender}\nTo: {to}\nSubject: {subject}\nDate: {date}\n{extra}MIME-Version: 1.0\nContent-Type: {mime}\n"
    )
    return (head + "Content-Transfer-Encoding: 8bit\n\n" + body).replace("\n", "\r\n").encode()


def read_letter(body: str = "Hello.\n", **fields: str) -> Message:
    """Return the parsed letter."""
    return parse(raw(letter(body, **fields)))


def html_letter(body: str, **fields: str) -> Message:
    """Return a parsed letter with nothing but an HTML part."""
    return read_letter(body, mime="text/html; charset=utf-8", **fields)


NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
