"""Parsing: bytes of any kind become a Message, and what could not be read stands in its troubles."""

import base64
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mailsync.model.mail import Role
from mailsync.reading.parse import Limits, parse
from tests.reading.letters import NOON, html_letter, letter, raw, read_letter


def mixed(*parts: str, kind: str = "mixed") -> bytes:
    """Return a multipart letter; each part brings its own header lines."""
    body = "".join(f"--b\n{part}\n" for part in parts) + "--b--\n"
    return letter(body, mime=f'multipart/{kind}; boundary="b"').replace(b"Content-Transfer-Encoding: 8bit\r\n", b"")


PLAIN = "Content-Type: text/plain; charset=utf-8\n\n{}"
HTML = "Content-Type: text/html; charset=utf-8\n\n{}"


def test_an_ordinary_letter_has_no_troubles() -> None:
    """Names, addresses, date and zone, ids and text come out as written."""
    message = read_letter(
        "Grüße\n",
        sender='"Fox, Dana" <Dana@Client.example>',
        extra="Message-ID: <1@c.example>\nReferences: <0@s.example> null\n",
    )
    assert message.sender is not None
    assert (message.sender.email, message.sender.name) == ("dana@client.example", "Fox, Dana")
    assert message.sent_at.isoformat() == "2026-03-02T10:00:00+01:00"
    assert (message.message_id, message.references) == ("1@c.example", ("0@s.example",))
    assert message.text.strip() == "Grüße"
    assert message.troubles == ()


def test_the_plain_part_is_taken_before_html() -> None:
    """Of multipart/alternative the plain part is the text."""
    message = parse(
        raw(mixed(PLAIN.format("Yes, the 12th."), HTML.format("<p>Yes, the 12th.</p>"), kind="alternative"))
    )
    assert message.text.strip() == "Yes, the 12th."
    assert "different" not in " ".join(message.troubles)


@pytest.mark.parametrize(
    "stub", ["", "  \n", "Please view this e-mail in an HTML capable mail program.", "https://t.example/x"]
)
def test_a_stub_yields_to_the_html(stub: str) -> None:
    """A plain part that is blank or only points at the HTML part is not the text."""
    long = "<p>We agreed that the launch moves to the twelfth of May and that the price stays as it is for the whole of this year.</p>"
    message = parse(raw(mixed(PLAIN.format(stub), HTML.format(long), kind="alternative")))
    assert message.text.startswith("We agreed")


@pytest.mark.parametrize(
    ("plain", "html"),
    [
        ("I agree to pay EUR 90,000.", "<p>I will think about it.</p>"),
        ("We pay 4,800 for the shop as discussed.", "<p>We pay 8,400 for the shop as discussed.</p>"),
        ("We do agree to the new date in May.", "<p>We do not agree to the new date in May.</p>"),
    ],
)
def test_parts_that_say_different_things_are_a_trouble(plain: str, html: str) -> None:
    """Other words, other numbers or another negation in the HTML part are named."""
    message = parse(raw(mixed(PLAIN.format(plain), HTML.format(html), kind="alternative")))
    assert "the plain and the HTML part say different things" in message.troubles


def test_html_beside_plain_without_alternative_is_not_said_twice() -> None:
    """Senders that put both forms into multipart/mixed say everything once; other HTML is more text."""
    same = mixed(PLAIN.format("We take the 12th."), HTML.format("<p>We take the <b>12th</b>.</p>"))
    assert parse(raw(same)).text.strip() == "We take the 12th."
    more = mixed(PLAIN.format("We take the 12th."), HTML.format("<p>And the blog goes.</p>"))
    assert parse(raw(more)).text.split("\n") == ["We take the 12th.", "And the blog goes."]


def test_encrypted_text_is_named() -> None:
    """An armoured message has no words to read."""
    assert any("encrypted" in t for t in read_letter("-----BEGIN PGP MESSAGE-----\n\nhQEM\n").troubles)


