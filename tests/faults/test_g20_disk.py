"""G17, G20: a full, read-only or locked disk ends in one sentence and loses nothing; no secret is ever written down."""

import base64
import os
import resource
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from tests.faults.doomed import Doomed, flaws, mailsync
from tests.faults.evidence import note
from tests.faults.test_g01_kill import database, promise, whole
from tests.journeys.office import deliver
from tests.servers import PASSWORD

pytestmark = pytest.mark.dovecot
SIZES = [pytest.param(12), pytest.param(60, marks=pytest.mark.long)]


def fill(office, letters=5):
    """Put letters into the mailbox."""
    for number in range(letters):
        deliver(office.mailbox, promise(number * 3))
    return letters


def limited(command, octets):
    """Return `command` unable to make any file longer than `octets`, as on a disk without room."""

    def run():
        import signal

        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (octets, octets))
        command()

    return run


@pytest.mark.parametrize("sizes", SIZES)
def test_g20_a_full_disk_is_said_and_made_good(office, sizes):
    """Whatever the size at which room ends: not "fine", no damage, and with room again the next turn has all."""
    letters = fill(office)
    for number in range(sizes):
        for file in (office.folder / "data").glob("*"):
            file.unlink()
        child = Doomed(limited(mailsync(office.config, "poll"), 4096 + 400_000 * number // sizes))
        child.wait()
        assert child.code in (0, 1, 3)
        assert child.code or len(flaws(database(office))) == 0
        office.data("poll")
        whole(office, letters)
    note("G20", f"no room left at {sizes} file sizes", f"{sizes}/{sizes} ended in order and recovered")


def starved(command, what, more):
    """Return `command` with this much of a resource (files, octets of memory) beyond what it begins with."""

    def run():
        pages = int(Path("/proc/self/statm").read_text().split()[0])
        now = {
            resource.RLIMIT_NOFILE: len(list(Path("/proc/self/fd").iterdir())),
            resource.RLIMIT_AS: pages * resource.getpagesize(),
        }
        resource.setrlimit(what, (now[what] + more,) * 2)
        command()

    return run


@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="needs Linux")
@pytest.mark.parametrize(
    ("what", "shares"), [("RLIMIT_NOFILE", range(12)), ("RLIMIT_AS", range(0, 60_000_000, 5_000_000))]
)
def test_g20_a_starved_turn_is_made_good_by_the_next(office, what, shares):
    """F7: too few file descriptors or too little memory end the turn at any point; the ledger stays whole."""
    letters, ended = fill(office), []
    for more in shares:
        for file in (office.folder / "data").glob("*"):
            file.unlink()
        child = Doomed(starved(mailsync(office.config, "poll"), getattr(resource, what), more))
        child.wait()
        ended.append(child.code)
        assert flaws(database(office)) == []
        office.data("poll")
        whole(office, letters)
    assert set(ended) <= {0, 1, 3, 70, -6, -11}, ended
    note(
        "G20",
        f"{what} exhausted at {len(shares)} levels",
        f"{len(shares)}/{len(shares)} whole, recovered by the next turn",
    )


def test_g20_a_locked_database_is_waited_for_and_named(office):
    """Another program holds the file: one sentence, exit 1; when it lets go, the next turn has everything."""
    letters = fill(office)
    office.run("verify")
    office.data("poll")
    deliver(office.mailbox, promise(99))
    with sqlite3.connect(database(office), isolation_level=None) as other:
        other.execute("BEGIN IMMEDIATE")
        code, _, err = office.run("poll")
        other.execute("ROLLBACK")
    other.close()
    assert code == 1
    assert "busy" in err
    office.data("poll")
    whole(office, letters + 1)
    note("G20", "the database locked by another program for longer than we wait", "one sentence, exit 1, recovered")


def test_g17_no_secret_stands_anywhere(office):
    """Through a good turn and a refused one, the password is in no output, file or command line, in any usual form."""
    fill(office)
    outputs = [office.run("poll"), office.run("doctor"), office.run("status"), office.run("drafts", "list")]
    wrong = "wrong-" + PASSWORD
    command = [sys.executable, "-m", "mailsync", "poll", "--config", str(office.config)]
    refused = subprocess.run(command, capture_output=True, check=False, env={**os.environ, "OFFICE_PASSWORD": wrong})
    assert refused.returncode
    texts = [part.encode() for _, *parts in outputs for part in parts] + [refused.stdout, refused.stderr]
    files = [path for path in (office.folder / "data").rglob("*") if path.is_file()]
    texts += [path.read_bytes() for path in files]
    plain = f"\0{office.mailbox.user}\0{PASSWORD}".encode()
    forms = [PASSWORD.encode(), PASSWORD.encode().hex().encode(), PASSWORD[::-1].encode(), wrong.encode()]
    forms += [base64.b64encode(plain), base64.b64encode(PASSWORD.encode()).rstrip(b"=")[:-1]]
    assert [form for form in forms for text in texts if form in text] == []
    assert [oct(path.stat().st_mode & 0o77) for path in files if path.stat().st_mode & 0o77] == []
    assert not (office.folder / "data").stat().st_mode & 0o77
    note(
        "G17",
        "the password sought in output, errors and every file, six forms",
        f"0 found, {len(files)} files all 0600",
    )
