"""Finds the servers of a mail address: known providers, DNS (RFC 6186), the domain's own autoconfig, a good guess.

Nothing is sent but the domain's name (and, to the domain's own server, nothing more); what comes back is hostile until
checked: sizes are capped, host names must be host names, and an answer without encryption is never taken.
"""

import contextlib
import http.client
import importlib
import re
import socket
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any, Final

from lxml import etree

from mailsync.transport.net import Auth, Security

_SECONDS: Final = 6.0
_BIGGEST: Final = 200_000
_HOST: Final = re.compile(r"(?=.{1,253}$)[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """One server of a provider."""

    host: str
    port: int
    security: Security = Security.TLS


@dataclass(frozen=True, slots=True, kw_only=True)
class Provider:
    """What is known of the servers of an address.

    `login` is how one logs in; `username` is empty where it is the address, "local" where it is what stands before the
    @. `advice` says what a person has to do there first. `how` says where the knowledge comes from.
    """

    name: str
    imap: Server
    smtp: Server | None = None
    login: Auth = Auth.PASSWORD
    oauth: str = ""
    username: str = ""
    advice: str = ""
    how: str = "known provider"


def _simple(name: str, imap: str, smtp: str, advice: str, *, smtp_port: int = 465, **more: Any) -> Provider:
    security = Security.TLS if smtp_port == 465 else Security.STARTTLS
    return Provider(
        name=name,
        imap=Server(host=imap, port=993),
        smtp=Server(host=smtp, port=smtp_port, security=security),
        advice=advice,
        **more,
    )


_APP: Final = "Make an app password in the account's security settings: {}. The account's own password is refused."
_SWITCH: Final = "Switch IMAP on in the account's settings ({})."

GOOGLE: Final = _simple(
    "Gmail",
    "imap.gmail.com",
    "smtp.gmail.com",
    _APP.format("myaccount.google.com/apppasswords (needs 2-step verification)")
    + " Or log in by OAuth (docs/providers.md).",
    oauth="google",
)
MICROSOFT: Final = _simple(
    "Microsoft 365 and Outlook.com",
    "outlook.office365.com",
    "smtp.office365.com",
    "Microsoft takes no passwords for IMAP any more, only OAuth; in companies the admin must allow the app once.",
    smtp_port=587,
    login=Auth.XOAUTH2,
    oauth="microsoft",
)
FASTMAIL: Final = _simple(
    "Fastmail", "imap.fastmail.com", "smtp.fastmail.com", _APP.format("Settings > Privacy & Security")
)
ICLOUD: Final = _simple(
    "iCloud", "imap.mail.me.com", "smtp.mail.me.com", _APP.format("account.apple.com"), smtp_port=587
)
PROTON: Final = Provider(
    name="Proton Mail",
    imap=Server(host="127.0.0.1", port=1143, security=Security.STARTTLS),
    smtp=Server(host="127.0.0.1", port=1025, security=Security.STARTTLS),
    advice=(
        "Proton needs its Bridge running on this machine; the password is the one that Bridge shows, and its"
        " certificate is trusted by its fingerprint."
    ),
)
YAHOO: Final = _simple(
    "Yahoo", "imap.mail.yahoo.com", "smtp.mail.yahoo.com", _APP.format("login.yahoo.com/account/security")
)

#: Providers by the domain of an address.
BY_DOMAIN: Final[dict[str, Provider]] = {
    **dict.fromkeys(("gmail.com", "googlemail.com"), GOOGLE),
    **dict.fromkeys(("outlook.com", "hotmail.com", "live.com", "msn.com", "outlook.de", "hotmail.de"), MICROSOFT),
    **dict.fromkeys(("fastmail.com", "fastmail.fm"), FASTMAIL),
    **dict.fromkeys(("icloud.com", "me.com", "mac.com"), replace(ICLOUD, username="local")),
    **dict.fromkeys(("proton.me", "protonmail.com", "pm.me", "protonmail.ch"), PROTON),
    **dict.fromkeys(("yahoo.com", "yahoo.de", "yahoo.co.uk", "yahoo.fr", "yahoo.es", "yahoo.it", "ymail.com"), YAHOO),
    "aol.com": _simple("AOL", "imap.aol.com", "smtp.aol.com", _APP.format("login.aol.com/account/security")),
    **dict.fromkeys(
        ("gmx.de", "gmx.net", "gmx.at", "gmx.ch"),
        _simple("GMX", "imap.gmx.net", "mail.gmx.net", _SWITCH.format("E-Mail > POP3/IMAP Abruf")),
    ),
    "web.de": _simple("WEB.DE", "imap.web.de", "smtp.web.de", _SWITCH.format("E-Mail > POP3/IMAP Abruf")),
    "t-online.de": _simple(
        "Telekom",
        "secureimap.t-online.de",
        "securesmtp.t-online.de",
        "Make a password for e-mail programs in the customer centre; the account's own is refused.",
    ),
    "mailbox.org": _simple("mailbox.org", "imap.mailbox.org", "smtp.mailbox.org", ""),
    **dict.fromkeys(("posteo.de", "posteo.net"), _simple("Posteo", "posteo.de", "posteo.de", "")),
    **dict.fromkeys(
        ("zoho.com", "zohomail.com"),
        _simple("Zoho", "imap.zoho.com", "smtp.zoho.com", _SWITCH.format("Mail Accounts > IMAP Access")),
    ),
    "zoho.eu": _simple("Zoho", "imap.zoho.eu", "smtp.zoho.eu", _SWITCH.format("Mail Accounts > IMAP Access")),
}

#: Providers by the end of the host that a domain's MX record names.
BY_MX: Final[dict[str, Provider]] = {
    "mail.protection.outlook.com": MICROSOFT,
    "google.com": GOOGLE,
    "googlemail.com": GOOGLE,
    "messagingengine.com": FASTMAIL,
    "mail.icloud.com": ICLOUD,
    "protonmail.ch": PROTON,
    "yahoodns.net": YAHOO,
    "mailbox.org": BY_DOMAIN["mailbox.org"],
    "posteo.de": BY_DOMAIN["posteo.de"],
    "zoho.com": BY_DOMAIN["zoho.com"],
    "zoho.eu": BY_DOMAIN["zoho.eu"],
    "kundenserver.de": _simple("IONOS", "imap.ionos.de", "smtp.ionos.de", ""),
    "ionos.com": _simple("IONOS", "imap.ionos.com", "smtp.ionos.com", ""),
    "emailsrvr.com": _simple("Rackspace", "secure.emailsrvr.com", "secure.emailsrvr.com", ""),
    "ovh.net": _simple("OVH", "ssl0.ovh.net", "ssl0.ovh.net", ""),
    "gandi.net": _simple("Gandi", "mail.gandi.net", "mail.gandi.net", ""),
}

#: Gives the answers of a DNS question as (priority, port, host): port is 0 for MX. [] where there is none.
Lookup = Callable[[str, str], list[tuple[int, int, str]]]
#: Gives a page, or None.
Fetch = Callable[[str], bytes | None]
#: Says whether a host listens on a port.
Probe = Callable[[str, int], bool]


def lookup(name: str, kind: str) -> list[tuple[int, int, str]]:
    """Ask DNS for the SRV or MX records of `name`; [] where there are none or dnspython is not installed."""
    try:
        resolver: Any = importlib.import_module("dns.resolver")
        answers = resolver.resolve(name, kind, lifetime=_SECONDS)
    except Exception:  # noqa: BLE001 - an extra that may be missing, a network that may be, a server that lies
        return []
    if kind == "MX":
        return sorted((int(a.preference), 0, str(a.exchange).rstrip(".").lower()) for a in answers)
    return sorted((int(a.priority), int(a.port), str(a.target).rstrip(".").lower()) for a in answers)


def fetch(url: str) -> bytes | None:
    """Get a small page over HTTPS; None where there is none."""
    request = urllib.request.Request(url, headers={"User-Agent": "mailsync"})  # noqa: S310 - https only, below
    with contextlib.suppress(OSError, ValueError, http.client.HTTPException):
        if url.startswith("https://"):
            with urllib.request.urlopen(request, timeout=_SECONDS) as answer:  # noqa: S310
                return bytes(answer.read(_BIGGEST))
    return None


def listens(host: str, port: int) -> bool:
    """Say whether something listens there."""
    with contextlib.suppress(OSError), socket.create_connection((host, port), timeout=_SECONDS):
        return True
    return False


def discover(address: str, *, lookup: Lookup = lookup, fetch: Fetch = fetch, probe: Probe = listens) -> Provider | None:
    """Return the servers of `address`, None where they cannot be found; takes seconds where the network is slow."""
    domain = address.rpartition("@")[2].lower()
    if not _HOST.fullmatch(domain) or "." not in domain:
        return None
    if domain in BY_DOMAIN:
        return BY_DOMAIN[domain]
    ways = (_by_mx(domain, lookup), _by_srv(domain, lookup), _by_autoconfig(domain, fetch), _by_guess(domain, probe))
    for way in ways:
        for found in way:
            return found
    return None


def _by_mx(domain: str, lookup: Lookup) -> Iterator[Provider]:
    """Recognise a domain of one's own that a known provider serves."""
    for _, _, host in lookup(domain, "MX")[:3]:
        for end, provider in BY_MX.items():
            if host == end or host.endswith("." + end):
                yield replace(provider, how=f"the mail of {domain} goes to {host}")


def _by_srv(domain: str, lookup: Lookup) -> Iterator[Provider]:
    """Ask the domain's own SRV records (RFC 6186; RFC 8314 for submissions); a target of "." means: not offered."""

    def first(*names: tuple[str, Security]) -> Server | None:
        for name, security in names:
            for _, port, host in lookup(f"_{name}._tcp.{domain}", "SRV"):
                if _HOST.fullmatch(host):
                    return Server(host=host, port=port, security=security)
        return None

    imap = first(("imaps", Security.TLS), ("imap", Security.STARTTLS))
    if imap:
        smtp = first(("submissions", Security.TLS), ("submission", Security.STARTTLS))
        yield Provider(name=domain, imap=imap, smtp=smtp, how=f"DNS records of {domain}")


def _by_autoconfig(domain: str, fetch: Fetch) -> Iterator[Provider]:
    """Read what the domain publishes for mail programs, or what Thunderbird's public list says of it."""
    for url in (
        f"https://autoconfig.{domain}/mail/config-v1.1.xml",
        f"https://{domain}/.well-known/autoconfig/mail/config-v1.1.xml",
        f"https://autoconfig.thunderbird.net/v1.1/{domain}",
    ):
        page = fetch(url)
        found = read_autoconfig(page, domain) if page else None
        if found:
            yield replace(found, how=urllib.parse.urlsplit(url).hostname or url)


def read_autoconfig(page: bytes, domain: str) -> Provider | None:
    """Read Thunderbird's clientConfig format; servers without encryption are passed over. Never raises."""
    parser = etree.XMLParser(resolve_entities=False, no_network=True, huge_tree=False, recover=True)
    try:
        root = etree.fromstring(page[:_BIGGEST], parser)
    except (etree.XMLSyntaxError, ValueError):
        return None
    if root is None:
        return None
    incoming = list(_servers(root.iterfind(".//incomingServer[@type='imap']")))
    outgoing = list(_servers(root.iterfind(".//outgoingServer[@type='smtp']")))
    if not incoming:
        return None
    server, username, ways = incoming[0]
    return Provider(
        name=(root.findtext(".//displayName") or domain).strip()[:60],
        imap=server,
        smtp=outgoing[0][0] if outgoing else None,
        login=Auth.XOAUTH2 if ways == {"OAuth2"} else Auth.PASSWORD,
        username="local" if username == "%EMAILLOCALPART%" else "",
    )


def _servers(elements: Iterable[Any]) -> Iterator[tuple[Server, str, set[str]]]:
    security = {"SSL": Security.TLS, "STARTTLS": Security.STARTTLS}
    for element in elements:
        host, port, kind = ((element.findtext(tag) or "").strip() for tag in ("hostname", "port", "socketType"))
        ways = {(way.text or "").strip() for way in element.findall("authentication")}
        if _HOST.fullmatch(host) and port.isdigit() and 0 < int(port) < 65536 and kind in security:
            server = Server(host=host.lower(), port=int(port), security=security[kind])
            yield server, (element.findtext("username") or "").strip(), ways


def _by_guess(domain: str, probe: Probe) -> Iterator[Provider]:
    """Try the names that most servers have."""
    for host in (f"imap.{domain}", f"mail.{domain}", domain):
        if probe(host, 993):
            smtp = next((h for h in (f"smtp.{domain}", f"mail.{domain}", domain) if probe(h, 465)), "")
            yield Provider(
                name=domain,
                imap=Server(host=host, port=993),
                smtp=Server(host=smtp, port=465) if smtp else None,
                how=f"{host} answers",
            )
