"""What the page refuses: other sites, other names, guesses, and everything that mail tries."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.routing import Mount, Route

from mailsync.web.mail import parts, safe_name, sanitise, too_deep
from mailsync.web.security import COOKIE, Door, Names, check_password, hash_password, is_loopback, own_path
from tests.web.mails import ATTACK

ACTIVE = re.compile(
    r"(?i)<(script|style|img|svg|math|iframe|form|input|base|meta|link|object)|\son\w+=|javascript:|evil\.test"
)


def actions(web) -> list[str]:
    """Return every address that takes a POST, its parts filled with something."""
    routes = [r for r in web.made.routes if isinstance(r, Route) and "POST" in (r.methods or ())]
    return [re.sub(r"\{[^}]+\}", "abc", route.path) for route in routes]


@pytest.mark.parametrize(
    ("fields", "headers"),
    [
        ({"token": ""}, {}),
        ({"token": "0" * 64}, {}),
        ({"token": "é"}, {}),
        ({}, {"Origin": "http://evil.test"}),
        ({}, {"Origin": "null"}),
        ({}, {"Origin": "http://127.0.0.1:9999"}),
        ({}, {"Sec-Fetch-Site": "cross-site"}),
        ({}, {"Sec-Fetch-Site": "same-site"}),
    ],
)
def test_every_change_wants_a_form_of_this_page(web, fields, headers):
    """No action is taken on a request without the token or from another origin; the log does not move."""
    before = web.app.ledger.head()

    answers = {path: web.post(path, headers, **fields).status_code for path in actions(web)}

    assert len(answers) > 15
    assert set(answers.values()) == {403}
    assert web.app.ledger.head() == before


def test_a_get_changes_nothing(web):
    """Addresses that change something do not answer a GET."""
    assert {web.get(path).status_code for path in actions(web) if path not in ("/login", "/poll")} <= {404, 405}


@pytest.mark.parametrize(
    "host",
    ["evil.test", "evil.test:8765", "127.0.0.1.evil.test:8765", "localhost.evil.test", "", "127.0.0.1:8766",
     "127.0.0.1:8765, evil.test", "0.0.0.0:8765", "evil.test:8765@127.0.0.1", "[::1", "127.0.0.2:8765"],
)  # fmt: skip
def test_other_names_are_not_answered(opened, host):
    """A request under a name that is not ours (DNS rebinding) sees nothing."""
    web = opened(names=Names(port=8765))

    answer = web.get("/", headers={"Host": host})

    assert answer.status_code == 421
    assert "Fox" not in answer.text


@pytest.mark.parametrize("host", ["127.0.0.1:8765", "localhost:8765", "LOCALHOST:8765", "[::1]:8765"])
def test_this_machine_is_answered(opened, host):
    """The names of this machine work, with the port."""
    assert opened(names=Names(port=8765)).get("/keys", headers={"Host": host}).status_code == 200


def test_every_answer_carries_the_guards(web):
    """Pages, refusals, files and errors all forbid scripts from outside, sniffing, framing and keeping."""
    for path in ("/", "/log", "/nope", "/static/style.css", "/log.csv", "/drafts/%27"):
        headers = web.get(path).headers
        assert "default-src 'none'" in headers["content-security-policy"]
        assert "unsafe" not in headers["content-security-policy"]
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["cache-control"] == "no-store"
        assert headers["referrer-policy"] == "same-origin"
        assert "access-control-allow-origin" not in headers


def test_pages_hold_no_script_or_style_of_their_own(web):
    """Nothing inline: what the policy forbids is not needed."""
    for path in ("/", "/drafts", "/log", "/clients/harbor", "/health", "/keys"):
        shown = web.shows(path)
        assert not re.search(r"<script(?![^>]*\ssrc=\"/static/)|<style|<[^>]*\s(style|on[a-z]+)=", shown), path


def test_hostile_mail_is_shown_as_words(web):
    """The attack's subject, name, text and HTML reach the pages escaped or not at all."""
    attack = next(t for t in web.app.ledger.threads() if "Invoice" in t.subject)
    digest = web.app.ledger.read_messages(attack.id)[0].message.digest

    frame = web.get(f"/messages/{digest}/frame")
    pages = [web.shows(path) for path in (f"/threads/{attack.id}", "/", "/log?q=invoice", f"/messages/{digest}/raw")]

    assert "sandbox" in frame.headers["content-security-policy"]
    assert "The harmless words" in frame.text
    assert not ACTIVE.search(frame.text.partition("<body>")[2])
    assert "&lt;script&gt;" in pages[0]
    assert all("<script>" not in page for page in pages)
    assert all("<img" not in page for page in pages)
    assert 'sandbox=""' in web.shows(f"/messages/{digest}/html")
    assert f"/messages/{digest}/html" in pages[0]


