"""Where sentences end, in mail as people write it; every place is an offset, nothing is rewritten."""

import re
from collections.abc import Iterator

from mailsync.text.words import vocabulary

#: Words after which a full stop ends no sentence, in lower case without the stop.
_ABBREVIATED = vocabulary(
    "mr mrs ms dr prof st sr jr rev hon gen col capt lt sgt messrs mme mlle mgr hr dipl ing rep "
    "sen gov vs v e.g i.e eg ie cf "
    "viz approx ca circa resp incl excl inkl exkl bzw ggf evtl z.b z d.h u.a o.g s.o s.u i.d.r v.a m.e vgl sog zzgl "
    "abzgl bspw "
    "insb ziff tsd mio mrd fig figs vol pp ref tel fax mob ext dept est corp sta sra srta dña dott avv geom rag sigg "
    "spett gent "
    "p.ex p.es env pág págs núm aprox ud uds vd vds apdo bijv o.a m.b.t t.a.v i.v.m d.w.z a.u.b str blvd ave nr nos "
    "docket "
    "jan feb apr aug sep sept oct okt nov dez janv févr avr juil déc abr dic giu lug tues thur thurs"
)
#: Words of which the same holds only where a number follows.
_BEFORE_NUMBERS = vocabulary(
    "no num art abs p pos kap nr mar mär jun jul dec ene ago gen mag set ott cap sec para "
    "tel pt ap bd teil mon tue wed thu fri sat sun"
)
#: Abbreviations that may also end a sentence: then a word follows that often begins one.
_OPEN_ENDED = vocabulary("inc ltd co llc plc gmbh ag kg s.a s.l s.r.l s.p.a b.v u.s u.k e.u u.s.a al bros")
#: After these a capital letter ends the sentence, unless a day or a month goes on with the time.
_CLOCK = vocabulary("a.m p.m am pm uhr h hrs hr min std etc usw")
_CALENDAR = re.compile(
    r"(?:mon|tues?|wed|thu|fri|sat|sun|jan|feb|mar|apr|may|june?|july?|aug|sep|oct|nov|dec)[a-z]*\b", re.IGNORECASE
)
_STARTERS = vocabulary(
    "i i'm i'll i've i'd we we're we'll we've you you're you'll he she it it's they the this that "
    "these those there here my our your his "
    "her their a an and but so or if when while as at in on for from to with please can could would will shall should "
    "may do does did is "
    "are was were have has what which who why how where not no yes thanks thank then also after before once since "
    "however "
    "ich wir sie er es das die der den ein eine bitte und aber wenn falls können könnten haben ist sind mit für im am "
    "danach dann auch "
    "je nous vous il elle on le la les un une et mais si pour merci ce cette el los las un una y pero por para "
    "gracias il lo gli ma se per grazie"
)

_STOP = re.compile(r"[.!?…]+[\"'”’»)\]]{0,3}(?=\s|$)|[:;](?=\s*$)|[.!?…]{1,3}(?=[A-ZÄÖÜÉ][a-zäöüé])|[。！？]")
_BEFORE = re.compile(r"(\S{1,40})$")
_NEXT = re.compile(r"\s*(\S{1,30})")
_DOTTED = re.compile(r"(?:[^\W\d_]\.){1,4}[^\W\d_]")
_OPENERS, _CLOSERS = "\"'“‘«„([¿¡*_", "\"'”’»)]"
_CHOICES = vocabulary(
    "option plan phase teil part lot variante opción opzione class exhibit appendix annex anlage section item point"
)


