"""Sentences: their ends are found in six languages, their places are exact."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailsync.text.sentences import sentences

#: Texts whose sentences are parted by " / ".
TEXTS = [
    "Mr. Fox and Dr. J. P. Vogt agreed. / We start on Mon. 3 May at 9 a.m. and end at 6 p.m. / Fine?",
    "See fig. 3, vol. 2, pp. 4-9, i.e. the old plan. / It costs approx. 4.5 days. / Okay.",
    "The price is 1.234,56 EUR. / Version 3.2.1 is out. / See https://shop.example/a.b?c=d. / Done.",
    "Acme Inc. and Fox Ltd. signed. / We work with Acme Inc. / The shop is ours.",
    "Wir treffen uns am 3. Mai um 14 Uhr. / Das gilt z. B. für Nr. 4, d.h. für alle. / Bis Do. durchtesten.",
    "Anbei die Rechnung Nr. 2026-14 vom 1. Advent. / Vielen Dank, Hr. Vogt! / Das war's.",
    "M. Dupont et Mme. Roy sont d'accord. / Voir p. 4, art. 5. / C'est bon ?",
    "El Sr. López y la Sra. Ruiz aceptan. / ¿Le va bien el 12? / ¡Perfecto!",
    "Il Sig. Rossi e il Dott. Bianchi sono d'accord. / Va bene così.",
    "De heer Jansen komt o.a. op dinsdag. / Dat is goed.",
    'He said "no." / Then he left (for good. And how!) at once. / Really?! / Yes...',
    "Plan B. it is then... maybe. / Or not... / We will see.",
]


@pytest.mark.parametrize("text", TEXTS)
def test_ends_of_sentences(text: str) -> None:
    """Abbreviations, numbers, names and addresses end no sentence; stops, questions and calls do."""
    plain = text.replace(" / ", " ")
    assert [plain[start:end] for start, end in sentences(plain)] == text.split(" / ")


def test_small_letters_begin_sentences_too() -> None:
    """Who types on a phone uses stops without capitals."""
    text = "ok with the date. ill send the logo tmrw. thx"
    assert [text[start:end] for start, end in sentences(text)] == [
        "ok with the date.",
        "ill send the logo tmrw.",
        "thx",
    ]


@given(st.text(alphabet=st.sampled_from("aA1 .!?…()\"'\n,:"), max_size=200))
def test_sentences_cover_everything_but_spaces(text: str) -> None:
    """No word is lost between two sentences, and none is in two of them."""
    places = list(sentences(text))
    assert all(a[1] <= b[0] for a, b in pairwise(places))
    assert "".join("".join(text[start:end].split()) for start, end in places) == "".join(text.split())
