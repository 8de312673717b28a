"""Hands an approved letter to an SMTP server, to exactly its recipients, and never leaves in doubt what is certain.

Until the final dot has been said nothing can have been sent, and every error is a ServerError; when the server's answer
to the dot is lost, nobody can know, and that is an OutcomeUnknownError, which must never be answered by trying again.
"""

import base64
import contextlib
import re
import smtplib
import socket
import ssl
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mailsync.model.errors import LoginRefusedError, OutcomeUnknownError, ServerError
from mailsync.transport.connection import plain
from mailsync.transport.mime import plain_address
from mailsync.transport.net import Auth, Security, encrypt, explain, insist_on_privacy, reach, tls_context
from mailsync.transport.refusal import login_error

#: What smtplib and the network throw.
_BROKEN = (OSError, ValueError, smtplib.SMTPException)  # SMTPException is an OSError, named for the reader


@dataclass(frozen=True, slots=True, kw_only=True)
class SmtpSettings:
    """How to reach the server that sends; never holds the secret. Without `username` no login is tried."""

    host: str
    port: int = 587
    security: Security = Security.STARTTLS
    username: str = ""
    auth: Auth = Auth.PASSWORD
    ca_file: Path | None = None
    fingerprint: str = ""
    timeout: float = 30.0
    deadline: float = 45.0


class _Smtp(smtplib.SMTP):
    """smtplib with our way to reach a host; says nothing of this machine's name."""

    def __init__(self, settings: SmtpSettings, context: ssl.SSLContext) -> None:
        self._settings, self._tls = settings, context
        super().__init__(local_hostname="[127.0.0.1]", timeout=settings.timeout)
        self._host = settings.host  # starttls() checks the certificate against it

    def _get_socket(self, host: str, port: int, timeout: float) -> socket.socket:
        sock = reach(host, port, lambda: timeout)
        return encrypt(sock, self._tls, host) if self._settings.security is Security.TLS else sock


def send(settings: SmtpSettings, secret: str, data: bytes, sender: str, recipients: Sequence[str]) -> None:
    """Send `data` (a whole message) from `sender` to all `recipients`, or to none.

    Raises UsageError for an address that is none; LoginRefusedError and ServerError when it surely was not sent;
    OutcomeUnknownError when nobody can say.
    """
    insist_on_privacy(settings.host, settings.security)
    envelope = plain_address(sender), [plain_address(recipient) for recipient in recipients]
    context = tls_context(settings.ca_file, settings.fingerprint)
    client = _Smtp(settings, context)
    with contextlib.closing(client), _bounded(client, settings.deadline):
        with _nothing_sent(settings):
            _greet(client, settings, context)
            _sign_in(client, settings, secret)
            _address(client, settings, *envelope)
        _hand_over(client, settings, data)
        with contextlib.suppress(*_BROKEN):
            client.quit()


def _greet(client: _Smtp, settings: SmtpSettings, context: ssl.SSLContext) -> None:
    code, said = client.connect(settings.host, settings.port)
    _expect(220, code, said, settings, "the connection")
    client.ehlo_or_helo_if_needed()
    if settings.security is Security.STARTTLS:
        if not client.has_extn("starttls"):
            raise ServerError(
                f"{settings.host} offers no encryption (STARTTLS), so nothing was sent.",
                'Somebody may be listening in between; or set security to "tls" with port 465.',
            )
        code, said = client.starttls(context=context)
        _expect(220, code, said, settings, "encryption")
        client.ehlo_or_helo_if_needed()


