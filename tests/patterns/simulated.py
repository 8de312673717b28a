"""Two invented years with a client, as real mail through the real reading part: a calm course, and habits planted in it."""

import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta
from email.message import EmailMessage
from email.utils import format_datetime

from mailsync.extract.thread import extract_messages
from mailsync.model.mail import RawMessage
from mailsync.model.people import Baseline, Circle, Client, Contact, WorkingHours
from mailsync.model.thread import ThreadReading
from mailsync.patterns.history import History, history
from mailsync.text.worktime import add_working_days

ROBIN, DANA, TIM = "robin@halecraft.example", "dana@harbor.example", "tim@harbor.example"
NAMES = {ROBIN: "Robin Hale", DANA: "Dana Fox", TIM: "Tim Roth"}
HOURS = WorkingHours(zone="UTC")
BEGIN, NOW = date(2024, 1, 8), datetime(2026, 1, 5, 12, 0, tzinfo=UTC)
BASELINE = Baseline(
    inside=("Booking pages for rooms and tables", "Product catalogue"),
    outside=("Translations into other languages", "Product photos"),
    payment_days=14,
    our_answer_hours=16,
    their_answer_hours=16,
    status_days=10,
    rate="90 EUR",
)
CLIENT = Client(
    key="harbor",
    name="Harbor Foods",
    domains=("harbor.example",),
    contacts=(Contact(email=DANA, name="Dana Fox", decides=True), Contact(email=TIM, name="Tim Roth", decides=False)),
    baseline=BASELINE,
)
CIRCLE = Circle(own=(ROBIN,), clients=(CLIENT,))


@dataclass
class Thread:
    """A thread that begins on the `begin`-th working day of the two years; `say` adds a mail `day` working days on."""

    subject: str
    begin: int
    mails: list[RawMessage] = field(default_factory=list)

    def day(self, n: int) -> date:
        return add_working_days(add_working_days(BEGIN, self.begin, HOURS), n, HOURS)

    def on(self, n: int) -> str:
        return f"{self.day(n):%-d %B %Y}"

    def say(self, day: int, sender: str, text: str, at: time = time(10, 0), plus: int = 0) -> "Thread":
        mail = EmailMessage()
        name = f"{self.subject.replace(' ', '-')}.{len(self.mails)}@mail.example"
        mail["Message-ID"] = f"<{name}>"
        mail["From"] = f"{NAMES[sender]} <{sender}>"
        mail["To"] = DANA if sender == ROBIN else ROBIN
        moment = datetime.combine(self.day(day) + timedelta(days=plus), at, UTC) + timedelta(minutes=len(self.mails))
        mail["Date"] = format_datetime(moment)
        mail["Subject"] = f"Re: {self.subject}" if self.mails else self.subject
        if self.mails:
            before = f"<{self.subject.replace(' ', '-')}.{len(self.mails) - 1}@mail.example>"
            mail["In-Reply-To"] = mail["References"] = before
        mail.set_content(f"Hello,\n\n{text}\n\nBest regards\n{NAMES[sender]}\n")
        data = mail.as_bytes()
        self.mails.append(RawMessage(data=data, digest=hashlib.sha256(data).hexdigest()))
        return self


THINGS = ("booking page", "menu page", "order form", "table plan", "opening hours page", "gift card page")


def calm() -> Iterator[Thread]:
    """A job every four weeks: asked, promised, delivered, accepted, billed and paid, all in time."""
    for n in range(26):
        thing = f"{THINGS[n % len(THINGS)]} {n + 1}"
        thread = Thread(f"Job {n + 1} {thing}", begin=n * 19)
        bill = 1000 + n
        yield (
            thread.say(0, DANA, f"Could you build the {thing} by {thread.on(5)}?")
            .say(0, ROBIN, f"Yes, I'll have the {thing} ready by {thread.on(5)}.", time(14, 0))
            .say(1, ROBIN, f"For this I need your opening times and prices. Please send them by {thread.on(3)}.")
            .say(2, DANA, "The opening times and prices are attached.")
            .say(5, ROBIN, f"The {thing} is ready and online.")
            .say(6, DANA, f"Thank you, the {thing} is approved.")
            .say(6, ROBIN, f"Invoice {bill} over 900 EUR is attached. It is payable by {thread.on(16)}.", time(15, 0))
            .say(12, DANA, f"We have paid invoice {bill} today.")
        )


