from datetime import UTC, date, datetime, timedelta

import pytest

from mailsync.dossier.agreed import chains, conflicts
from mailsync.ledger.sqlite import open_ledger
from mailsync.model.entry import Kind, State, Topic
from tests.dossier.office import ANNA, BEN, ME, MONDAY, entry, mail, name_of, record, take_in


@pytest.fixture
def asked(tmp_path):
    """Return how to tell a story and get its entries back."""
    ledger = open_ledger(tmp_path / "mailsync.db")

    def tell(mails, entries):
        record(ledger, *entries(*take_in(ledger, *mails)))
        return ledger.entries(client="acme")

    yield tell
    ledger.close()


def on(day):
    """Return the day so many days after the first Monday."""
    return (MONDAY + timedelta(days=day)).date()


def test_versions(ledger):
    """A date that moved is one chain: each version with who proposed and who accepted it, and both messages."""
    found = chains(ledger.entries(client="acme"), date(2026, 3, 20))

    price, delivery = found
    assert (price.topic, delivery.topic) == (Topic.BUDGET, Topic.DEADLINE)
    assert price.versions[0].value == "4800 USD"
    assert price.versions[0].accepted_by == ANNA
    assert price.versions[0].acceptance.finding.evidence.quote == "Agreed, go ahead with the website."
    assert [version.value for version in delivery.versions] == ["2026-03-06", "2026-03-09"]
    assert [version.entry.finding.who for version in delivery.versions] == [ME, ME]
    assert delivery.standing == 1


@pytest.mark.parametrize(
    ("day", "values", "standing"),
    [
        (-1, [], None),
        (0, ["2026-03-06"], 0),
        (5, ["2026-03-06"], 0),
        (7, ["2026-03-06", "2026-03-09"], 1),
        (30, ["2026-03-06", "2026-03-09"], 1),
    ],
)
def test_on_a_day(ledger, day, values, standing):
    """What was agreed on a day is what the messages up to that day say."""
    found = chains(ledger.entries(client="acme"), on(day), [Topic.DEADLINE])

    assert [version.value for chain in found for version in chain.versions] == values
    assert [chain.standing for chain in found] == ([] if standing is None else [standing])


def test_offer_nobody_took(asked):
    """An offer without an answer is shown, and nothing stands; a question alone is no agreement."""
    found = asked(
        [mail("p1", "It would cost 900 EUR. Could you also paint it?", sender=ME, to=ANNA)],
        lambda m: [
            entry(m, "It would cost 900 EUR.", Kind.PROPOSAL, amount="900 EUR", topic=Topic.BUDGET),
            entry(m, "Could you also paint it?", Kind.REQUEST, topic=Topic.SCOPE),
        ],
    )

    [chain] = chains(found, on(1))
    assert (chain.topic, chain.standing, chain.versions[0].accepted_by) == (Topic.BUDGET, -1, "")


def test_weak_yes(asked):
    """A yes that does not count in full is named beside the version, and the version does not stand by it."""
    found = asked(
        [
            mail("w1", "It would cost 900 EUR.", sender=ME, to=ANNA),
            mail("w2", "Sounds good to me.", day=1, sender=BEN, answering="w1"),
        ],
        lambda offer, yes: [
            entry(offer, "It would cost 900 EUR.", Kind.PROPOSAL, amount="900 EUR", topic=Topic.BUDGET),
            entry(yes, "Sounds good to me.", Kind.APPROVAL, answers=(name_of(offer, "It would cost 900 EUR."),),
                  weak="this person does not decide"),
        ],
    )  # fmt: skip

    [chain] = chains(found, on(2))
    assert chain.standing == -1
    assert (chain.versions[0].accepted_by, chain.versions[0].weak) == ("", "this person does not decide")
    assert chain.versions[0].acceptance.finding.who == BEN


def test_silence(asked):
    """Where silence made it agreed, no name is put to it."""
    found = asked(
        [mail("s1", "We go live on 9 March.", sender=ME, to=ANNA), mail("s2", "Thanks.", day=1, answering="s1")],
        lambda said, _: [
            entry(said, "We go live on 9 March.", Kind.DECISION, due="2026-03-09", topic=Topic.DEADLINE,
                  later=((1, State.AGREED, ""),)),
        ],
    )  # fmt: skip

    [chain] = chains(found, on(2))
    assert (chain.standing, chain.versions[0].accepted_by, chain.versions[0].acceptance) == (0, "", None)
    assert chain.versions[0].accepted_at == datetime(2026, 3, 3, 9, 0, tzinfo=UTC)


def two_people(asked, *, agree=False, **second):
    """Tell of two people of the client who want different days."""
    mails = [
        mail("c1", "We need it by 9 March.", sender=ANNA),
        mail("c2", "We need it by 20 March.", day=1, sender=BEN, answering="c1"),
        mail("c3", "Fine, as Ben says.", day=2, sender=ANNA, answering="c2"),
    ]

    def entries(first, other, last):
        wish = entry(other, "We need it by 20 March.", Kind.REQUEST, due="2026-03-20", topic=Topic.DEADLINE, **second)
        yield entry(first, "We need it by 9 March.", Kind.REQUEST, due="2026-03-09", topic=Topic.DEADLINE)
        yield wish
        if agree:
            yield entry(last, "Fine, as Ben says.", Kind.APPROVAL, answers=(wish.id,))

    return asked(mails, lambda *m: list(entries(*m)))


def test_conflict(asked):
    """Two people of the client who want different days are a conflict that names both."""
    [found] = conflicts(two_people(asked), on(3))

    assert {found.first.finding.who, found.second.finding.who} == {ANNA, BEN}
    assert found.topic is Topic.DEADLINE


def test_no_conflict_before(asked):
    """A conflict does not exist on a day before the second one spoke."""
    assert conflicts(two_people(asked), on(0)) == ()


def test_given_way(asked):
    """Once one of them says yes to the other, the conflict is over; before that day it was one."""
    entries = two_people(asked, agree=True)

    assert conflicts(entries, on(3)) == ()
    assert len(conflicts(entries, on(1))) == 1


def test_one_mind(asked):
    """One person who changes their mind is no conflict."""
    found = asked(
        [mail("o1", "We need it by 9 March."), mail("o2", "We need it by 20 March.", day=1, answering="o1")],
        lambda first, other: [
            entry(first, "We need it by 9 March.", Kind.REQUEST, due="2026-03-09", topic=Topic.DEADLINE),
            entry(other, "We need it by 20 March.", Kind.REQUEST, due="2026-03-20", topic=Topic.DEADLINE),
        ],
    )
    assert conflicts(found, on(3)) == ()


def test_refused_by_a_colleague(asked):
    """A no of one person to what a colleague asked for is a conflict."""
    found = asked(
        [mail("r1", "Please add a shop.", sender=ANNA), mail("r2", "No shop.", day=1, sender=BEN, answering="r1")],
        lambda first, no: [
            entry(first, "Please add a shop.", Kind.REQUEST, topic=Topic.SCOPE),
            entry(no, "No shop.", Kind.REJECTION, answers=(name_of(first, "Please add a shop."),)),
        ],
    )
    [one] = conflicts(found, on(3))
    assert (one.topic, one.second.finding.who) == (Topic.SCOPE, BEN)
