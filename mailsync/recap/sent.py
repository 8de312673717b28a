"""Finds the letters that left among a thread's mail: the copy sent, what was changed in it, which one is answered."""

import difflib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from mailsync.model.draft import Draft, DraftState, Letter
from mailsync.model.mail import Message, Role
from mailsync.model.people import Circle, Side, WorkingHours
from mailsync.model.thread import ReadMessage, ThreadReading
from mailsync.text.words import words
from mailsync.text.worktime import NeverOpenError, add_working_days

#: Letters whose lines a client is asked to confirm.
ANSWERABLE = frozenset({Letter.RECAP, Letter.CORRECTED, Letter.REMINDER, Letter.CHANGE_ORDER})

#: States in which a letter may have reached the client.
OUT = frozenset({DraftState.PLACING, DraftState.PLACED, DraftState.SENDING, DraftState.SENT, DraftState.UNCLEAR})

_ITEM = re.compile(r"^[\s>]{0,10}(\d{1,2})[.)]\s+(.*)$")


@dataclass(frozen=True, slots=True, kw_only=True)
class SentLetter:
    """A letter that left: when, and the Message-ID under which the client knows it."""

    letter: Draft
    at: datetime
    message_id: str


def find_sent(draft: Draft, reading: ThreadReading, circle: Circle) -> Message | None:
    """Find a letter as it was sent: by Message-ID, else the first of our mails since that holds most of its lines.

    Mail programs that take a letter out of the Drafts folder may give it a Message-ID of their own.
    """
    ours = [r for r in reading.messages if r.message.sender and circle.side(r.message.sender.email) is Side.US]
    for read in ours:
        if read.message.message_id == draft.message_id:
            return read.message
    lines = [set(words(line.text)) for line in draft.lines if line.number]
    if draft.state not in OUT or not lines:
        return None
    for read in ours:
        message = read.message
        if message.digest in draft.seen:
            continue
        said = set(words(_own_words(read)))
        if sum(len(line & said) >= 0.8 * len(line) for line in lines) * 2 >= len(lines):
            return message
    return None


def compare_sent(draft: Draft, message: Message) -> tuple[str, ...]:
    """Say which numbered lines the user changed, cut or added in their mail program before sending."""
    before, after = numbered_lines(draft.body), numbered_lines(message.text)
    changes: list[str] = []
    used: set[int] = set()
    for number, text in before.items():
        near = max(after.items(), key=lambda item: _alike(text, item[1]), default=(0, ""))
        likeness = _alike(text, near[1])
        if likeness < 0.5:
            changes.append(f"Line {number} was cut: {text}")
            continue
        used.add(near[0])
        if words(text) != words(near[1]):
            changes.append(f"Line {number} was changed: {text} -> {near[1]}")
    changes += [f"Line {number} was added: {text}" for number, text in after.items() if number not in used]
    return tuple(changes)


def sent_letters(reading: ThreadReading, letters: Sequence[Draft], circle: Circle) -> tuple[SentLetter, ...]:
    """Return the letters that left and whose lines await an answer, in the order in which they left."""
    found: list[SentLetter] = []
    for letter in letters:
        if letter.letter not in ANSWERABLE or letter.state not in OUT:
            continue
        message = find_sent(letter, reading, circle)
        if message is not None:
            found.append(SentLetter(letter=letter, at=message.sent_at, message_id=message.message_id))
        elif letter.state is DraftState.SENT:
            found.append(SentLetter(letter=letter, at=letter.changed_at, message_id=letter.message_id))
    return tuple(sorted(found, key=lambda s: (s.at, s.letter.id)))


def answered_letter(message: Message, sent: Sequence[SentLetter]) -> tuple[SentLetter, bool] | None:
    """Return the letter a message answers, and whether it answers it directly; None where it answers none.

    A message that names other mail only crossed the letter. One that names none answers the last letter before it.
    """
    before = [one for one in sent if one.at < message.sent_at]
    for one in reversed(before):
        if one.message_id in message.in_reply_to:
            return one, True
    for named in reversed(message.references):
        for one in before:
            if one.message_id == named:
                return one, not message.in_reply_to
    if before and not message.in_reply_to and not message.references:
        return before[-1], True
    return None


def waited_until(sent: datetime, days: int, hours: WorkingHours) -> datetime:
    """Return when `days` working days have passed since a letter left: the same time of day, in the user's zone."""
    local = sent.astimezone(ZoneInfo(hours.zone))
    try:
        day = add_working_days(local.date(), days, hours)
    except NeverOpenError:
        day = local.date() + timedelta(days=days)
    return datetime.combine(day, time(local.hour, local.minute, local.second), local.tzinfo)


def _own_words(read: ReadMessage) -> str:
    spans = [p.span for p in read.passages if p.role is Role.AUTHOR]
    return "\n".join(read.message.text[s.start : s.end] for s in spans) if spans else read.message.text


def numbered_lines(text: str) -> dict[int, str]:
    """Return the numbered lines of a letter's text, wrapped ones joined."""
    found: dict[int, str] = {}
    number = 0
    for row in text[:100_000].split("\n"):
        item = _ITEM.match(row[:2000])
        if item:
            number = int(item[1])
            found[number] = item[2].strip()
        elif not row.strip():
            number = 0
        elif number:
            found[number] += " " + row.strip()
    return found


def _alike(one: str, other: str) -> float:
    return difflib.SequenceMatcher(None, words(one)[:200], words(other)[:200], autojunk=False).ratio()
