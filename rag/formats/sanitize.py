"""What every extractor's output goes through before it becomes a document."""

from __future__ import annotations

import re
from datetime import date

from ..errors import DocumentError

#: The longest text of one document, in code points: ten thousand pages, closely printed.
MAX_TEXT = 50_000_000

#: No text has them, and neither UTF-8 nor SQLite can hold them all.
UNSTORABLE = re.compile("[\x00\ud800-\udfff]")

ISO_DATE = re.compile(r"(\d{4})(?:([-/])(\d{1,2})(?:\2(\d{1,2}))?)?(?=$|[T\s])")


def clean(text: str) -> str:
    """The text, of the same length, with U+FFFD for NUL characters and for halves of surrogate pairs."""
    return UNSTORABLE.sub("\ufffd", text)


def one_line(text: str | None) -> str:
    """A title or name, clean and without line breaks; empty for None."""
    return " ".join(clean(text or "").split())


def iso_date(stated: object) -> str | None:
    """The date that a value begins with, as ``YYYY[-MM[-DD]]``; None where it begins with none, or a wrong one."""
    found = ISO_DATE.match(str(stated).strip())
    if not found:
        return None
    year, _, month, day = found.groups()
    try:
        date(int(year), int(month or 1), int(day or 1))
    except ValueError:
        return None
    return "-".join([year, *(part.zfill(2) for part in (month, day) if part)])


def check_length(length: int) -> None:
    """Refuse a text of so many code points, if it is too long.

    Raises:
        DocumentError: It is.
    """
    if length > MAX_TEXT:
        raise DocumentError(f"holds more than {MAX_TEXT // 1_000_000} million characters; split it into smaller files")
