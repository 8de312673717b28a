"""Sees each statement with its context: what stands around it, whose words it is, what it answers."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import pairwise

from mailsync.extract.affinity import stems
from mailsync.extract.lexicon import CAP, Wording, family, wording
from mailsync.extract.people import named, present, speaker
from mailsync.extract.rules import OFFERS, Rule, by_rule, fired, tags
from mailsync.model.entry import Kind
from mailsync.model.mail import Address, Statement
from mailsync.model.people import Circle, Side
from mailsync.model.thread import Heard, ReadMessage
from mailsync.text.dates import find_dates

#: Earlier messages, and statements in them, that a statement may echo; more would make long threads slow.
_REACH = 40
#: Marks without one of which a statement names no date; looking for dates is dear.
_TIMELY = frozenset({"when", "just-now", "<num>", "<month>", "<ord>"})


@dataclass(slots=True, kw_only=True)
class Case:
    """A statement with everything that is known when its kind is decided.

    `tags` are its cues and marks of form, `scene` what is known about its place: dates ahead or past, people named,
    what it echoes. `answers` are the kinds that rules see in what it may answer: the quoted words above it, else the
    other side's last message. `before` and `after` are its neighbours.
    """

    statement: Statement
    language: str
    side: Side
    wording: Wording
    tags: set[str]
    scene: set[str] = field(default_factory=set)
    answers: frozenset[Kind] = frozenset()
    rules: list[Rule] = field(default_factory=list)
    before: "Case | None" = None
    after: "Case | None" = None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Scene:
    """What all statements of one message share."""

    read: ReadMessage
    side: Side
    theirs: tuple[tuple[frozenset[str], tuple[Kind, ...]], ...]
    mine: tuple[tuple[frozenset[str], tuple[Kind, ...]], ...]
    answers: frozenset[Kind]
    mates: tuple[Address, ...]
    others: tuple[Address, ...]
    subject: frozenset[str]
    reply: bool


def cases(read: ReadMessage, statements: Sequence[Statement], circle: Circle, earlier: Sequence[Heard]) -> list[Case]:
    """Return the statements of a message as cases, in their order."""
    scene = _scene(read, circle, earlier)
    found: list[Case] = []
    agreed = False
    for statement in statements:
        case = _case(statement, scene)
        if agreed:
            case.scene.add("agreed above")
        agreed = agreed or "as-agreed" in case.tags or "lead+as-agreed" in case.scene
        found.append(case)
    for one, two in pairwise(found):
        one.after, two.before = two, one
    return found


def _scene(read: ReadMessage, circle: Circle, earlier: Sequence[Heard]) -> _Scene:
    side = circle.side(speaker(read))
    heard = _answered(read, side, circle, earlier)
    mine = [s for h in earlier[-_REACH:] if circle.side(speaker(h.read)) is side for s in h.statements][-_REACH:]
    theirs = heard.statements[-_REACH:] if heard else ()
    people = present(read, earlier).values()
    return _Scene(
        read=read,
        side=side,
        theirs=tuple(_echoing(s.quote, read.language) for s in theirs),
        mine=tuple(_echoing(s.quote, read.language) for s in mine),
        answers=frozenset(kind for s in theirs for kind in _kinds(s.quote, read.language)),
        mates=tuple(p for p in people if circle.side(p.email) is side and p.email != speaker(read)),
        others=tuple(p for p in people if circle.side(p.email) is not side),
        subject=frozenset(hit.cue for hit in wording(read.message.subject, read.language).hits),
        reply=bool(earlier),
    )


def _case(statement: Statement, scene: _Scene) -> Case:
    language = scene.read.language
    words = wording(statement.quote, language)
    case = Case(statement=statement, language=language, side=scene.side, wording=words, tags=tags(words))
    case.answers = frozenset(_kinds(statement.answering, language)) if statement.answering else scene.answers
    case.tags.update(f"answers:{kind}" for kind in case.answers)
    if case.answers & OFFERS:
        case.tags.add("answers:offer")
    if statement.lead:
        case.tags.update(f"lead:{kind}" for kind in _kinds(statement.lead, language))
        case.scene.update(f"lead+{hit.cue}" for hit in wording(statement.lead, language).hits)
    if statement.in_list:
        case.tags.add("list")
    case.rules = fired(case.tags)
    case.scene.update(f"subject {cue}" for cue in scene.subject)
    case.scene.add("reply" if scene.reply else "first")
    if not _TIMELY.isdisjoint(case.tags):
        case.scene.update(_dated(statement, scene.read))
    case.scene.update(_naming(statement.quote, scene))
    own = stems(statement.quote)
    case.scene.update(f"echoes their {kind}" for kind in _echoed(own, scene.theirs))
    case.scene.update(f"echoes own {kind}" for kind in _echoed(own, scene.mine))
    return case


def _dated(statement: Statement, read: ReadMessage) -> set[str]:
    """Say of each date whether it lies ahead, and what it does in the sentence."""
    sent, found = read.message.sent_at, set()
    for date in find_dates(statement.quote[:CAP], sent, read.language):
        day = date.iso[:10]
        today = sent.date().isoformat()
        found.add(f"date {date.role}")
        found.add("date today" if day == today else "date ahead" if day > today else "date behind")
    return found


def _naming(quote: str, scene: _Scene) -> set[str]:
    """Say whose people the statement names, and whom it begins with."""
    found = set()
    for whose, people in (("mate", scene.mates), ("other", scene.others)):
        for person in named(quote, people):
            found.add(f"names {whose}")
            if quote.split(maxsplit=1)[0].strip(",:;'’s").lower() in person.name.lower().split():
                found.add(f"begins with {whose}")
    return found


@lru_cache(maxsize=4096)
def _echoing(quote: str, language: str) -> tuple[frozenset[str], tuple[Kind, ...]]:
    """Return a statement's content words and the kinds that rules see in it."""
    return stems(quote[:CAP]), _kinds(quote, language)


