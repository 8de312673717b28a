"""The scope guard: whether what a client asks for is part of what was agreed, and what was done beyond it unpaid."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from enum import StrEnum

from mailsync.extract.affinity import stems
from mailsync.extract.topics import find_cues
from mailsync.model.draft import Letter
from mailsync.model.entry import Entry, Kind, State, Topic
from mailsync.model.people import Baseline, Side
from mailsync.patterns.cues import Cue, found
from mailsync.patterns.figures import Rule, Seen, case_of
from mailsync.patterns.history import History, owner_side

#: The part of a baseline line's words that a request must share with it.
_ALIKE = 0.5
_NOT_WORK = frozenset({Topic.PAYMENT, Topic.MEETING, Topic.ACCESS, Topic.DEADLINE, Topic.BUDGET})
_STANDING = frozenset({State.AGREED, State.CONFIRMED, State.DONE})

EXTRAS = Rule(
    key="extras",
    title="Asked for beyond the agreement",
    counts="a request for work that the baseline lists as outside, or that our side answered as not being part of the "
    "agreement.",
    out_of="requests for work by the client",
    unit="",
    least=3,
    share=0.1,
    sides=(Side.CLIENT,),
    letter=((Side.CLIENT, Letter.CHANGE_ORDER),),
)
UNPAID = Rule(
    key="unpaid-extras",
    title="Extra work unpaid",
    counts="a request beyond the agreement, counted as above, that our side took on or reported done although no price "
    "for it was agreed in its thread. The remark adds up the hours and sums named for these.",
    out_of="requests beyond the agreement",
    unit="",
    least=2,
    share=0.2,
    sides=(Side.CLIENT,),
    letter=((Side.CLIENT, Letter.CHANGE_ORDER),),
)
EARLY_YES = Rule(
    key="early-yes",
    title="Our yes before a price was agreed",
    counts="a promise or a yes of ours to a request beyond the agreement, given before any price for it was agreed.",
    out_of="requests beyond the agreement",
    unit="",
    least=2,
    share=0.2,
    sides=(Side.US,),
    letter=((Side.US, Letter.CHANGE_ORDER),),
)


class Verdict(StrEnum):
    """How a request stands to the baseline."""

    INSIDE = "inside"
    OUTSIDE = "outside"
    UNCLEAR = "unclear"


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """A request with its verdict: `line` is the baseline's that decided, `because` says why in words."""

    request: Entry
    verdict: Verdict
    line: str
    because: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Extra:
    """A request beyond the agreement: who of us took it on (`taken`), and what price was agreed (`price`, may be "").

    `early` is our yes where it came before any price was agreed; `hours` and `sums` were named for it.
    """

    judged: Judged
    taken: Entry | None
    early: Entry | None
    price: str
    hours: Decimal
    sums: tuple[str, ...]


def judge(text: str, baseline: Baseline) -> tuple[Verdict, str, str]:
    """Compare the words of a request with the baseline; return verdict, the line that decided, and why."""
    asked = stems(text)
    scores = {
        name: max(((_alike(asked, line), line) for line in lines), default=(0.0, ""))
        for name, lines in (("inside", baseline.inside), ("outside", baseline.outside), ("grey", baseline.grey))
    }
    best = max(score for score, _ in scores.values())
    leading = [name for name, (score, _) in scores.items() if score == best]
    if best < _ALIKE:
        why = "no line of the baseline speaks of it" if any(scores[n][1] for n in scores) else "there is no baseline"
        return Verdict.UNCLEAR, "", why
    line = scores[leading[0]][1]
    shared = ", ".join(sorted(w for w in text.split() if stems(w) & stems(line)))[:120]
    if leading in (["inside"], ["outside"]):
        return Verdict(leading[0]), line, f"it shares “{shared}” with “{line}”"
    if leading == ["grey"]:
        return Verdict.UNCLEAR, line, f"the baseline calls “{line}” grey: it is yours to decide"
    return Verdict.UNCLEAR, line, "lines inside and outside fit equally well"


