"""The first run ends with a config that works."""

import stat
from datetime import UTC, datetime

import pytest
from click.testing import CliRunner

from mailsync.cli.setup import init
from mailsync.config import load, parse
from mailsync.model.errors import LoginRefusedError
from mailsync.setup import Answers, Proposal, config_text, local_zone, propose
from mailsync.transport.discovery import BY_DOMAIN
from tests.journeys.office import DANA, ME, Office, deliver, letter
from tests.servers import HOST, PASSWORD

NOW = datetime(2026, 6, 3, 9, tzinfo=UTC)


def answers(**more):
    """Return answers for a small config."""
    usual = {
        "name": 'Robin "Rob" Hale',
        "address": ME,
        "zone": "Europe/London",
        "provider": BY_DOMAIN["gmail.com"],
        "username": ME,
        "secret": 'password_env = "X"',
    }
    return Answers(**(usual | more))


@pytest.mark.parametrize("domain", sorted(BY_DOMAIN))
def test_the_config_for_every_provider_loads(domain):
    """What init writes is good, whatever the provider; names with quotation marks too."""
    provider = BY_DOMAIN[domain]
    secret = f'oauth = {{provider = "{provider.oauth}"}}' if provider.login != "password" else 'password_env = "X"'

    config = parse(config_text(answers(provider=provider, secret=secret)))

    assert config.me.name == 'Robin "Rob" Hale'
    assert config.accounts[0].imap.host == provider.imap.host
    assert config.accounts[0].imap.port == provider.imap.port


def test_clients_are_those_one_writes_to():
    """Newsletters, machines, one's own company and strangers who only write are not proposed; public domains by address."""
    sent = [DANA, DANA, "bob@gmail.com", "colleague@halecraft.example", "noreply@shop.example"]
    got = [DANA, "news@letters.example", "stranger@cold.example", "bob@gmail.com"]

    found = propose(sent, got, own=(ME,))

    assert [p.claim for p in found] == ["harbor.example", "bob@gmail.com"]
    assert (found[0].to_them, found[0].from_them, found[0].key) == (2, 1, "harbor")


def test_proposals_that_were_not_chosen_stay_as_comments():
    """Two clients of one short name get different keys, and what was not chosen can be switched on later."""
    one, two = (Proposal(claim=f"harbor.{end}", to_them=1, from_them=1) for end in ("example", "test"))

    text = config_text(answers(clients=(one,), others=(two,)))

    assert [client.key for client in parse(text).clients] == ["harbor"]
    both = text.replace("#[[clients]]", "[[clients]]").replace("#key", "key").replace("#name", "name")
    assert {c.key for c in parse(both.replace("#domains", "domains")).clients} == {"harbor", "harbor-2"}


def test_the_time_zone_is_this_machines(tmp_path):
    """TZ counts, then the link that systems keep, then UTC."""
    (tmp_path / "zoneinfo/Europe").mkdir(parents=True)
    (tmp_path / "zoneinfo/Europe/Berlin").touch()
    (tmp_path / "link").symlink_to(tmp_path / "zoneinfo/Europe/Berlin")

    assert local_zone({"TZ": "America/New_York"}) == "America/New_York"
    assert local_zone({}, tmp_path / "link") == "Europe/Berlin"
    assert local_zone({"TZ": "CET"}, tmp_path / "none") == "UTC"


@pytest.mark.dovecot
def test_init_tries_the_login_and_writes_a_config_that_polls(tmp_path, mailbox, monkeypatch):
    """From nothing to the first poll: folders with roles are shown, the client is taken, the password stays outside."""
    monkeypatch.setenv("OFFICE_PASSWORD", PASSWORD)
    deliver(mailbox, letter(DANA, ME, "Scanners", "We will deliver the 12 scanners by Friday.", NOW))
    deliver(mailbox, letter(ME, DANA, "Re: Scanners", "Thanks.", NOW), folder="Sent")
    office = Office(tmp_path, mailbox)
    office.config = tmp_path / "own" / "config.toml"

    code, out, err = office.run(
        "init", "--yes", "--address", ME, "--name", "Robin Hale", "--host", f"{HOST}:{mailbox.server.port}",
        "--security", "none", "--username", mailbox.user, "--password-env", "OFFICE_PASSWORD",
        "--client", "harbor.example", "--data-dir", str(tmp_path / "data"),
    )  # fmt: skip

    assert code == 0, err
    assert "Sent    sent" in out
    assert stat.S_IMODE(office.config.stat().st_mode) == 0o600
    assert PASSWORD not in office.config.read_text()
    assert load(office.config).clients[0].domains == ("harbor.example",)
    assert office.data("poll")["kept"] == 2
    assert office.run("init", "--yes", "--address", ME)[0] == 2


@pytest.mark.dovecot
def test_a_wrong_password_writes_nothing(tmp_path, mailbox, monkeypatch):
    """The login is tried first; the exit code says that it was refused."""
    monkeypatch.setenv("WRONG", "no")
    office = Office(tmp_path, mailbox)
    office.config = tmp_path / "own" / "config.toml"

    code, _, err = office.run(
        "init", "--yes", "--address", ME, "--host", f"{HOST}:{mailbox.server.port}", "--security", "none",
        "--username", mailbox.user, "--password-env", "WRONG",
    )  # fmt: skip

    assert code == 12
    assert "refused the login" in err
    assert not office.config.exists()


@pytest.mark.dovecot
@pytest.mark.parametrize(("typed", "code"), [(PASSWORD, 0), ("wrong", 12)])
def test_a_password_that_was_typed_is_kept_only_if_it_works(tmp_path, mailbox, typed, code):
    """The answers to the questions make a config; a refused password leaves no file behind."""
    config = tmp_path / "own" / "config.toml"
    deliver(mailbox, letter(ME, DANA, "Scanners", "We will deliver.", NOW), folder="Sent")
    args = ["--host", f"{HOST}:{mailbox.server.port}", "--security", "none", "--username", mailbox.user]

    done = CliRunner().invoke(init, [*args, "--config", str(config)], input=f"{ME}\n{typed}\n1\nRobin Hale\n")

    kept = [path.name for path in config.parent.glob("*")] if config.parent.exists() else []
    if code == 0:
        assert done.exit_code == 0, done.output
        assert sorted(kept) == ["config.toml", f"password-{ME}"]
        assert load(config).clients[0].domains == ("harbor.example",)
        assert stat.S_IMODE((config.parent / f"password-{ME}").stat().st_mode) == 0o600
    else:
        assert isinstance(done.exception, LoginRefusedError)
        assert kept == []
    assert typed not in done.output