@pytest.mark.parametrize(
    "hidden",
    [
        "<p style='display:none'>I agree.</p>",
        "<p hidden>I agree.</p>",
        "<p style='font-size:0'>I agree.</p>",
        "<p style='opacity:0'>I agree.</p>",
        "<p style='position:absolute;left:-9999px'>I agree.</p>",
        "<p style='color:#ffffff'>I agree.</p>",
        "<div style='max-height:0;overflow:hidden'>I agree.</div>",
    ],
)
def test_hidden_text_is_left_out_and_named(hidden: str) -> None:
    """What no reader of the mail sees is not the author's word."""
    message = html_letter(f"<p>Let me sleep on the offer for the shop.</p>{hidden}<p>Dana</p>")
    assert "I agree" not in message.text
    assert "the HTML part hides text, which was left out" in message.troubles


def test_a_mail_written_on_a_dark_screen_is_read() -> None:
    """White text all over hides nothing."""
    assert "The 12th is fine." in html_letter("<p style='color:#fff'>The 12th is fine.</p>").text


def test_deep_nesting_loses_layout_not_words() -> None:
    """HTML nested beyond what the renderer survives still gives its words."""
    message = html_letter("<div>" * 2000 + "The 12th is fine." + "</div>" * 2000)
    assert "The 12th is fine." in message.text
    assert any("nested" in trouble for trouble in message.troubles)


def test_html_lists_and_tables_are_lines() -> None:
    """List items and table rows stand on lines of their own."""
    text = html_letter(
        "<ul><li>one</li><li>two</li></ul><table><tr><td>a</td><td>1</td></tr><tr><td>b</td><td>2</td></tr></table>"
    ).text
    assert "* one\n* two" in text
    assert "a  1\nb  2" in text


@pytest.mark.parametrize(
    ("charset", "data", "wanted", "trouble"),
    [
        ("utf-8", "Größe".encode(), "Größe", False),
        ("iso-8859-1", "Größe “ok”".encode("cp1252"), "Größe “ok”", False),
        ("utf-8", "Größe".encode("latin-1"), "Größe", True),
        ("x-nonsense", "Größe".encode(), "Größe", True),
        ("zlib", b"plain words", "plain words", True),
        ("utf-8\0x", b"plain words", "plain words", True),
        ("shift_jis", "合意".encode("shift_jis"), "合意", False),
        ("", "Größe".encode(), "Größe", False),
    ],
)
def test_charsets(charset: str, data: bytes, wanted: str, trouble: bool) -> None:
    """What a mail says of its characters is tried, and where it lies the text is read another way and that is named."""
    mime = f'text/plain; charset="{charset}"' if charset else "text/plain"
    head = letter("", mime=mime)
    message = parse(raw(head + data))
    assert message.text.strip() == wanted
    assert any("character" in t or "no valid" in t for t in message.troubles) is trouble


def test_flowed_text_is_unfolded() -> None:
    """Soft line breaks of format=flowed (RFC 3676) are no line ends."""
    message = read_letter(
        "We will send \nthe copy on Friday.\n\n> quoted \n> words\n-- \nDana\n",
        mime="text/plain; charset=utf-8; format=flowed",
    )
    assert message.text == "We will send the copy on Friday.\n\n> quoted words\n-- \nDana"


def test_invisible_characters_go_and_are_named() -> None:
    """Zero-width characters and tags inside words cannot hide or split them."""
    message = read_letter("We a\u200bg\u200bree.\U000e0041\U000e0042\U000e0043\U000e0044\n")
    assert message.text == "We agree."
    assert "invisible characters stood inside words" in message.troubles


def test_attached_messages_are_attachments() -> None:
    """The words of an attached message are not this author's."""
    data = mixed(
        PLAIN.format("See Carl's answer."),
        "Content-Type: message/rfc822\n\nFrom: carl@x.example\nSubject: yes\n\nI agree.",
    )
    message = parse(raw(data))
    assert "I agree" not in message.text
    assert [(a.content_type, a.name) for a in message.attachments] == [("message/rfc822", "yes")]


