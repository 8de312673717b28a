"""Hostile bodies: the whole way from bytes to statements ends soon and never raises, whatever is mailed.

There are no clocks here: each body is so long that a step of quadratic cost would hold up the suite.
"""

import pytest

from mailsync.model.people import Circle
from mailsync.reading.parse import parse
from mailsync.reading.read import read
from mailsync.reading.statements import statements
from tests.reading.letters import letter, raw

N = 10_000
BODIES = {
    "quote marks": ">" * N,
    "nested quotes": "".join(">" * i + " x\n" for i in range(300)),
    "spaces": " " * N + "x",
    "blank lines": "\n" * N,
    "attributions": "On Mon, 2 Mar 2026 " * 3000 + "wrote",
    "wrote": "wrote:\n" * N,
    "on": "On\n" * N,
    "on, 3 May": "On 3 May 2026 we met and\n" * 4000,
    "header fields": "From: a\nSent: b\nTo: c\n" * 5000,
    "from": "From:" * N,
    "separators": "-----Original Message-----\n" * 5000,
    "dashes": "-" * N,
    "delimiters": "-- \n" * N,
    "closings": "Best regards,\n" * N,
    "disclaimers": "this message may this message\n" * 4000,
    "greetings": "Hi " * N,
    "stops": "." * N,
    "abbreviations": "e.g. " * N,
    "brackets": "(" * N + ". A" * 1000,
    "sentences": "We agree. " * N,
    "numbers": "1) " * N,
    "table": "a | " * N,
    "long word": "a" * 400_000,
    "zero width": "a\u200b" * N,
    "accents": "a" + "\u0301" * N,
    "urls": "http://" * N,
    "addresses": "a@" * N,
    "capitals": "A" * N,
}


def readable(data: bytes) -> None:
    """Read `data` all the way and check that every place is in the text."""
    message = parse(raw(data))
    (one,) = read([message], Circle(own=()))
    text = message.text
    assert "".join(text[p.span.start : p.span.end] for p in one.passages) == text
    for statement in statements(message, one.passages):
        assert " ".join(text[statement.span.start : statement.span.end].split()) == statement.quote


@pytest.mark.parametrize("name", BODIES)
@pytest.mark.parametrize(
    "mime", ["text/plain; charset=utf-8", "text/html; charset=utf-8", "text/plain; charset=utf-8; format=flowed"]
)
def test_long_repetitions_are_read_in_their_length(name: str, mime: str) -> None:
    """Whatever is repeated, the work grows with its length alone."""
    readable(letter(BODIES[name], mime=mime))


@pytest.mark.parametrize("name", BODIES)
def test_subjects_and_names_are_no_better(name: str) -> None:
    """The same holds in the header."""
    flat = BODIES[name].replace("\n", " ")
    readable(letter(subject=f"Re: {flat}", sender=f'"{flat[:20_000]}" <a@b.example>', extra=f"References: {flat}\n"))


def test_a_thread_of_echoes_is_read_in_its_length() -> None:
    """A thread whose messages repeat each other costs a little a message, however long it grows."""
    line = "We will look at the list and send you the result for the shop by the end of May.\n"
    messages = [
        parse(raw(letter(line * 20, sender=f"X <{'ab'[i % 2]}@x.example>", extra=f"Message-ID: <{i}@x>\n")))
        for i in range(150)
    ]
    assert len(read(messages, Circle(own=()))) == 150
