"""Connections that break, stall, drip or lie: each ends soon, in one sentence, and nothing half-read is given out."""

import resource

import pytest

from mailsync.model.errors import OutcomeUnknownError, ServerError
from mailsync.model.mail import FolderRole
from mailsync.model.ports import Folder
from mailsync.transport.net import Security
from tests.faults import FaultProxy, ScriptedImap, seconds_of
from tests.servers import PASSWORD
from tests.transport.test_imap import INBOX, letter, read_all

LETTERS = [letter(n, b"line %d\r\n" % n * 150) for n in range(6)]
SOON = {"timeout": 0.5, "deadline": 0.8}


@pytest.fixture(scope="module")
def filled(dovecot):
    """A mailbox with some letters, only read here."""
    box = dovecot.mailbox()
    box.append(*LETTERS)
    return box


@pytest.fixture(scope="module")
def conversation(filled):
    """How many octets a whole reading of `filled` brings."""
    from mailsync.transport.imap import ImapSource
    from tests.transport.conftest import settings_for

    with FaultProxy(filled.server.port) as proxy:
        reader = ImapSource(settings_for(proxy.port, filled.user), lambda: PASSWORD)
        assert len(read_all(reader)) == len(LETTERS)
        reader.close()
        return proxy.passed


def _read_until_cut(reader, read):
    """Read all, and go on until the fault has struck, if only after the last message."""
    while True:
        reader.folders()
        reader.examine(INBOX)
        read.extend(reader.bodies(reader.envelopes(reader.uids())))


