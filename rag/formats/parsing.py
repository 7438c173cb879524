"""Parsing a file's bytes by the format of its suffix."""

from __future__ import annotations

from ..errors import DocumentError
from .archive import read_archive, read_member
from .base import Format, Parsed
from .csv import read_csv, read_tsv
from .docx import WORD_SUFFIXES, read_docx
from .eml import read_attachment, read_eml
from .epub import read_epub
from .html import read_html
from .image import read_image
from .jsonl import read_jsonl
from .markdown import read_markdown
from .names import MARKDOWN, suffix_of
from .odt import read_odt
from .out_of_memory import raise_if_out_of_memory
from .pdf.extract import read_pdf
from .pdf.from_image import IMAGE_SUFFIXES
from .pptx import read_pptx
from .rtf import read_rtf
from .text import read_text
from .xlsx import read_xlsx

#: Raised when more of the files is read or counted, or their text is cut into other passages: `rag index` then reads
#: all files of older indexes again.
READING = 3

FORMATS: dict[str, Format] = {
    ".txt": read_text,
    ".text": read_text,
    ".rst": read_text,
    **dict.fromkeys(MARKDOWN, read_markdown),
    ".html": read_html,
    ".htm": read_html,
    ".xhtml": read_html,
    ".pdf": read_pdf,
    **dict.fromkeys(IMAGE_SUFFIXES, read_image),
    **dict.fromkeys(WORD_SUFFIXES, read_docx),
    ".epub": read_epub,
    ".eml": read_eml,
    ".xlsx": read_xlsx,
    ".pptx": read_pptx,
    ".odt": read_odt,
    ".rtf": read_rtf,
    ".csv": read_csv,
    ".tsv": read_tsv,
    ".jsonl": read_jsonl,
    ".ndjson": read_jsonl,
    ".zip": read_archive,
}

#: Formats that hold images or are compressed, so that a large file may hold little text.
CONTAINERS = frozenset(
    {*WORD_SUFFIXES, *IMAGE_SUFFIXES, ".pdf", ".eml", ".epub", ".odt", ".pptx", ".rtf", ".xlsx", ".zip"}
)

#: Larger files are refused: 20 MB of plain text is about forty novels, and one stray log file would take hours.
MAX_BYTES, MAX_CONTAINER_BYTES = 20_000_000, 500_000_000


def max_bytes(name: str) -> int:
    """The size limit of a file, in bytes, by its name."""
    return MAX_CONTAINER_BYTES if suffix_of(name) in CONTAINERS else MAX_BYTES


def parse(document_id: str, raw: bytes) -> Parsed:
    """Parse a file's bytes by the format of its suffix; documents without text are left out.

    Raises:
        DocumentError: The bytes do not match the format, or hold no text.
        MemoryError: There is not enough memory.
    """
    if not raw.strip():
        raise DocumentError("the file is empty")
    try:
        found = FORMATS[suffix_of(document_id)](document_id, raw)
    except Exception as error:
        raise_if_out_of_memory(error)
        if isinstance(error, DocumentError):
            raise
        # Libraries raise any error on hostile input; the other files must still be read.
        reason = str(error).partition("\n")[0]
        raise DocumentError(f"cannot be read ({type(error).__name__}: {reason}); save it again") from error
    kept = [document for document in found.documents if document.text[document.body :].strip()]
    if not kept and not found.skipped:
        raise DocumentError("there is no text in it")
    return Parsed(kept, found.skipped, found.warnings)


def read_part(name: str, raw: bytes, path: str) -> bytes:
    """The bytes of a file within an archive or a message.

    Args:
        name: Name of the archive or message.
        raw: Its bytes.
        path: Path of the file in it, as in the ids of its documents.

    Raises:
        DocumentError: There is no such file, or it cannot be unpacked.
    """
    return read_attachment(raw, path) if suffix_of(name) == ".eml" else read_member(raw, path)
