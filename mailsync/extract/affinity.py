"""What two entries of a thread have in common: the traits by which an answer finds what it answers."""

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date

from mailsync.model.entry import STATEFUL, Finding, Kind
from mailsync.model.mail import Statement
from mailsync.model.thread import Heard
from mailsync.text.words import fold

ANSWERING = frozenset({Kind.APPROVAL, Kind.REJECTION, Kind.FULFILMENT})

_STEM = 5  # letters of a word that count: folds plurals and endings in all the languages read
_READ = 600  # characters of a statement that are looked at
_REFERRED = 160  # characters of an answer in which item numbers are looked for

_TOKEN = re.compile(r"\d+(?:[.,]\d+)*|[^\W\d_]+")
_THOUSANDS = re.compile(r"[.,](?=\d{3}(?!\d))")
_COMMON = """
a about after again all also am an and any are as at be because been before being both but by can could did do does
doing done dont down each every few for from had has have having he her here hers him his how i if ill im in into is it
its ive just let like may me might more most much must my need no nor not now of off on once only or other our ours out
over own please same shall she should so some such than that thats the their theirs them then there these they this
those through to too under until up us very want was we were what when where which while who whom why will with within
without would wont yes you your yours

aber alle als am an auch auf aus bei bis bitte da das dass dein dem den der des dich die dir doch du ein eine einem
einen einer er es fur haben hat hatte hier ich ihnen ihr ihre ihren im in ist ja kann kein keine konnen konnten mal
mein mich mir mit mochte muss mussen nach nein nicht noch nur oder ohne schon sein sich sie sind so soll sollen
uber um und uns unser von vom wann war waren was wenn wer werden wie wir wird wo wurde zu zum zur

ai alors au aussi autre aux avec avez avons bien ce cet cette ces comme dans de deja des dont du elle elles en encore
est et ete etre faire fait il ils je la le les leur leurs lui ma mais me mes moi mon ne nos notre nous on ont ou oui
par pas peut peux plus pour pouvez qui que quoi sa sans se ses si son sont sur ta te tes ton tous tout toute toutes
tres tu un une vos votre vous y

al algo como con cuando del donde el ella ellos es esa ese eso esta este esto fue ha han hay hemos las lo los mas mi
mis muy nada nosotros nuestra nuestro o os para pero por que ser si sin sobre son su sus tambien todo todos tu tus
una unas unos usted ustedes ya yo

abbiamo alla allora anche avete che chi ci come dalla degli della delle di dove essere gia gli hai hanno ho i io lei
loro lui ma mi mio nel nella noi non per piu quando quella quello questa questo sono stato su suo sulla ti tuo tutti
tutto uno vi voi
"""
_IDLE = frozenset(_COMMON.split())

