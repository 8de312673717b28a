"""What a client's sentence says about the points of a letter: which numbers it names, and yes, no, or what instead."""

import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from functools import cache
from importlib.resources import files

from mailsync.model.entry import Terms, due_day
from mailsync.text.dates import DateRole, find_dates
from mailsync.text.money import find_amounts
from mailsync.text.words import fold

#: A sentence is looked at up to this length.
CAP = 600

#: In longer clauses (words) "should" and the like say something else than what is right instead.
LONG = 25

# Signs, and the Spanish "sí", which without its accent is "if" unless it stands alone.
_YES = re.compile(r"[✓✔👍]|\bsí\b|^\W*si\s*(?:[,.!:]|$)", re.IGNORECASE)

_CUES = ("no", "denial", "weak", "should", "not", "condition", "yes", "bare", "all")

_RANGE = r"-|–|\bbis\b|\bto\b|\bthrough\b|\ba\b|\bà\b|\bal\b"
_JOIN = rf"\s*(?:,|;|/|\+|&|\bund\b|\band\b|\bet\b|\by\b|\be\b|\bsowie\b|{_RANGE})\s*"
_LIST = rf"#?\d{{1,2}}(?:(?:{_JOIN}){{1,2}}#?\d{{1,2}}(?!\d)){{0,20}}"
_TOKEN = re.compile(rf"\d{{1,2}}|{_RANGE}", re.IGNORECASE)
#: What may follow a bare number that names a point: something is then said about it.
_SAID = (
    r"is|are|was|were|ok|okay|fine|good|yes|no|not|isn|aren|correct|right|wrong|agreed|confirmed|looks?|sounds?|works?"
    r"|should|needs?|must|has|have|all|both|approved|accepted|instead|please"
    r"|ist|sind|war|stimmt|stimmen|passt|passen|soll|sollte|muss|ja|nein|nicht|kein|keine|korrekt|richtig|falsch|gut|in"
    r"|einverstanden|geht|gehen|bitte|est|sont|oui|non|d|doit|doivent|devrait|c|exact|bien|faux|pas|il"
    r"|es|son|si|sí|vale|correctos?|correctas?|debe|deben|debería|conforme|de|incorrecto|está|están"
)


class Say(StrEnum):
    """What is said about a point: yes, a nod that names nothing, a weak yes, no, something else instead, nothing."""

    YES = "yes"
    BARE = "bare"
    WEAK = "weak"
    NO = "no"
    OTHER = "other"
    NOTHING = "nothing"


@dataclass(frozen=True, slots=True, kw_only=True)
class Word:
    """What one clause says. `every` means it speaks of everything; `terms` are the values it gives instead.

    `contrast` means that it sets something against something else ("not", "should be"); `why` says why a yes is weak.
    """

    say: Say
    every: bool = False
    contrast: bool = False
    terms: Terms | None = None
    why: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Clause:
    """A stretch of a sentence with the numbers it names; `others` means all numbers but those."""

    text: str
    numbers: tuple[int, ...] = ()
    others: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Ear:
    """How a message is listened to: its language, when it was sent, how many numbered points the letter has."""

    language: str
    sent: datetime
    points: int


def clauses(text: str, ear: Ear, number: str = "") -> tuple[Clause, ...]:
    """Cut one sentence into clauses by the points it names ("1 and 2 ok. 3: it is 22 April, not 15.").

    `number` is the sentence's own list marker. Words before a number belong to it only where nothing is said behind it
    ("ok for 1 and 2", "all fine except 3").
    """
    text = text[:CAP]
    own = (int(number),) if number.isdigit() and 1 <= int(number) <= ear.points else ()
    marks = [(m, n) for m in _references(ear.language).finditer(text) if (n := _numbers(m["list"], ear.points))]
    if not marks:
        return (Clause(text=text, numbers=own),)
    edges = [0, *(edge for m, _ in marks for edge in m.span()), len(text)]
    around = [_bare(text[start:end]) for start, end in zip(edges[::2], edges[1::2], strict=True)]
    before, behind = around[0], around[1:]
    if marks[0][0]["except"] and before:
        # What stands behind the exception tells what is wrong with it; where nothing does, naming it says no.
        rest = [Clause(text=words or "no", numbers=n) for (_, n), words in zip(marks, behind, strict=True)]
        return Clause(text=before, numbers=marks[0][1], others=True), *rest
    if before and not behind[-1] and hear(before, ear).say is not Say.NOTHING:  # "yes to 1, no to 2"
        return tuple(Clause(text=words, numbers=n) for (_, n), words in zip(marks, around, strict=False))
    found = tuple(Clause(text=words, numbers=n) for (_, n), words in zip(marks, behind, strict=True))
    return (Clause(text=before, numbers=own), *found) if before else found


def hear(text: str, ear: Ear, old: Terms | None = None) -> Word:
    """Say what the words of one clause mean; with `old`, for a point that had these terms."""
    text = text[:CAP]
    plain = re.sub(rf"\b(?:{_any(ear.language, 'harmless')})\b", " yes ", _plain(text))
    cues = {name: _search(ear.language, name, plain) for name in _CUES}
    cues["yes"] = cues["yes"] or ("yes" if _YES.search(text) else "")
    cues["should"] = cues["should"] if len(plain.split()) <= LONG else ""
    new, same = _told(text, ear, old) if old is not None else (None, False)
    every, contrast = bool(cues["all"]), bool(cues["no"] or cues["should"] or cues["not"])
    if text.rstrip().endswith("?"):
        say, why = (Say.WEAK if cues["yes"] or cues["bare"] or new else Say.NOTHING), "it asks back"
    elif new is not None:
        say, why = Say.OTHER, ""
    else:
        say, why = _said(cues, same=same, every=every)
    if say is Say.OTHER and old is None and not cues["no"]:
        say = Say.NOTHING  # "it should be blue" says nothing about a point unless it speaks of one
    return Word(say=say, every=every, contrast=contrast, terms=new if say is Say.OTHER else None, why=why)


