"""What was spoken becomes a message of ours, so that it goes the same way as any mail."""

import hashlib
from collections.abc import Sequence
from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime

from mailsync.model import mail
from mailsync.model.errors import UsageError
from mailsync.model.people import Client
from mailsync.model.thread import NOTE_DOMAIN


def note(words: str, client: Client, writer: mail.Address, people: Sequence[str], at: datetime) -> mail.RawMessage:
    """Return what was said with `client` at `at` (aware) as a message from us to those who were there.

    `people` are their addresses; without any, those who decide, else the client's first contact. The Message-ID tells
    it from mail: nobody's server ends in `NOTE_DOMAIN`. Raises UsageError for an address that is not the client's.
    """
    there = [person.strip().lower() for person in people] or _usual(client)
    strangers = [person for person in there if not client.has(person)]
    if strangers or not there:
        whose = f"{strangers[0]} is no address of {client.name}" if strangers else f"{client.name} has no known address"
        raise UsageError(f"{whose}; a note needs to know who was there", "Name them by --with, or in the config.")
    message = EmailMessage(policy=SMTP)
    message["From"] = Address(writer.name, addr_spec=writer.email)
    message["To"] = [Address(_name(client, person), addr_spec=person) for person in there]
    message["Subject"] = f"Our conversation of {at.day} {at:%B %Y}"
    message["Date"] = format_datetime(at)
    message["Message-ID"] = f"<{hashlib.sha256(f'{at}{there}{words}'.encode()).hexdigest()[:24]}@{NOTE_DOMAIN}>"
    message.set_content(words + "\n")
    data = message.as_bytes()
    return mail.RawMessage(data=data, digest=hashlib.sha256(data).hexdigest(), internal_date=at)


def _usual(client: Client) -> list[str]:
    deciding = [contact.email for contact in client.contacts if contact.decides]
    return deciding or [*(contact.email for contact in client.contacts), *client.addresses][:1]


def _name(client: Client, email: str) -> str:
    return next((contact.name for contact in client.contacts if contact.email == email), "")
