r"""The mailbox on a server, only ever read: EXAMINE and BODY.PEEK, so that not even \Seen changes.

Answers are asked for in batches bounded by count and by octets, so that memory stays flat; a message that vanishes
meanwhile is left out, and a batch that the server refuses is halved until the one it cannot give stands alone.
"""

import hashlib
import logging
import re
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from typing import Any, Final

from mailsync.model.errors import FolderMissingError, ServerError
from mailsync.model.mail import Envelope, Location, RawMessage
from mailsync.model.ports import Folder, FolderState
from mailsync.transport.connection import Connection, ImapSettings, RefusedError
from mailsync.transport.folders import Listed, choose, encode, find_name, nearest, read_list
from mailsync.transport.headers import addresses, message_id
from mailsync.transport.idle import idle

log = logging.getLogger(__name__)

#: Octets of the recognising header fields asked for at first; mail to thousands is asked for again in full.
_HEADER_CAP: Final = 64 * 1024
_HEADER: Final = "BODY.PEEK[HEADER.FIELDS (FROM TO CC BCC MESSAGE-ID)]"

#: Messages with a false RFC822.SIZE that are fetched twice before the server is known for it (Exchange is).
_FALSE_SIZES: Final = 5

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)

#: Refusals that mean "not now" (RFC 5530 and common texts), never "not this message".
_NOT_NOW: Final = re.compile(
    r"\[(unavailable|limit|inuse|overquota)\]|bandwidth|throttl|try again|too many|exceeded", re.IGNORECASE
)

_Answers = dict[int, dict[bytes, Any]]


