"""The log: one search box with facets, results as one types, chains of terms, and downloads."""

import csv
import io
import json
from dataclasses import dataclass
from datetime import date
from urllib.parse import urlencode

from markupsafe import Markup
from starlette.responses import Response

from mailsync.model.entry import Entry, Kind, State, Topic, as_json
from mailsync.model.errors import NotFoundError
from mailsync.model.mail import Address
from mailsync.model.ports import Hit
from mailsync.web.mail import download
from mailsync.web.shown import marked
from mailsync.web.site import Page

STEP = 25
MOST_ROWS = 20_000
FURTHEST = 100_000
WHAT = (
    ("entries", "is:entry"), ("mail", "is:mail"), ("suggestions", "is:suggestion"), ("vague", "is:vague"),
    ("conditional", "is:conditional"), ("with amount", "has:amount"), ("with attachment", "has:attachment"),
)  # fmt: skip
COLUMNS = (
    "id", "date", "client", "side", "kind", "state", "who", "owner", "due", "amount", "topic", "conditional", "vague",
    "quote", "answers", "replaces", "tier", "confidence", "because", "thread", "message_id",
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Facet:
    """One filter as a link: what it says, the query it leads to, whether it is set now."""

    name: str
    query: str
    chosen: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """A hit ready to be drawn: its words in pieces, and the older terms it replaced, oldest first."""

    hit: Hit
    pieces: list[tuple[bool, str]]
    older: tuple[Entry, ...]


def log(page: Page) -> Response:
    """Show search results; htmx asks for the results alone."""
    query, as_of, start = page.asked("q"), page.day("as_of"), _start(page.asked("from"))
    newest = page.asked("order") != "best"
    hits = page.app.ledger.search(query, as_of=as_of, limit=STEP + 1, offset=start, newest=newest)
    if page.site.mask is not None:
        _learn(page, hits)
    only_results = page.request.headers.get("hx-request") == "true"
    return page.render(
        "log_results.html" if only_results else "log.html",
        query=query,
        as_of=as_of,
        newest=newest,
        start=start,
        step=STEP,
        more=len(hits) > STEP,
        results=[_result(page, hit) for hit in hits[:STEP]],
        facets=_facets(page, query),
        link=lambda **changed: Markup("%s") % _link(page, query, as_of, newest=newest, **changed),
        day=as_of or page.today,
    )


def _start(text: str) -> int:
    return min(int(text), FURTHEST) if text.isdecimal() and len(text) < 9 else 0


def _learn(page: Page, hits: list[Hit]) -> None:
    assert page.site.mask is not None
    for hit in hits:
        name, _, email = hit.sender.rpartition(" <")
        page.site.mask.learn([Address(email=email.rstrip(">"), name=name)])


def _result(page: Page, hit: Hit) -> Result:
    return Result(
        hit=hit, pieces=marked(hit.excerpt, hit.marks), older=tuple(page.app.ledger.entry(old) for old in hit.chain)
    )


def _link(page: Page, query: str, as_of: date | None, *, newest: bool, to: str = "/log", **changed: str | int) -> str:
    """Return the address of these results with something changed; in incognito without clients' names."""
    values = {"q": query, "as_of": as_of.isoformat() if as_of else "", "order": "" if newest else "best"} | changed
    if page.site.mask is not None:
        values["q"] = page.site.mask.alias(str(values["q"]))
    return f"{to}?{urlencode({name: value for name, value in values.items() if value})}"


# ---- facets ----


def _facets(page: Page, query: str) -> list[tuple[str, list[Facet]]]:
    """Return the filters one can click, by group; a set one leads back to the query without it."""
    clients = [(c.name, f"client:{c.key}") for c in page.app.circle.clients]
    own = page.app.circle.own[0]
    year = page.today.year
    groups: list[tuple[str, list[tuple[str, str]]]] = [
        ("Kind", [(kind.value, f"kind:{kind}") for kind in Kind]),
        ("State", [(state.value, f"state:{state}") for state in State]),
        ("Whose turn", [("ours", f"owner:{own}"), ("not ours", f"-owner:{own}")]),
        ("Said by", [("us", "is:us"), ("the client", "is:client"), ("others", "is:third")]),
        ("Client", clients),
        ("Topic", [(topic.value, f"topic:{topic}") for topic in Topic]),
        ("When", [("today", "on:today"), *((str(y), f"on:{y}") for y in (year, year - 1))]),
        ("What", list(WHAT)),
    ]  # fmt: skip
    words = query.split()
    return [(title, [_facet(name, term, words, [t for _, t in rows]) for name, term in rows]) for title, rows in groups]


def _facet(name: str, term: str, words: list[str], group: list[str]) -> Facet:
    chosen = term in words
    others = [word for word in words if word not in group]
    return Facet(name=name, query=" ".join(others if chosen else [*others, term]), chosen=chosen)


# ---- downloads ----


def as_csv(page: Page) -> Response:
    """Hand out the found entries as a table; no cell is taken for a formula by a spreadsheet."""
    rows = _found(page)
    text = io.StringIO()
    out = csv.writer(text)
    out.writerow(COLUMNS)
    out.writerows([cell(row.get(name)) for name in COLUMNS] for row in rows)
    return download(text.getvalue().encode("utf-8-sig"), "mailsync-log.csv", "text/csv; charset=utf-8")


def as_json_file(page: Page) -> Response:
    """Hand out the found entries in the documented JSON shape."""
    return download(
        json.dumps(_found(page), ensure_ascii=False, indent=1).encode(), "mailsync-log.json", "application/json"
    )


def _found(page: Page) -> list[dict[str, object]]:
    if page.site.mask is not None:
        raise NotFoundError("nothing is handed out in incognito", "Start mailsync serve without --incognito.")
    as_of = page.day("as_of")
    query = f"{page.asked('q')} is:entry"
    hits = page.app.ledger.search(query, as_of=as_of, limit=MOST_ROWS, newest=True)
    return [as_json(hit.entry, as_of or page.today) for hit in hits if hit.entry]


def cell(value: object) -> str:
    """Return a value for a table: what a spreadsheet would take for a formula gets an apostrophe in front."""
    text = "" if value is None else str(value).lower() if isinstance(value, bool) else str(value)
    return f"'{text}" if text.lstrip()[:1] in ("=", "+", "-", "@") or text[:1] in ("\t", "\r", "\n") else text
