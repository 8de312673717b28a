"""Which messages belong together: by what they name, by the provider's word, and only then by subject.

Grouping is deterministic: it depends on the set of messages alone, never on the order in which they came. A thread's
id is made from the oldest id its oldest message names, so it stays when the thread's beginning turns up late.
"""

import hashlib
import re
from collections.abc import Iterable, Sequence

from mailsync.model.mail import Message
from mailsync.text.words import one_line

#: References beyond this many (the first and the last ones are kept by `parse`) cannot join more threads.
_MOST_KEYS = 120
_REPLY = re.compile(
    r"\s*(?:re|aw|sv|vs|antw|antwort|betreff|rv|res|ref|rif|r|odp|ynt|bls|fw|fwd|wg|tr|i|vb|doorst|enc|rép|réf)"
    r"\s*(?:\[\d{1,3}\]|\(\d{1,3}\)|\^\d{1,3})?\s*[:：]",
    re.IGNORECASE,
)
_ANSWER = re.compile(
    r"\s*(?:\[[^\]]{1,40}\]\s*)?(?:re|aw|sv|vs|antw|antwort|rv|res|rif|odp|ynt|rép)\s*(?:\[\d{1,3}\])?\s*[:：]",
    re.IGNORECASE,
)
_LIST_TAG = re.compile(r"\s*\[[^\]]{1,40}\]")


def plain_subject(subject: str) -> str:
    """Return `subject` in lower case without reply and forward prefixes ("RE: AW: ") and list tags ("[list]")."""
    rest = subject[:500]
    place = 0
    while found := (_REPLY.match(rest, place) or _LIST_TAG.match(rest, place)):
        place = found.end()
    return one_line(rest[place:]).casefold() or one_line(rest).casefold()


def keys(message: Message) -> tuple[str, ...]:
    """Return what ties `message` to others, the oldest first; messages that share a key are one thread.

    "id:..." for every message it names and for itself, "thrid:..." for the provider's thread (X-GM-THRID). A reply
    that names no message has its `subject_keys` too: with them it joins the latest earlier message that has one.
    """
    found = [f"id:{other}" for other in (*message.references, *message.in_reply_to, message.message_id)]
    if message.provider_thread:
        found.append(f"thrid:{message.provider_thread}")
    lost = not message.references and not message.in_reply_to and _ANSWER.match(message.subject[:200])
    return tuple(dict.fromkeys(found))[:_MOST_KEYS] + (subject_keys(message) if lost else ())


def subject_keys(message: Message) -> tuple[str, ...]:
    """Return "subject:..." keys, from the plain subject and each pair of sender and recipient.

    They are no proof that messages belong together (every month has its "Invoice"): only a reply without references
    may be joined by them, and only to the latest message before it.
    """
    subject = plain_subject(message.subject)
    if len(subject) < 4:
        return ()
    sender = message.sender.email if message.sender else ""
    others = [address.email for address in message.to if address.email != sender][:3]
    return tuple(f"subject:{'|'.join(sorted((sender, other)))}|{subject}" for other in others)


def thread_id(keys: Sequence[str]) -> str:
    """Return a thread's id, "t" and 12 hex digits of the SHA-256 of the first key of the thread's oldest message."""
    return "t" + hashlib.sha256((keys[0] if keys else "").encode("utf-8", "replace")).hexdigest()[:12]


def gather(messages: Iterable[Message]) -> list[list[Message]]:
    """Group messages into threads; each by date, then digest, and the threads by their first message.

    Union-find over the keys, so cycles and thousands of references cost no more than their number. A reply without
    references joins the latest earlier thread of the same plain subject between the same two people.
    """
    ordered = sorted(messages, key=_order)
    parent = list(range(len(ordered)))

    def root(i: int) -> int:
        while parent[i] != i:
            parent[i] = parent[parent[i]]
            i = parent[i]
        return i

    first_with: dict[str, int] = {}
    last_between: dict[str, int] = {}
    for i, message in enumerate(ordered):
        for key in keys(message):
            if not key.startswith("subject:"):
                parent[root(i)] = root(first_with.setdefault(key, i))
            elif key in last_between:
                parent[root(i)] = root(last_between[key])
        for key in subject_keys(message):
            last_between[key] = i
    groups: dict[int, list[Message]] = {}
    for i, message in enumerate(ordered):
        groups.setdefault(root(i), []).append(message)
    return sorted(groups.values(), key=lambda group: _order(group[0]))


def _order(message: Message) -> tuple[float, str]:
    return message.sent_at.timestamp(), message.digest
