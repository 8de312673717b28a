"""Reads a whole thread, the pure heart of mailsync: messages in, entries with their links and states out."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime

from mailsync.extract.kinds import findings
from mailsync.extract.links import link
from mailsync.extract.noted import noted
from mailsync.model.draft import Draft
from mailsync.model.entry import Finding, Tier
from mailsync.model.mail import Message, RawMessage, Statement
from mailsync.model.people import PUBLIC_DOMAINS, Circle, Client, Side, WorkingHours
from mailsync.model.thread import Background, Heard, ReadMessage, ThreadReading, is_note
from mailsync.reading.parse import Limits, parse
from mailsync.reading.read import read_message
from mailsync.reading.statements import statements
from mailsync.reading.threads import gather, keys, thread_id
from mailsync.text.words import words

#: The client key of `extract_messages` where the circle lists no clients.
ANYBODY = "client"
_TROUBLE = "trouble: "


def read_thread(thread: str, messages: Sequence[tuple[Message, str]], background: Background) -> ThreadReading:
    """Read `messages`, each with its client's key, as one thread.

    The outcome depends on nothing but the arguments; the order of `messages` does not matter. A message that breaks
    the reading keeps its place with `unread` "trouble: ..." and never stops the others.
    """
    ordered = sorted(messages, key=lambda pair: (pair[0].sent_at.timestamp(), pair[0].digest))
    own_lines = _letter_lines(background.letters)
    heard: list[Heard] = []
    spoken: dict[str, str] = {}  # a short answer is in the language its writer used before, else in the thread's
    for message, client in ordered:
        sender = message.sender.email if message.sender else ""
        tongue = spoken.get(sender) or next(reversed(spoken.values()), "")
        heard.append(_hear(message, client, heard, background, spoken=tongue, own_lines=own_lines))
        if heard[-1].read.language:
            spoken.pop(sender, None)  # the latest speaker last
            spoken[sender] = heard[-1].read.language
    return ThreadReading(thread=thread, messages=tuple(h.read for h in heard), entries=link(thread, heard, background))


def extract_messages(
    raws: Iterable[RawMessage], circle: Circle, hours: WorkingHours | None = None
) -> Iterator[ThreadReading]:
    """Read raw messages without a ledger and yield each of their threads, by the date of its first message.

    Where `circle` lists no clients, everybody in a thread who is not of the user's side is its client, ANYBODY.
    """
    for group in gather(_parsed(raw) for raw in raws):
        known = circle if circle.clients else _with_anybody(circle, group)
        background = Background(circle=known, hours=hours or WorkingHours())
        pairs = [(message, _client_key(message, known)) for message in group]
        yield read_thread(thread_id(keys(group[0])), pairs, background)


def _hear(
    message: Message,
    client: str,
    earlier: Sequence[Heard],
    background: Background,
    *,
    spoken: str,
    own_lines: frozenset[str],
) -> Heard:
    """Read one message and take its findings; our own letters and their lines, sent or quoted, bring none."""
    try:
        before = [h.read.message for h in earlier if not h.read.unread.startswith(_TROUBLE)]
        read = read_message(message, client, before, background.circle, spoken)
        if not read.unread and any(letter.message_id == message.message_id for letter in background.letters):
            read = replace(read, unread="our own letter")
        if read.unread:
            return Heard(read=read)
        said = statements(message, read.passages)
        fresh = tuple(s for s in said if _key(s.quote) not in own_lines) if own_lines else said
        return Heard(
            read=read,
            statements=said,
            findings=_with_noted(read, said, findings(read, fresh, background, earlier), background, earlier),
        )
    except (OSError, ImportError, MemoryError):
        raise  # the installation's trouble, not the message's: nothing was read, so nothing may be recorded
    except Exception as error:  # noqa: BLE001  a strange message is a line in a report, not the end of the thread
        reason = f"{_TROUBLE}{type(error).__name__}: {error}"
        return Heard(read=ReadMessage(message=message, passages=(), client=client, unread=reason))


def _with_noted(
    read: ReadMessage,
    said: Sequence[Statement],
    found: tuple[Finding, ...],
    background: Background,
    earlier: Sequence[Heard],
) -> tuple[Finding, ...]:
    """Return the findings of a message together with those that a person found in it, by place.

    What the user wrote down of a conversation was written to be in the log: nothing of it is a mere suggestion.
    """
    if is_note(read.message):
        found = tuple(replace(f, tier=Tier.LOG) for f in found)
    own = noted(read, said, background, earlier)
    return tuple(sorted((*own, *found), key=lambda f: f.evidence.span.start)) if own else found


def _letter_lines(letters: Sequence[Draft]) -> frozenset[str]:
    """Return the normal forms of all lines that stand in our own letters."""
    texts = [line.text for letter in letters for line in letter.lines]
    return frozenset(_key(text) for text in texts) - {""}


def _key(text: str) -> str:
    """Return the words of `text` without list number, for comparing lines."""
    found = words(text)
    if found and found[0].isdigit() and len(found[0]) <= 2:
        found = found[1:]
    return " ".join(found)


def _parsed(raw: RawMessage) -> Message:
    """Parse a raw message; one that breaks the parser comes out empty, with the reason among its troubles."""
    try:
        return parse(raw, Limits())
    except Exception as error:  # noqa: BLE001  as above: troubles are data
        return Message(
            digest=raw.digest,
            message_id=f"{raw.digest[:32]}@unreadable.invalid",
            sender=None,
            sent_at=raw.internal_date or datetime.fromtimestamp(0, UTC),
            subject="",
            text="",
            troubles=(f"{type(error).__name__}: {error}",),
        )


def _with_anybody(circle: Circle, group: Sequence[Message]) -> Circle:
    """Return `circle` with one client: everybody in the messages who is not on the user's side.

    Who writes from a domain of the user's own is a colleague, unless anybody can have an address there.
    """
    people = {a.email for m in group for a in (m.sender, *m.to, *m.cc) if a}
    ours = {own.rpartition("@")[2] for own in circle.own} - PUBLIC_DOMAINS
    circle = replace(circle, colleagues=(*circle.colleagues, *sorted(ours)))
    others = tuple(sorted(email for email in people if circle.side(email) is not Side.US))
    return replace(circle, clients=(Client(key=ANYBODY, name=ANYBODY, addresses=others),))


def _client_key(message: Message, circle: Circle) -> str:
    """Return the key of the client whom the message is from, to or cc; "" for none."""
    people = (a.email for a in (message.sender, *message.to, *message.cc) if a)
    return next((client.key for email in people if (client := circle.client(email))), "")
