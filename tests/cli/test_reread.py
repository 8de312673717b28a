"""Reading anew shows first, keeps what people said, and changes nothing where nothing has changed."""

import sqlite3

import pytest

from tests.journeys.office import Office
from tests.journeys.test_letter_to_draft import conversation
from tests.servers import PASSWORD

pytestmark = pytest.mark.dovecot


@pytest.fixture
def office(tmp_path, mailbox, monkeypatch):
    """An office with one conversation in its log."""
    monkeypatch.setenv("OFFICE_PASSWORD", PASSWORD)
    office = Office(tmp_path, mailbox)
    conversation(office)
    assert office.run("poll")[0] == 0
    return office


def test_the_same_rules_change_nothing(office):
    """Right after a poll there is no difference, also where a person corrected an entry."""
    entry = office.data("search", "wireframes kind:commitment")[0]["id"]
    assert office.run("correct", entry, "--due", "2031-01-02")[0] == 0
    before = office.data("verify")["head"]

    assert office.data("reread") == []
    assert office.data("verify")["head"] == before


def test_what_other_rules_had_missed_is_shown_and_kept_when_told_to(office):
    """An entry that an older reading lacks is listed as new; nothing is written before --keep."""
    entry = office.data("search", "wireframes kind:commitment")[0]["id"]
    with sqlite3.connect(office.folder / "data" / "mailsync.db") as ledger:
        ledger.execute("UPDATE entry SET dropped = 1 WHERE id = ?", (entry,))
    ledger.close()

    code, out, _ = office.run("reread")
    assert (code, out.splitlines()[-1]) == (1, "1 new")

    assert office.run("reread", "--keep")[0] == 0
    assert office.data("reread") == []
