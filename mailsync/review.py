"""What a person may do with letters and entries: the same functions for the terminal and the web page.

Every outward act (placing a letter in the Drafts folder, sending it) is recorded as an intent before it happens and
with its outcome after. Where a crash or a lost connection leaves the outcome unknown, the server is asked before
anything is tried again, and a letter that may have been sent is never sent again without a person saying so.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from mailsync.drafting import Drafting, occasion_of, settlements
from mailsync.extract.naming import id_of
from mailsync.model.draft import WAITING, Draft, DraftState, Letter, Line
from mailsync.model.entry import Entry, Evidence, Kind, State, Tier
from mailsync.model.errors import MailsyncError, NotFoundError, OutcomeUnknownError, StateError, UsageError
from mailsync.model.mail import Role, Span
from mailsync.model.ports import Outbox
from mailsync.model.settlement import Settlement
from mailsync.model.thread import Correction, standing
from mailsync.recap.check import Level, Remark, check
from mailsync.recap.letters import as_html
from mailsync.recap.occasions import corrected
from mailsync.text.words import one_line

#: The entry's fields that a person may correct, as `Correction.changes` names them.
CORRECTABLE = ("kind", "due", "owner", "amount", "topic", "client", "tier")


#: Characters that one entry may stand on.
LONGEST_QUOTE = 2000


@dataclass(frozen=True, slots=True, kw_only=True)
class Reviewer:
    """A person at work: what letters are written with, and the doors they leave by.

    `outbox` gives an account's outbox by the account's name, `to_bytes` turns a letter into a message with a Date.
    `by` is the person's name in the history.
    """

    drafting: Drafting
    outbox: Callable[[str], Outbox]
    to_bytes: Callable[[Draft, datetime], bytes]
    by: str = "user"


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """A letter as a person reviews it: each line with its entries, what the check remarks, what the client answered."""

    draft: Draft
    lines: tuple[tuple[Line, tuple[Entry, ...]], ...]
    remarks: tuple[Remark, ...]
    answers: tuple[Settlement, ...]


# ---- looking ----


def list_drafts(at: Reviewer, *, everything: bool = False, client: str = "") -> list[Draft]:
    """Return the letters that want a person, oldest first: waiting ones and those of unclear fate; or all."""
    states = () if everything else (*sorted(WAITING), DraftState.UNCLEAR)
    return at.drafting.ledger.drafts(states, client=client)


def look(at: Reviewer, draft_id: str) -> Seen:
    """Return a letter with everything a person should see beside it. Raises NotFoundError."""
    ledger = at.drafting.ledger
    draft = ledger.draft(draft_id)
    entries = {entry.id: entry for entry in ledger.entries(thread=draft.thread)}
    lines = tuple((line, tuple(entries[i] for i in line.entries if i in entries)) for line in draft.lines)
    answers = tuple(s for s in settlements(at.drafting, draft.thread) if s.draft == draft.id)
    return Seen(draft=draft, lines=lines, remarks=remarks(at, draft), answers=answers)


def remarks(at: Reviewer, draft: Draft) -> tuple[Remark, ...]:
    """Return what the check has to say about a letter."""
    occasion = occasion_of(at.drafting, draft.thread)
    return check(draft, occasion.reading, occasion.background, at.drafting.now())


# ---- changing ----


def edit(at: Reviewer, draft_id: str, body: str) -> Draft:
    """Give a waiting letter the text a person wrote; the text of mailsync itself makes it untouched again."""
    draft = _waiting(at, draft_id)
    text = body.replace("\r\n", "\n").replace("\r", "\n").strip()
    if not text:
        raise UsageError("a letter without text cannot be kept", "Discard the letter if nothing is to be said.")
    text += "\n"
    state = DraftState.OPEN if text == draft.written else DraftState.EDITED
    seen = occasion_of(at.drafting, draft.thread).reading.messages  # whoever edits now has seen the thread as it is
    changed = replace(
        draft,
        body=text,
        html=as_html(text),
        state=state,
        note="",
        seen=tuple(read.message.digest for read in seen),
    )
    return _keep(at, changed, draft)


def hold(at: Reviewer, draft_id: str, until: datetime) -> Draft:
    """Keep a letter back until a moment (aware); it comes back by itself."""
    draft = _waiting(at, draft_id)
    if until <= at.drafting.now():
        raise UsageError("a letter can only be held until a later time", "Name a date after today.")
    return _keep(at, replace(draft, state=DraftState.HELD, hold_until=until), draft)


def discard(at: Reviewer, draft_id: str, reason: str) -> Draft:
    """Throw a letter away; the reason is kept. A letter of unclear fate cannot be thrown away unanswered."""
    draft = _waiting(at, draft_id)
    if not reason.strip():
        raise UsageError("discarding a letter needs a reason", "One word will do; it is kept in the history.")
    return _keep(at, replace(draft, state=DraftState.DISCARDED, note=reason.strip()), draft)


def undo(at: Reviewer, draft_id: str) -> Draft:
    """Take the last decision about a letter back: what was discarded, held or edited, or placed and deleted since."""
    draft = at.drafting.ledger.draft(draft_id)
    if draft.state in (DraftState.EDITED, DraftState.STALE) and draft.body != draft.written:
        back = replace(draft, body=draft.written, html=as_html(draft.written), state=DraftState.OPEN, note="")
    elif draft.state in (DraftState.DISCARDED, DraftState.HELD) or _vanished(at, draft):
        back = replace(draft, state=_at_rest(draft), hold_until=None, note="")
    else:
        raise StateError(f"letter {draft.id} is {draft.state.value}; there is nothing to take back", _next(draft.state))
    return _keep(at, back, draft)


def _vanished(at: Reviewer, draft: Draft) -> bool:
    """Say whether a placed letter lies in Drafts no more and was not sent: the user deleted it there."""
    if draft.state is not DraftState.PLACED:
        return False
    outbox = at.outbox(draft.account)
    return not outbox.has_draft(draft.message_id) and not outbox.was_sent(draft.message_id)


# ---- going out ----


def approve(at: Reviewer, draft_id: str, *, anyway: bool = False) -> Draft:
    """Place a letter in its account's Drafts folder, in the client's thread; exactly one, whatever fails.

    Raises StateError if the check found something that must not go out, or if mail came since the letter was edited
    (`anyway` overrides both); the outbox's error if the letter could not be placed (it then waits as before), or if
    nobody can say whether it was (it stays `placing` until `resolve_open_intents`).
    """
    draft = _waiting(at, draft_id)
    _fit_to_go(at, draft, anyway=anyway)
    outbox = at.outbox(draft.account)
    data = at.to_bytes(draft, at.drafting.now())
    there = outbox.has_draft(draft.message_id)  # an earlier try may have succeeded; a server that is away says so here
    intent = _keep(at, replace(draft, state=DraftState.PLACING, hold_until=None), draft)
    try:
        if not there:
            outbox.place(data)
    except (MailsyncError, OSError) as error:
        if not _ask(lambda: outbox.has_draft(draft.message_id), error):
            _keep(at, replace(draft, state=_at_rest(draft)), intent)
            raise
    return _keep(at, replace(intent, state=DraftState.PLACED), intent)


def send(at: Reviewer, draft_id: str, *, anyway: bool = False) -> Draft:
    """Send a letter by SMTP; never twice.

    The letter ends as sent, or as unclear when the connection broke at a point where nobody can say. An unclear one is
    only sent again when `anyway` says that a person has looked. Raises the outbox's error when it surely was not sent;
    the letter then waits as before.
    """
    draft = at.drafting.ledger.draft(draft_id)
    outbox = at.outbox(draft.account)
    if draft.state is DraftState.UNCLEAR:
        if outbox.was_sent(draft.message_id):
            return _keep(at, replace(draft, state=DraftState.SENT, note=""), draft)
        if not anyway:
            raise StateError(
                f"nobody knows whether letter {draft.id} was sent", "Look in your Sent folder, then say what you found."
            )
    else:
        draft = _waiting(at, draft_id)
    _fit_to_go(at, draft, anyway=anyway)
    data = at.to_bytes(draft, at.drafting.now())
    intent = _keep(at, replace(draft, state=DraftState.SENDING, hold_until=None), draft)
    try:
        outbox.send(data, draft.sender.email, [a.email for a in (*draft.to, *draft.cc)])
    except (OutcomeUnknownError, OSError) as error:
        return _unsure(at, intent, outbox, str(error))
    except MailsyncError:
        _keep(at, replace(draft, state=_at_rest(draft)), intent)
        raise
    return _keep(at, replace(intent, state=DraftState.SENT, note=""), intent)


def say_what_happened(at: Reviewer, draft_id: str, *, sent: bool) -> Draft:
    """Settle a letter of unclear fate by what a person found in their Sent folder."""
    draft = at.drafting.ledger.draft(draft_id)
    if draft.state is not DraftState.UNCLEAR:
        raise StateError(f"letter {draft.id} is {draft.state.value}, its fate is known", _next(draft.state))
    return _keep(at, replace(draft, state=DraftState.SENT if sent else _at_rest(draft), note=""), draft)


def resolve_open_intents(at: Reviewer) -> tuple[Draft, ...]:
    """Find out what became of letters that a crash left half-way; called once at the start of a worker.

    A letter found in Drafts is placed, one found in Sent is sent; one that was being placed and is in neither waits as
    before. One that was being sent and is not in Sent is unclear. A server that cannot be asked leaves it as it is.
    """
    done: list[Draft] = []
    for draft in at.drafting.ledger.drafts((DraftState.PLACING, DraftState.SENDING)):
        try:
            outbox = at.outbox(draft.account)
            if outbox.was_sent(draft.message_id):
                state = DraftState.SENT
            elif draft.state is DraftState.SENDING:
                state = DraftState.UNCLEAR
            else:
                state = DraftState.PLACED if outbox.has_draft(draft.message_id) else _at_rest(draft)
        except (MailsyncError, OSError):
            continue
        done.append(_keep(at, replace(draft, state=state), draft, by="mailsync"))
    return tuple(done)


# ---- entries ----


def correct_entry(
    at: Reviewer, entry_id: str, changes: Mapping[str, str | None], *, removed: bool = False, reason: str = ""
) -> Correction:
    """Keep what a person says about an entry: a field's right value, or that it is no agreement at all."""
    entry = at.drafting.ledger.entry(entry_id)
    unknown = sorted(set(changes) - set(CORRECTABLE))
    if unknown:
        raise UsageError(f"an entry has no field {unknown[0]!r} to correct", f"Fields: {', '.join(CORRECTABLE)}.")
    if not changes and not removed:
        raise UsageError("nothing was said about the entry", "Name a field and its right value, or remove the entry.")
    correction = Correction(
        entry=entry.id,
        at=at.drafting.now(),
        changes=tuple(sorted(changes.items())),
        removed=removed,
        reason=reason.strip(),
    )
    at.drafting.ledger.correct(correction)
    return correction


