"""Lists every key of the configuration, for the manual, the example file and whoever wants to show them."""

import types
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from mailsync.config.schema import SECRET_WAYS, Config


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """One key: `table` as its header stands in the file ("[[clients.contacts]]"), `default` None where unset."""

    table: str
    key: str
    kind: str
    required: bool
    default: Any
    about: str


def settings() -> Iterator[Setting]:
    """Yield every key in the order of the schema."""
    yield from _settings(Config, "", "")


def markdown() -> str:
    """Return the reference as Markdown: one heading and one table for each table of the file."""
    blocks: dict[str, list[str]] = {}
    for setting in settings():
        rows = blocks.setdefault(setting.table, ["| key | value | default | meaning |", "|---|---|---|---|"])
        default = "required" if setting.required else _toml(setting.default)
        rows.append(f"| `{setting.key}` | {setting.kind} | {default} | {setting.about} |")
    return "\n\n".join(f"### `{table}`\n\n" + "\n".join(rows) for table, rows in blocks.items()) + "\n"


def _settings(model: type[BaseModel], path: str, header: str) -> Iterator[Setting]:
    """Yield the keys of the table at `path`, then those of the tables within it."""
    inner = []
    # A login's name and address come before the ways to its password.
    for name, field in sorted(model.model_fields.items(), key=lambda item: item[0] in SECRET_WAYS):
        key = field.alias or name
        section, repeated = _section(field)
        if section is not None:
            below = f"{path}.{key}".removeprefix(".")
            inner.append((section, below, f"[[{below}]]" if repeated else f"[{below}]"))
            continue
        yield Setting(
            table=header,
            key=key,
            kind=_kind(field.annotation),
            required=field.is_required(),
            default=None if field.is_required() else field.get_default(call_default_factory=True, validated_data={}),
            about=field.description or "",
        )
    for inside in inner:
        yield from _settings(*inside)


def _section(field: FieldInfo) -> tuple[type[BaseModel] | None, bool]:
    """Return the table that stands under a key, if one does, and whether it is an array of tables."""
    for kind in (field.annotation, *get_args(field.annotation)):
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            return kind, get_origin(field.annotation) is tuple
    return None, False


def _kind(annotation: Any) -> str:
    """Say in a word what a key takes."""
    origin, inner = get_origin(annotation), get_args(annotation)
    if origin in (Union, types.UnionType):
        return _kind(next(kind for kind in inner if kind is not type(None)))
    if origin is Literal:
        return ", ".join(f"`{choice}`" for choice in inner)
    if origin is tuple:
        return "list"
    if origin is not None and inner and hasattr(annotation, "__metadata__"):
        return _kind(annotation.__origin__)
    if origin is dict:
        return "table"
    return {str: "text", bool: "true or false", int: "number", float: "number", Path: "path", date: "date"}.get(
        annotation, "text"
    )


def _toml(value: object) -> str:
    match value:
        case None | "" | ():
            return "–"
        case bool():
            return f"`{str(value).lower()}`"
        case dict():
            return "`{" + ", ".join(f'{key} = "{words}"' for key, words in value.items()) + "}`"
        case str():
            return f'`"{value}"`'
    return f"`{value}`"


if __name__ == "__main__":
    print(markdown(), end="")
