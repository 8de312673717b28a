"""What people write about when, seen from Wednesday 5 June 2024, 14:30 in London, unless a test says otherwise."""

from datetime import UTC, date, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailsync.model.people import WorkingHours
from mailsync.text.dates import DateFound, DateRole, find_dates
from mailsync.text.symbols import LANGUAGES

SENT = datetime(2024, 6, 5, 14, 30, tzinfo=timezone(timedelta(hours=1)))
NEW_YORK = datetime(2024, 6, 5, 9, 30, tzinfo=timezone(timedelta(hours=-4)))


def only(text: str, language: str = "en", sent: datetime = SENT, **more) -> DateFound:
    """Return the one expression of time in a text."""
    (found,) = find_dates(text, sent, language, **more)
    return found


@pytest.mark.parametrize(
    ("text", "iso"),
    [
        ("We send it by Friday.", "2024-06-07"),
        ("We send it by Wednesday.", "2024-06-12"),
        ("Done by next Friday.", "2024-06-14"),
        ("Ready this Friday.", "2024-06-07"),
        ("Ready Friday week.", "2024-06-14"),
        ("Wednesday of next week suits us.", "2024-06-12"),
        ("Ready by EOD.", "2024-06-05"),
        ("Ready by close of business Thursday.", "2024-06-06"),
        ("We need it by end of week.", "2024-06-07"),
        ("Let us talk next week.", "2024-06-14"),
        ("You get it this week.", "2024-06-07"),
        ("Finished by the end of the month.", "2024-06-30"),
        ("Finished at month end.", "2024-06-30"),
        ("Finished by the end of next month.", "2024-07-31"),
        ("Live by mid-November.", "2024-11-15"),
        ("We do that in September.", "2024-09-30"),
        ("Ready by the end of Q3.", "2024-09-30"),
        ("Ready by the end of the quarter.", "2024-06-30"),
        ("Closed by year end.", "2024-12-31"),
        ("Before the weekend, please.", "2024-06-07"),
        ("Within 10 business days.", "2024-06-19"),
        ("Within three working days.", "2024-06-10"),
        ("In two weeks we start.", "2024-06-19"),
        ("In 3-4 weeks we start.", "2024-07-03"),
        ("Within five to seven business days.", "2024-06-14"),
        ("The week after next is fine.", "2024-06-21"),
        ("In the last week of July.", "2024-07-31"),
        ("The deadline is 06/14.", "2024-06-14"),
        ("Closed 24-26 December.", "2024-12-26"),
        ("A week from today we start.", "2024-06-12"),
        ("Within a fortnight.", "2024-06-19"),
        ("On the 15th we start.", "2024-06-15"),
        ("On the 3rd we start.", "2024-07-03"),
        ("On Tuesday the 18th we start.", "2024-06-18"),
        ("The first of July is fine.", "2024-07-01"),
        ("December the 7th is fine.", "2024-12-07"),
        ("Ready on 12 Aug 2025.", "2025-08-12"),
        ("Ready on 2024-08-12.", "2024-08-12"),
        ("From 3 to 7 July we test.", "2024-07-07"),
        ("From January 2 to 6 we test.", "2025-01-06"),
        ("Monday to Thursday we test.", "2024-06-13"),
        ("Send it every Monday.", "2024-06-10"),
        ("On the first Monday of every month.", "2024-07-01"),
        ("In the first week of November.", "2024-11-01"),
        ("In calendar week 26.", "2024-06-28"),
        ("By Christmas, please.", "2024-12-25"),
        ("Before Easter, please.", "2025-04-20"),
        ("tmrw is fine", "2024-06-06"),
        ("The day after tomorrow is fine.", "2024-06-07"),
        ("Tonight is fine.", "2024-06-05"),
        ("I keep a copy for 30 days.", "2024-07-05"),
    ],
)
def test_english(text, iso):
    """English phrases resolve by the conventions of the log: weeks end on Friday, ranges on their last day."""
    assert iso == only(text).iso


