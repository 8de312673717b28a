"""The morning's page: what wants a person now, each list short, each line with one obvious next step."""

from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Any

from starlette.responses import Response

from mailsync.app import App
from mailsync.drafting import settlements
from mailsync.model.draft import Draft, DraftState
from mailsync.model.entry import State
from mailsync.model.people import Client
from mailsync.model.ports import Hit
from mailsync.model.settlement import Settlement
from mailsync.review import list_drafts
from mailsync.web.site import Form, Page, back_to

SHORT = 8
SOON, QUIET = timedelta(days=7), timedelta(days=14)
#: How many sent letters are asked for their answers; older ones have been reminded of long ago.
LETTERS_LOOKED_AT = 12
#: Answers that want a person: the client corrected or disputed a line, or did not answer.
TELLING = (State.CORRECTED, State.DISPUTED, State.UNANSWERED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Short:
    """A short list of search results with the query that shows all of them."""

    hits: list[Hit]
    query: str

    @property
    def more(self) -> bool:
        """Whether the query has more to show."""
        return len(self.hits) > SHORT


@dataclass(frozen=True, slots=True, kw_only=True)
class Silence:
    """A client who waits for a word of ours: the mail since which it has been quiet, and whether it is theirs."""

    client: Client
    last: Hit
    theirs: bool


def today(page: Page) -> Response:
    """Show what wants a person."""
    facts = page.remembered("today", lambda: _gather(page))
    if page.site.mask is not None:
        page.site.mask.learn(a for d in facts["drafts"] for a in (*d.to, *d.cc))
    return page.render("today.html", short=SHORT, **facts)


def _gather(page: Page) -> dict[str, Any]:
    """Return everything that the page shows, by the name it has there."""
    app = page.app
    ours, theirs = _owned(app)
    soon = f"{page.today}..{page.today + SOON}"
    yesterday = page.today - timedelta(days=1)
    fresh = app.ledger.entries(since=datetime.combine(yesterday, time(), app.zone), limit=SHORT + 1)
    return {
        "drafts": list_drafts(page.reviewer),
        "our_late": _short(page, f"state:overdue {ours}"),
        "our_soon": _short(page, f"state:open kind:commitment due:{soon} {ours}"),
        "their_late": _short(page, f"state:overdue {theirs}"),
        "their_soon": _short(page, f"state:open due:{soon} {theirs}"),
        "suggestions": _short(page, "is:suggestion"),
        "answers": _answers(page),
        "silent": _silent(page),
        "fresh": list(reversed(fresh)),
        "fresh_query": f"is:entry after:{yesterday}",
        "health": app.health(),
    }


def _owned(app: App) -> tuple[str, str]:
    """Return the part of a query for entries that we must act on, and for those that others must act on."""
    own = app.circle.own
    return " OR ".join(f"owner:{email}" for email in own), " ".join(f"-owner:{email}" for email in own)


def _short(page: Page, query: str) -> Short:
    return Short(hits=page.app.ledger.search(query, limit=SHORT + 1, newest=True), query=query)


def _answers(page: Page) -> list[tuple[Draft, list[Settlement]]]:
    """Return sent letters with the answers that want a person: corrected, disputed or unanswered lines."""
    found = []
    sent = page.app.ledger.drafts((DraftState.SENT,))
    for draft in sorted(sent, key=lambda d: d.changed_at, reverse=True)[:LETTERS_LOOKED_AT]:
        decided = dict(draft.decided)
        answers = settlements(page.reviewer.drafting, draft.thread)
        telling = [s for s in answers if s.draft == draft.id and s.state in TELLING and s.line not in decided]
        if telling:
            found.append((draft, telling))
    return found


def _silent(page: Page) -> list[Silence]:
    """Return the clients whose newest mail is theirs and older than a day, or who have heard nothing for two weeks."""
    app, found = page.app, []
    for client in app.circle.clients:
        mail = f"is:mail client:{client.key}"
        ours = app.ledger.search(f"{mail} {_from(app)}", limit=1, newest=True)
        newest = app.ledger.search(mail, limit=1, newest=True)
        if not newest:
            continue
        last, own = newest[0], ours[0] if ours else None
        waited = own is None or own.digest != last.digest
        if waited and app.now() - last.date > timedelta(days=1):
            found.append(Silence(client=client, last=last, theirs=True))
        elif own is not None and not waited and app.now() - own.date > QUIET:
            found.append(Silence(client=client, last=own, theirs=False))
    return sorted(found, key=lambda one: one.last.date)


def _from(app: App) -> str:
    return " OR ".join(f"from:{email}" for email in app.circle.own)


def look_now(page: Page, _form: Form) -> Response:
    """Do one turn now, as the worker would."""
    turn = page.app.turn()
    return back_to("/", "polled-trouble" if turn.troubles else "polled")
