"""Terms of single statements, sent on Monday 2 March 2026, 10:00 in Berlin."""

from datetime import datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailsync.extract.terms import terms
from mailsync.model.entry import Kind, Terms, Topic
from mailsync.model.mail import Span, Statement
from mailsync.model.people import WorkingHours

SENT = datetime(2026, 3, 2, 10, 0, tzinfo=timezone(timedelta(hours=1)))
PROMISE, REQUEST, OFFER, CHOICE = Kind.COMMITMENT, Kind.REQUEST, Kind.PROPOSAL, Kind.DECISION


def read(text: str, kind: Kind = PROMISE, language: str = "en", context=(), sent=SENT) -> Terms:
    """Return the terms of an invented statement."""
    statement = Statement(span=Span(0, len(text)), quote=text)
    return terms(statement, kind, sent=sent, language=language, hours=WorkingHours(), context=context)


def test_due_with_its_words():
    """A due date comes with the exact words it was read from."""
    found = read("You get the draft by Friday, promised.")

    assert (found.due, found.due_words) == ("2026-03-06", "by Friday")


@pytest.mark.parametrize("kind", [Kind.REJECTION, Kind.ISSUE, Kind.FULFILMENT])
def test_never_due(kind):
    """Refusals, problems and reports are not due, whatever dates they name."""
    assert read("The 12 March slot, by Friday at the latest.", kind).due is None


@pytest.mark.parametrize(
    ("text", "kind", "due"),
    [
        ("We begin on 16 March and are out of your way by Friday the 27th.", OFFER, "2026-03-27"),
        ("Shift it from March 27 to April 3, please.", OFFER, "2026-04-03"),
        ("April 3 instead of March 27 is fine.", Kind.APPROVAL, "2026-04-03"),
        ("Would you run off the Friday dockets on Wednesday?", REQUEST, "2026-03-04"),
        ("Send it until Wednesday, because Thursday I sit with the bank.", REQUEST, "2026-03-04"),
        ("I order on 9 March, so that all is there before the fair in May.", PROMISE, "2026-03-09"),
        ("From today nobody but me approves money.", CHOICE, None),
        ("All new spending is frozen until June.", CHOICE, None),
        ("The contract runs for three weeks.", CHOICE, None),
        ("I keep the old disk for three weeks.", PROMISE, "2026-03-23"),
    ],
)
def test_which_date(text, kind, due):
    """Of several dates the one that limits the act counts; what is left behind or only lasts does not."""
    assert due == read(text, kind).due


@pytest.mark.parametrize(
    ("text", "kind", "due"),
    [
        ("If you send the logo by Tuesday, I can launch on Thursday.", PROMISE, "2026-03-05"),
        ("Should we miss the 14th, you get the money back.", PROMISE, None),
        ("The dates go in if the list is here by 18 March.", PROMISE, None),
        ("That only works if the file reaches us by Friday.", REQUEST, "2026-03-06"),
        ("Unless one of you objects by Friday, I go on.", PROMISE, "2026-03-06"),
    ],
)
def test_dates_of_conditions(text, kind, due):
    """A date of the condition alone is no due date, except where the condition is the request, or waits for silence."""
    found = read(text, kind)

    assert (due, True) == (found.due, found.conditional)


def test_order_and_promise():
    """In "do this, and I do that" each kind has its own date, and the promise is conditional."""
    text = "Send the text by Wednesday, and I'll have the page up on Friday."

    assert read(text, PROMISE).due == "2026-03-06"
    assert read(text, PROMISE).conditional
    assert read(text, REQUEST).due == "2026-03-04"


def test_leaning_on_context():
    """Who answers an offer means its month; a new task's bare day is the next one, unless it was named in full."""
    context = ("How about Saturday 11 April?", "The 11th is out, I fear.")

    assert read("Might we look at the 25th instead?", OFFER, context=context).due == "2026-04-25"
    assert read("I need it by the 25th.", REQUEST, context=context).due == "2026-03-25"
    assert read("I need the keys by the 11th.", REQUEST, context=context).due == "2026-04-11"


def test_time_of_the_day_spoken_of():
    """A time of day alone belongs to the day spoken of just before."""
    assert read("I'm there at two.", context=("Thursday 12 March it is.",)).due == "2026-03-12T14:00:00+01:00"


def test_ambiguous_dates():
    """An ambiguous date keeps its readings, the likelier first."""
    found = read("Ready by next Friday.")

    assert (found.due, found.due_choices) == ("2026-03-13", ("2026-03-13", "2026-03-06"))


