"""The MIME tree of a message: which parts are its text, what else it carries, in which characters it is written."""

import codecs
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from email.message import Message as MimeMessage
from typing import Any

from mailsync.model.mail import Attachment, Passage, Span
from mailsync.reading.headers import clean, decoded
from mailsync.text.html import flat, render
from mailsync.text.words import vocabulary, words

#: Character sets that are decoded, by Python's name. Python has codecs that are none (zlib, idna, unicode_escape).
_CODECS = vocabulary(
    "ascii utf-8 utf-16 utf-16-le utf-16-be utf-32 utf-32-le utf-32-be utf-7 "
    "iso8859-1 iso8859-2 iso8859-3 iso8859-4 iso8859-5 iso8859-6 iso8859-7 iso8859-8 iso8859-9 iso8859-10 iso8859-11 "
    "iso8859-13 iso8859-14 iso8859-15 iso8859-16 cp1250 cp1251 cp1252 cp1253 cp1254 cp1255 cp1256 cp1257 cp1258 "
    "cp437 cp850 cp852 cp866 cp874 koi8-r koi8-u mac-roman mac-cyrillic mac-latin2 tis-620 "
    "gb2312 gbk gb18030 hz big5 big5hkscs cp950 shift_jis cp932 euc_jp iso2022_jp iso2022_jp_1 iso2022_jp_2 "
    "euc_kr cp949 iso2022_kr johab"
)
_ALLOWED = {codecs.lookup(name).name for name in _CODECS}
_ALIASES = {"unicode-1-1-utf-7": "utf-7", "ansi_x3.4-1968": "ascii", "utf8mb4": "utf-8", "ks_c_5601-1987": "cp949",
            "x-sjis": "cp932", "windows-31j": "cp932", "iso-8859-8-i": "iso8859-8", "x-mac-roman": "mac-roman",
            "cp-850": "cp850", "windows-874": "cp874", "iso-2022-jp-ms": "iso2022_jp_2", "x-gbk": "gbk"}  # fmt: skip
#: What an encoded word (RFC 2047) may name, as written in mail.
WORD_CHARSETS = (
    _CODECS
    | _ALIASES.keys()
    | vocabulary("us-ascii utf8 latin1 latin-1 shift-jis big-5 euc-jp euc-kr iso-2022-jp iso-2022-kr gb-2312 koi8r")
    | {f"iso-8859-{n}" for n in range(1, 17)}
    | {f"windows-{n}" for n in range(1250, 1259)}
)

_STUB = re.compile(
    r"(?:html|browser|online version|webversion|view (?:this|it)|e-?mail client|mail program|kein(?:e)? html|"
    r"n'affiche pas|no puede ver|rich.?text)",
    re.IGNORECASE,
)
_URL = re.compile(r"<?\b(?:https?|mailto|tel):[^\s<>]{1,2000}>?|\[(?:cid|image)[:\s][^\]]{0,300}\]", re.IGNORECASE)
_NUMBER = re.compile(r"\d+(?:[.,:]\d+)*")
_NEGATION = vocabulary("not no never nicht kein keine nie pas non jamais nunca niet geen cannot t")


@dataclass(slots=True)
class Body:
    """What a walk through the MIME tree gathers: text and its marks, the other parts, what could not be read."""

    text: str = ""
    marked: list[Passage] = field(default_factory=list)
    attachments: list[Attachment] = field(default_factory=list)
    troubles: list[str] = field(default_factory=list)
    report: str = ""
    invitation: str = ""
    bytes_left: int = 0


def charset_codec(charset: str) -> str:
    """Return Python's name of an allowed character set as named in mail, "" for any other."""
    name = charset.strip().strip("\"'").lower()[:60]
    try:
        found = codecs.lookup(_ALIASES.get(name, name)).name
    except (LookupError, ValueError, UnicodeError):
        return ""
    return found if found in _ALLOWED else ""


def decode(data: bytes, charset: str) -> tuple[str, str]:
    """Return `data` as text and what was wrong with its `charset`, "" for nothing.

    What the mail claims is tried first, then UTF-8, then Windows-1252, which leaves no octet unread.
    """
    codec = charset_codec(charset or "ascii")
    if codec:
        try:
            return data.decode("cp1252" if codec == "iso8859-1" else codec), ""
        except (UnicodeError, ValueError):
            pass
    if codec == "utf-16" or (b"\0" in data[:200] and codec.startswith("utf")):
        return data.decode(codec or "utf-16", "replace"), f"the text is no valid {charset}"
    wrong = f"the text is no valid {charset[:40]}" if codec else f"unknown character set {clean(charset, 40)!r}"
    try:
        return data.decode("utf-8"), "" if not charset or codec == "ascii" else wrong
    except UnicodeDecodeError:
        pass
    if codec not in ("", "ascii", "utf-8"):
        return data.decode(codec, "replace"), wrong
    return data.decode("cp1252", "replace"), wrong


