"""Where sentences end, in mail as people write it; every place is an offset, nothing is rewritten."""

import re
from collections.abc import Iterator

from mailsync.text.words import vocabulary

#: Words after which a full stop ends no sentence, in lower case without the stop.
_ABBREVIATED = vocabulary(
    "mr mrs ms dr prof st sr jr rev hon gen col capt lt sgt messrs mme mlle mgr hr dipl ing rep sen gov avv geom rag "
    "sig sigg spett gent sra srta dña dott "
    "vs v e.g i.e eg ie cf viz approx ca circa resp incl excl dept corp est figs vol pp env blvd docket nos "
    "inkl exkl bzw ggf evtl z.b z d.h u.a o.g s.o s.u i.d.r v.a m.e vgl sog zzgl abzgl bspw insb ziff tsd mio mrd "
    "p.ex p.es pág págs núm aprox ud uds vd vds apdo bijv o.a m.b.t t.a.v i.v.m d.w.z a.u.b"
)
#: Words of which the same holds only where a number follows: "no. 4", "Art. 5", "Tel. 0171", "Jan. 3".
_BEFORE_NUMBERS = vocabulary(
    "no num nr art abs p pos kap sec para pt ap bd teil fig cap tel fax mob ext ref jan feb mar mär apr jun jul aug "
    "sep sept oct okt nov dec dez janv févr avr juil déc ene abr ago dic gen mag giu lug set ott "
    "mon tue tues wed thu thur thurs fri sat sun"
)
#: Abbreviations that may also end a sentence: then a word follows that often begins one.
_OPEN_ENDED = vocabulary("inc ltd co llc plc gmbh ag kg s.a s.l s.r.l s.p.a b.v u.s u.k e.u u.s.a al bros")
#: After these a capital letter ends the sentence, unless a day or a month goes on with the time.
_CLOCK = vocabulary("a.m p.m am pm uhr h hrs hr min std etc usw")
_CALENDAR = re.compile(
    r"(?:mon|tues?|wed|thu|fri|sat|sun|jan|feb|mar|apr|may|june?|july?|aug|sep|oct|nov|dec)[a-z]*\b", re.IGNORECASE
)
#: All of these, but for those that are common last words of sentences too.
_NEVER_BEFORE_SMALL = (_ABBREVIATED | _OPEN_ENDED | _BEFORE_NUMBERS | vocabulary("mo di do fr so")) - vocabulary(
    "no set mar gen mag sun sat ago fax cap"
)
_STARTERS = vocabulary(
    "i i'm i'll i've i'd we we're we'll we've you you're you'll he she it it's they the this that these those there "
    "here my our your his her their a an and but so or if when while as at in on for from to with by until please can "
    "could would will shall should may do does did is are was were have has what which who why how where not no yes "
    "thanks thank then also after before once since however both nobody everybody everyone all some each every only "
    "just still even maybe perhaps let let's any otherwise "
    "ich wir sie er es das die der den ein eine bitte und aber wenn falls können könnten haben ist sind mit für im am "
    "danach dann auch je nous vous il elle on le la les un une et mais si pour merci ce cette el los las una y pero "
    "por para con gracias lo gli ma se per grazie"
)
_CHOICES = vocabulary(
    "option plan phase teil part lot variante opción opzione class exhibit appendix annex anlage section item point"
)

_STOP = re.compile(r"[.!?…]+[\"'”’»)\]]{0,3}(?=\s|$)|[.!?…]{1,3}(?=[A-ZÄÖÜÉ][a-zäöüé])|[。！？]")
_BEFORE = re.compile(r"(\S{1,40})$")
_NEXT = re.compile(r"\s*(\S{1,30})")
_DOTTED = re.compile(r"(?:[^\W\d_]\.){1,4}[^\W\d_]")
_OPENERS, _CLOSERS = "\"'“‘«„([¿¡*_", "\"'”’»)]"
_AFTER_ORDINAL = re.compile(
    r"\s*(?:jan|feb|mär|mar|apr|mai|may|jun|jul|aug|sep|okt|oct|nov|dez|dec|quartal|kw|tag|woche|monat|stock|etage|og|"
    r"uhr|mahnung|rate|abschlag|version|entwurf|runde|hälfte|jahr|advent)",
    re.IGNORECASE,
)
_LONGEST_BRACKET = 1500


