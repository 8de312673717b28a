"""Keeps the page to its user: host names, cross-site requests, headers, and the login beyond this machine.

Every byte of mail is hostile, and so is every other page open in the same browser. What is defended against: another
site that posts here (CSRF), frames this page, or points its own name at this address (DNS rebinding); script and loads
from mail that slip through sanitising (the Content-Security-Policy); guessing the password.
"""

import base64
import hashlib
import hmac
import ipaddress
import secrets
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from urllib.parse import quote

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import HTTPConnection
from starlette.responses import PlainTextResponse, RedirectResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

COOKIE = "mailsync"
SESSION_SECONDS = 12 * 3600
LONGEST_BODY = 2_000_000

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; frame-src 'self';"
    " form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
)
#: For mail shown as HTML: nothing loads, nothing runs, nothing is sent, even if sanitising should have missed it.
MAIL_POLICY = (
    "default-src 'none'; style-src 'self'; form-action 'none'; frame-ancestors 'self'; base-uri 'none'; sandbox"
)
HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    # Not "no-referrer": browsers would then send "Origin: null" with our own forms.
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), interest-cohort=()",
    "Cache-Control": "no-store",
    "X-Robots-Tag": "noindex",
}

LOOPBACK = ("127.0.0.1", "::1", "localhost")


def is_loopback(host: str) -> bool:
    """Say whether `host`, as one binds to it, is reached from this machine only."""
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host.lower() == "localhost"


# ---- the password ----

_N, _R, _P = 1 << 15, 8, 1


def hash_password(password: str) -> str:
    """Return what `[web] password_hash` wants: scrypt (RFC 7914) with its parameters, salt and key."""
    salt = secrets.token_bytes(16)
    return f"scrypt:{_N}:{_R}:{_P}:{_b64(salt)}:{_b64(_scrypt(password, salt, _N, _R, _P))}"


def check_password(password: str, kept: str) -> bool:
    """Say whether `password` is the one behind `kept`; False for a hash that cannot be read."""
    try:
        scheme, n, r, p, salt, key = kept.split(":")
        known = base64.b64decode(key, validate=True)
        if scheme != "scrypt" or not known or int(n) > 1 << 20 or int(r) > 32 or int(p) > 16:
            return False
        return hmac.compare_digest(_scrypt(password, base64.b64decode(salt), int(n), int(r), int(p)), known)
    except ValueError:
        return False


def _scrypt(password: str, salt: bytes, n: int, r: int, p: int) -> bytes:
    return hashlib.scrypt(password.encode()[:1024], salt=salt, n=n, r=r, p=p, maxmem=256 * n * r, dklen=32)


def _b64(data: bytes) -> str:
    return base64.b64encode(data).decode()


# ---- who is let in ----


@dataclass(slots=True)
class Door:
    """Who may come in: nobody is asked where `password_hash` and `link` are both empty.

    `link` is a token that opens once. Failures make everybody wait: the fifth for two seconds, each further one twice
    as long, at most five minutes. Sessions live in memory and end with the process.
    """

    password_hash: str = field(default="", repr=False)
    link: str = field(default="", repr=False)
    clock: Callable[[], float] = time.monotonic
    locked: bool = field(init=False)
    _key: bytes = field(default_factory=lambda: secrets.token_bytes(32), repr=False)
    _sessions: dict[str, float] = field(default_factory=dict, repr=False)
    _failures: int = 0
    _again_at: float = 0.0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def __post_init__(self) -> None:
        self.locked = bool(self.password_hash or self.link)

    def knows(self, session: str) -> bool:
        """Say whether this session may come in."""
        return not self.locked or self._sessions.get(session, 0.0) > self.clock()

    def token(self, session: str) -> str:
        """Return the token that every form of this session carries."""
        return hmac.new(self._key, (session if self.locked else "").encode(), hashlib.sha256).hexdigest()

    def accepts(self, session: str, token: str) -> bool:
        """Say whether a form came from a page of this session."""
        return hmac.compare_digest(self.token(session).encode(), token.encode("utf-8", "replace"))

    def wait(self) -> float:
        """Return for how many seconds nobody may try a password."""
        return max(0.0, self._again_at - self.clock())

    def enter(self, *, password: str = "", link: str = "") -> str:
        """Return a new session for the right password or the unused link, "" for a wrong one."""
        with self._lock:
            if self.wait():
                return ""
            right = bool(link and self.link) and hmac.compare_digest(link.encode(), self.link.encode())
            if right:
                self.link = ""
            elif password and self.password_hash:
                right = check_password(password, self.password_hash)
            if not right:
                self._failures += 1
                if self._failures >= 5:
                    self._again_at = self.clock() + min(300.0, 2.0 ** min(self._failures - 4, 9))
                return ""
            self._failures = 0
            return self._new_session()

    def _new_session(self) -> str:
        now = self.clock()
        self._sessions = {name: end for name, end in self._sessions.items() if end > now}
        session = secrets.token_urlsafe(32)
        self._sessions[session] = now + SESSION_SECONDS
        return session

    def leave(self, session: str) -> None:
        """End a session."""
        self._sessions.pop(session, None)


