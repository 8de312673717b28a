"""What stands around an author's words: greetings, closings, signatures, disclaimers and banners.

All patterns read folded lines (small letters, no accents) of at most 600 characters.
"""

import re
from collections.abc import Sequence

from mailsync.text.words import LINE_CAP, fold, phrases, vocabulary, words

_GREETING = re.compile(
    r"\W{0,2}(?:"
    + phrases(r"""
        hi|hello|hey|hiya|dear|good (?:morning|afternoon|evening|day)|morning|afternoon|evening|greetings
        all|team|folks|ladies and gentlemen
        hallo|hej|moin|servus|gruezi|guten (?:morgen|tag|abend)|liebe[rs]?|sehr geehrte[rs]?|werte[rs]?
        bonjour|bonsoir|salut|cher|chere|chers|cheres|madame|monsieur
        hola|buenos dias|buenas(?: tardes| noches)?|estimad[oa]s?|querid[oa]s?|apreciad[oa]s?
        ciao|buongiorno|buonasera|gentile|gentilissim[oa]|egregio|car[oaie]|salve
        beste|geachte|goedemorgen|goedemiddag|goedendag|dag|hoi
    """)
    + r")\b(.{0,80})$"
)
#: Words that make "Hi, ..." a sentence of its own.
_SPEAKS = re.compile(
    r"\b(?:"
    + phrases(r"""
        is|are|was|were|will|can|could|would|please|we|you|i|it|that|this|have|has|need|send|sent|got|get|thanks|thank
        ist|sind|wir|ich|sie|bitte|haben|konnen|danke
        nous|vous|je|est|merci
        por favor|estamos|gracias|siamo|grazie|zijn|bedankt
    """)
    + r")\b"
)
_TITLES = re.compile(r"\b(?:dr|prof|ing|mag|dipl|mrs?|ms|mme?|mlle|sr|sra|dott|avv|st)\.")
_NAME_LINE = re.compile(
    r"[^\W\d_][\w.'’-]{0,30}(?:[ /&+,]{1,3}(?:and |und |et |y |e |en )?[^\W\d_][\w.'’-]{0,30}){0,4}\s*[,:;!.–-]{0,2}$"
)
_CLOSING = re.compile(
    r"\W{0,2}(?:"
    + phrases(r"""
        (?:with |my )?(?:kind(?:est)?|best|warm(?:est)?|many|very best)?\s?regards
        best(?: wishes)?|all the best|all best|cheers|take care|ttyl
        (?:very )?(?:sincerely|truly) yours|sincerely|yours(?: sincerely| faithfully| truly| ever)?|respectfully
        thanks(?: again| so much| very much| a lot| a million| in advance)?|many thanks|thx|ta
        thank you(?: again| very much| so much| in advance| kindly)?
        have a (?:great|good|nice|lovely) (?:day|weekend|week|evening)
        (?:mit )?(?:(?:freundliche|beste|viele|liebe|herzliche|schone|sonnige)[nm]? )?gru(?:ss|s)e?n?
        (?:freundlich|best|herzlich|lieb|viel|schon)(?:e|en|er)? gru(?:ss|s)e?n?(?: .{0,30})?
        mfg|lg|vg|vlg|hochachtungsvoll|danke(?: dir| ihnen| euch)?
        (?:vielen|besten|herzlichen) dank(?: im voraus| vorab)?
        (?:bien |tres )?cordialement|bien a (?:vous|toi)|amicalement|sincerement|salutations(?: distinguees)?
        (?:je vous prie|veuillez) (?:d')?(?:agreer|recevoir|croire).{0,120}
        merci(?: d'avance| beaucoup| a (?:vous|toi)| encore)?|bonne (?:journee|soiree|continuation)|a bientot
        (?:un )?(?:cordial |cordiales |atentos )?salud[oa]s?(?: cordial(?:es)?)?|atentamente|atte\.?|un abrazo
        (?:muchas )?gracias(?: de antemano| por todo)?
        (?:quedo|quedamos) (?:a la espera|a su disposicion|a tu disposicion).{0,60}
        (?:(?:cordiali|distinti|migliori|cari) )?saluti|cordialmente|un saluto|grazie(?: mille| in anticipo)?
        (?:met )?(?:vriendelijke|hartelijke|beste|warme) groet(?:en)?|groet(?:en|jes)?|mvg|gr
        alvast bedankt|hartelijk dank|dank
    """)
    + r")(?:\s+(?:from|aus|de|desde|da|uit|nach|und|and|&).{0,40})?(?:[\s,.!;:–-]{0,4})$"
)
_DASHES = re.compile(r"--\s?$")
_DRAWN = re.compile(r"\s*(?:[—–]+|[-_=*~]{2,})\s*")
_MOBILE = re.compile(
    r"\s*(?:"
    + phrases(r"""
        sent (?:from|via|using|with) (?:my |the )?[\w .,/()-]{2,50}
        (?:get )?outlook (?:for|fur|pour|para|per|voor) (?:ios|android|mac).{0,60}
        typed (?:with|on) .{0,30}(?:thumbs|phone).{0,40}
        (?:von |vom )meinem .{2,50} gesendet|gesendet (?:von|mit|vom) .{2,50}
        diese nachricht wurde von .{2,60} gesendet
        envoye (?:de|depuis|a partir de|avec) (?:mon |l'|la |le |yahoo|outlook).{0,50}
        enviado (?:desde|con|de|do) (?:mi |el |meu |yahoo|outlook|un ).{0,50}
        inviato (?:da|dal|con) (?:mio |il |yahoo|outlook|iphone|smartphone).{0,50}
        (?:verzonden|verstuurd) (?:vanaf|via|met|vanuit) .{2,50}
        skickat fran .{2,40}|sendt fra .{2,40}
    """)
    + r")[.!]?\s*(?:<https?://[^>\s]{1,300}>)?\s*$"
)
_CONTACT = re.compile(
    phrases(r"""
        \b(?:t|tel|fon|phone|telephone|telefon|f|fax|d|direct|office|w|tfno|tlf)\b\s?[.:]?\s?[+(]?[\d(][\d\s()/.\-–]{5,}
        \b(?:m|p|mob|mobile?|cell?|handy|movil|port|portable)\b\s?[.:]?\s?[+(]?[\d(][\d\s()/.\-–]{5,}
        [+(]\d[\d\s()/.\-–]{7,}|^\s*0[\d\s()/.\-–]{7,}
        \bwww\.\S+|\bhttps?://\S+|\b[\w.+-]+@[\w-]+\.[\w.-]+
        \b(?:gmbh|ag|ltd|llc|llp|inc|plc|limited|kg|ug|sas)\b
        \b(?:s\.?a\.?r?\.?l\.?|s\.?r\.?l\.?|b\.?v\.?|s\.?l\.?|s\.?p\.?a\.?)\b
        \b(?:registered in|company (?:no|number|registration)|vat(?: no| reg)?)\b
        \b(?:amtsgericht|registergericht|handelsregister|hrb|ust-?id|geschaftsfuhr|sitz der gesellschaft)\b
        \b(?:siret|rcs|n\.?i\.?f|p\.? ?iva|kvk)\b
        \b\d{5}\s[a-z]|\b[a-z]{1,2}\d{1,2}[a-z]? \d[a-z]{2}\b
        \b(?:street|st\.|road|rd\.|lane|avenue|ave\.?|strasse|str\.|platz|weg)\b
        \b(?:rue|boulevard|calle|avda|plaza|via|piazza)\b
    """)
)
_TITLE = re.compile(
    r"\b(?:"
    + phrases(r"""
        director|manager|engineer|consultant|partner|owner|founder|co-founder|ceo|cto|cfo|coo|head of|lead|officer
        assistant|coordinator|designer|developer|administrator|accountant|secretary|treasurer|president|clerk
        chair(?:man|woman)?|for and on behalf of|dr|prof|mr|mrs|ms|msc|bsc|phd|mba|dipl|she/her|he/him|they/them
        leiter(?:in)?|geschaftsfuhrer(?:in)?|inhaber(?:in)?|vorstand|assistenz|sachbearbeiter(?:in)?|i\.a\.|i\.v\.|ppa
        rechtsanwalt|rechtsanwaltin|notar
        directeur|directrice|responsable|gerant(?:e)?|chef(?:fe)? de|charge(?:e)? de|assistante?|avocat(?:e)?
        director(?:a)?|gerente|jefe|jefa|abogad[oa]|titolare|direttore|direttrice
    """)
    + r")\b"
)
_POSTSCRIPT = re.compile(r"\s*(?:p\.?\s?p?\.?s\.?|n\.?b\.?|pd|ps)\s?[:.\-–]*\s", re.IGNORECASE)

