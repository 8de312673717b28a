"""Finds amounts in a sentence: money, hours of work, percentages; never invoice numbers, years or counted things."""

import re
import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache
from importlib.resources import files

#: Longer texts are cut before any pattern looks at them.
_CAP = 1500

_DATA = tomllib.loads((files("mailsync.text") / "phrases" / "money.toml").read_text("utf-8"))
_CODES = frozenset(_DATA["codes"].split())
_SIGNS: dict[str, str] = _DATA["signs"]
_NAMES: dict[str, str] = _DATA["names"]
_NUMBERS: dict[str, int] = _DATA["numbers"]


def _any(words: Iterable[str]) -> str:
    """Return a pattern for any of `words`, the longest first; letters end at a word's end."""
    longest = sorted(words, key=len, reverse=True)
    return "(?:" + "|".join(re.escape(w) + (r"\b" if w[-1].isalpha() else "") for w in longest) + ")"


_HOURS, _PERCENT, _MORE, _WORD = (_any(w) for w in (_DATA["hours"], _DATA["percent"], _DATA["more"], _NUMBERS))
_DIGITS = r"(?:\d{1,3}(?:[ \u00a0\u202f'’]\d{3}){1,4}(?:[.,]\d{1,2})?(?!\d)|\d{1,12}(?:[.,]\d{1,3}){0,4})"
_SIGN = "(?:" + "|".join(re.escape(s) for s in sorted([*_SIGNS, *_CODES], key=len, reverse=True)) + ")"
_SCALE = r"(?:\s?(?P<{}>k|mio|million|thousand|grand|tsd)\b\.?)?"
_AMOUNT = re.compile(
    rf"(?<![\w.,/#-])(?P<sign>{_SIGN}(?=[\s\d]))\s?(?P<a>{_DIGITS}){_SCALE.format('scale_a')}"
    rf"|(?<![\w.,/#$€£-])(?P<b>{_DIGITS}){_SCALE.format('scale_b')}[-\s]?"
    rf"(?:(?P<name>{_any([*_NAMES, *_CODES])})|(?:{_MORE}\s)?(?P<hours>{_HOURS})(?!\s?\d)|(?P<percent>{_PERCENT}))",
    re.IGNORECASE,
)
_SPELT = re.compile(
    rf"\b(?P<number>{_WORD}(?:[ -]{_WORD})?(?: hundred| thousand| grand)?(?: and {_WORD}(?:[ -]{_WORD})?)?)"
    rf"(?:\s{_MORE})?(?:\s(?:(?P<hours>{_HOURS})|(?P<percent>{_PERCENT})|(?P<name>{_any(_NAMES)})))?",
    re.IGNORECASE,
)
_LETTERS = re.compile(r"[^\W\d_]+")
_LARGE = re.compile(r"thousand|grand|hundred", re.IGNORECASE)
_DIGIT = re.compile(r"\d")
_PLAIN = re.compile(rf"(?<![\w.,/#:$€£₦-])(?:{_DIGITS})(?![\w/:%-]|[.,]\d|\s?(?:st|nd|rd|th|:)\b)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Amount:
    """A quantity with its unit: an ISO 4217 code, "h" or "%", empty where a spelt number has none.

    `start` and `end` are its place in the text.
    """

    start: int
    end: int
    value: Decimal
    unit: str

    def __str__(self) -> str:
        """Return number and unit as the log shows them: "4800 USD", "1.5 h", "15 %"."""
        shown = f"{self.value:f}"
        whole, _, rest = shown.partition(".")
        return f"{shown if rest.strip('0') else whole} {self.unit}"


def number(text: str) -> Decimal:
    """Return the value of digits with separators; three digits after the last one make it a thousands' separator."""
    parts = re.split(r"[.,]", re.sub(r"[ \u00a0\u202f'’]", "", text))
    if len(parts) == 1 or len(parts[-1]) == 3:
        return Decimal("".join(parts))
    return Decimal("".join(parts[:-1]) + "." + parts[-1])


@lru_cache(maxsize=1024)
def find_amounts(text: str, language: str = "en", *, dollar: str = "USD") -> tuple[Amount, ...]:
    """Return the amounts of one sentence in order of place.

    `dollar` is what a plain "$" stands for. Numbers in words are read in English always, in other languages where the
    sentence has no amount in digits.
    """
    text = text[:_CAP]
    found = []
    for m in _AMOUNT.finditer(text) if _DIGIT.search(text) else ():
        sign = m["sign"]
        if sign and sign.isalpha() and sign not in _SIGNS and sign not in _CODES:
            continue  # "r 5" is no rand, "try 5" no lira
        scale = (m["scale_a"] or m["scale_b"] or m["name"] or "").lower()
        value = number(m["a"] or m["b"]) * (1_000_000 if scale[:2] == "mi" else 1000 if scale in _THOUSAND else 1)
        found.append(Amount(start=m.start(), end=m.end(), value=value, unit=_unit(m, sign or m["name"], dollar)))
    if (language == "en" or not found) and not _NUMBERS.keys().isdisjoint(_LETTERS.findall(text.lower())):
        found += [a for a in _in_words(text, dollar) if not any(a.start < f.end and f.start < a.end for f in found)]
    return tuple(sorted(found, key=lambda a: a.start))


_THOUSAND = frozenset({"k", "thousand", "grand", "tsd"})


def _unit(m: re.Match[str], money: str | None, dollar: str) -> str:
    """Return the unit that a match names: hours, percent, or the currency of `money`, its sign or name."""
    if m["hours"] or m["percent"]:
        return "h" if m["hours"] else "%"
    if not money:
        return ""
    code = money.upper()
    found = _SIGNS.get(money) or _NAMES.get(money.lower()) or _SIGNS.get(code) or code
    return dollar if found == "$" else found


def _in_words(text: str, dollar: str) -> list[Amount]:
    """Return the amounts whose number is spelt out: "nine thousand pounds", "four hours", "Fifteen."."""
    found = []
    for m in _SPELT.finditer(text):
        unit = _unit(m, m["name"], dollar)
        large = _LARGE.search(m["number"])
        alone = not text[: m.start()].strip() and text[m.end() : m.end() + 1] in {"", ",", "."}
        if not unit and "grand" in m["number"].lower():
            unit = dollar
        if unit or large or alone:
            value = _spelt(m["number"]) * (1000 if (m["name"] or "").lower() == "grand" else 1)
            found.append(Amount(start=m.start(), end=m.end(), value=Decimal(value), unit=unit))
    return found


def _spelt(text: str) -> int:
    """Return the value of a number in English words, or of a single word of another language."""
    total = current = 0
    for word in re.split(r"[ -]", text.lower()):
        if word == "hundred":
            current *= 100
        elif word in _THOUSAND:
            total, current = total + current * 1000, 0
        else:
            current += _NUMBERS.get(word, 0)
    return total + current


def plain_numbers(text: str) -> tuple[tuple[int, int, Decimal], ...]:
    """Return the numbers that stand without a unit, as start, end and value; they may repeat an earlier amount."""
    return tuple((m.start(), m.end(), number(m.group())) for m in _PLAIN.finditer(text[:_CAP]))
