"""An outbox in memory that keeps what it is given, and fails exactly where a test says so."""

from collections.abc import Sequence
from email import message_from_bytes
from email.utils import format_datetime

from mailsync.model.draft import Draft
from mailsync.model.errors import OutcomeUnknownError, ServerError


class MemoryOutbox:
    """`ports.Outbox` over two lists. `fail` names the call that breaks, and whether before or after it worked.

    "place before", "place after", "send before", "send after", "has_draft before", "has_draft later" (after something
    was placed or tried to be), "was_sent before"; each breaks once.
    """

    def __init__(self, *fail: str) -> None:
        self.drafts: list[bytes] = []
        self.sent: list[bytes] = []
        self.recipients: list[list[str]] = []
        self.fail = list(fail)
        self.tried = False

    def place(self, data: bytes) -> None:
        self.tried = True
        self._break("place before", ServerError("the server is away"))
        self.drafts.append(data)
        self._break("place after", ServerError("the connection broke"))

    def has_draft(self, message_id: str) -> bool:
        if self.tried:
            self._break("has_draft later", ServerError("the server is away"))
        self._break("has_draft before", ServerError("the server is away"))
        return message_id in [id_of(data) for data in self.drafts]

    def was_sent(self, message_id: str) -> bool:
        self._break("was_sent before", ServerError("the server is away"))
        return message_id in [id_of(data) for data in self.sent]

    def send(self, data: bytes, sender: str, recipients: Sequence[str]) -> None:
        self._break("send before", ServerError("the server refuses the letter"))
        self.recipients.append(list(recipients))
        self._break("send lost", OutcomeUnknownError("the connection broke after the letter was handed over"))
        self.sent.append(data)
        self._break("send after", OutcomeUnknownError("the connection broke after the letter was handed over"))

    def _break(self, where: str, error: Exception) -> None:
        if where in self.fail:
            self.fail.remove(where)
            raise error


def to_bytes(draft: Draft, date) -> bytes:
    """Return a letter as plain bytes with its Message-ID; the real ones are made in transport."""
    return f"Message-ID: <{draft.message_id}>\nDate: {format_datetime(date)}\n\n{draft.body}".encode()


def id_of(data: bytes) -> str:
    """Return the Message-ID of a letter without its brackets."""
    return str(message_from_bytes(data)["Message-ID"]).strip("<>")
