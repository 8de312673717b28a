"""The way of one message. START HERE: this module tells the whole product as one story.

    fetch > keep the raw bytes > parse > thread and side > passages > statements > findings > entries and links > log
    > (thread quiet) recap draft > review by a person > Drafts folder or SMTP > the client's answer, by the same door

The service, `mailsync poll`, `mailsync import`, the demo and the web page's button all call `run_once` or its steps.
Fetching and keeping come first, for all folders; then each thread with something new is read as a whole, in the order
of its messages, so that the log does not depend on the order in which folders were fetched. Every step may be
repeated after a crash: keeping and recording twice equals once.
"""

import hashlib
import logging
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TypeVar

from mailsync import readers
from mailsync.drafting import Drafting, draft_due
from mailsync.model.draft import DraftState
from mailsync.model.errors import FolderMissingError, LedgerError, LoginRefusedError, MailsyncError
from mailsync.model.event import Trouble
from mailsync.model.mail import Envelope, FolderMark, Location, Message, Outcome, RawMessage, Sighting
from mailsync.model.people import Circle
from mailsync.model.ports import Folder, Ledger, MailSource
from mailsync.model.thread import Background, ThreadReading
from mailsync.readers import Job
from mailsync.reading.parse import Limits, parse

log = logging.getLogger(__name__)
T = TypeVar("T")

#: UIDs asked for at once: one at a time is 20 to 40 times slower over a long line, more than 200 gains nothing.
BATCH = 200

#: Octets of mail held in memory before they are kept: 200 letters are little, 200 scans are not.
HELD = 32_000_000

#: Threads recorded in one transaction: each transaction waits for the disk once.
READ_TOGETHER = 25

#: Accounts taken in at the same time, each over its own connection.
AT_ONCE = 8

#: Letters that may have reached the client.
OUT = (DraftState.PLACING, DraftState.PLACED, DraftState.SENDING, DraftState.SENT, DraftState.UNCLEAR)


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """What the steps work with: what letters are written with (ledger, circle, clock ...), and the caps on a message.

    `auto` says whether quiet threads get their recap drafted without being asked. `stopped` is asked between batches
    and threads: a turn that is to stop ends there, and the next one goes on from there.
    """

    drafting: Drafting
    limits: Limits
    auto: bool = True
    stopped: Callable[[], bool] = bool  # bool() is False: nobody stops it

    @property
    def ledger(self) -> Ledger:
        """The log and the archive."""
        return self.drafting.ledger

    @property
    def circle(self) -> Circle:
        """Who is who."""
        return self.drafting.circle

    def now(self) -> datetime:
        """Tell the time; the reading itself never asks for it."""
        return self.drafting.now()


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """What one turn did; `troubles` are sentences for the person who asked, `refused` counts refused logins."""

    kept: int = 0
    passed_over: int = 0
    unread: int = 0
    threads: int = 0
    found: int = 0
    drafts: int = 0
    refused: int = 0
    troubles: tuple[str, ...] = ()

    def __add__(self, other: "Turn") -> "Turn":
        """Add up two turns."""
        return Turn(**{name: getattr(self, name) + getattr(other, name) for name in self.__slots__})


def run_once(desk: Desk, sources: Iterable[MailSource]) -> Turn:
    """Do one turn: take in what is new on every account, read it, draft what wants a recap.

    An account that fails is named in the turn's troubles and never stops or delays another.
    """
    halt = threading.Event()
    stopped = desk.stopped
    taking = replace(desk, stopped=lambda: halt.is_set() or stopped())
    with ThreadPoolExecutor(AT_ONCE, "mailsync-account") as pool:
        try:
            turn = sum(pool.map(lambda source: take_account(taking, source, close=True), sources), Turn())
        except BaseException:  # Ctrl-C too: let the others end after their batch
            halt.set()
            raise
    return turn + read_new(desk) + draft_recaps(desk)


