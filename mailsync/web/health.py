"""Is it working? Accounts, folders, last polls, counts, troubles, version and log head."""

from datetime import timedelta

from starlette.responses import Response

from mailsync import __version__
from mailsync.web.site import Page

TROUBLES = 100


def health(page: Page) -> Response:
    """Show how every account and folder fares."""
    counts = page.app.ledger.counts()
    since = page.app.now() - timedelta(days=30)
    return page.render(
        "health.html",
        health=page.app.health(),
        folders=[count for count in counts if count.folder],
        outcomes=sorted({outcome for count in counts for outcome in count.outcomes}),
        troubles=page.app.ledger.troubles(since)[:TROUBLES],
        unread=len(page.app.ledger.unread_threads()),
        version=__version__,
    )


def keys(page: Page) -> Response:
    """List the keyboard commands."""
    return page.render("keys.html")
