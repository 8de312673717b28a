"""Who answers what, what replaces what: on small invented threads with the findings given."""

from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mailsync.extract.affinity import items
from mailsync.extract.links import candidates, link
from mailsync.extract.naming import entry_id
from mailsync.model.entry import Kind, State, Tier, Topic, state_on
from mailsync.model.people import Side
from mailsync.model.thread import Correction
from tests.extract.voices import ANNA, BACKGROUND, BEN, START, US, Say, heard, linked

OFFER = Say("We could build the booking page for $4,800 in three weeks.", Kind.PROPOSAL, terms={"amount": "4800 USD"})
LOGO = Say("Could you send the logo by Friday?", Kind.REQUEST, ANNA, terms={"due": "2026-03-06"})
LIST = (
    Say("The booking page costs 900 EUR.", Kind.DECISION, number="1", terms={"amount": "900 EUR"}),
    Say("Photos come from your side.", Kind.DECISION, number="2"),
    Say("We launch on 20 April.", Kind.DECISION, number="3", terms={"due": "2026-04-20"}),
)


def last(entry):
    """Return where an entry stands at last."""
    return entry.steps[-1].state


def test_a_bare_yes_answers_the_offer_before_it():
    """A yes that names nothing answers the other side's offer, which is agreed from that day."""
    log = linked(heard((0, US, [OFFER]), (1, ANNA, [Say("Yes, go ahead.", Kind.APPROVAL)])))

    yes, offer = log["Yes, go ahead."], log[OFFER.quote]
    assert yes.answers == offer.id
    assert yes.answers_all == (offer.id,)
    assert [step.state for step in offer.steps] == [State.OPEN, State.AGREED]
    assert (offer.steps[1].at, offer.steps[1].by) == (START + timedelta(days=1), yes.id)


def test_a_refusal_names_its_matter():
    """Of two offers the one whose words the refusal shares is rejected; the other is not touched by it."""
    backup = Say("We suggest a second backup in Montreal.", Kind.PROPOSAL)
    no = Say("A second backup is out of the question.", Kind.REJECTION)

    log = linked(heard((0, US, [backup, OFFER]), (1, ANNA, [no])))

    assert log[no.quote].answers == log[backup.quote].id
    assert last(log[backup.quote]) is State.REJECTED
    assert last(log[OFFER.quote]) is not State.AGREED


def test_a_delivery_fulfils_the_promise_and_the_request_behind_it():
    """What was asked, promised and sent is done on both lines, and the promise had made the request agreed."""
    promise = Say("You will get the logo on Thursday.", Kind.COMMITMENT, ANNA, terms={"due": "2026-03-05"})
    sent = Say("Here is the logo as promised.", Kind.FULFILMENT)

    log = linked(heard((0, US, [LOGO]), (1, ANNA, [promise]), (3, ANNA, [sent])))

    assert log[sent.quote].answers in {log[promise.quote].id, log[LOGO.quote].id}
    assert last(log[promise.quote]) is State.DONE
    assert [step.state for step in log[LOGO.quote].steps] == [State.OPEN, State.AGREED, State.DONE]


@pytest.mark.parametrize(
    ("answer", "settled"),
    [
        ("1 and 3 are fine.", (0, 2)),
        ("3 is fine.", (2,)),
        ("Points 2 and 3 ok.", (1, 2)),
        ("No. 1: agreed.", (0,)),
        ("2, 3: yes", (1, 2)),
    ],
)
def test_numbers_lead_to_the_numbered_items(answer, settled):
    """An answer that names list numbers settles exactly these, the first named first."""
    log = linked(heard((0, US, LIST), (1, ANNA, [Say(answer, Kind.APPROVAL)])))

    assert log[answer].answers_all == tuple(log[LIST[n].quote].id for n in settled)


def test_a_numbered_answer_goes_to_its_number():
    """An answer that is itself item 2 of a list answers item 2."""
    log = linked(heard((0, US, LIST), (1, ANNA, [Say("Certainly not.", Kind.REJECTION, number="2")])))

    assert log["Certainly not."].answers == log[LIST[1].quote].id


