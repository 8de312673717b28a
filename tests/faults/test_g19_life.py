"""G1, G19: whatever happens to a mailbox between turns, and wherever a turn breaks off, the ledger ends right.

A state machine plays a mailbox in memory: mail comes in, is copied, moved, expunged, folders get a new UIDVALIDITY or
vanish, the clock jumps, lines break in the middle of a turn. A plain model says what the ledger must hold.
"""

import hashlib
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from mailsync.drafting import Drafting
from mailsync.ledger.sqlite import open_ledger
from mailsync.model.errors import FolderMissingError, ServerError
from mailsync.model.event import EventName
from mailsync.model.mail import Envelope, FolderRole, Location, RawMessage
from mailsync.model.people import Circle, Client, WorkingHours
from mailsync.model.ports import Folder, FolderState
from mailsync.pipeline import Desk, run_once
from mailsync.reading.parse import Limits
from mailsync.recap.people import Writer
from tests.faults.evidence import note
from tests.faults.hostile import DANA, ME, mail

CIRCLE = Circle(own=(ME,), clients=(Client(key="harbor", name="Harbor", domains=("harbor.example",)),))
NAMES = ("INBOX", "Projects")
FOLDERS = st.sampled_from(NAMES)


class Box:
    """One folder on the pretended server."""

    def __init__(self) -> None:
        self.uidvalidity, self.next, self.mail = 1, 1, dict[int, bytes]()

    def add(self, data: bytes) -> None:
        self.mail[self.next] = data
        self.next += 1


class Server:
    """A MailSource over boxes; `patience` counts the calls until the line breaks."""

    account = "work"

    def __init__(self) -> None:
        self.boxes = {name: Box() for name in NAMES}
        self.patience = 1 << 30
        self.at = "INBOX"

    def _ask(self) -> Box:
        self.patience -= 1
        if self.patience < 0:
            raise ServerError("the line broke")
        if self.at not in self.boxes:
            raise FolderMissingError(f"There is no folder {self.at}.")
        return self.boxes[self.at]

    def folders(self):
        return [Folder(name=name, role=FolderRole.INBOX) for name in NAMES]

    def examine(self, folder):
        self.at = folder.name
        box = self._ask()
        return FolderState(uidvalidity=box.uidvalidity, uidnext=box.next, messages=len(box.mail))

    def uids(self, after=0):
        return sorted(uid for uid in self._ask().mail if uid > after)

    def envelopes(self, uids):
        box = self._ask()
        return [self._envelope(box, uid) for uid in uids if uid in box.mail]

    def _envelope(self, box, uid):
        data = box.mail[uid]
        number = data.partition(b"Message-ID: <")[2].partition(b"@")[0].decode()
        place = Location(account=self.account, folder=self.at, uidvalidity=box.uidvalidity, uid=uid)
        return Envelope(
            location=place, size=len(data), internal_date=datetime(2026, 3, 2, tzinfo=UTC),
            message_id=f"{number}@hostile.example", addresses=(DANA, ME),
        )  # fmt: skip

    def bodies(self, envelopes):
        for envelope in envelopes:
            data = self._ask().mail.get(envelope.location.uid)
            if data is not None:
                yield RawMessage(
                    data=data,
                    digest=hashlib.sha256(data).hexdigest(),
                    location=envelope.location,
                    internal_date=envelope.internal_date,
                )

    def close(self):
        pass


