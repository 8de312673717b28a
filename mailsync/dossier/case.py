"""Gathers what belongs into a dispute folder: threads, exhibits, entries, misses, and what is left out and why."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import date, datetime, time, tzinfo
from typing import Any

from mailsync.dossier.chronology import Miss, Row, misses, rows
from mailsync.model.draft import WAITING, DraftState
from mailsync.model.entry import Entry, Tier
from mailsync.model.errors import NotFoundError, UsageError
from mailsync.model.event import Event
from mailsync.model.mail import Outcome, RawMessage, Role, Span
from mailsync.model.people import Circle, Client, Side
from mailsync.model.ports import Ledger, ThreadInfo
from mailsync.model.thread import NOTE_DOMAIN, ReadMessage
from mailsync.reading.attachments import File, files
from mailsync.reading.authentication import Authentication, authentication

#: More hits than any matter has; a query that finds more is no matter.
_MOST_HITS = 20_000
_PARAGRAPH = re.compile(r"\n[ \t]*\n")
_ASKED_WORD = re.compile(r"[^\W_]{3,}")
_UNSENT = (*sorted(WAITING), DraftState.DISCARDED, DraftState.WITHDRAWN)


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What the folder is to be about: a client, a matter in the words of a search, a period (days, both included).

    `suggestions` takes in what the program only suggests, marked as such. `servers` pairs an account with the name
    that its mail server writes into Authentication-Results.
    """

    client: Client
    about: str = ""
    since: date | None = None
    until: date | None = None
    redact: bool = False
    suggestions: bool = False
    addressee: str = ""
    servers: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Exhibit:
    """One message of the folder under its number.

    `withheld` says why nothing of it is shown but date, side and digest; `gaps` are the stretches of its text that are
    blacked out (then its bytes and files are left out as well). `authentication` is what the server that received it
    found out, `signatures` what was found when its DKIM signatures were checked (see `transport.dkim_check`).
    """

    number: int
    thread: int
    read: ReadMessage
    raw: RawMessage | None
    side: Side
    withheld: str = ""
    gaps: tuple[Span, ...] = ()
    files: tuple[File, ...] = ()
    authentication: Authentication | None = None
    signatures: tuple[Mapping[str, Any], ...] = ()

    @property
    def whole(self) -> bool:
        """Whether the message is in the folder byte for byte."""
        return self.raw is not None and not self.withheld and not self.gaps

    @property
    def spoken(self) -> bool:
        """Whether this is a note of what was spoken, written by us, and no mail."""
        return self.read.message.message_id.endswith("@" + NOTE_DOMAIN)


@dataclass(frozen=True, slots=True, kw_only=True)
class Omission:
    """Something left out, and why."""

    what: str
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """Everything a dispute folder shows. `events` are the history's; those of other matters in `hidden` by number."""

    wish: Wish
    circle: Circle
    made_at: datetime
    zone: tzinfo
    threads: tuple[ThreadInfo, ...]
    exhibits: tuple[Exhibit, ...]
    entries: tuple[Entry, ...]
    misses: tuple[Miss, ...]
    rows: tuple[Row, ...]
    omitted: tuple[Omission, ...]
    events: tuple[Event, ...] = ()
    hidden: frozenset[int] = frozenset()

    @property
    def day(self) -> date:
        """The day on which states are judged."""
        return self.made_at.astimezone(self.zone).date()

    def exhibit(self, digest: str) -> Exhibit | None:
        """Return the exhibit with this digest."""
        return next((one for one in self.exhibits if one.read.message.digest == digest), None)

    def of_thread(self, number: int) -> tuple[Exhibit, ...]:
        """Return the exhibits of the thread with this number, by date."""
        return tuple(one for one in self.exhibits if one.thread == number)


@dataclass(slots=True)
class _Matter:
    """What was asked for: the period, the entries found in it by id, digests of messages, the words of the query."""

    start: datetime
    end: datetime
    entries: dict[str, Entry] = field(default_factory=dict)
    digests: set[str] = field(default_factory=set)
    words: tuple[str, ...] = ()

    def covers(self, at: datetime) -> bool:
        """Say whether `at` lies in the period."""
        return self.start <= at <= self.end


