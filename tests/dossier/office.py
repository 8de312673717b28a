"""A client's story in a real ledger, with mail that is bytes: what dispute folders and exports are tested on."""

import hashlib
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from email.utils import format_datetime

from mailsync.ledger.sqlite import SqliteLedger
from mailsync.model.entry import Entry, Evidence, Finding, Kind, State, Step, Terms, Tier, Topic
from mailsync.model.mail import (
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
from mailsync.model.people import Circle, Client, Contact
from mailsync.model.ports import Ledger
from mailsync.model.thread import ReadMessage, ThreadReading
from mailsync.reading.parse import parse

ME, ANNA, BEN = "robin@halecraft.example", "anna@acme.example", "ben@acme.example"
NOW = datetime(2026, 3, 20, 12, 0, tzinfo=UTC)
MONDAY = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
ACME = Client(
    key="acme", name="Acme Foods", domains=("acme.example",), contacts=(Contact(email=ANNA, name="Anna Berg"),)
)
OTHER = Client(key="other", name="Other Ltd", domains=("other.example",))
CIRCLE = Circle(own=(ME,), clients=(ACME, OTHER))


def mail(
    name: str,
    text: str,
    *,
    day: int = 0,
    sender: str = ANNA,
    to: str = ME,
    subject: str = "Website",
    answering: str = "",
    files: tuple[tuple[str, str, bytes], ...] = (),
    html: str = "",
) -> bytes:
    """Return a mail as a server gives it; `name` makes its Message-ID, `files` are (name, type, bytes)."""
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = sender, to, subject
    message["Date"] = format_datetime(MONDAY + timedelta(days=day))
    message["Message-ID"] = f"<{name}@mail.example>"
    if answering:
        message["In-Reply-To"] = message["References"] = f"<{answering}@mail.example>"
    message.set_content(text)
    if html:
        message.add_alternative(html, subtype="html")
    for file, kind, data in files:
        main, _, sub = kind.partition("/")
        message.add_attachment(data, maintype=main, subtype=sub, filename=file)
    return message.as_bytes(policy=message.policy.clone(linesep="\r\n"))


def take_in(ledger: Ledger, *mails: bytes, client: str = "acme", account: str = "work") -> list[Message]:
    """Keep mails as the inbox's next ones; return them parsed."""
    marks = ledger.marks(account)
    first = marks["INBOX"].last_uid + 1 if "INBOX" in marks else 1
    seen = [_sighting(data, uid, client, account) for uid, data in enumerate(mails, first)]
    mark = FolderMark(
        account=account,
        folder="INBOX",
        role=FolderRole.INBOX,
        uidvalidity=7,
        last_uid=first + len(mails) - 1,
        circle="c",
    )
    ledger.keep(seen, mark, NOW)
    return [one.message for one in seen if one.message]


def _sighting(data: bytes, uid: int, client: str, account: str) -> Sighting:
    place = Location(account=account, folder="INBOX", uidvalidity=7, uid=uid)
    raw = RawMessage(data=data, digest=hashlib.sha256(data).hexdigest(), location=place)
    message = parse(raw)
    raw = RawMessage(data=data, digest=raw.digest, location=place, internal_date=message.sent_at + timedelta(minutes=1))
    envelope = Envelope(
        location=place,
        size=len(data),
        internal_date=raw.internal_date,
        message_id=message.message_id,
        addresses=(ANNA,),
    )
    return Sighting(envelope=envelope, outcome=Outcome.READ, digest=raw.digest, raw=raw, message=message, client=client)


def entry(
    message: Message,
    quote: str,
    kind: Kind = Kind.COMMITMENT,
    *,
    due: str | None = None,
    amount: str | None = None,
    topic: Topic = Topic.DELIVERABLE,
    owner: str | None = None,
    answers: tuple[str, ...] = (),
    replaces: str | None = None,
    later: tuple[tuple[int, State, str], ...] = (),
    tier: Tier = Tier.LOG,
    weak: str = "",
    client: str = "acme",
) -> Entry:
    """Return an entry on `quote`; `later` are further steps: days after the first Monday, state, by whom."""
    start = message.text.index(quote)
    who = message.sender.email if message.sender else ""
    finding = Finding(
        kind=kind,
        evidence=Evidence(
            digest=message.digest, message_id=message.message_id, span=Span(start, start + len(quote)), quote=quote
        ),
        date=message.sent_at,
        side=CIRCLE.side(who),
        who=who,
        owner=owner,
        terms=Terms(due=due, amount=amount, topic=topic),
        confidence=0.9,
        tier=tier,
        because="test",
    )
    steps = [Step(at=message.sent_at, state=State.OPEN)]
    steps += [Step(at=MONDAY + timedelta(days=day), state=state, by=by) for day, state, by in later]
    stateful = kind in (Kind.COMMITMENT, Kind.REQUEST, Kind.PROPOSAL, Kind.DECISION)
    return Entry(
        id=name_of(message, quote),
        thread="",
        client=client,
        finding=finding,
        answers=answers[0] if answers else None,
        answers_all=answers,
        replaces=replaces,
        steps=tuple(steps) if stateful else (),
        weak=weak,
    )


def name_of(message: Message, quote: str) -> str:
    """Return the id of the entry on `quote`."""
    return hashlib.sha256((message.message_id + quote).encode()).hexdigest()[:12]


def record(ledger: Ledger, *entries: Entry) -> None:
    """Record every thread that awaits reading, with those of `entries` that stand on its messages."""
    for thread in ledger.unread_threads():
        kept = ledger.messages(thread)
        mine = {message.digest for message, _ in kept}
        reads = tuple(
            ReadMessage(
                message=message,
                passages=(Passage(Role.AUTHOR, Span(0, len(message.text))),) if message.text else (),
                language="en",
                client=client,
            )
            for message, client in kept
        )
        found = tuple(e for e in entries if e.finding.evidence.digest in mine)
        ledger.record(ThreadReading(thread=thread, messages=reads, entries=found), NOW)


HOSTILE = (
    ("../../../../tmp/PWNED-path", "application/pdf", b"%PDF-1.7 one"),
    ("=cmd|' /C calc'!A1.html", "text/html", b"<script>alert(1)</script>"),
    ("invoice\u202efdp.exe", "application/octet-stream", b"MZ"),
)


def story(ledger: SqliteLedger) -> dict[str, Entry]:
    """Tell a story: an offer that is accepted and later moved, our late delivery, another matter, another client."""
    offer, yes, moved, done, other, formula = take_in(
        ledger,
        mail("m1", "I can build the website for 4800 USD.\n\nI will deliver it by 6 March.", sender=ME, to=ANNA),
        mail("m2", "Agreed, go ahead with the website.", day=1, answering="m1"),
        mail("m3", "I need until 9 March for the website.", day=7, sender=ME, to=ANNA, answering="m2"),
        mail("m4", "The website is live.", day=10, sender=ME, to=ANNA, answering="m3", files=HOSTILE),
        mail("m5", "Please fix the SECRETPRINTER by Friday.\n\nThe website looks good.", day=11, answering="m4"),
        mail("m6", '=HYPERLINK("http://evil.example") is what I want.', day=12, subject="Sheets"),
    )
    quoting = mail("m7", "The OTHERMATTER costs 99 EUR.", day=13, sender="eve@other.example", answering="m4")
    [stranger] = take_in(ledger, quoting, client="other")
    found = {
        "price": entry(
            offer, "I can build the website for 4800 USD.", Kind.PROPOSAL, amount="4800 USD", topic=Topic.BUDGET
        ),
        "yes": entry(yes, "Agreed, go ahead with the website.", Kind.APPROVAL),
        "date": entry(offer, "I will deliver it by 6 March.", due="2026-03-06", topic=Topic.DEADLINE, owner=ME),
        "moved": entry(
            moved, "I need until 9 March for the website.", due="2026-03-09", topic=Topic.DEADLINE, owner=ME
        ),
        "live": entry(done, "The website is live.", Kind.FULFILMENT),
        "printer": entry(other, "Please fix the SECRETPRINTER by Friday.", Kind.REQUEST, due="2026-03-13", owner=ME),
        "formula": entry(formula, '=HYPERLINK("http://evil.example") is what I want.', Kind.REQUEST),
        "stranger": entry(stranger, "The OTHERMATTER costs 99 EUR.", Kind.PROPOSAL, amount="99 EUR", client="other"),
        "maybe": entry(other, "The website looks good.", Kind.APPROVAL, tier=Tier.SUGGESTION),
    }
    ids = {name: one.id for name, one in found.items()}
    found |= {
        "price": entry(offer, "I can build the website for 4800 USD.", Kind.PROPOSAL, amount="4800 USD",
                       topic=Topic.BUDGET, later=((1, State.AGREED, ids["yes"]),)),
        "yes": entry(yes, "Agreed, go ahead with the website.", Kind.APPROVAL, answers=(ids["price"], ids["date"])),
        "date": entry(offer, "I will deliver it by 6 March.", due="2026-03-06", topic=Topic.DEADLINE, owner=ME,
                      later=((1, State.AGREED, ids["yes"]), (7, State.REPLACED, ids["moved"]))),
        "moved": entry(moved, "I need until 9 March for the website.", due="2026-03-09", topic=Topic.DEADLINE, owner=ME,
                       replaces=ids["date"], later=((10, State.DONE, ids["live"]),)),
        "live": entry(done, "The website is live.", Kind.FULFILMENT, answers=(ids["moved"],)),
    }  # fmt: skip
    record(ledger, *found.values())
    return found
