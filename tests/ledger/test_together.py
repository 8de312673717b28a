"""Several writes in one transaction, of which a part may fail alone."""

import contextlib
from datetime import UTC, datetime

from mailsync.ledger.sqlite import open_ledger
from mailsync.model.event import Trouble

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)


def test_a_part_that_fails_leaves_the_others(tmp_path):
    """What a failing part wrote is gone; what stood before and after it is kept."""
    ledger = open_ledger(tmp_path / "log.db")

    with ledger.together():
        ledger.trouble(Trouble(at=NOW, stage="read", subject="first", reason="x"))
        with contextlib.suppress(ValueError), ledger.together():
            ledger.trouble(Trouble(at=NOW, stage="read", subject="second", reason="x"))
            raise ValueError
        ledger.trouble(Trouble(at=NOW, stage="read", subject="third", reason="x"))

    assert sorted(t.subject for t in ledger.troubles()) == ["first", "third"]
    assert list(ledger.verify()) == []
    ledger.close()


def test_the_whole_fails_as_a_whole(tmp_path):
    """An error that leaves the block takes everything in it along."""
    ledger = open_ledger(tmp_path / "log.db")

    with contextlib.suppress(ValueError), ledger.together():
        ledger.trouble(Trouble(at=NOW, stage="read", subject="first", reason="x"))
        raise ValueError

    assert ledger.troubles() == []
    ledger.close()
