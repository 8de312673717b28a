"""One message as it came: its HTML made harmless, its attachments for download, its raw bytes."""

import re
import unicodedata
from collections.abc import Sequence
from email.message import Message as MimeMessage
from urllib.parse import quote

import nh3
from markupsafe import Markup
from starlette.responses import Response

from mailsync.model.errors import NotFoundError
from mailsync.model.mail import RawMessage
from mailsync.reading.attachments import File, bytes_of, leaves, name_of
from mailsync.reading.bodies import decode
from mailsync.web.security import MAIL_POLICY
from mailsync.web.shown import plain, size
from mailsync.web.site import Page

LONGEST_HTML, LONGEST_RAW, DEEPEST_HTML = 1_000_000, 300_000, 400

#: Nothing here can load, run, or be sent; links lose their target and stay as text.
TAGS = frozenset(
    """a abbr address b bdi blockquote br caption center code col colgroup dd del div dl dt em figcaption figure font h1
    h2 h3 h4 h5 h6 hr i ins kbd li ol p pre q s samp small span strike strong sub sup table tbody td tfoot th thead
    tr tt u ul var""".split()  # noqa: SIM905
)
ATTRIBUTES = {"td": {"colspan", "rowspan"}, "th": {"colspan", "rowspan"}, "ol": {"start"}}
DROPPED = frozenset("script style title head template noscript iframe object svg math textarea select xmp".split())  # noqa: SIM905

_TAG = re.compile(r"<(/?)([a-zA-Z][a-zA-Z0-9]{0,20})")
#: Elements that hold nothing, or end where the next one begins.
_SHALLOW = {"area", "br", "col", "dd", "dt", "hr", "img", "input", "li", "link", "meta", "option", "p", "source", "wbr"}
_SHALLOW |= {"tbody", "td", "tfoot", "th", "thead", "tr"}
_UNSAFE = re.compile(r'[\x00-\x1f\x7f-\x9f/\\:*?"<>|;%\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]')


def sanitise(html: str) -> str:
    """Return mail HTML that shows its words and tables and does nothing else: no script, style, image or link."""
    return nh3.clean(
        html[:LONGEST_HTML],
        tags=set(TAGS),
        clean_content_tags=set(DROPPED),
        attributes={tag: set(names) for tag, names in ATTRIBUTES.items()},
        strip_comments=True,
        link_rel=None,
        generic_attribute_prefixes=set(),
        url_schemes=set(),
    )


def too_deep(html: str) -> bool:
    """Say whether elements are nested deeper than any letter needs: a sanitiser's time grows with the square of it."""
    depth = deepest = 0
    for tag in _TAG.finditer(html[:LONGEST_HTML]):
        if tag[2].lower() not in _SHALLOW:
            depth = max(0, depth - 1) if tag[1] else depth + 1
            deepest = max(deepest, depth)
    return deepest > DEEPEST_HTML


def parts(data: bytes) -> tuple[str, list[File]]:
    """Return the first HTML part and the attachments, in the order in which `Message.attachments` lists them.

    Never raises on content: what cannot be taken apart has neither.
    """
    try:
        return _sorted(leaves(data))
    except Exception:  # noqa: BLE001 - a hostile tree; the raw bytes can still be looked at
        return "", []


def _sorted(leaves: Sequence[MimeMessage]) -> tuple[str, list[File]]:
    """Tell the HTML from the attachments."""
    html, files = "", list[File]()
    for part in leaves:
        kind, name = part.get_content_type(), name_of(part)
        apart = part.get_content_disposition() == "attachment" or (name and part.get_content_disposition() != "inline")
        if kind in ("text/plain", "text/html") and not apart:
            html = html or (_text(part) if kind == "text/html" else "")
        elif kind != "text/x-amp-html":
            files.append(File(name=name, content_type=kind, data=_bytes(part)))
    return html, files


def _text(part: MimeMessage) -> str:
    data = part.get_payload(decode=True)
    charset = part.get_param("charset") or ""
    return decode(data[: 4 * LONGEST_HTML], str(charset))[0] if isinstance(data, bytes) else ""


def _bytes(part: MimeMessage) -> bytes:
    try:
        return bytes_of(part)
    except Exception:  # noqa: BLE001 - thousands of messages in each other; the raw message has them all
        return b""


def safe_name(name: str, otherwise: str) -> str:
    """Return a file name that cannot leave its folder, hide its ending or break a header."""
    name = _UNSAFE.sub("_", unicodedata.normalize("NFC", name)).strip(" .")
    stem, dot, ending = name.rpartition(".")
    if dot and 0 < len(ending) <= 10:
        return f"{stem[:100] or 'file'}.{ending}"
    return name[:110] or otherwise


def download(data: bytes, name: str, content_type: str = "application/octet-stream") -> Response:
    """Hand out bytes to be saved, never to be shown."""
    simple = re.sub(r"[^A-Za-z0-9._ -]", "_", name)
    where = f"attachment; filename=\"{simple}\"; filename*=UTF-8''{quote(name, safe='')}"
    policy = "default-src 'none'; sandbox; frame-ancestors 'none'; form-action 'none'; base-uri 'none'"
    return Response(
        data, headers={"Content-Disposition": where, "Content-Security-Policy": policy}, media_type=content_type
    )


# ---- the pages ----


def _kept(page: Page) -> RawMessage:
    if page.site.mask is not None:
        raise NotFoundError("raw mail is not shown in incognito", "Start mailsync serve without --incognito to see it.")
    return page.app.ledger.raw(page.named("digest"))


def has_html(kept: RawMessage) -> bool:
    """Say whether a message seems to have an HTML part, without taking it apart."""
    return b"text/html" in kept.data[:LONGEST_RAW].lower()


def as_html(page: Page) -> Response:
    """Show the frame that a message's HTML part stands in."""
    kept = _kept(page)
    if not parts(kept.data)[0].strip():
        raise NotFoundError("this message has no HTML part", "Its text stands in its conversation.")
    return page.render("framed.html", digest=kept.digest)


def frame(page: Page) -> Response:
    """Show a message's HTML part, sanitised, for a sandboxed frame."""
    html, _ = parts(_kept(page).data)
    if too_deep(html):
        html = "<p>This HTML is nested too deeply to be shown. Its text stands in the conversation.</p>"
    response = page.render("mail_html.html", body=Markup(sanitise(html)))  # noqa: S704 - an explicit allow-list
    response.headers["Content-Security-Policy"] = MAIL_POLICY
    response.headers["X-Frame-Options"] = "SAMEORIGIN"
    return response


def raw(page: Page) -> Response:
    """Show a message's bytes as text."""
    kept = _kept(page)
    text = plain(kept.data[:LONGEST_RAW].decode("utf-8", "replace").replace("\r\n", "\n"))
    cut = len(kept.data) > LONGEST_RAW
    return page.render("raw.html", kept=kept, text=text, cut=cut, size=size(len(kept.data)))


def raw_file(page: Page) -> Response:
    """Hand out a message's bytes as they came."""
    kept = _kept(page)
    return download(kept.data, f"{kept.digest[:12]}.eml", "message/rfc822")


def attachment(page: Page) -> Response:
    """Hand out one attachment to be saved."""
    _, files = parts(_kept(page).data)
    number = page.request.path_params["number"]
    if number >= len(files):
        raise NotFoundError("there is no such attachment", "The raw message holds everything that came.")
    return download(files[number].data, safe_name(files[number].name, f"attachment-{number + 1}"))
