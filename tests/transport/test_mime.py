"""Letters as bytes."""

import email
import email.policy
import email.utils
import re
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailsync.model.draft import Draft, DraftState, Letter
from mailsync.model.errors import UsageError
from mailsync.model.mail import Address
from mailsync.transport.mime import clean_line, plain_address, to_bytes

NOW = datetime(2024, 6, 3, 9, 30, tzinfo=timezone(timedelta(hours=2)))
ME = Address(email="robin@us.example", name="Robin Hale")


def draft(**more) -> Draft:
    """Return a plain draft, changed by `more`."""
    usual = {
        "id": "d-123", "letter": Letter.RECAP, "account": "work", "thread": "t", "client": "c",
        "state": DraftState.OPEN, "language": "en", "sender": ME, "to": (Address(email="dana@client.example"),),
        "subject": "Re: Launch", "body": "Hello Dana,\n\nas agreed.\n", "message_id": "abc@us.example",
        "created_at": datetime(2024, 6, 3, tzinfo=UTC), "changed_at": datetime(2024, 6, 3, tzinfo=UTC),
    }  # fmt: skip
    return Draft(**(usual | more))


def parsed(data: bytes):
    """Read a letter back."""
    return email.message_from_bytes(data, policy=email.policy.default)


def headers_of(data: bytes) -> list[bytes]:
    """Return the names of the header lines as they stand."""
    return re.findall(rb"^([^\s:]+):", data.partition(b"\r\n\r\n")[0], re.MULTILINE)


def test_a_letter_carries_its_thread_and_its_draft():
    """Every header a reply needs is there, once, and the draft's id with it."""
    people = (Address(email="dana@client.example", name="Dana Fox"), Address(email="ed@client.example"))
    data = to_bytes(draft(to=people, cc=(ME,), in_reply_to="b@x", references=("a@x", "b@x")), NOW)
    message = parsed(data)

    assert message["From"] == "Robin Hale <robin@us.example>"
    assert message["To"] == "Dana Fox <dana@client.example>, ed@client.example"
    assert message["Cc"] == "Robin Hale <robin@us.example>"
    assert message["Date"].datetime == NOW
    assert message["Message-ID"] == "<abc@us.example>"
    assert message["In-Reply-To"] == "<b@x>"
    assert message["References"] == "<a@x> <b@x>"
    assert message["X-Mailsync-Draft"] == "d-123"
    assert message.get_content().splitlines() == ["Hello Dana,", "", "as agreed."]
    assert re.search(rb"(?<!\r)\n|\r(?!\n)", data) is None


def test_html_is_an_alternative_to_the_text():
    """A letter with HTML has both, the text first."""
    message = parsed(to_bytes(draft(html="<p>Hällo</p>", body="Hällo\n"), NOW))

    assert message.get_content_type() == "multipart/alternative"
    assert [part.get_content_type() for part in message.iter_parts()] == ["text/plain", "text/html"]
    assert [part.get_content().strip() for part in message.iter_parts()] == ["Hällo", "<p>Hällo</p>"]


HOSTILE = [
    "Launch\r\nBcc: evil@evil.example",
    "Launch\nBcc: evil@evil.example",
    "Launch\rBcc: evil@evil.example",
    "Launch\u2028Bcc: evil@evil.example",
    "Launch\x85Bcc: evil@evil.example",
    "Launch\x0b\x0c\x00Bcc: x",
    "=?utf-8?q?Launch=0D=0ABcc=3A_evil@evil.example?=",
    "=?utf-8?b?TGF1bmNoDQpCY2M6IGV2aWxAZXZpbC5leGFtcGxl?=",
    "Re: \u202egpj.exe\u202c",
    "\ud800 lonely",
    "x" * 5000,
    "ü" * 3000,
    "",
    '"; <evil@evil.example>, "',
    "evil@evil.example",
]


