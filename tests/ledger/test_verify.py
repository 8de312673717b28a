"""Every single change behind the ledger's back is named."""

import contextlib
import sqlite3
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from mailsync.ledger.chain import News, append
from mailsync.ledger.rows import pack
from mailsync.ledger.sqlite import open_ledger
from mailsync.model.draft import DraftState
from mailsync.model.entry import State
from mailsync.model.event import EventName, Trouble
from mailsync.model.thread import Correction
from tests.contracts.mailbag import MONDAY, NOW, draft, entry, letter, log_all, take_in, thread_of

#: What is not proven: how far work has come, and how often a trouble was met.
WORK = {("trouble", name) for name in ("first_at", "last_at", "times")}
RECORD = ("event", "head", "raw", "content", "message", "entry", "draft", "trouble")
SHARED = settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """The path of a ledger with something in each table."""
    path = tmp_path_factory.mktemp("whole") / "mailsync.db"
    ledger = open_ledger(path, clock=lambda: NOW)
    letters = [
        letter(f"m{n}", f"Point {n}. I will do it by Friday.", at=MONDAY + timedelta(seconds=n)) for n in range(6)
    ]
    take_in(ledger, *letters)
    log_all(ledger, *(entry(one, "I will do it by Friday.", amount="80 EUR") for one in letters))
    first = letters[0]
    take_in(ledger, letter("m9", refs=["m0"], at=MONDAY + timedelta(days=1)))
    log_all(ledger, entry(first, "I will do it by Friday.", state=State.DONE))
    for n, one in enumerate(letters[:3]):
        ledger.keep_draft(draft(thread_of(ledger, one), f"d{n}"), None, NOW)
        ledger.correct(Correction(entry=entry(one, "I will do it by Friday.").id, at=NOW, reason=f"reason {n}"))
        ledger.trouble(Trouble(at=NOW, stage="read", subject=f"m{n}", reason="why"))
    ledger.keep_draft(draft(thread_of(ledger, first), "d0", state=DraftState.SENT), DraftState.OPEN, NOW)
    assert list(ledger.verify()) == []
    ledger.close()
    return path


@pytest.fixture
def copied(whole):
    """A maker of a connection to a copy in memory, without the triggers that would hold a careless hand back."""

    @contextlib.contextmanager
    def copy():
        ledger = open_ledger(":memory:")
        conn = ledger._database.conn
        with sqlite3.connect(whole) as original:
            original.backup(conn)
        original.close()
        for (name,) in conn.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
            conn.execute(f"DROP TRIGGER {name}")
        conn.execute("PRAGMA foreign_keys = OFF")
        yield ledger, conn
        ledger.close()

    return copy


def changed(value, place, kind):
    """Return `value` with its smallest change."""
    if isinstance(value, int | float):
        return value + (1 if kind % 2 else -1)
    if isinstance(value, bytes):
        place %= len(value)
        return value[:place] + bytes([value[place] ^ (1 << kind % 8)]) + value[place + 1 :]
    place %= len(value)
    return value[:place] + ("x" if value[place] != "x" else "y") + value[place + 1 :]


@SHARED
@given(
    at=st.tuples(st.sampled_from(RECORD), st.integers(0, 30), st.integers(0, 20)),
    place=st.integers(0),
    kind=st.integers(0, 7),
)
def test_changed_cell(copied, at, place, kind):
    """One changed character, bit or number in any row of the record is found."""
    table, row, column = at
    with copied() as (ledger, conn):
        names = [name for _, name, *_ in conn.execute(f"PRAGMA table_info({table})") if (table, name) not in WORK]
        name = names[column % len(names)]
        rows = [number for (number,) in conn.execute(f"SELECT rowid FROM {table} ORDER BY rowid")]
        number = rows[row % len(rows)]
        [value] = conn.execute(f"SELECT {name} FROM {table} WHERE rowid = ?", (number,)).fetchone()
        assume(value not in (None, "", b""))
        try:
            conn.execute(f"UPDATE {table} SET {name} = ? WHERE rowid = ?", (changed(value, place, kind), number))
        except sqlite3.IntegrityError:
            assume(False)

        assert list(ledger.verify()), f"{table}.{name}"


