"""The review queue on the terminal: every letter beside the words it stands on, and what a person may do with it."""

from datetime import date, datetime, time
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

import click

from mailsync.cli.options import Day, config_option, json_option
from mailsync.cli.output import complain, put_json, say, short, table, when, wrapped
from mailsync.model.draft import Draft, DraftState, Letter
from mailsync.model.errors import UsageError

if TYPE_CHECKING:
    from mailsync.app import App
    from mailsync.model.settlement import Settlement
    from mailsync.review import Seen

draft_argument = click.argument("draft", metavar="DRAFT")


@click.group(invoke_without_command=True)
@click.pass_context
def drafts(ctx: click.Context) -> None:
    """Review letters: list, show, edit, approve, discard, hold, undo, make.

    Nothing leaves by itself: 'approve' lays the letter into your Drafts folder, 'approve --send' sends it.

    Example: mailsync drafts show 7c1f
    """
    if ctx.invoked_subcommand is None:
        ctx.invoke(list_)


@drafts.command("list")
@click.option("--all", "everything", is_flag=True, help="Also letters that are placed, sent, discarded or withdrawn.")
@click.option("--client", default="", help="Only this client's letters (its key).")
@config_option
@json_option
def list_(everything: bool = False, client: str = "", config: Path | None = None, as_json: bool = False) -> None:
    """List the letters that wait for you, oldest first."""
    from mailsync.app import open_app
    from mailsync.review import list_drafts

    with open_app(config, read_only=True) as app:
        app.known_client(client)
        found = list_drafts(app.reviewer(), everything=everything, client=client)
        if as_json:
            put_json([draft_json(draft) for draft in found])
            return
        rows = [
            (d.id, d.state.value, d.client, d.letter.value, when(d.changed_at, app.zone), short(d.subject, 60))
            for d in found
        ]
        table(rows, ("id", "state", "client", "letter", "written", "subject"))
        if not rows:
            say("No letter waits for you. Recaps are drafted when a thread has been quiet for a while.")


def draft_json(draft: Draft) -> dict[str, object]:
    """Return a letter in its documented JSON shape."""
    return {
        "id": draft.id,
        "state": draft.state.value,
        "letter": draft.letter.value,
        "account": draft.account,
        "client": draft.client,
        "thread": draft.thread,
        "language": draft.language,
        "from": draft.sender.email,
        "to": [address.email for address in draft.to],
        "cc": [address.email for address in draft.cc],
        "subject": draft.subject,
        "body": draft.body,
        "lines": [
            {"number": line.number, "part": line.part.value, "text": line.text, "entries": list(line.entries)}
            for line in draft.lines
        ],
        "message_id": f"<{draft.message_id}>",
        "hold_until": draft.hold_until.isoformat() if draft.hold_until else None,
        "note": draft.note or None,
        "created_at": draft.created_at.isoformat(),
        "changed_at": draft.changed_at.isoformat(),
    }


@drafts.command()
@draft_argument
@config_option
@json_option
def show(draft: str, config: Path, as_json: bool) -> None:
    """Show a letter, and beside each of its lines the words it stands on."""
    from mailsync.app import open_app

    with open_app(config, read_only=True) as app:
        show_draft(app, app.ledger.draft(draft), as_json=as_json)


def show_draft(app: "App", draft: Draft, *, as_json: bool) -> None:
    """Print a letter with its evidence, remarks and answers."""
    from mailsync.review import look

    seen = look(app.reviewer(), draft.id)
    if as_json:
        remarks = [{"level": r.level.value, "place": r.place, "sentence": r.sentence} for r in seen.remarks]
        put_json(draft_json(draft) | {"remarks": remarks, "answers": [_answer_json(answer) for answer in seen.answers]})
        return
    say(f"{draft.id}  {draft.letter.value} for {draft.client}, {draft.state.value}", bold=True)
    for name, people in (("To", draft.to), ("Cc", draft.cc)):
        if people:
            say(f"{name}: {', '.join(f'{a.name} <{a.email}>' if a.name else a.email for a in people)}")
    say(f"Subject: {draft.subject}\n")
    say(draft.body)
    _say_evidence(app, seen)
    for remark in seen.remarks:
        say(f"{remark.level.value}: {remark.sentence}", colour="yellow")
    if draft.note:
        say(draft.note, dim=True)


def _answer_json(answer: "Settlement") -> dict[str, object]:
    return {
        "line": answer.line,
        "state": answer.state.value,
        "at": answer.at.isoformat(),
        "who": answer.who or None,
        "quote": answer.evidence.quote if answer.evidence else None,
        "due": answer.terms.due if answer.terms else None,
        "amount": answer.terms.amount if answer.terms else None,
        "weak": answer.weak or None,
    }


def _say_evidence(app: "App", seen: "Seen") -> None:
    """Print under each line's number who wrote what, and when."""
    say("Standing on:", bold=True)
    for line, entries in seen.lines:
        say(f"  {line.number or line.part.value}", bold=True)
        for entry in entries:
            finding = entry.finding
            say(f"    {when(finding.date, app.zone)}  {finding.who}  [show {entry.id}]", dim=True)
            say(wrapped(f"“{finding.evidence.quote}”", 4))
    for answer in seen.answers:
        quote = f": “{answer.evidence.quote}”" if answer.evidence else ""
        say(f"  answer to {answer.line}: {answer.state.value}{quote}")


