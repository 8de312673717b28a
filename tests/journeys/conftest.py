"""The office every story plays in."""

from pathlib import Path

import pytest

from tests.journeys.office import Office
from tests.servers import PASSWORD, Mailbox


@pytest.fixture
def office(tmp_path: Path, mailbox: Mailbox, monkeypatch: pytest.MonkeyPatch) -> Office:
    """A fresh mailbox on a real server and a config that reads it."""
    monkeypatch.setenv("OFFICE_PASSWORD", PASSWORD)
    return Office(tmp_path, mailbox)
