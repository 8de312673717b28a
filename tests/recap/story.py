"""Invented threads for the letters' tests: real messages read by the real reading part, entries placed by hand."""

import hashlib
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from mailsync.model.draft import Draft, DraftState
from mailsync.model.entry import STATEFUL, Entry, Evidence, Finding, Kind, State, Step, Terms, Tier
from mailsync.model.mail import Address, Message, RawMessage, Span
from mailsync.model.people import Circle, Client, Contact, WorkingHours
from mailsync.model.ports import ThreadInfo
from mailsync.model.thread import Background, ReadMessage, ThreadReading
from mailsync.reading.read import read
from mailsync.recap.compose import Occasion
from mailsync.recap.people import Writer

ROBIN, MIA = "robin@halecraft.example", "mia@halecraft.example"
DANA, TIM, EVE = "dana@harbor.example", "tim@harbor.example", "eve@other.example"
PEOPLE = {ROBIN: "Robin Hale", MIA: "Mia Lund", DANA: "Dana Fox", TIM: "Tim Roth", EVE: "Eve Gray"}
MONDAY = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
HOURS = WorkingHours(zone="UTC")


def circle(**contact: object) -> Circle:
    """Return the office: Robin and Mia against Harbor Foods, where Dana decides, and another client."""
    dana = Contact(email=DANA, name="Dana Fox", decides=True, **contact)
    harbor = Client(key="harbor", name="Harbor Foods", domains=("harbor.example",), contacts=(dana,))
    other = Client(key="other", name="Other Ltd", domains=("other.example",))
    return Circle(own=(ROBIN,), colleagues=(MIA,), clients=(harbor, other))


