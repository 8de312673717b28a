"""Roles of folders and the choice of those to read."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailsync.model.mail import FolderRole
from mailsync.transport.folders import choose, decode, encode, find_name, find_role, nearest, read_list


def listed(*names, delimiter=b"/"):
    """Return folders as a server without special use lists them."""
    return read_list(((), delimiter, encode(name)) for name in names)


@pytest.mark.parametrize(
    ("name", "role"),
    [
        ("INBOX", FolderRole.INBOX),
        ("Inbox", FolderRole.INBOX),
        ("Sent Items", FolderRole.SENT),
        ("Sent Messages", FolderRole.SENT),
        ("Gesendet", FolderRole.SENT),
        ("Gesendete Elemente", FolderRole.SENT),
        ("Envoyés", FolderRole.SENT),
        ("Éléments envoyés", FolderRole.SENT),
        ("Enviados", FolderRole.SENT),
        ("Inviata", FolderRole.SENT),
        ("Verzonden items", FolderRole.SENT),
        ("Itens enviados", FolderRole.SENT),
        ("Wysłane", FolderRole.SENT),
        ("INBOX/Sent", FolderRole.SENT),
        ("[Gmail]/Sent Mail", FolderRole.SENT),
        ("Entwürfe", FolderRole.DRAFTS),
        ("Brouillons", FolderRole.DRAFTS),
        ("Borradores", FolderRole.DRAFTS),
        ("Bozze", FolderRole.DRAFTS),
        ("Concepten", FolderRole.DRAFTS),
        ("Rascunhos", FolderRole.DRAFTS),
        ("Papierkorb", FolderRole.TRASH),
        ("Corbeille", FolderRole.TRASH),
        ("Junk E-mail", FolderRole.JUNK),
        ("Archives", FolderRole.ARCHIVE),
        ("Clients/Sent", FolderRole.OTHER),
        ("Sentinel", FolderRole.OTHER),
    ],
)
def test_a_name_tells_the_role_where_the_server_does_not(name, role):
    """The names of common programs and providers are known in many languages, at the top only."""
    assert listed(name)[0].role is role


def test_special_use_comes_before_names():
    """Where the server marks a folder, that is the one; one named so is still read as sent."""
    folders = read_list([((), b"/", b"Sent"), ((rb"\Sent", rb"\HasNoChildren"), b"/", b"Postausgang")])

    assert find_role(folders, FolderRole.SENT).name == "Postausgang"
    assert {f.name for f in choose(folders, (), "", gmail=False)} == {"Postausgang", "Sent"}


def test_what_cannot_be_opened_is_no_folder():
    r"""\Noselect and \NonExistent entries, and names with control characters or no name, are left out."""
    rows = [
        ((rb"\Noselect",), b"/", b"[Gmail]"),
        ((rb"\NonExistent",), b"/", b"Gone"),
        ((), b"/", b"evil\r\nA1 DELETE INBOX"),
        ((), b"/", "Büro".encode()),
        ((), b"/", None),
        (None, None, b"Kept"),
        ((), b"/", 2024),
        ((), b"/", b"&broken-utf7"),
    ]

    assert [f.name for f in read_list(rows)][:2] == ["Kept", "2024"]


def test_a_parent_gives_its_role_to_archives_below_it():
    """Archives/2024 is an archive."""
    assert listed("Archives", "Archives/2024/Q1")[1].role is FolderRole.ARCHIVE


def test_wishes_may_be_names_or_patterns():
    """Names match in any case and with / for the separator; patterns never reach into drafts, junk or trash."""
    folders = listed(
        "INBOX", "Sent", "Drafts", "Junk", "Clients.Acme", "Clients.Bolt", "Clients.Bolt.Old", delimiter=b"."
    )

    assert [f.name for f in choose(folders, ("clients/*",), "", gmail=False)][2:] == [
        "Clients.Acme",
        "Clients.Bolt",
        "Clients.Bolt.Old",
    ]
    assert {f.name for f in choose(folders, ("*",), "", gmail=False)}.isdisjoint({"Drafts", "Junk"})
    assert "Junk" in {f.name for f in choose(folders, ("junk",), "", gmail=False)}
    assert [f.name for f in choose(folders, ("inbox", "Sent"), "", gmail=False)] == ["INBOX", "Sent"]


def test_a_configured_sent_folder_is_the_sent_folder():
    """The configuration's word comes before any guess."""
    folders = listed("INBOX", "Sent", "Ausgang")

    assert {f.name: f.role for f in choose(folders, (), "ausgang", gmail=False)} == {
        "INBOX": FolderRole.INBOX,
        "Ausgang": FolderRole.SENT,
    }


def test_nearest_names_come_first():
    """A mistyped name finds the one that was meant."""
    assert nearest(listed("Clients/Acme", "Clients", "Archive"), "Client")[0] == "Clients"
    assert nearest(listed("INBOX"), "zzzz") == ()


@given(st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=40))
def test_any_name_survives_modified_utf7(name):
    """Encoding and decoding give the name back."""
    assert decode(encode(name)) == name


@given(st.lists(st.tuples(st.lists(st.binary(max_size=8)), st.binary(max_size=2), st.binary(max_size=30))))
def test_no_answer_to_list_raises(rows):
    """A server may list anything."""
    folders = read_list(rows)

    choose(folders, ("a*", "b"), "c", gmail=True)
    assert all(find_name(folders, f.name) for f in folders)
