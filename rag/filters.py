"""What a search is restricted to: ``where={"country": "Kazakhstan", "date": ">=2022-10"}`` as conditions.

A value is compared as it is meant: numbers by size, ISO dates as far as they are given (``2022-10`` is all of that
month, so ``<=2022-10`` includes its last day), anything else as text without regard to case. ``*`` stands for any
characters. A document without the field meets no condition on it but ``!=``.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from .errors import InputError

#: What ``search`` takes: values by field, a list of values meaning any of them; or conditions as they are typed.
Where = Mapping[str, object] | Sequence[str]

#: Longer ones first, so that ``>=`` is not read as ``>``.
OPERATORS = (">=", "<=", "!=", ">", "<", "=")

TYPED = re.compile(rf"\s*([^<>=!]+?)\s*({'|'.join(OPERATORS)})\s*(.*?)\s*", re.DOTALL)
ISO_DATE = re.compile(r"\d{4}(?:-\d\d(?:-\d\d)?)?")


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
        try:
            return float(self.value)
        except ValueError:
            return None

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
        return tuple(_any_of(str(name), value) for name, value in where.items())
    if isinstance(where, str):
        raise InputError(f"where is the text {where!r}; give a mapping, or a list of conditions such as [{where!r}]")
    return tuple((_typed(each),) for each in where)


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
    match = TYPED.fullmatch(text)
    if not match:
        raise InputError(f"the condition {text!r} is none; write it as country=Kazakhstan or date>=2022-10")
    return _checked(*match.groups())


def _checked(name: str, operator: str, value: str) -> Condition:
    if not value:
        raise InputError(f"the condition on {name!r} has no value; write it as {name}=something")
    return Condition(name.strip().casefold(), operator, value.casefold())
