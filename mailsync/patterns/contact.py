"""How the client keeps in touch: hours of the day, close watching, whose word it is, and the tone."""

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from mailsync.model.draft import Letter
from mailsync.model.entry import Entry, Kind, Topic
from mailsync.model.people import Side, WorkingHours
from mailsync.patterns.answers import question
from mailsync.patterns.cues import Cue, found
from mailsync.patterns.figures import Rule, Seen, case, case_of
from mailsync.patterns.history import History, Mail, ended, is_owed, other, owner_side
from mailsync.reading.statements import statements
from mailsync.text.words import fold
from mailsync.text.worktime import is_holiday

#: Minutes before opening and after closing that count for nobody as an intrusion.
_GRACE = 60
_NIGHT = (22 * 60, 6 * 60)
#: An undated item that nobody has spoken of for this long is not counted as open work.
_LIVE = timedelta(days=60)

OFF_HOURS = Rule(
    key="off-hours",
    title="Mail outside working hours",
    counts="mail sent on a closed day, a public holiday, or more than an hour before opening or after closing, in the "
    "user's time zone. Mail with an emergency word or from an emergency address of the baseline is left out.",
    out_of="mails of that side",
    unit="",
    least=5,
    share=0.25,
    letter=((Side.CLIENT, Letter.BOUNDARY),),
)
CLOSE_WATCH = Rule(
    key="close-watch",
    title="Close watching",
    counts="a week with three questions for the state of things or more, or with ten mails or more that are over five "
    "for each item open on our side.",
    out_of="weeks in which the client wrote",
    unit="",
    least=3,
    share=0.1,
    sides=(Side.CLIENT,),
    letter=((Side.CLIENT, Letter.STATUS),),
)
NO_AUTHORITY = Rule(
    key="no-authority",
    title="Word given by somebody who does not decide",
    counts="a yes, a decision or a promise about scope, dates or money by a person who does not decide, where the "
    "configuration says who does.",
    out_of="yeses, decisions and promises about scope, dates or money",
    unit="",
    least=3,
    share=0.2,
    sides=(Side.CLIENT,),
)
HOSTILE = Rule(
    key="hostile",
    title="Hostile wording",
    counts="a sentence with an insult or a threat. Only with `patterns.hostile`; the words are quoted, "
    "nothing is judged.",
    out_of="mails of that side",
    unit="",
    least=2,
    share=0.0,
    asked_for=True,
    letter=((Side.CLIENT, Letter.BOUNDARY),),
)
BLAME = Rule(
    key="blame",
    title="Blaming wording",
    counts="a sentence that puts something down to the other side as its fault. Only with `patterns.hostile`.",
    out_of="mails of that side",
    unit="",
    least=3,
    share=0.0,
    asked_for=True,
)


def off_hours_kind(at: datetime, hours: WorkingHours) -> str:
    """Say why a moment is no time to write: "holiday", "weekend", "night", "evening" (or early); "" where it is."""
    local = at.astimezone(ZoneInfo(hours.zone))
    minute, times = local.hour * 60 + local.minute, hours.days[local.weekday()]
    if is_holiday(local.date(), hours):
        return "holiday"
    if times is None:
        return "weekend" if local.weekday() >= 5 else "closed day"
    if times[0] - _GRACE <= minute < times[1] + _GRACE:
        return ""
    return "night" if minute >= _NIGHT[0] or minute < _NIGHT[1] else "evening" if minute >= times[1] else "early"


def off_hours(history: History, side: Side) -> Seen:
    """Find the mails of `side` outside working hours."""
    mine = [m for m in history.mails if m.side is side and not _is_emergency(history, m)]
    kinds = {m.digest: off_hours_kind(m.at, history.hours) for m in mine}
    zone = ZoneInfo(history.hours.zone)
    cases = [
        case(m, f"{m.at.astimezone(zone):%a %H:%M}, {kinds[m.digest]}", quote=m.read.message.subject)
        for m in mine
        if kinds[m.digest]
    ]
    counts = {kind: list(kinds.values()).count(kind) for kind in dict.fromkeys(kinds.values()) if kind}
    remark = ", ".join(f"{number} {kind}" for kind, number in sorted(counts.items(), key=lambda c: -c[1]))
    return Seen(cases=tuple(cases), chances=tuple(m.at for m in mine), remark=remark)


