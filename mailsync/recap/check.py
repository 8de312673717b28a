"""Looks a letter over before its review ends: what is vague, missing, rude, hard to read, leaked, or misaddressed."""

import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from functools import cache
from importlib.resources import files
from typing import Any

from mailsync.model.draft import Draft, Letter, Part
from mailsync.model.entry import Entry, Kind, State
from mailsync.model.mail import Role
from mailsync.model.people import Side
from mailsync.model.thread import Background, ReadMessage, ThreadReading
from mailsync.recap.people import visible
from mailsync.recap.sent import numbered_lines
from mailsync.recap.wording import LANGUAGES, long_date
from mailsync.text.words import fold, shingles, words
from mailsync.text.worktime import NeverOpenError, is_open, next_open

#: What our side should put in a letter stands outside quotation marks.
_QUOTED = re.compile(r'"[^"\n]{0,2000}"')
_TO_FILL_IN = re.compile(r"\[[^\]\n]{2,120}\]")
_SHOUTED = re.compile(r"!{2,}|\b(?:[A-ZÄÖÜÉÈÀÑ]{4,}\s+){2,}[A-ZÄÖÜÉÈÀÑ]{4,}\b")


class Level(StrEnum):
    """How grave a remark is: stop (must not go out like this), warn, hint."""

    STOP = "stop"
    WARN = "warn"
    HINT = "hint"


@dataclass(frozen=True, slots=True, kw_only=True)
class Remark:
    """One thing a person should know before a letter goes out. `place` is "line 3", "to", "text" or "time"."""

    level: Level
    place: str
    sentence: str


def check(draft: Draft, reading: ThreadReading, background: Background, now: datetime) -> tuple[Remark, ...]:
    """Return what there is to say about a letter, the gravest first; nothing where it can go out as it is."""
    entries = {entry.id: entry for entry in reading.entries}
    remarks = (
        *_recipients(draft, reading, background),
        *_leaks(draft, reading, background),
        *_terms(draft, entries),
        *_words(draft),
        *_jargon(draft, reading, background),
        *_time(background, now),
    )
    order = list(Level)
    return tuple(sorted(dict.fromkeys(remarks), key=lambda remark: order.index(remark.level)))


def _recipients(draft: Draft, reading: ThreadReading, background: Background) -> Iterator[Remark]:
    """Say who must not get this letter, and whose answers would go elsewhere."""
    circle = background.circle
    if not draft.to:
        yield Remark(level=Level.STOP, place="to", sentence="The letter is addressed to nobody.")
    for address in (*draft.to, *draft.cc):
        client = circle.client(address.email)
        if client is not None and client.key != draft.client:
            sentence = f"{address.email} belongs to another client, {client.name}."
            yield Remark(level=Level.STOP, place="to", sentence=sentence)
        elif client is None and circle.side(address.email) is Side.THIRD:
            yield Remark(level=Level.WARN, place="to", sentence=f"{address.email} is not one of the client's people.")
    own = {a.email for a in (*draft.to, *draft.cc)}
    for read in reading.messages:
        for address in read.message.reply_to:
            if read.message.sender and read.message.sender.email in own and address.email not in own:
                sentence = (
                    f"{read.message.sender.email} asked for answers to {address.email}; the letter does not go there."
                )
                yield Remark(level=Level.HINT, place="to", sentence=sentence)


def _leaks(draft: Draft, reading: ThreadReading, background: Background) -> Iterator[Remark]:
    """Say what the client was never meant to read: notes among us, another client's entries."""
    body = set(shingles(words(draft.body)))
    for read in reading.messages:
        if not visible(read.message, background.circle, draft.client) and body & set(shingles(words(_own_words(read)))):
            sentence = f"This repeats a mail of {read.message.sent_at:%Y-%m-%d} that the client never got."
            yield Remark(level=Level.STOP, place="text", sentence=sentence)
    for line in draft.lines:
        for entry in reading.entries:
            if entry.id in line.entries and entry.client not in ("", draft.client):
                sentence = f"Line {line.number} stands on an entry of another client, {entry.client}."
                yield Remark(level=Level.STOP, place=f"line {line.number}", sentence=sentence)
    for phrase in _found("internal", draft):
        yield Remark(level=Level.WARN, place="text", sentence=f'"{phrase}" sounds like a note among yourselves.')


