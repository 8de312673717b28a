"""Logging in by OAuth at a real IMAP server that asks a small identity server."""

import json
import os
import stat
import tempfile
from pathlib import Path

import pytest

from mailsync.config import parse
from mailsync.model.errors import LoginRefusedError, SecretError, ServerError
from mailsync.transport import oauth
from mailsync.transport.net import Auth
from mailsync.transport.oauth import OAuthSettings, access_token, login
from tests.servers import Dovecot
from tests.transport.conftest import settings_for
from tests.transport.identity import Identity, dovecot_settings

pytestmark = pytest.mark.dovecot

pytest.importorskip("msal")
pytest.importorskip("google_auth_oauthlib")


@pytest.fixture(scope="module")
def identity(authority):
    """An identity server."""
    server = Identity(authority)
    yield server
    server.stop()


@pytest.fixture(scope="module")
def server(authority, identity):
    """A Dovecot that takes its tokens."""
    folder = Path(tempfile.mkdtemp(prefix="mailsync-oauth-"))
    folder.chmod(0o755)
    made = Dovecot(authority, extra=dovecot_settings(identity, folder))
    yield made
    made.stop()


@pytest.fixture
def account(identity, authority, tmp_path, monkeypatch):
    """Make settings for a fresh user; the identity server is trusted by the tests' authority."""
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(authority.ca))
    identity.user, identity.scope, identity.lasts, identity.refusal = f"user-{os.urandom(3).hex()}", "imap", 3600, None
    identity.revoke()

    def make(provider: str = "microsoft", **more) -> OAuthSettings:
        usual = {
            "account": "work", "provider": provider, "client_id": identity.client, "username": identity.user,
            "store": tmp_path / "tokens" / "work.json", "authority": identity.url, "secret": "s",
        }  # fmt: skip
        return OAuthSettings(**(usual | more))

    return make


def google_login(settings: OAuthSettings, identity: Identity) -> None:
    """Put the tokens where Google's login page would have put them."""
    granted = identity.grant()
    settings.store.parent.mkdir()
    kept = {
        "token": granted["access_token"],
        "refresh_token": granted["refresh_token"],
        "expiry": "2020-01-01T00:00:00",
    }
    settings.store.write_text(json.dumps(kept))
    settings.store.chmod(0o600)


def folders(server, settings, auth=Auth.XOAUTH2):
    """Log in with a token and list the folders."""
    from mailsync.transport.imap import ImapSource

    where = settings_for(server.port, settings.username, auth=auth)
    source = ImapSource(where, lambda: access_token(settings))
    try:
        return {folder.name for folder in source.all_folders()}
    finally:
        source.close()


@pytest.mark.parametrize("auth", [Auth.XOAUTH2, Auth.OAUTHBEARER])
def test_a_device_login_opens_the_mailbox(server, account, identity, auth):
    """The code is told to the person, the tokens are kept for the owner alone, and Dovecot takes them."""
    settings, told = account(), []

    login(settings, told.append, browser=False)

    assert "ABCD" in told[0]
    assert stat.S_IMODE(settings.store.stat().st_mode) == 0o600
    assert "INBOX" in folders(server, settings, auth)


def test_a_token_that_is_about_to_end_is_renewed_first(server, account, identity):
    """Within five minutes of its end a token is not used any more; the next login has a new one."""
    settings = account()
    identity.lasts = 200
    login(settings, lambda _: None, browser=False)
    first = set(identity.tokens)
    identity.lasts = 3600

    assert "INBOX" in folders(server, settings)
    assert set(identity.tokens) - first
    assert access_token(settings) == access_token(settings)


def test_google_tokens_are_renewed_and_kept(server, account, identity):
    """The refresh goes to the token address, the new access token opens the mailbox and is used until it ends."""
    settings = account("google")
    google_login(settings, identity)

    assert "INBOX" in folders(server, settings)
    renewed = identity.asked.count("refresh_token")
    access_token(settings)
    assert identity.asked.count("refresh_token") == renewed
    assert stat.S_IMODE(settings.store.stat().st_mode) == 0o600


