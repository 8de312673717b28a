"""For those who write plug-ins: checks that a source, an outbox or a notifier keeps its contract.

Call them from a test; each raises AssertionError with the broken clause. They read what is there and, for an outbox,
place one draft; nothing is ever sent.
"""

from collections.abc import Sequence
from datetime import UTC, datetime
from hashlib import sha256

from mailsync.model.ports import MailSource, Outbox
from mailsync.notify import Notice, Notifier

#: A letter that `check_outbox` places.
LETTER_ID = "contract-check@mailsync.example"
LETTER = (
    f"Message-ID: <{LETTER_ID}>\r\nFrom: me@mailsync.example\r\nTo: you@mailsync.example\r\n"
    "Subject: Contract check\r\nDate: Mon, 01 Jun 2026 09:00:00 +0000\r\n\r\nNothing of importance.\r\n"
).encode()


def check_source(source: MailSource) -> None:
    """Read every folder twice; the source must hold at least one message."""
    assert source.account, "a source names its account"
    total = 0
    for folder in source.folders():
        state = source.examine(folder)
        uids = source.uids()
        assert uids == sorted(set(uids)), f"{folder.name}: UIDs come ascending, each once"
        assert len(uids) == state.messages, f"{folder.name}: as many UIDs as messages"
        assert not uids or uids[-1] < state.uidnext, f"{folder.name}: uidnext is above every UID"
        for after in (0, *uids[-2:]):
            assert source.uids(after) == [u for u in uids if u > after], f"{folder.name}: uids(after) are those above"
        _check_messages(source, folder.name, uids)
        assert source.examine(folder) == state, f"{folder.name}: reading changes nothing"
        total += len(uids)
    assert total, "the check needs at least one message"
    source.close()
    source.close()


def _check_messages(source: MailSource, folder: str, uids: Sequence[int]) -> None:
    envelopes = source.envelopes(uids)
    assert [e.location.uid for e in envelopes] == list(uids), f"{folder}: envelopes come in the order asked for"
    absent = max(uids, default=0) + 1000
    assert source.envelopes([absent]) == [], f"{folder}: what is not there has no envelope"
    for envelope in envelopes:
        assert envelope.internal_date.tzinfo is not None, f"{folder}: dates have a zone"
        assert all(a == a.lower() for a in envelope.addresses), f"{folder}: addresses are in lower case"
    bodies = list(source.bodies(envelopes))
    assert [b.location.uid for b in bodies if b.location] == list(uids), f"{folder}: bodies come in the same order"
    for body in bodies:
        assert body.digest == sha256(body.data).hexdigest(), f"{folder}: the digest is the SHA-256 of the bytes"
    again = {b.location.uid: b.data for b in source.bodies(envelopes) if b.location}
    assert again == {b.location.uid: b.data for b in bodies if b.location}, (
        f"{folder}: the bytes are the same each time"
    )


def check_outbox(outbox: Outbox) -> None:
    """Place one draft and find it again; nothing is sent."""
    assert not outbox.has_draft("absent@mailsync.example"), "a letter that was never placed is not there"
    outbox.place(LETTER)
    assert outbox.has_draft(LETTER_ID), "a letter that was placed is found by its Message-ID"
    assert not outbox.was_sent(LETTER_ID), "a draft has not been sent"
    outbox.close()
    outbox.close()


def check_notifier(notifier: Notifier) -> None:
    """Deliver one notice."""
    assert notifier.name, "a notifier has a name; what it was told is remembered under it"
    assert notifier.wants <= {"drafts", "entries", "trouble"}, "wants names drafts, entries or trouble"
    notifier.tell(Notice(id="contract-check", at=datetime(2026, 6, 1, 9, tzinfo=UTC), drafts={"example": 1}))