@pytest.mark.parametrize(
    ("field", "wanted"),
    [
        ('attachment; filename="../../etc/passwd"', "../../etc/passwd"),
        ("attachment; filename*=utf-8''Gr%C3%B6%C3%9Fe.pdf", "Größe.pdf"),
        ("attachment; filename*0=long; filename*1=name.pdf", "longname.pdf"),
        ('attachment; filename="=?utf-8?b?R3LDtsOfZS5wZGY=?="', "Größe.pdf"),
        ('attachment; filename="=?zlib?b?eJw=?="', "=?zlib?b?eJw=?="),
    ],
)
def test_attachment_names_are_text(field: str, wanted: str) -> None:
    """Names come decoded (RFC 2231), never as a path anybody would open."""
    data = mixed(PLAIN.format("See attached."), f"Content-Type: application/pdf\nContent-Disposition: {field}\n\nx")
    (attachment,) = parse(raw(data)).attachments
    assert attachment.name == wanted


@pytest.mark.parametrize(
    ("kind", "name", "word"),
    [("application/ms-tnef", "winmail.dat", "winmail.dat"), ("application/pkcs7-mime", "smime.p7m", "S/MIME")],
)
def test_unreadable_wrappings_are_named(kind: str, name: str, word: str) -> None:
    """Outlook's and encrypted containers are troubles, not empty letters."""
    data = mixed(f'Content-Type: {kind}; name="{name}"\nContent-Transfer-Encoding: base64\n\neJ8+Ig==')
    assert any(word in trouble for trouble in parse(raw(data)).troubles)


@pytest.mark.parametrize(
    ("date", "wanted"),
    [
        ("Mon, 02 Mar 2026 10:00:00 +0530", "2026-03-02T10:00:00+05:30"),
        ("Mon, 02 Mar 26 10:00:00 EST", "2026-03-02T10:00:00-05:00"),
        ("Mon, 02 Mar 2026 10:00:00 -0000", "2026-03-02T10:00:00+00:00"),
        ("Mon, 02 Mar 2026 10:00:00 CEST", "2026-03-02T10:00:00+02:00"),
        ("Mo, 02 Mrz 2026 10:00:00 +0100", "2026-03-02T10:00:00+01:00"),
        ("lun., 02 mars 2026 10:00:00 +0100", "2026-03-02T10:00:00+01:00"),
        ("2026-03-02T10:00:00Z", "2026-03-02T10:00:00+00:00"),
    ],
)
def test_dates_keep_the_writers_zone(date: str, wanted: str) -> None:
    """Date fields as mail programs write them, localised ones too."""
    assert read_letter(date=date).sent_at.isoformat() == wanted


@pytest.mark.parametrize(
    "date",
    [
        "",
        "yesterday",
        "Mon, 30 Feb 2026 10:00:00 +0000",
        "Thu, 01 Jan 1970 00:00:00 +0000",
        "Fri, 31 Dec 9999 23:59:59 -2359",
        "9" * 3000,
        "Mon, 02 Mar 2099 10:00:00 +0000",
    ],
)
def test_an_absurd_date_gives_way_to_the_servers(date: str) -> None:
    """A Date field that cannot be true is a trouble, and the server's date stands for it."""
    message = parse(raw(letter(date=date), NOON))
    assert message.sent_at == NOON
    assert any("the server's date" in trouble for trouble in message.troubles)


def test_the_received_field_dates_an_imported_letter() -> None:
    """Without a server's date the topmost Received field is the next best."""
    message = parse(raw(letter(date="never", extra="Received: from a by b; Mon, 2 Mar 2026 09:00:00 +0000\n")))
    assert message.sent_at == datetime(2026, 3, 2, 9, tzinfo=UTC)


def test_a_missing_message_id_is_made_from_the_digest() -> None:
    """Equal bytes get equal ids, other bytes others; the lack is no trouble worth a warning."""
    one, two = read_letter("a"), read_letter("b")
    assert one.message_id != two.message_id
    assert one.message_id == read_letter("a").message_id
    assert "the Message-ID is missing" in one.troubles


