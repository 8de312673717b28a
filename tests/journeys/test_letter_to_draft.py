"""From an arriving letter to the recap in the Drafts folder, on a real mailbox."""

from datetime import UTC, datetime

from tests.journeys.office import DANA, ME, ago, deliver, letter


def conversation(office):
    """A client asks, we promise, mail of strangers lies between."""
    now = datetime.now(UTC)
    first = letter(
        f"Dana Fox <{DANA}>", ME, "New booking page", "Hi Robin,\n\nCould you send the wireframes by Friday?\n\nDana\n",
        ago(now, days=3),
    )  # fmt: skip
    second = letter(
        f"Robin Hale <{ME}>", DANA, "Re: New booking page",
        "Hi Dana,\n\nYes, I'll send you the wireframes by Friday. The whole page costs 1,200 EUR.\n\nRobin\n",
        ago(now, days=2), answering=first,
    )  # fmt: skip
    stranger = letter("news@shop.example", ME, "Sale!", "We will give you 20 % off.\n", ago(now, days=2))
    deliver(office.mailbox, first)
    deliver(office.mailbox, stranger)
    deliver(office.mailbox, second, "Sent")
    return first, second


def test_a_quiet_thread_becomes_a_draft_in_the_clients_thread(office):
    """Poll, review, approve: one draft lies in Drafts, in the client's thread, and nothing was sent or flagged."""
    _first, second = conversation(office)
    before = [flags for _, flags, _ in office.mailbox.contents()]

    turn = office.data("poll")
    [draft] = office.data("drafts", "list")
    code, out, _ = office.run("drafts", "approve", draft["id"])

    assert (turn["kept"], turn["passed_over"], turn["drafts"]) == (2, 1, 1)
    assert (code, "Drafts folder" in out) == (0, True)
    [(_, flags, raw)] = office.mailbox.contents("Drafts")
    assert r"\Draft" in flags
    assert second["Message-ID"].encode() in raw
    assert draft["to"] == [DANA]
    assert "wireframes" in draft["body"]
    assert [flags for _, flags, _ in office.mailbox.contents()] == before


def test_a_second_turn_changes_nothing(office):
    """Polling again keeps nothing twice, finds nothing twice, drafts nothing twice."""
    conversation(office)
    office.data("poll")
    before = office.data("verify")["head"]

    turn = office.data("poll")

    assert (turn["kept"], turn["found"], turn["drafts"]) == (0, 0, 0)
    assert office.data("verify") == {"whole": True, "head": before, "flaws": []}


def test_every_line_of_the_draft_stands_on_entries(office):
    """Each line names entries of the log, and each entry's words stand in the message it points at."""
    conversation(office)
    office.data("poll")

    [draft] = office.data("drafts", "list")

    assert draft["lines"]
    for line in draft["lines"]:
        for entry in line["entries"]:
            shown = office.data("show", entry)
            _, text, _ = office.run("show", entry, "--text")
            assert " ".join(text[shown["start"] : shown["end"]].split()) == shown["quote"]


def test_search_finds_entry_and_its_words(office):
    """A word of the promise leads to the entry, its quote and its message."""
    conversation(office)
    office.data("poll")

    hits = office.data("search", "wireframes kind:commitment")

    assert [hit["quote"] for hit in hits if hit["kind"] == "commitment"]
    assert hits[0]["client"] == "harbor"


def test_a_newly_listed_client_is_read_from_the_start(office):
    """Mail passed over as not a client's is read once its sender is listed."""
    conversation(office)
    office.data("poll")
    text = office.config.read_text()
    office.config.write_text(text + '\n[[clients]]\nkey = "shop"\nname = "Shop"\ndomains = ["shop.example"]\n')

    turn = office.data("poll")

    assert turn["kept"] == 1


def test_doctor_names_what_is_missing(office):
    """Before a poll every message is a gap, named by folder, UID and Message-ID; after it there is none."""
    first, _ = conversation(office)

    code, _, err = office.run("doctor", "--complete")
    assert (code, first["Message-ID"].strip("<>") in err) == (1, True)

    office.data("poll")
    assert office.run("doctor")[0] == 0


def test_status_tells_in_a_few_lines_that_it_works(office):
    """After a poll the account is well and its counts are shown."""
    conversation(office)
    office.data("poll")

    health = office.data("status")

    assert health["ok"] is True
    assert health["messages"] == 2


def test_a_wrong_password_is_exit_code_12(office, monkeypatch):
    """A refused login says so in a sentence, without the password, and loses nothing."""
    monkeypatch.setenv("OFFICE_PASSWORD", "not-the-password-7431")

    code, out, err = office.run("poll")

    assert code == 12
    assert "refused" in err
    assert "not-the-password-7431" not in out + err


def test_an_unknown_folder_is_named_with_the_nearest_one(office):
    """A folder that is not there is named; the others are read all the same."""
    conversation(office)
    text = office.config.read_text().replace("password_env", 'folders = ["Snet"]\npassword_env')
    office.config.write_text(text)

    code, _, err = office.run("poll")

    assert code == 3
    assert "Snet" in err
    assert "Sent" in err
    assert office.data("log")


def test_broken_toml_is_exit_code_2(office):
    """A config that is no TOML names file and line."""
    office.config.write_text("[me\n")

    code, _, err = office.run("poll")

    assert (code, "line 1" in err) == (2, True)


def test_a_file_that_is_no_mail_is_refused(office, tmp_path):
    """Importing a picture says what was expected instead."""
    picture = tmp_path / "picture.png"
    picture.write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 8)

    code, _, err = office.run("import", str(picture))

    assert code == 2
    assert "picture.png" in err


def test_imported_mail_goes_the_same_way(office, tmp_path):
    """An mbox from the archive is read like mail from the server, and importing it twice adds nothing."""
    now = datetime.now(UTC)
    old = letter(DANA, ME, "Logo", "Hi Robin,\n\nI will send you the logo on Monday.\n\nDana\n", ago(now, days=300))
    archive = tmp_path / "old.mbox"
    archive.write_bytes(b"From dana@harbor.example Mon Jan  1 00:00:00 2024\n" + old.as_bytes() + b"\n")

    first, second = office.data("import", str(archive)), office.data("import", str(archive))

    assert (first["kept"], second["kept"]) == (1, 0)
    assert [entry["kind"] for entry in office.data("log")] == ["commitment"]
