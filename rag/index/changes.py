"""Outcome of an index run."""

from __future__ import annotations

from dataclasses import dataclass, field

from .contract import DocumentStore
from .store import SKIPPED, UNREAD


@dataclass(frozen=True, slots=True)
class Skipped:
    """A file, or part of one, that was not read; ``kept`` if the index keeps its previous version."""

    document_id: str
    reason: str
    kept: bool = False


@dataclass(slots=True)
class Changes:
    """Outcome of an index run: what happened to each file, by path.

    Attributes:
        added, changed, unchanged, removed: Compared with the previous index.
        renamed: Old and new path of moved files; they are not embedded again.
        skipped: Files that were not read.
        unread: Document ids, and what of the document was not read, such as pictures; of all documents in the index.
        warnings: Document ids and other warnings, such as a guessed encoding.
        unsupported: Files in the indexed folders whose formats are not supported: their number by suffix.
        near_duplicates: Documents whose text is nearly the same as that of another one: both ids, and the similarity,
            0.7 to 1.
        documents, passages: Counts in the new index.
    """

    added: list[str] = field(default_factory=list)
    changed: list[str] = field(default_factory=list)
    unchanged: list[str] = field(default_factory=list)
    removed: list[str] = field(default_factory=list)
    renamed: list[tuple[str, str]] = field(default_factory=list)
    skipped: list[Skipped] = field(default_factory=list)
    unread: list[tuple[str, str]] = field(default_factory=list)
    warnings: list[tuple[str, str]] = field(default_factory=list)
    unsupported: dict[str, int] = field(default_factory=dict)
    near_duplicates: list[tuple[str, str, float]] = field(default_factory=list)
    documents: int = 0
    passages: int = 0


def summarize(changes: Changes, store: DocumentStore) -> Changes:
    """The changes, with what the store says of all files."""
    for document_id, kind, text in store.remarks():
        if kind == SKIPPED:
            changes.skipped.append(Skipped(document_id, text))
        else:
            found = changes.unread if kind == UNREAD else changes.warnings
            found.append((document_id, text))
    changes.near_duplicates = store.near_duplicates()
    changes.documents, changes.passages = len(store.documents), len(store.passages)
    return changes
