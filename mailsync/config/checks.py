"""Mistakes that only show when several keys are looked at together, found even where other keys are wrong."""

from collections.abc import Iterator
from typing import Any

from mailsync.config.lines import Place
from mailsync.config.schema import SECRET_WAYS
from mailsync.model.people import PUBLIC_DOMAINS

THIS_MACHINE = ("127.0.0.1", "::1", "localhost")

Mistake = tuple[Place, str]


def together(raw: dict[str, Any]) -> Iterator[Mistake]:
    """Yield (place, sentence) for each contradiction in the file as tomllib read it; never raises."""
    yield from _accounts(raw)
    yield from _names(raw)
    yield from _clients(raw)
    yield from _never(raw)
    yield from _web(raw)


def _accounts(raw: dict[str, Any]) -> Iterator[Mistake]:
    for place, account in _tables(raw, "accounts"):
        yield from _secret_ways(place, account, needed=True)
        for server in ("imap", "smtp"):
            table = account.get(server)
            if isinstance(table, dict):
                if server == "smtp":
                    yield from _secret_ways((*place, server), table, needed=False)
                yield from _security((*place, server), table)
        imap = account.get("imap")
        auth = imap.get("auth", "password") if isinstance(imap, dict) else "password"
        token = next((way for way in ("token_command", "oauth") if way in account), "")
        if auth in ("xoauth2", "oauthbearer") and _ways(account) and not token:
            yield (
                (*place, "imap", "auth"),
                f'{auth} needs an access token; set "token_command" or "oauth" in this account',
            )
        if auth == "password" and token:
            yield (*place, token), 'gives a token, but imap.auth is "password"; set it to "xoauth2"'


def _ways(table: dict[str, Any]) -> list[str]:
    return [way for way in SECRET_WAYS if table.get(way)]


def _secret_ways(place: Place, table: dict[str, Any], *, needed: bool) -> Iterator[Mistake]:
    ways = _ways(table)
    if len(ways) > 1:
        yield (*place, ways[1]), f"says a second way to the secret beside {ways[0]}; keep one of them"
    if not ways and needed:
        yield place, f"says no way to the password; set one of {', '.join(SECRET_WAYS)}"


def _security(place: Place, table: dict[str, Any]) -> Iterator[Mistake]:
    if table.get("security") == "none" and table.get("host") not in THIS_MACHINE:
        yield (*place, "security"), '"none" would send the password readable; only a server on this machine may have it'


def _names(raw: dict[str, Any]) -> Iterator[Mistake]:
    """Find two accounts or two clients of one name."""
    seen: dict[tuple[str, str], int] = {}
    for kind, key in (("accounts", "name"), ("accounts", "address"), ("clients", "key")):
        for place, table in _tables(raw, kind):
            value = table.get(key)
            if not isinstance(value, str) or not value:
                continue
            first = seen.setdefault((kind + key, value.strip().lower()), int(place[1]))
            if first != place[1]:
                yield (*place, key), f"is the same as that of {kind}[{first + 1}]; each needs its own"


def _clients(raw: dict[str, Any]) -> Iterator[Mistake]:
    """Find addresses or domains that would belong to two clients, to a client and us, or to everybody."""
    own = _own(raw)
    taken: dict[str, tuple[Place, str]] = {}
    below: dict[str, list[str]] = {}  # by domain, the claims that lie within it
    for place, table in _tables(raw, "clients"):
        claims = list(_claims(place, table))
        if not claims:
            yield place, "has neither domains nor addresses nor contacts, so no mail could be this client's"
        for where, claim in claims:
            if claim in PUBLIC_DOMAINS:
                yield where, f"names {claim}, where anybody may have an address; list the client's addresses instead"
                continue
            ours = next((mine for mine in own if _covers(claim, mine)), None)
            if ours:
                yield where, f"covers {ours}, which is on your own side ([me] or [[accounts]])"
            related = [above for above in _above(claim) if above in taken] + below.get(claim, [])
            clash = next((other for other in related if taken[other][0] != place), None)
            if clash:
                yield where, f"names {claim}, but client {taken[clash][1]} already covers it with {clash}"
            if claim not in taken:
                taken[claim] = (place, str(table.get("key", "above")))
                for above in _above(claim):
                    below.setdefault(above, []).append(claim)


def _above(claim: str) -> Iterator[str]:
    """Yield an address or domain itself and every domain it lies in."""
    yield claim
    labels = claim.rpartition("@")[2].split(".")
    for start in range("@" not in claim, min(len(labels), 20)):
        yield ".".join(labels[start:])


def _claims(place: Place, table: dict[str, Any]) -> Iterator[tuple[Place, str]]:
    for key in ("domains", "addresses"):
        for text in _texts(table.get(key)):
            yield (*place, key), text.removeprefix("@")
    for number, person in enumerate(table["contacts"] if isinstance(table.get("contacts"), list) else ()):
        if isinstance(person, dict):
            for text in _texts([person.get("email")]):
                if not any(
                    _covers(claim, text) for key in ("domains", "addresses") for claim in _texts(table.get(key))
                ):
                    yield (*place, "contacts", number, "email"), text


def _own(raw: dict[str, Any]) -> list[str]:
    me = raw.get("me")
    texts = [*_texts(me.get("addresses")), *_texts(me.get("colleagues"))] if isinstance(me, dict) else []
    return texts + [text for _, account in _tables(raw, "accounts") for text in _texts([account.get("address")])]


def _covers(claim: str, email: str) -> bool:
    """Say whether an address or domain that a client claims takes in `email` (an address or a domain)."""
    domain = email.rpartition("@")[2]
    return claim == email or ("@" not in claim and (domain == claim or domain.endswith("." + claim)))


def _never(raw: dict[str, Any]) -> Iterator[Mistake]:
    """Find our own addresses on the list of those whose mail is never kept: nothing would be kept at all."""
    never = raw.get("never")
    for key in ("addresses", "domains"):
        for text in _texts(never.get(key)) if isinstance(never, dict) else ():
            ours = next((mine for mine in _own(raw) if _covers(text.removeprefix("@"), mine)), None)
            if ours:
                yield ("never", key), f"covers {ours}, which is on your own side, so nothing would ever be kept"


def _web(raw: dict[str, Any]) -> Iterator[Mistake]:
    web = raw.get("web")
    if isinstance(web, dict) and web.get("host", "127.0.0.1") not in THIS_MACHINE and not web.get("password_hash"):
        yield ("web", "host"), 'is reachable from other machines; set "password_hash" or keep 127.0.0.1'


def _tables(raw: dict[str, Any], key: str) -> Iterator[tuple[Place, dict[str, Any]]]:
    """Yield the tables of an array of tables with their places, whatever really stands there."""
    for number, table in enumerate(raw[key] if isinstance(raw.get(key), list) else ()):
        if isinstance(table, dict):
            yield (key, number), table


def _texts(value: object) -> list[str]:
    return [text.strip().lower() for text in value if isinstance(text, str)] if isinstance(value, list) else []
