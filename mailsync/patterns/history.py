"""All that the log holds of one client, put in order once, so that each habit is a few lines over it."""

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from mailsync.model.draft import Draft
from mailsync.model.entry import Entry, Kind, State, Tier, due_day
from mailsync.model.mail import Role
from mailsync.model.people import Baseline, Circle, Client, Side, WorkingHours
from mailsync.model.thread import ReadMessage
from mailsync.patterns.cues import Cue, found
from mailsync.text.worktime import is_working_day

#: How much of a message is looked at for words.
_TEXT_CAP = 20_000
#: States by which the other side has settled a question.
_SETTLED = frozenset({State.DONE, State.REJECTED, State.REPLACED, State.CONFIRMED, State.CORRECTED, State.DISPUTED})
#: A date this far ahead is somebody's wrong clock.
_CLOCKS = timedelta(days=1)
#: Working days are known from some weeks before the first mail on, but for no longer than this.
_MARGIN, _OLDEST = timedelta(days=60), timedelta(days=366 * 15)


@dataclass(frozen=True, slots=True, kw_only=True)
class Mail:
    """One message that a person wrote, of one of the two sides, with the entries that stand on it.

    `text` is what the person wrote in it, without quotations; `reminds` says that its beginning asks again, `requests`
    are the entries that ask the other side for something.
    """

    thread: str
    read: ReadMessage
    side: Side
    person: str
    text: str
    reminds: bool = False
    entries: tuple[Entry, ...] = ()
    requests: tuple[Entry, ...] = ()

    @property
    def at(self) -> datetime:
        """When it was sent, in the writer's zone."""
        return self.read.message.sent_at

    @property
    def digest(self) -> str:
        """Which message it is."""
        return self.read.message.digest


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    """A client's threads as of `now`.

    `entries` are those that stand in the log (`by_id` also knows the suggestions), `mails` the messages of persons,
    both by date; `threads` holds the mails by thread, `times` when each side wrote in them, `working` the working days
    of the whole time and a year beyond. `since` bounds what is counted, not what is known: states and answers are
    always judged by everything.
    """

    client: Client
    circle: Circle
    hours: WorkingHours
    now: datetime
    since: datetime | None
    entries: tuple[Entry, ...]
    mails: tuple[Mail, ...]
    letters: tuple[Draft, ...]
    threads: Mapping[str, tuple[Mail, ...]]
    by_id: Mapping[str, Entry]
    by_thread: Mapping[str, tuple[Entry, ...]]
    times: Mapping[tuple[str, Side], tuple[datetime, ...]]
    working: tuple[date, ...]

    @property
    def baseline(self) -> Baseline:
        """What was agreed at the start; an empty one where the configuration has none."""
        return self.client.baseline or Baseline()

    @property
    def today(self) -> date:
        """The user's day."""
        return self.day(self.now)

    def day(self, at: datetime) -> date:
        """Return the user's day of a moment."""
        return at.astimezone(ZoneInfo(self.hours.zone)).date()

    def counted(self, at: datetime) -> bool:
        """Say whether something that happened `at` belongs to the period asked for."""
        return self.since is None or at >= self.since

    def working_days(self, start: date, end: date) -> int:
        """Return how many working days follow `start` up to and with `end`; 0 where `end` lies before `start`."""
        return max(0, bisect_right(self.working, end) - bisect_right(self.working, start))

    def working_between(self, start: date, end: date) -> frozenset[date]:
        """Return the working days after `start` up to and with `end`."""
        return frozenset(self.working[bisect_right(self.working, start) : bisect_right(self.working, end)])

    def working_day(self, day: date) -> date:
        """Return the first working day on or after `day`."""
        place = bisect_left(self.working, day)
        return self.working[place] if place < len(self.working) and place else day

    def next_mail(self, thread: str, side: Side, after: datetime) -> Mail | None:
        """Return the first mail of `side` in `thread` later than `after`."""
        times = self.times.get((thread, side), ())
        place = bisect_right(times, after)
        if place == len(times):
            return None
        return next(m for m in self.threads[thread] if m.side is side and m.at == times[place])


def history(
    client: Client,
    circle: Circle,
    hours: WorkingHours,
    *,
    entries: Sequence[Entry],
    threads: Mapping[str, Sequence[ReadMessage]],
    letters: Sequence[Draft] = (),
    now: datetime,
    since: datetime | None = None,
) -> History:
    """Put together what the log holds of `client`; third parties, machines, copies and later mail are left out."""
    horizon = now + _CLOCKS
    known = [_as_of(e, now) for e in entries if e.finding.date <= horizon]
    standing = sorted(
        (e for e in known if e.finding.tier is Tier.LOG),
        key=lambda e: (e.finding.date, e.finding.evidence.digest, e.finding.evidence.span.start),
    )
    on: dict[str, list[Entry]] = {}
    of: dict[str, list[Entry]] = {}
    for entry in standing:
        on.setdefault(entry.finding.evidence.digest, []).append(entry)
        of.setdefault(entry.thread, []).append(entry)
    mails = sorted(
        (
            m
            for t, reads in threads.items()
            for r in reads
            if (m := _mail(t, r, client, circle, on)) and m.at <= horizon
        ),
        key=lambda m: (m.at, m.digest),
    )
    talks: dict[str, list[Mail]] = {}
    times: dict[tuple[str, Side], list[datetime]] = {}
    for mail in mails:
        talks.setdefault(mail.thread, []).append(mail)
        times.setdefault((mail.thread, mail.side), []).append(mail.at)
    return History(
        client=client,
        circle=circle,
        hours=hours,
        now=now,
        since=since,
        entries=tuple(standing),
        mails=tuple(mails),
        letters=tuple(sorted(letters, key=lambda d: d.created_at)),
        threads={thread: tuple(talk) for thread, talk in talks.items()},
        by_id={entry.id: entry for entry in known},
        by_thread={thread: tuple(those) for thread, those in of.items()},
        times={key: tuple(those) for key, those in times.items()},
        working=_working_days(hours, min((m.at for m in mails), default=now), now),
    )


