"""Vectors by nearness: the ``VectorStore`` contract, FAISS behind it, and the files that they lie in.

``vectors.f32`` is the raw vectors, row after row, and what every cosine is computed from. ``vectors.faiss`` beside it
is the approximate index of a large collection, which only proposes rows.
"""

from .exact import Rows, Scores, Vectors
from .file import VectorFile
from .inverted import EXACT_UP_TO, Approximation, approximate
from .store import APPROXIMATE, FaissStore, VectorStore, map_vectors

__all__ = [
    "APPROXIMATE",
    "EXACT_UP_TO",
    "Approximation",
    "FaissStore",
    "Rows",
    "Scores",
    "VectorFile",
    "VectorStore",
    "Vectors",
    "approximate",
    "map_vectors",
]