def gather(ledger: Ledger, circle: Circle, wish: Wish, now: datetime, zone: tzinfo) -> Case:
    """Gather a dispute folder. Raises NotFoundError when nothing of the client fits, UsageError for a vain --redact."""
    if wish.redact and not (wish.about or wish.since or wish.until):
        raise UsageError("--redact wants to know what the matter is.", "Name it with --about, --since or --until.")
    everything = ledger.entries(client=wish.client.key)
    matter = _matter(ledger, wish, everything, zone)
    mine = {info.id: info for info in ledger.threads(client=wish.client.key)}
    for entry in everything:
        if entry.thread not in mine:
            mine[entry.thread] = ledger.thread(entry.thread)
    kept = {id_: ledger.read_messages(id_) for id_ in mine}
    chosen = [info for info in mine.values() if _concerns(kept[info.id], matter, wish)]
    if not chosen:
        asked = f" on {wish.about!r}" if wish.about else ""
        raise NotFoundError(f"There is no mail with {wish.client.name}{asked} in that time.", "Widen the period.")
    chosen.sort(key=lambda info: (info.first_at, info.id))
    exhibits = _exhibits(ledger, circle, wish, [(info, kept[info.id]) for info in chosen], matter)
    shown = {one.read.message.digest for one in exhibits if not one.withheld}
    entries = tuple(e for e in matter.entries.values() if e.finding.evidence.digest in shown)
    day = now.astimezone(zone).date()
    missed = misses(entries, circle, day, zone)
    events = tuple(ledger.events())
    return Case(
        wish=wish,
        circle=circle,
        made_at=now,
        zone=zone,
        threads=tuple(chosen),
        exhibits=exhibits,
        entries=entries,
        misses=missed,
        rows=rows(entries, missed, _letters(ledger, chosen, exhibits), day, zone),
        omitted=(
            *_threads_left_out(wish, mine.values(), chosen),
            *_mail_left_out(ledger, chosen, exhibits),
            *_entries_left_out(ledger, wish, everything, matter, chosen),
        ),
        events=events,
        hidden=_hidden(events, entries, exhibits, chosen),
    )


# ---- what belongs to the matter ----


def _matter(ledger: Ledger, wish: Wish, everything: Sequence[Entry], zone: tzinfo) -> _Matter:
    """Find the entries and messages that were asked for; what answers or replaces one of them belongs to it."""
    matter = _Matter(
        start=datetime.combine(wish.since or date(1970, 1, 2), time(), zone),
        end=datetime.combine(wish.until or date(9998, 1, 1), time.max, zone),
    )
    counted = [e for e in everything if wish.suggestions or e.finding.tier is Tier.LOG]
    matter.entries = {e.id: e for e in counted if matter.covers(e.finding.date)}
    if wish.about:
        hits = ledger.search(f"client:{wish.client.key} {wish.about}", limit=_MOST_HITS, newest=True)
        matter.words = tuple(word.casefold() for word in _ASKED_WORD.findall(re.sub(r"\S+:\S+", " ", wish.about)))
        strict = wish.redact and matter.words  # then a word in the subject does not open the whole message
        hits = [hit for hit in hits if hit.client == wish.client.key and matter.covers(hit.date)]
        hits = [hit for hit in hits if hit.marks or not strict]
        wanted = _related({hit.entry.id for hit in hits if hit.entry}, everything)
        matter.entries = {i: entry for i, entry in matter.entries.items() if i in wanted}
        matter.digests = {hit.digest for hit in hits}
    matter.digests |= {entry.finding.evidence.digest for entry in matter.entries.values()}
    return matter


def _related(asked: set[str], everything: Iterable[Entry]) -> set[str]:
    """Return `asked` with everything that answers, replaces or is replaced by one of them, again and again."""
    ties: dict[str, set[str]] = {}
    for entry in everything:
        for other in (*entry.answers_all, entry.answers, entry.replaces):
            if other:
                ties.setdefault(entry.id, set()).add(other)
                ties.setdefault(other, set()).add(entry.id)
    found, pending = set(asked), list(asked)
    while pending:
        new = ties.get(pending.pop(), set()) - found
        found |= new
        pending += new
    return found