_DISCLAIMER = re.compile(
    phrases(r"""
        (?:this|the) (?:e-?mail|message|communication|transmission|information).{0,100}(?:confidential|privileged)
        (?:this|the) (?:e-?mail|message|communication|information).{0,100}(?:intended (?:only|solely|for)|property of)
        (?:this|the) (?:e-?mail|message|communication).{0,100}may contain
        (?:confidentiality|legal|privacy|e-?mail) (?:notice|disclaimer|note|statement)\b|^\W{0,4}disclaimer\b
        if you (?:are not the|have received this).{0,60}(?:recipient|in error|by mistake)
        (?:consider|think (?:of|about)) the environment before|views (?:or|and) opinions (?:expressed|presented)
        communications? (?:may|will|can) be (?:subject to|monitored|recorded|intercepted)
        (?:will|do|does) (?:never|not) (?:ask|accept) .{0,40}(?:pin|password|service of|liability)
        registered office\b.{0,200}\bregistered (?:in|number)
        diese (?:e-?mail|nachricht).{0,80}(?:vertraulich|rechtlich geschutzt|ausschliesslich fur)
        falls sie nicht der (?:richtige|beabsichtigte)|ob diese (?:e-?mail|mail|nachricht) ausgedruckt
        denk(?:en sie)? (?:aan het milieu|an die umwelt)|geen rechten worden ontleend
        (?:dit|deze) (?:e-?mail|bericht|e-mailbericht).{0,100}(?:vertrouwelijk|uitsluitend bestemd)
        (?:ce|cet|le present) (?:message|courriel|e-?mail|mail).{0,100}(?:confidentiel|destine|strictement)
        si vous (?:n'etes pas le|avez recu ce).{0,60}(?:destinataire|erreur)|pensez a l'environnement
        (?:este|el presente) (?:mensaje|correo).{0,100}(?:confidencial|dirigido exclusivamente|destinatario)
        aviso legal|antes de imprimir|avviso di riservatezza
        (?:quest[ao]|(?:la|il) presente) (?:e-?mail|mail|messaggio).{0,100}(?:confidenzial|riservat|destinat)
        (?:virus-?free|virenfrei|sans virus|libre de virus|privo di virus|virusvrij)\b.{0,40}\b(?:avast|avg|www)
        scanned (?:for viruses )?by|checked by (?:avast|avg)|^-----begin pgp signature-----
        to unsubscribe from this (?:group|list)|you received this message because you are subscribed
        you (?:received|are receiving) this (?:e-?mail|message) because
        ^\s*(?:unsubscribe|abmelden|se desabonner|darse de baja)\b
    """)
)
_BANNER = re.compile(
    r"\W{0,6}(?:(?:"
    + phrases(r"""
        \[?external|extern|externe?s? (?:e-?mail|mail|absender|expediteur)|external (?:e-?mail|sender|message)
        ext|caution|warning|achtung|vorsicht|attention|atencion|attenzione|let op|hinweis|\*\*\*
    """)
    + r")\b.{0,160}(?:extern|outside|ausserhalb|originated|exterieur|exterior|fuera de|esterno|buiten|organi[sz]|"
    r"click|klick|links?)|"
    + phrases(r"""
        \[(?:external|extern|ext|externe|externo|esterno)(?: e?-?mail| sender)?\]\W*$
        \[?external (?:e-?mail|sender|message)\]?\W*$
        -----begin pgp signed message-----
        you don't often get (?:an )?e-?mail from|some people who received this message don't often
        (?:this|the) (?:e-?mail|message|sender)(?: is| was| originated| comes)?(?: sent)? from (?:outside|an external)
        sie erhalten nicht (?:haufig|oft) e-?mails? von
        diese e-?mail (?:kommt|stammt|wurde) von (?:ausserhalb|einem externen)
        vous (?:n'obtenez|ne recevez) pas souvent|no suele recibir correos|non si ricevono spesso|u ontvangt niet vaak
    """)
    + r")"
)
_LIST_FOOTER = re.compile(
    r"\s*(?:[\w.-]+ mailing list|[\w.-]+@lists?\.[\w.-]+|https?://\S+/(?:mailman|listinfo)\S*)\s*$"
)
#: A signature has no more lines than this.
_LONGEST = 14
_BEFORE_NAMES = vocabulary("dr mr mrs ms prof ing dipl mag herr frau m mme x xo xx lg vg mfg best regards cheers")
#: Short lines that answer instead of signing.
_NO_NAMES = vocabulary(
    "yes no ok okay sure done agreed approved perfect great fine deal confirmed correct exactly noted understood "
    "accepted absolutely nope yep yeah yup please stop wait never ja nein gut prima einverstanden passt genehmigt "
    "freigegeben erledigt abgelehnt bestatigt oui non d'accord parfait entendu valide fait si vale perfecto hecho "
    "aprobado conforme confirmado fatto approvato perfetto"
) | {"sounds good", "all good", "go ahead", "will do", "no problem", "va bene", "not yet", "yes please", "no thanks"}


