"""Entries that a person found in a message: kept in the history, proved, taken back, and erased with their client."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from mailsync.app import DATABASE, App
from mailsync.config import parse
from mailsync.ledger.sqlite import open_ledger
from mailsync.model.entry import Kind
from mailsync.model.errors import UsageError
from mailsync.model.event import EventName
from mailsync.model.mail import Span
from mailsync.pipeline import read_new, take_files
from mailsync.review import add_entry, correct_entry, undo_correction
from mailsync.transport.files import read_path

CONFIG = """
[me]
name = "Robin Hale"
addresses = ["robin@halecraft.example"]
[[accounts]]
address = "robin@halecraft.example"
password_env = "NONE"
imap.host = "imap.halecraft.example"
[[clients]]
key = "harbor"
name = "Harbor Foods"
domains = ["harbor.example"]
[data]
dir = "data"
"""
LETTER = b"""From: Dana Fox <dana@harbor.example>
To: robin@halecraft.example
Subject: The shop
Date: Mon, 2 Mar 2026 09:00:00 +0000
Message-ID: <1@harbor.example>

Hi Robin,

the zebra crossing is painted. We keep the blue logo.

> quoted words of somebody else

Dana
"""
WORDS = "the zebra crossing is painted."


@pytest.fixture
def app(tmp_path: Path):
    """A log with one letter in it."""
    (tmp_path / "one.eml").write_bytes(LETTER)
    config = parse(CONFIG, tmp_path / "config.toml")
    app = App(config, open_ledger(config.data_dir / DATABASE))
    take_files(app.desk(), read_path(tmp_path / "one.eml"), "robin@halecraft.example")
    read_new(app.desk())
    yield app
    app.close()


def add(app: App, words: str = WORDS, kind: Kind = Kind.ISSUE) -> str:
    """Add an entry on these words and read the thread again; return its id."""
    [info] = app.ledger.threads()
    [(message, _)] = app.ledger.messages(info.id)
    start = message.text.index(words)
    told = add_entry(app.reviewer(), info.id, message.digest, Span(start, start + len(words)), kind)
    read_new(app.desk())
    return told.entry


def test_an_added_entry_stands_on_its_words_and_the_log_stays_whole(app):
    """The entry has the writer's words, speaker and date, is in the log, and every event proves itself."""
    entry = app.ledger.entry(add(app))

    assert (entry.finding.evidence.quote, entry.finding.who) == (WORDS, "dana@harbor.example")
    assert entry.finding.date == datetime(2026, 3, 2, 9, tzinfo=UTC)
    assert [e.name for e in app.ledger.events() if e.name is EventName.ENTRY_NOTED]
    assert not list(app.ledger.verify())


def test_adding_twice_is_once(app):
    """The same words and kind give the same entry."""
    assert add(app) == add(app)
    assert (
        len([e for e in app.ledger.entries() if e.finding.evidence.quote == WORDS and e.finding.kind is Kind.ISSUE])
        == 1
    )


def test_words_of_others_are_not_taken_for_the_writers(app):
    """What the writer quoted cannot become their entry."""
    with pytest.raises(UsageError, match="own words"):
        add(app, "quoted words of somebody else")


def test_undo_takes_back_the_latest_word_first(app):
    """First the correction goes, then the entry itself."""
    entry = add(app)
    correct_entry(app.reviewer(), entry, {"amount": "40 EUR"})
    read_new(app.desk())
    assert app.ledger.entry(entry).finding.terms.amount == "40 EUR"

    undo_correction(app.reviewer(), entry)
    read_new(app.desk())
    assert app.ledger.entry(entry).finding.terms.amount is None

    undo_correction(app.reviewer(), entry)
    read_new(app.desk())
    assert entry not in {e.id for e in app.ledger.entries()}
    assert not list(app.ledger.verify())


def test_forgetting_the_client_erases_the_words(app):
    """Nothing of what a person added stays in the file, and the history still proves itself."""
    add(app)

    app.ledger.forget("harbor", datetime.now(UTC))

    assert not list(app.ledger.verify())
    folder = app.config.data_dir
    app.close()
    assert not any(b"zebra" in path.read_bytes() for path in folder.iterdir() if path.is_file())
