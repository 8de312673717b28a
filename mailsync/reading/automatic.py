"""Which messages a machine wrote: they are kept and shown, but nobody agreed to anything in them.

All patterns read folded text (small letters, no accents): 200 characters of the subject, 3,000 of the body.
"""

import re

from mailsync.model.mail import Address
from mailsync.reading.headers import HeaderSection
from mailsync.text.words import fold, phrases, words

_ROBOT = re.compile(
    r"(?:no|do-?not|nicht|ne-?pas|non)[-_.]?(?:reply|antworten|repondre|rispondere|responder)|"
    r"mailer-daemon|postmaster|bounces?|notifications?|alerts?|auto-?(?:confirm|reply|mailer)"
)
_REPLY_SUBJECT = re.compile(
    phrases(r"""
        auto(?:matic|mated)?[ -]?(?:reply|response|antwort)\b|auto ?: |on (?:annual |parental )?leave:
        out[ -]of[ -](?:the[ -])?office(?:\s*(?:re|auto|reply|response|notice)\b.*|\s*[:(\[].*|\s*)$
        abwesenheit(?:s|:| )|abwesend:|ich bin (?:derzeit )?(?:nicht im|abwesend)
        automatische? (?:antwort|antwoord|reactie|beantwoording)|automatisch antwoord|afwezig(?:heid)?(?:\b|:)
        reponse automatique|message d'absence|absence du bureau|absent\(?e?\)? du bureau
        respuesta automatica|fuera de (?:la )?oficina\b
        risposta automatica|fuori (?:sede|ufficio)\b|assente dall'ufficio
    """)
)
_BOUNCE_SUBJECT = re.compile(
    phrases(r"""
        undeliver(?:able|ed)|delivery (?:status notification|failure|has failed)|mail delivery (?:failed|subsystem)
        returned mail|failure notice|warning: could not send|message not delivered
        unzustellbar|nicht zustellbar|onbestelbaar
        non remis|non distribuable|echec de la remise
        no se puede entregar|no entregado|mancato recapito|impossibile recapitare
    """)
)
_READ_SUBJECT = re.compile(r"(?:(?:not )?read|gelesen|ungelesen geloscht|lu|leido|letto|gelezen)\s?: ")
_CALENDAR_SUBJECT = re.compile(
    r"(?:"
    + phrases(r"""
        accepted|declined|tentative(?:ly accepted)?|cancell?ed
        zugesagt|zusage|abgelehnt|absage|abgesagt|mit vorbehalt|vorlaufig
        accepte|refuse|provisoire|annule
        aceptad[ao]|rechazad[ao]|provisional|cancelad[ao]
        accettat[ao]|rifiutat[ao]|provvisorio|annullat[ao]
        geaccepteerd|geweigerd|afgezegd
    """)
    + r")\s?: "
)
_MACHINE_TEXT = re.compile(
    phrases(r"""
        this is an? (?:automat|auto-?generat|computer[- ]generat|system[- ]generat)
        (?:please )?do not reply to this (?:e-?mail|message)
        (?:mail|message|notification|reply) (?:is|was|has been) (?:automatically |auto-?)(?:generated|sent|created)
        bitte (?:antworten sie|antworte) nicht auf diese|automatisch (?:generierte|erstellte|erzeugte|versendete)
        dies(?:e|es)? (?:ist eine automatische|(?:e-?mail|nachricht) wurde automatisch)
        (?:message|courriel|e-?mail|mail) (?:est |a ete )?(?:genere |envoye )?automatique(?:ment)?
        merci de ne pas repondre a ce
        (?:mensaje|correo|respuesta) (?:generado |enviado )?automatic[ao]|no responda a este
        (?:messaggio|risposta|e-?mail) (?:generat[ao] )?automatic[ao]|non rispondere a quest
        dit is een automatisch
    """)
)
_TICKET_TEXT = re.compile(
    phrases(r"""
        (?:your|the) (?:request|ticket|case|[ei]nquiry|message)\b.{0,60}\b(?:has been|was) (?:received|created|logged)
        (?:your|the) (?:request|ticket|case)\b.{0,60}\b(?:has been|was) (?:opened|updated|assigned|resolved|closed)
        we(?: have|'ve) received your (?:request|message|ticket|enquiry|inquiry)
        ihre? (?:anfrage|ticket|anliegen|nachricht)\b.{0,60}\b(?:eingegangen|erstellt|erhalten|angelegt)
        votre (?:demande|ticket|message)\b.{0,60}\b(?:a (?:bien )?ete (?:recue?|cree|enregistree?))
        (?:su|tu) (?:solicitud|ticket|consulta)\b.{0,60}\bha sido (?:recibid|cread|registrad)
    """)
)
_TICKET_NUMBER = re.compile(
    r"\[?#\s?\d{3,}|\b(?:ticket|case|request|vorgang|incident|inc|req)[\s:#-]{0,3}\d{3,}|\[[a-z]{2,10}-\d+\]"
)
_AWAY = re.compile(
    phrases(r"""
        \b(?:i am|i'm|i will be|we are)(?: currently| now)? (?:out of (?:the )?office|away from (?:the office|my desk))
        \b(?:i am|i'm|i will be|we are)(?: currently)? on (?:annual |parental |sick )?(?:leave|holiday|vacation)
        \boffice is(?: currently| now)? closed
        (?:bin|sind)\b.{0,40}\b(?:nicht im (?:buro|hause|haus)|nicht (?:erreichbar|am platz)|abwesend|im urlaub)
        je (?:suis|serai)\b.{0,30}\b(?:absente?|en conge|hors du bureau)
        (?:estoy|estare|me encuentro)\b.{0,30}\b(?:fuera de (?:la )?oficina|de vacaciones|ausente)
        (?:sono|saro)\b.{0,30}\b(?:fuori (?:sede|ufficio)|in ferie|assente)
        ik ben\b.{0,40}\b(?:afwezig|niet aanwezig|op vakantie|met verlof)
    """)
)
_AWAY_TOO = re.compile(
    phrases(r"""
        (?:limited|no|intermittent) access to (?:my )?e-?mail|(?:on|upon|after|until) my return
        (?:will|shall) (?:reply|respond|answer|read|get back|deal with).{0,60}\b(?:return|back)
        (?:for|in) (?:anything )?urgent (?:matters|cases|queries|issues|requests)?|if (?:it|this|your).{0,30} urgent
        in dringenden (?:fallen|angelegenheiten)|wende?n? (?:sie )?(?:sich|dich).{0,40} an|nicht weitergeleitet
        nach meiner ruckkehr|en cas d'urgence|pour toute urgence|a mon retour
        en caso de urgencia|para (?:asuntos|temas) urgentes|a mi (?:vuelta|regreso)
        per (?:urgenze|questioni urgenti)|al mio (?:rientro|ritorno)|voor dringende|bij spoed
    """)
)
#: A line of at least five words that is not the calendar's own: somebody wrote beside the button.
_WRITTEN = re.compile(
    r"^(?!\s*(?:[\w ]{1,20}:|https?://|[~*_=-]{5}|microsoft teams|join ))(?:\s*[^\W\d_][\w'’,-]*){5,}",
    re.MULTILINE | re.IGNORECASE,
)
_OTHERS_WORDS = re.compile(
    r"\n\s*(?:>|[-_]{5,}|(?:from|von|de|da|van)\s?: |on .{5,100} wrote:|begin forwarded|am .{5,100} schrieb)"
)
_REPLY = re.compile(r"(?:re|aw|sv|antw?|rv|rif?)\s*:")


