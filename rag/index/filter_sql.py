"""Filter conditions as SQL over the tables ``passages`` and ``fields``."""

from __future__ import annotations

from ..errors import InputError
from .filters import Condition, Conditions


def where_clause(conditions: Conditions) -> tuple[str, list[object]]:
    """An SQL expression over ``passages`` and its parameters.

    Raises:
        InputError: A value or operator does not fit its field.
    """
    groups = [[_condition(condition) for condition in group] for group in conditions]
    expression = " AND ".join("(" + " OR ".join(sql for sql, _ in group) + ")" for group in groups)
    return expression or "TRUE", [value for group in groups for _, values in group for value in values]


def _condition(condition: Condition) -> tuple[str, list[object]]:
    """One condition; ``!=`` is the negation of ``=``, so it also matches documents without the field."""
    negated = condition.operator == "!="
    operator = "=" if negated else condition.operator
    if condition.field == "page":
        sql, values = _page(operator, condition)
        sql = f"coalesce({sql}, FALSE)"
    elif condition.field == "heading":
        sql, values = _text(operator, condition, "fold(heading)")
        sql = f"coalesce({sql}, FALSE)"
    else:
        comparison, values = _value(operator, condition)
        sql, values = f"document IN (SELECT document FROM fields WHERE name = ? AND ({comparison}))", [
            condition.field, *values,
        ]  # fmt: skip
    return f"NOT {sql}" if negated else sql, values


def _page(operator: str, condition: Condition) -> tuple[str, list[object]]:
    """A passage matches every page it touches."""
    if condition.number is None:
        raise InputError(f"a page is a number, not {condition.value!r}")
    column = {"=": "? BETWEEN page AND last_page", ">=": "last_page >= ?", ">": "last_page > ?"}
    return column.get(operator, f"page {operator} ?"), [condition.number]


def _text(operator: str, condition: Condition, column: str) -> tuple[str, list[object]]:
    """Compare a whole text; ``*`` matches any characters."""
    if "*" not in condition.value:
        return f"{column} {operator} ?", [condition.value]
    if operator != "=":
        raise InputError(f"{operator}{condition.value}: * goes with = and != only")
    return f"{column} GLOB ?", [condition.value.replace("[", "[[]").replace("?", "[?]")]


def _value(operator: str, condition: Condition) -> tuple[str, list[object]]:
    """Compare a field: numbers with numbers, dates with dates (to the given precision), text with text.

    Equality also matches identical text; greater and less compare values of one kind only.
    """
    kinds: list[tuple[str, object]] = []
    if condition.number is not None:
        kinds.append((f"number {operator} ?", condition.number))
    if condition.is_date:
        # A bare year may be a number or a date; it is compared as a number if the stored value is one.
        not_a_number = "number IS NULL AND " if condition.number is not None else ""
        kinds.append((f"{not_a_number}substr(date, 1, {len(condition.value)}) {operator} ?", condition.value))
    if kinds and operator != "=":
        return " OR ".join(sql for sql, _ in kinds), [value for _, value in kinds]
    text, values = _text(operator, condition, "value")
    return " OR ".join([text, *(sql for sql, _ in kinds)]), [*values, *(value for _, value in kinds)]
