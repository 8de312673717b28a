"""Serves the sample mailbox over IMAP on this machine, with pymap's in-memory store in a thread of this process."""

import asyncio
import importlib.util
import socket
import threading
from argparse import Namespace
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

from mailsync.demo.mailbox import DRAFTS, INBOX, SENT, SampleMail
from mailsync.model.errors import ServerError, UsageError

if TYPE_CHECKING:
    from pymap.backend.dict.mailbox import MailboxSet

HOST = "127.0.0.1"
START_SECONDS = 30


@contextmanager
def serve(mails: Sequence[SampleMail], username: str, password: str, port: int = 0) -> Iterator[int]:
    """Serve `mails` for one user until the block ends, and give the port; 0 takes a free one.

    Nothing is kept: letters placed in Drafts are gone afterwards. Raises UsageError without the extra `demo`, and
    ServerError if the port is taken or the server does not come up.
    """
    if importlib.util.find_spec("pymap") is None:
        raise UsageError("The demo needs the package pymap.", "Install it with `pip install 'mailsync[demo]'`.")
    listener = _listen(port)
    server = _Server(listener, mails, username, password)
    thread = threading.Thread(target=server.run, name="demo-imap", daemon=True)
    try:
        thread.start()
        if not server.ready.wait(START_SECONDS) or server.failure is not None:
            raise ServerError("The demo's mail server did not come up.") from server.failure
        yield listener.getsockname()[1]
    finally:
        server.stop()
        thread.join(START_SECONDS)
        listener.close()


def _listen(port: int) -> socket.socket:
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((HOST, port))
    except OSError as error:
        listener.close()
        raise ServerError(f"Port {port} is in use by another program.", "Choose another port.") from error
    listener.listen()
    return listener


class _Server:
    """pymap in an event loop of its own; `ready` is set once it listens or has failed."""

    def __init__(self, listener: socket.socket, mails: Sequence[SampleMail], username: str, password: str) -> None:
        self.ready = threading.Event()
        self.failure: Exception | None = None
        self._listener = listener
        self._mails = mails
        self._username = username
        self._password = password
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stopped = asyncio.Event()

    def run(self) -> None:
        """Serve until `stop`; whatever goes wrong is kept in `failure`."""
        try:
            asyncio.run(self._serve())
        except Exception as error:  # noqa: BLE001  (a thread has nobody to raise to)
            self.failure = error
        finally:
            self.ready.set()

    def stop(self) -> None:
        """End the server and its connections, from another thread."""
        if self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._stopped.set)

    async def _serve(self) -> None:
        from proxyprotocol.reader import ProxyProtocolReader  # noqa: PLC0415  (pymap is an extra)
        from pymap.backend.dict import DictBackend  # noqa: PLC0415
        from pymap.backend.dict.filter import FilterSet  # noqa: PLC0415
        from pymap.imap import IMAPServer  # noqa: PLC0415
        from pysasl.hashing import BuiltinHash  # noqa: PLC0415

        self._loop = asyncio.get_running_loop()
        settings = Namespace(
            host=HOST,
            port=0,
            tls=False,
            cert=None,
            key=None,
            debug=False,
            passlib_cfg=None,
            proxy_protocol=None,
            demo_data=False,
            demo_user=self._username,
            demo_password=self._password,
        )
        # The password is random and lives as long as the demo, so hashing it slowly would guard nothing.
        backend, config = await DictBackend.init(settings, hash_context=BuiltinHash(rounds=1000))
        config.apply_context()
        config.set_cache[self._username] = (await _filled(self._mails), FilterSet())
        connect = ProxyProtocolReader(config.proxy_protocol).get_callback(IMAPServer(backend.login, config))
        server = await asyncio.start_server(connect, sock=self._listener)
        self.ready.set()
        try:
            await self._stopped.wait()
        finally:
            # Closing waits for nobody: asyncio.run ends the connections that are still open.
            server.close()


async def _filled(mails: Sequence[SampleMail]) -> "MailboxSet":
    """Return the folders with their messages, each with its date as the server's date of arrival."""
    from pymap.backend.dict.mailbox import MailboxSet  # noqa: PLC0415
    from pymap.parsing.message import AppendMessage  # noqa: PLC0415
    from pymap.parsing.specials.flag import Seen  # noqa: PLC0415

    folders = MailboxSet()
    for name in (SENT, DRAFTS):
        await folders.add_mailbox(name)
    opened = {name: await folders.get_mailbox(name) for name in (INBOX, SENT, DRAFTS)}
    for mail in mails:
        flags = frozenset({Seen} if mail.seen else ())
        await opened[mail.folder].append(AppendMessage(mail.data, mail.at, flags))
    return folders