def _is_emergency(history: History, mail: Mail) -> bool:
    text = fold(f"{mail.read.message.subject}\n{mail.text}")
    return any(mail.person == e.lower() if "@" in e else fold(e) in text for e in history.baseline.emergency)


def watched(history: History, side: Side) -> Seen:
    """Find the weeks in which the client wrote far more than there was open."""
    weeks: dict[date, list[Mail]] = {}
    for mail in history.mails:
        if mail.side is side:
            day = history.day(mail.at)
            weeks.setdefault(day - timedelta(days=day.weekday()), []).append(mail)
    owed = [e for e in history.entries if is_owed(e) and owner_side(e, history.circle) is other(side)]
    spans = [(history.day(e.finding.date), _live_until(history, e)) for e in owed]
    cases, asked, ratios = [], 0, []
    for monday, mails in sorted(weeks.items()):
        status = [m for m in mails if found(Cue.STATUS, m.text)]
        items = max(1, sum(start <= monday + timedelta(days=6) and end >= monday for start, end in spans))
        asked += len(status)
        ratios.append(len(mails) / items)
        if len(status) >= 3 or (len(mails) >= 10 and len(mails) > 5 * items):
            what = f"week of {monday:%-d %b %Y}: {len(mails)} mails, {items} open, {len(status)} asking for the state"
            first = (status or mails)[0]
            cases.append(case(first, what, quote=question(first), also=status or mails))
    mean = sum(ratios) / len(ratios) if ratios else 0
    remark = f"{mean:.1f} mails a week for each open item; {asked} questions for the state of things" if ratios else ""
    return Seen(cases=tuple(cases), chances=tuple(m[0].at for m in weeks.values()), remark=remark)


def _live_until(history: History, entry: Entry) -> date:
    """Return the day up to which something owed counts as open work."""
    end, due = ended(entry), entry.finding.terms.due
    if end:
        return history.day(end)
    last = max(entry.steps[-1].at if entry.steps else entry.finding.date, entry.finding.date) + _LIVE
    return max(history.day(last), date.fromisoformat(due[:10])) if due else history.day(last)


_BINDING = frozenset({Topic.SCOPE, Topic.DEADLINE, Topic.BUDGET, Topic.PAYMENT})


def without_authority(history: History, side: Side) -> Seen:
    """Find what people of `side` promised or allowed although they do not decide."""
    if not any(contact.decides for contact in history.client.contacts):
        return Seen(remark="the configuration does not say who decides")
    kinds = (Kind.APPROVAL, Kind.DECISION, Kind.COMMITMENT)
    mine = [
        e
        for e in history.entries
        if e.finding.side is side and e.finding.kind in kinds
        if e.finding.terms.topic in _BINDING or e.finding.terms.amount
    ]
    cases = [
        case_of(e, e.finding.date, f"{e.finding.kind.value} by {e.finding.who}, who does not decide")
        for e in mine
        if "@" in e.finding.who and not history.circle.decides(e.finding.who)
    ]
    return Seen(cases=tuple(cases), chances=tuple(e.finding.date for e in mine))


def hostile(history: History, side: Side) -> Seen:
    """Find the sentences of `side` with an insult or a threat."""
    return _worded(history, side, Cue.HOSTILE)


def blaming(history: History, side: Side) -> Seen:
    """Find the sentences of `side` that blame the other."""
    return _worded(history, side, Cue.BLAME)


def _worded(history: History, side: Side, cue: Cue) -> Seen:
    mine = [mail for mail in history.mails if mail.side is side]
    cases = [
        case(mail, f"says “{words}”", quote=said.quote)
        for mail in mine
        if any(found(cue, line) for line in mail.text.splitlines())
        for said in statements(mail.read.message, mail.read.passages)
        if (words := found(cue, said.quote))
    ]
    return Seen(cases=tuple(cases), chances=tuple(mail.at for mail in mine))
