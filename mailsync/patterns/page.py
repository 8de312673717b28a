"""Reports and briefs as one HTML file each: no script, nothing fetched, readable in print and in the dark."""

from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape
from markupsafe import Markup

import mailsync
from mailsync.model.entry import state_on
from mailsync.model.people import Side
from mailsync.patterns import charts
from mailsync.patterns.brief import Brief, changes
from mailsync.patterns.report import Report, exit_check, review, unclear

BY = {Side.CLIENT: "the client", Side.US: "us"}


def _environment() -> Environment:
    package = Path(mailsync.__file__).parent
    shipped = (package / "templates" / "report", package.parent / "templates" / "report")
    return Environment(
        loader=FileSystemLoader([str(folder) for folder in shipped]),
        autoescape=select_autoescape(default=True),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def report_page(told: Report) -> str:
    """Return a report as an HTML page."""
    picture, months = charts.mail_by_month(told.history)
    return (
        _environment()
        .get_template("report.html")
        .render(
            told=told,
            history=told.history,
            by=BY,
            single=[f for f in told.figures if f.number and not f.sign],
            nothing=[f for f in told.figures if not f.number],
            unclear=unclear(told),
            check=exit_check(told),
            review=review(told),
            spark=lambda figure: Markup(charts.spark(figure)),  # noqa: S704 - charts escape what they show
            timeline=Markup(charts.timeline(told.deadlines, told.history.today)),  # noqa: S704
            picture=Markup(picture),  # noqa: S704
            months=months,
        )
    )


def brief_page(one: Brief, *, handover: bool = False) -> str:
    """Return a brief, or the hand-over, as an HTML page."""
    return (
        _environment()
        .get_template("brief.html")
        .render(
            one=one,
            history=one.history,
            client=one.history.client,
            handover=handover,
            changes=changes(one.history) if handover else (),
            state=lambda entry: state_on(entry, one.history.today),
        )
    )
