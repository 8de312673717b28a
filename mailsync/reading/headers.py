"""The header section of a message: cut to what is read, and read without trusting any of it."""

import logging
import re
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, timezone
from email.utils import parsedate_tz
from functools import lru_cache
from typing import Any

import mailparser
from mailparser.utils import decode_header_part

from mailsync.model.mail import Address
from mailsync.text.words import fold, one_line, vocabulary

logging.getLogger("mailparser").setLevel(logging.CRITICAL)  # what it cannot decode is a trouble of the mail, said here

#: The fields mailsync reads; all others are cut before mail-parser sees them (they cost it half its time).
READ = vocabulary(
    "from to cc reply-to sender subject date message-id in-reply-to references mime-version "
    "content-type content-id "
    "content-transfer-encoding content-disposition received auto-submitted precedence list-id list-unsubscribe "
    "x-autoreply x-autorespond x-auto-response-suppress x-auto-reply x-loop return-path x-failed-recipients "
    "feedback-id "
    "x-mailer thread-topic x-ms-exchange-inbox-rules-loop x-zendesk-priority x-jira-fingerprint x-github-reason "
    "authentication-results resent-from resent-date x-gm-thrid list-post x-csa-complaints disposition-notification-to "
    "dkim-signature"
)
_FIELD_CAP = 64_000  # octets of one field that are looked at
_LONGEST_FROM = 8000  # characters; behind a longer name only the address is looked for
_REPEATS = 8  # fields of one name
_ID = re.compile(r"<([^<>]{1,998})>")
_BARE_ID = re.compile(r"[^\s<>\"(),;]{1,200}@[^\s<>\"(),;]{1,200}")
_ENCODED_CODEC = re.compile(r"=\?([^?*\s=]{1,60})(?:\*[^?\s]{0,20})?\?[bq]\?", re.IGNORECASE)
_HEADER_END = re.compile(rb"\r\n\r\n|\n\n|\r\r|\n\r\n|\r\n\n")
_NAME = re.compile(rb"([\x21-\x39\x3b-\x7e]{1,200})[ \t]{0,20}:")
_CONTROLS = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class HeaderSection:
    """The fields that are read: `kept` as octets for a MIME parser, `fields` by lower-case name, unfolded.

    `body_at` is where the body begins in the message.
    """

    kept: bytes
    fields: dict[str, tuple[str, ...]] = field(default_factory=dict)
    body_at: int
    troubles: tuple[str, ...] = ()

    def first(self, name: str) -> str:
        """Return the first field called `name` (lower case), "" where there is none."""
        return self.fields.get(name, ("",))[0]


def header_section(data: bytes, limit: int) -> HeaderSection:
    """Cut the header section (RFC 5322, 2.2) out of `data`, of which at most `limit` octets are looked at.

    Tolerates what mailboxes hold: a byte order mark, mbox "From " lines, bare CR or LF, white space before the colon.
    """
    head = data[:limit]
    troubles: list[str] = []
    end = _HEADER_END.search(head)
    body_at = end.end() if end else len(head)
    if end is None and len(data) > limit:
        troubles.append(f"the header section is longer than {limit} octets: only its beginning was read")
        beyond = _HEADER_END.search(data, limit - 4)
        body_at = beyond.end() if beyond else len(data)
    if data[:1] in (b"\r", b"\n"):
        return HeaderSection(kept=b"", body_at=len(data) - len(data.lstrip(b"\r\n")))
    kept: list[bytes] = []
    fields: dict[str, list[str]] = {}
    for at, name, raw in _fields(head[: end.start() if end else len(head)]):
        if name is None:
            body_at = at
            break
        values = fields.setdefault(name, [])
        if name not in READ or len(values) >= _REPEATS:
            continue
        value = raw[:_FIELD_CAP] + raw[-_FIELD_CAP:] if len(raw) > 2 * _FIELD_CAP else raw
        values.append(_text(value.partition(b":")[2]))
        kept.append(
            _ending(value) if b" :" not in value[:200] else _ending(name.encode() + b":" + value.partition(b":")[2])
        )
    known = {name: tuple(values) for name, values in fields.items() if values}
    return HeaderSection(kept=b"".join(kept), fields=known, body_at=body_at, troubles=tuple(troubles))


def _fields(head: bytes) -> Iterable[tuple[int, str | None, bytes]]:
    """Yield (place, lower-case name, octets) of each field; a None name where the body begins without a blank line."""
    place = 0
    name: str | None = None
    started = 0
    parts: list[bytes] = []
    seen = False
    if head.startswith(b"\xef\xbb\xbf"):
        head, place = head[3:], 3
    for line in head.splitlines(keepends=True):
        if line[:1] in b" \t" and name:
            parts.append(line)
        elif found := _NAME.match(line):
            if name:
                yield started, name, b"".join(parts)
            name, started, parts, seen = found[1].decode("ascii").lower(), place, [line], True
        elif line.startswith((b"From ", b">From ")) or not seen:
            pass  # mbox separators and rubbish before the first field
        elif not line.strip():
            break
        else:
            if name:
                yield started, name, b"".join(parts)
            yield place, None, b""
            return
        place += len(line)
    if name:
        yield started, name, b"".join(parts)
    elif not seen and head.strip():
        yield 0, None, b""


