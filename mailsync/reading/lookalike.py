"""Addresses that pass for a known one: other letters of the same look, one letter off, the name in front of another."""

import re
import unicodedata
from collections.abc import Iterable
from functools import lru_cache

#: Letters of other scripts, digits and pairs that look like Latin letters in small print (a part of UTS 39's table).
_LOOKS = {
    ord(look): letter
    for letter, looks in {
        "a": "аαɑᴀ", "b": "ьƅʙ", "c": "сϲᴄ", "d": "ԁɗᴅ", "e": "еεєᴇ", "f": "ƒ", "g": "ɡցɢ", "h": "һհʜ",
        "i": "іιıɩɪ", "j": "јϳᴊ", "k": "кκᴋ", "l": "ӏʟ1|", "m": "мᴍ", "n": "пոηɴ", "o": "оοօσᴏ0", "p": "рρᴘ",
        "q": "ԛգ", "r": "гʀ", "s": "ѕꜱ5", "t": "тτᴛ", "u": "υսᴜ", "v": "ѵνᴠ", "w": "ԝωᴡ", "x": "хχ", "y": "уүγʏ",
        "z": "ᴢ",
    }.items()
    for look in looks
}  # fmt: skip
_PAIRS = (("rn", "m"), ("vv", "w"), ("cl", "d"), ("ii", "u"))
_BETWEEN = re.compile(r"[-_.]")
#: Shorter names are one letter away from too many others.
_LONG_ENOUGH = 5


def imitates(email: str, known: Iterable[str]) -> str:
    """Return which of the `known` addresses and domains `email` could be taken for without being it, "" for none.

    All in lower case. A known domain's own subdomains are no imitation of it.
    """
    return _imitates(email.lower(), tuple(known))


@lru_cache(maxsize=4096)
def _imitates(email: str, known: tuple[str, ...]) -> str:
    domain = _decoded(email.rpartition("@")[2])
    domains = [one for one in known if "@" not in one]
    if email in known or any(domain == one or domain.endswith("." + one) for one in domains):
        return ""
    whole = _skeleton(email)
    alike = next((one for one in known if "@" in one and _skeleton(one) == whole), "")
    return alike or next((one for one in domains if _passes_for(domain, one)), "")


def _passes_for(domain: str, known: str) -> bool:
    mine, other = _skeleton(domain), _skeleton(known)
    if mine == other or domain.startswith((known + ".", known + "-")):
        return True
    label, dot, rest = known.partition(".")
    if dot and _BETWEEN.sub("", domain).startswith(_BETWEEN.sub("", known)) and len(label) >= _LONG_ENOUGH:
        return True
    ours, _, theirs = domain.partition(".")
    if len(label) >= _LONG_ENOUGH and theirs == rest:
        return _one_off(ours, label)
    return len(label) >= _LONG_ENOUGH and ours == label and "." not in theirs and "." not in rest


def _decoded(domain: str) -> str:
    """Return a domain with its encoded labels (RFC 5891, "xn--") as the letters that a reader sees."""
    if "xn--" not in domain:
        return domain
    try:
        return domain.encode("ascii").decode("idna")
    except UnicodeError:
        return domain


def _skeleton(text: str) -> str:
    """Return `text` with everything that looks the same made the same."""
    plain = unicodedata.normalize("NFKD", text[:320]).translate(_LOOKS)
    plain = "".join(c for c in plain if not unicodedata.combining(c))
    for pair, single in _PAIRS:
        plain = plain.replace(pair, single)
    return plain.replace("-", "").replace("i", "l")


def _one_off(mine: str, other: str) -> bool:
    """Say whether one letter was changed, added, left out, or swapped with its neighbour."""
    if mine == other or abs(len(mine) - len(other)) > 1:
        return False
    start = next((i for i, (a, b) in enumerate(zip(mine, other, strict=False)) if a != b), min(len(mine), len(other)))
    rest, left = mine[start:], other[start:]
    swapped = rest[:2] == left[:2][::-1] and rest[2:] == left[2:]
    return rest[1:] == left[1:] or rest[1:] == left or rest == left[1:] or swapped
