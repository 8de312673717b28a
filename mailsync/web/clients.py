"""A client at a glance: people and who decides, what was agreed at the start, what is open, a picture of the time."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from starlette.responses import Response

from mailsync.clients import history_of
from mailsync.model.draft import WAITING
from mailsync.model.entry import Entry, State, due_day, state_on
from mailsync.model.errors import NotFoundError
from mailsync.model.people import Client, Side
from mailsync.patterns.report import Report, report
from mailsync.web.site import Page

OPEN, CASES = 20, 5
LOOKED_AT = 600
SPAN = timedelta(days=182)
OPEN_STATES = (State.OVERDUE, State.OPEN, State.AGREED, State.AWAITING, State.UNANSWERED, State.DISPUTED)
_WIDTH, _DOT = 960, 9


@dataclass(frozen=True, slots=True, kw_only=True)
class Dot:
    """An entry in the picture: `x` from 0 to 960, `y` its row's height, what it says when pointed at."""

    x: int
    y: int
    kind: str
    title: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """The last half year: entries of both sides, due days still to come, months along the foot."""

    dots: tuple[Dot, ...]
    months: tuple[tuple[int, str], ...]
    today: int
    summary: str


def clients(page: Page) -> Response:
    """List the clients with what is open on each side."""
    return page.render("clients.html", rows=page.remembered("clients", lambda: _rows(page)))


def _rows(page: Page) -> list[tuple[Client, int, int, datetime | None]]:
    """Return each client with the number of overdue entries (at most 100), of letters to review, and its last mail."""
    rows = []
    for client in page.app.circle.clients:
        late = page.app.ledger.search(f"client:{client.key} state:overdue", limit=100)
        latest = page.app.ledger.search(f"client:{client.key} is:mail", limit=1, newest=True)
        letters = page.app.ledger.drafts(sorted(WAITING), client=client.key)
        rows.append((client, len(late), len(letters), latest[0].date if latest else None))
    return rows


def client(page: Page) -> Response:
    """Show one client."""
    one = _client(page)
    entries = page.app.ledger.entries(client=one.key, limit=LOOKED_AT)
    standing = [e for e in entries if state_on(e, page.today) in OPEN_STATES]
    ours = [e for e in standing if _ours(page, e)]
    theirs = [e for e in standing if not _ours(page, e)]
    letters = sorted(page.app.ledger.drafts(client=one.key), key=lambda d: d.changed_at, reverse=True)
    threads = page.app.ledger.threads(one.key)
    return page.render(
        "client.html",
        client=one,
        ours=_pressing(ours, page.today),
        theirs=_pressing(theirs, page.today),
        numbers=(len(ours), len(theirs)),
        letters=letters[:OPEN],
        threads=threads[:OPEN],
        number_of_threads=len(threads),
        picture=picture(page, entries),
    )


def patterns(page: Page) -> Response:
    """Show a client's habits and ours by the same rules, each with its proof."""
    one = _client(page)
    told = page.remembered(f"patterns {one.key}", lambda: _report(page, one))
    if page.site.mask is not None:
        page.site.mask.learn(a for d in page.app.ledger.drafts(client=one.key) for a in (*d.to, *d.cc))
    counted = [figure for figure in told.figures if figure.number]
    return page.render(
        "patterns.html",
        client=one,
        signs=[figure for figure in counted if figure.sign],
        others=[figure for figure in counted if not figure.sign],
        shown_cases=CASES,
    )


def _report(page: Page, one: Client) -> Report:
    app = page.app
    gathered = history_of(app.ledger, app.circle, app.config.hours(), one.key, now=app.now())
    return report(gathered, hostile=app.config.patterns.hostile)


def _client(page: Page) -> Client:
    key = page.named("client")
    found = next((c for c in page.app.circle.clients if c.key == key), None)
    if found is None:
        raise NotFoundError("there is no such client", "The clients page lists those of the configuration.")
    return found


def _ours(page: Page, entry: Entry) -> bool:
    owner = entry.finding.owner
    return page.app.circle.side(owner) is Side.US if owner else entry.finding.side is Side.US


def _pressing(entries: list[Entry], today: date) -> list[Entry]:
    """Return the overdue ones first, then by due day, those without one last and newest first."""
    newest = sorted(entries, key=lambda e: e.finding.date, reverse=True)
    late = State.OVERDUE
    return sorted(newest, key=lambda e: (state_on(e, today) is not late, e.finding.terms.due or "9999"))[:OPEN]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Scale:
    """The days that the picture spans, and where each stands."""

    begin: date
    end: date

    def holds(self, day: date) -> bool:
        return self.begin <= day <= self.end

    def place(self, day: date) -> int:
        return round((day - self.begin).days / (self.end - self.begin).days * _WIDTH)

    def months(self) -> Iterator[tuple[int, str]]:
        day = (self.begin.replace(day=1) + timedelta(days=32)).replace(day=1)
        while day <= self.end:
            yield self.place(day), f"{day:%b}" if day.month > 1 else f"{day:%b %Y}"
            day = (day + timedelta(days=32)).replace(day=1)


def picture(page: Page, entries: Sequence[Entry]) -> Picture:
    """Return the last half year as dots: ours above the line, theirs below it, due days as rings after today."""
    scale = _Scale(begin=page.today - SPAN, end=page.today + SPAN / 6)
    points = [point for entry in entries for point in _points(page, entry) if scale.holds(point[0])]
    stacked: Counter[tuple[int, bool]] = Counter()
    dots = []
    for day, ours, kind, title in points:
        column = scale.place(day) // _DOT
        height = 9 * min(stacked[column, ours], 7)  # dots of nearly the same day are stacked away from the line
        stacked[column, ours] += 1
        dots.append(Dot(x=column * _DOT + 4, y=78 - height if ours else 102 + height, kind=kind, title=title))
    number = sum(ours for _, ours, _, _ in points)
    summary = f"{number} points on our side and {len(dots) - number} on the client’s, {scale.begin} to {scale.end}"
    return Picture(dots=tuple(dots), months=tuple(scale.months()), today=scale.place(page.today), summary=summary)


def _points(page: Page, entry: Entry) -> Iterator[tuple[date, bool, str, str]]:
    """Yield day, whose side, kind and title of an entry, and of its due day where that is still to come."""
    finding, due = entry.finding, entry.finding.terms.due
    words = finding.evidence.quote[:120]
    day = finding.date.astimezone(page.app.zone).date()
    yield day, finding.side is Side.US, finding.kind.value, f"{day}: {words}"
    if due and due_day(due) >= page.today and state_on(entry, page.today) in OPEN_STATES:
        yield due_day(due), _ours(page, entry), "due", f"due {due[:10]}: {words}"
