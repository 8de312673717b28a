"""Reads the sample conversations from their scripts, so that they can be kept as text a person likes to edit.

A script is one conversation. It opens with its subject and language; each message begins with a line such as
`==== -3w fri 09:14 miriam to robin cc tom`, then come options (`key: value`), an empty line and the words. Days count
in weeks before the week of the demo, so that "by Friday" in a message keeps its sense whenever the demo runs; a day in
the words is written {-2w fri} and becomes "6 March" in the conversation's language.
"""

import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import cache
from importlib.resources import files
from zoneinfo import ZoneInfo

HERE = files("mailsync.demo")
WEEK = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
OPENING = re.compile(r"==== (-?\d+)w (\w{3}) (\d\d):(\d\d) (\w+) to ([\w, ]+?)(?: cc ([\w, ]+))?")
OPTIONS = frozenset({"subject", "language", "answers", "quote", "form", "program", "attachment"})
DAY = re.compile(r"\{(-?\d+)w (\w{3})\}")

MONTHS = {
    "en": "January February March April May June July August September October November December",
    "de": "Januar Februar März April Mai Juni Juli August September Oktober November Dezember",
    "fr": "janvier février mars avril mai juin juillet août septembre octobre novembre décembre",
    "es": "enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre",
}
DAY_STYLE = {"en": "{day} {month}", "de": "{day}. {month}", "fr": "{day} {month}", "es": "{day} de {month}"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Somebody who writes: where they sit, with which mail program, and what they sign with."""

    name: str
    email: str
    zone: str
    program: str
    signature: tuple[str, ...]
    language: str = "en"


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """One message of a conversation as the script has it.

    `answers` is the place of the message it replies to, -1 for none. `quote` is full, inline or none; `form` is plain,
    both or html; `headers` are added as they stand.
    """

    thread: str
    place: int
    at: datetime
    sender: Person
    to: tuple[Person, ...]
    cc: tuple[Person, ...]
    subject: str
    answers: int
    quote: str
    form: str
    program: str
    headers: tuple[tuple[str, str], ...]
    attachment: str
    words: str


@cache
def people() -> dict[str, Person]:
    """Return everybody in the sample mailbox by short name."""
    table = tomllib.loads(HERE.joinpath("people.toml").read_text(encoding="utf-8"))
    return {key: Person(**{**entry, "signature": tuple(entry["signature"])}) for key, entry in table.items()}


def monday(now: datetime) -> date:
    """Return the Monday that scripts count from: no message of an earlier week lies after `now`.

    At a weekend the working week that has just ended counts as past.
    """
    day = now.date() + timedelta(days=2)
    return day - timedelta(days=day.weekday())


def conversations(base: date) -> Iterator[tuple[Scene, ...]]:
    """Yield each conversation with its messages in order, dated from the Monday `base`."""
    for file in sorted(HERE.joinpath("threads").iterdir(), key=lambda entry: entry.name):
        if file.name.endswith(".txt"):
            yield tuple(_scenes(file.name.removesuffix(".txt"), file.read_text(encoding="utf-8"), base))


def _scenes(thread: str, script: str, base: date) -> Iterator[Scene]:
    """Yield the messages of one script; raises ValueError with the script's name where it cannot be read."""
    head, *parts = re.split(r"^(?===== )", script, flags=re.MULTILINE)
    said, _, _ = _options(thread, head)
    language = said.get("language", "en")
    for place, part in enumerate(parts):
        opening, _, rest = part.partition("\n")
        match = OPENING.fullmatch(opening)
        if match is None:
            raise ValueError(f"{thread}: {opening}")
        weeks, day, hour, minute, sender, to, cc = match.groups()
        author = people()[sender]
        options, headers, words = _options(thread, rest)
        # Seconds differ from message to message, as they do in life.
        clock = time(int(hour), int(minute), (place * 17 + len(rest)) % 60, tzinfo=ZoneInfo(author.zone))
        yield Scene(
            thread=thread,
            place=place,
            at=datetime.combine(_day(base, weeks, day), clock),
            sender=author,
            to=_named(to),
            cc=_named(cc or ""),
            subject=options.get("subject", said["subject"]),
            answers=int(options.get("answers", place)) - 1,
            quote=options.get("quote", "full"),
            form=options.get("form", ""),
            program=options.get("program", author.program),
            headers=headers,
            attachment=options.get("attachment", ""),
            words=_dated(words, base, language),
        )


def _options(thread: str, rest: str) -> tuple[dict[str, str], tuple[tuple[str, str], ...], str]:
    """Split what follows an opening into options, headers to add, and the words."""
    lines, _, words = f"\n{rest}".partition("\n\n")
    options: dict[str, str] = {}
    headers: list[tuple[str, str]] = []
    for line in filter(None, lines.splitlines()):
        key, _, value = line.partition(": ")
        if key == "header":
            name, _, content = value.partition(": ")
            headers.append((name, content))
        elif key in OPTIONS:
            options[key] = value
        else:
            raise ValueError(f"{thread}: {line}")
    return options, tuple(headers), words.strip()


def _day(base: date, weeks: str, day: str) -> date:
    return base + timedelta(weeks=int(weeks), days=WEEK.index(day))


def _dated(words: str, base: date, language: str) -> str:
    """Write out the days that stand in braces."""
    return DAY.sub(lambda found: _spoken(_day(base, found[1], found[2]), language), words)


def _spoken(day: date, language: str) -> str:
    month = MONTHS[language].split()[day.month - 1]
    number = "1er" if language == "fr" and day.day == 1 else day.day
    return DAY_STYLE[language].format(day=number, month=month)


def _named(names: str) -> tuple[Person, ...]:
    return tuple(people()[name.strip()] for name in names.split(",") if name.strip())
