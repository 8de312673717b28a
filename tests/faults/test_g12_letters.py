"""G9, G10, G12: nothing leaves unasked or twice, and what hostile mail leaves in a letter opens no header of its own."""

import re
from email import message_from_bytes, policy

import pytest

from mailsync.app import open_app
from mailsync.model.draft import DraftState
from mailsync.model.errors import MailsyncError
from mailsync.transport.mime import to_bytes
from tests.faults import FaultProxy
from tests.faults.evidence import note
from tests.faults.hostile import DANA, PRODUCT, corpus
from tests.faults.test_g01_kill import waiting_letter
from tests.servers import Sink, smtp_server

pytestmark = pytest.mark.dovecot
ALLOWED = {"from", "to", "cc", "subject", "date", "message-id", "in-reply-to", "references", "mime-version",
           "content-type", "content-transfer-encoding", "x-mailsync-draft", "content-language"}  # fmt: skip
_HEADER_LINE = re.compile(rb"[\x21-\x39\x3b-\x7e]+:[ -~]*|[ \t][ -~]*")


def clean(data: bytes) -> list[str]:
    """Return what is wrong with a letter, read octet by octet and by the standard library."""
    head, _, _ = data.partition(b"\r\n\r\n")
    wrong = [repr(line) for line in head.split(b"\r\n") if not _HEADER_LINE.fullmatch(line) or len(line) > 998]
    letter = message_from_bytes(data, policy=policy.default)
    wrong += [f"header {name}" for name in letter if name.lower() not in ALLOWED]
    recipients = {a.addr_spec for name in ("to", "cc") for field in letter.get_all(name, ()) for a in field.addresses}
    wrong += [f"recipient {one}" for one in recipients if not one.endswith("@" + DANA.partition("@")[2])]
    return wrong + [word for word in (PRODUCT,) if word.encode() in data]


def test_g10_hostile_mail_makes_nothing_leave_and_every_letter_clean(office, sink, tmp_path):
    """Read the corpus and draft all there is: nothing is sent or placed, and each letter is well formed and well addressed."""
    folder = tmp_path / "old-mail"
    folder.mkdir()
    for number, one in enumerate(corpus()):
        if one.kind not in {"repetition", "bomb"}:
            (folder / f"{number:04}.eml").write_bytes(one.data)
    office.run("import", str(folder))
    office.data("poll")

    assert sink.letters == []
    assert office.mailbox.contents("Drafts") == []
    with open_app(office.config) as app:
        threads = [thread.id for thread in app.ledger.threads()]
        made = [draft for thread in threads if (draft := _drafted(app, thread))]
        letters = [to_bytes(draft, app.now()) for draft in made]
    assert len(letters) > 30
    assert [(draft.subject, wrong) for draft, data in zip(made, letters, strict=True) if (wrong := clean(data))] == []
    note("G10", "the corpus read and drafted, the worker run", "0 sent, 0 placed without a person")
    note("G12", "the letter of every hostile thread, checked octet by octet", f"{len(letters)} letters, 0 findings")


def _drafted(app, thread):
    from mailsync.drafting import make

    waiting = app.ledger.drafts(thread=thread)
    try:
        return waiting[0] if waiting else make(app.drafting(), thread)
    except MailsyncError:  # nothing in it to confirm
        return None


class Dropper(Sink):
    """An SMTP server that takes the letter and cuts the line before it says so."""

    async def handle_DATA(self, server, session, envelope):  # noqa: N802
        """Take a letter, say nothing."""
        await super().handle_DATA(server, session, envelope)
        server.transport.abort()
        return "250 never heard"


def test_g09_a_letter_taken_without_a_word_is_never_sent_again(office):
    """The 250 is lost: the letter is unclear, and neither a turn nor a person's second approval sends it again."""
    dropper = Dropper()
    identity = waiting_letter(office)
    with smtp_server(dropper, auth_require_tls=False) as port:
        text = office.config.read_text()
        smtp = text.index("[accounts.smtp]")
        office.config.write_text(text[:smtp] + re.sub(r"port = \d+", f"port = {port}", text[smtp:], count=1))
        for _ in range(3):
            code, _, err = office.run("drafts", "approve", identity, "--send")
            assert code
            assert "Sent" in err
            office.data("poll")
    [draft] = [d for d in office.data("drafts", "list", "--all") if d["id"] == identity]
    assert draft["state"] == DraftState.UNCLEAR
    assert len(dropper.letters) == 1
    note("G9", "SMTP takes the letter and the 250 is lost; approved three times", "1 delivery, left to a person")


def test_g11_a_lost_answer_to_append_gives_one_draft(office):
    """The draft is stored and the reply lost: approving again finds it there."""
    identity = waiting_letter(office)
    port = office.mailbox.server.port
    with FaultProxy(port, "lose", match=b"APPENDUID") as proxy:
        text = office.config.read_text()
        office.config.write_text(text.replace(f"port = {port}", f"port = {proxy.port}"))
        office.run("drafts", "approve", identity)
        office.data("poll")
        office.run("drafts", "approve", identity)
    assert len(office.mailbox.contents("Drafts")) == 1
    [draft] = [d for d in office.data("drafts", "list", "--all") if d["id"] == identity]
    assert draft["state"] == DraftState.PLACED
    note("G11", "the reply to APPEND lost, approved again", "1 draft")
