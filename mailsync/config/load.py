"""Reads the configuration file and, where it is wrong, says everything that is wrong with it at once."""

import difflib
import os
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args
from zoneinfo import available_timezones

import platformdirs
from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from mailsync.config.checks import Mistake, together
from mailsync.config.lines import Place, key_lines, line_of
from mailsync.config.schema import APP, SECRET_WAYS, Config
from mailsync.model.errors import ConfigError

#: Keys with which people try to write the secret itself down.
SECRETS = frozenset({"password", "passwd", "pass", "secret", "token", "pwd", "access_token", "app_password"})
BIGGEST = 1_000_000

PLAIN_SENTENCES = {
    "missing": "is missing",
    "string_type": "must be a text in quotation marks",
    "string_too_short": "must not be empty",
    "tuple_type": 'must be a list, such as ["..."]',
    "too_short": "must not be empty",
    "bool_type": "must be true or false",
    "int_type": "must be a whole number",
    "float_type": "must be a number",
    "dict_type": "must be a table",
    "model_type": "must be a table",
    "model_attributes_type": "must be a table",
    "path_type": "must be a path in quotation marks",
    "date_from_datetime_parsing": "must be a day such as 2026-12-24",
    "date_type": "must be a day such as 2026-12-24",
    "date_parsing": "must be a day such as 2026-12-24",
}
PATTERNS = {
    "key": "must be small letters, digits, dots or dashes",
    "country": 'must be a country\'s two capital letters, such as "DE"',
    "fingerprint": "must be a SHA-256 fingerprint, 64 hexadecimal digits",
    "webhook": "must begin with https:// (http:// only for this machine)",
    "listen": 'is no address; write it like "127.0.0.1:9464"',
    "authority": "must begin with https://",
}


def default_path() -> Path:
    """Return where the configuration lies if nobody says otherwise: $MAILSYNC_CONFIG, else the XDG folder."""
    named = os.environ.get("MAILSYNC_CONFIG")
    return Path(named).expanduser() if named else platformdirs.user_config_path(APP) / "config.toml"


def load(path: Path | None = None) -> Config:
    """Read and check the configuration at `path`, or at `default_path()`.

    Raises ConfigError with every mistake found, each with file, line, key and, where it helps, the nearest right name.
    """
    path = path or default_path()
    try:
        if path.stat().st_size > BIGGEST:
            raise ConfigError((f"{path} is too large for a configuration file.",))
        text = path.read_text(encoding="utf-8-sig")
    except FileNotFoundError as error:
        hint = "Run `mailsync init` to write one, or give its place with --config."
        raise ConfigError((f"There is no configuration at {path}.",), hint) from error
    except UnicodeDecodeError as error:
        hint = "Save it as UTF-8 in your editor and try again."
        raise ConfigError((f"{path} is not a text file in UTF-8.",), hint) from error
    except OSError as error:
        raise ConfigError(
            (f"{path} cannot be read: {error.strerror}.",), "Check the file and its permissions."
        ) from error
    return parse(text, path)


def parse(text: str, path: Path | None = None) -> Config:
    """Read and check a configuration given as text; relative paths in it start at the folder of `path`.

    Raises ConfigError like `load`.
    """
    shown = str(path) if path else "configuration"
    try:
        raw = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigError((_broken(shown, text, error),), "Correct that line and try again.") from error
    except RecursionError as error:
        raise ConfigError((f"{shown} nests its brackets too deeply.",)) from error
    mistakes: list[Mistake] = []
    config = None
    try:
        config = Config.model_validate(raw, context={"folder": path.absolute().parent if path else Path.cwd()})
    except ValidationError as error:
        mistakes = [_mistake(detail) for detail in error.errors(include_url=False)]
    mistakes += together(raw)
    if mistakes or config is None:
        # Raised out here so that pydantic's error, which holds the values, does not hang on to it as its context.
        raise ConfigError(tuple(_sentences(shown, text, mistakes)))
    object.__setattr__(config, "_path", path)
    return config


