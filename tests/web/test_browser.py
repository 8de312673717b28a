"""The page in a real browser: a morning's work, by mouse and by keys, with everything that it loads watched."""

import os
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe

from mailsync.app import DATABASE, App
from mailsync.config import load
from mailsync.ledger.sqlite import open_ledger
from mailsync.model.draft import DraftState
from mailsync.model.entry import Kind
from mailsync.web.server import Serving, serve_in_thread
from tests.servers import HOST, PASSWORD, Mailbox
from tests.web.browser import Visit, chromium, started, visit

pytestmark = pytest.mark.browser

#: Counts the elements that could act: handlers, scripts of a mail, whatever loads from elsewhere.
ACTIVE = """[...document.querySelectorAll('*')].filter(e => [...e.attributes].some(a => a.name.startsWith('on'))
  || (e.src && !e.src.startsWith(location.origin)) || /^(javascript|data):/.test(e.href || '')).length"""


@pytest.fixture(scope="module")
def browser():
    """One Chromium for all tests here."""
    if not chromium():
        reason = "Chromium is not installed (Debian: apt-get install chromium)"
        pytest.fail(reason) if os.environ.get("CI") == "true" else pytest.skip(reason)
    with started() as running:
        yield running


@pytest.fixture
def served(read_folder: Path, tmp_path: Path) -> Iterator[tuple[App, str]]:
    """The page on a port, over a fresh copy of the data, and its app."""
    folder = Path(shutil.copytree(read_folder, tmp_path / "office"))
    yield from _serve(folder)


def _serve(folder: Path) -> Iterator[tuple[App, str]]:
    config = load(folder / "config.toml")
    app = App(config, open_ledger(config.data_dir / DATABASE))
    with serve_in_thread(app, Serving(port=0)) as server:
        yield app, server.url
    app.close()


@pytest.fixture
def at_work(read_folder: Path, tmp_path: Path, mailbox: Mailbox, monkeypatch) -> Iterator[tuple[App, str, Mailbox]]:
    """The page over the same data, with a real mailbox for its letters."""
    monkeypatch.setenv("OFFICE_PASSWORD", PASSWORD)
    folder = Path(shutil.copytree(read_folder, tmp_path / "office"))
    text = (folder / "config.toml").read_text()
    text = text.replace("port = 1\n", f'port = {mailbox.server.port}\nusername = "{mailbox.user}"\n')
    (folder / "config.toml").write_text(text.replace('host = "127.0.0.1"', f'host = "{HOST}"'))
    for app, url in _serve(folder):
        yield app, url, mailbox


@pytest.fixture
def seen(browser, served) -> Iterator[Visit]:
    """A visit to the served page."""
    with visit(browser, served[1]) as opened:
        yield opened


def test_a_letter_goes_from_today_to_the_drafts_folder(browser, at_work):
    """Open the letter from Today, change a word, approve: exactly that text lies in the real Drafts folder."""
    app, url, mailbox = at_work
    with visit(browser, url) as one:
        page = one.go("/")
        page.get_by_role("link", name=re.compile("New booking page")).first.click()
        body = page.get_by_label("Text of the letter")
        body.fill(body.input_value().replace("Kind regards", "Warm regards"))
        if page.get_by_label(re.compile("Let it go out")).count():
            page.get_by_label(re.compile("Let it go out")).check()
        page.get_by_role("button", name="Approve to Drafts").click()
        page.get_by_text("The letter lies in your Drafts folder").wait_for()

        assert one.foreign() == []
    [(_, flags, raw)] = mailbox.contents("Drafts")
    assert r"\Draft" in flags
    assert b"Warm regards" in raw
    assert [d.state for d in app.ledger.drafts() if "booking" in d.subject] == [DraftState.PLACED]