def _concerns(reads: Sequence[ReadMessage], matter: _Matter, wish: Wish) -> bool:
    return any(_asked_for(read, matter, wish) for read in reads)


def _asked_for(read: ReadMessage, matter: _Matter, wish: Wish) -> bool:
    """Say whether a message is of the matter: found by the query, or without one simply in the period."""
    return read.message.digest in matter.digests if wish.about else matter.covers(read.message.sent_at)


# ---- exhibits ----


def _exhibits(
    ledger: Ledger,
    circle: Circle,
    wish: Wish,
    threads: Sequence[tuple[ThreadInfo, Sequence[ReadMessage]]],
    matter: _Matter,
) -> tuple[Exhibit, ...]:
    """Return the messages of all threads, numbered by date."""
    ordered = sorted(
        ((read, number) for number, (_, reads) in enumerate(threads, 1) for read in reads),
        key=lambda pair: (pair[0].message.sent_at, pair[0].message.digest),
    )
    found = []
    for number, (read, thread) in enumerate(ordered, 1):
        message, raw = read.message, None
        with suppress(NotFoundError):
            raw = ledger.raw(message.digest)
        withheld = "its content was erased" if raw is None else _withheld(read, circle, wish, matter)
        gaps = _gaps(read, matter) if wish.redact and wish.about and not withheld else ()
        whole = raw is not None and not withheld and not gaps
        found.append(
            Exhibit(
                number=number,
                thread=thread,
                read=read,
                raw=raw,
                side=circle.side(message.sender.email) if message.sender else Side.THIRD,
                withheld=withheld,
                gaps=gaps,
                files=files(raw.data) if whole and raw else (),
                authentication=authentication(raw.data, _server(raw, wish)) if raw and not withheld else None,
                signatures=tuple(s for one in ledger.evidence(message.digest) for s in one.get("dkim", ())),
            )
        )
    return tuple(found)


def _server(raw: RawMessage, wish: Wish) -> str:
    return dict(wish.servers).get(raw.location.account, "") if raw.location else ""


def _withheld(read: ReadMessage, circle: Circle, wish: Wish, matter: _Matter) -> str:
    """Say why a message is not shown; a whole thread is shown unless it has to do with others or is redacted."""
    message = read.message
    people = (message.sender, *message.to, *message.cc)
    clients = {found.key for one in people if one and (found := circle.client(one.email))} | {read.client}
    if wish.client.key not in clients:
        return "it is mail with another client"
    if wish.redact and not _asked_for(read, matter, wish):
        return "it is about other matters"
    return ""


def _gaps(read: ReadMessage, matter: _Matter) -> tuple[Span, ...]:
    """Return the paragraphs to black out: all that hold neither an entry of the matter nor a word of the query.

    Signatures and a greeting may stay: they hold no matter.
    """
    message = read.message
    harmless = [p.span for p in read.passages if p.role in (Role.SIGNATURE, Role.NOTICE)]
    evidence = [one for entry in matter.entries.values() for one in (entry.finding.evidence, *entry.also)]
    shown = [one.span for one in evidence if one.digest == message.digest]
    gaps: list[Span] = []
    for span in _paragraphs(message.text):
        text = message.text[span.start : span.end].casefold()
        told = any(s.start < span.end and s.end > span.start for s in shown)
        told = told or any(s.start <= span.start and span.end <= s.end for s in harmless)
        greeting = span.start == 0 and len(text.split()) <= 4 and text.rstrip().endswith((",", "!"))
        if told or greeting or not text.strip() or any(word in text for word in matter.words):
            continue
        if gaps and not message.text[gaps[-1].end : span.start].strip():
            gaps[-1] = Span(gaps[-1].start, span.end)
        else:
            gaps.append(span)
    return tuple(gaps)


