"""A consultant's office for whole stories: a real mailbox, a config, and the command line as the user runs it."""

import io
import json
from contextlib import redirect_stderr, redirect_stdout
from datetime import datetime, timedelta
from email.message import EmailMessage
from email.utils import format_datetime, make_msgid, parsedate_to_datetime
from pathlib import Path
from typing import Any

from mailsync.cli import main
from tests.servers import HOST, Mailbox

ME = "robin@halecraft.example"
DANA = "dana.fox@harbor.example"

CONFIG = """
[me]
name = "Robin Hale"
addresses = ["{me}"]

[hours]
zone = "Europe/London"
days = {{mon-sun = "00:00-23:59"}}

[[accounts]]
name = "work"
address = "{me}"
password_env = "OFFICE_PASSWORD"
{account}

[accounts.imap]
host = "{host}"
port = {port}
security = "none"
username = "{user}"

{smtp}

[[clients]]
key = "harbor"
name = "Harbor Foods"
domains = ["harbor.example"]

[[clients.contacts]]
email = "{dana}"
name = "Dana Fox"
decides = true

[recap]
quiet_hours = 1

[data]
dir = "data"
"""


class Office:
    """One user's mailbox with the config that reads it."""

    def __init__(self, folder: Path, mailbox: Mailbox, *, account: str = "", smtp: str = "") -> None:
        self.mailbox, self.folder = mailbox, folder
        self.config = folder / "config.toml"
        self.config.write_text(
            CONFIG.format(
                me=ME, dana=DANA, host=HOST, port=mailbox.server.port, user=mailbox.user, account=account, smtp=smtp
            )
        )

    def run(self, *args: str) -> tuple[int, str, str]:
        """Run a command with this office's config; return its exit code and what it printed."""
        out, err = io.StringIO(), io.StringIO()
        name, *rest = args
        sub = [rest.pop(0)] if name == "drafts" and rest else []
        with redirect_stdout(out), redirect_stderr(err):
            try:
                main([name, *sub, "--config", str(self.config), *rest])
            except SystemExit as end:
                code = end.code or 0
        return int(code), out.getvalue(), err.getvalue()

    def data(self, *args: str) -> Any:
        """Run a command that must succeed and return the JSON it printed."""
        code, out, err = self.run(*args, "--json")
        assert code == 0, err
        return json.loads(out)


def letter(
    sender: str,
    to: str,
    subject: str,
    body: str,
    at: datetime,
    *,
    answering: EmailMessage | None = None,
    cc: str = "",
) -> EmailMessage:
    """Write a letter as a mail program would."""
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = sender, to, subject
    if cc:
        message["Cc"] = cc
    message["Date"] = format_datetime(at)
    message["Message-ID"] = make_msgid(domain=sender.partition("@")[2].rstrip(">"))
    if answering is not None:
        message["In-Reply-To"] = answering["Message-ID"]
        message["References"] = f"{answering.get('References', '')} {answering['Message-ID']}".strip()
    message.set_content(body)
    return message


def deliver(mailbox: Mailbox, message: EmailMessage, folder: str = "INBOX") -> None:
    """Put a letter into a folder as the server would have got it."""
    at = parsedate_to_datetime(message["Date"])
    mailbox.append(message.as_bytes(policy=message.policy.clone(linesep="\r\n")), folder=folder, date=at)


def ago(now: datetime, **passed: float) -> datetime:
    """Return a moment before `now`."""
    return now - timedelta(**passed)
