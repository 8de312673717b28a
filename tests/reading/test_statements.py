"""Statements: one sentence or list item each, found where its writer's habits put the ends."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailsync.model.mail import Statement
from mailsync.reading.passages import passages
from mailsync.reading.statements import statements
from tests.reading.letters import html_letter, read_letter

#: name: (body, the statements it holds)
BODIES = {
    "greeting and closing say nothing": (
        "Hi Sam,\n\nThe 12th works. Send the invoice.\n\nBest regards,\n\nDana\n",
        ["The 12th works.", "Send the invoice."],
    ),
    "german manners": (
        "Sehr geehrter Herr Dr. Reed,\n\nder 12. März passt. Bitte schicken Sie die Rechnung.\n\nMit freundlichen Grüßen\nDana Fox\n",
        ["der 12. März passt.", "Bitte schicken Sie die Rechnung."],
    ),
    "french, spanish, italian closings": (
        "Bonjour Sam,\n\nC'est bon pour le 12.\n\nBien cordialement,\nDana\n",
        ["C'est bon pour le 12."],
    ),
    "wrapped lines are joined": (
        "We talked to the people in Leeds and they think that the weekend of the\n14. and 15. May would suit them best, if nobody else needs the hall on\nthat day. Please tell me by Friday.\n",
        [
            "We talked to the people in Leeds and they think that the weekend of the 14. and 15. May would suit them best, if nobody else needs the hall on that day.",
            "Please tell me by Friday.",
        ],
    ),
    "a line is a statement where nobody uses stops": (
        "thursday no good im at my daughters recital\ncould do fri 5ish tho\nor just do it monday n i owe u one\n",
        ["thursday no good im at my daughters recital", "could do fri 5ish tho", "or just do it monday n i owe u one"],
    ),
    "bullets": ("We need:\n- the logo\n- the copy for page two\n", ["We need:", "the logo", "the copy for page two"]),
    "numbers": (
        "1. The blog goes.\n2) Budget 4,000.\n3 - Launch in May.\n",
        ["The blog goes.", "Budget 4,000.", "Launch in May."],
    ),
    "numbered answers in one line": ("1 and 2 ok. 3: it is 22 April.\n", ["1 and 2 ok.", "3: it is 22 April."]),
    "counted points": ("1) yes 2) no 3) the 4th\n", ["yes", "2) no", "3) the 4th"]),
    "abbreviations": (
        "Dr. Vogt will e.g. send it to Acme Inc. on Friday at 6 p.m. approx. Nr. 4 is z.B. fine.\n",
        ["Dr. Vogt will e.g. send it to Acme Inc. on Friday at 6 p.m. approx. Nr. 4 is z.B. fine."],
    ),
    "decimals, versions, files, addresses": (
        "Version 2.1.4 costs 4.800,50 EUR, see price.list.pdf at www.shop.example. Install it.\n",
        ["Version 2.1.4 costs 4.800,50 EUR, see price.list.pdf at www.shop.example.", "Install it."],
    ),
    "initials and options": (
        "J. P. Fox takes plan B. We start in May.\n",
        ["J. P. Fox takes plan B.", "We start in May."],
    ),
    "times": ("Call me at 7 pm. Carl is out.\n", ["Call me at 7 pm.", "Carl is out."]),
    "pauses": ("Well... maybe not. Or... Yes!\n", ["Well... maybe not.", "Or...", "Yes!"]),
    "brackets": (
        "The price (see page 2. It is short.) stays. Good.\n",
        ["The price (see page 2. It is short.) stays.", "Good."],
    ),
    "no space after the stop": ("The logo is done.Next is the copy.\n", ["The logo is done.", "Next is the copy."]),
    "table rows": (
        "Item      Hours     Rate\nDesign    12        90\nCopy      4         70\n",
        ["Item Hours Rate", "Design 12 90", "Copy 4 70"],
    ),
    "a short yes is no name": ("Yes.\n", ["Yes."]),
    "a greeting that goes on": ("Hi Sam, thanks, the 12th is fine.\n", ["Hi Sam, thanks, the 12th is fine."]),
    "small letters": (
        "ok go ahead. ill send the logo tmrw. cheers\n",
        ["ok go ahead.", "ill send the logo tmrw.", "cheers"],
    ),
}


def said(body: str) -> list[str]:
    """Return the quotes of the statements of a letter with `body`."""
    message = read_letter(body)
    return [one.quote for one in statements(message, passages(message))]


@pytest.mark.parametrize("name", BODIES)
def test_statements_of(name: str) -> None:
    """Sentences and list items come out whole, one each."""
    body, wanted = BODIES[name]
    assert said(body) == wanted


def found(body: str) -> list[Statement]:
    """Return the statements of a letter with `body`."""
    message = read_letter(body)
    return list(statements(message, passages(message)))


def test_list_items_know_their_number_and_their_lead() -> None:
    """A list's opening line and each item's number or letter go with it, also past a blank line."""
    lead, first, second = found("Could you please:\n\na) send the logo\n\nb) sign page two\n")
    assert (lead.in_list, lead.number) == (False, "")
    assert [(s.lead, s.number, s.in_list) for s in (first, second)] == [
        ("Could you please:", "a", True),
        ("Could you please:", "b", True),
    ]


def test_answers_know_what_they_answer() -> None:
    """Between quoted lines each answer carries the quotation directly above it."""
    one, two = found("> Can we drop\n> the blog?\n\nYes.\n\n> And the 12th?\n\nNot the 12th.\n")
    assert (one.quote, one.answering) == ("Yes.", "Can we drop the blog?")
    assert (two.quote, two.answering) == ("Not the 12th.", "And the 12th?")


def test_a_top_post_answers_nothing_in_particular() -> None:
    """Words above a quotation belong to no line of it."""
    (one,) = found("Fine by me.\n\nOn 3 May 2026, Sam Reed <sam@studio.example> wrote:\n> Can we?\n")
    assert one.answering == ""


def test_places_count_through_the_message() -> None:
    """`place` and `of` number the statements of the whole message."""
    assert [(s.place, s.of) for s in found("One is done.\n> x\nTwo is not.\n")] == [(0, 2), (1, 2)]


def test_nothing_is_taken_from_quotations_signatures_and_machines() -> None:
    """Only the author's own passages hold statements."""
    assert found("> I agree to pay EUR 9,000.\n\n-- \nBy replying you agree to our terms.\n") == []
    message = read_letter("We agree.\n", extra="Auto-Submitted: auto-replied\n")
    assert statements(message, passages(message)) == ()


def test_html_paragraphs_are_blocks() -> None:
    """Paragraphs and list items of HTML mail give the same statements as plain text."""
    message = html_letter("<p>Hi Sam,</p><p>We need:</p><ul><li>the logo</li><li>the copy</li></ul>")
    assert [s.quote for s in statements(message, passages(message))] == ["We need:", "the logo", "the copy"]


@given(st.text(alphabet=st.sampled_from('aB1 .!?:-\n>()"…,é'), max_size=300))
def test_every_statement_is_a_place_in_the_text(body: str) -> None:
    """A quote is the text at its span with line breaks folded; spans follow each other and never overlap."""
    message = read_letter(body)
    last = 0
    for one in statements(message, passages(message)):
        assert last <= one.span.start < one.span.end
        assert " ".join(message.text[one.span.start : one.span.end].split()) == one.quote
        last = one.span.end
