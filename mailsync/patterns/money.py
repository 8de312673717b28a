"""Payments: when invoices were due and paid, and what became of promises to pay; only what the mail says."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from mailsync.model.entry import Entry, Kind, Topic, due_day
from mailsync.model.people import Side
from mailsync.patterns.cues import Cue, found
from mailsync.patterns.dates import MISSES, Outcome, deadlines
from mailsync.patterns.figures import Rule, Seen, case_of
from mailsync.patterns.history import History, Mail
from mailsync.text.words import fold

LATE = Rule(
    key="late-payments",
    title="Late payments",
    counts="an invoice whose due day passed before somebody wrote that it was paid, or that was asked for again after "
    "its due day. The due day is the one named in the mail, else `payment_days` after it. Mail that never speaks of "
    "the money again says nothing and counts for neither side.",
    out_of="invoices of which the mail says whether they were paid in time",
    unit="working days",
    least=2,
    share=0.3,
    sides=(Side.CLIENT,),
)
BROKEN = Rule(
    key="broken-payment-promises",
    title="Broken payment promises",
    counts="a promise to pay by a day that passed: paid later, moved only afterwards, or still not paid.",
    out_of="promises to pay by a day that has passed",
    unit="working days",
    least=2,
    share=0.3,
    sides=(Side.CLIENT,),
)

#: The number behind the word for a bill ("invoice no. 2051"), in text without accents.
_BILL_NUMBER = re.compile(
    r"\b(?:invoices?|rechnung(?:en)?|factures?|facturas?)[ ]{0,2}(?:(?:no|nr|num|number|nummer)\b\.?|n°|#)?[ ]{0,2}"
    r"([a-z]{0,4}-?\d[\w/-]{0,20})"
)
#: How much of a mail is searched for words of payment, by lines.
_LINES = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Invoice:
    """A bill of ours: `due` None where nobody said; `paid` and `asked` are the mails that say so, None for none."""

    entry: Entry
    number: str
    due: date | None
    paid: Mail | None
    asked: Mail | None


def invoices(history: History) -> tuple[Invoice, ...]:
    """Return our bills in order of date; one number or one mail is one bill, the first time it is named."""
    found_: dict[str, tuple[Entry, Mail]] = {}
    for mail in history.mails:
        if mail.side is Side.US:
            for entry in mail.entries:
                if _is_bill(entry):
                    found_.setdefault(_number(entry.finding.evidence.quote) or mail.digest, (entry, mail))
                    break
    talk = [mail for mail in history.mails if _speaks_of_money(mail)]
    taken: set[tuple[str, str]] = set()
    return tuple(_invoice(history, entry, mail, talk, taken) for entry, mail in found_.values())


def _is_bill(entry: Entry) -> bool:
    finding = entry.finding
    quote = finding.evidence.quote
    return finding.kind is Kind.FULFILMENT and bool(found(Cue.BILL, quote)) and not found(Cue.PAID, quote)


def _number(text: str) -> str:
    match = _BILL_NUMBER.search(fold(text[:600]))
    return match[1] if match else ""


def _speaks_of_money(mail: Mail) -> bool:
    if any(e.finding.terms.topic is Topic.PAYMENT for e in mail.entries):
        return True
    return any(found(Cue.PAID, line) or found(Cue.BILL, line) for line in mail.text.splitlines()[:_LINES])


def _invoice(history: History, entry: Entry, mail: Mail, talk: Sequence[Mail], taken: set[tuple[str, str]]) -> Invoice:
    """Find when a bill was due, paid and asked for; money without a number settles the oldest bill of its thread."""
    number, sent = _number(entry.finding.evidence.quote), history.day(mail.at)
    dues = [e.finding.terms.due for e in mail.entries if e.finding.terms.topic is Topic.PAYMENT and e.finding.terms.due]
    days = history.baseline.payment_days
    due = due_day(dues[0]) if dues else sent + timedelta(days=days) if days is not None else None
    later = [m for m in talk if m.at > mail.at and _is_about(m, number, mail.thread)]
    paid = next((m for m in later if (m.digest, m.thread) not in taken and _says_paid(m)), None)
    if paid and not number:
        taken.add((paid.digest, paid.thread))
    asked = next((m for m in later if due and history.day(m.at) > due and _asks_for_it(m)), None)
    return Invoice(entry=entry, number=number, due=due, paid=paid, asked=asked)


def _is_about(mail: Mail, number: str, thread: str) -> bool:
    numbers = {found_ for line in mail.text.splitlines()[:_LINES] if (found_ := _number(line))}
    return number in numbers if number and numbers else mail.thread == thread


def _says_paid(mail: Mail) -> bool:
    if any(found(Cue.PAID, line) for line in mail.text.splitlines()[:_LINES]):
        return True
    return mail.side is Side.CLIENT and any(
        e.finding.kind is Kind.FULFILMENT and e.finding.terms.topic is Topic.PAYMENT for e in mail.entries
    )


def _asks_for_it(mail: Mail) -> bool:
    asking = (Kind.REQUEST, Kind.ISSUE)
    return mail.side is Side.US and (
        any(e.finding.kind in asking and e.finding.terms.topic is Topic.PAYMENT for e in mail.entries)
        or any(found(Cue.REMINDS, line) for line in mail.text.splitlines()[:_LINES])
    )


def late_payments(history: History, _side: Side) -> Seen:
    """Find the bills that were paid late, or asked for again."""
    cases, chances = [], []
    for bill in invoices(history):
        if bill.due is None or (bill.paid is None and bill.asked is None):
            continue
        at = datetime.combine(bill.due, time(23, 59), ZoneInfo(history.hours.zone))
        if at > history.now:
            continue
        chances.append(at)
        until = history.day(bill.paid.at) if bill.paid else history.today
        late = history.working_days(history.working_day(bill.due), until)
        if late:
            name = f"invoice {bill.number}" if bill.number else "invoice"
            what = (
                f"{name}, due {bill.due:%-d %b %Y}, {'paid' if bill.paid else 'still unpaid'} {late} working days late"
            )
            mails = tuple(m for m in (bill.asked, bill.paid) if m)
            cases.append(case_of(bill.entry, at, what, mails=mails, measure=late))
    return Seen(cases=tuple(cases), chances=tuple(chances))


def broken_promises(history: History, side: Side) -> Seen:
    """Find the promises to pay that were not kept."""
    promised = [
        d for d in deadlines(history, payments=True) if d.side is side and d.entry.finding.kind is Kind.COMMITMENT
    ]
    cases = [
        case_of(d.entry, d.at(history), f"payment due {d.due:%-d %b %Y}, {d.outcome.value}", measure=d.late)
        for d in promised
        if d.outcome in MISSES
    ]
    past = [d.at(history) for d in promised if d.outcome in (*MISSES, Outcome.KEPT) and d.due < history.today]
    return Seen(cases=tuple(cases), chances=tuple(past))
