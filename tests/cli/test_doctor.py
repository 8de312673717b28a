"""The doctor names what is wrong with one plain fix each."""

from datetime import UTC, datetime, timedelta

import pytest

from mailsync.cli.service import file_system
from tests.journeys.office import DANA, ME, Office, deliver, letter
from tests.servers import PASSWORD

pytestmark = pytest.mark.dovecot


@pytest.fixture
def office(tmp_path, mailbox, monkeypatch):
    """An office with a working account."""
    monkeypatch.setenv("OFFICE_PASSWORD", PASSWORD)
    return Office(tmp_path, mailbox)


def test_a_healthy_office_is_all_well(office):
    """After a poll nothing is to mend."""
    assert office.run("poll")[0] == 0

    code, out, err = office.run("doctor")

    assert (code, err) == (0, "")
    assert "all well" in out


def test_a_clock_that_is_behind_is_named(office):
    """Mail from the future means that this machine's clock is wrong."""
    deliver(office.mailbox, letter(DANA, ME, "Hello", "We will call.", datetime.now(UTC) + timedelta(hours=2)))
    office.run("poll")

    code, _, err = office.run("doctor")

    assert code == 1
    assert "Set the clock" in err


def test_a_refused_login_is_said_once(office, monkeypatch):
    """One sentence, one next step, however many checks need the login."""
    office.run("poll")
    monkeypatch.setenv("OFFICE_PASSWORD", "wrong")

    code, _, err = office.run("doctor")

    assert code == 1
    assert err.count("refused the login") == 1


def test_a_network_file_system_is_recognised(tmp_path):
    """The longest mount point that holds the folder counts."""
    mounts = tmp_path / "mounts"
    mounts.write_text(f"/dev/sda / ext4 rw 0 0\nserver:/x {tmp_path} nfs4 rw 0 0\n")

    assert file_system(tmp_path / "data", mounts) == "nfs4"
    assert file_system(tmp_path.parent, mounts) == "ext4"
    assert file_system(tmp_path, tmp_path / "none") == ""
