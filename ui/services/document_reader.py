"""Open documents to read them, part by part: the pages of a PDF, or stretches of another document's text."""

from __future__ import annotations

import re
import threading
from bisect import bisect_right
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass

from rag import Document, InputError
from rag.errors import DocumentError
from rag.formats import has_drawn_pages
from rag.formats.pdf.render import Picture
from rag.index.originals import Originals
from rag.sources.parse_process import FileLimits, ParseProcess

from .collections import Collections

#: Length of a part of a text, in code points; parts end at a line break if there is one in their last quarter.
PART = 20_000

#: Matches of a search that are listed; more are only counted.
MAX_MATCHES = 2_000

#: Maximum length of a search, in code points.
LONGEST_SEARCH = 200

#: Widths in pixels of the picture of a page.
MIN_WIDTH, MAX_WIDTH = 900, 2_400

#: Documents of one file that are listed.
MAX_LISTED = 500

#: Seconds that drawing a page may take: somebody waits for it.
DRAWING_SECONDS = 30

#: PDFs whose page sizes are remembered: each request for a part needs them, and reading the file takes long.
MAX_REMEMBERED = 100

#: Width and height of each page of a PDF, in points.
PageSizes = tuple[tuple[float, float], ...]

CHANGED = "the document has changed since it was opened; close it and open it again"


@dataclass(frozen=True, slots=True)
class OpenDocument:
    """A document and how it is divided.

    Attributes:
        collection: Id of its collection.
        document: The document.
        hash: Hash of its file, so that offsets are never applied to other content.
        extents: Start and end of each part of the text; those of a PDF are its pages.
        sizes: Width and height of each page of a PDF, in points; empty in other formats and if there are no pictures.
        note: Why the pages of a PDF cannot be shown, else empty.
    """

    collection: str
    document: Document
    hash: str
    extents: tuple[tuple[int, int], ...]
    sizes: PageSizes = ()
    note: str = ""

    def part_at(self, offset: int) -> int:
        """Number of the part that contains an offset, from 0."""
        page = self.document.place(offset).page if self.has_pages else None
        if page is not None:
            return min(page, len(self.extents)) - 1
        return max(0, bisect_right(self.extents, offset, key=lambda extent: extent[0]) - 1)

    @property
    def has_pages(self) -> bool:
        """Whether the parts are pages."""
        return has_drawn_pages(self.document.id)


@dataclass(frozen=True, slots=True)
class Matches:
    """What a search found: start, end and part of the first ``MAX_MATCHES``, and the number of all."""

    places: tuple[tuple[int, int, int], ...]
    total: int


class DrawingLimits(FileLimits):
    """What drawing a page may take."""

    def too_slow(self) -> DocumentError:
        """The error of a page that exceeds the time."""
        return DocumentError(f"takes longer than {self.seconds:,} seconds to draw; open the file in another program")

    def too_large(self) -> DocumentError:
        """The error of a page that exceeds the memory."""
        return DocumentError(f"needs more than {self.megabytes:,} MB of memory to draw; open it in another program")