def _paragraphs(text: str) -> list[Span]:
    edges = [0, *(place for found in _PARAGRAPH.finditer(text) for place in found.span()), len(text)]
    return [Span(start, end) for start, end in zip(edges[::2], edges[1::2], strict=True) if start < end]


# ---- what is left out, and what of the history is shown ----


def _letters(ledger: Ledger, chosen: Sequence[ThreadInfo], exhibits: Sequence[Exhibit]) -> dict[str, str]:
    """Return how the chronology names each of our letters: by the exhibit it became."""
    numbers = {one.read.message.message_id: one.number for one in exhibits}
    drafts = (draft for info in chosen for draft in ledger.drafts(thread=info.id))
    return {d.id: f"exhibit {numbers[d.message_id]}" for d in drafts if d.message_id in numbers}


def _threads_left_out(wish: Wish, mine: Iterable[ThreadInfo], chosen: Sequence[ThreadInfo]) -> Iterator[Omission]:
    why = f"the search {wish.about!r} found nothing in it in the period" if wish.about else "outside the period"
    for info in sorted((info for info in mine if info not in chosen), key=lambda info: (info.first_at, info.id)):
        name = "" if wish.redact else f" {info.subject!r}"
        what = f"thread {info.id}{name}: {info.messages} messages, {info.first_at:%Y-%m-%d} to {info.last_at:%Y-%m-%d}"
        yield Omission(what=what, why=why)


def _mail_left_out(ledger: Ledger, chosen: Sequence[ThreadInfo], exhibits: Sequence[Exhibit]) -> Iterator[Omission]:
    for one in exhibits:
        what = f"exhibit {one.number} ({one.read.message.sent_at:%Y-%m-%d}, SHA-256 {one.read.message.digest})"
        if one.withheld:
            yield Omission(what=what, why=one.withheld)
        elif one.gaps:
            yield Omission(what=f"{what}: passages ({len(one.gaps)}) and the .eml file", why="they hold other matters")
    states = Counter(str(draft.state) for info in chosen for draft in ledger.drafts(_UNSENT, thread=info.id))
    for state, number in sorted(states.items()):
        yield Omission(what=f"letters of ours, {state}: {number}", why="they were never sent, so nobody received them")
    lost: Counter[str] = Counter()
    for count in ledger.counts():
        lost.update({name: count.outcomes.get(name, 0) for name in (Outcome.TOO_LARGE, Outcome.UNREADABLE)})
    for name, number in sorted(lost.items()):
        if number:
            yield Omission(
                what=f"messages of all clients that were {name}: {number}", why="no entry was taken from them"
            )


def _entries_left_out(
    ledger: Ledger, wish: Wish, everything: Sequence[Entry], matter: _Matter, chosen: Sequence[ThreadInfo]
) -> Iterator[Omission]:
    here = [info.id for info in chosen]
    there = [entry for entry in everything if entry.thread in here]
    suggested = sum(entry.finding.tier is not Tier.LOG for entry in there)
    if suggested and not wish.suggestions:
        why = "the program only suggests them and no person has confirmed them; their messages are exhibits"
        yield Omission(what=f"sentences in these threads that may be agreements: {suggested}", why=why)
    others = sum(entry.finding.tier is Tier.LOG and entry.id not in matter.entries for entry in there)
    if others:
        yield Omission(what=f"entries of these threads: {others}", why="they are about other matters or other times")
    for correction in (one for thread in here for one in ledger.corrections(thread) if one.removed):
        reason = f": {' '.join(correction.reason.split())}" if correction.reason and not wish.redact else ""
        yield Omission(what=f"entry {correction.entry}", why=f"a person removed it on {correction.at:%Y-%m-%d}{reason}")


def _hidden(
    events: Sequence[Event], entries: Sequence[Entry], exhibits: Sequence[Exhibit], chosen: Sequence[ThreadInfo]
) -> frozenset[int]:
    """Return the numbers of the events that are about other matters; of those only the digests are handed over."""
    told = {entry.id for entry in entries} | {one.read.message.digest for one in exhibits if not one.withheld}
    told |= {info.id for info in chosen}
    return frozenset(event.seq for event in events if event.subject not in told)
