"""What a mailbox goes through in its life, on a real server: nothing missed, nothing double, each thing named."""

from datetime import UTC, datetime

from mailsync.app import open_app
from mailsync.transport.lock import one_worker
from tests.journeys.office import DANA, ME, ago, deliver, letter

NOW = datetime.now(UTC)


def letters(count, start=0):
    """Return letters of the client, each with a promise of its own."""
    return [
        letter(
            DANA, ME, f"Part {n}", f"Hi Robin,\n\nI will send you part {n} by Friday.\n\nDana\n", ago(NOW, days=9 - n)
        )
        for n in range(start, start + count)
    ]


def outcomes(office, folder="INBOX"):
    """Return the folder's messages by outcome, as the log has them."""
    return office.data("status")["accounts"][0]["folders"][folder]


def quotes(office):
    """Return the words of every entry."""
    return sorted(entry["quote"] for entry in office.data("log"))


def test_a_new_uidvalidity_loses_and_doubles_nothing(office):
    """When every UID means something else, messages are matched again, and only new ones are fetched."""
    for one in letters(3):
        deliver(office.mailbox, one)
    office.data("poll")
    before = quotes(office)

    office.mailbox.new_uidvalidity()
    deliver(office.mailbox, letters(1, start=3)[0])
    turn = office.data("poll")

    assert turn["kept"] == 1
    assert len(quotes(office)) == len(before) + 1
    assert office.run("doctor", "--complete")[0] == 0


def test_an_expunged_message_stays_in_the_log_and_is_named_gone(office):
    """What the server no longer has is still ours, and the count says so."""
    for one in letters(3):
        deliver(office.mailbox, one)
    office.data("poll")
    [first, *_] = [uid for uid, _, _ in office.mailbox.contents()]

    office.mailbox.expunge(first)
    office.data("poll")

    assert outcomes(office)["gone"] == 1
    assert len(quotes(office)) == 3
    assert office.run("doctor", "--complete")[0] == 0


def test_the_same_message_in_two_folders_is_kept_once(office):
    """Two places, one message, one entry."""
    deliver(office.mailbox, letters(1)[0])
    office.mailbox.create("Projects")
    office.mailbox.copy("INBOX", "Projects")
    text = office.config.read_text().replace("password_env", 'folders = ["Projects"]\npassword_env')
    office.config.write_text(text)

    turn = office.data("poll")

    assert turn["kept"] == 1
    assert len(quotes(office)) == 1
    assert outcomes(office, "Projects") == outcomes(office)


def test_a_message_over_the_limit_is_named_not_fetched(office):
    """A too large message is not read, and the log says why; raising the limit is not needed for the others."""
    office.config.write_text(office.config.read_text() + "\n[limits]\nmax_message_mb = 1\n")
    big = letter(DANA, ME, "Photos", "See the photos.\n", ago(NOW, days=1))
    big.add_attachment(b"x" * 1_500_000, maintype="image", subtype="jpeg", filename="photo.jpg")
    deliver(office.mailbox, big)
    deliver(office.mailbox, letters(1)[0])

    turn = office.data("poll")

    assert (turn["kept"], turn["unread"]) == (1, 1)
    assert outcomes(office)["too large"] == 1


def test_an_automatic_reply_is_kept_and_not_read(office):
    """A machine's promise is nobody's."""
    away = letter(DANA, ME, "Automatic reply: Part 1", "I will answer you on Monday.\n", ago(NOW, days=1))
    away["Auto-Submitted"] = "auto-replied"
    deliver(office.mailbox, away)

    office.data("poll")

    assert outcomes(office)["automatic"] == 1
    assert quotes(office) == []


def test_a_repeated_or_missing_message_id_hides_no_mail(office):
    """Two different letters with one Message-ID, and one without any, are all read."""
    first, second, third = letters(3)
    second.replace_header("Message-ID", first["Message-ID"])
    del third["Message-ID"]
    for one in (first, second, third):
        deliver(office.mailbox, one)

    turn = office.data("poll")

    assert turn["kept"] == 3
    assert len(quotes(office)) == 3


def test_a_second_worker_is_sent_away(office):
    """While one works, another ends with exit code 11 and a sentence."""
    with open_app(office.config) as app, one_worker(app.config.data_dir):
        code, _, err = office.run("poll")

    assert code == 11
    assert "Another mailsync is at work" in err


def test_a_dead_account_does_not_stop_another(office):
    """The account whose server is away is named; the other one is read."""
    deliver(office.mailbox, letters(1)[0])
    dead = (
        '[[accounts]]\nname = "old"\naddress = "old@halecraft.example"\npassword_env = "OFFICE_PASSWORD"\n'
        'imap = {host = "127.0.0.1", port = 9, security = "none"}\n\n[[accounts]]\nname = "work"'
    )
    office.config.write_text(office.config.read_text().replace('[[accounts]]\nname = "work"', dead))

    code, _, err = office.run("poll")

    assert code == 3
    assert "old" in err
    assert len(quotes(office)) == 1
    assert office.run("status")[0] == 1


def test_a_moved_deadline_is_a_chain(office):
    """The newer date replaces the older one, and the log still answers as of the day before."""
    first = letter(DANA, ME, "Launch", "Let us launch on 1 April 2027.\n\nDana\n", ago(NOW, days=9))
    second = letter(ME, DANA, "Re: Launch", "Agreed, we launch on 1 April 2027.\n\nRobin\n", ago(NOW, days=8), answering=first)  # fmt: skip
    third = letter(DANA, ME, "Re: Launch", "We need to move the launch from 1 April to 15 April 2027.\n\nDana\n", ago(NOW, days=2), answering=second)  # fmt: skip
    deliver(office.mailbox, first)
    deliver(office.mailbox, second, "Sent")
    deliver(office.mailbox, third)
    office.data("poll")

    now = office.data("log")
    then = office.data("log", "--as-of", ago(NOW, days=5).date().isoformat())

    assert any(e["replaces"] and e["due"] == "2027-04-15" for e in now)
    assert all(e["due"] == "2027-04-01" for e in then if e["due"])
    assert {e["state"] for e in then} <= {"agreed", "open", None}


def test_verify_names_a_changed_row(office):
    """One changed byte in the archive is found and named."""
    deliver(office.mailbox, letters(1)[0])
    office.data("poll")
    import sqlite3

    connection = sqlite3.connect(office.folder / "data" / "mailsync.db")
    for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
        connection.execute(f"DROP TRIGGER {name}")
    connection.execute("UPDATE raw SET data = CAST(data || x'00' AS BLOB)")
    connection.commit()
    connection.close()

    code, _, err = office.run("verify")

    assert code == 1
    assert "raw" in err
