"""Header fields read before a body is fetched."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailsync.transport.headers import addresses, fields, message_id


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (b"a@x.example", ("a@x.example",)),
        (b'"Fox, Dana" <Dana@X.Example>, b@y.example', ("dana@x.example", "b@y.example")),
        (b"=?utf-8?q?M=C3=BCller?= <m@x.example>", ("m@x.example",)),
        (b"Team: a@x.example, b@x.example;", ("a@x.example", "b@x.example")),
        (b"undisclosed-recipients:;", ()),
        (b"a@x.example (a comment (nested))", ("a@x.example",)),
        (b"<a@x.example", ("a@x.example",)),
        (b"a@x.example; b@y.example", ("a@x.example", "b@y.example")),
        (b"(" * 5000 + b"a@x.example", ("a@x.example",)),
        ("jörg@bücher.example".encode(), ("jörg@bücher.example",)),
        (b"'a@x.example'", ("a@x.example",)),
        (b"nobody", ()),
        (b"", ()),
    ],
)
def test_addresses_are_found(value, expected):
    """Honest and broken address fields give their addr-specs, lower case."""
    assert addresses(b"To: " + value + b"\r\n\r\n", "to") == expected


def test_folded_and_repeated_fields_are_all_read():
    """A field may be folded, repeated and written in any case."""
    data = b"TO: a@x.example,\r\n b@x.example\r\nSubject: c@x.example\r\nto: d@x.example\r\n\r\n"

    assert addresses(data, "from", "to") == ("a@x.example", "b@x.example", "d@x.example")


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"Message-ID: <a@b>\r\n", "a@b"),
        (b"Message-Id:\r\n <a@b>\r\n", "a@b"),
        (b"message-id: a@b\r\n", "a@b"),
        (b"Message-ID: <a b@c> junk\r\n", "ab@c"),
        (b"Message-ID: <>\r\n", ""),
        (b"X-Message-ID: <a@b>\r\n", ""),
        (b"", ""),
    ],
)
def test_the_message_id_stands_without_brackets(data, expected):
    """A Message-ID is read from whatever stands there."""
    assert message_id(data) == expected


@given(st.binary(max_size=2000))
def test_no_header_raises(data):
    """Mail is hostile: any bytes can be asked."""
    for field in (b"", b"To: ", b"Message-ID: <"):
        message_id(field + data)
        found = addresses(field + data, "to")
        assert all("@" in address for address in found)
        list(fields(field + data, "to"))
