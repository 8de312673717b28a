"""Finds amounts in a sentence: money, hours of work, percentages; never invoice numbers, years or counted things."""

import re
from dataclasses import dataclass
from decimal import Decimal

#: Longer texts are cut before any pattern looks at them.
_CAP = 1500

_SIGNS = {
    "€": "EUR",
    "£": "GBP",
    "₦": "NGN",
    "₹": "INR",
    "¥": "JPY",
    "₺": "TRY",
    "₪": "ILS",
    "₩": "KRW",
    "zł": "PLN",
    "US$": "USD",
    "A$": "AUD",
    "AU$": "AUD",
    "CA$": "CAD",
    "C$": "CAD",
    "NZ$": "NZD",
    "S$": "SGD",
    "SG$": "SGD",
    "HK$": "HKD",
    "MX$": "MXN",
    "R$": "BRL",
    "Rs": "INR",
    "Rs.": "INR",
    "Fr.": "CHF",
    "SFr.": "CHF",
    "R": "ZAR",
    "kr": "SEK",
    "kr.": "DKK",
    "Kč": "CZK",
    "lei": "RON",
}
_NAMES = {
    **dict.fromkeys(("euro", "euros", "eur"), "EUR"),
    **dict.fromkeys(("pound", "pounds", "quid", "sterling"), "GBP"),
    **dict.fromkeys(("dollar", "dollars", "bucks", "buck", "dólares", "dólar", "dollari"), "$"),
    **dict.fromkeys(("franken", "francs", "franchi", "sfr"), "CHF"),
    **dict.fromkeys(("rupees", "rupee"), "INR"),
    **dict.fromkeys(("peso", "pesos"), "MXN"),
    **dict.fromkeys(("rand",), "ZAR"),
    **dict.fromkeys(("naira",), "NGN"),
    **dict.fromkeys(("yen",), "JPY"),
    **dict.fromkeys(("kronor", "kroner"), "SEK"),
    "grand": "$",
}
_CODES = [
    "AED",
    "ARS",
    "AUD",
    "BGN",
    "BRL",
    "CAD",
    "CHF",
    "CLP",
    "CNY",
    "COP",
    "CZK",
    "DKK",
    "EGP",
    "EUR",
    "GBP",
    "GHS",
    "HKD",
    "HUF",
    "IDR",
    "ILS",
    "INR",
    "ISK",
    "JPY",
    "KES",
    "KRW",
    "MXN",
    "MYR",
    "NGN",
    "NOK",
    "NZD",
    "PEN",
    "PHP",
    "PKR",
    "PLN",
    "RON",
    "RSD",
    "SAR",
    "SEK",
    "SGD",
    "THB",
    "TRY",
    "TWD",
    "UAH",
    "USD",
    "VND",
    "ZAR",
]
_HOURS = "hours|hour|hrs|hr|h|stunden|stunde|std|heures|heure|horas|hora|ore|ora|uren|uur"
_PERCENT = "%|percent|per cent|prozent|pour cent|por ciento|per cento|procent"

_DIGITS = r"\d{1,3}(?:[ \u00a0\u202f'’]\d{3})+(?:[.,]\d{1,2})?(?!\d)|\d{1,12}(?:[.,]\d{1,3}){0,4}"
_SCALE = r"(?:\s?(?P<{}>[kK]|mio|million|thousand|grand|tsd)\b\.?)?"
_SIGN = "|".join(re.escape(s) for s in sorted(_SIGNS, key=len, reverse=True)) + r"|\$"
_AFTER = r"€|£|\$|₹|zł|(?:" + "|".join((*_CODES, *_NAMES)) + r")\b"
_BEFORE = rf"(?:{_SIGN}|\b(?:{'|'.join(_CODES)})\b)"

