"""The letters besides the recap: what each of them stands on, and what a person must give it to say."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from mailsync.model.draft import Draft, DraftState, Letter, Line, Part
from mailsync.model.entry import Entry, Kind, State, due_day, state_on
from mailsync.model.people import Side
from mailsync.model.settlement import Settlement
from mailsync.recap.compose import GIVEN, Occasion, assemble, citable, numbered
from mailsync.recap.due import CONFIRMING, COVERING
from mailsync.recap.lines import Point, Voice, part_of, points, quoted, text_of, worth_a_line
from mailsync.recap.sent import find_sent
from mailsync.recap.wording import clean, long_date, shortened
from mailsync.text.worktime import is_open, working_days

#: States in which something is still owed or may still be taken up.
LIVE = (State.OPEN, State.AGREED, State.AWAITING, State.CONFIRMED, State.CORRECTED, State.UNANSWERED)

#: A letter that looks back at single mails names at most this many.
MOST = 5

_Rows = list[tuple[Part, str, tuple[str, ...]]]


def write_letter(
    letter: Letter, occasion: Occasion, given: Mapping[str, str], about: Draft | None = None
) -> Draft | None:
    """Write a letter of any kind but the recap; None where its thread holds nothing for it to stand on.

    `given` is what a person wants it to say, by the names of `GIVEN`; what they leave out stands in the letter as a
    place to fill in, which the check will not let pass. `about` is the letter that a reminder is about (else the last
    one that left). Raises TemplateError.
    """
    said: dict[str, Any] = {name: clean(given.get(name, ""), 2000) for name in GIVEN}
    if letter is Letter.REMINDER:
        return _reminder(occasion, about or _last_out(occasion), said)
    if letter not in _ROWS:
        return None
    return assemble(
        occasion,
        letter,
        lambda voice: numbered(_ROWS[letter](occasion, voice)),
        lambda voice: {**said, **_facts(letter, occasion, voice)},
    )


def corrected(draft: Draft, settlements: Sequence[Settlement], occasion: Occasion) -> Draft | None:
    """Write the corrected recap: the lines of `draft`, those that the client corrected and we accepted with new terms.

    None where no correction was accepted or nobody can be written to. Raises TemplateError.
    """
    accepted = {number for number, what in draft.decided if what == "accepted"}
    answers = {s.line: s for s in settlements if s.draft == draft.id and s.line in accepted}
    entries = {entry.id: entry for entry in occasion.reading.entries}

    def lines(voice: Voice) -> tuple[Line, ...]:
        rows: _Rows = []
        for line in draft.lines:
            if line.number in answers:
                rows.append((Part.AGREED, _as_corrected(line, answers[line.number], entries, voice), line.entries))
            elif line.number:
                rows.append((line.part, line.text, line.entries))
        return numbered(rows) if answers else ()

    letter = assemble(occasion, Letter.CORRECTED, lines, lambda voice: {"sent_on": _sent_on(occasion, draft, voice)})
    # Only this answer is dealt with here: whatever else the client wrote still wants a recap of its own.
    seen = (*draft.seen, *(s.evidence.digest for s in answers.values() if s.evidence))
    return replace(letter, seen=tuple(dict.fromkeys(seen))) if letter else None


def off_hours(occasion: Occasion) -> tuple[str, ...]:
    """Return when the client wrote outside working hours, the latest last, as ISO date-times in the user's zone."""
    hours, circle = occasion.background.hours, occasion.background.circle
    theirs = [
        read.message.sent_at.astimezone(ZoneInfo(hours.zone)).isoformat(timespec="minutes")
        for read in occasion.reading.messages
        if read.message.sender and not read.unread and circle.side(read.message.sender.email) is Side.CLIENT
        if not is_open(read.message.sent_at, hours)
    ]
    return tuple(theirs)


def _as_corrected(line: Line, answer: Settlement, entries: Mapping[str, Entry], voice: Voice) -> str:
    """Word a corrected line: the words it stood on, the client's correction, the new terms and the old."""
    head = next((entries[i] for i in line.entries if i in entries), None)
    said = [quoted(head, voice)] if head else []
    if answer.evidence is not None:
        said.append(f'{voice.name(answer.who)}: "{shortened(answer.evidence.quote)}"')
    notes, new = [], answer.terms
    if new is not None and new.due:
        notes.append(voice.say("lines", "by").format(date=long_date(new.due, voice.language, weekday=True)))
    if new is not None and new.amount:
        notes.append(clean(new.amount))
    return " – ".join(said) + (f" ({', '.join(notes)})" if notes else "")


def _reminder(occasion: Occasion, about: Draft | None, said: Mapping[str, Any]) -> Draft | None:
    """Ask again about a letter's lines, with the day it was sent and the working days since."""
    if about is None:
        return None
    lines = tuple(line for line in about.lines if line.number)
    zone = ZoneInfo(occasion.background.hours.zone)
    sent = _sent_at(occasion, about).astimezone(zone).date()
    days = working_days(sent, occasion.now.astimezone(zone).date(), occasion.background.hours)
    return assemble(
        occasion,
        Letter.REMINDER,
        lambda _voice: lines,
        lambda voice: {**said, "sent_on": long_date(sent, voice.language), "days": max(days, 0)},
    )


def _status(occasion: Occasion, voice: Voice) -> _Rows:
    """Choose what is done by us, in work on our side, waiting for the client."""
    done = [e for e in citable(occasion) if e.finding.kind is Kind.FULFILMENT and e.finding.side is Side.US]
    rows: _Rows = [(Part.DISCUSSED, quoted(e, voice), (e.id,)) for e in done]
    for part, side in ((Part.AGREED, Side.US), (Part.QUESTION, Side.CLIENT)):
        rows += [_row(part, p, voice) for p in _owed(occasion, side)]
    return rows


