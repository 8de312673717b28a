"""One client's habits with proof, and the client on one page: report, brief."""

from collections.abc import Iterator, Sequence
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from mailsync.cli.options import Day, as_of_option, config_option, json_option
from mailsync.cli.output import put_json, say, short, wrapped
from mailsync.model.errors import UsageError
from mailsync.model.people import Side

if TYPE_CHECKING:
    from mailsync.app import App
    from mailsync.model.entry import Entry
    from mailsync.patterns.alerts import Alert
    from mailsync.patterns.brief import Brief
    from mailsync.patterns.figures import Case, Figure
    from mailsync.patterns.history import History
    from mailsync.patterns.report import Report

_BY = {Side.CLIENT: "by the client", Side.US: "by us"}


@click.command()
@click.argument("client")
@click.option("--since", type=Day(), help="Count only from this day on.")
@as_of_option
@click.option("--cases", default=3, show_default=True, type=click.IntRange(0, 10_000), help="Cases shown per figure.")
@click.option("--escalate", is_flag=True, help="Only the patterns, each with every case: what an escalation needs.")
@click.option("--exit", "leaving", is_flag=True, help="What to weigh before ending the work.")
@click.option("--review", "looking_back", is_flag=True, help="Look back on a dispute: first signal, missed answers.")
@click.option("--baseline", is_flag=True, help="Propose a [clients.baseline] from the first threads, to be checked.")
@click.option("--html", type=click.Path(path_type=Path, dir_okay=False), help="Write the report as a page.")
@config_option
@json_option
def report(
    client: str,
    since: date | None,
    as_of: date | None,
    cases: int,
    *,
    escalate: bool,
    leaving: bool,
    looking_back: bool,
    baseline: bool,
    html: Path | None,
    config: Path,
    as_json: bool,
) -> None:
    """Show a client's patterns, and our own by the same rules, each with the messages behind it.

    What every figure means stands in docs/patterns.md. Nothing of this ever enters a letter.

    Example: mailsync report corvane --since 2026-01-01
    """
    from mailsync.app import open_app
    from mailsync.patterns.report import report as tell

    with open_app(config, read_only=True) as app:
        history = _history(app, client, since, as_of)
        if baseline:
            _propose(history)
            return
        told = tell(history, hostile=app.config.patterns.hostile)
        if as_json:
            _put(told, leaving=leaving, looking_back=looking_back)
        elif html:
            from mailsync.patterns.page import report_page

            _write(html, report_page(told))
        elif leaving:
            _say_exit(told)
        elif looking_back:
            _say_review(told)
        elif escalate:
            _say_escalation(told)
        else:
            _say_report(told, cases)


@click.command()
@click.argument("client")
@click.option("--handover", is_flag=True, help="The longer version for a colleague: also what was refused and changed.")
@click.option("--alerts", "pressing", is_flag=True, help="Only what wants attention now.")
@click.option("--html", type=click.Path(path_type=Path, dir_okay=False), help="Write the brief as a page.")
@as_of_option
@config_option
@json_option
def brief(
    client: str,
    as_of: date | None,
    *,
    handover: bool,
    pressing: bool,
    html: Path | None,
    config: Path,
    as_json: bool,
) -> None:
    """Show a client on one page: people, what is open, what was agreed, the next dates.

    Example: mailsync brief corvane --handover --html corvane.html
    """
    from mailsync.app import open_app
    from mailsync.patterns.alerts import alert_json, alerts
    from mailsync.patterns.brief import brief as make
    from mailsync.patterns.brief import brief_json

    with open_app(config, read_only=True) as app:
        history = _history(app, client, as_of=as_of)
        now = alerts(history, soon_days=app.config.patterns.soon_days)
        if pressing and as_json:
            put_json([alert_json(one) for one in now])
        elif pressing:
            _say_alerts(now)
        elif as_json:
            put_json(brief_json(make(history), handover=handover) | {"alerts": [alert_json(one) for one in now]})
        elif html:
            from mailsync.patterns.page import brief_page

            _write(html, brief_page(make(history), handover=handover))
        else:
            _say_brief(make(history), now, handover=handover)


def _write(path: Path, page: str) -> None:
    """Write a page, and say where it lies. Raises UsageError where it cannot be written."""
    try:
        path.write_text(page, encoding="utf-8")
    except OSError as error:
        raise UsageError(f"{path} cannot be written: {error.strerror}", "Name another file with --html.") from error
    say(f"written: {path}")


def _say_alerts(now: "Sequence[Alert]") -> None:
    for one in now:
        say(wrapped(f"{one.about.value}: {one.text}", 2), colour="red" if one.about.value == "overdue" else None)
        if one.draft:
            say(f"    mailsync drafts show {one.draft}", dim=True)
        elif one.letter:
            say(f"    mailsync drafts make {one.thread} --letter {one.letter.value}", dim=True)
    if not now:
        say("  Nothing wants attention now.")


