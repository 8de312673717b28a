"""The sample mailbox: every conversation written out, with the folder each message lies in."""

from dataclasses import dataclass
from datetime import date, datetime

from mailsync.demo.render import Written, write
from mailsync.demo.script import Turn, conversations, people

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
    mails = [mail for turns in conversations(base) for mail in _conversation(turns)]
    return tuple(sorted(mails, key=lambda mail: (mail.at, mail.thread)))


def _conversation(turns: tuple[Turn, ...]) -> list[SampleMail]:
    written: list[Written] = []
    for turn in turns:
        written.append(write(turn, written, own=OWN))
    last = len(turns) - 1
    return [
        SampleMail(
            thread=message.turn.thread,
            folder=SENT if message.turn.sender.email in OWN else INBOX,
            at=message.turn.at,
            seen=message.turn.sender.email in OWN or place != last,
            data=message.data,
        )
        for place, message in enumerate(written)
    ]