def _order(occasion: Occasion, voice: Voice) -> _Rows:
    """Choose the change itself: the last offer with a price or a change of terms, else the client's last request."""
    every = _points(occasion)
    offers = [p for p in every if p.head.finding.kind is Kind.PROPOSAL and (p.head.finding.terms.amount or p.old)]
    asked = [p for p in every if p.head.finding.kind is Kind.REQUEST and p.head.finding.side is Side.CLIENT]
    return [_row(Part.PROPOSED, p, voice) for p in (offers or asked)[-1:]]


def _delay(occasion: Occasion, voice: Voice) -> _Rows:
    """Choose our own promises whose date has passed, else the one that comes next."""
    dated = sorted(
        (p for p in _owed(occasion, Side.US) if p.head.finding.terms.due),
        key=lambda p: due_day(p.head.finding.terms.due or ""),
    )
    late = [p for p in dated if state_on(p.head, occasion.now) is State.OVERDUE]
    return [_row(Part.AGREED, p, voice) for p in late or dated[:1]]


def _asked_of_us(occasion: Occasion, voice: Voice) -> _Rows:
    """Choose what the client asked for and nobody has answered; else what they wrote last."""
    theirs = [e for e in citable(occasion) if e.finding.side is Side.CLIENT]
    asked = [e for e in theirs if e.finding.kind is Kind.REQUEST and e.state in (State.OPEN, State.UNANSWERED)]
    return [(Part.DISCUSSED, quoted(e, voice), (e.id,)) for e in (asked or theirs)[-MOST:]]


def _complaint(occasion: Occasion, voice: Voice) -> _Rows:
    """Choose the client's complaints, in their words."""
    theirs = [e for e in citable(occasion) if e.finding.side is Side.CLIENT]
    issues = [e for e in theirs if e.finding.kind is Kind.ISSUE]
    refused = [e for e in theirs if e.finding.kind is Kind.REJECTION]
    return [(Part.DISCUSSED, quoted(e, voice), (e.id,)) for e in (issues or refused)[-MOST:]]


def _everything_open(occasion: Occasion, voice: Voice) -> _Rows:
    """Choose what stands between the parties: promises and agreements not yet done, open offers and requests."""
    return [_row(part_of(p, voice), p, voice) for p in _points(occasion) if p.head.state in LIVE and worth_a_line(p)]


_ROWS: Mapping[Letter, Callable[[Occasion, Voice], _Rows]] = {
    Letter.STATUS: _status,
    Letter.CHANGE_ORDER: _order,
    Letter.DELAY: _delay,
    Letter.HOLDING: _asked_of_us,
    Letter.BOUNDARY: _asked_of_us,
    Letter.COMPLAINT: _complaint,
    Letter.HANDOVER: _everything_open,
    Letter.CLOSING: _everything_open,
}


def _facts(letter: Letter, occasion: Occasion, voice: Voice) -> dict[str, Any]:
    """Return the facts that only some kinds of letter know."""
    if letter is Letter.CHANGE_ORDER:
        before = [x for x in occasion.background.letters if x.letter is letter and x.state in COVERING]
        return {"number": len([x for x in before if x.state is not DraftState.DISCARDED]) + 1}
    if letter is Letter.BOUNDARY:
        return {"dates": tuple(long_date(at, voice.language, weekday=True) for at in off_hours(occasion)[-MOST:])}
    if letter is Letter.STATUS:
        today = occasion.now.date()
        dues = [p.head.finding.terms.due for side in (Side.US, Side.CLIENT) for p in _owed(occasion, side)]
        coming = sorted((due for due in dues if due and due_day(due) >= today), key=due_day)
        return {"next_date": long_date(coming[0], voice.language, weekday=True) if coming else ""}
    return {}


def _points(occasion: Occasion) -> tuple[Point, ...]:
    every = citable(occasion)
    return points(every, every)


def _owed(occasion: Occasion, side: Side) -> list[Point]:
    """Return the promises and requests that `side` still has to meet."""
    circle = occasion.background.circle

    def owes(entry: Entry) -> bool:
        finding = entry.finding
        owner = finding.owner or (finding.who if finding.kind is Kind.COMMITMENT else "")
        return (
            finding.kind in (Kind.COMMITMENT, Kind.REQUEST)
            and entry.state in LIVE
            and bool(owner)
            and circle.side(owner) is side
        )

    return [p for p in _points(occasion) if owes(p.head)]


def _row(part: Part, point: Point, voice: Voice) -> tuple[Part, str, tuple[str, ...]]:
    return part, text_of(point, voice, part), point.entries


def _last_out(occasion: Occasion) -> Draft | None:
    """Return the last confirming letter that has left, or lies ready to."""
    out = (DraftState.SENT, DraftState.PLACED, DraftState.UNCLEAR)
    letters = [x for x in occasion.background.letters if x.letter in CONFIRMING and x.state in out]
    return max(letters, key=lambda x: x.created_at) if letters else None


def _sent_at(occasion: Occasion, draft: Draft) -> datetime:
    message = find_sent(draft, occasion.reading, occasion.background.circle)
    return message.sent_at if message else draft.changed_at


def _sent_on(occasion: Occasion, draft: Draft, voice: Voice) -> str:
    return long_date(_sent_at(occasion, draft).date(), voice.language)
