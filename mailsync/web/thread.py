"""A conversation as it was read: statements marked by kind, the rest folded, and what was not read and why."""

from dataclasses import dataclass, replace

from starlette.responses import Response

from mailsync.model.draft import WAITING
from mailsync.model.entry import Entry, Kind
from mailsync.model.mail import Passage, Span, Statement
from mailsync.model.thread import ReadMessage
from mailsync.reading.statements import statements
from mailsync.web.drafts import ASKED_FOR
from mailsync.web.mail import has_html, safe_name
from mailsync.web.shown import Block, blocks, size
from mailsync.web.site import Page

STEP = 40
MOST_STATEMENTS = 200
LARGE = 2_000_000
#: How much of one message is drawn; the rest is named and stands in the raw message and in the log.
MOST_ENTRIES, LONGEST_TEXT = 200, 100_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """One message ready to be drawn."""

    read: ReadMessage
    blocks: tuple[Block, ...]
    entries: tuple[Entry, ...]
    statements: tuple[Statement, ...]
    files: tuple[tuple[int, str, str], ...]
    has_html: bool
    left_out: int
    more: int


def thread(page: Page) -> Response:
    """Show a thread's messages in order, with what was found in each."""
    info = page.app.ledger.thread(page.named("thread"))
    entries = page.app.ledger.entries(thread=info.id)
    reads = page.app.ledger.read_messages(info.id)
    start = _start(page.asked("from"), len(reads))
    if page.site.mask is not None:
        page.site.mask.learn(a for r in reads for a in (r.message.sender, *r.message.to, *r.message.cc))
    letters = page.app.ledger.drafts(thread=info.id)
    return page.render(
        "thread.html",
        thread=info,
        told=[_told(page, read, entries) for read in reads[start : start + STEP]],
        entries={entry.id: entry for entry in entries},
        number=len(reads),
        start=start,
        step=STEP,
        letters=letters,
        can_write=not any(letter.state in WAITING for letter in letters),
        asked_for=ASKED_FOR,
        kinds=tuple(Kind),
    )


def _start(text: str, number: int) -> int:
    wanted = int(text) if text.isdecimal() and len(text) < 9 else 0
    return wanted if wanted < number else 0


def _told(page: Page, read: ReadMessage, entries: list[Entry]) -> Told:
    digest = read.message.digest
    every = tuple(e for e in entries if digest in (e.finding.evidence.digest, *(a.digest for a in e.also)))
    mine, text = every[:MOST_ENTRIES], read.message.text
    drawn = read if len(text) <= LONGEST_TEXT else _cut(read)
    attached = read.message.attachments
    small = sum(file.size for file in attached) < LARGE  # a large one is not unpacked just to know
    return Told(
        read=read,
        left_out=max(0, len(text) - LONGEST_TEXT),
        more=len(every) - len(mine),
        blocks=blocks(drawn, mine),
        entries=mine,
        statements=() if read.unread else statements(drawn.message, drawn.passages)[:MOST_STATEMENTS],
        files=tuple(
            (n, safe_name(f.name, f"attachment-{n + 1}"), f"{f.content_type}, {size(f.size)}")
            for n, f in enumerate(attached)
        ),
        has_html=page.site.mask is None and (not small or has_html(page.app.ledger.raw(digest))),
    )


def _cut(read: ReadMessage) -> ReadMessage:
    """Return a message with the beginning of its text alone."""
    text = read.message.text[:LONGEST_TEXT]
    kept = (Passage(p.role, Span(p.span.start, min(p.span.end, LONGEST_TEXT))) for p in read.passages)
    passages = tuple(p for p in kept if p.span.start < p.span.end)
    return replace(read, message=replace(read.message, text=text), passages=passages)