def _say_brief(one: "Brief", now: "Sequence[Alert]", *, handover: bool) -> None:
    from mailsync.patterns.brief import changes

    client = one.history.client
    say(client.name, bold=True)
    if client.agreement:
        say(wrapped(client.agreement, 2))
    say("\nPeople", bold=True)
    for p in one.people:
        facts = [p.role, "decides" if p.decides else "", f"seems: {p.seems}" if p.seems else "", f"{p.mails} mails"]
        say(f"  {p.name or p.email}: {', '.join(filter(None, facts))}; wording {p.wording or 'some'}")
    for clash in one.clashes:
        first, second = clash.first.finding, clash.second.finding
        say(f"  They disagree: {first.who} “{short(first.evidence.quote, 60)}”,")
        say(f"    {second.who} “{short(second.evidence.quote, 60)}”  [show {clash.second.id}]")
    for sentence in one.manner:
        say(f"  {sentence}", dim=True)
    say("\nNow", bold=True)
    _say_alerts(now)
    parts = [("Next dates", one.dates), ("We owe", one.ours), ("They owe", one.theirs), ("Agreed", one.agreements)]
    for title, entries in [*parts, *([("Refused", one.refused)] if handover else [])]:
        say(f"\n{title}", bold=True)
        _say_entries(entries)
    if handover:
        say("\nChanged on the way", bold=True)
        pairs = changes(one.history)
        for old, new in pairs:
            say(f"  “{short(old.finding.evidence.quote, 60)}” became “{short(new.finding.evidence.quote, 60)}”")
        if not pairs:
            say("  nothing")


def _say_entries(entries: "Sequence[Entry]") -> None:
    for entry in entries:
        due = f"{entry.finding.terms.due[:10]}  " if entry.finding.terms.due else ""
        say(f"  {due}“{short(entry.finding.evidence.quote, 90)}”  [show {entry.id}]")
    if not entries:
        say("  nothing")


def _history(app: "App", client: str, since: date | None = None, as_of: date | None = None) -> "History":
    """Gather the client's history. Raises NotFoundError naming the clients there are."""
    from mailsync.clients import history_of

    app.known_client(client)
    begin = datetime.combine(since, datetime.min.time(), app.zone) if since else None
    now = datetime.combine(as_of, datetime.max.time(), app.zone) if as_of else app.now()
    return history_of(app.ledger, app.circle, app.config.hours(), client, now=now, since=begin)


def _put(told: "Report", *, leaving: bool, looking_back: bool) -> None:
    from mailsync.patterns.report import exit_check, review
    from mailsync.patterns.shapes import exit_json, report_json, review_json

    shape = report_json(told)
    if leaving:
        shape["exit"] = exit_json(exit_check(told), told)
    if looking_back:
        shape["review"] = review_json(review(told))
    put_json(shape)


def _say_report(told: "Report", cases: int) -> None:
    say(_heading(told.history), bold=True)
    if not told.history.mails:
        say("The log holds no mail of this client yet. 'mailsync poll' takes in mail.")
        return
    signs = told.signs
    counted = [f for f in told.figures if f.number and not f.sign]
    for title, figures, colour in (("Patterns", signs, "red"), ("Single cases", counted, None)):
        if figures:
            say(f"\n{title}", bold=True)
        for figure in figures:
            say(f"  {line_of(figure)}", colour=colour)
            _say_cases(figure.cases[-cases:] if cases else (), told.history, figure.number - cases)
            if figure.sign and figure.letter:
                way = f"mailsync drafts make {figure.cases[-1].thread} --letter {figure.letter.value}"
                say(f"      a letter that may help: {way}", dim=True)
    if not signs:
        say("\nNo pattern: what was counted are single cases, on either side.")
    _say_nothing_found(told)
    _say_scope(told)


def _say_nothing_found(told: "Report") -> None:
    nothing: dict[str, list[str]] = {}
    for figure in told.figures:
        if not figure.number:
            nothing.setdefault(figure.rule.title.lower(), []).append(_BY[figure.side])
    if nothing:
        named = (f"{title} ({sides[0]})" if len(sides) == 1 else title for title, sides in nothing.items())
        say()
        say(wrapped(f"Nothing found: {', '.join(named)}."), dim=True)


