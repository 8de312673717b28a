"""Reads a statement as words and finds the cues of its language in it, in one pass and in linear time."""

import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from importlib import resources
from itertools import product
from typing import Any

#: Statements longer than this are read only so far; nobody agrees to anything in the 900th character of a sentence.
CAP = 900
#: Languages with a cue file of their own; any other is read with the English one.
LANGUAGES = ("en", "de", "fr", "es", "it")

_TOKEN = re.compile(r"[^\W\d_]+(?:['’`´][^\W\d_]+)*['’]?|\d[\d.,:/]*|[€$£¥₹%]|[^\w\s]")
_MONEY = frozenset("€$£¥₹")
_BREAKS = frozenset(",;:.!?()–—…/-")
_OPENING = frozenset('"“„«‚‘(')
_QUOTES = {"“": "”", "„": "“", "«": "»", '"': '"'}
_SET = re.compile(r"\{([\w-]+)\}")
_GAP = 3
_Node = dict[str, Any]
_HIT = "\0"  # the key under which a node keeps the cues that end there


@dataclass(frozen=True, slots=True)
class Hit:
    """A cue found in the words `start` up to, not including, `end`.

    `scope` is "" for a plain hit, "not" where it is negated, "if" inside a condition, "said" inside quotation marks.
    """

    cue: str
    start: int
    end: int
    scope: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Wording:
    """A statement as its words: lower case, contractions written out, days, months, money and numbers as classes.

    `shapes` gives each word's shape where it is no word of the lexicon ("_ing"), else the word itself; `starts` are
    the places where a clause begins.
    """

    words: tuple[str, ...]
    shapes: tuple[str, ...]
    hits: tuple[Hit, ...]
    starts: frozenset[int]
    question: bool
    capitals: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Lexicon:
    """One language's words and cues, compiled."""

    language: str
    written: Mapping[str, tuple[str, ...]]
    endings: tuple[tuple[str, str], ...]
    elisions: frozenset[str]
    classes: Mapping[str, str]
    trie: _Node
    stems: frozenset[str]
    lengths: tuple[int, ...]
    known: frozenset[str]
    negators: frozenset[str]
    conditions: frozenset[str]
    subjects: frozenset[str]
    leads: frozenset[str]
    keys: dict[str, tuple[str, ...]] = field(default_factory=dict)


def lexicon(language: str) -> Lexicon:
    """Return the lexicon of `language` ("en", "de", ...), English for languages without one."""
    return _shipped(language if language in LANGUAGES else "en")


@lru_cache(maxsize=len(LANGUAGES))
def _shipped(language: str) -> Lexicon:
    file = resources.files("mailsync.extract").joinpath("cues", f"{language}.toml")
    return compile_lexicon(language, tomllib.loads(file.read_text(encoding="utf-8")))


@lru_cache(maxsize=20_000)
def family(word: str) -> tuple[str, str] | None:
    """Return the numbers of an English word's family and wider family, by itself or by its stem; None for strangers."""
    known = _families()
    tries = [word]
    for ending, instead in (("s", ""), ("ed", ""), ("ed", "e"), ("ing", ""), ("ing", "e"), ("ly", "")):
        if word.endswith(ending) and len(word) > len(ending) + 2:
            tries.append(word[: -len(ending)] + instead)
    return next((known[one] for one in tries if one in known), None)


@lru_cache(maxsize=1)
def _families() -> dict[str, tuple[str, str]]:
    file = resources.files("mailsync.extract").joinpath("trained", "families.txt")
    found = {}
    for line in file.read_text(encoding="utf-8").splitlines():
        fine, wide, *words = line.split(" ")
        found.update(dict.fromkeys(words, (fine, wide)))
    return found


