"""Ask a folder of documents; get the exact words that answer and their location, or "not found".

from rag import Assistant, Retriever, build_index

build_index("corpus", "index")
for hit in Retriever.load("index").search("Who postponed the visit to Bishkek?", k=5):
    print(hit.score, hit.passage.document_id, hit.passage.text)
result = Assistant.load("index").ask("How long is the border?")
"""

import os as _os
from typing import TYPE_CHECKING as _TYPE_CHECKING

# Threads that wait must not use up the cores that others need. OpenMP reads this when it starts.
_os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

from .assistant import Assistant
from .embedding.encoder import Encoder, SentenceTransformerEncoder
from .errors import (
    DocumentError,
    IndexBusy,
    IndexDamaged,
    IndexFolderError,
    IndexMismatch,
    IndexMissing,
    InputError,
    RagError,
    StoreUnavailable,
)
from .index import (
    Changes,
    Index,
    RayWorkers,
    Shard,
    Skipped,
    Verification,
    build_index,
    merge_shards,
    repair,
    verify,
)
from .index.vectors import FaissStore, VectorStore
from .reading.contract import Reader
from .reading.reader import SpanReader
from .retrieval.retriever import Fusion, Retriever
from .sources.parse_process import FileLimits
from .tables import Candidate, TableCell, TableRow
from .text.chunking import ChunkSettings, chunk
from .types import (
    Agreement,
    Answer,
    AnswerKind,
    Attribution,
    Document,
    Evidence,
    Hit,
    Item,
    Notice,
    NoticeCode,
    Passage,
    Place,
    Reason,
    Result,
    Seconds,
    Sentence,
    Signals,
    Span,
    Support,
)

__all__ = [
    "Agreement",
    "Answer",
    "AnswerKind",
    "Assistant",
    "Attribution",
    "Candidate",
    "Changes",
    "ChunkSettings",
    "Document",
    "DocumentError",
    "Encoder",
    "Evidence",
    "FaissStore",
    "FileLimits",
    "Fusion",
    "Hit",
    "Index",
    "IndexBusy",
    "IndexDamaged",
    "IndexFolderError",
    "IndexMismatch",
    "IndexMissing",
    "InputError",
    "Item",
    "Notice",
    "NoticeCode",
    "Passage",
    "Place",
    "RagError",
    "RayWorkers",
    "Reader",
    "Reason",
    "Result",
    "Retriever",
    "Seconds",
    "Sentence",
    "SentenceTransformerEncoder",
    "Shard",
    "Signals",
    "Skipped",
    "Span",
    "SpanReader",
    "StoreUnavailable",
    "Support",
    "TableCell",
    "TableRow",
    "VectorStore",
    "Verification",
    "build_index",
    "chunk",
    "merge_shards",
    "repair",
    "verify",
]


if _TYPE_CHECKING:
    __version__: str
else:

    def __getattr__(name: str) -> str:
        """``__version__``; importlib.metadata takes a while to import."""
        if name != "__version__":
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        from importlib.metadata import version

        return version("rag")
