"""The service follows every account on its own, whatever happens to the others."""

import os
import signal
import subprocess
import sys
import threading
import time
from datetime import UTC, datetime

import pytest

from mailsync.app import App, open_app
from mailsync.service import Service
from tests.faults import FaultProxy
from tests.journeys.office import DANA, ME, Office, deliver, letter
from tests.servers import HOST, PASSWORD

pytestmark = pytest.mark.dovecot

SECOND = """
[[accounts]]
name = "{name}"
address = "{name}@halecraft.example"
password_env = "{env}"
poll_minutes = 60

[accounts.imap]
host = "{host}"
port = {port}
security = "none"
username = "{user}"
"""


@pytest.fixture
def office(tmp_path, mailbox, monkeypatch):
    """An office whose account is polled once an hour only."""
    monkeypatch.setenv("OFFICE_PASSWORD", PASSWORD)
    monkeypatch.setenv("WRONG_PASSWORD", "not-this-one")
    return Office(tmp_path, mailbox, account="poll_minutes = 60")


def add_account(office, name, port, user, env="OFFICE_PASSWORD"):
    """Add an account to the config."""
    text = office.config.read_text()
    office.config.write_text(text + SECOND.format(name=name, host=HOST, port=port, user=user, env=env))


def mail(subject, body="We will deliver the 12 scanners by Friday."):
    """Write a client's letter."""
    return letter(f"Dana Fox <{DANA}>", ME, subject, body, datetime.now(UTC))


def until(holds, seconds=40):
    """Wait until something holds; say whether it does."""
    end = time.monotonic() + seconds
    while not (held := holds()) and time.monotonic() < end:
        time.sleep(0.05)
    return held


def subjects(app: App) -> set[str]:
    """Return the subjects of the threads that are kept."""
    return {thread.subject for thread in app.ledger.threads()}


class Running:
    """A service in a thread."""

    def __init__(self, app):
        self.service = Service(app)
        self.thread = threading.Thread(target=self.service.run)

    def __enter__(self):
        self.thread.start()
        return self.service

    def __exit__(self, *_):
        self.service.stop()
        self.thread.join(90)
        assert not self.thread.is_alive()


def trouble(app, name):
    """Return what is wrong with an account."""
    return next(account["trouble"] for account in app.health()["accounts"] if account["name"] == name)


def test_new_mail_is_read_when_it_comes_and_over_the_same_connection(office):
    """With polls an hour apart, a letter stands in the log moments after it arrived, without a second login."""
    with FaultProxy(office.mailbox.server.port) as proxy:
        text = office.config.read_text().replace(str(office.mailbox.server.port), str(proxy.port))
        office.config.write_text(text)
        deliver(office.mailbox, mail("First"))
        with open_app(office.config) as app, Running(app):
            assert until(lambda: subjects(app) == {"First"})

            deliver(office.mailbox, mail("Second"))
            assert until(lambda: subjects(app) == {"First", "Second"})
            assert until(lambda: app.ledger.unread_threads() == [])

        assert proxy.connections == 1
        assert proxy.heard.count(b"LOGIN") == 1


def test_accounts_that_hang_or_are_refused_hold_up_no_other(office):
    """One server that never speaks and one refused login: the third account is read, and both troubles are told."""
    with FaultProxy(office.mailbox.server.port, "stall", after=0, faults=99) as silent:
        add_account(office, "aaa-silent", silent.port, "somebody")
        add_account(office, "bbb-wrong", office.mailbox.server.port, "somebody", "WRONG_PASSWORD")
        office.config.write_text(office.config.read_text().replace("[data]", "[limits]\ntimeout_seconds = 5\n\n[data]"))
        deliver(office.mailbox, mail("First"))
        with open_app(office.config) as app, Running(app) as service:
            assert until(lambda: subjects(app) == {"First"})
            deliver(office.mailbox, mail("Second"))
            assert until(lambda: subjects(app) == {"First", "Second"})
            assert until(lambda: "refused the login" in trouble(app, "bbb-wrong"))
            assert until(lambda: "took too long" in trouble(app, "aaa-silent"))

            assert not app.health()["ok"]
            assert trouble(app, "work") == ""
            assert service.alive()
        code, out, _ = office.run("status")
        assert code == 1
        assert "refused the login" in out


def test_a_refused_login_is_not_tried_at_every_call(office):
    """Servers lock accounts that try a wrong password too often, so a refusal makes the account rest."""
    office.config.write_text(office.config.read_text().replace("OFFICE_PASSWORD", "WRONG_PASSWORD"))
    with open_app(office.config) as app, Running(app) as service:
        assert until(lambda: "refused the login" in trouble(app, "work"))
        polled = app.health()["accounts"][0]["polled"], len(app.ledger.troubles())

        service.followers[0].call()
        time.sleep(0.5)

        assert (app.health()["accounts"][0]["polled"], len(app.ledger.troubles())) == polled


def test_poll_takes_in_all_accounts_at_once(office):
    """One turn of the command has the dead account in its troubles and the others' mail in the log."""
    with FaultProxy(office.mailbox.server.port, "close", after=0, faults=99) as dead:
        add_account(office, "dead", dead.port, "somebody")
        second = office.mailbox.server.mailbox()
        add_account(office, "second", second.server.port, second.user)
        deliver(office.mailbox, mail("First"))
        deliver(second, mail("Second"))

        code, _, err = office.run("poll")

        assert code == 3
        assert "dead" in err
        with open_app(office.config) as app:
            assert subjects(app) == {"First", "Second"}


def test_sigterm_ends_a_first_sync_between_two_batches(office):
    """A stopped service has kept whole batches, ends with 0, and the next turn goes on from there."""
    letters = [mail(f"Letter {n}") for n in range(3)]
    for one in letters:
        deliver(office.mailbox, one)
    process = subprocess.Popen(
        [sys.executable, "-m", "mailsync", "run", "--config", str(office.config)],
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ | {"OFFICE_PASSWORD": PASSWORD},
    )
    assert until((office.folder / "data" / "worker-work.lock").exists)

    process.send_signal(signal.SIGTERM)
    _, said = process.communicate(timeout=90)

    assert process.returncode == 0, said
    assert "Traceback" not in said
    assert office.run("poll")[0] == 0
    assert office.run("verify")[0] == 0
    with open_app(office.config) as app:
        assert len(subjects(app)) == 3
