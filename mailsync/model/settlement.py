"""What a client's answer to a letter did to its lines."""

from dataclasses import dataclass
from datetime import datetime

from mailsync.model.entry import Evidence, State, Terms


@dataclass(frozen=True, slots=True, kw_only=True)
class Settlement:
    """Where one numbered line of a sent letter stands after what the client wrote, or did not write.

    `draft` and `line` name the letter and the line's number; `entries` the ids it stands on. `state` is one of
    awaiting, confirmed, corrected, disputed, unanswered. `at` is the date of the message that says so (of the letter
    itself while it is awaiting, the end of the waiting time when it is unanswered) and `evidence` its words with
    their place; `who` wrote them. `weak` says why a yes does not count in full (then `state` stays awaiting).
    `terms` are the new terms of a correction.
    """

    draft: str
    line: int
    entries: tuple[str, ...]
    state: State
    at: datetime
    who: str = ""
    evidence: Evidence | None = None
    terms: Terms | None = None
    weak: str = ""