def automatic(
    section: HeaderSection, sender: Address | None, subject: str, text: str, *, report: str = "", invitation: str = ""
) -> str:
    """Return why the message is a machine's (RFC 3834, RFC 3464, RFC 8098, RFC 5546), "" for a person's.

    `report` is the report-type of a multipart/report, `invitation` the method of a calendar part. List-* fields alone
    never decide: people write through mailing lists.
    """
    subject = fold(subject[:200])
    return (
        _by_kind(report, invitation, subject, text[:3000])
        or _by_fields(section, sender)
        or _by_subject(subject, text)
        or _by_text(subject, fold(text[:3000]), sender)
    )


def _by_kind(report: str, invitation: str, subject: str, text: str) -> str:
    if report:
        return "read receipt" if report == "disposition-notification" else "delivery report"
    answer = invitation in ("reply", "cancel", "counter", "refresh") or (
        invitation and _CALENDAR_SUBJECT.match(subject)
    )
    return "calendar answer" if answer and not _WRITTEN.search(text) else ""


def _by_fields(section: HeaderSection, sender: Address | None) -> str:
    submitted = section.first("auto-submitted").lower()
    precedence = section.first("precedence").lower()
    to_list = bool(section.first("list-post"))
    answers = bool(section.first("in-reply-to") or section.first("references"))
    by_rule = any(section.first(name) for name in ("x-autoreply", "x-autorespond", "x-auto-reply"))
    verdicts = {
        "automatic reply": submitted.startswith("auto-replied") or precedence == "auto_reply" or by_rule,
        "generated by a machine": bool(submitted) and not submitted.startswith("no"),
        "delivery report": _local(sender) in ("mailer-daemon", "postmaster")
        or bool(section.first("x-failed-recipients")),
        "bulk mail": precedence in ("bulk", "junk") and not to_list,
        "newsletter": bool(section.first("list-unsubscribe")) and not to_list and not answers,
        "caught in a loop": bool(section.first("x-loop")) and not to_list,
    }
    return next((reason for reason, holds in verdicts.items() if holds), "")


def _by_subject(subject: str, text: str) -> str:
    if _REPLY_SUBJECT.match(subject):
        return "out of office"
    if _BOUNCE_SUBJECT.match(subject):
        return "delivery report"
    receipt = _READ_SUBJECT.match(subject) and len(words(text[:3000])) < 60 and re.search(r"\d{1,2}:\d{2}", text[:3000])
    return "read receipt" if receipt else ""


def _by_text(subject: str, text: str, sender: Address | None) -> str:
    others = _OTHERS_WORDS.search(text)
    opening = text[: min(others.start() if others else 1200, 1200)]
    robot = _ROBOT.fullmatch(_local(sender)) is not None
    numbered = _TICKET_NUMBER.search(subject) is not None
    ticket = _TICKET_TEXT.search(opening[:600]) is not None
    short = len(words(opening)) < 130
    away = _REPLY.match(subject) and short and _AWAY.search(opening[:400]) and _AWAY_TOO.search(opening)
    verdicts = {
        "notice of a machine": _MACHINE_TEXT.search(opening) is not None and (robot or numbered or ticket),
        "notice of a ticket system": ticket and (robot or (numbered and short)),
        "sent by an address that takes no answers": robot,
        "out of office": bool(away),
    }
    return next((reason for reason, holds in verdicts.items() if holds), "")


def _local(sender: Address | None) -> str:
    return sender.email.rpartition("@")[0] if sender else ""
