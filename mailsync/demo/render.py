"""Writes a sample message as its author's mail program would: headers, quoting, signature, HTML (RFC 5322, 2045)."""

import hashlib
import html
import re
import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from zoneinfo import ZoneInfo

from mailsync.demo.script import MONTHS, Person, Scene

#: Programs that write HTML beside the plain text.
WITH_HTML = frozenset({"outlook", "gmail", "apple", "bulk"})
#: Programs that break plain lines at about 72 characters.
WRAPPING = frozenset({"gmail", "thunderbird"})
AGENTS = {
    "thunderbird": ("User-Agent", "Mozilla Thunderbird"),
    "apple": ("X-Mailer", "Apple Mail (2.3826.600.51.1.1)"),
    "iphone": ("X-Mailer", "iPhone Mail (23A341)"),
    "outlook": ("X-Mailer", "Microsoft Outlook 16.0"),
    "bulk": ("X-Mailer", "Listdeck 4.2"),
}
ITEM = re.compile(r"(?:-|\d{1,2}[.)]) ")

WEEKDAYS = {
    "en": "Monday Tuesday Wednesday Thursday Friday Saturday Sunday",
    "de": "Montag Dienstag Mittwoch Donnerstag Freitag Samstag Sonntag",
    "fr": "lundi mardi mercredi jeudi vendredi samedi dimanche",
    "es": "lunes martes miércoles jueves viernes sábado domingo",
}
#: How each program introduces a quotation; the fields are those of `_said`.
ATTRIBUTIONS = {
    ("gmail", "en"): "On {weekday:.3}, {day} {month:.3} {year} at {time}, {name} <{email}> wrote:",
    ("gmail", "de"): "Am {weekday:.2}., {day}. {month:.3}. {year} um {time} Uhr schrieb {name} <{email}>:",
    ("gmail", "fr"): "Le {weekday:.3}. {day} {month} {year} à {time}, {name} <{email}> a écrit :",
    ("gmail", "es"): "El {weekday:.3}, {day} {month:.3} {year} a las {time}, {name} (<{email}>) escribió:",
    ("thunderbird", "en"): "On {dd}/{mm}/{year} {time}, {name} wrote:",
    ("thunderbird", "de"): "Am {dd}.{mm}.{yy} um {time} schrieb {name}:",
    ("apple", "en"): "On {day} {month:.3} {year}, at {time}, {name} <{email}> wrote:",
    ("apple", "fr"): "Le {day} {month} {year} à {time}, {name} <{email}> a écrit :",
}
#: Outlook's header block above a quotation.
HEADER_BLOCKS = {
    "en": ("From: {name} <{email}>", "Sent: {dd} {month} {year} {time}", "To: {to}", "Cc: {cc}", "Subject: {subject}"),
    "de": (
        "Von: {name} <{email}>",
        "Gesendet: {weekday}, {day}. {month} {year} {time}",
        "An: {to}",
        "Cc: {cc}",
        "Betreff: {subject}",
    ),
}
MOBILE_SIGNATURES = {"iphone": "Sent from my iPhone", "android": "Sent from Outlook for Android"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """A message as it was written: what later messages quote, answer and refer to."""

    scene: Scene
    subject: str
    message_id: str
    references: tuple[str, ...]
    text: str
    html: str
    data: bytes


def write(scene: Scene, earlier: Sequence[Written], *, own: frozenset[str]) -> Written:
    """Write `scene`, which answers one of `earlier` or none; `own` are the addresses whose Sent folder keeps a copy.

    The same scene always gives the same bytes.
    """
    answered = earlier[scene.answers] if scene.answers >= 0 else None
    message_id = _message_id(scene)
    message = EmailMessage(policy=SMTP)
    if scene.sender.email not in own:
        _add_trace(message, scene, message_id)
    message["From"] = _address(scene.sender)
    message["To"] = tuple(_address(person) for person in scene.to)
    if scene.cc:
        message["Cc"] = tuple(_address(person) for person in scene.cc)
    subject = _subject(scene, answered)
    message["Subject"] = subject
    message["Date"] = format_datetime(scene.at)
    message["Message-ID"] = f"<{message_id}>"
    references = (*answered.references, answered.message_id) if answered else ()
    if answered:
        message["In-Reply-To"] = f"<{answered.message_id}>"
        message["References"] = " ".join(f"<{reference}>" for reference in references)
    for name, value in (*((AGENTS[scene.program],) if scene.program in AGENTS else ()), *scene.headers):
        message[name] = value
    text, rich = _text(scene, answered), _html(scene, answered)
    _add_body(message, scene, text, rich)
    return Written(
        scene=scene,
        subject=subject,
        message_id=message_id,
        references=references,
        text=text,
        html=rich,
        data=message.as_bytes(),
    )


def _message_id(scene: Scene) -> str:
    """Return a Message-ID in the manner of the program, made from what makes the message unique."""
    seed = hashlib.sha256(f"{scene.thread} {scene.place} {scene.at.isoformat()}".encode()).hexdigest()
    domain = scene.sender.email.partition("@")[2]
    match scene.program:
        case "gmail":
            return f"CA+{seed[:28]}@mail.{domain}"
        case "outlook" | "android":
            # Shorter than the real ones: the standard library would encode an id that fills a line (RFC 2047).
            return f"DB9PR07MB{seed[:20].upper()}@DB9PR07.{domain}"
        case "apple" | "iphone":
            parts = (seed[:8], seed[8:12], seed[12:16], seed[16:20], seed[20:32])
            return f"{'-'.join(parts).upper()}@{domain}"
    parts = (seed[:8], seed[8:12], seed[12:16], seed[16:20], seed[20:32])
    return f"{'-'.join(parts)}@{domain}"


def _add_trace(message: EmailMessage, scene: Scene, message_id: str) -> None:
    """Add what servers on the way wrote: the return path, their stamps, and what our own server found out."""
    domain = scene.sender.email.partition("@")[2]
    number = int(hashlib.sha256(message_id.encode()).hexdigest()[:4], 16)
    arrived = format_datetime((scene.at + timedelta(seconds=6)).astimezone(ZoneInfo("Europe/London")))
    message["Return-Path"] = f"<{scene.sender.email}>"
    message["Authentication-Results"] = (
        f"mx.halecraft.example; dkim=pass header.d={domain}; spf=pass smtp.mailfrom={scene.sender.email};"
        f" dmarc=pass header.from={domain}"
    )
    message["Received"] = (
        f"from mail.{domain} (mail.{domain} [192.0.2.{number % 250 + 1}]) by mx.halecraft.example with ESMTPS"
        f" id {number:06x} for <robin@halecraft.example>; {arrived}"
    )


def _address(person: Person) -> Address:
    user, _, domain = person.email.partition("@")
    return Address(person.name, user, domain)


def _subject(scene: Scene, answered: Written | None) -> str:
    if not answered or scene.subject.startswith(("Automatic reply: ", "Automatische Antwort: ")):
        return scene.subject
    mark = "AW" if scene.sender.language == "de" and scene.program == "outlook" else "Re"
    return f"{mark}: {scene.subject}"


def _add_body(message: EmailMessage, scene: Scene, text: str, rich: str) -> None:
    form = scene.form or ("both" if scene.program in WITH_HTML else "plain")
    if form == "html":
        message.set_content(rich, subtype="html", cte="quoted-printable")
    else:
        message.set_content(text, cte="base64" if scene.program == "android" else "quoted-printable")
    if form == "both":
        message.add_alternative(rich, subtype="html", cte="quoted-printable")
    if scene.attachment:
        content = f"{scene.attachment}\n{scene.subject}\n{scene.sender.name}\n".encode()
        message.add_attachment(content, maintype="application", subtype="octet-stream", filename=scene.attachment)
    for number, part in enumerate(part for part in message.walk() if part.is_multipart()):
        part.set_boundary(f"----=_Part_{number}_{hashlib.sha256(text.encode()).hexdigest()[:16]}")


# What the author wrote, as paragraphs of lines.


def _paragraphs(words: str) -> list[list[str]]:
    r"""Join the script's lines into paragraphs; list items, quoted lines and lines after a `\` stand by themselves."""
    paragraphs = []
    for block in re.split(r"\n\s*\n", words):
        lines: list[str] = []
        fresh = True
        for line in block.splitlines():
            stripped = line.strip()
            if fresh or ITEM.match(stripped) or stripped.startswith(">"):
                lines.append(stripped)
            else:
                lines[-1] += " " + stripped
            fresh = stripped.endswith("\\")
            lines[-1] = lines[-1].removesuffix("\\").rstrip()
        paragraphs.append(lines)
    return paragraphs


def _own_text(scene: Scene) -> str:
    lines = []
    for paragraph in _paragraphs(scene.words):
        for line in paragraph:
            if scene.program in WRAPPING and not line.startswith(">"):
                lines += textwrap.wrap(line, 72, subsequent_indent="  " if ITEM.match(line) else "") or [""]
            else:
                lines.append(line)
        lines.append("")
    return "\n".join(lines).rstrip("\n")


def _own_html(scene: Scene) -> str:
    opening = '<p class="MsoNormal">' if scene.program == "outlook" else "<p>"
    blocks = []
    for paragraph in _paragraphs(scene.words):
        if all(line.startswith(">") for line in paragraph):
            inner = "<br>\n".join(html.escape(line.lstrip("> "), quote=False) for line in paragraph)
            blocks.append(f'<blockquote type="cite">{inner}</blockquote>')
            continue
        plain = [line for line in paragraph if not ITEM.match(line)]
        items = [line for line in paragraph if ITEM.match(line)]
        if plain:
            blocks.append(opening + "<br>\n".join(html.escape(line, quote=False) for line in plain) + "</p>")
        if items:
            tag = "ul" if items[0].startswith("-") else "ol"
            entries = "\n".join(f"<li>{html.escape(ITEM.sub('', item, count=1), quote=False)}</li>" for item in items)
            blocks.append(f"<{tag}>\n{entries}\n</{tag}>")
    return "\n".join(blocks)


# The whole message: own words, signature, what is quoted.


def _text(scene: Scene, answered: Written | None) -> str:
    signature = _signature(scene)
    mark = "" if scene.program in ("outlook", "android", "iphone") else "-- \n"
    signed = f"{_own_text(scene)}\n\n{mark}{signature}\n" if signature else f"{_own_text(scene)}\n"
    if answered is None or scene.quote == "none":
        return signed
    if scene.quote == "inline":
        return f"{_attribution(scene, answered)}\n{signed}"
    if scene.program in ("outlook", "android"):
        return f"{signed}\n{'_' * 32}\n{_header_block(scene, answered)}\n\n{answered.text}"
    quoted = "\n".join(f"> {line}" if line else ">" for line in answered.text.rstrip("\n").splitlines())
    if scene.program == "iphone":
        return f"{signed}\n> {_attribution(scene, answered)}\n> \n{quoted}\n"
    if scene.program == "thunderbird":
        return f"{_own_text(scene)}\n\n{_attribution(scene, answered)}\n{quoted}\n\n{mark}{signature}\n"
    return f"{signed}\n{_attribution(scene, answered)}\n\n{quoted}\n"


def _html(scene: Scene, answered: Written | None) -> str:
    signature = _signature(scene)
    body = _own_html(scene)
    if signature:
        tag = '<div class="gmail_signature">' if scene.program == "gmail" else "<div>"
        body += f"\n{tag}{html.escape(signature, quote=False).replace(chr(10), '<br>' + chr(10))}</div>"
    if answered is not None and scene.quote == "inline":
        body = f"<div>{html.escape(_attribution(scene, answered))}</div>\n{body}"
    elif answered is not None and scene.quote == "full":
        body += "\n" + _quoted_html(scene, answered)
    return f"<html><head></head><body>\n{body}\n</body></html>\n"


def _quoted_html(scene: Scene, answered: Written) -> str:
    inner = re.sub(r"</?(?:html|head|body)>\n?", "", answered.html)
    introduction = html.escape(_attribution(scene, answered), quote=False)
    match scene.program:
        case "outlook":
            block = html.escape(_header_block(scene, answered), quote=False).replace("\n", "<br>\n")
            style = "border:none;border-top:solid #E1E1E1 1.0pt;padding:3.0pt 0cm 0cm 0cm"
            return f'<div style="{style}"><p class="MsoNormal">{block}</p></div>\n{inner}'
        case "gmail":
            attribution = f'<div dir="ltr" class="gmail_attr">{introduction}<br></div>'
            quote = f'<blockquote class="gmail_quote" style="margin:0 0 0 .8ex">\n{inner}</blockquote>'
            return f'<div class="gmail_quote">{attribution}\n{quote}</div>'
    return f'<div><br><blockquote type="cite"><div>{introduction}</div><br>\n{inner}</blockquote></div>'


def _signature(scene: Scene) -> str:
    if scene.program in MOBILE_SIGNATURES:
        return MOBILE_SIGNATURES[scene.program]
    return "\n".join(scene.sender.signature)


def _attribution(scene: Scene, answered: Written) -> str:
    """Return the line above a quotation, in the replier's language and time."""
    program = {"iphone": "apple", "outlook": "thunderbird"}.get(scene.program, scene.program)
    language = scene.sender.language
    return ATTRIBUTIONS.get((program, language), ATTRIBUTIONS["gmail", language]).format(**_said(scene, answered))


def _header_block(scene: Scene, answered: Written) -> str:
    lines = HEADER_BLOCKS.get(scene.sender.language, HEADER_BLOCKS["en"])
    shown = [line for line in lines if answered.scene.cc or not line.startswith("Cc:")]
    return "\n".join(line.format(**_said(scene, answered)) for line in shown)


def _said(scene: Scene, answered: Written) -> dict[str, str]:
    """Return what can be said of an answered message, with its time in the replier's zone."""
    at: datetime = answered.scene.at.astimezone(ZoneInfo(scene.sender.zone))
    language = scene.sender.language
    return {
        "weekday": WEEKDAYS[language].split()[at.weekday()],
        "day": str(at.day),
        "month": MONTHS[language].split()[at.month - 1],
        "year": str(at.year),
        "dd": f"{at.day:02}",
        "mm": f"{at.month:02}",
        "yy": f"{at.year % 100:02}",
        "time": f"{at:%H:%M}",
        "name": answered.scene.sender.name,
        "email": answered.scene.sender.email,
        "to": "; ".join(f"{person.name} <{person.email}>" for person in answered.scene.to),
        "cc": "; ".join(f"{person.name} <{person.email}>" for person in answered.scene.cc),
        "subject": answered.subject,
    }