def add_entry(at: Reviewer, thread: str, digest: str, span: Span, kind: Kind) -> Correction:
    """Keep an entry that a person found in the words of one of the thread's messages, where reading did not.

    Raises NotFoundError for an unknown thread or message, UsageError for a place that is not the writer's own words.
    """
    reads = at.drafting.ledger.read_messages(at.drafting.ledger.thread(thread).id)
    read = next((one for one in reads if one.message.digest == digest), None)
    if read is None:
        raise NotFoundError("the conversation has no such message", "Load its page again.")
    own = [p.span for p in read.passages if p.role is Role.AUTHOR]
    if not any(p.start <= span.start < span.end <= p.end for p in own) or span.end - span.start > LONGEST_QUOTE:
        raise UsageError("an entry needs the writer's own words", "Select a sentence that is not quoted from others.")
    quote = one_line(read.message.text[span.start : span.end])
    if not any(map(str.isalnum, quote)):
        raise UsageError("an entry needs words", "Select a sentence, or choose a statement.")
    evidence = Evidence(digest=digest, message_id=read.message.message_id, span=span, quote=quote)
    correction = Correction(
        entry=id_of(evidence, kind),
        at=at.drafting.now(),
        changes=(("kind", kind.value), ("tier", Tier.LOG.value)),
        reason="found by a person",
        added=evidence,
    )
    at.drafting.ledger.correct(correction)
    return correction


