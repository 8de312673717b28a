"""Letters: the list, and one beside the words it stands on, with everything a person may do to it."""

from collections.abc import Callable, Mapping, Sequence

from starlette.responses import Response

from mailsync import review
from mailsync.drafting import make
from mailsync.model.draft import WAITING, Draft, DraftState, Letter
from mailsync.model.entry import Entry, Kind, Topic
from mailsync.model.errors import NotFoundError, StateError, UsageError
from mailsync.model.thread import ReadMessage
from mailsync.recap.check import Level
from mailsync.web.shown import around, differences
from mailsync.web.site import Form, Page, back_to, day_of, morning

PAGE = 50
#: States that undo leads back from; a placed letter only when the user has deleted it in their mail program.
TAKEN_BACK = (DraftState.DISCARDED, DraftState.HELD, DraftState.PLACED)
#: Letters a person can have written from a thread with nothing but a click; the others want words of theirs first.
ASKED_FOR = (Letter.RECAP, Letter.STATUS, Letter.REMINDER, Letter.CLOSING, Letter.HANDOVER)


def drafts(page: Page) -> Response:
    """List the letters that wait, or all of them."""
    everything, client = page.asked("all") == "1", page.asked("client")
    found = review.list_drafts(page.reviewer, everything=everything, client=client)
    if everything:
        found = sorted(found, key=lambda d: d.changed_at, reverse=True)
    start = _start(page.asked("from"))
    return page.render(
        "drafts.html",
        found=found[start : start + PAGE],
        number=len(found),
        everything=everything,
        client=client,
        start=start,
        step=PAGE,
    )


def _start(text: str) -> int:
    return min(int(text), 1_000_000) if text.isdecimal() and len(text) < 9 else 0


