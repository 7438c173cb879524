"""Whether uploaded files can be read."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from rag.errors import DocumentError
from rag.sources.discovery import Source, read_bytes
from rag.sources.parse_process import ParseProcess


def unreadable_files(uploads: Sequence[Path]) -> dict[Path, str]:
    """The files that cannot be read within the limits of indexing, and why."""
    with ParseProcess() as parser:
        return {upload: reason for upload in uploads if (reason := _why_unreadable(parser, upload))}


def _why_unreadable(parser: ParseProcess, upload: Path) -> str:
    """Why a file cannot be read; empty if it can."""
    try:
        # A link out of its folder is not followed.
        raw = read_bytes(Source(upload.name, upload, inside=upload.parent.resolve()))
        parsed = parser.parse(upload.name, raw)
    except DocumentError as error:
        return str(error)
    return "" if parsed.documents else parsed.skipped[0].text
