"""Whose words each line of a message is: nothing is deleted, everything is labelled."""

import re
from collections.abc import Sequence
from functools import lru_cache
from itertools import pairwise

from mailsync.model.mail import Message, Passage, Role, Span
from mailsync.reading.quotes import attribution, header_block, is_quoted, is_rule, opens_forward, opens_original
from mailsync.reading.signatures import is_banner, is_disclaimer, is_postscript, signature_start
from mailsync.text.words import LINE_CAP, fold, lines, shingles, vocabulary, words

_FORWARDING = re.compile(r"\s*(?:fwd?|wg|tr|rv|enc|i|doorst|vl|vs|fs)\s*:", re.IGNORECASE)
_KNOWN_WORDS = 5  # a shorter line may be anybody's
_TITLES = vocabulary("dr mr mrs ms prof ing dipl mag mba herr frau ext extern external")
_LONGEST_NOTICE = 80  # lines at the end of an author's stretch that may hold a disclaimer
_MOST_CHECKS = 200  # of short lines against the whole of the older messages
_EARLIER = 40  # older messages than this are hardly quoted without marks
_POINTS_DOWN = re.compile(
    r"\b(?:below|inline|in[- ]line|in (?:red|blue|green|bold|colou?r|caps)|between the lines|unten|im text|in (?:rot|"
    r"blau|grun|fett)|farbig|ci-dessous|"
    r"en (?:rouge|bleu|vert|gras)|dans le texte|mas abajo|abajo|en (?:rojo|azul|verde|negrita)|di seguito|qui sotto|"
    r"in (?:rosso|blu)|hieronder|in het rood)\b"
)


def passages(message: Message, earlier: Sequence[Message] = ()) -> tuple[Passage, ...]:
    """Return the passages of `message`, whole lines that cover its text without gap or overlap.

    `earlier` are the thread's older messages: wording known from another author's is quoted, marked or not. The cost is
    linear in the text; lines are read up to 600 characters.
    """
    text = message.text
    if not text:
        return ()
    if message.automatic:
        return (Passage(Role.AUTOMATIC, Span(0, len(text))),)
    places = list(lines(text))
    rows = [text[start : min(end, start + LINE_CAP)].rstrip("\n") for start, end in places]
    roles: list[Role | None] = [None] * len(rows)
    _by_html(message, places, roles)
    _by_marks(rows, roles, forwarding=_FORWARDING.match(message.subject) is not None)
    _by_memory(message, earlier, rows, roles)
    _around_the_words(rows, roles, author_words(message))
    return _join(places, [role or Role.AUTHOR for role in roles], rows)


def author_words(message: Message) -> tuple[str, ...]:
    """Return the words of the sender's name in small letters, first name first; from the address where it has none."""
    if message.sender is None:
        return ()
    name = message.sender.name
    if "," in name and "@" not in name:  # "Voss, Harriet"
        last, _, first = name.partition(",")
        name = f"{first} {last}"
    found = [word for word in words(fold(name)) if word not in _TITLES]
    if not found or "@" in name:
        found = re.split(r"[._-]", message.sender.email.partition("@")[0])
    return tuple(word for word in found if word)[:5]


def _by_html(message: Message, places: Sequence[tuple[int, int]], roles: list[Role | None]) -> None:
    """Take over what the HTML itself marked."""
    spans = iter(message.marked)
    current = next(spans, None)
    for i, (start, _) in enumerate(places):
        while current and current.span.end <= start:
            current = next(spans, None)
        if current and current.span.start <= start:
            roles[i] = current.role


