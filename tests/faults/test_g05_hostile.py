"""G4, G5, T8-T10: no mail stops the worker, every mail is kept byte for byte, and none costs more than its share."""

import hashlib
import logging
import os
import resource
from collections import Counter

import pytest

from mailsync.model.event import EventName
from tests.faults import hostile
from tests.faults.doomed import Doomed
from tests.faults.evidence import note
from tests.faults.hostile import corpus
from tests.faults.test_g01_kill import database

CORPUS = tuple(corpus())
CPU_SECONDS, MEGABYTES = 10, 512


@pytest.fixture
def archive(tmp_path):
    """The whole corpus as files."""
    folder = tmp_path / "old-mail"
    folder.mkdir()
    for number, one in enumerate(CORPUS):
        (folder / f"{number:04}.eml").write_bytes(one.data)
    return folder


@pytest.mark.dovecot
def test_g05_the_worker_goes_through_the_whole_corpus(office, archive, caplog):
    """Import ends well, raises nothing, keeps every mail byte for byte, and the ledger proves itself afterwards."""
    with caplog.at_level(logging.ERROR, "mailsync"):
        code, _, err = office.run("import", str(archive))
    assert code in (0, 3), err
    assert [r for r in caplog.records if r.exc_info] == []

    from mailsync.ledger.sqlite import open_ledger

    ledger = open_ledger(database(office), read_only=True)
    kept = {e.subject for e in ledger.events() if e.name is EventName.MESSAGE_KEPT}
    named = " ".join(f"{t.subject} {t.reason}" for t in ledger.troubles())
    ours = {hashlib.sha256(one.data).hexdigest(): one for one in CORPUS if hostile.DANA.encode() in one.data}
    lost = [one.name for digest, one in ours.items() if digest not in kept and digest not in named]
    exact = all(ledger.raw(digest).data == ours[digest].data for digest in kept)
    ledger.close()
    assert lost == []
    assert exact
    assert office.data("verify")["whole"]
    classes = ", ".join(f"{n} {kind}" for kind, n in Counter(one.kind for one in CORPUS).items())
    note("G4", f"import of {len(CORPUS)} hostile mails ({classes})", f"{len(kept)} kept byte for byte, 0 lost")


def test_g05_no_mail_costs_more_than_its_share(tmp_path):
    """Each mail is read within seconds of CPU and 512 MiB, whatever it repeats, nests or announces."""
    from mailsync.app import read_files

    warm = tmp_path / "warm.eml"
    warm.write_bytes(hostile.mail())
    read_files(warm, (hostile.ME,))
    path, worst = tmp_path / "mail.eml", []
    for one in CORPUS:
        if one.kind not in {"repetition", "bomb"}:
            continue
        path.write_bytes(one.data)
        child = Doomed(
            lambda: (
                resource.setrlimit(resource.RLIMIT_CPU, (CPU_SECONDS, CPU_SECONDS)),
                read_files(path, (hostile.ME,)),
            )
        )
        _, status, used = os.wait4(child.pid, 0)
        worst.append((round(used.ru_utime + used.ru_stime, 2), used.ru_maxrss // 1024, one.name))
        assert os.waitstatus_to_exitcode(status) == 0, one.name
        assert used.ru_maxrss < MEGABYTES * 1024, one.name
    slow, big = max(worst), max(worst, key=lambda row: row[1])
    note("G5", f"{len(worst)} mails that repeat and nest, each read in a process of its own",
         f"longest {slow[0]} s CPU ({slow[2]}), largest {big[1]} MiB ({big[2]})")  # fmt: skip