def test_yes_to_all_leaves_out_what_is_set_apart():
    """A yes to all points, but no to the third, settles the first two; the third stands rejected."""
    yes = Say("All points are correct.", Kind.APPROVAL)
    no = Say("Only 20 April is too early.", Kind.REJECTION)

    log = linked(heard((0, US, LIST), (1, ANNA, [yes, no])))

    assert log[yes.quote].answers_all == (log[LIST[0].quote].id, log[LIST[1].quote].id)
    assert log[no.quote].answers == log[LIST[2].quote].id
    assert last(log[LIST[2].quote]) is State.REJECTED


def test_inline_answers_go_to_the_words_quoted_above():
    """The quotation above an answer decides, whatever the answer's own words resemble."""
    says = [
        Say("If we must.", Kind.APPROVAL, answering=LIST[2].quote),
        Say("We launch that, yes.", Kind.APPROVAL, answering=LIST[1].quote),
    ]

    log = linked(heard((0, US, LIST), (1, ANNA, says)))

    assert log["If we must."].answers == log[LIST[2].quote].id
    assert log["We launch that, yes."].answers == log[LIST[1].quote].id


def test_a_correction_replaces_the_item():
    """A refusal with new terms beside it leaves the old item replaced and the new terms linked to it."""
    no = Say("No, the launch on 20 April is too early.", Kind.REJECTION)
    new = Say("Let us launch on 4 May instead.", Kind.PROPOSAL, terms={"due": "2026-05-04"})
    old = Say("We could launch on 20 April.", Kind.PROPOSAL, terms={"due": "2026-04-20"})

    log = linked(heard((0, US, [old]), (1, ANNA, [no, new]), (2, US, [Say("4 May it is.", Kind.APPROVAL)])))

    assert log[no.quote].answers == log[old.quote].id
    assert log[new.quote].replaces == log[old.quote].id
    assert last(log[old.quote]) is State.REPLACED
    assert log["4 May it is."].answers == log[new.quote].id
    assert last(log[new.quote]) is State.AGREED


def test_the_same_promise_twice_is_one_entry_with_two_pieces_of_evidence():
    """Saying it again adds evidence to the first entry and makes no second one."""
    promise = Say("I will send you the signed contract by Friday.", Kind.COMMITMENT, ANNA, terms={"due": "2026-03-06"})
    again = Say("I will send you the signed contract on Friday!", Kind.COMMITMENT, ANNA, terms={"due": "2026-03-06"})

    entries = link("t1", heard((0, ANNA, [promise]), (2, ANNA, [again])), BACKGROUND)

    assert [entry.finding.evidence.quote for entry in entries] == [promise.quote]
    assert [evidence.quote for evidence in entries[0].also] == [again.quote]
    assert entries[0].also[0].message_id == "m1@mail.example"


def test_another_date_is_no_repetition():
    """The same words with another day are a new entry, for the terms have changed."""
    promise = Say("I will send you the signed contract by the 6th.", Kind.COMMITMENT, ANNA, terms={"due": "2026-03-06"})
    later = Say("I will send you the signed contract by the 9th.", Kind.COMMITMENT, ANNA, terms={"due": "2026-03-09"})

    log = linked(heard((0, ANNA, [promise]), (5, ANNA, [later])))

    assert log[later.quote].replaces == log[promise.quote].id
    assert log[promise.quote].also == ()


@pytest.mark.parametrize(
    ("sender", "vague", "weak"),
    [
        (ANNA, (), ""),
        (BEN, (), "this person does not decide"),
        (ANNA, ("wording: should be fine",), "vague: wording: should be fine"),
    ],
)
def test_a_weak_yes_is_kept_and_moves_nothing(sender, vague, weak):
    """A yes from somebody who does not decide, or with a door left open, is linked, but the offer stays open."""
    yes = Say("That should be fine.", Kind.APPROVAL, terms={"vague": vague})

    log = linked(heard((0, US, [OFFER]), (1, sender, [yes])))

    assert log[yes.quote].answers == log[OFFER.quote].id
    assert log[yes.quote].weak == weak
    assert last(log[OFFER.quote]) is (State.OPEN if weak else State.AGREED)


