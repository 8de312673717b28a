"""The kinds of value that keys of the configuration take, each with its check and the sentence for a wrong one."""

import re
from pathlib import Path
from typing import Annotated

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    Strict,
    ValidationInfo,
)
from pydantic_core import PydanticCustomError


def mistake(sentence: str) -> PydanticCustomError:
    """Make a mistake out of a sentence that goes on after the key's name ("is no ...")."""
    return PydanticCustomError("mailsync", "{sentence}", {"sentence": sentence})


def _email(text: str) -> str:
    text = text.strip().lower()
    if not re.fullmatch(r"[^\s@<>,;\x00-\x1f]{1,64}@[^\s@<>,;/\x00-\x1f]{1,253}", text):
        raise mistake('is no e-mail address; write it like "name@company.example"')
    return text


def _domain(text: str) -> str:
    text = text.strip().lower().removeprefix("@").rstrip(".")
    if not re.fullmatch(r"[^\s@<>,;:/\x00-\x1f]{1,253}", text) or "." not in text:
        raise mistake('is no domain; write it like "company.example"')
    return text


def _email_or_domain(text: str) -> str:
    return _email(text) if "@" in text.strip()[1:] else _domain(text)


def _quantity(text: str) -> str:
    text = " ".join(text.split())
    if text and not re.fullmatch(r"\d{1,9}(?:\.\d{1,2})? (?:[A-Z]{3}|h|%)", text):
        raise mistake('is no amount; write it like "90 EUR"')
    return text


def _line(text: str) -> str:
    if any(ord(char) < 32 or char in "\x7f\x85\u2028\u2029" for char in text):
        raise mistake("must stand on one line")
    return text.strip()


def _path(path: Path, info: ValidationInfo) -> Path:
    """Make a path absolute: `~` is the home folder, anything relative starts at the folder of the config file."""
    folder = info.context["folder"] if info.context else Path.cwd()
    return Path(folder) / path.expanduser()


def _words(value: object) -> object:
    """Split a command written as one string the way a shell would, without ever running a shell."""
    if not isinstance(value, str):
        return value
    import shlex  # noqa: PLC0415  (only those who write a string need it)

    try:
        return shlex.split(value)
    except ValueError as error:
        raise mistake("has a quotation mark that is never closed") from error


Text = Annotated[str, AfterValidator(_line)]
Email = Annotated[str, AfterValidator(_email)]
Domain = Annotated[str, AfterValidator(_domain)]
EmailOrDomain = Annotated[str, AfterValidator(_email_or_domain)]
Quantity = Annotated[str, AfterValidator(_quantity)]
File = Annotated[Path, AfterValidator(_path)]
Command = Annotated[tuple[str, ...], BeforeValidator(_words), Field(min_length=1)]
Whole = Annotated[int, Strict()]
Port = Annotated[int, Strict(), Field(ge=1, le=65535)]


class Section(BaseModel):
    """What all tables share: no unknown keys, nothing changes after loading, no value is ever echoed."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True, validate_default=True)