def _as_of(entry: Entry, now: datetime) -> Entry:
    """Return an entry as it stood: without the steps that came after `now`."""
    if not entry.steps or entry.steps[-1].at <= now:
        return entry
    return replace(entry, steps=tuple(s for s in entry.steps if s.at <= now) or entry.steps[:1])


def _working_days(hours: WorkingHours, first: datetime, now: datetime) -> tuple[date, ...]:
    start, end = max(first, now - _OLDEST).date() - _MARGIN, now.date() + timedelta(days=366)
    days = (start + timedelta(days=n) for n in range((end - start).days))
    return tuple(day for day in days if is_working_day(day, hours))


def _mail(
    thread: str, read: ReadMessage, client: Client, circle: Circle, on: Mapping[str, Sequence[Entry]]
) -> Mail | None:
    """Return a message as a mail of one of the two sides, None for every other one."""
    message = read.message
    if message.sender is None or read.unread.startswith(("automatic", "duplicate", "never", "trouble")):
        return None
    side = circle.side(message.sender.email)
    if side is Side.THIRD or (side is Side.CLIENT and not client.has(message.sender.email)):
        return None
    text, entries = _own_words(read), tuple(on.get(message.digest, ()))
    return Mail(
        thread=thread,
        read=read,
        side=side,
        person=message.sender.email,
        text=text,
        reminds=bool(found(Cue.REMINDS, text)),
        entries=entries,
        requests=tuple(e for e in entries if e.finding.kind is Kind.REQUEST and owner_side(e, circle) is other(side)),
    )


def _own_words(read: ReadMessage) -> str:
    own = (p.span for p in read.passages if p.role is Role.AUTHOR)
    return "\n".join(read.message.text[span.start : span.end] for span in own)[:_TEXT_CAP]


def other(side: Side) -> Side:
    """Return the opposite side."""
    return Side.US if side is Side.CLIENT else Side.CLIENT


def owner_side(entry: Entry, circle: Circle) -> Side:
    """Say of which side something is due; where nobody is named, a promise binds whoever gave it."""
    finding = entry.finding
    owner = finding.owner or (finding.who if finding.kind is not Kind.REQUEST else "")
    if "@" in owner:
        return circle.side(owner)
    return other(finding.side) if finding.kind is Kind.REQUEST else finding.side


def is_owed(entry: Entry) -> bool:
    """Say whether somebody must act: a promise, a request, or a decision that names who acts."""
    finding = entry.finding
    return finding.kind in (Kind.COMMITMENT, Kind.REQUEST) or (
        finding.kind is Kind.DECISION and finding.owner is not None
    )


def ended(entry: Entry) -> datetime | None:
    """Return when something was done, refused or replaced, None while it is still to be done."""
    return next((s.at for s in entry.steps if s.state in (State.DONE, State.REJECTED, State.REPLACED)), None)


def asked_again(history: History, entry: Entry) -> tuple[datetime, ...]:
    """Return when the asker asked again: said the same, or reminded in the same thread, before it was settled."""
    finding, end = entry.finding, settled_at(entry) or history.now
    digests = {evidence.digest for evidence in entry.also}
    return tuple(
        mail.at
        for mail in history.threads.get(entry.thread, ())
        if finding.date < mail.at <= end and mail.side is finding.side
        if mail.reminds or mail.digest in digests
    )


def settled_at(entry: Entry) -> datetime | None:
    """Return when an entry settled a question, None if none did."""
    return next((s.at for s in entry.steps if s.state in _SETTLED), None)


def answered_at(history: History, entry: Entry) -> datetime | None:
    """Return when a question was answered, None while it is not.

    Words that settle it do; else the other side's first mail in the thread after the last time it was asked.
    """
    said = next((s.at for s in entry.steps if s.state in _SETTLED and s.state is not State.REPLACED and s.by), None)
    if said is not None:
        return said
    last = max(asked_again(history, entry), default=entry.finding.date)
    mail = history.next_mail(entry.thread, other(entry.finding.side), last)
    return mail.at if mail else settled_at(entry)


def dated(entries: Sequence[Entry]) -> Iterator[tuple[Entry, date]]:
    """Yield what is owed with the day on which it is due."""
    for entry in entries:
        if entry.finding.terms.due and is_owed(entry) and entry.steps:
            yield entry, due_day(entry.finding.terms.due)