def compile_lexicon(language: str, data: Mapping[str, Any]) -> Lexicon:
    """Compile a cue file's content.

    A phrase is words separated by spaces. `{name}` stands for every phrase of that set, `*` for up to three words,
    `stem~` for any word that begins so, `-ing` for any that ends so,
    `^` for the beginning and `$` for the end of a clause, `<day>`, `<month>`,
    `<num>`, `<money>`, `<time>` for such words.
    """
    raw = data.get("words", {})
    draft = Lexicon(
        language=language,
        written={key: tuple(value.split()) for key, value in raw.get("written", {}).items()},
        endings=tuple(raw.get("endings", {}).items()),
        elisions=frozenset(raw.get("elisions", ())),
        classes={word: f"<{name}>" for name, words in data.get("classes", {}).items() for word in words},
        trie={},
        stems=frozenset(),
        lengths=(),
        known=frozenset(),
        negators=frozenset(raw.get("negators", ())),
        conditions=frozenset(raw.get("conditions", ())),
        subjects=frozenset(raw.get("subjects", ())),
        leads=frozenset(raw.get("leads", ())),
    )
    sets = data.get("sets", {})
    trie: _Node = {}
    known = set(raw.get("function", ())) | draft.negators | draft.conditions | draft.leads
    stems: set[str] = set()
    spelt: dict[str, tuple[str, ...]] = {}
    for cue, phrases in data.get("cues", {}).items():
        for phrase in phrases:
            for spelled in _expanded(phrase, sets):
                keys = tuple(key for part in spelled.split() for key in _part_keys(part, draft, spelt))
                known.update(key for key in keys if key[0].isalpha() and not key.endswith("~"))
                stems.update(key for key in keys if key.endswith("~") or key[0] == "-")
                node = trie
                for key in keys:
                    node = node.setdefault(key, {})
                node.setdefault(_HIT, []).append(cue)
    return Lexicon(
        language=language,
        written=draft.written,
        endings=draft.endings,
        elisions=draft.elisions,
        classes=draft.classes,
        trie=trie,
        stems=frozenset(stems),
        lengths=tuple(sorted({len(stem) - 1 for stem in stems if stem.endswith("~")})),
        known=frozenset(known),
        negators=draft.negators,
        conditions=draft.conditions,
        subjects=draft.subjects,
        leads=draft.leads,
    )


def _expanded(phrase: str, sets: Mapping[str, list[str]]) -> Iterator[str]:
    """Yield `phrase` with every choice for its sets; a set's phrases hold no sets themselves."""
    pieces = _SET.split(phrase)
    if len(pieces) == 1:
        yield phrase
        return
    choices = [sets[piece] if place % 2 else [piece] for place, piece in enumerate(pieces)]
    yield from ("".join(chosen) for chosen in product(*choices))


def _part_keys(part: str, lexicon: Lexicon, spelt: dict[str, tuple[str, ...]]) -> tuple[str, ...]:
    """Return the keys of one word of a phrase; `spelt` remembers those already seen."""
    if part not in spelt:
        bare = part in {"*", "^", "$"} or part.endswith("~") or part[0] in "<-"
        spelt[part] = (part,) if bare else tuple(_words(part, lexicon)[0])
    return spelt[part]


def _words(text: str, lexicon: Lexicon) -> tuple[list[str], int]:
    """Return the normalised words of `text` and how many were written in capitals."""
    words: list[str] = []
    capitals = 0
    for token in _TOKEN.findall(text[:CAP]):
        if token[0].isdigit():
            words.append(_number(token))
        elif not token[0].isalpha():
            words.append("<money>" if token in _MONEY else token)
        else:
            capitals += token.isupper() and len(token) > 2
            words.extend(_spelled(token.lower().replace("’", "'").replace("`", "'").replace("´", "'"), lexicon))
    return words, capitals


def _number(token: str) -> str:
    bare = token.rstrip(".,:/")
    if ":" in bare:
        return "<time>"
    return "<date>" if "/" in bare or bare.count(".") == 2 else "<num>"


def _spelled(word: str, lexicon: Lexicon) -> tuple[str, ...]:
    """Write out one lower-case word: "i'll" is "i will", "j'ai" is "j' ai", "monday" is "<day>"."""
    if word in lexicon.written:
        return lexicon.written[word]
    if word in lexicon.classes:
        return (lexicon.classes[word],)
    head, apostrophe, tail = word.partition("'")
    if apostrophe and head in lexicon.elisions and tail:
        return (head + "'", *_spelled(tail, lexicon))
    for ending, meaning in lexicon.endings:
        if word.endswith(ending) and len(word) > len(ending):
            stem = word[: -len(ending)]
            return (lexicon.classes.get(stem, stem), *meaning.split())
    return (word.strip("'") or word,)


