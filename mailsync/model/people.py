"""Who is who: the user's side, the clients, and who of them decides."""

from dataclasses import dataclass
from enum import StrEnum

#: Anybody can have an address here, so the domain says nothing about whose mail it is.
PUBLIC_DOMAINS = frozenset(
    """
    gmail.com googlemail.com outlook.com hotmail.com live.com msn.com yahoo.com yahoo.de yahoo.co.uk icloud.com
    me.com aol.com gmx.de gmx.net gmx.com web.de t-online.de freenet.de mail.com mail.ru proton.me
    protonmail.com orange.fr wanadoo.fr free.fr laposte.net libero.it qq.com 163.com zoho.com fastmail.com
    btinternet.com comcast.net
    """.split()  # noqa: SIM905  (forty lines of quotation marks say no more)
)


class Side(StrEnum):
    """Whose words: ours (the user and colleagues), the client's, or a third party's."""

    US = "us"
    CLIENT = "client"
    THIRD = "third"


@dataclass(frozen=True, slots=True, kw_only=True)
class Contact:
    """A person at a client. `decides` is None where nobody has said; `wording` is plain, some or technical."""

    email: str
    name: str = ""
    role: str = ""
    decides: bool | None = None
    language: str = ""
    wording: str = ""
    greeting: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Baseline:
    """What was agreed with a client at the start.

    `inside`, `outside` and `grey` are lines in the user's words; `prices` lines such as "Online shop: 4800 EUR",
    `dates` lines such as "Launch: 2026-09-01". `rate` is the price of an hour as `Terms.amount` is written, "" for
    none; `agreed` an ISO date or "". Answer times count in working hours, `status_days` in working days,
    `payment_days` in calendar days; None where nothing was promised. `emergency` holds words and addresses.
    """

    agreed: str = ""
    inside: tuple[str, ...] = ()
    outside: tuple[str, ...] = ()
    grey: tuple[str, ...] = ()
    prices: tuple[str, ...] = ()
    dates: tuple[str, ...] = ()
    rate: str = ""
    payment_days: int | None = None
    our_answer_hours: int | None = None
    their_answer_hours: int | None = None
    status_days: int | None = None
    emergency: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Client:
    """A listed client; mail from, to or cc one of its `addresses` or `domains` is read."""

    key: str
    name: str
    domains: tuple[str, ...] = ()
    addresses: tuple[str, ...] = ()
    contacts: tuple[Contact, ...] = ()
    language: str = ""
    wording: str = ""
    agreement: str = ""
    baseline: Baseline | None = None

    def has(self, email: str) -> bool:
        """Say whether `email` (lower case) belongs to this client; a domain covers its subdomains."""
        domain = email.rpartition("@")[2]
        return (
            email in self.addresses
            or any(contact.email == email for contact in self.contacts)
            or any(domain == d or domain.endswith("." + d) for d in self.domains)
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Circle:
    """Everybody the reading part must tell apart: own addresses, colleagues, clients, addresses never to log."""

    own: tuple[str, ...]
    colleagues: tuple[str, ...] = ()
    clients: tuple[Client, ...] = ()
    never: tuple[str, ...] = ()

    def side(self, email: str) -> Side:
        """Tell whose side `email` (lower case) is on; a colleague may be given as an address or as a domain."""
        if email in self.own or any(email == c or email.endswith("@" + c.lstrip("@")) for c in self.colleagues):
            return Side.US
        return Side.CLIENT if self.client(email) else Side.THIRD

    def client(self, email: str) -> Client | None:
        """Return the client that `email` (lower case) belongs to."""
        return next((client for client in self.clients if client.has(email)), None)

    def known(self) -> tuple[str, ...]:
        """Return every address and domain that is somebody's here: ours, colleagues', clients'."""
        people = [(*client.domains, *client.addresses, *(c.email for c in client.contacts)) for client in self.clients]
        ours = (*self.own, *(colleague.lstrip("@") for colleague in self.colleagues))
        return tuple(dict.fromkeys((*ours, *(one for listed in people for one in listed))))

    def forbids(self, email: str) -> bool:
        """Say whether mail with this address must never be kept (exact address or domain)."""
        domain = email.rpartition("@")[2]
        return any(email == n or domain == n.lstrip("@") for n in self.never)

    def contact(self, email: str) -> Contact | None:
        """Return what is known of the person behind `email`."""
        client = self.client(email)
        return next((c for c in client.contacts if c.email == email), None) if client else None

    def decides(self, email: str) -> bool:
        """Say whether a yes from `email` counts in full.

        Where a client names people who decide, only theirs does; where it names none, everybody's does unless a
        contact is marked as not deciding.
        """
        client, contact = self.client(email), self.contact(email)
        if client is None:
            return True
        if contact is not None and contact.decides is not None:
            return contact.decides
        return not any(c.decides for c in client.contacts)


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkingHours:
    """When the user works.

    `zone` is an IANA name; `days` gives (opens, closes) in minutes after midnight for Monday to Sunday, None for a
    closed day; `country` and `region` name the public holidays (ISO 3166, as package holidays has them), "" for none;
    `closed` are further closed days as ISO dates.
    """

    zone: str = "UTC"
    days: tuple[tuple[int, int] | None, ...] = ((540, 1020),) * 5 + (None, None)
    country: str = ""
    region: str = ""
    closed: tuple[str, ...] = ()
