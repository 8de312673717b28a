"""From entries to the lines of a letter: whose words stand in a line, with which terms, in which part."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from mailsync.model.draft import Part
from mailsync.model.entry import Entry, Kind, State, Terms
from mailsync.model.people import Circle, Side
from mailsync.recap.people import called
from mailsync.recap.wording import clean, long_date, phrase, shortened, words

#: A yes or no of so few words says nothing without what it answers.
BARE_WORDS = 4

#: Kinds that only answer or report: they join the line of what they answer.
ANSWERS = frozenset({Kind.APPROVAL, Kind.REJECTION, Kind.FULFILMENT})


@dataclass(frozen=True, slots=True, kw_only=True)
class Voice:
    """How lines are worded: the letter's language and politeness, what people are called, whose side they are on."""

    language: str
    formal: bool
    known: Mapping[str, str]
    circle: Circle

    def name(self, email: str) -> str:
        """Return what the person behind `email` is called."""
        return called(email, self.known)

    def say(self, group: str, name: str) -> str:
        """Return a fixed phrase."""
        return phrase(self.language, group, name, formal=self.formal)


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """What becomes one line: an entry, those that answer it in order of date, and the one it replaced."""

    head: Entry
    answers: tuple[Entry, ...] = ()
    old: Entry | None = None

    @property
    def entries(self) -> tuple[str, ...]:
        """The ids the line stands on."""
        old = (self.old.id,) if self.old else ()
        return tuple(dict.fromkeys((self.head.id, *(a.id for a in self.answers), *old)))

    def with_(self, other: "Point") -> "Point":
        """Return this point with another one that is made of the same sentence."""
        found = {entry.id: entry for entry in (*self.answers, other.head, *other.answers)}
        return replace(self, answers=tuple(sorted(found.values(), key=_place)), old=self.old or other.old)


@dataclass(slots=True)
class _Heads:
    """The entries that lines are made of, with what answers each; built entry by entry."""

    log: Mapping[str, Entry]
    replaced_by: Mapping[str, Entry]
    answers: dict[str, dict[str, Entry]] = field(default_factory=dict)

    def newest(self, entry: Entry) -> Entry:
        """Follow replacements to the entry whose terms hold now."""
        walked = {entry.id}
        while (later := self.replaced_by.get(entry.id)) and later.id not in walked:
            walked.add(later.id)
            entry = later
        return entry

    def add(self, head: Entry, answer: Entry | None = None) -> None:
        """Note that `head` wants a line, and what answers it."""
        held = self.answers.setdefault(self.newest(head).id, {})
        if answer is not None and answer.id != self.newest(head).id:
            held[answer.id] = answer


def points(news: Sequence[Entry], entries: Sequence[Entry]) -> tuple[Point, ...]:
    """Join `news` to lines: an answer stands beside what it answers, a change beside what it replaced.

    `entries` are all that may be cited; the result is ordered by date of the first word said.
    """
    log = {entry.id: entry for entry in entries}
    replaced_by = {entry.replaces: entry for entry in entries if entry.replaces in log}
    heads = _Heads(log=log, replaced_by=replaced_by)
    for entry in news:
        asked = [log[i] for i in answered(entry) if i in log and i != entry.id]
        if not asked:
            heads.add(entry)
        for head in asked:
            heads.add(head, entry)
    for entry_id in list(heads.answers):  # what moved a head belongs beside it, even when an older letter carried it
        for step in log[entry_id].steps:
            mover = log.get(step.by)
            if mover is not None and mover.replaces != entry_id:
                heads.add(log[entry_id], mover)
    spoken = {i for held in heads.answers.values() for i in held}
    lone = [log[i] for i, held in heads.answers.items() if held or i not in spoken]
    return tuple(
        Point(
            head=head,
            answers=tuple(sorted(heads.answers[head.id].values(), key=_place)),
            old=log.get(head.replaces or ""),
        )
        for head in sorted(lone, key=_place)
    )


def answered(entry: Entry) -> tuple[str, ...]:
    """Return the ids of everything `entry` answers."""
    return entry.answers_all or ((entry.answers,) if entry.answers else ())


def worth_a_line(point: Point) -> bool:
    """Say whether a letter gains by a point: what is over needs the word that ended it, a bare yes what it answers."""
    head, kinds = point.head, _kinds(point)
    if head.state is State.DONE:
        return Kind.FULFILMENT in kinds
    if head.state is State.REJECTED:
        return Kind.REJECTION in kinds
    bare = head.finding.kind in (Kind.APPROVAL, Kind.REJECTION) and not point.answers
    return not bare or len(head.finding.evidence.quote.split()) > BARE_WORDS


def part_of(point: Point, voice: Voice) -> Part:
    """Say in which part of a letter a point belongs; what is in doubt becomes a question."""
    head, kinds = point.head, _kinds(point)
    if _declined(point) or Kind.FULFILMENT in kinds or head.finding.kind in (Kind.ISSUE, Kind.REJECTION):
        return Part.DISCUSSED
    if doubts(point, voice):
        return Part.QUESTION
    # A promise binds whoever gave it, and the client's choice is theirs to make; a choice of ours waits for their yes,
    # and an offer or request is only agreed where the line can show the other side's word.
    kind, agreed = head.finding.kind, head.state in (State.AGREED, State.CONFIRMED)
    chosen = kind is Kind.DECISION and (agreed or head.finding.side is Side.CLIENT)
    if chosen or kind in (Kind.COMMITMENT, Kind.APPROVAL) or (agreed and point.answers):
        return Part.AGREED
    return Part.PROPOSED if kind in (Kind.PROPOSAL, Kind.DECISION) else Part.DISCUSSED


