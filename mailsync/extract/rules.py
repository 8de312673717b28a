"""The readable half of the reader: which cues together speak for which kind, in any language."""

from collections.abc import Iterable
from dataclasses import dataclass

from mailsync.extract.lexicon import Wording
from mailsync.model.entry import Kind

_C, _Q, _P, _D = Kind.COMMITMENT, Kind.REQUEST, Kind.PROPOSAL, Kind.DECISION
_A, _R, _F, _I = Kind.APPROVAL, Kind.REJECTION, Kind.FULFILMENT, Kind.ISSUE


@dataclass(frozen=True, slots=True)
class Rule:
    """A kind that a statement carries when all of `needs` and one of `one_of` are among its tags and none of `bars`.

    Tags are the cues of the language's file ("i-will"; "i-will/if" inside a condition, "/not" negated, "/said"
    quoted) and what `tags` adds about form and context. `sure` is how often the rule is right where it speaks, roughly;
    the model weighs it anew.
    """

    kind: Kind
    name: str
    sure: float
    one_of: tuple[str, ...]
    needs: tuple[str, ...] = ()
    bars: tuple[str, ...] = ()


_EMPTY = ("would-have", "let-me-know-courtesy", "greeting")

RULES: tuple[Rule, ...] = (
    # commitments
    Rule(_C, "promise with a time", 0.8, ("i-will-act", "i-will", "you-will-get"), ("when",), (*_EMPTY, "?", "away")),
    Rule(_C, "promise to act", 0.6, ("i-will-act",), (), (*_EMPTY, "?", "let-you-know", "away", "i-will-act/if")),
    Rule(_C, "promise to refrain", 0.6, ("i-will-not",), (), (*_EMPTY, "?", "refuse")),
    Rule(_C, "something will reach you", 0.6, ("reaches-you", "you-will-get"), ("when",), (*_EMPTY, "?", "you-must")),
    Rule(_C, "something will be done", 0.5, ("will-be-done",), ("when",), (*_EMPTY, "?", "third")),
    Rule(_C, "conditional promise", 0.6, ("i-will", "can-do", "i-act"), ("condition/if", "when"), (*_EMPTY, "?")),
    Rule(_C, "on it", 0.6, ("will-do", "promise-word"), ("short",), (*_EMPTY, "?")),
    Rule(_C, "present plan with a day", 0.5, ("i-act", "i-am-doing"), ("on-day",), (*_EMPTY, "?", "away", "opinion")),
    # requests
    Rule(_Q, "asks the other side", 0.7, ("can-you",), ("?",), _EMPTY),
    Rule(_Q, "please", 0.7, ("please-verb",), (), ("please-find", "let-me-know-courtesy")),
    Rule(_Q, "need or wish", 0.6, ("need", "need-you", "want"), (), (*_EMPTY, "maybe")),
    Rule(_Q, "bare imperative", 0.6, ("imperative",), (), ("let-me-know-courtesy", "greeting", "please-find", "?")),
    Rule(_Q, "asks for word", 0.6, ("let-me-know",), (), ("let-me-know-courtesy", "i-will", "let-me-know/if")),
    Rule(_Q, "you must", 0.5, ("you-must",), (), (*_EMPTY, "maybe")),
    Rule(_Q, "item under a request", 0.7, ("lead:request",), ("list",), ("attached",)),
    # proposals
    Rule(_P, "how about", 0.6, ("how-about",), ("?",), ("let-me-know-courtesy",)),
    Rule(_P, "suggests", 0.7, ("propose",), (), ("as-agreed", "i-have-done")),
    Rule(
        _P, "names a price", 0.6, ("price",), ("<money>",), ("is-done", "has-been-done", "refuse", "attached", "accept")
    ),
    Rule(_P, "could do", 0.5, ("we-could", "i-would"), (), ("would-have", "can-not", "?", "maybe")),
    Rule(_P, "make it another day", 0.5, ("make-it",), ("when",), ()),
    # decisions
    Rule(_D, "decided", 0.6, ("decided",), (), ("maybe", "?", "decided/if")),
    Rule(_D, "as agreed", 0.5, ("as-agreed",), (), ("?", "attached", "accept", "i-have-done")),
    Rule(_D, "stays or ends", 0.4, ("stays", "so-then"), (), ("?", "maybe", "trouble", "late")),
    # approvals
    Rule(
        _A, "yes to what was put", 0.8, ("yes", "works-for", "accept"), ("answers:offer",), ("?", "refuse", "can-not")
    ),
    Rule(
        _A,
        "accepts",
        0.6,
        ("accept", "you-are-right", "works-for"),
        (),
        ("?", "refuse", "can-not", "accept/if", "maybe"),
    ),
    # rejections
    Rule(_R, "no to what was put", 0.7, ("no", "refuse", "can-not", "too-much"), ("answers:offer",), ("?",)),
    Rule(_R, "refuses", 0.6, ("refuse", "out-of-scope", "can-not"), (), ("?",)),
    # fulfilments
    Rule(_F, "attached", 0.7, ("attached",), (), ("?", "need", "attached/if")),
    Rule(
        _F,
        "is done",
        0.6,
        ("is-done", "has-been-done", "i-have-done", "i-did", "went"),
        (),
        ("?", "trouble", "late", "would-have", "third", "i-will"),
    ),
    # issues
    Rule(_I, "something is wrong", 0.6, ("trouble", "not-working"), (), ("?", "is-done", "i-will", "greeting")),
    Rule(_I, "late or waiting", 0.6, ("late", "waiting"), (), ("?", "i-will", "greeting")),
)

#: Tags under which a yes or a no means something.
OFFERS = frozenset({Kind.PROPOSAL, Kind.REQUEST, Kind.DECISION, Kind.FULFILMENT})


def tags(wording: Wording) -> set[str]:
    """Return the cues of a statement with their scope, and the marks of its form."""
    found = {f"{hit.cue}/{hit.scope}" if hit.scope else hit.cue for hit in wording.hits}
    found.update(word for word in wording.words if word[0] == "<")
    if wording.question:
        found.add("?")
    if len(wording.words) <= 6:
        found.add("short")
    if found & {"by-when", "on-day", "<day>", "<date>", "<time>"}:
        found.add("when")
    return found


def fired(tags: Iterable[str]) -> list[Rule]:
    """Return the rules that speak for a statement with these tags, in the order of the table."""
    held = frozenset(tags)
    return [
        rule
        for rule in RULES
        if not held.isdisjoint(rule.one_of) and held.issuperset(rule.needs) and held.isdisjoint(rule.bars)
    ]


def by_rule(rules: Iterable[Rule]) -> dict[Kind, tuple[float, str]]:
    """Return for each kind that rules speak for the surest one's weight and name; several are surer than one."""
    best: dict[Kind, tuple[float, str]] = {}
    for rule in rules:
        doubt, name = 1 - rule.sure, rule.name
        if rule.kind in best:
            sure, first = best[rule.kind]
            doubt, name = doubt * (1 - sure), first
        best[rule.kind] = (1 - doubt, name)
    return best
