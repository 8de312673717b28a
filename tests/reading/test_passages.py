"""Passages: every line has its role, whatever client wrote the mail and in whatever language."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailsync.model.mail import Message, Role
from mailsync.reading.passages import passages
from tests.reading.letters import html_letter, read_letter

#: Each line carries its expected role: a author, q quoted, s signature, n notice, f forwarded; blank lines any.
CASES = {
    "outlook en": """
a Hi Sam,
a The 12th works for us.
a Kind regards,
s Dana Fox
s Head of Shop | Client Ltd
s T +44 20 7946 0991
q From: Sam Reed <sam@studio.example>
q Sent: Friday, February 27, 2026 4:12 PM
q To: Dana Fox <dana@client.example>
q Subject: Shop
q Can you do the 12th?
q Sam
""",
    "outlook de": """
a Hallo Sam,
a der 12. passt.
a Viele Grüße
s Dana Fuchs
q Von: Sam Reed <sam@studio.example>
q Gesendet: Freitag, 27. Februar 2026 16:12
q An: Dana Fuchs
q Betreff: Shop
q Geht der 12.?
""",
    "outlook fr with rule": """
a Bonjour,
a C'est d'accord pour le 12.
a Cordialement,
s Dana Renard
q ________________________________
q De : Sam Reed <sam@studio.example>
q Envoyé : vendredi 27 février 2026 16:12
q À : Dana Renard
q Objet : Boutique
q Le 12 vous irait ?
""",
    "outlook es": """
a Vale, el 12.
q De: Sam Reed <sam@studio.example>
q Enviado el: viernes, 27 de febrero de 2026 16:12
q Para: Dana
q Asunto: Tienda
q ¿El 12?
""",
    "outlook it": """
a Va bene il 12.
q Da: Sam Reed <sam@studio.example>
q Inviato: venerdì 27 febbraio 2026 16:12
q A: Dana
q Oggetto: Negozio
q Il 12?
""",
    "outlook nl": """
a De 12e is goed.
q Van: Sam Reed <sam@studio.example>
q Verzonden: vrijdag 27 februari 2026 16:12
q Aan: Dana
q Onderwerp: Winkel
q De 12e?
""",
    "bold headers of outlook mobile": """
a Fine by me.
s Get Outlook for iOS<https://aka.example/o0ukef>
q ________________________________
q *From:* Sam Reed <sam@studio.example>
q *Sent:* Friday, February 27, 2026 4:12:09 PM
q *To:* Dana Fox <dana@client.example>
q *Subject:* Shop
q Can you do the 12th?
""",
    "original message": """
a OK, approved.
q -----Original Message-----
q From: Sam Reed
q Sent: 27 February 2026 16:12
q To: Dana Fox
q Subject: Shop
q May I go ahead?
""",
    "ursprüngliche nachricht": """
a Freigegeben.
q -----Ursprüngliche Nachricht-----
q Von: Sam Reed
q Darf ich?
""",
    "gmail en": """
a Yes, go ahead.
q On Fri, Feb 27, 2026 at 4:12 PM Sam Reed <sam@studio.example> wrote:
q > May I go ahead?
q >
q > Sam
""",
    "gmail en wrapped attribution": """
a Yes, go ahead.
q On Fri, Feb 27, 2026 at 4:12 PM Samantha Margaret Reed-Whitcombe <
q samantha.reed-whitcombe@studio.example> wrote:
q > May I go ahead?
""",
    "gmail de": """
a Ja, bitte.
q Am Fr., 27. Feb. 2026 um 16:12 Uhr schrieb Sam Reed <sam@studio.example>:
q > Darf ich?
""",
    "gmail fr": """
a Oui, allez-y.
q Le ven. 27 févr. 2026 à 16:12, Sam Reed <sam@studio.example> a écrit :
q > Puis-je ?
""",
    "gmail es": """
a Sí, adelante.
q El vie, 27 feb 2026 a las 16:12, Sam Reed (<sam@studio.example>) escribió:
q > ¿Puedo?
""",
    "gmail it": """
a Sì, procedi.
q Il giorno ven 27 feb 2026 alle ore 16:12 Sam Reed <sam@studio.example> ha scritto:
q > Posso?
""",
    "gmail nl": """
a Ja, doe maar.
q Op vr 27 feb 2026 om 16:12 schreef Sam Reed <sam@studio.example>:
q > Mag ik?
""",
    "apple mail": """
a Good, thanks.
s Dana
q > On 27 Feb 2026, at 16:12, Sam Reed <sam@studio.example> wrote:
q >
q > Shall we?
""",
    "iphone, no marks at all": """
a Yes do it
s Sent from my iPhone
q On 27 Feb 2026, at 16:12, Sam Reed <sam@studio.example> wrote:
q Shall we take the blue one?
q Sam
""",
    "thunderbird de": """
a Machen wir so.
q Am 27.02.26 um 16:12 schrieb Sam Reed:
q > Blau?
s --
s Dana Fuchs
s Beispiel GmbH
""",
    "yahoo": """
