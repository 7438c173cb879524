"""What the name of a file or document says about its format."""

from __future__ import annotations

from pathlib import PurePosixPath

from .pdf.from_image import is_image

MARKDOWN = frozenset({".md", ".markdown"})


def suffix_of(name: str) -> str:
    """The suffix that determines a file's format, in lower case."""
    return PurePosixPath(name).suffix.lower()


def is_markdown(name: str) -> bool:
    """True if a document or file is in Markdown, by its name."""
    return suffix_of(name) in MARKDOWN


def has_drawn_pages(name: str) -> bool:
    """True if the pages of a document or file are drawn, with words marked on them: a PDF or a picture."""
    return suffix_of(name) == ".pdf" or is_image(name)
