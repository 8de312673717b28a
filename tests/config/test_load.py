import json
import tomllib
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mailsync.config import default_path, load, parse
from mailsync.config.load import _mistake
from mailsync.model.errors import ConfigError
from mailsync.model.people import Side

#: What may stand in a TOML string without being escaped.
PRINTABLE = st.characters(min_codepoint=32, max_codepoint=0x2FFF, exclude_characters="\x7f")

SMALL = """
[me]
name = "Robin Hale"
addresses = ["Robin@Halecraft.example"]
[[accounts]]
address = "robin@halecraft.example"
password_env = "PASSWORD"
imap = {host = "imap.halecraft.example"}
[[clients]]
key = "corvane"
name = "Corvane Logistics"
domains = ["Corvane.example"]
"""


def problems(text: str) -> list[str]:
    """Return the sentences about a text that is wrong."""
    with pytest.raises(ConfigError) as caught:
        parse(text)
    return list(caught.value.problems)


def test_a_small_file_is_enough():
    """Everything but a name, an address, a server and a way to the password has a default."""
    config = parse(SMALL)

    assert config.me.addresses == ("robin@halecraft.example",)
    assert config.accounts[0].imap.port == 993
    assert config.accounts[0].imap_username == "robin@halecraft.example"
    assert config.recap.quiet_hours == 2.0


def test_circle_tells_sides_apart():
    """Own accounts, colleagues, clients with their subdomains and the never list reach the reading part."""
    text = SMALL.replace('name = "Robin Hale"', 'name = "Robin Hale"\ncolleagues = ["@halecraft.example"]')
    circle = parse(text + '[never]\ndomains = ["hospital.example"]\n').circle()

    assert circle.own == ("robin@halecraft.example",)
    assert circle.side("ines@halecraft.example") is Side.US
    assert circle.side("bo@mail.corvane.example") is Side.CLIENT
    assert circle.forbids("nurse@hospital.example")


def test_people_take_over_the_client_s_language_and_wording():
    """A contact without a language is written to in the client's, and that without one in the user's."""
    text = (
        SMALL
        + """wording = "plain"
language = "de"
[[clients.contacts]]
email = "ute@corvane.example"
[[clients.contacts]]
email = "jo@corvane.example"
language = "en"
wording = "technical"
"""
    )
    ute, jo = parse(text).circle().clients[0].contacts

    assert (ute.language, ute.wording) == ("de", "plain")
    assert (jo.language, jo.wording) == ("en", "technical")


def test_hours_are_minutes_by_weekday():
    """Ranges of days, half days, closed days and days off become what the clock works with."""
    hours = parse(
        SMALL
        + """[hours]
zone = "Europe/Berlin"
days = {mon-thu = "08:30-17:00", fri = "08:30-13:00", sun = "closed"}
closed = [2026-12-24, "2026-12-31"]
"""
    ).hours()

    assert hours.days == ((510, 1020),) * 4 + ((510, 780), None, None)
    assert hours.closed == (date(2026, 12, 24).isoformat(), "2026-12-31")


def test_smtp_uses_the_account_s_login_unless_it_has_its_own():
    """A separate password for sending is possible, but not needed."""
    shared = parse(SMALL.replace("[[clients]]", '[accounts.smtp]\nhost = "smtp.x.example"\n[[clients]]', 1)).accounts[0]
    own = parse(
        SMALL.replace("[[clients]]", '[accounts.smtp]\nhost = "smtp.x.example"\npassword_env = "S"\n[[clients]]', 1)
    ).accounts[0]

    assert shared.smtp_login.password_env == "PASSWORD"
    assert own.smtp_login.password_env == "S"
    assert own.smtp is not None
    assert own.smtp.port == 587


