"""The tables, grown by named steps that are never edited; `upgrade` runs those that a file lacks.

Never changed once written: `raw` and `event` (by trigger), `content`, and of `message` what was parsed. The others
say what these add up to (`entry`, `draft`, `thread`, the keys, the index) or mirror a server (`location`, `folder`).

Ids: `message.id` and `entry.doc` begin with the minute of the message's date, so that row order is date order; they
number the document in `search` too. Times are UTC text that sorts ("2026-03-06T16:00:00.000000Z"). Digests are
SHA-256 in hex.
"""

from sqlite_utils import Database as Tables
from sqlite_utils.migrations import Migrations

from mailsync.model.draft import WAITING

migrations = Migrations("mailsync")

#: The columns of `search`; see `search.py` for what stands in them. "ascii" takes every character beyond ASCII for a
#: letter, so the index holds exactly the tokens that `words.py` makes.
SEARCH = """CREATE VIRTUAL TABLE search USING fts5(
    words, subject, sender, recipients, files, stems, marks, content='', tokenize='ascii')"""
_RANK = "INSERT INTO search(search, rank) VALUES ('rank', 'bm25(1.0, 0.6, 0.4, 0.2, 0.6, 0.5, 0.0)')"


@migrations()
def m001_archive(db: Tables) -> None:
    """Make what mail is kept in."""
    db.table("raw").create(
        {"digest": str, "size": int, "data": bytes, "packed_crc": int, "kept_at": str},
        pk="digest",
        not_null={"digest", "size", "packed_crc", "kept_at"},
    )
    db.table("folder").create(
        {
            "id": int,
            "account": str,
            "name": str,
            "role": str,
            "uidvalidity": int,
            "last_uid": int,
            "circle": str,
            "polled_at": str,
            "trouble": str,
        },
        pk="id",
        not_null={"account", "name", "role", "uidvalidity", "last_uid", "circle", "trouble"},
    ).create_index(["account", "name"], unique=True)
    db.table("location").create(
        {
            "folder": int,
            "uidvalidity": int,
            "uid": int,
            "outcome": str,
            "was": str,
            "reason": str,
            "digest": str,
            "message_id": str,
            "size": int,
            "internal_date": str,
            "provider_id": str,
        },
        pk=("folder", "uidvalidity", "uid"),
        foreign_keys=[("folder", "folder", "id"), ("digest", "raw", "digest")],
        not_null={"folder", "uidvalidity", "uid", "outcome", "was", "reason"},
    ).create_index(["digest"])
    db.execute("CREATE INDEX location_provider ON location(provider_id) WHERE provider_id IS NOT NULL")
    db.execute("CREATE INDEX location_message_id ON location(message_id, size) WHERE message_id IS NOT NULL")
    db.table("message").create(
        {
            "id": int,
            "digest": str,
            "account": str,
            "client": str,
            "sent_at": str,
            "subject": str,
            "fields": str,
            "text": bytes,
            "kept": int,
            "thread": str,
            "passages": str,
            "language": str,
            "unread": str,
            "indexed": str,
            "read_crc": int,
        },
        pk="id",
        foreign_keys=[("digest", "raw", "digest")],
        not_null={"digest", "account", "client", "sent_at", "subject", "fields", "text", "kept", "thread", "read_crc"},
    ).create_index(["digest"], unique=True).create_index(["thread"])


@migrations()
def m002_threads(db: Tables) -> None:
    """Make what ties messages together."""
    db.table("thread").create(
        {
            "id": str,
            "account": str,
            "client": str,
            "subject": str,
            "first_at": str,
            "last_at": str,
            "messages": int,
            "unread": int,
            "mailed": int,
            "moved": int,
            "drafted": int,
        },
        pk="id",
        not_null={"id", "account", "client", "subject", "first_at", "last_at", "messages"},
        defaults={"unread": 1, "mailed": 0, "moved": 0, "drafted": 0},
    ).create_index(["last_at"])
    db.execute("CREATE INDEX thread_client ON thread(client)")
    db.execute("CREATE INDEX thread_unread ON thread(first_at) WHERE unread")
    db.execute("CREATE INDEX thread_undrafted ON thread(id) WHERE moved > drafted")
    db.table("thread_key").create({"key": str, "thread": str}, pk="key", not_null={"key", "thread"}).create_index(
        ["thread"]
    )
    db.table("subject_key").create(
        {"key": str, "sent_at": str, "digest": str, "lost": int}, not_null={"key", "sent_at", "digest", "lost"}
    ).create_index(["key", "sent_at"])


