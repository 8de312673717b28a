"""A ledger with a story in it."""

import pytest

from mailsync.ledger.sqlite import open_ledger
from tests.dossier.office import NOW, story


@pytest.fixture
def path(tmp_path):
    """Return where the ledger's file lies."""
    return tmp_path / "data" / "mailsync.db"


@pytest.fixture
def ledger(path):
    """Return a ledger that holds the story."""
    opened = open_ledger(path, clock=lambda: NOW)
    story(opened)
    yield opened
    opened.close()