def test_keys_alone_are_enough(browser, at_work):
    """Without a mouse: to the letter, edit, approve; to the log, search, open; back to Today."""
    _, url, mailbox = at_work
    with visit(browser, url) as one:
        page = one.go("/")
        for _ in range(12):
            one.press("j")
            if "booking" in page.evaluate("document.activeElement.innerText"):
                break
        one.press("Enter")
        page.wait_for_url("**/drafts/*")
        one.press("e")
        assert page.evaluate("document.activeElement.id") == "body"
        one.press("Control+End")
        page.keyboard.type("PS: by keys.")
        one.press("Escape")
        if page.get_by_label(re.compile("Let it go out")).count():
            page.get_by_label(re.compile("Let it go out")).check()
        one.press("a")
        page.get_by_text("The letter lies in your Drafts folder").wait_for()
        one.press("g", "l")
        page.wait_for_url("**/log")
        one.press("Escape", "/")
        page.keyboard.type("wireframes kind:commitment")
        page.locator("#results mark").first.wait_for()
        one.press("Escape")
        one.press("j")
        one.press("Enter")
        page.wait_for_url("**/entries/*")
        one.press("?")
        page.locator("dialog[open]").wait_for()
        one.press("Escape")
        page.locator("dialog[open]").wait_for(state="detached")
        one.press("g", "t")
        page.wait_for_url(re.compile(r":\d+/$"))
    assert b"PS: by keys." in mailbox.contents("Drafts")[0][2]


def test_keys_can_be_switched_off(browser, read_folder, tmp_path):
    """With keys = false no key does anything but what browsers do."""
    folder = Path(shutil.copytree(read_folder, tmp_path / "office"))
    (folder / "config.toml").write_text((folder / "config.toml").read_text() + "\n[web]\nkeys = false\n")
    for _, url in _serve(folder):
        with visit(browser, url) as one:
            page = one.go("/")
            one.press("g", "l", "j")
            assert page.url == url
            assert page.evaluate("document.activeElement.tagName") == "BODY"


def test_discarding_by_key_and_undo_by_key(seen, served):
    """The key x asks for the reason, the letter goes; u brings it back."""
    app, _ = served
    draft = next(d for d in app.ledger.drafts((DraftState.OPEN,)) if "booking" in d.subject)
    page = seen.go(f"/drafts/{draft.id}")

    seen.press("x")
    page.keyboard.type("settled by phone")
    page.get_by_role("button", name="Discard", exact=True).click()
    page.get_by_text("The letter is discarded").wait_for()
    assert app.ledger.draft(draft.id).note == "settled by phone"
    seen.press("u")
    page.get_by_text("Taken back.").wait_for()

    assert app.ledger.draft(draft.id).state is DraftState.OPEN


def test_an_entry_is_added_by_selecting_words_and_taken_back(seen, served):
    """Marked words become an entry on exactly these words; u takes it back."""
    app, _ = served
    thread = next(t for t in app.ledger.threads() if "booking" in t.subject)
    page = seen.go(f"/threads/{thread.id}")

    page.evaluate(
        """() => {
          const walk = document.createTreeWalker(document.querySelector('.words'), NodeFilter.SHOW_TEXT);
          while (walk.nextNode()) {
            const at = walk.currentNode.data.indexOf('The old page looks tired.');
            if (at < 0) continue;
            const range = document.createRange();
            range.setStart(walk.currentNode, at);
            range.setEnd(walk.currentNode, at + 'The old page looks tired.'.length);
            getSelection().removeAllRanges();
            getSelection().addRange(range);
            document.dispatchEvent(new MouseEvent('mouseup'));
            return;
          }
        }"""
    )
    form = page.locator("#picked")
    form.get_by_label("Kind").select_option("issue")
    form.get_by_role("button", name="Add to the log").click()
    page.get_by_text("The entry is in the log.").wait_for()
    added = [
        e
        for e in app.ledger.entries(thread=thread.id)
        if e.finding.because == "a person" and e.finding.kind is Kind.ISSUE
    ]
    assert [e.finding.evidence.quote for e in added] == ["The old page looks tired."]

    seen.press("u")
    page.get_by_text("Taken back.").wait_for()
    assert added[0].id not in {e.id for e in app.ledger.entries(thread=thread.id)}


def test_an_entry_is_corrected_beside_its_line(seen, served):
    """On the letter's page a wrong amount is put right in place, and the letter says the right one."""
    app, _ = served
    one = next(e for e in app.ledger.entries() if "1,200 EUR" in e.finding.evidence.quote)
    page = seen.go(f"/entries/{one.id}")

    seen.press("e")
    page.get_by_label("Amount").fill("1300 EUR")
    page.get_by_role("button", name="Keep the correction").click()
    page.get_by_text("The entry is corrected.").wait_for()

    assert app.ledger.entry(one.id).finding.terms.amount == "1300 EUR"


