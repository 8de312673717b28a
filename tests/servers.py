"""Real servers on loopback for the tests: Dovecot, an SMTP sink, and certificates to trust or to mistrust.

Each server takes a free port and keeps its files in a folder of its own, so that test processes do not meet.
"""

import contextlib
import grp
import hashlib
import imaplib
import os
import pwd
import re
import secrets
import shutil
import socket
import ssl
import subprocess
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import trustme
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult

HOST = "127.0.0.1"
PASSWORD = "correct-horse-7f3a"


def free_port() -> int:
    """Return a port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return probe.getsockname()[1]


@dataclass
class Authority:
    """A certificate authority made for the tests, with what it signed."""

    folder: Path
    ca: Path = field(init=False)
    chain: Path = field(init=False)
    key: Path = field(init=False)

    def __post_init__(self) -> None:
        authority = trustme.CA()
        self.ca = self.folder / "ca.pem"
        authority.cert_pem.write_to_path(str(self.ca))
        self.chain, self.key = self._issue(authority, "server", "localhost", HOST)
        pem = ssl.PEM_cert_to_DER_cert(self.chain.read_text().partition("-----END")[0] + "-----END CERTIFICATE-----")
        self.fingerprint = hashlib.sha256(pem).hexdigest()
        self.other = self._issue(authority, "other", "other.example")
        self.stranger = self._issue(trustme.CA(), "stranger", "localhost", HOST)

    def _issue(self, authority: trustme.CA, name: str, *hosts: str) -> tuple[Path, Path]:
        issued = authority.issue_cert(*hosts)
        chain, key = self.folder / f"{name}.pem", self.folder / f"{name}.key"
        issued.private_key_pem.write_to_path(str(key))
        for blob in issued.cert_chain_pems:
            blob.write_to_path(str(chain), append=True)
        return chain, key


CONFIG = """
base_dir = {folder}/run
state_dir = {folder}/state
log_path = {folder}/dovecot.log
protocols = imap
listen = 127.0.0.1
ssl = yes
ssl_cert = <{chain}
ssl_key = <{key}
disable_plaintext_auth = no
auth_mechanisms = plain login
default_internal_user = {internal}
default_login_user = {login}
default_internal_group = {group}
first_valid_uid = 1
mail_uid = {uid}
mail_gid = {gid}
mail_location = maildir:~/Maildir:LAYOUT=fs
mail_max_userip_connections = 50
mail_plugins = quota
auth_failure_delay = 0
passdb {{
  driver = static
  args = password={password}
}}
userdb {{
  driver = passwd-file
  args = {folder}/limited
  default_fields = uid={uid} gid={gid} home={folder}/home/%u
}}
userdb {{
  driver = static
  args = uid={uid} gid={gid} home={folder}/home/%u
}}
namespace inbox {{
  inbox = yes
  separator = {separator}
  prefix = {prefix}
  mailbox Drafts {{
    special_use = \\Drafts
    auto = create
  }}
  mailbox Sent {{
    special_use = \\Sent
    auto = create
  }}
}}
plugin {{
  quota = count:User quota
  quota_vsizes = yes
  quota_rule = *:messages=0
}}
service imap-login {{
  chroot =
  inet_listener imap {{
    address = 127.0.0.1
    port = {port}
  }}
  inet_listener imaps {{
    address = 127.0.0.1
    port = {tls_port}
    ssl = yes
  }}
}}
service anvil {{
  chroot =
  unix_listener anvil-auth-penalty {{
    mode = 0
  }}
}}
"""


class Dovecot:
    """A Dovecot of one's own; every user name is good with PASSWORD, and its mailbox is made at the first login."""

    def __init__(self, authority: Authority, prefix: str = "", separator: str = "/", extra: str = "") -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="mailsync-dovecot-"))
        self.folder.chmod(0o755)
        self.port, self.tls_port, self.ca = free_port(), free_port(), authority.ca
        root = os.getuid() == 0
        me = pwd.getpwuid(os.getuid())
        mail = pwd.getpwnam("nobody") if root else me
        (self.folder / "home").mkdir()
        os.chown(self.folder / "home", mail.pw_uid, mail.pw_gid)
        text = CONFIG.format(
            folder=self.folder, chain=authority.chain, key=authority.key, port=self.port, tls_port=self.tls_port,
            internal="dovecot" if root else me.pw_name, login="dovenull" if root else me.pw_name,
            group="dovecot" if root else grp.getgrgid(me.pw_gid).gr_name, uid=mail.pw_uid, gid=mail.pw_gid, password=PASSWORD,
            prefix=prefix, separator=separator,
        )  # fmt: skip
        self._narrow = [f"narrow-{number}" for number in range(20)]
        rules = (f"{user}:::::::userdb_quota_rule=*:messages=1\n" for user in self._narrow)
        (self.folder / "limited").write_text("".join(rules))
        self.config = self.folder / "dovecot.conf"
        self.config.write_text(text + extra)
        command = [shutil.which("dovecot") or "/usr/sbin/dovecot", "-F", "-c", self.config]
        self.process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self._wait()

    def _wait(self) -> None:
        for _ in range(200):
            with contextlib.suppress(OSError), socket.create_connection((HOST, self.port), 1) as line:
                if line.recv(4) == b"* OK":
                    return
            if self.process.poll() is not None:
                break
            time.sleep(0.05)
        log = self.folder / "dovecot.log"
        raise RuntimeError("Dovecot does not start: " + (log.read_text() if log.exists() else "no log"))

    def stop(self) -> None:
        """End the server and remove what it kept."""
        self.process.terminate()
        self.process.wait(10)
        shutil.rmtree(self.folder, ignore_errors=True)

    def admin(self, *words: str) -> str:
        """Run doveadm."""
        command = [shutil.which("doveadm") or "/usr/bin/doveadm", "-c", str(self.config), *words]
        return subprocess.run(command, check=True, capture_output=True, timeout=20).stdout.decode()

    def mailbox(self, *, full: bool = False) -> "Mailbox":
        """Return a fresh user's mailbox; a `full` one has room for a single message."""
        return Mailbox(self, self._narrow.pop() if full else f"user-{secrets.token_hex(4)}")