def _evening(hour: int) -> time:
    return time(hour, 15)


def _client_late(t: Thread, k: int) -> Thread:
    t.say(0, DANA, f"I will send you the product list by {t.on(3)}.")
    return t.say(9, DANA, "The product list is attached.")


def _we_late(t: Thread, k: int) -> Thread:
    t.say(0, ROBIN, f"I will send you the draft of the catalogue by {t.on(3)}.")
    return t.say(9, ROBIN, "The draft of the catalogue is attached.")


def _client_keeps_waiting(t: Thread, k: int) -> Thread:
    t.say(0, ROBIN, f"I will put the new catalogue online by {t.on(10)}.")
    t.say(1, ROBIN, "Please send me the logo and the price list.")
    t.say(9, DANA, "The logo and the price list are attached.")
    return t.say(14, ROBIN, "The new catalogue is online.")


def _we_keep_waiting(t: Thread, k: int) -> Thread:
    t.say(0, DANA, f"I will send you the signed contract by {t.on(10)}.")
    t.say(1, DANA, "Please send me the final text of the contract.")
    t.say(9, ROBIN, "The final text of the contract is attached.")
    return t.say(14, DANA, "The signed contract is attached.")


def _client_moves(t: Thread, k: int) -> Thread:
    t.say(0, DANA, f"Please launch the catalogue on {t.on(20)}.")
    t.say(0, ROBIN, f"Yes, I will launch the catalogue on {t.on(20)}.", time(14, 0))
    t.say(5, DANA, f"Please move the launch of the catalogue to {t.on(30)} instead.")
    t.say(5, ROBIN, f"Fine, I will launch the catalogue on {t.on(30)} instead.", time(14, 0))
    return t.say(30, ROBIN, "The launch is done, the catalogue is live.")


def _we_move(t: Thread, k: int) -> Thread:
    t.say(0, ROBIN, f"I will launch the catalogue on {t.on(20)}.")
    t.say(1, DANA, f"Approved, the launch on {t.on(20)} is fine.")
    t.say(5, ROBIN, f"I will launch the catalogue on {t.on(30)} instead.")
    return t.say(30, ROBIN, "The launch is done, the catalogue is live.")


def _client_silent(t: Thread, k: int) -> Thread:
    t.say(0, ROBIN, "Please send me the password of the server.")
    t.say(4, ROBIN, "A friendly reminder: please send me the password of the server.")
    t.say(8, ROBIN, "Still waiting for the password of the server.")
    return t.say(9, DANA, "The password of the server is attached.")


def _we_silent(t: Thread, k: int) -> Thread:
    t.say(0, DANA, "Please send me the statistics of the shop.")
    t.say(4, DANA, "A friendly reminder: please send me the statistics of the shop.")
    t.say(8, DANA, "Still waiting for the statistics of the shop.")
    return t.say(9, ROBIN, "The statistics of the shop are attached.")


def _evades(t: Thread, k: int) -> Thread:
    t.say(0, ROBIN, "Please tell me by when you need the catalogue, and confirm the colours.")
    return t.say(1, DANA, "There is so much going on here, the whole team talks about colours all day long.")


def _client_slow(t: Thread, k: int) -> Thread:
    t.say(0, ROBIN, "Could you send me the address list?")
    return t.say(6, DANA, "The address list is attached.")


def _we_slow(t: Thread, k: int) -> Thread:
    t.say(0, DANA, "Could you send me the address list?")
    return t.say(6, ROBIN, "The address list is attached.")


def _pays_late(t: Thread, k: int) -> Thread:
    t.say(0, ROBIN, f"Invoice {7000 + k} over 1200 EUR is attached. It is payable by {t.on(10)}.")
    t.say(13, ROBIN, f"A reminder: invoice {7000 + k} has not been paid.")
    return t.say(18, DANA, f"We have paid invoice {7000 + k} today.")


