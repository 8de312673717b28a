from collections import Counter, defaultdict
from datetime import UTC, date, datetime, timedelta
from email import message_from_bytes
from email.headerregistry import HeaderRegistry
from email.policy import default

import pytest

from mailsync.config import parse
from mailsync.demo.mailbox import sample_mailbox
from mailsync.demo.script import HERE, conversations, monday
from mailsync.model.people import Side

BASE = date(2026, 3, 2)


@pytest.fixture(scope="module")
def mails():
    """Return the mailbox of one week."""
    return sample_mailbox(BASE)


@pytest.fixture(scope="module")
def parsed(mails):
    """Return the same mailbox as the standard library reads it."""
    return [message_from_bytes(mail.data, policy=default) for mail in mails]


@pytest.fixture(scope="module")
def circle():
    """Return who is who, as the demo's own configuration says."""
    return parse(HERE.joinpath("config.toml").read_text(encoding="utf-8")).circle()


def senders(message) -> str:
    """Return the author's address."""
    return message["From"].addresses[0].addr_spec


def test_it_is_large_enough_to_show_something(mails, parsed, circle):
    """There are at least six clients, 25 conversations with clients and 120 messages of them."""
    clients = [circle.client(a.addr_spec) for m in parsed for h in ("From", "To") for a in m[h].addresses]
    threads = {mail.thread for mail in mails if not mail.thread.startswith("noise-")}

    assert len({client.key for client in clients if client}) >= 6
    assert len(threads) >= 25
    assert sum(mail.thread in threads for mail in mails) >= 120


def test_every_message_is_sound(mails, parsed):
    """Each message parses without a defect and has the headers that mail programs write."""
    for mail, message in zip(mails, parsed, strict=True):
        assert not message.defects, mail.thread
        assert not [part.defects for part in message.walk() if part.defects]
        for name in ("From", "To", "Subject", "Date", "Message-ID"):
            assert message[name], (mail.thread, name)
            assert not message[name].defects
        assert message["Date"].datetime == mail.at.replace(microsecond=0)
        assert b"\r\n" in mail.data
        assert b"\n" not in mail.data.replace(b"\r\n", b"")


def test_nothing_was_left_unfilled(parsed):
    """No day in braces and no option line of a script stands in a message."""
    for message in parsed:
        body = message.get_body(("plain", "html")).get_content()

        assert "{" not in body
        assert not any(
            line.startswith(("answers: ", "quote: ", "attachment: ", "header: ")) for line in body.splitlines()
        )


def test_conversations_hang_together(mails, parsed):
    """Message-IDs are unique, every answer refers to an earlier message of its conversation, dates ascend."""
    known = defaultdict(dict)
    for mail, message in zip(mails, parsed, strict=True):
        earlier = known[mail.thread]
        for reference in str(message.get("References", "")).split():
            assert earlier[reference] < mail.at
        if "In-Reply-To" in message:
            assert str(message["In-Reply-To"]).strip() == str(message["References"]).split()[-1]
        earlier[str(message["Message-ID"]).strip()] = mail.at

    assert sum(len(thread) for thread in known.values()) == len(mails)
    assert [mail.at for mail in mails] == sorted(mail.at for mail in mails)


def test_folders_tell_who_wrote(mails, parsed):
    """What the user wrote lies in Sent, everything else, a colleague's copy included, in the inbox."""
    for mail, message in zip(mails, parsed, strict=True):
        own = senders(message) == "robin@halecraft.example"

        assert mail.folder == ("Sent" if own else "INBOX")
        assert ("Received" in message) == (not own)
        assert mail.seen or not own


def test_it_has_the_difficult_cases(mails, parsed, circle):
    """Auto-replies, HTML without text, attachments, inline answers, five mail programs, four languages, off-hours."""
    headers = Counter(name for message in parsed for name in message)
    programs = {str(m.get("X-Mailer", m.get("User-Agent", ""))).split(" ")[0] for m in parsed}
    bodies = [m.get_body(("plain", "html")).get_content() for m in parsed]
    languages = {circle.client(senders(m)).language or "en" for m in parsed if circle.side(senders(m)) is Side.CLIENT}

    assert headers["Auto-Submitted"] >= 3
    assert sum(message.get_content_type() == "text/html" for message in parsed) >= 3
    assert sum(1 for message in parsed for _ in message.iter_attachments()) >= 8
    assert len(programs) >= 5
    assert languages == {"en", "de", "fr", "es"}
    assert any(line.startswith("> 1. Four new PCs") for body in bodies for line in body.splitlines())
    assert any(mail.at.weekday() >= 5 for mail in mails)
    for attribution in (
        "-----",
        "________________________________",
        " wrote:",
        " schrieb ",
        " a écrit :",
        "Gesendet: ",
    ):
        assert attribution == "-----" or any(attribution in body for body in bodies), attribution


def test_other_people_s_mail_is_there_and_is_no_client_s(mails, parsed, circle):
    """Newsletters, receipts, a supplier and the family lie in the mailbox and belong to nobody listed."""
    for mail, message in zip(mails, parsed, strict=True):
        everybody = [a.addr_spec for h in ("From", "To", "Cc") if message[h] for a in message[h].addresses]

        assert any(circle.client(email) for email in everybody) == (not mail.thread.startswith("noise-"))
    assert any(circle.forbids(senders(message)) for message in parsed)


@pytest.mark.parametrize("days", range(7))
def test_it_is_fresh_on_every_day_of_the_week(days):
    """Nothing lies in the future, and the newest message is never older than nine days."""
    now = datetime(2026, 3, 2, 8, tzinfo=UTC) + timedelta(days=days)
    newest = max(scene.at for scenes in conversations(monday(now)) for scene in scenes)

    assert timedelta() < now - newest < timedelta(days=9)


def test_the_same_week_gives_the_same_bytes(mails):
    """A demo that is started again finds the mailbox it knows."""
    assert sample_mailbox(BASE) == mails
    assert sample_mailbox(date(2026, 3, 9)) != mails


@pytest.mark.parametrize(
    ("thread", "place", "words"),
    [
        ("corvane-label-printers", 1, "all four cabled by 16 January."),
        ("brandhorst-server", 1, "ziehe ich am 30. Januar um."),
        ("aubrac-retrait", 1, "version d'essai le 30 janvier."),
        ("miramar-wifi", 2, "empezar el 16 de febrero."),
    ],
)
def test_days_are_written_out_in_the_conversation_s_language(mails, thread, place, words):
    """A day in a message is the day the script means, as its readers write it."""
    mail = [mail for mail in mails if mail.thread == thread][place]
    body = message_from_bytes(mail.data, policy=default).get_body(("plain",)).get_content()

    assert words in " ".join(body.split())


def test_addresses_are_made_up(parsed):
    """Every address ends in a domain that nobody can own (RFC 2606)."""
    registry = HeaderRegistry()
    for message in parsed:
        for name in ("From", "To", "Cc"):
            if message[name]:
                header = registry(name, str(message[name]))
                assert all(address.domain.endswith(".example") for address in header.addresses)
