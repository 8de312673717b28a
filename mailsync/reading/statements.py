"""An author's words as statements: one sentence or list item each, with its exact place."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice, pairwise

from mailsync.model.mail import Message, Passage, Role, Span, Statement
from mailsync.reading.signatures import is_closing, is_delimiter, is_greeting, is_mobile, is_name
from mailsync.text.sentences import sentences
from mailsync.text.words import lines, one_line

_BULLET = re.compile(r"\s*(?:[-–—*•·‣▪◦●○■□➢✓✔→»+~]|o(?=\s\s)|>(?=\s))\s+(?=\S)|\s*[•·▪●➢✓✔](?=\S)")
#: "1.", "2)", "(3)", "4 -", "1.2.", "a)", "iv.", "No. 5:"; a capital only with a bracket, for "J. Fox" is a name.
_NUMBER = re.compile(
    r"\s*(?:(?:#|[Nn]o\.?|[Nn]r\.?|[Pp]oint|[Ii]tem|[Pp]unkt|[Qq]uestion|[Aa]d|[Zz]u|[Rr]e:?)\s?)?"
    r"\(?(\d{1,2}(?:\.\d{1,2}){0,2}|[a-z]|[ivx]{1,4}|[A-Z](?=\)))"
    r"(?:[.)]|\.\)|:|\s?[-–—](?=\s)|\s?=(?=\s))\s+(?=\S)",
)
_ANSWERED_NUMBER = re.compile(
    r"(?:#|no\.? ?|nr\.? ?|point |punkt |zu )?\(?(\d{1,2})(?:[.):]|\s[-–—=])\s+\S", re.IGNORECASE
)
_POINT = re.compile(r"\(?\d{1,2}\)\s")
_POINT_INSIDE = re.compile(r"(?<=\s)\(?(\d{1,2})\)(?=\s\S)")
_TERMINAL = re.compile(r"[.!?…:;][\"'”’»)\]*]{0,3}\s*$")
_CELL_END = re.compile(r"\S(?:\s{3,}|\s?\|\s?)(?=\S)")
_RULED = re.compile(r"[\s|+=_*~-]*$")
_NARROWEST, _WIDEST = 45, 100
_ENDS = re.compile(r"[.!?\n|]")

#: Statements read of one message: each is weighed against those before it, and nobody writes more by hand.
MOST = 1000


@dataclass(slots=True)
class _Block:
    """Lines that belong together: a paragraph, a list item, a table row."""

    start: int
    end: int
    number: str = ""
    in_list: bool = False
    lead: str = ""


@dataclass(frozen=True, slots=True)
class _Line:
    start: int
    end: int  # without the line break
    text: str


def statements(message: Message, passages: Sequence[Passage]) -> tuple[Statement, ...]:
    """Return the statements of the author's passages in order of place; greetings, closings and names are none.

    Wrapped lines are joined by the width of the text around them; where a writer uses no punctuation a line is a
    statement. `answering` is the quotation directly above an answer written between quoted lines. What comes after
    the first MOST is left out; `too_many` says so.
    """
    if message.automatic:
        return ()
    found = list(islice(_every(message, passages), MOST))
    return tuple(replace(one, place=place, of=len(found)) for place, one in enumerate(found))


def too_many(message: Message, passages: Sequence[Passage]) -> bool:
    """Say whether the author makes more than MOST statements, so that not all of them are read."""
    own = (message.text[p.span.start : p.span.end] for p in passages if p.role is Role.AUTHOR)
    if sum(len(_ENDS.findall(text)) + 1 for text in own) <= MOST:
        return False
    return next(islice(_every(message, passages), MOST, None), None) is not None


def _every(message: Message, passages: Sequence[Passage]) -> Iterator[Statement]:
    quoted = ""
    for passage in passages:
        if passage.role is Role.AUTHOR:
            yield from _in_passage(message.text, passage.span, quoted)
        elif passage.role is Role.QUOTED:
            quoted = _quoted_words(message.text[passage.span.start : passage.span.end])
        else:
            quoted = ""


def _quoted_words(text: str) -> str:
    """Return the last paragraph of a quotation without its marks, at most 600 characters."""
    rows = [re.sub(r"^[\s>|]{0,20}", "", row[:600]).strip() for row in text[-4000:].split("\n")]
    while rows and not rows[-1]:
        rows.pop()
    last: list[str] = []
    for row in reversed(rows):
        if not row:
            break
        last.append(row)
    return one_line(" ".join(reversed(last)))[-600:]


def _in_passage(text: str, span: Span, answering: str) -> Iterator[Statement]:
    for block in _blocks(text, span):
        for start, end in _pieces(text, block):
            if not any(map(str.isalnum, text[start : min(end, start + 400)])):
                continue
            own = _ANSWERED_NUMBER.match(text, start, min(end, start + 12))
            yield Statement(
                span=Span(start, end),
                quote=one_line(text[start:end]),
                number=own[1] if own else block.number,
                in_list=block.in_list,
                answering=answering,
                lead=block.lead,
            )


def _pieces(text: str, block: _Block) -> Iterator[tuple[int, int]]:
    """Yield the sentences of a block; points counted in a line ("1) yes 2) no 3) the 4th") are pieces of their own."""
    for start, end in sentences(text, block.start, block.end):
        cuts = [start]
        if block.number.isdigit() or _POINT.match(text, start):
            cuts += [point.start() for point in _POINT_INSIDE.finditer(text, start + 1, end)]
        for cut, stop in zip(cuts, [*cuts[1:], end], strict=True):
            yield cut, cut + len(text[cut:stop].rstrip())


def _blocks(text: str, span: Span) -> list[_Block]:
    """Group the lines of an author's passage into blocks."""
    rows = list(_without_manners([_Line(start, start + len(row), row) for start, row in _rows(text, span)]))
    capitals = _uses_capitals(rows)
    width = _width(rows, capitals=capitals)
    blocks: list[_Block] = []
    previous: _Line | None = None  # the line above, None after a blank one
    for row in rows:
        if not row.text.strip() or _RULED.fullmatch(row.text[:200]):
            previous = None
            continue
        marker, number = _marker(row.text)
        if number.isdigit() and previous and _in_sentence(int(number), previous, blocks[-1]):
            marker, number = 0, ""
        if previous and not marker and not _is_table(row) and _goes_on(previous, row, width, capitals=capitals):
            blocks[-1].end = row.end
        else:
            lead = _lead(text, blocks, below=previous is not None) if marker else ""
            blocks.append(_Block(row.start + marker, row.end, number, marker > 0, lead))
        previous = row
    return blocks


