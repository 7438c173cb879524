"""The two collections of an index in Milvus, and the keys of their rows.

``COLLECTION`` holds documents, files and statistics, each as JSON in one or more rows:

    key      primary key: hash of kind, name, number, payload and ``since``, and the part
    kind     "head", "file", "document", "text", "refused", "term", "field" or "about"
    name     hash of what it is found by: a path, a document id, a document's key, a term, a field
    parent   of a document: hash of its file's path
    number   of a term: passages that contain it; of a field: documents that have it
    part     0, 1, ... of a payload that does not fit in one row
    payload  JSON
    since, until   the versions that show the row: from ``since`` to before ``until``
    blank    an unused vector, which Milvus asks for

``COLLECTION_<hash of embedder and chunk settings>`` holds the passages, with another embedder another one:

    id       primary key: hash of the document's key, the passage's position and ``since``
    document the document's key: hash of its id and content
    vector   float32, unit length
    terms    stems of the passage's words; ``sparse`` is what Milvus' full-text function makes of them
    hash     of the text that is read
    document_id, title, text, start, stop, tokens, page, last_page, heading, heading_key, view
    fields   what filters look at; see ``filters``
    since, until
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from ..lexical.bm25 import K1, B
from .address import Address

if TYPE_CHECKING:
    from pymilvus import CollectionSchema

#: Layout of the collections; others are refused.
FORMAT = 2

#: ``until`` of rows that the newest version shows.
OPEN = 1 << 62

#: Bytes that a VARCHAR holds, and code points that surely fit in it.
MOST_BYTES, SAFE = 65_535, 16_000

RECORD_FIELDS = ("key", "kind", "name", "parent", "number", "part", "payload", "since", "until", "blank")
PASSAGE_FIELDS = (
    "id", "document", "vector", "terms", "hash", "document_id", "title", "text", "start", "stop", "tokens", "page",
    "last_page", "heading", "heading_key", "view", "fields", "since", "until",
)  # fmt: skip


def digest(*parts: object) -> str:
    """A hash of texts and numbers: 32 hexadecimal digits."""
    return hashlib.blake2b(json.dumps(parts, ensure_ascii=False).encode(), digest_size=16).hexdigest()


def passage_key(document: str, position: int, since: int) -> int:
    """The primary key of a passage, from its document's key, its position and the first version that shows it: 63 bits.

    Writing a passage twice leaves it once, and one that is removed and added again leaves the row of earlier versions.
    Among a billion passages, two share a key with a probability of 5%; a run that meets this fails when it counts them.
    """
    raw = hashlib.blake2b(f"{document} {position} {since}".encode(), digest_size=8).digest()
    return int.from_bytes(raw, "big") >> 1


def passages_name(address: Address, fingerprint: str, chunking: object) -> str:
    """Name of the collection of passages of an embedder and chunk settings."""
    return f"{address.collection}_{digest(fingerprint, chunking)[:8]}"


def is_passages_name(address: Address, name: str) -> bool:
    """True if a collection's name is one of passages of the index at an address."""
    return re.fullmatch(rf"{re.escape(address.collection)}_[0-9a-f]{{8}}", name) is not None


def is_passages_schema(fields: Iterable[str]) -> bool:
    """True if a collection with these fields holds passages."""
    return set(PASSAGE_FIELDS) <= set(fields)


def records_schema() -> CollectionSchema:
    """Schema of ``COLLECTION``."""
    from pymilvus import DataType, MilvusClient

    schema = MilvusClient.create_schema(auto_id=False, enable_dynamic_field=False)
    schema.add_field("key", DataType.VARCHAR, max_length=64, is_primary=True)
    for name, length in (("kind", 16), ("name", 32), ("parent", 32), ("payload", MOST_BYTES)):
        schema.add_field(name, DataType.VARCHAR, max_length=length)
    for name in ("number", "part", "since", "until"):
        schema.add_field(name, DataType.INT64)
    schema.add_field("blank", DataType.FLOAT_VECTOR, dim=2)
    return schema


def records_indexes() -> list[dict[str, Any]]:
    """Indexes of ``COLLECTION``."""
    scalar = [{"field_name": name, "index_type": "INVERTED"} for name in ("kind", "name", "parent")]
    return [{"field_name": "blank", "index_type": "FLAT", "metric_type": "L2"}, *scalar]


def passages_schema(dimension: int) -> CollectionSchema:
    """Schema of a collection of passages with vectors of a dimension."""
    from pymilvus import DataType, Function, FunctionType, MilvusClient

    schema = MilvusClient.create_schema(auto_id=False, enable_dynamic_field=False)
    schema.add_field("id", DataType.INT64, is_primary=True)
    schema.add_field("vector", DataType.FLOAT_VECTOR, dim=dimension)
    schema.add_field(
        "terms", DataType.VARCHAR, max_length=MOST_BYTES, enable_analyzer=True,
        analyzer_params={"tokenizer": "standard"},
    )  # fmt: skip
    schema.add_field("sparse", DataType.SPARSE_FLOAT_VECTOR)
    for name in ("document", "hash"):
        schema.add_field(name, DataType.VARCHAR, max_length=32)
    for name in ("document_id", "title", "text", "heading", "heading_key", "view"):
        schema.add_field(name, DataType.VARCHAR, max_length=MOST_BYTES)
    for name in ("start", "stop", "tokens", "page", "last_page", "since", "until"):
        schema.add_field(name, DataType.INT64)
    schema.add_field("fields", DataType.JSON)
    schema.add_function(
        Function(
            name="bm25", function_type=FunctionType.BM25, input_field_names=["terms"], output_field_names=["sparse"]
        )
    )
    return schema


def passages_indexes(address: Address) -> list[dict[str, Any]]:
    """Indexes of a collection of passages."""
    build = {"HNSW": {"M": 16, "efConstruction": 200}, "HNSW_SQ": {"M": 16, "efConstruction": 200}}
    lists = {"IVF_FLAT": {"nlist": 1024}, "IVF_SQ8": {"nlist": 1024}}
    params = {**build, **lists}.get(address.index, {})
    scalar = [{"field_name": name, "index_type": "INVERTED"} for name in ("document", "hash")]
    return [
        {"field_name": "vector", "index_type": address.index, "metric_type": "IP", "params": params},
        {
            "field_name": "sparse", "index_type": "SPARSE_INVERTED_INDEX", "metric_type": "BM25",
            "params": {"bm25_k1": K1, "bm25_b": B},
        },
        *scalar,
    ]  # fmt: skip


def search_params(address: Address, k: int) -> dict[str, Any]:
    """Parameters of a dense search for ``k`` hits."""
    params = {
        "HNSW": {"ef": max(256, 2 * k)}, "HNSW_SQ": {"ef": max(256, 2 * k)}, "IVF_FLAT": {"nprobe": 64},
        "IVF_SQ8": {"nprobe": 64}, "DISKANN": {"search_list": max(256, 2 * k)},
    }.get(address.index, {})  # fmt: skip
    return {"metric_type": "IP", "params": params}


def visible(version: int) -> str:
    """A filter: the rows that a version shows."""
    return f"since <= {version} and until > {version}"


def any_of(field: str, values: object) -> str:
    """A filter: the field has one of the values, which are hashes or numbers."""
    return f"{field} in {json.dumps(values)}"
