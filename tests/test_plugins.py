"""Other packages can bring mailboxes, ways to send and ways to tell, and can check that they do it right."""

import hashlib
import re
import sys
import textwrap
from datetime import UTC, datetime
from pathlib import Path

import pytest

from mailsync import testing
from mailsync.app import open_app
from mailsync.model.errors import UsageError
from mailsync.model.mail import Envelope, FolderRole, Location, RawMessage
from mailsync.model.ports import Folder, FolderState
from mailsync.plugins import found, make
from mailsync.service import notifiers
from tests.journeys.office import CONFIG
from tests.transport.conftest import outbox, source  # noqa: F401 - fixtures
from tests.transport.test_imap import letter

#: A package as somebody else would publish it: one module and its entry points.
PACKAGE = '''
"""A mailbox in memory and a notifier that writes to a file."""
from tests.test_plugins import Memory

class Note:
    name = "note"
    wants = frozenset({"drafts"})
    def tell(self, notice):
        print(notice.subject())

def mailbox(account, secret):
    return Memory(account.key)

def notes(config):
    return Note()

def broken(config):
    raise RuntimeError("no luck")
'''
POINTS = """
[mailsync.sources]
memory = example_plugin:mailbox

[mailsync.notifiers]
note = example_plugin:notes
"""


class Memory:
    """A source in memory: two letters of a client."""

    def __init__(self, account, flaw=""):
        self.account, self.flaw = account, flaw
        self.mails = {1: letter(1), 2: letter(2)}

    def folders(self):
        return (Folder(name="INBOX", role=FolderRole.INBOX),)

    def examine(self, folder):
        return FolderState(uidvalidity=1, uidnext=3, messages=2)

    def uids(self, after=0):
        if self.flaw == "n:*" and after >= 2:
            return [2]
        return [uid for uid in self.mails if uid > after]

    def envelopes(self, uids):
        return [self._envelope(uid) for uid in uids if uid in self.mails]

    def _envelope(self, uid):
        at = Location(account=self.account, folder="INBOX", uidvalidity=1, uid=uid)
        who = ("dana.fox@harbor.example",)
        when = datetime(2026, 6, 1, tzinfo=None if self.flaw == "naive" else UTC)
        return Envelope(
            location=at, size=len(self.mails[uid]), internal_date=when, message_id=f"m{uid}@x", addresses=who
        )

    def bodies(self, envelopes):
        for one in envelopes:
            data = self.mails[one.location.uid]
            yield RawMessage(data=data, digest=hashlib.sha256(data).hexdigest(), location=one.location)

    def close(self):
        pass


@pytest.fixture
def package(tmp_path, monkeypatch):
    """Install the example package."""
    (tmp_path / "example_plugin.py").write_text(PACKAGE)
    info = tmp_path / "example_plugin-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: example-plugin\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(textwrap.dedent(POINTS))
    monkeypatch.syspath_prepend(str(tmp_path))
    yield tmp_path
    sys.modules.pop("example_plugin", None)


def test_a_plugins_mailbox_is_polled_like_any_other(package, tmp_path):
    """With host = "plugin:memory" no server is asked; what the plug-in holds ends in the log."""
    config = tmp_path / "config.toml"
    text = CONFIG.format(
        me="me@us.example",
        dana="dana.fox@harbor.example",
        host="plugin:memory",
        port=993,
        user="x",
        account="",
        smtp="",
    ).replace('security = "none"', "")
    config.write_text(text)

    with open_app(config) as app:
        turn = app.turn()

        assert (turn.kept, turn.troubles) == (2, ())
        assert [notifier.name for notifier in notifiers(app)] == ["note"]


def test_a_plugin_that_is_missing_or_broken_is_named(package):
    """The sentence says which, and what is installed."""
    with pytest.raises(UsageError, match="no plug-in 'jmap'") as caught:
        make("mailsync.sources", "jmap")
    assert "memory" in caught.value.hint
    (package / "example_plugin-1.0.dist-info" / "entry_points.txt").write_text(
        "[mailsync.notifiers]\nbad = example_plugin:broken\n"
    )
    assert list(found("mailsync.notifiers")) == ["bad"]
    with pytest.raises(UsageError, match="no luck"):
        make("mailsync.notifiers", "bad", None)


@pytest.mark.parametrize(("flaw", "clause"), [("n:*", "those above"), ("naive", "have a zone")])
def test_the_contract_checks_find_the_usual_mistakes(flaw, clause):
    """A source that passes is right; a wrong one is told the clause."""
    testing.check_source(Memory("work"))

    with pytest.raises(AssertionError, match=clause):
        testing.check_source(Memory("work", flaw))


@pytest.mark.dovecot
def test_mailsyncs_own_parts_pass_the_checks_for_plugins(mailbox, source, outbox):  # noqa: F811 - fixtures
    """What is asked of others holds for our own mailbox and outbox."""
    mailbox.append(letter(1), letter(2))

    testing.check_source(source(mailbox))
    testing.check_outbox(outbox(mailbox))


def test_the_manuals_plugin_keeps_the_contract(capsys):
    """The example of docs/plugins.md works as it stands there, and so does its test."""
    page = (Path(__file__).parents[1] / "docs" / "plugins.md").read_text()
    room: dict[str, object] = {}
    for example in re.findall(r"```python\n(.*?)```", page, flags=re.DOTALL):
        exec(example, room)

    room["test_the_contract"]()

    assert "1 letters to review (example)" in capsys.readouterr().out