# ---- taking in ----


def take_account(desk: Desk, source: MailSource, *, close: bool = False) -> Turn:
    """Bring one account up to date; what fails is kept as a trouble and told in the turn."""
    try:
        return take_in(desk, source)
    except LedgerError:
        raise
    except MailsyncError as error:
        refused = isinstance(error, LoginRefusedError)
        return keep_trouble(desk, "fetch", "", _sentence(error), source.account) + Turn(refused=refused)
    finally:
        if close:
            source.close()


def take_in(desk: Desk, source: MailSource) -> Turn:
    """Bring every folder of one account up to date. Raises what the source raises when the account is lost."""
    turn = Turn()
    marks = desk.ledger.marks(source.account)
    for folder in source.folders():
        if desk.stopped():
            return turn
        try:
            turn += take_folder(desk, source, folder, marks.get(folder.name))
        except FolderMissingError as error:
            turn += keep_trouble(desk, "fetch", folder.name, _sentence(error), source.account)
    desk.ledger.polled(source.account, "", desk.now())
    return turn


def take_folder(desk: Desk, source: MailSource, folder: Folder, mark: FolderMark | None) -> Turn:
    """Give every message of one folder its outcome, in batches so that memory stays flat."""
    state = source.examine(folder)
    circle = fingerprint(desk.circle)
    if mark is None or mark.uidvalidity != state.uidvalidity:
        # A new UIDVALIDITY makes every UID mean something else: start over; bodies that are kept are not fetched again.
        mark = FolderMark(
            account=source.account, folder=folder.name, role=folder.role, uidvalidity=state.uidvalidity, circle=circle
        )
    uids = source.uids(mark.last_uid)
    if mark.circle != circle:  # other clients are listed than when these were passed over
        uids = sorted({*uids, *desk.ledger.passed_over(mark)})
    turn = Turn()
    for batch in _batches(uids):
        if desk.stopped():
            return turn
        for portion in portions(look(desk, source, mark, batch), lambda s: len(s.raw.data) if s.raw else 0):
            desk.ledger.keep(portion, mark, desk.now())
            turn += _tally(portion)
        mark = replace(mark, last_uid=max(mark.last_uid, batch[-1]))  # only now all of them have their outcome
        desk.ledger.keep((), mark, desk.now())
    if mark.circle != circle:  # said only when all of them have been looked at again
        desk.ledger.keep((), replace(mark, circle=circle), desk.now())
    there = desk.ledger.accounted(mark)
    if len(there) != state.messages:  # some were expunged or moved away (or came while we were reading)
        desk.ledger.gone(mark, source.uids())
    desk.ledger.polled(source.account, folder.name, desk.now())
    return turn


def look(desk: Desk, source: MailSource, mark: FolderMark, uids: Sequence[int]) -> Iterator[Sighting]:
    """Decide the outcome of each of `uids`; only a client's mail has its body fetched, and only once."""
    envelopes = {e.location.uid: e for e in source.envelopes(uids)}
    known = desk.ledger.known(list(envelopes.values()))
    wanted: dict[int, tuple[Envelope, str]] = {}
    for uid in uids:
        envelope = envelopes.get(uid)
        if envelope is None:
            yield Sighting(envelope=_vanished(mark, uid, desk.now()), outcome=Outcome.GONE)
            continue
        client, why = whose(desk.circle, envelope.addresses)
        if not client:
            yield Sighting(envelope=envelope, outcome=Outcome.NOT_CLIENT, reason=why)
        elif uid in known:
            yield Sighting(envelope=envelope, outcome=Outcome.READ, digest=known[uid], client=client)
        elif envelope.size > desk.limits.mail:
            reason = f"{envelope.size} bytes, the limit is {desk.limits.mail}"
            yield Sighting(envelope=envelope, outcome=Outcome.TOO_LARGE, reason=reason, client=client)
        else:
            wanted[uid] = (envelope, client)
    for raw in source.bodies([envelope for envelope, _ in wanted.values()]):
        assert raw.location is not None
        yield understand(desk, raw, *wanted.pop(raw.location.uid))
    for envelope, _ in wanted.values():
        yield Sighting(envelope=envelope, outcome=Outcome.GONE)


