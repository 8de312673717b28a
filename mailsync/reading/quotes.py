"""Where other people's words begin: attributions, copied header blocks, separators and the ">" of quoted lines."""

import re
from collections.abc import Sequence

from mailsync.text.words import LINE_CAP, fold

_QUOTED_LINE = re.compile(r"\s{0,3}(?:>|\|\s|»|&gt;)")
_WROTE = (
    r"(?:wrote|writes|said|schrieb(?:en)?|geschrieben|(?:a|avez) (?:ecrit|envoye)|ecrit|escribio|escribe|ha scritto|"
    r"scrisse|scriveva|"
    r"scrive|schreef(?: het volgende)?|escreveu|napisa[lł]\(?a?\)?|skrev|skrifaði|kirjoitti|pisze|написал[аи]?|пише|"
    r"пишет|irta)"
)
_ATTRIBUTION_END = re.compile(
    rf"(?:^|\W){_WROTE}(?: (?:(?:on|at|in|am|um|vom|le|el|il|op) .{{1,60}}|the following|folgendes|"
    rf".{{0,60}}\S@\S{{1,60}}))?\s?[:：]$"
    r"|\b(?:schrieb|schreef|skrev|escribio|kirjoitti)(?: [^\W\d]\S{0,30}){1,5}\s?:$"
)
_ADDRESSED = re.compile(r".{1,200}<[^<>]{3,100}@[^<>]{3,100}>?>?\)?\s?:$")
#: How an attribution begins: a preposition or a weekday and soon a digit, a date, an address, a quoted name.
_ATTRIBUTION_START = re.compile(
    r"\W{0,3}(?:(?:on|at|am|den|le|el|il|il giorno|op|em|w dniu|dnia|"
    r"mon|tue|wed|thu|fri|sat|sun|mo|di|mi|do|fr|sa|so|montag|dienstag|mittwoch|donnerstag|freitag|samstag|sonntag|"
    r"lun|mar|mer|jeu|ven|sam|dim|mie|jue|vie|sab|dom|gio|tir|ons|tors|fre|lor|son|man|pe|to|ke|ti|ma|la|su|"
    r"[^\W\da-z]{2,12})\b"
    r".{0,30}?\d|\d{1,4}[-./: ]|[\w.+-]{1,60}@|[\"<].{1,60}|[^<]{1,60}<[^>]{1,100}@[^>]{1,100}>)"
)
_SENTENCE_END = re.compile(r"[^\W\d]{3}[.!?]$")
_HAS_DATE = re.compile(
    r"\d{1,2}[:.h]\d{2}|\b(?:19|20)\d{2}\b|\d{1,2}[./-]\d{1,2}[./-]\d{2,4}|@|\b\d{1,2}\.? (?:\w{3,9})"
)
_HEADER_NAMES = {
    "from": "from von de da van od fran fra vom expediteur mittente remitente afzender",
    "sent": "sent gesendet date datum envoye enviado inviato data verzonden fecha skickat odeslano wyslano sendt dato sent-at le on",
    "to": "to an a para aan till do para: destinataire komu til",
    "subject": "subject betreff objet asunto oggetto onderwerp amne assunto temat predmet emne betr",
    "cc": "cc kopie copie kopia bcc reply-to antwort an importance wichtigkeit priority attachments anlagen pieces jointes adjuntos "
    "allegati bijlagen organisation reply to",
}
_KIND_OF = {name: kind for kind, names in _HEADER_NAMES.items() for name in names.split()}
_KIND_OF |= {"envoye le": "sent", "sent at": "sent", "gesendet am": "sent", "enviado el": "sent", "inviato il": "sent", "reply to": "cc",
             "pieces jointes": "cc", "antwort an": "cc", "cc ci": "cc"}  # fmt: skip
_HEADER_LINE = re.compile(r"[>\s*_|]{0,6}([a-z-]{1,12}(?: [a-z]{2,8})?)\s?\*?\s?:\*?\s*(.{0,500})")

_ORIGINAL = re.compile(
    r"\s*[-_*=]{2,}\s*(?:original[ -]?(?:message|nachricht|appointment|mail)|ursprungliche (?:nachricht|e-?mail|mail)|"
    r"message d'origine|message original|mensaje original|messaggio originale|oorspronkelijk bericht|"
    r"oprindelig (?:meddelelse|besked)|opprinnelig melding|"
    r"ursprungligt meddelande|wiadomosc oryginalna|reply message|reply above this line|antwort)\s*[-_*=]*\s*$"
)
_FORWARDED = re.compile(
    r"\s*(?:[-_*=]{2,}\s*(?:forwarded (?:message|by)|weitergeleitete (?:nachricht|e-?mail|mail)|message (?:transfere|"
    r"transmis|reexpedie)|"
    r"mensaje reenviado|messaggio inoltrato|doorgestuurd bericht|fwd?|mensagem (?:encaminhada|reenviada)|"
    r"ursprungliche weiterleitung).{0,100}"
    r"|begin forwarded message:?|anfang der weitergeleiteten (?:nachricht|e-?mail):?|debut du message (?:reexpedie|"
    r"transfere) ?:?|"
    r"inicio del mensaje reenviado:?|inizio messaggio inoltrato:?|begin doorgestuurd bericht:?|"
    r"-+ forwarded by .{0,200})\s*$"
)
_REPLY_MARKER = re.compile(
    r"\s*(?:##-? ?(?:please type your reply above|bitte geben sie ihre antwort oberhalb|veuillez (?:saisir|entrer)|"
    r"por favor, escriba).{0,200}"
    r"|[-_=*]{2,}\s*(?:please )?reply above this line.{0,60}|-+ ?in reply to ?-+)\s*$"
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
        found = _HEADER_LINE.match(fold(line[:LINE_CAP])) if line.strip() else None
        kind = _KIND_OF.get(found[1].strip(), "") if found else ""
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