def draft(page: Page) -> Response:
    """Show one letter with its evidence."""
    seen = review.look(page.reviewer, page.named("draft"))
    one = seen.draft
    if page.site.mask is not None:
        page.site.mask.learn((*one.to, *one.cc))
    everything = page.app.ledger.entries(thread=one.thread)
    reads = page.app.ledger.read_messages(one.thread)
    texts = {read.message.digest: read.message.text for read in reads}
    terms = {entry.id: entry for entry in everything}
    account = page.app.config.account(one.account)
    return page.render(
        "draft.html",
        seen=seen,
        draft=one,
        terms=terms,
        context=lambda entry: around(texts.get(entry.finding.evidence.digest, ""), entry.finding.evidence.span),
        chain=lambda entry: _chain(entry.id, terms),
        answers={s.line: s for s in seen.answers},
        decided=dict(one.decided),
        changed=differences(one.written, one.body) if one.written and one.body != one.written else [],
        news=_news(reads, one) if one.state in WAITING else [],
        stops=[r for r in seen.remarks if r.level is Level.STOP],
        waiting=one.state in WAITING,
        can_undo=one.state in TAKEN_BACK or (one.state in WAITING and one.body != one.written),
        can_send=account is not None and account.smtp is not None,
        thread=page.app.ledger.thread(one.thread),
        kinds=tuple(Kind),
        topics=tuple(Topic),
        rows=min(40, max(12, one.body.count("\n") + sum(len(line) // 80 for line in one.body.split("\n")) + 2)),
    )


def _chain(entry: str, terms: Mapping[str, Entry]) -> list[Entry]:
    """Return the entries that led to this one, oldest first, itself last."""
    found: list[Entry] = []
    one = terms.get(entry)
    while one is not None and one not in found and len(found) < 50:
        found.append(one)
        one = terms.get(one.replaces) if one.replaces else None
    return list(reversed(found))


def _news(reads: Sequence[ReadMessage], one: Draft) -> list[ReadMessage]:
    """Return the thread's messages that came after the letter was written or last edited."""
    seen = set(one.seen)
    return [read for read in reads if seen and read.message.digest not in seen]


# ---- what a person may do ----


def _changing(
    work: Callable[[Page, Draft, Form], tuple[Draft, str]], *, home: str = ""
) -> Callable[[Page, Form], Response]:
    """Return an action on a letter: refuses one that changed since it was shown, keeps what was typed, then acts."""

    def act(page: Page, form: Form) -> Response:
        one = page.app.ledger.draft(page.named("draft"))
        if form.get("version") not in (None, one.changed_at.isoformat()):
            raise StateError("this letter changed since you opened it", "Load it again, then decide.")
        after, done = work(page, one, form)
        leads = home or f"/drafts/{after.id}"
        return back_to(leads, done, undo=after.id)

    return act


def _typed(page: Page, one: Draft, form: Form) -> Draft:
    """Keep the text of the page's letter where it differs from the kept one."""
    body = form.get("body")
    if body is None or one.state not in WAITING:
        return one
    text = body.replace("\r\n", "\n").strip() + "\n"
    return one if text == one.body.strip() + "\n" else review.edit(page.reviewer, one.id, text)


def _save(page: Page, one: Draft, form: Form) -> tuple[Draft, str]:
    after = _typed(page, one, form)
    return after, "saved" if after is not one else "unchanged"


def _approve(page: Page, one: Draft, form: Form) -> tuple[Draft, str]:
    _typed(page, one, form)
    with page.app.alone():
        return review.approve(page.reviewer, one.id, anyway="anyway" in form), "placed"


def _send(page: Page, one: Draft, form: Form) -> tuple[Draft, str]:
    _typed(page, one, form)
    with page.app.alone():
        after = review.send(page.reviewer, one.id, anyway="anyway" in form)
    return after, "unclear" if after.state is DraftState.UNCLEAR else "sent"


def _hold(page: Page, one: Draft, form: Form) -> tuple[Draft, str]:
    until = day_of(form.get("until", ""))
    if until is None:
        raise UsageError("holding a letter needs a day", "Choose the day on which it shall come back.")
    _typed(page, one, form)
    return review.hold(page.reviewer, one.id, morning(page.app, until)), "held"


def _discard(page: Page, one: Draft, form: Form) -> tuple[Draft, str]:
    return review.discard(page.reviewer, one.id, form.get("reason", "")), "discarded"


def _undo(page: Page, one: Draft, _form: Form) -> tuple[Draft, str]:
    return review.undo(page.reviewer, one.id), "undone"


def _settle(page: Page, one: Draft, form: Form) -> tuple[Draft, str]:
    return review.say_what_happened(page.reviewer, one.id, sent=form.get("sent") == "yes"), "settled"


def _accept(page: Page, one: Draft, form: Form) -> tuple[Draft, str]:
    return review.accept_correction(page.reviewer, one.id, _line(form)), "accepted"


def _dispute(page: Page, one: Draft, form: Form) -> tuple[Draft, str]:
    return review.dispute(page.reviewer, one.id, _line(form)), "disputed"


def _line(form: Form) -> int:
    text = form.get("line", "")
    if not text.isdecimal() or len(text) > 4:
        raise UsageError("no line of the letter was named", "Use the button beside the line.")
    return int(text)


save, approve, send = _changing(_save), _changing(_approve, home="/"), _changing(_send)
hold, discard, undo = _changing(_hold, home="/"), _changing(_discard, home="/"), _changing(_undo)
settle, accept, dispute = _changing(_settle), _changing(_accept), _changing(_dispute)


def write(page: Page, form: Form) -> Response:
    """Write a letter about a thread now."""
    wanted = form.get("letter", Letter.RECAP.value)
    if wanted not in {letter.value for letter in ASKED_FOR}:
        raise NotFoundError(
            "there is no such letter to be written with a click", "mailsync drafts make writes the others."
        )
    done = make(page.app.drafting(), page.app.ledger.thread(page.named("thread")).id, Letter(wanted))
    return back_to(f"/drafts/{done.id}", "written")
