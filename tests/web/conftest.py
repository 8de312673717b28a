"""A served page over a small invented mailbox: read once a process, a fresh copy for every test."""

import shutil
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from mailsync.app import DATABASE, App
from mailsync.config import load
from mailsync.ledger.sqlite import open_ledger
from mailsync.model.entry import Kind, Tier
from mailsync.model.mail import Span
from mailsync.pipeline import draft_recaps, read_new, take_files
from mailsync.review import add_entry
from mailsync.transport.files import read_path
from mailsync.web.app import create_app
from tests.web.mails import CONFIG, STANDING, mails

BASE = "http://127.0.0.1:8765"


@pytest.fixture(scope="session")
def read_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A configuration and a database with everything in it read and drafted."""
    folder = tmp_path_factory.mktemp("web")
    (folder / "config.toml").write_text(CONFIG)
    (folder / "mail").mkdir()
    for number, data in enumerate(mails(datetime.now(UTC) - timedelta(days=4))):
        (folder / "mail" / f"{number}.eml").write_bytes(data)
    config = load(folder / "config.toml")
    app = App(config, open_ledger(config.data_dir / DATABASE))
    take_files(app.desk(), read_path(folder / "mail"), "work")
    read_new(app.desk())
    for words, kind in STANDING:
        stand(app, words, kind)
    draft_recaps(app.desk())
    app.close()
    return folder


def stand(app: App, words: str, kind: Kind) -> None:
    """See to it that these words stand in the log, whatever the model of the day makes of them."""
    for info in app.ledger.threads():
        for message, _ in app.ledger.messages(info.id):
            start = message.text.find(words)
            if start >= 0 and ">" not in message.text[max(0, start - 2) : start]:
                span = Span(start, start + len(words))
                known = [e.finding for e in app.ledger.entries(thread=info.id)]
                if not any(f.kind is kind and f.evidence.quote == words and f.tier is Tier.LOG for f in known):
                    add_entry(app.reviewer(), info.id, message.digest, span, kind)
                    read_new(app.desk())
                return


class Web:
    """A page with a browser that has no script: what it shows, and the token its forms carry."""

    def __init__(self, app: App, **options) -> None:
        self.app = app
        self.made = create_app(app, **options)
        self.client = TestClient(self.made, base_url=BASE, follow_redirects=False)

    def get(self, path: str, **options):
        return self.client.get(path, **options)

    def shows(self, path: str) -> str:
        answer = self.client.get(path)
        assert answer.status_code == 200, answer.text
        return answer.text

    def token(self, session: str = "") -> str:
        return self.made.state.site.door.token(session)

    def post(self, path: str, headers: dict[str, str] | None = None, **fields: str):
        sent = {"Origin": BASE, "Sec-Fetch-Site": "same-origin"} | (headers or {})
        return self.client.post(path, data={"token": self.token()} | fields, headers=sent)


@pytest.fixture
def opened(read_folder: Path, tmp_path: Path) -> Iterator:
    """Opens the page with the options given, each time over the same copy of the data."""
    folder = tmp_path / "office"
    shutil.copytree(read_folder, folder)
    apps: list[App] = []

    def open_page(**options) -> Web:
        config = load(folder / "config.toml")
        app = App(config, open_ledger(config.data_dir / DATABASE))
        apps.append(app)
        return Web(app, **options)

    yield open_page
    for app in apps:
        app.close()


@pytest.fixture
def web(opened) -> Iterator[Web]:
    """The page as `mailsync serve` shows it on this machine."""
    page = opened()
    yield page
    page.made.state.site.close()
