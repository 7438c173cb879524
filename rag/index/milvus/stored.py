"""Documents and files as records, and passages as rows; see ``schema``."""

from __future__ import annotations

import base64
import json
from collections.abc import Sequence
from typing import Any

import numpy as np

from ...errors import InputError
from ...types import Document, Passage, name_title, place_of
from ..database import text_hash
from ..documents import view_to_json
from ..near_duplicates import MAX_ROWS, Sketch, sketch_of
from ..store_writer import Remarks
from .connection import Row
from .filters import facts_of, plain
from .lexical import stored_terms
from .records import Record, encode
from .schema import MOST_BYTES, OPEN, SAFE, digest, passage_key

#: Columns of a passage that Milvus limits in length.
LIMITED = ("document_id", "title", "text", "heading", "heading_key", "view", "terms")


def document_key(document: Document) -> str:
    """Identifies a document's id and content.

    Raises:
        InputError: A text is not valid Unicode.
    """
    try:
        return digest(encode([*_text_of(document), document.id, document.title, document.body, document.metadata]))
    except UnicodeEncodeError as error:
        raise InputError(f"{document.id!r}: holds half a surrogate pair, which is not valid Unicode") from error


def head_record(document: Document, path: str, number: int, count: int) -> Record:
    """A document without its text.

    Args:
        document: The document.
        path: Path of its file.
        number: Position among the documents of the file.
        count: Number of documents of the file; rows of a table have no sketch.
    """
    sketch = sketch_of(document) if count <= MAX_ROWS else None
    head = {
        "id": document.id, "path": path, "body": document.body, "metadata": document.metadata,
        "title": document.title if document.title != name_title(document.id) else None,
        "key": document_key(document),
        "sketch": base64.b64encode(sketch.tobytes()).decode() if sketch is not None else None,
    }  # fmt: skip
    return Record("document", digest("document", document.id), encode(head), digest("file", path), number)


def sketch_in(head: dict[str, Any]) -> Sketch | None:
    """The sketch of a document; None if it has none."""
    return np.frombuffer(base64.b64decode(head["sketch"]), dtype=np.uint32) if head["sketch"] else None


def text_record(document: Document, key: str) -> Record:
    """Text, places and OCR words of a document."""
    return Record("text", key, encode(_text_of(document)))


def file_record(path: str, file_hash: str, remarks: Remarks, documents: int) -> Record:
    """A file."""
    stored = [(document_id.removeprefix(path), kind, text) for document_id, kind, text in remarks]
    value = {"path": path, "hash": file_hash, "remarks": stored, "documents": documents}
    return Record("file", digest("file", path), encode(value))


def refused_record(path: str, file_hash: str, reason: str) -> Record:
    """An unreadable file."""
    return Record("refused", digest("refused", path), encode([path, file_hash, reason]))


def passage_rows(document: Document, key: str, passages: Sequence[Passage], since: int) -> list[Row]:
    """The rows of a document's passages, without ``vector``.

    Raises:
        InputError: A text is longer than Milvus stores.
    """
    facts = facts_of(document) if passages else {}
    keys = (passage_key(key, position, since) for position in range(len(passages)))
    return [
        {**_row(document, passage, facts), "id": own, "document": key, "since": since}
        for own, passage in zip(keys, passages, strict=True)
    ]


def _row(document: Document, passage: Passage, facts: object) -> Row:
    page, last_page = passage.page, place_of(document.places, passage.end - 1).page
    row: Row = {
        "terms": " ".join(stored_terms(passage.read_text)),
        "hash": text_hash(passage.read_text).hex(), "document_id": document.id, "title": document.title,
        "text": passage.text, "start": passage.start, "stop": passage.end, "tokens": passage.tokens,
        "page": -1 if page is None else page, "last_page": -1 if last_page is None else last_page,
        "heading": passage.heading or "", "heading_key": plain((passage.heading or "").casefold()),
        "view": view_to_json(passage.view) or "", "fields": facts, "until": OPEN,
    }  # fmt: skip
    for name in LIMITED:
        if len(row[name]) > SAFE and (size := len(row[name].encode())) > MOST_BYTES:
            raise InputError(
                f"{document.id}: the passage at characters {passage.start}-{passage.end} has a {name} of {size:,} "
                f"bytes; Milvus stores {MOST_BYTES:,}, so split the document"
            )
    if len(json.dumps(facts)) > MOST_BYTES:
        raise InputError(f"{document.id}: its metadata takes more than the {MOST_BYTES:,} bytes that Milvus stores")
    return row


def _text_of(document: Document) -> list[object]:
    places = [(place.start, place.page, place.heading) for place in document.places]
    return [document.text, places, [list(word) for word in document.ocr]]
