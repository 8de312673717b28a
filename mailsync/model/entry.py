"""What the log keeps: entries with their terms, evidence and states."""

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Any

from mailsync.model.mail import Span
from mailsync.model.people import Side


class Kind(StrEnum):
    """The eight kinds of entry."""

    COMMITMENT = "commitment"
    REQUEST = "request"
    PROPOSAL = "proposal"
    DECISION = "decision"
    APPROVAL = "approval"
    REJECTION = "rejection"
    FULFILMENT = "fulfilment"
    ISSUE = "issue"


class Topic(StrEnum):
    """What an entry is about."""

    SCOPE = "scope"
    DEADLINE = "deadline"
    BUDGET = "budget"
    PAYMENT = "payment"
    DELIVERABLE = "deliverable"
    ACCESS = "access"
    MEETING = "meeting"
    QUALITY = "quality"
    OTHER = "other"


class State(StrEnum):
    """Where an entry stands. The last five hold only for entries that a recap has carried."""

    OPEN = "open"
    AGREED = "agreed"
    REJECTED = "rejected"
    DONE = "done"
    REPLACED = "replaced"
    OVERDUE = "overdue"
    AWAITING = "awaiting"
    CONFIRMED = "confirmed"
    CORRECTED = "corrected"
    DISPUTED = "disputed"
    UNANSWERED = "unanswered"


class Tier(StrEnum):
    """`LOG` is sure enough to stand in the log by itself; a `SUGGESTION` waits for a person."""

    LOG = "log"
    SUGGESTION = "suggestion"


#: States in which something owed is still to be done.
UNDONE = frozenset({State.OPEN, State.AGREED, State.AWAITING, State.CONFIRMED, State.UNANSWERED})

#: Kinds that have a state of their own; the other four only answer or report.
STATEFUL = frozenset({Kind.COMMITMENT, Kind.REQUEST, Kind.PROPOSAL, Kind.DECISION})


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """What was said about when and how much.

    `due` is an ISO date, or date-time with offset where a time of day is stated; `due_words` the phrase it was read
    from; `due_choices` the readings of an ambiguous phrase (then `due` is the likelier one). `amount` is a number and a
    unit: "4800 USD", "12 h", "15 %". `vague` lists the reasons why a party could later dispute what was meant.
    """

    due: str | None = None
    due_words: str = ""
    due_choices: tuple[str, ...] = ()
    amount: str | None = None
    topic: Topic = Topic.OTHER
    conditional: bool = False
    vague: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """The exact words an entry stands on: `quote` is the message's `text[span]` with line breaks folded to spaces."""

    digest: str
    message_id: str
    span: Span
    quote: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What the extractor offers about one statement; `because` names the rule or the features that spoke."""

    kind: Kind
    evidence: Evidence
    date: datetime
    side: Side
    who: str
    owner: str | None
    terms: Terms
    confidence: float
    tier: Tier
    because: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One move in an entry's life: from `at` (the date of the message that moved it) it stands as `state`.

    `by` is the id of the entry that moved it, empty for its own beginning.
    """

    at: datetime
    state: State
    by: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One line of the agreement log.

    `also` holds further evidence when the same thing was said again. `answers` and `replaces` are entry ids;
    `answers_all` lists every entry that one answer settles, `answers` first. `steps` is the entry's life in the order
    of the messages; the last one is where it stands. `weak` says why a yes does not count in full, `steps` is empty
    for kinds that have no state.
    """

    id: str
    thread: str
    client: str
    finding: Finding
    answers: str | None = None
    answers_all: tuple[str, ...] = ()
    replaces: str | None = None
    steps: tuple[Step, ...] = ()
    also: tuple[Evidence, ...] = ()
    weak: str = ""

    @property
    def state(self) -> State | None:
        """Where the entry stands after all that is known; overdue is a question of today, see `state_on`."""
        return self.steps[-1].state if self.steps else None


def due_day(due: str) -> date:
    """Return the day of an ISO date or date-time as `Terms.due` holds it."""
    return date.fromisoformat(due[:10])


def state_on(entry: Entry, day: date | datetime) -> State | None:
    """Say where `entry` stood at the end of `day` (or at that moment), judged by the messages' own dates.

    A promise or request, or a decision that somebody must act on, is overdue when its due day has passed without its
    being done; `replaced`, `done` and `rejected` win over that (guideline, convention 11). An offer is never overdue.
    None for kinds without a state and before the entry existed.
    """
    moment = isinstance(day, datetime)
    known = [s for s in entry.steps if (s.at <= day if moment else s.at.date() <= day)]
    if not known:
        return None
    state, due = known[-1].state, entry.finding.terms.due
    kind = entry.finding.kind
    owed = kind in (Kind.COMMITMENT, Kind.REQUEST) or (kind is Kind.DECISION and entry.finding.owner is not None)
    late = owed and due is not None and due_day(due) < (day.date() if isinstance(day, datetime) else day)
    return State.OVERDUE if late and state in UNDONE else state


def as_json(entry: Entry, day: date | datetime) -> dict[str, Any]:
    """Return `entry` in the documented JSON shape, with its state on `day`."""
    finding, terms = entry.finding, entry.finding.terms
    return {
        "id": entry.id,
        "message_id": f"<{finding.evidence.message_id}>",
        "thread": entry.thread,
        "client": entry.client,
        "date": finding.date.isoformat(),
        "side": finding.side.value,
        "quote": finding.evidence.quote,
        "start": finding.evidence.span.start,
        "end": finding.evidence.span.end,
        "kind": finding.kind.value,
        "who": finding.who,
        "owner": finding.owner,
        "due": terms.due,
        "due_words": terms.due_words or None,
        "due_choices": list(terms.due_choices),
        "amount": terms.amount,
        "topic": terms.topic.value,
        "conditional": terms.conditional,
        "vague": bool(terms.vague),
        "vague_because": list(terms.vague),
        "answers": entry.answers,
        "answers_all": list(entry.answers_all),
        "replaces": entry.replaces,
        "state": state_on(entry, day),
        "weak": entry.weak or None,
        "confidence": round(finding.confidence, 3),
        "tier": finding.tier.value,
        "because": finding.because,
    }
