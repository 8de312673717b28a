"""Reading a real mailbox."""

import base64
import hashlib
from datetime import UTC, datetime, timedelta, timezone

import pytest

from mailsync.model.errors import ConfigError, FolderMissingError, LoginRefusedError, ServerError
from mailsync.model.mail import FolderRole
from mailsync.model.ports import Folder
from mailsync.transport.net import Auth, Security
from tests.faults import ScriptedImap
from tests.servers import PASSWORD

pytestmark = pytest.mark.dovecot

INBOX = Folder(name="INBOX", role=FolderRole.INBOX)


def letter(number: int, body: bytes = b"Hello.\r\n") -> bytes:
    """Return a small message with Message-ID m<number>@client.example."""
    return (
        b"From: Dana Fox <Dana@Client.example>\r\nTo: me@us.example\r\nSubject: Letter %d\r\n"
        b"Message-ID: <m%d@client.example>\r\n\r\n%s" % (number, number, body)
    )


def read_all(source, folder=INBOX):
    """Read a folder as the pipeline does."""
    source.folders()
    source.examine(folder)
    return list(source.bodies(source.envelopes(source.uids())))


def test_every_message_comes_byte_for_byte(mailbox, source):
    """What the server was given is what comes back, with its digest, whatever line ends and bytes it holds."""
    kinds = [
        letter(1),
        letter(2, b"bare\nline feeds\n\nand no end"),
        letter(3, bytes(range(1, 256))),
        b"no header at all",
        b"Subject: a lonely header\r\n\r\n",
        letter(6, b"x" * 300_000),
    ]
    mailbox.append(*kinds)

    read = read_all(source(mailbox))

    assert [m.data for m in read] == [data for _, _, data in mailbox.contents()]
    assert [m.data.replace(b"\r\n", b"\n") for m in read] == [k.replace(b"\r\n", b"\n") for k in kinds]
    assert all(m.digest == hashlib.sha256(m.data).hexdigest() for m in read)


def test_envelopes_say_who_and_when_before_any_body(mailbox, source):
    """An envelope holds addresses in lower case, Message-ID, size and the server's date in UTC."""
    when = datetime(2024, 3, 31, 1, 30, tzinfo=timezone(timedelta(hours=2)))
    data = letter(1).replace(
        b"To: me@us.example", b'To: "Fox, Ed" <ed@x.example>,\r\n\tme@us.example\r\nCc: C@y.example'
    )
    mailbox.append(data, date=when)
    reader = source(mailbox)
    reader.folders()
    state = reader.examine(INBOX)

    (envelope,) = reader.envelopes(reader.uids())

    assert envelope.addresses == ("dana@client.example", "ed@x.example", "me@us.example", "c@y.example")
    assert envelope.message_id == "m1@client.example"
    assert envelope.size == len(data)
    assert envelope.internal_date == when
    assert envelope.internal_date.tzinfo is UTC
    assert (envelope.location.account, envelope.location.folder, envelope.location.uid) == ("work", "INBOX", 1)
    assert envelope.location.uidvalidity == state.uidvalidity


def test_reading_changes_nothing(mailbox, source):
    r"""After a full read every flag, \Recent aside, and every byte is as before."""
    mailbox.append(letter(1), letter(2), flags=r"(\Flagged custom)")
    mailbox.append(letter(3))
    mailbox.contents()
    before = mailbox.contents()

    read_all(source(mailbox))

    assert mailbox.contents() == before
    assert not any(r"\Seen" in flags for _, flags, _ in before)


def test_only_what_is_above_a_uid_is_listed(mailbox, source):
    """Nothing comes back where nothing is above the mark, though the server's n:* names the last message."""
    mailbox.append(*(letter(n) for n in range(5)))
    reader = source(mailbox)
    reader.folders()
    state = reader.examine(INBOX)

    assert reader.uids() == [1, 2, 3, 4, 5]
    assert reader.uids(3) == [4, 5]
    assert reader.uids(5) == []
    assert (state.messages, state.uidnext) == (5, 6)


def test_batches_make_no_difference(mailbox, source):
    """The same messages come in the same order when batches are as small as can be."""
    mailbox.append(*(letter(n, b"y" * 1000 * n) for n in range(12)))

    small = read_all(source(mailbox, envelope_batch=5, body_batch=3, body_batch_bytes=4000))
    large = read_all(source(mailbox))

    assert small == large
    assert len(small) == 12


