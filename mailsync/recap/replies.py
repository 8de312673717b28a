"""Reads a client's ordinary reply to a letter back into the log, point by point.

A letter's numbered lines await an answer from the moment it left. What counts as an answer: a number with a verdict,
words between the quoted lines, a sentence that names a line's date or price or shares its words, an answer the links
found, and, where nothing is named, a yes to everything from somebody who decides. Silence is never acceptance.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import islice

from mailsync.model.draft import Draft, Line, Part
from mailsync.model.entry import STATEFUL, Entry, Evidence, Kind, State, Step, Terms, Tier
from mailsync.model.mail import Message, Role, Span, Statement
from mailsync.model.people import Circle, Side
from mailsync.model.settlement import Settlement
from mailsync.model.thread import Background, ReadMessage, ThreadReading
from mailsync.reading.statements import statements
from mailsync.recap.answers import CAP, Clause, Ear, Say, Word, clauses, hear
from mailsync.recap.sent import SentLetter, answered_letter, sent_letters, waited_until
from mailsync.text.words import lines as rows_of
from mailsync.text.words import one_line, words

#: States that only letters and their answers give to an entry.
BY_LETTER = frozenset({State.AWAITING, State.CONFIRMED, State.CORRECTED, State.DISPUTED, State.UNANSWERED})

#: A yes to everything is short; in longer sentences other things are spoken of.
SHORT = 14

#: An answer of more statements than this is no answer; the rest of it is not listened to.
MOST = 300

#: Rows of an answer that are listened to even where they look like a greeting or a name: how many, and how long.
ROWS, LONGEST = 200, 60


@dataclass(frozen=True, slots=True, kw_only=True)
class _Verdict:
    """What one statement says about one line. `weight` ranks it: 3 names the line, 2 speaks of it, 1 of everything."""

    number: int
    word: Word
    evidence: Evidence
    weight: int


def settle(
    reading: ThreadReading,
    letters: Sequence[Draft],
    background: Background,
    now: datetime | None = None,
    remind_days: int = 3,
) -> tuple[Settlement, ...]:
    """Say where each numbered line of each sent letter stands, in order of letters and lines.

    With `now`, a line without any answer is unanswered once `remind_days` working days have passed since the letter.
    """
    sent = sent_letters(reading, letters, background.circle)
    boards = {s.letter.id: {n: _awaiting(s, line) for n, line in _lines(s.letter).items()} for s in sent}
    for read in _answers(reading, background.circle):
        answered = answered_letter(read.message, sent)
        if answered is None:
            continue
        one, direct = answered
        board = boards[one.letter.id]
        for verdict in _verdicts(one.letter, read, reading, direct=direct):
            known = board[verdict.number]
            board[verdict.number] = _moved(known, verdict, read.message, background.circle)
    for one in sent:
        board = boards[one.letter.id]
        for number, what in one.letter.decided:
            if number in board:
                board[number] = replace(board[number], state=_DECIDED[what], weak="")
        if now is not None:
            late = waited_until(one.at, remind_days, background.hours)
            for number, known in board.items():
                if known.state is State.AWAITING and known.evidence is None and now >= late:
                    board[number] = replace(known, state=State.UNANSWERED, at=late)
    return tuple(board[number] for one in sent for board in (boards[one.letter.id],) for number in sorted(board))


_DECIDED = {"accepted": State.CONFIRMED, "disputed": State.DISPUTED}


def settled(
    reading: ThreadReading, background: Background, now: datetime | None = None, remind_days: int = 3
) -> ThreadReading:
    """Return `reading` with what letters and their answers did as steps of its entries; doing it twice equals once.

    `background.letters` are the letters about the thread. A step's `by` is the letter's id. A weak yes leaves the
    entry awaiting and is named in `weak`.
    """
    found = settle(reading, background.letters, background, now, remind_days)
    sent = {one.letter.id: one.at for one in sent_letters(reading, background.letters, background.circle)}
    return replace(reading, entries=tuple(_with_steps(entry, found, sent) for entry in reading.entries))


def _with_steps(entry: Entry, found: Sequence[Settlement], sent: Mapping[str, datetime]) -> Entry:
    own = [step for step in entry.steps if step.state not in BY_LETTER]
    mine = [s for s in found if entry.id in s.entries]
    if entry.finding.kind not in STATEFUL or not mine:
        return replace(entry, steps=tuple(own)) if len(own) != len(entry.steps) else entry
    steps, weak = own, entry.weak
    for one in mine:
        steps = [*steps, Step(at=sent[one.draft], state=State.AWAITING, by=one.draft)]
        if one.state is not State.AWAITING:
            steps.append(Step(at=one.at, state=one.state, by=one.draft))
        weak = one.weak or weak
    ordered = sorted(steps, key=lambda step: (step.at, step.state in BY_LETTER))
    return replace(entry, steps=_said_once(ordered), weak=weak)


def _said_once(steps: Sequence[Step]) -> tuple[Step, ...]:
    """Drop steps that change nothing: what is over awaits no answer, what is confirmed is not awaited again."""
    kept: list[Step] = []
    over = {State.DONE, State.REPLACED, State.REJECTED}
    for step in steps:
        before = kept[-1].state if kept else None
        if step.state is before or (step.state is State.AWAITING and before in over | {State.CONFIRMED}):
            continue
        if step.state in (State.CONFIRMED, State.UNANSWERED) and before in (State.DONE, State.REPLACED):
            continue
        kept.append(step)
    return tuple(kept)


def unanswered(
    draft: Draft, reading: ThreadReading, background: Background, now: datetime, remind_days: int
) -> tuple[Settlement, ...]:
    """Return the lines of a sent letter that nobody has answered for `remind_days` working days."""
    found = settle(reading, background.letters, background, now, remind_days)
    return tuple(s for s in found if s.draft == draft.id and s.state is State.UNANSWERED)


# ---- what an answer says ----


def _answers(reading: ThreadReading, circle: Circle) -> Iterator[ReadMessage]:
    """Yield what the client wrote; machines answer nothing."""
    for read in reading.messages:
        sender = read.message.sender
        person = not read.message.automatic and not read.unread.startswith(("automatic", "duplicate", "never"))
        if person and sender is not None and circle.side(sender.email) is Side.CLIENT:
            yield read


def _verdicts(letter: Draft, read: ReadMessage, reading: ThreadReading, *, direct: bool) -> tuple[_Verdict, ...]:
    """Return what a message says about the letter's lines, the weightiest word about each."""
    lines = _lines(letter)
    entries = {entry.id: entry for entry in reading.entries}
    terms = {number: _terms(line, entries) for number, line in lines.items()}
    ear = Ear(language=read.language, sent=read.message.sent_at, points=max(lines, default=0))
    found: list[_Verdict] = []
    heard: set[tuple[int, int]] = set()
    for statement in _statements(read, ear)[:MOST]:
        told = list(_of_statement(statement, lines, terms, ear, direct=direct))
        evidence = _evidence(read.message, statement)
        found += [_Verdict(number=n, word=word, evidence=evidence, weight=weight) for n, word, weight in told]
        if told:
            heard.add((statement.span.start, statement.span.end))
    found += _linked(lines, read.message, reading, heard)
    best: dict[int, _Verdict] = {}
    for verdict in found:
        if verdict.number not in best or verdict.weight > best[verdict.number].weight:
            best[verdict.number] = verdict
    return tuple(best.values())


