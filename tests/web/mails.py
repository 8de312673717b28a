"""The mailbox that the page is tested with: a client's matter, and a mail that attacks whoever looks at it."""

from datetime import datetime, timedelta
from email.message import EmailMessage
from email.utils import format_datetime

from mailsync.model.entry import Kind

ME, DANA = "robin@halecraft.example", "dana.fox@harbor.example"

CONFIG = """
[me]
name = "Robin Hale"
addresses = ["robin@halecraft.example"]

[hours]
zone = "Europe/London"
days = {mon-sun = "00:00-23:59"}

[[accounts]]
name = "work"
address = "robin@halecraft.example"
password_env = "OFFICE_PASSWORD"

[accounts.imap]
host = "127.0.0.1"
port = 1
security = "none"

[[clients]]
key = "harbor"
name = "Harbor Foods"
domains = ["harbor.example"]
agreement = "Extra work only after a written yes."

[[clients.contacts]]
email = "dana.fox@harbor.example"
name = "Dana Fox"
role = "owner"
decides = true

[recap]
quiet_hours = 1

[data]
dir = "data"
"""

#: What the tests lean on, each words and kind.
STANDING = (
    ("Could you send the wireframes by Friday?", Kind.REQUEST),
    ("Yes, I'll send you the wireframes by Friday.", Kind.COMMITMENT),
    ("The whole page costs 1,200 EUR.", Kind.PROPOSAL),
    ("Could you pay the invoice by Monday?", Kind.REQUEST),
    ("=2+5 is wrong, could you send the new offer by Friday?", Kind.REQUEST),
)

ATTACK = """<html><head><meta http-equiv="refresh" content="0;url=http://evil.test/"><base href="http://evil.test/">
<style>body{background:url(http://evil.test/css)}</style></head><body onload="alert('PWN-1')">
<script>alert('PWN-2')</script><img src="http://evil.test/pixel.png" onerror="alert('PWN-3')">
<a href="javascript:alert('PWN-4')" style="position:fixed">The harmless words</a>
<svg><script>alert('PWN-5')</script></svg><iframe src="http://evil.test/"></iframe>
<form action="http://evil.test/"><input name="a"><button>go</button></form>
<table><tr><td colspan="2" background="http://evil.test/bg">cell</td></tr></table>
<math><mtext></form><form><mglyph><style></math><img src onerror=alert('PWN-6')></style></body></html>"""


def letter(sender: str, to: str, subject: str, body: str, at: datetime, *, answering: EmailMessage | None = None):
    """Write a letter as a mail program would."""
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = sender, to, subject
    message["Date"] = format_datetime(at)
    message["Message-ID"] = f"<{abs(hash((subject, at.isoformat())))}@{sender.rpartition('@')[2].rstrip('>')}>"
    if answering is not None:
        message["In-Reply-To"] = message["References"] = answering["Message-ID"]
    message.set_content(body)
    return message


def mails(begin: datetime) -> list[bytes]:
    """Return the mailbox as raw messages; its first letter was written at `begin`."""
    asked = letter(
        f"Dana Fox <{DANA}>", ME, "New booking page",
        "Hi Robin,\n\nCould you send the wireframes by Friday? The old page looks tired.\n\nDana\n", begin,
    )  # fmt: skip
    promised = letter(
        f"Robin Hale <{ME}>", DANA, "Re: New booking page",
        "Hi Dana,\n\nYes, I'll send you the wireframes by Friday. The whole page costs 1,200 EUR.\n\n"
        "Robin\n\n> Could you send the wireframes by Friday?\n",
        begin + timedelta(hours=2), answering=asked,
    )  # fmt: skip
    attack = letter(
        f'"<script>alert(1)</script>" <{DANA}>', ME, "<img src=x onerror=alert('PWN-7')> Invoice",
        "Hi,\n\n<script>alert('PWN-8')</script> Could you pay the invoice by Monday?\n\nDana\n", begin + timedelta(days=1),
    )  # fmt: skip
    attack.add_alternative(ATTACK, subtype="html")
    attack.add_attachment(
        b"<script>alert('PWN-9')</script>", maintype="text", subtype="html", filename="../../a\u202egpj.html"
    )
    attack.add_attachment(b"=cmd|' /C calc'!A0", maintype="text", subtype="csv", filename="table.csv")
    formula = letter(
        f"Dana Fox <{DANA}>", ME, "Numbers", "Hi Robin,\n\n=2+5 is wrong, could you send the new offer by Friday?\n\nDana\n",
        begin + timedelta(days=2),
    )  # fmt: skip
    return [message.as_bytes() for message in (asked, promised, attack, formula)]
