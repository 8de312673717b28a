"""Tells a person, and other programs, what happened: drafts that wait, new entries, accounts in trouble and well again.

What to tell is read from the history, from where each way was last told; a way that fails is tried again with the
next round and loses nothing. Notices hold numbers, client keys and account names; entries themselves go only to a
webhook that asks for them.
"""

import hashlib
import hmac
import importlib
import json
import logging
import os
import time
import urllib.error
import urllib.request
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from email.message import EmailMessage
from email.utils import format_datetime, make_msgid
from pathlib import Path
from typing import Any, Final, Protocol

import tenacity

from mailsync.model.draft import WAITING
from mailsync.model.entry import as_json
from mailsync.model.errors import MailsyncError, NotFoundError, ServerError
from mailsync.model.event import EventName, Trouble
from mailsync.model.ports import Ledger

log = logging.getLogger(__name__)

#: Events read in one round; what is left waits for the next one.
ROUND: Final = 2000

#: Tries of one delivery, and the longest wait between them in seconds.
TRIES, LONGEST_WAIT, FIRST_WAIT = 4, 20.0, 1.0
_SECONDS: Final = 15


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """What happened since the last notice. `id` stays the same however often it is delivered.

    `drafts` and `found` count by client's key; `entries` are the new entries in the shape of the command line's JSON;
    `troubled` are accounts that have come into trouble, with the sentence, `mended` those that are well again.
    """

    id: str
    at: datetime
    drafts: Mapping[str, int] = field(default_factory=dict)
    found: Mapping[str, int] = field(default_factory=dict)
    entries: tuple[dict[str, Any], ...] = ()
    troubled: Mapping[str, str] = field(default_factory=dict)
    mended: tuple[str, ...] = ()

    def subject(self) -> str:
        """Return one line for a person."""
        parts = []
        if self.drafts:
            parts.append(f"{sum(self.drafts.values())} letters to review ({', '.join(sorted(self.drafts))})")
        if self.troubled:
            parts.append(f"trouble with {', '.join(sorted(self.troubled))}")
        if self.mended:
            parts.append(f"{', '.join(self.mended)} well again")
        if self.found and not parts:
            parts.append(f"{sum(self.found.values())} new entries ({', '.join(sorted(self.found))})")
        return "mailsync: " + "; ".join(parts)

    def text(self) -> str:
        """Return the lines for a person."""
        lines = [f"{number} to review for {client}" for client, number in sorted(self.drafts.items())]
        lines += [f"{number} new entries with {client}" for client, number in sorted(self.found.items())]
        lines += [f"{account}: {sentence}" for account, sentence in sorted(self.troubled.items())]
        lines += [f"{account} is polled well again" for account in self.mended]
        return "\n".join([*lines, "", "mailsync drafts   mailsync status"])


class Notifier(Protocol):
    """A way to tell somebody; the parts of a notice are drafts, entries and trouble."""

    @property
    def name(self) -> str:
        """The name under which is remembered what it was told."""

    @property
    def wants(self) -> frozenset[str]:
        """The parts it is told of."""

    def tell(self, notice: Notice) -> None:
        """Deliver; raises MailsyncError if that failed."""


# ---- what there is to tell ----


def tell_all(
    ledger: Ledger, notifiers: Iterable[Notifier], kept: Path, troubles: Mapping[str, str], now: datetime
) -> tuple[str, ...]:
    """Tell each notifier what is new to it; return what went wrong in sentences. `kept` remembers what was told.

    `troubles` are the accounts that are in trouble now. A way that is new hears only of what comes from now on.
    """
    memory = _remember(kept)
    failures = []
    for notifier in notifiers:
        told = memory.setdefault(notifier.name, {"seq": ledger.head()[0], "troubled": []})
        notice, reached = _news(ledger, notifier.wants, told, troubles, now)
        try:
            if notice:
                notifier.tell(notice)
        except MailsyncError as error:
            failures.append(f"{notifier.name}: {error} {error.hint}".strip())
            ledger.trouble(Trouble(at=now, stage="notify", subject=notifier.name, reason=str(error)))
            continue
        told |= {"seq": reached, "troubled": sorted(troubles), "count": told.get("count", 0) + bool(notice)}
        _keep(kept, memory)
    return tuple(failures)


def _news(
    ledger: Ledger, wants: frozenset[str], told: Mapping[str, Any], troubles: Mapping[str, str], now: datetime
) -> tuple[Notice | None, int]:
    """Return what to tell, None where there is nothing, and the number of the last event looked at."""
    after = int(told["seq"])
    events = ledger.events(after=after, limit=ROUND)
    reached = events[-1].seq if events else after
    drafts: Counter[str] = Counter()
    found: Counter[str] = Counter()
    entries = []
    for event in events:
        if event.name is EventName.DRAFT_WRITTEN and "drafts" in wants:
            drafts.update(_waiting(ledger, event.subject))
        if event.name is EventName.ENTRY_FOUND and "entries" in wants:
            for entry in _entries(ledger, event.subject):
                found[str(entry["client"])] += 1
                entries.append(entry)
    before = set(told["troubled"])
    troubled = {name: why for name, why in troubles.items() if name not in before} if "trouble" in wants else {}
    mended = tuple(sorted(before - set(troubles))) if "trouble" in wants else ()
    if not (drafts or found or troubled or mended):
        return None, reached
    what = [told.get("count", 0), after, events[-1].digest if events else "", sorted(troubled), mended]
    return Notice(
        id=hashlib.sha256(json.dumps(what).encode()).hexdigest()[:24],
        at=now,
        drafts=dict(drafts),
        found=dict(found),
        entries=tuple(entries),
        troubled=troubled,
        mended=mended,
    ), reached


