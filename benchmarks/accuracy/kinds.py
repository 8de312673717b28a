"""Measures how well kinds are found, layer by layer, and keeps docs/reading.md up to date.

    python benchmarks/accuracy/kinds.py FOLDER... [--write] [--errors KIND]

Every figure is cross-validated: a statement is judged by weights and thresholds that never saw its thread. The layers:
the readable rules alone; a linear model over runs of words alone; rules, cues, scene and words together, as shipped.
`--write` puts the table between the marks in docs/reading.md and draws docs/pictures/learning-curve.svg; `--errors`
lists a kind's misses and false alarms.
"""

import argparse
import sys
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from corpus import Mail, load
from train import FOLDS, Example, begins, examples, fit, folds, matrix, out_of_fold, scales, vocabulary

from mailsync.extract.kinds import MOST, SECOND
from mailsync.extract.model import KINDS
from mailsync.extract.rules import by_rule
from mailsync.model.entry import Kind

DOC, PICTURE = Path("docs/reading.md"), Path("docs/pictures/learning-curve.svg")
MARKS = ("<!-- accuracy: begin -->", "<!-- accuracy: end -->")
WORDS_ONLY = ("1:", "2:", "3:")
SHARES = (0.1, 0.25, 0.5, 1.0)
RULE_SURE = 0.6  # what rules alone must add up to

Answer = list[set[Kind]]


@dataclass(frozen=True, slots=True)
class Score:
    """Hits, false alarms and misses."""

    hits: int
    false: int
    missed: int

    @property
    def precision(self) -> float:
        return self.hits / max(self.hits + self.false, 1)

    @property
    def recall(self) -> float:
        return self.hits / max(self.hits + self.missed, 1)

    @property
    def f1(self) -> float:
        return 2 * self.hits / max(2 * self.hits + self.false + self.missed, 1)


def by_rules(rows: Sequence[Example]) -> Answer:
    """Return what the rules alone say."""
    return [{kind for kind, (sure, _) in by_rule(row.case.rules).items() if sure >= RULE_SURE} for row in rows]


def by_model(rows: Sequence[Example], names: Sequence[Sequence[str]]) -> Answer:
    """Return what a model over `names` says; each fold's thresholds come from the other folds' scores."""
    scores, fold = out_of_fold(rows, names), folds(rows)
    answer: Answer = [set() for _ in rows]
    for number in range(FOLDS):
        others, here = np.flatnonzero(fold != number), np.flatnonzero(fold == number)
        known = scales([rows[i] for i in others], scores[others])
        for i in here:
            answer[i] = chosen(scores[i], known["first" if begins(rows[i]) else "reply"])
    return answer


def chosen(scores: np.ndarray, scale: dict[str, list[float]]) -> set[Kind]:
    """Return the kinds that the reader would offer at these scores."""
    chances = 1 / (1 + np.exp(-(scores * scale["slope"] + scale["shift"])))
    limits = zip(chances, scale["suggest"], KINDS, strict=True)
    best = sorted(((chance / limit, chance, kind) for chance, limit, kind in limits if chance >= limit), reverse=True)
    return {kind for place, (_, chance, kind) in enumerate(best[:MOST]) if place == 0 or chance >= SECOND}


def scored(
    rows: Sequence[Example], answer: Answer, mails: Sequence[Mail], which: Callable[[Mail], bool]
) -> dict[str, Score]:
    """Return the score of each kind, of all ("micro") and of noticing at all ("any") over the mails of `which`."""
    hits, false, missed = Counter(), Counter(), Counter()
    for row, said in zip(rows, answer, strict=True):
        if not which(row.mail):
            continue
        doubtful = any(row.labels.values())
        firm = {kind for kind, weak in row.labels.items() if not weak}
        hits.update(said & firm)
        missed.update(firm - said)
        if not doubtful:
            false.update(said - firm)
        hits["any"] += bool(said and firm)
        missed["any"] += bool(firm and not said)
        false["any"] += bool(said and not row.labels)
    for mail in mails:
        if which(mail):
            missed.update(mail.missed)
            missed["any"] += len(mail.missed)
    found = {str(k): Score(hits[k], false[k], missed[k]) for k in (*KINDS, "any")}
    found["micro"] = Score(*(sum(count[k] for k in KINDS) for count in (hits, false, missed)))
    return found


SETS: dict[str, Callable[[Mail], bool]] = {
    "client threads": lambda m: m.source.startswith("threads"),
    "client threads, English": lambda m: m.source.startswith("threads") and m.language == "en",
    "client threads, German": lambda m: m.source.startswith("threads") and m.language == "de",
    "client threads, French": lambda m: m.source.startswith("threads") and m.language == "fr",
    "client threads, Spanish": lambda m: m.source.startswith("threads") and m.language == "es",
    "office lines": lambda m: m.source == "lines",
    "short mails, English": lambda m: m.source == "short" and m.language == "en",
    "short mails, German": lambda m: m.source == "short" and m.language == "de",
    "short mails, French": lambda m: m.source == "short" and m.language == "fr",
    "short mails, Spanish": lambda m: m.source == "short" and m.language == "es",
}


