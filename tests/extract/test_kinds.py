"""Which kinds statements carry, on invented mail."""

from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mailsync.extract.kinds import MOST, findings
from mailsync.extract.lexicon import lexicon
from mailsync.extract.model import KINDS, probabilities, shipped, spoke
from mailsync.extract.rules import RULES
from mailsync.model.entry import Kind, Tier
from mailsync.model.mail import Address, Message, Span, Statement
from mailsync.model.people import Circle, Client
from mailsync.model.thread import Background, Heard, ReadMessage

ME, YOU = Address(email="me@studio.example", name="Ann Lee"), Address(email="you@client.test", name="Bo Ray")
BACKGROUND = Background(circle=Circle(own=(ME.email,), clients=(Client(key="c", name="C", domains=("client.test",)),)))


def heard(*sentences, sender=ME, language="en", unread="", name="m"):
    """Return a message of these sentences as heard."""
    text = "\n".join(sentences)
    message = Message(
        digest=name,
        message_id=name,
        sender=sender,
        to=(YOU if sender == ME else ME,),
        sent_at=datetime(2026, 3, 2, 9, tzinfo=UTC),
        subject="",
        text=text,
    )
    said, start = [], 0
    for place, quote in enumerate(sentences):
        said.append(Statement(span=Span(start, start + len(quote)), quote=quote, place=place, of=len(sentences)))
        start += len(quote) + 1
    return Heard(
        read=ReadMessage(message=message, passages=(), language=language, unread=unread), statements=tuple(said)
    )


def found(mail, earlier=()):
    """Return what is found in a message after earlier ones."""
    return findings(mail.read, mail.statements, BACKGROUND, earlier)


@pytest.mark.parametrize(
    ("quote", "language", "kind"),
    [
        ("I'll send you the wireframes by Friday.", "en", Kind.COMMITMENT),
        ("Could you send me the logo by Wednesday?", "en", Kind.REQUEST),
        ("I suggest we move the launch to 12 May.", "en", Kind.PROPOSAL),
        ("We can't accept that price.", "en", Kind.REJECTION),
        ("The invoice is attached.", "en", Kind.FULFILMENT),
        ("The checkout is broken and nobody can log in.", "en", Kind.ISSUE),
        ("Ich schicke Ihnen den Entwurf bis Freitag.", "de", Kind.COMMITMENT),
        ("Bitte schicken Sie mir die Unterlagen bis Mittwoch.", "de", Kind.REQUEST),
        ("Anbei die Rechnung.", "de", Kind.FULFILMENT),
        ("Pouvez-vous m'envoyer les photos avant vendredi ?", "fr", Kind.REQUEST),
        ("Je vous propose de décaler la livraison au 12 mai.", "fr", Kind.PROPOSAL),
        ("¿Me puede mandar el logo antes del viernes?", "es", Kind.REQUEST),
        ("Le mando el presupuesto el lunes.", "es", Kind.COMMITMENT),
    ],
)
def test_plain_sentences(quote, language, kind):
    """A plain sentence of each kind is found in its language."""
    assert kind in {
        one.kind for one in found(heard(quote, language=language, sender=YOU if kind is Kind.ISSUE else ME))
    }


@pytest.mark.parametrize(
    "quote",
    ["How are you?", "Happy to help.", "The weather was lovely on the coast.", "Feel free to call any time."],
)
def test_nothing_agreed(quote):
    """Courtesies and small talk carry nothing."""
    assert found(heard(quote)) == ()


def test_yes_means_what_it_answers():
    """A bare yes is an approval after an offer, and surer so than after small talk."""
    offer = heard("Shall we move the launch to 12 May?", "It would cost $400 more.", name="a")
    chat = heard("The weather was lovely on the coast.", name="b")
    yes = heard("Yes, please do.", sender=YOU)
    after_offer = {one.kind: one.confidence for one in found(yes, (offer,))}
    after_chat = {one.kind: one.confidence for one in found(yes, (chat,))}
    assert after_offer[Kind.APPROVAL] > after_chat.get(Kind.APPROVAL, 0)


def test_unread_message():
    """A message that was not read brings nothing, whatever it says."""
    assert found(heard("I'll send it by Friday.", unread="automatic: out of office")) == ()


def test_finding_stands_on_its_words():
    """A finding carries place and words of its statement, who speaks, and what spoke for it."""
    mail = heard("Hello Bo,", "I'll send you the wireframes by Friday.")
    (one,) = [f for f in found(mail) if f.kind is Kind.COMMITMENT]
    span = one.evidence.span
    assert mail.read.message.text[span.start : span.end] == one.evidence.quote == mail.statements[1].quote
    assert (one.who, one.owner) == (ME.email, ME.email)
    assert one.terms.due == "2026-03-06"
    assert one.because
    assert one.tier in (Tier.LOG, Tier.SUGGESTION)


def test_tiers_follow_confidence():
    """What is sure enough for the log is surer than any suggestion of its kind."""
    model = shipped()
    assert all(
        log >= suggest
        for scale in (model.first, model.reply)
        for log, suggest in zip(scale.log, scale.suggest, strict=True)
    )


def test_same_again():
    """The same message gives the same findings."""
    mail = heard("I'll send it by Friday, and please confirm the price of $400.")
    assert found(mail) == found(mail)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.text(max_size=200), max_size=5), st.sampled_from(["en", "de", "fr", "es", "it", ""]))
def test_hostile_mail(sentences, language):
    """Whatever stands in a mail, findings come back in order, at most two a statement, sure between 0 and 1."""
    mail = heard(*sentences, language=language)
    result = found(mail)
    assert [f.evidence.span.start for f in result] == sorted(f.evidence.span.start for f in result)
    assert all(0 <= f.confidence <= 1 for f in result)
    assert len(result) <= MOST * len(sentences)


def test_rules_speak_of_known_cues():
    """Every cue that a rule names is one of the English file or a mark that the reader makes."""
    cues, pending = set(), [lexicon("en").trie]
    while pending:
        node = pending.pop()
        cues.update(node.get("\0", ()))
        pending.extend(child for key, child in node.items() if key != "\0")
    marks = {"?", "short", "when", "list", "answers:offer", "<money>", *(f"lead:{kind}" for kind in Kind)}
    named = {tag.partition("/")[0] for rule in RULES for tag in (*rule.one_of, *rule.needs, *rule.bars)}
    assert named <= cues | marks


def test_model_knows_nothing_of_strangers():
    """Features the model never saw leave the bias; none speak."""
    model = shipped()
    chances = probabilities(model, model.first, [["no such feature"], []])
    assert chances.shape == (2, len(KINDS))
    assert (chances[0] == chances[1]).all()
    assert spoke(model, ["no such feature"], Kind.ISSUE) == []