@pytest.mark.parametrize(
    ("language", "text", "iso"),
    [
        ("de", "Bitte bis Freitag.", "2024-06-07"),
        ("de", "Bitte bis kommenden Montag.", "2024-06-10"),
        ("de", "Wir liefern bis Ende nächster Woche.", "2024-06-14"),
        ("de", "Wir liefern bis Monatsende.", "2024-06-30"),
        ("de", "Wir liefern innerhalb von 5 Werktagen.", "2024-06-12"),
        ("de", "Wir liefern binnen einer Woche.", "2024-06-12"),
        ("de", "Wir liefern bis KW 26.", "2024-06-28"),
        ("de", "Wir liefern in der 26. Kalenderwoche.", "2024-06-28"),
        ("de", "Wir liefern am 20. Juni.", "2024-06-20"),
        ("de", "Wir liefern bis zum 18.", "2024-06-18"),
        ("de", "Wir liefern bis 14.11.", "2024-11-14"),
        ("de", "Wir liefern am 14. und 15. August.", "2024-08-15"),
        ("de", "Wir liefern übermorgen.", "2024-06-07"),
        ("de", "Wir liefern bis Mittwoch in einer Woche.", "2024-06-19"),
        ("de", "Bis Pfingsten ist es fertig.", "2025-06-08"),
        ("fr", "Merci de répondre d'ici vendredi.", "2024-06-07"),
        ("fr", "Merci de répondre avant la fin du mois.", "2024-06-30"),
        ("fr", "Nous livrons sous dix jours.", "2024-06-15"),
        ("fr", "Nous livrons le 21.", "2024-06-21"),
        ("fr", "Nous livrons pour le 14 juillet.", "2024-07-14"),
        ("fr", "Nous livrons le 1er août au plus tard.", "2024-08-01"),
        ("fr", "Nous livrons la semaine prochaine.", "2024-06-14"),
        ("es", "Lo necesito para el viernes.", "2024-06-07"),
        ("es", "Lo necesito antes del 24 de julio.", "2024-07-24"),
        ("es", "Lo necesito el día 20 sin falta.", "2024-06-20"),
        ("es", "Lo necesito a más tardar el 15.", "2024-06-15"),
        ("es", "Lo hacemos pasado mañana.", "2024-06-07"),
        ("it", "Mi serve entro venerdì.", "2024-06-07"),
        ("it", "La consegna è il 30 giugno.", "2024-06-30"),
        ("it", "Consegniamo entro 5 giorni lavorativi.", "2024-06-12"),
        ("nl", "We leveren uiterlijk vrijdag.", "2024-06-07"),
        ("nl", "We leveren binnen 5 werkdagen.", "2024-06-12"),
    ],
)
def test_other_languages(language, text, iso):
    """German, French, Spanish, Italian and basic Dutch are read by the same grammar."""
    assert iso == only(text, language).iso


@pytest.mark.parametrize(
    ("language", "text", "iso"),
    [
        ("en", "Friday noon works.", "2024-06-07T12:00:00+01:00"),
        ("en", "See you Thursday at 2pm.", "2024-06-06T14:00:00+01:00"),
        ("en", "See you on the 20th at ten.", "2024-06-20T10:00:00+01:00"),
        ("en", "See you at half past eight tomorrow.", "2024-06-06T08:30:00+01:00"),
        ("en", "By noon tomorrow, please.", "2024-06-06T12:00:00+01:00"),
        ("en", "Call me at 6 p.m.", "2024-06-05T18:00:00+01:00"),
        ("en", "Call me at quarter to six.", "2024-06-05T17:45:00+01:00"),
        ("en", "Monday 17:00 CET works.", "2024-06-10T17:00:00+01:00"),
        ("en", "Monday 17:00 EDT works.", "2024-06-10T17:00:00-04:00"),
        ("en", "Tuesday the 11th between 1 and 4 pm.", "2024-06-11T16:00:00+01:00"),
        ("de", "Bitte bis Freitag, 14 Uhr.", "2024-06-07T14:00:00+01:00"),
        ("de", "Dienstag um halb drei passt.", "2024-06-11T14:30:00+01:00"),
        ("fr", "Pour lundi 9 h, merci.", "2024-06-10T09:00:00+01:00"),
        ("fr", "D'ici vendredi midi, merci.", "2024-06-07T12:00:00+01:00"),
        ("es", "El jueves a las diez va bien.", "2024-06-06T10:00:00+01:00"),
    ],
)
def test_times_of_day(language, text, iso):
    """A time beside a day gives a date-time in the message's own offset, or in the zone that is named."""
    assert iso == only(text, language).iso


@pytest.mark.parametrize(
    "text",
    [
        "May I ask you something?",
        "The cat sat on it.",
        "Give me a second.",
        "That took 10 hours.",
        "We will do it.",
        "The 3rd party confirmed it.",
        "The 2nd draft is better.",
        "Point 1 may be closed.",
        "Support is 24/7.",
        "The invoice is 2024-118.",
        "P1 of version 3.8 is open.",
        "Lunch is on the house.",
        "We march on.",
        "A two-hour window is enough.",
        "This month's fee is paid.",
        "Three weeks from your order.",
    ],
)
def test_no_dates(text):
    """Words that only look like dates are none, and spans that count from an unknown event neither."""
    assert find_dates(text, SENT, "en") == ()


@pytest.mark.parametrize(
    "text",
    [
        "It is broken since Monday.",
        "We met last Friday.",
        "As we said on the call of 3 March.",
        "Yesterday it worked.",
        "As agreed on Tuesday.",
        "On 2 May it worked.",
        "The 14th is off.",
        "Not April 27 of all days.",
        "For every day later than 27 June I pay.",
    ],
)
def test_past_or_refused(text):
    """What lies behind, or is refused, is found but marked."""
    assert DateRole.PAST is only(text).role