class Mailbox:
    """One user's mail on a Dovecot, as its owner (over IMAP) and its administrator (doveadm) handle it."""

    def __init__(self, server: Dovecot, user: str) -> None:
        self.server, self.user = server, user

    @contextlib.contextmanager
    def session(self) -> Iterator[imaplib.IMAP4]:
        """Log in as the owner."""
        with imaplib.IMAP4(HOST, self.server.port, timeout=20) as imap:
            imap.login(self.user, PASSWORD)
            yield imap

    def create(self, *raw_names: str) -> None:
        """Create folders, their names as they go over the wire (modified UTF-7)."""
        with self.session() as imap:
            for name in raw_names:
                assert imap.create(f'"{name}"')[0] == "OK"

    def append(self, *messages: bytes, folder: str = "INBOX", date: datetime | None = None, flags: str = "") -> None:
        """Append exact bytes."""
        with self.session() as imap:
            stamp = imaplib.Time2Internaldate(date or datetime(2024, 6, 3, 9, 30, tzinfo=UTC))
            imap._simple_command = _verbatim(imap, imap._simple_command, messages)
            for message in messages:
                assert imap.append(f'"{folder}"', flags, stamp, message)[0] == "OK"

    def contents(self, folder: str = "INBOX") -> list[tuple[int, str, bytes]]:
        """Return UID, flags and bytes of every message."""
        with self.session() as imap:
            imap.select(f'"{folder}"', readonly=True)
            _, rows = imap.uid("FETCH", "1:*", "(UID FLAGS BODY.PEEK[])")
            found = []
            for row in rows:
                if isinstance(row, tuple):
                    uid = re.search(rb"UID (\d+)", row[0])
                    flags = re.search(rb"FLAGS \(([^)]*)\)", row[0])
                    found.append((int(uid[1]), flags[1].decode(), row[1]))
            return found

    def expunge(self, *uids: int, folder: str = "INBOX") -> None:
        """Remove messages behind everybody's back."""
        self._admin("expunge", "mailbox", folder, "uid", ",".join(map(str, uids)))

    def rename(self, folder: str, new: str) -> None:
        """Rename a folder."""
        self.server.admin("mailbox", "rename", "-u", self.user, folder, new)

    def copy(self, folder: str, to: str) -> None:
        """Copy all messages, as Gmail shows one in several places."""
        self._admin("copy", to, "mailbox", folder, "all")

    def new_uidvalidity(self, folder: str = "INBOX") -> None:
        """Give the folder another UIDVALIDITY; the UIDs stay."""
        self.server.admin(
            "mailbox", "update", "-u", self.user, "--uid-validity", str(secrets.randbelow(10**9) + 10), folder
        )

    def _admin(self, command: str, *words: str) -> None:
        self.server.admin(command, "-u", self.user, *words)


def _verbatim(imap: imaplib.IMAP4, command, messages):
    """Keep imaplib's APPEND from making bare LF to CRLF."""
    queue = list(messages)

    def send(name, *args):
        if name == "APPEND":
            imap.literal = queue.pop(0)
        return command(name, *args)

    return send


@dataclass
class Received:
    """One letter that the SMTP sink was given."""

    sender: str
    recipients: list[str]
    data: bytes


class Sink:
    """An SMTP server that takes everything, but for recipients that begin with "refused"."""

    def __init__(self) -> None:
        self.letters: list[Received] = []
        self.logins: list[tuple[str, str]] = []

    async def handle_RCPT(self, server, session, envelope, address, options):  # noqa: N802
        """Take or refuse a recipient."""
        if address.startswith("refused"):
            return "550 5.1.1 no such mailbox"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):  # noqa: N802
        """Take a letter."""
        if b"reject this" in envelope.content:
            return "554 5.7.1 not this one"
        self.letters.append(Received(envelope.mail_from, envelope.rcpt_tos, envelope.content))
        return "250 OK queued"

    def authenticate(self, server, session, envelope, mechanism, data) -> AuthResult:
        """Let in whoever knows PASSWORD."""
        login, password = data.login.decode(), data.password.decode()
        self.logins.append((login, password))
        return AuthResult(success=password == PASSWORD, handled=False)


@contextlib.contextmanager
def smtp_server(sink: Sink, context=None, *, implicit: bool = False, **options) -> Iterator[int]:
    """Run `sink` on a free port; with a server context it offers STARTTLS, or speaks TLS at once if `implicit`."""
    tls = (
        {"ssl_context": context, "auth_require_tls": False}
        if implicit
        else {"tls_context": context, "require_starttls": context is not None}
    )
    port = free_port()
    controller = Controller(sink, hostname=HOST, port=port, authenticator=sink.authenticate, **tls, **options)
    controller.start()
    try:
        yield port
    finally:
        controller.stop()