def test_an_empty_folder_has_no_mail(mailbox, source):
    """An empty folder reads as one."""
    assert read_all(source(mailbox)) == []


def test_what_vanishes_between_listing_and_fetching_is_left_out(mailbox, source):
    """Messages expunged behind the reader's back do not keep the others from coming."""
    mailbox.append(*(letter(n) for n in range(1, 9)))
    reader = source(mailbox)
    reader.folders()
    reader.examine(INBOX)
    uids = reader.uids()
    mailbox.expunge(2, 3)
    envelopes = reader.envelopes(uids)
    mailbox.expunge(5, 8)

    read = [m.location.uid for m in reader.bodies(envelopes)]

    assert set(read) >= {1, 4, 6, 7}
    assert set(read) <= {1, 4, 6, 7, 5, 8, 2, 3}
    assert [m.location.uid for m in reader.bodies(reader.envelopes(reader.uids()))] == [1, 4, 6, 7]


def test_a_new_uidvalidity_shows_when_the_folder_is_opened_again(mailbox, source):
    """The state of an examined folder carries the UIDVALIDITY that its locations carry."""
    mailbox.append(letter(1))
    reader = source(mailbox)
    reader.folders()
    before = reader.examine(INBOX).uidvalidity
    mailbox.new_uidvalidity()
    reader.close()
    reader.folders()
    after = reader.examine(INBOX).uidvalidity

    assert before != after
    assert reader.envelopes(reader.uids())[0].location.uidvalidity == after


def test_messages_over_the_limit_are_never_fetched(mailbox, source):
    """A message larger than allowed has an envelope and no body."""
    mailbox.append(letter(1), letter(2, b"z" * 5000))
    reader = source(mailbox, max_bytes=2000)
    reader.folders()
    reader.examine(INBOX)
    envelopes = reader.envelopes(reader.uids())

    assert [e.location.uid for e in envelopes] == [1, 2]
    assert [m.location.uid for m in reader.bodies(envelopes)] == [1]


def test_mail_to_thousands_keeps_its_fields_behind_the_long_one(mailbox, source):
    """A To field beyond the first bite is asked for again in full, so that no client is overlooked."""
    crowd = b",\r\n ".join(b"person%d@crowd.example" % n for n in range(4000))
    mailbox.append(b"To: " + crowd + b"\r\nFrom: dana@client.example\r\nMessage-ID: <x@y.example>\r\n\r\n.")
    reader = source(mailbox)
    reader.folders()
    reader.examine(INBOX)
    (envelope,) = reader.envelopes(reader.uids())

    assert len(envelope.addresses) == 4001
    assert envelope.addresses[0] == "dana@client.example"
    assert envelope.message_id == "x@y.example"


# ---- folders ----


def test_inbox_and_sent_are_read_and_archives_too(mailbox, source):
    """Without wishes, inbox, sent and archives are read; drafts and junk are not."""
    mailbox.create("Archive", "Archive/2024", "Junk", "Clients")

    names = [(f.name, f.role) for f in source(mailbox).folders()]

    assert names[:2] == [("INBOX", FolderRole.INBOX), ("Sent", FolderRole.SENT)]
    assert set(names[2:]) == {("Archive", FolderRole.ARCHIVE), ("Archive/2024", FolderRole.ARCHIVE)}


def test_a_folder_with_a_name_in_any_script_is_read(mailbox, source):
    """Modified UTF-7 is decoded in lists and given back as it was."""
    mailbox.create("K&APw-nstler &- S&APY-hne", "&ZeVnLIqe-")
    mailbox.append(letter(1), folder="&ZeVnLIqe-")
    reader = source(mailbox, folders=("Künstler & Söhne", "日本語"))

    names = [f.name for f in reader.folders()]

    assert names[2:] == ["Künstler & Söhne", "日本語"]
    assert len(read_all(reader, Folder(name="日本語", role=FolderRole.OTHER))) == 1


def test_folders_below_a_prefix_are_found_by_the_names_people_use(prefixed_dovecot, source):
    """With "INBOX." before every name and dots between, roles and wishes still find their folders."""
    box = prefixed_dovecot.mailbox()
    box.create("INBOX.Clients", "INBOX.Clients.Acme", "INBOX.Archive")
    reader = source(box, folders=("Clients/Acme", "archive"))

    chosen = {f.name: f.role for f in reader.folders()}

    assert chosen == {
        "INBOX": FolderRole.INBOX,
        "INBOX.Sent": FolderRole.SENT,
        "INBOX.Clients.Acme": FolderRole.OTHER,
        "INBOX.Archive": FolderRole.ARCHIVE,
    }


