"""What the tests of this room share: sources and outboxes on the test servers, closed when a test ends."""

from collections.abc import Callable, Iterator

import pytest

from mailsync.transport.connection import ImapSettings
from mailsync.transport.drafts import ImapOutbox
from mailsync.transport.imap import ImapSource
from mailsync.transport.net import Security
from tests.servers import HOST, PASSWORD, Mailbox


def settings_for(at: int, username: str = "somebody", **more) -> ImapSettings:
    """Return settings for a server on loopback without encryption."""
    usual = {"account": "work", "host": HOST, "port": at, "security": Security.NONE, "username": username}
    return ImapSettings(**(usual | more))


@pytest.fixture
def source() -> Iterator[Callable[..., ImapSource]]:
    """Make sources for a mailbox or a bare port."""
    made: list[ImapSource] = []

    def make(where: Mailbox | int, secret: str = PASSWORD, **more) -> ImapSource:
        at = (where.server.port, where.user) if isinstance(where, Mailbox) else (where, "somebody")
        made.append(ImapSource(settings_for(at[0], **({"username": at[1]} | more)), lambda: secret))
        return made[-1]

    yield make
    for each in made:
        each.close()


@pytest.fixture
def outbox() -> Iterator[Callable[..., ImapOutbox]]:
    """Make outboxes for a mailbox or a bare port."""
    made: list[ImapOutbox] = []

    def make(where: Mailbox | int, smtp=None, **more) -> ImapOutbox:
        at = (where.server.port, where.user) if isinstance(where, Mailbox) else (where, "somebody")
        made.append(ImapOutbox(settings_for(at[0], **({"username": at[1]} | more)), lambda: PASSWORD, smtp))
        return made[-1]

    yield make
    for each in made:
        each.close()
