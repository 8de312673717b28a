import socket
import stat
import sys
from datetime import UTC, datetime

import pytest
from imapclient import IMAPClient

from mailsync.config import load
from mailsync.demo import prepare
from mailsync.demo.mailbox import sample_mailbox
from mailsync.demo.script import monday
from mailsync.demo.server import serve
from mailsync.model.errors import ServerError, UsageError
from mailsync.secrets import secret

NOW = datetime(2026, 3, 4, 10, tzinfo=UTC)


@pytest.fixture(scope="module")
def demo(tmp_path_factory):
    """Run a demo."""
    with prepare(tmp_path_factory.mktemp("demo"), NOW) as running:
        yield running


@pytest.fixture
def imap(demo):
    """Connect and log in as the demo's configuration says."""
    account = load(demo.config).accounts[0]
    with IMAPClient(account.imap.host, account.imap.port, ssl=False, timeout=20) as client:
        client.login(account.imap_username, secret(account))
        yield client


def test_every_message_is_served_byte_for_byte(imap, demo):
    """EXAMINE and BODY.PEEK give what was rendered, with its date, and leave the flags alone."""
    expected = {mail.data: mail for mail in sample_mailbox(monday(NOW))}
    seen = 0
    for folder in ("INBOX", "Sent"):
        imap.select_folder(folder, readonly=True)
        uids = imap.search("ALL")
        flags = imap.get_flags(uids)
        for uid, item in imap.fetch(uids, ["BODY.PEEK[]", "INTERNALDATE"]).items():
            mail = expected[item[b"BODY[]"]]
            assert mail.folder == folder
            assert item[b"INTERNALDATE"].timestamp() == mail.at.timestamp()
            assert (b"\\Seen" in flags[uid]) == mail.seen
            seen += 1
        assert imap.get_flags(uids) == flags

    assert seen == len(expected) == demo.messages


def test_letters_can_be_placed_in_drafts(imap):
    r"""An approved letter is appended with \Draft, as on any server."""
    imap.append("Drafts", b"Subject: Recap\r\nMessage-ID: <1@x.example>\r\n\r\nHello", flags=[b"\\Draft"])
    imap.select_folder("Drafts", readonly=True)

    (uid,) = imap.search(["HEADER", "Message-ID", "1@x.example"])
    assert b"\\Draft" in imap.get_flags([uid])[uid]


def test_a_wrong_password_is_refused(demo):
    """Other users of the machine cannot read the demo, and only its owner can read its password."""
    with IMAPClient("127.0.0.1", demo.port, ssl=False, timeout=20) as client, pytest.raises(client.Error):
        client.login("robin", "guess")

    for name in ("password", "config.toml", "begun"):
        assert stat.S_IMODE((demo.config.parent / name).stat().st_mode) == 0o600


def test_it_ends_even_while_somebody_is_connected(tmp_path):
    """Leaving the block frees the port at once and closes what is open."""
    with prepare(tmp_path / "demo", NOW) as running:
        client = IMAPClient("127.0.0.1", running.port, ssl=False, timeout=5)

    with pytest.raises((OSError, client.Error)):
        client.noop()
    client.shutdown()
    with pytest.raises(ConnectionRefusedError), socket.create_connection(("127.0.0.1", running.port), timeout=5):
        pass


def test_a_second_start_keeps_the_week(tmp_path):
    """The log of an earlier start still fits: the mailbox is the same weeks later."""
    with prepare(tmp_path, NOW):
        pass
    with prepare(tmp_path, NOW.replace(month=6)) as running:
        account = load(running.config).accounts[0]
        with IMAPClient(account.imap.host, account.imap.port, ssl=False, timeout=20) as client:
            client.login(account.imap_username, secret(account))
            client.select_folder("INBOX", readonly=True)
            found = client.fetch([client.search("ALL")[0]], ["BODY.PEEK[]"])

    assert next(iter(found.values()))[b"BODY[]"] in {mail.data for mail in sample_mailbox(monday(NOW))}


def test_a_folder_with_other_things_is_left_alone(tmp_path):
    """The demo never writes among somebody's files."""
    (tmp_path / "letter.odt").touch()

    with pytest.raises(UsageError, match="something else than a demo"), prepare(tmp_path, NOW):
        pass
    assert [path.name for path in tmp_path.iterdir()] == ["letter.odt"]


def test_a_taken_port_is_a_sentence():
    """The user learns that the port is in use, not what the system calls it."""
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        with pytest.raises(ServerError, match=f"Port {port} is in use"), serve((), "robin", "secret", port):
            pass


def test_without_the_extra_it_says_what_to_install(monkeypatch):
    """The server is an extra; its absence is a sentence."""
    monkeypatch.setitem(sys.modules, "pymap", None)

    with pytest.raises(UsageError) as caught, serve((), "robin", "secret"):
        pass
    assert "mailsync[demo]" in caught.value.hint