def _statements(read: ReadMessage, ear: Ear) -> tuple[Statement, ...]:
    """Return an answer's statements, and short rows that look like greeting or name but answer ("All correct.")."""
    found, text = statements(read.message, read.passages), read.message.text
    covered = [(one.span.start, one.span.end) for one in found]
    more: list[Statement] = []
    above, before = "", None
    for passage in read.passages:
        span, role = passage.span, passage.role
        if role is Role.QUOTED:
            above = one_line(text[span.start : span.end].rstrip("> \n").rpartition("\n\n")[2][-CAP:])
        elif role is Role.AUTHOR or (role is Role.SIGNATURE and before is Role.QUOTED):
            for start, end in islice(rows_of(text, span.start, span.end), ROWS):
                row = text[start:end].rstrip()
                if row.strip() and len(row) <= LONGEST and not any(s < end and start < e for s, e in covered):
                    place = Span(start + len(row) - len(row.lstrip()), start + len(row))
                    more.append(Statement(span=place, quote=one_line(row), answering=above))
        before = role
    clear = (one for one in more if hear(one.quote, ear).say in (Say.YES, Say.NO))
    return tuple(sorted((*clear, *found), key=lambda one: one.span.start))


def _of_statement(
    statement: Statement, lines: Mapping[int, Line], terms: Mapping[int, Terms], ear: Ear, *, direct: bool
) -> Iterator[tuple[int, Word, int]]:
    """Yield (line, word, weight) for each line that a statement says something about."""
    above = _line_above(statement.answering, lines)
    cut = clauses(statement.quote, ear, statement.number)
    naming = any(_named(clause, lines) for clause in cut)
    for clause in cut:
        named = _named(clause, lines)
        if named:
            for number in named:
                word = hear(clause.text, ear, terms[number] if not clause.others else None)
                if word.say is not Say.NOTHING:
                    yield number, replace(word, say=Say.YES) if word.say is Say.BARE else word, 3
            continue
        plain = hear(clause.text, ear)
        if naming and not plain.every:  # "No, point 2 is wrong" says no to point 2 alone
            continue
        if above and not plain.every:
            word = hear(clause.text, ear, terms[above])
            if word.say is not Say.NOTHING:
                yield above, replace(word, say=Say.YES) if word.say is Say.BARE else word, 3
            continue
        spoken = _spoken_of(clause.text, lines, terms, ear)
        if spoken is not None:
            yield *spoken, 2
        elif direct and plain.say is not Say.NOTHING and len(words(clause.text)) <= SHORT:
            yield from _about_everything(plain, lines)