_AMOUNT = re.compile(
    rf"(?<![\w.,/#-])(?P<sign>{_BEFORE})\s?(?P<a>{_DIGITS}){_SCALE.format('k')}"
    rf"|(?<![\w.,/#$€£-])(?P<b>{_DIGITS}){_SCALE.format('scale')}[-\s\u00a0\u202f]?(?:(?P<unit>{_AFTER})|(?:(?P<more>more|extra|additional|further|weitere|zusätzliche|weiteren)\s)?(?P<h>{_HOURS})\b(?!\s?\d)|(?P<pct>{_PERCENT}))",
    re.IGNORECASE,
)
_TENS = {"twenty": 20, "thirty": 30, "forty": 40, "fifty": 50, "sixty": 60, "seventy": 70, "eighty": 80, "ninety": 90}
_UNITS = {
    **{
        w: n
        for n, w in enumerate(
            [
                "one",
                "two",
                "three",
                "four",
                "five",
                "six",
                "seven",
                "eight",
                "nine",
                "ten",
                "eleven",
                "twelve",
                "thirteen",
                "fourteen",
                "fifteen",
                "sixteen",
                "seventeen",
                "eighteen",
                "nineteen",
            ],
            1,
        )
    },
    **_TENS,
    "zwei": 2,
    "drei": 3,
    "vier": 4,
    "fünf": 5,
    "sechs": 6,
    "sieben": 7,
    "acht": 8,
    "neun": 9,
    "zehn": 10,
    "zwölf": 12,
    "zwanzig": 20,
    "deux": 2,
    "trois": 3,
    "quatre": 4,
    "cinq": 5,
    "huit": 8,
    "dix": 10,
    "douze": 12,
    "quinze": 15,
    "vingt": 20,
    "dos": 2,
    "tres": 3,
    "cuatro": 4,
    "cinco": 5,
    "ocho": 8,
    "diez": 10,
    "doce": 12,
    "due": 2,
    "tre": 3,
    "quattro": 4,
    "dieci": 10,
}
_WORD = "|".join(sorted(_UNITS, key=len, reverse=True))
_SPELT = re.compile(
    rf"\b(?P<n>(?:{_WORD})(?:[ -](?:{_WORD}))?(?: hundred| thousand| grand)?(?: and (?:{_WORD})(?:[ -](?:{_WORD}))?)?)"
    rf"(?:\s(?:more|extra|additional|further|weitere))?(?:\s(?P<unit>{'|'.join(_NAMES)}|{_HOURS}|{_PERCENT})\b)?",
    re.IGNORECASE,
)
_QUICK = re.compile(
    r"\d|hundred|thousand|grand|^\w+[.,]|pounds|dollars|hours|percent|per cent|stunden|heures|horas|\bore\b",
    re.IGNORECASE,
)
_PLAIN = re.compile(rf"(?<![\w.,/#:$€£₦-])(?:{_DIGITS})(?![\w/:%-]|[.,]\d|\s?(?:st|nd|rd|th|:)\b)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Amount:
    """A quantity with its unit: an ISO 4217 code, "h" or "%"; `text[start:end]` is where it stands."""

    start: int
    end: int
    value: Decimal
    unit: str

    def __str__(self) -> str:
        """Return number and unit as the log shows them: "4800 USD", "1.5 h", "15 %"."""
        value = self.value.normalize()
        shown = value.quantize(Decimal(1)) if value == value.to_integral_value() else self.value
        return f"{shown} {self.unit}"


def number(text: str) -> Decimal:
    """Return the value of digits with separators; three digits after the last one make it a thousands' separator."""
    digits = re.sub(r"[ \u00a0\u202f'’]", "", text)
    parts = re.split(r"[.,]", digits)
    if len(parts) == 1 or len(parts[-1]) == 3:
        return Decimal("".join(parts))
    return Decimal("".join(parts[:-1]) + "." + parts[-1])


def _scaled(value: Decimal, k: str | None) -> Decimal:
    if not k:
        return value
    return value * (1_000_000 if k.lower().startswith("mi") else 1000)


def _unit(m: re.Match[str], dollar: str) -> str:
    """Return the unit of a match of _AMOUNT; `dollar` is what a plain dollar sign stands for."""
    if m["h"]:
        return "h"
    if m["pct"]:
        return "%"
    sign: str = m["sign"] or m["unit"]
    if sign.upper() in _CODES:
        return sign.upper()
    found = (
        _NAMES.get(sign.lower())
        or _SIGNS.get(sign)
        or next((c for s, c in _SIGNS.items() if s.lower() == sign.lower()), "$")
    )
    return dollar if found == "$" else found


def _spelt(text: str) -> int:
    """Return the value of a number in English words, or of a single word of another language."""
    total = current = 0
    for word in re.split(r"[ -]", text.lower()):
        if word == "hundred":
            current *= 100
        elif word in {"thousand", "grand"}:
            total, current = total + current * 1000, 0
        elif word != "and":
            current += _UNITS.get(word, 0)
    return total + current


def find_amounts(text: str, language: str = "en", *, dollar: str = "USD") -> tuple[Amount, ...]:
    """Return the amounts of one sentence in order of place.

    `dollar` is what a plain "$" stands for, `language` is where Spanish "pesos" and the like would be told apart.
    """
    text = text[:_CAP]
    if not _QUICK.search(text):
        return ()
    found = []
    for m in _AMOUNT.finditer(text):
        if m["sign"] and m["sign"].lower() in {"r", "rs", "kr", "lei"} and not m["sign"][0].isupper():
            continue
        value = _scaled(number(m["a"] or m["b"]), m["k"] or m["scale"])
        found.append(Amount(start=m.start(), end=m.end(), value=value, unit=_unit(m, dollar)))
    if language == "en" or not found:
        found += [a for a in _in_words(text, dollar) if not any(a.start < f.end and f.start < a.end for f in found)]
    return tuple(sorted(found, key=lambda a: a.start))


def _in_words(text: str, dollar: str) -> list[Amount]:
    """Return the amounts whose number is spelt out: "nine thousand pounds", "four hours"."""
    found = []
    for m in _SPELT.finditer(text):
        unit = (m["unit"] or "").lower()
        large = re.search(r"thousand|grand|hundred", m["n"], re.IGNORECASE)
        alone = not text[: m.start()].strip() and text[m.end() : m.end() + 1] in {"", ",", "."}
        if not unit and not large and not alone:
            continue
        if re.fullmatch(_HOURS, unit):
            code = "h"
        elif re.fullmatch(_PERCENT, unit):
            code = "%"
        else:
            code = _NAMES.get(unit, "")
            if "grand" in m["n"].lower() or unit == "grand":
                code = "$"
        value = _spelt(m["n"]) * (1000 if unit == "grand" else 1)
        if value:
            found.append(
                Amount(start=m.start(), end=m.end(), value=Decimal(value), unit=dollar if code == "$" else code)
            )
    return found


def plain_numbers(text: str) -> tuple[tuple[int, int, Decimal], ...]:
    """Return the numbers that stand without a unit, with their places; for amounts repeated from an earlier sentence."""
    return tuple((m.start(), m.end(), number(m.group())) for m in _PLAIN.finditer(text[:_CAP]))
