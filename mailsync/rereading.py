"""Reads what is kept once more, after better rules, and shows what would change before anything is kept.

What a person corrected, accepted or dismissed is part of the background of every reading, so it stays.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date

from mailsync import readers
from mailsync.model.entry import Entry, as_json
from mailsync.pipeline import Desk, job_of, read_one

#: Fields that may differ without anybody minding.
QUIET = frozenset({"confidence", "because", "state"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """One entry that a new reading would add (`old` None), drop (`new` None) or change; `fields` are what differs."""

    thread: str
    old: Entry | None
    new: Entry | None
    fields: tuple[str, ...] = ()


def differences(desk: Desk, thread: str, day: date) -> tuple[Difference, ...]:
    """Return what reading `thread` anew would change; nothing is written."""
    before = {entry.id: entry for entry in desk.ledger.entries(thread=thread)}
    after = {entry.id: entry for entry in readers.read(job_of(desk, thread)).entries}
    found = []
    for key in sorted(before.keys() | after.keys()):
        old, new = before.get(key), after.get(key)
        fields = _differing(old, new, day) if old and new else ()
        if not (old and new) or fields:
            found.append(Difference(thread=thread, old=old, new=new, fields=fields))
    return tuple(found)


def _differing(old: Entry, new: Entry, day: date) -> tuple[str, ...]:
    one, other = as_json(old, day), as_json(new, day)
    return tuple(name for name in one if name not in QUIET and one[name] != other[name])


def reread(desk: Desk, threads: Sequence[str], day: date) -> Iterator[tuple[Difference, ...]]:
    """Yield each thread's differences, in the order given."""
    for thread in threads:
        yield differences(desk, thread, day)


def keep(desk: Desk, threads: Sequence[str], done: Callable[[], object] = lambda: None) -> None:
    """Make the log say what a new reading of these threads says; threads already done stay done if it is broken off."""
    for thread in threads:
        read_one(desk, thread)
        done()