def _ending(raw: bytes) -> bytes:
    return raw if raw.endswith((b"\n", b"\r")) else raw + b"\r\n"


def _text(raw: bytes) -> str:
    return " ".join(raw.replace(b"\0", b"").decode("utf-8", "replace").split())


def clean(text: Any, cap: int = 1000) -> str:
    """Return decoded header text on one line: no control, bidirectional or surrogate characters."""
    return one_line(_CONTROLS.sub(" ", str(text or "")[: cap * 4]))[:cap]


def decoded(value: str, allowed: Collection[str]) -> str:
    """Return `value` with its encoded words (RFC 2047) decoded, as written where one names an unknown charset.

    File names carry them too, against the standard (RFC 2231 is right there) but everywhere.
    """
    if "=?" not in value or any(codec.lower() not in allowed for codec in _ENCODED_CODEC.findall(value)):
        return value
    return str(decode_header_part(value[:_FIELD_CAP]))


def message_ids(value: str, first: int = 50, last: int = 50) -> tuple[str, ...]:
    """Return the ids of a References or In-Reply-To field without angle brackets; junk and "null" give none.

    Of a longer list only the `first` and `last` ones: the roots of the thread and the nearest ancestors.
    """
    found = [one_id(m) for m in _ID.findall(value)] or [one_id(m) for m in _BARE_ID.findall(value[:2000])]
    ids = tuple(dict.fromkeys(i for i in found if i))
    return ids if len(ids) <= first + last else ids[:first] + ids[-last:]


def one_id(text: str) -> str:
    """Return one msg-id (RFC 5322, 3.6.4) without white space and controls, at most 400 characters."""
    bare = "".join(_CONTROLS.sub("", text).split()).strip("<>")
    return "" if bare.lower() in ("", "null", "none", "(null)", "undefined", "@") else bare[:400]


def message_id(value: str, digest: str) -> tuple[str, bool]:
    """Return the message's own id and whether it had to be made from its `digest`."""
    ids = message_ids(value)
    bare = ids[0] if ids else one_id(value)
    return (bare, False) if bare else (f"{digest[:40]}@made.invalid", True)


@dataclass(frozen=True, slots=True, kw_only=True)
class Names:
    """Who wrote to whom about what, as mail-parser reads it; `troubles` names what makes the sender doubtful."""

    sender: Address | None
    reply_to: tuple[Address, ...]
    to: tuple[Address, ...]
    cc: tuple[Address, ...]
    subject: str
    troubles: tuple[str, ...]


_MOST_ADDRESSES = 500
_WORTH_KEEPING = 1000  # characters of address fields; longer ones hardly come again
_TURNED = re.compile("[\u202a-\u202e\u2066-\u2069]")
_LONE_ADDRESS = re.compile(r"<\s?([^<>@\s\"]{1,100}@[^<>@\s\"]{1,200})\s?>")


def names(section: HeaderSection, allowed: Collection[str]) -> Names:
    """Read the address and subject fields with mail-parser; `allowed` are the lower-case charsets of encoded words."""
    troubles: list[str] = []
    values = []
    for name in ("from", "to", "cc", "reply-to", "subject"):
        value = section.first(name)[: _LONGEST_FROM if name in ("from", "subject") else 40_000]
        if any(codec.lower() not in allowed for codec in _ENCODED_CODEC.findall(value)):
            troubles.append(f"the {name} field names an unknown character set")
            value = value.replace("=?", "= ?")
        values.append(value)
    *people, subject = values
    try:
        read = _people if sum(map(len, people)) < _WORTH_KEEPING else _people.__wrapped__
        found, to, cc, reply_to = read(*people)
        subject = decode_header_part(subject)
    except Exception:  # noqa: BLE001 - a parser's failure on hostile headers is a trouble of the mail, not ours
        troubles.append("the address fields could not be read")
        found = to = cc = reply_to = ()
    if not found:  # mail-parser refuses what servers let pass ("<dana@client.example.>")
        whole = section.first("from")
        lone = _LONE_ADDRESS.findall(whole[-500:] if len(whole) > _LONGEST_FROM else whole[:2000])
        found = _addresses([("", lone[0])]) if len(lone) == 1 else ()
    sender, doubts = _sender(section, found)
    return Names(sender=sender, reply_to=reply_to, to=to, cc=cc, subject=clean(subject), troubles=(*troubles, *doubts))


