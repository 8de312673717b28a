"""Reading a thread: languages, duplicates and what is left unread with its reason."""

import pytest

from mailsync.model.people import Circle, Client
from mailsync.reading.language import language
from mailsync.reading.read import read
from tests.reading.letters import read_letter

CIRCLE = Circle(
    own=("sam@studio.example",),
    clients=(Client(key="client", name="Client", domains=("client.example",)),),
    never=("doctor.example",),
)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("We will send you the copy for the shop by Friday.", "en"),
        ("Wir schicken Ihnen die Texte für den Shop bis Freitag.", "de"),
        ("Nous vous envoyons les textes pour la boutique avant vendredi.", "fr"),
        ("Le enviamos los textos para la tienda antes del viernes.", "es"),
        ("Vi mandiamo i testi per il negozio entro venerdì, come abbiamo detto.", "it"),
        ("We sturen u de teksten voor de winkel voor vrijdag.", "nl"),
        ("Мы пришлём тексты для магазина до пятницы.", "ru"),
        ("金曜日までに原稿をお送りします。", "ja"),
        ("ok", ""),
        ("", ""),
    ],
)
def test_languages(text: str, code: str) -> None:
    """The commonest words decide; too little text decides nothing."""
    assert language(text) == code


def test_short_answers_inherit_the_threads_language() -> None:
    """A mere "Passt." has no language of its own."""
    first = read_letter("Wir schicken Ihnen die Texte für den Shop bis Freitag.\n")
    second = read_letter("Passt.\n", subject="AW: Shop", sender="sam@studio.example")
    assert [one.language for one in read([first, second], CIRCLE)] == ["de", "de"]


def test_what_is_not_read_says_why() -> None:
    """Machines, other languages, forbidden senders and duplicates carry their reason; the rest carries none."""
    plain = read_letter("We will send you the copy for the shop by Friday.\n", extra="Message-ID: <1@c.example>\n")
    away = read_letter("Away.\n", extra="Auto-Submitted: auto-replied\n")
    dutch = read_letter("We sturen u de teksten voor de winkel voor vrijdag.\n")
    doctor = read_letter("Your results are here.\n", sender="dr@doctor.example")
    found = [one.unread for one in read([plain, plain, away, dutch, doctor], CIRCLE)]
    assert found == [
        "",
        f"duplicate of {plain.digest[:12]}",
        "automatic: automatic reply",
        "language: nl",
        "never to be read",
    ]


@pytest.mark.parametrize(
    "domain",
    ["cllent.example", "dient.example", "client.examp1e", "client-example.example", "client.example.evil.example"],
)
def test_domains_that_imitate_a_client_are_named(domain: str) -> None:
    """A stranger whose domain looks like a client's is a stranger, and the reader is told."""
    (one,) = read([read_letter("I agree.\n", sender=f"Dana <dana@{domain}>")], CIRCLE)
    assert "the sender's domain only looks like client.example" in one.message.troubles


@pytest.mark.parametrize("email", ["dana@client.example", "dana@mail.client.example", "carl@other.example"])
def test_real_domains_imitate_nobody(email: str) -> None:
    """Clients, their subdomains and plain strangers carry no such trouble."""
    (one,) = read([read_letter("I agree.\n", sender=f"X <{email}>")], CIRCLE)
    assert one.message.troubles == read_letter("I agree.\n", sender=f"X <{email}>").troubles


def test_clients_are_named_by_the_caller() -> None:
    """Each message carries the key that `client_of` gives."""
    (one,) = read([read_letter("Hello.\n")], CIRCLE, lambda _: "client")
    assert one.client == "client"