def is_greeting(line: str) -> bool:
    """Say whether `line` only greets ("Hi Anna,", "Sehr geehrte Frau Vogt,")."""
    text = fold(line[:LINE_CAP]).strip()
    if len(text) > 90:
        return False
    found = _GREETING.match(text)
    if found is None:  # a bare name: "Sam," or "Herr Vogt -"
        parts = line.strip(" ,–-").split()
        named = text.endswith((",", "-", "–")) and len(parts) <= 3 and all(part[0].isupper() for part in parts)
        return named and not _SPEAKS.search(text) and _NAME_LINE.fullmatch(line.strip(" ,–-")[:120]) is not None
    rest = _TITLES.sub(" ", found[1]).strip()
    return not _SPEAKS.search(rest) and len(rest.split()) <= 9 and not re.search(r"[.?;]\s+\w|\d", rest)


def is_closing(line: str) -> bool:
    """Say whether `line` only closes a letter ("Best regards,", "Viele Grüße")."""
    text = fold(line[:LINE_CAP]).replace("ß", "ss").strip()
    return len(text) <= 140 and _CLOSING.match(text) is not None


def is_name(line: str) -> bool:
    """Say whether `line` could be nothing but a name, initials or a dash and a name."""
    text = line.strip().lstrip("-–—~/ ").strip()
    if not text or len(text) > 50:
        return False
    parts = text.rstrip(".,").split()
    if len(parts) > 4 or not _NAME_LINE.fullmatch(text) or fold(text).strip(" .,!") in _NO_NAMES:
        return False
    return (
        all(
            p[:1].isupper() or p.lower() in ("von", "van", "de", "der", "la", "da", "di", "and", "und", "&", "x")
            for p in parts
        )
        or len(parts) == 1
    )


