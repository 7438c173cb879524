"""``MilvusStore``: documents and files in Milvus behind the ``DocumentStore`` contract."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from functools import cached_property
from itertools import islice
from typing import Any

import numpy as np

from ...errors import InputError
from ...types import Document, Place, name_title, place_of
from ..filters import MAX_VALUE, Conditions
from ..store import FIELDS_LISTED, OWN_FIELDS, SKIPPED, WARNING, FileRecord
from ..store_writer import field_values
from ..vectors import Rows
from .check import check_passages
from .documents import MilvusDocuments
from .filters import expression
from .records import Records
from .rows import PassageRows, Selection
from .schema import any_of, digest

#: Documents looked at for the values of fields that filters are picked from.
SAMPLE = 20_000


class MilvusStore:
    """Documents, passages and files that a version shows; see ``rag.index.contract.DocumentStore``.

    Args:
        records: Hold documents and files.
        passages: The passages.
        size: Number of documents.
    """

    def __init__(self, records: Records, passages: PassageRows, size: int) -> None:
        self._records = records
        self._documents = MilvusDocuments(records, size)
        self._passages = passages

    @property
    def documents(self) -> MilvusDocuments:
        """Documents by id, by path."""
        return self._documents

    @property
    def passages(self) -> PassageRows:
        """Passages by row."""
        return self._passages

    @cached_property
    def _files(self) -> list[tuple[FileRecord, dict[str, Any]]]:
        """The files with what is stored of them, sorted by path; their numbers count in this order."""
        found = sorted((record.value for record in self._records.of_kind("file")), key=lambda each: each["path"])
        return [(FileRecord(number, each["path"], each["hash"]), each) for number, each in enumerate(found)]

    def files(self) -> dict[str, FileRecord]:
        """All files by path, sorted by path."""
        return {record.path: record for record, _ in self._files}

    def file_of(self, document_id: str) -> FileRecord | None:
        """The file that holds a document; None for an unknown document."""
        head = self._documents.head(document_id)
        if head is None:
            return None
        name = digest("file", head["path"])
        found = self._records.named("file", [name])[name].value
        return FileRecord(0, found["path"], found["hash"])

    def refused(self) -> dict[str, tuple[str, str]]:
        """Unreadable files by path: the hash of their content, and the reason."""
        found = (record.value for record in self._records.of_kind("refused"))
        return {path: (file_hash, reason) for path, file_hash, reason in sorted(found)}

    def document_counts(self) -> dict[str, int]:
        """Number of documents of each file that has any, by path."""
        return {record.path: each["documents"] for record, each in self._files if each["documents"]}

    def remarks(self, file: int | None = None) -> Iterator[tuple[str, str, str]]:
        """Remarks on one file, or on all: document id, kind and text."""
        for record, each in self._files if file is None else self._files[file : file + 1]:
            for suffix, kind, text in each["remarks"]:
                yield record.path + suffix, kind, text

    def unread(self) -> Iterator[tuple[str, str, str]]:
        """What the index does not hold of its files: path, id of the file or a part of it, what is missing or why."""
        for path, (_, reason) in self.refused().items():
            yield path, path, f"not read: {reason}"
        for record, each in self._files:
            for suffix, kind, text in each["remarks"]:
                if kind != WARNING:
                    yield record.path, record.path + suffix, f"not read: {text}" if kind == SKIPPED else text

    def near_duplicates(self) -> list[tuple[str, str, float]]:
        """Documents whose text is nearly the same as that of another one: their ids, and the similarity."""
        name = digest("about", "near duplicates")
        found = self._records.named("about", [name])
        return [(first, second, similarity) for first, second, similarity in found[name].value] if found else []

    def content_keys(self, most: int) -> list[tuple[str, str]]:
        """Id of each document, and what identifies its content; without those of files with more than ``most``."""
        files = {record.path: (record.hash, each["documents"]) for record, each in self._files}
        heads = sorted((head["path"], record.number, head["id"]) for record, head in self._documents.heads())
        return [
            (document_id, files[path][0] + document_id.removeprefix(path))
            for path, _, document_id in heads
            if files[path][1] <= most
        ]

    def heads_of(self, path: str) -> list[dict[str, Any]]:
        """The documents of a file without their texts, in order."""
        return [record.value for record in self._records.children("document", digest("file", path))]

    def documents_of(self, file: int) -> list[Document]:
        """The documents of a file, by the file's number."""
        return [self._documents.load(head) for head in self.heads_of(self._files[file][0].path)]

    def titles_of(self, file: int, limit: int) -> list[tuple[str, str]]:
        """Id and title of a file's first documents, by the file's number."""
        heads = self.heads_of(self._files[file][0].path)[:limit]
        return [(head["id"], head["title"] or name_title(head["id"])) for head in heads]

    def rows_at(self, document_id: str, start: int, end: int) -> list[int]:
        """Rows of the passages that overlap ``[start, end)`` of a document, the one that holds the most first."""
        head = self._documents.head(document_id)
        if head is None:
            return []
        rows = self._passages.connection.every(
            self._passages.collection,
            f'document == "{head["key"]}" and start < {end} and stop > {start} and {self._passages.visible}',
            ["id", "start", "stop"],
        )
        found = [(max(row["start"], start) - min(row["stop"], end), row["start"], int(row["id"])) for row in rows]
        return [row for _, _, row in sorted(found)]

    def title(self, document_id: str) -> str:
        """The title of a document."""
        title = self._passages.title(document_id)
        if title is None:
            head = self._documents.head(document_id)
            title = (head["title"] if head else None) or name_title(document_id)
        return title

    def place(self, document_id: str, at: int) -> Place:
        """Page and heading at a code point of a document."""
        return place_of(self._documents[document_id].places, at)

    def ocr_score(self, document_id: str, start: int, end: int) -> float | None:
        """Lowest score of the words in ``[start, end)`` of a document that OCR read; None if it read none of them."""
        words = self._documents[document_id].ocr
        return min((word.score for word in words if word.start < end and word.end > start), default=None)

    @cached_property
    def _fields(self) -> dict[str, int]:
        """Names of the fields, each with the highest number of values that a document has of it."""
        found = (record.value for record in self._records.of_kind("field"))
        return {name: most for name, _, most in found}

    def fields(self) -> list[str]:
        """Names of all fields that filters can use, sorted."""
        return sorted({*OWN_FIELDS, *self._fields})

    @cached_property
    def _values(self) -> tuple[dict[str, Counter[str]], dict[tuple[str, str], dict[str, Any]]]:
        """How often each field has each value, and the metadata of a document that has it; of the first documents."""
        counts: dict[str, Counter[str]] = {}
        metadata: dict[tuple[str, str], dict[str, Any]] = {}
        for _, head in islice(self._documents.heads(), SAMPLE):
            title = head["title"] or name_title(head["id"])
            for name, text in field_values(Document(head["id"], "", title, metadata=head["metadata"])):
                value = text.casefold()[:MAX_VALUE]
                counts.setdefault(name, Counter())[value] += 1
                metadata.setdefault((name, value), head["metadata"])
        return counts, metadata

    def field_values(self, name: str, limit: int) -> list[tuple[str, int]]:
        """The first distinct values of a field, sorted, each with its number of documents.

        Of more than ``SAMPLE`` documents, that many are looked at.
        """
        return sorted(self._values[0].get(name, {}).items())[:limit]

    def metadata_with(self, name: str, value: str) -> dict[str, object]:
        """The metadata of a document whose field has a casefolded value; empty if there is none."""
        return self._values[1].get((name, value), {})

    def rows(self, conditions: Conditions) -> Selection | Rows:
        """The passages that meet all conditions; see ``rag.index.contract.DocumentStore.rows``."""
        if not conditions:
            return self._passages.keys("id >= 0")
        self._check_fields(conditions)
        return Selection(self._passages, expression(conditions, self._fields))

    def matching(self, rows: list[int], conditions: Conditions) -> list[int]:
        """Those of the rows that meet all conditions, in their order."""
        self._check_fields(conditions)
        listed = f"{any_of('id', rows)} and {expression(conditions, self._fields)}"
        kept = set(self._passages.keys(listed).tolist()) if rows else set()
        return [row for row in rows if row in kept]

    def rows_by_document(self, conditions: Conditions) -> dict[str, Rows]:
        """Rows of the passages that meet all conditions, by document; see ``DocumentStore.rows_by_document``."""
        self._check_fields(conditions)
        rows: dict[str, list[tuple[int, int]]] = {}
        filters = [self._passages.visible, *([expression(conditions, self._fields)] if conditions else [])]
        found = self._passages.connection.every(
            self._passages.collection, " and ".join(filters), ["id", "document_id", "start"]
        )
        for row in found:
            rows.setdefault(row["document_id"], []).append((row["start"], int(row["id"])))
        return {
            name: np.array(sorted(row for _, row in rows.get(name, [])), dtype=np.int64)
            for name in self._documents
            if name in rows or not conditions
        }

    def counts(self) -> tuple[int, int]:
        """Numbers of documents and passages that the store holds, counted."""
        documents = sum(1 for _ in self._records.of_kind("document"))
        return documents, self._passages.count("id >= 0")

    def check(self) -> Iterator[str]:
        """Yield a line for each inconsistency; reads everything."""
        return check_passages(self._passages, self._records)

    def _check_fields(self, conditions: Conditions) -> None:
        known = self.fields()
        for condition in (condition for group in conditions for condition in group):
            if condition.field not in known:
                more = f", and {len(known) - FIELDS_LISTED} more" if len(known) > FIELDS_LISTED else ""
                raise InputError(
                    f"no document has the field {condition.field!r}; "
                    f"known fields: {', '.join(known[:FIELDS_LISTED])}{more}"
                )
