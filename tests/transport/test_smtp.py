"""Sending: to all or nobody, in private, and never in doubt about what is certain."""

import ssl

import pytest

from mailsync.model.errors import ConfigError, LoginRefusedError, OutcomeUnknownError, ServerError, UsageError
from mailsync.transport.net import Security
from mailsync.transport.smtp import SmtpSettings, send
from tests.faults import FaultProxy, Listener, seconds_of
from tests.servers import HOST, PASSWORD, Sink, smtp_server
from tests.transport.test_imap import letter

ME, DANA = "me@us.example", "dana@client.example"


def context_of(pair) -> ssl.SSLContext:
    """Return what a server with this certificate and key uses."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*pair)
    return context


def plain(port: int, **more) -> SmtpSettings:
    """Return settings for a server on loopback without encryption."""
    return SmtpSettings(**({"host": HOST, "port": port, "security": Security.NONE} | more))


@pytest.mark.parametrize("security", [Security.TLS, Security.STARTTLS])
def test_a_login_goes_over_verified_tls(authority, security):
    """Both ways to TLS deliver with the right authority, log in with any password, and fail without."""
    sink = Sink()
    implicit = security is Security.TLS
    with smtp_server(sink, context_of((authority.chain, authority.key)), implicit=implicit) as port:
        where = {"host": "localhost", "port": port, "security": security, "username": "robin"}
        send(SmtpSettings(**where, ca_file=authority.ca), PASSWORD, letter(1), ME, [DANA])
        with pytest.raises(LoginRefusedError):
            send(SmtpSettings(**where, ca_file=authority.ca), "wröng", letter(2), ME, [DANA])
        with pytest.raises(ServerError, match=r"not to be trusted.*Nothing was sent"):
            send(SmtpSettings(**where), PASSWORD, letter(3), ME, [DANA])

    assert [received.data for received in sink.letters] == [letter(1)]
    assert sink.logins == [("robin", PASSWORD), ("robin", "wröng")]


@pytest.mark.parametrize("which", ["other", "stranger"])
def test_a_wrong_certificate_is_not_spoken_to(authority, which):
    """A certificate for another host, or by another authority, gets no login."""
    sink = Sink()
    with smtp_server(sink, context_of(getattr(authority, which)), implicit=True) as port:
        settings = SmtpSettings(
            host="localhost", port=port, security=Security.TLS, username="robin", ca_file=authority.ca
        )
        with pytest.raises(ServerError, match="not to be trusted"):
            send(settings, PASSWORD, letter(1), ME, [DANA])

    assert (sink.logins, sink.letters) == ([], [])


def test_no_encryption_no_letter(authority):
    """With STARTTLS stripped nothing but the greeting is said."""
    sink = Sink()
    tls = context_of((authority.chain, authority.key))
    with smtp_server(sink, tls) as port, FaultProxy(port, replace=(b"STARTTLS", b"XSTRIPTX")) as proxy:
        settings = SmtpSettings(host="localhost", port=proxy.port, username="robin", ca_file=authority.ca)
        with pytest.raises(ServerError, match="offers no encryption"):
            send(settings, PASSWORD, letter(1), ME, [DANA])
        assert b"AUTH" not in proxy.heard
        assert b"MAIL" not in proxy.heard

    with pytest.raises(ConfigError, match="only for servers on this machine"):
        send(SmtpSettings(host="mail.example", security=Security.NONE), PASSWORD, letter(1), ME, [DANA])


def test_one_refused_recipient_stops_the_letter():
    """Nobody gets a letter that another was meant to get too."""
    sink = Sink()
    with (
        smtp_server(sink) as port,
        pytest.raises(ServerError, match=r"refused the recipient refused@.*Nothing was sent"),
    ):
        send(plain(port), "", letter(1), ME, [DANA, "refused@client.example"])

    assert sink.letters == []


def test_a_refused_letter_was_surely_not_sent():
    """A no to the letter itself is a plain error."""
    with (
        smtp_server(Sink()) as port,
        pytest.raises(ServerError, match=r"refused the letter: 554.*Nothing was sent") as caught,
    ):
        send(plain(port), "", letter(1, b"reject this\r\n"), ME, [DANA])

    assert not isinstance(caught.value, OutcomeUnknownError)


def test_a_lost_answer_is_an_unknown_outcome():
    """The server took the letter and its answer never came: nobody can say, and it was delivered once."""
    sink = Sink()
    lost = pytest.raises(OutcomeUnknownError, match="may or may not have been sent")
    with smtp_server(sink) as port, FaultProxy(port, "lose", match=b"250 OK queued") as proxy, lost:
        send(plain(proxy.port), "", letter(1), ME, [DANA])

    assert len(sink.letters) == 1


@pytest.mark.parametrize("fault", ["reset", "close", "stall", "drip"])
@pytest.mark.parametrize("after", [0, 20, 100])
def test_a_line_broken_before_the_letter_is_surely_not_sent(fault, after):
    """Whatever breaks before the letter is handed over, and however, it ends soon and says that nothing was sent."""
    sink = Sink()
    with smtp_server(sink) as port, FaultProxy(port, fault, after=after) as proxy:
        settings = plain(proxy.port, timeout=0.5, deadline=0.6)

        def attempt():
            with pytest.raises(ServerError) as caught:
                send(settings, "", letter(1), ME, [DANA])
            assert not isinstance(caught.value, OutcomeUnknownError)
            assert "Nothing was sent" in str(caught.value)

        assert seconds_of(attempt) < 10

    assert sink.letters == []


@pytest.mark.parametrize(
    "address", ["a@x.example>\r\nRCPT TO:<b@x.example", "a b@x.example", "", "a@x.example,b@x.example"]
)
def test_an_address_cannot_be_two(address):
    """Nothing but one plain address stands between the brackets."""
    with smtp_server(Sink()) as port, pytest.raises(UsageError):
        send(plain(port), "", letter(1), ME, [address])


def test_a_server_that_is_none_is_one_sentence():
    """Garbage instead of a greeting ends in a sentence."""

    class Garbage(Listener):
        def serve(self, client):
            client.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")

    with Garbage() as server, pytest.raises(ServerError, match="Nothing was sent") as caught:
        send(plain(server.port, timeout=2.0), "", letter(1), ME, [DANA])
    assert str(caught.value).isprintable()
