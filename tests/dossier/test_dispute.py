import csv
import hashlib
import json
import random
import re
import shutil
import subprocess
import sys
from datetime import UTC, date
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mailsync.dossier.case import Wish, gather
from mailsync.dossier.chronology import Fault
from mailsync.dossier.folder import write
from mailsync.dossier.tables import cell
from mailsync.model.errors import NotFoundError, TemplateError, UsageError
from mailsync.model.people import Side
from mailsync.reading.attachments import files, safe_name
from tests.dossier.office import ACME, CIRCLE, ME, NOW, OTHER, mail, take_in

ROOT = Path(__file__).parents[2]


def make(ledger, out, own=None, **wish):
    """Write the folder that a wish asks for; return the case."""
    case = gather(ledger, CIRCLE, Wish(client=wish.pop("client", ACME), **wish), NOW, UTC)
    write(case, out, own)
    return case


def checked(folder):
    """Run the real sha256sum over a folder; return its exit code."""
    return subprocess.run(["sha256sum", "--strict", "--status", "-c", "SHA256SUMS"], cwd=folder, check=False).returncode


def everything(folder):
    """Return all bytes of a folder."""
    return b"\n".join(path.read_bytes() for path in folder.rglob("*") if path.is_file())


@pytest.fixture
def folder(ledger, tmp_path):
    """Return a whole dispute folder."""
    make(ledger, tmp_path / "out")
    return tmp_path / "out"


def test_files(folder):
    """The folder holds the page, tables, both sides' mail byte for byte, and how to check all of it."""
    there = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}

    assert {"index.html", "chronology.csv", "entries.json", "events.jsonl", "OMITTED.txt", "CHAIN.txt"} <= there
    assert {"SHA256SUMS", "check.py", "threads/001.html", "mail/0001.eml", "mail/0004.eml"} <= there
    record = json.loads((folder / "entries.json").read_text())
    for exhibit in record["exhibits"]:
        if exhibit["file"]:
            assert hashlib.sha256((folder / exhibit["file"]).read_bytes()).hexdigest() == exhibit["sha256"]
    assert all(path.stat().st_mode & 0o077 == 0 for path in [folder, *folder.rglob("*")])