def understand(desk: Desk, raw: RawMessage, envelope: Envelope, client: str) -> Sighting:
    """Parse one fetched message; whatever happens, its bytes are kept. No bytes: the server refuses to give them."""
    if not raw.data:
        return Sighting(
            envelope=envelope, outcome=Outcome.UNREADABLE, reason="the server does not give it", client=client
        )
    message, outcome, reason = parse_safely(raw, desk.limits)
    return Sighting(
        envelope=envelope, outcome=outcome, reason=reason, digest=raw.digest, raw=raw, message=message, client=client
    )


def parse_safely(raw: RawMessage, limits: Limits) -> tuple[Message | None, Outcome, str]:
    """Parse, and say how it went: a message that breaks the parser is kept and named, and stops nothing."""
    try:
        message = parse(raw, limits)
    except Exception as error:  # our mistake, not the mail's: keep the trace and go on
        log.exception("parsing %s failed", raw.digest[:12])
        return None, Outcome.UNREADABLE, f"{type(error).__name__}: {error}"
    if message.automatic:
        return message, Outcome.AUTOMATIC, message.automatic
    if message.troubles and not message.text.strip():
        return message, Outcome.UNREADABLE, message.troubles[0]
    return message, Outcome.READ, ""


def whose(circle: Circle, addresses: Iterable[str]) -> tuple[str, str]:
    """Return the key of the client whose mail this is, or "" and why it is nobody's."""
    client = ""
    for address in addresses:
        if circle.forbids(address):
            return "", "never-log list"
        found = circle.client(address)
        client = client or (found.key if found else "")
    return client, ""


def take_files(desk: Desk, raws: Iterable[RawMessage], account: str) -> Turn:
    """Keep old mail from files; the same client list and the same reading apply as to mail from a server."""
    turn = Turn()
    for portion in portions(raws, lambda raw: len(raw.data)):
        arrivals: list[tuple[RawMessage, Message, str]] = []
        for raw in portion:
            message, outcome, reason = parse_safely(raw, desk.limits)
            if message is None:
                turn += keep_trouble(desk, "parse", raw.digest, reason, account)
                continue
            people = [a.email for a in (message.sender, *message.to, *message.cc) if a]
            client, _ = whose(desk.circle, people)
            if not client:
                turn += Turn(passed_over=1)
                continue
            turn += Turn(unread=outcome is not Outcome.READ)
            arrivals.append((raw, message, client))
        turn += Turn(kept=desk.ledger.keep_files(arrivals, account, desk.now()))
    return turn


# ---- reading ----


def read_new(desk: Desk) -> Turn:
    """Read every thread that holds something new, and make the log say what was read.

    While one batch is recorded, the next is being read.
    """
    turn = Turn()
    threads = desk.ledger.unread_threads()
    with readers.readers(len(threads)) as pool:
        for batch in _one_ahead(_started(desk, pool, part) for part in _batches(threads, READ_TOGETHER)):
            if desk.stopped():
                break
            with desk.ledger.together():
                for job, reading in batch:
                    turn += _record_safely(desk, job, reading)
    return turn


def read_one(desk: Desk, thread: str) -> int:
    """Read one thread and record it; return how many entries are new."""
    return len(desk.ledger.record(readers.read(job_of(desk, thread)), desk.now()).found)


def job_of(desk: Desk, thread: str) -> Job:
    """Return what reading this thread depends on."""
    return Job(
        thread=thread,
        messages=desk.ledger.messages(thread),
        background=Background(
            circle=desk.circle,
            hours=desk.drafting.hours,
            corrections=desk.ledger.corrections(thread),
            letters=tuple(desk.ledger.drafts(OUT, thread=thread)),
        ),
        now=desk.now(),
        remind_days=desk.drafting.remind_days,
    )


