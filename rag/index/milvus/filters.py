"""Filter conditions as expressions of Milvus over the columns of passages.

The column ``fields`` holds, for every field of a passage's document:

    is       the values, for = and !=; casefolded, with the characters that LIKE interprets replaced
    number   the numbers among them, and "low"/"high" their extremes
    date     the dates among them and their years and months; "first"/"last" are the extremes of the dates, and
             "first_only"/"last_only" of those that are no numbers
    least, most   the extremes of the values as texts
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ...errors import InputError
from ...types import Document
from ..filters import MAX_VALUE, Condition, Conditions, as_date, as_number
from ..store_writer import field_values

#: Characters that LIKE or a string interprets, and what stands for them, in a private use area.
SPECIAL = str.maketrans({each: chr(0xE000 + ord(each)) for each in ["%", "_", "\\", '"', *map(chr, range(32))]})

#: Sorts after digits and dashes, so a date with it comes after all dates that begin with the date.
AFTER = "~"


def plain(text: str) -> str:
    """A text without characters that mean something in an expression."""
    return text.translate(SPECIAL)


def facts_of(document: Document) -> dict[str, dict[str, Any]]:
    """The value of the column ``fields`` for the passages of a document."""
    values: dict[str, list[str]] = {}
    for name, value in field_values(document):
        values.setdefault(plain(name), []).append(value.casefold()[:MAX_VALUE])
    facts: dict[str, dict[str, Any]] = {}

    def note(kind: str, name: str, value: object) -> None:
        facts.setdefault(kind, {})[name] = value

    for name, texts in values.items():
        note("is", name, list(dict.fromkeys(plain(text) for text in texts)))
        note("least", name, min(plain(text) for text in texts))
        note("most", name, max(plain(text) for text in texts))
        if numbers := [number for text in texts if (number := as_number(text)) is not None]:
            note("number", name, sorted(set(numbers)))
            note("low", name, min(numbers))
            note("high", name, max(numbers))
        if dates := [date for text in texts if (date := as_date(text))]:
            note("date", name, sorted({date[:length] for date in dates for length in (4, 7, 10)}))
            note("first", name, min(dates))
            note("last", name, max(dates))
        if only := [date for text in texts if (date := as_date(text)) and as_number(text) is None]:
            note("date_only", name, sorted({date[:length] for date in only for length in (4, 7, 10)}))
            note("first_only", name, min(only))
            note("last_only", name, max(only))
    return facts


def expression(conditions: Conditions, most: Mapping[str, int]) -> str:
    """An expression that the passages that meet all conditions match.

    Args:
        conditions: Parsed; at least one.
        most: The highest number of values that a document has of a field, by field.

    Raises:
        InputError: A value or operator does not fit its field.
    """
    groups = [" or ".join(_condition(each, most) for each in group) for group in conditions]
    return " and ".join(f"({group})" for group in groups)


def _condition(condition: Condition, most: Mapping[str, int]) -> str:
    """One condition; ``!=`` is the negation of ``=``, so it also matches documents without the field."""
    negated = condition.operator == "!="
    operator = "==" if condition.operator in ("=", "!=") else condition.operator
    if condition.field == "page":
        found = _page(operator, condition)
    elif condition.field == "heading":
        found = f'(heading_key != "" and {_text(operator, condition, "heading_key")})'
    else:
        found = _value(operator, condition, most.get(condition.field, 1))
    return f"not {found}" if negated else found


def _page(operator: str, condition: Condition) -> str:
    """A passage matches every page it touches; one without pages matches none."""
    number = condition.number
    if number is None:
        raise InputError(f"a page is a number, not {condition.value!r}")
    if operator == "==":
        return f"(page >= 0 and page <= {number} and last_page >= {number})"
    column = "last_page" if operator in (">", ">=") else "page"
    return f"(page >= 0 and {column} {operator} {number})"


def _text(operator: str, condition: Condition, column: str) -> str:
    """Compare a whole text; ``*`` matches any characters."""
    value = plain(condition.value)
    if "*" not in value:
        return f'{column} {operator} "{value}"'
    if operator != "==":
        raise InputError(f"{operator}{condition.value}: * goes with = and != only")
    return f'{column} like "{value.replace("*", "%")}"'


def _value(operator: str, condition: Condition, most: int) -> str:
    """Compare a field as ``rag.index.filter_sql`` does."""
    name = f'"{plain(condition.field)}"'
    kinds: list[str] = []
    if condition.number is not None:
        kinds.append(_number(operator, name, condition.number))
    if condition.is_date:
        # A bare year may be a number or a date; it is compared as a number if the stored value is one.
        kinds.append(_date(operator, name, condition.value, "_only" if condition.number is not None else ""))
    if kinds and operator != "==":
        return f"({' or '.join(kinds)})"
    if "*" in condition.value or operator != "==":
        kinds += _texts(operator, condition, name, most)
    else:
        kinds.append(_holds("is", name, f'"{plain(condition.value)}"'))
    return f"({' or '.join(kinds)})"


def _texts(operator: str, condition: Condition, name: str, most: int) -> Sequence[str]:
    """Compare each value of a field as a text."""
    if operator == "==":
        columns = [f'fields["is"][{name}][{i}]' for i in range(most)]
        return [f"(exists {column} and {_text(operator, condition, column)})" for column in columns]
    kind = "most" if operator in (">", ">=") else "least"
    return [f'({_has(kind, name)} and {_text(operator, condition, f"""fields["{kind}"][{name}]""")})']


def _number(operator: str, name: str, number: float) -> str:
    if operator == "==":
        return _holds("number", name, repr(number))
    kind = "high" if operator in (">", ">=") else "low"
    return f'({_has(kind, name)} and fields["{kind}"][{name}] {operator} {number!r})'


def _date(operator: str, name: str, value: str, only: str) -> str:
    """Compare dates to the precision of the value: ``<=2022-10`` includes the last day of the month."""
    if operator == "==":
        return _holds(f"date{only}", name, f'"{value}"')
    kind = f"{'last' if operator in ('>', '>=') else 'first'}{only}"
    # To a precision, a date is greater if it comes after all dates that begin with the value.
    operator, bound = {">": (">=", value + AFTER), "<=": ("<", value + AFTER)}.get(operator, (operator, value))
    return f'({_has(kind, name)} and fields["{kind}"][{name}] {operator} "{bound}")'


def _holds(kind: str, name: str, value: str) -> str:
    return f'({_has(kind, name)} and json_contains(fields["{kind}"][{name}], {value}))'


def _has(kind: str, name: str) -> str:
    # What a comparison with a missing value gives differs between versions of Milvus; this does not.
    return f'exists fields["{kind}"][{name}]'