@pytest.mark.parametrize(
    "query",
    ["client:harbor", "kind:request", "state:open OR state:overdue", "who:dana", "owner:robin@halecraft.example", "topic:deliverable OR topic:budget OR topic:deadline OR topic:other",
     "from:dana", "to:robin", "before:2100", "after:2020", "has:attachment", "amount:>1000", '"booking page"', "wireframes -invoice"],
)  # fmt: skip
def test_search_answers_as_one_types(seen, query):
    """Each filter, typed letter by letter, finds something without the page being loaded anew."""
    page = seen.go("/log?q=nothing-like-this")
    page.evaluate("window.stays = true")
    page.locator("#q").fill(query)
    page.locator("#results .row").first.wait_for()

    assert page.evaluate("window.stays")
    assert seen.said == []
    assert seen.foreign() == []


def test_without_scripts_all_of_it_works(browser, served):
    """Search, facets and a correction need no JavaScript."""
    _, url = served
    with visit(browser, url, java_script_enabled=False) as one:
        page = one.go("/log")
        page.locator("#q").fill("wireframes")
        page.get_by_role("button", name="Search").click()
        page.get_by_role("link", name="request", exact=True).click()
        page.locator(".row [data-open]").first.click()
        page.get_by_label("Why").fill("a test")
        page.get_by_label("Topic").select_option("meeting")
        page.get_by_role("button", name="Keep the correction").click()
        assert page.get_by_text("The entry is corrected.").count() == 1


def test_no_script_of_a_mail_runs_and_nothing_leaves_the_host(seen, served):
    """Every page that shows the attack, its HTML frame too: no dialog, no request elsewhere, no active element."""
    app, _ = served
    thread = next(t for t in app.ledger.threads() if "Invoice" in t.subject)
    digest = app.ledger.read_messages(thread.id)[0].message.digest
    for path in (
        "/",
        "/drafts",
        "/log?q=invoice",
        f"/threads/{thread.id}",
        f"/messages/{digest}/raw",
        f"/messages/{digest}/html",
        f"/messages/{digest}/frame",
    ):
        page = seen.go(path)
        page.wait_for_timeout(300)
        for frame in page.frames:
            assert frame.evaluate(ACTIVE) == 0, path

    assert seen.foreign() == []
    assert [words for words in seen.said if "PWN" in words] == []


PAGES = ("/", "/drafts", "DRAFT", "/log", "THREAD", "ENTRY", "/clients", "/clients/harbor", "/health", "/keys", "/nope")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_no_grave_fault_of_accessibility(browser, served, scheme):
    """axe-core finds nothing serious on any page, in light and in dark."""
    app, url = served
    places = {"DRAFT": f"/drafts/{app.ledger.drafts()[0].id}", "THREAD": f"/threads/{app.ledger.threads()[0].id}",
              "ENTRY": f"/entries/{app.ledger.entries()[0].id}"}  # fmt: skip
    faults = []
    with visit(browser, url, color_scheme=scheme, bypass_csp=True) as one:
        for path in PAGES:
            page = one.go(places.get(path, path))
            found = Axe().run(page).response["violations"]
            faults += [
                (path, v["id"], v["nodes"][0]["html"][:120]) for v in found if v["impact"] in ("serious", "critical")
            ]

    assert faults == []


@pytest.mark.parametrize("width", [360, 3840])
def test_it_fits_small_and_large_screens(browser, served, width):
    """From a telephone to a wall no page is wider than its screen."""
    app, url = served
    with visit(browser, url, viewport={"width": width, "height": 900}) as one:
        for path in (
            "/",
            "/drafts",
            f"/drafts/{app.ledger.drafts()[0].id}",
            "/log",
            f"/threads/{app.ledger.threads()[0].id}",
            "/clients/harbor",
            "/health",
        ):
            page = one.go(path)
            assert page.evaluate("document.documentElement.scrollWidth") <= width, path