def test_checks_without_us(folder):
    """sha256sum and the little script, which imports nothing of ours, find the folder whole."""
    assert checked(folder) == 0
    done = subprocess.run([sys.executable, "-I", "check.py"], cwd=folder, check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout
    assert done.stdout.startswith("whole: ")


def test_one_changed_byte(folder):
    """In 100 of 100 trials, one changed bit in any file is found by sha256sum."""
    chance = random.Random(7)
    paths = sorted(p for p in folder.rglob("*") if p.is_file() and p.stat().st_size and p.name != "SHA256SUMS")
    for _ in range(100):
        path = chance.choice(paths)
        before = path.read_bytes()
        place = chance.randrange(len(before))
        path.write_bytes(before[:place] + bytes([before[place] ^ 1 << chance.randrange(8)]) + before[place + 1 :])
        assert checked(folder) != 0, path
        path.write_bytes(before)
    assert checked(folder) == 0


def test_history_is_proven(folder):
    """A change to an event is named by the script even when the list of check sums was made anew."""
    path = folder / "events.jsonl"
    path.write_text(path.read_text().replace('"entry found"', '"entry moved"', 1))
    sums = folder / "SHA256SUMS"
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    sums.write_text(re.sub(r"\w{64}  events.jsonl", f"{digest}  events.jsonl", sums.read_text()))

    done = subprocess.run([sys.executable, "check.py"], cwd=folder, check=False, capture_output=True, text=True)
    assert done.returncode == 1
    assert "was changed" in done.stdout


def test_page(folder):
    """The page needs no script and loads nothing, whatever the mails held; every link leads to a place that is there."""
    for page in folder.rglob("*.html"):
        text = page.read_text()
        assert "default-src 'none'" in text
        assert not re.search(r"<script|<img|<link|<iframe|\son\w+=|javascript:", text, re.IGNORECASE)
        for target, _, anchor in (link.partition("#") for link in re.findall(r'href="([^"]+)"', text)):
            there = (page.parent / target) if target else page
            assert there.is_file(), target
            assert not anchor or f'id="{anchor}"' in there.read_text()


def test_chronology(ledger, tmp_path):
    """Entries and missed days stand in the order of time, each with what became of it and its exhibit."""
    case = make(ledger, tmp_path / "out")

    assert [row.number for row in case.rows] == list(range(1, len(case.rows) + 1))
    assert [row.at for row in case.rows] == sorted(row.at for row in case.rows)
    price, delivery = case.rows[0], case.rows[1]
    assert price.became == ("agreed on 3 Mar 2026 by no. 3",)
    assert delivery.became == ("agreed on 3 Mar 2026 by no. 3", "replaced on 9 Mar 2026 by no. 5")
    assert case.rows[2].answers == (1, 2)


def test_our_own_misses(ledger, tmp_path):
    """What we missed stands there as what the client missed would: moved too late, done late, not done."""
    case = make(ledger, tmp_path / "out")

    ours = [(miss.entry.finding.terms.due, miss.fault, miss.days) for miss in case.misses if miss.side is Side.US]
    assert ours == [
        ("2026-03-06", Fault.MOVED, 3),
        ("2026-03-09", Fault.LATE, 3),
        ("2026-03-13", Fault.OUTSTANDING, 7),
    ]
    assert "By us" in (tmp_path / "out" / "index.html").read_text()


def test_formulas(folder):
    """No cell of the table begins like a formula (T21)."""
    rows = list(csv.reader((folder / "chronology.csv").read_text("utf-8-sig").splitlines()))

    assert len(rows) > 5
    assert not [value for row in rows for value in row if value.startswith(("=", "+", "-", "@", "\t", "\r"))]
    assert any(value.startswith("'=HYPERLINK") for row in rows for value in row)


@given(st.text())
def test_cells(text):
    """Whatever a mail says, its cell is text to a spreadsheet."""
    assert not cell(text).lstrip().startswith(("=", "+", "-", "@"))


def test_attachments(folder, tmp_path):
    """Hostile names stay inside the folder (T15), and nothing that runs keeps an ending that runs."""
    names = sorted(path.name for path in (folder / "attachments").iterdir())

    assert names == ["0004-1-tmp_PWNED-path", "0004-2-cmd_ _C calc_A1.html.unsafe", "0004-3-invoicefdp.exe.unsafe"]
    assert (folder / "attachments" / names[0]).read_bytes() == b"%PDF-1.7 one"
    assert not list(tmp_path.rglob("PWNED-path"))


@settings(suppress_health_check=[HealthCheck.too_slow])
@given(st.text(max_size=200))
def test_safe_names(name):
    """Any name becomes one that is a plain file's in any folder."""
    safe = safe_name(name, "file")

    assert not set(safe) & set("/\\:")
    assert safe not in ("", ".", "..")
    assert safe.isascii()
    assert safe.isprintable()
    assert len(safe) < 120


@given(st.binary(max_size=2000))
def test_files_never_raise(data):
    """Whatever the bytes, taking out the files does not fail."""
    files(data)
    files(b"Content-Type: multipart/mixed; boundary=x\r\n\r\n--x\r\n" + data + b"\r\n--x--\r\n")


def test_only_this_client(ledger, tmp_path):
    """What belongs to another client alone is not shown, even in the midst of a thread; its place is marked."""
    case = make(ledger, tmp_path / "out")

    held = everything(tmp_path / "out")
    assert b"OTHERMATTER" not in held
    assert b"eve@other.example" not in held
    assert [one.withheld for one in case.exhibits if one.withheld] == ["it is mail with another client"]
    assert "another client" in (tmp_path / "out" / "OMITTED.txt").read_text()


def test_client_cannot_be_widened(ledger, tmp_path):
    """A query that tries to name other clients still gives only this client's mail."""
    case = make(ledger, tmp_path / "out", client=OTHER, about="OR website")

    assert {entry.client for entry in case.entries} == {"other"}
    assert b"4800" not in everything(tmp_path / "out")


def test_matter(ledger, tmp_path):
    """With --about, threads without it are left out and named, and what answers a found entry is taken in."""
    case = make(ledger, tmp_path / "out", about="deliver")

    quotes = {entry.finding.evidence.quote for entry in case.entries}
    assert "I will deliver it by 6 March." in quotes
    assert "The website is live." in quotes
    assert "Please fix the SECRETPRINTER by Friday." not in quotes
    assert "Sheets" in (tmp_path / "out" / "OMITTED.txt").read_text()


def test_redacted(ledger, tmp_path):
    """With --redact nothing of other matters is in any file; gaps say how much, and digests stay."""
    case = make(ledger, tmp_path / "out", about="website", redact=True)

    held = everything(tmp_path / "out")
    assert b"SECRETPRINTER" not in held
    assert b"OTHERMATTER" not in held
    gapped = next(one for one in case.exhibits if one.gaps)
    assert gapped.read.message.digest.encode() in held
    assert b"blacked out: 6 words" in held
    assert "The website looks good." in (tmp_path / "out" / "threads" / "001.html").read_text()
    assert checked(tmp_path / "out") == 0


def test_redacted_by_time(ledger, tmp_path):
    """With --redact and a period, mail outside of it leaves only its date, side and digest."""
    case = make(ledger, tmp_path / "out", until=date(2026, 3, 10), redact=True)

    assert b"SECRETPRINTER" not in everything(tmp_path / "out")
    assert [one.number for one in case.exhibits if not one.withheld] == [1, 2, 3]


def test_nothing_to_redact_from(ledger, tmp_path):
    """--redact without a matter or a period is refused, because everything would be of the matter."""
    with pytest.raises(UsageError, match="matter"):
        make(ledger, tmp_path / "out", redact=True)


def test_suggestions(ledger, tmp_path):
    """What is only suggested is left out and counted, or shown and marked when asked for."""
    without, with_them = make(ledger, tmp_path / "a"), make(ledger, tmp_path / "b", suggestions=True)

    assert len(with_them.entries) == len(without.entries) + 1
    assert "may be agreements: 1" in (tmp_path / "a" / "OMITTED.txt").read_text()
    assert "not confirmed by a person" in (tmp_path / "b" / "index.html").read_text()


def test_nothing_found(ledger, tmp_path):
    """Where there is nothing, nothing is made, and the sentence says so."""
    with pytest.raises(NotFoundError, match="no mail with Acme Foods"):
        make(ledger, tmp_path / "out", about="zeppelin")
    assert not (tmp_path / "out").exists()


def test_nothing_is_written_over(ledger, tmp_path):
    """A folder that holds something is refused."""
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "mine.txt").write_text("mine")
    with pytest.raises(UsageError, match="there already"):
        make(ledger, tmp_path / "out")
    assert (tmp_path / "out" / "mine.txt").read_text() == "mine"


