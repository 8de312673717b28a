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
from itertools import accumulate

#: Phrases as words with the symbols they stand for, longest first.
Phrases = tuple[tuple[tuple[str, ...], tuple[str, ...]], ...]

LANGUAGES = ("en", "de", "fr", "es", "it", "nl")

#: Longer texts are cut: no sentence is this long, and the rules stay fast on hostile input.
_CAP = 1500

_TOKEN = re.compile(
    r"""(?P<word>(?![QqTt][1-4]\b)[^\W\d_]+(?:'[^\W\d_]+)*'?)
    |(?P<iso>\d{4}-\d{1,2}-\d{1,2})(?![\d-])(?:T\d\d:\d\d)?
    |(?P<date>\d{1,2}(?P<sep>[./-])\d{1,2}(?P=sep)(?:\d{4}|\d\d))(?![\d/])
    |(?P<clock>\d{1,2}(?:[:.]\d\d)?[ \u00a0]?(?:[ap]\.m\.|[ap]m\b)
        |\d{1,2}(?::\d\d|h\d\d)(?:[ ]?[ap]\.?m\b\.?)?(?!\d)
        |\d{1,2}(?:[.:]\d\d)?[ \u00a0]?[Uu]hr\b
        |\d{4}[ ]?(?:hrs|hours)\b)
    |(?P<dotted>\d{1,2}\.\d{1,2}\.(?!\d))
    |(?P<slash>\d{1,2}/\d{1,2})(?![\d/]|\.\d)
    |(?P<ordinal>\d{1,2}(?:(?:st|nd|rd|th|er|e|de|ste)\b|[º°ª]))
    |(?P<quarter>\b[QqTt][1-4](?:[ ]20\d\d\b)?)
    |(?P<number>\d+(?:[.,']\d+)*)
    |(?P<stop>[.;:!?…])
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

    phrases: Mapping[str, Phrases]
    guarded: Mapping[str, str]
    known: frozenset[str]
    openers: Mapping[str, tuple[tuple[tuple[str, ...], bool], ...]]
    silence: re.Pattern[str]


def _words(phrase: str) -> tuple[str, ...]:
    return tuple(m.group() for m in _TOKEN.finditer(phrase) if m.group() != "-") or (phrase,)


def _by_first(phrases: list[tuple[tuple[str, ...], tuple[str, ...]]]) -> dict[str, Phrases]:
    found: dict[str, list[tuple[tuple[str, ...], tuple[str, ...]]]] = {}
    for words, symbols in phrases:
        found.setdefault(words[0], []).append((words, symbols))
    return {first: tuple(sorted(rest, key=lambda p: -len(p[0]))) for first, rest in found.items()}


_MARKS = frozenset({"by", "byin", "before", "until", "for", "from", "on", "after"})
_ARTICLES = frozenset({"le", "la", "el", "il", "del", "du", "au", "día", "dal", "al"})


@lru_cache(maxsize=len(LANGUAGES))
def lexicon(language: str) -> Lexicon:
    """Return the words of `language`, one of LANGUAGES, read once from package data."""
    data = tomllib.loads((files("mailsync.text") / "phrases" / f"{language}.toml").read_text("utf-8"))
    phrases = [(_words(p), tuple(key.split())) for key, values in data["phrases"].items() for p in values]
    if language in {"fr", "es", "it"}:  # "avant le", "antes del": the article tells a day from a count
        phrases = [(w, (*s, "the") if s[0] in _MARKS and w[-1] in _ARTICLES else s) for w, s in phrases]
    if language in {"de", "nl"}:  # compounds: Freitagmittag, vrijdagmiddag
        days = [(w[0], s[0]) for w, s in phrases if len(w) == 1 and s[0].startswith("wd")]
        parts = [
            (w[0], s[0]) for w, s in phrases if s[0] in {"morning", "afternoon", "evening", "noon"} and len(w) == 1
        ]
        phrases += [((day + part,), (wd, when)) for day, wd in days for part, when in parts]
    openers: dict[str, list[tuple[tuple[str, ...], bool]]] = {}
    for key in ("open", "not"):
        for phrase in data["conditions"][key]:
            first = ("^",) * phrase.startswith("^") + _words(phrase)  # "^": only at the beginning
            openers.setdefault(first[0], []).append((first, key == "open"))
    by_first = _by_first(phrases)
    guarded = {word: symbol for symbol, words in data.get("guarded", {}).items() for word in words}
    return Lexicon(
        phrases=by_first,
        guarded=guarded,
        known=frozenset(by_first) | {word.lower() for word in guarded},
        openers={first: tuple(sorted(rest, key=lambda p: -len(p[0]))) for first, rest in openers.items()},
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


_BEFORE_ORDINAL = frozenset(
    {"by", "before", "on", "in", "from", "the", "for", "and", "to", "of", "at", "after", "weekend"}
)
_ORDINAL_GOES_ON = re.compile(r"\.(?:[ /]+[^\W\d_]{3}|/\d)")
_PLAIN = {"comma": ",", "stop": ".", "money": "cur", "sign": "_"}
_BESIDE = re.compile(
    r"(?:by|before|on|in|until|next|this|of|end|start|mid|from|every|coming|last|after|to|at|since|for|and|[onw]\d+)$"
)


def _number(text: str, language: str, after: str, before: str) -> str:
    """Return the symbol of a bare number: an ordinal where German writes one ("am 20."), n for others up to 9999."""
    if not text.isdecimal() or len(text) > 4:
        return "num"
    digits = text.lstrip("0") or "0"
    pointed = language == "de" and len(text) <= 2 and after[:1] == "." and after[1:2] in {"", " ", "/", ",", ")"}
    follows = before in _BEFORE_ORDINAL or before.startswith("wd")
    return ("o" if pointed and (follows or _ORDINAL_GOES_ON.match(after)) else "n") + digits


def _compound(kind: str, text: str, language: str, values: list[str]) -> tuple[str, ...]:
    """Return the symbols of a token that is neither a word nor a bare number; numeric dates go to `values`."""
    if kind in _PLAIN:
        return ("pct" if text == "%" else _PLAIN[kind],)
    if kind == "clock":
        minutes = _minutes(text)
        return ("num",) if minutes is None else (f"t{minutes}",)
    if kind == "ordinal":
        return ("o" + (re.sub(r"\D", "", text).lstrip("0") or "0"),)
    if kind == "quarter":
        if text[0] in "Tt" and language not in {"fr", "es", "it"}:
            return ("_",)  # only "trimestre" begins with a T
        return ("q" + text[1], *(("n" + text[-4:],) if len(text) > 2 else ()))
    values.append(text)
    return (f"{'s' if kind == 'slash' else 'd'}{len(values) - 1}",)


@lru_cache(maxsize=256)
def encode(text: str, language: str) -> Coded:
    """Return `text` as symbols; an unknown language is read as English."""
    language = language if language in LANGUAGES else "en"
    words = lexicon(language)
    text = text[:_CAP].replace("’", "'")
    tokens = list(_TOKEN.finditer(text))
    if "-" in text:
        tokens = [t for t in tokens if not _joins(t, text)]
    lower = [t.group().lower() for t in tokens]
    if language in {"en", "de", "nl"}:
        lower = [w.rstrip("'") or w for w in lower]
    symbols: list[str] = []
    spans: list[tuple[int, int]] = []
    values: list[str] = []
    at = 0
    while at < len(tokens):
        token, kind = tokens[at], tokens[at].lastgroup or ""
        step = 1
        found: tuple[str, ...] = ("_",)
        if kind == "word":
            if lower[at] in words.known or lower[at][-2:] == "'s":
                step, found = _word(words, tokens, lower, at, symbols)
        elif kind == "number":
            before = symbols[-1] if symbols else ""
            named = text[token.start() - 1 : token.start()].isalpha()  # "P1", "v2"
            found = ("num" if named else _number(lower[at], language, text[token.end() : token.end() + 8], before),)
            step += found[0][0] == "o" and lower[at + 1 : at + 2] == ["."]  # the point belongs to the German ordinal
        elif kind == "sign":
            step, found = _phrase(words.phrases.get(lower[at], ()), lower, at) or (1, ("_",))
        else:
            found = _compound(kind, token.group(), language, values)
        symbols += found
        spans += [(token.start(), tokens[at + step - 1].end())] * len(found)
        at += step
    openers = _openers(words, tokens, lower)
    return Coded(
        line="".join([s + " " for s in symbols]),
        starts=tuple(accumulate((len(s) + 1 for s in symbols[:-1]), initial=0)) if symbols else (),
        spans=tuple(spans),
        values=tuple(values),
        openers=openers,
        silent=bool(openers) and words.silence.search(text) is not None,
    )


def _joins(token: re.Match[str], text: str) -> bool:
    """Say whether a token is a hyphen inside a word ("week-end", "mid-November")."""
    if token.group() != "-":
        return False
    return text[token.start() - 1 : token.start()].isalpha() and text[token.end() : token.end() + 1].isalpha()


def _word(
    words: Lexicon, tokens: list[re.Match[str]], lower: list[str], at: int, symbols: list[str]
) -> tuple[int, tuple[str, ...]]:
    """Return how many tokens the phrase that begins with a word takes, and its symbols."""
    word = lower[at]
    known = words.phrases.get(word)
    if known is None and word.endswith("'s"):
        known = words.phrases.get(word[:-2])
        if known is not None and (len(known[-1][0]) > 1 or known[-1][1][0][0] == "u"):
            known = None  # "this month's fee" is no date
    found = _phrase(known, lower, at) if known else None
    if found is None:
        return 1, (_guarded(words, tokens, word, symbols, at),)
    if found[1][0][0] == "u" and symbols and symbols[-1][0] == "n" and tokens[at].string[tokens[at].start() - 1] == "-":
        return 1, ("_",)  # "a two-hour window" is no span of time
    return found


def _phrase(known: Phrases, lower: list[str], at: int) -> tuple[int, tuple[str, ...]] | None:
    """Return how many tokens the longest of the `known` phrases takes at `at`, and its symbols."""
    for phrase, symbols in known:
        if len(phrase) == 1 or lower[at + 1 : at + len(phrase)] == list(phrase[1:]):
            return len(phrase), symbols
    return None


def _openers(words: Lexicon, tokens: list[re.Match[str]], lower: list[str]) -> tuple[tuple[int, str], ...]:
    """Return where conditions begin, with the words that open them.

    Of several phrases at a place the longest decides, be it one that opens nothing ("even if").
    """
    found, closed = [], 0
    places = [(at, word) for at, word in enumerate(lower) if word in words.openers or not at]
    for at, word in places:
        if at < closed:
            continue
        for phrase, opens in words.openers.get(word, ()) + (words.openers.get("^", ()) if at == 0 else ()):
            rest = phrase[1:] if phrase[0] == "^" else phrase
            if tuple(lower[at : at + len(rest)]) == rest:
                closed = at + len(rest)
                if opens:
                    found.append((tokens[at].start(), " ".join(rest)))
                break
    return tuple(found)


def _guarded(words: Lexicon, tokens: list[re.Match[str]], word: str, symbols: list[str], at: int) -> str:
    """Return the symbol of a word that means a date only in company ("May", "sat", "Do")."""
    text = tokens[at].group()
    symbol = words.guarded.get(word) or words.guarded.get(text)
    if symbol is None:
        return "_"
    after = tokens[at + 1].group()[0] if at + 1 < len(tokens) else ""
    if text.islower() and symbols and symbols[-1][0] == "n" and after.isalpha():
        return "_"  # "point 1 may be closed"
    return symbol if after.isdigit() or (symbols and _BESIDE.match(symbols[-1])) else "_"
