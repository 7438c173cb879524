"""Dates in the forms that tables have them, as ISO dates."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from .sanitize import iso_date

MONTHS = "jan feb mar apr may jun jul aug sep oct nov dec".split()
#: What may follow a date: nothing, or a time.
END = r"(?=$|[T\s])"
#: Two numbers and a year: which of them is the day depends on the country.
NUMERIC = re.compile(rf"(\d{{1,2}})([/.-])(\d{{1,2}})\2(\d{{4}}){END}")
#: With the name of the month, in English.
MONTH = rf"({'|'.join(MONTHS)})[a-z]*\.?"
DAY = r"(\d{1,2})(?:st|nd|rd|th)?"
DAY_FIRST = re.compile(rf"{DAY}[\s-]+{MONTH},?[\s-]+(\d{{4}}){END}", re.IGNORECASE)
MONTH_FIRST = re.compile(rf"{MONTH}\s+{DAY},?\s+(\d{{4}}){END}", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class DateColumn:
    """How the dates of a column are written.

    Attributes:
        ambiguous: A date that may begin with its day or its month, if no value of the column tells; else empty.
        is_month_first: Whether dates in numbers begin with the month.
    """

    ambiguous: str = ""
    is_month_first: bool = False

    @classmethod
    def of(cls, values: Iterable[str]) -> DateColumn | None:
        """The form of the dates of a column; None if a value is not a date, or all are empty."""
        found = [value.strip() for value in values if value.strip()]
        if not found or not all(_parts(value) for value in found):
            return None
        numeric = [match for value in found if (match := NUMERIC.match(value))]
        days_first = any(int(match[1]) > 12 for match in numeric)
        months_first = any(int(match[3]) > 12 for match in numeric)
        if days_first and months_first:
            return None
        unclear = next((match[0] for match in numeric if match[1] != match[3]), "")
        return cls("" if days_first or months_first else unclear, months_first)

    def iso(self, value: str) -> str | None:
        """A date of the column as ``YYYY[-MM[-DD]]``; None if it is empty, ambiguous or invalid."""
        parts = _parts(value.strip())
        if parts is None or self.ambiguous:
            return None
        if isinstance(parts, str):
            return parts
        year, month, day = parts
        if NUMERIC.match(value.strip()) and self.is_month_first:
            month, day = day, month
        try:
            return date(year, month, day).isoformat()
        except ValueError:
            return None


def _parts(value: str) -> str | tuple[int, int, int] | None:
    """An ISO date as it is, another as year, month and day; numbers as if the day came first."""
    if iso := iso_date(value):
        return iso
    if found := NUMERIC.match(value):
        return int(found[4]), int(found[3]), int(found[1])
    if found := DAY_FIRST.match(value):
        return int(found[3]), MONTHS.index(found[2].lower()[:3]) + 1, int(found[1])
    if found := MONTH_FIRST.match(value):
        return int(found[3]), MONTHS.index(found[1].lower()[:3]) + 1, int(found[2])
    return None