def read_body(root: MimeMessage, depth_limit: int, part_limit: int, text_limit: int) -> Body:
    """Walk the tree (no recursion) and return the message's text with everything else it carries.

    Of multipart/alternative the plain part is taken unless it is blank or a stub; other text parts follow each other.
    Attached messages (message/rfc822) are attachments: their words are not this author's.
    """
    body = Body(bytes_left=4 * text_limit)
    plain: list[str] = []
    html: list[str] = []
    pending: list[tuple[MimeMessage, int]] = [(root, 0)]
    parts, alternative = 0, False
    while pending:
        part, depth = pending.pop()
        parts += 1
        if parts > part_limit or depth > depth_limit:
            body.troubles.append("the message has too many or too deeply nested parts: not all were read")
            break
        kind = part.get_content_type()
        children = part.get_payload() if part.is_multipart() and kind.startswith("multipart/") else None
        if isinstance(children, list):
            _note_container(part, kind, body)
            alternative |= kind == "multipart/alternative"
            pending += [(child, depth + 1) for child in reversed(children) if isinstance(child, MimeMessage)]
        elif (text := _text_of(part, kind, body)) is not None:
            (html if kind == "text/html" else plain).append(text)
    _settle(plain, html, body, alternative=alternative)
    return body


def _note_container(part: MimeMessage, kind: str, body: Body) -> None:
    if kind == "multipart/report":
        body.report = safe(lambda: str(part.get_param("report-type") or "report"), "report").lower()
    elif kind == "multipart/encrypted":
        body.troubles.append("the message is encrypted: its text cannot be read")


def _text_of(part: MimeMessage, kind: str, body: Body) -> str | None:
    """Return the text of a part that is text, or note it as an attachment."""
    name = clean(decoded(safe(part.get_filename, "") or "", WORD_CHARSETS), 255)
    disposition = safe(part.get_content_disposition, None)
    if kind == "text/calendar":
        _note_invitation(part, body)
    if kind not in ("text/plain", "text/html") or disposition == "attachment" or (name and disposition != "inline"):
        _attach(part, kind, name, body)
        return None
    text, wrong = _part_text(part, body)
    if wrong:
        body.troubles.append(wrong)
    if kind == "text/plain" and "flowed" in safe(lambda: str(part.get_param("format") or ""), "").lower():
        text = unflow(text, delsp=safe(lambda: str(part.get_param("delsp") or ""), "").lower() == "yes")
    return text


def _part_text(part: MimeMessage, body: Body) -> tuple[str, str]:
    """Return a text part decoded, and what was wrong with it."""
    data = safe(lambda: part.get_payload(decode=True), b"")
    if not isinstance(data, bytes):
        data = b""
    if len(data) > body.bytes_left:
        body.troubles.append("the text is too long: only its beginning was read")
        data = data[: body.bytes_left]
    body.bytes_left -= len(data)
    return decode(data, safe(lambda: str(part.get_param("charset") or ""), ""))


def _attach(part: MimeMessage, kind: str, name: str, body: Body) -> None:
    payload = part.get_payload()
    size = len(payload) if isinstance(payload, str) else 0
    for inner in payload if isinstance(payload, list) else []:  # message/rfc822
        if isinstance(inner, MimeMessage):
            name = name or clean(inner.get("subject"), 200)
            size += sum(len(leaf) for p in inner.walk() if isinstance(leaf := p.get_payload(), str))
    body.attachments.append(Attachment(name=name, content_type=kind[:100], size=size))
    if kind == "application/ms-tnef" or name.lower() == "winmail.dat":
        body.troubles.append("winmail.dat: parts of the message are in Outlook's own format and cannot be read")
    elif kind in ("application/pkcs7-mime", "application/x-pkcs7-mime") or name.lower() == "smime.p7m":
        body.troubles.append("the message is wrapped in S/MIME: its text cannot be read")