a Agreed.
q On Friday, February 27, 2026 at 04:12:09 PM GMT+1, Sam Reed <sam@studio.example> wrote:
q Shall we?
""",
    "gmx": """
a Einverstanden.
q Gesendet: Freitag, 27. Februar 2026 um 16:12 Uhr
q Von: "Sam Reed" <sam@studio.example>
q An: dana@client.example
q Betreff: Shop
q Blau oder rot?
""",
    "zendesk": """
q ##- Please type your reply above this line -##
q You are registered as a CC on this ticket.
""",
    "inline answers": """
q On Fri, Feb 27, 2026 at 4:12 PM Sam Reed <sam@studio.example> wrote:
q > 1. Can we drop the blog?
a Yes.
q > 2. Is 4,800 fine?
a No, 4,500 at most.
s Dana
""",
    "forward en": """
a FYI, see below.
f ---------- Forwarded message ---------
f From: Third Party <t@other.example>
f Date: Thu, Feb 26, 2026 at 9:00 AM
f Subject: Offer
f We will do it for 900.
""",
    "forward apple": """
a Can you look at this?
f Begin forwarded message:
f From: Third Party <t@other.example>
f We will do it for 900.
""",
    "forward de": """
a Zur Info.
f -------- Weitergeleitete Nachricht --------
f Betreff: Angebot
f Wir machen es für 900.
""",
    "banner and disclaimer": """
n [EXTERNAL] This email originated from outside of the organization. Do not click links.
a Please send the invoice.
a Thanks,
s Dana
n This e-mail and any attachments are confidential and intended solely for the addressee.
""",
    "banner de": """
n ACHTUNG: Diese E-Mail stammt von einem externen Absender.
a Bitte schicken Sie die Rechnung.
n Diese E-Mail enthält vertrauliche Informationen und ist ausschließlich für den Adressaten bestimmt.
""",
    "from as a word": """
a From: 1 July we move to the new office.
a To: be honest, I like it.
""",
    "header words in a list": """
a Please note:
a Date: 3 May
a Place: our office
""",
    "bulleted list is no signature": """
a We agreed:
a - Migration on 14 June
a - Budget 4,000
a - Dana sends the copy
""",
    "two dashes above a list": """
a We agreed:
a --
a Migration on 14 June will be done by us and the old shop stays online until then.
a The budget is 4,000 and nothing of the hosting is in it, as we said before.
a The copy comes from Dana and must be here a week before the migration at the latest.
a Sam trains the two editors on the Monday after, from nine to twelve in your office.
a The invoice is payable within thirty days, half of it before we begin with anything.
a The old plugin is not carried over because nobody of us has used it for two years.
a The newsletter is a project of its own, for which Sam makes an offer in the summer.
a The photographs are bought by Client Ltd and Sam only crops them to the right size.
a Access to the shop is for the two editors and for nobody else, not even for Carl.
a The backup is kept for thirty days in another place than the server of the shop.
a Outages at night are looked at in the morning and those of the day within an hour.
a The hours of support that are left over in a month do not move to the next month.
a Each of us may end the contract at the end of a quarter with a notice of six weeks.
a If anything here is wrong, please tell me until Friday so that I can still change it.
a What is not on this list is not in the price and will be offered separately to you.
a I am looking forward to it and hope that the weather holds until we are done with it.
""",
    "signed with pgp": """
n -----BEGIN PGP SIGNED MESSAGE-----
n Hash: SHA256
a We take the 12th.
n -----BEGIN PGP SIGNATURE-----
n iQEzBAEBCAAdFiEE
n -----END PGP SIGNATURE-----
""",
    "signature by name alone": """
a The staging site is up.
s Dana Fox
s Client Ltd, 4 Mill Road, Leeds
s www.client.example
""",
    "postscript": """
a Go ahead.
a Best,
s Dana Fox
a PS: the logo comes tomorrow.
""",
    "mobile de": """
a passt so
s Von meinem iPhone gesendet
""",
    "mobile fr": """