def table(layers: dict[str, Answer], rows: Sequence[Example], mails: Sequence[Mail]) -> str:
    """Return the two Markdown tables: micro figures by set and layer, then each kind for the last layer."""
    lines = ["| set | layer | precision | recall | F1 | any F1 |", "|---|---|---|---|---|---|"]
    for name, which in SETS.items():
        for layer, answer in layers.items():
            found = scored(rows, answer, mails, which)
            micro = found["micro"]
            lines.append(
                f"| {name} | {layer} | {micro.precision:.3f} | {micro.recall:.3f} | {micro.f1:.3f} | {found['any'].f1:.3f} |"
            )
    last = list(layers)[-1]
    lines += ["", f"| set ({last}) | " + " | ".join(KINDS) + " |", "|---" * (len(KINDS) + 1) + "|"]
    for name, which in SETS.items():
        found = scored(rows, layers[last], mails, which)
        lines.append(f"| {name} | " + " | ".join(f"{found[kind].f1:.2f}" for kind in KINDS) + " |")
    return "\n".join(lines)


def curve(rows: Sequence[Example]) -> list[tuple[int, float, float]]:
    """Return (statements trained on, F1 on threads, F1 on lines) for growing shares of the groups, one fold out."""
    fold, points = folds(rows), []
    test = np.flatnonzero(fold == 0)
    groups = sorted({(rows[i].mail.source, rows[i].mail.group) for i in np.flatnonzero(fold != 0)})
    order = np.random.RandomState(0).permutation(len(groups))
    for share in SHARES:
        kept_groups = {groups[i] for i in order[: int(share * len(groups))]}
        train = [i for i, row in enumerate(rows) if fold[i] != 0 and (row.mail.source, row.mail.group) in kept_groups]
        kept = vocabulary([rows[i].names for i in train])
        weights = fit(matrix([rows[i].names for i in train], kept), [rows[i] for i in train])
        scores = matrix([rows[i].names for i in test], kept) @ weights[:-1] + weights[-1]
        part = [rows[i] for i in test]
        known = scales(part, scores)
        answer = [
            chosen(score, known["first" if begins(row) else "reply"]) for row, score in zip(part, scores, strict=True)
        ]
        figures = [scored(part, answer, [], SETS[name])["micro"].f1 for name in ("client threads", "office lines")]
        points.append((len(train), *figures))
    return points


def drawn(points: Sequence[tuple[int, float, float]]) -> str:
    """Return the learning curve as SVG."""
    most = points[-1][0]
    place = [(60 + 420 * n / most, 220 - 200 * a, 220 - 200 * b) for n, a, b in points]
    marks = "".join(
        f'<line x1="60" x2="480" y1="{220 - 200 * y:.0f}" y2="{220 - 200 * y:.0f}" stroke="#ddd"/>'
        f'<text x="52" y="{224 - 200 * y:.0f}" text-anchor="end">{y:.1f}</text>'
        for y in (0.0, 0.2, 0.4, 0.6, 0.8, 1.0)
    )
    below = "".join(
        f'<text x="{x:.0f}" y="238" text-anchor="middle">{n}</text>'
        for (x, _, _), (n, _, _) in zip(place, points, strict=True)
    )
    lines = ""
    for column, colour, name in ((1, "#1b6ca8", "client threads"), (2, "#b5541c", "office lines")):
        path = " ".join(f"{p[0]:.0f},{p[column]:.0f}" for p in place)
        lines += f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="2"/>'
        y = place[-1][column] + (-8 if column == 1 else 16)
        lines += f'<text x="478" y="{y:.0f}" text-anchor="end" fill="{colour}">{name} {points[-1][column]:.2f}</text>'
    return (
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 500 262" font-family="sans-serif" font-size="11" role="img">'
        "<title>Learning curve</title><desc>Micro F1 on unseen groups against the number of statements trained on"
        f"</desc>{marks}{below}{lines}"
        '<text x="270" y="256" text-anchor="middle">statements trained on</text></svg>\n'
    )


def errors(rows: Sequence[Example], answer: Answer, kind: Kind) -> None:
    """Print the misses and false alarms of `kind`."""
    for row, said in zip(rows, answer, strict=True):
        if (row.labels.get(kind) is False) != (kind in said) and not any(row.labels.values()):
            word = "FALSE" if kind in said else "MISS "
            print(
                word, row.mail.source, row.mail.group, ",".join(row.labels) or "-", "|", row.case.statement.quote[:160]
            )


def main() -> None:
    """Measure and print; write where asked."""
    args = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    args.add_argument("folders", nargs="+", type=Path)
    args.add_argument("--write", action="store_true")
    args.add_argument("--errors", type=Kind)
    opts = args.parse_args()
    mails = load(opts.folders)
    rows = examples(mails)
    names = [row.names for row in rows]
    if opts.errors:
        errors(rows, by_model(rows, names), opts.errors)
        return
    words = [[name for name in row if name.startswith(WORDS_ONLY)] for row in names]
    layers = {"rules": by_rules(rows), "words": by_model(rows, words), "both": by_model(rows, names)}
    found = table(layers, rows, mails)
    print(found)
    if opts.write:
        before, _, rest = DOC.read_text().partition(MARKS[0])
        DOC.write_text(before + MARKS[0] + "\n" + found + "\n" + MARKS[1] + rest.partition(MARKS[1])[2])
        PICTURE.parent.mkdir(parents=True, exist_ok=True)
        PICTURE.write_text(drawn(curve(rows)))


if __name__ == "__main__":
    main()
