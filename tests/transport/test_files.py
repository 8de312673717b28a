"""Old mail from files."""

import mailbox
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailsync.model.errors import UsageError
from mailsync.transport.files import read_path
from tests.transport.test_imap import letter

POSTMARK = b"From dana@client.example Mon Jun  3 09:30:00 2024\n"


def unix(number: int, body: bytes = b"Hello.\r\n") -> bytes:
    """Return a letter with line feeds alone."""
    return letter(number, body).replace(b"\r\n", b"\n")


def read(path, **more) -> list[bytes]:
    """Return the bytes of every message at `path`."""
    return [message.data for message in read_path(path, **more)]


@pytest.mark.parametrize(
    "postmark",
    [
        POSTMARK,
        b"From - Mon Jun 03 09:30:00 2024\n",
        b"From \n",
        b"From 1788000000000000000@xxx Mon Jun 03 09:30:00 +0000 2024\n",
        b"From MAILER-DAEMON Mon Jun  3 09:30:00 2024 remote from x\n",
        b"From dana@client.example 2024-06-03T09:30:00Z\n",
        b"From nobody\n",
    ],
)
def test_messages_begin_at_the_from_lines_that_programs_write(tmp_path, postmark):
    """The From lines of common programs separate, and leave nothing of themselves behind."""
    file = tmp_path / "box"
    file.write_bytes(b"".join(postmark + unix(n) + b"\n" for n in range(3)))

    assert read(file) == [unix(n) for n in range(3)]


def test_the_from_line_tells_when_a_message_came(tmp_path):
    """The date of the From line is the internal date, in UTC."""
    file = tmp_path / "box"
    file.write_bytes(POSTMARK + unix(1) + b"\n" + b"From x Mon Jun 03 11:30:00 +0200 2024\n" + unix(2))

    dates = [message.internal_date for message in read_path(file)]
    assert dates == [datetime(2024, 6, 3, 9, 30, tzinfo=UTC)] * 2


@pytest.mark.parametrize(
    "body",
    [
        b"From now on we meet at 10:30 in 2024.\nFrom my side fine.\n",
        b"\nFrom now on we meet at 10:30 in 2024.\nNot a header.\n",
        b"\n>From the start escaped\n>>From twice\n",
        b"no line end",
        b"\n\n\n",
        b"",
    ],
)
def test_letters_may_hold_lines_that_begin_with_from(tmp_path, body):
    """A sentence that begins with From does not cut a letter, and escaped ones stay as they stand."""
    file = tmp_path / "box"
    file.write_bytes(POSTMARK + unix(1, body) + b"\n\n" + POSTMARK + unix(2) + b"\n")
    found = read(file)

    assert len(found) == 2
    assert found[0].rstrip(b"\n") == unix(1, body).rstrip(b"\n")


def test_a_content_length_that_fits_is_trusted(tmp_path):
    """In mboxcl2 nothing is escaped; a length that ends where a message begins keeps the letter whole."""
    body = b"\n" + POSTMARK + b"Subject: pasted\n\nstill the first letter\n"
    first = b"Content-Length: %d\n" % len(body) + unix(1, body)
    wrong = b"Content-Length: 5\n" + unix(2)
    file = tmp_path / "box"
    file.write_bytes(POSTMARK + first + b"\n" + POSTMARK + wrong + b"\n" + POSTMARK + unix(3) + b"\n")

    assert read(file) == [first, wrong, unix(3)]


def test_windows_line_ends_stay(tmp_path):
    """An mbox with CRLF gives letters with CRLF, without the empty line between them."""
    file = tmp_path / "box.mbox"
    file.write_bytes((POSTMARK + unix(1) + b"\n" + POSTMARK + unix(2) + b"\n").replace(b"\n", b"\r\n"))

    assert read(file) == [letter(1), letter(2)]


def test_what_python_writes_is_read_as_python_reads_it(tmp_path):
    """For mail written by the standard library both agree."""
    box = mailbox.mbox(tmp_path / "box")
    for number in range(5):
        box.add(unix(number, b"From here on\n\nFrom there\n"))
    box.close()
    again = mailbox.mbox(tmp_path / "box")

    assert read(tmp_path / "box") == [again.get_bytes(number) for number in range(5)]
    again.close()


