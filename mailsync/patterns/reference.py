"""Writes the rules of all figures for docs/patterns.md; a test holds that page to the code."""

from mailsync.model.people import Side
from mailsync.patterns.figures import Rule
from mailsync.patterns.report import HABITS

_SIDES = {Side.CLIENT: "the client", Side.US: "us"}


def markdown() -> str:
    """Return every rule as Markdown, in the order of the report."""
    return "\n\n".join(_section(rule) for rule, _ in HABITS) + "\n"


def _section(rule: Rule) -> str:
    sides = " and ".join(_SIDES[side] for side in rule.sides)
    share = f" and at least {rule.share * 100:g} % of the chances" if rule.share else ""
    unit = f" Each case is measured in {rule.unit}; the report shows the median and the worst." if rule.unit else ""
    return (
        f"### {rule.title}\n\n`{rule.key}`, counted for {sides}.\n\n- **Counted:** {rule.counts}\n"
        f"- **Out of:** {rule.out_of}.{unit}\n- **A pattern** from {rule.least} cases on{share}."
    )


if __name__ == "__main__":
    print(markdown(), end="")
