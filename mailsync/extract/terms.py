"""Reads from one statement its terms: when, how much, about what, on what condition, and what is left vague."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from mailsync.extract.amounts import find_amount
from mailsync.extract.topics import asks_first, find_cues, topic
from mailsync.model.entry import Kind, Terms
from mailsync.model.mail import Statement
from mailsync.model.people import WorkingHours
from mailsync.text.dates import DateFound, DateRole, find_dates
from mailsync.text.symbols import encode

#: What refuses, complains or reports is not due any more.
_NEVER_DUE = frozenset({Kind.REJECTION, Kind.ISSUE, Kind.FULFILMENT})
#: Readings that lean on a day spoken of before.
_LEANING = frozenset({"bare", "clock", "that day", "relative", "nth"})
_LEANS = re.compile(r"thatday|then |wd_|wd\d (?:after|before)")
#: Readings that are plain enough for others to lean on.
_PLAIN_DAY = frozenset({"day", "range", "date", "weekday", "bare", "tomorrow", "relative", "end of"})
#: Readings that name day and month.
_IN_FULL = frozenset({"day", "range", "date"})
#: Kinds that speak of what the other side put on the table.
_ANSWERING = frozenset({Kind.PROPOSAL, Kind.APPROVAL, Kind.DECISION})
_COARSE = frozenset({"month", "quarter", "week", "weekend", "eod"})
#: "Frozen until June" says how long, "from today" since when; neither says when something is due.
_AS_LONG_AS = ("until", "till", "jusqu", "hasta", "fino")
_FROM_NOW_ON = ("from", "as of", "as from", "ab ")
#: How many sentences back a day of the month may lean, and a time of day or "that day".
_FAR, _NEAR = 60, 3
#: Longer statements are looked at only so far by the patterns of this module.
_CAP = 600
#: Kinds in which "do this, and I do that" promises the second part.
_PROMISING = frozenset({Kind.COMMITMENT, Kind.APPROVAL})
_AND_THEN = re.compile(r",? and (?:i|we|it|he|she|they|you)\b(?:['’]ll| will| can| have)?", re.IGNORECASE)
#: A span that counts from an event ("three weeks from your order") hangs on that event.
_FROM_EVENT = re.compile(
    r"(?<!\S)(?:within (?:the )?(?:n\d+|a) u\w+ of|(?:n\d+|a) u(?:day|bday|week|month|fortnight) (?:from|after|once)) "
    r"(?!today|now|tomorrow|[mno]\d|wd|the [on]\d)"
)
_UNTIL_DONE = re.compile(r"\buntil (?:the|your|our|all) (?:\w+ ){1,4}(?:is|are|has|have)\b", re.IGNORECASE)
#: Kinds that may threaten ("it is up by Friday or I keep back the rest").
_THREATENING = frozenset({Kind.COMMITMENT, Kind.REJECTION})
_THREAT = re.compile(r"\bor (?:else|i['’]?m|i am|i will|i['’]ll|we['’]ll|we will|you can|ye can)\b", re.IGNORECASE)
#: What a cue says about why a party could later dispute what was meant.
_REASONS = {"vague": "wording: ", "nobody": "no owner: "}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Said:
    """A statement with what its terms are read against."""

    text: str
    kind: Kind
    sent: datetime
    language: str
    hours: WorkingHours
    context: Sequence[str]

    def dates(self, text: str, first: date | None = None) -> tuple[DateFound, ...]:
        """Return the dates of `text` as if it had been said in this message."""
        return find_dates(text, self.sent, self.language, first=first, hours=self.hours)


def terms(
    statement: Statement,
    kind: Kind,
    *,
    sent: datetime,
    language: str,
    hours: WorkingHours,
    context: Sequence[str] = (),
) -> Terms:
    """Return the terms of `statement`, read as an entry of `kind`.

    `sent` is the message's own aware date, against which every due phrase is resolved. `context` are the sentences said
    before, oldest first (the thread's, then the message's own); a bare day or an amount repeated without its unit leans
    on them. Never raises on what mail may hold.
    """
    said = _Said(text=statement.quote, kind=kind, sent=sent, language=language, hours=hours, context=context)
    promise = _promise(said) if kind in _PROMISING else 0
    due = None if kind in _NEVER_DUE else _due(said, promise)
    amount = find_amount(said.text, kind, sent=sent, language=language, context=context)
    cues = find_cues(said.text, language)
    return Terms(
        due=due.iso if due else None,
        due_words=due.words if due else "",
        due_choices=(due.iso, *due.choices) if due and due.choices else (),
        amount=str(amount) if amount else None,
        topic=topic(cues, kind, unit=amount.unit if amount else "", dated=due is not None),
        conditional=bool(promise) or _is_conditional(said),
        vague=tuple(dict.fromkeys(_REASONS[c.label] + c.words for c in cues if c.label in _REASONS)),
    )


def _promise(said: _Said) -> int:
    """Return where the promise begins in "Send it by Monday, and I start on Tuesday"; 0 where there is none."""
    found = _AND_THEN.search(said.text[:_CAP]) if asks_first(said.text, said.language) else None
    return found.start() if found else 0


def _due(said: _Said, promise: int) -> DateFound | None:
    """Return the expression that says when the statement is due: the strongest, of equals the last.

    A date of the condition alone is none (guideline, convention 3), unless the condition is what is asked for ("that
    only works if the file is here by Friday"), or asks for silence ("unless I hear a no by Friday, I go on").
    """
    found, coded = said.dates(said.text), encode(said.text, said.language)
    if said.context and (any(f.rule in _LEANING for f in found) or _LEANS.search(coded.line)):
        first = _spoken_of(said, found)
        found = said.dates(said.text, first) if first else found
    stated = [f for f in found if f.start >= promise and _may_be_due(f, said.kind)]
    free = [f for f in stated if f.role is not DateRole.CONDITION]
    if not free and (said.kind is Kind.REQUEST or coded.silent):
        free = [f for f in stated if f.bounded]
    return max(free, key=lambda f: (_weight(f), f.start), default=None)


def _may_be_due(found: DateFound, kind: Kind) -> bool:
    """Say whether a date can be when something is due: not what is past, nor how long something holds."""
    words = found.words.lower()
    if found.role is DateRole.PAST or (found.grain == "lasting" and kind is not Kind.COMMITMENT):
        return False
    if found.grain == "year":
        return found.bounded
    if found.grain == "month" and words.startswith(_AS_LONG_AS):
        return False
    return not (found.rule == "today" and words.startswith(_FROM_NOW_ON))


def _weight(found: DateFound) -> int:
    """Return how likely the statement is about a date: a day before a month, "by Friday" before "Friday's"."""
    if found.grain == "clock":
        return 0
    return (1 if found.grain in _COARSE else 4) + (2 if found.bounded else 1 if found.marked else 0)


def _spoken_of(said: _Said, found: Sequence[DateFound]) -> date | None:
    """Return the day that the leaning expressions of a statement lean on, None where the context names none to come.

    "The 13th" means the 13th that was named in full before. Who answers an offer, or makes a counter-offer, speaks of
    the month of that offer; a new task's "by the 20th" means the next one. A bare time of day, "that day" and "the
    Friday before" lean on what was said just now.
    """
    bare = {f.iso[8:10] for f in found if f.rule == "bare"}
    reach = _FAR if bare or said.kind is Kind.DECISION else _NEAR
    for sentence in reversed(said.context[-reach:]):
        for f in reversed(said.dates(sentence)):
            if f.iso[:10] < said.sent.date().isoformat() or f.rule not in (_IN_FULL if bare else _PLAIN_DAY):
                continue
            if said.kind in _ANSWERING or f.iso[8:10] in bare or (not bare and f.role is not DateRole.PAST):
                return date.fromisoformat(f.iso[:10])
    return None


def _is_conditional(said: _Said) -> bool:
    """Say whether the statement hangs on a stated condition."""
    coded, text = encode(said.text, said.language), said.text[:_CAP]
    if coded.openers or _FROM_EVENT.search(coded.line) or _UNTIL_DONE.search(text):
        return True
    return said.kind in _THREATENING and _THREAT.search(text) is not None
