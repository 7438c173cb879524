"""What a search is restricted to: ``where={"country": "Kazakhstan", "date": ">=2022-10"}`` as conditions.

A value is compared as it is meant: numbers by size, ISO dates as far as they are given (``2022-10`` is all of that
month, so ``<=2022-10`` includes its last day), anything else as text without regard to case. A number is greater or
less than numbers only, a date than dates. ``*`` stands for any characters. A document without the field meets no
condition on it but ``!=``.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from ..errors import InputError

#: What ``search`` takes: values by field, a list of values meaning any of them; or conditions as they are typed.
Where = Mapping[str, object] | Sequence[str]

#: Longer ones first, so that ``>=`` is not read as ``>``.
OPERATORS = (">=", "<=", "!=", ">", "<", "=")

TYPED = re.compile(rf"\s*([^<>=!]+?)\s*({'|'.join(OPERATORS)})\s*(.*?)\s*", re.DOTALL)
ISO_DATE = re.compile(r"\d{4}(?:-\d\d(?:-\d\d)?)?")

#: A date with or without a time after it.
DATED = re.compile(rf"({ISO_DATE.pattern})(?:[t ]\d.*)?", re.DOTALL)

#: What is a number, and no code that is made of digits: without a leading zero, and short enough to be exact.
NUMBER = re.compile(r"-?(?:0|[1-9]\d{0,14})(?:\.\d{1,9})?")

#: Conditions of one search; more would be a list of documents and no filter.
MOST_CONDITIONS = 500


@dataclass(frozen=True, slots=True)
class Condition:
    """A field, how it is compared, and with what.

    Attributes:
        field: Name in lower case.
        operator: One of ``OPERATORS``.
        value: Casefolded.
    """

    field: str
    operator: str
    value: str

    @property
    def number(self) -> float | None:
        """The value as a number, if it is one."""
        return as_number(self.value)

    @property
    def is_date(self) -> bool:
        """Is the value an ISO date, or the beginning of one?"""
        return bool(ISO_DATE.fullmatch(self.value))


#: Each group is met if one of its conditions is; all groups have to be.
Conditions = tuple[tuple[Condition, ...], ...]


def conditions(where: Where) -> Conditions:
    """The conditions that a ``where`` stands for.

    Raises:
        InputError: One of them is none.
    """
    if isinstance(where, Mapping):
        found = tuple(_any_of(str(name), value) for name, value in where.items())
    elif isinstance(where, str):
        raise InputError(f"where is the text {where!r}; give a mapping, or a list of conditions such as [{where!r}]")
    else:
        found = tuple((_typed(each),) for each in where)
    if (count := sum(map(len, found))) > MOST_CONDITIONS:
        raise InputError(f"{count} conditions are too many; at most {MOST_CONDITIONS} are taken")
    return found


def as_number(text: str) -> float | None:
    """The number that a value is, if it is one."""
    return float(text) if NUMBER.fullmatch(text) else None


def as_date(text: str) -> str | None:
    """The ISO date that a casefolded value is or begins with, if it is one, as far as it is given."""
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
        raise InputError(f"the condition {name!r}: {value!r} is none; give a text or a number, such as '>=2022-10'")
    text = str(value).strip()
    operator = next((each for each in OPERATORS if text.startswith(each)), "=")
    return _checked(name, operator, text.removeprefix(operator).strip())


def _typed(text: str) -> Condition:
    match = TYPED.fullmatch(text) if isinstance(text, str) else None
    if not match:
        raise InputError(f"the condition {text!r} is none; write it as country=Kazakhstan or date>=2022-10")
    return _checked(*match.groups())


def _checked(name: str, operator: str, value: str) -> Condition:
    if not value:
        raise InputError(f"the condition on {name!r} has no value; write it as {name}=something")
    if any("\ud800" <= character <= "\udfff" for character in name + value):
        raise InputError(f"the condition on {name!r} is not valid Unicode text; type it again")
    return Condition(name.strip().casefold(), operator, value.casefold())