def test_attachments_are_only_ever_saved(web):
    """An attachment never opens in the page, whatever it says it is, and its name stays a name."""
    attack = next(t for t in web.app.ledger.threads() if "Invoice" in t.subject)
    digest = web.app.ledger.read_messages(attack.id)[0].message.digest

    answer = web.get(f"/messages/{digest}/attachments/0")

    assert answer.content == b"<script>alert('PWN-9')</script>"
    assert answer.headers["content-type"] == "application/octet-stream"
    assert answer.headers["content-disposition"].startswith("attachment;")
    assert "/" not in answer.headers["content-disposition"]
    assert "sandbox" in answer.headers["content-security-policy"]


def test_sanitising_keeps_words_and_tables_alone():
    """Of the attack's HTML nothing is left that loads, runs, submits or leads away."""
    clean = sanitise(ATTACK)

    assert not ACTIVE.search(clean)
    assert "The harmless words" in clean
    assert '<td colspan="2">cell</td>' in clean


@given(st.text(max_size=300))
def test_nothing_active_survives_sanitising(text):
    """Whatever is written into a mail, no element that could act comes out."""
    clean = sanitise(f"<p>{text}</p><img src=x onerror={text}><a href='{text}'>{text}</a>")

    assert not re.search(
        r"<(script|style|img|svg|iframe|form|object|embed|link|meta)|<[^>]*\s(on\w+|href|src|style)=", clean
    )


@given(st.text(max_size=300))
def test_a_file_name_stays_in_its_folder(name):
    """No name leaves its folder, hides its ending or is empty."""
    safe = safe_name(name, "attachment-1")

    assert safe
    assert len(safe) <= 120
    assert not set(safe) & set('/\\\x00\n\r"\u202e:<>|?*')
    assert not safe.startswith(".")


@pytest.mark.parametrize("data", [b"", b"\n", b"Content-Type: multipart/mixed; boundary=x\n\n--x\n--x\n--x--", b"\xff" * 500,
                                  b"Content-Type: multipart/mixed; boundary=a\n\n" + b"\n--a\n" * 30_000])  # fmt: skip
def test_broken_mail_has_no_parts_and_raises_nothing(data):
    """What cannot be taken apart has no HTML and is no error."""
    assert parts(data)[0] == ""


@pytest.mark.parametrize(
    "wanted",
    ["//evil.test", "/\\evil.test", "http://evil.test", "evil", "", "/a\r\nSet-Cookie: x", "\\/evil.test", "/x\\@evil"],
)
def test_nobody_is_led_elsewhere(wanted):
    """After a login or a form one lands on a path of this site."""
    assert own_path(wanted) == "/"


# ---- the login ----


class Clock:
    """A clock that is moved by hand."""

    now = 1000.0

    def __call__(self) -> float:
        return self.now


def test_a_password_is_known_by_its_hash():
    """The right password opens, a wrong one, an empty one and a broken hash do not."""
    kept = hash_password("long horse")

    assert check_password("long horse", kept)
    assert not check_password("long horse ", kept)
    assert not any(
        check_password("long horse", bad) for bad in ("", "scrypt:1:2", "md5:1:1:1:aa:bb", "scrypt:99999999:8:1:aa:bb")
    )