@migrations()
def m003_history(db: Tables) -> None:
    """Make what is never changed: events, and the contents they name by digest."""
    db.table("event").create(
        {
            "seq": int,
            "at": str,
            "effective": str,
            "name": str,
            "subject": str,
            "account": str,
            "detail": str,
            "previous": str,
            "before": str,
            "digest": str,
        },
        pk="seq",
        not_null={"at", "effective", "name", "subject", "account", "detail", "previous", "before", "digest"},
    ).create_index(["subject", "seq"])
    db.table("head").create(
        {"account": str, "seq": int, "digest": str}, pk="account", not_null={"account", "seq", "digest"}
    )
    db.table("content").create({"digest": str, "body": str}, pk="digest", not_null={"digest"})
    refuse = "BEGIN SELECT RAISE(ABORT, '{} is append-only'); END"
    db.execute(f"CREATE TRIGGER event_no_update BEFORE UPDATE ON event {refuse.format('event')}")
    db.execute(f"CREATE TRIGGER event_no_delete BEFORE DELETE ON event {refuse.format('event')}")
    db.execute(f"CREATE TRIGGER raw_no_delete BEFORE DELETE ON raw {refuse.format('raw')}")
    db.execute(  # bytes may be erased, which an event tells of; nothing else of them ever changes
        "CREATE TRIGGER raw_no_update BEFORE UPDATE ON raw WHEN NEW.data IS NOT NULL"
        f" OR (NEW.digest, NEW.size, NEW.kept_at) IS NOT (OLD.digest, OLD.size, OLD.kept_at) {refuse.format('raw')}"
    )


@migrations()
def m004_log(db: Tables) -> None:
    """Make where entries, drafts and troubles stand now."""
    db.table("entry").create(
        {
            "doc": int,
            "id": str,
            "version": str,
            "seq": int,
            "dropped": int,
            "digest": str,
            "thread": str,
            "client": str,
            "sent_at": str,
            "kind": str,
            "tier": str,
            "state": str,
            "due": str,
            "amount": float,
            "unit": str,
        },
        pk="doc",
        foreign_keys=[("version", "content", "digest"), ("digest", "message", "digest")],
        not_null={"id", "version", "seq", "dropped", "digest", "thread", "client", "sent_at", "kind", "tier", "state"},
    ).create_index(["id"], unique=True).create_index(["thread"]).create_index(["client", "doc"]).create_index(
        ["state", "doc"]
    )
    db.execute("CREATE INDEX entry_due ON entry(due) WHERE due IS NOT NULL")
    db.table("draft").create(
        {
            "id": str,
            "version": str,
            "seq": int,
            "written": int,
            "basis": int,
            "thread": str,
            "client": str,
            "account": str,
            "state": str,
        },
        pk="id",
        foreign_keys=[("version", "content", "digest")],
        not_null={"id", "version", "seq", "written", "basis", "thread", "client", "account", "state"},
    ).create_index(["thread"])
    waiting = ", ".join(f"'{state}'" for state in sorted(WAITING))
    db.execute(f"CREATE UNIQUE INDEX draft_one_waiting ON draft(thread) WHERE state IN ({waiting})")
    db.table("trouble").create(
        {
            "seq": int,
            "account": str,
            "stage": str,
            "subject": str,
            "reason": str,
            "first_at": str,
            "last_at": str,
            "times": int,
        },
        pk="seq",
        not_null={"account", "stage", "subject", "reason", "first_at", "last_at", "times"},
    ).create_index(["account", "stage", "subject", "reason"], unique=True)


@migrations()
def m005_search(db: Tables) -> None:
    """Make the index over entries and mail."""
    db.execute(SEARCH)
    db.execute(_RANK)


@migrations()
def m006_views(db: Tables) -> None:
    """Make what a person reads who opens the file with another program."""
    db.create_view(
        "agreements",
        "SELECT e.id, e.thread, e.client, e.sent_at, e.kind, e.tier, e.state, e.due, e.amount, e.unit,"
        " json_extract(c.body, '$.finding.who') AS who, json_extract(c.body, '$.finding.owner') AS owner,"
        " json_extract(c.body, '$.finding.evidence.quote') AS quote,"
        " json_extract(c.body, '$.finding.evidence.message_id') AS message_id, e.digest"
        " FROM entry e JOIN content c ON c.digest = e.version WHERE NOT e.dropped",
    )
    db.create_view(
        "history",
        "SELECT v.seq, v.at, v.effective, v.name, v.subject, v.account, v.detail, c.body AS content FROM event v"
        " LEFT JOIN content c"
        " ON c.digest = coalesce(json_extract(v.detail, '$.version'), json_extract(v.detail, '$.correction'))",
    )
    db.create_view(
        "letters",
        "SELECT d.id, d.thread, d.client, d.state, json_extract(c.body, '$.subject') AS subject,"
        " json_extract(c.body, '$.body') AS body, json_extract(c.body, '$.note') AS note"
        " FROM draft d JOIN content c ON c.digest = d.version",
    )
