"""What was said on the phone becomes entries and a letter, like any mail."""

import pytest

from tests.journeys.office import DANA


@pytest.fixture
def words(tmp_path):
    """A note with a promise of the client's and one of ours."""
    path = tmp_path / "call.txt"
    path.write_text("We agreed to move the launch to 4 December.\nI'll send the new plan tomorrow.\n")
    return str(path)


def test_a_note_becomes_entries_and_a_recap(office, words):
    """The noted sentences stand in the log, and a letter to the one who decides says when they were spoken."""
    code, out, err = office.run("note", "harbor", words, "--at", "2026-11-20")
    [draft] = office.data("drafts", "list")

    assert (code, err) == (0, "")
    assert draft["id"] in out
    assert draft["to"] == [DANA]
    assert draft["subject"] == "Our conversation of 20 November 2026"
    assert "As discussed on 20 November 2026" in draft["body"]
    assert "move the launch to 4 December" in draft["body"]
    assert {entry["tier"] for entry in office.data("log")} == {"log"}


def test_a_note_twice_is_one(office, words):
    """Writing the same note down again adds nothing."""
    office.run("note", "harbor", words, "--at", "2026-11-20")
    before = office.data("log")

    office.run("note", "harbor", words, "--at", "2026-11-20")

    assert office.data("log") == before


def test_a_note_about_a_stranger_is_refused(office, words):
    """Somebody who is not the client's cannot have been agreed with."""
    code, _, err = office.run("note", "harbor", words, "--with", "tim@elsewhere.example")

    assert code == 2
    assert "tim@elsewhere.example is no address of Harbor Foods" in err


def test_a_note_about_nobody_known_names_the_clients(office, words):
    """An unknown client key is answered with those there are."""
    code, _, err = office.run("note", "harbour", words)

    assert code == 1
    assert "harbor" in err
