"""A sample mailbox of difficult clients on an IMAP server of this machine, to try mailsync without an account."""

from mailsync.demo.prepare import Demo, demo_config, prepare

__all__ = ["Demo", "demo_config", "prepare"]
