"""The fields of a collection that its filter can be picked from, and its sources."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from weakref import WeakKeyDictionary

from rag.formats import suffix_of
from rag.index.contract import DocumentStore
from rag.index.filters import as_date, as_number
from rag.index.store import OWN_FIELDS

#: Fields with at most this many values are picked from a list; of numbers, and of values that are all different, fewer.
MAX_VALUES, MAX_UNIQUE = 24, 6

#: Values looked at to tell the kind of a field.
SAMPLE = 200

#: Fields offered; any other can be typed.
MAX_FIELDS = 12

#: Sources that can be ticked; conditions on more have to be typed.
MAX_SOURCES = 500

#: Fields that the formats add, which tell nothing about the content.
TECHNICAL = frozenset({"encoding", "row"})

VALUES, DATE, NUMBER, TEXT = "values", "date", "number", "text"

#: What follows the path of a file in the ids of its documents, by the file's suffix.
PARTS = {".csv": "#*", ".tsv": "#*", ".jsonl": "#*", ".xlsx": "#*", ".zip": "/*"}
#: The same, where the file itself is a document, too.
WITH_PARTS = {".eml": "*"}


@dataclass(frozen=True, slots=True)
class FieldValue:
    """A value of a field, as the documents write it, and the number of documents with it."""

    text: str
    documents: int


@dataclass(frozen=True, slots=True)
class FilterField:
    """A field to filter by.

    Attributes:
        name: Name in a condition.
        kind: ``values`` to choose from, a ``date`` or ``number`` from and to, or ``text`` that a value contains.
        values: All values, if ``kind`` is ``values``.
    """

    name: str
    kind: str
    values: tuple[FieldValue, ...] = ()


@dataclass(frozen=True, slots=True)
class Source:
    """A file, and the value of ``path`` that matches its documents."""

    title: str
    path: str
    pattern: str


_known: WeakKeyDictionary[DocumentStore, list[FilterField]] = WeakKeyDictionary()


def filter_fields(store: DocumentStore) -> list[FilterField]:
    """The fields worth filtering by: dates first, then lists of values, numbers and text."""
    if store not in _known:
        names = ["title", *(name for name in store.fields() if name not in (*OWN_FIELDS, *TECHNICAL))]
        found = [field for name in names if (field := _field(store, name))]
        order = [DATE, VALUES, NUMBER, TEXT]
        _known[store] = sorted(found, key=lambda field: order.index(field.kind))[:MAX_FIELDS]
    return _known[store]


def sources(store: DocumentStore) -> list[Source]:
    """The indexed files, by path; at most one more than ``MAX_SOURCES``."""
    return [_source(store, path) for path in islice(store.files(), MAX_SOURCES + 1) if path.isprintable()]


def _source(store: DocumentStore, path: str) -> Source:
    if path in store.documents:
        return Source(store.title(path), path, path + WITH_PARTS.get(suffix_of(path), ""))
    return Source("", path, path + PARTS.get(suffix_of(path), "*"))


def _field(store: DocumentStore, name: str) -> FilterField | None:
    """The field; None if all documents have the same value."""
    found = store.field_values(name, SAMPLE)
    values = [value for value, _ in found]
    if len(found) < 2 and sum(count for _, count in found) == len(store.documents):
        return None
    if all(as_date(value) for value in values) and any(len(value) > 4 for value in values):
        return FilterField(name, DATE)
    is_number = all(as_number(value) is not None for value in values)
    is_unique = all(count == 1 for _, count in found)
    if name != "title" and len(found) <= (MAX_UNIQUE if is_number or is_unique else MAX_VALUES):
        return FilterField(
            name, VALUES, tuple(FieldValue(_written(store, name, value), count) for value, count in found)
        )
    return FilterField(name, NUMBER if is_number else TEXT)


def _written(store: DocumentStore, name: str, value: str) -> str:
    """A casefolded value as a document writes it."""
    texts = _texts("", store.metadata_with(name, value))
    return next((text for key, text in texts if key == name and text.casefold() == value), value)


def _texts(name: str, value: object) -> Iterator[tuple[str, str]]:
    """The values in metadata with the names of their fields."""
    if isinstance(value, Mapping):
        for key, inner in value.items():
            yield from _texts(f"{name}.{key}".strip(".").casefold(), inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _texts(name, inner)
    else:
        yield name, str(value).strip()