def sentences(text: str, start: int = 0, end: int | None = None) -> Iterator[tuple[int, int]]:
    """Yield (start, end) of each sentence of `text[start:end]`, one block without meaning in its line breaks.

    Knows abbreviations of six languages, initials, ordinals, decimals, clock times, file names and web addresses, stops
    inside brackets and quotes. White space around a sentence belongs to none. Linear in the block.
    """
    stop = len(text) if end is None else end
    begin = start
    depth_from = start
    for found in _STOP.finditer(text, start, stop):
        if found.end() <= begin or not _ends(text, begin, found, stop):
            continue
        if text.count("(", depth_from, found.end()) > text.count(")", depth_from, found.end()) and stop - begin < 1500:
            continue  # a stop inside brackets
        yield from _trimmed(text, begin, found.end())
        begin = depth_from = found.end()
    yield from _trimmed(text, begin, stop)


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
    after = _after(text, found.end(), stop)
    if not after:
        return True
    if mark[0] in ":;":
        return False
    start = after.lstrip(_OPENERS)[:1]
    if any(c in mark for c in "!?。！？"):
        return not (start.islower() and mark[-1] in _CLOSERS)
    before = _BEFORE.search(text, max(begin, found.start() - 40), found.start())
    word = before[1].lstrip(_OPENERS).lower() if before else ""
    if not text[found.end()].isspace():
        return _glued_end(word, text, found)
    if mark.rstrip(_CLOSERS) != ".":  # dots of a pause
        return not start.islower() and after[0] not in "-–—"
    if start.islower():
        return _ends_before_small(word, closed=len(mark) > 1)
    return len(mark) > 1 or _full_stop_ends(text, begin, found, word, after)


def _after(text: str, place: int, stop: int) -> str:
    """Return the next word with what stands before its first letter, "" at the end of the block."""
    match = _NEXT.match(text, place, stop)
    return match[1] if match else ""


def _glued_end(word: str, text: str, found: re.Match[str]) -> bool:
    """Decide "done.Next": no space after the stop; host and file names have dots inside too."""
    if "." in word or "@" in word or "/" in word or len(word) < 3 or not word.isalpha():
        return False
    rest = text[found.end() : found.end() + 30].split(maxsplit=1)
    follower = rest[0] if rest else ""
    return "." not in follower.rstrip(".,!?") and "/" not in follower and "@" not in follower


def _full_stop_ends(text: str, begin: int, found: re.Match[str], word: str, after: str) -> bool:
    """Decide a full stop before a capital, a digit or a bracket."""
    starts_often = after.lstrip(_OPENERS).rstrip(",.!?:").lower() in _STARTERS
    if word in _ABBREVIATED:
        return False
    if word in _BEFORE_NUMBERS and after[0].isdigit():
        return False
    if word in _CLOCK:
        return after[:1].isupper() and after[1:2].islower() and _CALENDAR.match(after) is None
    if word in _OPEN_ENDED or _DOTTED.fullmatch(word):
        return starts_often
    if len(word) == 1 and word.isalpha() and text[found.start() - 1].isupper():
        return starts_often or _option(text, begin, found)
    if word.isdigit() and len(word) <= 2:
        return not _ordinal(text, begin, found)
    return True


def _ends_before_small(word: str, *, closed: bool) -> bool:
    """Decide a stop before a small letter: an abbreviation for most writers, an end for those who use no capitals."""
    abbreviated = word in _ABBREVIATED or word in _OPEN_ENDED or "." in word or len(word) == 1
    return not (abbreviated or closed or (word.isdigit() and len(word) <= 2))


def _option(text: str, begin: int, found: re.Match[str]) -> bool:
    """Say whether the letter before the stop names a choice ("plan B.") and is no initial ("J. Smith")."""
    lead = text[max(begin, found.start() - 20) : found.start() - 1].split()
    return bool(lead) and lead[-1].lower() in _CHOICES


_ORDINAL_NEXT = re.compile(
    r"\s*(?:jan|feb|mär|mar|apr|mai|may|jun|jul|aug|sep|okt|oct|nov|dez|dec|quartal|kw|tag|woche|monat|stock|etage|og|"
    r"uhr|mahnung|rate|abschlag|version|"
    r"entwurf|runde|hälfte|jahr)",
    re.IGNORECASE,
)


def _ordinal(text: str, begin: int, found: re.Match[str]) -> bool:
    """Say whether a number and a stop are a German ordinal ("3. Mai") or a list number at the sentence's beginning."""
    if _ORDINAL_NEXT.match(text, found.end(), found.end() + 30):
        return True
    lead = text[begin : found.start()].strip()
    return lead.isdigit()
