"""The pages of a dispute folder: readable without our software, without a network, without a script."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape
from jinja2.exceptions import TemplateError as JinjaError

import mailsync
from mailsync.dossier.agreed import chains, conflicts
from mailsync.dossier.case import Case, Exhibit
from mailsync.dossier.tables import day, moment
from mailsync.model.errors import TemplateError
from mailsync.model.mail import Address, Role, Span
from mailsync.model.people import Side
from mailsync.reading.attachments import safe_name
from mailsync.text.words import one_line

#: Controls, and marks that turn text around: shown as a sign that something stood here.
_CONTROLS = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")

ROLES = {
    Role.QUOTED: "quoted from an earlier message",
    Role.SIGNATURE: "signature",
    Role.FORWARDED: "forwarded from somebody else",
    Role.NOTICE: "notice",
    Role.AUTOMATIC: "written by a machine",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """A run of a message's text; `numbers` are the rows of the chronology that stand on it, `gap` means blacked out."""

    text: str
    numbers: tuple[int, ...] = ()
    gap: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """A passage of a message: whose words, "" for the author's own."""

    role: str
    pieces: tuple[Piece, ...]


class Shown:
    """What the templates ask about the case: names, times, places of files."""

    def __init__(self, case: Case) -> None:
        self.case = case
        self._names = _names(case)
        self._numbers = {row.entry.id: row.number for row in case.rows if row.miss is None}
        self._exhibits = {one.read.message.digest: one for one in case.exhibits}
        self._marks: dict[str, list[tuple[Span, int]]] = {}
        for entry in case.entries:
            for evidence in (entry.finding.evidence, *entry.also):
                self._marks.setdefault(evidence.digest, []).append((evidence.span, self._numbers[entry.id]))

    def person(self, email: str | None) -> str:
        """Return a name with its address."""
        if not email:
            return "nobody named"
        name = self._names.get(email, "")
        return plain(f"{name} <{email}>" if name else email)

    def name(self, email: str | None) -> str:
        """Return a name, or the address where there is none."""
        return plain(self._names.get(email or "") or email or "nobody named")

    def side(self, side: Side) -> str:
        """Return what a side is called: "us", the client's name, "third party"."""
        return {Side.US: "us", Side.CLIENT: self.case.wish.client.name}.get(side, "third party")

    def moment(self, at: Any) -> str:
        """Return a moment in the user's zone."""
        return moment(at, self.case.zone)

    def day(self, value: Any) -> str:
        """Return a day in words."""
        return day(value)

    def exhibit(self, entry: Any) -> Exhibit:
        """Return the exhibit that an entry stands on."""
        return self._exhibits[entry.finding.evidence.digest]

    def number(self, entry: Any) -> int:
        """Return the row of an entry in the chronology, 0 where it has none."""
        return self._numbers.get(entry.id, 0)

    def link(self, exhibit: Exhibit) -> str:
        """Return the address of an exhibit's readable form, as the index links it."""
        return f"{thread_page(exhibit.thread)}#exhibit-{exhibit.number}"

    def blocks(self, exhibit: Exhibit) -> tuple[Block, ...]:
        """Return a message's text in passages, with the words of the chronology marked and gaps blacked out."""
        return tuple(_blocks(exhibit, self._marks.get(exhibit.read.message.digest, ())))

    def address(self, address: Address | None) -> str:
        """Return a sender or recipient as the message names it."""
        if address is None:
            return "unknown"
        return plain(f"{address.name} <{address.email}>" if address.name else address.email)

    def files(self, exhibit: Exhibit) -> list[tuple[str, str, int]]:
        """Return an exhibit's attachments: the sender's name, the place in the folder, the size in bytes."""
        return [
            (plain(f.name) or "unnamed", file_path(exhibit, n), len(f.data)) for n, f in enumerate(exhibit.files, 1)
        ]


def thread_page(number: int) -> str:
    """Return where the readable form of a thread lies in the folder."""
    return f"threads/{number:03}.html"


def mail_path(exhibit: Exhibit) -> str:
    """Return where an exhibit's bytes lie in the folder."""
    return f"mail/{exhibit.number:04}.eml"


def file_path(exhibit: Exhibit, number: int) -> str:
    """Return where the attachment with this number (from 1) lies in the folder."""
    name = safe_name(exhibit.files[number - 1].name, "file")
    return f"attachments/{exhibit.number:04}-{number}-{name}"


