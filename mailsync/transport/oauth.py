"""Logs in by OAuth 2.0 at Microsoft (msal) and Google (google-auth-oauthlib), and keeps the tokens fresh.

Both libraries are the extra `mailsync[oauth]` and are loaded only when an account needs them. Tokens lie in one file an
account (0600); refreshing holds its lock, because a provider may take back a token that is refreshed twice at once.
"""

import contextlib
import importlib
import json
import os
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

from filelock import FileLock, Timeout

from mailsync.model.errors import SecretError, ServerError

#: Scopes for reading over IMAP and sending over SMTP, and no others; msal adds offline_access by itself.
SCOPES: Final = {
    "microsoft": (
        "https://outlook.office.com/IMAP.AccessAsUser.All",
        "https://outlook.office.com/SMTP.Send",
    ),
    "google": ("https://mail.google.com/",),
}

#: Tokens are renewed this long before they end.
EARLY: Final = timedelta(minutes=5)

_MICROSOFT: Final = "https://login.microsoftonline.com/"
_GOOGLE: Final = "https://accounts.google.com/o/oauth2/auth", "https://oauth2.googleapis.com/token"
_SECONDS: Final = 30

#: What a refusal means, by the provider's code, the surest first.
_REASONS: Final = tuple(
    (re.compile(code), sentence)
    for code, sentence in (
        ("AADSTS(65001|90094|65004)", "The tenant's admin must consent to the app once (docs/providers.md)."),
        ("AADSTS(700016|90002|900023)", "Check client_id and tenant in [accounts.oauth]; the app is not known there."),
        ("AADSTS(530|50158)", "The company's rules (conditional access) forbid this login; ask the admin."),
        ("AADSTS7000218", "Allow public client flows in the app registration (docs/providers.md)."),
        ("invalid_client", "Check client_id and client_secret_file in [accounts.oauth]."),
        ("access_denied", "The login was declined; run it again and agree."),
        (
            "invalid_grant|AADSTS(70|50)",
            "The login has ended: run 'mailsync login'. If it ends every 7 days, the Google app is still in testing.",
        ),
    )
)


@dataclass(frozen=True, slots=True, kw_only=True)
class OAuthSettings:
    """How one account logs in; `store` is the file that keeps its tokens, `secret` Google's client secret."""

    account: str
    provider: str
    client_id: str
    username: str
    store: Path
    secret: str = ""
    tenant: str = "common"
    authority: str = ""


def access_token(settings: OAuthSettings) -> str:
    """Return an access token that is good for some minutes, refreshed where needed.

    Raises SecretError when a person must log in (again), ServerError when the provider cannot be reached.
    """
    if not settings.store.exists():
        raise _again(settings, "has not logged in yet")
    with _held(settings):
        return _microsoft_token(settings) if settings.provider == "microsoft" else _google_token(settings)


def login(settings: OAuthSettings, tell: Callable[[str], object], *, browser: bool = True) -> None:
    """Let a person log in; `tell` shows what to do. Without `browser`, Microsoft gives a code to type elsewhere.

    Raises SecretError if it was refused or the app registration is missing, ServerError without a network.
    """
    if not settings.client_id:
        raise SecretError(
            f"The account {settings.account} names no client_id in [accounts.oauth].",
            "Register an app with the provider once; docs/providers.md shows how.",
        )
    with _held(settings):
        if settings.provider == "microsoft":
            _microsoft_login(settings, tell, browser=browser)
        else:
            _google_login(settings, tell, browser=browser)


def forget(settings: OAuthSettings) -> bool:
    """Delete the tokens kept here; say whether there were any."""
    there = settings.store.exists()
    settings.store.unlink(missing_ok=True)
    return there


# ---- Microsoft ----


def _microsoft(settings: OAuthSettings) -> tuple[Any, Any]:
    msal = _extra("msal")
    cache = msal.SerializableTokenCache()
    if settings.store.exists():
        cache.deserialize(_read(settings))
    app = msal.PublicClientApplication(
        settings.client_id,
        authority=settings.authority or _MICROSOFT + settings.tenant,
        token_cache=cache,
        instance_discovery=False if settings.authority else None,
        timeout=_SECONDS,
    )
    return app, cache


def _microsoft_token(settings: OAuthSettings) -> str:
    with _network(settings):
        app, cache = _microsoft(settings)
        known = app.get_accounts(settings.username) or app.get_accounts()
        if not known:
            raise _again(settings, "has not logged in yet")
        result = app.acquire_token_silent_with_error(list(SCOPES["microsoft"]), known[0])
    _keep_microsoft(settings, cache)
    return _token(settings, result)


def _microsoft_login(settings: OAuthSettings, tell: Callable[[str], object], *, browser: bool) -> None:
    with _network(settings):
        app, cache = _microsoft(settings)
        scopes = list(SCOPES["microsoft"])
        if browser:
            tell("Your browser opens Microsoft's login page.")
            result = app.acquire_token_interactive(scopes, login_hint=settings.username, timeout=600)
        else:
            flow = app.initiate_device_flow(scopes)
            if "user_code" not in flow:
                _token(settings, flow)
            tell(str(flow["message"]))
            result = app.acquire_token_by_device_flow(flow)
    _token(settings, result)
    _keep_microsoft(settings, cache)


def _keep_microsoft(settings: OAuthSettings, cache: Any) -> None:
    if cache.has_state_changed:
        _write(settings, cache.serialize())


