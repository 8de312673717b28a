"""What every `ports.Ledger` must do; a ledger's own tests inherit this class and give it the fixture `ledger`."""

from dataclasses import replace
from datetime import date, timedelta
from itertools import pairwise

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mailsync.model.draft import DraftState
from mailsync.model.entry import Kind, State, Step, Terms, Tier
from mailsync.model.errors import NotFoundError, StateError
from mailsync.model.event import EventName, Trouble
from mailsync.model.mail import Envelope, Location, Outcome, RawMessage, Sighting
from mailsync.model.ports import Ledger, Recorded
from mailsync.model.thread import Correction
from mailsync.reading.threads import gather, keys, thread_id
from tests.contracts.mailbag import (
    MONDAY,
    NOW,
    draft,
    entry,
    letter,
    log_all,
    mark,
    passed,
    reading,
    seen,
    take_in,
    thread_of,
)

RELAXED = settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)

PIECES = [
    '"a b"',
    "OR",
    "AND",
    "NOT",
    "-x",
    "a*",
    "is:log",
    "state:o",
    "due:<2026",
    "amount:>1",
    "from:a",
    "client:x",
    "before:2026-02-31",
    "due:..",
]
PIECES += ["amount:1..", "on:9999-12", "due:>9999", "has:", "-from:b", "-due:any"]


