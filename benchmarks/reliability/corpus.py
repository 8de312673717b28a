"""Reads every mail of a hostile corpus in a process of its own and says what each cost in time and memory.

    python -m benchmarks.reliability.corpus MANIFEST [--classes a,b] [--factor 1.0] [--out run.jsonl]

MANIFEST holds one JSON object a line: id, file (relative to it), cls, and expect {max_seconds, max_rss_mb,
must_not_contain}. The libraries are loaded once and each mail is read in a fork, so a run measures the mail and
not the start of Python. Exit 1 if a mail raised, was too slow, took too much memory, or leaked forbidden words.
"""

import argparse
import collections
import json
import os
import resource
import signal
import sys
import tempfile
import traceback
from datetime import UTC, datetime
from pathlib import Path

from mailsync.app import read_files
from mailsync.model.entry import as_json

ME = ("me@x.example", "me@consultant.example")
MEMORY_MB = 512


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("manifest", type=Path)
    parser.add_argument("--classes", default="")
    parser.add_argument("--factor", type=float, default=1.0)
    parser.add_argument("--out", type=Path, default=Path("run.jsonl"))
    args = parser.parse_args()
    wanted = set(filter(None, args.classes.split(",")))
    rows = [json.loads(line) for line in args.manifest.read_text().splitlines()]
    warm_up()
    results = []
    with args.out.open("w") as out:
        for row in rows:
            if not wanted or row["cls"] in wanted:
                results.append(judge(row, args.manifest.parent / row["file"], args.factor))
                out.write(json.dumps(results[-1]) + "\n")
    report(results)
    sys.exit(any(r["bad"] for r in results))


def warm_up() -> None:
    """Load the reader's weights and word lists once, so that every fork has them."""
    with tempfile.NamedTemporaryFile(suffix=".eml") as file:
        file.write(b"From: a@b.example\nSubject: x\n\nWe agree to pay EUR 2,400 by Friday.\n")
        file.flush()
        read(Path(file.name))


def judge(row: dict, path: Path, factor: float = 1.0) -> dict:
    """Read one mail in a fork and hold it to what its manifest line expects."""
    expect = row["expect"]
    limit = expect.get("max_seconds", 5) * factor
    code, output, seconds, megabytes = in_a_fork(lambda: read(path), limit)
    bad = []
    if code == -signal.SIGXCPU:
        bad.append("slow")
    elif code:
        bad.append(f"died: {code}")
    if seconds > limit:
        bad.append("slow")
    if megabytes > max(MEMORY_MB, expect.get("max_rss_mb", 0)):
        bad.append("memory")
    bad += [f"leak: {word}" for word in expect.get("must_not_contain", []) if word.encode() in output]
    last = output.decode("utf-8", "replace").strip().splitlines()[-1][-200:] if code and output else ""
    return {
        "id": row["id"],
        "cls": row["cls"],
        "bad": bad,
        "secs": round(seconds, 3),
        "rss_mb": megabytes,
        "error": last,
    }


def read(path: Path) -> bytes:
    """Do what `mailsync extract` does."""
    threads = read_files(path, ME)
    return json.dumps(
        [as_json(e, datetime.now(UTC)) for thread in threads for e in thread.entries], default=str
    ).encode()


def in_a_fork(action, limit: float) -> tuple[int, bytes, float, int]:
    """Run `action` in a child; return its exit code, output, CPU seconds and the MiB it grew to."""
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reader)
        resource.setrlimit(resource.RLIMIT_CPU, (int(limit) + 1, int(limit) + 2))
        code = 0
        try:
            data = action()
        except BaseException:  # noqa: BLE001 - whatever happens is the finding
            data, code = traceback.format_exc().encode(), 1
        with os.fdopen(writer, "wb") as pipe:
            pipe.write(data)
        os._exit(code)
    os.close(writer)
    with os.fdopen(reader, "rb") as pipe:
        output = pipe.read()
    _, status, used = os.wait4(child, 0)
    return os.waitstatus_to_exitcode(status), output, used.ru_utime + used.ru_stime, used.ru_maxrss // 1024


def report(results: list[dict]) -> None:
    """Print one line a class and the worst mails."""
    classes = collections.Counter(r["cls"] for r in results)
    bad = collections.Counter(r["cls"] for r in results if r["bad"])
    for name in sorted(classes):
        print(f"{name:22} {classes[name]:5}  bad {bad[name]}")
    slow = sorted(results, key=lambda r: -r["secs"])[:5]
    big = sorted(results, key=lambda r: -r["rss_mb"])[:5]
    print("slowest:", ", ".join(f"{r['id']} {r['secs']} s" for r in slow))
    print("biggest:", ", ".join(f"{r['id']} {r['rss_mb']} MiB" for r in big))
    for one in results:
        if one["bad"]:
            print(one["id"], one["cls"], one["bad"], one["secs"], one["rss_mb"], one["error"])


if __name__ == "__main__":
    main()
