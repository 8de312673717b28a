"""Gets the password or token of a login from where the configuration says it lies, and keeps it out of every message.

The value is returned to the caller and stored nowhere; no error holds it, and no exception hangs on to one that does.
"""

import importlib
import os
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

from mailsync.config import Login
from mailsync.model.errors import SecretError

#: A password is a line; anything longer is the wrong file or the wrong program.
LONGEST = 16_384
COMMAND_SECONDS = 30
KEYRING_SERVICE = "mailsync"


def secret(login: Login, username: str = "") -> str:
    """Return the password or token of `login`; `username` is what the keyring files it under.

    Raises SecretError, with the next step as its hint, if the secret cannot be had or is empty.
    """
    ways: dict[str, Callable[[], str]] = {
        "password_env": lambda: _from_environment(login.password_env or ""),
        "password_file": lambda: _from_file(login.password_file or Path()),
        "password_credential": lambda: _from_credential(login.password_credential or ""),
        "password_command": lambda: _from_command(login.password_command or (), "password_command"),
        "token_command": lambda: _from_command(login.token_command or (), "token_command"),
        "keyring": lambda: _from_keyring(username),
    }
    way = login.way()
    if way not in ways:
        raise SecretError("No way to the password is configured.", f"Set one of {', '.join(ways)} in the account.")
    value = ways[way]()
    if not value:
        raise SecretError(f"The secret that {way} gives is empty.", "Put the password there and try again.")
    if len(value) > LONGEST or any(ord(char) < 32 for char in value):
        raise SecretError(f"What {way} gives is no password: it has more than one line or is far too long.")
    return value


def _from_environment(name: str) -> str:
    try:
        return os.environ[name]
    except KeyError:
        hint = f"Set it before you start mailsync, for example: read -rs {name}; export {name}"
    raise SecretError(f"The environment variable {name} is not set.", hint)


def _from_file(path: Path) -> str:
    """Read a secret file that nobody but its owner (or root, for a mounted secret) may read."""
    data = _read(path, "password_file")
    return _first_line(data, "password_file")


def _from_credential(name: str) -> str:
    """Read a systemd credential (systemd.exec(5), LoadCredential=); systemd itself guards the folder."""
    folder = os.environ.get("CREDENTIALS_DIRECTORY")
    if not folder:
        hint = f"Add LoadCredential={name}:/path/to/file to the service, or use password_file outside of it."
        raise SecretError("There are no systemd credentials here: CREDENTIALS_DIRECTORY is not set.", hint)
    if "/" in name or name in (".", ".."):
        raise SecretError("password_credential must be a name, not a path.", "Name it as LoadCredential= does.")
    return _first_line(_read(Path(folder) / name, "password_credential", guarded=True), "password_credential")


def _read(path: Path, way: str, *, guarded: bool = False) -> bytes:
    try:
        if not path.is_file():  # before opening: a pipe would wait for ever
            raise SecretError(f"{path}, named by {way}, is not there or is no file.", "Check the path.")
        with path.open("rb") as file:
            if os.fstat(file.fileno()).st_mode & 0o077 and not guarded and os.name == "posix":
                raise SecretError(f"{path} can be read by others on this machine.", f"Run: chmod 600 {path}")
            return file.read(LONGEST + 1)
    except OSError as error:
        reason = error.strerror
    raise SecretError(f"{path}, named by {way}, cannot be read: {reason}.", "Check the path and its permissions.")


def _from_command(words: tuple[str, ...], way: str) -> str:
    """Run a program without a shell and take the first line it prints; what it says on stderr is not repeated."""
    program = words[0]
    try:
        done = subprocess.run(
            words, stdin=subprocess.DEVNULL, capture_output=True, timeout=COMMAND_SECONDS, check=False
        )
    except FileNotFoundError:
        problem, hint = "was not found", "Give its full path."
    except subprocess.TimeoutExpired:
        problem, hint = f"gave no answer within {COMMAND_SECONDS} seconds", "Run it by hand: it may ask for something."
    except (OSError, ValueError):
        problem, hint = "could not be started", "Check that it may be executed."
    else:
        if done.returncode == 0:
            return _first_line(done.stdout[: LONGEST + 1], way)
        problem, hint = f"ended with exit code {done.returncode}", "Run it by hand to see why."
    raise SecretError(f"The program {program}, named by {way}, {problem}.", hint)


def _from_keyring(username: str) -> str:
    try:
        keyring: Any = importlib.import_module("keyring")  # an extra, and slow to load
    except ImportError:
        hint = "Install it with `pip install 'mailsync[keyring]'`, or use password_command or password_file."
        raise SecretError("keyring = true needs a package that is not installed.", hint) from None
    try:
        value: str | None = keyring.get_password(KEYRING_SERVICE, username)
    except keyring.errors.KeyringError as error:
        problem = f"The keyring cannot be used here ({type(error).__name__})."
    else:
        if value is not None:
            return value
        problem = f"The keyring has no password for {username}."
    raise SecretError(problem, f"Run `keyring set {KEYRING_SERVICE} {username}`, or use another way to the password.")


def _first_line(data: bytes, way: str) -> str:
    """Return the text without the line break that editors and programs put at its end."""
    try:
        return data.decode("utf-8").rstrip("\r\n")
    except UnicodeDecodeError:
        pass
    raise SecretError(f"What {way} gives is not text in UTF-8.")