def _echoed(own: frozenset[str], said: Sequence[tuple[frozenset[str], tuple[Kind, ...]]]) -> tuple[str, ...]:
    """Return the kinds of the statement that shares most content words with `own`, "nothing" for little in common."""
    best: float = 0.0
    kinds: tuple[str, ...] = ("nothing",)
    for words, carried in said:
        shared = len(own & words)
        if not shared:
            continue
        alike = shared / (len(own) * len(words)) ** 0.5
        if alike > best and (shared > 1 or alike > 0.3):
            best, kinds = alike, tuple(str(kind) for kind in carried) or ("plain",)
    return kinds


def _answered(read: ReadMessage, side: Side, circle: Circle, earlier: Sequence[Heard]) -> Heard | None:
    """Return the message that this one answers: the one it replies to, else the other side's last one."""
    for heard in reversed(earlier):
        replied = heard.read.message.message_id in read.message.in_reply_to
        if replied and heard.statements and circle.side(speaker(heard.read)) is not side:
            return heard
    return next((h for h in reversed(earlier) if h.statements and circle.side(speaker(h.read)) is not side), None)


@lru_cache(maxsize=4096)
def _kinds(text: str, language: str) -> tuple[Kind, ...]:
    return tuple(by_rule(fired(tags(wording(text, language)))))


#: Cues that say what a sentence is about rather than what it does; they stay out of pairs.
_ABOUT = frozenset({"work-object", "third", "on-day", "just-now", "thanks", "price"})


def features(case: Case) -> list[str]:
    """Return the names of the features of one statement, each once, in alphabetical order.

    `1:` `2:` `3:` are runs of words, `s:` runs of shapes, `f:` `w:` families of words and `k:` runs of them, `^:` how a
    clause begins, `p:` beginnings of long words, `q:` cues with scope, `+:` two cues together, `r:` rules, `a:` what is
    answered, `b:` and `n:` the neighbours, `m:` form and place, `d:` the scene.
    """
    found: set[str] = set()
    found.update(_word_features(case.wording))
    if case.language == "en":
        found.update(_family_features(case.wording))
    found.update(_cue_features(case))
    found.update(_context_features(case))
    return sorted(found)


