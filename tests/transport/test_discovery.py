"""Finding the servers of an address without trusting what comes back."""

import pytest

from mailsync.transport.discovery import BY_DOMAIN, discover, read_autoconfig
from mailsync.transport.net import Auth, Security
from mailsync.transport.refusal import login_error

XML = b"""<?xml version="1.0"?><clientConfig version="1.1"><emailProvider id="halecraft.example">
<displayName>Halecraft</displayName>
<incomingServer type="pop3"><hostname>pop.x.example</hostname><port>995</port><socketType>SSL</socketType></incomingServer>
<incomingServer type="imap"><hostname>open.x.example</hostname><port>143</port><socketType>plain</socketType></incomingServer>
<incomingServer type="imap"><hostname>imap.x.example</hostname><port>993</port><socketType>SSL</socketType>
<username>%EMAILLOCALPART%</username><authentication>password-cleartext</authentication></incomingServer>
<outgoingServer type="smtp"><hostname>smtp.x.example</hostname><port>587</port><socketType>STARTTLS</socketType></outgoingServer>
</emailProvider></clientConfig>"""


def look(records=None, pages=None, ports=()):
    """Return the three ways to the network with these answers only."""
    return {
        "lookup": lambda name, kind: (records or {}).get((name, kind), []),
        "fetch": (pages or {}).get,
        "probe": lambda host, port: (host, port) in ports,
    }


@pytest.mark.parametrize(
    ("address", "host", "login"),
    [
        ("a@gmail.com", "imap.gmail.com", Auth.PASSWORD),
        ("a@Outlook.com", "outlook.office365.com", Auth.XOAUTH2),
        ("a@icloud.com", "imap.mail.me.com", Auth.PASSWORD),
        ("a@proton.me", "127.0.0.1", Auth.PASSWORD),
        ("a@web.de", "imap.web.de", Auth.PASSWORD),
    ],
)
def test_known_providers_are_found_without_a_network(address, host, login):
    """The large providers are known by the domain alone."""
    found = discover(address, **look())

    assert (found.imap.host, found.login) == (host, login)


def test_a_domain_of_ones_own_is_recognised_by_where_its_mail_goes():
    """A company on Microsoft 365 is told so, from its MX record."""
    records = {("halecraft.example", "MX"): [(0, 0, "halecraft-example.mail.protection.outlook.com")]}

    found = discover("robin@halecraft.example", **look(records))

    assert found.oauth == "microsoft"
    assert "halecraft-example.mail" in found.how


def test_a_name_that_only_looks_like_a_provider_is_not_taken_for_it():
    """notgoogle.com is not google.com."""
    assert discover("a@x.example", **look({("x.example", "MX"): [(0, 0, "mx.notgoogle.com")]})) is None


def test_srv_records_come_before_guessing():
    """RFC 6186: the domain's own word, TLS first; "." means that it is not offered."""
    records = {
        ("_imaps._tcp.x.example", "SRV"): [(10, 1993, "mail.x.example")],
        ("_submissions._tcp.x.example", "SRV"): [(0, 0, ".")],
        ("_submission._tcp.x.example", "SRV"): [(0, 587, "smtp.x.example")],
    }

    found = discover("a@x.example", **look(records, ports={("imap.x.example", 993)}))

    assert (found.imap.host, found.imap.port, found.imap.security) == ("mail.x.example", 1993, Security.TLS)
    assert (found.smtp.host, found.smtp.security) == ("smtp.x.example", Security.STARTTLS)


def test_autoconfig_gives_the_first_encrypted_imap_server():
    """POP and unencrypted servers are passed over; the login name follows the file."""
    pages = {"https://autoconfig.x.example/mail/config-v1.1.xml": XML}

    found = discover("a@x.example", **look(pages=pages))

    assert (found.imap.host, found.smtp.port, found.username) == ("imap.x.example", 587, "local")
    assert found.how == "autoconfig.x.example"


@pytest.mark.parametrize(
    "page",
    [
        b"",
        b"<html>404</html>",
        b"\x00\xff" * 50,
        b'<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><clientConfig>&x;</clientConfig>',
        XML.replace(b"imap.x.example", b"imap.x.example; rm -rf"),
        XML.replace(b"993", b"99999"),
        b"<a>" * 5000,
    ],
)
def test_hostile_autoconfig_is_no_answer(page):
    """What is no clean host, port and encryption is as good as nothing."""
    assert read_autoconfig(page, "x.example") is None


def test_the_guess_is_tried_before_it_is_told():
    """imap.DOMAIN is proposed only where something listens."""
    assert discover("a@x.example", **look(ports={("mail.x.example", 993)})).imap.host == "mail.x.example"
    assert discover("a@x.example", **look()) is None


@pytest.mark.parametrize(
    "address", ["", "a", "a@", "a@localhost", "a@x y.example", "a@-", "a@" + "x" * 300 + ".example"]
)
def test_what_is_no_address_has_no_servers(address):
    """Nothing is asked of anybody for it."""
    assert discover(address, lookup=None, fetch=None, probe=None) is None


def test_every_provider_is_encrypted():
    """No table entry sends a password in the clear."""
    servers = [s for p in BY_DOMAIN.values() for s in (p.imap, p.smtp)]

    assert all(s.security is not Security.NONE for s in servers)


@pytest.mark.parametrize(
    ("said", "hint"),
    [
        ("[ALERT] Application-specific password required: https://support.google.com/x (Failure)", "app password"),
        ("User is authenticated but not connected.", "admin"),
        ("Your account is not enabled for IMAP use", "Switch IMAP on"),
        ("LOGIN failed. Basic authentication is disabled", "OAuth"),
        ('{"status":"400","scope":"https://mail.google.com/"}', "another use"),
        ("token expired", "mailsync login"),
        ("Invalid credentials (Failure)", "Check username"),
    ],
)
def test_a_refusal_says_the_next_step(said, hint):
    """The server's words decide what a person is told to do."""
    assert hint in login_error("imap.x.example", "robin", Auth.PASSWORD, said).hint
