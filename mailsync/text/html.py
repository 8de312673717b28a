"""HTML mail as plain text, with the places that the writer's mail program marked as quoted or as a signature."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from inscriptis.css_profiles import CSS_PROFILES
from inscriptis.html_engine import Inscriptis
from inscriptis.html_properties import Display
from inscriptis.model.config import ParserConfig
from inscriptis.model.html_element import HtmlElement
from lxml import etree
from lxml.html import HTMLParser, document_fromstring
from selectolax.lexbor import LexborHTMLParser

from mailsync.model.mail import Passage, Role, Span

#: inscriptis and everything after it recurse; a tree deeper than this goes the flat way through selectolax.
_DEEPEST = 350
_MOST_NODES = 60_000
_MOST_TAGS = 12_000
_TAG = re.compile(r"<[^<>]{0,4000}>?")
_SCRIPT = re.compile(r"<(script|style)\b[^<>]{0,500}>[^<]{0,100000}", re.IGNORECASE)

_CSS = CSS_PROFILES["strict"] | {
    name: HtmlElement(display=Display.block) for name in ("ul", "ol", "center", "form", "section", "tbody")
}
_CONFIG = ParserConfig(css=_CSS, display_links=False, display_images=False)

# Private-use characters that stand in the tree for the beginning and end of a marked stretch while it is rendered.
_OPEN = {Role.QUOTED: "\ue0a0", Role.SIGNATURE: "\ue0a1", Role.FORWARDED: "\ue0a2"}
_CLOSE = "\ue0a9"
_FROM_HERE = {Role.QUOTED: "\ue0a5", Role.FORWARDED: "\ue0a6"}  # to the end of the document
_ROLE_OF = {char: role for role, char in _OPEN.items()}
_REST_OF = {char: role for role, char in _FROM_HERE.items()}
_SENTINEL = re.compile("[\ue0a0-\ue0a9]")

_QUOTE_NAMES = re.compile(
    r"\b(?:gmail_attr|moz-cite-prefix|yahoo_quoted|protonmail_quote|tutanota_quote|zmail_extra|"
    r"OutlookMessageHeader|yahooquoted|cite-prefix|gmail_extra_quote|x_moz-cite-prefix|x_gmail_attr|"
    r"front-blockquote|missive_quote|zoho_quote|mailmate_quote)",
    re.IGNORECASE,
)
#: Outlook and its web version: everything after the element is the older mail.
_REST_NAMES = re.compile(
    r"\b(?:x_)?(?:divRplyFwdMsg|appendonsend|stopSpelling|OLK_SRC_BODY_SECTION|ms-outlook-mobile-reference)",
    re.IGNORECASE,
)
_REST_STYLE = re.compile(r"border-top:\s*(?:solid\s+#(?:E1E1E1|B5C4DF)|#(?:E1E1E1|B5C4DF)\s+1\.0pt\s+solid)|"
                         r"border-top:\s*1pt solid (?:rgb\(225, 225, 225\)|"
                         r"rgb\(181, 196, 223\))", re.IGNORECASE)  # fmt: skip
_SIGNATURE_NAMES = re.compile(
    r"\b(?:gmail_signature|moz-signature|AppleMailSignature|yahoo-signature|protonmail_signature_block(?!-proton)|"
    r"ms-outlook-mobile-signature|x_Signature|mobile-signature)|^(?:signature|email-?signature)$",
    re.IGNORECASE,
)
_INDENT = re.compile(
    r"margin[^;]*40px[^;]*;.*border\s*:\s*none", re.IGNORECASE
)  # Gmail's "indent more" is no quotation
_FORWARD = re.compile(r"\s*-{5,}")

_HIDDEN = re.compile(
    r"display\s*:\s*none|visibility\s*:\s*hidden|mso-hide\s*:\s*all|font-size\s*:\s*0+(?:\.0+)?(?:p[tx]|r?em|"
    r"%)?\s*(?:!|;|$)|"
    r"(?<![-\w])opacity\s*:\s*0?(?:\.0+)?\s*(?:!|;|$)|max-height\s*:\s*0|max-width\s*:\s*0(?!\.)|"
    r"(?<!-)\bheight\s*:\s*0(?:px)?\s*(?:!|;|$)|"
    r"(?:left|top|text-indent)\s*:\s*-\d{3,}",
    re.IGNORECASE,
)
_WHITE = re.compile(
    r"(?<![-\w])color\s*:\s*(?:#fff(?:fff)?\b|white\b|rgba?\(\s*255\s*,\s*255\s*,\s*255|transparent)", re.IGNORECASE
)
_BACKGROUND = re.compile(r"background", re.IGNORECASE)
_MOVED = re.compile(r"position\s*:\s*fixed|unicode-bidi|direction\s*:\s*rtl", re.IGNORECASE)
_STYLE_SPEAKS = re.compile(
    r"content\s*:\s*[\"'][^\"'\\]*[A-Za-z]{2}|(?<![-\w])order\s*:\s*-?\d|position\s*:\s*fixed", re.IGNORECASE
)
_COMMENT_SPEAKS = re.compile(r"(?:[^\W\d_]{1,30}[,.;]?\s+){3}[^<>{}\[\]=|]{4,400}")
_DROPPED = frozenset({"script", "style", "title", "noscript", "template", "object", "iframe", "svg", "math"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Rendered:
    """`text` of an HTML document, its `marked` stretches (whole lines) and what a reader of it must be warned of."""

    text: str
    marked: tuple[Passage, ...] = ()
    troubles: tuple[str, ...] = ()


def render(html: str) -> Rendered:
    """Return `html` as text: a block a line, table rows as lines, list items marked; hidden text left out.

    Never raises on content. A document nested too deeply for the recursive renderer loses its layout and marks, not
    its words, and says so in `troubles`.
    """
    html = _SENTINEL.sub(" ", html)
    if not html.strip():
        return Rendered(text="")
    try:
        return _render(html)
    except (etree.LxmlError, RecursionError, ValueError, AssertionError, IndexError, AttributeError):
        return Rendered(text=flat(html), troubles=("the HTML part is malformed: only its bare words were read",))


def flat(html: str) -> str:
    """Return the words of `html` without layout or marks, by a parser that survives any nesting.

    That parser takes quadratic time on unclosed tags, so a document with very many has its tags cut out instead.
    """
    if html.count("<") > _MOST_TAGS:
        return _TAG.sub(" ", _SCRIPT.sub(" ", html))
    tree = LexborHTMLParser(html)
    for node in tree.css("script,style,head,title,noscript,template"):
        node.decompose()
    return tree.body.text(separator="\n", strip=True) if tree.body is not None else ""


def _render(html: str) -> Rendered:
    tree = _parse(html)
    survey = _survey(tree)
    if survey is None:
        return Rendered(text=flat(html), troubles=("the HTML part is nested too deeply: its layout was lost",))
    marks, hidden, troubles = survey
    if any(node.tag not in _DROPPED and _letters(node) for node in hidden):
        troubles.append("the HTML part hides text, which was left out")
    for node, opening, closing in marks:
        node.addprevious(_sentinel(opening))
        if closing:
            node.addnext(_sentinel(closing))
    for node in hidden:
        _remove(node)
    text, marked = _take_marks(Inscriptis(tree, _CONFIG).get_text())
    return Rendered(text=text, marked=marked, troubles=tuple(dict.fromkeys(troubles)))


def _parse(html: str) -> Any:
    """Parse without network or entities; without huge_tree libxml2 drops all text below the 255th level."""
    parser = HTMLParser(huge_tree=True, no_network=True, encoding="utf-8", remove_pis=True)
    data = html.encode("utf-8", "replace")
    try:
        return document_fromstring(data, parser=parser)
    except etree.ParserError:  # no element at all
        return document_fromstring(b"<p>" + data.replace(b"<", b"&lt;") + b"</p>", parser=parser)


_Survey = tuple[list[tuple[Any, str, str]], list[Any], list[str]]


def _survey(tree: Any) -> _Survey | None:
    """Walk the tree once: where marks go, which nodes are invisible, what to warn of. None for too deep a tree."""
    marks: list[tuple[Any, str, str]] = []
    hidden: list[Any] = []
    white: list[Any] = []
    troubles: list[str] = []
    depth = nodes = 0
    walker = etree.iterwalk(tree, events=("start", "end", "comment"))
    for event, node in walker:
        if event == "end":
            depth -= 1
            continue
        if event == "comment":
            if _COMMENT_SPEAKS.match((node.text or "").strip()[:500]):
                troubles.append("the HTML part holds a comment that no reader sees")
            continue
        depth += 1
        nodes += 1
        if depth > _DEEPEST or nodes > _MOST_NODES:
            return None
        mark = _mark(node)
        if _invisible(node, troubles):
            hidden.append(node)
            walker.skip_subtree()
        elif mark:
            marks.append((node, *mark))
            if mark[1]:
                walker.skip_subtree()
        elif _is_white(node):
            white.append(node)
            walker.skip_subtree()
    faint = sum(map(_letters, white))
    if faint and faint * 2 < _letters(tree):  # a wholly white mail was written on a dark screen
        hidden += white
    return marks, hidden, troubles


def _mark(node: Any) -> tuple[str, str] | None:
    """Return the characters to set before and after a quotation or signature; "" after: it reaches to the end."""
    names = f"{node.get('class') or ''} {node.get('id') or ''} {node.get('name') or ''}".strip()[:300]
    style = (node.get("style") or "")[:1000]
    if "gmail_attr" in names and _FORWARD.match("".join(node.itertext())[:80]):
        return _FROM_HERE[Role.FORWARDED], ""
    if _REST_NAMES.search(names) or _REST_STYLE.search(style):
        return _FROM_HERE[Role.QUOTED], ""
    quoting = node.tag == "blockquote" and not _INDENT.search(style)
    if quoting or _QUOTE_NAMES.search(names) or node.get("name") == "quote":
        return _OPEN[Role.QUOTED], _CLOSE
    if names and node.tag in ("div", "table", "span", "pre", "p") and any(map(_SIGNATURE_NAMES.search, names.split())):
        return _OPEN[Role.SIGNATURE], _CLOSE
    return None


def _invisible(node: Any, troubles: list[str]) -> bool:
    """Say whether no reader sees `node`; note in `troubles` what moves or reverses visible text."""
    tag, style = node.tag, (node.get("style") or "")[:2000]
    if tag in _DROPPED:
        if tag == "style" and _STYLE_SPEAKS.search((node.text or "")[:100_000]):
            troubles.append("the HTML part's style adds or moves text")
        return True
    if tag == "bdo" or (style and _MOVED.search(style)):
        troubles.append("the HTML part reverses or covers text")
    if tag in ("s", "strike", "del"):
        troubles.append("part of the text is struck out")
    return "hidden" in node.attrib or bool(style and _HIDDEN.search(style))


def _is_white(node: Any) -> bool:
    style = (node.get("style") or "")[:2000]
    colour = (node.get("color") or "").lower() in ("white", "#fff", "#ffffff")
    if not colour and not (style and _WHITE.search(style)):
        return False
    lineage: Iterable[Any] = (node, *node.iterancestors())
    return not any(n.get("bgcolor") or n.get("background") or _BACKGROUND.search(n.get("style") or "") for n in lineage)


def _letters(node: Any) -> int:
    return sum(c.isalnum() for piece in node.itertext() for c in piece)


def _sentinel(char: str) -> Any:
    node = etree.Element("div")
    node.text = char
    return node


def _remove(node: Any) -> None:
    """Take `node` out and leave the text that followed it."""
    parent = node.getparent()
    if parent is None:
        return
    before = node.getprevious()
    if node.tail:
        if before is not None:
            before.tail = (before.tail or "") + node.tail
        else:
            parent.text = (parent.text or "") + node.tail
    node.tail = None
    parent.remove(node)


def _take_marks(rendered: str) -> tuple[str, tuple[Passage, ...]]:
    """Take the private-use characters out again and return the text with the whole lines they stood around."""
    lines: list[str] = []
    roles: list[Role | None] = []
    stack: list[Role] = []
    rest: Role | None = None
    for raw in rendered.split("\n"):
        line = raw.strip()
        for char in _SENTINEL.findall(line):
            if char == _CLOSE:
                stack[-1:] = []
            elif char in _REST_OF:
                rest = _REST_OF[char]
            else:
                stack.append(_ROLE_OF[char])
        bare = _SENTINEL.sub("", line).strip()
        if bare != line and not bare:
            continue
        if not bare and (not lines or not lines[-1]):
            continue
        lines.append(bare)
        roles.append(stack[0] if stack else rest)
    return "\n".join(lines), _runs(lines, roles)


def _runs(lines: list[str], roles: list[Role | None]) -> tuple[Passage, ...]:
    """Return one passage for each run of lines with the same role."""
    found: list[Passage] = []
    place = 0
    for line, role in zip(lines, roles, strict=True):
        end = place + len(line) + 1
        if role is not None:
            if found and found[-1].role is role and found[-1].span.end == place:
                found[-1] = Passage(role, Span(found[-1].span.start, end))
            else:
                found.append(Passage(role, Span(place, end)))
        place = end
    return tuple(found)