def _alike(asked: frozenset[str], line: str) -> float:
    """Return the part of the line's words that the request has; a long line wants two of them at least."""
    words = stems(line)
    common = len(words & asked)
    return common / len(words) if words and (common >= 2 or len(words) <= 2) else 0.0


def judged(history: History) -> tuple[Judged, ...]:
    """Judge every request for work by the client, oldest first."""
    found_ = []
    for entry in history.entries:
        finding = entry.finding
        if finding.kind is not Kind.REQUEST or finding.side is not Side.CLIENT or finding.terms.topic in _NOT_WORK:
            continue
        if owner_side(entry, history.circle) is not Side.US:
            continue
        verdict, line, why = judge(finding.evidence.quote, history.baseline)
        refusal = next((a for a in _answers(history, entry) if _excludes(a)), None)
        if verdict is not Verdict.OUTSIDE and refusal:
            verdict, line = Verdict.OUTSIDE, ""
            why = f"our side answered “{_short(refusal)}”"
        elif verdict is Verdict.UNCLEAR and (extra := found(Cue.EXTRA, finding.evidence.quote)):
            why += f"; it says “{extra}”"
        found_.append(Judged(request=entry, verdict=verdict, line=line, because=why))
    return tuple(found_)


def _answers(history: History, request: Entry) -> list[Entry]:
    """Return what our side said to a request later: what answers or replaces it, directly."""
    return [
        e
        for e in history.by_thread[request.thread]
        if e.finding.side is Side.US and e.finding.date > request.finding.date
        if request.id in (*e.answers_all, e.answers, e.replaces)
    ]


def _excludes(entry: Entry) -> bool:
    return entry.finding.kind is Kind.REJECTION and bool(found(Cue.EXCLUDED, entry.finding.evidence.quote))


def extras(history: History) -> tuple[Extra, ...]:
    """Return the requests beyond the agreement with what became of them."""
    return tuple(_extra(history, one) for one in judged(history) if one.verdict is Verdict.OUTSIDE)


def _extra(history: History, one: Judged) -> Extra:
    request = one.request
    answers = _answers(history, request)
    took = {s.by for s in request.steps if s.state in _STANDING}
    yes = [
        e
        for e in history.by_thread[request.thread]
        if e.finding.side is Side.US and e.finding.date > request.finding.date
        if (e in answers and e.finding.kind in (Kind.APPROVAL, Kind.FULFILMENT, Kind.COMMITMENT)) or e.id in took
        if e.finding.kind is not Kind.PROPOSAL
    ]
    offers = [e for e in _offers(history, request) if _is_money(e.finding.terms.amount)]
    agreed = [(s.at, e) for e in offers for s in e.steps if s.state in _STANDING][:1]
    first = min(yes, key=lambda e: e.finding.date, default=None)
    early = first if first and not (agreed and agreed[0][0] <= first.finding.date) else None
    named = [e.finding.terms.amount for e in (request, *answers, *offers) if e.finding.terms.amount]
    return Extra(
        judged=one,
        taken=first,
        early=early,
        price=(agreed[0][1].finding.terms.amount or "") if agreed else "",
        hours=sum((_number(a) for a in dict.fromkeys(named) if a.endswith(" h")), Decimal(0)),
        sums=tuple(dict.fromkeys(a for a in named if _is_money(a))),
    )


def _offers(history: History, request: Entry) -> list[Entry]:
    """Return the offers and decisions about a request: those that answer it, or share words with it."""
    words = stems(request.finding.evidence.quote)
    return [
        e
        for e in history.by_thread[request.thread]
        if e.finding.kind in (Kind.PROPOSAL, Kind.DECISION) and e.finding.date > request.finding.date
        if request.id in (*e.answers_all, e.answers, e.replaces) or words & stems(e.finding.evidence.quote)
    ]


def _is_money(amount: str | None) -> bool:
    return bool(amount) and not (amount or "").endswith((" h", " %"))


def _number(amount: str) -> Decimal:
    try:
        return Decimal(amount.partition(" ")[0])
    except InvalidOperation:
        return Decimal(0)