def _note_invitation(part: MimeMessage, body: Body) -> None:
    data = safe(lambda: part.get_payload(decode=True), b"")
    text = decode(data[:20_000], "utf-8")[0] if isinstance(data, bytes) else ""
    found = re.search(r"^METHOD:\s*([A-Z]{1,20})", text, re.MULTILINE | re.IGNORECASE)
    method = safe(lambda: str(part.get_param("method") or ""), "") or (found[1] if found else "")
    body.invitation = body.invitation or clean(method, 20).lower() or "event"


def _settle(plain: list[str], html: list[str], body: Body, *, alternative: bool) -> None:
    """Choose between the plain and the HTML form of the text and write it to `body`."""
    written = "\n".join(plain)
    if "-----BEGIN PGP MESSAGE-----" in written:
        body.troubles.append("the message is encrypted: its text cannot be read")
    stub = not written.strip() or (alternative and _is_stub(written, html))
    if html and stub:
        _take_html([], html, body)
    elif html and not alternative and not _repeats(written, html):
        _take_html(plain, html, body)
    else:
        body.text = written
        if html and differ(written, html):
            body.troubles.append("the plain and the HTML part say different things")


def _repeats(plain: str, html: list[str]) -> bool:
    """Say whether HTML parts beside a plain one are its other form, by a sender that forgot to say alternative."""
    return set(words(flat("".join(html)[:200_000]))) <= set(words(plain))


def _take_html(before: list[str], html: list[str], body: Body) -> None:
    """Write plain pieces, then rendered HTML; marks are moved to where they stand in the joined text."""
    text = "\n".join(before)
    for source in html:
        rendered = render(source)
        text += "\n" if text and not text.endswith("\n") else ""
        base = len(text)
        text += rendered.text
        body.marked += [Passage(p.role, Span(p.span.start + base, p.span.end + base)) for p in rendered.marked]
        body.troubles += rendered.troubles
    body.text = text


def _is_stub(plain: str, html: list[str]) -> bool:
    """Say whether a plain part only points at the HTML one."""
    tokens = words(_URL.sub(" ", plain[:4000]))
    if len(tokens) > 60:
        return False
    if not tokens:
        return True
    return bool(_STUB.search(plain)) and len(words(flat("".join(html))[:20_000])) > 2 * len(tokens)


def differ(plain: str, html: list[str]) -> bool:
    """Say whether the two forms of a text would let their readers understand different things.

    Compares wording, numbers and negations of the first 20,000 characters; layout and links do not count.
    """
    a, b = (_URL.sub(" ", t[:20_000]) for t in (plain, flat("".join(html)[:200_000])))
    left, right = set(words(a)), set(words(b))
    if len(left) < 3 or len(right) < 3 or max(len(plain), len(b)) >= 20_000:
        return False
    only_left, only_right = left - right, right - left
    if len(only_left) > 0.3 * len(left) and len(only_right) > 0.3 * len(right):
        return True
    numbers = set(_NUMBER.findall(a)) ^ set(_NUMBER.findall(b))
    one_sided = set(_NUMBER.findall(a)) - set(_NUMBER.findall(b)) and set(_NUMBER.findall(b)) - set(_NUMBER.findall(a))
    return bool(numbers and one_sided) or (left & _NEGATION) != (right & _NEGATION)


def unflow(text: str, *, delsp: bool = False) -> str:
    """Join the flowed lines of format=flowed text (RFC 3676): a line that ends in a space goes on in the next.

    The quote depth must be the same, and "-- " stays the signature's line.
    """
    joined: list[str] = []
    open_depth = -1
    for line in text.replace("\r\n", "\n").split("\n"):
        depth = len(line) - len(line.lstrip(">"))
        rest = line[depth:]
        rest = rest.removeprefix(" ")
        flowed = rest.endswith(" ") and rest != "-- "
        if open_depth == depth and rest != "-- ":
            joined[-1] += rest.lstrip(" ") if joined[-1].endswith(" ") else rest
        else:
            joined.append((">" * depth + " " if depth else "") + rest)
        if flowed and delsp:
            joined[-1] = joined[-1][:-1]
        open_depth = depth if flowed else -1
    return "\n".join(joined)


def safe(call: Callable[[], Any], default: Any) -> Any:
    """Return what `call` returns, or `default` where the standard library trips over hostile MIME fields."""
    try:
        return call()
    except Exception:  # noqa: BLE001 - LookupError, ValueError, AttributeError ... by the garbage in the field
        return default
