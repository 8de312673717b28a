"""G13, T4: whoever only seems to be the client never agrees in the client's name without a mark, and honest mail bears none."""

import hashlib

import pytest

from mailsync.extract.thread import extract_messages
from mailsync.model.entry import Kind, State
from mailsync.model.mail import RawMessage
from mailsync.model.people import Circle, Client, Contact
from tests.faults.evidence import note
from tests.faults.hostile import DANA, EVE, ME, mail

HARBOR = Client(
    key="harbor", name="Harbor Foods", domains=("harbor.example",), contacts=(Contact(email=DANA, name="Dana Fox", decides=True),)
)  # fmt: skip
CIRCLE = Circle(own=(ME,), clients=(HARBOR,))
OFFER = (
    "Hi Dana,\r\n\r\nI offer to build the booking page for 4,800 EUR by 15 April 2027. Do you agree?\r\n\r\nRobin\r\n"
)
YES = "Hi Robin,\r\n\r\nYes, I agree to that.\r\n\r\nDana\r\n"
HONEST = {
    "plain": f"Dana Fox <{DANA}>",
    "bare": DANA,
    "case": f"Dana Fox <{DANA.upper()}>",
    "comma": f'"Fox, Dana" <{DANA}>',
}
#: How each impostor's mail begins: From, and lines added to the head.
IMPOSTORS = {
    "name shows it": (f'"{DANA}" <{EVE}>', ""),
    "name says the boss": (f"Dana Fox <{EVE}>", ""),
    "comment shows it": (f"<{EVE}> (<{DANA}>)", ""),
    "group shows it": (f"{DANA}: <{EVE}>;", ""),
    "two authors": (f"{DANA}, {EVE}", ""),
    "two From fields": (f"Dana <{DANA}>\r\nFrom: Eve <{EVE}>", ""),
    "encoded address": (f"=?utf-8?Q?{DANA}?= <{EVE}>", ""),
    "look-alike": ("Dana Fox <dana.fox@harbоr.example>", ""),
    "look-alike in ASCII": ("Dana Fox <dana.fox@harb0r.example>", ""),
    "below another domain": ("Dana Fox <dana.fox@harbor.example.evil.test>", ""),
    "failed DMARC": (DANA, "Authentication-Results: mx.halecraft.example; dmarc=fail header.from=harbor.example\r\n"),
    "answers elsewhere": (DANA, f"Reply-To: {EVE}\r\n"),
    "sent on": (DANA, f"Resent-From: {EVE}\r\n"),
    "sent from elsewhere": (DANA, f"Return-Path: <{EVE}>\r\n"),
    "half signed": (DANA, "DKIM-Signature: v=1; a=rsa-sha256; d=harbor.example; s=s; l=0; h=from; b=AAAA\r\n"),
}


def answered(sender: str, head: str = ""):
    """Return the offer and the answers to it, with the troubles of the answering mail."""
    offer = mail(OFFER, sender=ME, name="offer").replace(f"To: Robin <{ME}>".encode(), f"To: {DANA}".encode())
    answer = mail(
        YES,
        sender=sender,
        head="In-Reply-To: <offer@hostile.example>\r\n" + head,
        subject="Re: Project call",
        name="yes",
    )
    answer = answer.replace(b"02 Mar 2026", b"03 Mar 2026")
    raws = [RawMessage(data=data, digest=hashlib.sha256(data).hexdigest()) for data in (offer, answer)]
    readings = list(extract_messages(raws, CIRCLE))
    entries = [entry for reading in readings for entry in reading.entries]
    troubles = [
        t
        for r in readings
        for read in r.messages
        if read.message.message_id.startswith("yes")
        for t in read.message.troubles
    ]
    return (
        [e for e in entries if e.finding.kind is Kind.PROPOSAL],
        [e for e in entries if e.finding.kind is Kind.APPROVAL],
        troubles,
    )


@pytest.mark.parametrize("name", HONEST)
def test_g13_an_honest_yes_agrees_and_bears_no_mark(name):
    """Mail of the client, however its address is written, settles the offer without a warning."""
    [offer], [yes], troubles = answered(HONEST[name])
    assert offer.state is State.AGREED
    assert (yes.weak, yes.finding.who, troubles) == ("", DANA, [])


@pytest.mark.parametrize("name", IMPOSTORS)
def test_g13_an_impostors_yes_never_agrees(name):
    """Forged, imitated and contradicted senders leave the offer open, and their yes says why it does not count."""
    offers, approvals, _ = answered(*IMPOSTORS[name])
    assert [offer.state for offer in offers] == [State.OPEN]
    assert all(yes.weak for yes in approvals)
    note("G13", f"a yes from {len(IMPOSTORS)} kinds of impostors and {len(HONEST)} honest senders",
         "0 counted, 0 false warnings")  # fmt: skip


@pytest.mark.parametrize(
    "body",
    ["> Yes, I agree to that.\r\n\r\nNo, I never said so.\r\n", "See below.\r\n\r\n-- \r\nBy replying you agree to our terms.\r\n",
     "FYI\r\n\r\n---------- Forwarded message ----------\r\nFrom: Eve <eve@evil.example>\r\n\r\nYes, I agree to that.\r\n"],
)  # fmt: skip
def test_g13_quoted_and_forwarded_words_are_not_the_senders(body):
    """An agreement in quotation, signature or forwarded mail is nobody's yes."""
    data = mail(body, sender=DANA)
    [reading] = extract_messages([RawMessage(data=data, digest=hashlib.sha256(data).hexdigest())], CIRCLE)
    assert [e for e in reading.entries if e.finding.kind is Kind.APPROVAL] == []
