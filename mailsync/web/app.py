"""Joins the pages into one application: every address, what answers it, and the guard around all of them."""

from pathlib import Path

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from mailsync.app import App
from mailsync.model.errors import MailsyncError
from mailsync.web import clients, drafts, entries, health, log, login, mail, thread, today
from mailsync.web.incognito import Mask
from mailsync.web.security import Door, Guard, Names
from mailsync.web.site import Action, Site, View, action, refusal, status_of, view

PAGES: tuple[tuple[str, View], ...] = (
    ("/", today.today),
    ("/drafts", drafts.drafts),
    ("/drafts/{draft}", drafts.draft),
    ("/log", log.log),
    ("/log.csv", log.as_csv),
    ("/log.json", log.as_json_file),
    ("/entries/{entry}", entries.entry),
    ("/threads/{thread}", thread.thread),
    ("/messages/{digest}/html", mail.as_html),
    ("/messages/{digest}/frame", mail.frame),
    ("/messages/{digest}/raw", mail.raw),
    ("/messages/{digest}/raw.eml", mail.raw_file),
    ("/messages/{digest}/attachments/{number:int}", mail.attachment),
    ("/clients", clients.clients),
    ("/clients/{client}", clients.client),
    ("/clients/{client}/patterns", clients.patterns),
    ("/health", health.health),
    ("/keys", health.keys),
    ("/login", login.login_page),
)
ACTIONS: tuple[tuple[str, Action], ...] = (
    ("/drafts/{draft}/save", drafts.save),
    ("/drafts/{draft}/approve", drafts.approve),
    ("/drafts/{draft}/send", drafts.send),
    ("/drafts/{draft}/hold", drafts.hold),
    ("/drafts/{draft}/discard", drafts.discard),
    ("/drafts/{draft}/undo", drafts.undo),
    ("/drafts/{draft}/settle", drafts.settle),
    ("/drafts/{draft}/accept", drafts.accept),
    ("/drafts/{draft}/dispute", drafts.dispute),
    ("/threads/{thread}/letter", drafts.write),
    ("/entries/{entry}/correct", entries.correct),
    ("/entries/{entry}/remove", entries.remove),
    ("/entries/{entry}/keep", entries.keep),
    ("/entries/{entry}/undo", entries.undo),
    ("/messages/{digest}/entries", entries.add),
    ("/poll", today.look_now),
)
#: Changes nothing in the log, so it works where the page is for reading only.
DOORS: tuple[tuple[str, Action], ...] = (("/login", login.login), ("/logout", login.logout))


def create_app(
    app: App,
    *,
    door: Door | None = None,
    names: Names | None = None,
    read_only: bool = False,
    incognito: bool = False,
) -> Starlette:
    """Return the web page over `app`.

    `door` says who is let in (everybody, if not given), `names` which Host headers are answered (this machine's, on
    any port). With `read_only` nothing can be changed; `incognito` also hides names and amounts.
    """
    site = Site(
        app=app,
        door=door or Door(password_hash=app.config.web.password_hash),
        read_only=read_only or incognito,
        mask=Mask(app.circle) if incognito else None,
    )
    made = Starlette(
        routes=[
            *(Route(path, view(page), methods=["GET"]) for path, page in PAGES),
            *(Route(path, action(act), methods=["POST"]) for path, act in ACTIONS),
            *(Route(path, action(act, always=True), methods=["POST"]) for path, act in DOORS),
            Mount("/static", StaticFiles(directory=Path(__file__).parent / "static")),
        ],
        middleware=[Middleware(Guard, door=site.door, names=names or Names())],
        exception_handlers={HTTPException: _http_error, MailsyncError: _own_error},
    )
    made.state.site = site
    return made


async def _http_error(request: Request, error: Exception) -> Response:
    status = error.status_code if isinstance(error, HTTPException) else 500
    sentences = {
        404: "There is no such page.",
        405: "This is not done here.",
        400: "This request cannot be understood.",
    }
    return refusal(request, status, sentences.get(status, "This cannot be done."), "Today is a good place to start.")


async def _own_error(request: Request, error: Exception) -> Response:
    known = error if isinstance(error, MailsyncError) else MailsyncError(str(error))
    return refusal(request, status_of(known), str(known), known.hint)
