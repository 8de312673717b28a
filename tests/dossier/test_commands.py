import json
import subprocess
from datetime import date

import pytest
from click.testing import CliRunner

from mailsync.cli import COMMANDS, cli
from mailsync.cli.output import failing
from mailsync.ledger.sqlite import open_ledger
from tests.dossier.office import story

CONFIG = """
[me]
name = "Robin Hale"
addresses = ["robin@halecraft.example"]

[[accounts]]
name = "work"
address = "robin@halecraft.example"
password_env = "NOBODY"
authserv = "mx.halecraft.example"

[accounts.imap]
host = "127.0.0.1"

[[clients]]
key = "acme"
name = "Acme Foods"
domains = ["acme.example"]

[[clients]]
key = "other"
name = "Other Ltd"
domains = ["other.example"]

[data]
dir = "data"
"""


@pytest.fixture
def run(tmp_path):
    """Return how to run a command over a ledger with the story in it: exit code, stdout, stderr."""
    (tmp_path / "config.toml").write_text(CONFIG)
    (tmp_path / "data").mkdir(mode=0o700)
    ledger = open_ledger(tmp_path / "data" / "mailsync.db")
    story(ledger)
    ledger.close()

    def call(*args):
        def guarded():
            with failing():
                return cli.main(list(args), standalone_mode=False)

        runner = CliRunner()
        with runner.isolation(env={"MAILSYNC_CONFIG": str(tmp_path / "config.toml")}) as streams:
            try:
                code = guarded() or 0
            except SystemExit as end:
                code = end.code or 0
            return code, streams[0].getvalue(), streams[1].getvalue().decode()

    return call


def test_agreed(run):
    """What was agreed on a day comes in one command, as text and as data, with both messages."""
    code, out, _ = run("agreed", "acme", "--about", "deadline", "--on", "2026-03-05")
    assert code == 0
    assert out.decode().startswith("deadline: 2026-03-06\n")
    assert "Agreed, go ahead with the website." in " ".join(out.decode().split())

    [chain] = json.loads(run("agreed", "acme", "--about", "deadline", "--json")[1])["agreements"]
    assert [version["value"] for version in chain["versions"]] == ["2026-03-06", "2026-03-09"]
    assert chain["versions"][0]["acceptance"]["message_id"] == "<m2@mail.example>"


def test_dispute(run, tmp_path):
    """The folder is made, named with its digest, and sha256sum finds it whole."""
    code, out, _ = run("dispute", "acme", "--out", str(tmp_path / "out"), "--json")

    said = json.loads(out)
    assert code == 0
    assert said["exhibits"] == 7
    sums = subprocess.run(["sha256sum", "SHA256SUMS"], cwd=tmp_path / "out", capture_output=True, text=True, check=True)
    assert sums.stdout.split()[0] == said["sha256"]
    assert run("dispute", "acme", "--out", str(tmp_path / "out"))[0] == 2
    assert run("dispute", "nobody", "--out", str(tmp_path / "two"))[0] == 1
    assert run("dispute", "", "--out", str(tmp_path / "two"))[0] == 1


def test_head(run, tmp_path):
    """The head is the newest event's digest, and a file of heads grows by a line each time."""
    for _ in range(2):
        seq, digest = run("head", "--out", str(tmp_path / "heads.txt"))[1].decode().split()
    lines = (tmp_path / "heads.txt").read_text().splitlines()

    assert len(lines) == 2
    assert lines[0].endswith(f" {seq} {digest}")
    assert json.loads(run("verify", "--json")[1])["head"] == [int(seq), digest]


@pytest.mark.parametrize(
    ("form", "begins"),
    [("jsonl", b'{"id"'), ("csv", b"\xef\xbb\xbfid,date"), ("mbox", b"From MAILER"), ("ical", b"BEGIN:VCALENDAR")],
)
def test_export(run, tmp_path, form, begins):
    """Each open format goes to a file or to stdout, the same; nothing is written over."""
    out = tmp_path / "out"
    assert run("export", "--format", form, "--client", "acme", "--out", str(out))[0] == 0
    assert out.read_bytes().startswith(begins)
    if form != "ical":  # it holds the moment at which it was made
        assert run("export", "--format", form, "--client", "acme")[1] == out.read_bytes()
    assert run("export", "--format", form, "--out", str(out))[0] == 2


def test_backup_and_restore(run, tmp_path):
    """A backup put back after an erasure is the ledger as it was."""
    assert run("backup", str(tmp_path / "copy.db"))[0] == 0
    before = run("head")[1]
    assert run("forget", "acme", "--yes")[0] == 0
    assert run("head")[1] != before
    assert run("restore", str(tmp_path / "copy.db"))[0] == 0
    assert run("head")[1] == before
    assert run("verify")[0] == 0


def test_forget(run):
    """Erasing says what went and proves it; an unknown client is named with those there are."""
    code, out, _ = run("forget", "acme", "--yes", "--json")
    said = json.loads(out)
    assert code == 0
    assert (said["messages"], said["whole"], said["settled"]) == (6, True, True)
    assert b"SECRETPRINTER" not in run("export", "--format", "mbox")[1]

    code, _, err = run("forget", "akme", "--yes")
    assert code == 1
    assert "acme, other" in err


def test_forget_asks(run):
    """Without a yes nothing is erased."""
    before = run("head")[1]
    assert run("forget", "acme")[0] == 130
    assert run("head")[1] == before


def test_forget_by_age(run):
    """Only what was sent before the day goes."""
    assert (
        json.loads(run("forget", "acme", "--before", date(2026, 3, 5).isoformat(), "--yes", "--json")[1])["messages"]
        == 2
    )


@pytest.mark.parametrize("name", ["agreed", "dispute", "head", "export", "backup", "restore", "forget"])
def test_help(run, name):
    """Every command of the record is listed and helps with an example."""
    assert name in COMMANDS
    assert b"Example: mailsync " in run(name, "--help")[1]


def test_heads_kept_elsewhere(run, tmp_path):
    """A head that was kept proves what came after it; a ledger set back or written anew no longer holds it."""
    heads = str(tmp_path / "heads.txt")
    assert run("backup", str(tmp_path / "old.db"))[0] == 0
    assert run("forget", "acme", "--yes")[0] == 0
    run("head", "--out", heads)
    assert run("verify", "--heads", heads)[0] == 0

    assert run("restore", str(tmp_path / "old.db"))[0] == 0
    assert run("verify")[0] == 0
    code, _, err = run("verify", "--heads", heads)
    assert code == 1
    assert "kept elsewhere" in err

    (tmp_path / "heads.txt").write_text("no head at all")
    assert run("verify", "--heads", heads)[0] == 2


def test_pdf(run, tmp_path):
    """With the extra, the first page is there as PDF as well, and is among what is checked."""
    pytest.importorskip("weasyprint", reason="the extra 'pdf' is not installed")
    assert run("dispute", "acme", "--pdf", "--out", str(tmp_path / "out"))[0] == 0
    assert (tmp_path / "out" / "index.pdf").read_bytes().startswith(b"%PDF")
    assert "index.pdf" in (tmp_path / "out" / "SHA256SUMS").read_text()