def _by_marks(rows: Sequence[str], roles: list[Role | None], *, forwarding: bool) -> None:
    """Label quoted lines, attributions, copied header blocks and all that follows them."""
    rest: Role | None = None
    at = 0
    while at < len(rows):
        if rest:
            roles[at] = rest
            at += 1
            continue
        line = rows[at]
        if not line.strip() or roles[at] in (Role.QUOTED, Role.FORWARDED):  # the HTML knows where it ends
            at += 1
        elif is_quoted(line) or _is_orphan(rows, at):
            roles[at] = Role.QUOTED
            at += 1
        elif opens_forward(line):
            rest = Role.FORWARDED
        elif opens_original(line):
            rest = Role.FORWARDED if forwarding else Role.QUOTED
        elif header_block(rows[at : at + 14], 0):
            rest = Role.FORWARDED if forwarding else Role.QUOTED
            if at and is_rule(rows[at - 1]):
                roles[at - 1] = rest
        elif count := _attribution(rows, at):
            for i in range(at, at + count):
                roles[i] = Role.QUOTED
            at += count
            if not _quotes_follow(rows, roles, at):
                rest = Role.QUOTED
        else:
            at += 1


def _is_orphan(rows: Sequence[str], at: int) -> bool:
    """Say whether a line without mark is the end of the quoted line above, broken off by a mail program."""
    return (
        0 < at < len(rows) - 1
        and len(rows[at - 1]) >= 72
        and len(rows[at]) < 40
        and is_quoted(rows[at - 1])
        and is_quoted(rows[at + 1])
        and bool(rows[at + 1].strip("> "))
    )


def _attribution(rows: Sequence[str], at: int) -> int:
    near = rows[at : at + 3]
    return attribution(near, 0) if any(":" in row or "wrote" in row for row in near) else 0


def _quotes_follow(rows: Sequence[str], roles: Sequence[Role | None], at: int) -> bool:
    """Say whether the quotation after an attribution carries marks of its own; else it reaches to the end."""
    for i in range(at, min(at + 6, len(rows))):
        if rows[i].strip():
            return is_quoted(rows[i]) or roles[i] is not None
    return False


def _by_memory(message: Message, earlier: Sequence[Message], rows: Sequence[str], roles: list[Role | None]) -> None:
    """Label wording that the thread's earlier messages hold under another author.

    Inside a copied mail below, lines that nobody wrote before, between lines that somebody did, are answers written
    into it: they are the author's if the author says so above ("see below", "in red").
    """
    me = message.sender.email if message.sender else ""
    known = [
        (_wording(other.text), (other.sender.email if other.sender else "") != me)
        for other in earlier[-_EARLIER:]
        if other.digest != message.digest
    ]
    if not any(another for _, another in known):
        return
    open_roles = (None, Role.QUOTED)
    verdicts = [
        _known(row, known) if role in open_roles and not is_quoted(row) else None
        for row, role in zip(rows, roles, strict=True)
    ]
    for at, verdict in enumerate(verdicts):
        if verdict and roles[at] is None:
            roles[at] = Role.QUOTED
    _answers_inside(rows, roles, verdicts)
    others = [_plain(other.text) for other in earlier[-_EARLIER:] if (other.sender.email if other.sender else "") != me]
    _bridge(rows, roles, verdicts, others)


@lru_cache(maxsize=128)
def _plain(text: str) -> str:
    return " ".join(words(text[:100_000]))


@lru_cache(maxsize=512)
def _wording(text: str) -> frozenset[int]:
    return frozenset(shingles(words(text[:100_000]), _KNOWN_WORDS))


def _known(row: str, known: Sequence[tuple[frozenset[int], bool]]) -> bool | None:
    """Say whether `row` was first written by another author; None for a row too short to tell.

    `known` pairs each earlier message's runs of five words, oldest first, with whether its author is another one.
    """
    tokens = words(row)
    if len(tokens) < _KNOWN_WORDS:
        return None
    runs = list(shingles(tokens, _KNOWN_WORDS))
    return next(
        (another for wording, another in known if runs[0] in wording and all(run in wording for run in runs)), False
    )