@lru_cache(maxsize=2048)
def _people(author: str, to: str, cc: str, reply_to: str) -> tuple[tuple[Address, ...], ...]:
    """Return the addresses of the From, To, Cc and Reply-To fields; people write to the same people."""
    head = f"from: {author}\nto: {to}\ncc: {cc}\nreply-to: {reply_to}\n\n"
    parsed = mailparser.parse_from_string(head)
    return tuple(_addresses(pairs) for pairs in (parsed.from_, parsed.to, parsed.cc, parsed.reply_to))


def _addresses(pairs: Any) -> tuple[Address, ...]:
    found = []
    for name, email in list(pairs or ())[:_MOST_ADDRESSES]:
        address = _CONTROLS.sub("", str(email)).strip().lower().rstrip(".")
        local, at, domain = address.rpartition("@")
        if at and local and domain and " " not in address and len(address) <= 320:
            found.append(Address(email=f"{local.strip(chr(34))}@{domain}", name=clean(name, 200)))
    return tuple(dict.fromkeys(found))


def _sender(section: HeaderSection, found: tuple[Address, ...]) -> tuple[Address | None, list[str]]:
    """Return the one author (RFC 5322, 3.6.2) and why that may not be who it seems to be."""
    fields = section.fields.get("from", ())
    doubts: list[str] = []
    if len(fields) > 1:
        doubts.append("two From fields: who wrote it is uncertain")
    if len(found) > 1:
        doubts.append("the From field names more than one address")
    if not found:
        doubts.append("no readable From address")
        return None, doubts
    sender = found[0]
    shown = re.search(r"[^\s<>\"'(),:;@]{1,100}@[^\s<>\"'(),:;@]{1,100}\.[a-z]{2,}", fold(sender.name))
    if shown and shown[0] != sender.email:
        doubts.append(f"the sender's name shows another address ({shown[0]})")
    if "=?" in sender.email:
        doubts.append("the sender's address holds an encoded word, which hides another address from some readers")
    if _TURNED.search(section.first("from")):
        doubts.append("the From field reverses the direction of its text")
    if not sender.email.isascii() or ".xn--" in f".{sender.email.rpartition('@')[2]}":
        doubts.append("the sender's address holds letters of another script")
    answers = section.first("reply-to").lower()
    if answers and sender.email not in answers and sender.email.rpartition("@")[2] not in answers:
        doubts.append("the sender's address is not where answers would go: another domain (Reply-To)")
    doubts += _strays(section, sender.email)
    failed = _FAILED.search(_COMMENT.sub("", section.first("authentication-results")))
    if failed:
        doubts.append(f"the server that received it says {failed[0].lower()}: the sender may be forged")
    through = section.first("sender").rpartition("@")[2].strip(" >").lower()
    if through and through != sender.email.rpartition("@")[2]:
        doubts.append(f"sent on the author's behalf from another domain ({clean(through, 100)})")
    return sender, doubts


def _strays(section: HeaderSection, email: str) -> Iterator[str]:
    """Yield why other fields, and comments in From, do not bear the sender out."""
    others = [other for other in _ANY_ADDRESS.findall(section.first("from")[:2000].lower()) if other != email]
    if others:
        yield f"the From field names another address as well ({clean(others[0], 100)})"
    resent = _ANY_ADDRESS.findall(section.first("resent-from")[:2000].lower())
    if resent and not _same_house(resent[0], email):
        yield f"the sender's address is not the one that sent it on ({clean(resent[0], 100)}, Resent-From)"
    if _HALF_SIGNED.search(section.first("dkim-signature")):
        yield "the sender's address is signed for a part of the text only, anything may follow (DKIM l=)"
    back = _ANY_ADDRESS.findall(section.first("return-path")[:2000].lower())
    if back and not _same_house(back[0], email) and not section.first("authentication-results"):
        yield f"the sender's address is not where it was sent from ({clean(back[0], 100)}, Return-Path)"


def _same_house(one: str, other: str) -> bool:
    """Say whether two addresses share a domain, or one's domain lies below the other's."""
    first, second = f".{one.rpartition('@')[2]}", f".{other.rpartition('@')[2]}"
    return first.endswith(second) or second.endswith(first)


_ANY_ADDRESS = re.compile(r"[^\s<>\"'(),:;@]{1,100}@[^\s<>\"'(),:;@]{1,100}\.[a-z]{2,20}")
_HALF_SIGNED = re.compile(r"(?:^|;)\s{0,20}l\s{0,5}=\s{0,5}\d")