def test_condition():
    """A date inside an if-clause is marked, the one that hangs on it is not."""
    first, second = find_dates("If you send the logo by Tuesday, I launch on Thursday.", SENT, "en")

    assert (first.role, first.bounded) == (DateRole.CONDITION, True)
    assert (second.role, second.iso) == (DateRole.POINT, "2024-06-06")


def test_clause_without_comma():
    """A condition also ends where a new subject begins to promise."""
    _, second = find_dates("Unless I hear a no by Monday I'll begin on Tuesday.", SENT, "en")

    assert DateRole.POINT is second.role


@pytest.mark.parametrize(
    ("sent", "iso", "other"), [(SENT, "2024-08-07", "2024-07-08"), (NEW_YORK, "2024-07-08", "2024-08-07")]
)
def test_day_and_month_in_figures(sent, iso, other):
    """The order of an ambiguous numeric date follows the writer's zone, and the other reading is kept."""
    found = only("Due 7/8 at the office.", sent=sent)

    assert (iso, (other,)) == (found.iso, found.choices)


def test_unambiguous_figures():
    """A number above twelve settles the order whatever the zone."""
    found = only("Due 9/21 then.", sent=SENT)

    assert (found.iso, found.choices) == ("2024-09-21", ())


def test_next_weekday_is_ambiguous():
    """Of "next Friday" both readings are kept, the one in the next calendar week first."""
    found = only("By next Friday.")

    assert (found.iso, found.choices) == ("2024-06-14", ("2024-06-07",))


def test_limits_lie_ahead():
    """A limit without a year that went by weeks ago is next year's, one that just went by was missed."""
    assert (only("By 2 April, please.").iso, only("By 2 April, please.").role) == ("2025-04-02", DateRole.DEADLINE)
    assert (only("By 3 June, please.").iso, only("By 3 June, please.").role) == ("2024-06-03", DateRole.PAST)


def test_two_digit_years():
    """Two-digit years from 70 on belong to the last century."""
    assert only("It was due 12/1/99 then.").iso == "1999-01-12"
    assert only("It is due 12/1/26 then.").iso == "2026-01-12"


def test_bare_day_leans_on_what_was_said():
    """A bare day belongs to the month spoken of before."""
    assert only("How about the 25th instead?", first=date(2024, 10, 11)).iso == "2024-10-25"


def test_bare_day_leans_on_its_own_sentence():
    """A bare day after a named month in the same sentence belongs to that month."""
    *_, last = find_dates("I test from August 2 to 6 and you have my report on the 20th.", SENT, "en")

    assert last.iso == "2024-08-20"


def test_by_then():
    """Then is the day spoken of before, and nothing without one."""
    assert only("I need it by then.", first=date(2024, 6, 20)).iso == "2024-06-20"
    assert find_dates("I need it by then.", SENT, "en") == ()


def test_holidays_count():
    """Public holidays are no business days where the hours name a country."""
    sent = datetime(2024, 12, 23, 9, tzinfo=UTC)

    assert only("Within 4 business days.", sent=sent).iso == "2024-12-27"
    assert only("Within 4 business days.", sent=sent, hours=WorkingHours(country="DE")).iso == "2024-12-31"


def test_span_and_words():
    """The words are the exact characters of the text, preposition included."""
    text = "Please send it no later than Friday, 14 June, thanks."
    found = only(text)

    assert "no later than Friday, 14 June" == found.words == text[found.start : found.end]
    assert (found.role, found.bounded) == (DateRole.DEADLINE, True)


@given(st.text(max_size=300), st.sampled_from([*LANGUAGES, ""]))
def test_anything_may_be_written(text, language):
    """No text makes the reader raise, and every span lies in the text."""
    for found in find_dates(text, SENT, language):
        assert found.words == text[found.start : found.end]


WORDS = [
    "by",
    "Friday",
    "next",
    "week",
    "31",
    "February",
    "29.02.",
    "99",
    "at",
    "on",
    "the",
    "30th",
    "of",
    "May",
    "2024",
    "noon",
    "5",
    "12/13",
    "within",
    "999",
    "years",
    "every",
    "month",
    "end",
    "Q4",
    "(",
    ",",
    ".",
    "-",
    "to",
]


@given(st.lists(st.sampled_from(WORDS), max_size=25).map(" ".join))
def test_any_order_of_time_words(text):
    """No heap of words about time makes the reader raise, and what it gives are real dates."""
    for found in find_dates(text, SENT, "en"):
        assert all(datetime.fromisoformat(iso) for iso in (found.iso, *found.choices))


def test_long_input_is_cut():
    """A sentence of a megabyte is read only at its beginning."""
    assert find_dates("by Friday " * 100_000, SENT, "en")[0].iso == "2024-06-07"