@pytest.mark.dovecot
@pytest.mark.parametrize("fault", ["reset", "close"])
@pytest.mark.parametrize("share", range(15))
def test_a_cut_anywhere_gives_whole_messages_and_one_sentence(filled, conversation, source, fault, share):
    """Wherever the line is cut, what came before is whole, the rest is a ServerError, and the next try has all."""
    with FaultProxy(filled.server.port, fault, after=conversation * share // 15) as proxy:
        reader = source(proxy.port, username=filled.user)
        read = []
        with pytest.raises(ServerError, match=r"127\.0\.0\.1"):
            _read_until_cut(reader, read)

        assert all(m.data in LETTERS for m in read)
        assert [m.data for m in read_all(reader)] == LETTERS


@pytest.mark.dovecot
@pytest.mark.parametrize("fault", ["stall", "drip"])
@pytest.mark.parametrize("share", [0, 4, 12])
def test_a_line_that_stalls_or_drips_is_given_up(filled, conversation, source, fault, share):
    """Silence and ten octets a second both end within the deadline, wherever they begin."""
    with FaultProxy(filled.server.port, fault, after=conversation * share // 20) as proxy:
        reader = source(proxy.port, username=filled.user, **SOON)
        with pytest.raises(ServerError, match="took too long while"):
            read_all(reader)


@pytest.mark.dovecot
def test_a_drip_costs_one_deadline_for_the_whole_session(filled, source):
    """Many short answers, each in time by itself, cannot add up to an hour: what drips is added up."""
    with FaultProxy(filled.server.port, "drip", after=0) as proxy:
        reader = source(proxy.port, username=filled.user, timeout=5.0, deadline=3.0)

        def drag():
            with pytest.raises(ServerError):
                _read_until_cut(reader, [])

        assert seconds_of(drag) < 10


@pytest.mark.dovecot
def test_a_slow_but_steady_line_is_not_given_up(source):
    """More octets than fit into the deadline at once are no fault, as long as they keep coming."""
    body = b"z" * 400_000
    chunk = b"* 1 FETCH (UID 1 BODY[] {%d}\r\n%s)\r\n{tag} OK done\r\n" % (len(body), body)
    with ScriptedImap(UID_FETCH=chunk) as server:
        server.pace = 0.02, 4000
        reader = source(server.port, timeout=1.0, deadline=1.0)
        reader.folders()
        reader.examine(INBOX)
        (raw,) = reader.bodies([_envelope(len(body))])

    assert raw.data == body


def _envelope(size, uid=1):
    from datetime import UTC, datetime

    from mailsync.model.mail import Envelope, Location

    place = Location(account="work", folder="INBOX", uidvalidity=7, uid=uid)
    return Envelope(
        location=place, size=size, internal_date=datetime(2024, 6, 3, tzinfo=UTC), message_id="", addresses=()
    )


@pytest.mark.dovecot
def test_encryption_that_was_taken_off_the_offer_is_no_reason_to_do_without(dovecot, mailbox, source):
    """With STARTTLS stripped from the server's words, no login is sent."""
    with FaultProxy(dovecot.port, replace=(b"STARTTLS", b"XSTRIPTX")) as proxy:
        reader = source(proxy.port, username=mailbox.user, security=Security.STARTTLS, ca_file=dovecot.ca)
        with pytest.raises(ServerError, match="offers no encryption"):
            reader.folders()
        assert b"LOGIN" not in proxy.heard
        assert PASSWORD.encode() not in proxy.heard


def test_a_greeting_that_is_already_logged_in_skips_no_encryption(source, authority):
    """PREAUTH, which would make STARTTLS impossible, ends the conversation."""
    with ScriptedImap(
        greeting=b"* PREAUTH in already\r\n", CAPABILITY=b"* CAPABILITY IMAP4rev1 STARTTLS\r\n{tag} OK .\r\n"
    ) as server:
        with pytest.raises(ServerError):
            source(server.port, security=Security.STARTTLS, ca_file=authority.ca).folders()
        assert set(server.said) == {"CAPABILITY"}


@pytest.mark.parametrize(
    ("greeting", "sentence"),
    [
        (b"HTTP/1.1 400 Bad Request\r\n\r\n", "HTTP/1.1 400"),
        (b"* BYE too busy, come back\r\n", "too busy, come back"),
        (b"* OK " + b"a" * 20_000_000 + b"\r\n", "without end"),
        (b"\x00\xff\x00\xff\r\n", "broke off"),
        (b"\r\n", "broke off"),
        (b"* NO\r\n", "broke off"),
    ],
)
def test_a_greeting_that_is_none_is_one_sentence(source, greeting, sentence):
    """Whatever answers at the port, the error is one printable line."""
    with ScriptedImap(greeting=greeting) as server, pytest.raises(ServerError, match=sentence) as caught:
        source(server.port).folders()

    assert str(caught.value).isprintable()
    assert len(str(caught.value)) < 400


FETCHED = b'* 1 FETCH (UID 1 RFC822.SIZE 10 INTERNALDATE "03-Jun-2024 09:30:00 +0000" '

HOSTILE = {
    "huge literal": FETCHED + b"BODY[HEADER] {99999999999}\r\nabc",
    "absurd literal": FETCHED + b"BODY[HEADER] {" + b"9" * 5000 + b"}\r\n",
    "endless line": b"* 1 FETCH (" + b"x" * 9_000_000 + b"\r\n",
    "deep brackets": b"* 1 FETCH " + b"(" * 100_000 + b"\r\n{tag} OK done\r\n",
    "no closing": b'* 1 FETCH (UID 1 BODY[] "abc\r\n{tag} OK done\r\n',
    "odd items": b"* 1 FETCH (UID)\r\n{tag} OK done\r\n",
    "uid is no number": b"* 1 FETCH (UID abc)\r\n{tag} OK done\r\n",
    "flood": b"* 1 FETCH (UID 1 FLAGS (" + b"aaaaaaaa " * 4000 + b"))\r\n",
    "wrong tag": b"zzz1 OK done\r\nzzz2 OK done\r\n",
    "goodbye": b"* BYE internal error\r\n",
    "binary": bytes(range(256)) * 10 + b"\r\n",
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_answer_ends_in_one_sentence(source, name):
    """Literals, lines and floods beyond measure and answers that are none end as a ServerError, with little memory."""
    answer = HOSTILE[name] * (2000 if name == "flood" else 1)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with ScriptedImap(UID_FETCH=answer) as server:
        reader = source(server.port, **SOON)
        reader.folders()
        reader.examine(INBOX)
        with pytest.raises(ServerError) as caught:
            reader.envelopes([1])

    assert str(caught.value).isprintable()
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 200_000


def test_a_message_of_another_length_than_announced_is_read_again(source):
    """The second reading counts: servers that announce false sizes keep to their bytes, a broken answer does not."""
    answers = iter([b"shor", b"the whole letter", b"the whole letter"])

    def fetch(tag, _):
        data = next(answers)
        return b"* 1 FETCH (UID 1 BODY[] {%d}\r\n%s)\r\n%s OK done\r\n" % (len(data), data, tag.encode())

    with ScriptedImap(UID_FETCH=fetch) as server:
        reader = source(server.port)
        reader.folders()
        reader.examine(INBOX)
        (raw,) = reader.bodies([_envelope(16)])

    assert raw.data == b"the whole letter"


def test_one_message_that_the_server_cannot_give_does_not_hide_the_others(source):
    """A batch refused because of one message comes without it: that one has empty data, as unreadable."""

    def fetch(tag, words):
        uids = [int(u) for u in words.split()[0].split(",")]
        if 2 in uids:
            return b"{tag} NO [SERVERBUG] Internal error\r\n"
        rows = (b"* %d FETCH (UID %d BODY[] {3}\r\nm%d!)\r\n" % (u, u, u) for u in uids)
        return b"".join(rows) + b"{tag} OK done\r\n"

    with ScriptedImap(UID_FETCH=fetch) as server:
        reader = source(server.port)
        reader.folders()
        reader.examine(INBOX)
        read = {m.location.uid: m.data for m in reader.bodies([_envelope(3, uid) for uid in (1, 2, 3)])}

    assert read == {1: b"m1!", 2: b"", 3: b"m3!"}


def test_a_message_left_out_of_an_answer_is_asked_for_again(source):
    """Nobody may conclude from silence that a message is gone while the server still lists it."""

    def fetch(tag, words):
        uids = [int(u) for u in words.split()[0].split(",")]
        rows = (b"* %d FETCH (UID %d BODY[] {3}\r\nm%d!)\r\n" % (u, u, u) for u in uids if u != 2 or len(uids) == 1)
        return b"".join(rows) + b"{tag} OK done\r\n"

    with ScriptedImap(UID_FETCH=fetch) as server:
        reader = source(server.port)
        reader.folders()
        reader.examine(INBOX)
        read = {m.location.uid: m.data for m in reader.bodies([_envelope(3, uid) for uid in (1, 2, 3, 9)])}

    assert read == {1: b"m1!", 2: b"m2!", 3: b"m3!", 9: b"m9!"}


@pytest.mark.parametrize("answer", [b"{tag} OK nothing\r\n", b"{tag} BAD what?\r\n", b"{tag} NO [LIMIT] not now\r\n"])
def test_a_server_that_gives_nothing_is_not_an_empty_mailbox(source, answer):
    """Where every fetch is refused, nobody may conclude that the messages are gone."""
    with ScriptedImap(UID_FETCH=answer) as server:
        reader = source(server.port)
        reader.folders()
        reader.examine(INBOX)
        with pytest.raises(ServerError):
            reader.envelopes([1, 2, 3])


@pytest.mark.dovecot
def test_a_lost_answer_to_a_placed_draft_leaves_the_question_open(mailbox, outbox):
    """When the draft was stored but the answer is lost, the error says so, and the draft can be found."""
    with FaultProxy(mailbox.server.port, "lose", match=b"OK [APPENDUID") as proxy:
        box = outbox(proxy.port, username=mailbox.user)
        with pytest.raises(OutcomeUnknownError, match="may or may not be there"):
            box.place(letter(1))

        assert box.has_draft("m1@client.example")
    assert len(mailbox.contents("Drafts")) == 1


@pytest.mark.parametrize("folder", [Folder(name="INBOX", role=FolderRole.INBOX)])
def test_search_answers_on_several_lines_are_one(source, folder):
    """UIDs may come on more than one line, with a MODSEQ or in any order."""
    lines = b"* SEARCH 3 1\r\n* SEARCH\r\n* SEARCH 2 (MODSEQ 917162500)\r\n{tag} OK done\r\n"
    with ScriptedImap(UID_SEARCH=lines) as server:
        reader = source(server.port)
        reader.folders()
        reader.examine(folder)

        assert reader.uids() == [1, 2, 3]


def test_a_server_without_uidnext_is_asked(source):
    """Where EXAMINE does not tell the next UID, the highest one does."""
    with ScriptedImap(EXAMINE=b"* 3 EXISTS\r\n* OK [UIDVALIDITY 7] ok\r\n{tag} OK done\r\n") as server:
        reader = source(server.port)
        reader.folders()

        assert reader.examine(INBOX).uidnext == 4
