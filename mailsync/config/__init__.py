"""What the user tells mailsync in one TOML file: read, checked as a whole, and handed on as frozen values."""

from mailsync.config.load import default_path, load, parse
from mailsync.config.schema import Account, Config, Imap, Login, Smtp

__all__ = ["Account", "Config", "Imap", "Login", "Smtp", "default_path", "load", "parse"]
