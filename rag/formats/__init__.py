"""Formats: how the bytes of each kind of file become documents. ``FORMATS`` says which suffix belongs to which.

Text is decoded and nothing else is done to it, so anybody can check a quote::

    text = open(path, encoding=document.metadata["encoding"], newline="").read()
    text[start:end]

Of a format that must be extracted the extracted text is the document's, and ``Document.places`` leads back to the page
or heading. A row of a table is a document of its own, ``table.csv#12``, and so is a file in an archive,
``old.zip/notes.md``.
"""

from __future__ import annotations

from pathlib import PurePosixPath

from ..errors import DocumentError
from .archive import read_archive
from .base import Format, Parsed, Remark
from .csv import read_csv, read_tsv
from .docx import read_docx
from .epub import read_epub
from .html import read_html
from .jsonl import read_jsonl
from .markdown import read_markdown
from .pdf.extract import read_pdf
from .text import read_text

__all__ = ["FORMATS", "Format", "Parsed", "Remark", "max_bytes", "parse", "suffix_of"]

FORMATS: dict[str, Format] = {
    ".txt": read_text,
    ".text": read_text,
    ".rst": read_text,
    ".md": read_markdown,
    ".markdown": read_markdown,
    ".html": read_html,
    ".htm": read_html,
    ".xhtml": read_html,
    ".pdf": read_pdf,
    ".docx": read_docx,
    ".epub": read_epub,
    ".csv": read_csv,
    ".tsv": read_tsv,
    ".jsonl": read_jsonl,
    ".ndjson": read_jsonl,
    ".zip": read_archive,
}

#: Files of these formats hold pictures or are compressed, so they are large before their text is.
CONTAINERS = frozenset({".pdf", ".docx", ".epub", ".zip"})

#: Larger files are refused: 20 MB of plain text is some forty novels, and one mistaken log file would take hours.
MAX_BYTES, MAX_CONTAINER_BYTES = 20_000_000, 500_000_000


def suffix_of(name: str) -> str:
    """The suffix by which a file's format is known, in lower case."""
    return PurePosixPath(name).suffix.lower()


def max_bytes(name: str) -> int:
    """How many bytes a file of that name may have."""
    return MAX_CONTAINER_BYTES if suffix_of(name) in CONTAINERS else MAX_BYTES


def parse(document_id: str, raw: bytes) -> Parsed:
    """The documents in a file's bytes, by the format of its suffix; those without any text are left out.

    Raises:
        DocumentError: The bytes are not what the suffix promises, or there is no text in them.
    """
    if not raw.strip():
        raise DocumentError("the file is empty")
    try:
        found = FORMATS[suffix_of(document_id)](document_id, raw)
    except DocumentError:
        raise
    except Exception as error:
        # Whatever a library stumbles over in a hostile file: the others are to be read all the same.
        reason = str(error).partition("\n")[0]
        raise DocumentError(f"cannot be read ({type(error).__name__}: {reason}); save it again") from error
    kept = [document for document in found.documents if document.text[document.body :].strip()]
    if not kept and not found.skipped:
        raise DocumentError("there is no text in it")
    return Parsed(kept, found.skipped, found.warnings)
