"""Which messages a machine wrote: they are kept and shown, but nobody agreed to anything in them."""

import re

from mailsync.model.mail import Address
from mailsync.reading.headers import HeaderSection
from mailsync.text.words import fold, words

_ROBOT = re.compile(
    r"(?:no|do-?not|nicht|ne-?pas|non)[-_.]?(?:reply|antworten|repondre|rispondere|responder)|noreply|donotreply|"
    r"mailer-daemon|"
    r"postmaster|bounces?|notifications?|alerts?|auto-?(?:confirm|reply|mailer)",
)
_REPLY_SUBJECT = re.compile(
    r"(?:auto(?:matic|mated)?[ -]?(?:reply|response|antwort)\b|out[ -]of[ -](?:the[ -])?office(?:\s*(?:re|auto|reply|"
    r"response|notice)\b.*"
    r"|\s*[:(\[].*|\s*)$|on (?:annual |parental )?leave:|abwesenheit(?:s|:| )|abwesend:|automatische? (?:antwort|"
    r"antwoord|reactie|"
    r"beantwoording)|ich bin (?:derzeit )?(?:nicht im|abwesend)|reponse automatique|message d'absence|"
    r"absence du bureau|"
    r"absent\(?e?\)? du bureau|respuesta automatica|fuera de (?:la )?oficina\b|risposta automatica|fuori (?:sede|"
    r"ufficio)\b|"
    r"assente dall'ufficio|automatisch antwoord|afwezig(?:heid)?(?:\b|:)|auto ?: )"
)
_BOUNCE_SUBJECT = re.compile(
    r"(?:undeliver(?:able|ed)|delivery (?:status notification|failure|has failed)|mail delivery (?:failed|subsystem)|"
    r"returned mail|"
    r"failure notice|unzustellbar|nicht zustellbar|non remis|non distribuable|echec de la remise|no se puede entregar|"
    r"no entregado|mancato recapito|impossibile recapitare|onbestelbaar|warning: could not send|message not delivered)"
)
_READ_SUBJECT = re.compile(r"(?:read|gelesen|lu|leido|letto|gelezen|not read|ungelesen geloscht)\s?: ")
_CALENDAR_SUBJECT = re.compile(
    r"(?:accepted|declined|tentative(?:ly accepted)?|canceled|cancelled|zugesagt|zusage|abgelehnt|absage|abgesagt|"
    r"mit vorbehalt|"
    r"vorlaufig|accepte|refuse|provisoire|annule|aceptad[ao]|rechazad[ao]|provisional|cancelad[ao]|accettat[ao]|"
    r"rifiutat[ao]|provvisorio|"
    r"annullat[ao]|geaccepteerd|geweigerd|afgezegd)\s?: "
)
_MACHINE_TEXT = re.compile(
    r"this is an? (?:automat|auto-?generat|computer[- ]generat|system[- ]generat)|"
    r"(?:please )?do not reply to this (?:e-?mail|message)|"
    r"(?:mail|message|notification|reply|response) (?:is|was|has been) (?:automatically |auto-?)(?:generated|sent|"
    r"created)|"
    r"bitte (?:antworten sie|antworte) nicht auf diese|automatisch (?:generierte|erstellte|erzeugte|versendete)|"
    r"dies(?:e|es)? (?:ist eine automatische|(?:e-?mail|nachricht) wurde automatisch)|"
    r"(?:message|courriel|e-?mail|mail) (?:est |a ete )?(?:genere |envoye )?automatique(?:ment)?|"
    r"merci de ne pas repondre a ce|"
    r"(?:mensaje|correo|respuesta) (?:generado |enviado )?automatic[ao]|no responda a este|"
    r"(?:messaggio|risposta|e-?mail) (?:generat[ao] )?automatic[ao]|non rispondere a quest|dit is een automatisch"
)
_TICKET_TEXT = re.compile(
    r"(?:your|the) (?:request|ticket|case|enquiry|inquiry|message)\b.{0,60}\b(?:has been|was) (?:received|created|"
    r"logged|opened|updated|"
    r"assigned|resolved|closed)|we(?: have|'ve) received your (?:request|message|ticket|enquiry|inquiry)|"
    r"ihr(?:e)? (?:anfrage|ticket|anliegen|nachricht)\b.{0,60}\b(?:eingegangen|erstellt|erhalten|angelegt)|"
    r"votre (?:demande|ticket|message)\b.{0,60}\b(?:a (?:bien )?ete (?:recue?|cree|enregistree?))|"
    r"(?:su|tu) (?:solicitud|ticket|consulta)\b.{0,60}\bha sido (?:recibid|cread|registrad)"
)
_TICKET_NUMBER = re.compile(
    r"\[?#\s?\d{3,}|\b(?:ticket|case|request|vorgang|incident|inc|req)[\s:#-]{0,3}\d{3,}|\[[a-z]{2,10}-\d+\]"
)
_AWAY = re.compile(
    r"\b(?:i am|i'm|i will be|we are|office is)(?: currently| now| presently)? (?:out of (?:the )?office|"
    r"away from (?:the office|my desk)|on (?:annual |"
    r"parental |maternity |paternity |sick )?(?:leave|holiday|vacation)|closed)|"
    r"(?:bin|sind)\b.{0,40}\b(?:nicht im (?:buro|hause|haus)|nicht (?:erreichbar|am platz)|abwesend|im urlaub)|"
    r"je (?:suis|serai)\b.{0,30}\b(?:absente?|en conge|hors du bureau)|"
    r"(?:estoy|estare|me encuentro)\b.{0,30}\b(?:fuera de (?:la )?oficina|de vacaciones|ausente)|"
    r"(?:sono|saro)\b.{0,30}\b(?:fuori (?:sede|ufficio)|in ferie|assente)|ik ben\b.{0,40}\b(?:afwezig|niet aanwezig|"
    r"op vakantie|met verlof)"
)
_AWAY_TOO = re.compile(
    r"(?:limited|no|intermittent) access to (?:my )?e-?mail|(?:will|shall) (?:reply|respond|answer|read|get back|"
    r"deal with).{0,60}\b(?:return|back)|"
    r"(?:on|upon|after|until) my return|(?:for|in) (?:anything )?urgent (?:matters|cases|queries|issues|requests)?|"
    r"if (?:it|this|your).{0,30} urgent|"
    r"in dringenden (?:fallen|angelegenheiten)|wende?n? (?:sie )?(?:sich|dich).{0,40} an|nicht weitergeleitet|"
    r"nach meiner ruckkehr|"
    r"en cas d'urgence|pour toute urgence|a mon retour|en caso de urgencia|para (?:asuntos|temas) urgentes|"
    r"a mi (?:vuelta|regreso)|"
    r"per (?:urgenze|questioni urgenti)|al mio (?:rientro|ritorno)|voor dringende|bij spoed"
)


