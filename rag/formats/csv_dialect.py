"""How a CSV file is written: the separator of its fields, and whether its first row names the columns."""

from __future__ import annotations

import csv
import re
from collections import Counter
from collections.abc import Sequence

from .dates import DateColumn

#: Separators, the most usual first.
SEPARATORS = ",;\t|^~\x1f¦§"
#: Code points and rows that are looked at.
SAMPLE, ROWS = 16_384, 50
#: Share of the rows that must have as many fields as the first.
EVEN = 0.8
#: A first line that spreadsheets write and read.
STATED = re.compile(r'sep=([^"\r\n])\r?\n', re.IGNORECASE)

#: Longest name of a column, in code points.
LONGEST_NAME = 80
NUMBER = re.compile(r"[(+−-]?[$€£¥]?\s?[+−-]?\d[\d.,\s]*\s?%?\)?")
YEAR = re.compile(r"(?:1[5-9]|20)\d\d")
SENTENCE = re.compile(r".*\w\s+\w.*[.!?…。]", re.DOTALL)
ADDRESS = re.compile(r"https?://\S+|\S+@\S+\.\w+", re.IGNORECASE)


def separator_of(text: str) -> str:
    """The separator that cuts most rows into as many fields as the first one; a comma if none does."""
    sample = text[:SAMPLE]
    if len(text) > SAMPLE:
        sample = sample[: sample.rfind("\n") + 1] or sample
    best, found = (EVEN, 1), ","
    for separator in SEPARATORS:
        lengths = _lengths(sample, separator)
        if lengths and lengths[0] > 1:
            share = sum(length == lengths[0] for length in lengths) / len(lengths)
            if share >= EVEN and (share, lengths[0]) > best:
                best, found = (share, lengths[0]), separator
    return found


def has_header(first: Sequence[str], rows: Sequence[Sequence[str]]) -> bool:
    """True if the first row may name the columns: no values, and none that a row below has in its column."""
    cells = [cell.strip() for cell in first]
    if any(_is_value(cell) for cell in cells):
        return False
    below = [Counter(row[column].strip() for row in rows[:ROWS] if column < len(row)) for column in range(len(cells))]
    return not any(cell and cell in values for cell, values in zip(cells, below, strict=True))


def _lengths(sample: str, separator: str) -> list[int]:
    """The number of fields of the first rows that are not empty."""
    lengths = []
    try:
        for row in csv.reader(sample.splitlines(keepends=True), delimiter=separator):
            if row:
                lengths.append(len(row))
            if len(lengths) == ROWS:
                break
    except csv.Error:
        pass
    return lengths


def _is_value(cell: str) -> bool:
    """True if a cell is no name: a number, a date, an address, or a sentence."""
    if YEAR.fullmatch(cell) or not cell:
        return False
    return (
        len(cell) > LONGEST_NAME
        or any(pattern.fullmatch(cell) is not None for pattern in (NUMBER, SENTENCE, ADDRESS))
        or DateColumn.of([cell]) is not None
    )
