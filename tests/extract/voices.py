"""Builds small invented threads for the tests of links, states and whole threads."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone

from mailsync.extract.links import link
from mailsync.model.entry import Entry, Evidence, Finding, Kind, Terms, Tier
from mailsync.model.mail import Address, Message, Span, Statement
from mailsync.model.people import Circle, Client, Contact
from mailsync.model.thread import Background, Heard, ReadMessage

US, ANNA, BEN = "dana@studio.example", "anna@client.example", "ben@client.example"
CLIENT = Client(
    key="client",
    name="Client",
    domains=("client.example",),
    contacts=(Contact(email=ANNA, decides=True), Contact(email=BEN, decides=False)),
)
BACKGROUND = Background(circle=Circle(own=(US,), clients=(CLIENT,)))
START = datetime(2026, 3, 2, 9, 0, tzinfo=timezone(timedelta(hours=1)))


@dataclass
class Say:
    """One statement; with a kind it is a finding too. `terms` are keyword arguments of Terms."""

    quote: str
    kind: Kind | None = None
    owner: str | None = None
    number: str = ""
    answering: str = ""
    terms: dict = field(default_factory=dict)


def heard(*mails: tuple[int, str, Sequence[Say]]) -> list[Heard]:
    """Return messages as heard; each mail is (days after START, sender, what it says) and replies to the one before."""
    messages: list[Heard] = []
    for n, (day, sender, says) in enumerate(mails):
        text = "\n".join(say.quote for say in says)
        message = Message(
            digest=f"{n:064x}",
            message_id=f"m{n}@mail.example",
            sender=Address(email=sender),
            sent_at=START + timedelta(days=day),
            subject="Shop",
            text=text,
            in_reply_to=(f"m{n - 1}@mail.example",) if n else (),
        )
        statements, findings, start = [], [], 0
        for place, say in enumerate(says):
            span = Span(start, start + len(say.quote))
            start = span.end + 1
            statements.append(
                Statement(
                    span=span, quote=say.quote, number=say.number, answering=say.answering, place=place, of=len(says)
                )
            )
            if say.kind:
                findings.append(finding(message, span, say))
        read = ReadMessage(message=message, passages=(), language="en", client="client")
        messages.append(Heard(read=read, statements=tuple(statements), findings=tuple(findings)))
    return messages


def finding(message: Message, span: Span, say: Say) -> Finding:
    """Return what `say` is found to be."""
    assert message.sender
    return Finding(
        kind=say.kind,
        evidence=Evidence(digest=message.digest, message_id=message.message_id, span=span, quote=say.quote),
        date=message.sent_at,
        side=BACKGROUND.circle.side(message.sender.email),
        who=message.sender.email,
        owner=say.owner,
        terms=Terms(**say.terms),
        confidence=0.95,
        tier=Tier.LOG,
        because="test",
    )


def linked(messages: Sequence[Heard], background: Background = BACKGROUND) -> dict[str, Entry]:
    """Return the entries by their quotes; of two with one quote, the later is "quote/kind"."""
    found: dict[str, Entry] = {}
    for entry in link("t1", messages, background):
        quote = entry.finding.evidence.quote
        found[f"{quote}/{entry.finding.kind}" if quote in found else quote] = entry
    return found
