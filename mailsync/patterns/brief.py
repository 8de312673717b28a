"""A client on one page: people, what is open, what was agreed, dates and manner; and the same to hand over."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from statistics import median
from typing import Any

from mailsync.model.entry import Entry, Kind, State, Tier, Topic, as_json, due_day, state_on
from mailsync.model.people import Side
from mailsync.patterns.answers import waits
from mailsync.patterns.contact import off_hours_kind
from mailsync.patterns.cues import Cue, found
from mailsync.patterns.history import History
from mailsync.patterns.report import owed_by

#: A role is suggested from so many mails or entries on.
_ENOUGH = 3
_AGREEMENTS, _NEWEST = 12, timedelta(days=365)
_FINANCE = frozenset({Topic.PAYMENT, Topic.BUDGET})
_TECHNICAL = frozenset({Topic.ACCESS, Topic.QUALITY})


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Somebody at the client. `decides` and `role` are the configuration's; `seems` is read from the mail.

    `proof` are the messages that `seems` stands on; `wording` is plain, some or technical.
    """

    email: str
    name: str
    role: str
    decides: bool | None
    wording: str
    mails: int
    seems: str = ""
    proof: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Clash:
    """Two people of the client who want opposite things; `second` said no to, or changed, what `first` had said."""

    first: Entry
    second: Entry


@dataclass(frozen=True, slots=True, kw_only=True)
class Brief:
    """What somebody must know before writing to a client.

    `agreements` are what stands as agreed, the newest last; `refused` what either side said no to; `dates` what is
    due from today on; `manner` sentences about language, hours and pace, each with its number.
    """

    history: History
    people: tuple[Person, ...]
    clashes: tuple[Clash, ...]
    ours: tuple[Entry, ...]
    theirs: tuple[Entry, ...]
    agreements: tuple[Entry, ...]
    refused: tuple[Entry, ...]
    dates: tuple[Entry, ...]
    manner: tuple[str, ...]


def brief(history: History) -> Brief:
    """Put a client on one page."""
    today = history.today
    agreed = [e for e in history.entries if _is_agreement(e, today)]
    no = [e for e in history.entries if e.steps and state_on(e, today) is State.REJECTED]
    ours, theirs = owed_by(history, Side.US), owed_by(history, Side.CLIENT)
    coming = [e for e in (*ours, *theirs) if e.finding.terms.due and due_day(e.finding.terms.due) >= today]
    return Brief(
        history=history,
        people=people(history),
        clashes=clashes(history),
        ours=ours,
        theirs=theirs,
        agreements=tuple(agreed[-_AGREEMENTS:]),
        refused=tuple(e for e in no if history.now - e.finding.date < _NEWEST)[-_AGREEMENTS:],
        dates=tuple(sorted(coming, key=lambda e: e.finding.terms.due or "")),
        manner=_manner(history),
    )


def _is_agreement(entry: Entry, today: date) -> bool:
    """Say whether an entry is an agreement on terms: an offer or decision that stands, or the client's full yes."""
    finding = entry.finding
    if finding.kind is Kind.APPROVAL:
        return finding.side is Side.CLIENT and not entry.weak
    standing = (State.AGREED, State.CONFIRMED, State.DONE)
    return finding.kind in (Kind.PROPOSAL, Kind.DECISION) and state_on(entry, today) in standing


def people(history: History) -> tuple[Person, ...]:
    """Return the client's people, whoever decides first, with the role that their mail suggests."""
    wrote = Counter(mail.person for mail in history.mails if mail.side is Side.CLIENT)
    contacts = {contact.email: contact for contact in history.client.contacts}
    names = {m.person: m.read.message.sender.name for m in history.mails if m.read.message.sender}
    rows = []
    for email in dict.fromkeys([*contacts, *wrote]):
        contact = contacts.get(email)
        seems, proof = _seems(history, email)
        rows.append(
            Person(
                email=email,
                name=(contact.name if contact else "") or names.get(email, ""),
                role=contact.role if contact else "",
                decides=contact.decides if contact else None,
                wording=(contact.wording if contact else "") or history.client.wording,
                mails=wrote[email],
                seems=seems,
                proof=proof,
            )
        )
    return tuple(sorted(rows, key=lambda p: (not p.decides, -p.mails, p.email)))


