"""Joins a thread's findings to entries: who answers what, what replaces what, and what was only said again."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from mailsync.extract.affinity import ANSWERING, Item, Scene, answer_traits, items, replace_traits
from mailsync.extract.naming import corrections, named
from mailsync.extract.states import Moves, steps
from mailsync.extract.weights import ANSWER, REPLACE, TAKE_UP
from mailsync.model.entry import STATEFUL, Entry, Evidence, Finding, Kind
from mailsync.model.mail import Message
from mailsync.model.people import Side
from mailsync.model.thread import Background, Heard
from mailsync.reading.lookalike import imitates

_RECENT = 40  # how many of the latest findings an answer is compared with, however long the thread
_KINDRED = 24  # and how many earlier ones that share a rare word with it
_MARGIN = {Kind.REQUEST: 1.0, Kind.COMMITMENT: 0.5}  # how much less like the best one more thing done may be
_TERMS = frozenset({Kind.COMMITMENT, Kind.PROPOSAL, Kind.DECISION})
_ALIKE = 0.8  # share of the words two promises must have in common to be one promise said twice

#: A yes or no to everything that stands in the message answered.
_ALL = re.compile(
    r"\b(?:both|everything|all (?:of (?:it|them|this|that|the above|these)|good|fine|correct|right|clear|ok|okay|set"
    r"|agreed|approved|accepted|(?:\w+ )?(?:points|items|numbers|questions|two|three|four|five|six|seven|eight))"
    r"|yes to all|as (?:you |we )?(?:discussed|listed|described|summari[sz]ed)|your (?:recap|summary|minutes)"
    r"|(?:passt |ist |stimmt )?alles|alle (?:punkte|\w+ punkte)|beide[sn]?|so weit richtig"
    r"|tout(?:es)? (?:est|bon|les points|me va|cela)|tous les points|les deux|c'est bien ça|todo(?:s)? (?:bien|correcto"
    r"|conforme|los puntos)|ambos|ambas|los dos|tutto (?:bene|corretto|ok|giusto)|tutti i punti|entramb[ie])\b",
    re.IGNORECASE,
)
#: How `reading.headers` words its doubts about an author.
_DOUBTFUL = re.compile(r"From field|sender's (?:name|address)|may be forged")


@dataclass(slots=True)
class _Web:
    """The links found so far, as positions of items."""

    answers: dict[int, tuple[int, ...]] = field(default_factory=dict)
    replaces: dict[int, int] = field(default_factory=dict)
    takes_up: dict[int, int] = field(default_factory=dict)


def link(thread: str, heard: Sequence[Heard], background: Background) -> tuple[Entry, ...]:
    """Return the entries of `thread`: its findings joined by answers, replacements, repetitions and steps.

    `heard` stands in the order of the messages' dates; the entries come in the same order, by place in each message.
    """
    told = corrections(background)
    found, scene = items(heard, named(heard, told))
    web = _walk(found, scene)
    doubts = [_doubts(h.read.message) for h in heard]
    weak = [_weakness(item.finding, doubts[item.message], background) for item in found]
    lives = steps(found, _moves(found, heard, web, weak, background))
    clients = {h.read.message.message_id: h.read.client for h in heard}
    also: dict[int, list[Evidence]] = {}
    for again, original in scene.repeats.items():
        also.setdefault(original, []).append(found[again].finding.evidence)
    return tuple(
        Entry(
            id=item.id,
            thread=thread,
            client=told.get(item.id, {}).get("client") or clients.get(item.finding.evidence.message_id, ""),
            finding=item.finding,
            answers=found[web.answers[n][0]].id if n in web.answers else None,
            answers_all=tuple(found[m].id for m in web.answers.get(n, ())),
            replaces=found[web.replaces[n]].id if n in web.replaces else None,
            steps=lives[n],
            also=tuple(also.get(n, ())),
            weak=weak[n],
        )
        for n, item in enumerate(found)
        if n not in scene.repeats
    )


def _moves(
    found: Sequence[Item], heard: Sequence[Heard], web: _Web, weak: Sequence[str], background: Background
) -> Moves:
    """Return what moves the entries: the links, and who wrote when."""
    side = background.circle.side
    messages = [h.read.message for h in heard if not h.read.unread]
    return Moves(
        answers=web.answers,
        replaces={n: old for n, old in web.replaces.items() if not weak[n] or found[n].kind is Kind.APPROVAL},
        takes_up={n: request for n, request in web.takes_up.items() if not weak[n]},
        weak=frozenset(n for n, why in enumerate(weak) if why),
        talk=[(m.sent_at, side(m.sender.email)) for m in messages if m.sender],
    )


def _walk(found: Sequence[Item], scene: Scene) -> _Web:
    """Go through the items in order and link each to the earlier ones."""
    web = _Web()
    shelf: dict[str, list[int]] = {}
    for n, item in enumerate(found):
        near = candidates(n, found, shelf)
        if item.kind in ANSWERING:
            _answer(n, near, found, scene, web)
        elif item.kind in STATEFUL:
            original = _said_before(n, near, found, scene)
            if original is not None:
                scene.repeats[n] = original
                continue
            _replace(n, near, found, scene, web)
            _take_up(n, near, found, scene, web)
        for word in item.words:
            shelf.setdefault(word, []).append(n)
    _spread(found, scene, web)
    _spare(found, web)
    return web


def candidates(n: int, found: Sequence[Item], shelf: Mapping[str, Sequence[int]]) -> list[int]:
    """Return the earlier items worth comparing: the latest, and older ones with a word in common; never its own."""
    near = set(range(max(0, n - _RECENT), n))
    if n > _RECENT:
        kindred = sorted((shelf[w] for w in found[n].words if w in shelf), key=len)
        older = [m for places in kindred for m in places[-4:]]
        near.update(older[:_KINDRED])
    own = found[n].finding.evidence
    return [
        m for m in sorted(near) if found[m].finding.evidence.span != own.span or found[m].message != found[n].message
    ]


def _score(traits: dict[str, float], weights: dict[str, float]) -> float:
    return sum(weights.get(name, 0.0) * value for name, value in traits.items())


def _answer(n: int, near: Sequence[int], found: Sequence[Item], scene: Scene, web: _Web) -> None:
    """Link an approval, rejection or fulfilment to what it answers, if anything."""
    kind = found[n].kind
    scored = [(_score(answer_traits(n, m, found, scene), ANSWER), m) for m in near if m not in scene.repeats]
    best = max(scored, default=None)
    nothing = ANSWER["nothing"] + ANSWER.get(f"nothing for {kind}", 0.0)
    if best is None or best[0] < nothing:
        return
    targets = _numbered(found[n], best[1], found)
    if kind is Kind.FULFILMENT and len(targets) == 1:
        targets = (*targets, *_done_as_well(best, nothing, scored, found))
    web.answers[n] = targets
    scene.answered[found[n].message] = targets[-1]
    for target in targets:
        scene.settled.setdefault(target, set()).add(kind)
        if kind is Kind.REJECTION:
            scene.refused.setdefault(found[n].message, set()).add(target)


def _done_as_well(
    best: tuple[float, int], nothing: float, scored: Sequence[tuple[float, int]], found: Sequence[Item]
) -> list[int]:
    """Return what else a delivery fulfils: the request behind the promise that it keeps, nearly as like it."""
    return [
        m
        for score, m in scored
        if m != best[1] and score >= max(best[0] - _MARGIN.get(found[m].kind, -1.0), nothing - 1.0)
    ]


def _numbered(item: Item, best: int, found: Sequence[Item]) -> tuple[int, ...]:
    """Return all that the answer settles, first named first: "1 and 3 are fine" names two items of one list."""
    if found[best].statement.number not in item.refers:
        return (best,)
    message = found[best].message
    listed: dict[str, int] = {}
    for m in range(best, -1, -1):
        if found[m].message != message:
            break
        listed[found[m].statement.number] = m
    for m in range(best + 1, len(found)):
        if found[m].message != message:
            break
        listed.setdefault(found[m].statement.number, m)
    return tuple(dict.fromkeys(listed[number] for number in item.refers if number in listed)) or (best,)


def _replace(n: int, near: Sequence[int], found: Sequence[Item], scene: Scene, web: _Web) -> None:
    """Link new terms to the ones they take the place of, if any."""
    old = [
        m
        for m in near
        if found[m].kind in STATEFUL and m not in scene.repeats and not _same_terms(found[n].finding, found[m].finding)
    ]
    scored = [(_score(replace_traits(n, m, found, scene), REPLACE), m) for m in old]
    best = max(scored, default=None)
    if best is None or best[0] < REPLACE["nothing"] + REPLACE.get(f"nothing for {found[n].kind}", 0.0):
        return
    web.replaces[n] = best[1]
    scene.replaced.add(best[1])


def _same_terms(new: Finding, old: Finding) -> bool:
    """Say whether `new` names the very day `old` did and no other amount: nothing has moved."""
    mine, theirs = new.terms, old.terms
    return mine.due is not None and mine.due == theirs.due and mine.amount in (None, theirs.amount)


def _take_up(n: int, near: Sequence[int], found: Sequence[Item], scene: Scene, web: _Web) -> None:
    """Link a promise or offer to the request or offer of the other side that it takes up."""
    item = found[n]
    if item.kind not in (Kind.COMMITMENT, Kind.PROPOSAL):
        return
    asked = [
        m
        for m in near
        if found[m].kind in (Kind.REQUEST, Kind.PROPOSAL)
        and found[m].finding.side != item.finding.side
        and found[m].message < item.message
        and m not in scene.replaced
    ]
    best = max(((_score(answer_traits(n, m, found, scene), TAKE_UP), m) for m in asked), default=None)
    if best is not None and best[0] >= TAKE_UP["nothing"]:
        web.takes_up[n] = best[1]


def _said_before(n: int, near: Sequence[int], found: Sequence[Item], scene: Scene) -> int | None:
    """Return the earlier entry that this one only says again: same kind, person and terms, nearly the same words.

    What was refused, replaced or done meanwhile is not said again but anew.
    """
    a, over = found[n], {Kind.REJECTION, Kind.FULFILMENT}
    for m in reversed(near):
        c = found[m]
        if c.kind is not a.kind or c.finding.who != a.finding.who or c.message == a.message:
            continue
        if m in scene.repeats or m in scene.replaced or scene.settled.get(m, set()) & over:
            continue
        mine, theirs = a.finding.terms, c.finding.terms
        same_terms = mine.due in (None, theirs.due) and mine.amount in (None, theirs.amount)
        shared, every = len(a.words & c.words), len(a.words | c.words)
        if same_terms and a.numbers <= c.numbers and len(a.words) > 2 and shared >= _ALIKE * every:
            return m
    return None


def _spread(found: Sequence[Item], scene: Scene, web: _Web) -> None:
    """Let a yes or no to everything settle all terms of the message it answers, but what its own message sets apart."""
    for n, targets in list(web.answers.items()):
        item = found[n]
        if item.kind is Kind.FULFILMENT or len(targets) > 1 or not _ALL.search(item.finding.evidence.quote[:600]):
            continue
        apart = {m for k, ms in web.answers.items() if found[k].message == item.message and k != n for m in ms}
        apart |= {old for k, old in web.replaces.items() if found[k].message <= item.message}
        terms = [
            m
            for m in _of_message(targets[0], found)
            if found[m].kind in _TERMS and m not in apart and m not in scene.repeats
        ]
        if len(terms) > 1 and found[targets[0]].message < item.message:
            web.answers[n] = tuple(terms)


def _spare(found: Sequence[Item], web: _Web) -> None:
    """Take from a delivery's further targets those that the same message speaks of by themselves: "that one, no"."""
    spoken = {(found[n].message, targets[0]) for n, targets in web.answers.items()}
    for n, (first, *more) in list(web.answers.items()):
        if more and found[n].kind is Kind.FULFILMENT:
            web.answers[n] = (first, *(m for m in more if (found[n].message, m) not in spoken))


def _of_message(n: int, found: Sequence[Item]) -> list[int]:
    """Return the positions of all items of the message that holds item `n`."""
    start, end = n, n + 1
    while start > 0 and found[start - 1].message == found[n].message:
        start -= 1
    while end < len(found) and found[end].message == found[n].message:
        end += 1
    return list(range(start, end))


def _weakness(finding: Finding, doubts: str, background: Background) -> str:
    """Say why an entry does not count in full.

    Whatever is said by a doubtful sender, or from an address that passes for a known one, does not; a yes does not
    either when its writer does not decide or left a door open.
    """
    if finding.side is Side.THIRD:
        alike = imitates(finding.who, background.circle.known())
        if alike:
            return f"the sender's address could be taken for {alike}, and is another"
    if doubts:
        return doubts
    if finding.kind is not Kind.APPROVAL:
        return ""
    if finding.side is Side.THIRD:
        return "not one of the client's people"
    if not background.circle.decides(finding.who):
        return "this person does not decide"
    return f"vague: {', '.join(finding.terms.vague)}" if finding.terms.vague else ""


def _doubts(message: Message) -> str:
    """Return what parsing found doubtful about who wrote the message."""
    return next((trouble for trouble in message.troubles if _DOUBTFUL.search(trouble)), "")