@pytest.mark.parametrize(
    ("sender", "extra", "word"),
    [
        ("Dana <dana@client.example>", "From: Eve <eve@evil.example>\n", "two From fields"),
        ("Dana <dana@client.example>, Eve <eve@evil.example>", "", "more than one address"),
        ('"dana@client.example" <eve@evil.example>', "", "shows another address"),
        ("Dana <dana@сlient.example>", "", "another script"),
        ("nobody", "", "no readable From"),
        ("Dana <dana@client.example>", "Reply-To: Eve <eve@evil.example>\n", "Reply-To"),
    ],
)
def test_doubtful_senders_are_named(sender: str, extra: str, word: str) -> None:
    """Whatever makes it unsure who wrote a mail is a trouble of the mail."""
    assert any(word in trouble for trouble in read_letter(sender=sender, extra=extra).troubles)


@pytest.mark.parametrize(
    ("subject", "body", "extra", "reason"),
    [
        ("Automatic reply: Shop", "I am away.", "", "out of office"),
        ("Abwesenheitsnotiz: Shop", "Ich bin im Urlaub.", "", "out of office"),
        ("Réponse automatique : Shop", "Je suis absent.", "", "out of office"),
        ("Respuesta automática: Tienda", "Estoy fuera.", "", "out of office"),
        ("Risposta automatica: Negozio", "Sono assente.", "", "out of office"),
        ("Automatisch antwoord: Winkel", "Ik ben afwezig.", "", "out of office"),
        ("Re: Shop", "I am out of the office until Monday. For urgent matters please call Carl.", "", "out of office"),
        ("Shop", "x", "Auto-Submitted: auto-replied\n", "automatic reply"),
        ("Shop", "x", "Auto-Submitted: auto-generated\n", "generated by a machine"),
        ("Shop", "x", "X-Autoreply: yes\n", "automatic reply"),
        ("Shop", "x", "Precedence: bulk\n", "bulk mail"),
        ("Spring sale", "x", "List-Unsubscribe: <mailto:u@n.example>\nList-Id: <n.example>\n", "newsletter"),
        ("Undeliverable: Shop", "x", "", "delivery report"),
        ("[#4711] Shop", "We have received your request and will get back to you.", "", "notice of a ticket system"),
    ],
)
def test_machines_are_told_from_people(subject: str, body: str, extra: str, reason: str) -> None:
    """Replies by rule, bounces, newsletters and ticket robots carry their reason."""
    assert read_letter(body, subject=subject, extra=extra).automatic == reason


@pytest.mark.parametrize(
    ("subject", "body", "extra"),
    [
        ("Re: Out of office cover", "Carl covers for me next week, please send him the keys.", ""),
        ("Shop", "I'm out of the office on Monday, so please send the copy by Friday.", ""),
        (
            "[dev] Shop",
            "We take option B.",
            "List-Id: <dev.example>\nList-Post: <mailto:dev@l.example>\nPrecedence: list\nList-Unsubscribe: <mailto:u@l.example>\n",
        ),
        ("Re: Shop", "Agreed.", "Auto-Submitted: no\n"),
        (
            "Re: [#4711] Shop",
            "Yes, please replace the printer, and send me the invoice for it.",
            "X-Auto-Response-Suppress: All\n",
        ),
        (
            "Fwd: [NH-448120] Your request",
            "Paid it just now.\n\n---------- Forwarded message ---------\nThis is an automated message, do not reply to this email.",
            "",
        ),
    ],
)
def test_people_are_not_taken_for_machines(subject: str, body: str, extra: str) -> None:
    """A person who writes about absence, through a list or a help desk is a person."""
    assert read_letter(body, subject=subject, extra=extra).automatic == ""


def test_a_calendar_answer_with_words_is_read() -> None:
    """An acceptance without words is the calendar's; with a sentence it is its writer's."""
    calendar = "Content-Type: text/calendar; method=REPLY\n\nBEGIN:VCALENDAR\nMETHOD:REPLY\nEND:VCALENDAR"
    assert parse(raw(mixed(PLAIN.format(""), calendar))).automatic == "calendar answer"
    assert (
        parse(raw(mixed(PLAIN.format("I shall bring the signed contract to the meeting."), calendar))).automatic == ""
    )


