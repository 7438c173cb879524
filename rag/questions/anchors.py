"""Convert spans of a document to and from quotes that survive re-indexing (sentence plus quote)."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass

from ..errors import InputError
from ..text.search import last_index
from ..text.segmentation import Extent, paragraphs, sentences, trim
from ..types import Document
from .places import read_place

#: Keys ``document``, ``sentence`` and ``quote``, as stored in a question set; in feedback also ``by`` and ``at``.
Place = dict[str, str]
Documents = Mapping[str, Document]


@dataclass(frozen=True, slots=True)
class Selection:
    """A span of a document chosen by a user; offsets in code points."""

    document: str
    start: int
    end: int


def to_places(selections: Sequence[Selection], documents: Documents) -> list[Place]:
    """Convert selections to places, without duplicates.

    Raises:
        InputError: A document does not exist, or as for ``unique_quote``.
    """
    places: dict[tuple[str, ...], Place] = {}
    for selection in selections:
        if selection.document not in documents:
            raise InputError(f"there is no document {selection.document[:200]!r}; refresh the page")
        try:
            sentence, quote = unique_quote(documents[selection.document].text, selection.start, selection.end)
        except InputError as error:
            raise InputError(f"{selection.document}: {error}") from error
        place = {"document": selection.document, "sentence": sentence, "quote": quote}
        places.setdefault(tuple(place.values()), place)
    return list(places.values())


def find_place(place: Place, documents: Documents) -> Selection | None:
    """Locate a place in the current documents; None if it is missing or ambiguous."""
    with suppress(InputError):
        gold = read_place(place, documents)
        return Selection(gold.document, gold.start, gold.end)
    return None


def common_places(places: Iterable[Place], others: Iterable[Place], documents: Documents) -> list[Place]:
    """The places whose span is also among the spans of the others; their sentences may differ."""
    spans = {find_place(other, documents) for other in others} - {None}
    return [place for place in places if find_place(place, documents) in spans]


def unique_quote(text: str, start: int, end: int) -> tuple[str, str]:
    """Sentence and quote that identify a span; ``read_place`` maps them back to the same offsets.

    The quote is the span without surrounding whitespace. The sentence contains it, or is several sentences if the span
    crosses a boundary. If that text occurs elsewhere in the document, neighbouring sentences are added on both sides
    until it is unique. If the quote also occurs earlier in the sentence, the sentence starts after that occurrence.

    Args:
        text: The document's text.
        start, end: Offsets in code points.

    Raises:
        InputError: The span is empty, out of range or only whitespace; or no unique sentence exists, as for the last of
            three equal lines at the end of a document.
    """
    if not 0 <= start < end <= len(text):
        raise InputError(f"characters {start}-{end} are not in the document; select the words again")
    start, end = trim(text, start, end)
    if start == end:
        raise InputError("the selection is only whitespace; select words")
    # A sentence that starts earlier contains an earlier occurrence of the quote.
    earliest = last_index(text, text[start:end], end - 1) + 1
    around = [extent for paragraph in paragraphs(text) for extent in sentences(text, *paragraph)]
    first = bisect_left(around, start + 1, key=lambda extent: extent.start) - 1
    last = bisect_left(around, end, key=lambda extent: extent.end)

    def widened(by: int) -> Extent:
        begin = around[max(0, first - by)].start
        stop = around[min(len(around) - 1, last + by)].end
        return Extent(begin if begin >= earliest else _word_start(text, earliest, start), stop)

    # Text that contains a unique text is unique too, so the narrowest one can be found by bisection.
    widest = max(first, len(around) - 1 - last)
    by = bisect_left(range(widest + 1), True, key=lambda by: _is_unique(text, widened(by)))
    extent = widened(by) if by <= widest else Extent(earliest, len(text))
    if not _is_unique(text, extent):
        raise InputError("the same words occur elsewhere in the document; select more of the text around them")
    return text[slice(*extent)], text[start:end]


def _is_unique(text: str, extent: Extent) -> bool:
    words = text[slice(*extent)]
    at = text.find(words)
    return at == extent.start and text.find(words, at + 1) < 0


def _word_start(text: str, low: int, high: int) -> int:
    """Offset in ``[low, high)`` of the first word that starts there; ``high`` if none does."""
    return next((at for at in range(max(low, 1), high) if text[at - 1].isspace() and not text[at].isspace()), high)
