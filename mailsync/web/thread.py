"""A conversation as it was read: statements marked by kind, the rest folded, and what was not read and why."""

from dataclasses import dataclass

from starlette.responses import Response

from mailsync.model.draft import WAITING
from mailsync.model.entry import Entry, Kind
from mailsync.model.mail import Statement
from mailsync.model.thread import ReadMessage
from mailsync.reading.statements import statements
from mailsync.web.drafts import ASKED_FOR
from mailsync.web.mail import has_html, safe_name
from mailsync.web.shown import Block, blocks, size
from mailsync.web.site import Page

STEP = 40
MOST_STATEMENTS = 200
LARGE = 2_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """One message ready to be drawn."""

    read: ReadMessage
    blocks: tuple[Block, ...]
    entries: tuple[Entry, ...]
    statements: tuple[Statement, ...]
    files: tuple[tuple[int, str, str], ...]
    has_html: bool


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
    mine = tuple(e for e in entries if digest in (e.finding.evidence.digest, *(a.digest for a in e.also)))
    attached = read.message.attachments
    small = sum(file.size for file in attached) < LARGE  # a large one is not unpacked just to know
    return Told(
        read=read,
        blocks=blocks(read, mine),
        entries=mine,
        statements=() if read.unread else statements(read.message, read.passages)[:MOST_STATEMENTS],
        files=tuple(
            (n, safe_name(f.name, f"attachment-{n + 1}"), f"{f.content_type}, {size(f.size)}")
            for n, f in enumerate(attached)
        ),
        has_html=page.site.mask is None and (not small or has_html(page.app.ledger.raw(digest))),
    )
