"""Cleaning text and metadata that formats extract."""

from __future__ import annotations

import re
from datetime import date

from ..errors import DocumentError

#: Maximum length of a document in code points, about ten thousand dense pages.
MAX_TEXT = 50_000_000

#: NUL and lone surrogates: SQLite or UTF-8 cannot store them.
UNSTORABLE = re.compile("[\x00\ud800-\udfff]")

ISO_DATE = re.compile(r"(\d{4})(?:([-/])(\d{1,2})(?:\2(\d{1,2}))?)?(?=$|[T\s])")


def clean(text: str) -> str:
    """Replace NUL characters and lone surrogates by U+FFFD; the length stays the same."""
    return UNSTORABLE.sub("\ufffd", text)


def one_line(text: str | None) -> str:
    """A title or name, cleaned, on one line; empty for None."""
    return " ".join(clean(text or "").split())


def iso_date(stated: object) -> str | None:
    """The date at the start of a value as ``YYYY[-MM[-DD]]``; None if there is no valid date."""
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
    """Check the length of a text, in code points.

    Raises:
        DocumentError: It exceeds ``MAX_TEXT``.
    """
    if length > MAX_TEXT:
        raise DocumentError(f"holds more than {MAX_TEXT // 1_000_000} million characters; split it into smaller files")
