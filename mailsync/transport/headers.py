"""The few header fields by which mail is recognised before its body is asked for; anything may stand in them."""

import re
from collections.abc import Iterator
from email.utils import getaddresses
from typing import Final

#: Above this length an address field is only cut at its delimiters: the standard parser is made for honest ones.
_PARSED: Final = 20_000

_DELIMITERS: Final = re.compile(r"[\s<>,;:\"()\[\]]")
#: One mailbox of a field without quotes, comments or groups: most are, and the standard parser is slow.
_PLAIN: Final = re.compile(r"[^<>]*<([^<>\s@]+@[^<>\s@]+)>\s*|\s*([^<>\s@]+@[^<>\s@]+)\s*")
_MESSAGE_ID: Final = re.compile(r"<([^<>]*)>")


def fields(data: bytes, name: str) -> Iterator[str]:
    """Yield the unfolded values of every field called `name` (lower case), UTF-8 where it is that (RFC 6532)."""
    wanted, current = name.encode() + b":", b""
    for line in [*data.splitlines(), b""]:
        if line[:1] in (b" ", b"\t") and current:
            current += line
            continue
        if current:
            yield _text(current[len(wanted) :]).strip()
        current = line if line[: len(wanted)].lower() == wanted else b""


def _text(value: bytes) -> str:
    try:
        return value.decode()
    except UnicodeDecodeError:
        return value.decode("latin-1")


def message_id(data: bytes) -> str:
    """Return the Message-ID without angle brackets, "" if there is none."""
    value = next(fields(data, "message-id"), "")
    bracketed = _MESSAGE_ID.search(value)
    return "".join((bracketed[1] if bracketed else value.strip("<>")).split())[:998]


def addresses(data: bytes, *names: str) -> tuple[str, ...]:
    """Return the addr-specs (RFC 5322, 3.4.1) in these fields, lower case, each once."""
    found: dict[str, None] = {}
    for name in names:
        for value in fields(data, name):
            found |= dict.fromkeys(_addresses(value))
    return tuple(found)


def _addresses(value: str) -> list[str]:
    if len(value) <= _PARSED:
        plain = [_PLAIN.fullmatch(mailbox) for mailbox in value.split(",")]
        if all(plain) and not any(mark in value for mark in '"(:;\\'):
            return [_unquoted(match[1] or match[2]) for match in plain if match]
        if value.count("(") < 50:  # comments nest, and the parser recurses
            parsed = [email for _, email in getaddresses([value])]
            if parsed and all("@" in email for email in parsed):
                return [_unquoted(email) for email in parsed]
    pieces = (_unquoted(piece) for piece in _DELIMITERS.split(value))
    return [
        piece for piece in pieces if 2 < len(piece) < 321 and piece.count("@") == 1 and piece[0] != "@" != piece[-1]
    ]


def _unquoted(email: str) -> str:
    """Return the address in lower case without the apostrophes that Outlook once put around it."""
    return email.lower().strip("'")
