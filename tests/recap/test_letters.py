"""Templates: every kind in every language, the user's own first, mistakes named, nothing endless."""

import re
from dataclasses import replace
from pathlib import Path

import pytest
from jinja2 import Environment, meta

from mailsync.drafting import Drafting
from mailsync.model.draft import DraftState, Letter
from mailsync.model.entry import Kind
from mailsync.model.errors import TemplateError
from mailsync.recap.compose import GIVEN, compose
from mailsync.recap.letters import as_html, folders, write
from mailsync.recap.occasions import corrected, write_letter
from mailsync.recap.replies import settle
from mailsync.recap.wording import LANGUAGES, long_date, shortened, working_times
from tests.recap.story import DANA, HOURS, ROBIN, Story, booking_page, circle

SHIPPED = next(folder for folder in folders() if folder.is_dir())
EVERYTHING = dict.fromkeys(GIVEN, "SAID BY A PERSON")


def every_kind():
    """A story that gives every kind of letter something to say."""
    story = booking_page()
    story.says(DANA, "Could you add a newsletter box?", Kind.REQUEST, owner=ROBIN)
    story.says(ROBIN, "I can do the box for 300 EUR.", Kind.PROPOSAL, amount="300 EUR")
    story.says(DANA, "We will send the logo by Monday.", due="2026-03-09")
    story.says(ROBIN, "The staging site is up.", Kind.FULFILMENT)
    return story


def write_any(letter, story, given=EVERYTHING, **more):
    """Write a letter of any kind, with the correspondence it needs."""
    occasion = story.occasion(**more)
    if letter is Letter.RECAP:
        return compose(occasion)
    if letter in (Letter.CORRECTED, Letter.REMINDER):
        draft = story.send(compose(occasion))
        story.mail(DANA, "1 ok. 2: it is 22 April.\n")
        occasion = story.occasion(**more)
        if letter is Letter.REMINDER:
            return write_letter(letter, occasion, given)
        found = settle(story.reading, story.letters, story.background)
        return corrected(replace(draft, decided=((2, "accepted"),)), found, occasion)
    return write_letter(letter, occasion, given)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("letter", list(Letter))
@pytest.mark.parametrize("greeting", ["", "Hallo Dana", "Salut Dana", "Hola Dana", "Hi Dana"])
def test_every_letter_in_every_language(letter, language, greeting):
    """Each kind renders in each language, formal and familiar, with its lines, and with nothing left to fill in."""
    story = every_kind()
    story.circle = circle(language=language, greeting=greeting)
    draft = write_any(letter, story)

    assert draft.language == language
    assert draft.lines
    assert all(line.text in draft.body and line.entries for line in draft.lines)
    assert not re.search(r"\[[^\]]{2,}\]|\{[{%]|%\}|\n\n\n", draft.body)
    assert (greeting or "Dana") in draft.body.split("\n")[0]
    assert draft.body.endswith("Robin Hale\n")
    assert draft.subject == "Re: New booking page"


@pytest.mark.parametrize("letter", [Letter.DELAY, Letter.HOLDING, Letter.COMPLAINT, Letter.CHANGE_ORDER])
def test_what_a_person_did_not_say_is_left_to_fill_in(letter):
    """A letter that needs a person's words shows where they belong."""
    draft = write_any(letter, every_kind(), {})

    assert re.search(r"\[[^\]]{2,}\]", draft.body)


def test_the_corrected_recap_carries_the_new_terms():
    """The accepted line stands with the client's correcting words and the new date; the others as they were."""
    story = booking_page()
    draft = story.send(compose(story.occasion()))
    story.mail(DANA, "1 and 2 ok. 3: it is 22 April, not 15.\n")
    found = settle(story.reading, story.letters, story.background)
    letter = corrected(replace(draft, decided=((3, "accepted"),)), found, story.occasion())

    assert letter.lines[0].text == draft.lines[1].text
    assert letter.lines[2].text == (
        'Dana Fox: "Make the launch 15 April instead." – Dana Fox: "3: it is 22 April, not 15." (by Wednesday 22 April 2026)'
    )
    assert letter.lines[2].entries == draft.lines[3].entries


def test_change_orders_are_numbered():
    """The second change order that went out is number 2; one that was thrown away does not count."""
    story = every_kind()
    first = write_any(Letter.CHANGE_ORDER, story)
    assert "change order 1 " in first.body

    story.letters = [replace(first, state=DraftState.PLACED), replace(first, id="x", state=DraftState.DISCARDED)]

    assert "change order 2 " in write_any(Letter.CHANGE_ORDER, story).body


def test_the_boundary_letter_cites_dates():
    """Mail outside working hours is cited with its day and time in the user's zone."""
    story = Story()
    at = story.mail(DANA, "Please fix this now.").sent_at.replace(hour=23, minute=10)
    story.says(
        DANA,
        "Please fix this now, it is urgent.",
        Kind.REQUEST,
        owner=ROBIN,
        message=story.mail(DANA, "Please fix this now, it is urgent.", at),
    )
    draft = write_letter(Letter.BOUNDARY, story.occasion(), {})

    assert "- Monday 2 March 2026, 23:10" in draft.body
    assert "Monday to Friday 09:00-17:00" in draft.body


# ---- the user's own templates ----


