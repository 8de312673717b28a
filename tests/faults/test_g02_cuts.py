"""G2, G19: wherever a turn is cut off, it ends in a sentence, and the next turn has everything once."""

import pytest

from tests.faults import FaultProxy, seconds_of
from tests.faults.evidence import note
from tests.faults.test_g01_kill import promise, the_log, whole
from tests.journeys.office import Office, deliver

pytestmark = pytest.mark.dovecot
CUTS = [pytest.param(5), pytest.param(100, marks=pytest.mark.long)]
LETTERS = 6


@pytest.fixture
def conversation(office, tmp_path):
    """A filled mailbox, what its log says undisturbed, and how many octets a turn over it brings."""
    last = None
    for number in range(LETTERS):
        last = promise(number, answering=last if number % 3 else None)
        deliver(office.mailbox, last)
    with FaultProxy(office.mailbox.server.port) as proxy:
        calm = through(proxy, office, tmp_path / "calm")
        calm.data("poll")
        return the_log(calm), proxy.passed


def through(proxy, office, folder) -> Office:
    """Return another office over the same mailbox that talks through `proxy`, and soon gives up."""
    folder.mkdir()
    other = Office(folder, office.mailbox)
    text = other.config.read_text().replace(f"port = {office.mailbox.server.port}", f"port = {proxy.port}")
    other.config.write_text(text + "\n[limits]\ntimeout_seconds = 10\n")
    return other


@pytest.mark.parametrize("cuts", CUTS)
@pytest.mark.parametrize("fault", ["reset", "close"])
def test_g02_a_turn_cut_anywhere_is_made_good_by_the_next(office, tmp_path, conversation, fault, cuts):
    """The line breaks after every share of a turn: one sentence, no hang, and the next turn brings all, once."""
    expected, octets = conversation
    longest = 0.0
    for number in range(cuts):
        with FaultProxy(office.mailbox.server.port, fault, after=octets * number // cuts) as proxy:
            other = through(proxy, office, tmp_path / f"cut-{number}")
            longest = max(longest, seconds_of(lambda other=other: other.run("poll")))
            other.data("poll")
            whole(other, LETTERS)
            assert the_log(other) == expected
    note("G2", f"a poll cut by {fault} at {cuts} places", f"{cuts}/{cuts} recovered, longest {longest:.1f} s")


def test_g02_a_stalled_turn_ends_by_its_deadline(office, tmp_path, conversation):
    """Silence in the middle ends the turn with a sentence; the next one has everything."""
    expected, octets = conversation
    with FaultProxy(office.mailbox.server.port, "stall", after=octets // 2) as proxy:
        other = through(proxy, office, tmp_path / "stalled")
        code, _, err = other.run("poll")
        assert (code, "took too long" in err) == (3, True)
        other.data("poll")
        assert the_log(other) == expected
    note("G2", "a poll that stalls half-way", "ended by its deadline with one sentence, recovered")
