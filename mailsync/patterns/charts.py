"""Small pictures for the report as inline SVG: readable in print and in the dark, each with its words beside it.

Colours come from the page's style by class; shapes differ too, so that nothing depends on colour.
"""

from collections.abc import Sequence
from datetime import date, timedelta
from html import escape

from mailsync.model.people import Side
from mailsync.patterns.contact import off_hours_kind
from mailsync.patterns.dates import MISSES, Deadline, Outcome
from mailsync.patterns.figures import Figure
from mailsync.patterns.history import History

_WIDTH, _ROW = 720, 34
_BAR, _TALL = 24, 90
#: So many months or dates a picture shows, the latest.
_MONTHS, _DATES = 24, 120
#: The timeline reaches no further than this; what lies beyond stands at its ends.
_SPAN, _AHEAD = timedelta(days=3 * 366), timedelta(days=366)


def spark(figure: Figure) -> str:
    """Return a figure's months as small bars, "" below three months."""
    months = figure.months[-_MONTHS:]
    if len(months) < 3:
        return ""
    most = max(1, *(number for _, number, _ in months))
    bars = [
        f'<rect class="bar" x="{6 * i}" y="{20 - 18 * number / most:.1f}" width="5" height="{18 * number / most:.1f}"/>'
        for i, (_, number, _) in enumerate(months)
        if number
    ]
    words = "; ".join(f"{month:%b %Y}: {number}" for month, number, _ in months if number) or "none"
    return _svg(6 * len(months), 21, f"{figure.rule.title} by month", words, [*bars, _line(0, 20, 6 * len(months), 20)])


def mail_by_month(history: History) -> tuple[str, tuple[tuple[str, int, int, int], ...]]:
    """Return the picture of mail by month, and its numbers: month, the client's, of these off hours, ours."""
    counts: dict[date, list[int]] = {}
    for mail in history.mails:
        if history.counted(mail.at):
            row = counts.setdefault(history.day(mail.at).replace(day=1), [0, 0, 0])
            row[0 if mail.side is Side.CLIENT else 2] += 1
            row[1] += mail.side is Side.CLIENT and bool(off_hours_kind(mail.at, history.hours))
    months = sorted(counts)[-_MONTHS:]
    if not months:
        return "", ()
    most = max(max(counts[m][0], counts[m][2]) for m in months)
    parts = []
    for i, month in enumerate(months):
        theirs, late, ours = (_TALL * n / most for n in counts[month])
        x = i * (_BAR + 6)
        parts += [
            f'<rect class="client" x="{x}" y="{_TALL - theirs:.1f}" width="{_BAR / 2}" height="{theirs:.1f}"/>',
            f'<rect class="late" x="{x}" y="{_TALL - late:.1f}" width="{_BAR / 2}" height="{late:.1f}"/>',
            f'<rect class="us" x="{x + _BAR / 2}" y="{_TALL - ours:.1f}" width="{_BAR / 2}" height="{ours:.1f}"/>',
        ]
        if i % 3 == 0:
            parts.append(f'<text x="{x}" y="{_TALL + 14}">{month:%b %y}</text>')
    width = max(120, len(months) * (_BAR + 6))
    parts.append(_line(0, _TALL, width, _TALL))
    rows = tuple((f"{m:%b %Y}", counts[m][0], counts[m][1], counts[m][2]) for m in months)
    words = "; ".join(f"{name}: client {a}, off hours {b}, us {c}" for name, a, b, c in rows)
    return _svg(width, _TALL + 18, "Mail by month", words, parts), rows


def timeline(dates: Sequence[Deadline], today: date) -> str:
    """Return the dates of both sides along the time: when each was due, and how long past that it took."""
    shown = dates[-_DATES:]
    if not shown:
        return ""
    first = max(min(d.due for d in shown), today - _SPAN)
    last = min(max(today, *(d.due for d in shown)), today + _AHEAD) + timedelta(days=7)
    scale = (_WIDTH - 90) / max(1, (last - first).days)

    def x(day: date) -> float:
        return 80 + (min(max(day, first), last) - first).days * scale

    parts = [f'<text x="0" y="{_ROW * row + 21}">{words}</text>' for row, words in enumerate(("client", "us"))]
    for one in shown:
        y = _ROW * (one.side is Side.US) + 17
        end = one.ended.date() if one.ended else today
        if one.outcome in MISSES and end > one.due:
            parts.append(f'<line class="wait" x1="{x(one.due):.1f}" y1="{y}" x2="{x(end):.1f}" y2="{y}"/>')
        parts.append(_mark(one, x(one.due), y))
    parts += [_line(80, 2 * _ROW, _WIDTH, 2 * _ROW), f'<text x="80" y="{2 * _ROW + 14}">{first:%-d %b %Y}</text>']
    parts.append(f'<line class="today" x1="{x(today):.1f}" y1="0" x2="{x(today):.1f}" y2="{2 * _ROW}"/>')
    parts.append(f'<text x="{x(today) - 4:.1f}" y="{2 * _ROW + 14}" text-anchor="end">today</text>')
    missed = sum(d.outcome in MISSES for d in shown)
    return _svg(_WIDTH, 2 * _ROW + 18, "Dates of both sides", f"{len(shown)} dates, {missed} missed", parts)


def _mark(one: Deadline, x: float, y: int) -> str:
    """Return a date's mark: a circle for one kept, a square for one missed, a ring for one open, moved or dropped."""
    words = escape(f"{one.due:%-d %b %Y}, {one.outcome.value}: {one.entry.finding.evidence.quote[:120]}")
    if one.outcome in MISSES:
        return f'<rect class="missed" x="{x - 4:.1f}" y="{y - 4}" width="8" height="8"><title>{words}</title></rect>'
    kind = "kept" if one.outcome is Outcome.KEPT else "ring"
    return f'<circle class="{kind}" cx="{x:.1f}" cy="{y}" r="4"><title>{words}</title></circle>'


def _line(x1: float, y1: float, x2: float, y2: float) -> str:
    return f'<line class="axis" x1="{x1}" y1="{y1}" x2="{x2}" y2="{y2}"/>'


def _svg(width: float, height: float, title: str, words: str, parts: Sequence[str]) -> str:
    head = f'<svg viewBox="0 0 {width:g} {height:g}" width="{width:g}" height="{height:g}" role="img"'
    return f'{head} aria-label="{escape(f"{title}. {words}")}"><title>{escape(title)}</title>{"".join(parts)}</svg>'
