"""Every key of the configuration with its type, its default and the one sentence that explains it.

`config.example.toml` and the table in `docs/configuration.md` repeat these sentences; tests hold them together.
"""

import re
from datetime import date
from pathlib import Path
from typing import Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import platformdirs
from pydantic import Field, PrivateAttr, StrictBool, field_validator
from pydantic_core import PydanticCustomError

from mailsync.config.fields import (
    Command,
    Domain,
    Email,
    EmailOrDomain,
    File,
    Port,
    Quantity,
    Section,
    Text,
    Whole,
    mistake,
)
from mailsync.model.people import Baseline, Circle, Client, Contact, WorkingHours

APP = "mailsync"

#: The languages letters can be written in.
Language = Literal["en", "de", "fr", "es"]
Wording = Literal["plain", "some", "technical"]
Security = Literal["tls", "starttls", "none"]

WEEK = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
SPOKEN_HOURS = re.compile(r"(\d{1,2}):(\d{2})\s*-\s*(\d{1,2}):(\d{2})")


class Me(Section):
    """You: the side that is called `us`."""

    name: Text = Field(min_length=1, description="Your name as letters sign it.")
    addresses: tuple[Email, ...] = Field(min_length=1, description="Every address you write from.")
    colleagues: tuple[EmailOrDomain, ...] = Field(
        default=(), description="Colleagues' addresses, or whole domains of yours."
    )
    signature: str = Field(default="", description="What stands under a letter after your name.")
    language: Language = Field(default="en", description="The language of letters where client and contact name none.")


class Hours(Section):
    """When you work; quiet times, reminders and off-hours are counted in this."""

    zone: str = Field(default="UTC", description="Your time zone, an IANA name such as Europe/Berlin.")
    days: dict[str, str] = Field(
        default={"mon-fri": "09:00-17:00"},
        description="Opening times by day or range of days; days not named are closed.",
    )
    country: str = Field(
        default="", pattern="^([A-Z]{2})?$", description="Country of your public holidays, two letters (DE)."
    )
    region: Text = Field(default="", description="Region of that country with holidays of its own (BY, CA).")
    closed: tuple[date, ...] = Field(default=(), description="Further days off.")

    @field_validator("zone")
    @classmethod
    def _known_zone(cls, zone: str) -> str:
        try:
            ZoneInfo(zone)
        except (ZoneInfoNotFoundError, ValueError, OSError) as error:
            raise PydanticCustomError("mailsync_zone", "is no time zone", {"given": zone}) from error
        return zone

    @field_validator("days")
    @classmethod
    def _readable_days(cls, days: dict[str, str]) -> dict[str, str]:
        opening_times(days)
        return days


class Login(Section):
    """Where the password or token comes from; exactly one of these, and never the secret itself."""

    password_env: Text | None = Field(
        default=None, min_length=1, description="Name of the environment variable to read."
    )
    password_file: File | None = Field(
        default=None, description="File that holds nothing else and that only you can read."
    )
    password_credential: Text | None = Field(default=None, min_length=1, description="Name of a systemd credential.")
    password_command: Command | None = Field(default=None, repr=False, description="Program that prints the password.")
    keyring: StrictBool = Field(
        default=False, description="Ask the desktop's keyring (service mailsync, your user name)."
    )
    token_command: Command | None = Field(
        default=None, repr=False, description="Program that prints an OAuth2 access token."
    )

    def way(self) -> str:
        """Return the name of the key that says where the secret comes from, "" where none does."""
        return next((name for name in SECRET_WAYS if getattr(self, name, None)), "")


class OAuth(Section):
    """A login on the provider's own page instead of a password; `mailsync login` does it once."""

    provider: Literal["microsoft", "google"] = Field(description="Whose login page.")
    client_id: Text = Field(default="", description="Id of the app registration; docs/providers.md shows how.")
    client_secret_file: File | None = Field(
        default=None, description="File with the client secret that Google gives desktop apps."
    )
    tenant: Text = Field(default="common", description="Microsoft tenant: common, organizations, or your own.")
    authority: Text = Field(
        default="", pattern="^(https://.*)?$", description="Address of another login service, such as a national cloud."
    )


#: The keys of which an account has exactly one.
SECRET_WAYS = (*Login.model_fields, "oauth")


