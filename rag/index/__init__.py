"""The index folder: build and update, open, verify and repair."""

from .build import Changes, Skipped, build_index
from .embedder import embedder_of
from .index import Index, Report
from .manifest import Manifest
from .progress import Pace
from .verify import Verification, repair, verify
from .versions import current_version

__all__ = [
    "Changes",
    "Index",
    "Manifest",
    "Pace",
    "Report",
    "Skipped",
    "Verification",
    "build_index",
    "current_version",
    "embedder_of",
    "repair",
    "verify",
]
