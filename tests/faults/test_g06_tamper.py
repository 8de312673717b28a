"""G3, G6: a torn write loses nothing acknowledged, and any change behind the ledger's back is named."""

import random
import shutil
import sqlite3

import pytest

from mailsync.ledger.sqlite import open_ledger
from tests.faults.doomed import flaws
from tests.faults.evidence import note
from tests.faults.test_g01_kill import database, promise
from tests.journeys.office import deliver

pytestmark = pytest.mark.dovecot
TRIALS = [pytest.param(60), pytest.param(1000, marks=pytest.mark.long)]


@pytest.fixture
def filled(office):
    """An office whose ledger holds mail, entries and drafts."""
    last = None
    for number in range(6):
        last = promise(number, answering=last if number % 3 else None)
        deliver(office.mailbox, last)
    office.data("poll")
    return office


def cells(conn):
    """Return every cell of what is proven, as (table, row, column)."""
    tables = {"raw": (), "event": (), "content": (), "entry": (), "draft": (), "head": (),
              "message": ("read_crc",)}  # fmt: skip
    found = []
    for table, derived in tables.items():
        columns = [row[1] for row in conn.execute(f"PRAGMA table_info({table})") if row[1] not in derived]
        rows = [row for (row,) in conn.execute(f"SELECT rowid FROM {table}")]
        found += [(table, row, column) for row in rows for column in columns]
    return found


def spoil(conn, chance, table, row, column) -> bool:
    """Make the smallest change to one cell; say whether there was anything to change."""
    [(value,)] = conn.execute(f"SELECT {column} FROM {table} WHERE rowid = ?", (row,)).fetchall()
    if value is None or value == "":
        return False
    if isinstance(value, int | float):
        value += 1
    else:
        octets = bytearray(value if isinstance(value, bytes) else value.encode())
        octets[chance.randrange(len(octets))] ^= 1
        value = bytes(octets) if isinstance(value, bytes) else octets.decode("utf-8", "replace")
    try:
        conn.execute(f"UPDATE {table} SET {column} = ? WHERE rowid = ?", (value, row))
    except sqlite3.IntegrityError:
        return False
    return True


@pytest.mark.parametrize("trials", TRIALS)
def test_g06_every_changed_cell_is_named(filled, tmp_path, trials):
    """One character, number or bit anywhere in the log or the archive: verification says where."""
    chance, silent, done = random.Random(trials), [], 0
    clean = tmp_path / "clean.db"
    with sqlite3.connect(database(filled)) as source, sqlite3.connect(clean) as copy:
        source.backup(copy)
    copy.close(), source.close()
    while done < trials:
        path = tmp_path / "spoilt.db"
        shutil.copy(clean, path)
        with sqlite3.connect(path) as conn:
            for (name,) in conn.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
                conn.execute(f"DROP TRIGGER {name}")
            place = chance.choice(cells(conn))
            changed = spoil(conn, chance, *place)
        conn.close()
        if changed:
            done += 1
            if not flaws(path):
                silent.append(place)
    assert silent == []
    note("G6", "one cell of the log or archive changed", f"{trials}/{trials} named")


def test_g06_a_history_set_back_shows_against_a_head_kept_elsewhere(filled, tmp_path):
    """An older copy proves itself, but not against the head that was written down since."""
    old = tmp_path / "old"
    shutil.copytree(filled.folder / "data", old)
    deliver(filled.mailbox, promise(7))
    filled.data("poll")
    heads = tmp_path / "heads.txt"
    heads.write_text(filled.run("head")[1])
    assert filled.run("verify", "--heads", str(heads))[0] == 0

    shutil.rmtree(filled.folder / "data")
    shutil.copytree(old, filled.folder / "data")

    assert filled.run("verify")[0] == 0
    assert filled.run("verify", "--heads", str(heads))[0] == 1
    note("G6", "the ledger set back to an older copy, checked against a head kept elsewhere", "named")


@pytest.mark.parametrize("trials", [pytest.param(40), pytest.param(400, marks=pytest.mark.long)])
def test_g03_a_torn_write_ahead_log_leaves_whole_transactions(filled, tmp_path, trials):
    """Cut or garble the write-ahead log anywhere: what remains is a whole ledger of an earlier moment."""
    chance = random.Random(trials)
    reader = open_ledger(database(filled))  # keeps the log from being folded into the file
    with sqlite3.connect(database(filled)) as conn:
        conn.execute("PRAGMA wal_checkpoint(PASSIVE)")
    deliver(filled.mailbox, promise(8))
    filled.data("poll")
    log = database(filled).with_name("mailsync.db-wal").read_bytes()
    assert len(log) > 4096
    for number in range(trials):
        folder = tmp_path / f"torn-{number}"
        folder.mkdir()
        shutil.copy(database(filled), folder / "mailsync.db")
        torn = bytearray(log[: chance.randrange(len(log))])
        if torn and number % 2:
            torn[chance.randrange(len(torn))] ^= 0x40
        (folder / "mailsync.db-wal").write_bytes(torn)
        assert flaws(folder / "mailsync.db") == []
    conn.close()
    reader.close()
    note("G3", "the write-ahead log cut or garbled at random places", f"{trials}/{trials} whole")