#: A line of at least five words that is not the calendar's own: somebody wrote beside the button.
_WRITTEN = re.compile(
    r"^(?!\s*(?:[\w ]{1,20}:|https?://|[~*_=-]{5}|microsoft teams|join ))(?:\s*[^\W\d_][\w'’,-]*){5,}",
    re.MULTILINE | re.IGNORECASE,
)
_OTHERS_WORDS = re.compile(
    r"\n\s*(?:>|[-_]{5,}|(?:from|von|de|da|van)\s?: |on .{5,100} wrote:|begin forwarded|am .{5,100} schrieb)",
    re.IGNORECASE,
)
_REPLY = re.compile(r"(?:re|aw|sv|antw?|rv|rif?)\s*:")


def automatic(
    section: HeaderSection, sender: Address | None, subject: str, text: str, *, report: str = "", invitation: str = ""
) -> str:
    """Return why the message is a machine's (RFC 3834, RFC 3464, RFC 8098, RFC 5546), "" for a person's.

    `report` is the report-type of a multipart/report, `invitation` the method of a calendar part. List-* fields alone
    never decide: people write through mailing lists.
    """
    return (
        _by_kind(report, invitation, fold(subject[:200]), text[:3000])
        or _by_fields(section, sender)
        or _by_words(section, sender, fold(subject[:200]), fold(text[:3000]))
    )


def _by_kind(report: str, invitation: str, subject: str, text: str) -> str:
    if report == "disposition-notification":
        return "read receipt"
    if report:
        return "delivery report"
    answer = invitation in ("reply", "cancel", "counter", "refresh") or (
        invitation and _CALENDAR_SUBJECT.match(subject)
    )
    return "calendar answer" if answer and not _WRITTEN.search(text) else ""


def _by_fields(section: HeaderSection, sender: Address | None) -> str:
    submitted = section.first("auto-submitted").lower()
    if submitted and not submitted.startswith("no"):
        return "automatic reply" if submitted.startswith("auto-replied") else "generated by a machine"
    if any(section.first(name) for name in ("x-autoreply", "x-autorespond", "x-auto-reply")):
        return "automatic reply"
    precedence = section.first("precedence").lower()
    if precedence == "auto_reply":
        return "automatic reply"
    local = sender.email.rpartition("@")[0] if sender else ""
    if local in ("mailer-daemon", "postmaster") or section.first("x-failed-recipients"):
        return "delivery report"
    through_list = bool(section.first("list-post"))
    answers = bool(section.first("in-reply-to") or section.first("references"))
    if precedence in ("bulk", "junk") and not through_list:
        return "bulk mail"
    if section.first("list-unsubscribe") and not through_list and not answers:
        return "newsletter"
    if section.first("x-loop") and not through_list:
        return "automatic reply"
    return ""


def _by_words(section: HeaderSection, sender: Address | None, subject: str, text: str) -> str:
    if _REPLY_SUBJECT.match(subject):
        return "out of office"
    if _BOUNCE_SUBJECT.match(subject):
        return "delivery report"
    if _READ_SUBJECT.match(subject) and len(words(text)) < 60 and re.search(r"\d{1,2}:\d{2}", text):
        return "read receipt"
    robot = bool(sender and _ROBOT.fullmatch(sender.email.rpartition("@")[0]))
    others = _OTHERS_WORDS.search(text)
    opening = text[: min(others.start() if others else 1200, 1200)]
    if _MACHINE_TEXT.search(opening) and (robot or _TICKET_NUMBER.search(subject) or _TICKET_TEXT.search(opening)):
        return "notice of a machine"
    if _TICKET_TEXT.search(opening[:600]) and (robot or (_TICKET_NUMBER.search(subject) and len(words(opening)) < 120)):
        return "notice of a ticket system"
    if robot:
        return "sent by an address that takes no answers"
    if (
        _REPLY.match(subject)
        and _AWAY.search(opening[:400])
        and _AWAY_TOO.search(opening)
        and len(words(opening)) < 130
    ):
        return "out of office"
    return ""
