"""One tokenizer for index, queries and highlights, so that every engine that stores its tokens agrees.

Words are folded (case, accents, width), Chinese and Japanese characters stand alone, and a number written with
thousands separators also counts as its plain digits. English words are stemmed into tokens of their own beside the
words themselves: a word finds its other forms, while phrases, prefixes and other languages stay exact.
"""

import re
import threading
import unicodedata
from collections.abc import Iterable, Iterator
from functools import lru_cache

import Stemmer

#: Longer runs of letters are no words; the index keeps their beginning.
LONGEST = 64
_IDEOGRAPHS = r"\u3041-\u3096\u30a1-\u30fa\u30fc-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
_WORD = re.compile(rf"[{_IDEOGRAPHS}]|[^\W_{_IDEOGRAPHS}]+")
_ASCII_WORD = re.compile(r"[a-z0-9]+")
_GROUPED = re.compile(r"(?<![\d.,])\d{1,3}(?:[.,'’\u00a0\u202f]\d{3}){1,4}(?!\d)")

_stemmer = Stemmer.Stemmer("english")
_stemming = threading.Lock()  # a Stemmer must not be used by two threads at once


def fold(text: str) -> str:
    """Return `text` without case, accents and width: "Größe" and "GROSSE" are both "grosse"."""
    if text.isascii():
        return text.lower()
    apart = unicodedata.normalize("NFKD", text.casefold())
    if not apart.isascii():
        apart = "".join(c for c in apart if not unicodedata.combining(c))
    return apart.casefold()


def tokens(text: str) -> list[str]:
    """Return the folded words of `text` in their order."""
    found = _ASCII_WORD.findall(text.lower()) if text.isascii() else _WORD.findall(fold(text))
    return [word[:LONGEST] for word in found]


def places(text: str) -> Iterator[tuple[int, int, str]]:
    """Yield start, end and folded form of each word of `text`."""
    for found in _WORD.finditer(text):
        word = fold(found[0])
        for token in [word] if word.isalnum() else tokens(word):  # "½" folds to more than one
            yield found.start(), found.end(), token[:LONGEST]


@lru_cache(maxsize=100_000)
def stem(word: str) -> str:
    """Return the stem of `word`; one that is not plainly English is its own stem."""
    if not (word.isascii() and word.isalpha() and 4 <= len(word) <= 24):
        return word
    with _stemming:
        return str(_stemmer.stemWord(word))


def further(text: str, words: Iterable[str]) -> list[str]:
    """Return what finds `text` besides its `words`: stems that differ, and numbers as plain digits."""
    distinct = set(words)
    grouped = numbers(text) if any(len(word) == 3 and word.isdigit() for word in distinct) else []
    return sorted({*map(stem, distinct), *grouped} - distinct)


def numbers(text: str) -> list[str]:
    """Return the numbers that `text` writes with thousands separators as plain digits: "4,800" is "4800"."""
    return [re.sub(r"\D", "", found) for found in _GROUPED.findall(text)]
