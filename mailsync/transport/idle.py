"""Waits for news without asking again and again (IDLE, RFC 2177), and notices when the line has died meanwhile."""

import time
from collections.abc import Callable
from typing import Final

from mailsync.transport.connection import Connection

#: Seconds after which IDLE is renewed. Servers may log a client out after 30 minutes; home routers and Exchange forget
#: a silent line sooner. Each renewal must be answered, so a line that died in silence is found dead here.
RENEW: Final = 9 * 60.0

#: How often a waiting thread looks whether it is to stop.
_GLANCE: Final = 1.0

_NEWS: Final = (b"EXISTS", b"EXPUNGE", b"VANISHED")


def idle(connection: Connection, seconds: float, stopped: Callable[[], bool], renew: float = RENEW) -> bool:
    """Wait in the examined folder until the server tells of news (True), `stopped`, or `seconds` have passed (False).

    Raises ServerError when the line is lost.
    """
    end = time.monotonic() + seconds
    while not stopped() and (left := end - time.monotonic()) > 0:
        if _once(connection, min(left, renew), stopped):
            return True
    return False


def _once(connection: Connection, seconds: float, stopped: Callable[[], bool]) -> bool:
    """Do one IDLE of at most `seconds`."""
    end, news = time.monotonic() + seconds, False
    with connection.command("asking to be told of new mail") as client:
        client.idle()
    while not news and not stopped() and (left := end - time.monotonic()) > 0:
        with connection.command("waiting for new mail") as client:
            news = client.heard(min(left, _GLANCE)) and _is_news(client.line())
    with connection.command("ending the wait for new mail") as client:
        client.idle_done()
    return news


def _is_news(line: bytes) -> bool:
    """Tell news from "* OK Still here" and flag changes. Raises what a farewell means: that the line is lost."""
    words = line.upper().split()[:3]
    if words[:2] == [b"*", b"BYE"]:
        raise ConnectionResetError("the server ended the conversation")
    return words[:1] == [b"*"] and any(word in _NEWS for word in words[1:])