def _sign_in(client: _Smtp, settings: SmtpSettings, secret: str) -> None:
    """Log in. A refusal for now (454, 421) is a ServerError, a refusal for good a LoginRefusedError."""
    user = settings.username
    if not user:
        return
    if settings.auth is Auth.XOAUTH2:
        code, said = _auth(client, "XOAUTH2", f"user={user}\1auth=Bearer {secret}\1\1")
    elif settings.auth is Auth.OAUTHBEARER:
        name = user.replace("=", "=3D").replace(",", "=2C")
        code, said = _auth(client, "OAUTHBEARER", f"n,a={name},\1auth=Bearer {secret}\1\1")
    elif "LOGIN" in client.esmtp_features.get("auth", "") and "PLAIN" not in client.esmtp_features["auth"]:
        code, said = _auth(client, "LOGIN", user, secret)
    else:
        code, said = _auth(client, "PLAIN", f"\0{user}\0{secret}")
    if code not in (235, 503):  # 503: already authenticated
        reason = plain(f"{code} {said.decode('utf-8', 'replace')}", secret)
        refusal = login_error(settings.host, user, settings.auth, reason)
        raise refusal if code >= 500 else ServerError(str(refusal))


def _auth(client: _Smtp, way: str, *answers: str) -> tuple[int, bytes]:
    """Do one SASL exchange (RFC 4954): the first answer at once, or after the challenge where there are several."""
    words = [base64.b64encode(answer.encode()).decode() for answer in answers]
    code, said = client.docmd("AUTH", f"{way} {words.pop(0)}" if len(words) == 1 else way)
    while code == 334:
        code, said = client.docmd(words.pop(0) if words else "*")
    return code, said


def _address(client: _Smtp, settings: SmtpSettings, sender: str, recipients: Sequence[str]) -> None:
    """Name sender and recipients; one refused recipient stops the letter, so that nobody gets it without the others."""
    code, said = client.mail(sender)
    _expect(250, code, said, settings, f"the sender {sender}")
    for recipient in recipients:
        code, said = client.rcpt(recipient)
        _expect(250, 250 if code == 251 else code, said, settings, f"the recipient {recipient}")
    code, said = client.docmd("DATA")
    _expect(354, code, said, settings, "the letter")


def _hand_over(client: _Smtp, settings: SmtpSettings, data: bytes) -> None:
    """Say the letter and the final dot, and wait for the answer that makes it the server's."""
    lines = re.sub(rb"\r\n|\r|\n", b"\r\n", data).removesuffix(b"\r\n")
    stuffed = re.sub(rb"^\.", b"..", lines, flags=re.MULTILINE)
    try:
        client.send(stuffed + b"\r\n.\r\n")
        code, said = client.getreply()
    except _BROKEN as error:
        code, said = -1, str(error).encode()
    if code < 200:
        raise OutcomeUnknownError(
            f"{settings.host} broke off after the letter was handed over; it may or may not have been sent.",
            "Look into Sent or ask the recipient before sending it again.",
        )
    _expect(250, 250 if code // 100 == 2 else code, said, settings, "the letter")


def _expect(wanted: int, code: int, said: bytes, settings: SmtpSettings, what: str) -> None:
    if code != wanted:
        reason = plain(f"{code} {said.decode('utf-8', 'replace')}")
        raise ServerError(f"{settings.host} refused {what}: {reason}. Nothing was sent.")


@contextlib.contextmanager
def _nothing_sent(settings: SmtpSettings) -> Iterator[None]:
    try:
        yield
    except (ServerError, LoginRefusedError):
        raise
    except _BROKEN as error:
        said = plain(" ".join(str(arg) for arg in error.args))
        sentence = explain(error, settings.host, settings.port, "preparing to send", said)
        raise ServerError(f"{sentence} Nothing was sent.", sentence.hint) from None


@contextlib.contextmanager
def _bounded(client: _Smtp, seconds: float) -> Iterator[None]:
    """Cut the line after `seconds`: smtplib's own timeout counts anew with every octet that drips in."""

    def cut() -> None:
        sock: Any = client.sock
        if sock is not None:
            with contextlib.suppress(OSError):
                socket.socket.shutdown(sock, socket.SHUT_RDWR)  # not SSLSocket's: the other thread is using it

    timer = threading.Timer(seconds, cut)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