def _token(settings: OAuthSettings, result: Any) -> str:
    """Return the access token of an answer. Raises SecretError with what the provider says."""
    if not result:
        raise _again(settings, "has not logged in yet")
    if "access_token" in result:
        return str(result["access_token"])
    raise _refused(settings, f"{result.get('error', '')}: {result.get('error_description', '')}")


# ---- Google ----


def _google_token(settings: OAuthSettings) -> str:
    kept = json.loads(_read(settings))
    ends = datetime.fromisoformat(kept["expiry"]).replace(tzinfo=UTC) if kept.get("expiry") else None
    if kept.get("token") and ends and ends - EARLY > datetime.now(UTC):
        return str(kept["token"])
    credentials = _extra("google.oauth2.credentials").Credentials(
        None,
        refresh_token=kept.get("refresh_token"),
        token_uri=_google_uris(settings)[1],
        client_id=settings.client_id,
        client_secret=settings.secret,
    )
    with _network(settings):
        try:
            credentials.refresh(_extra("google.auth.transport.requests").Request())
        except _extra("google.auth.exceptions").RefreshError as error:
            raise _refused(settings, str(error.args[0] if error.args else "")) from None
    _keep_google(settings, credentials)
    return str(credentials.token)


def _google_login(settings: OAuthSettings, tell: Callable[[str], object], *, browser: bool) -> None:
    flows = _extra("google_auth_oauthlib.flow")
    login_page, token_uri = _google_uris(settings)
    client = {
        "client_id": settings.client_id,
        "client_secret": settings.secret,
        "auth_uri": login_page,
        "token_uri": token_uri,
    }
    flow = flows.InstalledAppFlow.from_client_config({"installed": client}, list(SCOPES["google"]))
    tell("Log in on Google's page; it sends you back to this machine.")
    with _network(settings):
        try:
            credentials = flow.run_local_server(
                port=0,
                open_browser=browser,
                authorization_prompt_message="{url}" if not browser else "",
                access_type="offline",
                prompt="consent",
                login_hint=settings.username,
                timeout_seconds=600,
            )
        except (ValueError, Warning, AttributeError) as error:  # oauthlib's refusals and a scope that was unticked
            raise _refused(settings, str(error)) from None
    _keep_google(settings, credentials)


def _google_uris(settings: OAuthSettings) -> tuple[str, str]:
    return (settings.authority + "/auth", settings.authority + "/token") if settings.authority else _GOOGLE


def _keep_google(settings: OAuthSettings, credentials: Any) -> None:
    expiry = credentials.expiry.isoformat() if credentials.expiry else ""
    kept = {"token": credentials.token, "refresh_token": credentials.refresh_token, "expiry": expiry}
    _write(settings, json.dumps(kept))


# ---- the file, the network, the sentences ----


@contextlib.contextmanager
def _held(settings: OAuthSettings) -> Iterator[None]:
    try:
        settings.store.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with FileLock(settings.store.with_suffix(".lock"), timeout=2 * _SECONDS, mode=0o600):
            yield
    except Timeout:
        raise ServerError(f"Another mailsync is logging {settings.account} in.", "Try again in a minute.") from None
    except OSError as error:
        if error.filename is None:
            raise
        raise SecretError(
            f"The tokens in {settings.store.parent} cannot be used: {error.strerror}.", "Check who owns it."
        ) from None


def _read(settings: OAuthSettings) -> str:
    if os.name == "posix" and settings.store.stat().st_mode & 0o077:
        raise SecretError(
            f"{settings.store} can be read by others on this machine.", f"Run: chmod 600 {settings.store}"
        )
    text = settings.store.read_text(encoding="utf-8", errors="replace")
    try:
        json.loads(text)
    except ValueError:
        raise _again(settings, "has a damaged token file") from None
    return text


def _write(settings: OAuthSettings, text: str) -> None:
    """Put the new file in the old one's place in one step, so that a crash loses no token."""
    fresh = settings.store.with_suffix(".new")
    fresh.unlink(missing_ok=True)
    with os.fdopen(os.open(fresh, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(settings.store)


def _extra(name: str) -> Any:
    try:
        return importlib.import_module(name)
    except ImportError:
        raise SecretError(
            "Login by OAuth needs packages that are not installed.",
            "Install them with `pip install 'mailsync[oauth]'`, or use token_command.",
        ) from None


@contextlib.contextmanager
def _network(settings: OAuthSettings) -> Iterator[None]:
    """Turn what the libraries' networks throw into one sentence; none of it holds a token."""
    try:
        yield
    except (SecretError, ServerError):
        raise
    except (OSError, ValueError, RuntimeError) as error:  # requests' errors are OSErrors
        name = type(error).__name__
        sentence = f"The login service of {settings.account} cannot be used ({name})."
    except Exception as error:  # google's TransportError has no other family
        if "TransportError" not in type(error).__name__:
            raise
        sentence = f"The login service of {settings.account} cannot be reached."
    else:
        return
    raise ServerError(sentence, "Check this machine's network, and tenant or authority in [accounts.oauth].")


def _again(settings: OAuthSettings, why: str) -> SecretError:
    return SecretError(f"The account {settings.account} {why}.", f"Run: mailsync login {settings.account}")


def _refused(settings: OAuthSettings, said: str) -> SecretError:
    plain = " ".join("".join(c if c.isprintable() else " " for c in said).split())[:200]
    hint = next((sentence for code, sentence in _REASONS if code.search(said)), "")
    return SecretError(
        f"{settings.provider.title()} refuses the login of {settings.account}: {plain}",
        hint or f"Run: mailsync login {settings.account}",
    )
