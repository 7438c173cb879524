"""How some words of a document are written down in a question set, so that they are found again and no others."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass

from ..errors import InputError
from ..text.segmentation import Extent, paragraphs, sentences, trim
from ..types import Document
from .schema import read_place

#: Document, sentence and quote, as a question set has them.
Place = dict[str, str]
Documents = Mapping[str, Document]


@dataclass(frozen=True, slots=True)
class Selection:
    """Words of a document that somebody points at; offsets in code points."""

    document: str
    start: int
    end: int


def pin(selections: Sequence[Selection], documents: Documents) -> list[Place]:
    """The selections as a question set has them, each once.

    Raises:
        InputError: There is no such document; or as for ``pinned``.
    """
    places = []
    for selection in selections:
        if selection.document not in documents:
            raise InputError(f"there is no document {selection.document[:200]!r}")
        try:
            sentence, quote = pinned(documents[selection.document].text, selection.start, selection.end)
        except InputError as error:
            raise InputError(f"{selection.document}: {error}") from error
        places.append({"document": selection.document, "sentence": sentence, "quote": quote})
    return [place for i, place in enumerate(places) if place not in places[:i]]


def place_at(place: Place, documents: Documents) -> Selection | None:
    """Where the words of a place stand in the documents as they are now; None where they do not, or stand twice."""
    with suppress(InputError):
        gold = read_place(place, documents)
        return Selection(gold.document, gold.start, gold.end)
    return None


def same_places(places: Iterable[Place], others: Iterable[Place], documents: Documents) -> list[Place]:
    """Those of some places that are among others; two sentences may lead to the same words."""
    at = {place_at(other, documents) for other in others} - {None}
    return [place for place in places if place_at(place, documents) in at]


def pinned(text: str, start: int, end: int) -> tuple[str, str]:
    """Sentence and quote for the words at some offsets, as ``rag.questions.schema`` reads them back to these offsets.

    The quote is the words without blanks at their ends. The sentence is the one that they stand in, or several where
    they cross its end. If it stands in the document more than once, as many sentences before and after it are taken in
    as it takes; if the words stand in it once more before the place that is meant, it begins after these.

    Args:
        text: Of the document.
        start, end: Code points.

    Raises:
        InputError: There are no words between the offsets; or there is no such sentence, as for the last of three equal
            lines at the end of a document.
    """
    if not 0 <= start < end <= len(text):
        raise InputError(f"characters {start}-{end} are not in the document; select the words again")
    start, end = trim(text, start, end)
    if start == end:
        raise InputError("there are only blanks there; select words")
    # Whatever begins before this holds the words once more, before the place that is meant.
    least = text.rfind(text[start:end], 0, end - 1) + 1
    around = [extent for paragraph in paragraphs(text) for extent in sentences(text, *paragraph)]
    first = bisect_left(around, start + 1, key=lambda extent: extent.start) - 1
    last = bisect_left(around, end, key=lambda extent: extent.end)

    def widened(by: int) -> Extent:
        begin = around[max(0, first - by)].start
        stop = around[min(len(around) - 1, last + by)].end
        return Extent(begin if begin >= least else _word(text, least, start), stop)

    # What holds a text that stands only once stands only once as well, so the narrowest can be bisected for.
    most = max(first, len(around) - 1 - last)
    by = bisect_left(range(most + 1), True, key=lambda by: _once(text, widened(by)))
    candidates = [widened(by)] if by <= most else [Extent(least, len(text))]
    for extent in candidates:
        if _once(text, extent):
            return text[slice(*extent)], text[start:end]
    raise InputError("the same words stand around them elsewhere in the document; select more of them")


def _once(text: str, extent: Extent) -> bool:
    words = text[slice(*extent)]
    at = text.find(words)
    return at == extent.start and text.find(words, at + 1) < 0


def _word(text: str, least: int, most: int) -> int:
    """Where the first word begins that begins at or after ``least``, and no later than ``most``."""
    return next((at for at in range(max(least, 1), most) if text[at - 1].isspace() and not text[at].isspace()), most)
