"""Waiting for news: nothing slips through, and nothing waits on a dead line."""

import contextlib
import threading

import pytest

from mailsync.model.errors import ServerError
from mailsync.model.mail import FolderRole
from mailsync.model.ports import Folder
from mailsync.transport.idle import idle
from mailsync.transport.net import Security
from tests.faults import FaultProxy, ScriptedImap
from tests.transport.test_imap import INBOX, letter

pytestmark = pytest.mark.dovecot


def soon(act, seconds=0.3):
    """Do something a little later."""
    timer = threading.Timer(seconds, act)
    timer.start()
    return timer


def never() -> bool:
    """Nobody stops it."""
    return False


def test_new_mail_ends_the_wait(mailbox, source):
    """What arrives during IDLE is told at once, and the connection goes on to be used."""
    src = source(mailbox)
    src.folders()
    src.examine(INBOX)
    arriving = soon(lambda: mailbox.append(letter(1)))

    assert src.wait(30, never)

    arriving.join()
    src.examine(INBOX)
    assert src.uids() == [1]


def test_the_wait_works_the_same_within_tls(mailbox, source, authority):
    """Encrypted lines keep their place in the stream through many short waits without news."""
    where = {"username": mailbox.user, "security": Security.TLS, "host": "localhost", "ca_file": authority.ca}
    src = source(mailbox.server.tls_port, **where)
    src.folders()
    src.examine(INBOX)
    arriving = soon(lambda: mailbox.append(letter(1)), 2.5)

    assert src.wait(30, never)

    arriving.join()
    src.examine(INBOX)
    assert len(list(src.bodies(src.envelopes(src.uids())))) == 1


def test_mail_that_came_before_the_wait_ends_it_too(mailbox, source):
    """Nothing slips between the last look and IDLE."""
    src = source(mailbox)
    src.folders()
    src.examine(INBOX)
    src.examine(Folder(name="Sent", role=FolderRole.SENT))
    mailbox.append(letter(1))

    assert src.wait(30, never)


def test_the_wait_ends_when_asked_to_or_when_its_time_is_over(mailbox, source):
    """A stopping service need not wait for the server, and silence is no news."""
    src = source(mailbox)
    src.folders()
    src.examine(INBOX)
    stop = threading.Event()
    soon(stop.set, 0.1)

    assert not src.wait(60, stop.is_set)
    assert not src.wait(0.2, never)


def test_idle_is_renewed_on_the_same_connection(mailbox, source):
    """Long waits are cut into many IDLEs, each of which the server must answer."""
    with FaultProxy(mailbox.server.port) as proxy:
        src = source(proxy.port, username=mailbox.user)
        src.folders()
        src.examine(INBOX)

        assert not idle(src._connection, 0.5, never, renew=0.1)

        assert proxy.heard.count(b"IDLE\r\n") >= 3
        assert proxy.heard.count(b"DONE\r\n") == proxy.heard.count(b"IDLE\r\n")
        assert proxy.connections == 1


@pytest.mark.parametrize("fault", ["reset", "close"])
def test_a_line_that_breaks_during_the_wait_is_an_error_and_not_news(mailbox, source, fault):
    """The wait ends with a sentence, and the next command opens a new connection."""
    with FaultProxy(mailbox.server.port, fault, match=b"EXISTS\r\n* 1 RECENT") as proxy:
        src = source(proxy.port, username=mailbox.user)
        src.folders()
        src.examine(INBOX)
        soon(lambda: mailbox.append(letter(1)))

        with contextlib.suppress(ServerError):
            assert src.wait(30, never)

        src.examine(INBOX)
        assert src.uids() == [1]


def test_a_line_that_died_in_silence_is_found_dead_when_idle_is_renewed(mailbox, source):
    """Where nothing comes back any more, the renewal runs into its deadline instead of waiting for ever."""
    with FaultProxy(mailbox.server.port, "stall", match=b"+ idling") as proxy:
        src = source(proxy.port, username=mailbox.user, timeout=0.5, deadline=1.0)
        src.folders()
        src.examine(INBOX)

        with pytest.raises(ServerError, match="took too long"):
            idle(src._connection, 20, never, renew=0.2)
        assert src.examine(INBOX).messages == 0


@pytest.mark.parametrize(
    "answer",
    [
        b"{tag} NO not now\r\n",
        b"+ idling\r\n* BYE see you\r\n",
        b"+ idling\r\n\x00\xff garbage\r\n* BYE\r\n",
        b"* 5 EXISTS\r\n+ idling\r\n",
        b"+ idling\r\n* 1 FETCH (FLAGS ({99999999999}\r\n* BYE\r\n",
    ],
)
def test_a_server_that_spoils_idle_ends_the_wait_with_a_sentence(source, answer):
    """Refusals, farewells and garbage are errors of ours with a sentence, never another exception."""
    usual = b"* CAPABILITY IMAP4rev1 IDLE\r\n{tag} OK done\r\n"
    with ScriptedImap(CAPABILITY=usual, IDLE=answer) as server:
        src = source(server.port, timeout=1.0, deadline=2.0)
        src.folders()
        src.examine(INBOX)

        with pytest.raises(ServerError):
            src.wait(30, never)


def test_a_server_without_idle_is_not_waited_for(source):
    """There the plan's polls are all there is."""
    with ScriptedImap() as server:
        src = source(server.port)
        src.folders()
        src.examine(INBOX)

        assert not src.wait(30, never)
        assert "IDLE" not in server.said


def test_chatter_is_no_news(source):
    """Flag changes and "still here" do not make a turn; a new message among them does."""
    usual = b"* CAPABILITY IMAP4rev1 IDLE\r\n{tag} OK done\r\n"
    chatter = b"+ idling\r\n* OK Still here\r\n* 1 FETCH (FLAGS (\\Seen))\r\n* 4 EXISTS\r\n"
    with ScriptedImap(CAPABILITY=usual, IDLE=chatter, DONE=b"") as server:
        src = source(server.port, timeout=1.0, deadline=2.0)
        src.folders()
        src.examine(INBOX)

        with pytest.raises(ServerError, match="ending the wait"):  # this server never answers DONE
            src.wait(30, never)
