"""The append-only history."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class EventName(StrEnum):
    """Everything the history can say; `subject` of the event is the id in brackets."""

    MESSAGE_KEPT = "message kept"  # [digest]
    EVIDENCE_KEPT = "evidence kept"  # [digest] what was found out about a message when it came in
    ENTRY_FOUND = "entry found"  # [entry]
    ENTRY_MOVED = "entry moved"  # [entry] its state, links or evidence changed
    ENTRY_DROPPED = "entry dropped"  # [entry] re-reading found it no longer
    ENTRY_CORRECTED = "entry corrected"  # [entry] by a person
    ENTRY_NOTED = "entry noted"  # [digest] found by a person in a message
    SUGGESTION_ACCEPTED = "suggestion accepted"  # [entry]
    SUGGESTION_DISMISSED = "suggestion dismissed"  # [entry]
    DRAFT_WRITTEN = "draft written"  # [draft]
    DRAFT_CHANGED = "draft changed"  # [draft]
    LETTER_SEEN = "letter seen"  # [draft] found in the Sent folder
    ANSWER_READ = "answer read"  # [draft] what a client's answer did to its lines
    THREADS_JOINED = "threads joined"  # [thread] a message showed that another thread is a part of this one
    FOLDER_CHANGED = "folder changed"  # [account/folder] UIDVALIDITY, renamed, gone
    TROUBLE = "trouble"  # [where]
    ERASED = "erased"  # [client]


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One line of the history.

    `at` is when it was written (UTC), `effective` the date of the message it follows from, so that the log can answer
    as of any day. `detail` is JSON. `digest` is the SHA-256 over the line's canonical form and `previous`, the digest
    of the line before it; `seq` counts from 1. `before` is the digest of the line before it of the same `account`, so
    that one account's history can be checked without the others'.
    """

    seq: int
    at: datetime
    effective: datetime
    name: EventName
    subject: str
    detail: str
    previous: str
    digest: str
    account: str = ""
    before: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Trouble:
    """Something that could not be read or done. `stage` is fetch, parse, read, draft, place, send or notify."""

    at: datetime
    stage: str
    subject: str
    reason: str
    account: str = ""
