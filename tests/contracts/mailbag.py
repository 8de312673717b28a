"""Invented mail, readings and drafts for tests of ledgers."""

import hashlib
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta, timezone

from mailsync.model.draft import Draft, DraftState, Letter, Line, Part
from mailsync.model.entry import Entry, Evidence, Finding, Kind, State, Step, Terms, Tier, Topic
from mailsync.model.mail import (
    Address,
    Attachment,
    Envelope,
    FolderMark,
    FolderRole,
    Location,
    Message,
    Outcome,
    Passage,
    RawMessage,
    Role,
    Sighting,
    Span,
)
from mailsync.model.people import Side
from mailsync.model.ports import Ledger
from mailsync.model.thread import ReadMessage, ThreadReading

#: A Monday morning in Berlin.
MONDAY = datetime(2026, 3, 2, 9, 0, tzinfo=timezone(timedelta(hours=1)))
NOW = datetime(2026, 3, 20, 12, 0, tzinfo=UTC)
ANNA = Address(email="anna@acme.example", name="Anna Berg")
ME = Address(email="robin@halecraft.example", name="Robin Hale")


def letter(
    name: str,
    text: str = "I will send the wireframes by Friday.",
    *,
    at: datetime = MONDAY,
    refs: Sequence[str] = (),
    subject: str = "Website",
    sender: Address = ANNA,
    to: Address = ME,
    files: Sequence[str] = (),
) -> Message:
    """Return a parsed message; `name` makes its Message-ID, `refs` are names of others."""
    digest = hashlib.sha256(_bytes(name, subject, text)).hexdigest()
    return Message(
        digest=digest,
        message_id=f"{name}@acme.example",
        sender=sender,
        to=(to,),
        sent_at=at,
        subject=subject,
        text=text,
        references=tuple(f"{ref}@acme.example" for ref in refs),
        attachments=tuple(Attachment(name=file, content_type="application/pdf", size=10) for file in files),
    )


def seen(
    message: Message,
    uid: int = 1,
    *,
    account: str = "robin",
    folder: str = "INBOX",
    uidvalidity: int = 7,
    client: str = "acme",
    outcome: Outcome = Outcome.READ,
    provider_id: str = "",
    fetched: bool = True,
) -> Sighting:
    """Return `message` as seen on a server; not `fetched` means that its body was known already."""
    place = Location(account=account, folder=folder, uidvalidity=uidvalidity, uid=uid)
    data = _bytes(message.message_id.partition("@")[0], message.subject, message.text)
    envelope = Envelope(
        location=place,
        size=len(data),
        internal_date=message.sent_at,
        message_id=message.message_id,
        addresses=(ANNA.email,),
        provider_id=provider_id,
    )
    raw = RawMessage(data=data, digest=message.digest, location=place, internal_date=message.sent_at)
    return Sighting(
        envelope=envelope,
        outcome=outcome,
        digest=message.digest,
        raw=raw if fetched else None,
        message=message if fetched else None,
        client=client,
    )


def passed(uid: int, *, folder: str = "INBOX") -> Sighting:
    """Return a message that is not a client's."""
    whole = seen(letter(f"private{uid}"), uid, folder=folder)
    return Sighting(envelope=whole.envelope, outcome=Outcome.NOT_CLIENT)


def mark(last_uid: int = 0, *, folder: str = "INBOX", uidvalidity: int = 7, account: str = "robin") -> FolderMark:
    """Return how far a folder is read."""
    return FolderMark(
        account=account, folder=folder, role=FolderRole.INBOX, uidvalidity=uidvalidity, last_uid=last_uid, circle="c1"
    )


def take_in(ledger: Ledger, *messages: Message, client: str = "acme", account: str = "robin") -> None:
    """Keep `messages` as the inbox's next ones."""
    first = ledger.marks(account)["INBOX"].last_uid + 1 if "INBOX" in ledger.marks(account) else 1
    sightings = [seen(one, uid, client=client, account=account) for uid, one in enumerate(messages, first)]
    ledger.keep(sightings, mark(first + len(messages) - 1, account=account), NOW)


def entry(
    message: Message,
    quote: str = "",
    *,
    kind: Kind = Kind.COMMITMENT,
    state: State | None = State.OPEN,
    tier: Tier = Tier.LOG,
    due: str | None = "2026-03-06",
    amount: str | None = None,
    topic: Topic = Topic.DELIVERABLE,
    owner: str | None = ANNA.email,
    client: str = "acme",
    replaces: str | None = None,
    steps: Sequence[Step] = (),
    thread: str = "",
) -> Entry:
    """Return an entry that stands on `quote` (the whole text where none is given)."""
    quote = quote or message.text
    start = message.text.index(quote)
    evidence = Evidence(
        digest=message.digest, message_id=message.message_id, span=Span(start, start + len(quote)), quote=quote
    )
    finding = Finding(
        kind=kind,
        evidence=evidence,
        date=message.sent_at,
        side=Side.CLIENT,
        who=ANNA.email,
        owner=owner,
        terms=Terms(due=due, amount=amount, topic=topic),
        confidence=0.9,
        tier=tier,
        because="promise.will",
    )
    return Entry(
        id=hashlib.sha256(f"{message.message_id}{kind}{start}".encode()).hexdigest()[:10],
        thread=thread,
        client=client,
        finding=finding,
        replaces=replaces,
        steps=tuple(steps) or ((Step(at=message.sent_at, state=state),) if state else ()),
    )


def reading(ledger: Ledger, thread: str, *entries: Entry) -> ThreadReading:
    """Return what reading all of `thread` gave: `entries`, and every text the author's own."""
    messages = tuple(
        ReadMessage(
            message=message,
            passages=(Passage(Role.AUTHOR, Span(0, len(message.text))),) if message.text else (),
            language="en",
            client=client,
        )
        for message, client in ledger.messages(thread)
    )
    return ThreadReading(thread=thread, messages=messages, entries=entries)


def log_all(ledger: Ledger, *entries: Entry) -> None:
    """Record every thread that awaits reading, each with those of `entries` that stand on its messages."""
    for thread in ledger.unread_threads():
        mine = {message.digest for message, _ in ledger.messages(thread)}
        ledger.record(reading(ledger, thread, *(e for e in entries if e.finding.evidence.digest in mine)), NOW)


def thread_of(ledger: Ledger, message: Message) -> str:
    """Return the id of the thread that `message` is in."""
    return next(t.id for t in ledger.threads() if message.digest in {m.digest for m, _ in ledger.messages(t.id)})


def draft(thread: str, name: str = "d1", *, state: DraftState = DraftState.OPEN, body: str = "Hello Anna,") -> Draft:
    """Return a recap for `thread`."""
    return Draft(
        id=name,
        letter=Letter.RECAP,
        account="robin",
        thread=thread,
        client="acme",
        state=state,
        language="en",
        sender=ME,
        to=(ANNA,),
        subject="Re: Website",
        body=body,
        lines=(Line(part=Part.AGREED, number=1, text="Wireframes by Friday.", entries=("e1",)),),
        message_id=f"{name}@halecraft.example",
        created_at=NOW,
        changed_at=NOW,
        hold_until=NOW if state is DraftState.HELD else None,
        seen=("m1",),
    )


def _bytes(name: str, subject: str, text: str) -> bytes:
    head = f"Message-ID: <{name}@acme.example>\r\nSubject: {subject}\r\n\r\n{text}"
    return head.encode(errors="surrogatepass")