def own(tmp_path: Path, text: str, name: str = "recap/en.txt.j2") -> Path:
    """Put a template into the user's folder."""
    (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
    (tmp_path / name).write_text(text, encoding="utf-8")
    return tmp_path


def test_the_users_template_wins(tmp_path):
    """A template in the user's folder is used instead of the shipped one, and may use the shipped parts."""
    text = '{% from "points.j2" import points %}\nMy {{ subject }}\n\n{{ points("We agreed", agreed) }}\n{{ name }}'
    draft = compose(booking_page().occasion(own=own(tmp_path, text)))

    assert draft.subject == "My Re: New booking page"
    assert draft.body.startswith("We agreed\n1. Dana Fox: ")


@pytest.mark.parametrize(
    ("text", "line", "what"),
    [
        ("{{ subject }}\n\nHello\n{{ clint }}", 4, "clint"),
        ("{{ subject }}\n\n{% for x in lines %}\n{{ x.text }}", 4, "end of template"),
        ("{{ subject }}\n\n{{ lines[0].txt }}", 3, "txt"),
        (
            "{{ subject }}\n\n{% for a in range(90000) %}{% for b in range(90000) %}{% endfor %}{% endfor %}",
            3,
            "come to an end",
        ),
        (
            "{{ subject }}\n\n\n{% for a in lines %}{% for b in range(9999) %}{% for c in range(9999) %}.{% endfor %}{% endfor %}{% endfor %}",
            4,
            "come to an end",
        ),
        ("{% macro m() %}{{ m() }}{{ m() }}{% endmacro %}{{ subject }}\n\n{{ m() }}", 1, "come to an end"),
        ("{{ subject }}\n\n{{ 'x' * 900000 }}", 1, "come to an end"),
        ("{{ subject }}\n\n{{ ''.__class__.__mro__ }}", 3, "unsafe"),
        ("{{ subject }}\n\n{{ 1 / 0 }}", 3, "division"),
        ("{{ subject }}\n\n{{ name + 1 }}", 3, "concatenate"),
        ("{{ subject }}\n\n{% include 'no/such.j2' %}", 0, "no/such.j2"),
        ("{{ subject }}\n", 0, "no text"),
        ("", 0, "no subject"),
    ],
)
def test_a_mistake_in_a_template_is_named(tmp_path, text, line, what):
    """A wrong variable, an endless loop, bad syntax or forbidden access is one sentence with file and line."""
    with pytest.raises(TemplateError) as caught:
        compose(booking_page().occasion(own=own(tmp_path, text)))

    assert what in str(caught.value)
    assert caught.value.hint
    if line:
        assert f"en.txt.j2, line {line}" in str(caught.value)


def test_templates_that_are_no_text_are_named(tmp_path):
    """A template in another encoding than UTF-8 is refused with its name."""
    (tmp_path / "recap").mkdir()
    (tmp_path / "recap" / "en.txt.j2").write_bytes(b"Caf\xe9 {{ subject }}\n\nx")

    with pytest.raises(TemplateError, match=r"en\.txt\.j2"):
        compose(booking_page().occasion(own=tmp_path))


def test_html_is_the_same_text_escaped():
    """The HTML alternative has the text's paragraphs and lines, and nothing of it is active."""
    shown = as_html('Hello <script>alert(1)</script> & "so"\n\n1. a\n2. b\n')

    assert '<p>Hello &lt;script&gt;alert(1)&lt;/script&gt; &amp; "so"</p>' in shown
    assert "1. a<br>\n2. b" in shown


def test_variables_are_documented():
    """docs/recaps.md lists every variable that the shipped templates use, and every one a letter knows."""
    manual = (Path(__file__).parents[2] / "docs" / "recaps.md").read_text(encoding="utf-8")
    listed = set(re.findall(r"^\| `(\w+)` \|", manual, re.MULTILINE))
    used = set()
    for template in SHIPPED.rglob("*.j2"):
        used |= meta.find_undeclared_variables(Environment().parse(template.read_text(encoding="utf-8")))

    assert used <= listed
    assert set(GIVEN) <= listed
    assert write(Letter.RECAP, "en", dict.fromkeys(listed, ""))


# ---- words ----


@pytest.mark.parametrize(
    ("due", "language", "weekday", "text"),
    [
        ("2026-03-04", "en", False, "4 March 2026"),
        ("2026-03-04", "en", True, "Wednesday 4 March 2026"),
        ("2026-03-04T17:00:00+00:00", "en", False, "4 March 2026, 17:00"),
        ("2026-03-01", "de", True, "Sonntag, 1. März 2026"),
        ("2026-04-01", "fr", True, "mercredi 1er avril 2026"),
        ("2026-04-01", "es", False, "1 de abril de 2026"),
        ("2026-03-04", "nl", False, "4 March 2026"),
    ],
)
def test_dates_are_written_out(due, language, weekday, text):
    """A date is never just digits, and follows the letter's language."""
    assert long_date(due, language, weekday=weekday) == text


def test_working_hours_are_written_out():
    """Equal days are joined, closed ones left out."""
    days = (*(((540, 1020),) * 4), (540, 900), None, None)

    assert working_times(HOURS, "de") == "Montag bis Freitag 09:00-17:00 Uhr"
    assert working_times(replace(HOURS, days=days), "en") == "Monday to Thursday 09:00-17:00, Friday 09:00-15:00"


@pytest.mark.parametrize("quote", ["x" * 5000, "a, " * 2000, "word " * 2000, "Short.", ""])
def test_shortened_words_are_a_beginning_of_the_quote(quote):
    """Shortening only ever cuts the end, and marks it."""
    text = shortened(quote)

    assert len(text) <= 283
    assert " ".join(quote.split()).startswith(text.removesuffix(" …"))


def test_shipped_templates_are_where_the_package_looks():
    """A checkout has them beside the package; the wheel inside it."""
    assert sorted(p.name for p in SHIPPED.iterdir() if p.is_dir()) == sorted(letter.value for letter in Letter)
    assert Drafting.__doc__