@pytest.mark.parametrize(
    ("text", "kind", "amount"),
    [
        ("That is 46 hours, so $6,440 at the contract rate.", OFFER, "6440 USD"),
        ("We can go from £11.90 to £10.75 per seat.", OFFER, "10.75 GBP"),
        ("It is £6,480 plus VAT, down from £9,340.", OFFER, "6480 GBP"),
        ("We would need 12 more hours.", OFFER, "12 h"),
        ("I answer within 48 hours.", PROMISE, None),
        ("At 12% we have a deal.", OFFER, "12 %"),
        ("The page says 80% off.", Kind.ISSUE, None),
        ("You get all 43 mailboxes of invoice 114.", PROMISE, None),
    ],
)
def test_amounts(text, kind, amount):
    """Money counts before hours before percentages; a length of time is no amount."""
    assert amount == read(text, kind).amount


@pytest.mark.parametrize(
    ("text", "amount"),
    [
        ("380 is ok.", "380 EUR"),
        ("Would you do it for 250?", "250 EUR"),
        ("There are 380 users.", "380 EUR"),
        ("We have 12 users.", None),
    ],
)
def test_amounts_repeated(text, amount):
    """A price of an earlier sentence may be repeated, or bargained with, without its unit."""
    assert amount == read(text, OFFER, context=("That would be 380 € a month.",)).amount


def test_local_dollar():
    """A dollar sign is read by where the message was written."""
    adelaide = datetime(2026, 3, 2, 10, 0, tzinfo=timezone(timedelta(hours=10, minutes=30)))

    assert read("I halve it to $730.", OFFER, sent=adelaide).amount == "730 AUD"


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("en", "We go ahead provided you sign."),
        ("en", "I start once Hank has signed."),
        ("en", "Three weeks from your order."),
        ("en", "I won't start until you confirm."),
        ("de", "Ich schicke die Liste, sobald die Halle bestätigt hat."),
        ("de", "Liegt die Unterschrift vor, läuft der Abgleich."),
        ("fr", "On commence dès réception de la commande."),
        ("es", "Si nadie cambia de idea, abrimos."),
        ("it", "Le foto le scatto io, se mi lascia la sala."),
        ("nl", "Wij beginnen zodra u tekent."),
    ],
)
def test_conditional(language, text):
    """Statements that hang on a condition say so in every language."""
    assert read(text, language=language).conditional


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("en", "I'll do it even if it rains."),
        ("en", "Please send it once more."),
        ("en", "I'm busy at the moment."),
        ("de", "Bitte möglichst bald, wenn möglich."),
        ("fr", "Envoyez la liste, s'il vous plaît."),
        ("es", "Una vez más, gracias."),
    ],
)
def test_unconditional(language, text):
    """Polite or fixed phrases with an "if" in them are no conditions."""
    assert not read(text, language=language).conditional


@pytest.mark.parametrize(
    ("language", "text", "reason"),
    [
        ("en", "You'll get it soon.", "wording: soon"),
        ("en", "Needs sorting asap please.", "wording: asap"),
        ("en", "Somebody has to sort out the sockets.", "no owner: somebody has to"),
        ("de", "Die Rechnung stellen Sie bitte zeitnah.", "wording: zeitnah"),
        ("fr", "Je m'en occupe dès que possible.", "wording: dès que possible"),
        ("es", "Lo tendrás pronto.", "wording: pronto"),
        ("it", "Lo faccio appena possibile.", "wording: appena possibile"),
    ],
)
def test_vague(language, text, reason):
    """Vague words are named as the reason."""
    assert (reason,) == read(text, language=language).vague


def test_plain_words_are_not_vague():
    """The words "as soon as" open a condition, they do not say "soon"."""
    assert read("I write as soon as six of the eight are used up.").vague == ()


@pytest.mark.parametrize(
    ("text", "kind", "topic"),
    [
        ("Please pay invoice 114 by Friday.", REQUEST, Topic.PAYMENT),
        ("Could you send the DNS credentials and the admin password?", REQUEST, Topic.ACCESS),
        ("The checkout has been broken since noon.", Kind.ISSUE, Topic.QUALITY),
    ],
)
def test_topic(text, kind, topic):
    """Cue words decide what an entry is about."""
    assert topic is read(text, kind).topic


@given(st.text(max_size=200), st.sampled_from(Kind), st.sampled_from(["en", "de", "fr", "es", "it", "nl", "", "xx"]))
def test_anything_may_be_written(text, kind, language):
    """No text makes the reader raise."""
    assert isinstance(read(text, kind, language, context=(text, "on 3 May for 20 EUR")), Terms)
