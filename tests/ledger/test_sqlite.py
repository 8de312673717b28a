"""The SQLite ledger: the contract, and what belongs to a file."""

import sqlite3
import stat
import threading
from datetime import timedelta

import pytest
from sqlite_utils import Database as Tables

from mailsync.ledger.database import APPLICATION_ID, Database
from mailsync.ledger.schema import migrations
from mailsync.ledger.sqlite import open_ledger
from mailsync.ledger.upgrade import VERSION
from mailsync.model.errors import LedgerError
from mailsync.model.mail import Outcome, Sighting
from tests.contracts.ledger import LedgerContract
from tests.contracts.mailbag import MONDAY, NOW, entry, letter, log_all, mark, seen, take_in


class TestContract(LedgerContract):
    """A ledger in memory keeps the contract."""

    @pytest.fixture
    def ledger(self):
        ledger = open_ledger(":memory:", clock=lambda: NOW)
        yield ledger
        ledger.close()

    @pytest.fixture
    def new_ledger(self):
        return lambda: open_ledger(":memory:", clock=lambda: NOW)


@pytest.fixture
def path(tmp_path):
    """Where a ledger is to be."""
    return tmp_path / "data" / "mailsync.db"


@pytest.fixture
def ledger(path):
    """A ledger in a file, with one message and one entry."""
    ledger = open_ledger(path, clock=lambda: NOW)
    take_in(ledger, letter("m1"))
    log_all(ledger, entry(letter("m1")))
    yield ledger
    ledger.close()


def test_modes(ledger, path):
    """The file, what SQLite puts beside it, and the folder belong to their owner alone."""
    modes = {place.name: stat.S_IMODE(place.stat().st_mode) for place in (path.parent, *path.parent.iterdir())}

    assert modes == {"data": 0o700, "mailsync.db": 0o600, "mailsync.db-wal": 0o600, "mailsync.db-shm": 0o600}


def test_settings(ledger):
    """Nothing acknowledged is lost in a power cut, nothing deleted stays readable, no row points nowhere."""
    read = {name: ledger._database.conn.execute(f"PRAGMA {name}").fetchone()[0] for name in (
        "journal_mode", "synchronous", "secure_delete", "foreign_keys", "busy_timeout"
    )}  # fmt: skip

    assert read == {
        "journal_mode": "wal",
        "synchronous": 2,
        "secure_delete": 1,
        "foreign_keys": 1,
        "busy_timeout": 10_000,
    }


def test_reopen(ledger, path):
    """What was kept is there when the file is opened again."""
    ledger.close()
    again = open_ledger(path)

    assert [entry(letter("m1")).id] == [one.id for one in again.entries()]
    assert list(again.verify()) == []
    again.close()


def test_read_while_writing(ledger, path):
    """One may read while another writes, and sees each transaction whole."""
    reader = open_ledger(path, read_only=True)
    with ledger.together():
        take_in(ledger, letter("m2", at=MONDAY + timedelta(days=1)))
        assert len(reader.threads()) == 1
    assert len(reader.threads()) == 2
    reader.close()


def test_read_only(ledger, path):
    """A ledger opened for reading refuses to write."""
    reader = open_ledger(path, read_only=True)
    with pytest.raises(LedgerError, match="for reading only"):
        reader.polled("robin", "INBOX", NOW)
    assert list(reader.verify()) == []
    reader.close()


def test_together_is_whole_or_not_at_all(ledger):
    """What fails inside a common transaction takes everything of it back."""
    head = ledger.head()

    def keep_and_fail():
        with ledger.together():
            take_in(ledger, letter("m2"))
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        keep_and_fail()

    assert head == ledger.head()
    assert list(ledger.verify()) == []


