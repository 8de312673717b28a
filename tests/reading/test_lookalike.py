import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailsync.reading.authentication import authentication
from mailsync.reading.lookalike import imitates

KNOWN = ("harborfoods.example", "corvane.example", "dana.fox@mail.example")


@pytest.mark.parametrize(
    ("email", "taken_for"),
    [
        ("dana@harborfoods.example", ""),
        ("dana@mail.harborfoods.example", ""),
        ("dana@harb0rfoods.example", "harborfoods.example"),
        ("dana@hаrborfoods.example", "harborfoods.example"),  # a Cyrillic a
        ("dana@xn--hrborfoods-zqi.example", "harborfoods.example"),  # the same, encoded
        ("dana@harbor-foods.example", "harborfoods.example"),
        ("dana@harborfods.example", "harborfoods.example"),
        ("dana@harborfooods.example", "harborfoods.example"),
        ("dana@habrorfoods.example", "harborfoods.example"),
        ("dana@harborfoobs.example", "harborfoods.example"),
        ("dana@harborfoods.test", "harborfoods.example"),
        ("dana@harborfoods.example.evil.test", "harborfoods.example"),
        ("dana@harborfoods-example.test", "harborfoods.example"),
        ("x@corvane.exarnple", "corvane.example"),
        ("dana.f0x@mail.example", "dana.fox@mail.example"),
        ("dana.fox@mail.example", ""),
        ("somebody@mail.example", ""),
        ("sales@printers.example", ""),
        ("info@harbour.example", ""),
        ("", ""),
    ],
)
def test_imitations(email, taken_for):
    """An address that could be taken for a known one is named with it; known ones and strangers are not."""
    assert imitates(email, KNOWN) == taken_for


@given(st.text(max_size=400))
def test_imitates_never_raises(text):
    """Whatever stands there, it is answered."""
    imitates(text, KNOWN)
    imitates(f"a@xn--{text}.example", KNOWN)


OURS = b"Authentication-Results: mx.halecraft.example 1;\r\n dkim=pass header.d=harbor.example (good; dmarc=fail);\r\n spf=softfail smtp.mailfrom=harbor.example; dmarc=pass\r\n"
THEIRS = b"Authentication-Results: mx.evil.example; dmarc=pass\r\n"


def test_own_servers_results():
    """The results of our own server are read, comments left aside."""
    found = authentication(OURS + THEIRS + b"From: a@b.example\r\n\r\nhello", "MX.halecraft.example")

    assert found.ours
    assert found.results == (("dkim", "pass"), ("spf", "softfail"), ("dmarc", "pass"))
    assert not found.failed


def test_written_by_the_sender():
    """A field that names another server, or lies below another one, counts for nothing."""
    assert not authentication(THEIRS + OURS + b"\r\n", "mx.halecraft.example").ours
    assert not authentication(OURS + b"\r\n", "").ours
    assert authentication(b"From: a@b.example\r\n\r\n" + OURS, "mx.halecraft.example") is None


def test_failed():
    """Our server's word that the sender may be forged is heard."""
    data = b"Authentication-Results: mx.halecraft.example; dmarc=fail\r\n\r\n"
    assert authentication(data, "mx.halecraft.example").failed


@given(st.binary(max_size=500))
def test_authentication_never_raises(data):
    """Whatever the bytes, it is answered."""
    authentication(b"Authentication-Results: " + data, "mx.halecraft.example")
