"""What a refused login means: the server's words, which rarely say it, turned into the next step for a person."""

import re
from typing import Final

from mailsync.model.errors import LoginRefusedError, ServerError
from mailsync.transport.net import Auth

#: What a server says when the login would be right at another time (pitfall: too many connections read as "wrong").
_LATER: Final = re.compile(
    r"unavailable|inuse|limit|too many|try again|try later|temporar|throttl|exceeded", re.IGNORECASE
)

#: What servers say, and what it means, the surest first.
_BY_WORDS: Final = tuple(
    (re.compile(words, re.IGNORECASE), hint)
    for words, hint in (
        (
            r"application-specific password|app(lication)?[ -]password",
            "Make an app password in the account's security settings and use that one.",
        ),
        (
            r"authenticated but not connected|not connected",
            "The login is right, but the mailbox is shut: the admin must switch IMAP on and consent to the app.",
        ),
        (
            r"imap[^.]{0,40}(disabled|not enabled|deactivated)|(disabled|not enabled)[^.]{0,40}imap|protocol disabled",
            "Switch IMAP on in the provider's settings; in a company the admin does it.",
        ),
        (
            r"basic auth|legacy auth|authentication method|LOGINDISABLED|web login required",
            "This server takes no passwords: log in by OAuth (an [accounts.oauth] table, then 'mailsync login').",
        ),
        (
            r"insufficient.?scope|scope|audience",
            "The token is for another use: it must be made for IMAP (docs/providers.md names the scopes).",
        ),
        (
            r"expired",
            "The password or token has expired; with OAuth run 'mailsync login' for the account.",
        ),
        (r"invalid.?token|revoked", "The token was taken back or is damaged; run 'mailsync login' for the account."),
        (r"locked|disabled|suspended", "The account itself is locked; log in on the provider's page once."),
    )
)

#: What the providers behind these hosts want.
_BY_HOST: Final = (
    (
        ("gmail.com", "googlemail.com"),
        "Gmail wants an app password (account > Security > App passwords) or OAuth, not the account's password.",
    ),
    (
        ("outlook.com", "office365.com", "hotmail.com"),
        (
            "Microsoft wants OAuth, no password: an [accounts.oauth] table, then 'mailsync login' (docs/providers.md)."
            " The tenant's admin must have consented."
        ),
    ),
    (
        ("yahoo.com", "icloud.com", "me.com", "aol.com", "fastmail.com", "zoho.com", "zoho.eu", "gmx.net", "web.de"),
        "This provider wants an app password, made in the account's security settings, and IMAP switched on there.",
    ),
)


def login_error(host: str, username: str, auth: Auth, said: str) -> ServerError | LoginRefusedError:
    """Tell a wrong password from a server that is only busy, and say what to do next."""
    if _LATER.search(said):
        return ServerError(f"{host} does not take the login of {username} now: {said}", "It will be tried again later.")
    return LoginRefusedError(f"{host} refused the login of {username}: {said}", _hint(host, auth, said))


def _hint(host: str, auth: Auth, said: str) -> str:
    for words, hint in _BY_WORDS:
        if words.search(said):
            return hint
    for hosts, hint in _BY_HOST:
        if host.lower().endswith(hosts):
            return hint
    if auth is Auth.PASSWORD:
        return "Check username and password; many providers want an app password or OAuth, and IMAP switched on."
    return "Check that the token is fresh, made for this mailbox and server, and allowed to use IMAP."
