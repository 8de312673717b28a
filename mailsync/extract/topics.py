"""Finds the cues of a statement's terms in one pass, and says from them what the statement is about."""

import re
import tomllib
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources

from mailsync.model.entry import Kind, Topic

#: Languages with a cue file of their own; any other is read with the English one.
LANGUAGES = ("en", "de", "fr", "es", "it")
_CAP = 900
_WORD = re.compile(r"[^\W\d_]+(?:'[^\W\d_]+)*")
#: Lists of every language: vague words, nobody's tasks, and phrases that only look like one of the others.
_LISTS = ("vague", "nobody", "plain")
_STEM = 3  # stems are looked up by their first three letters


@dataclass(frozen=True, slots=True)
class Cue:
    """A phrase that was found: its label (a topic, "vague", "nobody" or "plain") and its words."""

    label: str
    words: str


@dataclass(frozen=True, slots=True)
class _Cues:
    """One language's phrases by first word, its stems by first letters, and its verbs of asking."""

    phrases: Mapping[str, tuple[tuple[tuple[str, ...], str], ...]]
    stems: Mapping[str, tuple[tuple[str, str], ...]]
    asking: frozenset[str]


@lru_cache(maxsize=len(LANGUAGES))
def _cues(language: str) -> _Cues:
    data = tomllib.loads((resources.files("mailsync.extract") / "cues" / f"terms_{language}.toml").read_text("utf-8"))
    phrases: dict[str, list[tuple[tuple[str, ...], str]]] = {}
    stems: dict[str, list[tuple[str, str]]] = {}
    for label, cues in {**{k: data[k] for k in _LISTS}, **data["topics"]}.items():
        for cue in cues:
            if cue.endswith("~"):
                stems.setdefault(cue[:_STEM], []).append((cue[:-1], label))
            else:
                words = tuple(_WORD.findall(cue))
                phrases.setdefault(words[0], []).append((words, label))
    return _Cues(
        phrases={first: tuple(sorted(rest, key=lambda p: -len(p[0]))) for first, rest in phrases.items()},
        stems={first: tuple(rest) for first, rest in stems.items()},
        asking=frozenset(data["imperative"]),
    )


def find_cues(text: str, language: str) -> tuple[Cue, ...]:
    """Return the cues of a statement in order; a language without cues of its own is read as English."""
    cues = _cues(language if language in LANGUAGES else "en")
    words = _WORD.findall(text[:_CAP].lower().replace("’", "'"))
    found = []
    closed = 0  # the words of a phrase are not looked at again
    for at, word in enumerate(words):
        if at < closed:
            continue
        for phrase, label in cues.phrases.get(word, ()):
            if len(phrase) == 1 or tuple(words[at : at + len(phrase)]) == phrase:
                found.append(Cue(label, " ".join(phrase)))
                closed = at + len(phrase)
                break
        for stem, label in cues.stems.get(word[:_STEM], ()):
            if word.startswith(stem):
                found.append(Cue(label, word))
                break
    return tuple(found)


def asks_first(text: str, language: str) -> bool:
    """Say whether a statement begins with a verb of asking ("Send it by Monday, and ...")."""
    first = _WORD.match(text.lower())
    return first is not None and first.group() in _cues(language if language in LANGUAGES else "en").asking


@lru_cache(maxsize=1)
def _weights() -> tuple[tuple[Topic, ...], Mapping[str, tuple[float, ...]]]:
    """Return the topics, and for each trait its weight towards each of them."""
    data = tomllib.loads((resources.files("mailsync.extract") / "cues" / "topics.toml").read_text("utf-8"))
    names = dict.fromkeys(name for weights in data.values() for name in weights)
    return tuple(map(Topic, data)), {n: tuple(weights.get(n, 0.0) for weights in data.values()) for n in names}


def traits(found: tuple[Cue, ...], kind: Kind, *, unit: str, dated: bool) -> Mapping[str, int]:
    """Return what speaks for a topic: cues by label (at most two each), the kind, the amount's unit and a due date."""
    counts = {label: min(n, 2) for label, n in Counter(cue.label for cue in found).items()}
    return {
        **counts,
        f"is {kind.value}": 1,
        "money": int(unit not in {"", "h", "%"}),
        "hours": int(unit == "h"),
        "share": int(unit == "%"),
        "dated": int(dated),
        "always": 1,
    }


def topic(found: tuple[Cue, ...], kind: Kind, *, unit: str = "", dated: bool = False) -> Topic:
    """Return what a statement of `kind` is about, by weights learnt from annotated threads.

    `unit` is that of the statement's amount, empty without one; `dated` says whether it has a due date.
    """
    topics, weights = _weights()
    speaking = traits(found, kind, unit=unit, dated=dated).items()
    rows = [(weights[name], n) for name, n in speaking if n and name in weights]
    sums = [sum(row[i] * n for row, n in rows) for i in range(len(topics))]
    return topics[sums.index(max(sums))]
