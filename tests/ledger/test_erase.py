import sqlite3
from datetime import timedelta

import pytest

from mailsync.ledger.copies import backup, restore
from mailsync.ledger.sqlite import open_ledger
from mailsync.model.errors import LedgerError, NotFoundError, UsageError
from mailsync.model.mail import Address
from mailsync.model.thread import Correction
from tests.contracts.mailbag import ME, MONDAY, NOW, draft, entry, letter, log_all, take_in, thread_of

#: Stands in a subject, a text, a quote, a letter and a reason; its end too, because FTS5 keeps terms by their endings.
WORD = "zyxquartz"
BEFORE = MONDAY + timedelta(days=1)


@pytest.fixture
def path(tmp_path):
    """Return where the ledger's file lies."""
    return tmp_path / "data" / "mailsync.db"


@pytest.fixture
def ledger(path):
    """Return a ledger with the word in everything that one client wrote, and another client's mail."""
    opened = open_ledger(path)
    secret = letter("s1", f"I will send the {WORD} by Friday.", subject=f"About {WORD}", files=(f"{WORD}.pdf",))
    later = letter("s2", f"The {WORD} is late.", at=MONDAY + timedelta(days=2), refs=("s1",))
    take_in(opened, secret, later)
    take_in(opened, letter("o1", "Our gate is open.", sender=Address(email="bo@other.example")), client="other")
    log_all(
        opened,
        entry(secret, f"I will send the {WORD} by Friday."),
        entry(letter("o1", "Our gate is open."), client="other"),
    )
    thread = thread_of(opened, secret)
    kept = draft(thread, body=f"Hello, the {WORD} is due.")
    opened.keep_draft(kept, None, NOW)
    opened.correct(
        Correction(entry=entry(secret).id, at=NOW, changes=(("due", "2026-03-09"),), reason=f"{WORD} said so")
    )
    yield opened
    opened.close()


def bytes_of(path):
    """Return all bytes of the ledger's files."""
    return b"".join(file.read_bytes() for file in path.parent.iterdir())


def found(path):
    """Return which ends of the word are still in the files."""
    held = bytes_of(path).lower()
    return [WORD[i:] for i in range(len(WORD) - 4) if WORD[i:].encode() in held]


def test_word_is_gone(ledger, path):
    """After erasing, the word is in no byte of any file, and the ledger still proves whole."""
    assert list(ledger.verify()) == []
    assert found(path)

    done = ledger.forget("acme", NOW)

    assert (done.messages, done.entries, done.letters, done.settled) == (2, 1, 1, True)
    assert found(path) == []
    assert list(ledger.verify()) == []
    ledger.close()
    assert found(path) == []


def test_tombstones(ledger):
    """What stays says that there was something, and when it was erased; nothing of it can be asked for any more."""
    digest = ledger.threads("acme")[0].id
    secret = letter("s1", f"I will send the {WORD} by Friday.", subject=f"About {WORD}", files=(f"{WORD}.pdf",))
    done = ledger.forget("acme", NOW)

    assert ledger.events(after=done.seq - 1)[0].name == "erased"
    with pytest.raises(NotFoundError, match="erased"):
        ledger.raw(secret.digest)
    assert ledger.entries(client="acme") == []
    assert ledger.drafts() == []
    assert ledger.search(WORD) == []
    assert ledger.thread(digest).subject == ""
    assert [info.client for info in ledger.undrafted()] == ["other"]


def test_others_stay(ledger):
    """Another client's mail, entries and search results are as they were."""
    before = [(e.id, e.finding) for e in ledger.entries(client="other")]
    ledger.forget("acme", NOW)

    assert [(e.id, e.finding) for e in ledger.entries(client="other")] == before
    assert [hit.client for hit in ledger.search("gate")] == ["other", "other"]
    take_in(ledger, letter("o2", "The gate is shut.", sender=ME), client="other")
    assert list(ledger.verify()) == []


def test_by_age(ledger, path):
    """With a date, only what was sent before it goes; the thread is read again without it."""
    done = ledger.forget("acme", NOW, before=BEFORE)

    assert done.messages == 1
    assert b"send the" not in bytes_of(path)
    assert ledger.search("late")
    assert ledger.unread_threads()
    log_all(ledger)
    assert list(ledger.verify()) == []


def test_twice_is_once(ledger):
    """Erasing again erases nothing and tells of nothing; mail that comes in again stays erased."""
    ledger.forget("acme", NOW)
    head = ledger.head()
    assert ledger.forget("acme", NOW).seq == 0
    assert ledger.head() == head

    secret = letter("s1", f"I will send the {WORD} by Friday.", subject=f"About {WORD}", files=(f"{WORD}.pdf",))
    take_in(ledger, secret)
    assert ledger.search(WORD) == []
    assert list(ledger.verify()) == []


