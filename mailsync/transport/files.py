"""Old mail from files: mbox, Maildir, single messages and folders of them, byte for byte as they stand there."""

import hashlib
import logging
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from mailsync.model.errors import UsageError
from mailsync.model.mail import RawMessage
from mailsync.transport import mbox

log = logging.getLogger(__name__)

MAX_BYTES: Final = 50_000_000

#: A message has one of these (RFC 5322, 3.6, and what deliverers add); other files have "name: value" lines too.
_KNOWN: Final = frozenset(
    b"from to cc subject date message-id received mime-version return-path delivered-to reply-to sender".split()
)

Trouble = Callable[[str], None]


def read_path(path: Path, *, max_bytes: int = MAX_BYTES, trouble: Trouble = log.warning) -> Iterator[RawMessage]:
    """Yield every message of an mbox file, a Maildir, an .eml file, or a folder of any of these, in a stable order.

    `trouble` is told, in a sentence, what was left out: a message over `max_bytes`, a file that cannot be read. Raises
    UsageError, before the first message, for a path that is missing or holds no mail.
    """
    what = "Give an mbox file, a Maildir, an .eml file or a folder of these."
    if not path.exists():
        raise UsageError(f"{path} does not exist.", what)
    readers = [(file, reader) for file in _files(path) if (reader := _kind(file))]
    if path.is_dir() and not readers and not _is_mail_folder(path):
        raise UsageError(f"{path} holds no mail.", what)
    if not path.is_dir() and not readers:
        raise UsageError(
            f"{path} is not a mail file: neither an mbox, a Maildir nor a message (.eml).",
            "Outlook's .pst and .msg files must be exported as .eml or mbox first.",
        )
    return _read_all(readers, max_bytes, trouble)


_Reader = Callable[[Path, int, Trouble], Iterator[RawMessage]]


def _read_all(readers: list[tuple[Path, _Reader]], max_bytes: int, trouble: Trouble) -> Iterator[RawMessage]:
    for file, reader in readers:
        try:
            yield from reader(file, max_bytes, trouble)
        except OSError as error:
            trouble(f"{file} cannot be read: {error.strerror or error}")


def _files(path: Path) -> Iterator[Path]:
    """Yield `path` itself, or the files below it but for hidden ones and what is still being delivered."""
    if not path.is_dir():
        yield path
        return
    for file in sorted(path.rglob("*")):
        arriving = file.parent.name == "tmp" and (file.parent.parent / "cur").is_dir()
        if not file.name.startswith(".") and not arriving:
            yield file


def _is_mail_folder(folder: Path) -> bool:
    return any((sub / "cur").is_dir() for sub in (folder, *folder.iterdir()) if sub.is_dir())


def _kind(file: Path) -> _Reader | None:
    """Tell by its beginning what reads `file`; None for what is no mail."""
    if not file.is_file():
        return None
    try:
        with file.open("rb") as stream:
            head = stream.read(64 * 1024)
    except OSError:
        return _read_single  # reading will say what is wrong
    if file.parent.name in {"cur", "new"} and (file.parent.parent / "cur").is_dir():
        return _read_delivered
    if file.suffix.lower() in {".eml", ".emlx"} and head:
        return _read_single if file.suffix.lower() == ".eml" else _read_emlx  # however broken it may be
    if mbox.begins(head) or (not head and file.suffix.lower() in {"", ".mbox", ".mbx"}):
        return _read_mbox
    return _read_single if _has_headers(head) else None


def _has_headers(head: bytes) -> bool:
    """Say whether a message's header block begins here: nothing but fields, a known one among them."""
    names: set[bytes] = set()
    for line in head.removeprefix(b"\xef\xbb\xbf").lstrip(b"\r\n").splitlines()[:200]:
        if not line:
            break
        if line[:1] in {b" ", b"\t"} and names:
            continue
        if not mbox.FIELD.match(line):
            return False
        names.add(line.partition(b":")[0].strip().lower())
    return bool(names & _KNOWN)


def _read_mbox(file: Path, max_bytes: int, trouble: Trouble) -> Iterator[RawMessage]:
    with file.open("rb") as stream:
        for piece in mbox.cut(stream, max_bytes):
            data = piece.data(max_bytes)
            if data is None:
                trouble(_too_large(f"{file}, the message at octet {piece.start}", piece.size, max_bytes))
            else:
                yield _raw(data, piece.date())


def _read_single(file: Path, max_bytes: int, trouble: Trouble) -> Iterator[RawMessage]:
    data = _bounded(file, max_bytes, trouble)
    if data is not None:
        yield _raw(data)


def _read_delivered(file: Path, max_bytes: int, trouble: Trouble) -> Iterator[RawMessage]:
    data = _bounded(file, max_bytes, trouble)
    if data is not None:
        yield _raw(data, datetime.fromtimestamp(file.stat().st_mtime, UTC))  # where deliverers keep the internal date


def _read_emlx(file: Path, max_bytes: int, trouble: Trouble) -> Iterator[RawMessage]:
    """Read Apple Mail's form: a line with the message's length, the message, a property list."""
    data = _bounded(file, max_bytes, trouble)
    if data is not None:
        length, _, rest = data.partition(b"\n")
        yield _raw(rest[: int(length)] if length.strip().isdigit() and len(length) < 12 else data)


def _bounded(file: Path, max_bytes: int, trouble: Trouble) -> bytes | None:
    size = file.stat().st_size
    if size > max_bytes:
        trouble(_too_large(str(file), size, max_bytes))
        return None
    return file.read_bytes()


def _too_large(what: str, size: int, limit: int) -> str:
    return f"{what}: {size} bytes, the limit for one message is {limit}; left out"


def _raw(data: bytes, date: datetime | None = None) -> RawMessage:
    return RawMessage(data=data, digest=hashlib.sha256(data).hexdigest(), internal_date=date)
