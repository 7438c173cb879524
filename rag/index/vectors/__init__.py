"""Vector search: the ``VectorStore`` contract, FAISS behind it, and its files.

``vectors.f32`` holds the vectors, from which every score is computed. ``vectors.faiss`` beside it is the approximate
index of a large collection; it only proposes candidates.
"""

from .approximate import APPROXIMATE, EXACT_UP_TO, Approximation, build_approximate_index
from .base import Rows, Scores, Subset, Vectors, VectorStore
from .files import VectorWriter, map_vectors
from .store import FaissStore

__all__ = [
    "APPROXIMATE",
    "EXACT_UP_TO",
    "Approximation",
    "FaissStore",
    "Rows",
    "Scores",
    "Subset",
    "VectorStore",
    "VectorWriter",
    "Vectors",
    "build_approximate_index",
    "map_vectors",
]