@pytest.mark.parametrize(
    ("wrong", "right", "sentence"),
    [
        ("addresses =", "adresses =", 'line 4: me.adresses is unknown; did you mean "addresses"?'),
        ('password_env = "PASSWORD"', "", "line 5: accounts[1] says no way to the password"),
        ('"PASSWORD"', '"PASSWORD"\nkeyring = true', "line 8: accounts[1].keyring says a second way"),
        ('"PASSWORD"', '"A"\npassword = "hunter2"', "line 8: accounts[1].password would put a secret into this file"),
        ('imap = {host = "imap.halecraft.example"}', "", "accounts[1].imap is missing"),
        (
            'host = "imap.halecraft.example"',
            'host = "x.example", security = "none"',
            "would send the password readable",
        ),
        ('host = "imap.halecraft.example"', 'host = "x.example", security = "tsl"', 'did you mean "tls"?'),
        ('host = "imap.halecraft.example"', 'host = "x.example", auth = "xoauth2"', 'set "token_command"'),
        ('host = "imap.halecraft.example"', 'host = "x.example", port = 99999', "must be at most 65535"),
        ('["Corvane.example"]', '["halecraft.example"]', "covers robin@halecraft.example, which is on your own side"),
        ('["Corvane.example"]', '["gmail.com"]', "where anybody may have an address"),
        ('["Corvane.example"]', "[]", "no mail could be this client's"),
        ('["Corvane.example"]', '"corvane.example"', "line 12: clients[1].domains must be a list"),
        ('["Corvane.example"]', '["corvane example"]', "clients[1].domains[1] is no domain"),
        ('key = "corvane"', 'key = "Corvane GmbH"', "must be small letters"),
        ('name = "Robin Hale"', "name = 3", "line 3: me.name must be a text in quotation marks"),
        ('name = "Robin Hale"', 'name = "Robin\\nBcc: x@y.example"', "me.name must stand on one line"),
        (
            "[[accounts]]",
            "quiet_hours = 3\n[[accounts]]",
            "line 5: me.quiet_hours is unknown here; it belongs into [recap]",
        ),
        ("[[accounts]]", '[hours]\nzone = "Europe/Berln"\n[[accounts]]', 'did you mean "Europe/Berlin"?'),
        ("[[accounts]]", '[hours]\ndays = {mon-fri = "9-5"}\n[[accounts]]', "a time that cannot be read"),
        ("[[accounts]]", '[hours]\ndays = {mon-fri = "17:00-09:00"}\n[[accounts]]', "a time that cannot be"),
        ("[[accounts]]", '[hours]\ndays = {mun = "09:00-17:00"}\n[[accounts]]', "a day that is none"),
        ("[[accounts]]", '[hours]\ndays = {mon-fri = "09:00-17:00", tue = "closed"}\n[[accounts]]', "names tue twice"),
        ("[[accounts]]", '[web]\nhost = "0.0.0.0"\n[[accounts]]', "reachable from other machines"),
        ("[[accounts]]", '[never]\ndomains = ["halecraft.example"]\n[[accounts]]', "nothing would ever be kept"),
        ("[[clients]]", "[[client]]", 'client is unknown; did you mean "clients"?'),
    ],
)
def test_a_mistake_is_one_sentence_with_its_place(wrong, right, sentence):
    """Each mistake names line and key, and says what would be right."""
    text = SMALL.replace(wrong, right, 1)

    assert any(sentence in problem for problem in problems(text)), problems(text)


def test_all_mistakes_come_together():
    """Wrong types, unknown keys and contradictions between tables stand in one report, in the file's order."""
    text = (
        SMALL.replace('name = "Robin Hale"', "name = 3")
        + """[[clients]]
key = "corvane"
name = "Corvane again"
domains = ["eu.corvane.example"]
[log]
level = "loud"
"""
    )
    found = problems(text)

    assert [problem.split(":")[0] for problem in found] == [
        "configuration, line 3",
        "configuration, line 14",
        "configuration, line 16",
        "configuration, line 18",
    ]


def test_one_address_in_two_clients_is_a_mistake():
    """A contact who already belongs to another client is named, whichever way the other one lists them."""
    text = SMALL + '[[clients]]\nkey = "b"\nname = "B"\n[[clients.contacts]]\nemail = "jo@corvane.example"\n'

    (problem,) = problems(text)
    assert problem.startswith("configuration, line 17: clients[2].contacts[1].email names jo@corvane.example")
    assert problem.endswith("client corvane already covers it with corvane.example.")


@pytest.mark.parametrize(
    ("first", "second", "clash"),
    [
        ("b.example", "b.example", True),
        ("b.example", "mail.b.example", True),
        ("mail.b.example", "b.example", True),
        ("b.example", "ab.example", False),
        ("x.b.example", "y.b.example", False),
    ],
)
def test_two_clients_share_no_domain(first, second, clash):
    """The same domain, or one within the other, cannot belong to two clients; neighbours may."""
    text = (
        SMALL.replace('"Corvane.example"', f'"{first}"')
        + f'[[clients]]\nkey = "b"\nname = "B"\ndomains = ["{second}"]\n'
    )

    assert bool(clash and problems(text)) == clash
    assert clash or parse(text)