def test_a_doubtful_author_agrees_nothing():
    """A yes whose author may be forged, or who is nobody of the client's, is kept weak with the reason."""
    forged = "the server that received it says dmarc=fail: the sender may be forged"
    offer, yes = heard((0, US, [OFFER]), (1, ANNA, [Say("Yes, go ahead.", Kind.APPROVAL)]))
    yes = replace(yes, read=replace(yes.read, message=replace(yes.read.message, troubles=(forged,))))
    stranger = heard((0, US, [OFFER]), (1, "x@third.example", [Say("Yes, go ahead.", Kind.APPROVAL)]))

    assert linked([offer, yes])["Yes, go ahead."].weak == forged
    assert linked(stranger)["Yes, go ahead."].weak == "not one of the client's people"
    assert last(linked([offer, yes])[OFFER.quote]) is last(linked(stranger)[OFFER.quote]) is State.OPEN


@pytest.mark.parametrize("kind", [Kind.COMMITMENT, Kind.DECISION, Kind.REQUEST, Kind.REJECTION])
def test_whatever_a_doubtful_author_says_bears_the_doubt(kind):
    """A promise or decision in somebody's name is marked like a yes."""
    forged = "the server that received it says dmarc=fail: the sender may be forged"
    [said] = heard((0, ANNA, [Say("The price is 100 EUR now.", kind)]))
    said = replace(said, read=replace(said.read, message=replace(said.read.message, troubles=(forged,))))

    assert linked([said])["The price is 100 EUR now."].weak == forged


@pytest.mark.parametrize(
    "answer", ["2 May works for us.", "We can do it in 2 hours, fine.", "Fine on 2 May.", "2,5 days are ok."]
)
def test_a_date_or_quantity_is_no_list_number(answer):
    """The number of a day or an amount does not lead to the item of that number alone."""
    yes = Say(answer, Kind.APPROVAL, answering=LIST[2].quote)

    assert (
        linked(heard((0, US, LIST), (1, ANNA, [yes])))[answer].answers == linked(heard((0, US, LIST)))[LIST[2].quote].id
    )


def test_a_promise_kept_and_made_again_is_a_new_one():
    """Saying the same after it was done undertakes it once more."""
    promise = Say("I will send you the signed weekly report.", Kind.COMMITMENT, US)
    mails = heard(
        (0, US, [promise]), (1, US, [Say("The signed weekly report is attached.", Kind.FULFILMENT)]), (7, US, [promise])
    )

    states = [last(e) for e in link("t1", mails, BACKGROUND) if e.finding.kind is Kind.COMMITMENT]

    assert states == [State.DONE, State.OPEN]


def test_ids_depend_on_the_evidence_alone():
    """An entry keeps its id when the thread grows and when it is read by itself."""
    mails = [
        (0, US, [OFFER, LOGO]),
        (1, ANNA, [Say("Yes, go ahead.", Kind.APPROVAL)]),
        (2, US, [Say("Thanks, done.", Kind.FULFILMENT)]),
    ]

    short = [entry.id for entry in link("t1", heard(*mails[:1]), BACKGROUND)]
    full = [entry.id for entry in link("other", heard(*mails), BACKGROUND)]

    assert full[:2] == short
    assert len(set(full)) == 4


def test_people_have_the_last_word():
    """A removed entry vanishes and attracts no answer; a changed field wins; the id stays."""
    mails = heard((0, US, [OFFER, LOGO]), (1, ANNA, [Say("Yes, go ahead.", Kind.APPROVAL)]))
    offer, logo, _ = link("t1", mails, BACKGROUND)
    corrections = (
        Correction(entry=offer.id, at=START, removed=True),
        Correction(entry=logo.id, at=START, changes=(("due", "2026-03-09"), ("kind", "commitment"))),
        Correction(entry=logo.id, at=START + timedelta(hours=1), changes=(("due", "2026-03-10"), ("topic", "access"))),
        Correction(entry="nobody", at=START, changes=(("due", "2026-03-10"),)),
    )

    changed, yes = link("t1", mails, replace(BACKGROUND, corrections=corrections))

    assert changed.id == logo.id
    assert changed.finding.kind is Kind.COMMITMENT
    assert changed.finding.terms.due == "2026-03-10"
    assert changed.finding.terms.topic is Topic.ACCESS
    assert yes.answers != offer.id


