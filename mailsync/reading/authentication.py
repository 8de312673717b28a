"""What our own mail server found out about a message's sender, kept apart from what the sender could have written."""

import re
from dataclasses import dataclass

from mailsync.reading.headers import header_section

_HEADER = 1_000_000
_CAP = 8000  # characters of the field that are looked at
_COMMENT = re.compile(r"\([^()]{0,500}\)")
_RESULT = re.compile(
    r"(spf|dkim|dmarc|arc|iprev|auth|dkim-adsp|sender-id|bimi)\s?=\s?"
    r"(pass|fail|softfail|neutral|none|policy|temperror|permerror|hardfail|unknown|skipped|declined)\b",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Authentication:
    """The topmost Authentication-Results field (RFC 8601): the one that was added last, when the mail came in.

    `server` is the name it gives itself, `ours` whether that is the configured one: only then do the results count.
    `results` are (method, result) in order, such as ("dmarc", "pass").
    """

    server: str
    ours: bool
    results: tuple[tuple[str, str], ...]

    @property
    def failed(self) -> bool:
        """Whether our server says that the sender may be forged."""
        return self.ours and ("dmarc", "fail") in self.results


def authentication(data: bytes, server: str) -> Authentication | None:
    """Return what the topmost Authentication-Results field of a message says; None where there is none.

    `server` is the name that our own mail server writes into it (its authserv-id), "" if nobody has said. Never
    raises on content.
    """
    field = header_section(data[: _HEADER + 1], _HEADER).first("authentication-results")[:_CAP]
    if not field:
        return None
    plain = _COMMENT.sub(" ", field)
    name, _, rest = plain.partition(";")
    named = name.split()[0].lower()[:200] if name.split() else ""
    results = []
    for part in rest.split(";")[:50]:
        found = _RESULT.match(part.strip())
        if found:
            results.append((found[1].lower(), found[2].lower()))
    return Authentication(server=named, ours=bool(server) and named == server.lower(), results=tuple(results))
