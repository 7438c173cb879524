"""The index folder: built and brought up to date, opened, checked and mended; nothing in it is ever half or lost."""

from .build import Changes, Skipped, build_index
from .index import Index, Report
from .manifest import Manifest
from .verify import Verification, repair, verify
from .versions import current_version

__all__ = [
    "Changes",
    "Index",
    "Manifest",
    "Report",
    "Skipped",
    "Verification",
    "build_index",
    "current_version",
    "repair",
    "verify",
]