def _waiting(ledger: Ledger, draft_id: str) -> list[str]:
    try:
        draft = ledger.draft(draft_id)
    except NotFoundError:
        return []
    return [draft.client] if draft.state in WAITING else []


def _entries(ledger: Ledger, entry_id: str) -> list[dict[str, Any]]:
    try:
        entry = ledger.entry(entry_id)
    except NotFoundError:  # dropped or erased since
        return []
    return [as_json(entry, entry.finding.date.date())]


def _remember(path: Path) -> dict[str, Any]:
    try:
        memory = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return memory if isinstance(memory, dict) else {}


def _keep(path: Path, memory: Mapping[str, Any]) -> None:
    fresh = path.with_suffix(".new")
    with os.fdopen(os.open(fresh, os.O_CREAT | os.O_TRUNC | os.O_WRONLY, 0o600), "w", encoding="utf-8") as file:
        json.dump(memory, file)
    fresh.replace(path)


# ---- the ways ----


@dataclass(frozen=True, slots=True, kw_only=True)
class MailToSelf:
    """A letter to one's own address through one's own server; `send` hands it over."""

    address: str
    send: Callable[[bytes, str, Sequence[str]], None]
    name: str = "mail"
    wants: frozenset[str] = frozenset({"drafts", "trouble"})

    def tell(self, notice: Notice) -> None:
        """Send a letter that says it was written by a machine (RFC 3834), so that nobody answers or reads it in."""
        message = EmailMessage()
        message["From"] = message["To"] = self.address
        message["Subject"] = notice.subject()[:200]
        message["Date"] = format_datetime(notice.at)
        message["Message-ID"] = make_msgid(notice.id, domain=self.address.rpartition("@")[2])
        message["Auto-Submitted"] = "auto-generated"
        message.set_content(notice.text())
        self.send(message.as_bytes(policy=message.policy.clone(linesep="\r\n")), self.address, (self.address,))


@dataclass(frozen=True, slots=True, kw_only=True)
class Webhook:
    """A POST of JSON to an address of the user's, signed so that the receiver can tell it from anybody's.

    `X-Mailsync-Signature` is `t=<unix time>,v1=<hex>`: the HMAC-SHA256 with `secret` over `<t>.<body>`. The receiver
    should refuse old times and answer a known `X-Mailsync-Id` with 200 without doing the work again.
    """

    url: str
    secret: str = field(default="", repr=False)
    name: str = "webhook"
    wants: frozenset[str] = frozenset({"drafts", "trouble"})
    first_wait: float = FIRST_WAIT

    def tell(self, notice: Notice) -> None:
        """Deliver, again after 1, 2, 4 seconds where the receiver is busy or away. Raises ServerError."""
        body = json.dumps(
            {
                "id": notice.id,
                "at": notice.at.isoformat(),
                "drafts": notice.drafts,
                "found": notice.found,
                "entries": list(notice.entries),
                "troubled": notice.troubled,
                "mended": list(notice.mended),
            },
            ensure_ascii=False,
            default=str,
        ).encode()
        retrying = tenacity.Retrying(
            stop=tenacity.stop_after_attempt(TRIES),
            wait=tenacity.wait_exponential(multiplier=self.first_wait, max=LONGEST_WAIT),
            retry=tenacity.retry_if_exception_type(_LaterError),
            reraise=True,
        )
        retrying(self._post, body, notice.id)

    def _post(self, body: bytes, notice: str) -> None:
        headers = {"Content-Type": "application/json", "User-Agent": "mailsync", "X-Mailsync-Id": notice}
        if self.secret:
            at = str(int(time.time()))
            signature = hmac.new(self.secret.encode(), f"{at}.".encode() + body, hashlib.sha256).hexdigest()
            headers["X-Mailsync-Signature"] = f"t={at},v1={signature}"
        request = urllib.request.Request(self.url, data=body, headers=headers, method="POST")  # noqa: S310 - checked
        try:
            with _OPENER.open(request, timeout=_SECONDS) as answer:
                status = answer.status
        except urllib.error.HTTPError as error:
            status = error.code
            error.close()
        except (OSError, ValueError) as error:
            raise _LaterError(f"The webhook cannot be reached ({type(error).__name__}).") from None
        if status in (408, 425, 429) or status >= 500:
            raise _LaterError(f"The webhook answers {status}.")
        if not 200 <= status < 300:
            raise ServerError(f"The webhook refuses the notice ({status}).", "Check its address and secret.")


class _LaterError(ServerError):
    """The receiver is busy or away."""


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """Follows nobody: a redirect would carry the notice elsewhere."""

    def redirect_request(self, *_: Any) -> None:
        return None


_OPENER: Final = urllib.request.build_opener(_NoRedirect)


@dataclass(frozen=True, slots=True, kw_only=True)
class Apprise:
    """Any of the hundred services apprise speaks to (desktop, ntfy, Matrix, Telegram ...); an extra."""

    urls: tuple[str, ...] = field(repr=False)
    name: str = "apprise"
    wants: frozenset[str] = frozenset({"drafts", "trouble"})

    def tell(self, notice: Notice) -> None:
        """Deliver to every address. Raises ServerError if one of them failed."""
        try:
            apprise: Any = importlib.import_module("apprise")
        except ImportError:
            hint = "Install it with `pip install 'mailsync[notify]'`, or use [notify] webhook."
            raise ServerError("Notices by apprise need a package that is not installed.", hint) from None
        service = apprise.Apprise()
        known = [service.add(url) for url in self.urls]
        if not all(known) or not service.notify(title=notice.subject(), body=notice.text()):
            raise ServerError("A notice could not be delivered by apprise.", "Try its address with `apprise -vv`.")
