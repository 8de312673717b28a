"""Serves the page with uvicorn, on this machine only unless told otherwise."""

import contextlib
import secrets
import socket
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import uvicorn

from mailsync.app import App
from mailsync.model.errors import MailsyncError, UsageError
from mailsync.web.app import create_app
from mailsync.web.security import LOOPBACK, Door, Names, is_loopback


@dataclass(frozen=True, slots=True, kw_only=True)
class Serving:
    """How the page is served.

    `link` asks for a login on this machine too, by a link that opens once; beyond this machine there always is a
    login. `certificate` and `key` (PEM files) make it HTTPS. `hosts` are further names that it is reached by.
    """

    host: str = "127.0.0.1"
    port: int = 8765
    read_only: bool = False
    incognito: bool = False
    link: bool = False
    certificate: Path | None = None
    key: Path | None = None
    hosts: tuple[str, ...] = ()


class Server:
    """The page on its port, from `open` until `stop`; `url` is the address to open, with its one-time link if any."""

    def __init__(self, app: App, how: Serving) -> None:
        self.how = how
        self.listener = _listen(how.host, how.port)
        port = int(self.listener.getsockname()[1])
        beyond = not is_loopback(how.host)
        password = app.config.web.password_hash
        link = secrets.token_urlsafe(24) if how.link or (beyond and not password) else ""
        shown = f"[{how.host}]" if ":" in how.host else how.host
        name = socket.gethostname().lower() if how.host in ("0.0.0.0", "::") else shown  # noqa: S104 - only compared
        scheme = "https" if how.certificate else "http"
        self.url = f"{scheme}://{name}:{port}/" + (f"login?link={link}" if link else "")
        own = (socket.gethostname().lower(), how.host) if beyond else ()
        made = create_app(
            app,
            door=Door(password_hash=password, link=link),
            names=Names(hosts=(*LOOPBACK, *own, *(h.lower() for h in how.hosts)), port=port, any_address=beyond),
            read_only=how.read_only,
            incognito=how.incognito,
        )
        self.site = made.state.site
        self._server = uvicorn.Server(
            uvicorn.Config(
                made,
                log_level="warning",
                access_log=False,
                server_header=False,
                proxy_headers=False,
                lifespan="off",
                timeout_graceful_shutdown=3,
                timeout_keep_alive=10,
                h11_max_incomplete_event_size=32_768,
                ssl_certfile=how.certificate,
                ssl_keyfile=how.key,
            )
        )

    def run(self) -> None:
        """Serve until stopped; in the main thread Ctrl-C and SIGTERM stop it."""
        try:
            self._server.run(sockets=[self.listener])
        finally:
            self.site.close()
            self.listener.close()

    def stop(self) -> None:
        """End serving; pages being drawn are finished first."""
        self._server.should_exit = True


def beyond_without_tls(how: Serving) -> bool:
    """Say whether the page would go over a network unencrypted."""
    return not is_loopback(how.host) and how.certificate is None


def serve(app: App, how: Serving | None = None) -> None:
    """Serve the page until interrupted. Raises UsageError where the port is taken or the address is not ours."""
    Server(app, how or Serving(host=app.config.web.host, port=app.config.web.port)).run()


@contextlib.contextmanager
def serve_in_thread(app: App, how: Serving | None = None) -> Iterator[Server]:
    """Serve the page beside other work while the block runs; `app` must be the page's own, not the worker's."""
    server = Server(app, how or Serving(host=app.config.web.host, port=app.config.web.port))
    thread = threading.Thread(target=server.run, name="mailsync-web", daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.stop()
        thread.join(10)


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
        listener.listen(128)
    except OSError as error:
        listener.close()
        raise _sentence(host, port, error) from error
    listener.set_inheritable(True)
    return listener


def _sentence(host: str, port: int, error: OSError) -> MailsyncError:
    import errno  # noqa: PLC0415 - only for the mistake

    if error.errno == errno.EADDRINUSE:
        return UsageError(
            f"port {port} is taken by another program", "Name another with --port, or end the other program."
        )
    if error.errno == errno.EACCES:
        return UsageError(f"port {port} may not be opened", "Ports below 1024 are the system's; name a higher one.")
    return UsageError(f"{host} is no address of this machine ({error.strerror})", "Name another with --host.")
