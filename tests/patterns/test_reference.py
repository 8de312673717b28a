from pathlib import Path

import pytest

from mailsync.patterns.alerts import About
from mailsync.patterns.cues import Cue, found
from mailsync.patterns.reference import markdown
from mailsync.patterns.report import HABITS

PAGE = (Path(__file__).parents[2] / "docs" / "patterns.md").read_text(encoding="utf-8")


def test_the_manual_explains_every_figure_as_the_code_counts_it():
    """docs/patterns.md ends with the rules that the code writes."""
    assert PAGE.endswith(markdown())
    assert PAGE.count("### ") == len(HABITS)


def test_keys_are_unique():
    """No two rules share a key."""
    assert len({rule.key for rule, _ in HABITS}) == len(HABITS)


@pytest.mark.parametrize("about", [a for a in About if a is not About.EARLY_SIGN])
def test_the_manual_names_every_alert(about):
    """Each alert has its line in the manual."""
    assert f"| {about.value} |" in PAGE


@pytest.mark.parametrize("cue", Cue)
def test_every_cue_has_phrases_in_every_language(cue):
    """No list of phrases is missing or empty."""
    import tomllib
    from importlib.resources import files

    data = tomllib.loads((files("mailsync.patterns") / "cues.toml").read_text("utf-8"))

    assert all(language[cue.value] for language in data.values())
    assert all(found(cue, phrase) for language in data.values() for phrase in language[cue.value])


def test_cues_are_whole_words():
    """A phrase within a longer word is none."""
    assert not found(Cue.HOSTILE, "The incompetently spelled word 'scampi' is on the menu.")
    assert found(Cue.HOSTILE, "UNVERSCHÄMT ist das!")
