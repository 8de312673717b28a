"""One worker at a time."""

import stat
import subprocess
import sys

import pytest

from mailsync.model.errors import LedgerError, LockedError
from mailsync.transport.lock import one_worker

HOLD = """
import sys
from pathlib import Path
from mailsync.transport.lock import one_worker
with one_worker(Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.read()
"""


def test_a_second_worker_is_turned_away(tmp_path):
    """The lock is refused while held, in the same process too, and free afterwards."""
    with one_worker(tmp_path):
        with pytest.raises(LockedError, match="Another mailsync is at work") as caught, one_worker(tmp_path):
            pass
        assert caught.value.exit_code == 11
    with one_worker(tmp_path):
        pass


def test_accounts_have_locks_of_their_own(tmp_path):
    """Two accounts do not stand in each other's way, whatever their names."""
    with one_worker(tmp_path, "a/../b@x.example"), one_worker(tmp_path, "c"), one_worker(tmp_path):
        assert all(file.parent == tmp_path for file in tmp_path.rglob("*.lock"))


def test_the_lock_dies_with_its_holder(tmp_path):
    """A worker that is killed leaves nothing that keeps the next one out."""
    holder = subprocess.Popen([sys.executable, "-c", HOLD, tmp_path], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    with holder:
        assert holder.stdout.readline() == b"held\n"
        with pytest.raises(LockedError), one_worker(tmp_path):
            pass
        holder.kill()
    with one_worker(tmp_path):
        pass


def test_the_lock_is_the_users_alone(tmp_path):
    """Folder and file are made for nobody else."""
    with one_worker(tmp_path / "new"):
        assert stat.S_IMODE((tmp_path / "new").stat().st_mode) == 0o700
        assert stat.S_IMODE((tmp_path / "new" / "worker.lock").stat().st_mode) == 0o600


def test_no_place_for_a_lock_is_one_sentence(tmp_path):
    """Where no file can be made, the error says so."""
    (tmp_path / "file").write_text("")
    with pytest.raises(LedgerError, match="cannot be made"), one_worker(tmp_path / "file" / "below"):
        pass