def _named(clause: Clause, lines: Mapping[int, Line]) -> tuple[int, ...]:
    if clause.others:
        return tuple(number for number in lines if number not in clause.numbers)
    return tuple(number for number in clause.numbers if number in lines)


def _spoken_of(text: str, lines: Mapping[int, Line], terms: Mapping[int, Terms], ear: Ear) -> tuple[int, Word] | None:
    """Find the one line a sentence without a number speaks of: it gives its date or price anew, or shares its words."""
    said = _content(text)
    scored = sorted(((len(said & _content(line.text)), -number) for number, line in lines.items()), reverse=True)
    shared, number = scored[0][0], -scored[0][1]
    if shared < min(2, len(lines)) or (len(scored) > 1 and shared == scored[1][0]):
        return None
    word = hear(text, ear, terms[number])
    if word.say in (Say.NO, Say.OTHER):
        return (number, word) if word.contrast else None
    return (number, word) if word.say is Say.YES and shared >= 2 else None


def _about_everything(word: Word, lines: Mapping[int, Line]) -> Iterator[tuple[int, Word, int]]:
    """Yield a word about the letter as a whole: a nod names nothing, and answers no question."""
    if word.say is Say.OTHER:
        word = replace(word, say=Say.NO)
    if word.say is Say.BARE:
        nod = replace(word, say=Say.WEAK, why="it names no point")
        word = replace(word, say=Say.YES) if len(lines) == 1 else nod
    for number, line in lines.items():
        if word.say is Say.YES and line.part is Part.QUESTION:
            yield number, replace(word, say=Say.WEAK, why="the question is still open"), 1
        else:
            yield number, word, 1


def _linked(
    lines: Mapping[int, Line], message: Message, reading: ThreadReading, heard: set[tuple[int, int]]
) -> Iterator[_Verdict]:
    """Yield what the log's links say where the sentence itself was not understood as an answer."""
    for entry in reading.entries:
        evidence = entry.finding.evidence
        place = (evidence.span.start, evidence.span.end)
        if evidence.digest != message.digest or entry.finding.tier is not Tier.LOG or place in heard:
            continue
        targets = {entry.replaces} if entry.replaces else set(entry.answers_all or (entry.answers,))
        for number, line in lines.items():
            if targets.isdisjoint(line.entries):
                continue
            if entry.replaces:
                yield _Verdict(
                    number=number, word=Word(say=Say.OTHER, terms=entry.finding.terms), evidence=evidence, weight=2
                )
            elif entry.finding.kind is Kind.REJECTION:
                yield _Verdict(number=number, word=Word(say=Say.NO), evidence=evidence, weight=2)
            elif entry.finding.kind is Kind.APPROVAL:
                word = Word(say=Say.WEAK, why=entry.weak) if entry.weak else Word(say=Say.YES)
                yield _Verdict(number=number, word=word, evidence=evidence, weight=2)


def _moved(known: Settlement, verdict: _Verdict, message: Message, circle: Circle) -> Settlement:
    """Return a line's settlement after one more word about it."""
    assert message.sender is not None
    word, who = verdict.word, message.sender.email
    new = replace(known, at=message.sent_at, who=who, evidence=verdict.evidence, weak="", terms=None)
    if word.say is Say.OTHER:
        return replace(new, state=State.CORRECTED, terms=word.terms)
    if word.say is Say.NO:
        return replace(new, state=State.DISPUTED)
    if word.say is Say.YES and circle.decides(who):
        corrected = known.state is State.CORRECTED and verdict.weight == 1
        return known if corrected else replace(new, state=State.CONFIRMED)
    if known.state is not State.AWAITING:  # a weak word takes back nothing
        return known
    return replace(new, weak=word.why if word.say is Say.WEAK else "it comes from somebody who does not decide")


# ---- small change ----


def _lines(letter: Draft) -> dict[int, Line]:
    return {line.number: line for line in letter.lines if line.number}


def _awaiting(one: SentLetter, line: Line) -> Settlement:
    return Settlement(draft=one.letter.id, line=line.number, entries=line.entries, state=State.AWAITING, at=one.at)


def _terms(line: Line, entries: Mapping[str, Entry]) -> Terms:
    """Return the date and amount a line stands on: the first its entries name."""
    known = [entries[i].finding.terms for i in line.entries if i in entries]
    dated = next((t for t in known if t.due), known[0] if known else Terms())
    return replace(dated, amount=next((t.amount for t in known if t.amount), None))


def _line_above(answering: str, lines: Mapping[int, Line]) -> int:
    """Return the number of the letter's line that ends the quotation above an answer; 0 for none."""
    quoted = words(answering)
    for number, line in sorted(lines.items(), reverse=True):
        text = words(line.text)
        tail = set(quoted[-len(text) - 4 :])
        if text and len(set(text) & tail) >= 0.8 * len(set(text)):
            return number
    return 0


def _content(text: str) -> set[str]:
    return {word for word in words(text) if len(word) > 3 or word.isdigit()}


def _evidence(message: Message, statement: Statement) -> Evidence:
    return Evidence(digest=message.digest, message_id=message.message_id, span=statement.span, quote=statement.quote)
