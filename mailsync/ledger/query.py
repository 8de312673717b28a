"""The query language: anything typed is a legal query, and becomes conditions on the index and on the log.

Words must all occur (in any form: "invoices" finds "invoice"); "quoted words" occur just so and next to each other;
`begin*` stands for every word that begins so; `-word` must not occur; `a OR b` needs one of the two. Filters:

    client:acme  kind:proposal  topic:budget  tier:suggestion  who:anna  owner:ben@we.example     (of entries)
    state:open  due:2026-03-06  due:<friday's date  due:2026-03  due:2026-03-01..2026-03-15  amount:>1000  amount:80EUR
    from:anna  to:ben  subject:website  file:plan  before:2026-03-06  after:2026-03  on:2026-03-06
    is:entry  is:mail  is:suggestion  is:overdue  is:vague  is:conditional  is:weak  is:us  is:client  is:third
    has:attachment  has:due  has:amount

What cannot be understood as a filter is searched for as words. Dates are days in UTC: `before:` a day ends when it
begins, `after:` a day begins with it.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum

from mailsync.ledger.index import SIGN, floor, mark, word_marks
from mailsync.ledger.rows import clean
from mailsync.ledger.words import numbers, stem, tokens
from mailsync.model.entry import Kind, State, Tier, Topic

#: More is not read: a query is typed by a person.
LONGEST, MOST_TERMS = 2000, 40
#: `a*` stands for half of all words: a shorter beginning is taken for a whole word.
SHORTEST_PREFIX = 3

_TERM = re.compile(r'(-)?(?:([A-Za-z]{2,10}):)?(?:"([^"]*)"?|([^\s"]+))')
_AMOUNT = re.compile(r"(>=|<=|>|<|=)?(\d[\d.,]{0,20})(k)?([a-z]{1,6}|[%€$£])?", re.IGNORECASE)
_DAY = re.compile(r"(\d{4})(?:-(\d{1,2}))?(?:-(\d{1,2}))?")
_UNITS = {"€": "EUR", "$": "USD", "£": "GBP", "hours": "h", "days": "d"}
_TEXTS = "{words subject sender recipients files}"
_COLUMNS = {"from": "sender", "to": "recipients", "subject": "subject", "file": "files", "attachment": "files"}
_ENUMS: dict[str, type[StrEnum]] = {"kind": Kind, "topic": Topic, "tier": Tier}
_IS = {"entry": "entry", "mail": "mail", "conditional": "conditional", "vague": "vague", "weak": "weak"}
_IS |= {side: "side" + side for side in ("us", "client", "third")}
_HAS = {"attachment": "attachment", "file": "attachment", "due": "due", "amount": "amount"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """Words to highlight: `tokens` in this order; `stem` for any form of one word, `prefix` for its beginning."""

    tokens: tuple[str, ...]
    stem: bool = False
    prefix: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """One condition: `match` for the index (FTS5 syntax), or `where` over the log (SQL) with its values."""

    match: str = ""
    where: str = ""
    values: tuple[str | float, ...] = ()
    negated: bool = False
    words: Words | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """What was asked: every group must hold, of each group at least one condition. `blank`: nothing was typed."""

    groups: tuple[tuple[Condition, ...], ...]
    blank: bool = False

    @property
    def words(self) -> list[Words]:
        """Return the words to highlight."""
        return list(dict.fromkeys(one.words for group in self.groups for one in group if one.words and not one.negated))


def parse(typed: str, *, today: date, clients: Sequence[str] = ()) -> Query:
    """Return what `typed` asks for; `clients` are the keys that `client:` may shorten."""
    typed = clean(typed[:LONGEST])
    groups: list[tuple[Condition, ...]] = []
    either = False
    for sign, field, value, quoted in _terms(typed):
        if sign == "OR":
            either = bool(groups)
            continue
        condition = _filter(field, value, quoted, today, clients) if field else None
        condition = condition or _text(f"{field}:{value}" if field else value, quoted=quoted)
        if condition is None:
            continue
        condition = replace(condition, negated=sign == "-")
        if either:
            groups[-1] = (*groups[-1], condition)
        else:
            groups.append((condition,))
        either = False
    groups = [tuple(dict.fromkeys(group)) for group in groups]  # each word costs, said again it asks for nothing more
    return Query(groups=tuple(dict.fromkeys(groups)), blank=not typed.strip())


def _terms(typed: str) -> Iterator[tuple[str, str, str, bool]]:
    """Yield sign ("", "-", "OR"), field, value and whether it was quoted; AND and OR only count between terms."""
    found = [match.groups() for match in list(_TERM.finditer(typed))[:MOST_TERMS]]
    negate = False
    for place, (minus, field, phrase, word) in enumerate(found):
        inside = 0 < place < len(found) - 1
        if inside and (minus, field, word) in ((None, None, "OR"), (None, None, "AND")):
            if word == "OR":
                yield "OR", "", "", False
        elif (minus, field, word) == (None, None, "NOT") and place < len(found) - 1:
            negate = True
        else:
            value = word if phrase is None else phrase
            yield "-" if minus or negate else "", (field or "").lower(), value, phrase is not None
            negate = False


def _text(value: str, *, quoted: bool = False, column: str = "") -> Condition | None:
    """Return the condition that `value` occurs; None where it holds no word."""
    found = tuple(tokens(value))[:MOST_TERMS]
    if not found:
        return None
    prefix = not quoted and value.endswith("*") and len(found[-1]) >= SHORTEST_PREFIX
    grouped = numbers(value)
    if len(grouped) == 1 and len("".join(found)) == len(grouped[0]) and not quoted:
        return Condition(match=f'"{grouped[0]}"', words=Words(tokens=found))
    if len(found) == 1 and not quoted and not prefix and not column:
        root = stem(found[0])
        return Condition(match=f'"{root}"', words=Words(tokens=(root,), stem=True))
    match = f'{column or _TEXTS} : "{" ".join(found)}"{"*" if prefix else ""}'
    return Condition(match=f"({match})", words=None if column else Words(tokens=found, prefix=prefix))


def _filter(field: str, value: str, quoted: bool, today: date, clients: Sequence[str]) -> Condition | None:  # noqa: PLR0911
    """Return what `field:value` asks for; None when it is no filter."""
    low = value.casefold()
    if not low:
        return None
    if field in _COLUMNS:
        return _text(value, quoted=quoted, column=_COLUMNS[field])
    if field in ("who", "owner"):
        phrase = " ".join(word_marks(field, value))
        return Condition(match=f'"{phrase}"{"*" if value.endswith("*") else ""}') if phrase else None
    if field == "client":
        keys = {low, *(key for key in clients if key.casefold().startswith(low))}
        return _any(mark("client", key) for key in sorted(keys))
    if field in _ENUMS:
        named = [one for one in _ENUMS[field] if one.value.startswith(low)]
        return _any(mark(field, one) for one in named) if named else None
    if field in ("is", "has"):
        return _is(field, low)
    if field == "state":
        return _state(low)
    if field == "due":
        return _due(low, today)
    if field == "amount":
        return _amount(low)
    return _dated(field, low, today)


def _any(marks: Iterator[str]) -> Condition:
    return Condition(match="(" + " OR ".join(f'"{one}"' for one in marks) + ")")


def _is(field: str, value: str) -> Condition | None:
    flags = _IS if field == "is" else _HAS
    if value in flags:
        return Condition(match=f'"{SIGN}{flags[value]}"')
    if field == "is" and value in ("suggestion", "log"):
        return _any(iter([mark("tier", value)]))
    return _state(value) if field == "is" else None


def _state(value: str) -> Condition | None:
    named = [state.value for state in State if state.value.startswith(value)]
    if not named:
        return None
    return Condition(where=f"{{state}} IN ({', '.join('?' * len(named))})", values=tuple(named))


def _due(value: str, today: date) -> Condition | None:
    if value in ("any", "none"):
        return Condition(where=f"(e.doc IS NOT NULL AND e.due IS {'NOT ' if value == 'any' else ''}NULL)")
    span = _span(value, today)
    if span is None:
        return None
    return Condition(where="(e.due >= ? AND e.due < ?)", values=(span[0].isoformat(), span[1].isoformat()))


def _amount(value: str) -> Condition | None:
    low, dots, high = value.partition("..")
    first, second = _AMOUNT.fullmatch(low), _AMOUNT.fullmatch(high)
    if not first or (dots and not second):
        return None
    where, values = [f"e.amount {'>=' if dots else first[1] or '='} ?"], [_number(first)]
    if second:
        where.append("e.amount <= ?")
        values.append(_number(second))
    unit = first[4] or (second[4] if second else None)
    if unit:
        where.append("e.unit = ? COLLATE NOCASE")
    return Condition(where=f"({' AND '.join(where)})", values=(*values, *([_UNITS.get(unit, unit)] if unit else [])))


def _number(found: re.Match[str]) -> float:
    """Return the number of an amount; "1,200.50", "1.200,50" and "1.200" are understood as people write them."""
    digits = found[2].rstrip(".,")
    whole, point, rest = digits.rpartition("." if digits.rfind(".") > digits.rfind(",") else ",")
    if not point or len(rest) == 3:
        whole, rest = digits, "0"
    number = float(re.sub(r"\D", "", whole) + "." + rest)
    return number * (1000 if found[3] else 1)


def _dated(field: str, value: str, today: date) -> Condition | None:
    """Return a condition on the date of the message; documents are numbered by date."""
    span = _span(value, today)
    if span is None or field not in ("before", "after", "since", "until", "on"):
        return None
    first, behind = (floor(datetime.combine(day, time(), UTC)) for day in span)
    where = {"before": "{doc} < ?", "until": "{doc} < ?", "on": "({doc} >= ? AND {doc} < ?)"}.get(field, "{doc} >= ?")
    values = {"before": (first,), "until": (behind,), "on": (first, behind)}.get(field, (first,))
    return Condition(where=where, values=values)


def _span(value: str, today: date) -> tuple[date, date] | None:
    """Return the first day of what `value` names and the day after its last; None where it names no time."""
    sign = value[:2].strip("0123456789abcdefghijklmnopqrstuvwxyz.") if value[:1] in "<>=" else ""
    rest = value[len(sign) :]
    low, dots, high = rest.partition("..")
    first, last = _period(low, today), _period(high if dots else low, today)
    if first is None or last is None or sign not in ("", "<", ">", "<=", ">=", "="):
        return None
    start, end = first[0], last[1]
    return {
        "<": (date.min, start),
        "<=": (date.min, end),
        ">": (end, date.max),
        ">=": (start, date.max),
    }.get(sign, (start, end))


def _period(value: str, today: date) -> tuple[date, date] | None:
    """Return first day and the day after the last of a day, month, year, or "today" and its neighbours."""
    near = {"yesterday": -1, "today": 0, "tomorrow": 1}
    if value in near:
        day = today + timedelta(days=near[value])
        return day, day + timedelta(days=1)
    found = _DAY.fullmatch(value)
    try:
        if found and found[3]:
            day = date(int(found[1]), int(found[2]), int(found[3]))
            return day, day + timedelta(days=1)
        if found and found[2]:
            month = date(int(found[1]), int(found[2]), 1)
            return month, (month + timedelta(days=31)).replace(day=1)
        return (date(int(found[1]), 1, 1), date(int(found[1]) + 1, 1, 1)) if found else None
    except (ValueError, OverflowError):
        return None
