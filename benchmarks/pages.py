"""How fast the web page draws over a large log of invented entries: python -m benchmarks.pages [ENTRIES].

Each page is asked for five times; the best time is printed, and for Today and Clients also the first one, which gathers
what the later ones remember until the log moves.
"""

import hashlib
import random
import sys
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

from starlette.testclient import TestClient

from mailsync.app import DATABASE, App
from mailsync.config import parse
from mailsync.ledger.sqlite import SqliteLedger, open_ledger
from mailsync.model.entry import STATEFUL, Entry, Evidence, Finding, Kind, State, Step, Terms, Tier
from mailsync.model.mail import Address, Message, Passage, RawMessage, Role, Span
from mailsync.model.people import Side
from mailsync.model.thread import ReadMessage, ThreadReading
from mailsync.web.app import create_app

ME = "robin@halecraft.example"
CLIENTS = tuple(f"client{number}" for number in range(8))
WORDS = [
    "server",
    "invoice",
    "deadline",
    "budget",
    "laptop",
    "printer",
    "scanner",
    "licence",
    "backup",
    "phone",
    "offer",
    "visit",
    "plan",
    "desk",
    "cable",
]
MAILS, SENTENCES = 8, 5
LIMIT_MS = 100
CONFIG = f"""
[me]
name = "Robin Hale"
addresses = ["{ME}"]
[[accounts]]
address = "{ME}"
password_env = "NONE"
imap.host = "imap.halecraft.example"
[data]
dir = "data"
""" + "".join(f'[[clients]]\nkey = "{key}"\nname = "{key}"\ndomains = ["{key}.example"]\n' for key in CLIENTS)


def fill(ledger: SqliteLedger, entries: int, now: datetime) -> None:
    """Write threads of eight messages with five entries each until there are so many entries."""
    dice = random.Random(1)
    for number in range(entries // (MAILS * SENTENCES)):
        client, begin = CLIENTS[number % len(CLIENTS)], now - timedelta(days=dice.random() * 700)
        messages = [_message(dice, number, place, client, begin) for place in range(MAILS)]
        ledger.keep_files([(RawMessage(data=m.text.encode(), digest=m.digest), m, client) for m in messages], ME, now)
        [thread] = ledger.unread_threads()
        own = (Passage(Role.AUTHOR, Span(0, len(message.text))) for message in messages)
        read = (
            ReadMessage(message=m, passages=(p,), language="en", client=client)
            for m, p in zip(messages, own, strict=True)
        )
        found = (entry for message in messages for entry in _entries(dice, message, thread, client))
        ledger.record(ThreadReading(thread=thread, messages=tuple(read), entries=tuple(found)), now)


def _message(dice: random.Random, number: int, place: int, client: str, begin: datetime) -> Message:
    lines = [" ".join(dice.choices(WORDS, k=9)).capitalize() + "." for _ in range(SENTENCES)]
    text = f"Matter {number}, mail {place}\n\n" + "\n".join(lines) + "\n"
    first = f"{number}.0@x.example"
    return Message(
        digest=hashlib.sha256(text.encode()).hexdigest(),
        message_id=f"{number}.{place}@x.example",
        sender=Address(email=ME if place % 2 else f"person@{client}.example"),
        to=(Address(email=f"person@{client}.example" if place % 2 else ME),),
        sent_at=begin + timedelta(hours=5 * place),
        subject=f"Matter {number}",
        text=text,
        references=(first,) if place else (),
    )


def _entries(dice: random.Random, message: Message, thread: str, client: str) -> list[Entry]:
    found = []
    for line in message.text.split("\n")[2:-1]:
        start, kind = message.text.index(line), dice.choice(list(Kind))
        evidence = Evidence(
            digest=message.digest, message_id=message.message_id, span=Span(start, start + len(line)), quote=line
        )
        who, sent = message.sender.email if message.sender else "", message.sent_at
        due = (sent + timedelta(days=dice.randint(1, 40))).date().isoformat() if dice.random() < 0.4 else None
        state = State.DONE if dice.random() < 0.85 else State.OPEN
        finding = Finding(
            kind=kind, evidence=evidence, date=sent, side=Side.US if who == ME else Side.CLIENT, who=who,
            owner=who if kind in STATEFUL else None, terms=Terms(due=due, amount=f"{dice.randint(1, 90) * 100} EUR"),
            confidence=0.9, tier=Tier.LOG, because="invented",
        )  # fmt: skip
        steps = (Step(at=sent, state=state),) if kind in STATEFUL else ()
        entry = hashlib.sha256(f"{message.digest}{start}".encode()).hexdigest()[:12]
        found.append(Entry(id=entry, thread=thread, client=client, finding=finding, steps=steps))
    return found


def measure(app: App) -> bool:
    """Print the time of each page; say whether all of them stay below the limit."""
    client = TestClient(create_app(app), base_url="http://127.0.0.1")
    thread, entry = app.ledger.threads()[0].id, app.ledger.entries(limit=1)[0].id
    pages = ("/", "/drafts", "/log", "/log?q=server", "/log?q=server+deadline+kind:request", "/log?q=state:overdue",
             "/log?q=amount:>5000", "/log?q=client:client1+state:open", "/clients", "/clients/client1", "/health",
             f"/threads/{thread}", f"/entries/{entry}")  # fmt: skip
    good = True
    for page in pages:
        times = []
        for _ in range(5):
            begin = time.perf_counter()
            assert client.get(page).status_code == 200, page
            times.append((time.perf_counter() - begin) * 1000)
        good = good and min(times) < LIMIT_MS
        print(f"{min(times):6.0f} ms, first {times[0]:6.0f} ms  {page}")
    return good


def main() -> int:
    """Build the log and measure; 1 where a page is too slow."""
    entries = int(sys.argv[1]) if len(sys.argv) > 1 else 100_000
    with tempfile.TemporaryDirectory() as folder:
        config = parse(CONFIG, Path(folder) / "config.toml")
        app = App(config, open_ledger(config.data_dir / DATABASE))
        fill(app.ledger, entries, datetime.now(UTC))
        print(f"{app.ledger.number_of_entries()} entries")
        good = measure(app)
        app.close()
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