def _word_features(wording: Wording) -> list[str]:
    words, shapes = ("^", *wording.words, "$"), ("^", *wording.shapes, "$")
    found = [f"1:{word}" for word in words]
    found += [f"2:{a} {b}" for a, b in pairwise(words)]
    found += [f"3:{a} {b} {c}" for a, b, c in zip(words, words[1:], words[2:], strict=False)]
    found += [f"s:{a} {b} {c}" for a, b, c in zip(shapes, shapes[1:], shapes[2:], strict=False)]
    found += [f"s:{a} {b} {c} {d}" for a, b, c, d in zip(shapes, shapes[1:], shapes[2:], shapes[3:], strict=False)]
    for start in wording.starts:
        head = wording.shapes[start : start + 4]
        found += [f"^:{' '.join(head[:size])}" for size in range(1, len(head) + 1)]
    found += [f"p:{word[:5]}" for word in wording.words if len(word) > 6 and word[0].isalpha()]
    return found


def _family_features(wording: Wording) -> list[str]:
    """Return features by which rare words pass for their kin; English only, as the families are."""
    found, line = [], ["^"]
    for word, shape in zip(wording.words, wording.shapes, strict=True):
        kin = family(word)
        if kin:
            found += [f"f:{kin[0]}", f"w:{kin[1]}"]
        line.append(word if word == shape else f"<{kin[1]}>" if kin else shape)
    line.append("$")
    found += [f"k:{a} {b}" for a, b in pairwise(line)]
    found += [f"k:{a} {b} {c}" for a, b, c in zip(line, line[1:], line[2:], strict=False)]
    return found


def _cue_features(case: Case) -> list[str]:
    held = sorted(tag for tag in case.tags if ":" not in tag)
    found = [f"q:{tag}" for tag in held]
    found += [f"{case.side}:{tag}" for tag in held]
    doing = [tag for tag in held if tag not in _ABOUT and tag[0] != "<"]
    found += [f"+:{a}+{b}" for place, a in enumerate(doing) for b in doing[place + 1 :]]
    found += [f"q^:{hit.cue}" for hit in case.wording.hits if hit.start <= 1]
    found += [f"r:{rule.name}" for rule in case.rules]
    found += [f"r:={kind}" for kind in {rule.kind for rule in case.rules}]
    return found


#: What an answer says; it means something only beside what it answers.
_REPLY = frozenset(
    "yes no accept works-for refuse can-not you-are-right is-done i-will attached too-much short ?".split()  # noqa: SIM905
)


def _context_features(case: Case) -> list[str]:
    statement = case.statement
    found = [f"a:{kind}" for kind in case.answers]
    found += [f"a:{kind}&{tag}" for kind in case.answers for tag in case.tags & _REPLY]
    found += [f"m:{tag}" for tag in case.tags if tag.startswith(("lead:", "list"))]
    found += [f"m:{case.language}", f"m:{case.side}"]
    first = case.wording.shapes[0] if case.wording.shapes else ""
    for fact in case.scene:
        found.append(f"d:{fact}")
        if fact.startswith("date"):
            found += [f"d:{fact}&{first}", f"d:{fact}&{case.side}"]
            found += [f"d:{fact}&={rule.kind}" for rule in case.rules]
        elif fact.startswith("echoes"):
            found += [f"d:{fact}&{tag}" for tag in case.tags & _REPLY]
        elif fact.startswith(("names", "begins", "agreed", "lead")):
            found += [f"d:{fact}&{mark}" for mark in ("?", "when", "list", "imperative") if mark in case.tags]
    found.append(f"m:words{min(len(case.wording.words) // 4, 8)}")
    long = statement.of > 3  # in a mail of one line or two, being the last one tells nothing
    if long:
        found.append(f"m:place{min(statement.place, 3)}")
        found.append(f"m:left{min(statement.of - statement.place - 1, 3)}")
        found.append(f"m:of{min(statement.of // 4, 4)}")
    if statement.number:
        found.append("m:numbered")
    if statement.answering:
        found.append("m:inline")
    if case.wording.capitals:
        found.append("m:capitals")
    for mark, other in (("b", case.before), ("n", case.after)):
        if other is None:
            found += [f"{mark}:none"] if long else []
        else:
            found += [f"{mark}:{tag}" for tag in other.tags if ":" not in tag and tag[0] != "<"]
            found += [f"{mark}:={rule.kind}" for rule in other.rules]
    return found