def _broken(shown: str, text: str, error: tomllib.TOMLDecodeError) -> str:
    r"""Make a sentence of tomllib's "Invalid value (at line 3, column 8)"."""
    what, _, where = str(error).partition(" (at ")
    line = re.match(r"line (\d+)", where)
    number = int(line[1]) if line else len(text.splitlines())
    return f"{shown}, line {number}: this is not valid TOML ({what[:1].lower()}{what[1:]})."


def _mistake(detail: ErrorDetails) -> Mistake:
    """Turn what pydantic found into (place, sentence) without the value that was found."""
    place: Place = tuple(detail["loc"])
    return place, _sentence(place, detail)


def _sentence(place: Place, detail: ErrorDetails) -> str:
    kind, context = detail["type"], detail.get("ctx", {})
    match kind:
        case "extra_forbidden":
            sentence = _unknown(place)
        case "mailsync_zone":
            sentence = f"is no time zone{_nearest(context['given'], available_timezones())}"
        case "literal_error":
            choices = re.findall(r"'([^']*)'", context["expected"])
            named = ", ".join(f'"{choice}"' for choice in choices)
            sentence = f"must be one of {named}{_nearest(str(detail['input']), choices)}"
        case "string_pattern_mismatch":
            sentence = PATTERNS.get(str(place[-1]), "is not written as it must be")
        case "greater_than_equal":
            sentence = f"must be at least {context['ge']}"
        case "less_than_equal":
            sentence = f"must be at most {context['le']}"
        case _:
            sentence = PLAIN_SENTENCES.get(kind, detail["msg"][:1].lower() + detail["msg"][1:])
    return sentence


def _unknown(place: Place) -> str:
    """Say what an unknown key was probably meant to be."""
    name = str(place[-1])
    if name.lower() in SECRETS:
        return f"would put a secret into this file, which mailsync does not read; set one of {', '.join(SECRET_WAYS)}"
    here = _keys(place[:-1])
    home = next((table for table, keys in _homes() if name in keys), None)
    if home:
        return f"is unknown here; it belongs into {home}"
    close = difflib.get_close_matches(name.lower(), here, n=1, cutoff=0.6)
    if close:
        return f'is unknown; did you mean "{close[0]}"?'
    return f"is unknown; the keys here are {', '.join(here)}"


def _keys(place: Place) -> list[str]:
    """Return the keys that may stand in the table at `place`."""
    model: type[BaseModel] | None = Config
    for part in place:
        if isinstance(part, str) and model is not None:
            model = _tables_of(model).get(part)
    return [field.alias or name for name, field in model.model_fields.items()] if model else []


def _tables_of(model: type[BaseModel]) -> dict[str, type[BaseModel]]:
    """Return the tables within a table by key; an array of tables counts as its table."""
    found = {}
    for name, field in model.model_fields.items():
        for kind in (field.annotation, *get_args(field.annotation)):
            if isinstance(kind, type) and issubclass(kind, BaseModel):
                found[field.alias or name] = kind
    return found


def _homes() -> Iterator[tuple[str, list[str]]]:
    for key in _tables_of(Config):
        yield (f"[[{key}]]" if key in ("accounts", "clients") else f"[{key}]"), _keys((key,))


def _nearest(given: str, choices: Any) -> str:
    by_lower = {choice.lower(): choice for choice in choices}
    close = difflib.get_close_matches(given.lower(), by_lower, n=1, cutoff=0.6)
    return f'; did you mean "{by_lower[close[0]]}"?' if close else ""


def _sentences(shown: str, text: str, mistakes: list[Mistake]) -> Iterator[str]:
    """Write each mistake as "file, line 3: key ...", in the order of the file, none twice."""
    lines = key_lines(text)
    placed = sorted({(line_of(place, lines) or 0, _key_path(place), sentence) for place, sentence in mistakes})
    for line, key, sentence in placed:
        where = f"{shown}, line {line}" if line else shown
        yield f"{where}: {key} {sentence}{'' if sentence.endswith('?') else '.'}"


def _key_path(place: Place) -> str:
    """Write a place as people count: accounts[1].imap.host is the first account's."""
    words = ""
    for part in place:
        words += f"[{part + 1}]" if isinstance(part, int) else f".{part}" if words else part
    return words or "the file"
