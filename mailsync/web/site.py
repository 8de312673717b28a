"""What every page is made with: who may write, where to read, how a page is drawn and how an error is told."""

import logging
import queue
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import cached_property
from pathlib import Path
from typing import Any, TypeVar

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

import mailsync
from mailsync.app import DATABASE, App
from mailsync.drafting import draft_thread
from mailsync.ledger.sqlite import open_ledger
from mailsync.model.draft import WAITING
from mailsync.model.entry import state_on
from mailsync.model.errors import (
    ConfigError,
    LockedError,
    MailsyncError,
    NotFoundError,
    ServerError,
    StateError,
    UsageError,
)
from mailsync.pipeline import read_one
from mailsync.review import Reviewer
from mailsync.web.incognito import Mask
from mailsync.web.security import Door, own_path
from mailsync.web.shown import Shown

log = logging.getLogger(__name__)

MOST_READERS = 8
#: Seconds that a person waits for the worker to end its turn: a letter may wait longer than a correction.
SHORT_PATIENCE = 3.0

#: What a page says after something was done, by the `done` of its address; nothing else can be put into a notice.
NOTICES = {
    "saved": "The letter is saved.",
    "unchanged": "Nothing was changed.",
    "placed": "The letter lies in your Drafts folder, in the client’s thread.",
    "sent": "The letter was sent.",
    "unclear": "Nobody knows whether the letter was sent. Look in your Sent folder, then say what you found.",
    "held": "The letter is held until its day.",
    "discarded": "The letter is discarded; the reason is kept.",
    "undone": "Taken back.",
    "settled": "Noted.",
    "accepted": "The correction is accepted; a corrected recap waits for you.",
    "disputed": "Both versions stay in the log, side by side.",
    "written": "The letter waits for you.",
    "corrected": "The entry is corrected.",
    "later": "Noted; the entry follows as soon as the worker has read its thread again.",
    "removed": "The entry is removed from the log; its history stays.",
    "restored": "The entry stands in the log again.",
    "kept": "The suggestion stands in the log.",
    "added": "The entry is in the log.",
    "polled": "Looked: the log is up to date.",
    "polled-trouble": "Looked, but not everything went well; Health says what.",
}

UNDOABLE = frozenset({"saved", "held", "discarded"})
UNDOABLE_ENTRIES = frozenset({"corrected", "removed", "kept", "added"})

STATUS: tuple[tuple[type[MailsyncError], int], ...] = (
    (NotFoundError, 404),
    (StateError, 409),
    (LockedError, 409),
    (UsageError, 400),
    (ConfigError, 400),
    (ServerError, 502),
)

Form = Mapping[str, str]
T = TypeVar("T")


def template_folders() -> tuple[Path, ...]:
    """Return where the pages' templates lie: in the package (a wheel) or beside it (a checkout)."""
    package = Path(mailsync.__file__).parent
    return package / "templates" / "web", package.parent / "templates" / "web"