class Imap(Section):
    """The server your mail lies on."""

    host: Text = Field(min_length=1, description="Name of the IMAP server.")
    given_port: Port | None = Field(
        default=None, alias="port", description="Port; 993 for tls and 143 for starttls if unset."
    )
    security: Security = Field(default="tls", description="tls, starttls, or none (only on this machine).")
    username: Text = Field(default="", description="Login name; the account's address if empty.")
    auth: Literal["password", "xoauth2", "oauthbearer"] = Field(default="password", description="How to log in.")
    ca_file: File | None = Field(default=None, description="Own certificate authority, a PEM file.")
    fingerprint: Text = Field(
        default="",
        pattern="^([0-9A-Fa-f]{2}(:?[0-9A-Fa-f]{2}){31})?$",
        description="SHA-256 of the one certificate to trust.",
    )

    @property
    def port(self) -> int:
        """The port to connect to."""
        return self.given_port or (993 if self.security == "tls" else 143)


class Smtp(Login):
    """The server that sends, for those who send from mailsync; the account's login counts if it names none."""

    host: Text = Field(min_length=1, description="Name of the SMTP server.")
    given_port: Port | None = Field(
        default=None, alias="port", description="Port; 465 for tls and 587 for starttls if unset."
    )
    security: Security = Field(default="starttls", description="tls, starttls, or none (only on this machine).")
    username: Text = Field(default="", description="Login name; that of IMAP if empty.")
    ca_file: File | None = Field(default=None, description="Own certificate authority, a PEM file.")

    @property
    def port(self) -> int:
        """The port to connect to."""
        return self.given_port or (465 if self.security == "tls" else 587)


class Account(Login):
    """One mailbox that mailsync follows."""

    name: Text = Field(default="", description="Short name for lists and folders of data; the address if empty.")
    address: Email = Field(description="The address of this mailbox, used as From in its letters.")
    oauth: OAuth | None = Field(default=None, description="Login by OAuth 2.0.")
    imap: Imap = Field(description="The server your mail lies on.")
    smtp: Smtp | None = Field(default=None, description="The server that sends; without it letters only go to Drafts.")
    folders: tuple[Text, ...] = Field(default=(), description="Further folders to read besides the inbox and Sent.")
    sent_folder: Text = Field(default="", description="Sent folder; found by its role if empty.")
    drafts_folder: Text = Field(default="", description="Drafts folder; found by its role if empty.")
    poll_minutes: Whole = Field(default=5, ge=1, le=1440, description="How often to look for new mail.")
    authserv: Text = Field(
        default="", description="Name your mail server writes into Authentication-Results; only its results count."
    )

    @property
    def key(self) -> str:
        """The name under which the account is known everywhere else."""
        return self.name or self.address

    @property
    def imap_username(self) -> str:
        """The login name for IMAP."""
        return self.imap.username or self.address

    @property
    def smtp_username(self) -> str:
        """The login name for SMTP."""
        return (self.smtp.username if self.smtp else "") or self.imap_username

    @property
    def smtp_login(self) -> Login:
        """Where SMTP's secret comes from: its own way, or the account's."""
        return self.smtp if self.smtp and self.smtp.way() else self


class ContactTable(Section):
    """A person at a client."""

    email: Email = Field(description="The person's address.")
    name: Text = Field(default="", description="The name as a letter greets it.")
    role: Text = Field(default="", description="What the person does: owner, finance, go-between ...")
    decides: StrictBool | None = Field(default=None, description="Whether this person's yes counts in full.")
    language: Language | None = Field(
        default=None, description="Language of letters to this person; the client's if unset."
    )
    wording: Wording | None = Field(
        default=None, description="How much jargon the person likes; the client's if unset."
    )
    greeting: Text = Field(default="", description='First line of letters to this person, such as "Dear Ms Okafor,".')


class BaselineTable(Section):
    """What was agreed with a client at the start; reports compare new requests, answers and payments with it."""

    agreed: date | None = Field(default=None, description="The day on which this was agreed.")
    inside: tuple[Text, ...] = Field(default=(), description="What the price covers, one thing a line.")
    outside: tuple[Text, ...] = Field(default=(), description="What it does not cover and costs extra.")
    grey: tuple[Text, ...] = Field(default=(), description="What you want to be asked about each time.")
    prices: tuple[Text, ...] = Field(default=(), description='Price per part, such as "Online shop: 4800 EUR".')
    dates: tuple[Text, ...] = Field(default=(), description='Agreed dates, such as "Launch: 2026-09-01".')
    rate: Quantity = Field(default="", description='Price of an hour, such as "90 EUR", for counting unpaid extras.')
    payment_days: Whole | None = Field(default=None, ge=0, le=365, description="Days in which invoices are due.")
    our_answer_hours: Whole | None = Field(
        default=None, ge=1, le=2000, description="Working hours in which you promised to answer."
    )
    their_answer_hours: Whole | None = Field(
        default=None, ge=1, le=2000, description="Working hours in which the client promised to answer."
    )
    status_days: Whole | None = Field(
        default=None, ge=1, le=365, description="Working days after which the client should have heard from you."
    )
    emergency: tuple[Text, ...] = Field(
        default=(), description="Words or addresses that make mail outside working hours an emergency."
    )


