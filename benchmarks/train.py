"""Trains the weights that ship with mailsync from folders of annotated mail.

    python benchmarks/train.py FOLDER... [--out mailsync/extract/trained/kinds.npz]

The same data give the same weights: the seed is fixed, folds never part a thread or a short mail, thresholds and
calibration are taken from scores out of fold. Needs the `train` dependency group; the package itself does not.
"""

import argparse
import hashlib
import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import scipy.sparse as sp
from corpus import Mail, load
from sklearn.linear_model import LogisticRegression

from mailsync.extract.features import Case, cases, features
from mailsync.extract.model import KINDS, written
from mailsync.model.entry import Kind

SEED, FOLDS = 20, 5
STRENGTH = 8.0  # inverse of the penalty
LEAN = 0.5  # how far a feature counts by how much oftener it stands with a kind than without (Wang and Manning 2012)
SELDOM = 2  # a feature of fewer statements is left out
CAUTION = 0.9  # below 1, a false alarm weighs more than a miss when thresholds are chosen
SUGGEST = (0.2, 0.5)  # thresholds taken from few statements must not run wild
LEAST_LOG = 0.6
THREADS_COUNT = 2.0  # whole threads are nearest to what the product reads
WEAK_COUNTS, DOUBTFUL_COUNTS = 0.4, 0.5  # a weak label; another kind on a sentence with a weak label
OUT = Path("mailsync/extract/trained/kinds.npz")


@dataclass(frozen=True, slots=True, kw_only=True)
class Example:
    """A statement with its labels; `missing` counts kinds of annotated sentences that no statement covers."""

    mail: Mail
    case: Case
    names: tuple[str, ...]
    labels: dict[Kind, bool]


def examples(mails: Sequence[Mail]) -> list[Example]:
    """Return the statements of all mails that are read."""
    return [
        Example(mail=mail, case=case, names=tuple(features(case)), labels=dict(labels))
        for mail in mails
        if not mail.read.unread
        for case, labels in zip(cases(mail.read, mail.statements, mail.circle, mail.earlier), mail.labels, strict=True)
    ]


def folds(rows: Sequence[Example]) -> np.ndarray:
    """Deal the groups of each source and language evenly over the folds."""
    kinds: dict[tuple[str, str], list[str]] = {}
    for row in rows:
        groups = kinds.setdefault((row.mail.source, row.mail.language), [])
        if row.mail.group not in groups:
            groups.append(row.mail.group)
    rng, fold = np.random.RandomState(SEED), {}
    for (source, _), groups in sorted(kinds.items()):
        order = rng.permutation(len(groups))
        fold.update({(source, groups[place]): turn % FOLDS for turn, place in enumerate(order)})
    return np.array([fold[row.mail.source, row.mail.group] for row in rows])


def vocabulary(rows: Sequence[Sequence[str]]) -> list[str]:
    """Return the features that stand in at least SELDOM statements."""
    counts = Counter(name for names in rows for name in names)
    return sorted(name for name, count in counts.items() if count >= SELDOM)


def matrix(rows: Sequence[Sequence[str]], names: Sequence[str]) -> sp.csr_matrix:
    """Return one row a statement, scaled to length 1."""
    places = {name: place for place, name in enumerate(names)}
    columns, values, starts = [], [], [0]
    for row in rows:
        known = [places[name] for name in row if name in places]
        columns += known
        values += [len(known) ** -0.5] * len(known)
        starts.append(len(columns))
    return sp.csr_matrix((np.array(values, np.float32), columns, starts), shape=(len(rows), len(names)))


def fit(table: sp.csr_matrix, rows: Sequence[Example]) -> np.ndarray:
    """Return the weights: a row a feature and one for the bias, a column a kind."""
    columns = []
    for kind in KINDS:
        said = np.array([kind in row.labels for row in rows])
        counts = np.array([_counts(row, kind) for row in rows])
        lean = _lean(table, said)
        model = LogisticRegression(C=STRENGTH, solver="liblinear", max_iter=80, tol=1e-2, random_state=SEED)
        model.fit(table @ sp.diags(lean), said, sample_weight=counts)
        columns.append(np.append(model.coef_[0] * lean, model.intercept_[0]))
    return np.array(columns).T


def _lean(table: sp.csr_matrix, said: np.ndarray) -> np.ndarray:
    """Return how much each feature leans towards or away from the kind, 1 on average."""
    held = table > 0
    here = 1 + np.asarray(held[said].sum(axis=0)).ravel()
    elsewhere = 1 + np.asarray(held[~said].sum(axis=0)).ravel()
    ratio = np.abs(np.log(here / here.sum()) - np.log(elsewhere / elsewhere.sum()))
    return (LEAN * ratio / ratio.mean() + 1 - LEAN).astype(np.float32)


def _counts(row: Example, kind: Kind) -> float:
    weight = THREADS_COUNT if row.mail.source.startswith("threads") else 1.0
    if row.labels.get(kind):
        return weight * WEAK_COUNTS
    return weight * (DOUBTFUL_COUNTS if any(row.labels.values()) else 1.0)


