"""G1, G8, F23: copies, dispute folders and upgrades killed half-way are there as a whole or not at all."""

import random
import shutil
import subprocess

import pytest
from sqlite_utils import Database as Tables

from mailsync.ledger.database import APPLICATION_ID, Database
from mailsync.ledger.schema import migrations
from mailsync.ledger.sqlite import open_ledger
from mailsync.ledger.upgrade import VERSION
from tests.faults.doomed import Doomed, flaws, mailsync
from tests.faults.evidence import note
from tests.faults.test_g01_kill import database, promise
from tests.journeys.office import deliver

ROUNDS = [pytest.param(8), pytest.param(100, marks=pytest.mark.long)]


def proves_itself(folder) -> bool:
    """Check a dispute folder as its reader would, without mailsync."""
    command = ["sha256sum", "--check", "--quiet", "--strict", "SHA256SUMS"]
    return subprocess.run(command, cwd=folder, capture_output=True, check=False).returncode == 0


@pytest.mark.dovecot
@pytest.mark.parametrize("rounds", ROUNDS)
def test_g01_a_killed_copy_is_whole_or_not_there(office, tmp_path, rounds):
    """Killed while it copies or exports, the ledger is whole, and so is whatever bears the name that was asked for."""
    for number in range(6):
        deliver(office.mailbox, promise(number))
    office.data("poll")
    chance, there, killed = random.Random(rounds), 0, 0
    for number in range(rounds):
        copy, folder = tmp_path / f"copy-{number}.db", tmp_path / f"dispute-{number}"
        for words in (("backup", str(copy)), ("dispute", "harbor", "--out", str(folder))):
            killed += Doomed(mailsync(office.config, *words)).kill_after(chance.uniform(0, 0.2))
        assert flaws(database(office)) == []
        assert not copy.exists() or flaws(copy) == []
        assert not folder.exists() or proves_itself(folder)
        there += copy.exists() + folder.exists()
        if not copy.exists():
            assert office.run("backup", str(copy))[0] == 0
        if not folder.exists():
            assert office.run("dispute", "harbor", "--out", str(folder))[0] == 0
    note("G1", "kill -9 in `backup` and `dispute`",
         f"{killed} kills: {there} finished and whole, the others not there, made by the next try")  # fmt: skip


@pytest.mark.dovecot
def test_g08_a_dispute_folder_is_refused_after_one_changed_byte(office, tmp_path):
    """sha256sum alone passes the folder, and refuses it with any single byte changed."""
    deliver(office.mailbox, promise(0))
    office.data("poll")
    folder, chance = tmp_path / "dispute", random.Random(8)
    assert office.run("dispute", "harbor", "--out", str(folder))[0] == 0
    assert proves_itself(folder)
    files = sorted(path for path in folder.rglob("*") if path.is_file() and path.stat().st_size)
    for trial in range(40):
        path = chance.choice(files)
        kept = path.read_bytes()
        spoilt = bytearray(kept)
        spoilt[chance.randrange(len(kept))] ^= 1
        path.chmod(0o600)
        path.write_bytes(spoilt)
        assert not proves_itself(folder), (trial, path.name)
        path.write_bytes(kept)
    note("G8", "one byte of a dispute folder changed, checked by sha256sum", "40/40 refused")


@pytest.mark.parametrize("rounds", ROUNDS)
def test_g01_a_killed_upgrade_leaves_the_old_or_the_new(tmp_path, rounds):
    """F23: killed while an older file is brought up to date, the next start finishes it."""
    old = tmp_path / "old.db"
    made = Database(old)
    steps = [step.name for step in migrations.pending(Tables(memory=True))]
    migrations.apply(Tables(made.conn), stop_before=steps[2])
    made.conn.execute(f"PRAGMA application_id = {APPLICATION_ID}")
    made.conn.execute("PRAGMA user_version = 2")
    made.close()
    chance, versions = random.Random(rounds), []
    for number in range(rounds):
        path = tmp_path / f"{number}" / "mailsync.db"
        path.parent.mkdir()
        shutil.copy(old, path)
        Doomed(lambda path=path: open_ledger(path).close()).kill_after(chance.uniform(0, 0.06))
        between = Database(path)
        versions.append(int(between.conn.execute("PRAGMA user_version").fetchone()[0]))
        between.close()
        assert flaws(path) == []
    assert set(versions) <= {2, VERSION}
    note("G1", "kill -9 while an older ledger is upgraded",
         f"{rounds} rounds: {versions.count(2)} left old, {versions.count(VERSION)} new, all finished by the next start")  # fmt: skip
