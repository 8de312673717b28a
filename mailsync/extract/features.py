"""Sees each statement with its context: what stands around it, whose words it is, what it answers."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from mailsync.extract.lexicon import Wording, wording
from mailsync.extract.people import speaker
from mailsync.extract.rules import OFFERS, Rule, by_rule, fired, tags
from mailsync.model.entry import Kind
from mailsync.model.mail import Statement
from mailsync.model.people import Circle, Side
from mailsync.model.thread import Heard, ReadMessage


@dataclass(slots=True, kw_only=True)
class Case:
    """A statement with everything that is known when its kind is decided.

    `answers` are the kinds that rules see in what it may answer: the quoted words above it, else the other side's last
    message. `before` and `after` are its neighbours.
    """

    statement: Statement
    language: str
    side: Side
    wording: Wording
    tags: set[str]
    answers: frozenset[Kind] = frozenset()
    rules: list[Rule] = field(default_factory=list)
    before: "Case | None" = None
    after: "Case | None" = None


def cases(read: ReadMessage, statements: Sequence[Statement], circle: Circle, earlier: Sequence[Heard]) -> list[Case]:
    """Return the statements of a message as cases, in their order."""
    side = circle.side(speaker(read))
    heard = _answered(read, side, circle, earlier)
    found = []
    for statement in statements:
        words = wording(statement.quote, read.language)
        case = Case(statement=statement, language=read.language, side=side, wording=words, tags=tags(words))
        texts = [statement.answering] if statement.answering else [s.quote for s in heard.statements] if heard else []
        case.answers = frozenset(kind for text in texts[-40:] for kind in _kinds(text, read.language))
        case.tags.update(f"answers:{kind}" for kind in case.answers)
        if case.answers & OFFERS:
            case.tags.add("answers:offer")
        if statement.lead:
            case.tags.update(f"lead:{kind}" for kind in _kinds(statement.lead, read.language))
        if statement.in_list:
            case.tags.add("list")
        case.rules = fired(case.tags)
        found.append(case)
    for one, two in pairwise(found):
        one.after, two.before = two, one
    return found


def _answered(read: ReadMessage, side: Side, circle: Circle, earlier: Sequence[Heard]) -> Heard | None:
    """Return the message that this one answers: the one it replies to, else the other side's last one."""
    for heard in reversed(earlier):
        replied = heard.read.message.message_id in read.message.in_reply_to
        if replied and heard.statements and circle.side(speaker(heard.read)) is not side:
            return heard
    return next((h for h in reversed(earlier) if h.statements and circle.side(speaker(h.read)) is not side), None)


def _kinds(text: str, language: str) -> tuple[Kind, ...]:
    return tuple(by_rule(fired(tags(wording(text, language)))))


#: Cues that say what a sentence is about rather than what it does; they stay out of pairs.
_ABOUT = frozenset({"work-object", "third", "on-day", "just-now", "thanks", "price"})


def features(case: Case) -> list[str]:
    """Return the names of the features of one statement, each once.

    `1:` `2:` `3:` are runs of words, `s:` runs of shapes, `^:` how a clause begins, `p:` beginnings of long words, `q:`
    cues with scope, `+:` two cues together, `r:` rules, `a:` what is answered, `b:` and `n:` the neighbours, `m:` form
    and place.
    """
    found: set[str] = set()
    found.update(_word_features(case.wording))
    found.update(_cue_features(case))
    found.update(_context_features(case))
    return list(found)


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


_REPLY = (
    "yes",
    "no",
    "accept",
    "works-for",
    "refuse",
    "can-not",
    "you-are-right",
    "is-done",
    "i-will",
    "attached",
    "too-much",
    "short",
    "?",
)


def _context_features(case: Case) -> list[str]:
    statement = case.statement
    found = [f"a:{kind}" for kind in case.answers]
    found += [f"a:{kind}&{tag}" for kind in case.answers for tag in _REPLY if tag in case.tags]
    found += [f"m:{tag}" for tag in case.tags if tag.startswith(("lead:", "list"))]
    found += [f"m:{case.language}", f"m:{case.side}"]
    found.append(f"m:words{min(len(case.wording.words) // 4, 8)}")
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
            found.append(f"{mark}:none")
        else:
            found += [f"{mark}:{tag}" for tag in other.tags if ":" not in tag and tag[0] != "<"]
            found += [f"{mark}:={rule.kind}" for rule in other.rules]
    return found
