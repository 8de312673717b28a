#!/usr/bin/env python3
"""Fit the weights by which links are decided, on annotated threads.

    fit_links.py GOLD_DIR... [--write]      # GOLD_DIR holds NAME.mbox beside NAME.json

The annotated entries stand in for the extractor's findings; everything else (text, statements, terms) is read by the
product, so the weights learn with the noise they will meet. For each answer, and for each new term, a softmax over all
earlier entries and "nothing" is fitted (multinomial logistic regression, L2). Printed: how many links ten grouped folds
find, no thread on both sides. `--write` writes `mailsync/extract/weights.py`.
"""

import argparse
import collections
import datetime as dt
import json
import mailbox
import re
import sys
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

import numpy as np
from scipy.optimize import minimize

from mailsync.extract import links, weights
from mailsync.extract.affinity import ANSWERING, Item, Scene, answer_traits, items, replace_traits
from mailsync.extract.naming import entry_id
from mailsync.extract.terms import terms
from mailsync.model.entry import STATEFUL, Evidence, Finding, Kind, Tier, state_on
from mailsync.model.mail import RawMessage, Span, Statement
from mailsync.model.people import Circle, Client
from mailsync.model.thread import Background, Heard, ReadMessage
from mailsync.reading.parse import parse
from mailsync.reading.read import read
from mailsync.reading.statements import statements

FOLDS = 10
L2 = 1.0
RARE = 4  # a trait seen in fewer candidates than this gets no weight
CONTEXT = 30  # statements before it that a statement's terms are read with
EAGER = {"answer": 0.5, "replace": 1.1}  # how much sooner than at even odds a link is taken


@dataclass
class Thread:
    """An annotated thread: its messages with the annotated entries as findings, and the annotation."""

    fold: int
    doc: dict
    heard: list[Heard]
    background: Background
    gold: dict[str, dict]  # by the product's entry id


@dataclass
class Case:
    """One choice: which of the earlier entries (rows of traits) is meant; `right` is len(rows) for none."""

    fold: int
    kind: Kind
    rows: list[dict[str, float]]
    right: int


def load(folders: list[Path]) -> list[Thread]:
    """Read all annotated threads of `folders`."""
    paths = sorted(path for folder in folders for path in folder.glob("*.json") if path.with_suffix(".mbox").exists())
    return [load_one(path, n % FOLDS) for n, path in enumerate(paths)]


def load_one(path: Path, fold: int) -> Thread:
    doc = json.loads(path.read_text())
    raws = [m.as_bytes() for m in mailbox.mbox(str(path.with_suffix(".mbox")))]
    messages = sorted((parse(RawMessage(data=d, digest=sha256(d).hexdigest())) for d in raws), key=lambda m: m.sent_at)
    client = Client(key="client", name="client", addresses=tuple(doc["client"]["addresses"]))
    background = Background(circle=Circle(own=tuple(doc["me"]), clients=(client,)))
    heard, gold = [], {}
    for one in read(messages, background.circle):
        said = list(statements(one.message, one.passages))
        found = []
        for entry in doc["entries"]:
            if entry["message_id"].strip().strip("<>") == one.message.message_id:
                statement = closest(entry["quote"], said)
                before = [s.quote for h in heard for s in h.statements]
                before += [s.quote for s in said if s.span.start < statement.span.start]
                found.append((statement.span.start, finding(entry, statement, one, background, before), entry))
        found.sort(key=lambda f: f[0])
        gold.update({entry_id(f): entry for _, f, entry in found})
        findings = tuple(f for _, f, _ in found)
        heard.append(Heard(read=one, statements=tuple(sorted(said, key=lambda s: s.span.start)), findings=findings))
    return Thread(fold, doc, heard, background, gold)


def closest(quote: str, said: list[Statement]) -> Statement:
    """Return the statement that holds most of the annotated quote; a new one if none does."""

    def share(statement: Statement) -> float:
        mine, theirs = (collections.Counter(re.findall(r"\w+", t.lower())) for t in (quote, statement.quote))
        both = sum((mine & theirs).values())
        return both / max(1, min(mine.total(), theirs.total())) + both / max(1, mine.total(), theirs.total())

    best = max(said, key=share, default=None)
    if best is None or share(best) < 1.0:
        best = Statement(span=Span(0, len(quote)), quote=quote)
        said.append(best)
    return best


def finding(entry: dict, statement: Statement, one: ReadMessage, background: Background, before: list[str]) -> Finding:
    message, kind = one.message, Kind(entry["kind"])
    return Finding(
        kind=kind,
        evidence=Evidence(
            digest=message.digest, message_id=message.message_id, span=statement.span, quote=entry["quote"]
        ),
        date=message.sent_at,
        side=background.circle.side(message.sender.email),
        who=entry["who"],
        owner=entry["owner"],
        terms=terms(
            Statement(span=statement.span, quote=entry["quote"]),
            kind,
            sent=message.sent_at,
            language=one.language,
            hours=background.hours,
            context=before[-CONTEXT:],
        ),
        confidence=1.0,
        tier=Tier.LOG,
        because="annotated",
    )


