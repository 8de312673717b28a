"""The errors a user can cause or must know of; each writes its own sentence, `cli` turns it into an exit code."""


class MailsyncError(Exception):
    """Something went wrong that a person can do something about; `str()` is the sentence, `hint` the next step."""

    exit_code = 1
    hint = ""

    def __init__(self, sentence: str, hint: str = "") -> None:
        super().__init__(sentence)
        self.hint = hint or self.hint


class UsageError(MailsyncError):
    """The command was given something it cannot use."""

    exit_code = 2


class ConfigError(MailsyncError):
    """The configuration has mistakes; `problems` names each with file, key and the nearest right name."""

    exit_code = 2

    def __init__(self, problems: tuple[str, ...], hint: str = "Correct the lines named above and try again.") -> None:
        super().__init__("\n".join(problems), hint)
        self.problems = problems


class SecretError(MailsyncError):
    """A password or token could not be had; the sentence never holds one."""

    exit_code = 2


class LockedError(MailsyncError):
    """Another worker holds the lock."""

    exit_code = 11


class LoginRefusedError(MailsyncError):
    """The server refused the login."""

    exit_code = 12


class ServerError(MailsyncError):
    """A server could not be reached, broke off, or answered nonsense; trying again later may help."""


class OutcomeUnknownError(ServerError):
    """The connection broke after a letter was handed over: nobody can say whether it left."""


class FolderMissingError(MailsyncError):
    """A folder that the configuration names is not on the server."""


class LedgerError(MailsyncError):
    """The database cannot be used: missing, damaged, of a newer version, or on a full or read-only disk."""


class OutdatedLedgerError(LedgerError):
    """The database is of an older version and was opened for reading only, so that it could not be upgraded."""


class NotFoundError(MailsyncError):
    """No such entry, draft, thread or client."""


class StateError(MailsyncError):
    """A draft or an entry is not in a state in which this can be done to it."""


class TemplateError(MailsyncError):
    """A letter's template cannot be used; the sentence names file, line and what is wrong."""
