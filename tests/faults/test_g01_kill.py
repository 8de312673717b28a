"""G1, G7, G11: kill -9 at any moment loses nothing, doubles nothing, and never writes or sends a letter twice."""

import hashlib
import random
import shutil
import sqlite3
from datetime import UTC, datetime

import pytest

from mailsync.ledger.sqlite import open_ledger
from mailsync.model.draft import DraftState
from mailsync.model.event import EventName
from tests.faults.doomed import ORDERLY, Doomed, flaws, mailsync
from tests.faults.evidence import note
from tests.journeys.office import DANA, ME, Office, ago, deliver, letter

pytestmark = pytest.mark.dovecot
ROUNDS = [pytest.param(20), pytest.param(200, marks=pytest.mark.long)]


def promise(number: int, answering=None):
    """Return one letter of the client with a promise of its own; every third answers the one before it."""
    body = f"Hi Robin,\n\nI will send you part {number} by Friday. Could you check draft {number}?\n\nDana\n"
    at = ago(datetime.now(UTC), days=5, minutes=-number)
    return letter(f"Dana Fox <{DANA}>", ME, f"Part {number // 3}", body, at, answering=answering)


def database(office: Office):
    """Return where the office keeps its ledger."""
    return office.folder / "data" / "mailsync.db"


def the_log(office: Office) -> list[tuple[str, ...]]:
    """Return what the log says, without what depends on when it was read."""
    return sorted((e["id"], e["message_id"], e["quote"], str(e["state"])) for e in office.data("log"))


def history(path) -> list[tuple[object, ...]]:
    """Return every event so far, read as any other program would."""
    if not path.exists():
        return []
    with sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True) as conn:
        try:
            rows = conn.execute("SELECT seq, name, subject, detail, digest FROM event ORDER BY seq").fetchall()
        except sqlite3.OperationalError:  # killed before the tables were made
            rows = []
    conn.close()
    return rows


@pytest.mark.parametrize("rounds", ROUNDS)
def test_g01_a_killed_poll_loses_and_doubles_nothing(office, tmp_path, rounds):
    """Killed over and over while mail keeps coming, the ledger ends equal to one that was never disturbed."""
    chance = random.Random(rounds)
    command = mailsync(office.config, "poll")
    last, killed, seconds, before = None, 0, 1.0, []
    for number in range(rounds):
        last = promise(number, answering=last if number % 3 else None)
        deliver(office.mailbox, last)
        child = Doomed(command)
        if number % 10 == 9:
            seconds = child.wait()
            assert child.code == 0
        else:
            killed += child.kill_after(chance.uniform(0, seconds))
        assert flaws(database(office)) == []
        now = history(database(office))
        assert now[: len(before)] == before  # G7: what was once told is never told otherwise
        before = now

    office.data("poll")
    whole(office, rounds)
    calm = Office(tmp_path / "calm", office.mailbox) if (tmp_path / "calm").mkdir() is None else None
    calm.data("poll")
    assert the_log(office) == the_log(calm)
    assert len(office.data("drafts", "list")) == len(calm.data("drafts", "list")) > 0
    note("G1", "kill -9 at random moments of `poll` while mail comes in; compared with an undisturbed ledger",
         f"{killed} kills in {rounds} rounds: 0 lost, 0 double, 0 flaws")  # fmt: skip


def whole(office: Office, messages: int) -> None:
    """Assert that each message on the server is kept once, byte for byte, and that another turn changes nothing."""
    there = {hashlib.sha256(data).hexdigest(): data for _, _, data in office.mailbox.contents()}
    assert len(there) == messages
    ledger = open_ledger(database(office), read_only=True)
    kept = [event.subject for event in ledger.events() if event.name is EventName.MESSAGE_KEPT]
    assert sorted(kept) == sorted(there)
    assert all(ledger.raw(digest).data == data for digest, data in there.items())
    head = ledger.head()
    ledger.close()
    office.data("poll")
    assert office.data("verify") == {"whole": True, "head": list(head), "flaws": []}