def _started(desk: Desk, pool: Executor, threads: Sequence[str]) -> list[tuple[Job, Future[ThreadReading]]]:
    jobs = [job_of(desk, thread) for thread in threads]
    return [(job, pool.submit(readers.read, job)) for job in jobs]


def _record_safely(desk: Desk, job: Job, reading: Future[ThreadReading]) -> Turn:
    try:
        recorded = desk.ledger.record(readers.result(job, reading), desk.now())
    except MailsyncError:
        raise
    except Exception as error:  # our mistake in one thread must not hide the others
        log.exception("reading thread %s failed", job.thread)
        return keep_trouble(desk, "read", job.thread, f"{type(error).__name__}: {error}")
    return Turn(threads=1, found=len(recorded.found))


# ---- drafting ----


def draft_recaps(desk: Desk) -> Turn:
    """Write the letters that quiet threads want, keep waiting ones up to date, note those that left."""
    if not desk.auto:
        return Turn()
    done = draft_due(desk.drafting)
    return Turn(drafts=len(done.drafts), troubles=done.troubles)


# ---- small change ----


def fingerprint(circle: Circle) -> str:
    """Return what changes when other mail would be kept: clients, own addresses, the never-log list."""
    listed = [(c.key, c.domains, c.addresses, tuple(p.email for p in c.contacts)) for c in circle.clients]
    return hashlib.sha256(repr((sorted(listed), sorted(circle.never))).encode()).hexdigest()[:16]


def _batches(things: Sequence[T], size: int = BATCH) -> Iterator[Sequence[T]]:
    return (things[i : i + size] for i in range(0, len(things), size))


def portions(things: Iterable[T], weight: Callable[[T], int]) -> Iterator[list[T]]:
    """Yield the things, in order, in lists of at most `BATCH` that weigh little more than `HELD` octets."""
    held: list[T] = []
    load = 0
    for thing in things:
        held.append(thing)
        load += weight(thing)
        if len(held) == BATCH or load >= HELD:
            yield held
            held, load = [], 0
    if held:
        yield held


def _one_ahead(things: Iterable[T]) -> Iterator[T]:
    """Yield each thing only when the next one has been asked for."""
    waiting: list[T] = []
    for thing in things:
        waiting.append(thing)
        if len(waiting) > 1:
            yield waiting.pop(0)
    yield from waiting


def _vanished(mark: FolderMark, uid: int, now: datetime) -> Envelope:
    place = Location(account=mark.account, folder=mark.folder, uidvalidity=mark.uidvalidity, uid=uid)
    return Envelope(location=place, size=0, internal_date=now, message_id="", addresses=())


def _tally(sightings: Sequence[Sighting]) -> Turn:
    outcomes = [s.outcome for s in sightings]
    return Turn(
        kept=sum(1 for s in sightings if s.raw),
        passed_over=outcomes.count(Outcome.NOT_CLIENT),
        unread=sum(outcomes.count(o) for o in (Outcome.AUTOMATIC, Outcome.TOO_LARGE, Outcome.UNREADABLE)),
    )


def _sentence(error: MailsyncError) -> str:
    return f"{error} {error.hint}".strip()


def keep_trouble(desk: Desk, stage: str, subject: str, reason: str, account: str = "") -> Turn:
    """Keep a trouble in the ledger and tell it in the turn."""
    desk.ledger.trouble(Trouble(at=desk.now(), stage=stage, subject=subject, reason=reason, account=account))
    if account and stage == "fetch":
        desk.ledger.polled(account, subject, desk.now(), trouble=reason)
    named = ": ".join(part for part in (account, subject, reason) if part)
    return Turn(troubles=(named,))