class Life(RuleBasedStateMachine):
    """A mailbox's life beside what the ledger must know of it."""

    def __init__(self) -> None:
        super().__init__()
        self.server, self.count, self.seen = Server(), 0, set[str]()
        self.clock = datetime(2026, 3, 10, 12, tzinfo=UTC)
        self.ledger = open_ledger(":memory:")
        drafting = Drafting(
            ledger=self.ledger, circle=CIRCLE, hours=WorkingHours(), now=lambda: self.clock,
            writer=Writer(name="Robin Hale"),
        )  # fmt: skip
        self.desk = Desk(drafting=drafting, limits=Limits())
        self.told = 0, ""

    @rule(folder=FOLDERS)
    def deliver(self, folder):
        if folder in self.server.boxes:
            self.count += 1
            body = f"Hi Robin,\r\n\r\nI will send you part {self.count} by Friday.\r\n\r\nDana\r\n"
            self.server.boxes[folder].add(mail(body, name=f"m{self.count}", subject=f"Part {self.count % 3}"))

    @rule(folder=FOLDERS, to=FOLDERS, place=st.integers(0, 50), move=st.booleans())
    def copy(self, folder, to, place, move):
        if folder in self.server.boxes and to in self.server.boxes and (box := self.server.boxes[folder]).mail:
            uid = sorted(box.mail)[place % len(box.mail)]
            self.server.boxes[to].add(box.mail[uid])
            if move:
                del box.mail[uid]

    @rule(folder=FOLDERS, place=st.integers(0, 50))
    def expunge(self, folder, place):
        if folder in self.server.boxes and (box := self.server.boxes[folder]).mail:
            del box.mail[sorted(box.mail)[place % len(box.mail)]]

    @rule(folder=FOLDERS)
    def number_anew(self, folder):
        if folder in self.server.boxes:
            old = self.server.boxes[folder]
            self.server.boxes[folder] = new = Box()
            new.uidvalidity = old.uidvalidity + 1
            for data in old.mail.values():
                new.add(data)

    @rule()
    def take_away_or_bring_back(self):
        if "Projects" in self.server.boxes:
            self.gone = self.server.boxes.pop("Projects")
        else:
            self.server.boxes["Projects"] = self.gone

    @rule(hours=st.integers(-400, 400))
    def jump(self, hours):
        self.clock += timedelta(hours=hours)

    @rule(calls=st.integers(0, 12))
    def broken_turn(self, calls):
        self.server.patience = calls
        run_once(self.desk, [self.server])
        self.server.patience = 1 << 30

    @rule()
    def turn(self):
        run_once(self.desk, [self.server])
        self.seen |= {hashlib.sha256(d).hexdigest() for box in self.server.boxes.values() for d in box.mail.values()}
        kept = self.kept()
        assert self.seen <= set(kept)
        head = self.ledger.head()
        run_once(self.desk, [self.server])
        changed = [event.name for event in self.ledger.events(after=head[0])]
        assert [name for name in changed if name is EventName.MESSAGE_KEPT] == []

    @invariant()
    def nothing_is_double(self):
        kept = self.kept()
        assert len(kept) == len(set(kept)) <= self.count
        quotes = [entry.finding.evidence.quote for entry in self.ledger.entries()]
        assert len(quotes) == len(set(quotes))

    @invariant()
    def history_only_grows(self):
        seq, digest = self.told
        if seq:
            assert self.ledger.events(after=seq - 1, limit=1)[0].digest == digest
        self.told = self.ledger.head()

    def kept(self):
        return [event.subject for event in self.ledger.events() if event.name is EventName.MESSAGE_KEPT]

    def teardown(self):
        assert list(self.ledger.verify()) == []
        self.ledger.close()


@pytest.mark.parametrize("lives", [pytest.param(15), pytest.param(400, marks=pytest.mark.long)])
def test_g19_a_mailbox_of_any_life_is_kept_once_and_whole(lives):
    """Whatever is played, every message seen by a whole turn is kept once, and the history only grows and proves itself."""
    quiet = settings(max_examples=lives, stateful_step_count=25, deadline=None, suppress_health_check=list(HealthCheck))
    run_state_machine_as_test(Life, settings=quiet)
    note("G19", "a state machine: copies, moves, expunges, new UIDVALIDITY, lost folders, clock jumps, broken turns",
         f"{lives} lives of 25 steps: 0 lost, 0 double")  # fmt: skip