def test_a_missing_folder_is_named_with_its_nearest_and_stops_no_other(mailbox, source):
    """A folder that the server lacks fails when it is opened, and the sentence tells the likely ones."""
    mailbox.create("Clients", "Clients/Acme")
    reader = source(mailbox, folders=("Cleints", "Clients/Acme"))
    chosen = reader.folders()

    with pytest.raises(FolderMissingError, match="There is no folder Cleints on") as caught:
        reader.examine(chosen[2])

    assert "Clients" in caught.value.hint
    assert reader.examine(chosen[3]).messages == 0


def test_a_renamed_folder_fails_alone(mailbox, source):
    """A folder renamed after listing is missing; the connection goes on."""
    mailbox.create("Clients")
    reader = source(mailbox, folders=("Clients",))
    folder = reader.folders()[2]
    mailbox.rename("Clients", "Kunden")

    with pytest.raises(FolderMissingError):
        reader.examine(folder)

    assert reader.examine(INBOX).messages == 0


# ---- getting in ----


def test_a_wrong_password_is_a_refused_login_that_never_shows_it(mailbox, source):
    """The sentence names server and user and what to try, and never the secret."""
    with pytest.raises(LoginRefusedError) as caught:
        source(mailbox, secret="tr0ub4dor").folders()

    assert mailbox.user in str(caught.value)
    assert "app password" in caught.value.hint
    assert "tr0ub4dor" not in f"{caught.value!r}{caught.value.__cause__!r}{caught.value.__context__!r}"


@pytest.mark.parametrize("secret", ["pässwörd", 'quo"te\\d', "with space", "tab\there", "%&{}()*"])
def test_any_password_can_be_tried(mailbox, source, secret):
    """A password of any characters is refused as wrong, not as unsayable."""
    with pytest.raises(LoginRefusedError):
        source(mailbox, secret=secret).folders()


@pytest.mark.parametrize("security", [Security.TLS, Security.STARTTLS])
def test_tls_is_verified_against_the_named_authority(dovecot, mailbox, source, security):
    """Both ways to TLS work with the right authority and fail, before any login, without it."""
    port = dovecot.tls_port if security is Security.TLS else dovecot.port
    good = source(mailbox, security=security, port=port, host="localhost", ca_file=dovecot.ca)
    bad = source(mailbox, security=security, port=port, host="localhost")

    assert good.folders()
    with pytest.raises(ServerError, match="certificate of localhost is not to be trusted") as caught:
        bad.folders()
    assert "fingerprint" in caught.value.hint


def test_one_certificate_can_be_trusted_by_its_fingerprint(dovecot, mailbox, source, authority):
    """A fingerprint lets exactly that certificate in, with no authority asked."""
    where = {"security": Security.TLS, "port": dovecot.tls_port, "host": "localhost"}

    assert source(mailbox, **where, fingerprint=authority.fingerprint).folders()
    with pytest.raises(ServerError, match="not the one configured"):
        source(mailbox, **where, fingerprint="ab:" * 31 + "ab").folders()


def test_plain_text_is_for_this_machine_only(source):
    """Without encryption, any other host is refused before it is looked up."""
    with pytest.raises(ConfigError, match="only for servers on this machine"):
        source(143, host="mail.example")


def test_a_host_that_is_not_there_is_one_sentence(source):
    """Unknown names and closed ports say what to check."""
    with pytest.raises(ServerError, match="cannot be found"):
        source(993, host="nowhere.invalid", security=Security.TLS).folders()
    with pytest.raises(ServerError, match="Nothing answers at"):
        source(1).folders()


def test_a_connection_that_died_while_idle_is_replaced(mailbox, source, dovecot):
    """A kept connection may be gone at the next turn; the turn does not notice."""
    reader = source(mailbox)
    reader.folders()
    dovecot.admin("kick", mailbox.user)
    mailbox.append(letter(1))

    assert len(read_all(reader)) == 1


# ---- providers ----


