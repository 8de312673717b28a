"""Words and normal forms of lines, so that the same line is recognised however a mail program wrapped or marked it."""

import re
import unicodedata
from collections.abc import Iterator

#: A line is looked at by regular expressions only up to this length; the rest of a longer one stays unread.
LINE_CAP = 600

_WORD = re.compile(r"[^\W_]+")
_ACCENTS = re.compile("[\u0300-\u036f]+")
_PLAIN = str.maketrans({"\u2018": "'", "\u2019": "'", "\u201c": '"', "\u201d": '"', "\u00a0": " "})


def vocabulary(text: str) -> frozenset[str]:
    """Return the words of a table written as one string."""
    return frozenset(text.split())


def phrases(table: str) -> str:
    """Return a table of patterns, one a line or several between bars, as the alternatives of one pattern."""
    return "|".join(line.strip() for line in table.strip().splitlines())


def words(text: str) -> list[str]:
    """Return the words of `text` in lower case, without marks of punctuation; apostrophes split words."""
    return _WORD.findall(text.casefold())


def fold(text: str) -> str:
    """Return `text` in lower case, accents and typographic quotes made plain, for comparing with tables of phrases."""
    if text.isascii():
        return text.lower()
    return _ACCENTS.sub("", unicodedata.normalize("NFKD", text.casefold().translate(_PLAIN)))


def lines(text: str, start: int = 0, end: int | None = None) -> Iterator[tuple[int, int]]:
    r"""Yield (start, end) of each line of `text[start:end]`; `end` includes the line's own "\n"."""
    stop = len(text) if end is None else end
    while start < stop:
        found = text.find("\n", start, stop)
        after = stop if found < 0 else found + 1
        yield start, after
        start = after


def shingles(tokens: list[str], size: int = 5) -> Iterator[int]:
    """Yield a hash for each run of `size` words; a text's wording is known when all of them are known."""
    for i in range(len(tokens) - size + 1):
        yield hash(tuple(tokens[i : i + size]))


def one_line(text: str) -> str:
    """Fold every run of white space to a single space."""
    return " ".join(text.split())