#: The topmost field is the one set last, by the server that keeps the mail (RFC 8601, 5).
_FAILED = re.compile(r"\bdmarc\s?=\s?fail", re.IGNORECASE)
_COMMENT = re.compile(r"\([^()]{0,500}\)")
_MONTH_NAMES = (
    "jan janv ene gen", "feb fev fevr febr", "mar mrz marz mars mrt maart maerz", "apr avr abr", "mai may mei mag",
    "jun juin giu", "jul juil lug", "aug aou aout ago", "sep sept set", "okt oct ott", "nov", "dez dec dic",
)  # fmt: skip
_MONTHS = {name: number for number, names in enumerate(_MONTH_NAMES, start=1) for name in names.split()}
_ZONES = {
    "z": 0, "ut": 0, "utc": 0, "gmt": 0, "wet": 0, "bst": 60, "ist": 330, "cet": 60, "mez": 60, "met": 60, "west": 60,
    "cest": 120, "mesz": 120, "mest": 120, "eet": 120, "eest": 180, "msk": 180, "jst": 540, "aest": 600, "aedt": 660,
    "est": -300, "edt": -240, "cst": -360, "cdt": -300, "mst": -420, "mdt": -360, "pst": -480, "pdt": -420,
    "hnec": 60, "hec": 60, "hne": -300, "hae": -240,
}  # fmt: skip
_DATE = re.compile(
    r"(?:[a-z]{2,12}\.?,?\s+)?(\d{1,2})\.?\s+([a-z]{3,9})\.?\s+(\d{4}),?\s+(\d{1,2}):(\d{2})(?::(\d{2}))?\s*"
    r"([+-]\d{4}|[a-z]{1,5})?"
)
_EARLIEST, _LATEST = datetime(1985, 1, 1, tzinfo=UTC), datetime(2100, 1, 1, tzinfo=UTC)
_AHEAD = timedelta(days=2)  # a clock may be wrong by a zone and a bit, not by more


def sent_at(section: HeaderSection, arrived: datetime | None) -> tuple[datetime, tuple[str, ...]]:
    """Return when the message was sent, in the writer's zone, and the trouble if the Date field does not say.

    The server's date stands in for a missing or absurd one (before 1985, or two days after it arrived), then the
    topmost Received field; without any the date is 1 January 1970, which no real mail has.
    """
    said = read_date(section.first("date"))
    if said and _EARLIEST <= said < _LATEST and (arrived is None or said <= arrived + _AHEAD):
        extra = ("two Date fields",) if len(section.fields.get("date", ())) > 1 else ()
        return said, extra
    why = "the Date field is missing" if not section.first("date") else "the Date field is absurd"
    if arrived is not None:
        return arrived, (f"{why}: the server's date stands for it",)
    received = read_date(section.first("received").rpartition(";")[2])
    if received and _EARLIEST <= received < _LATEST:
        return received, (f"{why}: the date of the last Received field stands for it",)
    return datetime(1970, 1, 1, tzinfo=UTC), (f"{why}, and nothing else dates the message",)


def read_date(value: str) -> datetime | None:
    """Return the date-time of a Date field (RFC 5322, 3.3), None for anything that is none.

    Reads ISO 8601 and German, French, Spanish, Italian and Dutch names too. A missing or unknown zone counts as UTC.
    """
    value = value.strip()[:200]
    try:
        return _standard_date(value) or _foreign_date(fold(value)) or _iso_date(value)
    except (ValueError, OverflowError, TypeError, IndexError):
        return None


def _standard_date(value: str) -> datetime | None:
    parts = parsedate_tz(value) if value.isascii() else None
    if parts is None or not 1 <= parts[1] <= 12:
        return None
    offset = parts[9]
    if not offset and (word := re.search(r"\b([A-Za-z]{1,5})\s*(?:\(.*)?$", value)):
        offset = _ZONES.get(word[1].lower(), 0) * 60
    return datetime(*parts[:5], min(parts[5], 59), tzinfo=_zone(offset or 0))


def _foreign_date(value: str) -> datetime | None:
    found = _DATE.match(value)
    if found is None or (found[2] not in _MONTHS and found[2][:3] not in _MONTHS):
        return None
    day, _, year, hour, minute, second, zone = found.groups()
    month = _MONTHS.get(found[2]) or _MONTHS[found[2][:3]]
    offset = _ZONES.get(zone or "", 0) * 60
    if zone and zone[0] in "+-":
        offset = int(zone[0] + "1") * (int(zone[1:3]) * 3600 + int(zone[3:]) * 60)
    return datetime(int(year), month, int(day), int(hour), int(minute), min(int(second or 0), 59), tzinfo=_zone(offset))


def _iso_date(value: str) -> datetime | None:
    if not re.match(r"\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}", value):
        return None
    moment = datetime.fromisoformat(value)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _zone(seconds: int) -> timezone:
    """Return the zone `seconds` east of UTC; offsets that no place on earth has count as UTC."""
    return timezone(timedelta(seconds=seconds)) if abs(seconds) <= 15 * 3600 else UTC
