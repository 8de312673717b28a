"""Histories placed by hand: who wrote what when, and what it came to."""

from dataclasses import replace
from datetime import UTC, datetime

from mailsync.model.draft import Draft
from mailsync.model.entry import STATEFUL, Entry, Evidence, Finding, Kind, State, Step, Terms, Tier, Topic
from mailsync.model.mail import Address, Message, Passage, Role, Span
from mailsync.model.people import Baseline, Circle, Client, Contact, WorkingHours
from mailsync.model.thread import ReadMessage
from mailsync.patterns.history import History, history

US, DANA, TIM = "robin@halecraft.example", "dana@harbor.example", "tim@harbor.example"
HOURS = WorkingHours(zone="UTC")
DECIDES = (Contact(email=DANA, name="Dana Fox", decides=True), Contact(email=TIM, decides=False))


def on(day: int, hour: int = 10, minute: int = 0, month: int = 3) -> datetime:
    """Return a moment of March 2026; the 2nd is a Monday."""
    return datetime(2026, month, day, hour, minute, tzinfo=UTC)


class Desk:
    """A client's history in the making."""

    def __init__(self, *, hours: WorkingHours = HOURS, contacts: tuple[Contact, ...] = DECIDES, **baseline) -> None:
        self.client = Client(
            key="harbor",
            name="Harbor Foods",
            domains=("harbor.example",),
            contacts=contacts,
            baseline=Baseline(**baseline) if baseline else None,
        )
        self.hours = hours
        self.circle = Circle(own=(US,), clients=(self.client,))
        self.threads: dict[str, list[ReadMessage]] = {}
        self.entries: list[Entry] = []
        self.letters: list[Draft] = []

    def mail(
        self, sender: str, at: datetime, text: str = "Good morning.", *, thread: str = "t1", unread: str = ""
    ) -> Message:
        """Add a mail."""
        number = sum(len(reads) for reads in self.threads.values())
        message = Message(
            digest=f"{number:064x}",
            message_id=f"m{number}@mail.example",
            sender=Address(email=sender, name=sender.partition("@")[0].title()),
            sent_at=at,
            subject="Catalogue",
            text=text,
        )
        passages = (Passage(Role.AUTHOR, Span(0, len(text))),)
        read = ReadMessage(message=message, passages=passages, language="en", client="harbor", unread=unread)
        self.threads.setdefault(thread, []).append(read)
        return message

    def says(
        self,
        sender: str,
        at: datetime,
        quote: str,
        kind: Kind = Kind.COMMITMENT,
        *,
        thread: str = "t1",
        owner: str | None = None,
        message: Message | None = None,
        answers: Entry | None = None,
        replaces: Entry | None = None,
        tier: Tier = Tier.LOG,
        weak: str = "",
        **terms,
    ) -> Entry:
        """Add an entry with its mail (or in `message`)."""
        message = message or self.mail(sender, at, quote, thread=thread)
        finding = Finding(
            kind=kind,
            evidence=Evidence(
                digest=message.digest, message_id=message.message_id, span=Span(0, len(quote)), quote=quote
            ),
            date=at,
            side=self.circle.side(sender),
            who=sender,
            owner=owner,
            terms=Terms(**{"topic": Topic.DELIVERABLE, **terms}),
            confidence=0.95,
            tier=tier,
            because="told",
        )
        entry = Entry(
            id=f"e{len(self.entries) + 1}",
            thread=thread,
            client="harbor",
            finding=finding,
            answers=answers.id if answers else None,
            answers_all=(answers.id,) if answers else (),
            replaces=replaces.id if replaces else None,
            steps=(Step(at=at, state=State.OPEN),) if kind in STATEFUL else (),
            weak=weak,
        )
        self.entries.append(entry)
        return entry

    def move(self, entry: Entry, at: datetime, state: State, by: Entry | str = "someone") -> None:
        """Let an entry move on; an empty `by` is what silence says."""
        place = next(i for i, e in enumerate(self.entries) if e.id == entry.id)
        step = Step(at=at, state=state, by=by if isinstance(by, str) else by.id)
        self.entries[place] = replace(self.entries[place], steps=(*self.entries[place].steps, step))

    def asks(self, sender: str, at: datetime, quote: str = "Please send me the texts.", **more) -> Entry:
        """Add a request to the other side."""
        return self.says(sender, at, quote, Kind.REQUEST, owner=DANA if sender == US else US, **more)

    def history(self, now: datetime, since: datetime | None = None) -> History:
        """Return the history as of `now`."""
        return history(
            self.client,
            self.circle,
            self.hours,
            entries=self.entries,
            threads=self.threads,
            letters=self.letters,
            now=now,
            since=since,
        )
