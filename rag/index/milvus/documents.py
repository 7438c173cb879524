"""``MilvusDocuments``: documents by id, loaded on access."""

from __future__ import annotations

import json
import threading
from collections import OrderedDict
from collections.abc import Iterator, Mapping
from typing import Any

from ...types import Document, OcrWord, name_title
from ..documents import places_from_json
from .records import Record, Records
from .schema import digest

#: Documents kept in memory.
DOCUMENTS_KEPT = 64


class MilvusDocuments(Mapping[str, Document]):
    """Documents by id, loaded on access.

    Args:
        records: Hold the documents.
        size: Number of documents.
    """

    def __init__(self, records: Records, size: int) -> None:
        self._records, self._size = records, size
        self._kept: OrderedDict[str, Document] = OrderedDict()
        self._lock = threading.Lock()

    def __getitem__(self, document_id: str) -> Document:
        with self._lock:
            if document_id in self._kept:
                self._kept.move_to_end(document_id)
                return self._kept[document_id]
        head = self.head(document_id)
        if head is None:
            raise KeyError(document_id)
        document = self.load(head)
        with self._lock:
            self._kept[document_id] = document
            while len(self._kept) > DOCUMENTS_KEPT:
                self._kept.popitem(last=False)
        return document

    def __iter__(self) -> Iterator[str]:
        heads = [(head["path"], record.number, head["id"]) for record, head in self.heads()]
        return (document_id for _, _, document_id in sorted(heads))

    def __len__(self) -> int:
        return self._size

    def __contains__(self, document_id: object) -> bool:
        return isinstance(document_id, str) and self.head(document_id) is not None

    def heads(self) -> Iterator[tuple[Record, dict[str, Any]]]:
        """All documents without their texts."""
        return ((record, record.value) for record in self._records.of_kind("document"))

    def head(self, document_id: str) -> dict[str, Any] | None:
        """A document without its text; None if there is none."""
        try:
            name = digest("document", document_id)
        except UnicodeEncodeError:
            return None
        found = self._records.named("document", [name])
        return found[name].value if found else None

    def load(self, head: Mapping[str, Any]) -> Document:
        """A document with its text."""
        text, places, ocr = self._records.named("text", [head["key"]])[head["key"]].value
        return Document(
            head["id"], text, head["title"] or name_title(head["id"]), head["body"], head["metadata"],
            places_from_json(json.dumps(places)), tuple(OcrWord(*word) for word in ocr),
        )  # fmt: skip