class ClientTable(Section):
    """A client; only mail from, to or cc a listed client is ever read."""

    key: str = Field(pattern=r"^[a-z0-9][a-z0-9._-]{0,63}$", description="Short name for commands, in small letters.")
    name: Text = Field(min_length=1, description="The client's name as letters and reports write it.")
    domains: tuple[Domain, ...] = Field(default=(), description="The client's mail domains, their subdomains included.")
    addresses: tuple[Email, ...] = Field(
        default=(), description="Single addresses, for clients without a domain of their own."
    )
    language: Language | None = Field(
        default=None, description="Language of letters to this client; that of its mail if unset."
    )
    wording: Wording = Field(default="some", description="How much jargon letters may use: plain, some or technical.")
    agreement: str = Field(default="", description="What was agreed on working together, in your words.")
    baseline: BaselineTable | None = Field(default=None, description="What was agreed at the start.")
    contacts: tuple[ContactTable, ...] = Field(
        default=(), description="The people there, each as a [[clients.contacts]]."
    )


class Recap(Section):
    """When letters are drafted; nothing is ever sent by itself."""

    auto: StrictBool = Field(
        default=True, description="Draft a recap when a thread falls quiet; false: only when asked."
    )
    quiet_hours: float = Field(default=2.0, ge=0, le=200, description="Working hours without new mail before a recap.")
    remind_after_days: Whole = Field(
        default=3, ge=1, le=365, description="Working days without an answer before a reminder."
    )
    templates: File | None = Field(
        default=None, description="Folder of your own templates; they come before the shipped ones."
    )


class Patterns(Section):
    """What reports look for besides what is always counted."""

    hostile: StrictBool = Field(default=False, description="Quote hostile and blaming wording, on either side.")
    soon_days: Whole = Field(default=3, ge=1, le=60, description="Working days before a date in which it is named.")


class Never(Section):
    """Mail that must never be kept, even where a client takes part."""

    addresses: tuple[Email, ...] = Field(default=(), description="Addresses whose mail stays on the server.")
    domains: tuple[Domain, ...] = Field(default=(), description="Domains whose mail stays on the server.")


class Limits(Section):
    """How much one message and one command may cost."""

    max_message_mb: Whole = Field(
        default=50, ge=1, le=1000, description="Larger messages stay on the server and are listed."
    )
    timeout_seconds: Whole = Field(
        default=45, ge=5, le=600, description="Longest time one exchange with a server may take."
    )


class Evidence(Section):
    """What is found out about a message when it comes in, because later nobody can."""

    dkim: StrictBool = Field(
        default=False, description="Check DKIM signatures at once; this asks the DNS for the senders' keys."
    )


class Data(Section):
    """Where the log and the archive lie."""

    dir: File | None = Field(
        default=None, description="Folder of the log and the archive; the usual data folder if unset."
    )


class Web(Section):
    """The review page of `mailsync serve`."""

    host: Text = Field(default="127.0.0.1", description="Address to listen on.")
    port: Port = Field(default=8765, description="Port to listen on.")
    password_hash: str = Field(
        default="", repr=False, description="Hash of the page's password, needed beyond this machine."
    )
    keys: StrictBool = Field(default=True, description="Keyboard commands on the page.")


class Notify(Section):
    """Who is told of drafts that wait and of accounts in trouble; notices hold no words of mail."""

    mail: StrictBool = Field(default=False, description="A letter to your own first address, by the first SMTP server.")
    webhook: Text = Field(
        default="",
        pattern=r"^(https://.+|http://(127\.0\.0\.1|localhost|\[::1\])([:/].*)?)?$",
        description="Address to POST notices to as JSON; https, or http on this machine.",
    )
    webhook_secret_file: File | None = Field(default=None, description="File with the secret that signs them.")
    entries: StrictBool = Field(default=False, description="Tell the webhook of new entries too, with their words.")
    apprise_file: File | None = Field(default=None, description="File with one line of addresses for apprise.")


class Service(Section):
    """What the background service shows to other programs."""

    listen: Text = Field(
        default="",
        pattern=r"^([^\s/]*:\d{1,5})?$",
        description="Address for /healthz and /metrics; nothing is shown if empty.",
    )


class Log(Section):
    """What the program says of its own work."""

    level: Literal["debug", "info", "warning", "error"] = Field(
        default="info", description="The least important lines shown."
    )
    format: Literal["text", "json"] = Field(default="text", description="text, or json for machines.")