def _seems(history: History, email: str) -> tuple[str, tuple[str, ...]]:
    """Say what a person's mail suggests: decides, finance, technical or go-between; "" where it says too little."""
    mine = [e for e in history.entries if e.finding.who == email]
    yes = [e for e in mine if e.finding.kind in (Kind.APPROVAL, Kind.REJECTION) and e.finding.terms.topic in _BINDING]
    relays = [m for m in history.mails if m.person == email and found(Cue.RELAYS, m.text)]
    money = [e for e in mine if e.finding.terms.topic in _FINANCE]
    machines = [e for e in mine if e.finding.terms.topic in _TECHNICAL]
    if len(relays) >= _ENOUGH and len(relays) > len(yes):
        return "go-between", tuple(mail.digest for mail in relays)
    if len(yes) >= _ENOUGH and len(yes) * 4 >= len(mine):
        return "decides", _digests(yes)
    if len(money) >= _ENOUGH and len(money) * 2 > len(mine):
        return "finance", _digests(money)
    if len(machines) >= _ENOUGH and len(machines) * 2 > len(mine):
        return "technical", _digests(machines)
    return "", ()


_BINDING = frozenset({Topic.SCOPE, Topic.DEADLINE, Topic.BUDGET})


def _digests(entries: Iterable[Entry]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(e.finding.evidence.digest for e in entries))


def clashes(history: History) -> tuple[Clash, ...]:
    """Return where two people of the client contradict each other: a no to, or other terms for, what the other said."""
    found_ = []
    for entry in history.entries:
        finding = entry.finding
        if finding.side is not Side.CLIENT:
            continue
        against = (entry.answers,) if finding.kind is Kind.REJECTION else ()
        for target in (*against, entry.replaces):
            before = history.by_id.get(target or "")
            if before and before.finding.side is Side.CLIENT and before.finding.who != finding.who:
                found_.append(Clash(first=before, second=entry))
    return tuple(found_)


def _manner(history: History) -> tuple[str, ...]:
    """Say how the two sides write to each other, in sentences with their numbers."""
    theirs = [mail for mail in history.mails if mail.side is Side.CLIENT]
    if not theirs:
        return ()
    told = []
    spoken = Counter(mail.read.language for mail in theirs if mail.read.language)
    if spoken:
        language, number = spoken.most_common(1)[0]
        told.append(f"writes in {_LANGUAGES.get(language, language)} ({number} of {len(theirs)} mails)")
    late = sum(bool(off_hours_kind(mail.at, history.hours)) for mail in theirs)
    told.append(f"{late} of {len(theirs)} mails come outside working hours")
    for side, who in ((Side.CLIENT, "they answer"), (Side.US, "we answer")):
        minutes = [wait.minutes for wait in waits(history, side) if wait.answer]
        if minutes:
            told.append(f"{who} after {median(minutes) / 60:.1f} working hours (half of {len(minutes)} answers sooner)")
    complaints = [e for e in history.entries if e.finding.side is Side.CLIENT and e.finding.kind is Kind.ISSUE]
    if complaints:
        told.append(f"{len(complaints)} complaints, the last on {history.day(complaints[-1].finding.date):%-d %b %Y}")
    return tuple(told)


_LANGUAGES = {
    "en": "English",
    "de": "German",
    "fr": "French",
    "es": "Spanish",
    "it": "Italian",
    "nl": "Dutch",
}


def brief_json(one: Brief, *, handover: bool = False) -> dict[str, Any]:
    """Return a brief in its documented JSON shape; the hand-over adds every entry that is still of weight."""
    today = one.history.today

    def entries(those: Sequence[Entry]) -> list[dict[str, Any]]:
        return [as_json(entry, today) for entry in those]

    shape: dict[str, Any] = {
        "client": one.history.client.key,
        "name": one.history.client.name,
        "as_of": one.history.now.isoformat(timespec="seconds"),
        "agreement": one.history.client.agreement or None,
        "people": [
            {
                "email": p.email,
                "name": p.name,
                "role": p.role or None,
                "decides": p.decides,
                "wording": p.wording or None,
                "mails": p.mails,
                "seems": p.seems or None,
                "proof": list(p.proof),
            }
            for p in one.people
        ],
        "clashes": [{"first": c.first.id, "second": c.second.id} for c in one.clashes],
        "we_owe": entries(one.ours),
        "they_owe": entries(one.theirs),
        "agreed": entries(one.agreements),
        "refused": entries(one.refused),
        "dates": entries(one.dates),
        "manner": list(one.manner),
    }
    if handover:
        shape["changes"] = [
            {"old": as_json(old, today), "new": as_json(new, today)} for old, new in changes(one.history)
        ]
    return shape


def changes(history: History) -> tuple[tuple[Entry, Entry], ...]:
    """Return old and new terms in pairs, so that who takes over asks nothing twice."""
    pairs = ((history.by_id.get(e.replaces), e) for e in history.entries if e.replaces)
    return tuple((old, new) for old, new in pairs if old is not None and old.finding.tier is Tier.LOG)
