"""What is installed is whole: the built wheel carries its templates, data and weights."""

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    """The names in a freshly built wheel."""
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--wheel-dir", str(folder), str(ROOT)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr
    [path] = folder.glob("*.whl")
    return set(zipfile.ZipFile(path).namelist())


def test_the_wheel_carries_every_template(wheel):
    """Each file under templates/ is found in the package."""
    templates = {f"mailsync/{p.relative_to(ROOT)}" for p in (ROOT / "templates").rglob("*") if p.is_file()}

    assert templates
    assert templates <= wheel


def test_the_wheel_carries_every_data_file(wheel):
    """Cues, weights, word lists, the sample mailbox and the example config travel along."""
    data = {
        str(p.relative_to(ROOT))
        for p in (ROOT / "mailsync").rglob("*")
        if p.suffix in {".toml", ".txt", ".npz", ".js", ".css"}
    }

    assert data <= wheel
    assert "mailsync/config.example.toml" in wheel
    assert "mailsync/py.typed" in wheel


def test_the_wheel_carries_nothing_else(wheel):
    """Only the package and its metadata are installed."""
    assert {name.split("/")[0].partition("-")[0] for name in wheel} == {"mailsync"}
