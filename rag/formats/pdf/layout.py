"""Paragraphs and whole words out of the lines of a page, of which a PDF says only where they lie."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

from ...text.segmentation import LIST_ITEM

#: What PDFium puts in place of a hyphen and the line break after it, where it thinks that a word was parted.
HYPHEN = "\ufffe"

SENTENCE_END = re.compile(r"[.!?:;…。！？][\"'”’»)\]\d]*$")
WORD = re.compile(r"[^\W\d_]+(?:-[^\W\d_]+)*")
PARTED = re.compile(rf"([^\W\d_]*){HYPHEN}([^\W\d_]*)")

#: Leading, in font sizes, where the page does not show it.
USUAL_LEADING = 1.25
#: A gap of so many leadings, or a change of the font size by so much, parts paragraphs.
PARTING_GAP, PARTING_SIZE = 1.25, 1.15
#: Indents of a first line, in font sizes.
LEAST_INDENT, MOST_INDENT = 0.7, 4.5
#: A line shorter than this part of the longest one around it was not filled.
SHORT = 0.8


@dataclass(frozen=True, slots=True)
class Line:
    """A line as it lies on the page; lengths in points, from the lower left corner.

    Attributes:
        text: Not blank; ends with ``HYPHEN`` where a word goes on in the next line.
        left, right: Where it begins and ends.
        baseline: Height of what it stands on.
        size: Of the font that it begins with.
    """

    text: str
    left: float
    right: float
    baseline: float
    size: float


def paragraphs(lines: list[Line]) -> Iterator[list[str]]:
    """The texts of a page's lines, gathered into paragraphs; the rest of a parted word goes up to where it begins."""
    leading = _leading(lines)
    gathered: list[str] = []
    for i, line in enumerate(lines):
        if i and not lines[i - 1].text.endswith(HYPHEN) and _parted(lines, i, leading):
            yield gathered
            gathered = []
        if gathered and gathered[-1].endswith(HYPHEN):
            rest_of_word, _, rest = line.text.partition(" ")
            gathered[-1] += rest_of_word
            gathered += [rest] if rest else []
        else:
            gathered.append(line.text)
    if gathered:
        yield gathered


def mend_hyphens(pages: list[list[list[str]]]) -> None:
    """Make the words that a hyphen parts at a line's end whole, in place.

    A hyphen of spelling (``well-known``) looks the same there as one of typesetting (``exam-ple``), so the document
    is asked which way it writes the word elsewhere; where it does not, the hyphen is typesetting's, as most are.
    """
    lines = [line for page in pages for paragraph in page for line in paragraph]
    hyphenated = {f"{a}-{b}".lower() for line in lines for a, b in PARTED.findall(line)}
    if not hyphenated:
        return
    whole = {word.replace("-", "") for word in hyphenated}
    known = {word for line in lines for word in WORD.findall(line.lower()) if word in hyphenated or word in whole}

    def mended(match: re.Match[str]) -> str:
        before, after = match.groups()
        kept = f"{before}-{after}"
        spelt_so = kept.lower() in known and (before + after).lower() not in known
        # `Austro-Hungarian`, and what is no word on either side.
        return kept if spelt_so or after[:1].isupper() or not before or not after else before + after

    for page in pages:
        for paragraph in page:
            paragraph[:] = [PARTED.sub(mended, line) for line in paragraph]


def _leading(lines: list[Line]) -> dict[int, float]:
    """Usual distance between the lines of a paragraph, by font size (rounded): a low one among those there are."""
    gaps: defaultdict[int, list[float]] = defaultdict(list)
    for above, line in pairwise(lines):
        gap = above.baseline - line.baseline
        if round(above.size) == round(line.size) and 0.8 * line.size < gap < 3 * line.size:
            gaps[round(line.size)].append(gap)
    return {size: sorted(found)[len(found) // 4] for size, found in gaps.items() if len(found) > 2}


def _parted(lines: list[Line], i: int, leading: dict[int, float]) -> bool:
    """Does a paragraph end before line ``i``?"""
    above, line = lines[i - 1], lines[i]
    size = max(line.size, 1.0)
    gap = above.baseline - line.baseline
    ended = SENTENCE_END.search(above.text) is not None
    if abs(gap) < 0.5 * size:  # further parts of the same row
        return False
    if max(above.size, line.size) > PARTING_SIZE * max(min(above.size, line.size), 0.1):
        return True
    if gap < 0:  # the next column: its first line may go on with the sentence
        return ended or not line.text[:1].islower()
    if gap > PARTING_GAP * leading.get(round(size), USUAL_LEADING * size):
        return True
    return ended and not LIST_ITEM.match(above.text) and (_indented(lines, i, size) or _left_short(lines, i))


def _indented(lines: list[Line], i: int, size: float) -> bool:
    """Is the line indented as the first of a paragraph, and not as all around it?"""
    line = lines[i]
    least = LEAST_INDENT * size
    indent = line.left - min(other.left for other in lines[max(0, i - 4) : i + 4])
    back_after = i + 1 == len(lines) or lines[i + 1].left < line.left - least / 2
    return least < indent < MOST_INDENT * size and lines[i - 1].left < line.left - least / 2 and back_after


def _left_short(lines: list[Line], i: int) -> bool:
    """Was the line above left unfilled, as the last of a paragraph is?"""
    around = lines[max(0, i - 4) : i + 4]
    left, right = min(other.left for other in around), max(other.right for other in around)
    filled = (lines[i - 1].right - left) / max(right - left, 1.0)
    return filled < SHORT and not lines[i].text[:1].islower()