def cases(threads: list[Thread]) -> tuple[list[Case], list[Case]]:
    """Return the choices of answers and of replacements, each seen with the right links before it."""
    answers, replaces = [], []
    for thread in threads:
        found, scene = items(thread.heard, [[(entry_id(f), f) for f in h.findings] for h in thread.heard])
        place = {thread.gold[item.id]["id"]: n for n, item in enumerate(found)}
        for n, item in enumerate(found):
            gold = thread.gold[item.id]
            near = links.candidates(n, found, {})
            if item.kind in ANSWERING:
                right = place.get(gold.get("answers"))
                rows = [answer_traits(n, m, found, scene) for m in near]
                answers.append(Case(thread.fold, item.kind, rows, near.index(right) if right in near else len(near)))
                if right is not None:
                    note(n, right, found, scene)
            elif item.kind in STATEFUL:
                old = [m for m in near if found[m].kind in STATEFUL]
                right = place.get(gold.get("replaces"))
                rows = [replace_traits(n, m, found, scene) for m in old]
                replaces.append(Case(thread.fold, item.kind, rows, old.index(right) if right in old else len(old)))
                if right is not None:
                    scene.replaced.add(right)
    return answers, replaces


def note(n: int, target: int, found: list[Item], scene: Scene) -> None:
    """Remember an answer in the scene, as the linker does."""
    scene.settled.setdefault(target, set()).add(found[n].kind)
    scene.answered[found[n].message] = target
    if found[n].kind is Kind.REJECTION:
        scene.refused.setdefault(found[n].message, set()).add(target)


def fit(choices: list[Case]) -> dict[str, float]:
    """Return the weights that make the right choices likeliest."""
    seen = collections.Counter(name for case in choices for row in case.rows for name in row)
    names = sorted(name for name, n in seen.items() if n >= RARE)
    names += ["nothing", *sorted({f"nothing for {case.kind}" for case in choices})]
    column = {name: n for n, name in enumerate(names)}
    tables = []
    for case in choices:
        table = np.zeros((len(case.rows) + 1, len(names)))
        for r, row in enumerate(case.rows):
            for name, value in row.items():
                if name in column:
                    table[r, column[name]] = value
        table[-1, [column["nothing"], column[f"nothing for {case.kind}"]]] = 1.0
        tables.append(table)

    def loss(w: np.ndarray) -> tuple[float, np.ndarray]:
        total, slope = L2 * w @ w / 2, L2 * w
        for table, case in zip(tables, choices, strict=True):
            score = table @ w
            likely = np.exp(score - score.max())
            likely /= likely.sum()
            total -= np.log(likely[case.right] + 1e-300)
            slope = slope + likely @ table - table[case.right]
        return total, slope

    best = minimize(loss, np.zeros(len(names)), jac=True, method="L-BFGS-B").x
    return {name: round(float(value), 2) for name, value in zip(names, best, strict=True) if abs(value) >= 0.05}


def use(answer: dict[str, float], replace: dict[str, float]) -> tuple[dict[str, float], dict[str, float]]:
    """Let the linker work with these weights, made a little eager; return them as they are used."""
    answer = {**answer, "nothing": round(answer.get("nothing", 0.0) - EAGER["answer"], 2)}
    replace = {**replace, "nothing": round(replace.get("nothing", 0.0) - EAGER["replace"], 2)}
    links.ANSWER, links.REPLACE = answer, replace
    return answer, replace


def measure(threads: list[Thread], tally: collections.Counter) -> None:
    """Count right links and states of `threads` as the linker now sees them."""
    for thread in threads:
        entries = {e.id: e for e in links.link("t", thread.heard, thread.background)}
        name = {own: gold["id"] for own, gold in thread.gold.items()}
        for own, gold in thread.gold.items():
            entry = entries.get(own)
            for link in ("answers", "replaces"):
                got = getattr(entry, link, None)
                if gold.get(link):
                    tally[link, True] += 1
                    tally[link, False] += name.get(got) == gold[link]
                elif got:
                    tally[f"{link} not annotated", False] += 1
            if gold.get("state"):
                tally["state", True] += 1
                as_of = dt.date.fromisoformat(thread.doc["as_of"])
                tally["state", False] += entry is not None and state_on(entry, as_of) == gold["state"]


def report(tally: collections.Counter) -> None:
    for name in ("answers", "replaces", "state"):
        right, asked = tally[name, False], tally[name, True]
        print(f"{name:<10}{right:4d}/{asked:4d} = {right / max(1, asked):.3f}")
    for name in ("answers not annotated", "replaces not annotated"):
        print(f"{name:<24}{tally[name, False]:4d}")


def write(answer: dict[str, float], replace: dict[str, float]) -> None:
    """Write the weights as a module of the product."""

    def table(name: str, doc: str, values: dict[str, float]) -> str:
        rows = "".join(f'    "{key}": {value},\n' for key, value in sorted(values.items()))
        return f"\n#: {doc}\n{name} = {{\n{rows}}}\n"

    Path(weights.__file__).write_text(
        '"""How much each trait speaks for a link, fitted by `benchmarks/accuracy/fit_links.py`."""\n'
        + table("ANSWER", "For an approval, rejection or fulfilment, and an entry that it may answer.", answer)
        + table("REPLACE", "For new terms, and an entry whose place they may take.", replace)
        + table("TAKE_UP", "For a promise or an offer, and a request it may take up; set by hand.", weights.TAKE_UP)
    )


def main() -> int:
    args = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    args.add_argument("gold", type=Path, nargs="+")
    args.add_argument("--write", action="store_true", help="write mailsync/extract/weights.py")
    options = args.parse_args()
    threads = load(options.gold)
    answers, replaces = cases(threads)
    tally: collections.Counter = collections.Counter()
    for fold in range(FOLDS):
        use(*(fit([case for case in some if case.fold != fold]) for some in (answers, replaces)))
        measure([thread for thread in threads if thread.fold == fold], tally)
    print(f"{len(threads)} threads, {FOLDS} folds, kinds as annotated")
    report(tally)
    if options.write:
        write(*use(fit(answers), fit(replaces)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
