import csv
import io
import json
import mailbox
from datetime import UTC, date

from icalendar import Calendar

from mailsync.dossier.export import COLUMNS, calendar, csv_table, json_lines, mbox
from mailsync.model.entry import as_json
from mailsync.transport.files import read_path
from tests.dossier.office import NOW, mail, take_in

TODAY = date(2026, 3, 10)


def test_json_lines(ledger):
    """Each line is one entry in its documented shape."""
    entries = ledger.entries()
    assert [json.loads(line) for line in json_lines(entries, TODAY)] == [as_json(one, TODAY) for one in entries]


def test_table(ledger):
    """The table has one row for each entry, and no cell that a spreadsheet would run."""
    rows = list(csv.reader(io.StringIO(csv_table(ledger.entries(), TODAY).decode("utf-8-sig"))))

    assert rows[0] == list(COLUMNS)
    assert len(rows) == len(ledger.entries()) + 1
    assert not [cell for row in rows for cell in row if cell.startswith(("=", "+", "-", "@"))]


def test_mbox(ledger, tmp_path):
    """Mail comes out as an mbox file that others and we read back; a line that begins with "From " cuts nothing."""
    odd = mail("from", "From here on it is odd.\n>From there too.\n", day=15)
    take_in(ledger, odd)
    path = tmp_path / "out.mbox"
    path.write_bytes(b"".join(mbox(ledger, "acme")))

    box = mailbox.mbox(path)
    ids = [message["Message-ID"] for message in box]
    box.close()
    assert ids == [f"<{name}@mail.example>" for name in ("m1", "m2", "m3", "m4", "m5", "m6", "from")]
    assert len(list(read_path(path))) == 7
    assert b"\n>From here" in path.read_bytes()
    assert b"\n>>From there" in path.read_bytes()
    assert b"OTHERMATTER" not in path.read_bytes()


def test_erased_mail_is_left_out(ledger):
    """What was erased is not exported, and does not stop the rest."""
    ledger.forget("acme", NOW)

    assert b"".join(mbox(ledger)).count(b"\nMessage-ID") == 1


def test_calendar(ledger):
    """What is still due stands in the calendar once, under an id that stays; what is done or replaced does not."""
    made = Calendar.from_ical(calendar(ledger.entries(), NOW, UTC))

    [event] = [part for part in made.walk() if part.name == "VEVENT"]
    assert event["dtstart"].dt == date(2026, 3, 13)
    assert "SECRETPRINTER" in event["summary"]
    assert str(event["uid"]).endswith("@mailsync.invalid")