def test_a_mistyped_password_is_never_shown():
    """No sentence, no repr and no chained exception holds a value that stood where a secret was meant."""
    text = SMALL.replace(
        'password_env = "PASSWORD"', 'passwort = "hunter2"\npassword_command = "echo hunter2"\nkeyring = "hunter2"'
    )
    with pytest.raises(ConfigError) as caught:
        parse(text)
    config = parse(SMALL.replace('password_env = "PASSWORD"', 'password_command = "echo hunter2"'))

    assert "hunter2" not in str(caught.value)
    assert caught.value.__cause__ is None
    assert caught.value.__context__ is None
    assert "hunter2" not in repr(config)


def test_broken_toml_is_one_sentence_with_its_line(tmp_path):
    """A file that is not TOML is one sentence, not a traceback."""
    path = tmp_path / "config.toml"
    path.write_text('[me]\nname = "Robin\n', encoding="utf-8")
    with pytest.raises(ConfigError) as caught:
        load(path)

    assert str(caught.value) == f"{path}, line 2: this is not valid TOML (illegal character '\\n')."


@pytest.mark.parametrize("content", [b"\xff\xfe[me]", b"x" * 1_000_001, b"a = " + b"[" * 5000])
def test_files_that_are_no_configuration_are_refused(tmp_path, content):
    """Another encoding, an endless file and nested brackets each give a ConfigError."""
    path = tmp_path / "config.toml"
    path.write_bytes(content)

    with pytest.raises(ConfigError):
        load(path)


def test_a_missing_file_says_what_to_do(tmp_path):
    """Nobody has to guess how a configuration comes into being."""
    with pytest.raises(ConfigError) as caught:
        load(tmp_path / "config.toml")

    assert "mailsync init" in caught.value.hint
    with pytest.raises(ConfigError, match="cannot be read"):
        load(tmp_path)


def test_paths_start_at_the_file(tmp_path):
    """Relative paths mean the same wherever mailsync is started, and ~ is the home folder."""
    path = tmp_path / "config.toml"
    path.write_text(
        SMALL.replace('password_env = "PASSWORD"', 'password_file = "secret"')
        + '[data]\ndir = "log"\n[recap]\ntemplates = "~/letters"\n',
        encoding="utf-8",
    )
    config = load(path)

    assert config.path == path
    assert config.accounts[0].password_file == tmp_path / "secret"
    assert config.data_dir == tmp_path / "log"
    assert config.templates_dir == Path.home() / "letters"


def test_the_environment_names_the_file(monkeypatch, tmp_path):
    """MAILSYNC_CONFIG wins over the XDG folder."""
    monkeypatch.delenv("MAILSYNC_CONFIG", raising=False)
    assert default_path().name == "config.toml"

    monkeypatch.setenv("MAILSYNC_CONFIG", str(tmp_path / "other.toml"))
    assert default_path() == tmp_path / "other.toml"


@settings(max_examples=150, deadline=None)
@given(
    st.dictionaries(
        st.sampled_from(["me", "hours", "accounts", "clients", "recap", "never", "web", "log", "data", "limits", "x"]),
        st.recursive(
            st.booleans() | st.integers(-(2**60), 2**60) | st.text(PRINTABLE, max_size=8) | st.floats(-1e6, 1e6),
            lambda inner: (
                st.lists(inner, max_size=3)
                | st.dictionaries(
                    st.sampled_from(
                        ["addresses", "key", "name", "domains", "contacts", "imap", "smtp", "days", "email", "host"]
                    ),
                    inner,
                    max_size=4,
                )
            ),
            max_leaves=12,
        ),
    )
)
def test_whatever_stands_in_the_file_only_config_errors_come_out(raw):
    """No shape of the file, however wrong, raises anything but a ConfigError."""
    text = _as_toml(raw)
    tomllib.loads(text)

    with pytest.raises(ConfigError):
        parse(text)


def _as_toml(raw: dict) -> str:
    return "\n".join(f"{key} = {_value(value)}" for key, value in raw.items())


def _value(value: object) -> str:
    match value:
        case list():
            return "[" + ", ".join(_value(item) for item in value) + "]"
        case dict():
            return "{" + ", ".join(f"{key} = {_value(item)}" for key, item in value.items()) + "}"
        case float():
            return f"{value:f}"
    return json.dumps(value)


def test_messages_nobody_foresaw_are_still_sentences():
    """A kind of mistake that pydantic adds later keeps its own words, without the value."""
    detail = {"loc": ("web", "port"), "type": "new_kind", "msg": "Input should be nice", "input": "hunter2"}

    assert _mistake(detail) == (("web", "port"), "input should be nice")