#: Words by which somebody owns that the other side has it right; such a yes answers a complaint or a refusal.
_CONCEDES = re.compile(
    r"\b(?:(?:you(?:'|’)?re|you are|quite) right|fair (?:point|enough)|point taken|guilty|my (?:mistake|fault)"
    r"|recht haben|haben sie recht|hast du recht|habt ihr recht|stimmt|vous avez raison|tu as raison"
    r"|(?:tiene|tienes|teneis|tenéis|tienen|llevas) raz[oó]n|ha ragione|hai ragione)\b",
    re.IGNORECASE,
)
#: Words by which somebody accepts a piece of work, rather than terms.
_ACCEPTS_WORK = re.compile(
    r"\b(?:sign(?:ed|ing)? off|accept(?:ed)?|pass(?:ed|es)?|happy with|pleased|perfect(?:ly)?|works?|working|love"
    r"|great|lovely|spot on|abgenommen|nehmen? .{0,40} ab|funktioniert|gef[aä]llt|parfait|impeccable|recette"
    r"|perfecto|funciona|perfetto|funziona|looks?)\b",
    re.IGNORECASE,
)
#: Words by which a new term takes an old one's place.
_CHANGES = re.compile(
    r"\b(?:instead|rather|mov(?:e|es|ed|ing)|shift(?:ed|ing)?|push(?:ed|ing)?|postpone[ds]?|reschedul\w+|revised?|new"
    r"|now|chang(?:e|es|ed|ing)|bring|swap|make it|no longer|not until|earlier|later|another|stattdessen|lieber"
    r"|verschieben|verschoben|neue[rsn]?|statt|anstatt|sp[aä]ter|fr[uü]her|plut[oô]t|d[eé]cal\w+|report\w+|repouss\w+"
    r"|nouvelle|nouveau|nouvel|au lieu|mejor|en vez|en lugar|aplaz\w+|mover|cambi\w+|nueva|nuevo|invece|spost\w+"
    r"|rinvi\w+|nuov[aoi]|piuttosto|should be|back to|down to|up to)\b",
    re.IGNORECASE,
)
_TELLING = {"concedes": _CONCEDES, "accepts work": _ACCEPTS_WORK, "says change": _CHANGES}
#: A number that is a date, a time or a quantity names no item of a list.
_MEASURES = (
    r"jan|feb|m[aä]r|apr|ma[iy]|jun|jul|aug|sep|o[ck]t|nov|de[cz]|f[eé]v|avr|juin|juil|ao[uû]|ene|abr|ago|dic|gen|giu|lug"
    r"|ott|hour|hr|h\b|day|week|month|min|am\b|pm\b|uhr|stunde|tag|woche|jour|semain|mois|heure|d[ií]as?\b|seman|horas?\b"
    r"|ore\b|giorn|settiman|eur|usd|dollar|pound|user|st\b|nd\b|rd\b|th\b"
)
_REFERS = re.compile(
    r"(?:^|\b(?:no|nr|numbers?|items?|points?|punkte?|pkt|ziffer|frage|questions?|puntos?|punti|punto|numero|num|n°|on"
    r"|re|to|zu|and|und|et|y|e)\.?[ ]{1,3}|[,&/#][ ]{0,3})(\d{1,2})(?=[ ]{0,2}(?:[:,.)&/;]|[a-zà-ü]|$))"
    rf"(?![ ]{{0,2}}(?:{_MEASURES}|[.,]\d))",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Item:
    """A finding as the linker sees it: where it stands in the thread, and the words and numbers it shares.

    `message` counts messages by date and `parent` is the one it replies to (-1 for none in the thread). `words` are
    stems of content words, `weight` what they weigh together, `before` stems of the statement before it, `refers` the
    list numbers the sentence names ("2 and 5 are right"), `asked` the words quoted above it, `says` which of the
    telling words it holds. `first` and `last` mark the first and last entry of its message that has a state.
    """

    id: str
    finding: Finding
    statement: Statement
    sender: str
    message: int
    parent: int
    tokens: frozenset[str]
    words: frozenset[str]
    weight: float
    before: frozenset[str]
    numbers: frozenset[str]
    refers: tuple[str, ...]
    asked: frozenset[str]
    first: bool
    last: bool
    says: frozenset[str]

    @property
    def kind(self) -> Kind:
        """Return the finding's kind."""
        return self.finding.kind


@dataclass(slots=True)
class Scene:
    """How far the walk through the thread has come; positions count items.

    `settled` holds, by position, the kinds of answer an item has had; `replaced` the items whose terms were changed;
    `repeats` leads those that only said an earlier one again to that one; `answered` holds the target of each
    message's answer before this one, `refused` those refused by the message at hand.
    """

    rarity: dict[str, float]
    settled: dict[int, set[Kind]] = field(default_factory=dict)
    replaced: set[int] = field(default_factory=set)
    repeats: dict[int, int] = field(default_factory=dict)
    answered: dict[int, int] = field(default_factory=dict)
    refused: dict[int, set[int]] = field(default_factory=dict)


def tokens(text: str) -> list[str]:
    """Return the words and numbers of `text` in lower case."""
    return _TOKEN.findall(text.lower())


def stems(text: str) -> frozenset[str]:
    """Return the stems of the content words of `text`, accents folded."""
    found = _TOKEN.findall(fold(text))
    return frozenset(w[:_STEM] for w in found if len(w) > 2 and not w[0].isdigit() and w not in _IDLE)


def numbers(text: str) -> frozenset[str]:
    """Return the numbers in `text` without thousands separators."""
    return frozenset(_THOUSANDS.sub("", w).replace(",", ".") for w in _TOKEN.findall(text) if w[0].isdigit())


def referred(statement: Statement) -> tuple[str, ...]:
    """Return the list numbers that an answer names, in order: its own list number, or those in its sentence."""
    named = tuple(dict.fromkeys(_REFERS.findall(statement.quote[:_REFERRED])))
    return named or ((statement.number,) if statement.number else ())


def items(heard: Sequence[Heard], named: Sequence[Sequence[tuple[str, Finding]]]) -> tuple[list[Item], Scene]:
    """Return `named`, the findings of each message with their ids, as items, and the scene to walk through them."""
    rarity = _rarity(heard)
    places = {h.read.message.message_id: place for place, h in reversed(list(enumerate(heard)))}
    found: list[Item] = []
    for place, (h, pairs) in enumerate(zip(heard, named, strict=True)):
        by_span = {s.span: s for s in h.statements}
        above = {s.place: s for s in h.statements}
        parent = max((places[r] for r in h.read.message.in_reply_to if places.get(r, place) < place), default=-1)
        stateful = [n for n, (_, f) in enumerate(pairs) if f.kind in STATEFUL]
        for n, (own_id, finding) in enumerate(pairs):
            own = Statement(span=finding.evidence.span, quote=finding.evidence.quote)
            statement = by_span.get(finding.evidence.span, own)
            prior = above.get(statement.place - 1)
            quote = finding.evidence.quote[:_READ]
            words = stems(quote)
            found.append(
                Item(
                    id=own_id,
                    finding=finding,
                    statement=statement,
                    sender=h.read.message.sender.email if h.read.message.sender else "",
                    message=place,
                    parent=parent,
                    tokens=frozenset(tokens(quote)),
                    words=words,
                    weight=sum(rarity.get(w, 1.0) for w in words),
                    before=stems(f"{statement.lead[:_READ]} {prior.quote[:_READ] if prior else ''}") - words,
                    numbers=numbers(quote),
                    refers=referred(statement) if finding.kind in ANSWERING else (),
                    asked=frozenset(tokens(statement.answering[:_READ])),
                    first=bool(stateful) and stateful[0] == n,
                    last=bool(stateful) and stateful[-1] == n,
                    says=frozenset(m for m, words in _TELLING.items() if words.search(quote)),
                )
            )
    return found, Scene(rarity)


def _rarity(heard: Sequence[Heard]) -> dict[str, float]:
    """Weigh each stem by how few of the thread's statements hold it: 1 for a single one, towards 0 for all."""
    holds: dict[str, int] = {}
    count = 1
    for h in heard:
        for statement in h.statements:
            count += 1
            for word in stems(statement.quote[:_READ]):
                holds[word] = holds.get(word, 0) + 1
    top = math.log(count + 1)
    return {word: max(0.0, math.log((count + 1) / (n + 0.5)) / top) for word, n in holds.items()}


def answer_traits(later: int, earlier: int, found: Sequence[Item], scene: Scene) -> dict[str, float]:
    """Return the traits that speak for or against `later` answering `earlier` (positions in `found`)."""
    a, c = found[later], found[earlier]
    traits = _common(a, c, scene)
    side = "same" if a.finding.side == c.finding.side else "other"
    traits[f"{a.kind}>{c.kind} {side}"] = 1.0
    if a.asked:
        hit = len(c.tokens & a.asked) >= 0.6 * len(c.tokens)
        traits["quoted above" if hit else "not quoted above"] = 1.0
    if a.refers and c.statement.number:
        traits["number named" if c.statement.number in a.refers else "other number named"] = 1.0
        traits["number named first"] = float(c.statement.number == a.refers[0])
    before = scene.answered.get(a.message)
    if before is not None and found[before].message == c.message:
        traits["next in order"] = float(_follows(before, earlier, found))
    settled = scene.settled.get(earlier, ())
    traits["answered so already"] = float(a.kind in settled)
    traits["answered already"] = float(bool(settled))
    traits["replaced already"] = float(earlier in scene.replaced)
    traits["first of its message"] = float(c.first)
    traits["last of its message"] = float(c.last)
    if a.kind is Kind.APPROVAL:
        traits["concedes"] = float("concedes" in a.says and c.kind in (Kind.REJECTION, Kind.ISSUE))
        traits["accepts work"] = float("accepts work" in a.says and c.kind is Kind.FULFILMENT)
    if a.kind is Kind.FULFILMENT and c.finding.terms.due:
        early = _days(c.finding.terms.due, a.finding.date.date())
        traits["due about now"] = float(-5 <= early <= 10)
    return {name: value for name, value in traits.items() if value}


def replace_traits(later: int, earlier: int, found: Sequence[Item], scene: Scene) -> dict[str, float]:
    """Return the traits that speak for or against `later` putting new terms in the place of `earlier`."""
    a, c = found[later], found[earlier]
    traits = _common(a, c, scene)
    same = a.finding.side == c.finding.side
    traits[f"{a.kind}>{c.kind}"] = 1.0
    traits["same side"] = float(same)
    mine, theirs = a.finding.terms, c.finding.terms
    traits["new date"] = float(bool(mine.due and theirs.due and mine.due[:10] != theirs.due[:10]))
    traits["new amount"] = float(bool(mine.amount and theirs.amount and mine.amount != theirs.amount))
    traits["refused just now"] = float(earlier in scene.refused.get(a.message, ()))
    settled = scene.settled.get(earlier, ())
    traits["refused"] = float(Kind.REJECTION in settled)
    traits["accepted"] = float(Kind.APPROVAL in settled)
    traits["done"] = float(Kind.FULFILMENT in settled)
    traits["replaced already"] = float(earlier in scene.replaced)
    traits["few words"] = float(len(a.words) <= 3)
    traits["says change"] = float("says change" in a.says)
    traits["same message"] = float(a.message == c.message)
    if a.asked:
        traits["quoted above"] = float(len(c.tokens & a.asked) >= 0.6 * len(c.tokens))
    return {name: value for name, value in traits.items() if value}


def _common(a: Item, c: Item, scene: Scene) -> dict[str, float]:
    """Return the traits that both kinds of link look at."""
    shared = sum(scene.rarity.get(w, 1.0) for w in a.words & c.words)
    mine, theirs = a.finding.terms, c.finding.terms
    return {
        "same message": float(a.message == c.message),
        "distance": math.log2(1 + a.message - c.message),
        "replied to": float(a.parent == c.message),
        "words shared": min(shared, 3.0),
        "words alike": shared / math.sqrt((a.weight + 0.5) * (c.weight + 0.5)),
        "words before": min(sum(scene.rarity.get(w, 1.0) for w in a.before & c.words), 2.0),
        "numbers shared": float(min(len(a.numbers & c.numbers), 2)),
        "same due": float(bool(mine.due and theirs.due and mine.due[:10] == theirs.due[:10])),
        "due day named": float(bool(theirs.due and theirs.due[8:10].lstrip("0") in a.numbers)),
        "same amount": float(bool(mine.amount and mine.amount == theirs.amount)),
        "owner answers": float(c.finding.owner is not None and c.finding.owner in (a.finding.who, a.sender)),
        "same person": float(c.finding.who == a.finding.who),
    }


def _follows(before: int, earlier: int, found: Sequence[Item]) -> bool:
    """Say whether `earlier` is the first statement after `before` in their message."""
    return earlier > before and all(
        found[n].finding.evidence.span == found[before].finding.evidence.span for n in range(before + 1, earlier)
    )


def _days(due: str, today: date) -> int:
    """Return how many days `due` lies before `today` (negative: ahead)."""
    return (today - date.fromisoformat(due[:10])).days