def _terms(draft: Draft, entries: Mapping[str, Entry]) -> Iterator[Remark]:
    """Say which lines leave open who, when or how much, and which stand on no entry."""
    for line in draft.lines:
        place, heads = f"line {line.number}", [entries[i] for i in line.entries if i in entries]
        if line.part is Part.AGREED and heads:
            tasks = [e for e in heads if e.finding.kind in (Kind.COMMITMENT, Kind.REQUEST)]
            if tasks and not any(e.finding.terms.due for e in heads):
                yield Remark(level=Level.HINT, place=place, sentence=f"Line {line.number} names no date.")
            if tasks and not any(e.finding.owner for e in heads):
                yield Remark(level=Level.HINT, place=place, sentence=f"Line {line.number} does not say who will do it.")
        if draft.letter is Letter.CHANGE_ORDER and heads:
            if not any(e.finding.terms.amount for e in heads) and not _priced(draft):
                yield Remark(level=Level.WARN, place=place, sentence="The change order names no price.")
            yield from _promised(place, heads)
    known = {line.number for line in draft.lines}
    for number in sorted(set(numbered_lines(draft.body)) - known):
        sentence = f"Line {number} stands on no entry of the log; it is your own word."
        yield Remark(level=Level.HINT, place=f"line {number}", sentence=sentence)


def _promised(place: str, heads: list[Entry]) -> Iterator[Remark]:
    """Warn when our side promised the work before the client approved the change."""
    approved = any(e.state in (State.AGREED, State.CONFIRMED) and e.finding.kind is Kind.PROPOSAL for e in heads)
    for entry in heads:
        if entry.finding.kind is Kind.COMMITMENT and entry.finding.side is Side.US and not approved:
            sentence = f"Your side promised this on {entry.finding.date:%Y-%m-%d}, before the change is approved."
            yield Remark(level=Level.WARN, place=place, sentence=sentence)


def _priced(draft: Draft) -> bool:
    return bool(re.search(r"\d[\d.,]*\s?(?:[€$£]|EUR|USD|GBP|CHF|h\b)|[€$£]\s?\d", draft.body))


def _words(draft: Draft) -> Iterator[Remark]:
    """Say what is left to fill in, what can be read two ways, and what sounds rude."""
    for place in _TO_FILL_IN.findall(_QUOTED.sub(" ", draft.body)):
        yield Remark(level=Level.STOP, place="text", sentence=f"{place} is still to be filled in.")
    for phrase in _found("hostile", draft):
        yield Remark(level=Level.WARN, place="text", sentence=f'"{phrase}" sounds like blame.')
    for shout in _SHOUTED.findall(_QUOTED.sub(" ", draft.body))[:3]:
        yield Remark(level=Level.WARN, place="text", sentence=f'"{shout}" sounds like shouting.')
    for phrase in _found("vague", draft):
        yield Remark(level=Level.HINT, place="text", sentence=f'"{phrase}" can be read two ways; be exact.')


def _jargon(draft: Draft, reading: ThreadReading, background: Background) -> Iterator[Remark]:
    """Name the terms that a plain reader may not know, unless the client uses them themselves."""
    circle = background.circle
    contact = circle.contact(draft.to[0].email) if draft.to else None
    client = next((c for c in circle.clients if c.key == draft.client), None)
    wording = (contact.wording if contact else "") or (client.wording if client else "")
    if wording != "plain":
        return
    theirs = " ".join(
        _own_words(r)
        for r in reading.messages
        if r.message.sender and circle.side(r.message.sender.email) is Side.CLIENT
    )
    used = set(words(theirs))
    for term, plainer in _table(draft.language)["jargon"].items():
        if set(words(term)) <= used or not re.search(rf"\b{re.escape(term)}\b", draft.body, re.IGNORECASE):
            continue
        yield Remark(level=Level.HINT, place="text", sentence=f'"{term}" may not be clear; say "{plainer}".')


def _time(background: Background, now: datetime) -> Iterator[Remark]:
    """Suggest a time within working hours where it is not working time now."""
    if is_open(now, background.hours):
        return
    try:
        then = next_open(now, background.hours)
    except NeverOpenError:
        return
    when = f"{long_date(then.date(), 'en', weekday=True)}, {then:%H:%M}"
    yield Remark(level=Level.HINT, place="time", sentence=f"It is outside your working hours; send it on {when}.")


def _found(name: str, draft: Draft) -> list[str]:
    """Return the phrases of this name that stand in the letter outside quotation marks."""
    text = " ".join(re.findall(r"[^\W_]+", fold(_QUOTED.sub(" . ", draft.body))))
    return list(dict.fromkeys(found[0] for found in _pattern(draft.language, name).finditer(text)))


def _own_words(read: ReadMessage) -> str:
    spans = [p.span for p in read.passages if p.role is Role.AUTHOR]
    return "\n".join(read.message.text[s.start : s.end] for s in spans)


@cache
def _pattern(language: str, name: str) -> re.Pattern[str]:
    phrases = sorted(_table(language)[name], key=len, reverse=True)
    return re.compile(rf"\b(?:{'|'.join(phrases)})\b")


@cache
def _table(language: str) -> Mapping[str, Any]:
    text = files("mailsync.recap").joinpath("words", "check.toml").read_text(encoding="utf-8")
    return tomllib.loads(text)[language if language in LANGUAGES else "en"]  # type: ignore[no-any-return]