@drafts.command()
@draft_argument
@click.option("--body", type=click.File("r"), help="Take the new text from this file (- for standard input).")
@config_option
def edit(draft: str, body: TextIO | None, config: Path) -> None:
    """Edit a letter's text in your editor ($VISUAL, $EDITOR) or from a file."""
    from mailsync.app import open_app
    from mailsync.review import edit as keep_edit

    with open_app(config) as app:
        found = app.ledger.draft(draft)
        text = body.read() if body else click.edit(found.body, extension=".txt")
        if text is None or text == found.body:
            say("Nothing was changed.")
            return
        done = keep_edit(app.reviewer(), found.id, str(text))
        say(f"letter {done.id} is {done.state.value}")


@drafts.command()
@draft_argument
@click.option("--send", "by_smtp", is_flag=True, help="Send it now instead of laying it into your Drafts folder.")
@click.option("--anyway", is_flag=True, help="Although the check found something, or mail came since you edited it.")
@config_option
def approve(draft: str, by_smtp: bool, anyway: bool, config: Path) -> int:
    """Lay a letter into your Drafts folder, in the client's thread; or send it with --send."""
    from mailsync.app import open_app
    from mailsync.review import approve as place
    from mailsync.review import send

    with open_app(config) as app:
        with app.alone():
            done = (send if by_smtp else place)(app.reviewer(), app.ledger.draft(draft).id, anyway=anyway)
        if done.state is DraftState.UNCLEAR:
            complain(f"nobody knows whether letter {done.id} was sent", f"{done.note} Then: mailsync drafts settle")
            return 1
        where = "lies in your Drafts folder" if done.state is DraftState.PLACED else f"is {done.state.value}"
        say(f"letter {done.id} {where}")
        return 0


@drafts.command()
@draft_argument
@click.option("--sent/--not-sent", required=True, help="What you found in your Sent folder.")
@config_option
def settle(draft: str, sent: bool, config: Path) -> None:
    """Say what became of a letter of which nobody knows whether it was sent."""
    from mailsync.app import open_app
    from mailsync.review import say_what_happened

    with open_app(config) as app:
        done = say_what_happened(app.reviewer(), app.ledger.draft(draft).id, sent=sent)
        say(f"letter {done.id} is {done.state.value}")


@drafts.command()
@draft_argument
@click.option("--reason", help="Why; it is kept. Without it you are asked.")
@config_option
def discard(draft: str, reason: str | None, config: Path) -> None:
    """Throw a letter away; the reason is kept."""
    from mailsync.app import open_app
    from mailsync.review import discard as drop

    with open_app(config) as app:
        identity = app.ledger.draft(draft).id
        done = drop(app.reviewer(), identity, reason if reason is not None else click.prompt("Why"))
        say(f"letter {done.id} is {done.state.value}; 'mailsync drafts undo {done.id}' brings it back")


@drafts.command()
@draft_argument
@click.argument("until", type=Day())
@config_option
def hold(draft: str, until: date, config: Path) -> None:
    """Keep a letter back until the morning of a day."""
    from mailsync.app import open_app
    from mailsync.review import hold as keep_back

    with open_app(config) as app:
        morning = datetime.combine(until, time(6), app.zone)
        done = keep_back(app.reviewer(), app.ledger.draft(draft).id, morning)
        say(f"letter {done.id} is held until {until}")


@drafts.command()
@draft_argument
@config_option
def undo(draft: str, config: Path) -> None:
    """Take back the last decision: bring a discarded or held letter back, or drop what you edited."""
    from mailsync.app import open_app
    from mailsync.review import undo as take_back

    with open_app(config) as app:
        done = take_back(app.reviewer(), app.ledger.draft(draft).id)
        say(f"letter {done.id} is {done.state.value}")


@drafts.command()
@draft_argument
@click.argument("line", type=click.IntRange(1))
@config_option
def accept(draft: str, line: int, config: Path) -> None:
    """Accept what the client corrected in a line; the corrected recap then waits for you."""
    from mailsync.app import open_app
    from mailsync.review import accept_correction

    with open_app(config) as app:
        letter = accept_correction(app.reviewer(), app.ledger.draft(draft).id, line)
        app.reread(letter.thread)
        say(f"the corrected recap waits for you: mailsync drafts show {letter.id}")


@drafts.command()
@draft_argument
@click.argument("line", type=click.IntRange(1))
@config_option
def dispute(draft: str, line: int, config: Path) -> None:
    """Dispute what the client corrected in a line; both versions stay, side by side."""
    from mailsync.app import open_app
    from mailsync.review import dispute as contest

    with open_app(config) as app:
        done = contest(app.reviewer(), app.ledger.draft(draft).id, line)
        say(f"line {line} of letter {done.id} is disputed")


@drafts.command()
@click.argument("thread")
@click.option("--letter", type=click.Choice([letter.value for letter in Letter]), default="recap", show_default=True)
@click.option("--say", "given", multiple=True, metavar="NAME=TEXT", help="What the letter shall say (docs/recaps.md).")
@config_option
def make(thread: str, letter: str, given: tuple[str, ...], config: Path) -> None:
    """Write a letter about a thread now, without waiting for it to fall quiet."""
    from mailsync.app import open_app
    from mailsync.drafting import make as write

    pairs = [pair.partition("=") for pair in given]
    if not all(middle for _, middle, _ in pairs):
        raise UsageError("--say wants NAME=TEXT", 'Example: --say new_date="20 March"')
    with open_app(config) as app:
        done = write(app.drafting(), app.ledger.thread(thread).id, Letter(letter), {name: t for name, _, t in pairs})
        say(f"letter {done.id} waits for you: mailsync drafts show {done.id}")
