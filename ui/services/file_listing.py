"""List a collection's files with their titles, dates and index status."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice

from rag.index.contract import DocumentStore
from rag.index.filters import Condition

#: Notes shown of a file.
NOTED = 3


@dataclass(frozen=True, slots=True)
class Row:
    """A file of a collection.

    Attributes:
        path: Path in the index.
        title: Title of its document; empty unless it has exactly one.
        documents: Number of its documents; 0 if it is not indexed.
        passages: Number of its document's passages; 0 unless it has exactly one document.
        date: Date of its document, if any.
        note: Why the index does not match the file, what of it was not read, and what it is nearly the same as.
    """

    path: str
    title: str = ""
    documents: int = 0
    passages: int = 0
    date: str = ""
    note: str = ""


def listing(store: DocumentStore | None, uploaded: Sequence[str] | None, query: str, limit: int) -> list[Row]:
    """List the files whose path or title contains a text, sorted by path.

    Args:
        store: Store of the index; None if there is no index yet.
        uploaded: Files that should be indexed; None if they are not managed in the page.
        query: Case-folded text to look for; empty matches all files.
        limit: Maximum number of rows.
    """
    documents = store.document_counts() if store else {}
    notes = _notes(store) if store else {}
    found = (
        path
        for path in sorted({*documents, *notes, *(uploaded or ())})
        if query in path.casefold() or (documents.get(path) == 1 and store and query in _title(store, path))
    )
    return list(_rows(islice(found, limit), store, documents, notes, uploaded))


def _rows(
    paths: Iterator[str],
    store: DocumentStore | None,
    documents: Mapping[str, int],
    notes: Mapping[str, str],
    uploaded: Sequence[str] | None,
) -> Iterator[Row]:
    present = None if uploaded is None else set(uploaded)
    for path in paths:
        note = notes.get(path, "")
        if present is not None and path not in present:
            note = "removed; it can still be found until the index is brought up to date"
        if store is None or path not in documents:
            yield Row(path, note=note or "not indexed yet")
        elif documents[path] > 1 or path not in store.documents:
            yield Row(path, documents=documents[path], note=note)
        else:
            document = store.documents[path]
            passages = len(store.rows(((Condition("path", "=", path.casefold()),),)))
            yield Row(path, document.title, 1, passages, str(document.metadata.get("date", "")), note)


def similar_note(other: str, similarity: float) -> str:
    """The note on a document whose text is nearly the same as that of another one."""
    return f"nearly the same as {other} ({similarity:.0%})"


def _notes(store: DocumentStore) -> dict[str, str]:
    """What the index does not hold of each file, and which documents in it are nearly the same as others."""
    found = list(store.unread())
    for document_id, other, similarity in store.near_duplicates():
        if file := store.file_of(document_id):
            found.append((file.path, document_id, similar_note(other, similarity)))
    notes: dict[str, list[str]] = {}
    for path, document_id, text in found:
        part = document_id.removeprefix(path).lstrip("/")
        notes.setdefault(path, []).append(f"{part}: {text}" if part else text)
    return {path: _shortened(texts) for path, texts in notes.items()}


def _shortened(texts: Sequence[str]) -> str:
    more = len(texts) - NOTED
    return "; ".join([*texts[:NOTED], *([f"{more:,} more"] if more > 0 else [])])


def _title(store: DocumentStore, path: str) -> str:
    return store.title(path).casefold() if path in store.documents else ""
