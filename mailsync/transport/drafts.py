r"""Where an approved letter goes: into the account's Drafts folder by APPEND, or out by SMTP with a copy in Sent."""

import contextlib
import logging
import re
from collections.abc import Callable, Sequence
from typing import Final

from mailsync.model.errors import FolderMissingError, MailsyncError, OutcomeUnknownError, ServerError, UsageError
from mailsync.model.mail import FolderRole
from mailsync.transport import smtp
from mailsync.transport.connection import Connection, ImapSettings, RefusedError
from mailsync.transport.folders import Listed, find_name, find_role, nearest
from mailsync.transport.headers import message_id as id_of
from mailsync.transport.imap import list_folders

log = logging.getLogger(__name__)

#: Newest messages looked at one by one: some servers' search does not know yet what came a moment ago.
_NEWEST: Final = 100

_ID_FIELD: Final = "BODY.PEEK[HEADER.FIELDS (MESSAGE-ID)]"
_QUOTA: Final = re.compile(r"overquota|quota|mailbox (is )?full|storage", re.IGNORECASE)


class ImapOutbox:
    """An account's Outbox; connects when first asked. Without `smtp`, letters can only be placed as drafts."""

    def __init__(
        self,
        settings: ImapSettings,
        secret: Callable[[], str],
        smtp_settings: smtp.SmtpSettings | None = None,
        smtp_secret: Callable[[], str] | None = None,
    ) -> None:
        self._settings = settings
        self._connection = Connection(settings, secret)
        self._smtp = smtp_settings
        self._smtp_secret = smtp_secret or secret

    def place(self, data: bytes) -> None:
        r"""Append the letter to the Drafts folder with `\Draft`, and `\Seen` so that it does not count as new mail.

        Raises FolderMissingError, LoginRefusedError or ServerError when it surely is not there, OutcomeUnknownError
        when the connection broke in between: `has_draft` finds out.
        """
        self._append(self._folder(FolderRole.DRAFTS), data, (rb"\Draft", rb"\Seen"))

    def has_draft(self, message_id: str) -> bool:
        """Say whether the Drafts folder holds a letter with this Message-ID."""
        return self._holds(self._folder(FolderRole.DRAFTS), message_id)

    def was_sent(self, message_id: str) -> bool:
        """Say whether a Sent folder holds a letter with this Message-ID; mail programs may each keep their own."""
        first = self._folder(FolderRole.SENT)
        others = [f for f in list_folders(self._connection) if f.role is FolderRole.SENT and f.raw != first.raw]
        return any(self._holds(folder, message_id) for folder in (first, *others))

    def send(self, data: bytes, sender: str, recipients: Sequence[str]) -> None:
        """Hand the letter to the SMTP server and file the copy in Sent, unless the provider has filed one itself.

        A copy that cannot be filed is only logged: the letter has left. Raises UsageError, LoginRefusedError and
        ServerError when it surely has not, OutcomeUnknownError when nobody can say.
        """
        if self._smtp is None:
            raise UsageError(
                f"The account {self._settings.account} names no SMTP server.",
                "Add an smtp table to the account, or approve without --send and send from your mail program.",
            )
        smtp.send(self._smtp, self._smtp_secret(), data, sender, recipients)
        try:
            if not self.was_sent(id_of(data)):
                self._append(self._folder(FolderRole.SENT), data, (rb"\Seen",))
        except MailsyncError as error:
            log.warning("%s: sent, but no copy could be filed in Sent: %s", self._settings.account, error)

    def close(self) -> None:
        """Log out; never raises."""
        self._connection.close()

    def _folder(self, role: FolderRole) -> Listed:
        """Return the folder of this role: as configured, by special use, or by name."""
        self._connection.renew()
        folders = list_folders(self._connection)
        named = self._settings.drafts if role is FolderRole.DRAFTS else self._settings.sent
        folder = find_name(folders, named) if named else find_role(folders, role)
        if folder is not None:
            return folder
        key = f"{role.value}_folder"
        if not named:
            raise FolderMissingError(
                f"No {role.value.capitalize()} folder can be made out on {self._settings.host}.",
                f"Name it in the config ({key}); mailsync doctor lists the folders there are.",
            )
        near = nearest(folders, named)
        raise FolderMissingError(
            f"There is no folder {named} on {self._settings.host}, which {key} names.",
            f"Nearest names there: {', '.join(near)}." if near else "",
        )

    def _append(self, folder: Listed, data: bytes, flags: tuple[bytes, ...]) -> None:
        handed_over = False
        try:
            with self._connection.command(f"filing the letter in {folder.name}") as client:
                handed_over = True
                client.append(folder.raw, data, flags)
        except RefusedError as refusal:
            raise self._not_filed(folder, refusal) from None
        except ServerError as error:
            if not handed_over:
                raise
            raise OutcomeUnknownError(f"{error} The letter may or may not be there.", error.hint) from None

    def _not_filed(self, folder: Listed, refusal: RefusedError) -> MailsyncError:
        host = self._settings.host
        if "TRYCREATE" in refusal.said or "NONEXISTENT" in refusal.said:
            return FolderMissingError(f"The folder {folder.name} is gone from {host}.", "Make it anew and try again.")
        if _QUOTA.search(refusal.said):
            sentence = f"The mailbox on {host} is full, nothing was filed in {folder.name}: {refusal.said}"
            return ServerError(sentence, "Make room there and try again.")
        return ServerError(f"{host} did not file the letter in {folder.name}: {refusal.said}")

    def _holds(self, folder: Listed, message_id: str) -> bool:
        """Search for the Message-ID, and compare exactly: servers search for parts of words or not at all."""
        wanted = message_id.strip().removeprefix("<").removesuffix(">")
        if not wanted or not wanted.isascii() or not wanted.isprintable():
            return False
        quoted = wanted.replace("\\", "\\\\").replace('"', '\\"').encode()
        doing = f"looking for a letter in {folder.name}"
        with self._connection.command(doing) as client:
            count = int(client.select_folder(folder.raw, readonly=True)[b"EXISTS"])
        if not count:
            return False
        uids: set[int] = set()
        for criteria in ((b"HEADER", b"Message-ID", b'"' + quoted + b'"'), (b"%d:*" % max(1, count - _NEWEST + 1),)):
            with contextlib.suppress(RefusedError), self._connection.command(doing) as client:
                lines = client.ask(b"SEARCH", *criteria, uid=True)
                uids |= {int(word) for line in lines for word in line.split() if word.isdigit()}
        newest_first = sorted(uids, reverse=True)[: _NEWEST * 2]
        with self._connection.command(doing) as client:
            answers = client.fetch(newest_first, [_ID_FIELD])
        headers = (value for answer in answers.values() for value in answer.values() if isinstance(value, bytes))
        return any(id_of(header) == wanted for header in headers)