class LedgerContract:
    """The words of `ports.Ledger` as tests."""

    @pytest.fixture
    def new_ledger(self, ledger):
        """A maker of empty ledgers, for properties that need one for each example."""
        raise NotImplementedError

    # ---- taking in ----

    def test_bytes(self, ledger: Ledger):
        """The bytes that came in are the bytes that are kept, with where they lay."""
        sighting = seen(letter("m1", "Grüße\x00\n.\r\nFrom here"), 4)

        ledger.keep([sighting], mark(4), NOW)

        kept = ledger.raw(sighting.digest)
        assert (sighting.raw.data, sighting.raw.location) == (kept.data, kept.location)

    def test_unknown_bytes(self, ledger: Ledger):
        """Bytes that were never kept are a clear error."""
        with pytest.raises(NotFoundError):
            ledger.raw("0" * 64)

    def test_keep_twice(self, ledger: Ledger):
        """Keeping a batch twice equals keeping it once."""
        batch = [seen(letter("m1"), 1), seen(letter("m2", refs=["m1"]), 2), passed(3)]
        ledger.keep(batch, mark(3), NOW)
        head, counts, threads = ledger.head(), ledger.counts(), ledger.threads()

        ledger.keep(batch, mark(3), NOW)

        assert (head, counts, threads) == (ledger.head(), ledger.counts(), ledger.threads())

    def test_messages_come_back(self, ledger: Ledger):
        """A message comes back as it was parsed, by date, with its client."""
        second = letter("m2", refs=["m1"], at=MONDAY + timedelta(hours=1), files=["plan.pdf"])
        first = letter("m1")
        take_in(ledger, second, first)

        assert [(first, "acme"), (second, "acme")] == ledger.messages(thread_of(ledger, first))

    def test_impossible_characters(self, ledger: Ledger):
        """Half characters in a text cost a question mark each, so that places stay right."""
        message = letter("m1", "Price \ud800 is 5.", subject="\udfff")
        take_in(ledger, message)

        [(kept, _)] = ledger.messages(thread_of(ledger, message))
        assert kept.text == "Price ? is 5."
        assert list(ledger.verify()) == []

    def test_unparsed(self, ledger: Ledger):
        """Bytes that could not be parsed are kept all the same, and counted."""
        whole = seen(letter("m1"), 1)
        broken = replace(whole, message=None, outcome=Outcome.UNREADABLE, reason="no header")

        ledger.keep([broken], mark(1), NOW)

        assert whole.raw.data == ledger.raw(whole.digest).data
        assert ledger.counts()[0].outcomes == {"unreadable": 1}
        assert ledger.unread_threads() == []

    def test_two_folders(self, ledger: Ledger):
        """The same mail in two folders and two accounts is one message."""
        message = letter("m1")
        ledger.keep([seen(message, 1)], mark(1), NOW)
        ledger.keep([seen(message, 9, folder="Archive")], mark(9, folder="Archive"), NOW)
        ledger.keep([seen(message, 3, account="office")], mark(3, account="office"), NOW)

        assert [thread.messages for thread in ledger.threads()] == [1]
        assert sum(count.outcomes["read"] for count in ledger.counts()) == 3

    def test_marks(self, ledger: Ledger):
        """A folder's mark moves forward, and a late writer with an old one does not move it back."""
        ledger.keep([], mark(200), NOW)
        ledger.keep([], mark(100), NOW)

        assert {"INBOX": mark(200)} == ledger.marks("robin")
        assert ledger.marks("somebody else") == {}

    def test_new_uidvalidity(self, ledger: Ledger):
        """Under a new UIDVALIDITY the folder starts over, and the history says so once."""
        ledger.keep([seen(letter("m1"), 200)], mark(200), NOW)
        ledger.keep([], mark(5, uidvalidity=8), NOW)
        ledger.keep([], mark(6, uidvalidity=8), NOW)

        assert ledger.marks("robin")["INBOX"].last_uid == 6
        assert [e.name for e in ledger.events(subject="robin/INBOX")] == [EventName.FOLDER_CHANGED]
        assert ledger.counts()[0].outcomes == {}

    def test_known_elsewhere(self, ledger: Ledger):
        """A body is known again in another folder and after a UIDVALIDITY change."""
        message = letter("m1")
        ledger.keep([seen(message, 1)], mark(1), NOW)

        moved = seen(message, 8, folder="Archive").envelope
        renumbered = seen(message, 9, uidvalidity=8).envelope
        assert {8: message.digest, 9: message.digest} == ledger.known([moved, renumbered])

    def test_known_not(self, ledger: Ledger):
        """Another size, date, account, or no Message-ID at all: the body must be fetched."""
        message = letter("m1")
        ledger.keep([seen(message, 1)], mark(1), NOW)
        there = seen(message, 8, folder="Archive").envelope
        others = (
            replace(there, size=there.size + 1),
            replace(there, internal_date=there.internal_date + timedelta(seconds=1)),
            replace(there, message_id=""),
            seen(message, 8, account="office").envelope,
        )

        assert [ledger.known([other]) for other in others] == [{}] * 4

    def test_second_message_under_one_id(self, ledger: Ledger):
        """Who sends a second message under the first one's id, of its size and date, does not make it invisible."""
        first = seen(letter("m1"), 1)
        ledger.keep([first], mark(1), NOW)

        twin = replace(first.envelope, location=replace(first.envelope.location, uid=2))
        assert ledger.known([twin]) == {}

    def test_known_by_provider(self, ledger: Ledger):
        """A provider's own id tells that a body is kept, whatever the folder."""
        message = letter("m1")
        ledger.keep([seen(message, 1, provider_id="g77")], mark(1), NOW)

        label = replace(seen(message, 5, folder="All", provider_id="g77").envelope, message_id="", size=1)
        assert {5: message.digest} == ledger.known([label])

    def test_known_keeps_outcome(self, ledger: Ledger):
        """A body that is known keeps what became of it, wherever it turns up again."""
        message = letter("m1")
        ledger.keep([seen(message, 1, outcome=Outcome.AUTOMATIC)], mark(1), NOW)
        ledger.keep([seen(message, 2, folder="All", fetched=False)], mark(2, folder="All"), NOW)

        assert [count.outcomes for count in ledger.counts()] == [{"automatic": 1}, {"automatic": 1}]

    def test_passed_over(self, ledger: Ledger):
        """Messages that are not a client's are remembered by UID, until another look makes them one's."""
        ledger.keep([passed(1), seen(letter("m2"), 2), passed(3)], mark(3), NOW)
        assert (ledger.passed_over(mark()), ledger.accounted(mark())) == ([1, 3], [1, 2, 3])

        ledger.keep([seen(letter("private3"), 3)], mark(3), NOW)
        assert ledger.passed_over(mark()) == [1]

    def test_gone(self, ledger: Ledger):
        """What the server no longer has is noted once, stays kept, and is there again when the server has it again."""
        message = letter("m1")
        ledger.keep([seen(message, 1), passed(2)], mark(2), NOW)

        assert (ledger.gone(mark(), []), ledger.gone(mark(), [])) == (2, 0)
        assert ledger.accounted(mark()) == []
        assert ledger.counts()[0].outcomes == {"gone": 2}
        assert message.digest == ledger.raw(message.digest).digest
        assert ledger.gone(mark(), [1, 2]) == 0
        assert ledger.counts()[0].outcomes == {"read": 1, "not a client's": 1}

    def test_vanished(self, ledger: Ledger):
        """A message that vanished before it was fetched is accounted for as gone."""
        place = Location(account="robin", folder="INBOX", uidvalidity=7, uid=1)
        envelope = Envelope(location=place, size=0, internal_date=NOW, message_id="", addresses=())
        ledger.keep([Sighting(envelope=envelope, outcome=Outcome.GONE)], mark(1), NOW)

        assert ledger.counts()[0].outcomes == {"gone": 1}

    def test_files(self, ledger: Ledger):
        """Imported messages are kept once, beside those from a server."""
        first, second = letter("m1"), letter("m2")
        take_in(ledger, first)
        arrivals = [
            (RawMessage(data=s.raw.data, digest=s.digest), s.message, "acme") for s in (seen(first), seen(second))
        ]

        assert (ledger.keep_files(arrivals, "robin", NOW), ledger.keep_files(arrivals, "robin", NOW)) == (1, 0)
        assert len(ledger.threads()) == 2

    def test_polled(self, ledger: Ledger):
        """A poll's time and trouble show in the counts; the next good poll clears the trouble."""
        ledger.polled("robin", "INBOX", NOW)
        ledger.polled("robin", "INBOX", NOW + timedelta(hours=1), trouble="no answer")
        [count] = ledger.counts()
        assert (count.polled_at, count.trouble) == (NOW, "no answer")

        ledger.polled("robin", "INBOX", NOW + timedelta(hours=2))
        [count] = ledger.counts()
        assert (NOW + timedelta(hours=2), "") == (count.polled_at, count.trouble)

    # ---- threads ----

    @RELAXED
    @given(
        tied=st.lists(st.lists(st.integers(0, 7), max_size=3), min_size=2, max_size=8),
        order=st.randoms(use_true_random=False),
        sizes=st.integers(1, 4),
    )
    def test_order_of_arrival(self, new_ledger, tied, order, sizes):
        """Threads and their ids are those that all messages together make, whatever the order of arrival."""
        messages = [
            letter(f"m{n}", at=MONDAY + timedelta(hours=n), refs=[f"m{ref}" for ref in refs if ref != n])
            for n, refs in enumerate(tied)
        ]
        arriving = order.sample(messages, len(messages))
        ledger = new_ledger()
        for start in range(0, len(arriving), sizes):
            take_in(ledger, *arriving[start : start + sizes])

        expected = {thread_id(keys(group[0])): [m.digest for m in group] for group in gather(messages)}
        stored = {t.id: [m.digest for m, _ in ledger.messages(t.id)] for t in ledger.threads()}
        flaws = list(ledger.verify())
        ledger.close()
        assert (expected, []) == (stored, flaws)

    @pytest.mark.parametrize("backwards", [False, True])
    def test_reply_without_references(self, ledger: Ledger, backwards: bool):
        """A reply that names no message joins the one before it of the same subject and people, whichever came first."""
        asked = letter("m1", subject="Invoice for May")
        reply = letter("m2", subject="Re: Invoice for May", at=MONDAY + timedelta(days=1))
        for message in (reply, asked) if backwards else (asked, reply):
            take_in(ledger, message)

        assert [thread.messages for thread in ledger.threads()] == [2]

    def test_same_subject(self, ledger: Ledger):
        """Two letters of the same subject that answer nothing are two threads."""
        take_in(ledger, letter("m1", subject="Invoice"), letter("m2", subject="Invoice", at=MONDAY + timedelta(30)))

        assert len(ledger.threads()) == 2

    def test_join(self, ledger: Ledger):
        """When a message shows that two threads are one, entries and drafts follow, and the old id leads on."""
        early, late = letter("m1"), letter("m3", at=MONDAY + timedelta(days=2))
        take_in(ledger, early, late)
        log_all(ledger, entry(early), entry(late))
        old = thread_of(ledger, late)
        ledger.keep_draft(draft(old), None, NOW)

        take_in(ledger, letter("m2", refs=["m1", "m3"], at=MONDAY + timedelta(days=1)))

        [thread] = ledger.threads()
        assert thread_of(ledger, early) == thread.id == ledger.thread(old).id
        assert len(ledger.entries(thread=thread.id)) == 2
        assert [one.id for one in ledger.drafts(thread=thread.id)] == ["d1"]
        assert [thread.id] == ledger.unread_threads()
        assert list(ledger.verify()) == []

    def test_join_drafts(self, ledger: Ledger):
        """Of two waiting drafts of threads that become one, the one that a person has touched goes on waiting."""
        early, late = letter("m1"), letter("m3", at=MONDAY + timedelta(days=2))
        take_in(ledger, early, late)
        edited = draft(thread_of(ledger, early), "d1", state=DraftState.EDITED)
        ledger.keep_draft(edited, None, NOW)
        ledger.keep_draft(draft(thread_of(ledger, late), "d2"), None, NOW)

        take_in(ledger, letter("m2", refs=["m1", "m3"]))

        states = {one.id: one.state for one in ledger.drafts()}
        assert states == {"d1": DraftState.EDITED, "d2": DraftState.WITHDRAWN}
        assert list(ledger.verify()) == []

    def test_unread_oldest_first(self, ledger: Ledger):
        """Threads await reading oldest first, until they are recorded."""
        late, early = letter("m2", at=MONDAY + timedelta(days=1)), letter("m1")
        take_in(ledger, late, early)
        assert [thread_of(ledger, early), thread_of(ledger, late)] == ledger.unread_threads()

        log_all(ledger)
        assert ledger.unread_threads() == []

    def test_threads(self, ledger: Ledger):
        """Threads are listed newest first, by client and by date."""
        first, last = letter("m1"), letter("m2", subject="Re: Website", refs=["m1"], at=MONDAY + timedelta(days=3))
        other = letter("m3", at=MONDAY + timedelta(days=1), subject="Other")
        take_in(ledger, first, last)
        take_in(ledger, other, client="zeta")

        newest, older = ledger.threads()
        assert ("Website", MONDAY, MONDAY + timedelta(days=3), 2, "robin") == (
            newest.subject,
            newest.first_at,
            newest.last_at,
            newest.messages,
            newest.account,
        )
        assert [older] == ledger.threads(client="zeta")
        assert [newest] == ledger.threads(since=MONDAY + timedelta(days=2))

    # ---- the log ----

    def test_record(self, ledger: Ledger):
        """A new reading's entries are found, and come back as they were."""
        message = letter("m1")
        take_in(ledger, message)
        found = entry(message, thread=thread_of(ledger, message), amount="4800 USD")

        assert Recorded(found=(found.id,)) == ledger.record(reading(ledger, found.thread, found), NOW)
        assert [found] == ledger.entries()
        assert found == ledger.entry(found.id) == ledger.entry(found.id[:5])

    def test_record_twice(self, ledger: Ledger):
        """Recording a reading twice equals recording it once."""
        message = letter("m1")
        take_in(ledger, message)
        log_all(ledger, entry(message))
        head = ledger.head()

        again = reading(ledger, thread_of(ledger, message), entry(message))
        assert (Recorded(), head) == (ledger.record(again, NOW), ledger.head())

    def test_moved(self, ledger: Ledger):
        """A changed state or term is one event that names it; a surer reader alone is none."""
        message = letter("m1")
        take_in(ledger, message)
        log_all(ledger, entry(message))
        thread = thread_of(ledger, message)
        done = entry(
            message, steps=[Step(at=MONDAY, state=State.OPEN), Step(at=MONDAY + timedelta(days=1), state=State.DONE)]
        )
        surer = replace(done, finding=replace(done.finding, confidence=0.99, because="model"))

        assert (done.id,) == ledger.record(reading(ledger, thread, done), NOW).moved
        assert Recorded() == ledger.record(reading(ledger, thread, surer), NOW)
        found, moved = ledger.events(subject=done.id)
        assert (found.name, moved.name) == (EventName.ENTRY_FOUND, EventName.ENTRY_MOVED)
        assert '"changed":["steps"]' in moved.detail
        assert '"state":["open","done"]' in moved.detail
        assert (MONDAY, MONDAY + timedelta(days=1)) == (found.effective, moved.effective)
        assert ledger.entry(done.id).state == State.DONE

    def test_dropped(self, ledger: Ledger):
        """An entry that re-reading does not find leaves the log but can still be shown, and may be found again."""
        message = letter("m1")
        take_in(ledger, message)
        log_all(ledger, entry(message))
        thread, id_ = thread_of(ledger, message), entry(message).id

        assert (id_,) == ledger.record(reading(ledger, thread), NOW).dropped
        assert ([], [], id_) == (ledger.entries(), ledger.search("kind:commitment"), ledger.entry(id_).id)
        assert (id_,) == ledger.record(reading(ledger, thread, entry(message)), NOW).found
        assert len(ledger.search("kind:commitment")) == 1
        assert list(ledger.verify()) == []

    def test_mail_came_meanwhile(self, ledger: Ledger):
        """A reading that has not seen the newest message leaves the thread waiting."""
        first = letter("m1")
        take_in(ledger, first)
        thread = thread_of(ledger, first)
        old = reading(ledger, thread, entry(first))
        take_in(ledger, letter("m2", refs=["m1"], at=MONDAY + timedelta(days=1)))

        ledger.record(old, NOW)

        assert [thread] == ledger.unread_threads()

    def test_corrected_meanwhile(self, ledger: Ledger):
        """A reading that has not seen the latest correction leaves the thread waiting."""
        message = letter("m1")
        take_in(ledger, message)
        log_all(ledger, entry(message))
        thread = thread_of(ledger, message)
        ledger.corrections(thread)
        ledger.correct(Correction(entry=entry(message).id, at=NOW, removed=True))

        ledger.record(reading(ledger, thread, entry(message)), NOW)

        assert [thread] == ledger.unread_threads()

    def test_unknown_thread(self, ledger: Ledger):
        """A reading of a thread that was joined to another meanwhile changes nothing."""
        message = letter("m1")
        take_in(ledger, message)
        stale = replace(reading(ledger, thread_of(ledger, message), entry(message)), thread="t000000000000")

        assert (Recorded(), []) == (ledger.record(stale, NOW), ledger.entries())

    def test_read_messages(self, ledger: Ledger):
        """Passages, language and why a message was not read are kept, and its outcome follows."""
        message = letter("m1")
        take_in(ledger, message)
        whole = reading(ledger, thread_of(ledger, message))
        [read] = whole.messages
        away = replace(read, unread="automatic: out of office", language="de")

        ledger.record(replace(whole, messages=(away,)), NOW)

        assert [away] == ledger.read_messages(whole.thread)
        assert ledger.counts()[0].outcomes == {"automatic": 1}

    def test_entries(self, ledger: Ledger):
        """Entries come by date and place, of a thread, a client, a time, or only the newest ones."""
        early = letter("m1", "First point. Second point.")
        late = letter("m2", at=MONDAY + timedelta(days=4), refs=["m1"])
        other = letter("m3", at=MONDAY + timedelta(days=2))
        take_in(ledger, late, early)
        take_in(ledger, other, client="zeta")
        second, first = entry(early, "Second point.", kind=Kind.REQUEST), entry(early, "First point.")
        third, fourth = entry(other, client="zeta"), entry(late)
        log_all(ledger, second, third, first, fourth)

        def ids(**wanted):
            return [one.id for one in ledger.entries(**wanted)]

        everything = [first.id, second.id, third.id, fourth.id]
        assert everything == ids()
        assert everything[2:] == ids(limit=2)
        assert [third.id] == ids(client="zeta")
        assert [first.id, second.id, fourth.id] == ids(thread=thread_of(ledger, early))
        assert everything[2:] == ids(since=MONDAY + timedelta(days=1))
        assert everything[:3] == ids(until=MONDAY + timedelta(days=2))

    def test_no_such_entry(self, ledger: Ledger):
        """An unknown or ambiguous beginning of an id is a clear error."""
        messages = [letter(f"m{n}", at=MONDAY + timedelta(days=n)) for n in range(40)]
        take_in(ledger, *messages)
        log_all(ledger, *map(entry, messages))
        doubled = next(a.id[0] for a, b in pairwise(sorted(ledger.entries(), key=lambda e: e.id)) if a.id[0] == b.id[0])

        for beginning in ("", "no such", "%", doubled):
            with pytest.raises(NotFoundError):
                ledger.entry(beginning)
        with pytest.raises(NotFoundError):
            ledger.thread("t1")

    def test_correct(self, ledger: Ledger):
        """What a person says about an entry outlives every reading, said twice or once."""
        message = letter("m1")
        take_in(ledger, message)
        log_all(ledger, entry(message))
        thread, id_ = thread_of(ledger, message), entry(message).id
        said = Correction(entry=id_, at=NOW, changes=(("due", "2026-03-09"), ("owner", None)), reason="by phone")

        ledger.correct(said)
        ledger.correct(said)

        assert (said,) == ledger.corrections(thread)
        assert [thread] == ledger.unread_threads()
        assert ledger.events(subject=id_)[-1].name == EventName.ENTRY_CORRECTED
        log_all(ledger)
        assert (said,) == ledger.corrections(thread)

    @pytest.mark.parametrize(
        ("said", "name"),
        [
            ({"changes": (("tier", "log"),)}, EventName.SUGGESTION_ACCEPTED),
            ({"removed": True}, EventName.SUGGESTION_DISMISSED),
        ],
    )
    def test_suggestion(self, ledger: Ledger, said, name):
        """Accepting or dismissing a suggestion is an event of its own."""
        message = letter("m1")
        take_in(ledger, message)
        suggested = entry(message, tier=Tier.SUGGESTION)
        log_all(ledger, suggested)

        ledger.correct(Correction(entry=suggested.id, at=NOW, **said))

        assert name == ledger.events(subject=suggested.id)[-1].name

    def test_added(self, ledger: Ledger):
        """Words that a person found in a message are handed out for its thread's next reading."""
        message = letter("m1")
        take_in(ledger, message)
        log_all(ledger)
        words = entry(message)
        said = Correction(entry=words.id, at=NOW, changes=(("kind", "commitment"),), added=words.finding.evidence)

        ledger.correct(said)

        thread = thread_of(ledger, message)
        assert ((said,), [thread]) == (ledger.corrections(thread), ledger.unread_threads())
        assert list(ledger.verify()) == []

    def test_correct_nothing(self, ledger: Ledger):
        """An entry that does not exist cannot be corrected."""
        with pytest.raises(NotFoundError):
            ledger.correct(Correction(entry="nothing", at=NOW, removed=True))

    # ---- letters ----

    @pytest.fixture
    def logged(self, ledger: Ledger) -> str:
        """A thread with one entry in the log."""
        message = letter("m1")
        take_in(ledger, message)
        log_all(ledger, entry(message))
        return thread_of(ledger, message)

    def test_draft(self, ledger: Ledger, logged: str):
        """A draft comes back as it was kept, by its id or the beginning of it."""
        ledger.keep_draft(draft(logged), None, NOW)

        assert draft(logged) == ledger.draft("d1") == ledger.draft("d")
        assert [draft(logged)] == ledger.drafts() == ledger.drafts([DraftState.OPEN], thread=logged, client="acme")
        assert ledger.drafts([DraftState.SENT]) + ledger.drafts(client="zeta") == []
        with pytest.raises(NotFoundError):
            ledger.draft("x")

    def test_draft_overtaken(self, ledger: Ledger, logged: str):
        """Who was overtaken by somebody faster is told so, and changes nothing."""
        ledger.keep_draft(draft(logged), None, NOW)
        edited = draft(logged, state=DraftState.EDITED, body="Dear Anna,")
        ledger.keep_draft(edited, DraftState.OPEN, NOW, by="robin")

        for before in (DraftState.OPEN, None):
            with pytest.raises(StateError):
                ledger.keep_draft(draft(logged, body="Too late."), before, NOW)
        assert [edited] == ledger.drafts()

    def test_draft_twice(self, ledger: Ledger, logged: str):
        """Keeping the same draft twice equals keeping it once."""
        ledger.keep_draft(draft(logged), None, NOW)
        head = ledger.head()
        ledger.keep_draft(draft(logged), DraftState.OPEN, NOW)

        assert head == ledger.head()

    def test_one_waiting_draft(self, ledger: Ledger, logged: str):
        """A thread never has two drafts that wait for a person; when one is decided, there is room for the next."""
        ledger.keep_draft(draft(logged), None, NOW)
        with pytest.raises(StateError):
            ledger.keep_draft(draft(logged, "d2"), None, NOW)

        ledger.keep_draft(draft(logged, state=DraftState.DISCARDED), DraftState.OPEN, NOW)
        ledger.keep_draft(draft(logged, "d2"), None, NOW)
        assert [one.id for one in ledger.drafts()] == ["d1", "d2"]

    def test_draft_events(self, ledger: Ledger, logged: str):
        """Each change of a draft is an event that says from which state to which, and by whom."""
        ledger.keep_draft(draft(logged), None, NOW)
        ledger.keep_draft(draft(logged, state=DraftState.PLACING), DraftState.OPEN, NOW, by="robin")

        written, changed = ledger.events(subject="d1")
        assert (written.name, changed.name) == (EventName.DRAFT_WRITTEN, EventName.DRAFT_CHANGED)
        assert '"by":"robin"' in changed.detail
        assert '"state":["open","placing"]' in changed.detail

    def test_undrafted(self, ledger: Ledger, logged: str):
        """A thread wants a letter when its log moved since the last one, and no longer when one is written."""
        assert [logged] == [thread.id for thread in ledger.undrafted()]
        ledger.keep_draft(draft(logged), None, NOW)
        assert ledger.undrafted() == []

        ledger.keep_draft(draft(logged, state=DraftState.SENT), DraftState.OPEN, NOW)
        take_in(ledger, letter("m2", refs=["m1"], at=MONDAY + timedelta(days=1)))
        assert ledger.undrafted() == []
        log_all(ledger, entry(letter("m1")), entry(letter("m2", refs=["m1"], at=MONDAY + timedelta(days=1))))
        assert [logged] == [thread.id for thread in ledger.undrafted()]

    def test_undrafted_waiting(self, ledger: Ledger, logged: str):
        """A waiting draft wants another look as soon as there is newer mail, and that look may find nothing to change."""
        ledger.keep_draft(draft(logged), None, NOW)
        take_in(ledger, letter("m2", refs=["m1"], at=MONDAY + timedelta(days=1)))
        assert [logged] == [thread.id for thread in ledger.undrafted()]

        ledger.keep_draft(draft(logged), DraftState.OPEN, NOW)
        assert ledger.undrafted() == []
        assert list(ledger.verify()) == []

    def test_undrafted_while_approved(self, ledger: Ledger, logged: str):
        """What came in after a letter was written wants a letter even if the letter was approved later."""
        ledger.keep_draft(draft(logged), None, NOW)
        second = letter("m2", refs=["m1"], at=MONDAY + timedelta(days=1))
        take_in(ledger, second)
        log_all(ledger, entry(letter("m1")), entry(second))
        ledger.keep_draft(draft(logged, state=DraftState.PLACED), DraftState.OPEN, NOW)

        assert [logged] == [thread.id for thread in ledger.undrafted()]

    def test_suggestions_want_no_letter(self, ledger: Ledger):
        """Entries that are only suggested ask for no letter."""
        message = letter("m1")
        take_in(ledger, message)
        log_all(ledger, entry(message, tier=Tier.SUGGESTION))

        assert ledger.undrafted() == []

    # ---- history and health ----

    def test_empty(self, ledger: Ledger):
        """An empty ledger is whole and says so."""
        assert (ledger.head(), ledger.events(), ledger.threads(), list(ledger.verify())) == ((0, ""), [], [], [])

    def test_chain(self, ledger: Ledger, logged: str):
        """Every event names the one before it, of the whole ledger and of its account; the last one is the head."""
        take_in(ledger, letter("m9", at=MONDAY + timedelta(days=9)), account="office")
        take_in(ledger, letter("m10", at=MONDAY + timedelta(days=10)))
        events = ledger.events()

        assert list(range(1, len(events) + 1)) == [event.seq for event in events]
        assert all(before.digest == event.previous for before, event in pairwise(events))
        for account in ("robin", "office"):
            own = [event for event in events if event.account == account]
            assert ["", *(event.digest for event in own[:-1])] == [event.before for event in own]
        assert (events[-1].seq, events[-1].digest) == ledger.head()

    def test_events(self, ledger: Ledger, logged: str):
        """Events can be asked for from a number on, and a few at a time."""
        take_in(ledger, letter("m2"), letter("m3"))
        events = ledger.events()

        assert events[1:3] == ledger.events(after=1, limit=2)
        assert events[0:1] == ledger.events(subject=letter("m1").digest)

    def test_troubles(self, ledger: Ledger):
        """The same trouble twice is one, at its latest time; others come newest first."""
        first = Trouble(at=NOW, stage="fetch", subject="INBOX", reason="no answer", account="robin")
        again, other = replace(first, at=NOW + timedelta(hours=2)), replace(first, at=NOW, reason="refused")
        for trouble in (first, other, again):
            ledger.trouble(trouble)

        assert [again, other] == ledger.troubles()
        assert [again] == ledger.troubles(since=NOW + timedelta(hours=1))
        assert len(ledger.events(subject="INBOX")) == 2

    def test_whole(self, ledger: Ledger, logged: str):
        """A ledger that was only written by its own methods is whole."""
        message = letter("m2", refs=["m1"], at=MONDAY + timedelta(days=1), files=["a.pdf"])
        take_in(ledger, message)
        log_all(ledger, entry(letter("m1"), state=State.DONE), entry(message))
        ledger.keep_draft(draft(logged), None, NOW)
        ledger.keep_draft(draft(logged, state=DraftState.STALE), DraftState.OPEN, NOW)
        ledger.trouble(Trouble(at=NOW, stage="read", subject=logged, reason="why"))
        ledger.correct(Correction(entry=entry(message).id, at=NOW, changes=(("topic", "budget"),)))

        assert list(ledger.verify()) == []

    # ---- search ----

    @pytest.fixture
    def archive(self, ledger: Ledger) -> dict[str, str]:
        """Mail of two clients with entries; ids and digests by short names."""
        offer = letter("m1", "We offer the shop for 4,800 EUR. Größe: 40 licences.", subject="Shop offer")
        answer = letter(
            "m2",
            "Agreed, please start. Our invoices go to Zürich.",
            refs=["m1"],
            subject="Re: Shop offer",
            at=MONDAY + timedelta(days=1),
            files=["Order 77.pdf"],
        )
        change = letter("m3", "The shop now costs 5,200 EUR.", refs=["m1"], at=MONDAY + timedelta(days=8))
        other = letter("n1", "I will send the café menu by Friday.", subject="Menu", at=MONDAY + timedelta(days=3))
        take_in(ledger, offer, answer, change)
        take_in(ledger, other, client="beta")
        price = entry(
            offer,
            "We offer the shop for 4,800 EUR.",
            kind=Kind.PROPOSAL,
            amount="4800 EUR",
            due=None,
            owner=None,
            steps=[
                Step(at=offer.sent_at, state=State.OPEN),
                Step(at=answer.sent_at, state=State.AGREED),
                Step(at=change.sent_at, state=State.REPLACED),
            ],
        )
        yes = entry(answer, "Agreed, please start.", kind=Kind.APPROVAL, state=None, due=None)
        new = entry(change, kind=Kind.DECISION, amount="5200 EUR", due=None, replaces=price.id, tier=Tier.SUGGESTION)
        menu = entry(other, due="2026-03-06", client="beta")
        log_all(ledger, price, yes, new, menu)
        return {
            price.id: "price",
            yes.id: "yes",
            new.id: "new",
            menu.id: "menu",
            offer.digest: "offer",
            answer.digest: "answer",
            change.digest: "change",
            other.digest: "other",
        }

    @pytest.mark.parametrize(
        ("query", "expected"),
        [
            ("shop", "price offer answer yes new change"),
            ("shop start", "yes answer"),
            ("SHÓP", "price offer answer yes new change"),
            ("grosse", "offer"),
            ("zurich", "answer"),
            ("Zürich", "answer"),
            ("licence", "offer"),
            ("invoice", "answer"),
            ("invoicing", "answer"),
            ('"invoice"', ""),
            ("invo*", "answer"),
            ("invoi* zzz", ""),
            ('"please start"', "yes answer"),
            ('"start please"', ""),
            ("4800", "price offer"),
            ("4,800", "price offer"),
            ("4.800", "price offer"),
            ("menu OR licences", "menu other offer"),
            ("shop -offer", "new change"),
            ("shop NOT offer", "new change"),
            ("shop AND start", "yes answer"),
            ("client:beta", "menu other"),
            ("client:be menu", "menu other"),
            ("client:nobody", ""),
            ("kind:proposal", "price"),
            ("kind:prop OR kind:decision", "price new"),
            ("topic:deliverable", "price yes new menu"),
            ("tier:suggestion", "new"),
            ("is:suggestion", "new"),
            ("is:log is:entry", "price yes menu"),
            ("is:mail shop", "offer answer change"),
            ("who:anna kind:approval", "yes"),
            ("owner:anna@acme.example", "yes new menu"),
            ("from:berg start", "yes answer"),
            ("to:robin menu", "menu other"),
            ("subject:menu", "menu other"),
            ("has:attachment", "answer"),
            ("file:order", "answer"),
            ("state:open", "new"),
            ("state:overdue", "menu"),
            ("is:overdue", "menu"),
            ("state:replaced", "price"),
            ("state:open OR state:replaced", "new price"),
            ("-state:open shop is:entry", "price yes"),
            ("client:beta OR state:open", "menu other new"),
            ("due:2026-03-06", "menu"),
            ("due:<2026-03-06", ""),
            ("due:<=2026-03-06", "menu"),
            ("due:2026-03", "menu"),
            ("due:2026-03-01..2026-03-07", "menu"),
            ("due:any", "menu"),
            ("amount:>5000", "new"),
            ("amount:>=4800", "price new"),
            ("amount:4.8k", "price"),
            ("amount:5k..6kEUR", "new"),
            ("amount:>1USD", ""),
            ("before:2026-03-03", "price offer"),
            ("after:2026-03-10", "new change"),
            ("on:2026-03-05", "menu other"),
            ("", "price yes new menu"),
            ("   ", "price yes new menu"),
            ("*** ()", ""),
            ("before:tomorrows", ""),
            ("from:", ""),
            ("zzz", ""),
        ],
    )
    def test_search(self, ledger: Ledger, archive, query, expected):
        """Each kind of question finds exactly what it asks for."""
        hits = ledger.search(query, limit=50)

        assert sorted(expected.split()) == sorted(archive[hit.entry.id if hit.entry else hit.digest] for hit in hits)

    def test_newest_first(self, ledger: Ledger, archive):
        """On request the newest come first, page by page."""
        hits = ledger.search("shop", newest=True)

        assert [hit.date for hit in hits] == sorted((hit.date for hit in hits), reverse=True)
        assert hits[2:4] == ledger.search("shop", newest=True, limit=2, offset=2)

    def test_hit(self, ledger: Ledger, archive):
        """A hit on an entry carries its words, state, the older terms and the way to its message."""
        [hit] = ledger.search("costs is:entry")

        assert hit.excerpt == "The shop now costs 5,200 EUR."
        assert [hit.excerpt[start:end] for start, end in hit.marks] == ["costs"]
        assert [archive[older] for older in hit.chain] == ["price"]
        assert (
            hit.state,
            hit.client,
            hit.subject,
            hit.sender,
        ) == ("open", "acme", "Website", "Anna Berg <anna@acme.example>")
        assert ledger.raw(hit.digest).digest == hit.digest

    def test_excerpt(self, ledger: Ledger):
        """A hit on a message shows the words around the match on one line, and where they match in it."""
        text = (
            "Hello,\n\n" + "nothing to see here. " * 40 + "The Größen\nof the licences are fixed." + " and so on" * 60
        )
        take_in(ledger, letter("m1", text))
        log_all(ledger)

        [hit] = ledger.search("licence grossen")

        assert [hit.excerpt[start:end] for start, end in hit.marks] == ["Größen", "licences"]
        assert "\n" not in hit.excerpt
        assert len(hit.excerpt) <= 240

    @pytest.mark.parametrize(
        ("day", "query", "expected"),
        [
            (date(2026, 3, 1), "", ""),
            (date(2026, 3, 2), "shop", "price:open offer:"),
            (date(2026, 3, 3), "state:agreed", "price:agreed"),
            (date(2026, 3, 3), "shop is:entry", "price:agreed yes:"),
            (date(2026, 3, 6), "menu is:entry", "menu:open"),
            (date(2026, 3, 7), "menu is:entry", "menu:overdue"),
            (date(2026, 3, 7), "state:overdue", "menu:overdue"),
            (date(2026, 3, 9), "state:agreed", "price:agreed"),
            (date(2026, 3, 10), "state:agreed", ""),
            (date(2026, 3, 10), "state:replaced", "price:replaced"),
        ],
    )
    def test_as_of(self, ledger: Ledger, archive, day, query, expected):
        """As of a day, the log answers with what was said, and where it stood, up to the end of that day."""
        hits = ledger.search(query, as_of=day)

        found = [f"{archive[hit.entry.id if hit.entry else hit.digest]}:{hit.state}" for hit in hits]
        assert sorted(expected.split()) == sorted(found)

    def test_quoted_words(self, ledger: Ledger):
        """A correction changes what a search finds."""
        message = letter("m1")
        take_in(ledger, message)
        found = entry(message)
        log_all(ledger, found)
        ledger.correct(Correction(entry=found.id, at=NOW, changes=(("owner", "ben@we.example"),)))
        terms = Terms(due="2026-04-01", topic=found.finding.terms.topic)
        log_all(ledger, replace(found, finding=replace(found.finding, owner="ben@we.example", terms=terms)))

        assert [len(ledger.search(q)) for q in ("owner:ben", "owner:anna", "due:2026-04")] == [1, 0, 1]
        assert list(ledger.verify()) == []

    @settings(RELAXED, max_examples=150)
    @given(
        query=st.one_of(
            st.text(max_size=80),
            st.text(alphabet='ab "*():-^+{}<>=.§\x00\ud800OR', max_size=60),
            st.lists(st.sampled_from(PIECES), max_size=9).map(" ".join),
        ),
        as_of=st.one_of(st.none(), st.dates()),
        newest=st.booleans(),
    )
    def test_anything_is_a_query(self, ledger: Ledger, archive, query, as_of, newest):
        """Whatever is typed is a legal query."""
        assert isinstance(ledger.search(query, as_of=as_of, newest=newest), list)
