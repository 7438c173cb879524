"""Segmentation into paragraphs and sentences, as offsets into the unchanged text.

The rules fit prose in scripts that end sentences with ``.``, ``!``, ``?``, ``…``, their full-width forms, or a mark
that ends nothing else, such as the danda. A missed break makes a longer sentence; no non-blank character is ever left
out.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from heapq import merge
from typing import NamedTuple


class Extent(NamedTuple):
    """A span of a text in code points, ``[start, end)``, without whitespace at either end."""

    start: int
    end: int


#: A longer line was not wrapped by hand or by an editor, so its break ends a paragraph; up to ``WIDEST_WRAPPED_LINE``,
#: only if it seems so; see ``_is_wrapped``.
LONGEST_WRAPPED_LINE, WIDEST_WRAPPED_LINE = 120, 160

HEADING = re.compile(r"#{1,6}[ \t]")
#: A capital letter with a full stop is an initial.
LIST_ITEM = re.compile(
    r"[ \t]*(?:[-*+•–]|\d{1,3}[.)]|[a-z][.)]|[A-Z]\)|[ivx]{2,5}\)|\((?:[A-Za-z]|[ivx]{2,5})\))[ \t]+\S"
)

#: Marks before a list item whose letter is in brackets.
BEFORE_ITEM = frozenset(".;:,)")
#: The number of a list item without its last mark.
ITEM_NUMBER = re.compile(r"\d{1,3}(?:\.\d{1,3})*|[a-z]|[ivx]{1,5}")

#: A line before or after code in Markdown, and what it says of the code.
FENCE = re.compile(r"^ {0,3}(?:`{3,}(?P<ticks>[^`\n]*)|~{3,}(?P<tildes>[^\n]*))$", re.MULTILINE)

#: The line breaks of ``str.splitlines``.
LINE_BREAK = re.compile(r"\r\n|[\n\r\x0b\x0c\x1c-\x1e\x85\u2028\u2029]")

#: A line that contains a tab: the formats put tabs between the cells of a table row. It must not run over any line
#: break: text with many of them would take quadratic time.
TABLE_ROW = re.compile(r"\S[^\t\n\r\x0b\x0c\x1c-\x1e\x85\u2028\u2029]*+\t")

#: A possible sentence end: the marks, closing quotes and brackets, then whitespace. It starts at the first of several
#: marks and gives nothing back, so that a run of marks takes linear time.
#: The second half holds marks that end a sentence wherever they stand: full-width ones, the danda, and those of Arabic,
#: Urdu, Armenian, Ethiopic, Burmese and Khmer.
SENTENCE_END = re.compile(
    r"(?<![.!?…])[.!?…]++[\"'”’»)\]*_]*+(?=\s)"
    r"|[。！？\u0964\u0965\u061f\u06d4\u0589\u1362\u1367\u104b\u17d4]++[\"'”’»)\]」』）]*+"
)

#: Marks before a word in the middle of a sentence.
OPENING = "`*_(“‘"
#: Marks after which a line ends a paragraph or a sentence, and what may follow them.
LINE_ENDS, CLOSING = ".!?…:;。！？\u0964\u0965\u061f\u06d4\u0589\u1362\u1367\u104b\u17d4", "\"'”’»)]」』）*_`"

LAST_WORD = re.compile(r"([^\s(\[“\"'‘]+)$")
ABBREVIATIONS = frozenset(
    "mr mrs ms dr prof st gen col lt sgt capt sen rep gov pres no nos vol fig figs eq approx ca cf al vs etc "
    "inc ltd co corp dept est jan feb mar apr jun jul aug sep sept oct nov dec e.g i.e u.s u.k u.n a.m p.m".split()
)
#: Abbreviations that may also end a sentence, unless a lower-case letter or a digit follows.
MAY_END = frozenset("etc inc ltd co corp u.s u.k u.n a.m p.m al".split())


def paragraphs(text: str, start: int = 0, stop: int | None = None) -> Iterator[Extent]:
    """The paragraphs of ``text[start:stop]``, in order.

    A paragraph ends at a blank line, before and after a Markdown heading, and after a line longer than
    ``LONGEST_WRAPPED_LINE`` that was not wrapped.
    """
    begin: int | None = None
    end = at = start
    above = ""
    was_wrapped = False
    for line in _lines(text, start, stop):
        stripped = line.strip()
        heading = HEADING.match(line) is not None
        is_long = len(above.rstrip()) > LONGEST_WRAPPED_LINE
        if is_long:
            was_wrapped = _is_wrapped(above.rstrip(), line.rstrip(), was_wrapped)
        if begin is not None and (not stripped or heading or (is_long and not was_wrapped)):
            yield Extent(begin, end)
            begin = None
        if begin is None:
            was_wrapped = False
        if stripped:
            indent = len(line) - len(line.lstrip())
            begin = at + indent if begin is None else begin
            end = at + indent + len(stripped)
            if heading:
                yield Extent(begin, end)
                begin = None
        above = line
        at += len(line)
    if begin is not None:
        yield Extent(begin, end)


def _is_wrapped(line: str, following: str, was_wrapped: bool) -> bool:
    """True if a long line goes on in the following one.

    It does if it ends no sentence, the first word of the following line did not fit, and another line of the paragraph
    was wrapped. The first one must be followed by what may stand within a sentence, since entries of a log may be of
    similar length.
    """
    if len(line) > WIDEST_WRAPPED_LINE or line.rstrip(CLOSING).endswith(tuple(LINE_ENDS)):
        return False
    if not following or following.startswith("|") or LIST_ITEM.match(following) or TABLE_ROW.match(following):
        return False
    word = following.split(maxsplit=1)[0]
    goes_on = was_wrapped or word[0].islower() or word[0] in OPENING
    return goes_on and len(line) + 1 + len(word) > len(following)


def line_start(text: str, at: int) -> int:
    """The start of the line whose first non-blank character is at an offset."""
    while at and text[at - 1].isspace() and not LINE_BREAK.match(text[at - 1]):
        at -= 1
    return at


def sentences(text: str, start: int = 0, end: int | None = None) -> Iterator[Extent]:
    """The sentences of the paragraph ``text[start:end]``, in order, also list items, rows of tables and lines of code.

    Every non-blank character is in exactly one sentence.
    """
    end = len(text) if end is None else end
    begin = start
    for stop in _sentence_stops(text, start, end):
        extent = trim(text, begin, stop)
        if extent.start < extent.end:
            yield extent
        begin = stop


def trim(text: str, start: int, end: int) -> Extent:
    """``[start, end)`` without whitespace at either end; empty if all is whitespace."""
    piece = text[start:end]
    left = len(piece) - len(piece.lstrip())
    return Extent(start + left, max(start + left, start + len(piece.rstrip())))


def _lines(text: str, start: int, stop: int | None) -> Iterator[str]:
    """The lines of ``text[start:stop]`` with their breaks, one at a time: a list of millions takes gigabytes."""
    stop = len(text) if stop is None else stop
    at = start
    for line_break in LINE_BREAK.finditer(text, start, stop):
        yield text[at : line_break.end()]
        at = line_break.end()
    if at < stop:
        yield text[at:stop]


def _sentence_stops(text: str, start: int, end: int) -> Iterator[int]:
    """Where sentences end, ascending; an end may be repeated."""
    ends = (match.end() for match in SENTENCE_END.finditer(text, start, end) if _ends_sentence(text, match))
    # Both are ascending, and are merged lazily: a paragraph may have millions.
    yield from merge(ends, _line_stops(text, start, end), (end,))


def _line_stops(text: str, start: int, end: int) -> Iterator[int]:
    """Where lines end that are sentences, or are followed by one."""
    code = iter(_code(text, start, end))
    within = next(code, None)
    for line_break in LINE_BREAK.finditer(text, start, end):
        at = line_break.end()
        while within and within.end < line_break.start():
            within = next(code, None)
        is_code = within is not None and within.start <= at
        if is_code or _is_item(text, at, line_break.start()) or TABLE_ROW.match(text, at):
            yield at


def _is_item(text: str, at: int, above: int) -> bool:
    """True if a list item begins at an offset; ``above`` is the end of the line before.

    A letter in brackets may also go on with the sentence: "under section 12 (b)".
    """
    found = LIST_ITEM.match(text, at)
    return found is not None and (found.group().lstrip()[0] != "(" or text[above - 1 : above] in BEFORE_ITEM)


def _code(text: str, start: int, end: int) -> Iterator[Extent]:
    """The blocks of code in a paragraph, with their fences.

    A blank line in the code ends the paragraph, so that one of the fences may be missing: a fence alone begins a block
    if it names a language or is the first line.
    """
    fences = FENCE.finditer(text, start, end)
    for first in fences:
        if last := next(fences, None):
            yield Extent(first.start(), last.end())
        elif first.start() == start or (first["ticks"] or first["tildes"] or "").strip():
            yield Extent(first.start(), end)


def _begins_line(text: str, at: int) -> bool:
    """True if nothing but spaces stands before an offset in its line."""
    start = line_start(text, at)
    return start == 0 or LINE_BREAK.match(text[start - 1]) is not None


def _ends_sentence(text: str, mark: re.Match[str]) -> bool:
    """True if the mark ends a sentence rather than an abbreviation, an initial or the number of a list item."""
    if mark.group()[0] not in ".!?…":
        return True
    following = text[mark.end() : mark.end() + 8].lstrip()
    continues = following[:1].islower()
    if mark.group()[0] != "." or mark.group()[:2] == "..":  # `"Why?" he said`, `so ... then`
        return not continues
    before = LAST_WORD.search(text, max(0, mark.start() - 24), mark.start())
    word = before.group(1).lower() if before else ""
    if before and ITEM_NUMBER.fullmatch(word) and _begins_line(text, before.start()):
        return False
    if len(word) == 1 and word.isalpha() and before is not None and before.group(1).isupper():
        return False
    if word in ABBREVIATIONS:
        return word in MAY_END and not continues and not following[:1].isdigit()
    return not continues
