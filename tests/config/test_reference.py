import re
import tomllib
from pathlib import Path

import pytest

from mailsync.config import load
from mailsync.config.lines import key_lines, line_of
from mailsync.config.reference import markdown, settings

ROOT = Path(__file__).parents[2]
EXAMPLE = ROOT / "config.example.toml"


def example() -> dict[tuple[str, str], tuple[str, str]]:
    """Read (table, key) -> (comment, value) from the example, whether a line is switched off or not."""
    found, table, comment = {}, "", ""
    for line in EXAMPLE.read_text(encoding="utf-8").splitlines():
        if header := re.fullmatch(r"#?(\[.*\])", line):
            table = header[1]
        elif line.startswith("# "):
            comment = line[2:]
        elif key := re.fullmatch(r"#?(\w+) = (.*)", line):
            found[table, key[1]] = (comment, key[2])
            comment = ""
    return found


def test_the_example_loads():
    """The example is a configuration that works as it stands."""
    config = load(EXAMPLE)

    assert config.clients[0].contacts[0].decides


def test_the_example_names_every_key_and_no_other():
    """Nobody has to look for a key outside the example."""
    assert set(example()) == {(setting.table, setting.key) for setting in settings()}


@pytest.mark.parametrize("setting", list(settings()), ids=lambda s: f"{s.table}{s.key}")
def test_the_example_explains_each_key_as_the_code_does(setting):
    """Each key has the code's sentence above it and, where it has one, shows the default."""
    comment, value = example()[setting.table, setting.key]

    assert comment == setting.about
    shown = tomllib.loads(f"value = {value}")["value"]
    if setting.default not in (None, "", ()) and setting.key != "zone":
        assert shown == setting.default


def test_the_manual_holds_the_reference():
    """docs/configuration.md ends with the table the code writes."""
    page = (ROOT / "docs" / "configuration.md").read_text(encoding="utf-8")

    assert page.endswith(markdown())


def test_lines_are_found_through_strings_and_arrays():
    """Brackets in strings and comments, long strings, dotted keys and nested arrays do not lead astray."""
    text = '''title = "[not.a.table]" # [nor this]
long = """
[neither]
this = 1
"""
list = [
  "a]", # ]
  [1, 2],
]
me.name = "x"
[[clients]]
key = "a"
[[clients]]
"key" = "b"
[[clients.contacts]]
email = "c"
'''
    lines = key_lines(text)

    assert lines["list",] == 6
    assert lines["me", "name"] == 10
    assert lines["clients", 1, "key"] == 14
    assert lines["clients", 1, "contacts", 0, "email"] == 16
    assert line_of(("clients", 0, "name"), lines) == 11
    assert line_of(("nowhere",), lines) is None
    assert ("neither",) not in lines
