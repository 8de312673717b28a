"""What `mailsync init` thinks before it asks: who the clients may be, and the config it writes. Touches no network."""

import json
import os
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from mailsync.model.people import PUBLIC_DOMAINS
from mailsync.transport.discovery import Provider, Server
from mailsync.transport.net import Auth, Security

#: Local parts that belong to machines and shops, not to clients.
_MACHINES = frozenset(
    (
        *("noreply", "no-reply", "donotreply", "do-not-reply", "mailer-daemon", "postmaster", "bounce", "bounces"),
        *("notification", "notifications", "newsletter", "news", "invitations", "alerts", "updates"),
    )
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """Somebody who may be a client: a domain, or one address where the domain is everybody's."""

    claim: str
    to_them: int
    from_them: int

    @property
    def key(self) -> str:
        """The short name proposed for commands."""
        host = self.claim.rpartition("@")[0] or self.claim.split(".", 1)[0]
        return "".join(c if c.isalnum() else "-" for c in host.lower()).strip("-")[:40] or "client"


def propose(sent_to: Iterable[str], received_from: Iterable[str], own: Sequence[str]) -> list[Proposal]:
    """Return who may be a client, likeliest first: those one writes to count most, those who only write hardly.

    Arguments are addresses in lower case, one for each message; `own` are one's own addresses.
    """
    mine = {address.rpartition("@")[2] for address in own} - PUBLIC_DOMAINS
    to, since = Counter(map(_claim, sent_to)), Counter(map(_claim, received_from))
    found = [
        Proposal(claim=claim, to_them=to[claim], from_them=since[claim])
        for claim in to.keys() | since.keys()
        if claim and claim not in own and claim not in mine and to[claim]
    ]
    return sorted(found, key=lambda p: (-min(p.to_them, 3 * p.from_them + 1), -p.to_them, p.claim))


def _claim(address: str) -> str:
    """Return the domain an address speaks for, the address itself where anybody may have one there, "" for machines."""
    local, _, domain = address.rpartition("@")
    if not local or "." not in domain or local in _MACHINES or local.startswith(("noreply", "no-reply", "bounce")):
        return ""
    return address if domain in PUBLIC_DOMAINS else domain


def local_zone(environment: dict[str, str] | None = None, link: Path = Path("/etc/localtime")) -> str:
    """Return this machine's time zone by its IANA name, "UTC" where it cannot be told."""
    named = (os.environ if environment is None else environment).get("TZ", "").lstrip(":")
    if "/" in named and not named.startswith("/"):
        return named
    _, _, zone = str(link.resolve()).partition("zoneinfo/")
    return zone if "/" in zone else "UTC"


@dataclass(frozen=True, slots=True, kw_only=True)
class Answers:
    """What the config is written from; `secret` is one line of it, such as `password_env = "X"`."""

    name: str
    address: str
    zone: str
    provider: Provider
    username: str
    secret: str
    clients: tuple[Proposal, ...] = ()
    others: tuple[Proposal, ...] = ()
    fingerprint: str = ""
    data_dir: str = ""


def config_text(answers: Answers) -> str:
    """Return a commented config; it holds no secret."""
    parts = [
        "# mailsync's configuration; config.example.toml and docs/configuration.md name every key.",
        "# After changes: mailsync doctor",
        "",
        "[me]",
        f"name = {_text(answers.name)}",
        "# Every address you write from.",
        f"addresses = [{_text(answers.address)}]",
        "# Colleagues' addresses, or whole domains of yours.",
        '#colleagues = ["@yourcompany.example"]',
        "",
        "[hours]",
        f"zone = {_text(answers.zone)}",
        'days = {mon-fri = "09:00-17:00"}',
        "# Country of your public holidays, two letters.",
        '#country = "GB"',
        "",
        "[[accounts]]",
        f"address = {_text(answers.address)}",
        "# Where the password lies; it never stands in this file.",
        answers.secret,
        "",
        "[accounts.imap]",
        *_server(answers.provider.imap, 993),
        *([f"username = {_text(answers.username)}"] if answers.username != answers.address else []),
        *([f'auth = "{answers.provider.login}"'] if answers.provider.login is not Auth.PASSWORD else []),
        *([f'fingerprint = "{answers.fingerprint}"'] if answers.fingerprint else []),
        "",
        *_smtp(answers.provider.smtp),
        *_clients(answers),
        *(["[data]", f"dir = {_text(answers.data_dir)}", ""] if answers.data_dir else []),
    ]
    return "\n".join(parts)


def _server(server: Server, usual: int) -> list[str]:
    lines = [f"host = {_text(server.host)}"]
    if server.port != usual or server.security is not Security.TLS:
        lines += [f"port = {server.port}", f'security = "{server.security}"']
    return lines


def _smtp(server: Server | None) -> list[str]:
    if server is None:
        return []
    lines = ["[accounts.smtp]", *_server(server, 0)]
    about = "# Take the # away to send from mailsync itself; without it letters wait in your Drafts folder."
    return [about, *(f"#{line}" for line in lines), ""]


def _clients(answers: Answers) -> list[str]:
    lines = ["# Your clients. Mail of nobody else is ever kept.", ""]
    keys: Counter[str] = Counter()
    for proposal in (*answers.clients, *answers.others):
        off = "" if proposal in answers.clients else "#"
        keys[proposal.key] += 1
        key = proposal.key if keys[proposal.key] == 1 else f"{proposal.key}-{keys[proposal.key]}"
        kind = "addresses" if "@" in proposal.claim else "domains"
        lines += [
            f"# {proposal.to_them} letters to them, {proposal.from_them} from them",
            f"{off}[[clients]]",
            f"{off}key = {_text(key)}",
            f"{off}name = {_text(proposal.key.replace('-', ' ').title())}",
            f"{off}{kind} = [{_text(proposal.claim)}]",
            "",
        ]
    if not (answers.clients or answers.others):
        lines += [
            "#[[clients]]",
            '#key = "corvane"',
            '#name = "Corvane Logistics"',
            '#domains = ["corvane.example"]',
            "",
        ]
    return lines


def _text(words: str) -> str:
    """Write a TOML string; JSON's escapes are TOML's, but for DEL."""
    return json.dumps(words, ensure_ascii=False).replace("\x7f", "\\u007f")
