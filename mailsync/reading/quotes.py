"""Where other people's words begin: attributions, copied header blocks, separators and the ">" of quoted lines.

All patterns read folded lines (small letters, no accents) of at most 600 characters.
"""

import re
from collections.abc import Sequence

from mailsync.text.words import LINE_CAP, fold, phrases

_QUOTED_LINE = re.compile(r"\s{0,3}(?:>|\|\s|»|&gt;)")

_WROTE = phrases(r"""
    wrote|writes|said
    schrieb(?:en)?|geschrieben
    (?:a|avez) (?:ecrit|envoye)|ecrit
    escribio|escribe|escreveu
    ha scritto|scrisse|scriveva|scrive
    schreef(?: het volgende)?
    skrev|skrifaði|kirjoitti|irta
    napisa[lł]\(?a?\)?|pisze|написал[аи]?|пише|пишет
""")
_ATTRIBUTION_END = re.compile(
    rf"(?:^|\W)(?:{_WROTE})"
    r"(?: (?:(?:on|at|in|am|um|vom|le|el|il|op) .{1,60}|the following|folgendes|.{0,60}\S@\S{1,60}))?\s?[:：]$"
    r"|\b(?:schrieb|schreef|skrev|escribio|kirjoitti)(?: [^\W\d]\S{0,30}){1,5}\s?:$"
)
#: Gmail in many languages: "2026-03-03 17:21 GMT+01:00 Anna Vogt <anna@vogt.example>:"
_ADDRESSED = re.compile(r".{1,200}<[^<>]{3,100}@[^<>]{3,100}>?>?\)?\s?:$")
_DAY_OR_PREPOSITION = phrases(r"""
    on|at|am|den|le|el|il|il giorno|op|em|w dniu|dnia
    mon|tue|wed|thu|fri|sat|sun
    mo|di|mi|do|fr|sa|so|montag|dienstag|mittwoch|donnerstag|freitag|samstag|sonntag
    lun|mar|mer|jeu|ven|sam|dim|mie|jue|vie|sab|dom|gio
    tir|ons|tors|fre|lor|son|man|pe|to|ke|ti|ma|la|su
    [^\W\da-z]{2,12}
""")
#: How an attribution begins: a preposition or a weekday and soon a digit, a date, an address, a quoted name.
_ATTRIBUTION_START = re.compile(
    rf"\W{{0,3}}(?:(?:{_DAY_OR_PREPOSITION})\b.{{0,30}}?\d"
    r"|\d{1,4}[-./: ]|[\w.+-]{1,60}@|[\"<].{1,60}|[^<]{1,60}<[^>]{1,100}@[^>]{1,100}>)"
)
_SENTENCE_END = re.compile(r"[^\W\d]{3}[.!?]$")
_HAS_DATE = re.compile(
    r"\d{1,2}[:.h]\d{2}|\b(?:19|20)\d{2}\b|\d{1,2}[./-]\d{1,2}[./-]\d{2,4}|@|\b\d{1,2}\.? (?:\w{3,9})"
)

#: The names of copied header fields by what they mean; "," between names.
_FIELD_NAMES = {
    "from": "from,von,de,da,van,od,fran,fra,vom,expediteur,mittente,remitente,afzender",
    "sent": "sent,date,sent at,gesendet,gesendet am,datum,envoye,envoye le,enviado,enviado el,fecha,inviato,"
    "inviato il,data,verzonden,skickat,sendt,dato,wyslano,odeslano",
    "to": "to,an,a,para,aan,till,til,do,komu,destinataire",
    "subject": "subject,betreff,betr,objet,asunto,oggetto,onderwerp,amne,emne,assunto,temat,predmet",
    "other": "cc,bcc,kopie,copie,kopia,cc ci,reply-to,reply to,antwort an,importance,wichtigkeit,priority,attachments,"
    "anlagen,pieces jointes,adjuntos,allegati,bijlagen,organisation",
}
_MEANING = {name: meaning for meaning, names in _FIELD_NAMES.items() for name in names.split(",")}
_FIELD = re.compile(r"[>\s*_|]{0,6}([a-z-]{1,12}(?: [a-z]{2,8})?)\s?\*?\s?:\*?\s*(.{0,500})")

