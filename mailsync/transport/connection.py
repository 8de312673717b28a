"""One connection to an IMAP server that cannot hang, swell or talk in the clear; `imap` and `drafts` stand on it.

imapclient and imaplib speak the protocol; this module bounds what a slow, broken or hostile server can make them do:
silence, the time of a whole command, drips inside a line, line and literal sizes. What goes wrong becomes one sentence.
"""

import base64
import contextlib
import imaplib
import io
import re
import socket
import ssl
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

from imapclient import IMAPClient

from mailsync.model.errors import ServerError
from mailsync.transport.net import Auth, Security, encrypt, explain, insist_on_privacy, reach, tls_context
from mailsync.transport.refusal import login_error

#: Octets a second above which a transfer never counts as slow.
PACE: Final = 8 * 1024

#: Longest line: SEARCH answers with all UIDs on one, about 8 octets each.
MAX_LINE: Final = 8 * 1024 * 1024

#: Octets that the answer to a command without message data may have.
ORDINARY: Final = 16 * 1024 * 1024

#: What libraries throw at a conversation that has gone wrong; a hostile answer can break their parsers in many ways.
BROKEN: Final = (
    imaplib.IMAP4.error,
    OSError,
    ValueError,
    TypeError,
    LookupError,
    AttributeError,
    ArithmeticError,
    AssertionError,
    RuntimeError,  # includes RecursionError
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ImapSettings:
    """How to reach one account's mailbox; never holds the secret.

    `folders` are names or patterns (`*`, `?`) to read besides inbox and sent. `drafts` and `sent` name those folders
    where their role does not show. `timeout` is the longest silence in seconds, `deadline` the longest time of one
    command at less than `PACE` octets a second. Messages over `max_bytes` are never fetched.
    """

    account: str
    host: str
    port: int = 993
    security: Security = Security.TLS
    username: str
    auth: Auth = Auth.PASSWORD
    ca_file: Path | None = None
    fingerprint: str = ""
    folders: tuple[str, ...] = ()
    drafts: str = ""
    sent: str = ""
    timeout: float = 30.0
    deadline: float = 45.0
    max_bytes: int = 50_000_000
    envelope_batch: int = 200
    body_batch: int = 50
    body_batch_bytes: int = 8 * 1024 * 1024


class RefusedError(ServerError):
    """The server answered a command with NO or BAD; the connection goes on. `said` is its text, made safe."""

    def __init__(self, host: str, doing: str, said: str) -> None:
        super().__init__(f"{host} refused {doing}: {said}")
        self.said = said


@dataclass(slots=True)
class Watch:
    """Bounds a session: silence, the time of one command, time lost inside lines, octets received.

    A server that drips keeps every wait short, so waits inside a line or literal are added up over the session; what
    arrives at `PACE` or faster costs nothing.
    """

    silence: float
    deadline: float
    began: float = field(default_factory=time.monotonic)
    limit: float = 0.0
    moved: int = 0
    received: int = 0
    allowance: int = ORDINARY
    dripped: float = 0.0

    def begin(self, allowance: int = ORDINARY, limit: float = 0.0) -> None:
        """Begin a command whose answer may have `allowance` octets and take `limit` seconds (default: the deadline)."""
        self.began, self.moved, self.received, self.allowance = time.monotonic(), 0, 0, allowance
        self.limit = limit or self.deadline

    def left(self) -> float:
        """Return how many seconds the next wait may take. Raises TimeoutError when there are none."""
        spent = time.monotonic() - self.began - self.moved / PACE
        left = min(self.silence, (self.limit or self.deadline) - spent, self.deadline - self.dripped)
        if left <= 0:
            raise TimeoutError
        return left

    def got(self, octets: int, waited: float, *, inside: bool) -> None:
        """Count what arrived after `waited` seconds, `inside` a line or literal or at its beginning."""
        self.moved += octets
        self.received += octets
        if inside:
            self.dripped = max(0.0, self.dripped + waited - octets / PACE)
        if self.received > self.allowance:
            raise imaplib.IMAP4.abort("it sent far more than was asked for")


class _Stream(io.RawIOBase):
    """Reads a socket under a watch."""

    def __init__(self, sock: socket.socket, watch: Watch) -> None:
        self._sock, self._watch, self.inside = sock, watch, False
        self.patience: float | None = None

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        began = time.monotonic()
        self._sock.settimeout(self._watch.left() if self.patience is None else self.patience)
        try:
            octets = self._sock.recv_into(buffer)
        except TimeoutError:
            if self.patience is None:
                raise
            return None  # nothing was said while nothing had to be
        if not octets and self.patience is not None:
            raise imaplib.IMAP4.abort("it hung up")
        self._watch.got(octets, time.monotonic() - began, inside=self.inside)
        self.inside = True
        return octets


class _Imap(imaplib.IMAP4):
    """imaplib under a watch: TLS from the first byte where asked for, capped lines and literals, nothing logged."""

    def __init__(self, settings: ImapSettings, context: ssl.SSLContext, watch: Watch) -> None:
        self._settings, self._context, self._watch = settings, context, watch
        super().__init__(settings.host, settings.port)

    def _create_socket(self, timeout: float | None = None) -> socket.socket:  # noqa: ARG002  (the watch knows better)
        sock = reach(self._settings.host, self._settings.port, self._watch.left)
        if self._settings.security is not Security.TLS:
            return sock
        sock.settimeout(self._watch.left())
        return encrypt(sock, self._context, self._settings.host)

    def open(self, host: str = "", port: int = 143, timeout: float | None = None) -> None:
        super().open(host, port, timeout)
        self._listen()

    def _listen(self) -> None:
        self._raw = _Stream(self.sock, self._watch)
        self._lines = io.BufferedReader(self._raw, 64 * 1024)

    def read(self, size: int) -> bytes:
        """Read one literal (RFC 9051, 4.3). A size that was not to be expected is refused before memory is taken."""
        if size > self._watch.allowance - self._watch.received + 64 * 1024:
            raise self.abort(f"it announced {size} octets where far fewer were asked for")
        self._raw.inside = False
        data = self._lines.read(size)
        if len(data) != size:
            raise self.abort("the connection ended in the middle of a message")
        return data

    def readline(self) -> bytes:
        """Read one line of at most MAX_LINE octets."""
        self._raw.inside = False
        line = self._lines.readline(MAX_LINE + 1)
        if len(line) > MAX_LINE:
            raise self.abort("it sent a line without end")
        return line

    def heard(self, seconds: float) -> bool:
        """Say whether the server says something within `seconds`, without taking it."""
        self._raw.patience, self._raw.inside = seconds, False
        try:
            return bool(self._lines.peek(1))
        finally:
            self._raw.patience = None

    def send(self, data: Any) -> None:
        """Send within the command's deadline."""
        view = memoryview(data)
        for start in range(0, len(view), 64 * 1024):
            self.sock.settimeout(self._watch.left())
            self.sock.sendall(view[start : start + 64 * 1024])
            self._watch.moved += len(view[start : start + 64 * 1024])

    def starttls(self, ssl_context: ssl.SSLContext | None = None) -> Any:
        """Encrypt (RFC 9051, 6.2.1). Whatever the server sent in the clear after its OK is thrown away unread."""
        kind, data = self._simple_command("STARTTLS")
        if kind != "OK":
            raise self.error("STARTTLS refused")
        self.sock.settimeout(self._watch.left())
        self.sock = encrypt(self.sock, ssl_context or self._context, self._settings.host)
        self._listen()
        self._tls_established = True
        self._get_capabilities()
        return kind, data

    def _log(self, line: object) -> None:
        """Keep no copy of what was said: imaplib would hold the last ten lines, the login among them."""


class Client(IMAPClient):  # type: ignore[misc]  # imapclient is not typed
    """imapclient over a watched connection; folder names stay as the server writes them, times keep their zone."""

    def __init__(self, settings: ImapSettings, context: ssl.SSLContext, watch: Watch) -> None:
        self._make: Callable[[], _Imap] = lambda: _Imap(settings, context, watch)
        tls = settings.security is Security.TLS
        super().__init__(settings.host, settings.port, ssl=tls, timeout=settings.timeout)
        self._imap.debug = 0  # imapclient sets 5: half the speed, and content in the log
        self.normalise_times = False
        self.folder_encode = False

    def _create_IMAP4(self) -> _Imap:  # noqa: N802  (imapclient's name)
        return self._make()

    def forget_answers(self) -> None:
        """Drop untagged answers that a refused command has left behind."""
        for name in ("FETCH", "SEARCH", "LIST", "EXPUNGE"):
            self._imap.untagged_responses.pop(name, None)

    def ask(self, command: bytes, *args: bytes, uid: bool = False) -> list[Any]:
        """Send `command`, return its untagged answers unparsed."""
        answers: list[Any] = self._raw_command_untagged(command, list(args), uid=uid)
        return [answer for answer in answers if answer is not None]

    def heard(self, seconds: float) -> bool:
        """Say whether the server, in IDLE, says something within `seconds`."""
        heard: bool = self._imap.heard(seconds)
        return heard

    def line(self) -> bytes:
        """Take one line of what the server says in IDLE."""
        line: bytes = self._imap._get_line()  # noqa: SLF001  (imapclient reads it by the same name)
        return line

    def sign_in(self, settings: ImapSettings, secret: str) -> None:
        """Log in; imaplib's own errors come through, so that a broken line is not taken for a refusal."""
        user, imap = settings.username, self._imap
        if settings.auth is Auth.XOAUTH2:
            imap.authenticate("XOAUTH2", _once(f"user={user}\1auth=Bearer {secret}\1\1"))
        elif settings.auth is Auth.OAUTHBEARER:
            name = user.replace("=", "=3D").replace(",", "=2C")
            imap.authenticate("OAUTHBEARER", _once(f"n,a={name},\1auth=Bearer {secret}\1\1"))
        elif (user + secret).isascii() and (user + secret).isprintable() and not self.has_capability("LOGINDISABLED"):
            imap.login(f'"{_escape(user)}"', secret)
        else:
            imap.authenticate("PLAIN", _once(f"\0{user}\0{secret}"))


def _escape(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"')


def _once(answer: str) -> Callable[[bytes], bytes]:
    """Answer the first challenge; a second one holds the server's reason for its refusal and is answered by nothing."""
    answers = [answer.encode()]
    return lambda _challenge: answers.pop() if answers else b""


class Connection:
    """A logged-in session that is opened when first needed; a broken one is dropped, the next command opens anew."""

    def __init__(self, settings: ImapSettings, secret: Callable[[], str]) -> None:
        insist_on_privacy(settings.host, settings.security)
        self.settings = settings
        self.capabilities: frozenset[str] = frozenset()
        self._secret = secret
        self._context = tls_context(settings.ca_file, settings.fingerprint)
        self._watch = Watch(settings.timeout, settings.deadline)
        self._client: Client | None = None

    @contextlib.contextmanager
    def command(self, doing: str, allowance: int = ORDINARY) -> Iterator[Client]:
        """Give the client for one command; `doing` goes into the sentence of an error ("reading the folder INBOX").

        Raises RefusedError for a NO or BAD, ServerError when the conversation is lost, LoginRefusedError.
        """
        client = self._client or self._open()
        self._watch.begin(allowance)
        client.forget_answers()
        with self._explained(doing):
            yield client

    def renew(self) -> None:
        """Replace a connection that died while nobody used it."""
        if self._client is not None:
            with contextlib.suppress(ServerError), self.command("looking whether it is still there") as client:
                client.noop()

    def drop(self) -> None:
        """Close without a word."""
        client, self._client = self._client, None
        if client is not None:
            with contextlib.suppress(*BROKEN):
                client.shutdown()

    def close(self) -> None:
        """Log out; never raises, and waits for the server's farewell a few seconds at most."""
        if self._client is not None:
            self._watch.begin(limit=5.0)
            with contextlib.suppress(*BROKEN):
                self._client.logout()
            self.drop()

    def _open(self) -> Client:
        settings = self.settings
        self._watch = Watch(settings.timeout, settings.deadline)
        self._watch.begin()
        with self._explained("connecting"):
            self._client = Client(settings, self._context, self._watch)
        client = self._client
        try:
            if settings.security is Security.STARTTLS:
                self._encrypt(client)
            self._sign_in(client)
            with self._explained("connecting"):
                self.capabilities = frozenset(c.decode("ascii", "replace") for c in client.capabilities())
        except BaseException:
            self.drop()
            raise
        return client

    def _encrypt(self, client: Client) -> None:
        with self._explained("agreeing on encryption"):
            offered = client.has_capability("STARTTLS")
            if offered:
                client.starttls(self._context)
        if not offered:
            raise ServerError(
                f"{self.settings.host} offers no encryption (STARTTLS), so no login was tried.",
                'Somebody may be listening in between; or set security to "tls" with port 993.',
            )

    def _sign_in(self, client: Client) -> None:
        secret = self._secret()
        self._watch.begin()
        try:
            with self._explained("logging in", secret):
                client.sign_in(self.settings, secret)
        except RefusedError as refusal:
            raise login_error(self.settings.host, self.settings.username, self.settings.auth, refusal.said) from None

    @contextlib.contextmanager
    def _explained(self, doing: str, secret: str = "") -> Iterator[None]:
        host, port = self.settings.host, self.settings.port
        try:
            yield
        except BROKEN as error:
            said = plain(str(error.args[0]) if error.args else "", secret)
            if type(error) is imaplib.IMAP4.error and self._client is not None:  # its subclasses mean: lost
                raise RefusedError(host, doing, said) from None
            self.drop()
            cause = error.__context__ if isinstance(error.__context__, OSError) else error  # imaplib wraps those
            raise explain(cause, host, port, doing, said) from None


def plain(said: str, secret: str = "") -> str:
    """Return what a server or imaplib said as one printable line of at most 200 characters.

    `secret` is blotted out in every usual form, for a server may repeat what it was told.
    """
    said = re.sub(r"""^[bB](['"])(.*)\1$""", r"\2", said[:2000], flags=re.DOTALL)
    said = re.sub(r"\\r|\\n|^command: \w+ => |^[a-z ]+(failed|command error): ", " ", said, flags=re.IGNORECASE)
    said = re.sub(r"socket error: (EOF|unterminated line).*", "it hung up", said, flags=re.DOTALL)
    encoded = (secret.encode().hex(), quote(secret), base64.b64encode(secret.encode()).decode())
    for form in (secret, *encoded) if secret else ():
        said = said.replace(form, "***")
    return " ".join("".join(c if c.isprintable() else " " for c in said).split())[:200]
