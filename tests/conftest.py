"""Fixtures that several rooms share: real servers, started once for a test process and only when a test asks."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.servers import Authority, Dovecot, Mailbox


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    """Certificates for loopback, and some not to be trusted."""
    return Authority(tmp_path_factory.mktemp("certificates"))


def _need_dovecot() -> None:
    if not (shutil.which("dovecot") or Path("/usr/sbin/dovecot").exists()):
        reason = "Dovecot is not installed (Debian: apt-get install dovecot-imapd)"
        pytest.fail(reason) if os.environ.get("CI") == "true" else pytest.skip(reason)


@pytest.fixture(scope="session")
def dovecot(authority: Authority) -> Iterator[Dovecot]:
    """A real IMAP server."""
    _need_dovecot()
    server = Dovecot(authority)
    yield server
    server.stop()


@pytest.fixture(scope="session")
def prefixed_dovecot(authority: Authority) -> Iterator[Dovecot]:
    """A real IMAP server that keeps every folder below "INBOX." and separates by dots, as many providers do."""
    _need_dovecot()
    server = Dovecot(authority, prefix="INBOX.", separator=".")
    yield server
    server.stop()


@pytest.fixture
def mailbox(dovecot: Dovecot) -> Mailbox:
    """A fresh user's mailbox."""
    return dovecot.mailbox()