def test_threads_share_a_ledger(ledger):
    """Threads that write at once write one after the other."""

    def keep(account):
        for n in range(10):
            message = letter(f"{account}{n}", at=MONDAY + timedelta(days=n))
            ledger.keep([seen(message, n + 1, account=account)], mark(n + 1, account=account), NOW)

    workers = [threading.Thread(target=keep, args=(f"account{n}",)) for n in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()

    assert len(ledger.threads()) == 41
    assert list(ledger.verify()) == []


def test_two_writers(ledger, path):
    """Two processes may write in turn; each sees the other's events before it appends its own."""
    other = open_ledger(path)
    for n, writer in enumerate([ledger, other, ledger, other], 2):
        writer.keep([seen(letter(f"m{n}"), n)], mark(n), NOW)
    other.close()

    assert list(ledger.verify()) == []


def test_busy(ledger, path):
    """A database that somebody else keeps busy is named in one sentence."""
    with sqlite3.connect(path, isolation_level=None) as other:
        other.execute("BEGIN EXCLUSIVE")
        ledger._database.conn.execute("PRAGMA busy_timeout = 1")
        with pytest.raises(LedgerError, match="busy for more than"):
            ledger.polled("robin", "INBOX", NOW)
        other.execute("ROLLBACK")
    other.close()

    ledger.polled("robin", "INBOX", NOW)


def test_disk_full(ledger):
    """A full disk is one sentence, takes nothing away that was kept, and is forgotten when there is room again."""
    conn = ledger._database.conn
    conn.execute(f"PRAGMA max_page_count = {conn.execute('PRAGMA page_count').fetchone()[0] + 2}")
    head = ledger.head()
    with pytest.raises(LedgerError, match="no room left"):
        take_in(ledger, *(letter(f"big{n}", f"{n} {'x' * 3000} {n * 7919}") for n in range(200)))
    assert head == ledger.head()

    conn.execute("PRAGMA max_page_count = 1000000")
    take_in(ledger, letter("m2"))
    assert list(ledger.verify()) == []


def test_append_only(ledger):
    """The database itself refuses to change or delete events and bytes."""
    conn = ledger._database.conn
    for statement in (
        "UPDATE event SET subject = 'x'",
        "DELETE FROM event",
        "UPDATE raw SET size = 0",
        "DELETE FROM raw",
        "UPDATE raw SET data = NULL, digest = 'x'",
    ):
        with pytest.raises(sqlite3.IntegrityError, match="append-only"):
            conn.execute(statement)


def test_views(ledger, path):
    """Whoever opens the file with another program finds entries, letters and history in plain words."""
    conn = sqlite3.connect(path)
    [shown] = conn.execute("SELECT id, kind, state, due, quote FROM agreements").fetchall()

    assert shown == (
        entry(letter("m1")).id,
        "commitment",
        "open",
        "2026-03-06",
        "I will send the wireframes by Friday.",
    )
    assert conn.execute("SELECT count(*) FROM history").fetchone()[0] == ledger.head()[0]
    assert conn.execute("SELECT * FROM letters").fetchall() == []
    conn.close()


def test_nobodys_mail_leaves_no_trace(path):
    """Of a message that is not a client's, neither its Message-ID nor an address nor its size is kept."""
    ledger = open_ledger(path)
    whole = seen(letter("secret-id", sender=None), 1)
    ledger.keep([Sighting(envelope=whole.envelope, outcome=Outcome.NOT_CLIENT)], mark(1), NOW)
    row = ledger._database.conn.execute("SELECT * FROM location").fetchone()
    ledger.close()

    assert row == (1, 7, 1, "not a client's", "", "", None, None, None, None, None)
    assert b"secret-id" not in path.read_bytes()


@pytest.mark.parametrize("how", [{"create": False}, {"read_only": True}])
def test_missing(path, how):
    """A database that is not there is only made where it is wanted."""
    with pytest.raises(LedgerError, match="no database"):
        open_ledger(path, **how)
    assert not path.parent.exists()


def test_not_a_database(path):
    """A file that is something else is left alone."""
    path.parent.mkdir()
    path.write_bytes(b"To whom it may concern, " * 100)
    with pytest.raises(LedgerError, match="not a mailsync database"):
        open_ledger(path)


def test_foreign_database(path):
    """Another program's database is left alone."""
    path.parent.mkdir()
    with sqlite3.connect(path) as other:
        other.execute("CREATE TABLE recipes (name)")
    other.close()
    with pytest.raises(LedgerError, match="not a mailsync database"):
        open_ledger(path)


def test_newer_database(ledger, path):
    """A database of a newer version is refused, not guessed at."""
    ledger._database.conn.execute(f"PRAGMA user_version = {VERSION + 1}")
    with pytest.raises(LedgerError, match="newer mailsync"):
        open_ledger(path)


def test_version():
    """The version counts the steps of the schema."""
    assert len(migrations.pending(Tables(memory=True))) == VERSION


@pytest.mark.parametrize("done", range(1, VERSION))
def test_upgrade(path, done):
    """A file of any older version is brought up to date in place, after a copy of it was laid beside it."""
    database = Database(path)
    steps = [step.name for step in migrations.pending(Tables(memory=True))]
    migrations.apply(Tables(database.conn), stop_before=steps[done])
    database.conn.execute(f"PRAGMA application_id = {APPLICATION_ID}")
    database.conn.execute(f"PRAGMA user_version = {done}")
    database.close()

    with pytest.raises(LedgerError, match="older mailsync"):
        open_ledger(path, read_only=True)
    ledger = open_ledger(path)
    take_in(ledger, letter("m1"))

    assert list(ledger.verify()) == []
    ledger.close()
    aside = path.with_name(f"mailsync.db.version-{done}")
    assert stat.S_IMODE(aside.stat().st_mode) == 0o600
    with sqlite3.connect(aside) as copy:
        assert copy.execute("PRAGMA user_version").fetchone()[0] == done
    copy.close()


def test_folder_that_cannot_be_made(tmp_path):
    """A data folder that cannot be made is one sentence."""
    (tmp_path / "file").write_text("x")
    with pytest.raises(LedgerError, match="cannot be made"):
        open_ledger(tmp_path / "file" / "sub" / "mailsync.db")


def test_damaged(ledger, path):
    """A damaged file is named as such, by whatever touches it first."""
    for n in range(30):
        take_in(ledger, letter(f"x{n}", f"{n}" * 500))
    ledger.close()
    data = bytearray(path.read_bytes())
    data[4096 : len(data) // 2] = b"\xff" * (len(data) // 2 - 4096)
    path.write_bytes(data)

    with pytest.raises(LedgerError):
        list(open_ledger(path).verify())


def test_closed(ledger):
    """A closed ledger says that it is closed; closing it twice is fine."""
    ledger.close()
    ledger.close()
    with pytest.raises(LedgerError, match="closed"):
        ledger.threads()


def test_crowded_minute(ledger):
    """More messages of one minute than a minute has numbers for keep their order of numbers all the same."""
    messages = [letter(f"c{n}", f"{n}", at=MONDAY + timedelta(days=30)) for n in range(2100)]
    take_in(ledger, *messages)

    assert len(ledger.threads()) == 2101
    assert list(ledger.verify()) == []
