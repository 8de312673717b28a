"""What was agreed on price, dates and scope: every version with who proposed it, who accepted it, and what stood when.

A chain is one point through all its versions: terms that were replaced by others, oldest first. Which version stood on
a day is read from the steps of the entries, so the answer is the same that the log would have given that day.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from itertools import combinations

from mailsync.model.entry import Entry, Kind, State, Tier, Topic, state_on
from mailsync.model.people import Side

TOPICS = (Topic.BUDGET, Topic.DEADLINE, Topic.SCOPE)
_STANDING = frozenset({State.OPEN, State.AGREED, State.CONFIRMED, State.DONE, State.OVERDUE, State.AWAITING})
#: How many of the latest entries of one thread and topic are compared with each other.
_MOST_ALIKE = 60
_YES = frozenset({State.AGREED, State.CONFIRMED})


@dataclass(frozen=True, slots=True, kw_only=True)
class Version:
    """One version of a point: `value` is the amount, the due day or, for scope, the words.

    `accepted_by` is who said yes ("" where nobody did, or where silence counted), at `accepted_at`, in the words of
    `acceptance`, None where it is no entry of its own. `weak` says why that yes does not count in full.
    """

    entry: Entry
    value: str
    state: str
    accepted_by: str = ""
    accepted_at: datetime | None = None
    acceptance: Entry | None = None
    weak: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Chain:
    """One point with its versions, oldest first; `standing` is the position of the one that is agreed, -1 for none."""

    topic: Topic
    thread: str
    versions: tuple[Version, ...]
    standing: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Conflict:
    """Two people of one side who want opposite things of one point."""

    topic: Topic
    first: Entry
    second: Entry


def chains(entries: Sequence[Entry], day: date | datetime, topics: Iterable[Topic] = TOPICS) -> tuple[Chain, ...]:
    """Return the points on `topics` as they stood on `day`, by the date of their first version.

    Entries of another topic belong to a chain that some version of it puts on one of `topics` (a price that moved with
    a date, say). Only what stands in the log counts, and only what had been written by that day.
    """
    known = {e.id: e for e in entries if e.finding.tier is Tier.LOG and _by_then(e, day)}
    newer: dict[str, list[str]] = {}
    for entry in known.values():
        if entry.replaces in known and entry.replaces != entry.id:
            newer.setdefault(str(entry.replaces), []).append(entry.id)
    wanted = frozenset(topics)
    firsts = [e for e in known.values() if e.steps and e.replaces not in known]
    firsts.sort(key=lambda e: (e.finding.date, e.finding.evidence.digest, e.finding.evidence.span.start))
    found = []
    for first in firsts:
        line = _line(first, newer, known)
        topic = next((e.finding.terms.topic for e in line if e.finding.terms.topic in wanted), None)
        if topic is not None:
            chain = _chain(topic, line, known, day)
            found += [chain] if _is_agreement(chain) else []
    return tuple(found)


def conflicts(entries: Sequence[Entry], day: date | datetime) -> tuple[Conflict, ...]:
    """Return where two people of the client's side asked for opposite things and neither has given way.

    Opposite are: a no of one to what the other asked for or decided; and two values, both standing or open in one
    thread and on one topic, for what one of them replaced of the other's.
    """
    known = {e.id: e for e in entries if e.finding.side is Side.CLIENT and e.finding.tier is Tier.LOG}
    said = [e for e in known.values() if _by_then(e, day)]
    agreed = {(e.finding.who, target) for e in said if e.finding.kind is Kind.APPROVAL for target in e.answers_all}
    found = []
    for entry in said:
        against = [entry.replaces] if entry.replaces else []
        against += list(entry.answers_all) if entry.finding.kind is Kind.REJECTION else []
        for other in (known[i] for i in against if i in known):
            apart = other.finding.who != entry.finding.who and (other.finding.who, entry.id) not in agreed
            if apart and (entry.finding.kind is Kind.REJECTION or _differ(other, entry)):
                found.append(Conflict(topic=_topic(other, entry), first=other, second=entry))
    told = {frozenset((one.first.id, one.second.id)) for one in found}
    live: dict[tuple[str, Topic], list[Entry]] = {}
    for entry in said:
        if _live(entry, day):
            live.setdefault((entry.thread, entry.finding.terms.topic), []).append(entry)
    for first, second in (pair for alike in live.values() for pair in combinations(alike[-_MOST_ALIKE:], 2)):
        apart = first.finding.who != second.finding.who and frozenset((first.id, second.id)) not in told
        settled = (first.finding.who, second.id) in agreed or (second.finding.who, first.id) in agreed
        if apart and not settled and _clash(first, second):
            found.append(Conflict(topic=first.finding.terms.topic, first=first, second=second))
    return tuple(found)


def _by_then(entry: Entry, day: date | datetime) -> bool:
    return entry.finding.date <= day if isinstance(day, datetime) else entry.finding.date.date() <= day


def _line(first: Entry, newer: Mapping[str, list[str]], known: Mapping[str, Entry]) -> list[Entry]:
    """Return `first` and all that replaced it, and what replaced these, by date."""
    ids, pending = {first.id: None}, [first.id]
    while pending:
        for id_ in newer.get(pending.pop(), ()):
            if id_ not in ids:
                ids[id_] = None
                pending.append(id_)
    return sorted((known[i] for i in ids), key=lambda e: (e.finding.date, e.finding.evidence.span.start))


def _chain(topic: Topic, line: Sequence[Entry], known: Mapping[str, Entry], day: date | datetime) -> Chain:
    versions = tuple(_version(entry, topic, known, day) for entry in line)
    standing = [n for n, version in enumerate(versions) if version.state in _STANDING and _was_agreed(version)]
    return Chain(topic=topic, thread=line[0].thread, versions=versions, standing=standing[-1] if standing else -1)


def _was_agreed(version: Version) -> bool:
    """Say whether a version binds: somebody accepted it, or it is a promise, which binds whoever gave it."""
    return version.accepted_at is not None or version.entry.finding.kind is Kind.COMMITMENT


def _is_agreement(chain: Chain) -> bool:
    """Say whether a chain is more than a question that nobody took up."""
    return chain.standing >= 0 or any(version.entry.finding.kind is not Kind.REQUEST for version in chain.versions)


def _version(entry: Entry, topic: Topic, known: Mapping[str, Entry], day: date | datetime) -> Version:
    yes = next((step for step in entry.steps if step.state in _YES and _step_by_then(step.at, day)), None)
    answer = known.get(yes.by) if yes else None
    nods = [e for e in known.values() if e.finding.kind is Kind.APPROVAL and entry.id in e.answers_all and e.weak]
    if answer is None and nods:
        answer = nods[0]
    return Version(
        entry=entry,
        value=value(entry, topic),
        state=str(state_on(entry, day) or ""),
        accepted_by=answer.finding.who if answer and yes else "",
        accepted_at=yes.at if yes else None,
        acceptance=answer,
        weak=entry.weak or (answer.weak if answer else ""),
    )


def _step_by_then(at: datetime, day: date | datetime) -> bool:
    return at <= day if isinstance(day, datetime) else at.date() <= day


def value(entry: Entry, topic: Topic) -> str:
    """Return what an entry says on `topic`: an amount, a day, or its words."""
    terms = entry.finding.terms
    named = {Topic.BUDGET: terms.amount, Topic.DEADLINE: terms.due}.get(topic)
    return named or " ".join(filter(None, (terms.amount, terms.due))) or entry.finding.evidence.quote


def _topic(first: Entry, second: Entry) -> Topic:
    topic = first.finding.terms.topic
    return topic if topic is not Topic.OTHER else second.finding.terms.topic


def _live(entry: Entry, day: date | datetime) -> bool:
    return state_on(entry, day) in (State.OPEN, State.AGREED, State.OVERDUE, State.AWAITING, State.CONFIRMED)


def _differ(first: Entry, second: Entry) -> bool:
    """Say whether two entries name different terms; where neither names any, their words differ."""
    mine, other = first.finding.terms, second.finding.terms
    if (mine.due or mine.amount) and (other.due or other.amount):
        return _other_amount(first, second) or _other_day(first, second)
    return first.finding.evidence.quote.casefold() != second.finding.evidence.quote.casefold()


def _clash(first: Entry, second: Entry) -> bool:
    """Say whether two standing entries of one topic cannot both hold: another day, or another amount of one unit."""
    topic = first.finding.terms.topic
    if topic is Topic.DEADLINE:
        return _other_day(first, second)
    return topic is Topic.BUDGET and _other_amount(first, second)


def _other_day(first: Entry, second: Entry) -> bool:
    mine, other = first.finding.terms.due, second.finding.terms.due
    return bool(mine and other and mine[:10] != other[:10])


def _other_amount(first: Entry, second: Entry) -> bool:
    mine, other = first.finding.terms.amount or "", second.finding.terms.amount or ""
    return bool(mine and other and mine.partition(" ")[2] == other.partition(" ")[2] and mine != other)
