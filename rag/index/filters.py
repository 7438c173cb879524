"""Search filters: ``where={"country": "Kazakhstan", "date": ">=2022-10"}`` parsed into conditions.

Numbers compare by size, ISO dates to the given precision (``2022-10`` is the whole month, so ``<=2022-10`` includes its
last day), and anything else as case-insensitive text. ``<`` and ``>`` compare numbers with numbers and dates with dates
only. ``*`` matches any characters. A document without the field meets no condition on it except ``!=``. A typed
condition may offer alternatives on one field: ``country=Kazakhstan or country=Kyrgyzstan``.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from ..errors import InputError

#: Filters of ``search``: values by field, where a list means any of its values; or typed conditions.
Where = Mapping[str, object] | Sequence[str]

#: Longest first, so that ``>=`` is not parsed as ``>``.
OPERATORS = (">=", "<=", "!=", ">", "<", "=")

TYPED = re.compile(rf"([^<>=!]++)({'|'.join(OPERATORS)})(.*)", re.DOTALL)
ISO_DATE = re.compile(r"\d{4}(?:-\d\d(?:-\d\d)?)?")

#: A date, optionally followed by a time.
DATED = re.compile(rf"({ISO_DATE.pattern})(?:[t ]\d.*)?", re.DOTALL)

#: A number, not a code made of digits: no leading zeros, and short enough to be an exact float.
NUMBER = re.compile(r"-?(?:0|[1-9]\d{0,14})(?:\.\d{1,9})?")

#: Field values are compared up to this many code points, so a longer value in a condition matches nothing. It also
#: bounds the time that a pattern with many ``*`` takes.
MAX_VALUE = 500

#: Maximum number of conditions of one search.
MAX_CONDITIONS = 500


@dataclass(frozen=True, slots=True)
class Condition:
    """A comparison of a field with a value.

    Attributes:
        field: Casefolded name.
        operator: One of ``OPERATORS``.
        value: Casefolded value.
    """

    field: str
    operator: str
    value: str

    @property
    def number(self) -> float | None:
        """The value as a number, or None."""
        return as_number(self.value)

    @property
    def is_date(self) -> bool:
        """True if the value is an ISO date, or the year or month of one."""
        return bool(ISO_DATE.fullmatch(self.value))


#: Groups of conditions: every group must be met, by any of its conditions.
Conditions = tuple[tuple[Condition, ...], ...]


def conditions(where: Where) -> Conditions:
    """Parse a ``where`` into conditions.

    Raises:
        InputError: A condition is malformed, or there are too many.
    """
    if isinstance(where, Mapping):
        found = tuple(_any_of(str(name), value) for name, value in where.items())
    elif isinstance(where, str):
        raise InputError(f"where is the string {where!r}; pass a mapping, or a list of conditions such as [{where!r}]")
    else:
        found = tuple(tuple(_typed(part) for part in _alternatives(each)) for each in where)
    if (count := sum(map(len, found))) > MAX_CONDITIONS:
        raise InputError(f"{count} conditions are too many; the limit is {MAX_CONDITIONS}")
    return found


def as_number(text: str) -> float | None:
    """The text as a number, or None."""
    return float(text) if NUMBER.fullmatch(text) else None


def as_date(text: str) -> str | None:
    """The ISO date (or year, or month) at the start of a casefolded text, or None."""
    match = DATED.fullmatch(text)
    return match[1] if match else None


def _any_of(name: str, value: object) -> tuple[Condition, ...]:
    values = value if isinstance(value, Iterable) and not isinstance(value, str | Mapping) else [value]
    found = tuple(_condition(name, each) for each in values)
    if not found:
        raise InputError(f"the list of values for {name!r} is empty; name at least one")
    return found


def _condition(name: str, value: object) -> Condition:
    if not isinstance(value, str | int | float) or not name.strip():
        raise InputError(f"invalid condition {name!r}: {value!r}; give a text or a number, such as '>=2022-10'")
    text = str(value).strip()
    operator = next((each for each in OPERATORS if text.startswith(each)), "=")
    return _checked(name, operator, text.removeprefix(operator).strip())


def _alternatives(text: str) -> list[str]:
    """The parts of ``a=1 or a=2``: an "or" only separates conditions on the same field."""
    field = re.match(r"[^<>=!]+", text) if isinstance(text, str) else None
    if not field or " or " not in text:
        return [text]
    name = re.escape(field[0].strip())
    return re.split(rf" or (?={name} ?[<>=!])", text, flags=re.IGNORECASE)


def _typed(text: str) -> Condition:
    match = TYPED.fullmatch(text) if isinstance(text, str) else None
    if not match:
        shown = repr(text[:MAX_VALUE] if isinstance(text, str) else text)
        raise InputError(f"invalid condition {shown}; write it as country=Kazakhstan or date>=2022-10")
    name, operator, value = match.groups()
    return _checked(name.strip(), operator, value.strip())


def _checked(name: str, operator: str, value: str) -> Condition:
    if not value:
        raise InputError(f"the condition on {name!r} has no value; write it as {name}=something")
    if len(value) > MAX_VALUE:
        raise InputError(
            f"the condition on {name!r} has a value of {len(value):,} characters; the first {MAX_VALUE} of a field are "
            f"compared, so shorten it"
        )
    if any("\ud800" <= character <= "\udfff" for character in name + value):
        raise InputError(f"the condition on {name!r} is not valid Unicode text; type it again")
    return Condition(name.strip().casefold(), operator, value.casefold())
