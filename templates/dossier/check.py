"""Checks this folder with nothing but Python 3: python3 check.py

1. Every file is as SHA256SUMS says, and no file is missing or too many.
2. Every message under mail/ has the digest that entries.json gives it.
3. Every event of events.jsonl has the digest of its contents, and the events follow from each other.
4. Every message and entry that is shown here is told of by an event.
"""

import hashlib
import json
import pathlib
import sys

here = pathlib.Path(__file__).resolve().parent
wrong = []


def sha256(data):
    return hashlib.sha256(data).hexdigest()


# 1
listed = {"SHA256SUMS"}
for line in (here / "SHA256SUMS").read_text().splitlines():
    digest, _, name = line.partition("  ")
    listed.add(name)
    if not (here / name).is_file() or sha256((here / name).read_bytes()) != digest:
        wrong.append(f"{name} is missing or was changed")
for path in here.rglob("*"):
    if path.is_file() and path.relative_to(here).as_posix() not in listed:
        wrong.append(f"{path.relative_to(here)} does not belong here")

# 2
record = json.loads((here / "entries.json").read_text())
for exhibit in record["exhibits"]:
    if exhibit["file"] and sha256((here / exhibit["file"]).read_bytes()) != exhibit["sha256"]:
        wrong.append(f"{exhibit['file']} is not exhibit {exhibit['number']}")

# 3
fields = ("account", "at", "before", "detail", "effective", "name", "previous", "seq", "subject")
events = [json.loads(line) for line in (here / "events.jsonl").read_text().splitlines()]
for last, event in zip([None, *events], events):
    if last and event["seq"] != last["seq"] + 1:
        wrong.append(f"event {last['seq'] + 1} is missing")
    if "name" not in event:  # of another matter: only its number and its digest are here
        continue
    if last and event["previous"] != last["digest"]:
        wrong.append(f"event {event['seq']} does not follow from the one before it")
    form = json.dumps({f: event[f] for f in fields}, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    if sha256(form.encode()) != event["digest"]:
        wrong.append(f"event {event['seq']} was changed")

# 4
told = {event.get("subject") for event in events}
shown = [e["sha256"] for e in record["exhibits"] if e["file"]] + [e["id"] for e in record["entries"]]
wrong += [f"no event tells of {one}" for one in shown if one not in told]

print("\n".join(wrong) or f"whole: {len(listed)} files, {len(events)} events, head {events[-1]['digest']}")
sys.exit(1 if wrong else 0)