def _answers_inside(rows: Sequence[str], roles: list[Role | None], verdicts: Sequence[bool | None]) -> None:
    above = next((i for i, role in enumerate(roles) if role is Role.QUOTED), 0)
    if not above or not _POINTS_DOWN.search(fold(" ".join(rows[:above])[:2000])):
        return
    told = [i for i, verdict in enumerate(verdicts) if verdict]
    if len(told) < 2:
        return
    for at in range(told[0] + 1, told[-1]):
        if verdicts[at] is False and roles[at] is Role.QUOTED and not is_quoted(rows[at]):
            roles[at] = Role.AUTHOR


def _bridge(
    rows: Sequence[str], roles: list[Role | None], verdicts: Sequence[bool | None], others: Sequence[str]
) -> None:
    """Let a short line between two lines known from earlier belong to them, unless its words are new ("Yes.")."""
    told = [at for at, verdict in enumerate(verdicts) if verdict]
    checks = 0
    for last, at in pairwise(told):
        for i in range(last + 1, at if at - last <= 6 else last):
            if verdicts[i] is not None or roles[i] is not None:
                continue
            checks += bool(rows[i].strip())
            if checks < _MOST_CHECKS and any(" ".join(words(rows[i])) in other for other in others):
                roles[i] = Role.QUOTED


def _around_the_words(rows: Sequence[str], roles: list[Role | None], author: Sequence[str]) -> None:
    """Label banners, signatures and disclaimers in each stretch that is nobody else's yet."""
    start = 0
    first = True
    while start < len(rows):
        if roles[start] is not None:
            start += 1
            continue
        end = start
        while end < len(rows) and roles[end] is None:
            end += 1
        begin = _banner(rows, roles, start, end) if first else start
        first = False
        end_of_words = _disclaimer(rows, roles, begin, end)
        _signature(rows, roles, begin, end_of_words, author)
        start = end


def _banner(rows: Sequence[str], roles: list[Role | None], start: int, end: int) -> int:
    """Label a warning of external mail at the top; return where the words begin."""
    at = start
    while at < end and not rows[at].strip():
        at += 1
    stop = at
    while stop < end and rows[stop].strip() and stop - at < 6:
        stop += 1
    paragraph = " ".join(rows[at:stop])
    if at == stop or len(paragraph) > 700 or not is_banner(paragraph):
        return start
    alone = is_banner(rows[at]) and rows[at].rstrip().endswith((".", "]", "!", "*"))
    if alone and not is_banner(" ".join(rows[at + 1 : stop])):  # the letter begins right below it
        stop = at + 1
    roles[start:stop] = [Role.NOTICE] * (stop - start)
    return stop


def _disclaimer(rows: Sequence[str], roles: list[Role | None], start: int, end: int) -> int:
    """Label disclaimers, from the first that is one to the end of the stretch; return where it begins."""
    at = max(start, end - _LONGEST_NOTICE)
    while at < end:
        if not rows[at].strip():
            at += 1
            continue
        stop = at
        while stop < end and rows[stop].strip():
            stop += 1
        for line in range(at, stop):
            if is_disclaimer(" ".join(rows[line : min(stop, line + 2)])):
                begin = line - 1 if line > start and is_rule(rows[line - 1]) else line
                roles[begin:end] = [Role.NOTICE] * (end - begin)
                return begin
        at = stop
    return end


def _signature(rows: Sequence[str], roles: list[Role | None], start: int, end: int, author: Sequence[str]) -> None:
    """Label the signature of a stretch, up to a postscript."""
    at = signature_start(rows, start, end, author)
    for i in range(at, end):
        if i > at and is_postscript(rows[i]):
            return
        roles[i] = Role.SIGNATURE


def _join(places: Sequence[tuple[int, int]], roles: list[Role], rows: Sequence[str]) -> tuple[Passage, ...]:
    """Return one passage for each run of a role; blank lines go with what stands above them."""
    found: list[Passage] = []
    for i, (start, end) in enumerate(places):
        role = roles[i]
        if found and not rows[i].strip() and end > start:
            role = found[-1].role
        if found and found[-1].role is role:
            found[-1] = Passage(role, Span(found[-1].span.start, end))
        else:
            found.append(Passage(role, Span(start, end)))
    return tuple(found)
