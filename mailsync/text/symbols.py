"""Turns a sentence of any supported language into one line of symbols, so that one grammar can read them all.

"bis kommenden Freitag, 14 Uhr" and "by this coming Friday, 2 pm" both become `by coming wd5 , t840`. The words stand in
`phrases/<language>.toml`; what no list knows becomes `_`. Every symbol remembers the characters it came from.
"""

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files

LANGUAGES = ("en", "de", "fr", "es", "it", "nl")

#: Longer texts are cut: no sentence is this long, and the rules stay fast on hostile input.
_CAP = 1500

_TOKEN = re.compile(
    r"""(?P<iso>\d{4}-\d{1,2}-\d{1,2})(?![\d-])(?:T\d\d:\d\d)?
    |(?P<date>\d{1,2}(?P<sep>[./-])\d{1,2}(?P=sep)(?:\d{4}|\d\d))(?![\d/])
    |(?P<ampm>\d{1,2}(?:[:.]\d\d)?[ \u00a0]?(?:[ap]\.m\.|[ap]m\b))
    |(?P<clock>\d{1,2}(?::\d\d|[h]\d\d)(?:[ ]?[ap]\.?m\b\.?)?(?!\d)|\d{1,2}(?:[.:]\d\d)?[ \u00a0]?[Uu]hr\b|\d{4}[ ]?(?:hrs|hours)\b)
    |(?P<dotted>\d{1,2}\.\d{1,2}\.(?!\d))
    |(?P<slash>\d{1,2}/\d{1,2})(?![\d/.])
    |(?P<ordinal>\d{1,2}(?:st|nd|rd|th|er|º|ª|°|e|de|ste)\b|\d{1,2}[º°ª])
    |(?P<quarter>\b[QqTt][1-4]\b(?:[ ]?20\d\d\b)?)
    |(?P<number>\d+(?:[.,'’]\d+)*)
    |(?P<word>[^\W\d_]+(?:['’][^\W\d_]+)*['’]?)
    |(?P<stop>[.;:!?]|\.\.\.|…)
    |(?P<comma>,)
    |(?P<money>[$€£₦₹¥%])
    |(?P<sign>[–—/@&-])""",
    re.VERBOSE,
)


@dataclass(frozen=True, slots=True)
class Coded:
    """A sentence as symbols: `line` holds them, each followed by a space.

    `starts[i]` is where symbol i begins in `line`; `spans[i]` the characters of the text it stands for. `values` holds
    the words of numeric dates, which `line` names by number (`d0`, `d1`). `openers` are the places in the text where
    a condition begins, with the words that open it; `silent` says that a condition asks for an answer to stay out.
    """

    line: str
    starts: tuple[int, ...]
    spans: tuple[tuple[int, int], ...]
    values: tuple[str, ...]
    openers: tuple[tuple[int, str], ...]
    silent: bool


@dataclass(frozen=True, slots=True)
class Lexicon:
    """A language's words, by their first word; of phrases with the same beginning the longest stands first."""

    phrases: Mapping[str, tuple[tuple[tuple[str, ...], tuple[str, ...]], ...]]
    guarded: Mapping[str, str]
    openers: Mapping[str, tuple[tuple[str, ...], ...]]
    silence: re.Pattern[str]


def _words(phrase: str) -> tuple[str, ...]:
    return tuple(m.group() for m in _TOKEN.finditer(phrase) if m.group() != "-") or (phrase,)


def _by_first(
    phrases: list[tuple[tuple[str, ...], tuple[str, ...]]],
) -> dict[str, tuple[tuple[tuple[str, ...], tuple[str, ...]], ...]]:
    found: dict[str, list[tuple[tuple[str, ...], tuple[str, ...]]]] = {}
    for words, symbols in phrases:
        found.setdefault(words[0], []).append((words, symbols))
    return {first: tuple(sorted(rest, key=lambda p: -len(p[0]))) for first, rest in found.items()}


