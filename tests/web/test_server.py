"""The page on a real port, and what stands in its way."""

import os
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest

from mailsync.app import DATABASE, App
from mailsync.cli import main
from mailsync.config import load
from mailsync.ledger.sqlite import open_ledger
from mailsync.model.errors import UsageError
from mailsync.web.server import Server, Serving, serve_in_thread


@pytest.fixture
def folder(read_folder: Path, tmp_path: Path) -> Path:
    """A fresh copy of the data."""
    return Path(shutil.copytree(read_folder, tmp_path / "office"))


@pytest.fixture
def app(folder: Path):
    """The page's own app."""
    config = load(folder / "config.toml")
    app = App(config, open_ledger(config.data_dir / DATABASE))
    yield app
    app.close()


def run(folder: Path, *args: str, capsys) -> tuple[int, str]:
    """Run `mailsync serve` where it ends by itself; return exit code and what it complained of."""
    with pytest.raises(SystemExit) as end:
        main(["serve", "--config", str(folder / "config.toml"), *args])
    return int(end.value.code or 0), capsys.readouterr().err


def test_it_serves_beside_other_work(app):
    """In a thread of its own the page answers, and stops when the block ends."""
    with serve_in_thread(app, Serving(port=0)) as server:
        with urllib.request.urlopen(server.url + "health", timeout=10) as answer:
            assert b"Log head" in answer.read()
        url = server.url

    with pytest.raises(OSError, match=r"refused|reset"):
        urllib.request.urlopen(url, timeout=5)


def test_a_port_in_use_is_a_sentence(app):
    """The taken port is named, with what to do."""
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        with pytest.raises(UsageError, match=f"port {port} is taken"):
            Server(app, Serving(port=port))


def test_a_foreign_address_is_a_sentence(app):
    """An address that this machine has not is named."""
    with pytest.raises(UsageError, match=r"192\.0\.2\.1 is no address of this machine"):
        Server(app, Serving(host="192.0.2.1", port=0))


def test_a_missing_database_is_a_sentence(folder, capsys):
    """Without a database nothing is made; the sentence says how to get one."""
    shutil.rmtree(folder / "data")

    code, err = run(folder, capsys=capsys)

    assert code == 1
    assert "there is no database" in err
    assert "mailsync poll" in err
    assert not (folder / "data").exists()


def test_a_newer_database_is_a_sentence(folder, capsys):
    """A database of a newer version is left alone and named."""
    with sqlite3.connect(folder / "data" / DATABASE) as conn:
        version = conn.execute("PRAGMA user_version").fetchone()[0]
        conn.execute(f"PRAGMA user_version = {version + 90}")
    conn.close()

    code, err = run(folder, "--port", "0", capsys=capsys)

    assert code == 1
    assert "newer" in err
    assert "Traceback" not in err


def test_beyond_this_machine_a_login_is_asked_for(app):
    """Listening on all addresses without a password prints a link that opens once."""
    server = Server(app, Serving(host="0.0.0.0", port=0))
    try:
        assert "login?link=" in server.url
        assert server.site.door.locked
        assert "link" not in repr(server.site.door)
    finally:
        server.listener.close()


def test_the_command_serves_until_it_is_told_to_stop(folder):
    """`mailsync serve` prints its address, answers there, and ends cleanly on SIGTERM."""
    command = [
        sys.executable,
        "-m",
        "mailsync",
        "serve",
        "--config",
        str(folder / "config.toml"),
        "--port",
        "0",
        "--read-only",
    ]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, text=True, env={**os.environ, "PYTHONUNBUFFERED": "1"}
    ) as process:
        try:
            line = process.stdout.readline()
            url = next(word for word in line.split() if word.startswith("http://127.0.0.1:"))
            for _ in range(50):
                try:
                    with urllib.request.urlopen(url, timeout=10) as answer:
                        assert b"To review" in answer.read()
                    break
                except ConnectionError:
                    time.sleep(0.1)
            process.send_signal(signal.SIGTERM)
            assert process.wait(15) in (0, -signal.SIGTERM)
        finally:
            process.kill()
