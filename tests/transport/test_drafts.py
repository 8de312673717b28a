"""The outbox on a real server."""

import pytest

from mailsync.model.errors import FolderMissingError, ServerError, UsageError
from mailsync.transport.net import Security
from mailsync.transport.smtp import SmtpSettings
from tests.faults import ScriptedImap
from tests.servers import HOST, Sink, smtp_server
from tests.transport.test_imap import letter

pytestmark = pytest.mark.dovecot


def test_a_placed_draft_lies_in_drafts_with_its_flag(mailbox, outbox):
    r"""The letter's bytes stand in Drafts with \Draft, and can be found there by their Message-ID."""
    box = outbox(mailbox)

    assert not box.has_draft("m1@client.example")
    box.place(letter(1))

    ((_, flags, data),) = mailbox.contents("Drafts")
    assert data == letter(1)
    assert {r"\Draft", r"\Seen"} <= set(flags.split())
    assert box.has_draft("m1@client.example")
    assert box.has_draft("<m1@client.example>")
    assert not box.was_sent("m1@client.example")


@pytest.mark.parametrize(
    "other", ["m1@client.exampl", "1@client.example", "m1@client.example.org", "", 'a"b', "ü@x", "a b"]
)
def test_only_the_very_same_id_is_found(mailbox, outbox, other):
    """Servers search for parts of ids; a draft is only found by all of its id."""
    mailbox.append(letter(1), folder="Drafts")

    assert not outbox(mailbox).has_draft(other)


def test_looking_changes_nothing(mailbox, outbox):
    """Looking for a letter sets no flag."""
    mailbox.append(letter(1), folder="Sent")
    mailbox.contents("Sent")
    before = mailbox.contents("Sent")

    assert outbox(mailbox).was_sent("m1@client.example")
    assert mailbox.contents("Sent") == before


def test_a_sent_letter_is_found_in_any_sent_folder(mailbox, outbox):
    """Mail programs that keep their own Sent folder are looked into too."""
    mailbox.create("Gesendete Elemente")
    mailbox.append(letter(1), folder="Gesendete Elemente")

    assert outbox(mailbox).was_sent("m1@client.example")


def test_a_full_mailbox_says_so(dovecot, outbox):
    """Beyond the quota, the sentence says that there is no room and that nothing was filed."""
    box = dovecot.mailbox(full=True)
    box.append(letter(1))

    with pytest.raises(ServerError, match="is full, nothing was filed in Drafts") as caught:
        outbox(box).place(letter(2))
    assert caught.value.hint


def test_a_configured_folder_comes_before_the_marked_one(mailbox, outbox):
    """The folder that the configuration names is used; one that is not there is an error with its nearest."""
    mailbox.create("Recaps")
    outbox(mailbox, drafts="recaps").place(letter(1))

    assert len(mailbox.contents("Recaps")) == 1
    with pytest.raises(FolderMissingError, match="There is no folder Recap5") as caught:
        outbox(mailbox, drafts="Recap5").place(letter(2))
    assert "Recaps" in caught.value.hint


def test_without_any_drafts_folder_the_config_key_is_named(outbox):
    """Where no folder looks like Drafts, the sentence names the key to set."""
    with ScriptedImap() as server, pytest.raises(FolderMissingError, match="No Drafts folder") as caught:
        outbox(server.port).place(letter(1))

    assert "drafts_folder" in caught.value.hint


def test_drafts_are_found_by_a_german_name(outbox):
    """A server without special use has its Entwürfe found by name."""
    heard = []
    listing = b'* LIST () "." INBOX\r\n* LIST () "." "INBOX.Entw&APw-rfe"\r\n{tag} OK done\r\n'

    def refuse(tag, words):
        heard.append(words)
        return f"{tag} NO [TRYCREATE] gone\r\n".encode()

    with (
        ScriptedImap(LIST=listing, APPEND=refuse) as server,
        pytest.raises(FolderMissingError, match="Entwürfe is gone"),
    ):
        outbox(server.port).place(letter(1))

    assert heard[0].startswith('"INBOX.Entw&APw-rfe" (\\Draft \\Seen) {')


# ---- sending ----


def test_a_sent_letter_reaches_exactly_its_recipients_and_is_filed(mailbox, outbox):
    """The sink has the letter once, for the recipients named, and Sent has a copy."""
    sink = Sink()
    with smtp_server(sink) as port:
        smtp = SmtpSettings(host=HOST, port=port, security=Security.NONE)
        outbox(mailbox, smtp).send(
            letter(1, b".dot\r\n..dots\r\n"), "me@us.example", ["dana@client.example", "ed@client.example"]
        )

    (received,) = sink.letters
    assert (received.sender, received.recipients) == ("me@us.example", ["dana@client.example", "ed@client.example"])
    assert received.data == letter(1, b".dot\r\n..dots\r\n")
    assert [data for _, _, data in mailbox.contents("Sent")] == [letter(1, b".dot\r\n..dots\r\n")]


def test_a_copy_that_cannot_be_filed_does_not_undo_the_sending(outbox):
    """The letter has left: a missing Sent folder is no reason to say otherwise."""
    sink = Sink()
    with ScriptedImap() as server, smtp_server(sink) as port:
        smtp = SmtpSettings(host=HOST, port=port, security=Security.NONE)
        outbox(server.port, smtp).send(letter(1), "me@us.example", ["dana@client.example"])

    assert len(sink.letters) == 1


def test_a_copy_that_the_provider_filed_is_not_doubled(mailbox, outbox):
    """Gmail and others file what is sent through them; ours would be the second."""
    mailbox.append(letter(1), folder="Sent")
    with smtp_server(Sink()) as port:
        smtp = SmtpSettings(host=HOST, port=port, security=Security.NONE)
        outbox(mailbox, smtp).send(letter(1), "me@us.example", ["dana@client.example"])

    assert len(mailbox.contents("Sent")) == 1


def test_without_a_server_that_sends_nothing_is_sent(mailbox, outbox):
    """An account without SMTP says what to add."""
    with pytest.raises(UsageError, match="names no SMTP server"):
        outbox(mailbox).send(letter(1), "me@us.example", ["dana@client.example"])