class DocumentReader:
    """Opens documents of the collections. Thread-safe.

    Args:
        collections: The collections.
    """

    def __init__(self, collections: Collections) -> None:
        self._collections = collections
        # Files may be made to take gigabytes when a page is drawn.
        self._parser = ParseProcess(DrawingLimits(DRAWING_SECONDS))
        self._sizes: OrderedDict[tuple[str, str, str], PageSizes] = OrderedDict()
        self._changing = threading.Lock()

    def close(self) -> None:
        """End the process that draws pages; it is started again when needed."""
        self._parser.close()

    def open(self, collection: str, document_id: str, file_hash: str | None = None) -> OpenDocument:
        """Open a document.

        Args:
            collection: Id of its collection.
            document_id: Its id.
            file_hash: Hash that its file must still have; None if it has not been opened before.

        Raises:
            RagError: The collection cannot be opened, or the document is gone or has changed.
        """
        document, current = self._document(collection, document_id, file_hash)
        sizes: PageSizes = ()
        note = ""
        if has_drawn_pages(document_id):
            try:
                sizes = self._page_sizes(collection, document, current)
            except DocumentError as error:
                note = no_pages(error)
        return OpenDocument(collection, document, current, _extents(document, len(sizes)), sizes, note)

    def picture(
        self, opened: OpenDocument, number: int, extents: Sequence[tuple[int, int]], width: int = MIN_WIDTH
    ) -> Picture:
        """Picture of a page of a PDF, from 1, with the boxes of some extents.

        Raises:
            InputError: There is no such page.
            DocumentError: The file has changed or is damaged.
        """
        raw = self._raw(opened.collection, opened.document.id)
        return self._parser.page_picture(raw, opened.document, number, extents, min(max(width, MIN_WIDTH), MAX_WIDTH))

    def find(self, opened: OpenDocument, text: str) -> Matches:
        """Find a text, ignoring case; a space matches any whitespace, such as a line break."""
        words = text[:LONGEST_SEARCH].split()
        if not words:
            return Matches((), 0)
        pattern = re.compile(r"\s+".join(map(re.escape, words)), re.IGNORECASE)
        places: list[tuple[int, int, int]] = []
        total = 0
        for match in pattern.finditer(opened.document.text):
            total += 1
            if total <= MAX_MATCHES:
                places.append((match.start(), match.end(), opened.part_at(match.start())))
        return Matches(tuple(places), total)

    def documents_in(self, collection: str, file: str) -> tuple[list[tuple[str, str]], int]:
        """Id and title of the first ``MAX_LISTED`` documents in a file, and the number of all.

        Raises:
            RagError: The collection cannot be opened, or the file is not in it.
        """
        store = self._collections.assistant(collection).index.store
        record = store.files().get(file)
        if record is None:
            raise InputError(f"{file[:200]!r}: not in the collection; it may have been removed")
        return store.titles_of(record.number, MAX_LISTED), store.document_counts().get(file, 0)

    def _document(self, collection: str, document_id: str, file_hash: str | None) -> tuple[Document, str]:
        index = self._collections.assistant(collection).index
        file = index.file_of(document_id)
        if file is None:
            raise InputError("the document is no longer in the collection; close it")
        if file_hash not in (None, file.hash):
            raise InputError(CHANGED)
        return index.documents[document_id], file.hash

    def _page_sizes(self, collection: str, document: Document, file_hash: str) -> PageSizes:
        key = (collection, document.id, file_hash)
        with self._changing:
            if key in self._sizes:
                self._sizes.move_to_end(key)
                return self._sizes[key]
        sizes = self._parser.page_sizes(self._raw(collection, document.id), document)
        with self._changing:
            self._sizes[key] = sizes
            while len(self._sizes) > MAX_REMEMBERED:
                self._sizes.popitem(last=False)
        return sizes

    def _raw(self, collection: str, document_id: str) -> bytes:
        return Originals.open(self._collections.get(collection).index).read(document_id)


def no_pages(error: DocumentError) -> str:
    """The note that a PDF is shown as text, because its pages cannot be drawn."""
    return f"The pages cannot be shown: {error}."


def _extents(document: Document, pages: int) -> tuple[tuple[int, int], ...]:
    """The parts of a text, which cover all of it; those of a PDF are its pages."""
    if has_drawn_pages(document.id):
        ends = [*(place.start for place in document.places[1:]), len(document.text)]
        of_page = {place.page: (place.start, end) for place, end in zip(document.places, ends, strict=True)}
        pages = pages or max((place.page or 1 for place in document.places), default=1)
        return tuple(of_page.get(number, (0, 0)) for number in range(1, pages + 1))
    text, start, extents = document.text, 0, []
    while len(text) - start > PART:
        latest, earliest = start + PART, start + PART * 3 // 4
        cut = text.rfind("\n", earliest, latest) + 1 or latest
        extents.append((start, cut))
        start = cut
    return (*extents, (start, len(text)))
