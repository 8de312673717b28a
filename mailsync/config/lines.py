"""Finds on which line of a TOML file a key stands, because tomllib does not say and a mistake needs its place."""

import re

NAME = r"""[A-Za-z0-9_-]+|"[^"\n]*"|'[^'\n]*'"""
KEY = rf"(?:{NAME})(?:\s*\.\s*(?:{NAME}))*"
HEADER = re.compile(rf"\s*(\[\[?)\s*({KEY})\s*\]")
ASSIGNMENT = re.compile(rf"\s*({KEY})\s*=(.*)")
PART = re.compile(NAME)
#: What matters for knowing whether a value goes on: strings, comments and brackets.
TOKEN = re.compile(r'"""|\'\'\'|"(?:\\.|[^"\\])*"|\'[^\']*\'|#.*|[\[\]{}]')

Place = tuple[str | int, ...]


def key_lines(text: str) -> dict[Place, int]:
    """Map the place of each table and key, as pydantic names it (("clients", 0, "domains")), to its line from 1.

    Keys within inline tables and arrays are not listed; ask for the nearest place above them with `line_of`.
    """
    found: dict[Place, int] = {}
    counts: dict[Place, int] = {}
    table: Place = ()
    depth, quote = 0, ""
    for number, line in enumerate(text.splitlines(), 1):
        if depth or quote:
            depth, quote = _still_open(line, depth, quote)
            continue
        if header := HEADER.match(line):
            table = _table(header[2], header[1] == "[[", counts)
            found.setdefault(table, number)
        elif assignment := ASSIGNMENT.match(line):
            place = table + tuple(_parts(assignment[1]))
            for length in range(len(table) + 1, len(place) + 1):
                found.setdefault(place[:length], number)
            depth, quote = _still_open(assignment[2], 0, "")
    return found


def line_of(place: Place, lines: dict[Place, int]) -> int | None:
    """Return the line of `place`, or of the nearest table around it."""
    return next((lines[place[:end]] for end in range(len(place), 0, -1) if place[:end] in lines), None)


def _parts(key: str) -> list[str]:
    return [part.strip("\"'") for part in PART.findall(key)]


def _table(key: str, is_array: bool, counts: dict[Place, int]) -> Place:
    """Return the place that the header `[key]` or `[[key]]` opens; `counts` numbers the tables of each array."""
    *parents, last = _parts(key)
    place: Place = ()
    for part in parents:
        place = (*place, part)
        if place in counts:
            place = (*place, counts[place])
    place = (*place, last)
    if is_array:
        counts[place] = counts.get(place, -1) + 1
        return (*place, counts[place])
    return place


def _still_open(line: str, depth: int, quote: str) -> tuple[int, str]:
    """Return how many brackets, and which long quotation, are open at the end of `line`."""
    at = 0
    while at < len(line):
        if quote:
            end = line.find(quote, at)
            if end < 0:
                return depth, quote
            at, quote = end + 3, ""
            continue
        token = TOKEN.search(line, at)
        if token is None:
            break
        at = token.end()
        if token[0] in ('"""', "'''"):
            quote = token[0]
        elif token[0] in "[{":
            depth += 1
        elif token[0] in "]}":
            depth = max(0, depth - 1)
    return depth, quote