def test_all_or_nothing(ledger, tmp_path):
    """When writing fails half way, nothing is left; what a killed run left behind does not disturb the next."""
    own = tmp_path / "templates"
    (own / "dossier").mkdir(parents=True)
    (own / "dossier" / "thread.html").write_text("{{ nothing.like.this }}")
    with pytest.raises(TemplateError, match="thread"):
        make(ledger, tmp_path / "out", own)
    assert [path.name for path in tmp_path.iterdir() if "out" in path.name] == []

    (tmp_path / ".out.part" / "mail").mkdir(parents=True)
    (tmp_path / ".out.part" / "mail" / "0001.eml").write_text("half")
    make(ledger, tmp_path / "out")
    assert checked(tmp_path / "out") == 0
    assert not (tmp_path / ".out.part").exists()


def test_hostile_text(ledger, tmp_path):
    """Mark-up in a mail is shown as text, and marks that turn text around are shown as signs."""
    take_in(
        ledger, mail("h1", "<script>alert(1)</script>\n<b>bold</b> \u202ereversed", subject="<img src=x onerror=a>")
    )
    make(ledger, tmp_path / "out")
    text = "".join(path.read_text() for path in (tmp_path / "out").rglob("*.html"))

    assert "&lt;script&gt;alert(1)" in text
    assert "<img" not in text
    assert "\u202e" not in text


