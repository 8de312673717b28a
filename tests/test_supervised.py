"""What the system and other programs are told of the service."""

import json
import os
import plistlib
import re
import shlex
import signal
import socket
import subprocess
import sys
import urllib.error
import urllib.request
from pathlib import Path

import pytest

from mailsync.app import open_app
from mailsync.metrics import listening
from mailsync.model.errors import UsageError
from mailsync.supervised import notify
from mailsync.units import launchd_plist, system_unit, user_unit
from tests.journeys.office import Office
from tests.servers import PASSWORD

DEPLOY = Path(__file__).parents[1] / "deploy"
HEALTH = {
    "ok": False,
    "accounts": [
        {"name": 'a "b"', "ok": False, "polled": "2026-06-03T09:00+00:00", "trouble": "dead", "folders": {"INBOX": {"read": 3}}},
        {"name": "c", "ok": True, "polled": None, "trouble": "", "folders": {}},
    ],
    "messages": 3, "entries": 2, "drafts": 1, "head": [17, "abc"], "troubles": [],
}  # fmt: skip


def get(port, path, host="127.0.0.1"):
    """Return status and text of a page."""
    request = urllib.request.Request(f"http://127.0.0.1:{port}{path}", headers={"Host": f"{host}:{port}"})
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


def test_health_and_metrics_are_told_and_nothing_else():
    """Numbers and account names only; 503 when threads hang; a foreign Host header gets nothing."""
    alive = True
    with listening("127.0.0.1:0", lambda: HEALTH, lambda: alive) as port:
        status, text = get(port, "/healthz")
        assert (status, json.loads(text)["accounts"][0]["trouble"]) == (200, "dead")
        status, text = get(port, "/metrics")
        assert status == 200
        manual = (DEPLOY.parent / "docs" / "service.md").read_text()
        assert [name for name in re.findall(r"# TYPE (\w+)", text) if f"`{name}" not in manual] == []
        assert "mailsync_entries 2.0" in text
        assert 'mailsync_account_ok{account="a \\"b\\""} 0.0' in text
        assert 'mailsync_account_messages{account="a \\"b\\"",outcome="read"} 3.0' in text
        assert get(port, "/")[0] == 404
        assert get(port, "/metrics", host="evil.example")[0] == 421
        alive = False
        assert get(port, "/healthz")[0] == 503
        with pytest.raises(UsageError, match="nothing can listen"), listening(f"127.0.0.1:{port}", dict, bool):
            pass


def test_systemd_is_told_over_its_socket(tmp_path, monkeypatch):
    """States go out as one datagram; line breaks in them cannot add states; nobody listening is no error."""
    assert not notify("READY=1")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sock:
        sock.bind(str(tmp_path / "notify"))
        monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "notify"))

        assert notify("READY=1", "STATUS=a\nREADY=0")

        assert sock.recv(1000) == b"READY=1\nSTATUS=a READY=0"


@pytest.mark.dovecot
def test_the_running_service_beats_and_shows_its_health(tmp_path, mailbox):
    """`mailsync run` says READY and WATCHDOG, answers /healthz, and STOPPING on SIGTERM."""
    office = Office(tmp_path, mailbox)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sock:
        sock.bind(str(tmp_path / "notify"))
        sock.settimeout(60)
        process = subprocess.Popen(
            [sys.executable, "-m", "mailsync", "run", "--listen", f"127.0.0.1:{port}", "--config", str(office.config)],
            env=os.environ | {"OFFICE_PASSWORD": PASSWORD, "NOTIFY_SOCKET": str(tmp_path / "notify")},
        )
        first = sock.recv(1000).decode()
        status, text = get(port, "/healthz")
        process.send_signal(signal.SIGTERM)
        assert process.wait(90) == 0
        while not (last := sock.recv(1000).decode()).startswith("STOPPING=1"):
            pass

    assert first.startswith("READY=1\nWATCHDOG=1\nSTATUS=following 1 accounts")
    assert (status, json.loads(text)["alive"]) == (200, True)
    assert last


def test_what_deploy_shows_is_what_install_writes():
    """The files for people who install by hand are the generated ones."""
    command = ["/usr/bin/mailsync", "run"]

    assert (DEPLOY / "systemd/mailsync-user.service").read_text() == user_unit(command)
    assert (DEPLOY / "systemd/mailsync.service").read_text() == system_unit(command)
    written = plistlib.loads((DEPLOY / "launchd/mailsync.plist").read_bytes())
    assert written == plistlib.loads(launchd_plist(["/usr/local/bin/mailsync", "run"], Path("/tmp/mailsync.log")))


def test_paths_with_spaces_and_percent_signs_survive_the_unit():
    """Quotation marks, % and $ mean something there; what would be run is what was meant."""
    command = ["/opt/my python/bin/python", "-m", "mailsync", "run", "--config", '/a "b"/50%/$HOME.toml']

    line = next(line for line in user_unit(command).splitlines() if line.startswith("ExecStart="))

    assert shlex.split(line.removeprefix("ExecStart=").replace("%%", "%").replace("$$", "$")) == command


def test_the_service_can_be_installed_and_removed(tmp_path, monkeypatch, mailbox):
    """Install writes the unit, uninstall removes it; log, archive and config stay; twice is a clear sentence."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "xdg"))
    monkeypatch.setenv("OFFICE_PASSWORD", PASSWORD)
    office = Office(tmp_path, mailbox)
    unit = tmp_path / "xdg/systemd/user/mailsync.service"

    def service(*words):
        return subprocess.run(
            [sys.executable, "-m", "mailsync", "service", *words],
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    assert service("status").returncode == 1
    assert service("install", "--no-start", "--config", str(office.config)).returncode == 0
    assert str(office.config) in unit.read_text()
    assert service("uninstall").returncode == 0
    assert not unit.exists()
    again = service("uninstall")
    assert (again.returncode, "there is no service" in again.stderr) == (2, True)
    assert "ExecStart=" in service("install", "--print").stdout
    with open_app(office.config) as app:
        assert app.config.accounts
