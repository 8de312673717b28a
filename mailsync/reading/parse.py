"""From the bytes of a message to a `Message`: everything after this sees text and dates, never MIME."""

import re
from dataclasses import dataclass
from email.message import Message as MimeMessage
from email.parser import BytesParser

from mailsync.model.mail import Message, Passage, RawMessage, Span
from mailsync.reading.automatic import automatic
from mailsync.reading.bodies import WORD_CHARSETS, Body, read_body
from mailsync.reading.headers import HeaderSection, header_section, message_id, message_ids, names, sent_at


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """How much of a message is looked at; octets where not said otherwise. What lies over a limit is kept, not read."""

    mail: int = 50_000_000
    header: int = 1_000_000
    depth: int = 100
    parts: int = 1000
    text: int = 2_000_000  # characters
    lines: int = 20_000


_BOUNDARY = re.compile(rb"boundary\s{0,10}=\s{0,10}(?:\"([^\"\r\n]{1,200})\"|([^\s;\"]{1,200}))", re.IGNORECASE)
_DELIMITER = re.compile(rb"^--([^\r\n]{1,210})", re.MULTILINE)
_UNSEEN = re.compile("[\u200b\u2060\ufeff\u00ad\u180e\U000e0000-\U000e007f]")
_UNSEEN_IN_WORD = re.compile(
    "[^\\W_][\u200b\u2060\ufeff\u00ad\u180e\U000e0000-\U000e007f]{1,50}[^\\W_]|[\U000e0020-\U000e007f]{4}"
)
_TURNED = re.compile("[\u202a-\u202e\u2066-\u2069]")
_CONTROL = re.compile("[\x00-\x08\x0e-\x1f\x7f\x80-\x84\x86-\x9f\ud800-\udfff\ufffe\uffff]")
_BREAKS = re.compile("\r\n?|[\x0b\x0c\x85\u2028\u2029]")
#: ">From " that mailbox files write for a line beginning "From ", where no quotation stands around it.
_MBOX_FROM = re.compile(r"(^(?!>).*\n|\A)>From (?=.*(?:\n(?!>)|\Z))", re.MULTILINE)
_MANY_BLANKS = re.compile(r"\n(?:[ \t\u00a0]*\n){3,}")
_OTHER_SPACES = re.compile("[\u00a0\u2000-\u200a\u202f\u205f\u3000]")


def parse(raw: RawMessage, limits: Limits = Limits()) -> Message:
    """Return `raw` as a Message; whatever could not be read stands in its `troubles`.

    Never raises on content: a message that defeats the parser keeps its envelope fields and an empty text.
    """
    section = header_section(raw.data, limits.header)
    body = _read(raw.data, section, limits)
    text, marked, unusual = _normalise(body, limits)
    people = names(section, WORD_CHARSETS)
    sent, doubts = sent_at(section, raw.internal_date)
    own_id, made = message_id(section.first("message-id"), raw.digest)
    if made:
        doubts = (*doubts, "the Message-ID is missing")
    elif len(section.fields.get("message-id", ())) > 1:
        doubts = (*doubts, "two Message-IDs")
    references = tuple(i for i in message_ids(section.first("references")) if i != own_id)
    troubles = (*section.troubles, *people.troubles, *doubts, *body.troubles, *unusual)
    return Message(
        digest=raw.digest,
        message_id=own_id,
        sender=people.sender,
        reply_to=people.reply_to,
        to=people.to,
        cc=people.cc,
        sent_at=sent,
        subject=people.subject,
        text=text,
        in_reply_to=tuple(i for i in message_ids(section.first("in-reply-to"), 5, 5) if i != own_id),
        references=references,
        provider_thread=raw.provider_thread,
        marked=marked,
        attachments=tuple(body.attachments),
        automatic=automatic(
            section, people.sender, people.subject, text, report=body.report, invitation=body.invitation
        ),
        troubles=tuple(dict.fromkeys(troubles)),
    )


def _read(data: bytes, section: HeaderSection, limits: Limits) -> Body:
    """Return the text and the parts, or an empty body with the reason."""
    if len(data) > limits.mail:
        return Body(troubles=[f"the message is larger than {limits.mail // 1_000_000} MB: its text was not read"])
    if _too_many_parts(data, limits.parts):
        return Body(troubles=[f"the message has more than {limits.parts} parts: its text was not read"])
    try:
        tree: MimeMessage = BytesParser().parsebytes(section.kept + b"\r\n" + data[section.body_at :])
        return read_body(tree, limits.depth, limits.parts, limits.text)
    except RecursionError:
        return Body(troubles=[f"the parts are nested deeper than {limits.depth} levels: the text was not read"])
    except Exception as error:  # noqa: BLE001 - one mail must never stop the worker; the raw bytes are kept
        return Body(troubles=[f"the text could not be read ({type(error).__name__})"])


def _too_many_parts(data: bytes, limit: int) -> bool:
    """Count delimiter lines (RFC 2046, 5.1.1) of the boundaries that occur, without parsing."""
    if data.count(b"\n--") <= limit:
        return False
    boundaries = set()
    for found in _BOUNDARY.finditer(data):
        boundaries.add((found[1] or found[2]).strip())
        if len(boundaries) > limit:
            return True
    seen = 0
    for found in _DELIMITER.finditer(data):
        seen += found[1].rstrip() in boundaries
        if seen > limit:
            return True
    return False


def _normalise(body: Body, limits: Limits) -> tuple[str, tuple[Passage, ...], list[str]]:
    r"""Return the text in its one form ("\n" at line ends, no invisible characters), its marks moved, and troubles."""
    troubles: list[str] = []
    text = body.text
    if len(text) > limits.text:
        text = text[: limits.text]
        troubles.append("the text is too long: only its beginning was read")
    if _UNSEEN_IN_WORD.search(text):
        troubles.append("invisible characters stood inside words")
    if _TURNED.search(text):
        troubles.append("characters that reverse the direction of the text")
    if not body.marked:
        clean = _collapse(_tidy(text)).strip("\n")
        clean, cut = _cut_lines(clean, limits.lines)
        return clean, (), troubles + cut
    pieces: list[str] = []
    marked: list[Passage] = []
    place = at = 0
    for passage in sorted(body.marked, key=lambda p: p.span.start):
        pieces += [_tidy(text[at : passage.span.start]), _tidy(text[passage.span.start : passage.span.end])]
        start = place + len(pieces[-2])
        place = start + len(pieces[-1])
        marked.append(Passage(passage.role, Span(start, place)))
        at = passage.span.end
    clean, cut = _cut_lines("".join(pieces) + _tidy(text[at:]), limits.lines)
    return clean, tuple(p for p in marked if p.span.start < p.span.end <= len(clean)), troubles + cut


def _tidy(text: str) -> str:
    text = _BREAKS.sub("\n", text)
    if ">From " in text:
        text = _MBOX_FROM.sub(r"\1From ", text)
    text = _CONTROL.sub("", text).replace("\t", "    ")
    if text.isascii():
        return text
    return _OTHER_SPACES.sub(" ", _TURNED.sub("", _UNSEEN.sub("", text)))


def _collapse(text: str) -> str:
    """Leave no more than three blank lines together: a million of them would only cost time."""
    return _MANY_BLANKS.sub("\n\n\n\n", text)


def _cut_lines(text: str, limit: int) -> tuple[str, list[str]]:
    if text.count("\n") <= limit:
        return text, []
    place = 0
    for _ in range(limit):
        place = text.index("\n", place) + 1
    return text[:place], ["the text has too many lines: only the first were read"]
