"""What the fault tests share: an office with a way to send, and a place for the figures."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.journeys.office import Office
from tests.servers import HOST, PASSWORD, Mailbox, Sink, smtp_server


@pytest.fixture
def sink() -> Sink:
    """A mail server that takes every letter."""
    return Sink()


@pytest.fixture
def office(tmp_path: Path, mailbox: Mailbox, sink: Sink, monkeypatch: pytest.MonkeyPatch) -> Iterator[Office]:
    """A fresh mailbox on a real server, a real way to send, and a config that knows both."""
    monkeypatch.setenv("OFFICE_PASSWORD", PASSWORD)
    with smtp_server(sink, auth_require_tls=False) as port:
        table = f'[accounts.smtp]\nhost = "{HOST}"\nport = {port}\nsecurity = "none"\n'
        yield Office(tmp_path, mailbox, smtp=table)
