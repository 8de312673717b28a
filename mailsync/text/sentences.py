"""Where sentences end, in mail as people write it; every place is an offset, nothing is rewritten."""

import re
from collections.abc import Iterator

#: Words after which a full stop ends no sentence, in lower case without the stop.
_ALWAYS_ABBREVIATED = frozenset(
    "mr mrs ms dr prof st sr jr rev hon gen col capt lt sgt messrs mme mlle mgr me hr fr frl dipl ing mag "
    "vs e.g i.e eg ie cf viz approx ca circa resp incl excl inkl exkl bzw ggf evtl z.b z b d.h u.a o.g s.o s.u i.d.r v.a m.e lt gem "
    "vgl sog usw.d nr no nos num fig figs vol pp p ref tel fax mob ext abs art str ziff zzgl abzgl bspw insb max min std mio mrd tsd "
    "dept est gov corp sta sra srta dña dott ing avv geom rag sig sigg spett gent p.ex p.es ex es env av bd pág págs núm aprox cap ud uds vd vds apdo "
    "jan feb mar apr jun jul aug sep sept oct okt nov dec dez janv févr avr juil déc ene abr ago dic gen mag giu lug set ott "
    "mon tue tues wed thu thur thurs fri sat sun mo di mi do sa so bijv o.a m.b.t t.a.v i.v.m d.w.z a.u.b".split()
)
#: Abbreviations that may also end a sentence: the next word's capital letter decides.
_SOMETIMES_ABBREVIATED = frozenset(
    "etc usw inc ltd co llc corp plc gmbh s.a s.l s.r.l s.p.a b.v a.m p.m am pm u.s u.k e.u ag kg u.s.a al uhr min std km kg hrs hr h".split()
)
_MAY_START_LOWER = 0.15  # share of sentences that begin with a capital below which a writer uses none

_STOP = re.compile(r"[.!?…]+[\"'”’»)\]]{0,3}(?=\s|$)|[:;](?=\s*$)|[.!?…]{1,3}(?=[A-ZÄÖÜÉ][a-zäöüé])|[。！？]")
_BEFORE = re.compile(r"(\S{1,40})$")
_WORD_START = re.compile(r"[\"'“‘«„(\[¿¡*_-]{0,3}(\S)")
_NEXT_WORD = re.compile(r"\W{0,3}([^\W\d_]+|\d+)")


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
    if after == "":
        return True
    if "!" in mark or "?" in mark or "。" in mark or "！" in mark or "？" in mark:
        return not (after.islower() and mark[-1] in "\"'”’»)]")
    if mark[0] in ":;":
        return False
    dots = len(mark.rstrip("\"'”’»)]"))
    before = _BEFORE.search(text, max(begin, found.start() - 40), found.start())
    word = before[1].lstrip("\"'“‘«„([*_-").lower() if before else ""
    if not text[found.end() : found.end() + 1].isspace():
        return _glued_end(word, text, found)
    if mark[0] == "…" or dots >= 2:
        return after.isupper() or after.isdigit()
    return _full_stop_ends(text, begin, found, word, after, stop)


def _after(text: str, place: int, stop: int) -> str:
    """Return the first character of the next word, "" at the end of the block."""
    while place < stop and text[place].isspace():
        place += 1
    match = _WORD_START.match(text, place, stop)
    return match[1] if match else ""


def _glued_end(word: str, text: str, found: re.Match[str]) -> bool:
    """Decide "done.Next": no space after the stop; host and file names have dots inside too."""
    if "." in word or "@" in word or "/" in word or len(word) < 3 or not word.isalpha():
        return False
    rest = text[found.end() : found.end() + 30].split(maxsplit=1)
    follower = rest[0] if rest else ""
    return "." not in follower.rstrip(".,!?") and "/" not in follower and "@" not in follower


def _full_stop_ends(text: str, begin: int, found: re.Match[str], word: str, after: str, stop: int) -> bool:
    closed = len(found[0]) > 1
    if after.islower():
        return _lower_start(text, begin, word, closed=closed)
    if word in _ALWAYS_ABBREVIATED and not closed:
        following = _NEXT_WORD.match(text, _skip(text, found.end(), stop), stop)
        return (
            bool(following)
            and not following[1].isdigit()
            and word
            in (
                "no",
                "me",
                "so",
                "do",
                "ex",
                "es",
                "sat",
                "sun",
                "mar",
                "mi",
                "di",
                "max",
                "min",
                "p",
                "set",
                "dec",
                "fr",
                "art",
                "cap",
                "es",
            )
            and text[begin : found.start()].strip().count(" ") > 1
            and word not in ("p", "fr")
        )
    if len(word) == 1 and word.isalpha():
        return word not in ("", "p") and not _initial(text, begin, found) and after.isalpha()
    if word.isdigit() and len(word) <= 2 and after.isupper():
        return not _ordinal(text, begin, found, stop)
    if re.fullmatch(r"(?:[a-zäöü]\.){1,4}[a-zäöü]", word):
        return word in ("a.m", "p.m") or after.isupper() and word in _SOMETIMES_ABBREVIATED
    return True


def _skip(text: str, place: int, stop: int) -> int:
    while place < stop and text[place].isspace():
        place += 1
    return place


def _lower_start(text: str, begin: int, word: str, *, closed: bool) -> bool:
    """Decide a stop before a small letter: an abbreviation for most writers, an end for those who use no capitals."""
    if word in _ALWAYS_ABBREVIATED or word in _SOMETIMES_ABBREVIATED or "." in word or len(word) == 1 or closed:
        return False
    if word.isdigit() and len(word) <= 2:
        return False
    return True


def _initial(text: str, begin: int, found: re.Match[str]) -> bool:
    """Say whether the single letter before the stop is an initial ("J. Smith") and not an option ("plan B.")."""
    return text[found.start() - 1].isupper() and (
        found.start() - 1 == begin
        or not text[begin : found.start() - 1]
        .rstrip()[-6:]
        .lower()
        .endswith(
            (
                "option",
                "plan",
                "phase",
                "teil",
                "part",
                "lot",
                "variante",
                "opción",
                "opzione",
                "class",
                "hep",
                "vitamin",
            )
        )
    )


_ORDINAL_NEXT = re.compile(
    r"\s*(?:jan|feb|mär|mar|apr|mai|may|jun|jul|aug|sep|okt|oct|nov|dez|dec|quartal|kw|tag|woche|monat|stock|etage|og|uhr|mahnung|rate|abschlag|version|"
    r"entwurf|runde|hälfte|jahr)",
    re.IGNORECASE,
)


def _ordinal(text: str, begin: int, found: re.Match[str], stop: int) -> bool:
    """Say whether a number and a stop are a German ordinal ("3. Mai") or a list number at the sentence's beginning."""
    if _ORDINAL_NEXT.match(text, found.end(), stop):
        return True
    lead = text[begin : found.start()].strip()
    return lead.isdigit()
