"""A letter as bytes: what hostile subjects, names and references leave in a draft can open no header of its own."""

import re
import unicodedata
from collections.abc import Iterable
from datetime import datetime
from email.headerregistry import Address as Mailbox
from email.message import EmailMessage
from email.policy import EmailPolicy
from typing import Any, Final

from mailsync.model.draft import Draft
from mailsync.model.errors import UsageError
from mailsync.model.mail import Address

#: Header that names the draft a letter was made from.
DRAFT_HEADER: Final = "X-Mailsync-Draft"

#: How many references a letter carries on; RFC 5322, 3.6.4 lets the middle of a long chain go.
_REFERENCES: Final = 30

_LOCAL: Final = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*")
_DOMAIN: Final = re.compile(r"[A-Za-z0-9]([A-Za-z0-9-]{0,62})(\.[A-Za-z0-9]([A-Za-z0-9-]{0,62}))*")
_ID: Final = re.compile(r"[!-;=?-~]+@[!-;=?-~]+")

_SPECIAL: Final = '<>()[]:;"\\'

#: Characters that turn the order of what a person reads (Unicode bidi controls).
_BIDI: Final = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


class _Policy(EmailPolicy):
    """The library's policy, but for ids: it would hide long ones in encoded words, and threads would break."""

    def fold_binary(self, name: str, value: Any) -> bytes:
        """Fold one header; ids stand one on a line."""
        if name.lower() in {"message-id", "in-reply-to", "references"}:
            return f"{name}: ".encode() + b"\r\n ".join(str(value).encode("ascii").split()) + b"\r\n"
        folded: bytes = super().fold_binary(name, value)
        return folded


_POLICY: Final = _Policy(linesep="\r\n", cte_type="7bit")


def to_bytes(draft: Draft, date: datetime) -> bytes:
    """Return `draft` as a message (RFC 5322) with CRLF line ends, text and, where there is one, the HTML alternative.

    `date` (aware) becomes its Date. Raises UsageError for an address or Message-ID that cannot be written plainly; what
    is merely odd in subject and names is cleaned.
    """
    message = EmailMessage(policy=_POLICY)
    message["From"] = _mailbox(draft.sender)
    if not draft.to and not draft.cc:
        raise UsageError("The letter has no recipient.", "Name one with mailsync drafts edit.")
    for name, people in (("To", draft.to), ("Cc", draft.cc)):
        if people:
            message[name] = tuple(_mailbox(person) for person in people)
    message["Subject"] = clean_line(draft.subject, 800) or "(no subject)"
    message["Date"] = date
    message["Message-ID"] = _own_id(draft.message_id)
    answered = _ids([draft.in_reply_to])
    if answered:
        message["In-Reply-To"] = answered[0]
    references = _ids([*draft.references, draft.in_reply_to])
    if references:
        shortened = references if len(references) <= _REFERENCES else references[:1] + references[1 - _REFERENCES :]
        message["References"] = " ".join(shortened)
    message[DRAFT_HEADER] = re.sub(r"[^A-Za-z0-9._-]", "", draft.id)[:100]
    message.set_content(_clean_text(draft.body))
    if draft.html:
        message.add_alternative(_clean_text(draft.html), subtype="html")
    return message.as_bytes()


def plain_address(email: str) -> str:
    """Return `email` as an addr-spec of ASCII atoms, an international domain in its ASCII form (RFC 5890).

    Raises UsageError for everything that only quoting could make an address.
    """
    local, _, domain = email.strip().rpartition("@")
    try:
        domain = domain.encode("idna").decode() if domain.isprintable() else ""
    except UnicodeError:
        domain = ""
    if len(local) > 64 or len(domain) > 253 or not (_LOCAL.fullmatch(local) and _DOMAIN.fullmatch(domain)):
        raise UsageError(f"The address {email[:100]!a} cannot be written to.", "Correct or remove it.")
    return f"{local}@{domain}"


def clean_line(text: str, limit: int) -> str:
    """Return `text` as one line without control, bidi and unpaired characters or anything that looks encoded."""
    kept = (" " if c in _BIDI or unicodedata.category(c) in {"Cc", "Cs", "Zl", "Zp"} else c for c in text[: limit * 4])
    return " ".join("".join(kept).replace("=?", "= ?").split())[:limit].strip()


def _mailbox(address: Address) -> Mailbox:
    """Return sender or recipient with the name as words only.

    A name must not look like an address; and where the library folds a long quoted name it forgets the quotes, so that
    only a short one keeps its comma ("Fox, Dana").
    """
    local, _, domain = plain_address(address.email).rpartition("@")
    special = _SPECIAL if len(address.name) + len(address.email) <= 60 else _SPECIAL + ",."
    name = "" if "@" in address.name else clean_line(address.name.translate(dict.fromkeys(map(ord, special), " ")), 200)
    return Mailbox(name, local, domain)


def _own_id(message_id: str) -> str:
    wrapped = _ids([message_id])
    if not wrapped:
        raise UsageError(f"{message_id[:100]!a} is no Message-ID.")
    return wrapped[0]


def _ids(ids: Iterable[str]) -> list[str]:
    """Return the well-formed ids in angle brackets, each once, in order."""
    bare = (i.strip().removeprefix("<").removesuffix(">") for i in ids)
    return list(dict.fromkeys(f"<{i}>" for i in bare if len(i) <= 900 and _ID.fullmatch(i)))


def _clean_text(text: str) -> str:
    """Return a body without control characters but tab and line feed, and without unpaired surrogates."""
    unified = text.replace("\r\n", "\n").replace("\r", "\n").encode("utf-8", "replace").decode("utf-8")
    return "".join(c for c in unified if c in "\n\t" or unicodedata.category(c) != "Cc")
