"""Collects what the fault tests measured and writes it as the table in docs/reliability.md.

MAILSYNC_EVIDENCE=evidence.jsonl python -m pytest tests/faults
python -m tests.faults.evidence evidence.jsonl docs/reliability.md
"""

import json
import os
import sys
from pathlib import Path

BEGIN, END = "<!-- evidence: written by tests/faults/evidence.py -->", "<!-- end of evidence -->"


def note(guarantee: str, how: str, figure: str) -> None:
    """Keep one figure, where somebody asked for them; the latest of the same name counts."""
    path = os.environ.get("MAILSYNC_EVIDENCE")
    if path:
        with Path(path).open("a", encoding="utf-8") as file:
            file.write(json.dumps([guarantee, how, figure]) + "\n")


def table(lines: list[str]) -> str:
    """Return the table of the figures noted, ordered by guarantee."""
    latest = {(guarantee, how): figure for guarantee, how, figure in map(json.loads, lines)}
    rows = sorted(latest.items(), key=lambda row: (row[0][0][0], int(row[0][0][1:]), row[0][1]))
    body = "\n".join(f"| {guarantee} | {how} | {figure} |" for (guarantee, how), figure in rows)
    return f"| guarantee | how it is tested | last figures |\n|---|---|---|\n{body}\n"


def main(figures: Path, document: Path) -> None:
    """Put the table between its marks in `document`."""
    text = document.read_text(encoding="utf-8")
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    lines = figures.read_text(encoding="utf-8").splitlines()
    document.write_text(f"{before}{BEGIN}\n{table(lines)}{END}{after}", encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