@pytest.mark.parametrize(
    ("data", "limits", "word"),
    [
        (letter("x" * 5000), Limits(mail=1000), "larger"),
        (letter("--b\n\nx\n" * 3000, mime="multipart/mixed; boundary=b"), Limits(), "more than 1000 parts"),
        (letter("line\n" * 30_000), Limits(), "too many lines"),
        (letter("x" * 5000), Limits(text=1000), "too long"),
        (letter(extra="X-Long: " + "a" * 2_000_000 + "\n"), Limits(), "header section"),
    ],
)
def test_limits_are_troubles(data: bytes, limits: Limits, word: str) -> None:
    """What lies over a limit is not read, and the message says so."""
    assert any(word in trouble for trouble in parse(raw(data), limits).troubles)


def nested(depth: int) -> bytes:
    """Return a letter whose text lies under `depth` multiparts."""
    head = b"".join(b"Content-Type: multipart/mixed; boundary=b%d\r\n\r\n--b%d\r\n" % (i, i) for i in range(depth))
    return b"From: a@b.example\r\nMIME-Version: 1.0\r\n" + head + b"\r\ndeep\r\n"


HOSTILE = {
    "nothing": b"",
    "one newline": b"\r\n",
    "nul octets": b"\0" * 1000,
    "no header": b"just words\r\n",
    "no body": b"Subject: x",
    "bare cr": b"From: a@b.example\rSubject: x\r\rI agree\r",
    "bom": b"\xef\xbb\xbfFrom: a@b.example\r\n\r\nx",
    "mbox line": b"From a@b Mon Mar  2 10:00:00 2026\r\nFrom: a@b.example\r\n\r\nx",
    "deep parts": nested(3000),
    "many headers": b"".join(b"X-%d: v\r\n" % i for i in range(50_000)) + b"\r\nx",
    "long references": letter(extra="References: " + "\n ".join(f"<r{i}@x>" for i in range(50_000)) + "\n"),
    "encoded words": letter(subject=" ".join(["=?utf-8?q?a?="] * 50_000)),
    "codec in a word": letter(subject="=?zlib?b?eJw=?= =?idna?q?xn--a?="),
    "brackets": letter(sender="<" * 50_000),
    "comments": letter(sender="(" * 10_000 + ")" * 10_000 + " <a@b.example>"),
    "recipients": letter(to=", ".join(f"u{i}@x.example" for i in range(20_000))),
    "bad base64": letter("!!!!@@@@####\n" * 5000).replace(b"8bit", b"base64"),
    "bad quoted-printable": letter("=ZZ=G1=\n" * 5000).replace(b"8bit", b"quoted-printable"),
    "uuencode": letter("begin 644 ../../x\n#86)C\n").replace(b"8bit", b"x-uuencode"),
    "parameters": letter(mime="text/plain; " + "; ".join(f"name*{i}=a" for i in range(5000))),
    "boundary is a pattern": letter("--(a+)+$[*\n\nx\n", mime='multipart/mixed; boundary="(a+)+$[*"'),
    "unclosed tags": letter("<div>" * 50_000, mime="text/html"),
    "comment bomb": letter("<!--" * 50_000, mime="text/html"),
    "entity": letter("&" + "a" * 200_000 + ";", mime="text/html"),
    "utf-16": letter("", mime="text/html; charset=utf-16").replace(b"8bit", b"base64")
    + base64.encodebytes("<p>x</p>".encode("utf-16")),
    "surrogates": letter(subject="=?unicode_escape?q?=5Cud800?=", mime="text/plain; charset=unicode_escape")
    + b"\\ud800",
}


@pytest.mark.parametrize("name", HOSTILE)
def test_nothing_raises_on_content(name: str) -> None:
    """Malformed, oversized and malicious messages become messages whose text can be stored."""
    message = parse(raw(HOSTILE[name], NOON))
    (message.text + message.subject + message.message_id).encode("utf-8")
    assert message.sent_at - NOON < timedelta(days=3)
    assert all(p.span.end <= len(message.text) and isinstance(p.role, Role) for p in message.marked)


@settings(max_examples=150, deadline=None)
@given(st.binary(max_size=600))
def test_any_octets_are_a_message(data: bytes) -> None:
    """There are no bytes that parsing refuses."""
    message = parse(raw(b"Content-Type: text/html\r\n" + data))
    message.text.encode("utf-8")
