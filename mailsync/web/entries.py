"""One entry: its words, its life, and what a person may say about it."""

import re
from collections.abc import Sequence

from starlette.responses import Response

from mailsync import review
from mailsync.model.entry import Entry, Kind, Tier, Topic, due_day
from mailsync.model.errors import UsageError
from mailsync.model.event import Event
from mailsync.model.mail import Span
from mailsync.model.thread import standing
from mailsync.web.site import Form, Page, back_to, read_again

_PLACE = re.compile(r"(\d{1,8})-(\d{1,8})")

#: Fields of the form, each with what it may hold; None for free words.
CHOICES: dict[str, frozenset[str] | None] = {
    "kind": frozenset(Kind),
    "topic": frozenset(Topic),
    "due": None,
    "amount": None,
    "owner": None,
    "client": None,
}


def entry(page: Page) -> Response:
    """Show one entry with its history."""
    one = page.app.ledger.entry(page.named("entry"))
    events = page.app.ledger.events(subject=one.id)
    return page.render(
        "entry.html",
        entry=one,
        events=events,
        removed=_is_removed(events),
        can_undo=bool(standing(page.app.ledger.corrections(one.thread)).get(one.id)),
        chain=_chain(page, one),
        thread=page.app.ledger.thread(one.thread),
        kinds=tuple(Kind),
        topics=tuple(Topic),
        people=people(page, one.client),
    )


def _is_removed(events: Sequence[Event]) -> bool:
    last = [event.name.value for event in events if event.name.value in ("entry found", "entry moved", "entry dropped")]
    return bool(last) and last[-1] == "entry dropped"


def _chain(page: Page, one: Entry) -> list[Entry]:
    """Return the entries this one replaced, oldest first, itself last."""
    found, wanted = [one], one.replaces
    while wanted and wanted not in {e.id for e in found} and len(found) < 50:
        found.append(page.app.ledger.entry(wanted))
        wanted = found[-1].replaces
    return list(reversed(found))


def people(page: Page, client: str) -> list[str]:
    """Return who may have to act in a client's matter: ourselves and the client's people."""
    circle = page.app.circle
    theirs = [c.email for one in circle.clients if one.key == client for c in one.contacts]
    return [*circle.own, *theirs]


def correct(page: Page, form: Form) -> Response:
    """Keep the fields of an entry that a person changed."""
    one = page.app.ledger.entry(page.named("entry"))
    changes = changed(one, form)
    back = form.get("back", "") or f"/entries/{one.id}"
    if not changes:
        return back_to(back, "unchanged")
    page.app.known_client(changes.get("client") or "")
    review.correct_entry(page.reviewer, one.id, changes, reason=form.get("reason", ""))
    return _back(page, one, back, "corrected")


def changed(one: Entry, form: Form) -> dict[str, str | None]:
    """Return the fields of a form that differ from the entry. Raises UsageError naming what cannot be."""
    terms = one.finding.terms
    was = {
        "kind": one.finding.kind.value,
        "topic": terms.topic.value,
        "due": terms.due,
        "amount": terms.amount,
        "owner": one.finding.owner,
        "client": one.client,
    }
    found: dict[str, str | None] = {}
    for name, allowed in CHOICES.items():
        if name not in form:
            continue
        value = form[name].strip()[:200] or None
        if value == was[name] or (name == "due" and value and was["due"] and value == was["due"][:10]):
            continue
        _refuse_nonsense(name, value, allowed)
        found[name] = value
    return found


def _refuse_nonsense(name: str, value: str | None, allowed: frozenset[str] | None) -> None:
    if allowed is not None and value not in allowed:
        raise UsageError(
            f"there is no {name} {value or 'without a name'}", f"Choose one of {', '.join(sorted(allowed))}."
        )
    if name == "due" and value:
        try:
            due_day(value)
        except ValueError:
            raise UsageError(f"{value} is no day", "Write it like 2026-03-31.") from None


def _before(one: Entry, changes: dict[str, str | None]) -> dict[str, str]:
    """Return what undo puts back; only short plain values travel in the address."""
    del one, changes
    return {}


def remove(page: Page, form: Form) -> Response:
    """Say that an entry is no agreement."""
    one = page.app.ledger.entry(page.named("entry"))
    review.correct_entry(page.reviewer, one.id, {}, removed=True, reason=form.get("reason", ""))
    return _back(page, one, form.get("back", ""), "removed")


def keep(page: Page, form: Form) -> Response:
    """Let a suggestion stand in the log."""
    one = page.app.ledger.entry(page.named("entry"))
    if one.finding.tier is Tier.SUGGESTION:
        review.accept_suggestion(page.reviewer, one.id)
    return _back(page, one, form.get("back", ""), "kept")


def undo(page: Page, form: Form) -> Response:
    """Take back the latest word about an entry."""
    one = page.app.ledger.entry(page.named("entry"))
    review.undo_correction(page.reviewer, one.id)
    return _back(page, one, form.get("back", ""), "undone", undoable=False)


def _back(page: Page, one: Entry, back: str, done: str, *, undoable: bool = True) -> Response:
    """Read the entry's thread again and send the browser on; the notice offers to undo."""
    done = done if read_again(page.app, one.thread) else "later"
    return back_to(back or f"/entries/{one.id}", done, **({"undo_entry": one.id} if undoable else {}))


def add(page: Page, form: Form) -> Response:
    """Keep an entry that a person found in a message."""
    kind = form.get("kind", "")
    if kind not in set(Kind):
        raise UsageError("an entry needs a kind", f"Choose one of {', '.join(Kind)}.")
    place = _PLACE.fullmatch(form.get("place", ""))
    if place is None:
        raise UsageError("an entry needs words of the message", "Select a sentence, or choose a statement.")
    thread = page.app.ledger.thread(form.get("thread", "")).id
    span = Span(int(place[1]), int(place[2]))
    told = review.add_entry(page.reviewer, thread, page.named("digest"), span, Kind(kind))
    done = "added" if read_again(page.app, thread) else "later"
    return back_to(f"/threads/{thread}#e-{told.entry}", done, undo_entry=told.entry)
