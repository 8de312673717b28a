"""Looks for the phrases of cues.toml in a sentence, in all languages at once."""

import re
import tomllib
from enum import StrEnum
from functools import cache
from importlib.resources import files

from mailsync.text.words import LINE_CAP, fold


class Cue(StrEnum):
    """What a phrase tells; cues.toml explains each."""

    REMINDS = "reminds"
    STATUS = "status"
    DATE = "date"
    CHOICE = "choice"
    DECIDED = "decided"
    PAID = "paid"
    BILL = "bill"
    EXTRA = "extra"
    EXCLUDED = "excluded"
    RELAYS = "relays"
    HOSTILE = "hostile"
    BLAME = "blame"


@cache
def _pattern(cue: Cue) -> re.Pattern[str]:
    data = tomllib.loads((files("mailsync.patterns") / "cues.toml").read_text("utf-8"))
    every = {phrase for language in data.values() for phrase in language[cue.value]}
    longest = sorted(every, key=lambda phrase: (-len(phrase), phrase))
    return re.compile(r"(?<!\w)(?:" + "|".join(map(re.escape, longest)) + r")(?!\w)")


def found(cue: Cue, text: str) -> str:
    """Return the first phrase of `cue` in `text`, of which LINE_CAP characters are read; "" for none."""
    match = _pattern(cue).search(fold(text[:LINE_CAP]))
    return match.group() if match else ""