class Story:
    """A thread told message by message."""

    def __init__(self, subject: str = "New booking page", known: Circle | None = None) -> None:
        self.subject, self.circle = subject, known or circle()
        self.messages: list[Message] = []
        self.entries: list[Entry] = []
        self.letters: list[Draft] = []

    def mail(
        self,
        sender: str,
        text: str,
        at: datetime | None = None,
        *,
        to: Sequence[str] = (),
        cc: Sequence[str] = (),
        message_id: str = "",
        answering: Message | None = None,
        **more: object,
    ) -> Message:
        """Add a message; it answers the one before unless told otherwise."""
        before = answering or (self.messages[-1] if self.messages else None)
        at = at or (before.sent_at + timedelta(hours=1) if before else MONDAY)
        digest = hashlib.sha256(f"{sender}{at}{text}{len(self.messages)}".encode()).hexdigest()
        others = to or ([DANA] if sender in (ROBIN, MIA) else [ROBIN])
        message = Message(
            digest=digest,
            message_id=message_id or f"m{len(self.messages)}.{digest[:8]}@mail.example",
            sender=person(sender),
            to=tuple(person(a) for a in others),
            cc=tuple(person(a) for a in cc),
            sent_at=at,
            subject=f"Re: {self.subject}" if before else self.subject,
            text=text,
            in_reply_to=(before.message_id,) if before else (),
            references=(*before.references, before.message_id) if before else (),
            **more,
        )
        self.messages.append(message)
        return message

    def says(
        self,
        sender: str,
        quote: str,
        kind: Kind = Kind.COMMITMENT,
        *,
        message: Message | None = None,
        owner: str | None = None,
        answers: Entry | None = None,
        replaces: Entry | None = None,
        weak: str = "",
        tier: Tier = Tier.LOG,
        state: State | None = None,
        **terms: object,
    ) -> Entry:
        """Add an entry with its message (or in `message`); what it answers or replaces moves with it."""
        message = message or self.mail(sender, f"Hello,\n\n{quote}\n\nRegards\n")
        start = message.text.index(quote)
        evidence = Evidence(
            digest=message.digest,
            message_id=message.message_id,
            span=Span(start, start + len(quote)),
            quote=" ".join(quote.split()),
        )
        finding = Finding(
            kind=kind,
            evidence=evidence,
            date=message.sent_at,
            side=self.circle.side(sender),
            who=sender,
            owner=owner or (sender if kind is Kind.COMMITMENT else None),
            terms=Terms(**terms),
            confidence=0.95,
            tier=tier,
            because="told",
        )
        steps = (Step(at=message.sent_at, state=state or State.OPEN),) if kind in STATEFUL else ()
        entry = Entry(
            id=f"e{len(self.entries) + 1}",
            thread="t1",
            client="harbor",
            finding=finding,
            answers=answers.id if answers else None,
            replaces=replaces.id if replaces else None,
            steps=steps,
            weak=weak,
        )
        if answers and not weak and kind in _MOVES:
            self.move(answers, _MOVES[kind], entry)
        if replaces:
            self.move(replaces, State.REPLACED, entry)
        self.entries.append(entry)
        return entry

    def move(self, entry: Entry, state: State, by: Entry | None = None) -> None:
        """Let an entry take a step."""
        at = by.finding.date if by else entry.finding.date
        now = next(e for e in self.entries if e.id == entry.id)
        step = Step(at=at, state=state, by=by.id if by else "")
        self.entries[self.entries.index(now)] = replace(now, steps=(*now.steps, step))

    def send(self, draft: Draft, at: datetime | None = None, body: str = "", message_id: str = "") -> Draft:
        """Let a letter leave: its copy joins the thread, its state becomes sent."""
        message = self.mail(ROBIN, body or draft.body, at, message_id=message_id or draft.message_id)
        sent = replace(draft, state=DraftState.SENT, changed_at=message.sent_at)
        self.letters = [letter for letter in self.letters if letter.id != draft.id] + [sent]
        return sent

    @property
    def reads(self) -> tuple[ReadMessage, ...]:
        """The messages as the reading part reads them."""
        ordered = sorted(self.messages, key=lambda m: (m.sent_at, m.digest))
        return read(ordered, self.circle, lambda _: "harbor")

    @property
    def reading(self) -> ThreadReading:
        """The thread as read."""
        return ThreadReading(thread="t1", messages=self.reads, entries=tuple(self.entries))

    @property
    def background(self) -> Background:
        """What the thread is read against."""
        return Background(circle=self.circle, hours=HOURS, letters=tuple(self.letters))

    def occasion(self, now: datetime | None = None, **more: object) -> Occasion:
        """Return what a letter is written from, a day after the last message unless told otherwise."""
        last = max(m.sent_at for m in self.messages)
        info = ThreadInfo(
            id="t1",
            account="work",
            client="harbor",
            subject=self.subject,
            first_at=self.messages[0].sent_at,
            last_at=last,
            messages=len(self.messages),
        )
        return Occasion(
            thread=info,
            reading=self.reading,
            background=self.background,
            writer=Writer(name="Robin Hale"),
            now=now or last + timedelta(days=1),
            **more,
        )

    def raws(self) -> list[tuple[RawMessage, Message, str]]:
        """Return the messages as a ledger takes them in."""
        return [
            (RawMessage(data=m.text.encode() + m.digest.encode(), digest=m.digest), m, "harbor") for m in self.messages
        ]


_MOVES = {Kind.APPROVAL: State.AGREED, Kind.REJECTION: State.REJECTED, Kind.FULFILMENT: State.DONE}


def person(email: str) -> Address:
    """Return a mailbox with the name its owner goes by."""
    return Address(email=email, name=PEOPLE.get(email, ""))


def booking_page() -> Story:
    """Tell the usual story: a complaint, a request taken up, an offer accepted, a date moved."""
    story = Story()
    story.says(DANA, "The booking page has lost two orders since Friday.", Kind.ISSUE)
    asked = story.says(DANA, "Could you send the wireframes by Friday?", Kind.REQUEST, owner=ROBIN, due="2026-03-06")
    promise = story.says(ROBIN, "I'll have the wireframes to you by Friday.", due="2026-03-06", answers=asked)
    story.move(asked, State.AGREED, promise)
    offer = story.says(ROBIN, "The whole page costs 1,200 EUR.", Kind.PROPOSAL, amount="1200 EUR")
    story.says(DANA, "Approved, go ahead.", Kind.APPROVAL, answers=offer)
    launch = story.says(DANA, "We launch on 1 April.", Kind.DECISION, due="2026-04-01")
    story.says(DANA, "Make the launch 15 April instead.", Kind.DECISION, due="2026-04-15", replaces=launch)
    return story
