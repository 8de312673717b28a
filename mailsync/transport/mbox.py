r"""Cuts an mbox file into messages, streaming, each byte for byte as it stands there (">From " stays escaped).

The variants mboxo, mboxrd, mboxcl and mboxcl2 differ in how they keep a letter's own "From " lines from being taken for
a beginning. Here a message begins at such a line if it carries a date (or nothing at all, as Thunderbird writes it),
follows an empty line and is followed by a header field; a Content-Length is trusted if a message begins where it ends.
"""

import email.utils
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import BinaryIO, Final

#: Longest line read at once; a longer one comes in pieces.
_LINE: Final = 1 << 20

FIELD: Final = re.compile(rb"[!-9;-~]{1,200}[ \t]*:")
_DATED: Final = re.compile(
    rb"From .{0,300}?\b\d{1,2}:\d\d\b.{0,40}\b(19|20)\d\d\b|From .{0,300}?\b(19|20)\d\d-\d\d-\d\d"
)
_ASCTIME: Final = re.compile(rb"From \S{1,300} {1,4}(Mon|Tue|Wed|Thu|Fri|Sat|Sun) [A-Z][a-z]{2} {1,2}\d")
_LENGTH: Final = re.compile(rb"content-length:[ \t]*(\d{1,12})[ \t]*\r?\n", re.IGNORECASE)


@dataclass(slots=True)
class Piece:
    """One message while it is read: its place in the file, its "From " line, its bytes as long as they fit."""

    start: int
    postmark: bytes
    lines: list[bytes] = field(default_factory=list)
    size: int = 0

    def add(self, line: bytes, limit: int) -> None:
        """Take a line; beyond `limit` octets only the size is kept."""
        self.size += len(line)
        if self.size > limit:
            self.lines.clear()
        else:
            self.lines.append(line)

    def data(self, limit: int) -> bytes | None:
        """Return the message without the empty line that ends it; None if it was over `limit`."""
        if self.size > limit:
            return None
        data = b"".join(self.lines)
        for blank in (b"\r\n", b"\n"):
            if data.endswith(b"\n" + blank) or data == blank:
                return data.removesuffix(blank)
        return data

    def date(self) -> datetime | None:
        """Return the date of the "From " line, when the message was delivered; UTC where no zone is named."""
        words = self.postmark[5:400].decode("ascii", "replace").split(maxsplit=1)
        parsed = email.utils.parsedate_tz(words[1]) if len(words) == 2 else None
        if parsed is None:
            return None
        try:
            return datetime.fromtimestamp(email.utils.mktime_tz(parsed), UTC)
        except (ValueError, OverflowError, OSError):
            return None


def begins(head: bytes) -> bool:
    """Say whether a file that begins like this is an mbox."""
    first, second, *_ = [*head.lstrip(b"\r\n").splitlines(), b"", b""]
    return first.startswith(b"From ") and _opens_headers(second)


def cut(stream: BinaryIO, limit: int) -> Iterator[Piece]:
    """Yield the pieces of an mbox in order; a piece holds no lines beyond `limit` octets. `stream` must be seekable."""
    piece: Piece | None = None
    blank, fresh, headers, loose = True, True, True, False
    length: int | None = None
    while line := stream.readline(_LINE):
        if fresh and line.startswith(b"From") and _separates(stream, line, blank=blank, loose=loose or piece is None):
            if piece is not None:
                yield piece
            loose = loose if piece is not None else not _DATED.match(line)
            piece = Piece(stream.tell() - len(line), line)
            blank, headers, length = False, True, None
            continue
        was_fresh, fresh = fresh, line.endswith(b"\n")
        blank = was_fresh and not line.strip(b"\r\n")
        if piece is None:
            continue
        piece.add(line, limit)
        if headers and (found := _LENGTH.fullmatch(line)):
            length = int(found[1])
        if headers and blank:
            headers = False
            if length is not None and _ends_at(stream, stream.tell() + length):
                _take(stream, piece, length, limit)
                blank = True
    if piece is not None:
        yield piece


def _separates(stream: BinaryIO, line: bytes, *, blank: bool, loose: bool) -> bool:
    """Say whether this "From " line begins a message; `loose` where the file's own such lines carry no date."""
    bare = not line[4:].strip()
    if not (bare or line[4:5] == b" "):
        return False
    if not ((blank and (bare or loose or _DATED.match(line))) or _ASCTIME.match(line)):
        return False
    here = stream.tell()
    following = stream.readline(_LINE)
    stream.seek(here)
    return _opens_headers(following)


def _opens_headers(line: bytes) -> bool:
    return not line.strip() or bool(FIELD.match(line)) or line.startswith(b">From ")


def _ends_at(stream: BinaryIO, end: int) -> bool:
    """Say whether the file ends or a message begins at offset `end`."""
    here = stream.tell()
    size = stream.seek(0, 2)
    stream.seek(min(end, size))
    after = stream.read(16).lstrip(b"\r\n")
    stream.seek(here)
    return end <= size and (not after or after.startswith(b"From "))


def _take(stream: BinaryIO, piece: Piece, length: int, limit: int) -> None:
    while length and (chunk := stream.read(min(length, _LINE))):
        piece.add(chunk, limit)
        length -= len(chunk)