def test_nonsense_in_a_correction_changes_nothing():
    """A value that no field can take leaves the entry as it was read."""
    mails = heard((0, US, [LOGO]))
    entry = link("t1", mails, BACKGROUND)[0]
    odd = Correction(
        entry=entry.id, at=START, changes=(("due", "soon"), ("kind", "wish"), ("tier", "x"), ("topic", None))
    )

    assert link("t1", mails, replace(BACKGROUND, corrections=(odd,)))[0] == entry


def test_a_correction_can_clear_and_promote():
    """None clears a field, and a suggestion can be taken into the log or given to another client."""
    mails = heard((0, US, [LOGO]))
    entry = link("t1", mails, BACKGROUND)[0]
    changes = (("due", None), ("tier", "suggestion"), ("client", "other"), ("owner", None))

    changed = link(
        "t1", mails, replace(BACKGROUND, corrections=(Correction(entry=entry.id, at=START, changes=changes),))
    )[0]

    assert changed.finding.terms.due is None
    assert changed.finding.tier is Tier.SUGGESTION
    assert changed.finding.owner is None
    assert changed.client == "other"


def test_a_message_delivered_twice_counts_once():
    """Two copies of one message give its entries once."""
    one = heard((0, US, [OFFER]))

    assert len(link("t1", [*one, *one], BACKGROUND)) == 1


KINDS = st.sampled_from(Kind)
QUOTES = st.text(st.sampled_from("abc 12.,€ßé\u202e\U0001f600"), min_size=1, max_size=40)
SAYS = st.builds(
    Say,
    quote=QUOTES,
    kind=KINDS,
    number=st.sampled_from(["", "1", "2"]),
    answering=st.sampled_from(["", "a b c", "12"]),
    terms=st.fixed_dictionaries(
        {
            "due": st.sampled_from([None, "2026-03-04", "2026-03-08T10:00:00+01:00"]),
            "amount": st.sampled_from([None, "12 EUR"]),
        }
    ),
)


@settings(max_examples=120, deadline=None)
@given(
    st.lists(
        st.tuples(st.integers(0, 9), st.sampled_from([US, ANNA, BEN, "x@third.example"]), st.lists(SAYS, max_size=4)),
        max_size=7,
    )
)
def test_any_thread_can_be_linked(mails):
    """Whatever was found: links lead to earlier entries, states stand in order of time, nothing is said twice."""
    mails = sorted(mails, key=lambda mail: mail[0])

    entries = link("t1", heard(*mails), BACKGROUND)

    place = {entry.id: n for n, entry in enumerate(entries)}
    assert len(place) == len(entries)
    for n, entry in enumerate(entries):
        assert entry.id == entry_id(entry.finding)
        assert all(place[other] < n for other in (*entry.answers_all, *filter(None, [entry.replaces])))
        assert entry.answers == (entry.answers_all[0] if entry.answers_all else None)
        assert [step.at for step in entry.steps] == sorted(step.at for step in entry.steps)
        assert bool(entry.steps) == (state_on(entry, date(2030, 1, 1)) is not None)
        assert State.OVERDUE not in {step.state for step in entry.steps}
    assert entries == link("t1", heard(*mails), BACKGROUND)


def test_a_long_thread_costs_no_more_than_its_length():
    """Every answer is compared with a bounded number of entries, however long the thread."""
    mails = heard(
        *(
            (n, US if n % 2 else ANNA, [Say(f"We deliver part {n} of the page.", Kind.COMMITMENT)] * 1)
            for n in range(300)
        )
    )
    found, _ = items(mails, [[(entry_id(f), f) for f in h.findings] for h in mails])
    shelf = {word: list(range(300)) for word in found[0].words}

    assert max(len(candidates(n, found, shelf)) for n in range(300)) <= 64


def test_sides_come_from_the_circle():
    """An address outside the circle is a third party's and answers nobody's promise as its own."""
    log = linked(heard((0, "x@third.example", [Say("We deliver the cable on Monday.", Kind.COMMITMENT)])))

    assert log["We deliver the cable on Monday."].finding.side is Side.THIRD