@pytest.mark.parametrize("provider", ["microsoft", "google"])
def test_a_login_that_was_taken_back_says_what_to_do(account, identity, provider):
    """A revoked refresh token is an error with its next step, which holds no token."""
    settings = account(provider)
    if provider == "google":
        google_login(settings, identity)
    else:
        identity.lasts = 1
        login(settings, lambda _: None, browser=False)
    kept = settings.store.read_text()
    identity.revoke()

    with pytest.raises(SecretError) as caught:
        access_token(settings)

    assert "mailsync login" in caught.value.hint
    assert not any(word in f"{caught.value}{caught.value.hint}" for word in kept.split('"') if len(word) > 19)


def test_a_token_for_another_use_is_refused_by_the_mail_server(server, account, identity):
    """A wrong scope shows at the mail server as a refused login, not as an endless retry."""
    settings = account()
    identity.scope = "calendar"
    login(settings, lambda _: None, browser=False)

    with pytest.raises(LoginRefusedError) as caught:
        folders(server, settings)

    assert caught.value.hint


def test_a_token_the_mail_server_no_longer_takes_is_a_refused_login(server, account, identity):
    """Revoked at the provider while we still believe in it: refused, and the sentence shows no token."""
    settings = account()
    login(settings, lambda _: None, browser=False)
    token = access_token(settings)
    identity.tokens.clear()

    with pytest.raises(LoginRefusedError) as caught:
        folders(server, settings)

    assert token not in str(caught.value)


@pytest.mark.parametrize(
    ("refusal", "hint"),
    [
        ({"error": "invalid_grant", "error_description": "AADSTS65001: no consent"}, "admin must consent"),
        ({"error": "unauthorized_client", "error_description": "AADSTS700016: not found"}, "client_id"),
        ({"error": "invalid_client", "error_description": "AADSTS7000218: secret wanted"}, "public client"),
        ({"error": "x", "error_description": "AADSTS53003: blocked"}, "conditional access"),
    ],
)
def test_refusals_of_the_provider_are_explained(account, identity, refusal, hint):
    """The provider's code decides the next step."""
    identity.refusal = refusal

    with pytest.raises(SecretError) as caught:
        login(account(), lambda _: None, browser=False)

    assert hint in caught.value.hint


def test_without_a_network_it_is_no_refusal(account, tmp_path):
    """An identity server that cannot be reached is tried again later."""
    with pytest.raises(ServerError, match="login service"):
        login(account(authority="https://localhost:1/tenant"), lambda _: None, browser=False)
    settings = account("google", authority="https://localhost:1/tenant", store=tmp_path / "a.json")
    settings.store.write_text('{"refresh_token": "x"}')
    settings.store.chmod(0o600)
    with pytest.raises(ServerError, match="login service"):
        access_token(settings)


def test_what_is_missing_is_said_before_anything_is_asked(account):
    """No login yet, no client id, a damaged or a public token file: each with its next step."""
    settings = account()
    with pytest.raises(SecretError, match="not logged in yet"):
        access_token(settings)
    with pytest.raises(SecretError, match="client_id"):
        login(account(client_id=""), lambda _: None)
    settings.store.parent.mkdir()
    settings.store.write_text("{not json")
    settings.store.chmod(0o600)
    with pytest.raises(SecretError, match="damaged"):
        access_token(settings)
    settings.store.chmod(0o644)
    with pytest.raises(SecretError, match="read by others"):
        access_token(settings)
    assert oauth.forget(settings)
    assert not oauth.forget(settings)


def test_the_config_takes_an_oauth_table_for_a_password():
    """Method and table belong together."""
    text = (
        '[me]\nname = "R"\naddresses = ["r@x.example"]\n[[accounts]]\naddress = "r@x.example"\n'
        '[accounts.oauth]\nprovider = "microsoft"\n[accounts.imap]\nhost = "h"\nauth = "xoauth2"\n'
    )

    assert parse(text).accounts[0].way() == "oauth"