def test_on_gmail_all_mail_stands_for_the_inbox_and_ids_come_along(source):
    """Where the server is Gmail, All Mail and Sent are read, and envelopes carry Gmail's ids."""
    header = b"From: a@client.example\r\nMessage-ID: <1@x>\r\n\r\n"
    answers = {
        "CAPABILITY": b"* CAPABILITY IMAP4rev1 X-GM-EXT-1\r\n{tag} OK done\r\n",
        "LIST": b'* LIST () "/" "INBOX"\r\n* LIST (\\Noselect) "/" "[Gmail]"\r\n'
        b'* LIST (\\All) "/" "[Gmail]/Alle Nachrichten"\r\n* LIST (\\Sent) "/" "[Gmail]/Gesendet"\r\n'
        b'* LIST (\\Drafts) "/" "[Gmail]/Entw&APw-rfe"\r\n* LIST () "/" "Label"\r\n{tag} OK done\r\n',
        "UID_FETCH": b"* 1 FETCH (X-GM-THRID 1266894439832287888 X-GM-MSGID 1278455344230334865 UID 1 RFC822.SIZE 99 "
        b'INTERNALDATE "03-Jun-2024 09:30:00 +0000" BODY[HEADER.FIELDS (FROM TO CC BCC MESSAGE-ID)]<0> {%d}\r\n%s)\r\n'
        b"{tag} OK done\r\n" % (len(header), header),
    }
    with ScriptedImap(**answers) as server:
        reader = source(server.port)
        folders = reader.folders()
        reader.examine(folders[0])
        (envelope,) = reader.envelopes([1])

    assert [f.name for f in folders] == ["[Gmail]/Alle Nachrichten", "[Gmail]/Gesendet"]
    assert envelope.provider_id == "1278455344230334865"
    assert envelope.provider_thread == "1266894439832287888"
    assert envelope.addresses == ("a@client.example",)


def test_a_busy_server_is_not_taken_for_a_wrong_password(source):
    """Too many connections is trouble for now; the password is not blamed."""
    full = b"{tag} NO [ALERT] Too many simultaneous connections. (Failure)\r\n"
    with ScriptedImap(LOGIN=full) as server, pytest.raises(ServerError, match="does not take the login"):
        source(server.port).folders()


def test_a_server_that_repeats_the_password_does_not_make_us_repeat_it(source):
    """Whatever the server says back, the secret is blotted out of it."""

    def echo(tag, words):
        return f"{tag} NO wrong: {words}\r\n".encode()

    with ScriptedImap(LOGIN=echo) as server, pytest.raises(LoginRefusedError) as caught:
        source(server.port).folders()

    assert PASSWORD not in str(caught.value)
    assert "***" in str(caught.value)


@pytest.mark.parametrize("auth", ["xoauth2", "oauthbearer"])
def test_a_token_logs_in_by_oauth(source, auth):
    """XOAUTH2 and OAUTHBEARER send the token; a refusal's challenge is answered by nothing."""
    with ScriptedImap() as server:
        server.serve = _oauth(server)
        assert source(server.port, secret="ya29.token", auth=Auth(auth)).folders()
        assert b"Bearer ya29.token" in server.token
        assert b"somebody" in server.token

        server.good = False
        with pytest.raises(LoginRefusedError, match="Invalid credentials"):
            source(server.port, secret="ya29.token", auth=Auth(auth)).folders()


def _oauth(server):
    """Return a way to serve that lets in by OAuth while `server.good`."""
    server.good = True
    usual = type(server).serve.__get__(server)

    def serve(client):
        client.sendall(b"* OK [CAPABILITY IMAP4rev1 SASL-IR] ready\r\n")
        lines = server._lines(client)
        for line in lines:
            tag, _, rest = line.partition(" ")
            if rest.startswith("AUTHENTICATE"):
                client.sendall(b"+ \r\n")
                server.token = base64.b64decode(next(lines))
                if not server.good:
                    client.sendall(b"+ " + base64.b64encode(b'{"status":"400"}') + b"\r\n")
                    assert next(lines) == ""
                    client.sendall(f"{tag} NO Invalid credentials\r\n".encode())
                    continue
                client.sendall(f"{tag} OK in\r\n".encode())
                break
            client.sendall(f"* CAPABILITY IMAP4rev1\r\n{tag} OK done\r\n".encode())
        server.greeting = b""
        usual(client)

    return serve
