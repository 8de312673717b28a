"""Weighs the features of a statement with the trained weights; the trained half of the reader."""

import io
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources
from typing import TYPE_CHECKING, Any

from mailsync.model.entry import Kind

if TYPE_CHECKING:
    from numpy import float32
    from numpy.typing import NDArray

KINDS: tuple[Kind, ...] = tuple(Kind)
_FILE = "kinds.npz"
_SCALE = ("slope", "shift", "log", "suggest")


@dataclass(frozen=True, slots=True)
class Scale:
    """How a kind's score is read: `slope` and `shift` turn it into a probability (Platt's scaling), one a kind.

    From `log` on a finding is sure enough to stand in the log by itself, from `suggest` on it is offered.
    """

    slope: tuple[float, ...]
    shift: tuple[float, ...]
    log: tuple[float, ...]
    suggest: tuple[float, ...]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Model:
    """One logistic regression a kind over named features, each of weight 1 in a statement scaled to length 1.

    `weights` has a row for each feature and one for the bias, a column for each kind of `KINDS`. A mail that begins a
    thread approves and refuses less than one that replies, so each has its scale. `name` tells which training made it.
    """

    name: str
    rows: dict[str, int]
    weights: "NDArray[float32]"
    first: Scale
    reply: Scale


@lru_cache(maxsize=1)
def shipped() -> Model:
    """Return the model that comes with the package."""
    return read(resources.files("mailsync.extract").joinpath("trained", _FILE).read_bytes())


def read(data: bytes) -> Model:
    """Return the model that `data`, a file written by `written`, holds."""
    import numpy as np  # noqa: PLC0415  a tenth of a second that only reading needs

    with np.load(io.BytesIO(data), allow_pickle=False) as stored:
        names = stored["names"].tobytes().decode().split("\n")
        weights = stored["weights"].astype(np.float32) * stored["scale"].astype(np.float32)
        card = json.loads(stored["card"].tobytes())
    scales = {which: Scale(*(tuple(card[which][key]) for key in _SCALE)) for which in ("first", "reply")}
    return Model(name=card["name"], rows={name: row for row, name in enumerate(names)}, weights=weights, **scales)


def written(names: Sequence[str], weights: Any, card: dict[str, Any]) -> bytes:
    """Return the bytes of a model: `weights` (a row a name and the bias, a column a kind) are kept as 8-bit steps."""
    import numpy as np  # noqa: PLC0415  as above

    scale = np.abs(weights).max(axis=0) / 127
    out = io.BytesIO()
    np.savez_compressed(
        out,
        names=np.frombuffer("\n".join(names).encode(), dtype=np.uint8),
        weights=np.round(weights / scale).astype(np.int8),
        scale=scale.astype(np.float32),
        card=np.frombuffer(json.dumps(card, sort_keys=True).encode(), dtype=np.uint8),
    )
    return out.getvalue()


def probabilities(model: Model, scale: Scale, features: Iterable[Sequence[str]]) -> "NDArray[float32]":
    """Return a row of probabilities for each statement's features, a column for each kind of `KINDS`."""
    import numpy as np  # noqa: PLC0415  as above

    rows, bias = model.rows, model.weights[-1]
    scores = []
    for names in features:
        known = [rows[name] for name in names if name in rows]
        total = model.weights[known].sum(axis=0) / np.sqrt(len(known)) if known else 0.0
        scores.append(total + bias)
    if not scores:
        return np.zeros((0, len(KINDS)), dtype=np.float32)
    scaled = np.array(scores) * np.array(scale.slope) + np.array(scale.shift)
    return np.asarray(1 / (1 + np.exp(-scaled)), dtype=np.float32)


def spoke(model: Model, features: Sequence[str], kind: Kind, most: int = 3) -> list[str]:
    """Return the names of the features that spoke most for `kind`, strongest first."""
    column = KINDS.index(kind)
    rated = [(float(model.weights[model.rows[name], column]), name) for name in features if name in model.rows]
    return [name for weight, name in sorted(rated, reverse=True)[:most] if weight > 0]