@dataclass(slots=True)
class Site:
    """One served page. `app` writes, one caller at a time; pages read on connections of their own."""

    app: App
    door: Door
    read_only: bool = False
    mask: Mask | None = None
    templates: Environment = field(init=False)
    _readers: "queue.SimpleQueue[App]" = field(default_factory=queue.SimpleQueue)
    _writing: threading.Lock = field(default_factory=threading.Lock)
    _kept: dict[str, tuple[object, Any]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.templates = Environment(
            loader=FileSystemLoader([str(path) for path in template_folders()]),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            finalize=self._finish,
        )

    def _finish(self, value: Any) -> Any:
        """Hide names in everything a template prints, but for markup made from hidden text."""
        if self.mask is not None and isinstance(value, str) and not isinstance(value, Markup):
            return self.mask.hide(value)
        return value

    @contextmanager
    def reading(self) -> Iterator[App]:
        """Lend a connection for one page, so that no page waits for another or for the worker."""
        path = self.app.config.data_dir / DATABASE
        if not path.exists():
            yield self.app
            return
        try:
            reader = self._readers.get_nowait()
        except queue.Empty:
            reader = App(self.app.config, open_ledger(path, read_only=True))
        try:
            yield reader
        finally:
            if self._readers.qsize() < MOST_READERS:
                self._readers.put(reader)
            else:
                reader.close()

    @contextmanager
    def writing(self) -> Iterator[App]:
        """Lend the app that writes, to one caller at a time."""
        with self._writing:
            try:
                yield self.app
            finally:
                self._kept.clear()

    def remember(self, name: str, key: object, make: Callable[[], T]) -> T:
        """Return what `make` returned for this key the last time; made anew for another key or after a change."""
        kept = self._kept.get(name)
        if kept is None or kept[0] != key:
            kept = (key, make())
            self._kept[name] = kept
        made: T = kept[1]
        return made

    def close(self) -> None:
        """Close the readers; `app` belongs to whoever made the site."""
        with suppress(queue.Empty):
            while True:
                self._readers.get_nowait().close()


@dataclass(frozen=True, kw_only=True)
class Page:
    """One request being answered; `app` reads for a view and writes for an action."""

    site: Site
    app: App
    request: Request

    @cached_property
    def today(self) -> date:
        """The user's day."""
        return self.app.today()

    @cached_property
    def reviewer(self) -> Reviewer:
        """What letters and entries are reviewed with."""
        return self.app.reviewer()

    @cached_property
    def shown(self) -> Shown:
        """How dates, people and entries are shown."""
        return Shown(zone=self.app.zone, circle=self.app.circle, now=self.app.now(), today=self.today)

    def remembered(self, name: str, make: Callable[[], T]) -> T:
        """Return what a page gathers from the whole log; made anew when the log has moved, and every minute."""
        key = (self.app.ledger.head(), self.app.now().replace(second=0, microsecond=0))
        return self.site.remember(name, key, make)

    def asked(self, name: str) -> str:
        """Return a value of the address's query, "" where it is not given; a hidden client's name is turned back."""
        value = self.request.query_params.get(name, "")[:2000]
        return self.site.mask.reveal(value) if self.site.mask else value

    def named(self, name: str) -> str:
        """Return a part of the address's path."""
        value = str(self.request.path_params[name])
        return self.site.mask.reveal(value) if self.site.mask else value

    def day(self, name: str) -> date | None:
        """Return a day of the query; None where it is not given or no day."""
        return day_of(self.asked(name))

    def _taken_back(self, name: str, when: frozenset[str]) -> str:
        """Return the id that the notice offers to undo, "" where there is nothing to undo."""
        given = self.asked(name)
        known = self.asked("done") in when and given.isascii() and given.isalnum() and len(given) < 65
        return given if known else ""

    def render(self, template: str, status: int = 200, **facts: Any) -> Response:
        """Draw a page."""
        site = self.site
        always = {
            "shown": self.shown,
            "today": self.today,
            "state_of": lambda entry: state_on(entry, self.today) or "",
            "token": site.door.token(self.request.scope.get("session", "")),
            "keys": self.app.config.web.keys,
            "read_only": site.read_only,
            "incognito": site.mask is not None,
            "locked": site.door.locked,
            "path": self.request.url.path,
            "here": Markup("%s") % own_path(str(self.request.url.path)),  # escaped, and a link: never masked
            "notice": NOTICES.get(self.request.query_params.get("done", ""), ""),
            "undo": self._taken_back("undo", UNDOABLE),
            "undo_entry": self._taken_back("undo_entry", UNDOABLE_ENTRIES),
        }
        text = site.templates.get_template(template).render(always | facts)
        return HTMLResponse(text, status)


def day_of(text: str) -> date | None:
    """Return an ISO date, None for anything else."""
    try:
        return date.fromisoformat(text.strip()[:10])
    except ValueError:
        return None


# ---- answering ----

View = Callable[[Page], Response]
Action = Callable[[Page, Form], Response]


def view(handler: View) -> Callable[[Request], Response]:
    """Answer a GET: runs in a thread with a connection of its own; whatever fails becomes a page with one sentence."""

    def endpoint(request: Request) -> Response:
        site: Site = request.app.state.site
        try:
            with site.reading() as app:
                return handler(Page(site=site, app=app, request=request))
        except MailsyncError as error:
            return refusal(request, status_of(error), str(error), error.hint)
        except Exception:  # ours, or mail stranger than we knew; the trace goes to the log
            log.exception("the page %s failed", request.url.path)
            return our_mistake(request)

    return endpoint


def action(handler: Action, *, always: bool = False) -> Callable[[Request], Any]:
    """Answer a POST: only with the session's token, and (but `always`) not where the page is for reading only."""

    async def endpoint(request: Request) -> Response:
        site: Site = request.app.state.site
        form = await request.form(max_files=0, max_fields=60)
        given = {name: value for name, value in form.items() if isinstance(value, str)}
        if not site.door.accepts(request.scope.get("session", ""), given.get("token", "")):
            hint = "Go back, load the page again and repeat what you did."
            return refusal(request, 403, "This form was not made by this page, or the page was started anew.", hint)
        if site.read_only and not always:
            hint = "Start mailsync serve without --read-only or --incognito to change something."
            return refusal(request, 403, "This page is for reading only; nothing was done.", hint)
        return await run_in_threadpool(_act, handler, request, given)

    return endpoint


def _act(handler: Action, request: Request, form: Form) -> Response:
    site: Site = request.app.state.site
    try:
        with site.writing() as app:
            return handler(Page(site=site, app=app, request=request), form)
    except MailsyncError as error:
        return refusal(request, status_of(error), str(error), error.hint, back=form.get("back", ""))
    except Exception:
        log.exception("the action %s failed", request.url.path)
        return our_mistake(request)


def status_of(error: MailsyncError) -> int:
    """Return the HTTP status for an error that a person can do something about."""
    return next((status for kind, status in STATUS if isinstance(error, kind)), 500)


def refusal(request: Request, status: int, sentence: str, hint: str = "", back: str = "") -> Response:
    """Draw the page of an error: one sentence, and the next step."""
    site: Site = request.app.state.site
    page = Page(site=site, app=site.app, request=request)
    back = own_path(back) if back else ""
    return page.render("error.html", status, sentence=sentence, hint=hint, back=Markup("%s") % back, number=status)


def our_mistake(request: Request) -> Response:
    """Tell the person that something went wrong, without anything of the trace."""
    return refusal(request, 500, "mailsync made a mistake; the log is whole.", "The program’s own log says more.")


def back_to(path: str, done: str, **more: str) -> Response:
    """Send the browser on after something was done (303, so that a reload does not do it again)."""
    path, _, mark = own_path(path).partition("#")
    path, _, query = path.partition("?")
    kept = [pair for pair in query.split("&") if pair and pair.partition("=")[0] not in {"done", "undo", "undo_entry"}]
    pairs = [*kept, f"done={done}", *(f"{name}={value}" for name, value in more.items())]
    return RedirectResponse(f"{path}?{'&'.join(pairs)}" + (f"#{mark}" if mark else ""), 303)


def read_again(app: App, thread: str) -> bool:
    """Read a corrected thread at once and bring its waiting letter up to date; False where a worker is at it."""
    try:
        with app.alone(SHORT_PATIENCE):
            read_one(app.desk(), thread)
            if app.ledger.drafts(sorted(WAITING), thread=thread):
                draft_thread(app.drafting(), thread)
    except LockedError:
        return False
    return True


def morning(app: App, day: date) -> datetime:
    """Return six o'clock of a day in the user's zone."""
    return datetime(day.year, day.month, day.day, 6, tzinfo=app.zone)