@pytest.mark.parametrize("rounds", ROUNDS)
def test_g01_two_workers_killed_together_leave_one_draft(office, rounds):
    """F18: two polls race and both are killed; in the end each thread has one draft and each message one event."""
    chance = random.Random(rounds)
    last, killed, command = None, 0, mailsync(office.config, "poll")
    for number in range(rounds // 2):
        last = promise(number, answering=last if number % 3 else None)
        deliver(office.mailbox, last)
        children = [Doomed(command), Doomed(command)]
        moment = chance.uniform(0, 1)
        killed += sum([child.kill_after(moment) for child in children])
        assert all(child.code in {*ORDERLY, -9} for child in children)

    office.data("poll")
    whole(office, rounds // 2)
    threads = [draft["thread"] for draft in office.data("drafts", "list")]
    assert sorted(threads) == sorted(set(threads))
    note("G11", "two polls at once, both killed", f"{killed} kills: 1 draft a thread, 1 event a message")


def waiting_letter(office: Office) -> str:
    """Play up to a letter that waits for review; return its id."""
    deliver(office.mailbox, promise(0))
    office.data("poll")
    [draft] = office.data("drafts", "list")
    return draft["id"]


@pytest.fixture
def again(office):
    """A maker of the same waiting letter, over and over: ledger, Drafts and Sent as they were."""
    identity = waiting_letter(office)
    saved = office.folder / "saved"
    shutil.copytree(office.folder / "data", saved)

    def make() -> str:
        shutil.rmtree(office.folder / "data")
        shutil.copytree(saved, office.folder / "data")
        for folder in ("Drafts", "Sent"):
            office.mailbox._admin("expunge", "mailbox", folder, "all")
        return identity

    return make


@pytest.mark.parametrize("rounds", ROUNDS)
def test_g11_a_killed_approval_places_one_draft(office, again, rounds):
    """Killed while it was being placed, approved again by the person: one letter lies in Drafts, never two."""
    chance = random.Random(rounds)
    killed = 0
    for _ in range(rounds):
        identity = again()
        killed += Doomed(mailsync(office.config, "drafts", "approve", identity, "--anyway")).kill_after(
            chance.uniform(0, 0.25)
        )
        office.data("poll")  # finds out what became of it
        [draft] = [d for d in office.data("drafts", "list", "--all") if d["id"] == identity]
        if draft["state"] != DraftState.PLACED:
            assert office.run("drafts", "approve", identity, "--anyway")[0] == 0
        assert len(office.mailbox.contents("Drafts")) == 1
    assert flaws(database(office)) == []
    note("G11", "kill -9 in `drafts approve`, then approved again", f"{killed} kills in {rounds} rounds: 1 draft each")


@pytest.mark.parametrize("rounds", ROUNDS)
def test_g09_a_killed_sending_never_sends_twice(office, sink, again, rounds):
    """Killed while sending, polled, approved again: at most one delivery; a letter of unknown fate waits for a person."""
    chance = random.Random(rounds)
    killed, unclear = 0, 0
    for _ in range(rounds):
        identity = again()
        sink.letters.clear()
        command = mailsync(office.config, "drafts", "approve", identity, "--send", "--anyway")
        killed += Doomed(command).kill_after(chance.uniform(0, 0.25))
        office.data("poll")
        [draft] = [d for d in office.data("drafts", "list", "--all") if d["id"] == identity]
        if draft["state"] == DraftState.UNCLEAR:
            unclear += 1
        elif draft["state"] != DraftState.SENT:
            assert office.run("drafts", "approve", identity, "--send", "--anyway")[0] == 0
            assert len(sink.letters) == 1
        assert len(sink.letters) <= 1
    note("G9", "kill -9 in `drafts approve --send`, then polled and sent again if it surely was not",
         f"{killed} kills in {rounds} rounds: 0 sent twice, {unclear} left to a person")  # fmt: skip
