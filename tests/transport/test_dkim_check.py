import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from hypothesis import given
from hypothesis import strategies as st

from mailsync.transport.dkim_check import check_signatures

dkim = pytest.importorskip("dkim", reason="the extra 'evidence' is not installed")

MAIL = (
    b"From: Dana <dana@harbor.example>\r\nTo: robin@halecraft.example\r\nSubject: Yes\r\n"
    b"Date: Mon, 2 Mar 2026 09:00:00 +0000\r\nMessage-ID: <1@harbor.example>\r\n\r\nYes, go ahead.\r\n"
)


@pytest.fixture(scope="module")
def signed():
    """Return a signed mail and the DNS that publishes its key."""
    import base64

    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.TraditionalOpenSSL, serialization.NoEncryption()
    )
    public = key.public_key().public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    record = b"v=DKIM1; k=rsa; p=" + base64.b64encode(public)
    names = {"s1._domainkey.harbor.example": record}
    return dkim.sign(MAIL, b"s1", b"harbor.example", private) + MAIL, lambda name: names.get(name, b"")


def test_good_signature(signed):
    """A signature that holds is kept with domain, selector and the very key it was checked with."""
    data, dns = signed
    [found] = check_signatures(data, dns)

    assert (found["domain"], found["selector"], found["result"]) == ("harbor.example", "s1", "pass")
    assert found["key"].startswith("v=DKIM1; k=rsa; p=")


def test_changed_on_its_way(signed):
    """A mail that was changed does not hold, and says so without an accusation."""
    data, dns = signed
    [found] = check_signatures(data.replace(b"go ahead", b"stop now"), dns)

    assert found["result"] == "fail"


def test_key_is_gone(signed):
    """Without the published key nothing can be said."""
    data, _ = signed
    [found] = check_signatures(data, lambda _: b"")

    assert found["result"] != "pass"
    assert found["key"] == ""


def test_unsigned():
    """A mail without a signature has none, and nobody is asked."""
    assert check_signatures(MAIL, lambda _: pytest.fail("asked the DNS")) == []


@given(st.binary(max_size=300))
def test_hostile_signatures(junk):
    """Whatever stands in the field, it is answered, and the DNS is asked plain names only."""

    def dns(name):
        assert name.isascii()
        assert name.isprintable()
        return junk

    check_signatures(b"DKIM-Signature: " + junk.replace(b"\n\n", b"") + b"\r\n" + MAIL, dns)
    check_signatures(
        b"DKIM-Signature: v=1; a=rsa-sha256; d=x.example; s=s; h=from; bh=YQ==; b=" + junk + b"\r\n" + MAIL, dns
    )
