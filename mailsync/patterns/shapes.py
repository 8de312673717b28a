"""The documented JSON shapes of reports and digests."""

from typing import Any

from mailsync.model.entry import as_json as entry_json
from mailsync.patterns.alerts import Digest, alert_json
from mailsync.patterns.dates import Deadline
from mailsync.patterns.figures import Case, Figure
from mailsync.patterns.report import Exit, Report, Review
from mailsync.patterns.scope import Extra, Judged


def report_json(told: Report) -> dict[str, Any]:
    """Return a report; dates are ISO 8601, messages digests, entries and threads ids."""
    history = told.history
    return {
        "client": history.client.key,
        "name": history.client.name,
        "as_of": history.now.isoformat(timespec="seconds"),
        "since": history.since.isoformat(timespec="seconds") if history.since else None,
        "mails": sum(history.counted(mail.at) for mail in history.mails),
        "entries": sum(history.counted(entry.finding.date) for entry in history.entries),
        "figures": [figure_json(one) for one in told.figures],
        "deadlines": [deadline_json(one) for one in told.deadlines],
        "requests": [_judged_json(one) for one in told.requests],
        "extras": [_extra_json(one) for one in told.extras],
        "vague": [{"line": line, "words": words} for line, words in told.vague],
    }


def figure_json(one: Figure) -> dict[str, Any]:
    """Return one figure with its rule and the cases behind it."""
    return {
        "key": one.rule.key,
        "title": one.rule.title,
        "side": one.side.value,
        "number": one.number,
        "of": one.out_of,
        "share": round(one.share, 3),
        "middle": one.middle,
        "worst": one.worst,
        "unit": one.rule.unit or None,
        "course": one.course or None,
        "sign": one.sign,
        "letter": one.letter.value if one.letter else None,
        "counts": one.rule.counts,
        "out_of": one.rule.out_of,
        "remark": one.remark or None,
        "months": [{"month": f"{month:%Y-%m}", "number": n, "of": of} for month, n, of in one.months],
        "cases": [case_json(case) for case in one.cases],
    }


def case_json(one: Case) -> dict[str, Any]:
    """Return one case with its proof."""
    return {
        "at": one.at.isoformat(),
        "what": one.what,
        "quote": one.quote,
        "person": one.person,
        "measure": one.measure,
        "thread": one.thread,
        "messages": list(one.messages),
        "entries": list(one.entries),
    }


def deadline_json(one: Deadline) -> dict[str, Any]:
    """Return one date with what became of it, and the answers that were waited for."""
    return {
        "entry": one.entry.id,
        "message": one.entry.finding.evidence.digest,
        "quote": one.entry.finding.evidence.quote,
        "side": one.side.value,
        "due": one.due.isoformat(),
        "outcome": one.outcome.value,
        "ended": one.ended.isoformat() if one.ended else None,
        "late": one.late,
        "waited": one.waited,
        "inputs": [entry.id for entry in one.inputs],
    }


def digest_json(one: Digest) -> dict[str, Any]:
    """Return a digest: alerts, the figures with what is new, and early signs by key."""
    return {
        "client": one.client,
        "since": one.since.isoformat(timespec="seconds"),
        "alerts": [alert_json(alert) for alert in one.alerts],
        "news": [figure_json(figure) for figure in one.news],
        "early": [figure.rule.key for figure in one.early],
    }


def exit_json(one: Exit, told: Report) -> dict[str, Any]:
    """Return the exit check: signs of both sides by key, and what either side owes as entries."""
    today = told.history.today
    return {
        "grave": one.grave,
        "reasons": [f.rule.key for f in one.reasons],
        "mirror": [f.rule.key for f in one.mirror],
        "ours": [entry_json(entry, today) for entry in one.ours],
        "theirs": [entry_json(entry, today) for entry in one.theirs],
    }


def review_json(one: Review) -> dict[str, Any]:
    """Return the review: the first signal, the missed answers, what changed, and every case in order."""
    first = one.first
    return {
        "first": {"key": first[0].rule.key, "side": first[0].side.value, **case_json(first[1])} if first else None,
        "missed": [case_json(case) for case in one.missed],
        "changed": [case_json(case) for case in one.turned],
        "cases": [{"key": f.rule.key, "side": f.side.value, **case_json(case)} for _, f, case in one.cases],
    }


def _judged_json(one: Judged) -> dict[str, Any]:
    return {
        "entry": one.request.id,
        "message": one.request.finding.evidence.digest,
        "quote": one.request.finding.evidence.quote,
        "verdict": one.verdict.value,
        "line": one.line or None,
        "because": one.because,
    }


def _extra_json(one: Extra) -> dict[str, Any]:
    return _judged_json(one.judged) | {
        "taken": one.taken.id if one.taken else None,
        "early": one.early.id if one.early else None,
        "price": one.price or None,
        "hours": str(one.hours),
        "sums": list(one.sums),
    }
