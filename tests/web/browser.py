"""A real Chromium for the tests, with a log of everything it asked any host for."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from playwright.sync_api import Browser, Page, sync_playwright

ARGUMENTS = [
    "--no-sandbox",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]


def chromium() -> str:
    """Return where Chromium lies, "" where there is none."""
    return shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome") or ""


@dataclass
class Visit:
    """A browser's page on a served `url`; `asked` are all addresses it asked for, `said` its dialogs and errors."""

    page: Page
    url: str
    asked: list[str] = field(default_factory=list)
    said: list[str] = field(default_factory=list)

    def go(self, path: str = "/") -> Page:
        self.page.goto(self.url.rstrip("/") + path)
        return self.page

    def press(self, *names: str) -> None:
        """Press keys one after another, once the page and its scripts are there."""
        self.page.wait_for_load_state("load")
        for name in names:
            self.page.keyboard.press(name)

    def foreign(self) -> list[str]:
        """Return what was asked of any other host."""
        return [url for url in self.asked if not url.startswith((self.url, "about:", "data:"))]


@contextmanager
def started() -> Iterator[Browser]:
    """Start Chromium."""
    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=chromium(), args=ARGUMENTS)
        yield browser
        browser.close()


@contextmanager
def visit(browser: Browser, url: str, **options) -> Iterator[Visit]:
    """Open a page in a profile of its own."""
    context = browser.new_context(**options)
    page = context.new_page()
    page.set_default_timeout(15_000)
    seen = Visit(page, url)
    context.on("request", lambda request: seen.asked.append(request.url))
    page.on("dialog", lambda dialog: (seen.said.append(dialog.message), dialog.dismiss()))
    page.on("pageerror", lambda error: seen.said.append(str(error)))
    page.on("console", lambda message: seen.said.append(message.text) if message.type == "error" else None)
    yield seen
    context.close()