def test_undoing_is_found(ledger, path):
    """Words put back into an erased row are named by verify."""
    ledger.forget("acme", NOW)
    conn = sqlite3.connect(path)
    conn.execute("UPDATE message SET subject = 'put back' WHERE subject = ''")
    conn.commit()
    conn.close()

    assert any("was erased, and yet holds something" in flaw.what for flaw in ledger.verify())


def test_upgrade_copies_go(ledger, path):
    """Copies that an upgrade left beside the file hold the words as well, and go with them."""
    copy = path.with_name(path.name + ".version-5")
    copy.write_bytes(b"old " + WORD.encode())

    assert ledger.forget("acme", NOW).copies == (copy.name,)
    assert found(path) == []


def test_reader_keeps_pages(ledger, path):
    """While another program reads, the answer says that old pages may live on; said again later, they go."""
    reader = sqlite3.connect(path)
    reader.execute("BEGIN")
    reader.execute("SELECT count(*) FROM message").fetchall()
    assert not ledger.forget("acme", NOW).settled
    reader.close()

    assert ledger.forget("acme", NOW).settled
    assert found(path) == []


# ---- copies ----


def test_backup_while_in_use(ledger, path, tmp_path):
    """A backup taken from a ledger in use is one file, whole, and says the same."""
    seq, digest = backup(path, tmp_path / "copy.db")

    assert (seq, digest) == ledger.head()
    copy = open_ledger(tmp_path / "copy.db", read_only=True)
    assert list(copy.verify()) == []
    assert copy.entries() == ledger.entries()
    copy.close()
    assert (tmp_path / "copy.db").stat().st_mode & 0o077 == 0
    assert not list(tmp_path.glob(".copy*"))


def test_nothing_is_written_over(ledger, path, tmp_path):
    """A backup never takes the place of a file that is there."""
    (tmp_path / "copy.db").write_text("mine")
    with pytest.raises(UsageError, match="there already"):
        backup(path, tmp_path / "copy.db")
    assert (tmp_path / "copy.db").read_text() == "mine"


def test_restore(ledger, path, tmp_path):
    """A backup put back is the ledger of that day; the one it replaced is kept whole under another name."""
    backup(path, tmp_path / "copy.db")
    head = ledger.head()
    take_in(ledger, letter("n1", "Something newer."))
    newer = ledger.head()
    ledger.close()

    seq, digest, aside = restore(tmp_path / "copy.db", path)

    assert (seq, digest) == head
    for file, there in ((path, head), (aside, newer)):
        opened = open_ledger(file)
        assert opened.head() == there
        assert list(opened.verify()) == []
        opened.close()


def test_damaged_backup(ledger, path, tmp_path):
    """A backup that was changed is refused by name of the place, and the ledger stays as it is."""
    backup(path, tmp_path / "copy.db")
    conn = sqlite3.connect(tmp_path / "copy.db")
    conn.execute("UPDATE message SET subject = 'forged' WHERE id = (SELECT min(id) FROM message)")
    conn.commit()
    conn.close()
    head = ledger.head()
    with pytest.raises(LedgerError, match="not whole: message"):
        restore(tmp_path / "copy.db", path)
    assert ledger.head() == head


@pytest.mark.parametrize("data", [b"", b"no database", b"SQLite format 3\0" + b"x" * 500])
def test_no_backup(path, tmp_path, data):
    """Something that is no ledger is refused with a sentence."""
    (tmp_path / "copy.db").write_bytes(data)
    with pytest.raises(LedgerError):
        restore(tmp_path / "copy.db", path)
    assert not path.exists()


def test_evidence_goes_too(ledger, path):
    """What was found out about a message is part of the proven record, kept once, and goes with the message."""
    secret = letter("s1", f"I will send the {WORD} by Friday.", subject=f"About {WORD}", files=(f"{WORD}.pdf",))
    for _ in range(2):
        ledger.keep_evidence(secret.digest, {"dkim": [{"domain": f"{WORD}.example"}]}, NOW)
    assert len(ledger.evidence(secret.digest)) == 1
    assert secret.digest not in ledger.unproven(MONDAY)
    assert list(ledger.verify()) == []

    ledger.forget("acme", NOW)

    assert ledger.evidence(secret.digest) == []
    assert found(path) == []
    assert list(ledger.verify()) == []