def _said(cues: Mapping[str, str], *, same: bool, every: bool) -> tuple[Say, str]:
    """Weigh a clause's cues: a no beats a yes, doubt beats a yes, and a repeated value is a yes by itself."""
    if cues["no"] and not same:
        if cues["should"] and not cues["denial"]:
            return Say.OTHER, ""
        if not cues["weak"]:
            return Say.NO, ""
    if cues["weak"]:
        return Say.WEAK, f'"{cues["weak"]}" leaves it open'
    if cues["condition"] and (cues["yes"] or cues["bare"]):
        return Say.WEAK, f'"{cues["condition"]}" hangs it on a condition'
    if cues["yes"] or same or (cues["bare"] and every):
        return Say.YES, ""
    return (Say.BARE if cues["bare"] else Say.OTHER if cues["should"] else Say.NOTHING), ""


def _told(text: str, ear: Ear, old: Terms) -> tuple[Terms | None, bool]:
    """Return the date and amount that `text` gives instead of `old`, and whether it only repeats the old ones."""
    first = due_day(old.due) if old.due else None
    dates = [
        found
        for found in find_dates(text, ear.sent, ear.language, first=first)
        # "We said 22 April" speaks of the past, but not of a past day.
        if (found.role is not DateRole.PAST or due_day(found.iso) >= ear.sent.date())
        and not _denied(text, found.start, ear.language)
    ]
    amounts = [found for found in find_amounts(text, ear.language) if not _denied(text, found.start, ear.language)]
    new_dates = [d for d in dates if d.iso[:10] != (old.due or "")[:10]]
    new_amounts = [str(a) for a in amounts if str(a) != old.amount]
    due = new_dates[0] if new_dates else None
    amount = new_amounts[0] if new_amounts and (old.amount or not due) else None
    if due is None and amount is None:
        return None, bool(dates or amounts)
    words = due.words if due else ""
    return Terms(due=due.iso if due else None, due_words=words, amount=amount, topic=old.topic), False


def _denied(text: str, start: int, language: str) -> bool:
    """Say whether a value stands behind "not", "instead of" and the like."""
    return bool(re.search(rf"\b(?:{_any(language, 'not')})$", _plain(text[max(0, start - 30) : start])))


def _numbers(listed: str, points: int) -> tuple[int, ...]:
    """Return the points that a list of numbers names ("1, 2 and 4", "1-3"); () where one of them does not exist."""
    found: list[int] = []
    until = False
    for token in _TOKEN.findall(listed):
        if not token.isdigit():
            until = True
            continue
        number = int(token)
        found += range(found[-1] + 1, number + 1) if until and found else [number]
        until = False
    return tuple(dict.fromkeys(found)) if found and all(1 <= n <= points for n in found) else ()


def _bare(text: str) -> str:
    return text.strip(" \t,;:-–—).(").strip()


def _plain(text: str) -> str:
    """Return the words of `text` in lower case without accents, single spaces between them."""
    return " ".join(re.findall(r"[^\W_]+", fold(text)))


@cache
def _phrases() -> Mapping[str, Mapping[str, Sequence[str]]]:
    text = files("mailsync.recap").joinpath("words", "answers.toml").read_text(encoding="utf-8")
    return tomllib.loads(text)


@cache
def _any(language: str, name: str) -> str:
    """Return a pattern for any phrase of this name, longest first: the language's and English ones, or all."""
    tables = _phrases()
    chosen = (tables[language], tables["en"]) if language in tables else tuple(tables.values())
    every = dict.fromkeys(phrase for table in chosen for phrase in table[name])
    return "|".join(sorted(every, key=len, reverse=True))


@cache
def _pattern(language: str, name: str) -> re.Pattern[str]:
    return re.compile(rf"\b(?:{_any(language, name)})\b")


def _search(language: str, name: str, plain: str) -> str:
    found = _pattern(language, name).search(plain)
    return found[0] if found else ""


@cache
def _references(language: str) -> re.Pattern[str]:
    """Return the pattern of a reference to points: named ("point 3"), or a bare number of which something is said."""
    exception = rf"(?P<except>\b(?:{_any(language, 'except')})\s+)?"
    start = r"(?:^|(?<=[.,;:!?()–—\n-]))\s*(?:(?:and|but|und|aber|et|mais|y|pero)\s+)?"
    verbs = ("confirm", "accept", "approve", "bestätige", "confirme", "confirmo")
    verb = "|".join(rf"(?<=\b{v})\s+" for v in verbs)
    lead = rf"(?:\b(?:{_any(language, 'lead')})\s+|{verb}|{start})"
    noun = rf"(?:\b(?:{_any(language, 'point')})\.?\s*|#\s?)"
    # A number behind "point" needs nothing behind it; a bare one must not be a quantity or a part of a date.
    named = rf"(?:{lead})?{noun}(?:{lead})?\(?(?=(?P<named>\d))"
    bare = rf"(?:{lead}|(?(except)|(?!)))\(?"
    behind = rf"(?(named)|(?=\s*[:)=]|\s*[.,;!](?!\d)|\s+[-–—]\s|\s*$|\s+(?:{_SAID})\b))"
    numbers = rf"(?<![\w.,/])(?P<list>{_LIST})(?![\w%€$£])"
    return re.compile(rf"{exception}(?:{named}|{bare}){numbers}{behind}[\s:.)=–—-]*", re.IGNORECASE)