class ImapSource:
    """One account's mailbox as a MailSource; connects when first asked. `secret` gives the password or token."""

    def __init__(self, settings: ImapSettings, secret: Callable[[], str]) -> None:
        self.account = settings.account
        self._settings = settings
        self._connection = Connection(settings, secret)
        self._listed: tuple[Listed, ...] = ()
        self._examined = Location(account=settings.account, folder="", uidvalidity=0, uid=0)
        self._false_sizes = 0
        self._worked: set[str] = set()
        self._states: dict[Folder, FolderState] = {}

    # ---- folders ----

    def all_folders(self) -> tuple[Folder, ...]:
        """Return every mailbox that can be opened, with its role, in the server's order."""
        self._list()
        return tuple(Folder(name=f.name, role=f.role) for f in self._listed)

    def folders(self) -> tuple[Folder, ...]:
        """Return the folders to read; one that the configuration names and the server lacks fails when examined."""
        self._list()
        gmail = "X-GM-EXT-1" in self._connection.capabilities
        return choose(self._listed, self._settings.folders, self._settings.sent, gmail=gmail)

    def _list(self) -> None:
        self._connection.renew()
        self._listed = list_folders(self._connection)

    def examine(self, folder: Folder) -> FolderState:
        """Open `folder` read-only. Raises FolderMissingError, with the nearest names, if it cannot be opened."""
        known = find_name(self._listed, folder.name)
        raw = known.raw if known else encode(folder.name)
        try:
            with self._connection.command(f"opening {folder.name}") as client:
                state = client.select_folder(raw, readonly=True)
                uidvalidity, messages = int(state.get(b"UIDVALIDITY", 1)), int(state[b"EXISTS"])
                uidnext = int(state.get(b"UIDNEXT", 0))
        except RefusedError as refusal:
            raise self._missing(folder.name, refusal) from None
        self._examined = Location(account=self.account, folder=folder.name, uidvalidity=uidvalidity, uid=0)
        if not uidnext:  # optional before RFC 9051
            uidnext = max(self.uids(), default=0) + 1
        state = FolderState(uidvalidity=uidvalidity, uidnext=uidnext, messages=messages)
        self._states[folder] = state
        return state

    def wait(self, seconds: float, stopped: Callable[[], bool]) -> bool:
        """Wait in IDLE until the first folder has news (True), `stopped` says so, or `seconds` have passed (False).

        Returns False at once where the server has no IDLE or no folder was read yet. Raises what the server raises.
        """
        first = next(iter(self._states), None)
        if first is None or "IDLE" not in self._connection.capabilities:
            return False
        read = self._states[first]
        return self.examine(first) != read or idle(self._connection, seconds, stopped)

    def _missing(self, name: str, refusal: RefusedError) -> ServerError | FolderMissingError:
        if _NOT_NOW.search(refusal.said):
            return refusal
        host, near = self._settings.host, nearest(self._listed, name)
        if find_name(self._listed, name):
            return FolderMissingError(f"The folder {name} on {host} cannot be opened: {refusal.said}")
        hint = f"Nearest names there: {', '.join(near)}." if near else "mailsync doctor lists the folders there are."
        return FolderMissingError(f"There is no folder {name} on {host}.", hint)

    # ---- messages ----

    def uids(self, after: int = 0) -> list[int]:
        """Return the UIDs above `after` of the examined folder, ascending."""
        with self._connection.command(f"listing the mail in {self._examined.folder}") as client:
            lines = client.ask(b"SEARCH", b"UID", b"%d:*" % (after + 1), uid=True)
            found = {int(word) for line in lines for word in line.split() if word.isdigit()}
        return sorted(uid for uid in found if uid > after)  # n:* gives the last message even where none is above n

    def envelopes(self, uids: Sequence[int]) -> list[Envelope]:
        """Return what the server says of each of `uids`, in their order; vanished ones are left out."""
        items = ["RFC822.SIZE", "INTERNALDATE", f"{_HEADER}<0.{_HEADER_CAP}>", *self._provider_items()]
        found: list[Envelope] = []
        for start in range(0, len(uids), self._settings.envelope_batch):
            batch = uids[start : start + self._settings.envelope_batch]
            answers = self._fetch(batch, items, allowance=len(batch) * (_HEADER_CAP + 4096))
            found += [self._envelope(uid, answers[uid]) for uid in batch if b"RFC822.SIZE" in answers.get(uid, {})]
        return found

    def _provider_items(self) -> list[str]:
        if "X-GM-EXT-1" in self._connection.capabilities:
            return ["X-GM-MSGID", "X-GM-THRID"]
        return ["EMAILID", "THREADID"] if "OBJECTID" in self._connection.capabilities else []  # RFC 8474

    def _envelope(self, uid: int, answer: dict[bytes, Any]) -> Envelope:
        header, when, size = _section(answer) or b"", answer.get(b"INTERNALDATE"), answer.get(b"RFC822.SIZE")
        if len(header) >= _HEADER_CAP:
            full = self._fetch([uid], [_HEADER], allowance=self._settings.max_bytes)
            header = _section(full.get(uid)) or header
        return Envelope(
            location=self._place(uid),
            size=size if isinstance(size, int) else len(header),
            internal_date=_utc(when),
            message_id=message_id(header),
            addresses=addresses(header, "from", "to", "cc", "bcc"),
            provider_id=_word(answer.get(b"X-GM-MSGID", answer.get(b"EMAILID"))),
            provider_thread=_word(answer.get(b"X-GM-THRID", answer.get(b"THREADID"))),
        )

    def _place(self, uid: int) -> Location:
        at = self._examined
        return Location(account=at.account, folder=at.folder, uidvalidity=at.uidvalidity, uid=uid)

    def bodies(self, envelopes: Sequence[Envelope]) -> Iterator[RawMessage]:
        """Yield the bytes of each message, in the envelopes' order; vanished and too large ones are left out.

        A message that exists but that the server refuses to give, alone and twice, comes with empty `data`.
        """
        for batch in _batches(envelopes, self._settings):
            octets = sum(e.size for e in batch)
            answers = self._fetch([e.location.uid for e in batch], ["BODY.PEEK[]"], allowance=2 * octets + (1 << 20))
            for envelope in batch:
                data = _section(answers.pop(envelope.location.uid, None))
                if data is not None and len(data) != envelope.size:
                    data = self._again(envelope, data)
                if data is not None:
                    yield _raw(envelope, data)

    def _again(self, envelope: Envelope, data: bytes) -> bytes | None:
        """Read a message once more whose length is not what the server said; the second answer counts."""
        if (not data and not envelope.size) or (data and self._false_sizes >= _FALSE_SIZES):
            return data
        uid = envelope.location.uid
        answers = self._fetch([uid], ["BODY.PEEK[]"], allowance=2 * max(len(data), envelope.size) + (1 << 20))
        second = _section(answers.get(uid))
        self._false_sizes += second == data
        return second

    def _fetch(self, uids: Sequence[int], items: list[str], allowance: int) -> _Answers:
        """FETCH `items`, a body section among them, of `uids`; those that are gone are not in the answer."""
        if not uids:
            return {}
        doing = f"fetching mail from {self._examined.folder}"
        try:
            with self._connection.command(doing, allowance + (1 << 20)) as client:
                answers: _Answers = client.fetch(list(uids), items)
        except RefusedError as refusal:
            if _NOT_NOW.search(refusal.said):
                raise
            return self._fetch_apart(uids, items, allowance, refusal)
        missing = [uid for uid in uids if _section(answers.get(uid)) is None]
        if len(missing) < len(uids):
            self._worked.add(items[-1])
        if missing:
            silence = RefusedError(self._settings.host, doing, "it left messages out")
            answers |= self._fetch_apart(missing, items, allowance, silence)
        return answers

    def _fetch_apart(self, uids: Sequence[int], items: list[str], allowance: int, refusal: RefusedError) -> _Answers:
        """Get what can be had of messages that did not come in a batch, most often because one has vanished.

        A single message that is there and yet not given, by a server that gives others, has an empty body.
        """
        with self._connection.command(f"listing the mail in {self._examined.folder}") as client:
            client.noop()  # lets the server tell what is gone
        present = set(self.uids(min(uids) - 1)) & set(uids)
        left = [uid for uid in uids if uid in present]
        if len(left) == 1 and len(uids) == 1:
            if items[-1] not in self._worked:
                raise refusal
            log.warning("%s: UID %d of %s: %s", self.account, uids[0], self._examined.folder, refusal.said)
            return {uids[0]: {b"BODY[]": b""}}
        half = (len(left) + 1) // 2
        return self._fetch(left[:half], items, allowance) | self._fetch(left[half:], items, allowance)

    def close(self) -> None:
        """Log out; never raises."""
        self._connection.close()