def test_addressee(ledger, tmp_path):
    """An escalation pack is the same folder with whom it is addressed to on the first page."""
    make(ledger, tmp_path / "out", addressee="The managing director, Acme Foods")

    assert "To: The managing director, Acme Foods" in (tmp_path / "out" / "index.html").read_text()
    shutil.rmtree(tmp_path / "out")


def test_own_address_is_a_side(ledger, tmp_path):
    """Each exhibit says whose words it holds."""
    case = make(ledger, tmp_path / "out")

    sides = {one.read.message.sender.email: one.side for one in case.exhibits}
    assert sides[ME] is Side.US
    assert sides["anna@acme.example"] is Side.CLIENT


def test_evidence_at_arrival(ledger, tmp_path):
    """What our own server and our own check found out about a sender stands beside the exhibit; others' word does not."""
    results = b"Authentication-Results: mx.halecraft.example; dmarc=pass\r\n"
    [ours, theirs] = take_in(
        ledger, results + mail("a1", "Yes."), b"Authentication-Results: x; spf=pass\r\n" + mail("a2", "No.")
    )
    ledger.keep_evidence(ours.digest, {"dkim": [{"domain": "acme.example", "selector": "s1", "result": "pass"}]}, NOW)
    case = make(ledger, tmp_path / "out", servers=(("work", "mx.halecraft.example"),))

    assert case.exhibit(ours.digest).authentication.results == (("dmarc", "pass"),)
    assert not case.exhibit(theirs.digest).authentication.ours
    text = "".join(path.read_text() for path in (tmp_path / "out" / "threads").iterdir())
    assert "by our mail server mx.halecraft.example" in text
    assert "signed by acme.example, key s1" in text
    assert "so it proves nothing" in text
    assert list(ledger.verify()) == []


KILLED = """
import os, signal, sys
from datetime import UTC
from pathlib import Path
from mailsync.dossier.case import Wish, gather
from mailsync.dossier.folder import write
from mailsync.ledger.sqlite import open_ledger
from tests.dossier.office import ACME, CIRCLE, NOW

left = int(sys.argv[3])

def watch(event, args):
    global left
    if event in ("open", "os.mkdir", "os.rename") and ".out.part" in str(args[0]):
        left -= 1
        if left == 0:
            os.kill(os.getpid(), signal.SIGKILL)

ledger = open_ledger(sys.argv[1], read_only=True)
case = gather(ledger, CIRCLE, Wish(client=ACME), NOW, UTC)
sys.addaudithook(watch)
write(case, Path(sys.argv[2]))
"""


@pytest.mark.parametrize("step", [1, 2, 9, 20, 33])
def test_killed(ledger, path, tmp_path, step):
    """Killed at any step, the folder is not there under its name; the next run makes it whole."""
    out = tmp_path / "out"
    done = subprocess.run([sys.executable, "-c", KILLED, str(path), str(out), str(step)], check=False, cwd=ROOT)

    assert done.returncode == -9
    assert not out.exists()
    make(ledger, out)
    assert checked(out) == 0
    assert not (tmp_path / ".out.part").exists()