@lru_cache(maxsize=4096)
def wording(quote: str, language: str) -> Wording:
    """Read `quote` with the lexicon of `language`."""
    return read_wording(quote, lexicon(language))


def read_wording(quote: str, using: Lexicon) -> Wording:
    """Read `quote` with a given lexicon."""
    words, capitals = _words(quote, using)
    starts = _clause_starts(words, using)
    marks = _scopes(words, using)
    spans = _find(words, starts, using)
    hits = tuple(Hit(cue, start, end, _scope(words, start, end, marks, using)) for cue, start, end in spans)
    known = using.known
    return Wording(
        words=tuple(words),
        shapes=tuple(word if word in known or not word[0].isalpha() else _shape(word) for word in words),
        hits=hits,
        starts=starts,
        question="?" in words,
        capitals=capitals,
    )


def _shape(word: str) -> str:
    for ending in ("ing", "ed", "ly", "en", "er", "s"):
        if word.endswith(ending) and len(word) > len(ending) + 2:
            return "_" + ending
    return "_"


def _clause_starts(words: list[str], using: Lexicon) -> frozenset[int]:
    """Return the places where a clause begins: the first word, after a comma, after a leading "and" or "please"."""
    starts, fresh = set(), True
    for place, word in enumerate(words):
        if word in _BREAKS or word in _OPENING:
            fresh = True
        elif fresh:
            starts.add(place)
            fresh = word in using.leads
    return frozenset(starts)


def _scopes(words: list[str], using: Lexicon) -> list[str]:
    """Mark each word that stands in a condition ("if") or between quotation marks ("said")."""
    marks = [""] * len(words)
    scope, closing, since = "", "", 0
    for place, word in enumerate(words):
        if closing:
            marks[place] = "said"
            if word == closing:
                closing = ""
        elif word in _QUOTES and _QUOTES[word] in words[place + 1 :]:
            closing = _QUOTES[word]
        elif word in using.conditions:
            scope = marks[place] = "if"
            since = place
        elif word in ",;:–—" or word == "then" or (word in using.subjects and place > since + 3):
            scope = ""
        else:
            marks[place] = scope
    return marks


def _scope(words: list[str], start: int, end: int, marks: list[str], using: Lexicon) -> str:
    if marks[start]:
        return marks[start]
    inside = any(word in using.negators for word in words[start:end])
    near = any(word in using.negators for word in words[max(0, start - 3) : start] + words[end : end + 2])
    return "not" if near and not inside else ""


def _find(words: list[str], starts: frozenset[int], using: Lexicon) -> list[tuple[str, int, int]]:
    """Return every cue with the words it covers; each is reported once a place."""
    found: dict[tuple[str, int], int] = {}
    keys = [_keys(word, using) for word in words]
    for first in range(len(words)):
        pending = [(first, using.trie, _GAP)]
        if first in starts and "^" in using.trie:
            pending.append((first, using.trie["^"], _GAP))
        while pending:
            place, node, gap = pending.pop()
            for cue in node.get(_HIT, ()):
                found[cue, first] = max(place, found.get((cue, first), 0))
            if "$" in node and (place == len(words) or words[place] in _BREAKS):
                pending.append((place, node["$"], _GAP))
            if place == len(words):
                continue
            if "*" in node:
                pending.append((place, node["*"], _GAP))
                if gap and words[place] not in _BREAKS:
                    pending.append((place + 1, {"*": node["*"]}, gap - 1))
            pending.extend((place + 1, node[key], _GAP) for key in keys[place] if key in node)
    return [(cue, first, end) for (cue, first), end in found.items()]


def _keys(word: str, using: Lexicon) -> tuple[str, ...]:
    known = using.keys.get(word)
    if known is None:
        stems = (word[:length] + "~" for length in using.lengths if length <= len(word))
        endings = ("-" + word[-length:] for length in (2, 3, 4, 5, 6) if len(word) > length + 1 and word[0].isalpha())
        known = (word, *(stem for stem in (*stems, *endings) if stem in using.stems))
        if len(using.keys) < 20_000:
            using.keys[word] = known
    return known
