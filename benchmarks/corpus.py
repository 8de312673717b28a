"""Annotated mail as the reader meets it: every message with its statements, their kinds, and what came before it.

A folder holds NAME.mbox beside NAME.json (whole threads, or single office mails with "lines_only"), or short labelled
mails as text files, one block a mail. Weak labels are kept as such: neither asked for nor counted against anybody.
"""

import hashlib
import json
import mailbox
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from mailsync.model.entry import Kind
from mailsync.model.mail import Address, Message, RawMessage, Span, Statement
from mailsync.model.people import Circle, Client
from mailsync.model.thread import Heard, ReadMessage
from mailsync.reading.parse import parse
from mailsync.reading.read import read
from mailsync.reading.statements import statements


@dataclass(frozen=True, slots=True, kw_only=True)
class Mail:
    """One annotated message.

    `labels` gives each statement's kinds, True for a weak one; `missed` are the kinds of annotated sentences that no
    statement covers; `earlier` the messages before it, their statements without labels.
    """

    source: str
    group: str
    language: str
    read: ReadMessage
    statements: tuple[Statement, ...]
    labels: tuple[Mapping[Kind, bool], ...]
    missed: tuple[Kind, ...] = ()
    circle: Circle
    earlier: tuple[Heard, ...] = ()
    entries: tuple[Mapping[str, object], ...] = ()


def load(folders: Iterable[Path]) -> list[Mail]:
    """Return all annotated mails of `folders`; the folder's name is the mail's source."""
    found: list[Mail] = []
    for folder in folders:
        for path in sorted(folder.glob("*.json")):
            found += _annotated(folder.name, path)
        for path in sorted(folder.glob("*_*.txt")):
            found += _short(folder.name, path)
    return found


def _annotated(source: str, path: Path) -> Iterator[Mail]:
    doc = json.loads(path.read_text())
    raws = [_bytes(message) for message in mailbox.mbox(path.with_suffix(".mbox"))]
    messages = [parse(RawMessage(data=data, digest=hashlib.sha256(data).hexdigest())) for data in raws]
    messages.sort(key=lambda message: (message.sent_at.timestamp(), message.digest))
    people = {a.email for m in messages for a in (m.sender, *m.to, *m.cc) if a}
    own = tuple(doc["me"])
    client = Client(key=ANYBODY, name=ANYBODY, addresses=tuple(sorted(people - set(own))))
    circle = Circle(own=own, clients=(client,))
    alone = bool(doc.get("lines_only"))
    heard: list[Heard] = []
    reads = [read([m], circle)[0] for m in messages] if alone else read(messages, circle)
    for place, (message, one) in enumerate(zip(messages, reads, strict=True)):
        earlier = () if alone else tuple(heard)
        said = () if one.unread else tuple(statements(message, one.passages))
        heard.append(Heard(read=one, statements=said))
        entries = [e for e in doc["entries"] if e["message_id"].strip("<> ") == message.message_id]
        labels, missed = _matched(said, entries)
        yield Mail(
            source=source,
            group=f"{doc['thread']}/{place}" if alone else doc["thread"],
            language=doc["language"],
            read=one,
            statements=said,
            labels=labels,
            missed=missed,
            circle=circle,
            earlier=earlier,
            entries=tuple(entries),
        )


def _bytes(message: mailbox.mboxMessage) -> bytes:
    return message.as_bytes()


def _matched(
    said: Sequence[Statement], entries: Sequence[Mapping[str, object]]
) -> tuple[tuple[Mapping[Kind, bool], ...], tuple[Kind, ...]]:
    """Give each entry to the statement that shares most of its words, as the scorer does: at least half of them."""
    labels: list[dict[Kind, bool]] = [{} for _ in said]
    missed = []
    words = [_words(statement.quote) for statement in said]
    for entry in entries:
        own = _words(str(entry["quote"]))
        best, place = 0.0, -1
        for other, theirs in enumerate(words):
            shared = sum((own & theirs).values())
            least, most = sorted((own.total(), theirs.total()))
            score = shared / least + shared / most / 10 if least else 0.0
            if shared >= 0.5 * least > 0 and score > best:
                best, place = score, other
        if place >= 0:
            labels[place][Kind(str(entry["kind"]))] = bool(entry.get("weak"))
        elif not entry.get("weak"):
            missed.append(Kind(str(entry["kind"])))
    return tuple(labels), tuple(missed)


def _words(text: str) -> Counter[str]:
    return Counter(re.findall(r"\w+", text.lower()))


ANYBODY = "client"  # the key of a client whom no configuration names
_US, _THEM = Address(email="me@us.test", name="Me"), Address(email="you@client.test", name="You")
_CIRCLE = Circle(own=(_US.email,), clients=(Client(key=ANYBODY, name=ANYBODY, addresses=(_THEM.email,)),))


def _short(source: str, path: Path) -> Iterator[Mail]:
    for place, block in enumerate(path.read_text().strip().split("\n\n")):
        head, *lines = block.strip().split("\n")
        found = re.match(r"# from: (\w+)\s+lang: (\w+)", head)
        if not found:
            continue
        side, language = found.groups()
        sender, to = (_US, _THEM) if side == "us" else (_THEM, _US)
        asked = [line[2:].strip() for line in lines if line.startswith(">>") and line[2:].strip()]
        rows = [[cell.strip() for cell in line.split("|", 3)] for line in lines if not line.startswith(">>")]
        rows = [row for row in rows if len(row) == 4]
        earlier: tuple[Heard, ...] = ()
        if asked:
            sentences = [s for text in asked for s in re.split(r"(?<=[.!?])\s+", text)]
            earlier = (_heard("0", language, to, sender, sentences),)
        heard = _heard("1", language, sender, to, [row[3] for row in rows])
        yield Mail(
            source=source,
            group=f"{path.stem}/{place}",
            language=language,
            read=heard.read,
            statements=heard.statements,
            labels=tuple({Kind(k.strip()): "weak" in row[2] for k in row[0].split(",") if k != "-"} for row in rows),
            circle=_CIRCLE,
            earlier=earlier,
        )


def _heard(name: str, language: str, sender: Address, to: Address, sentences: Sequence[str]) -> Heard:
    text = "\n".join(sentences)
    message = Message(
        digest=name,
        message_id=name,
        sender=sender,
        to=(to,),
        sent_at=datetime(2025, 1, 1, tzinfo=UTC),
        subject="",
        text=text,
        in_reply_to=("0",) if name != "0" else (),
    )
    said, start = [], 0
    for place, sentence in enumerate(sentences):
        span = Span(start, start + len(sentence))
        said.append(Statement(span=span, quote=sentence, place=place, of=len(sentences)))
        start = span.end + 1
    return Heard(read=ReadMessage(message=message, passages=(), language=language), statements=tuple(said))