def _promises_to_pay(t: Thread, k: int) -> Thread:
    t.say(0, ROBIN, f"Please pay invoice {8000 + k}.")
    t.say(1, DANA, f"I will pay invoice {8000 + k} by {t.on(4)}.")
    return t.say(11, DANA, f"I have paid invoice {8000 + k}.")


def _extra(t: Thread, k: int) -> Thread:
    t.say(0, DANA, "Could you also prepare translations of the menu into other languages?")
    t.say(0, ROBIN, f"Sure, I will prepare the translations of the menu by {t.on(5)}.", time(14, 0))
    return t.say(5, ROBIN, "The translations of the menu are attached.")


def _at_night(t: Thread, k: int) -> Thread:
    for n in range(4):
        t.say(n, DANA, "The photographs of the kitchen came out well.", _evening(22))
    return t


def _we_at_night(t: Thread, k: int) -> Thread:
    for n in range(4):
        t.say(n, ROBIN, "The photographs of the kitchen came out well.", _evening(22))
    return t


def _watches(t: Thread, k: int) -> Thread:
    for n in range(4):
        t.say(0, DANA, "Any update? Where are we with the page?", time(9 + 2 * n, 30))
        t.say(0, ROBIN, "We go on with the page as planned.", time(10 + 2 * n, 0))
    return t


def _tim_promises(t: Thread, k: int) -> Thread:
    t.say(0, ROBIN, "I propose the new order form for 900 EUR.")
    return t.say(1, TIM, "Approved, go ahead with the order form for 900 EUR.")


def _insults(t: Thread, k: int) -> Thread:
    return t.say(0, DANA, "You are incompetent. All of this is your fault.")


def _we_insult(t: Thread, k: int) -> Thread:
    return t.say(0, ROBIN, "You are incompetent. All of this is your fault.")


#: Habits as (figure, side): how often its little story is planted, and the story.
PLANTS: dict[tuple[str, str], tuple[int, Callable[[Thread, int], Thread]]] = {
    ("dates-missed", "client"): (12, _client_late),
    ("dates-missed", "us"): (12, _we_late),
    ("waiting", "client"): (8, _client_keeps_waiting),
    ("waiting", "us"): (10, _we_keep_waiting),
    ("goalposts", "client"): (16, _client_moves),
    ("changes", "client"): (24, _client_moves),
    ("goalposts", "us"): (16, _we_move),
    ("unanswered", "client"): (10, _client_silent),
    ("unanswered", "us"): (10, _we_silent),
    ("evasive", "client"): (4, _evades),
    ("slow-answers", "client"): (20, _client_slow),
    ("slow-answers", "us"): (12, _we_slow),
    ("late-payments", "client"): (14, _pays_late),
    ("broken-payment-promises", "client"): (4, _promises_to_pay),
    ("extras", "client"): (6, _extra),
    ("unpaid-extras", "client"): (6, _extra),
    ("early-yes", "us"): (6, _extra),
    ("off-hours", "client"): (10, _at_night),
    ("off-hours", "us"): (10, _we_at_night),
    ("close-watch", "client"): (12, _watches),
    ("no-authority", "client"): (8, _tim_promises),
    ("hostile", "client"): (3, _insults),
    ("hostile", "us"): (3, _we_insult),
    ("blame", "client"): (3, _insults),
    ("blame", "us"): (3, _we_insult),
}


def planted(key: str, side: str) -> list[Thread]:
    """Return the threads in which a habit shows, spread over the two years."""
    times, story = PLANTS[key, side]
    return [story(Thread(f"{key} {side} {k + 1}", begin=7 + k * (470 // times)), k) for k in range(times)]


def read(threads: Sequence[Thread]) -> list[ThreadReading]:
    """Read the threads as mailsync reads mail."""
    return list(extract_messages((mail for thread in threads for mail in thread.mails), CIRCLE, HOURS))


def told(readings: Sequence[ThreadReading], client: Client = CLIENT, now: datetime = NOW) -> History:
    """Return the history that these readings make."""
    return history(
        client,
        replace(CIRCLE, clients=(client,)),
        HOURS,
        entries=[entry for reading in readings for entry in reading.entries],
        threads={reading.thread: reading.messages for reading in readings},
        now=now,
    )
