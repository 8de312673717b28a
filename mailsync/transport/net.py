"""How every connection begins: reach the host, insist on TLS, know whom one trusts, and say plainly what went wrong."""

import hashlib
import ipaddress
import socket
import ssl
from collections.abc import Callable
from enum import StrEnum
from pathlib import Path
from typing import Any

from mailsync.model.errors import ConfigError, ServerError


class Security(StrEnum):
    """How a connection is encrypted; NONE is only for servers on this machine."""

    TLS = "tls"
    STARTTLS = "starttls"
    NONE = "none"


class Auth(StrEnum):
    """How a login is proven: a password, or an OAuth 2.0 access token (XOAUTH2; OAUTHBEARER is RFC 7628)."""

    PASSWORD = "password"  # noqa: S105  (the name of a way, not a password)
    XOAUTH2 = "xoauth2"
    OAUTHBEARER = "oauthbearer"


class _PinnedContext(ssl.SSLContext):
    """Trusts one certificate by its SHA-256 fingerprint, whoever signed it, and no other."""

    fingerprint = ""

    def wrap_socket(self, sock: socket.socket, *args: Any, **kwargs: Any) -> ssl.SSLSocket:
        """Do the handshake and compare fingerprints before a single byte is said."""
        wrapped = super().wrap_socket(sock, *args, **kwargs)
        seen = hashlib.sha256(wrapped.getpeercert(binary_form=True) or b"").hexdigest()
        if seen != self.fingerprint:
            wrapped.close()
            raise ssl.SSLCertVerificationError(f"its fingerprint is {seen}, not the one configured")
        return wrapped


def tls_context(ca_file: Path | None = None, fingerprint: str = "") -> ssl.SSLContext:
    """Return a context that verifies the certificate and the host's name.

    `ca_file` (PEM) replaces the system's authorities; `fingerprint` (SHA-256 in hex, colons allowed) trusts exactly
    that certificate instead of any authority. Raises ConfigError if `ca_file` cannot be used.
    """
    if fingerprint:
        pinned = _PinnedContext(ssl.PROTOCOL_TLS_CLIENT)
        pinned.fingerprint = fingerprint.replace(":", "").lower()
        pinned.check_hostname, pinned.verify_mode = False, ssl.CERT_NONE  # the fingerprint says more than both
        return pinned
    try:
        return ssl.create_default_context(cafile=str(ca_file) if ca_file else None)
    except OSError as error:
        raise ConfigError((f"the certificate file {ca_file} cannot be used: {error.strerror or error}",)) from None


def insist_on_privacy(host: str, security: Security) -> None:
    """Refuse to talk in the clear to anything but this machine. Raises ConfigError."""
    if security is Security.NONE and not _is_loopback(host):
        raise ConfigError(
            (f'security "none" is only for servers on this machine, not for {host}',),
            'Set security to "tls", or to "starttls" if the server has no TLS port.',
        )


def _is_loopback(host: str) -> bool:
    if host.lower().rstrip(".") == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def reach(host: str, port: int, left: Callable[[], float]) -> socket.socket:
    """Open a TCP connection, trying every address of `host`; `left` tells how many seconds an attempt may take."""
    failure: OSError | None = None
    for *_, address in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM):
        try:
            return socket.create_connection((str(address[0]), port), timeout=left())
        except OSError as error:
            failure = failure or error
    raise failure or OSError("the name has no address")


def encrypt(sock: socket.socket, context: ssl.SSLContext, host: str) -> ssl.SSLSocket:
    """Do the TLS handshake on `sock`, which is closed if that fails."""
    try:
        return context.wrap_socket(sock, server_hostname=host)
    except BaseException:
        sock.close()
        raise


def explain(error: BaseException, host: str, port: int, doing: str, said: str = "") -> ServerError:
    """Turn what the network or a library threw into one clear sentence with its next step."""
    if isinstance(error, ssl.SSLError):
        return _explain_tls(error, host, port)
    if isinstance(error, socket.gaierror | UnicodeError):
        return ServerError(f"The host name {host} cannot be found.", "Check its spelling and this machine's network.")
    if isinstance(error, TimeoutError):
        return ServerError(f"{host} took too long while {doing}.", "Try again later; is the network up?")
    if isinstance(error, ConnectionRefusedError):
        return ServerError(f"Nothing answers at {host}:{port}.", "Check host and port, and that the server runs.")
    if isinstance(error, OSError):
        return ServerError(f"The connection with {host} broke while {doing}: {error.strerror or error}.")
    return ServerError(f"The conversation with {host} broke off while {doing}: {said or type(error).__name__}.")


def _explain_tls(error: ssl.SSLError, host: str, port: int) -> ServerError:
    if isinstance(error, ssl.SSLCertVerificationError):
        return ServerError(
            f"The certificate of {host} is not to be trusted: {getattr(error, 'verify_message', error.args[-1])}. "
            "Nothing was sent to it.",
            "If the server is yours, name its authority (ca_file) or its certificate's SHA-256 (fingerprint).",
        )
    return ServerError(
        f"No TLS connection with {host}:{port} ({(error.reason or 'broken off').replace('_', ' ').lower()}).",
        "Check port and security: 993 and 465 speak TLS at once, 143 and 587 want starttls.",
    )
