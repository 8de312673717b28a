"""The sample mailbox: every conversation written out, with the folder each message lies in."""

from dataclasses import dataclass
from datetime import date, datetime

from mailsync.demo.render import Written, write
from mailsync.demo.script import Scene, conversations, people

INBOX, SENT, DRAFTS = "INBOX", "Sent", "Drafts"
#: The addresses whose mail lies in the Sent folder; a colleague's copy comes in by the inbox.
OWN = frozenset({people()["robin"].email})


@dataclass(frozen=True, slots=True, kw_only=True)
class SampleMail:
    """One message of the sample mailbox; `seen` says whether the user has read it."""

    thread: str
    folder: str
    at: datetime
    seen: bool
    data: bytes


def sample_mailbox(base: date) -> tuple[SampleMail, ...]:
    """Return the whole mailbox by date, counted from the Monday `base`; the same base gives the same bytes."""
    mails = [mail for scenes in conversations(base) for mail in _conversation(scenes)]
    return tuple(sorted(mails, key=lambda mail: (mail.at, mail.thread)))


def _conversation(scenes: tuple[Scene, ...]) -> list[SampleMail]:
    written: list[Written] = []
    for scene in scenes:
        written.append(write(scene, written, own=OWN))
    last = len(scenes) - 1
    return [
        SampleMail(
            thread=message.scene.thread,
            folder=SENT if message.scene.sender.email in OWN else INBOX,
            at=message.scene.at,
            seen=message.scene.sender.email in OWN or place != last,
            data=message.data,
        )
        for place, message in enumerate(written)
    ]