a ok pour moi
s Envoyé de mon iPhone
""",
}


def roles(message: Message, earlier: tuple[Message, ...] = ()) -> list[tuple[str, str]]:
    """Return (role's letter, line) for the lines of `message` that are not blank."""
    return [
        (passage.role.value[0], line.strip())
        for passage in passages(message, earlier)
        for line in message.text[passage.span.start : passage.span.end].split("\n")
        if line.strip()
    ]


@pytest.mark.parametrize("name", CASES)
def test_lines_of_known_clients_get_their_role(name: str) -> None:
    """The marks, attributions and header blocks of common clients are told from the author's words."""
    wanted = [(line[0], line[2:].strip()) for line in CASES[name].strip().split("\n")]
    body, last = "", ""
    for role, line in wanted:
        body += ("\n" if last and role != last else "") + line + "\n"
        last = role
    sender = "Dana Fuchs <dana@client.example>" if "Fuchs" in body else "Dana Fox <dana@client.example>"
    assert roles(read_letter(body, sender=sender)) == wanted


def test_gmail_html_keeps_inline_answers() -> None:
    """An answer between two blockquotes of one gmail_quote is the author's."""
    message = html_letter(
        '<div>See below.</div><div class="gmail_quote"><div class="gmail_attr">On Fri, Sam wrote:<br></div>'
        '<blockquote class="gmail_quote">Is 4,800 fine?</blockquote><div>No, 4,500.</div>'
        '<blockquote class="gmail_quote">And the 12th?</blockquote><div>Yes.</div></div>'
    )
    assert [r for r, _ in roles(message)] == ["a", "q", "q", "a", "q", "a"]


@pytest.mark.parametrize(
    "mark",
    [
        '<div id="divRplyFwdMsg">From: Sam</div><div>Old words of Sam.</div>',
        '<div id="appendonsend"></div><hr><div>Old words of Sam.</div>',
        "<div style='border:none;border-top:solid #E1E1E1 1.0pt'><p>From: Sam</p></div><p>Old words of Sam.</p>",
        "<div style='border:none;border-top:solid #B5C4DF 1.0pt'><p>Von: Sam</p></div><p>Old words of Sam.</p>",
        '<div class="moz-cite-prefix">Am 1.1. schrieb Sam:</div><blockquote type="cite">Old words of Sam.</blockquote>',
        '<div class="yahoo_quoted">Old words of Sam.</div>',
        '<div class="protonmail_quote">Old words of Sam.</div>',
        '<div name="quote">Old words of Sam.</div>',
        '<div class="OutlookMessageHeader">From: Sam</div><blockquote>Old words of Sam.</blockquote>',
        "<blockquote>Old words of Sam.</blockquote>",
    ],
)
def test_html_marks_of_quotations_are_used(mark: str) -> None:
    """What a mail program marks as quoted in HTML is quoted, whatever the words are."""
    message = html_letter(f"<html><body><p>New words of Dana.</p>{mark}</body></html>")
    found = {line: role for role, line in roles(message)}
    assert found["New words of Dana."] == "a"
    assert found["Old words of Sam."] == "q"


def test_an_indented_paragraph_is_no_quotation() -> None:
    """Gmail's and Apple's indenting uses blockquote for the author's own words."""
    message = html_letter(
        '<p>Our terms:</p><blockquote style="margin:0 0 0 40px;border:none;padding:0px">30 days net.</blockquote>'
    )
    assert [r for r, _ in roles(message)] == ["a", "a"]


def test_wording_of_another_author_is_quoted_without_any_mark() -> None:
    """Lines that stand in an earlier message of somebody else are quoted, wrapped as they may be."""
    asked = read_letter(
        "Could you please send us the final copy for the shop before the end of next week?\n",
        sender="Sam Reed <sam@studio.example>",
        extra="Message-ID: <1@studio.example>\n",
    )
    answer = read_letter(
        "Could you please send us the final copy\nfor the shop before the end of next week?\n\nYou'll have it on Monday.\n"
    )
    assert roles(answer, (asked,)) == [
        ("q", "Could you please send us the final copy"),
        ("q", "for the shop before the end of next week?"),
        ("a", "You'll have it on Monday."),
    ]


def test_the_authors_own_repetition_stays_theirs() -> None:
    """Saying one's own earlier sentence again is no quotation."""
    once = read_letter("We need the final copy by Friday at the very latest.\n", extra="Message-ID: <1@c.example>\n")
    again = read_letter("As I said:\nWe need the final copy by Friday at the very latest.\n")
    assert {role for role, _ in roles(again, (once,))} == {"a"}


def test_answers_written_into_an_unmarked_copy_are_the_authors() -> None:
    """Under "see my answers in red", new lines between known ones are the author's."""
    asked = read_letter(
        "May we move the launch to the twelfth of May?\n\nWho pays for the stock photographs in the shop?\n\nThanks a lot for your help with this.\n",
        sender="Sam Reed <sam@studio.example>",
    )
    answer = read_letter(
        "See my answers in red below.\n\nFrom: Sam Reed <sam@studio.example>\nSent: Friday, 27 February 2026\nTo: Dana Fox\nSubject: Shop\n\n"
        "May we move the launch to the twelfth of May?\n\nYes, that is fine with all of us here.\n\nWho pays for the stock photographs in the shop?\n\n"
        "We do.\n\nThanks a lot for your help with this.\n"
    )
    own = [line for role, line in roles(answer, (asked,)) if role == "a"]
    assert "Yes, that is fine with all of us here." in own
    assert "May we move the launch to the twelfth of May?" not in own


def test_a_machines_message_is_one_automatic_passage() -> None:
    """Nothing in an automatic message is anybody's word."""
    message = read_letter("I am away.\n\nDana\n", extra="Auto-Submitted: auto-replied\n")
    assert [p.role for p in passages(message)] == [Role.AUTOMATIC]


@given(st.text(alphabet=st.sampled_from("ab >:-_\n.,@1Fromwte"), max_size=400))
def test_passages_cover_the_text_in_whole_lines(body: str) -> None:
    """Passages touch each other from the first character to the last and end at line ends."""
    message = read_letter(body)
    found = passages(message)
    assert "".join(message.text[p.span.start : p.span.end] for p in found) == message.text
    assert all(message.text[p.span.end - 1] == "\n" for p in found[:-1])