class Config(Section):
    """The whole file. Settings that were left out have their defaults; addresses and domains are in lower case."""

    me: Me
    working: Hours = Field(default_factory=Hours, alias="hours")
    accounts: tuple[Account, ...] = ()
    clients: tuple[ClientTable, ...] = ()
    recap: Recap = Recap()
    patterns: Patterns = Patterns()
    never: Never = Never()
    limits: Limits = Limits()
    evidence: Evidence = Evidence()
    data: Data = Data()
    web: Web = Web()
    notify: Notify = Notify()
    service: Service = Service()
    log: Log = Log()
    _path: Path | None = PrivateAttr(None)

    @property
    def path(self) -> Path | None:
        """The file this was read from, None for text that never was a file."""
        return self._path

    @property
    def data_dir(self) -> Path:
        """The folder of the log and the archive."""
        return self.data.dir or platformdirs.user_data_path(APP)

    @property
    def templates_dir(self) -> Path:
        """The folder in which the user's own templates are looked for; it need not exist."""
        return self.recap.templates or platformdirs.user_config_path(APP) / "templates"

    def account(self, key: str) -> Account | None:
        """Return the account of this name or address."""
        return next((a for a in self.accounts if key in (a.key, a.address)), None)

    def circle(self) -> Circle:
        """Return who is who, as the reading part needs it."""
        own = (*self.me.addresses, *(account.address for account in self.accounts))
        return Circle(
            own=tuple(dict.fromkeys(own)),
            colleagues=self.me.colleagues,
            clients=tuple(_client(table) for table in self.clients),
            never=(*self.never.addresses, *self.never.domains),
        )

    def hours(self) -> WorkingHours:
        """Return when the user works, as the reading part and the reminders need it."""
        return WorkingHours(
            zone=self.working.zone,
            days=opening_times(self.working.days),
            country=self.working.country,
            region=self.working.region,
            closed=tuple(day.isoformat() for day in self.working.closed),
        )


def _client(table: ClientTable) -> Client:
    """Turn a [[clients]] table into the model's value; people take over what the client says of all of them."""
    spoken = table.language or ""
    contacts = tuple(
        Contact(
            email=person.email,
            name=person.name,
            role=person.role,
            decides=person.decides,
            language=person.language or spoken,
            wording=person.wording or table.wording,
            greeting=person.greeting,
        )
        for person in table.contacts
    )
    return Client(
        key=table.key,
        name=table.name,
        domains=table.domains,
        addresses=table.addresses,
        contacts=contacts,
        language=spoken,
        wording=table.wording,
        agreement=table.agreement,
        baseline=_baseline(table.baseline) if table.baseline else None,
    )


def _baseline(table: BaselineTable) -> Baseline:
    return Baseline(
        agreed=table.agreed.isoformat() if table.agreed else "",
        inside=table.inside,
        outside=table.outside,
        grey=table.grey,
        prices=table.prices,
        dates=table.dates,
        rate=table.rate,
        payment_days=table.payment_days,
        our_answer_hours=table.our_answer_hours,
        their_answer_hours=table.their_answer_hours,
        status_days=table.status_days,
        emergency=table.emergency,
    )


def opening_times(days: dict[str, str]) -> tuple[tuple[int, int] | None, ...]:
    """Read {"mon-fri": "09:00-17:00"} as (opens, closes) in minutes after midnight for Monday to Sunday.

    Raises PydanticCustomError for a day or a time that cannot be read, or a day named twice.
    """
    week: dict[int, tuple[int, int] | None] = {}
    for name, words in days.items():
        for day in _days(name):
            if day in week:
                raise mistake(f"names {WEEK[day]} twice")
            week[day] = _times(words)
    return tuple(week.get(day) for day in range(7))


def _days(name: str) -> list[int]:
    first, _, last = name.lower().replace(" ", "").partition("-")
    if first not in WEEK or (last and last not in WEEK):
        raise mistake('has a day that is none; write "mon" or a range such as "mon-fri"')
    start, stop = WEEK.index(first), WEEK.index(last or first)
    return [day % 7 for day in range(start, stop + 1 if stop >= start else stop + 8)]


def _times(words: str) -> tuple[int, int] | None:
    if words.strip().lower() == "closed":
        return None
    match = SPOKEN_HOURS.fullmatch(words.strip())
    if match is None:
        raise mistake('has a time that cannot be read; write it like "09:00-17:00" or "closed"')
    h1, m1, h2, m2 = (int(part) for part in match.groups())
    opens, closes = h1 * 60 + m1, h2 * 60 + m2
    if m1 > 59 or m2 > 59 or not opens < closes <= 1440:
        raise mistake('has a time that cannot be; write it like "09:00-17:00", within one day')
    return opens, closes