def test_a_login_is_asked_for_and_lets_in(opened):
    """Without a session every page leads to the login; the password opens a session; leaving ends it."""
    web = opened(door=Door(password_hash=hash_password("long horse")))

    sent = web.get("/drafts?all=1")
    wrong = web.post("/login", password="guess", next="/drafts")
    right = web.post("/login", password="long horse", next="/drafts")

    assert (sent.status_code, sent.headers["location"]) == (303, "/login?next=%2Fdrafts%3Fall%3D1")
    assert wrong.status_code == 403
    assert (right.status_code, right.headers["location"]) == (303, "/drafts")
    cookie = right.headers["set-cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=strict" in cookie
    session = right.cookies[COOKIE]
    assert web.get("/drafts").status_code == 200
    assert web.post("/drafts/abc/undo").status_code == 403  # the token of nobody's session
    assert web.post("/logout", token=web.token(session)).status_code == 303
    web.client.cookies.set(COOKIE, session, domain="127.0.0.1")
    assert web.get("/drafts").status_code == 303


def test_a_post_without_a_session_does_nothing(opened):
    """A locked page takes no form but the login's."""
    web = opened(door=Door(password_hash=hash_password("long horse")))

    answers = {path: web.post(path).status_code for path in actions(web) if path != "/login"}

    assert set(answers.values()) == {401}


def test_a_link_opens_once(opened):
    """The printed link lets the first one in and nobody after."""
    web = opened(door=Door(link="abc123"))

    first = web.get("/login?link=abc123")
    web.client.cookies.clear()
    second = web.get("/login?link=abc123")

    assert (first.status_code, first.headers["location"]) == (303, "/")
    assert second.status_code == 403


def test_guessing_is_slowed_down():
    """After five wrong tries even the right password must wait, and twice as long each time."""
    clock = Clock()
    door = Door(password_hash=hash_password("long horse"), clock=clock)
    for _ in range(5):
        assert not door.enter(password="guess")

    assert door.wait() == 2
    assert not door.enter(password="long horse")
    clock.now += 2
    assert not door.enter(password="guess")
    assert door.wait() == 4
    clock.now += 4
    assert door.enter(password="long horse")


def test_a_session_ends():
    """After half a day one logs in again."""
    clock = Clock()
    door = Door(link="x", clock=clock)
    session = door.enter(link="x")

    assert door.knows(session)
    clock.now += 12 * 3600 + 1
    assert not door.knows(session)


@pytest.mark.parametrize(("host", "near"), [("127.0.0.1", True), ("::1", True), ("localhost", True), ("127.9.9.9", True),
                                            ("0.0.0.0", False), ("::", False), ("192.168.1.2", False), ("pc", False)])  # fmt: skip
def test_it_knows_what_stays_on_this_machine(host, near):
    """Only loopback counts as this machine."""
    assert is_loopback(host) is near


def test_only_static_files_are_served_from_the_disk(web):
    """One folder of files is reachable, and no path leads out of it."""
    assert [r.path for r in web.made.routes if isinstance(r, Mount)] == ["/static"]
    for path in ("/static/../app.py", "/static/%2e%2e/app.py", "/static/..%2fapp.py", "/static//etc/passwd"):
        assert web.get(path).status_code == 404


@pytest.mark.parametrize(
    ("html", "deep"),
    [
        ("<div>" * 5000, True),
        ("<b>" * 5000, True),
        ("<p>" * 5000, False),
        ("<tr><td>x" * 5000, False),
        ("<div></div>" * 5000, False),
    ],
)
def test_html_that_would_take_minutes_is_not_sanitised(html, deep):
    """Elements nested without end are noticed by counting; long but flat HTML is shown."""
    assert too_deep(html) is deep


def test_a_message_with_thousands_of_messages_in_each_other_has_an_attachment():
    """What the library cannot write down again is an empty file, never an error."""
    nested = b"Content-Type: message/rfc822\n\n" * 3000

    _, files = parts(nested + b"Subject: x\n\nText.\n")

    assert len(files) <= 1