def asked_extras(history: History, _side: Side) -> Seen:
    """Find the client's requests beyond the agreement."""
    every = judged(history)
    cases = [case_of(j.request, j.request.finding.date, j.because) for j in every if j.verdict is Verdict.OUTSIDE]
    return Seen(cases=tuple(cases), chances=tuple(j.request.finding.date for j in every))


def unpaid(history: History, _side: Side) -> Seen:
    """Find the extra work that was taken on without a price, with the tally of what it was worth."""
    every = extras(history)
    free = [e for e in every if e.taken and not e.price and history.counted(e.judged.request.finding.date)]
    cases = [
        case_of(
            e.judged.request,
            e.judged.request.finding.date,
            "taken on without an agreed price" + (f"; named for it: {', '.join(e.sums)}" if e.sums else ""),
            also=(e.taken,) if e.taken else (),
        )
        for e in free
    ]
    chances = tuple(e.judged.request.finding.date for e in every)
    return Seen(cases=tuple(cases), chances=chances, remark=_tally(free, history.baseline.rate))


def _tally(free: Sequence[Extra], rate: str) -> str:
    """Add up hours and sums by currency, the hours also at the agreed rate."""
    hours = sum((e.hours for e in free), Decimal(0))
    sums: dict[str, Decimal] = {}
    for extra in free:
        for amount in extra.sums[-1:]:  # the last offer counts, not each of its versions
            sums[amount.partition(" ")[2]] = sums.get(amount.partition(" ")[2], Decimal(0)) + _number(amount)
    parts = [f"{value:f} {unit}" for unit, value in sums.items()]
    if hours:
        parts.append(f"{hours:f} h" + (f" ({hours * _number(rate):f} {rate.partition(' ')[2]})" if rate else ""))
    return f"named for these: {', '.join(parts)}" if parts else ""


def early_yes(history: History, _side: Side) -> Seen:
    """Find our yes to extra work before a price was agreed."""
    every = extras(history)
    cases = [
        case_of(e.early, e.early.finding.date, f"asked: “{_short(e.judged.request)}”", also=(e.judged.request,))
        for e in every
        if e.early
    ]
    return Seen(cases=tuple(cases), chances=tuple(e.judged.request.finding.date for e in every))


def vague_lines(baseline: Baseline, language: str = "en") -> tuple[tuple[str, str], ...]:
    """Return the baseline's lines that a party could later read differently, each with the vague words in it."""
    lines = (*baseline.inside, *baseline.outside, *baseline.prices, *baseline.dates)
    checked = ((line, [c.words for c in find_cues(line, language) if c.label == "vague"]) for line in lines)
    return tuple((line, ", ".join(words)) for line, words in checked if words)


def proposed_baseline(history: History, threads: int = 3) -> Baseline:
    """Read a baseline from the first threads: what was agreed there on content, price and dates, for a person to check.

    What our side refused there as not being part of the job goes outside.
    """
    first = list(dict.fromkeys(mail.thread for mail in history.mails))[:threads]
    there = [e for e in history.entries if e.thread in first]
    agreed = [e for e in there if e.steps and any(s.state in _STANDING for s in e.steps)]
    kinds = (Kind.PROPOSAL, Kind.DECISION)
    terms = [e for e in agreed if e.finding.kind in kinds]
    return Baseline(
        agreed=max((s.at for e in terms for s in e.steps), default=history.now).date().isoformat() if terms else "",
        inside=_lines(e for e in terms if e.finding.terms.topic in (Topic.SCOPE, Topic.DELIVERABLE)),
        outside=_lines(e for e in there if e.finding.side is Side.US and _excludes(e)),
        prices=_lines(e for e in terms if _is_money(e.finding.terms.amount)),
        dates=_lines(e for e in agreed if e.finding.terms.due and e.finding.kind is not Kind.REQUEST),
    )


def _lines(entries: Iterable[Entry]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(_short(entry, 160) for entry in entries))[:20]


def _short(entry: Entry, room: int = 80) -> str:
    quote = entry.finding.evidence.quote
    return quote if len(quote) <= room else quote[: room - 1].rstrip() + "…"