def plain(text: str) -> str:
    """Return text of a mail without what turns or hides it."""
    return _CONTROLS.sub("\N{REPLACEMENT CHARACTER}", text)


def pages(case: Case, own: Path | None = None) -> dict[str, str]:
    """Return the folder's HTML pages by path. Raises TemplateError."""
    shown = Shown(case)
    index = {
        "case": case,
        "shown": shown,
        "chains": chains(case.entries, case.made_at),
        "conflicts": conflicts(case.entries, case.made_at),
        "sides": (Side.US, Side.CLIENT, Side.THIRD),
    }
    made = {"index.html": render("index.html", index, own)}
    for number, info in enumerate(case.threads, 1):
        facts = {"case": case, "shown": shown, "number": number, "subject": _subject(case, number), "info": info}
        made[thread_page(number)] = render("thread.html", facts, own)
    return made


def _subject(case: Case, number: int) -> str:
    """Return a thread's subject; of a thread whose beginning is withheld, only that it is one."""
    shown = [one for one in case.of_thread(number) if not one.withheld]
    return one_line(plain(shown[0].read.message.subject)) if shown else ""


def render(name: str, facts: Mapping[str, Any], own: Path | None = None) -> str:
    """Render a template of `templates/dossier`: the user's own first. Raises TemplateError."""
    try:
        return _environment(own).get_template(name).render(**facts)
    except JinjaError as error:
        line = f", line {error.lineno}" if hasattr(error, "lineno") else ""
        hint = "Correct the template, or remove it to use the shipped one."
        raise TemplateError(f"dossier/{name}{line}: {error}", hint) from error


@lru_cache(maxsize=4)
def _environment(own: Path | None) -> Environment:
    return Environment(
        loader=FileSystemLoader([str(folder) for folder in folders(own)]),
        autoescape=select_autoescape(("html",), default=False),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def folders(own: Path | None = None) -> tuple[Path, ...]:
    """Return where the pages' templates lie: the user's folder, then the shipped ones (in a wheel or a checkout)."""
    package = Path(mailsync.__file__).parent
    shipped = (package / "templates" / "dossier", package.parent / "templates" / "dossier")
    return (*((own / "dossier",) if own else ()), *shipped)


def shipped_file(name: str) -> bytes:
    """Return a file of `templates/dossier` as it stands."""
    return next(path for folder in folders() if (path := folder / name).is_file()).read_bytes()


def _names(case: Case) -> dict[str, str]:
    """Return names by address: as the configuration has them, else as the messages name them."""
    found: dict[str, str] = {}
    for one in case.exhibits:
        if not one.withheld:
            message = one.read.message
            for address in (message.sender, *message.to, *message.cc):
                if address and address.name:
                    found.setdefault(address.email, one_line(address.name))
    return found | {contact.email: contact.name for contact in case.wish.client.contacts if contact.name}


def _blocks(exhibit: Exhibit, marks: Sequence[tuple[Span, int]]) -> Iterator[Block]:
    text = exhibit.read.message.text
    passages = [(p.role, p.span) for p in exhibit.read.passages] or [(Role.AUTHOR, Span(0, len(text)))]
    for role, span in passages:
        if text[span.start : span.end].strip():
            yield Block(role=ROLES.get(role, ""), pieces=tuple(_pieces(text, span, marks, exhibit.gaps)))


def _pieces(text: str, within: Span, marks: Sequence[tuple[Span, int]], gaps: Sequence[Span]) -> Iterator[Piece]:
    """Cut a passage where marks and gaps begin and end."""
    spans = [span for span, _ in marks] + list(gaps)
    cuts = {within.start, within.end} | {
        min(max(place, within.start), within.end) for span in spans for place in (span.start, span.end)
    }
    pending = sorted(marks, key=lambda mark: mark[0].start, reverse=True)
    here: list[tuple[Span, int]] = []
    for start, end in pairwise(sorted(cuts)):
        while pending and pending[-1][0].start <= start:
            here.append(pending.pop())
        here = [mark for mark in here if mark[0].end >= end]
        if any(gap.start <= start and end <= gap.end for gap in gaps):
            words = len(text[start:end].split())
            yield Piece(text=f"blacked out: {words} word{'s' if words != 1 else ''} about other matters", gap=True)
        else:
            yield Piece(text=plain(text[start:end]), numbers=tuple(sorted({number for _, number in here})))
