"""Tables in a text: rows and cells as offsets, found by the marks and spaces between the columns.

The lines of a table stand together. Their cells are separated by tabs, as all formats that are extracted write them, by
bars as in Markdown, or by spaces: columns that are aligned, gaps of three or more, or the gap before an amount that
ends each line. A line of fields, ``Town: Vellin<tab>Mayor: Ana Ruiz``, is a table of one row that names its columns.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from .columns import (
    AMOUNT,
    BAR,
    GAP,
    TAB,
    TABS,
    AmountCut,
    Cut,
    SeparatorCut,
    aligned_columns,
    counts,
    names_and_values,
)
from .segmentation import LINE_BREAK, LIST_ITEM, Extent, trim

#: Longer lines are prose.
LONGEST_LINE = 2_000
#: Fewest lines of a table whose columns are separated by spaces only.
FEWEST_SPACED = 3
#: Longest name of a column, in code points.
LONGEST_NAME = 80
#: Rows that are looked at to tell the header from the rows below.
SAMPLE = 30

#: The line below a header, or a frame.
RULE = re.compile(r"[ \t]*[|+]?[ \t]*[:|+]*[-=─]{2,}+[-=─:|+ \t]*+|[ \t]*\|[ \t]*:?-+:?[ \t]*\|?[ \t]*")
#: A value that is not a name: a number with its sign and unit, or nothing but marks.
VALUE = re.compile(r"[^\w]*+\d[\d.,:/ %–-]*+[^\d\W]{0,3}+[^\w]*+|[^\w]+")
YEAR = re.compile(r"(?:FY ?|Q[1-4] ?)?(?:1[5-9]|20)\d\d(?:[/–-]\d\d(?:\d\d)?)?")

#: Marks around a block of code in Markdown.
FENCES = ("```", "~~~")
#: Columns that are separated by spaces; two spaces may follow a sentence.
SPACED = re.compile(r"[^\s.!?:;] {2}|\S {3}")

Cells = Sequence[Extent]


@dataclass(frozen=True, slots=True)
class Table:
    """A table of a text; offsets in code points.

    Attributes:
        start, end: Its lines.
        header: The names above each column, outermost first; empty if the columns have no names.
        lines: The lines of its rows, without header and rules.
        label: The column that names the rows.
        cut: Cuts a line into cells.
    """

    start: int
    end: int
    header: tuple[tuple[Extent, ...], ...]
    lines: Sequence[Extent]
    label: int
    cut: Cut

    def cells(self, text: str, row: int) -> Cells:
        """The cells of a row, by column; empty cells have no length, and those at the end may be missing."""
        return self.cut.cells(text, self.lines[row])


@dataclass(frozen=True, slots=True)
class FieldCut:
    """Cuts a line of fields into its values."""

    def cells(self, text: str, line: Extent) -> list[Extent]:
        """See ``Cut``."""
        return [value for _, value in names_and_values(text, line)]


def tables(text: str, start: int = 0, stop: int | None = None) -> Iterator[Table]:
    """The tables of ``text[start:stop]``, in order. Takes linear time."""
    for block in _blocks(text, start, len(text) if stop is None else stop):
        kinds = [_kind(text, line) for line in block]
        is_barred = "r" in kinds
        at = 0
        while at < len(block):
            kind = kinds[at]
            if kind in ("r", "e") and at + 1 < len(block):
                kind = kinds[at + 1]
            end = _run_end(kinds, at, kind)
            if kind in FINDERS and end - at > 1 and (kind != "b" or is_barred or text[block[at].start] == "|"):
                yield from FINDERS[kind](text, block[at:end], kinds[at:end])
            elif kind == "t" and (found := _fields(text, block[at])):
                yield found
            at = max(end, at + 1)


def _blocks(text: str, start: int, stop: int) -> Iterator[list[Extent]]:
    """Lines that stand together, each from its first character, blank or not; blocks of code are left out."""
    block: list[Extent] = []
    fence = ""
    at = start
    while at < stop:
        found = LINE_BREAK.search(text, at, stop)
        end = found.start() if found else stop
        line = text[at : min(end, at + LONGEST_LINE + 1)]
        mark = line.lstrip(" ")[:3]
        is_code = fence != ""
        if mark in FENCES and fence in ("", mark):
            fence, is_code = "" if fence else mark, True
        if len(line) <= LONGEST_LINE and line.strip() and not is_code:
            block.append(Extent(at, end))
        elif block:
            yield block
            block = []
        at = found.end() if found else stop
    if block:
        yield block


def _kind(text: str, line: Extent) -> str:
    """What a line may be, as a letter.

    Returns:
        ``r``, a rule; ``b``, ``t`` or ``s``, a row with bars, tabs or spaces between its cells; ``a``, a row that ends
        in an amount; ``e``, one value behind empty cells; an empty string for another line.
    """
    words = text[line.start : line.end].strip()
    if RULE.fullmatch(words):
        return "r"
    if "|" in words and (words.count("|") > 1 or words[0] != "|"):
        return "b"
    if "\t" in words:
        return "t"
    if "  " in words and SPACED.search(words) and not LIST_ITEM.match(words):
        return "s"
    if text[line.start] == "\t":
        return "e"
    last = words.rpartition(" ")
    return "a" if last[0] and last[0][0].isalpha() and AMOUNT.fullmatch(last[2]) else ""


def _run_end(kinds: Sequence[str], at: int, kind: str) -> int:
    """The end of the lines of a kind, with rules; a line within them that is none of it names a part of the rows."""
    end = at
    while end < len(kinds):
        is_part = kind in ("t", "s") and end > at and kinds[end + 1 : end + 2] == [kind]
        if kinds[end] not in (kind, "r", "e" if kind == "t" else kind) and not is_part:
            break
        end += 1
    return end


def _barred(text: str, run: Sequence[Extent], kinds: Sequence[str]) -> Iterator[Table]:
    lines = [trim(text, *line) for line in run]
    yield from _table(text, lines, kinds, SeparatorCut(BAR, outer=True))


def _tabbed(text: str, run: Sequence[Extent], kinds: Sequence[str]) -> Iterator[Table]:
    rows = [line for line, kind in zip(run, kinds, strict=True) if kind == "t"]
    if len(rows) > 1:
        several = SeparatorCut(TABS)
        is_wide = len(set(counts(SeparatorCut(TAB), text, rows))) > 1 and len(set(counts(several, text, rows))) == 1
        yield from _table(text, run, kinds, several if is_wide else SeparatorCut(TAB))


def _spaced(text: str, run: Sequence[Extent], kinds: Sequence[str]) -> Iterator[Table]:
    rows = [line for line, kind in zip(run, kinds, strict=True) if kind == "s"]
    if len(rows) < FEWEST_SPACED:
        return
    gaps = SeparatorCut(GAP)
    aligned = aligned_columns(text, rows)
    found = set(counts(gaps, text, rows))
    if len(aligned.starts) > 1 and len(aligned.starts) >= min(found):
        yield from _table(text, run, kinds, aligned)
    elif len(found) == 1 and found != {1}:
        yield from _table(text, run, kinds, gaps)
    else:
        yield from _amounts(text, rows, ["a"] * len(rows))


def _amounts(text: str, run: Sequence[Extent], kinds: Sequence[str]) -> Iterator[Table]:
    cut = AmountCut()
    is_row = all(
        len(cells) > 1 and AMOUNT.fullmatch(text, *cells[-1]) for cells in (cut.cells(text, each) for each in run)
    )
    if len(run) >= FEWEST_SPACED and is_row:
        yield from _table(text, run, kinds, cut)


def _fields(text: str, line: Extent) -> Table | None:
    extent = trim(text, *line)
    fields = names_and_values(text, extent)
    if not fields:
        return None
    return Table(*extent, tuple((name,) for name, _ in fields), [extent], 0, FieldCut())


FINDERS = {"b": _barred, "t": _tabbed, "s": _spaced, "a": _amounts}


def _table(text: str, run: Sequence[Extent], kinds: Sequence[str], cut: Cut) -> Iterator[Table]:
    """The table of the lines of a run, if it has a row below its header."""
    rows = [number for number, kind in enumerate(kinds) if kind != "r"]
    ruled = next((i for i, number in enumerate(rows) if i and kinds[number - 1] == "r"), 0)
    sample = [cut.cells(text, run[number]) for number in rows[:SAMPLE]]
    height = ruled if 0 < ruled < min(3, len(rows)) else _header_height(text, sample)
    if len(rows) <= height:
        return
    header = _header(text, sample[:height], ruled=bool(ruled))
    body = sample[height:]
    yield Table(run[0].start, run[-1].end, header, [run[number] for number in rows[height:]], _label(text, body), cut)


def _header_height(text: str, sample: Sequence[Cells]) -> int:
    """The number of rows that name the columns, by their words: 0, 1 or 2."""
    are_values = all(_has_values(text, row) for row in sample[1:])
    if len(sample) < 2 or not _can_name(text, sample[0], repeated=are_values):
        return 0
    is_spanned = any(start == end for start, end in sample[0][1:])
    if is_spanned and len(sample) > 2 and _can_name(text, sample[1], repeated=True) and _has_values(text, sample[2]):
        return 2
    # Two columns may be names and values.
    wide = len(sample[0]) > 2
    return int(wide or sample[0][0].start == sample[0][0].end or are_values)


def _can_name(text: str, row: Cells, *, repeated: bool) -> bool:
    """True if the cells of a row may name columns: short words or years, the same ones only if ``repeated``."""
    cells = [text[start:end] for start, end in row]
    named = [cell for cell in cells if cell]
    is_name = [len(cell) <= LONGEST_NAME and (YEAR.fullmatch(cell) or not VALUE.fullmatch(cell)) for cell in named]
    years = sum(YEAR.fullmatch(cell) is not None for cell in named)
    is_distinct = repeated or len({cell.casefold() for cell in named}) == len(named)
    return len(cells) > 1 and bool(cells[-1]) and all(is_name) and (years != 1 or len(cells) == 2) and is_distinct


def _has_values(text: str, row: Cells) -> bool:
    """True if a cell behind the first is a number or another value that is no name."""
    return len(row) < 2 or any(VALUE.fullmatch(text, *cell) for cell in row[1:])


def _header(text: str, rows: Sequence[Cells], *, ruled: bool) -> tuple[tuple[Extent, ...], ...]:
    """The names above each column; a name above the others counts up to the next one."""
    names: list[tuple[Extent, ...]] = []
    for number, row in enumerate(rows):
        above: Extent | None = None
        for column, cell in enumerate(row):
            if column >= len(names):
                names.append(())
            if cell.start < cell.end:
                above = cell
                names[column] += (cell,)
            elif above and number + 1 < len(rows) and not ruled:
                names[column] += (above,)
    return tuple(names)


def _label(text: str, body: Sequence[Cells]) -> int:
    """The first column that does not only hold numbers; years may name rows, too."""
    for column in range(max(map(len, body), default=0)):
        values = [text[start:end] for start, end in (row[column] for row in body if column < len(row))]
        if any(value and (YEAR.fullmatch(value) or not VALUE.fullmatch(value)) for value in values):
            return column
    return 0
