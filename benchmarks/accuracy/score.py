#!/usr/bin/env python3
"""Score extracted entries against annotated mail.

    score.py GOLD_DIR --run 'mailsync extract {mbox} --me {me} --as-of {as_of} --json'
    score.py GOLD_DIR --pred PRED_DIR          # PRED_DIR/NAME.json, as the command would print it

GOLD_DIR holds NAME.mbox beside NAME.json. The command prints a JSON array (or one object a line) of entries with at
least message_id, quote, kind; also scored where present: who, owner, due, amount, conditional, answers, state, id.

A predicted entry matches a gold one of the same message and kind when their quotes share at least half of the tokens
of the shorter one. Gold entries flagged `weak` are don't-cares: they are neither asked for nor counted against a
prediction. Printed: precision, recall and F1 per kind and over all (micro); `any` asks only whether a statement was
noticed, whatever its kind; then, over the matched entries, how many carry the right attribute, link and state. Exit
status 0; 2 when a command failed.
"""

import argparse
import json
import re
import shlex
import subprocess
import sys
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from pathlib import Path

KINDS = ("commitment", "request", "proposal", "decision", "approval", "rejection", "fulfilment", "issue")
STATEFUL = KINDS[:4]
ENOUGH = 0.5  # share of the shorter quote's tokens that two quotes of one statement have in common


@dataclass
class Tally:
    """What was counted: hits, false alarms and misses by kind; noticed statements; attributes right and asked."""

    hit: Counter = field(default_factory=Counter)
    false: Counter = field(default_factory=Counter)
    miss: Counter = field(default_factory=Counter)
    right: Counter = field(default_factory=Counter)
    asked: Counter = field(default_factory=Counter)
    errors: list[str] = field(default_factory=list)


def tokens(quote: str) -> list[str]:
    return re.findall(r"\w+", quote.lower())


def overlap(a: list[str], b: list[str]) -> float:
    if not a or not b:
        return 0.0
    return sum((Counter(a) & Counter(b)).values()) / min(len(a), len(b))


def pair(gold: list[dict], pred: list[dict], *, same_kind: bool = True) -> list[tuple[int, int]]:
    """Pair greedily, one to one, by falling overlap."""
    gold_tokens, pred_tokens = [tokens(g["quote"]) for g in gold], [tokens(p["quote"]) for p in pred]
    found = []
    for i, g in enumerate(gold):
        for j, p in enumerate(pred):
            if g["message_id"] != p["message_id"] or (same_kind and g["kind"] != p["kind"]):
                continue
            share = overlap(gold_tokens[i], pred_tokens[j])
            if share >= ENOUGH:
                sizes = len(gold_tokens[i]), len(pred_tokens[j])
                found.append((share, min(sizes) / max(sizes), -i, -j))
    taken_gold, taken_pred, pairs = set(), set(), []
    for _, _, i, j in sorted(found, reverse=True):
        if -i not in taken_gold and -j not in taken_pred:
            taken_gold.add(-i)
            taken_pred.add(-j)
            pairs.append((-i, -j))
    return pairs


def money(text: object) -> tuple | None:
    if not text:
        return None
    m = re.match(r"\s*([-+]?[\d.,]+)\s*(.*?)\s*$", str(text))
    if not m:
        return (str(text).strip().upper(),)
    try:
        return Decimal(m.group(1).replace(",", "")).normalize(), m.group(2).upper()
    except InvalidOperation:
        return (str(text).strip().upper(),)


def day(text: object) -> str | None:
    return str(text)[:10] if text else None


def read_entries(text: str) -> list[dict]:
    """Return the entries of a JSON array or of JSON lines."""
    text = text.strip()
    if text.startswith("["):
        return json.loads(text)
    return [json.loads(line) for line in text.splitlines() if line.strip()]


def bare(entry: dict) -> dict:
    """Return `entry` with its Message-ID without angle brackets."""
    return {**entry, "message_id": entry["message_id"].strip().strip("<>")}


def count_kinds(name: str, gold: list[dict], pred: list[dict], pairs: list[tuple[int, int]], tally: Tally) -> None:
    """Count hits, misses and false alarms by kind."""
    hit_gold, hit_pred = {i for i, _ in pairs}, {j for _, j in pairs}
    weak = defaultdict(list)
    for g in gold:
        if g.get("weak"):
            weak[g["message_id"]].append(tokens(g["quote"]))
    for i, g in enumerate(gold):
        if g.get("weak"):
            continue
        (tally.hit if i in hit_gold else tally.miss)[g["kind"]] += 1
        if i not in hit_gold:
            tally.errors.append(f"MISS  {name} {g['kind']}: {g['quote'][:160]}")
    for j, p in enumerate(pred):
        if j in hit_pred or any(overlap(tokens(p["quote"]), w) >= ENOUGH for w in weak[p["message_id"]]):
            continue
        tally.false[p["kind"]] += 1
        tally.errors.append(f"FALSE {name} {p['kind']}: {p['quote'][:160]}")