@lru_cache(maxsize=len(LANGUAGES))
def lexicon(language: str) -> Lexicon:
    """Return the words of `language`, one of LANGUAGES, read once from package data."""
    data = tomllib.loads((files("mailsync.text") / "phrases" / f"{language}.toml").read_text("utf-8"))
    phrases = [(_words(p), tuple(key.split())) for key, values in data["phrases"].items() for p in values]
    if language in {"de", "nl"}:  # compounds: Freitagmittag, vrijdagmiddag
        days = [(w[0], s[0]) for w, s in phrases if len(w) == 1 and s[0].startswith("wd")]
        parts = [
            (w[0], s[0]) for w, s in phrases if s[0] in {"morning", "afternoon", "evening", "noon"} and len(w) == 1
        ]
        phrases += [((day + part,), (wd, when)) for day, wd in days for part, when in parts]
    openers: dict[str, list[tuple[str, ...]]] = {}
    for phrase in data["conditions"]["open"]:
        words = _words(phrase)
        openers.setdefault(words[0], []).append(words)
    return Lexicon(
        phrases=_by_first(phrases),
        guarded={word: symbol for symbol, words in data.get("guarded", {}).items() for word in words},
        openers={first: tuple(sorted(rest, key=lambda p: -len(p))) for first, rest in openers.items()},
        silence=re.compile(r"\b(?:" + "|".join(map(re.escape, data["conditions"]["silence"])) + r")\b", re.IGNORECASE),
    )


def _minutes(text: str) -> int | None:
    """Return the minutes after midnight of a clock time as it is written, None for what is no time of day."""
    hour, _, rest = (
        text.lower().replace("h", ":").replace(".", ":", 1).partition(":")
        if not text[:4].isdigit()
        else (text[:2], "", text[2:4])
    )
    digits = re.match(r"\d+", hour)
    if digits is None:
        return None
    value = int(digits.group())
    past = re.match(r"\d\d", rest)
    late, early = re.search(r"p\.?m", text.lower()), re.search(r"\d ?\u00a0?a\.?m", text.lower())
    if (late or early) and not 1 <= value <= 12:
        return None
    if late and value < 12:
        value += 12
    if early and value == 12:
        value = 0
    minutes = value * 60 + (int(past.group()) if past else 0)
    return minutes if minutes <= 24 * 60 else None


def _number(text: str, language: str, after: str, before: str) -> str:
    """Return the symbol of a bare number: an ordinal where German writes one ("am 20."), else n, else nothing known."""
    if not text.isdigit() or len(text) > 4:
        return "num"
    if len(text) <= 2 and language == "de" and after[:1] == "." and (after[1:2] in {"", " ", "/", ",", ")"}):
        if before in {
            "by",
            "before",
            "on",
            "in",
            "from",
            "the",
            "for",
            "and",
            "to",
            "of",
            "at",
            "after",
        } or before.startswith("wd"):
            return "o" + text.lstrip("0")
        if re.match(r"\.[ /]+[^\W\d_]{3}", after):
            return "o" + text.lstrip("0")
    return "n" + (text.lstrip("0") or "0")


_CLOCKS = frozenset({"ampm", "clock"})
_PLAIN = {"comma": ",", "stop": ".", "money": "cur"}
_BESIDE = re.compile(
    r"(?:by|before|on|in|until|till|next|this|of|end|start|mid|from|every|coming|last|after|to|at|since|for|and|[onw]\d+)$"
)


def _compound(kind: str, text: str, values: list[str]) -> tuple[str, ...] | None:
    """Return the symbols of a token that is more than a word or a number, None for words and numbers."""
    if kind in _PLAIN:
        return ("pct" if text == "%" else _PLAIN[kind],)
    if kind in _CLOCKS:
        minutes = _minutes(text)
        return ("num",) if minutes is None else (f"t{minutes}",)
    if kind in {"iso", "date", "dotted", "slash"}:
        values.append(text)
        return (f"{'s' if kind == 'slash' else 'd'}{len(values) - 1}",)
    if kind == "ordinal":
        digits = re.match(r"\d+", text)
        return ("o" + (digits.group().lstrip("0") if digits else "0"),)
    if kind == "quarter":
        return ("q" + text[1], *(("n" + text[-4:],) if len(text) > 2 else ()))
    return None