def _lead(text: str, blocks: Sequence[_Block], *, below: bool) -> str:
    """Return the line that opens the list whose next item follows `blocks`, "" where none does."""
    if not blocks:
        return ""
    above = blocks[-1]
    if above.in_list:
        return above.lead
    last = list(sentences(text, max(above.start, above.end - 400), above.end))[-1:]
    opening = one_line(text[last[0][0] : last[0][1]]) if last else ""
    return opening if below or opening.endswith(":") else ""


def _in_sentence(number: int, previous: _Line, block: _Block) -> bool:
    """Say whether a number that begins a line belongs to the sentence above ("the weekend of / 14. and 15. May")."""
    follows = block.number.isdigit() and number == int(block.number) + 1
    return number > 1 and not follows and _TERMINAL.search(previous.text[-10:]) is None


def _is_table(row: _Line) -> bool:
    return len(_CELL_END.findall(row.text[:300])) > 1


def _rows(text: str, span: Span) -> Iterator[tuple[int, str]]:
    for start, end in lines(text, span.start, span.end):
        yield start, text[start:end].rstrip("\n").rstrip()


def _marker(row: str) -> tuple[int, str]:
    """Return the length of a list marker at the beginning of `row` (0 for none) and its number or letter."""
    if numbered := _NUMBER.match(row[:40]):
        return numbered.end(), numbered[1].lower()
    if bullet := _BULLET.match(row[:40]):
        inner = _NUMBER.match(row[bullet.end() : bullet.end() + 40])
        return (bullet.end() + inner.end(), inner[1].lower()) if inner else (bullet.end(), "")
    return 0, ""


def _without_manners(rows: Sequence[_Line]) -> Iterator[_Line]:
    """Blank out greeting, closing and name lines; they end a block and say nothing."""
    filled = [i for i, row in enumerate(rows) if row.text.strip()]
    opening = set(filled[:2])
    last_words = filled[-4:]
    closed = False
    for i, row in enumerate(rows):
        manners = (
            (i in opening and is_greeting(row.text))
            or is_closing(row.text)
            or is_delimiter(row.text)
            or is_mobile(row.text)
        )
        if filled and i == filled[-1] and len(filled) > 1 and len(row.text.split()) <= 4 and row.text.endswith(","):
            manners = True  # "Safe travels,"
        if i in last_words and not manners:
            manners = is_name(row.text) and (closed or i == filled[-1]) and len(filled) > 1
        closed = closed or (i in last_words and is_closing(row.text))
        yield _Line(row.start, row.end, "") if manners else row


def _width(rows: Sequence[_Line], *, capitals: bool) -> int:
    """Return the column at which the text was wrapped, 0 where lines end as their writer meant."""
    longest = max((len(row.text) for row in rows), default=0)
    if not _NARROWEST <= longest <= _WIDEST:
        return 0
    full = breaks = 0
    for row, following in pairwise(rows):
        if not row.text.strip() or not following.text.strip():
            continue
        if _marker(following.text)[0] and _TERMINAL.search(row.text[-10:]):
            continue
        breaks += 1
        full += len(row.text) + 1 + len(following.text.split(maxsplit=1)[0]) > longest - 6
    enough = full >= 2 or (capitals and longest >= 60 and full == breaks)
    return longest if enough and full * 2 >= breaks else 0


def _uses_capitals(rows: Sequence[_Line]) -> bool:
    """Say whether the writer begins paragraphs with capitals, as those who type on a phone do not."""
    first = [
        row.text.lstrip()[0]
        for above, row in zip([None, *rows], rows, strict=False)
        if row.text.strip() and (above is None or not above.text.strip()) and row.text.lstrip()[0].isalpha()
    ]
    return sum(map(str.isupper, first)) * 2 >= len(first)


def _goes_on(previous: _Line, row: _Line, width: int, *, capitals: bool) -> bool:
    """Say whether `row` continues the sentence or the wrapped paragraph of `previous`."""
    text = row.text.strip()
    if width and len(previous.text) + 1 + len(text.split(maxsplit=1)[0]) > width - 6:
        return True
    if _TERMINAL.search(previous.text[-10:]) or not capitals:
        return False
    wrapped_once = 60 <= len(previous.text) <= _WIDEST and _TERMINAL.search(text[-10:]) is not None
    return text[0].islower() or wrapped_once