def is_mobile(line: str) -> bool:
    """Say whether `line` is a device's or program's advertisement ("Sent from my iPhone")."""
    return _MOBILE.match(fold(line[:LINE_CAP])) is not None


def is_delimiter(line: str) -> bool:
    """Say whether `line` is the signature delimiter "-- " (RFC 3676, 4.3); mail programs lose its space."""
    return _DASHES.match(line) is not None


def is_postscript(line: str) -> bool:
    """Say whether `line` opens a postscript."""
    return _POSTSCRIPT.match(line[:20]) is not None


def is_signature_line(line: str) -> bool:
    """Say whether `line` could stand in a signature: name, title, company, address, telephone, link."""
    text = line.strip()
    if len(text) > 160:
        return False
    count, folded = len(words(text)), fold(text)
    if not count or is_mobile(text):
        return True
    if _CONTACT.search(folded) or (_TITLE.search(folded) and not _SPEAKS.search(folded)):
        return count <= 22
    if count > 10 or text.endswith(("?", "!")):
        return False
    capitals = sum(w[:1].isupper() or not w[:1].isalpha() for w in text.split())
    capitalised = len(text) <= 70 and capitals * 2 >= len(text.split()) and not text.endswith(".")
    return capitalised or is_name(text) or text[0] == text[-1] == "*"


def is_disclaimer(paragraph: str) -> bool:
    """Say whether `paragraph` is a disclaimer, a scanner's boast or a list's footer."""
    folded = fold(paragraph[:LINE_CAP])
    return _DISCLAIMER.search(folded) is not None or _LIST_FOOTER.match(folded) is not None


