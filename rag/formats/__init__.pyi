# See rag/__init__.pyi.
from .base import Format, Parsed, Remark
from .names import has_drawn_pages, is_markdown, suffix_of
from .parsing import FORMATS, READING, max_bytes, parse, read_part

__all__ = [
    "FORMATS",
    "READING",
    "Format",
    "Parsed",
    "Remark",
    "has_drawn_pages",
    "is_markdown",
    "max_bytes",
    "parse",
    "read_part",
    "suffix_of",
]
