"""From the log to a letter: a recap says only what entries say, in the words they stand on.

The same log gives the same letter: nothing here asks a clock or a random number, and every line keeps the ids of the
entries it stands on.
"""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from mailsync.model.draft import Draft, DraftState, Letter, Line, Part
from mailsync.model.entry import Entry, Evidence, Kind, Tier
from mailsync.model.people import Side
from mailsync.model.ports import ThreadInfo
from mailsync.model.thread import Background, ReadMessage, ThreadReading, is_note
from mailsync.recap.due import confirmable, fresh
from mailsync.recap.letters import write
from mailsync.recap.lines import Point, Voice, part_of, points, text_of, worth_a_line
from mailsync.recap.people import (
    Envelope,
    Writer,
    called,
    closing,
    envelope,
    greeting,
    language_for,
    names,
    visible,
)
from mailsync.recap.replies import settle
from mailsync.recap.wording import clean, long_date, shortened, working_times

#: More numbered lines than this nobody answers; the oldest are left for the log.
MOST_LINES = 40

#: What a person may give a letter to say; a template shows a place to fill in where it is empty.
GIVEN = ("what", "reason", "plan", "new_date", "price", "effort", "when", "details")

_NUMBERED = (Part.DISCUSSED, Part.PROPOSED, Part.AGREED, Part.QUESTION)
_GROUPS = {
    "concern": Part.CONCERN,
    "discussed": Part.DISCUSSED,
    "proposed": Part.PROPOSED,
    "agreed": Part.AGREED,
    "questions": Part.QUESTION,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Occasion:
    """Everything a letter about a thread is written from; `own` is the user's folder of templates."""

    thread: ThreadInfo
    reading: ThreadReading
    background: Background
    writer: Writer
    now: datetime
    own: Path | None = None


def compose(occasion: Occasion) -> Draft | None:
    """Write the recap of what is new in a thread; None when nothing is to be confirmed or nobody can be written to.

    `occasion.background.letters` are all letters about the thread, whatever became of them. Raises TemplateError.
    """
    news = fresh(
        citable(occasion),
        occasion.background.letters,
        corrections=occasion.background.corrections,
        settled=answers_given(occasion),
    )
    if not any(confirmable(entry) for entry in news):
        return None
    return assemble(occasion, Letter.RECAP, lambda voice: recap_lines(news, citable(occasion), voice))


def answers_given(occasion: Occasion) -> tuple[Evidence, ...]:
    """Return the client's words that answered earlier letters: they settle those, and are no news."""
    background = occasion.background
    settlements = settle(occasion.reading, background.letters, background)
    return tuple(settlement.evidence for settlement in settlements if settlement.evidence is not None)


def citable(occasion: Occasion) -> tuple[Entry, ...]:
    """Return the entries a letter to the client may stand on.

    They stand in the log, were said by one of the two parties, and in a message that the client wrote or received.
    """
    circle, client = occasion.background.circle, occasion.thread.client
    seen = {r.message.digest for r in occasion.reading.messages if visible(r.message, circle, client)}
    return tuple(
        e
        for e in occasion.reading.entries
        if e.finding.tier is Tier.LOG and e.finding.side is not Side.THIRD and e.finding.evidence.digest in seen
    )


def recap_lines(news: Sequence[Entry], entries: Sequence[Entry], voice: Voice) -> tuple[Line, ...]:
    """Return the lines of a recap: the client's concern, then what was discussed, proposed and agreed, then questions.

    `news` is what wants confirming, `entries` all that may be cited beside it.
    """
    made = tuple(point for point in points(news, entries) if worth_a_line(point))[-MOST_LINES:]
    concern = _concern(made)
    # A bare complaint has said all it can as the concern; anything that can be answered gets its number as well.
    said = concern is not None and concern.head.finding.kind is Kind.ISSUE and not concern.answers
    placed: dict[tuple[Part, str, str], Point] = {}
    for point in made:
        if said and point is concern:
            continue
        evidence = point.head.finding.evidence
        # A sentence that is two entries in one part gives one line, which stands on both.
        key = (part_of(point, voice), evidence.digest, evidence.quote)
        placed[key] = placed[key].with_(point) if key in placed else point
    lines = numbered([(key[0], text_of(point, voice, key[0]), point.entries) for key, point in placed.items()])
    return (*_concern_lines(concern), *lines)


def numbered(lines: Sequence[tuple[Part, str, tuple[str, ...]]]) -> tuple[Line, ...]:
    """Return lines made of (part, text, entry ids), counted from 1 through the parts in their order."""
    ordered = [line for part in _NUMBERED for line in lines if line[0] is part]
    return tuple(
        Line(part=part, number=number, text=text, entries=entries)
        for number, (part, text, entries) in enumerate(ordered, 1)
    )


def assemble(
    occasion: Occasion,
    letter: Letter,
    lines_in: Callable[[Voice], tuple[Line, ...]],
    facts_in: Callable[[Voice], Mapping[str, Any]] | None = None,
) -> Draft | None:
    """Put a letter together: address it, choose its language, call `lines_in` for its lines, render it.

    `facts_in` gives further facts for the template. None when there is nobody at the client to write to, or no line.
    Raises TemplateError.
    """
    circle, client = occasion.background.circle, occasion.thread.client
    known = names(occasion.reading, circle, occasion.writer)
    outside = envelope(occasion.reading, occasion.background, client, known)
    if outside is None:
        return None
    language = language_for(occasion.reading, occasion.background, outside.to, client, occasion.writer.language)
    hello, formal = greeting(outside.to, circle, language, known)
    voice = Voice(language=language, formal=formal, known=known, circle=circle)
    lines = lines_in(voice)
    if not any(line.number for line in lines):
        return None
    facts = {"greeting": hello, **_facts(occasion, outside, lines, voice), **(facts_in(voice) if facts_in else {})}
    written = write(letter, language, facts, occasion.own)
    draft_id, message_id = _identity(occasion, letter, outside)
    return Draft(
        id=draft_id,
        letter=letter,
        account=occasion.thread.account,
        thread=occasion.thread.id,
        client=client,
        state=DraftState.OPEN,
        language=language,
        sender=outside.sender,
        to=outside.to,
        cc=outside.cc,
        subject=written.subject,
        body=written.body,
        html=written.html,
        lines=lines,
        message_id=message_id,
        in_reply_to=outside.in_reply_to,
        references=outside.references,
        created_at=occasion.now,
        changed_at=occasion.now,
        seen=tuple(read.message.digest for read in occasion.reading.messages),
        written=written.body,
    )


def _facts(occasion: Occasion, outside: Envelope, lines: Sequence[Line], voice: Voice) -> dict[str, Any]:
    """Return every variable a template may use (docs/recaps.md lists them) but the greeting."""
    return {
        **dict.fromkeys(GIVEN, ""),
        "number": 0,
        "days": 0,
        "sent_on": "",
        "spoken_on": _spoken_on(occasion, voice),
        "next_date": "",
        "dates": (),
        "subject": outside.subject,
        "closing": closing(voice.language, occasion.writer, formal=voice.formal),
        "formal": voice.formal,
        "name": occasion.writer.name,
        "client": _client_name(occasion),
        "today": long_date(occasion.now.date(), voice.language),
        "hours": working_times(occasion.background.hours, voice.language),
        "lines": tuple(lines),
        **{name: tuple(line for line in lines if line.part is part) for name, part in _GROUPS.items()},
        **_concern_facts(occasion, outside, lines, voice),
    }


def _spoken_on(occasion: Occasion, voice: Voice) -> str:
    """Return the day of the conversation where the letter is about one that was noted; "" where it is about mail."""
    newest = max((read.message for read in occasion.reading.messages), key=lambda m: m.sent_at)
    return long_date(newest.sent_at.date(), voice.language) if is_note(newest) else ""


def refresh(draft: Draft, occasion: Occasion) -> Draft:
    """Bring a waiting draft up to date with its thread; returns `draft` itself where nothing changes.

    An untouched recap is written anew, or withdrawn when nothing is left to confirm. A letter that a person edited is
    never rewritten: it becomes stale, and its note says what is new. Other untouched letters are withdrawn by newer
    mail: what they waited for, or reported, has changed. Raises TemplateError; the draft then stays as it is.
    """
    unseen = [r for r in occasion.reading.messages if r.message.digest not in draft.seen and not r.unread]
    untouched = draft.body == draft.written
    if untouched and draft.letter is Letter.RECAP:
        return _recomposed(draft, occasion)
    if not unseen:
        return draft
    if untouched:
        return _moved(draft, occasion, DraftState.WITHDRAWN, f"Withdrawn: {_news(unseen, occasion)}")
    return _moved(draft, occasion, DraftState.STALE, _what_changed(draft, unseen, occasion))


def _recomposed(draft: Draft, occasion: Occasion) -> Draft:
    others = tuple(letter for letter in occasion.background.letters if letter.id != draft.id)
    again = compose(replace(occasion, background=replace(occasion.background, letters=others)))
    if again is None:
        return _moved(draft, occasion, DraftState.WITHDRAWN, "Withdrawn: nothing is left to confirm.")
    kept = replace(
        again,
        id=draft.id,
        message_id=draft.message_id,
        state=draft.state,
        hold_until=draft.hold_until,
        created_at=draft.created_at,
        changed_at=draft.changed_at,
        note=draft.note,
    )
    return draft if kept == draft else replace(kept, changed_at=occasion.now)


def _moved(draft: Draft, occasion: Occasion, state: DraftState, note: str) -> Draft:
    if draft.state is state and draft.note == note:
        return draft
    return replace(draft, state=state, note=note, changed_at=occasion.now)


def _what_changed(draft: Draft, unseen: Sequence[ReadMessage], occasion: Occasion) -> str:
    """Say what an edited draft no longer knows: the mail since, lines it would have now, lines that no longer hold."""
    again = compose(occasion)
    old, new = [line.text for line in draft.lines], [line.text for line in again.lines] if again else []
    notes = [f"New mail since you edited this letter: {_news(unseen, occasion)}"]
    if draft.letter is Letter.RECAP:
        notes += [f"New: {text}" for text in new if text not in old]
        notes += [f"No longer so: {text}" for text in old if text not in new]
        notes += ["Nothing is left to confirm."] if not new else []
    return "\n".join(notes)


def _news(unseen: Sequence[ReadMessage], occasion: Occasion) -> str:
    known = names(occasion.reading, occasion.background.circle, occasion.writer)
    who = (
        f"{called(r.message.sender.email, known) if r.message.sender else '?'}, "
        f"{long_date(r.message.sent_at.date(), 'en')} {r.message.sent_at:%H:%M}"
        for r in unseen
    )
    return "; ".join(who) + "."


def _concern(made: Sequence[Point]) -> Point | None:
    """Choose the client's concern: the first problem they named, else what they first asked for in a longer letter."""
    theirs = [p for p in made if p.head.finding.side is Side.CLIENT]
    issues = [p for p in theirs if p.head.finding.kind is Kind.ISSUE]
    asked = [p for p in theirs if p.head.finding.kind is Kind.REQUEST]
    return issues[0] if issues else asked[0] if asked and len(made) > 2 else None


def _concern_lines(concern: Point | None) -> tuple[Line, ...]:
    if concern is None:
        return ()
    return (
        Line(
            part=Part.CONCERN,
            number=0,
            text=f'"{shortened(concern.head.finding.evidence.quote)}"',
            entries=(concern.head.id,),
        ),
    )


def _concern_facts(occasion: Occasion, outside: Envelope, lines: Sequence[Line], voice: Voice) -> dict[str, str]:
    """Say who voiced the concern ("" for the person written to) and when."""
    ids = {entry for line in lines if line.part is Part.CONCERN for entry in line.entries}
    entry = next((e for e in occasion.reading.entries if e.id in ids), None)
    if entry is None:
        return {"concern_who": "", "concern_date": ""}
    own_words = [a.email for a in outside.to] == [entry.finding.who]
    return {
        "concern_who": "" if own_words else voice.name(entry.finding.who),
        "concern_date": long_date(entry.finding.date.date(), voice.language),
    }


def _client_name(occasion: Occasion) -> str:
    clients = occasion.background.circle.clients
    return clean(next((c.name for c in clients if c.key == occasion.thread.client), occasion.thread.client))


def _identity(occasion: Occasion, letter: Letter, outside: Envelope) -> tuple[str, str]:
    """Make a draft's id and Message-ID from what it answers, so that writing it twice gives the same letter."""
    seed = "\n".join(
        (
            occasion.thread.id,
            letter.value,
            str(len(occasion.background.letters)),
            *(read.message.digest for read in occasion.reading.messages),
        )
    )
    digest = hashlib.sha256(seed.encode()).hexdigest()
    domain = outside.sender.email.rpartition("@")[2] or "mailsync.invalid"
    return f"d{digest[:12]}", f"mailsync.{digest[12:44]}@{domain}"