@pytest.mark.parametrize("words", HOSTILE)
def test_hostile_words_open_no_header(words):
    """Subject, names and references of any content leave the headers as they were meant."""
    bad = Address(email="dana@client.example", name=words)
    data = to_bytes(draft(subject=words, to=(bad,), sender=ME, in_reply_to=words, references=(words, "ok@x")), NOW)
    message = parsed(data)
    names = [n.decode() for n in headers_of(data)]

    assert set(names) <= {
        "From", "To", "Subject", "Date", "Message-ID", "References", "X-Mailsync-Draft", "MIME-Version",
        "Content-Type", "Content-Transfer-Encoding", "In-Reply-To",
    }  # fmt: skip
    assert len(names) == len(set(names))
    assert [a.addr_spec for a in message["To"].addresses] == ["dana@client.example"]
    assert max(map(len, data.split(b"\r\n"))) <= 998
    shown = f"{message['Subject']}{message['To']}"
    assert not re.search(r"[\x00-\x1f\x7f\x85\u2028\u2029\u202a-\u202e\u2066-\u2069]", shown)


@pytest.mark.parametrize(
    "address",
    [
        "", "nobody", "a b@x.example", "a@x.example\r\nBcc: b", "<a@x.example>", "a@x.example,b@x.example", '"a b"@x.example',
        "a@[127.0.0.1]", "a@x..example", ".a@x.example", "a@x.exa\u2028mple", "a@" + "x" * 300, "ü@x.example", "a@-", "a@x.example>",
    ],
)  # fmt: skip
def test_an_address_that_only_quoting_could_save_is_refused(address):
    """A letter goes to plain addresses or not at all."""
    with pytest.raises(UsageError):
        to_bytes(draft(to=(Address(email=address),)), NOW)


def test_an_international_domain_is_written_in_ascii():
    """Bücher becomes xn--bcher-kva."""
    assert plain_address("a.b+c@bücher.example") == "a.b+c@xn--bcher-kva.example"


def test_a_letter_without_recipient_or_id_is_refused():
    """What could not be delivered or recognised is not made."""
    with pytest.raises(UsageError, match="no recipient"):
        to_bytes(draft(to=()), NOW)
    with pytest.raises(UsageError, match="Message-ID"):
        to_bytes(draft(message_id="not an id"), NOW)


def test_long_ids_stay_whole_and_long_chains_are_shortened():
    """An id longer than a line is never encoded, and of 5,000 references the first and the last stay."""
    long_id = "a" * 200 + "@x.example"
    data = to_bytes(draft(in_reply_to=long_id, references=tuple(f"r{n}@x" for n in range(5000))), NOW)
    message = parsed(data)
    references = message["References"].split()

    assert f"<{long_id}>".encode() in data
    assert b"=?" not in data
    assert (references[0], references[-2:]) == ("<r0@x>", ["<r4999@x>", f"<{long_id}>"])
    assert len(references) <= 30


@given(st.text(max_size=300), st.text(max_size=100))
def test_any_text_becomes_a_letter_that_says_the_same(body, subject):
    """No body or subject raises; printable words come back as they were."""
    message = parsed(to_bytes(draft(body=body, subject=subject), NOW))

    assert not message.defects
    said = message.get_content()
    assert [w for w in said.split() if w.isascii()] == [w for w in _kept(body).split() if w.isascii()]


def _kept(text: str) -> str:
    return "".join(c for c in text.replace("\r", "\n") if c in "\n\t" or (ord(c) >= 32 and not 0x7F <= ord(c) < 0xA0))


@given(st.text('<>()[]:;,."\\ @=?abcé', max_size=150), st.integers(0, 5))
def test_no_name_adds_or_hides_a_recipient(name, others):
    """Whatever a display name holds, any reader of the header sees exactly the recipients that were meant."""
    people = [Address(email=f"person{n}@client.example", name=name) for n in range(others + 1)]
    data = to_bytes(draft(to=tuple(people)), NOW)
    header = email.message_from_bytes(data)["To"].replace("\r\n", "").replace("\n", "")

    assert [found for _, found in email.utils.getaddresses([header])] == [person.email for person in people]


@given(st.text(max_size=200))
def test_a_clean_line_stays_clean(text):
    """Cleaning twice is cleaning once."""
    assert clean_line(clean_line(text, 80), 80) == clean_line(text, 80)
