"""Finds what other packages add to mailsync, by entry points; nothing of theirs is loaded before it is asked for.

A package offers a factory under a name in one of the groups below. The contracts are the Protocols in
`mailsync.model.ports` and `mailsync.notify`; `mailsync.testing` checks them.
"""

from importlib.metadata import EntryPoint, entry_points
from typing import Any, Final

from mailsync.model.errors import UsageError

#: What a factory of each group is called with, and what it returns.
GROUPS: Final = {
    "mailsync.sources": "(account: mailsync.config.Account, secret: Callable[[], str]) -> MailSource",
    "mailsync.outboxes": "(account: mailsync.config.Account, secret: Callable[[], str]) -> Outbox",
    "mailsync.notifiers": "(config: mailsync.config.Config) -> Notifier, or None to stay silent",
}

#: How a config names a plug-in where a server's name would stand: host = "plugin:jmap".
PREFIX: Final = "plugin:"


def found(group: str) -> dict[str, EntryPoint]:
    """Return the plug-ins of a group by name; loads none of them."""
    assert group in GROUPS, group
    return {point.name: point for point in entry_points(group=group)}


def make(group: str, name: str, *given: Any) -> Any:
    """Load a plug-in and call its factory. Raises UsageError if it is not there or breaks."""
    points = found(group)
    if name not in points:
        there = ", ".join(sorted(points)) or "none"
        raise UsageError(f"there is no plug-in {name!r} for {group}", f"Installed: {there}.")
    try:
        factory = points[name].load()
        return factory(*given)
    except Exception as error:
        package = points[name].value
        raise UsageError(
            f"the plug-in {name!r} ({package}) breaks: {type(error).__name__}: {error}",
            "Update or remove the package that brought it.",
        ) from error


def named(host: str) -> str:
    """Return the plug-in that a config's host names, "" for a real host."""
    return host.removeprefix(PREFIX) if host.startswith(PREFIX) else ""
