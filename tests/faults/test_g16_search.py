"""G16: anything typed is a legal query, soon answered, and changes nothing."""

import time

import pytest

from tests.faults.evidence import note
from tests.faults.hostile import corpus
from tests.faults.test_g01_kill import database

QUERIES = (
    '"', '""', "(", ")", "a OR", "AND", "NOT", "NEAR(a b", "NEAR/2", "*", "a*", "+a", "^a", "{a b}", "words:", "col:a", "-", "--",
    "'; DROP TABLE event; --", "' OR 1=1--", "\\", "%", "_", "\x00", "\u202e", "ﷺ" * 100, "a " * 50_000, "(a " * 30_000,
    '"a" ' * 30_000, '"' + "a " * 900 + '"', "a OR " * 900, "-a " * 900, "who:a OR " * 300, "amount:>1 OR " * 200, "due:<2026",
    "before:9999-99-99", "amount:1e999", "client:" + "x" * 2000, " ".join(f"w{n}" for n in range(500)), "state:*", "🙂",
)  # fmt: skip


@pytest.mark.dovecot
def test_g16_every_query_is_answered_soon(office, tmp_path):
    """Hostile queries over hostile mail: no error, a bounded cost, and the database as it was."""
    folder = tmp_path / "old-mail"
    folder.mkdir()
    for number, one in enumerate(corpus()):
        if one.kind != "bomb":
            (folder / f"{number:04}.eml").write_bytes(one.data)
    office.run("import", str(folder))
    from mailsync.ledger.sqlite import open_ledger

    before = database(office).read_bytes()
    ledger = open_ledger(database(office), read_only=True)
    longest = ("", 0.0)
    for query in QUERIES:
        began = time.process_time()
        ledger.search(query)
        longest = max(longest, (query[:12], time.process_time() - began), key=lambda row: row[1])
    ledger.close()
    assert database(office).read_bytes() == before
    code, out, err = office.run("search", "--", "'; DROP TABLE event; --")
    assert code in (0, 1), err
    assert "sqlite" not in (out + err).lower()
    note("G16", f"{len(QUERIES)} hostile queries over the corpus", f"0 errors, longest {longest[1]:.2f} s CPU")
