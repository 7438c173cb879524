"""The files of a collection as rows of a table: what is known of each, and whether it can be asked."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice

from rag.index.filters import Condition
from rag.index.store import DocumentStore


@dataclass(frozen=True, slots=True)
class Row:
    """A file.

    Attributes:
        path: As the index names it.
        title: Of its document; empty where it has several, or none.
        documents: How many are in it; 0 where it is not indexed.
        passages: Of its document; 0 where it has several, or none.
        date: Of its document, if that has one.
        note: Why it is not indexed as it is.
    """

    path: str
    title: str = ""
    documents: int = 0
    passages: int = 0
    date: str = ""
    note: str = ""


def listing(store: DocumentStore | None, uploaded: Sequence[str] | None, wanted: str, most: int) -> list[Row]:
    """The first files whose path or title holds some text, in order of their paths.

    Args:
        store: Of the index; None where there is none yet.
        uploaded: The files that should be in it; None where these are not managed here.
        wanted: Casefolded; all are meant where it is empty.
        most: Rows that are returned at most.
    """
    documents = _documents(store) if store else {}
    refused = {path: reason for path, (_, reason) in store.refused().items()} if store else {}
    found = (
        path
        for path in sorted({*documents, *refused, *(uploaded or ())})
        if wanted in path.casefold() or (documents.get(path) == 1 and store and wanted in _title(store, path))
    )
    return list(_rows(islice(found, most), store, documents, refused, uploaded))


def _rows(
    paths: Iterator[str],
    store: DocumentStore | None,
    documents: Mapping[str, int],
    refused: Mapping[str, str],
    uploaded: Sequence[str] | None,
) -> Iterator[Row]:
    there = None if uploaded is None else set(uploaded)
    for path in paths:
        note = f"not read: {refused[path]}" if path in refused else ""
        if there is not None and path not in there:
            note = "removed; it answers until the index is brought up to date"
        if store is None or path not in documents:
            yield Row(path, note=note or "not indexed yet")
        elif documents[path] > 1 or path not in store.documents:
            yield Row(path, documents=documents[path], note=note)
        else:
            document = store.documents[path]
            passages = len(store.rows(((Condition("path", "=", path.casefold()),),)))
            yield Row(path, document.title, 1, passages, str(document.metadata.get("date", "")), note)


def _documents(store: DocumentStore) -> dict[str, int]:
    """How many documents each file holds."""
    files = store.files()
    return Counter(each if each in files else _file(each, files) for each in store.documents)


def _file(document_id: str, files: Mapping[str, object]) -> str:
    """The file of a row of a table, ``table.csv#12``, or of a file in an archive, ``old.zip/notes.md``."""
    ends = (at for at, character in enumerate(document_id) if character in "#/")
    return next((document_id[:at] for at in ends if document_id[:at] in files), document_id)


def _title(store: DocumentStore, path: str) -> str:
    return store.title(path).casefold() if path in store.documents else ""
