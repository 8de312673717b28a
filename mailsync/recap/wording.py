"""The fixed words of letters in four languages, dates written out, and what of foreign text may enter a letter."""

import re
import tomllib
from collections.abc import Mapping
from datetime import date, datetime
from functools import cache
from importlib.resources import files
from typing import Any

from mailsync.model.people import WorkingHours

#: The languages letters can be written in; every other one is answered in English.
LANGUAGES = ("en", "de", "fr", "es")

#: Longest quotation in a letter, in characters; a longer one loses whole trailing parts.
QUOTE_ROOM = 280

# Controls (C0, C1), line separators, zero-width characters and the marks that reorder text: none may enter a letter.
_UNSEEN = re.compile("[\x00-\x1f\x7f-\x9f\u00ad\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]")
_PART_END = re.compile(r"[.!?;:,)](?=\s)|\s(?=[–—-]\s)")


@cache
def words(language: str) -> Mapping[str, Any]:
    """Return the fixed words of `language`, English for one that letters are not written in."""
    known = language if language in LANGUAGES else "en"
    text = files("mailsync.recap").joinpath("words", f"{known}.toml").read_text(encoding="utf-8")
    return tomllib.loads(text)


def phrase(language: str, group: str, name: str, *, formal: bool = True) -> str:
    """Return one fixed phrase, the familiar form where the language has one and `formal` is false."""
    of_group = words(language)[group]
    familiar = None if formal else of_group.get(f"{name}_informal")
    return str(familiar or of_group[name])


def long_date(due: str | date, language: str, *, weekday: bool = False) -> str:
    """Write a date out ("4 March 2026"); `due` as `Terms.due` holds it, with its time of day where it has one."""
    moment = datetime.fromisoformat(due) if isinstance(due, str) else due
    names = words(language)["dates"]
    day = names["first"] if moment.day == 1 else str(moment.day)
    text: str = names["day"].format(day=day, month=names["months"][moment.month - 1], year=moment.year)
    if weekday:
        text = names["weekday"].format(weekday=names["weekdays"][moment.weekday()], date=text)
    if isinstance(due, str) and "T" in due and isinstance(moment, datetime):
        text = names["time"].format(date=text, time=f"{moment:%H:%M}")
    return text


def working_times(hours: WorkingHours, language: str) -> str:
    """Write working hours out: "Monday to Friday 09:00-17:00", runs of equal days joined."""
    names, form = words(language)["dates"]["weekdays"], words(language)["letter"]
    runs: list[tuple[int, int, tuple[int, int]]] = []
    for day, times in enumerate(hours.days):
        if times is None:
            continue
        if runs and runs[-1][1] == day - 1 and runs[-1][2] == times:
            runs[-1] = (runs[-1][0], day, times)
        else:
            runs.append((day, day, times))
    return ", ".join(
        form["hours"].format(
            days=names[first] if first == last else form["days"].format(first=names[first], last=names[last]),
            opens=_clock(times[0]),
            closes=_clock(times[1]),
        )
        for first, last, times in runs
    )


def clean(text: str, room: int = 1000) -> str:
    """Return foreign text as one line without characters that cannot be seen, at most `room` characters."""
    return " ".join(_UNSEEN.sub(" ", text[: 2 * room]).split())[:room].rstrip()


def shortened(quote: str, room: int = QUOTE_ROOM) -> str:
    """Return a quotation for a letter: its exact words, whole trailing parts cut and marked where it is too long."""
    text = clean(quote, 4 * room)
    if len(text) <= room:
        return text
    ends = [found.start() for found in _PART_END.finditer(text, 0, room)]
    cut = ends[-1] if ends and ends[-1] > room // 3 else text.rfind(" ", 0, room)
    return text[: cut if cut > 0 else room].rstrip(" .,;:-–—") + " …"


def _clock(minutes: int) -> str:
    return f"{minutes // 60:02d}:{minutes % 60:02d}"