def count_noticed(gold: list[dict], pred: list[dict], tally: Tally) -> None:
    """Count statements noticed at all, whatever their kind: one per gold sentence."""
    by_gold = {(g["message_id"], g["quote"]): g for g in gold}
    by_pred = {(p["message_id"], p["quote"]): p for p in pred}
    strong = {(g["message_id"], g["quote"]) for g in gold if not g.get("weak")}
    pairs = pair(list(by_gold.values()), list(by_pred.values()), same_kind=False)
    gold_keys, pred_keys = list(by_gold), list(by_pred)
    noticed = {gold_keys[i] for i, _ in pairs}
    tally.hit["any"] += len(noticed & strong)
    tally.miss["any"] += len(strong - noticed)
    used = {pred_keys[j] for _, j in pairs}
    for key in by_pred:
        # a second piece of a statement already counted, or of a weak one, is no false alarm
        piece = any(overlap(tokens(key[1]), tokens(g["quote"])) >= ENOUGH for g in gold if g["message_id"] == key[0])
        if key not in used and not piece:
            tally.false["any"] += 1


def count_attributes(gold: list[dict], pred: list[dict], pairs: list[tuple[int, int]], tally: Tally) -> None:
    """Count right attributes, links and states over the matched entries."""

    def ask(name: str, right: bool) -> None:
        tally.asked[name] += 1
        tally.right[name] += right

    own = {pred[j].get("id"): gold[i]["id"] for i, j in pairs if pred[j].get("id")}
    for i, j in pairs:
        g, p = gold[i], pred[j]
        same_due, same_amount = day(g.get("due")) == day(p.get("due")), money(g.get("amount")) == money(p.get("amount"))
        ask("due", same_due)
        ask("who", g.get("who") == p.get("who"))
        ask("owner", g.get("owner") == p.get("owner"))
        ask("amount", same_amount)
        ask("conditional", bool(g.get("conditional")) == bool(p.get("conditional")))
        if g.get("due"):
            ask("due where stated", same_due)
        if g.get("amount"):
            ask("amount where stated", same_amount)
        if g["kind"] in STATEFUL:
            ask("state", g.get("state") == p.get("state"))
        for link in ("answers", "replaces"):
            if g.get(link):
                ask(link, own.get(p.get(link)) == g[link])


def predictions(path: Path, doc: dict, opts: argparse.Namespace) -> list[dict] | None:
    """Return what was extracted from the mail beside `path`; None when the command failed."""
    if opts.pred:
        return read_entries((opts.pred / path.name).read_text())
    mbox, me = shlex.quote(str(path.with_suffix(".mbox"))), shlex.quote(",".join(doc["me"]))
    command = opts.run.format(mbox=mbox, me=me, as_of=doc["as_of"])
    done = subprocess.run(command, shell=True, capture_output=True, text=True, check=False)
    if done.returncode:
        print(f"{path.stem}: command failed: {done.stderr.strip()[-300:]}", file=sys.stderr)
        return None
    return read_entries(done.stdout)


def figures(tally: Tally) -> dict[str, tuple[float, float, float, int]]:
    """Return precision, recall, F1 and the number of gold entries, by kind, over all kinds, and for `any`."""
    rows = {}
    for name, kinds in (*((k, (k,)) for k in KINDS), ("all kinds (micro)", KINDS), ("any", ("any",))):
        hit, false, miss = (sum(c[k] for k in kinds) for c in (tally.hit, tally.false, tally.miss))
        precision = hit / (hit + false) if hit + false else 0.0
        recall = hit / (hit + miss) if hit + miss else 0.0
        both = precision + recall
        rows[name] = (precision, recall, 2 * precision * recall / both if both else 0.0, hit + miss)
    return rows


def main() -> int:
    args = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    args.add_argument("gold", type=Path)
    how = args.add_mutually_exclusive_group(required=True)
    how.add_argument("--run")
    how.add_argument("--pred", type=Path)
    args.add_argument("--errors", action="store_true", help="print every miss and false alarm")
    args.add_argument("--json", action="store_true")
    opts = args.parse_args()
    tally, failed = Tally(), 0
    for path in sorted(p for p in opts.gold.glob("*.json") if p.with_suffix(".mbox").exists()):
        doc = json.loads(path.read_text())
        extracted = predictions(path, doc, opts)
        failed += extracted is None
        gold, pred = [bare(g) for g in doc["entries"]], [bare(p) for p in extracted or []]
        pairs = pair(gold, pred)
        count_kinds(path.stem, gold, pred, pairs, tally)
        count_noticed(gold, pred, tally)
        if not doc.get("lines_only"):
            count_attributes(gold, pred, pairs, tally)
    if opts.errors:
        print("\n".join(tally.errors))
    rows, attributes = figures(tally), {name: (tally.right[name], asked) for name, asked in tally.asked.items()}
    if opts.json:
        print(json.dumps({"kinds": rows, "attributes": attributes, "failed": failed}))
        return 2 if failed else 0
    print(f"{'kind':<20}{'P':>7}{'R':>7}{'F1':>7}{'gold':>6}")
    for name, (p, r, f, n) in rows.items():
        print(f"{name:<20}{p:7.3f}{r:7.3f}{f:7.3f}{n:6d}")
    for name, (right, asked) in attributes.items():
        print(f"{name:<24}{right}/{asked} = {right / asked:.3f}")
    return 2 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