@lru_cache(maxsize=256)
def encode(text: str, language: str) -> Coded:
    """Return `text` as symbols; an unknown language is read as English."""
    language = language if language in LANGUAGES else "en"
    words = lexicon(language)
    text = text[:_CAP]
    tokens = list(_TOKEN.finditer(text))
    lower = [t.group().lower().replace("’", "'") for t in tokens]
    symbols: list[str] = []
    spans: list[tuple[int, int]] = []
    values: list[str] = []
    openers: list[tuple[int, str]] = []
    at = 0
    while at < len(tokens):
        token, word = tokens[at], lower[at]
        if (
            word == "-"
            and text[token.start() - 1 : token.start()].isalpha()
            and text[token.end() : token.end() + 1].isalpha()
        ):
            at += 1  # a hyphen inside a word
            continue
        kind = token.lastgroup or ""
        step, found = 1, _compound(kind, token.group(), values)
        if found is None:
            step, found = _phrase(words, lower, at)
            opened = _opens(words, lower, at)
            if opened:
                openers.append((token.start(), opened))
        if found is None and kind == "number":
            found = (_number(word, language, text[token.end() : token.end() + 8], symbols[-1] if symbols else ""),)
        if found is None:
            found = (_guarded(words, token.group(), word, symbols, tokens, at),)
        if kind == "number" and found[0][0] == "o" and lower[at + 1 : at + 2] == ["."]:
            step = 2  # the point belongs to the German ordinal
        for symbol in found:
            symbols.append(symbol)
            spans.append((token.start(), tokens[at + step - 1].end()))
        at += step
    starts, place = [], 0
    for symbol in symbols:
        starts.append(place)
        place += len(symbol) + 1
    return Coded(
        line="".join(s + " " for s in symbols),
        starts=tuple(starts),
        spans=tuple(spans),
        values=tuple(values),
        openers=tuple(openers),
        silent=bool(openers) and words.silence.search(text) is not None,
    )


def _phrase(words: Lexicon, lower: list[str], at: int) -> tuple[int, tuple[str, ...] | None]:
    """Return how many tokens the longest phrase at `at` takes, and its symbols; hyphens inside a phrase count too."""
    word = lower[at]
    known = words.phrases.get(word)
    if known is None and word.endswith(("'s", "'")):
        known = words.phrases.get(word.removesuffix("'s").removesuffix("'"))
        return (1, known[-1][1]) if known and len(known[-1][0]) == 1 else (1, None)
    for phrase, symbols in known or ():
        if len(phrase) == 1:
            return 1, symbols
        place, matched = at + 1, True
        for wanted in phrase[1:]:
            if place < len(lower) and lower[place] == "-" and wanted != "-":
                place += 1
            if place >= len(lower) or lower[place] != wanted:
                matched = False
                break
            place += 1
        if matched:
            return place - at, symbols
    return 1, None


def _opens(words: Lexicon, lower: list[str], at: int) -> str:
    """Return the phrase that opens a condition at `at`, empty where none does."""
    for phrase in words.openers.get(lower[at], ()):
        if lower[at : at + len(phrase)] == list(phrase):
            return " ".join(phrase)
    return ""


def _guarded(words: Lexicon, text: str, word: str, symbols: list[str], tokens: list[re.Match[str]], at: int) -> str:
    """Return the symbol of a word that means a date only in company ("May", "sat", "Do")."""
    symbol = words.guarded.get(word) or words.guarded.get(text)
    if symbol is None:
        return "_"
    beside = symbols and _BESIDE.match(symbols[-1])
    digits = at + 1 < len(tokens) and tokens[at + 1].group()[0].isdigit()
    return symbol if beside or digits else "_"
