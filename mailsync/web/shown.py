"""How dates, people, terms and mail text are shown: plain values in, plain values or safe markup out."""

import difflib
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, tzinfo
from itertools import pairwise

from mailsync.model.entry import Entry, Terms, due_day, state_on
from mailsync.model.mail import Address, Role, Span
from mailsync.model.people import Circle, Side
from mailsync.model.thread import ReadMessage

#: Marks that turn text around or steer a terminal; shown as a sign that something stood here.
_CONTROLS = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
_WORDS = re.compile(r"\s+|[^\s]+")
MOST_DIFFERENCES = 4000


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """How things are shown to this reader, at this moment."""

    zone: tzinfo
    circle: Circle
    now: datetime
    today: date

    def moment(self, at: datetime) -> str:
        """Return date and time in the reader's zone."""
        return f"{at.astimezone(self.zone):%a %-d %b %Y, %H:%M}"

    def day(self, at: datetime) -> str:
        """Return the day in the reader's zone, without the year where it is this one."""
        local = at.astimezone(self.zone)
        return f"{local:%-d %b}" if local.year == self.today.year else f"{local:%-d %b %Y}"

    def writers_clock(self, at: datetime) -> str:
        """Return what the writer's clock said, "" where it is the reader's own."""
        offset, own = at.utcoffset(), at.astimezone(self.zone).utcoffset()
        return "" if offset == own or offset is None else f"{at:%H:%M %z} for the writer"

    def due(self, due: str) -> str:
        """Return a due day in words, with its time where one was said."""
        day = due_day(due)
        clock = f", {datetime.fromisoformat(due).astimezone(self.zone):%H:%M}" if "T" in due else ""
        year = "" if day.year == self.today.year else f" {day.year}"
        return f"{day:%a %-d %b}{year}{clock}"

    def distance(self, due: str) -> str:
        """Return how far off a due day is."""
        days = (due_day(due) - self.today).days
        near = {0: "today", 1: "tomorrow", -1: "yesterday"}
        return near.get(days) or (f"in {days} days" if days > 0 else f"{-days} days ago")

    def since(self, at: datetime) -> str:
        """Return how long ago something was, in whole units."""
        minutes = int((self.now - at).total_seconds() // 60)
        for size, name in ((1440, "day"), (60, "hour"), (1, "minute")):
            if minutes >= size:
                count = minutes // size
                return f"{count} {name}{'s' if count > 1 else ''} ago"
        return "just now"

    def person(self, email: str | None) -> str:
        """Return a person's name as the configuration knows it, else the address."""
        if not email:
            return "nobody named"
        if email in self.circle.own:
            return "you"
        contact = self.circle.contact(email)
        return contact.name if contact and contact.name else email

    def address(self, one: Address | None) -> str:
        """Return a sender or recipient in full."""
        if one is None:
            return "unknown sender"
        return f"{one.name} <{one.email}>" if one.name else one.email

    def side(self, email: str) -> Side:
        """Return whose side an address is on."""
        return self.circle.side(email)

    def client(self, key: str) -> str:
        """Return a client's name."""
        return next((c.name for c in self.circle.clients if c.key == key), key) or "no client"

    def changes(self, chain: Sequence[Terms]) -> list[tuple[str, list[str]]]:
        """Return what changed along a chain of terms, oldest first: [("due", ["Fri 6 Mar", "Mon 9 Mar"]), ...]."""
        dues = [self.due(t.due) for t in chain if t.due]
        amounts = [t.amount for t in chain if t.amount]
        found = [("due", list(dict.fromkeys(dues))), ("amount", list(dict.fromkeys(amounts)))]
        return [(name, values) for name, values in found if len(values) > 1]

    def state(self, entry: Entry, day: date | None = None) -> str:
        """Return the entry's state on a day, today's by default; "" for kinds without one."""
        return state_on(entry, day or self.today) or ""


def plain(text: str) -> str:
    """Return mail text without marks that turn or hide it."""
    return _CONTROLS.sub("\N{REPLACEMENT CHARACTER}", text)


def size(octets: int) -> str:
    """Return a size as people read it."""
    for unit, step in (("MB", 1_000_000), ("kB", 1000)):
        if octets >= step:
            return f"{octets / step:.1f} {unit}"
    return f"{octets} bytes"


# ---- mail text ----


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """A run of text; `at` is its place in the message's text, `entries` those that stand on it."""

    at: int
    text: str
    entries: tuple[Entry, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """A passage ready to be drawn; `folded` ones are shown when asked for."""

    role: Role
    folded: bool
    lines: int
    pieces: tuple[Piece, ...]


def blocks(read: ReadMessage, entries: Sequence[Entry]) -> tuple[Block, ...]:
    """Return a message's passages, each cut where entries begin and end; empty passages are left out."""
    text = read.message.text
    mine = [(span, e) for e in entries for span in spans(e, read.message.digest)]
    passages = [(p.role, p.span) for p in read.passages] or [(Role.AUTHOR, Span(0, len(text)))]
    found = []
    for role, span in passages:
        stretch = text[span.start : span.end]
        if stretch.strip():
            folded = role is not Role.AUTHOR
            pieces = tuple(_cut(text, span, mine))
            found.append(Block(role=role, folded=folded, lines=stretch.strip().count("\n") + 1, pieces=pieces))
    return tuple(found)


def spans(entry: Entry, digest: str) -> list[Span]:
    """Return the places of one message that an entry stands on."""
    evidence = (entry.finding.evidence, *entry.also)
    return [one.span for one in evidence if one.digest == digest]


def _cut(text: str, within: Span, mine: Sequence[tuple[Span, Entry]]) -> Iterator[Piece]:
    near = [(s, e) for s, e in mine if s.start < within.end and s.end > within.start]
    begins: dict[int, list[Entry]] = {}
    ends: dict[int, list[Entry]] = {}
    for span, entry in near:
        begins.setdefault(max(span.start, within.start), []).append(entry)
        ends.setdefault(min(span.end, within.end), []).append(entry)
    here: list[Entry] = []
    for start, end in pairwise(sorted({within.start, within.end, *begins, *ends})):
        gone = {entry.id for entry in ends.get(start, ())}
        here = [entry for entry in here if entry.id not in gone] + begins.get(start, [])
        yield Piece(at=start, text=plain(text[start:end]), entries=tuple(here))


def around(text: str, span: Span, reach: int = 280) -> tuple[str, str, str] | None:
    """Return the words of a place with what stands before and after them; None where they are not in `text`."""
    if not 0 <= span.start < span.end <= len(text):
        return None
    before, after = text[max(0, span.start - reach) : span.start], text[span.end : span.end + reach]
    begin = "… " if span.start > reach else ""
    end = " …" if span.end + reach < len(text) else ""
    return begin + plain(before).lstrip(), plain(text[span.start : span.end]), plain(after).rstrip() + end


def marked(text: str, marks: Sequence[tuple[int, int]]) -> list[tuple[bool, str]]:
    """Return a search result's text in pieces: (True, found words) and (False, the rest)."""
    pieces, at = [], 0
    for start, end in marks:
        if start >= at:
            pieces += [(False, plain(text[at:start])), (True, plain(text[start:end]))]
            at = end
    return [piece for piece in [*pieces, (False, plain(text[at:]))] if piece[1]]


def differences(before: str, after: str) -> list[tuple[str, str]]:
    """Return what an edit changed, word by word: ("same" | "gone" | "new", text)."""
    old, new = _WORDS.findall(before), _WORDS.findall(after)
    if len(old) + len(new) > MOST_DIFFERENCES:
        old, new = before.splitlines(keepends=True), after.splitlines(keepends=True)
    found: list[tuple[str, str]] = []
    for what, a, b, c, d in difflib.SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if what == "equal":
            found.append(("same", "".join(old[a:b])))
        else:
            found += [("gone", "".join(old[a:b])), ("new", "".join(new[c:d]))]
    return [(what, text) for what, text in found if text]
