"""The files that a message carries, taken out of its bytes, and names under which they can safely be kept."""

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from email.message import Message as MimeMessage
from email.parser import BytesParser

from mailsync.reading.headers import header_section

_HEADER = 1_000_000
_MOST_PARTS, _DEEPEST = 1000, 100
_SHOWN = ("text/plain", "text/html")

_UNSAFE = re.compile(r"[^\w.,() -]", re.ASCII)
_RUNS = re.compile(r"_{2,}")
#: Endings of files that a computer runs, or that a browser opens with whatever script they hold.
_ACTIVE = frozenset(
    """
    app bat cmd com cpl chm desktop dll exe gadget hta htm html inf jar js jse jsp lnk mht mhtml msc msi msp mst pif ps1
    psm1 py reg rb scf scr sct sh shb shs shtml svg svgz swf url vb vbe vbs ws wsc wsf wsh xht xhtml xml xsl xslt
    """.split()  # noqa: SIM905 - words are easier to read than a list of them
)


@dataclass(frozen=True, slots=True, kw_only=True)
class File:
    """An attachment with its decoded bytes; `name` is what the sender called it, and not to be trusted."""

    name: str
    content_type: str
    data: bytes


def files(data: bytes) -> tuple[File, ...]:
    """Return the attachments of a message, in the order of its parts; a hostile message has none.

    Text parts without a name are the message's own words and no attachments.
    """
    try:
        return tuple(found for part in leaves(data) if (found := _file(part)) is not None)
    except Exception:  # noqa: BLE001 - a tree that defeats the parser; the raw bytes hold everything
        return ()


def leaves(data: bytes) -> tuple[MimeMessage, ...]:
    """Return the parts of a message that hold no others, in their order; () where it claims absurdly many.

    Raises whatever a hostile tree brings out of the parser.
    """
    if data.count(b"\n--") > 20 * _MOST_PARTS:
        return ()
    section = header_section(data[: _HEADER + 1], _HEADER)
    return tuple(_leaves(BytesParser().parsebytes(section.kept + b"\r\n" + data[section.body_at :])))


def safe_name(name: str, otherwise: str) -> str:
    """Return a file name in ASCII that cannot leave its folder or hide its ending, and that no program runs.

    `otherwise` stands where nothing of the name is left. What could run is given a further ending, ".unsafe".
    """
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
    plain = _RUNS.sub("_", _UNSAFE.sub("_", plain)).strip(" ._-")
    stem, dot, ending = plain.rpartition(".")
    if dot and stem and 0 < len(ending) <= 10:
        return f"{stem[:80].strip(' .')}.{ending}" + (".unsafe" if ending.lower() in _ACTIVE else "")
    return plain[:90].strip(" .") or otherwise


def _leaves(root: MimeMessage) -> Iterator[MimeMessage]:
    pending = [(root, 0)]
    for _ in range(_MOST_PARTS):
        if not pending:
            return
        part, depth = pending.pop()
        children = part.get_payload() if part.get_content_type().startswith("multipart/") else None
        if not isinstance(children, list):
            yield part
        elif depth < _DEEPEST:
            pending += [(child, depth + 1) for child in reversed(children) if isinstance(child, MimeMessage)]


def _file(part: MimeMessage) -> File | None:
    kind, name, place = part.get_content_type(), name_of(part), part.get_content_disposition()
    apart = place == "attachment" or (name and place != "inline")
    if (kind in _SHOWN or kind == "text/x-amp-html") and not apart:
        return None
    return File(name=name, content_type=kind, data=bytes_of(part))


def name_of(part: MimeMessage) -> str:
    """Return what the sender called a part, "" for nothing."""
    try:
        return part.get_filename() or ""
    except Exception:  # noqa: BLE001 - hostile parameters; the file goes without a name
        return ""


def bytes_of(part: MimeMessage) -> bytes:
    """Return a part decoded; of an attached message its own bytes. Raises on thousands of messages in each other."""
    payload = part.get_payload()
    if isinstance(payload, list):  # an attached message (message/rfc822)
        return b"\r\n".join(inner.as_bytes() for inner in payload if isinstance(inner, MimeMessage))
    data = part.get_payload(decode=True)
    return data if isinstance(data, bytes) else b""