def undo_correction(at: Reviewer, entry_id: str) -> Correction:
    """Take back the latest word of a person about an entry. Raises StateError where nothing was said."""
    ledger = at.drafting.ledger
    entry = ledger.entry(entry_id)
    if not standing(ledger.corrections(entry.thread)).get(entry.id):
        raise StateError(f"nobody has corrected entry {entry.id}", "There is nothing to take back.")
    correction = Correction(entry=entry.id, at=at.drafting.now(), undo=True)
    ledger.correct(correction)
    return correction


def accept_suggestion(at: Reviewer, entry_id: str) -> Correction:
    """Let a suggestion stand in the log."""
    return correct_entry(at, entry_id, {"tier": "log"})


def dismiss_suggestion(at: Reviewer, entry_id: str, reason: str = "") -> Correction:
    """Say that a suggestion is no agreement."""
    return correct_entry(at, entry_id, {}, removed=True, reason=reason)


# ---- the client's answer ----


def accept_correction(at: Reviewer, draft_id: str, line: int) -> Draft:
    """Accept what the client corrected in a line, and write the corrected recap; returns that new letter.

    Further accepted lines go into the same corrected recap while it waits.
    """
    ledger = at.drafting.ledger
    draft, answer = _corrected(at, draft_id, line)
    waiting = next(iter(ledger.drafts(sorted(WAITING), thread=draft.thread)), None)
    if waiting is not None and waiting.letter is not Letter.CORRECTED:
        raise StateError(f"letter {waiting.id} about this thread is still waiting", "Approve it or discard it first.")
    decided = _decided(draft, line, "accepted")
    letter = corrected(decided, settlements(at.drafting, draft.thread), occasion_of(at.drafting, draft.thread))
    if letter is None:
        raise StateError(f"letter {draft.id} has nobody left to write to", "Write to the client yourself.")
    _take_over(at, answer)
    _keep(at, decided, draft)
    if waiting is not None:
        letter = replace(letter, id=waiting.id, message_id=waiting.message_id, created_at=waiting.created_at)
        return _keep(at, letter, waiting)
    ledger.keep_draft(letter, None, at.drafting.now(), by=at.by)
    return letter