def doubts(point: Point, voice: Voice) -> tuple[str, ...]:
    """Return the questions that a point leaves open: ambiguous dates, vague words, conditions, a weak yes."""
    head, terms = point.head, terms_of(point)
    asked: list[str] = []
    if terms.due_choices:
        choices = dict.fromkeys((*((terms.due,) if terms.due else ()), *terms.due_choices))
        written = dict.fromkeys(long_date(c, voice.language, weekday=True) for c in choices)
        if len(written) > 1:
            either = words(voice.language)["dates"]["or"].join(written)
            asked.append(voice.say("questions", "choices").format(choices=either))
    if head.weak or any(a.weak for a in point.answers):
        asked.append(voice.say("questions", "weak"))
    agreed = head.state in (State.AGREED, State.CONFIRMED)
    if terms.conditional and not agreed:
        asked.append(voice.say("questions", "offer" if head.finding.kind is Kind.PROPOSAL else "condition"))
    if terms.vague and not asked:
        asked.append(_vague(terms, head, voice))
    return tuple(asked[:2])


def text_of(point: Point, voice: Voice, part: Part) -> str:
    """Return a point as one line: who said what, who answered what, the terms, and what is asked."""
    said = [quoted(entry, voice) for entry in _voices(point)]
    notes = terms_notes(point, voice)
    if part is Part.DISCUSSED:
        notes += _outcome(point, voice)
    asked = doubts(point, voice) if part is Part.QUESTION else ()
    return " ".join((" – ".join(said), *((f"({', '.join(notes)})",) if notes else ()), *asked))


def quoted(entry: Entry, voice: Voice) -> str:
    """Return an entry's words with who said them."""
    return f'{voice.name(entry.finding.who)}: "{shortened(entry.finding.evidence.quote)}"'


def terms_of(point: Point) -> Terms:
    """Return the terms that hold for a point: its own, unless only the promise that answers it names a date."""
    own = point.head.finding.terms
    if own.due is None:
        for answer in reversed(point.answers):
            if answer.finding.kind not in ANSWERS and answer.finding.terms.due is not None:
                return answer.finding.terms
    return own


def terms_notes(point: Point, voice: Voice) -> list[str]:
    """Return what stands in brackets behind the words: the owner, the date written out, old values."""
    terms, old, notes = terms_of(point), point.old.finding.terms if point.old else Terms(), []
    owner = next((e.finding.owner for e in (point.head, *point.answers) if e.finding.owner), None)
    if owner and owner not in {e.finding.who for e in _voices(point)[-1:]}:
        notes.append(voice.name(owner))
    if terms.due and not terms.due_choices:
        notes.append(voice.say("lines", "by").format(date=long_date(terms.due, voice.language, weekday=True)))
    if old.due and terms.due and old.due != terms.due:
        notes.append(voice.say("lines", "was").format(old=long_date(old.due, voice.language)))
    if old.amount and terms.amount and old.amount != terms.amount:
        notes += [clean(terms.amount), voice.say("lines", "was").format(old=clean(old.amount))]
    return notes


def _voices(point: Point) -> tuple[Entry, ...]:
    """Return whose words stand in the line; a sentence that is two entries at once is quoted once."""
    heard: dict[tuple[str, str], Entry] = {}
    for entry in (point.head, *point.answers):
        heard.setdefault((entry.finding.evidence.digest, entry.finding.evidence.quote), entry)
    return tuple(heard.values())[:3]


def _kinds(point: Point) -> set[Kind]:
    return {point.head.finding.kind, *(answer.finding.kind for answer in point.answers)}


def _declined(point: Point) -> bool:
    """Say whether the other side said no, and did not come round to a yes."""
    refused = any(answer.finding.kind is Kind.REJECTION for answer in point.answers)
    return refused and point.head.state not in (State.AGREED, State.CONFIRMED)


def _outcome(point: Point, voice: Voice) -> list[str]:
    if _declined(point):
        return [voice.say("lines", "declined")]
    if Kind.FULFILMENT in _kinds(point):
        return [voice.say("lines", "done")]
    return [voice.say("lines", "open")] if point.head.finding.kind is Kind.REQUEST and not point.answers else []


def _vague(terms: Terms, head: Entry, voice: Voice) -> str:
    reasons = " ".join(terms.vague).casefold()
    if terms.due is None and "date" in reasons:
        owner = head.finding.owner or head.finding.who
        theirs = voice.circle.side(owner) is Side.CLIENT
        return voice.say("questions", "date_theirs" if theirs else "date_ours")
    if "owner" in reasons:
        return voice.say("questions", "owner")
    return voice.say("questions", "vague")


def _place(entry: Entry) -> tuple[object, ...]:
    return (entry.finding.date, entry.finding.evidence.digest, entry.finding.evidence.span.start, entry.id)