def test_one_huge_message_is_left_out_and_named(tmp_path):
    """A message over the limit is told of with its place and its size; the others come."""
    file, told = tmp_path / "box", []
    file.write_bytes(POSTMARK + unix(1) + b"\n" + POSTMARK + unix(2, b"x" * 9000) + b"\n" + POSTMARK + unix(3) + b"\n")
    single = tmp_path / "big.eml"
    single.write_bytes(letter(4, b"x" * 9000))

    assert read(file, max_bytes=5000, trouble=told.append) == [unix(1), unix(3)]
    assert read(single, max_bytes=5000, trouble=told.append) == []
    assert len(told) == 2
    assert "the limit for one message is 5000" in told[0]
    assert "big.eml" in told[1]


def test_a_maildir_with_subfolders_is_read(tmp_path):
    """New and read mail of a Maildir and its subfolders comes, what is being delivered does not."""
    box = mailbox.Maildir(tmp_path / "Maildir")
    box.add(unix(1))
    box.add_folder("Sent").add(unix(2))
    (tmp_path / "Maildir" / "tmp" / "half").write_bytes(unix(3))
    (tmp_path / "Maildir" / "dovecot-uidlist").write_text("3 V1 N5 G123\n")

    assert sorted(read(tmp_path / "Maildir")) == [unix(1), unix(2)]
    assert all(message.internal_date for message in read_path(tmp_path / "Maildir"))


def test_a_folder_of_letters_is_read_in_order(tmp_path):
    """Single messages, mboxes and Apple's files in one folder come in the order of their names; others are passed by."""
    (tmp_path / "1.eml").write_bytes(letter(1))
    (tmp_path / "2.emlx").write_bytes(b"%d\n" % len(unix(2)) + unix(2) + b"<?xml version='1.0'?><plist/>")
    (tmp_path / "3").mkdir()
    (tmp_path / "3" / "box").write_bytes(POSTMARK + unix(3) + b"\n")
    (tmp_path / "4_").write_bytes(unix(4))
    (tmp_path / "photo.jpg").write_bytes(b"\xff\xd8\xff\xe0" * 100)
    (tmp_path / ".hidden.eml").write_bytes(letter(5))
    (tmp_path / "notes.txt").write_text("Remember: the milk\n\nFrom the shop.\n")

    assert read(tmp_path) == [letter(1), unix(2), unix(3), unix(4)]


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("photo.jpg", b"\xff\xd8\xff\xe0" * 100),
        ("notes.txt", b"Just a note.\n"),
        ("empty.eml", b""),
        ("a.pst", b"!BDN" + b"\0" * 99),
    ],
)
def test_what_is_no_mail_is_refused_with_a_sentence(tmp_path, name, data):
    """A file that holds no mail is named, with what to do."""
    file = tmp_path / name
    file.write_bytes(data)

    with pytest.raises(UsageError, match="is not a mail file") as caught:
        read(file)
    assert "exported" in caught.value.hint
    with pytest.raises(UsageError, match="holds no mail"):
        read(tmp_path)


def test_a_missing_path_is_refused_before_anything_is_read(tmp_path):
    """The error comes with the call, not with the first message."""
    with pytest.raises(UsageError, match="does not exist"):
        read_path(tmp_path / "nowhere")


def test_a_broken_eml_file_is_still_a_message(tmp_path):
    """What calls itself .eml is kept, whatever stands in it."""
    (tmp_path / "broken.eml").write_bytes(b"\x00\xffno header here")

    assert read(tmp_path / "broken.eml") == [b"\x00\xffno header here"]


def test_an_empty_mbox_has_no_messages(tmp_path):
    """An empty mbox is one without messages."""
    (tmp_path / "Inbox.mbox").touch()

    assert read(tmp_path / "Inbox.mbox") == []


@given(st.lists(st.binary(max_size=300), max_size=6))
def test_no_mbox_raises_or_loses_octets(tmp_path_factory, pieces):
    """Whatever stands in an mbox, all of it but From lines and one empty line after a message comes out."""
    file = tmp_path_factory.mktemp("any") / "box"
    file.write_bytes(POSTMARK + b"Subject: x\n\n" + b"\n\nFrom ".join(pieces))
    found = b"".join(read(file))

    assert len(found) >= len(b"".join(piece for piece in pieces if b"\n" not in piece and len(pieces) == 1)) - 2
