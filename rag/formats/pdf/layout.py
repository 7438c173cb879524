"""Detecting paragraphs and rejoining hyphenated words from the positions of lines on a page."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import NamedTuple

from ...text.segmentation import LIST_ITEM

#: PDFium's replacement for a hyphen and line break that it takes for hyphenation.
HYPHEN = "\ufffe"

SENTENCE_END = re.compile(r"[.!?:;…。！？][\"'”’»)\]\d]*$")
WORD = re.compile(r"[^\W\d_]+(?:-[^\W\d_]+)*")
#: A hyphen with the letters before and after it. A word is tried at its start only, so that the time is linear.
PARTED = re.compile(rf"(?:(?<![^\W\d_])([^\W\d_]++))?{HYPHEN}([^\W\d_]*+)")

#: Default leading, in font sizes.
DEFAULT_LEADING = 1.25
#: Maximum gap between the parts of a hyphenated word, in font sizes: with more, a footer comes first.
MAX_HYPHEN_GAP = 2.5
#: A gap (in leadings) or a ratio of font sizes above this separates paragraphs.
PARAGRAPH_GAP, PARAGRAPH_SIZE_RATIO = 1.25, 1.15
#: Range of first-line indents, in font sizes.
MIN_INDENT, MAX_INDENT = 0.7, 4.5
#: A line shorter than this share of the longest line around it ends a paragraph.
SHORT = 0.8


class Rectangle(NamedTuple):
    """A rectangle on a page, in points from the lower left corner, before rotation and cropping."""

    left: float
    bottom: float
    right: float
    top: float


class Part(NamedTuple):
    """A part of a line from one source.

    Attributes:
        at: Start in the line's text, in code points; it ends where the next part begins.
        source: Start in PDFium's text of the page, in UTF-16 units; or the rectangle that shows it.
    """

    at: int
    source: int | Rectangle


@dataclass(frozen=True, slots=True)
class Cell:
    """Words of a line between two wide gaps.

    Attributes:
        start, end: Offsets in the text of the line, in code points.
        left, right: Horizontal extent.
    """

    start: int
    end: int
    left: float
    right: float


@dataclass(frozen=True, slots=True)
class Line:
    """A line on a page; coordinates in points, from the lower left corner.

    Attributes:
        text: Not blank; ends with ``HYPHEN`` if its last word continues on the next line.
        left, right: Horizontal extent.
        baseline: Height of the baseline.
        size: Size of its first font.
        parts: Where its text comes from.
        alone: True for a paragraph of its own.
        cells: Its words between wide gaps, in order.
        is_row: Whether it is the row of a table, with tabs between its cells.
        is_upright: Whether its first letter stands upright before rotation.
    """

    text: str
    left: float
    right: float
    baseline: float
    size: float
    parts: tuple[Part, ...] = ()
    alone: bool = False
    cells: tuple[Cell, ...] = ()
    is_row: bool = False
    is_upright: bool = True

    @property
    def part_ends(self) -> list[int]:
        """Where each part ends in the text, in code points."""
        return [*(part.at for part in self.parts[1:]), len(self.text)]


def parts_of(line: Line, start: int, end: int) -> tuple[Part, ...]:
    """Where ``[start, end)`` of the text of a line comes from; the parts begin at 0 there."""
    return tuple(
        _from(part, line.text, start)
        for part, stop in zip(line.parts, line.part_ends, strict=True)
        if part.at < end and stop > start
    )


def with_cells(line: Line, first: int, stop: int) -> Line:
    """The part of a line that holds its cells ``first`` to ``stop - 1``."""
    cells = line.cells[first:stop]
    start, end = cells[0].start, cells[-1].end if stop < len(line.cells) else len(line.text)
    return replace(
        line,
        text=line.text[start:end],
        left=cells[0].left,
        right=cells[-1].right,
        parts=parts_of(line, start, end),
        cells=tuple(replace(cell, start=cell.start - start, end=cell.end - start) for cell in cells),
    )


def _from(part: Part, text: str, start: int) -> Part:
    """What a part of a line is in the text that begins at ``start``."""
    if part.at >= start:
        return Part(part.at - start, part.source)
    if isinstance(part.source, Rectangle):
        return Part(0, part.source)
    return Part(0, part.source + utf16_length(text[part.at : start]))


def utf16_length(text: str) -> int:
    """Length in UTF-16 code units, in which PDFium counts."""
    return len(text) if text.isascii() else len(text.encode("utf-16-le", "surrogatepass")) // 2


def paragraphs(lines: Sequence[Line]) -> Iterator[list[str]]:
    """Group the lines of a page into paragraphs; the rest of a hyphenated word moves up to its start."""
    leading = _leading(lines)
    # Each line in pieces: a word may be hyphenated over any number of lines.
    paragraph_lines: list[list[str]] = []
    for i, line in enumerate(lines):
        if i and _is_break(lines, i, leading):
            yield ["".join(pieces) for pieces in paragraph_lines]
            paragraph_lines = []
        if paragraph_lines and paragraph_lines[-1][-1].endswith(HYPHEN):
            rest_of_word, _, rest = line.text.partition(" ")
            paragraph_lines[-1].append(rest_of_word)
            paragraph_lines += [[rest]] if rest else []
        else:
            paragraph_lines.append([line.text])
    if paragraph_lines:
        yield ["".join(pieces) for pieces in paragraph_lines]


def paragraph_end(lines: Sequence[Line], at: int) -> int:
    """Index after the last line of the paragraph of line ``at``."""
    leading = _leading(lines)
    return next((i for i in range(at + 1, len(lines)) if _is_break(lines, i, leading)), len(lines))


def mend_hyphens(pages: list[list[list[str]]]) -> None:
    """Rejoin words hyphenated at the end of a line, in place.

    A spelled hyphen (``well-known``) looks the same as a typeset one (``exam-ple``), so the spelling elsewhere in the
    document decides; without evidence the hyphen is removed, since most are typeset.
    """
    lines = [line for page in pages for paragraph in page for line in paragraph]
    hyphenated = {f"{a}-{b}".lower() for line in lines for a, b in PARTED.findall(line)}
    if not hyphenated:
        return
    whole = {word.replace("-", "") for word in hyphenated}
    known = {word for line in lines for word in WORD.findall(line.lower()) if word in hyphenated or word in whole}

    def mended(match: re.Match[str]) -> str:
        before, after = match.groups("")
        kept = f"{before}-{after}"
        is_spelled = kept.lower() in known and (before + after).lower() not in known
        # Keep `Austro-Hungarian`, and hyphens without a word on either side.
        return kept if is_spelled or after[:1].isupper() or not before or not after else before + after

    for page in pages:
        for paragraph in page:
            paragraph[:] = [PARTED.sub(mended, line) for line in paragraph]


def _leading(lines: Sequence[Line]) -> dict[int, float]:
    """Line spacing within paragraphs by rounded font size: the lower quartile of the gaps."""
    gaps: defaultdict[int, list[float]] = defaultdict(list)
    for above, line in pairwise(lines):
        gap = above.baseline - line.baseline
        if round(above.size) == round(line.size) and 0.8 * line.size < gap < 3 * line.size:
            gaps[round(line.size)].append(gap)
    return {size: sorted(found)[len(found) // 4] for size, found in gaps.items() if len(found) > 2}


def _is_break(lines: Sequence[Line], i: int, leading: dict[int, float]) -> bool:
    """True if a paragraph ends before line ``i``."""
    above, line = lines[i - 1], lines[i]
    size = max(line.size, 1.0)
    gap = above.baseline - line.baseline
    ended = SENTENCE_END.search(above.text) is not None
    alone = above.alone or line.alone
    if not alone and (above.is_row or line.is_row):
        return above.is_row != line.is_row
    if not alone and (_goes_on(above, line, gap, size) or abs(gap) < 0.5 * size):  # the same word or row
        return False
    if alone or max(above.size, line.size) > PARAGRAPH_SIZE_RATIO * max(min(above.size, line.size), 0.1):
        return True
    if gap < 0:  # the next column, whose first line may continue the sentence
        return ended or not line.text[:1].islower()
    if gap > PARAGRAPH_GAP * leading.get(round(size), DEFAULT_LEADING * size):
        return True
    return ended and not LIST_ITEM.match(above.text) and (_indented(lines, i, size) or _follows_short_line(lines, i))


def _goes_on(above: Line, line: Line, gap: float, size: float) -> bool:
    """True if the hyphenated word at the end of a line goes on in the next one, and that is no footer or heading."""
    same_size = max(above.size, line.size) <= PARAGRAPH_SIZE_RATIO * max(min(above.size, line.size), 0.1)
    return above.text.endswith(HYPHEN) and same_size and gap < MAX_HYPHEN_GAP * size


def _indented(lines: Sequence[Line], i: int, size: float) -> bool:
    """True if the line has a first-line indent, unlike the lines around it."""
    line = lines[i]
    minimum = MIN_INDENT * size
    indent = line.left - min(other.left for other in lines[max(0, i - 4) : i + 4])
    back_after = i + 1 == len(lines) or lines[i + 1].left < line.left - minimum / 2
    return minimum < indent < MAX_INDENT * size and lines[i - 1].left < line.left - minimum / 2 and back_after


def _follows_short_line(lines: Sequence[Line], i: int) -> bool:
    """True if the line above is short, like the last line of a paragraph."""
    around = lines[max(0, i - 4) : i + 4]
    left, right = min(other.left for other in around), max(other.right for other in around)
    filled = (lines[i - 1].right - left) / max(right - left, 1.0)
    return filled < SHORT and not lines[i].text[:1].islower()
