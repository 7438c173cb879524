"""The values of spreadsheet cells as a spreadsheet shows them, by the number format of the cell.

Number formats are those of ISO/IEC 29500-1, 18.8.31: up to four sections, for positive, negative and zero numbers and
for text. Names of months and days are English. Dates in the order of the reader's country become ISO dates. Numbers
with fractions (``# ?/?``) or conditions (``[>100]``) are shown as in a cell without a format.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from decimal import ROUND_HALF_UP, Context, Decimal
from functools import lru_cache
from typing import NamedTuple

GENERAL = "General"

#: Dates in the order of the reader's country, by the codes that stand for them.
SHORT_DATES = {"mm-dd-yy": "yyyy-mm-dd", "m/d/yy h:mm": "yyyy-mm-dd hh:mm"}

SECTION = re.compile(r'"[^"]*"?|\\.?|[^;"\\]+|;', re.DOTALL)
#: Text in quotes or escaped, a space as wide as a character, a fill character, brackets, and a code.
TOKEN = re.compile(
    r'"(?P<quoted>[^"]*)"?|\\(?P<escaped>.?)|(?P<space>_.?)|\*.?|\[(?P<brackets>[^\]]*)\]?|'
    r"(?P<code>am/pm|a/p|general|e[+-]|y+|m+|d+|h+|s+(?:\.0+)?|.)",
    re.DOTALL | re.IGNORECASE,
)
CONDITION = re.compile(r"\[[<>=]")
CURRENCY = re.compile(r"\$([^-]*)")
ELAPSED = re.compile(r"h+|m+|s+", re.IGNORECASE)

PLACEHOLDERS = frozenset("0#?")
#: Longest number format of a spreadsheet, in code points.
MAX_CODE = 255
MAX_DECIMALS = 30
#: The digits of any float, and those decimals.
EXACT = Context(prec=400, rounding=ROUND_HALF_UP)

MONTHS = "January February March April May June July August September October November December".split()
DAYS = "Monday Tuesday Wednesday Thursday Friday Saturday Sunday".split()


#: Codes of dates and times, and the seconds of those that can count elapsed time.
UNITS = {"y": 0, "d": 0, "h": 3600, "m": 60, "s": 1}
EPOCH = datetime(1899, 12, 30)


class _Token(NamedTuple):
    """Literal text, or a code in lower case; codes of elapsed time are in brackets."""

    text: str
    literal: bool

    @property
    def is_place(self) -> bool:
        """Whether it stands for a digit."""
        return not self.literal and self.text in PLACEHOLDERS


POINT = _Token(".", literal=False)


def shown(value: object, code: str = GENERAL) -> str:
    """The text of a cell.

    Args:
        value: A number, text, boolean, date, time, duration, or None.
        code: Number format of the cell.
    """
    if value is None:
        return ""
    if len(code) > MAX_CODE:
        code = GENERAL
    if isinstance(value, bool):
        return str(value).upper()
    if isinstance(value, datetime | date | time | timedelta):
        return _date(value, SHORT_DATES.get(code, code)).strip()
    if isinstance(value, int | float):
        return _number(value, code).strip()
    return str(value)


def _number(value: float, code: str) -> str:
    sections = _sections(code)
    if CONDITION.search(code) or not any(sections):
        return _general(value)
    if value < 0 and len(sections) > 1:
        return _formatted(-value, sections[1])
    if value == 0 and len(sections) > 2:
        return _formatted(value, sections[2])
    text = _formatted(abs(value), sections[0])
    return "-" * (value < 0 and any(digit in text for digit in "123456789")) + text


@lru_cache
def _sections(code: str) -> list[str]:
    sections = [""]
    for found in SECTION.finditer(code):
        if found.group() == ";":
            sections.append("")
        else:
            sections[-1] += found.group()
    return sections


@lru_cache
def _tokens(section: str) -> list[_Token]:
    return list(_parsed(section))


def _parsed(section: str) -> Iterator[_Token]:
    for found in TOKEN.finditer(section):
        if found["code"]:
            yield _Token(found["code"].lower(), literal=False)
        elif found["space"]:
            yield _Token(" ", literal=True)
        elif found["brackets"] is None:
            yield _Token(found["quoted"] or found["escaped"] or "", literal=True)
        elif ELAPSED.fullmatch(found["brackets"]):
            yield _Token(f"[{found['brackets'].lower()}]", literal=False)
        elif currency := CURRENCY.match(found["brackets"]):
            yield _Token(currency[1], literal=True)


def _general(value: float) -> str:
    return f"{value:.11G}" if isinstance(value, float) else str(value)


def _formatted(value: float, section: str) -> str:
    """A number that is not negative, by one section of a format."""
    tokens = _tokens(section)
    codes = "".join(token.text[0] for token in tokens if not token.literal)
    if "/" in codes:
        return _general(value)
    if "g" in codes or "@" in codes:
        return "".join(token.text if token.literal else _general(value) for token in tokens)
    before, _, after = codes.partition(".")
    decimals = min(_places(after.partition("e")[0]), MAX_DECIMALS)
    if "e" in codes:
        return f"{value:.{decimals}E}"
    # Commas after the last place divide by a thousand each; others group the digits.
    integer, decimal = (part.rstrip("%-+() $") for part in (before, after))
    scale = len(integer + decimal) - len(integer.rstrip(",") + decimal.rstrip(","))
    number = Decimal(repr(value)).scaleb(2 * codes.count("%") - 3 * scale, EXACT)
    digits, _, fraction = f"{number.quantize(Decimal(1).scaleb(-decimals), context=EXACT):f}".partition(".")
    digits = digits.lstrip("0").zfill(before.count("0"))
    if "," in integer.rstrip(","):
        first = len(digits) % 3
        digits = ",".join([digits[:first]] * bool(first) + [digits[i : i + 3] for i in range(first, len(digits), 3)])
    kept = after.count("0")
    return _laid_out(tokens, digits, fraction[:kept] + fraction[kept:].rstrip("0"))


def _places(codes: str) -> int:
    """The number of places for digits."""
    return sum(code in PLACEHOLDERS for code in codes)


def _laid_out(tokens: list[_Token], digits: str, fraction: str) -> str:
    """The digits in their places, aligned to the right; the first place takes those that have none."""
    point = tokens.index(POINT) if POINT in tokens else len(tokens)
    places = [i for i, token in enumerate(tokens[:point]) if token.is_place]
    if "," in digits:
        places = places[:1]
    head = max(0, len(digits) - max(len(places) - 1, 0))
    rest = digits[head:]
    of_place = dict(zip(places, [digits[:head], *[""] * (len(places) - 1 - len(rest)), *rest], strict=bool(places)))
    pieces: list[str] = []
    for i, token in enumerate(tokens):
        if i == point:
            pieces += ["" if places else digits, "." * bool(fraction), fraction]
        elif token.is_place:
            pieces.append(of_place.get(i, ""))
        elif token.literal or token.text != ",":
            pieces.append(token.text)
    return "".join(pieces)


def _date(value: date | time | timedelta, code: str) -> str:
    """A date, time or duration; as in ISO 8601 if the format is not one of dates."""
    tokens = _tokens(_sections(code)[0])
    units = ["" if token.literal else token.text.strip("[")[0] for token in tokens]
    parts = [i for i, unit in enumerate(units) if unit in UNITS]
    if not parts or "g" in units:
        return str(value)
    instant, seconds = _instant(value)
    is_half_day = "a" in units
    pieces: list[str] = []
    for i, (token, unit) in enumerate(zip(tokens, units, strict=True)):
        if i not in parts:
            is_mark = unit == "a"
            pieces.append(("AM", "PM")[instant.hour >= 12][: len(token.text) // 2] if is_mark else token.text)
        elif token.text.startswith("["):
            pieces.append(str(int(seconds // UNITS[unit])).zfill(len(token.text) - 2))
        elif unit == "m" and (_beside(units, parts, i, -1) == "h" or _beside(units, parts, i, 1) == "s"):
            pieces.append(str(instant.minute).zfill(len(token.text)))
        else:
            pieces.append(_part(instant, token.text, is_half_day))
    return "".join(pieces)


def _instant(value: date | time | timedelta) -> tuple[datetime, float]:
    """The value as a date with a time, and the seconds that it lasts if it is a duration or a time."""
    if isinstance(value, timedelta):
        return datetime.min + value % timedelta(days=1), value.total_seconds()
    if isinstance(value, time):
        return _instant(datetime.combine(datetime.min, value) - datetime.min)
    instant = value if isinstance(value, datetime) else datetime.combine(value, time())
    return instant, (instant - EPOCH).total_seconds()


def _beside(units: list[str], parts: list[int], i: int, step: int) -> str:
    """The unit of the part of a date before or after another."""
    at = parts.index(i) + step
    return units[parts[at]] if 0 <= at < len(parts) else ""


def _part(instant: datetime, code: str, is_half_day: bool) -> str:
    width = len(code)
    if code[0] == "y":
        return f"{instant.year:04}" if width > 2 else f"{instant.year % 100:02}"
    if code[0] == "m" and width > 2:
        name = MONTHS[instant.month - 1]
        return name[:3] if width == 3 else name[0] if width == 5 else name
    if code[0] == "d" and width > 2:
        name = DAYS[instant.weekday()]
        return name[:3] if width == 3 else name
    if code[0] == "s":
        whole, point, fraction = code.partition(".")
        return str(instant.second).zfill(len(whole)) + point + f"{instant.microsecond:06}"[: len(fraction)]
    hour = (instant.hour - 1) % 12 + 1 if is_half_day else instant.hour
    return str({"m": instant.month, "d": instant.day, "h": hour}[code[0]]).zfill(width)
