"""Values to JSON text and back, one canonical form for all: what is digested must read the same for ever."""

import hashlib
import json
import zlib
from collections.abc import Callable, Mapping
from dataclasses import MISSING, fields, is_dataclass
from datetime import UTC, datetime
from enum import Enum
from functools import cache
from math import isfinite
from types import NoneType, UnionType
from typing import Any, TypeVar, Union, get_args, get_origin, get_type_hints

T = TypeVar("T")
_AS_THEY_ARE = frozenset({str, int, float, bool, NoneType})


def plain(value: Any) -> Any:
    """Return `value` as JSON knows it; fields of a dataclass that hold their default are left out."""
    if type(value) in _AS_THEY_ARE:
        return value if type(value) is not float or isfinite(value) else 0.0  # JSON has no words for the others
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, tuple):
        return [plain(item) for item in value]
    if is_dataclass(value) and not isinstance(value, type):
        return {
            name: plain(held) for name, default in _fields(type(value)) if (held := getattr(value, name)) != default
        }
    return value


def build(kind: type[T], data: Mapping[str, Any]) -> T:
    """Return the dataclass `kind` that `plain` made `data` from."""
    wanted: Any = kind
    made: T = _builder(wanted)(data)
    return made


def canonical(data: Any) -> str:
    """Return `data` as JSON in its one form: keys sorted, no spaces, no escapes but those JSON demands.

    Lone surrogates, which no encoding can write down, become "?".
    """
    return clean(json.dumps(data, sort_keys=True, separators=(",", ":"), ensure_ascii=False))


def clean(text: str) -> str:
    """Return `text` with each lone surrogate as "?"; its length, and so every span, stays."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode(errors="replace").decode()
    return text


def sha256(data: str | bytes) -> str:
    """Return the SHA-256 of `data` (text as UTF-8) in hex."""
    return hashlib.sha256(data.encode() if isinstance(data, str) else data).hexdigest()


def utc(moment: datetime) -> str:
    """Return `moment` as sortable text in UTC: "2026-03-06T16:00:00.000000Z"."""
    try:
        moment = moment.astimezone(UTC)
    except OverflowError:  # within a day of the first or last year
        moment = moment.replace(tzinfo=UTC)
    return moment.strftime("%Y-%m-%dT%H:%M:%S.%fZ").rjust(27, "0")


def from_utc(text: str) -> datetime:
    """Return the moment that `utc` wrote down."""
    return datetime.fromisoformat(text)


def pack(data: str | bytes) -> bytes:
    """Return `data` (text as UTF-8) compressed with zlib."""
    return zlib.compress(clean(data).encode() if isinstance(data, str) else data)


def unpack(data: bytes) -> bytes:
    """Return what `pack` was given. Raises ValueError when `data` is anything else than one whole zlib stream."""
    stream = zlib.decompressobj()
    try:
        whole = stream.decompress(data)
    except zlib.error as error:
        raise ValueError(str(error)) from error
    if not stream.eof or stream.unused_data:
        raise ValueError("the compressed data is cut short or has something behind it")
    return whole


@cache
def _fields(kind: Any) -> tuple[tuple[str, Any], ...]:
    return tuple((f.name, f.default_factory() if f.default_factory is not MISSING else f.default) for f in fields(kind))


@cache
def _builder(kind: Any) -> Callable[[Any], Any]:
    """Return the function that makes a `kind` from its JSON form."""
    if get_origin(kind) in (Union, UnionType):
        some = _builder(next(arg for arg in get_args(kind) if arg is not NoneType))
        return lambda data: None if data is None else some(data)
    if get_origin(kind) is tuple:
        return _tuple_builder(get_args(kind))
    if is_dataclass(kind):
        make: Any = kind
        parts = {name: _builder(hint) for name, hint in get_type_hints(kind).items()}
        return lambda data: make(**{name: parts[name](held) for name, held in data.items()})
    if kind is datetime:
        return datetime.fromisoformat
    return kind if isinstance(kind, type) and issubclass(kind, Enum) else lambda data: data


def _tuple_builder(inner: tuple[Any, ...]) -> Callable[[Any], Any]:
    if inner[1:] == (Ellipsis,):
        item = _builder(inner[0])
        return lambda data: tuple(item(one) for one in data)
    items = [_builder(arg) for arg in inner]
    return lambda data: tuple(make(one) for make, one in zip(items, data, strict=True))