def list_folders(connection: Connection) -> tuple[Listed, ...]:
    """Return the account's mailboxes with their roles."""
    with connection.command("listing the folders") as client:
        extended = {"SPECIAL-USE", "LIST-EXTENDED"} <= connection.capabilities
        options = (b"RETURN", b"(SPECIAL-USE)") if extended else ()
        answer = client.ask(b"LIST", b'""', b'"*"', *options)
        return read_list(client._proc_folder_list(answer))  # noqa: SLF001  (imapclient gives no way to ask for RETURN)


def _batches(envelopes: Sequence[Envelope], settings: ImapSettings) -> Iterator[list[Envelope]]:
    """Cut into batches by count and by announced octets; what is over the limit for one message is left out."""
    batch: list[Envelope] = []
    octets = 0
    for envelope in envelopes:
        if envelope.size > settings.max_bytes:
            continue
        if batch and (len(batch) >= settings.body_batch or octets + envelope.size > settings.body_batch_bytes):
            yield batch
            batch, octets = [], 0
        batch.append(envelope)
        octets += envelope.size
    if batch:
        yield batch


def _section(answer: dict[bytes, Any] | None) -> bytes | None:
    """Return the body section of a FETCH answer, None where there is none (a flag update) or it is NIL (gone)."""
    for key, value in (answer or {}).items():
        if key.startswith(b"BODY[") and isinstance(value, bytes):
            return value
    return None


def _raw(envelope: Envelope, data: bytes) -> RawMessage:
    return RawMessage(
        data=data,
        digest=hashlib.sha256(data).hexdigest(),
        location=envelope.location,
        internal_date=envelope.internal_date,
        provider_id=envelope.provider_id,
        provider_thread=envelope.provider_thread,
    )


def _utc(when: object) -> datetime:
    """Return the server's date in UTC: some give one message another zone in winter and in summer."""
    try:
        return when.astimezone(UTC) if isinstance(when, datetime) and when.tzinfo else _EPOCH
    except (OverflowError, ValueError):
        return _EPOCH


def _word(value: object) -> str:
    """Return an id as text: X-GM-MSGID is a number, EMAILID a word in brackets."""
    if isinstance(value, tuple):
        value = value[0] if value else b""
    return value.decode("ascii", "replace") if isinstance(value, bytes) else str(value or "")