# ---- the guard ----


@dataclass(frozen=True, slots=True, kw_only=True)
class Names:
    """The Host headers that are answered: these names with the port; `any_address` also answers every IP address.

    An IP address in the Host header cannot come from DNS rebinding, which needs a name of the attacker's.
    """

    hosts: Sequence[str] = LOOPBACK
    port: int = 0
    any_address: bool = False

    def answer(self, header: str) -> bool:
        """Say whether a request for this Host is answered; with port 0 any port will do (tests)."""
        name, port = _split(header.lower())
        if self.port and port != str(self.port) and not (port == "" and self.port in (80, 443)):
            return False
        if name in self.hosts:
            return True
        try:
            return self.any_address and not ipaddress.ip_address(name).is_unspecified
        except ValueError:
            return False


def _split(header: str) -> tuple[str, str]:
    if header.startswith("["):
        name, _, rest = header[1:].partition("]")
        return name, rest.removeprefix(":")
    name, _, port = header.partition(":")
    return name, port


class Guard:
    """The outermost layer: refuses what is not for us, sets the headers of every answer."""

    def __init__(self, app: ASGIApp, *, door: Door, names: Names) -> None:
        self.app, self.door, self.names = app, door, names

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            if scope["type"] == "lifespan":
                await self.app(scope, receive, send)
            return

        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    headers.setdefault(name, value)
                if scope["path"].startswith("/static/"):  # a sandboxed frame is of no origin and wants its style too
                    headers["Cross-Origin-Resource-Policy"] = "cross-origin"
            await send(message)

        headers = Headers(scope=scope)
        refusal = self._refuse(scope, headers)
        if refusal:
            status, sentence = refusal
            await PlainTextResponse(sentence, status)(scope, receive, with_headers)
            return
        session = HTTPConnection(scope).cookies.get(COOKIE, "")
        scope["session"] = session
        open_to_all = scope["path"] == "/login" or scope["path"].startswith("/static/")
        if not open_to_all and not self.door.knows(session):
            await self._send_to_login(scope, receive, with_headers)
            return
        await self.app(scope, _capped(receive), with_headers)

    def _refuse(self, scope: Scope, headers: Headers) -> tuple[int, str] | None:
        """Return status and sentence for a request that is not from a page of ours."""
        hosts = headers.getlist("host")
        if len(hosts) != 1 or not self.names.answer(hosts[0]):
            return 421, "This address is not served here. Open the one that mailsync printed."
        if scope["method"] not in ("GET", "HEAD", "POST"):
            return 405, "This is not done here."
        length = headers.get("content-length", "0")
        if not length.isdigit() or int(length) > LONGEST_BODY:
            return 413, "That is too much text."
        origin, site = headers.get("origin"), headers.get("sec-fetch-site", "same-origin")
        foreign = origin is not None and origin.lower() != f"{scope['scheme']}://{hosts[0].lower()}"
        if scope["method"] == "POST" and (foreign or site not in ("same-origin", "none")):
            return 403, "This form was sent by another site; nothing was done."
        return None

    async def _send_to_login(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["method"] == "POST":
            answer = PlainTextResponse("You are logged out; nothing was done. Log in and try again.", 401)
            await answer(scope, receive, send)
            return
        query = scope.get("query_string", b"").decode("latin-1")
        wanted = scope["path"] + (f"?{query}" if query else "")
        await RedirectResponse(f"/login?next={quote(wanted[:500], safe='')}", 303)(scope, receive, send)


def _capped(receive: Receive) -> Receive:
    """Cut off a body that goes on after LONGEST_BODY (chunked ones tell no length)."""
    taken = 0

    async def counted() -> Message:
        nonlocal taken
        message = await receive()
        taken += len(message.get("body", b""))
        return {"type": "http.disconnect"} if taken > LONGEST_BODY else message

    return counted


def own_path(wanted: str) -> str:
    """Return `wanted` if it is a path of this site, else "/": a login or a form must not lead elsewhere."""
    safe = wanted.startswith("/") and not wanted.startswith(("//", "/\\")) and wanted.isprintable()
    return wanted if safe and "\\" not in wanted else "/"
