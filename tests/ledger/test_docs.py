"""What the manual says of the ledger is true."""

import contextlib
import io
import re
from pathlib import Path

from mailsync.ledger.sqlite import open_ledger
from tests.contracts.mailbag import NOW, entry, letter, log_all, take_in

PAGE = Path(__file__).parents[2] / "docs" / "ledger.md"


def test_check_without_mailsync(tmp_path, monkeypatch):
    """The program in the manual checks a history and prints its head."""
    ledger = open_ledger(tmp_path / "mailsync.db", clock=lambda: NOW)
    take_in(ledger, letter("m1", "Größe \ud800"), letter("m2"))
    take_in(ledger, letter("m3"), account="office")
    log_all(ledger, entry(letter("m2")))
    [program] = re.findall(r"```python\n(.*?)```", PAGE.read_text(), re.DOTALL)
    monkeypatch.chdir(tmp_path)
    with contextlib.redirect_stdout(io.StringIO()) as printed:
        exec(program, {})

    assert printed.getvalue().strip() == ledger.head()[1]
    ledger.close()


def test_tables():
    """The manual names every table and view."""
    ledger = open_ledger(":memory:")
    query = "SELECT name FROM sqlite_master WHERE type IN ('table', 'view') AND name NOT GLOB '*_*'"
    names = {name for (name,) in ledger._database.conn.execute(query)} | {"thread_key", "subject_key"}
    ledger.close()

    assert {name for name in names if f"`{name}`" not in PAGE.read_text()} == set()