def sentences(text: str, start: int = 0, end: int | None = None) -> Iterator[tuple[int, int]]:
    """Yield (start, end) of each sentence of `text[start:end]`, one block without meaning in its line breaks.

    Knows abbreviations of six languages, initials, ordinals, decimals, clock times, file names and web addresses, stops
    inside brackets and quotes. White space around a sentence belongs to none. Linear in the block.
    """
    stop = len(text) if end is None else end
    begin = start
    for found in _STOP.finditer(text, start, stop):
        if not _ends(text, begin, found, stop) or _inside_brackets(text, begin, found.end(), stop):
            continue
        yield from _trimmed(text, begin, found.end())
        begin = found.end()
    yield from _trimmed(text, begin, stop)


def _inside_brackets(text: str, begin: int, place: int, stop: int) -> bool:
    if place - begin > _LONGEST_BRACKET:  # a bracket that never closes holds up nothing
        return False
    return text.count("(", begin, place) > text.count(")", begin, place) and ")" in text[place : min(stop, place + 400)]


def _trimmed(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    while start < end and text[start].isspace():
        start += 1
    while end > start and text[end - 1].isspace():
        end -= 1
    if start < end:
        yield start, end


def _ends(text: str, begin: int, found: re.Match[str], stop: int) -> bool:
    """Say whether the stop at `found` ends the sentence that began at `begin`."""
    mark = found[0]
    following = _NEXT.match(text, found.end(), stop)
    if following is None:
        return True
    after = following[1]
    small = after.lstrip(_OPENERS)[:1].islower()
    if any(c in mark for c in "!?。！？"):
        return not (small and mark[-1] in _CLOSERS)
    before = _BEFORE.search(text, max(begin, found.start() - 40), found.start())
    word = before[1].lstrip(_OPENERS).lower() if before else ""
    if not text[found.end()].isspace():
        return _ends_glued(word, after)
    if mark.rstrip(_CLOSERS) != ".":  # dots of a pause
        return not small and after[0] not in "-–—"
    closed = len(mark) > 1
    return _ends_before_small(word, closed=closed) if small else closed or _ends_fully(text, begin, found, word, after)


def _ends_glued(word: str, after: str) -> bool:
    """Decide "done.Next": no space after the stop; host and file names have dots inside too."""
    follower = after.rstrip(".,!?")
    return len(word) > 2 and word.isalpha() and not any(c in follower for c in "./@")


def _ends_before_small(word: str, *, closed: bool) -> bool:
    """Decide a stop before a small letter: an abbreviation for most writers, an end for those who use no capitals."""
    abbreviated = word in _NEVER_BEFORE_SMALL or "." in word or len(word) == 1
    return not (abbreviated or closed or (word.isdigit() and len(word) <= 2))


def _ends_fully(text: str, begin: int, found: re.Match[str], word: str, after: str) -> bool:
    """Decide a full stop before a capital, a digit or a bracket."""
    ends = True
    starts_often = after.lstrip(_OPENERS).rstrip(",.!?:").lower() in _STARTERS
    if word in _ABBREVIATED:
        ends = word == "ms" and text[max(begin, found.start() - 4) : found.start() - 2].strip().isdigit()  # 48 ms
    elif word in _BEFORE_NUMBERS and after[0].isdigit():
        ends = False
    elif word in _CLOCK:
        ends = starts_often or (after[:1].isupper() and after[1:2].islower() and _CALENDAR.match(after) is None)
    elif word in _OPEN_ENDED or _DOTTED.fullmatch(word):
        ends = starts_often
    elif len(word) == 1 and text[found.start() - 1].isupper():
        ends = starts_often or _is_choice(text, begin, found.start())
    elif word.isdigit() and len(word) <= 2:
        at_start = text[begin : found.start()].strip() == word  # "2. The blog" counts a point
        ends = not at_start and _AFTER_ORDINAL.match(text, found.end(), found.end() + 30) is None
    return ends


def _is_choice(text: str, begin: int, place: int) -> bool:
    """Say whether the letter before `place` names a choice ("plan B.") and is no initial ("J. Smith")."""
    lead = text[max(begin, place - 20) : place - 1].split()
    return bool(lead) and lead[-1].lower() in _CHOICES