_ORIGINAL = re.compile(
    r"\s*[-_*=]{2,}\s*(?:"
    + phrases(r"""
        original[ -]?(?:message|nachricht|appointment|mail)|reply message
        ursprungliche (?:nachricht|e-?mail|mail)|antwort
        message d'origine|message original
        mensaje original|messaggio originale|oorspronkelijk bericht
        oprindelig (?:meddelelse|besked)|opprinnelig melding|ursprungligt meddelande|wiadomosc oryginalna
    """)
    + r")\s*[-_*=]*\s*$"
)
_FORWARDED = re.compile(
    r"\s*(?:[-_*=]{2,}\s*(?:"
    + phrases(r"""
        forwarded (?:message|by)|fwd?
        weitergeleitete (?:nachricht|e-?mail|mail)
        message (?:transfere|transmis|reexpedie)
        mensaje reenviado|mensagem (?:encaminhada|reenviada)
        messaggio inoltrato|doorgestuurd bericht
    """)
    + r").{0,100}|"
    + phrases(r"""
        begin forwarded message:?
        anfang der weitergeleiteten (?:nachricht|e-?mail):?
        debut du message (?:reexpedie|transfere) ?:?
        inicio del mensaje reenviado:?
        inizio messaggio inoltrato:?
        begin doorgestuurd bericht:?
    """)
    + r")\s*$"
)
_REPLY_MARKER = re.compile(
    r"\s*(?:##-? ?(?:"
    + phrases(r"""
        please type your reply above
        bitte geben sie ihre antwort oberhalb
        veuillez (?:saisir|entrer)
        por favor, escriba
    """)
    + r").{0,200}|[-_=*]{2,}\s*(?:please )?reply above this line.{0,60}|-+ ?in reply to ?-+)\s*$"
)
_RULE = re.compile(r"\s*[_\-=*]{8,}\s*$")


def is_quoted(line: str) -> bool:
    """Say whether `line` carries the ">" of a quotation (RFC 3676, 4.5)."""
    return _QUOTED_LINE.match(line) is not None


def attribution(lines: Sequence[str], at: int) -> int:
    """Return how many lines from `at` on are an attribution ("On 3 May, Anna wrote:"), 0 for none; at most three.

    English, German, French, Spanish, Italian, Dutch, Portuguese, Polish, Scandinavian; wrapped lines are joined.
    """
    first = fold(lines[at][:LINE_CAP]).strip(" -")
    if not first or len(first) > 300:
        return 0
    joined = first
    for count in range(1, 4):
        if _is_attribution(joined):
            return count
        if at + count >= len(lines) or not _ATTRIBUTION_START.match(first) or _SENTENCE_END.search(first):
            return 0
        following = fold(lines[at + count][:LINE_CAP]).strip().lstrip(">").strip(" -")
        if not following or len(joined) + len(following) > 400:
            return 0
        joined = f"{joined} {following}"
    return 0


def _is_attribution(line: str) -> bool:
    line = line.lstrip("> ")
    if line.endswith("wrote"):
        line += ":"
    if not line.endswith((":", "：")) or _HAS_DATE.search(line) is None:
        return False
    if _ATTRIBUTION_END.search(line):
        return _ATTRIBUTION_START.match(line) is not None or "@" in line
    return _ADDRESSED.match(line) is not None and re.search(r"\d", line.partition("<")[0]) is not None


def header_block(lines: Sequence[str], at: int) -> int:
    """Return how many lines from `at` on are header fields copied into the text ("From: ... Sent: ..."), 0 for none.

    Needs a From (or a Sent with To) and another kind within six lines, and values that look like them, so that "From:
    1 July we move" stays a sentence.
    """
    kinds: dict[str, str] = {}
    count = 0
    blank = 0
    for line in lines[at : at + 14]:
        found = _FIELD.match(fold(line[:LINE_CAP])) if line.strip() else None
        kind = _MEANING.get(found[1].strip(), "") if found else ""
        if found and kind:
            kinds.setdefault(kind, found[2].strip())
            count += 1 + blank
            blank = 0
        elif not line.strip():
            blank += 1
            if blank > 1 or not kinds:
                break
        elif kinds and not blank and ("@" in line or line[:1] in " \t;," or line.rstrip().endswith((";", ",", ">"))):
            count += 1  # a folded list of recipients
        else:
            break
    return count if _is_header_block(kinds) else 0


def _is_header_block(kinds: dict[str, str]) -> bool:
    if len(kinds) < 2 or not ("from" in kinds or {"sent", "to"} <= kinds.keys()):
        return False
    dated = bool(_HAS_DATE.search(kinds.get("sent", ""))) or "@" in kinds.get("from", "") + kinds.get("to", "")
    return dated or len(kinds) >= 3


def opens_forward(line: str) -> bool:
    """Say whether `line` announces a forwarded message."""
    return _FORWARDED.match(fold(line[:LINE_CAP])) is not None


def opens_original(line: str) -> bool:
    """Say whether `line` is a separator such as "-----Original Message-----" or a help desk's reply marker."""
    folded = fold(line[:LINE_CAP])
    return _ORIGINAL.match(folded) is not None or _REPLY_MARKER.match(folded) is not None


def is_rule(line: str) -> bool:
    """Say whether `line` is nothing but a drawn line."""
    return _RULE.match(line[:LINE_CAP]) is not None
