"""The program's own log: text or JSON on stderr, priorities for the journal, and never a secret."""

import json
import logging
import os
import sys
from datetime import UTC, datetime

#: Secrets in use, replaced wherever they would show. Filled by `hide`, never printed.
_SECRETS: set[str] = set()

#: syslog priorities as systemd's journal reads them from "<N>" at the start of a line (sd-daemon).
_PRIORITY = {logging.CRITICAL: 2, logging.ERROR: 3, logging.WARNING: 4, logging.INFO: 6, logging.DEBUG: 7}


def hide(secret: str) -> str:
    """Keep `secret` out of every log line from now on; return it."""
    if len(secret) >= 4:  # anything shorter would blank out ordinary words
        _SECRETS.add(secret)
    return secret


def without_secrets(text: str) -> str:
    """Return `text` with every hidden secret replaced."""
    for secret in _SECRETS:
        text = text.replace(secret, "***")
    return text


class _Lines(logging.Formatter):
    """One line a record, its trace below; in the journal each line carries its priority."""

    def format(self, record: logging.LogRecord) -> str:
        text = without_secrets(super().format(record))
        if "JOURNAL_STREAM" not in os.environ:
            return text
        return "\n".join(f"<{_PRIORITY.get(record.levelno, 6)}>{line}" for line in text.splitlines())


class _Json(logging.Formatter):
    """One JSON object a record."""

    def format(self, record: logging.LogRecord) -> str:
        line = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        if record.exc_info:
            line["trace"] = self.formatException(record.exc_info)
        return without_secrets(json.dumps(line, ensure_ascii=False))


def set_up(level: str = "warning", form: str = "text") -> None:
    """Send the log to stderr at `level`, as "text" or "json"."""
    handler = logging.StreamHandler(sys.stderr)
    plain = "%(levelname)s %(name)s: %(message)s"
    dated = plain if "JOURNAL_STREAM" in os.environ else f"%(asctime)s {plain}"
    handler.setFormatter(_Json() if form == "json" else _Lines(dated))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.WARNING)
    logging.getLogger("mailsync").setLevel(level.upper())