def _say_scope(told: "Report") -> None:
    """Print what the baseline leaves to the user, and what is vague in it."""
    from mailsync.patterns.report import unclear

    if told.history.client.baseline is None:
        way = f"mailsync report {told.history.client.key} --baseline"
        say(f"\nNo baseline to hold requests against; '{way}' proposes one.", dim=True)
    open_questions = unclear(told)
    if open_questions:
        say("\nIs this part of the agreement? Yours to say", bold=True)
    for one in open_questions[-5:]:
        say(f"  “{short(one.request.finding.evidence.quote, 90)}”  [show {one.request.id}]")
        say(f"    {one.because}; outside: mailsync drafts make {one.request.thread} --letter change-order", dim=True)
    for line, words in told.vague:
        say(f"Vague in the baseline: “{line}” ({words})")


def _heading(history: "History") -> str:
    mails = [mail for mail in history.mails if history.counted(mail.at)]
    if not mails:
        return history.client.name
    first, last = (f"{history.day(at):%-d %b %Y}" for at in (mails[0].at, mails[-1].at))
    return f"{history.client.name}: {len(mails)} mails, {first} to {last}"


def line_of(figure: "Figure") -> str:
    """Say a figure in one line."""
    line = f"{figure.rule.title}, {_BY[figure.side]}: {figure.number} of {figure.out_of}"
    if figure.rule.unit:
        line += f"; half of them {figure.middle:g} {figure.rule.unit} or more, the worst {figure.worst:g}"
    if figure.course:
        line += f"; {figure.course}"
    return line + (f" ({figure.remark})" if figure.remark else "")


def _say_cases(cases: Sequence["Case"], history: "History", more: int = 0) -> None:
    if more > 0 and cases:
        say(f"      {more} earlier", dim=True)
    for case in cases:
        say(f"      {history.day(case.at):%d %b %Y}  {case.what}  [show {_way(case)}]")
        if case.quote:
            say(f"        “{short(case.quote, 100)}”", dim=True)


def _way(case: "Case") -> str:
    return case.entries[0] if case.entries else case.messages[0][:12]


def _say_escalation(told: "Report") -> None:
    """Print dates, communications and specific problems, the client's patterns before ours, every case of them."""
    say(_heading(told.history), bold=True)
    deciding = [c.name or c.email for c in told.history.client.contacts if c.decides]
    say(f"To be raised with: {', '.join(deciding) or 'nobody there is marked as deciding (clients.contacts.decides)'}")
    for title, side in (("Problems", Side.CLIENT), ("What they may answer: our own", Side.US)):
        figures = [f for f in told.signs if f.side is side]
        say(f"\n{title}", bold=True)
        for figure in figures:
            say(f"  {line_of(figure)}")
            say(wrapped(f"Counted: {figure.rule.counts}", 4), dim=True)
            _say_cases(figure.cases, told.history)
        if not figures:
            say("  none")
    say("\nThe proof with whole threads: mailsync dispute " + told.history.client.key + " --out DIR", dim=True)


def _say_exit(told: "Report") -> None:
    from mailsync.patterns.report import EXIT_SIGNS, exit_check

    check = exit_check(told)
    say(
        f"{told.history.client.name}: patterns on their side {len(check.reasons)}, on ours {len(check.mirror)}",
        bold=True,
    )
    say(f"{'That is' if check.grave else 'Fewer than'} {EXIT_SIGNS}{' or more' if check.grave else ''} on their side.")
    for figure in (*check.reasons, *check.mirror):
        say(f"  {line_of(figure)}")
    for title, owed in (("We still owe", check.ours), ("They still owe", check.theirs)):
        say(f"\n{title}", bold=True)
        _say_entries(owed)
    threads = [mail.thread for mail in told.history.mails]
    if threads:
        say(f"\nThe decision is yours. A closing letter: mailsync drafts make {threads[-1]} --letter closing", dim=True)


def _say_review(told: "Report") -> None:
    from mailsync.patterns.report import review

    seen = review(told)
    say(_heading(told.history), bold=True)
    if seen.first:
        figure, case = seen.first
        say(f"\nFirst signal: {figure.rule.title}, {_BY[figure.side]}", bold=True)
        _say_cases([case], told.history)
    for title, cases in (("Missed answers", seen.missed), ("What changed", seen.turned)):
        say(f"\n{title}", bold=True)
        _say_cases(cases, told.history)
        if not cases:
            say("      nothing")


def _propose(history: "History") -> None:
    """Print a baseline read from the first threads, as it stands in the config file."""
    from mailsync.patterns.scope import proposed_baseline

    found = proposed_baseline(history)
    say(f"# Read from the first threads with {history.client.name}. Check every line, then put it below that client.")
    say("[clients.baseline]")
    if found.agreed:
        say(f"agreed = {found.agreed}")
    for name in ("inside", "outside", "prices", "dates"):
        say(f"{name} = [{''.join(_toml_lines(getattr(found, name)))}]")


def _toml_lines(lines: Sequence[str]) -> Iterator[str]:
    import json

    for line in lines:
        yield f"\n  {json.dumps(line, ensure_ascii=False)},"
    if lines:
        yield "\n"