@pytest.mark.parametrize("table", RECORD)
def test_missing_row(copied, table):
    """A row that was taken out anywhere in the record is found, the last one too."""
    with copied() as (ledger, conn):
        rows = [number for (number,) in conn.execute(f"SELECT rowid FROM {table} ORDER BY rowid")]
    for number in (rows[0], rows[-1]):
        with copied() as (ledger, conn):
            conn.execute(f"DELETE FROM {table} WHERE rowid = ?", (number,))
            assert list(ledger.verify())


@pytest.mark.parametrize(
    ("table", "key", "columns"),
    [
        ("event", "seq", "at, effective, name, subject, account, detail, previous, before, digest"),
        ("content", "digest", "body"),
        ("raw", "digest", "size, data, packed_crc, kept_at"),
        ("entry", "doc", "version, seq"),
        ("draft", "id", "version, seq, written, basis"),
    ],
)
def test_exchanged_rows(copied, table, key, columns):
    """Two rows of the record that exchange what they hold are found."""
    with copied() as (ledger, conn):
        names = columns.split(", ")
        (one, *first), (other, *second) = conn.execute(
            f"SELECT {key}, {columns} FROM {table} ORDER BY rowid LIMIT 2"
        ).fetchall()
        change = f"UPDATE {table} SET {', '.join(f'{name} = ?' for name in names)} WHERE {key} = ?"
        conn.execute(change, (*second, one))
        conn.execute(change, (*first, other))

        assert list(ledger.verify())


def test_first_flaw(copied):
    """The first broken event is named, and what is wrong with it."""
    with copied() as (ledger, conn):
        conn.execute("UPDATE event SET at = '2020-01-01T00:00:00.000000Z' WHERE seq = 3")

        assert next((f.place, f.what) for f in ledger.verify()) == (
            "event 3",
            "was changed: its digest is not that of its contents",
        )


def test_gap(copied):
    """A missing event is named."""
    with copied() as (ledger, conn):
        conn.execute("DELETE FROM event WHERE seq = 4")

        assert "event 4 is missing" in next(iter(ledger.verify())).what


@pytest.mark.parametrize("statement", ["DELETE FROM search_docsize", "INSERT INTO search_docsize VALUES (12, x'00')"])
def test_index(copied, statement):
    """An index that holds too little or too much is named."""
    with copied() as (ledger, conn):
        conn.execute(statement)

        assert any(flaw.place.startswith("index") for flaw in ledger.verify())


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE message SET thread = 't000000000000' WHERE id = (SELECT min(id) FROM message)",
        "UPDATE thread SET messages = 9",
        "UPDATE entry SET thread = 't000000000000'",
        "UPDATE location SET uid = uid + 100",
        "DELETE FROM thread_key",
    ],
)
def test_derived(copied, statement):
    """Threads, places and keys that do not agree with the record are named."""
    with copied() as (ledger, conn):
        conn.execute(statement)

        assert list(ledger.verify())


def test_lost_content(copied):
    """Content that is gone, while no event tells of its erasure, is named."""
    with copied() as (ledger, conn):
        conn.execute("UPDATE content SET body = NULL WHERE digest = (SELECT version FROM entry LIMIT 1)")

        assert any("no event tells of its erasure" in flaw.what for flaw in ledger.verify())


def test_erased(copied):
    """Content and bytes that an event says were erased leave digests behind, and the ledger whole."""
    with copied() as (ledger, conn):
        digests = [digest for (digest,) in conn.execute("SELECT digest FROM raw UNION SELECT digest FROM content")]
        conn.execute("UPDATE content SET body = NULL")
        conn.execute("UPDATE raw SET data = NULL, packed_crc = 0")
        conn.execute("UPDATE message SET subject = '', text = ?", (pack(""),))
        append(conn, [News(name=EventName.ERASED, subject="acme", detail={"digests": digests})], NOW)

        assert list(ledger.verify()) == []