def is_banner(paragraph: str) -> bool:
    """Say whether `paragraph` warns of external mail; such banners are set by the recipient's server."""
    return _BANNER.match(fold(paragraph[:LINE_CAP])) is not None


def signature_start(lines: Sequence[str], start: int, end: int, author: Sequence[str] = ()) -> int:
    """Return the line at which the signature of `lines[start:end]` begins, `end` where there is none.

    `author` are the words of the sender's name. In this order: a "-- " delimiter; a closing whose remaining lines all
    look like a signature's; the author's own name; a last paragraph of name and contact lines.
    """
    delimited = _delimited(lines, start, end)
    if delimited < end:
        return delimited
    for at in range(max(start + 1, end - 12), end):
        if _DRAWN.fullmatch(lines[at]) and all(is_signature_line(line) for line in lines[at + 1 : end] if line.strip()):
            return at
    for at in range(end - 1, max(start - 1, end - 26), -1):
        if is_closing(lines[at]):
            rest_lines = [line for line in lines[at + 1 : end] if line.strip()]
            if len(rest_lines) <= 16 and all(is_signature_line(line) or is_disclaimer(line) for line in rest_lines):
                return at + 1
            break
    named = _named(lines, start, end, author)
    return named if named < end else _bare_signature(lines, start, end)


def _delimited(lines: Sequence[str], start: int, end: int) -> int:
    """Return the first "-- " line under which no more than a signature stands, `end` for none."""
    found, rest = end, 0
    for at in range(end - 1, start - 1, -1):
        if is_delimiter(lines[at]) and 0 < rest <= (40 if lines[at].endswith(" ") else 15):
            found = at
        rest += bool(lines[at].strip())
        if rest > 40:
            break
    return found


def _named(lines: Sequence[str], start: int, end: int, author: Sequence[str]) -> int:
    """Return the line near the end on which the author signs with the own name, `end` for none."""
    filled = [at for at in range(start, end) if lines[at].strip()][-_LONGEST:]
    for place, at in enumerate(filled):
        if not author or at == start:
            continue
        rest = filled[place + 1 :]
        signs = _signs(lines[at], author)
        if signs == "whole" or (signs and all(is_signature_line(lines[i]) or _signs(lines[i], author) for i in rest)):
            return at
        if signs and rest and _signs(lines[rest[0]], author) == "whole":
            return at
    return end


def _signs(line: str, author: Sequence[str]) -> str:
    """Say whether `line` begins with the author's "whole" name or is the "first" one or initials; "" for neither."""
    if len(line) > 120 or line.rstrip().endswith(("?", ":")) or _SPEAKS.search(fold(line)):
        return ""
    tokens = [token for token in words(fold(line)) if token not in _BEFORE_NAMES]
    count = len(author)
    if count > 1 and len(tokens) <= 16 and tokens[:count] in (list(author), [author[-1], *author[:-1]]):
        return "whole"
    if count > 1 and len(tokens) <= 16 and tokens[:2] == [author[0], author[-1]]:
        return "whole"
    initials = "".join(name[0] for name in author)
    if (
        len(tokens) <= 2
        and tokens
        and (author[0] in tokens or tokens[0] in (initials, initials[0]) or tokens[-1] == author[-1])
    ):
        return "first"
    return ""


def _bare_signature(lines: Sequence[str], start: int, end: int) -> int:
    """Find a signature without closing: a paragraph at the end that begins with a name and holds contact details."""
    last = end
    while last > start and not lines[last - 1].strip():
        last -= 1
    first = last
    while first > start and lines[first - 1].strip() and last - first < 14:
        first -= 1
    block = lines[first:last]
    if not block or first == start:
        return end
    contact = any(_CONTACT.search(fold(line[:LINE_CAP])) for line in block)
    lead = is_name(block[0]) or bool(_TITLE.search(fold(block[0][:LINE_CAP])) and len(words(block[0])) <= 8)
    if (
        all(map(is_signature_line, block))
        and (lead or is_mobile(block[0]))
        and (contact or len(block) == 1 or (lead and len(block) <= 3))
    ):
        return first
    for at in range(first, last):
        if is_mobile(lines[at]):
            return at
    return end
