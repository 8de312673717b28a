"""The recap: a letter that waits for a person."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from mailsync.model.mail import Address


class DraftState(StrEnum):
    """Where a letter stands between drafting and the client's answer.

    open: written by mailsync, untouched; edited: a person changed it; stale: edited, and mail came since;
    held: kept back until a date; placing/sending: the outward act is intended, its outcome not yet known;
    placed: lies in the account's Drafts folder; sent: left, by SMTP or by the user's own mail program;
    unclear: nobody knows whether it left, a person must look; discarded: by a person, with a reason;
    withdrawn: by mailsync, because it had become pointless.
    """

    OPEN = "open"
    EDITED = "edited"
    STALE = "stale"
    HELD = "held"
    PLACING = "placing"
    PLACED = "placed"
    SENDING = "sending"
    SENT = "sent"
    UNCLEAR = "unclear"
    DISCARDED = "discarded"
    WITHDRAWN = "withdrawn"


#: States in which a draft still waits for a person; a thread never has two of these.
WAITING = frozenset({DraftState.OPEN, DraftState.EDITED, DraftState.STALE, DraftState.HELD})


class Letter(StrEnum):
    """The kinds of letters; each has its templates under `templates/letters/`."""

    RECAP = "recap"
    CORRECTED = "corrected"
    CHANGE_ORDER = "change-order"
    REMINDER = "reminder"
    STATUS = "status"
    DELAY = "delay"
    HOLDING = "holding"
    BOUNDARY = "boundary"
    COMPLAINT = "complaint"
    HANDOVER = "handover"
    CLOSING = "closing"


class Part(StrEnum):
    """The parts of a recap, in the order in which they stand."""

    CONCERN = "concern"
    DISCUSSED = "discussed"
    PROPOSED = "proposed"
    AGREED = "agreed"
    QUESTION = "question"


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One line of a letter. `entries` are the ids of the log's entries it stands on, never empty.

    `number` counts through the numbered parts from 1; 0 for lines without a number (the concern).
    """

    part: Part
    number: int
    text: str
    entries: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """A letter with the lines it was written from.

    `body` is what a person sees and may edit; `lines` what mailsync wrote it from. `message_id` (without angle
    brackets) is given once and kept through every try, so that a letter can be recognised wherever it turns up.
    `seen` are the digests of the thread's messages it was written from. `note` carries a person's reason, or what
    made it stale. `written` is the body as mailsync wrote it: equal to `body` while nobody has edited it. `decided`
    pairs the number of a line that the client corrected with what a person made of it: "accepted" or "disputed".
    """

    id: str
    letter: Letter
    account: str
    thread: str
    client: str
    state: DraftState
    language: str
    sender: Address
    to: tuple[Address, ...]
    cc: tuple[Address, ...] = ()
    subject: str
    body: str
    html: str = ""
    lines: tuple[Line, ...] = ()
    message_id: str
    in_reply_to: str = ""
    references: tuple[str, ...] = ()
    created_at: datetime
    changed_at: datetime
    hold_until: datetime | None = None
    seen: tuple[str, ...] = ()
    note: str = ""
    written: str = ""
    decided: tuple[tuple[int, str], ...] = ()
