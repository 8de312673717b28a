import os
import sys
from types import ModuleType

import pytest

from mailsync import secrets
from mailsync.config import Login
from mailsync.model.errors import SecretError
from mailsync.secrets import secret

PASSWORD = "correct horse, battery"


def login(**ways) -> Login:
    """Return a login that says these ways."""
    return Login.model_validate(ways)


def test_from_the_environment(monkeypatch):
    """The variable's value is the password, spaces and all."""
    monkeypatch.setenv("MAIL_PASSWORD", PASSWORD)

    assert secret(login(password_env="MAIL_PASSWORD")) == PASSWORD


def test_from_a_file_only_the_owner_can_read(tmp_path):
    """The line break at the end of a file is no part of the password; a file open to others is refused."""
    path = tmp_path / "password"
    path.write_text(PASSWORD + "\n", encoding="utf-8")
    path.chmod(0o600)
    assert secret(login(password_file=path)) == PASSWORD

    path.chmod(0o640)
    with pytest.raises(SecretError, match="can be read by others") as caught:
        secret(login(password_file=path))
    assert caught.value.hint == f"Run: chmod 600 {path}"


def test_from_a_systemd_credential(monkeypatch, tmp_path):
    """Credentials are read from the folder systemd names, and from nowhere else."""
    (tmp_path / "mail").write_text(PASSWORD, encoding="utf-8")
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path))

    assert secret(login(password_credential="mail")) == PASSWORD
    with pytest.raises(SecretError, match="a name, not a path"):
        secret(login(password_credential="../mail"))


def test_from_a_command_without_a_shell():
    """The program's first line is the password, and shell characters in its words mean nothing."""
    words = [sys.executable, "-c", "import sys; print(sys.argv[1])", "$HOME; `x`"]

    assert secret(login(password_command=words)) == "$HOME; `x`"
    assert secret(login(token_command=words)) == "$HOME; `x`"


def test_from_the_keyring(monkeypatch):
    """The keyring is asked for service and user name; without the extra the sentence says how to get it."""
    monkeypatch.setitem(sys.modules, "keyring", None)
    with pytest.raises(SecretError) as caught:
        secret(login(keyring=True), "robin")
    assert "mailsync[keyring]" in caught.value.hint

    ring = ModuleType("keyring")
    ring.errors = ModuleType("keyring.errors")
    ring.errors.KeyringError = type("KeyringError", (Exception,), {})
    kept = {("mailsync", "robin"): PASSWORD}
    ring.get_password = lambda service, user: kept.get((service, user))
    monkeypatch.setitem(sys.modules, "keyring", ring)
    assert secret(login(keyring=True), "robin") == PASSWORD
    with pytest.raises(SecretError, match="no password for ines"):
        secret(login(keyring=True), "ines")


@pytest.mark.parametrize(
    ("ways", "sentence"),
    [
        ({}, "No way to the password"),
        ({"password_env": "NOT_SET_ANYWHERE"}, "NOT_SET_ANYWHERE is not set"),
        ({"password_file": "/nonexistent/password"}, "is not there or is no file"),
        ({"password_file": "/dev/null"}, "is not there or is no file"),
        ({"password_credential": "mail"}, "CREDENTIALS_DIRECTORY is not set"),
        ({"password_command": ["/nonexistent/program"]}, "was not found"),
        ({"password_command": [sys.executable, "-c", "raise SystemExit(3)"]}, "exit code 3"),
        ({"password_command": [sys.executable, "-c", ""]}, "is empty"),
        ({"password_command": [sys.executable, "-c", "print('a'); print('b')"]}, "more than one line"),
        ({"password_command": [sys.executable, "-c", r"import os; os.write(1, b'\xff')"]}, "not text in UTF-8"),
    ],
)
def test_what_cannot_be_had_is_a_sentence(ways, sentence, monkeypatch):
    """Every way that fails says so with the next step."""
    monkeypatch.delenv("CREDENTIALS_DIRECTORY", raising=False)

    with pytest.raises(SecretError, match=sentence):
        secret(login(**ways))


def test_a_command_that_waits_is_ended(monkeypatch):
    """A password program that asks a question nobody sees does not stop the service."""
    monkeypatch.setattr(secrets, "COMMAND_SECONDS", 0.2)

    with pytest.raises(SecretError, match="gave no answer"):
        secret(login(password_command=[sys.executable, "-c", "import time; time.sleep(20)"]))


def test_no_error_holds_the_secret():
    """Neither the sentence nor the exceptions behind it repeat what a program said before it failed."""
    program = f"import sys; print({PASSWORD!r}); print({PASSWORD!r}, file=sys.stderr); sys.exit(1)"
    with pytest.raises(SecretError) as caught:
        secret(login(password_command=[sys.executable, "-c", program]))

    error = caught.value
    assert PASSWORD not in f"{error} {error.hint} {error.__cause__} {error.__context__}"


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs named pipes")
def test_a_pipe_in_place_of_the_file_does_not_wait(tmp_path):
    """A named pipe is refused rather than read for ever."""
    os.mkfifo(tmp_path / "pipe")

    with pytest.raises(SecretError, match="is no file"):
        secret(login(password_file=tmp_path / "pipe"))