def out_of_fold(rows: Sequence[Example], names: Sequence[Sequence[str]]) -> np.ndarray:
    """Return each statement's scores from weights that never saw its group."""
    fold, scores = folds(rows), np.zeros((len(rows), len(KINDS)))
    for number in range(FOLDS):
        train, test = np.flatnonzero(fold != number), np.flatnonzero(fold == number)
        kept = vocabulary([names[i] for i in train])
        weights = fit(matrix([names[i] for i in train], kept), [rows[i] for i in train])
        scores[test] = matrix([names[i] for i in test], kept) @ weights[:-1] + weights[-1]
    return scores


def calibrate(rows: Sequence[Example], scores: np.ndarray) -> tuple[list[float], list[float]]:
    """Return slope and shift a kind (Platt's scaling), weak labels left out."""
    slopes, shifts = [], []
    for column, kind in enumerate(KINDS):
        sure = _judged(rows, kind)
        said = np.array([kind in rows[i].labels for i in sure])
        platt = LogisticRegression(C=1e6).fit(scores[sure, column : column + 1], said)
        slopes.append(float(platt.coef_[0, 0]))
        shifts.append(float(platt.intercept_[0]))
    return slopes, shifts


def _judged(rows: Sequence[Example], kind: Kind) -> np.ndarray:
    """Return the statements that count for `kind`: those without weak labels, and those firmly of that kind."""
    return np.array([i for i, row in enumerate(rows) if row.labels.get(kind) is False or not any(row.labels.values())])


def thresholds(rows: Sequence[Example], chances: np.ndarray, share: float = 0.9) -> tuple[list[float], list[float]]:
    """Return, a kind, the chance above which `share` of the findings are right, and the one best for F1, leaning to precision.

    Sources count alike: one that labels sparsely must not be drowned by one that labels much.
    """
    surest, best = [], []
    weight = _balance(rows)
    for column, kind in enumerate(KINDS):
        sure = _judged(rows, kind)
        order = sure[np.argsort(-chances[sure, column], kind="stable")]
        said = np.array([kind in rows[i].labels for i in order]) * weight[order]
        right, offered = np.cumsum(said), np.cumsum(weight[order])
        precision = right / offered
        f1 = (1 + CAUTION) * right / (offered + CAUTION * said.sum())
        best.append(float(np.clip(chances[order[int(np.argmax(f1))], column], *SUGGEST)))
        enough = np.flatnonzero((precision >= share) & (np.arange(len(order)) >= 10))
        surest.append(float(chances[order[enough[-1]], column]) if len(enough) else 0.99)
        surest[-1] = max(surest[-1], LEAST_LOG, best[-1])
    return surest, best


def _balance(rows: Sequence[Example]) -> np.ndarray:
    shares = {"threads_a": 3.0, "threads_c": 3.0, "lines": 1.0, "short": 1.0}
    return np.array([shares.get(row.mail.source, 1.0) for row in rows])


def begins(row: Example) -> bool:
    """Say whether the statement stands in a mail that begins a thread."""
    return not row.mail.earlier


def scales(rows: Sequence[Example], scores: np.ndarray) -> dict[str, dict[str, list[float]]]:
    """Return calibration and thresholds for mails that begin a thread and for replies."""
    found = {}
    for which, wanted in (("first", True), ("reply", False)):
        here = [i for i, row in enumerate(rows) if begins(row) is wanted]
        part = [rows[i] for i in here]
        slope, shift = calibrate(part, scores[here])
        chances = 1 / (1 + np.exp(-(scores[here] * slope + shift)))
        log, suggest = thresholds(part, chances)
        found[which] = {"slope": slope, "shift": shift, "log": log, "suggest": suggest}
    return found


def main() -> None:
    """Train on the folders of the command line and write the weights."""
    args = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    args.add_argument("folders", nargs="+", type=Path)
    args.add_argument("--out", type=Path, default=OUT)
    opts = args.parse_args()
    rows = examples(load(opts.folders))
    names = [row.names for row in rows]
    scores = out_of_fold(rows, names)
    kept = vocabulary(names)
    weights = fit(matrix(names, kept), rows)
    digest = hashlib.sha256(json.dumps([row.case.statement.quote for row in rows]).encode()).hexdigest()
    card = {
        "name": f"kinds-1 ({len(rows)} statements, {digest[:12]})",
        **scales(rows, scores),
    }
    opts.out.parent.mkdir(parents=True, exist_ok=True)
    opts.out.write_bytes(written(kept, weights, card))
    print(f"{card['name']}: {len(kept)} features, {opts.out.stat().st_size / 1e6:.1f} MB")
    for which in ("first", "reply"):
        for kind, log, suggest in zip(KINDS, card[which]["log"], card[which]["suggest"], strict=True):
            print(f"{which} {kind:<11} log from {log:.2f}, suggest from {suggest:.2f}")


if __name__ == "__main__":
    main()
