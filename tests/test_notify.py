"""Who wants to know is told once, even where the way fails for a while."""

import hashlib
import hmac
import json
import re
import threading
from datetime import UTC, datetime
from email import message_from_bytes
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from mailsync.app import open_app
from mailsync.config import parse
from mailsync.model.errors import ConfigError, ServerError
from mailsync.notify import Notice, Webhook, tell_all
from mailsync.service import tell
from tests.journeys.office import ME, Office
from tests.journeys.test_letter_to_draft import conversation
from tests.servers import HOST, PASSWORD, Sink, smtp_server

NOW = datetime(2026, 6, 3, 9, tzinfo=UTC)


class Receiver:
    """A webhook on loopback that answers the given statuses, then 200."""

    def __init__(self, *statuses: int) -> None:
        self.statuses, self.got = list(statuses), []
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                receiver.got.append((dict(self.headers), body))
                self.send_response(receiver.statuses.pop(0) if receiver.statuses else 200)
                self.send_header("Location", "http://127.0.0.1:1/")
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_: object) -> None:
                pass

        self.server = ThreadingHTTPServer((HOST, 0), Handler)
        self.url = f"http://{HOST}:{self.server.server_port}/hook"

    def __enter__(self):
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()


NOTICE = Notice(id="n1", at=NOW, drafts={"harbor": 2}, troubled={"work": "refused"})


def test_a_webhook_can_prove_who_sent_it():
    """The signature is an HMAC over time and body; the secret itself never travels."""
    with Receiver() as receiver:
        Webhook(url=receiver.url, secret="s3cret-value").tell(NOTICE)

    headers, body = receiver.got[0]
    at, signature = (part.partition("=")[2] for part in headers["X-Mailsync-Signature"].split(","))
    assert hmac.new(b"s3cret-value", f"{at}.".encode() + body, hashlib.sha256).hexdigest() == signature
    assert json.loads(body)["drafts"] == {"harbor": 2}
    assert "s3cret-value" not in str(headers) + body.decode() + repr(Webhook(url="x", secret="s3cret-value"))


def test_a_busy_receiver_is_asked_again_with_the_same_id():
    """429 and 5xx are tried again; the receiver can tell the repetition by its id."""
    with Receiver(503, 429) as receiver:
        Webhook(url=receiver.url, first_wait=0.01).tell(NOTICE)

    assert [headers["X-Mailsync-Id"] for headers, _ in receiver.got] == ["n1"] * 3


@pytest.mark.parametrize(("statuses", "tries"), [((400,), 1), ((302,), 1), ((500,) * 9, 4)])
def test_a_refusal_is_an_error_and_redirects_are_not_followed(statuses, tries):
    """A refusal is not repeated, a broken receiver not for ever."""
    with Receiver(*statuses) as receiver, pytest.raises(ServerError):
        Webhook(url=receiver.url, first_wait=0.01).tell(NOTICE)

    assert len(receiver.got) == tries


def test_a_webhook_in_the_clear_is_only_for_this_machine():
    """Notices do not go over a network unencrypted."""
    text = '[me]\nname = "R"\naddresses = ["r@x.example"]\n[notify]\nwebhook = "http://hooks.example/x"\n'

    with pytest.raises(ConfigError, match="https"):
        parse(text)


class Ear:
    """A notifier that may be deaf."""

    name = "ear"
    wants = frozenset({"drafts", "entries", "trouble"})

    def __init__(self):
        self.heard, self.deaf = [], False

    def tell(self, notice):
        """Hear."""
        if self.deaf:
            raise ServerError("deaf")
        self.heard.append(notice)


@pytest.fixture
def office(tmp_path, mailbox, monkeypatch):
    """An office with one letter that wants a recap."""
    monkeypatch.setenv("OFFICE_PASSWORD", PASSWORD)
    return Office(tmp_path, mailbox)


def talk(office):
    """Bring in a thread that is quiet enough for a recap."""
    conversation(office)
    assert office.data("poll")["drafts"] == 1


@pytest.mark.dovecot
def test_everything_new_is_told_once_and_a_deaf_one_hears_it_later(office, tmp_path):
    """What came before a way was added is not told; what failed is told with the next round, nothing twice."""
    ear, kept = Ear(), tmp_path / "notified.json"
    office.run("poll")
    with open_app(office.config) as app:
        assert tell_all(app.ledger, [ear], kept, {}, NOW) == ()
    talk(office)
    with open_app(office.config) as app:
        ear.deaf = True
        assert tell_all(app.ledger, [ear], kept, {"work": "refused"}, NOW) == ("ear: deaf",)
        ear.deaf = False
        tell_all(app.ledger, [ear], kept, {"work": "refused"}, NOW)
        tell_all(app.ledger, [ear], kept, {"work": "refused"}, NOW)
        tell_all(app.ledger, [ear], kept, {}, NOW)

        first, second = ear.heard
        assert first.drafts == {"harbor": 1}
        assert first.found["harbor"] == app.ledger.number_of_entries() == len(first.entries)
        assert first.troubled == {"work": "refused"}
        assert second.mended == ("work",)
        assert first.id != second.id


@pytest.mark.dovecot
def test_mail_to_self_says_that_a_machine_wrote_it(office):
    """The letter goes to one's own address only, holds no words of mail, and is not read in as somebody's."""
    sink = Sink()
    with smtp_server(sink, auth_require_tls=False) as port:
        smtp = f'[accounts.smtp]\nhost = "{HOST}"\nport = {port}\nsecurity = "none"\n'
        text = office.config.read_text().replace("[[clients]]", smtp + "\n[[clients]]", 1)
        office.config.write_text(text + "\n[notify]\nmail = true\n")
        with open_app(office.config) as app:
            assert tell(app) == ()
        talk(office)
        with open_app(office.config) as app:
            tell(app)

    received = sink.letters[0]
    message = message_from_bytes(received.data)
    assert received.recipients == [ME]
    assert message["Auto-Submitted"] == "auto-generated"
    assert "letters to review" in message["Subject"]
    assert "wireframes" not in received.data.decode().lower()


def test_the_manuals_receiver_knows_our_signature():
    """The check that docs/service.md gives to receivers takes what we sign and refuses anything else."""
    page = (Path(__file__).parents[1] / "docs" / "service.md").read_text()
    room: dict[str, object] = {}
    exec(re.search(r"```python\n(.*?)```", page, flags=re.DOTALL)[1], room)
    with Receiver() as receiver:
        Webhook(url=receiver.url, secret="s3cret-value").tell(NOTICE)
    headers, body = receiver.got[0]

    assert room["is_ours"](headers["X-Mailsync-Signature"], body, b"s3cret-value")
    assert not room["is_ours"](headers["X-Mailsync-Signature"], body + b" ", b"s3cret-value")