def dispute(at: Reviewer, draft_id: str, line: int) -> Draft:
    """Dispute what the client corrected in a line: both versions stay, side by side."""
    draft, _ = _corrected(at, draft_id, line)
    return _keep(at, _decided(draft, line, "disputed"), draft)


# ---- small change ----


def _corrected(at: Reviewer, draft_id: str, line: int) -> tuple[Draft, Settlement]:
    draft = at.drafting.ledger.draft(draft_id)
    answers = [s for s in settlements(at.drafting, draft.thread) if s.draft == draft.id and s.line == line]
    if not any(line == known.number for known in draft.lines) or not line:
        raise NotFoundError(f"letter {draft.id} has no line {line}", "The lines are numbered in the letter.")
    known = line in dict(draft.decided)  # a decision may be changed
    if not answers or (answers[0].state not in (State.CORRECTED, State.DISPUTED) and not known):
        raise StateError(
            f"the client has not corrected line {line} of letter {draft.id}", "There is nothing to answer."
        )
    return draft, answers[0]


def _take_over(at: Reviewer, answer: Settlement) -> None:
    """Give the entries of a corrected line their new terms, unless the client's own words made a new entry of them."""
    ledger = at.drafting.ledger
    lines = [ledger.entry(i) for i in answer.entries]
    replaced = {e.replaces for e in ledger.entries(thread=lines[0].thread) if e.id not in answer.entries}
    if answer.terms is None or not replaced.isdisjoint(answer.entries):
        return
    for name, value in (("due", answer.terms.due), ("amount", answer.terms.amount)):
        if value:
            entry = next((e for e in lines if getattr(e.finding.terms, name)), lines[0])
            reason = "corrected by the client, accepted"
            ledger.correct(Correction(entry=entry.id, at=at.drafting.now(), changes=((name, value),), reason=reason))


def _decided(draft: Draft, line: int, what: str) -> Draft:
    return replace(draft, decided=tuple(sorted((*(pair for pair in draft.decided if pair[0] != line), (line, what)))))


def _fit_to_go(at: Reviewer, draft: Draft, *, anyway: bool) -> None:
    if anyway:
        return
    if draft.state is DraftState.STALE:
        raise StateError(f"mail came since letter {draft.id} was edited", "Read it, edit the letter, then approve it.")
    stops = [r.sentence for r in remarks(at, draft) if r.level is Level.STOP]
    if stops:
        raise StateError(f"letter {draft.id} cannot go out like this: {stops[0]}", "Correct it, or insist.")


def _unsure(at: Reviewer, intent: Draft, outbox: Outbox, what: str) -> Draft:
    """Record a letter whose sending broke off: sent if the Sent folder says so, else unclear."""
    try:
        sent = outbox.was_sent(intent.message_id)
    except (MailsyncError, OSError):
        sent = False
    state, note = (DraftState.SENT, "") if sent else (DraftState.UNCLEAR, f"Look in your Sent folder: {what}")
    return _keep(at, replace(intent, state=state, note=note), intent)


def _ask(question: Callable[[], bool], error: Exception) -> bool:
    """Ask the server what happened; when it cannot be asked, the first error is the one to tell."""
    try:
        return question()
    except (MailsyncError, OSError):
        raise error from None


def _waiting(at: Reviewer, draft_id: str) -> Draft:
    draft = at.drafting.ledger.draft(draft_id)
    if draft.state not in WAITING:
        raise StateError(f"letter {draft.id} is {draft.state.value}", _next(draft.state))
    return draft


def _at_rest(draft: Draft) -> DraftState:
    return DraftState.OPEN if draft.body == draft.written else DraftState.EDITED


def _keep(at: Reviewer, draft: Draft, before: Draft, by: str = "") -> Draft:
    kept = replace(draft, changed_at=at.drafting.now())
    at.drafting.ledger.keep_draft(kept, before.state, at.drafting.now(), by=by or at.by)
    return kept


def _next(state: DraftState) -> str:
    """Return what a person can do about a letter in this state."""
    hints: Mapping[DraftState, str] = {
        DraftState.PLACED: "It lies in your Drafts folder; send it from there, or delete it there first.",
        DraftState.SENT: "It has left; write a corrected recap if something is wrong.",
        DraftState.UNCLEAR: "Look in your Sent folder, then say whether it was sent.",
        DraftState.DISCARDED: "Take that back with undo.",
        DraftState.WITHDRAWN: "It had become pointless; a new one comes when there is something to confirm.",
    }
    return hints.get(state, "Wait until the worker has finished with it, or start it again.")
