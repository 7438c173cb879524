"""Plain text, and decoding bytes in a reproducible way."""

from __future__ import annotations

import codecs
import re

from ..errors import DocumentError
from ..types import Document, name_title
from .base import Parsed, Remark

BYTE_ORDER_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)

#: Encodings that a byte-order mark or the bytes themselves prove; others are guesses.
PROVEN_ENCODINGS = frozenset({"utf-8", *(name for _, name in BYTE_ORDER_MARKS)})

#: Maximum length of a title, in code points, and the stretch of a text that is searched for one.
LONGEST_TITLE, HEAD = 80, 2_000

#: A line below or above a title, as in reStructuredText.
UNDERLINE = re.compile(r"([=\-~^*#\"'+])\1{2,}")

#: A Markdown heading: many text files are Markdown by another name.
HEADING = re.compile(r"#{1,6}\s+(.*?)(?:\s+#+)?")

#: Control characters that do not occur in text; tabs, line and page breaks are not included.
CONTROL = re.compile(r"[\x00-\x08\x0e-\x1a\x7f]")


def read_text(document_id: str, raw: bytes) -> Parsed:
    """Plain text; the title is its first line, if that is one, else the file's name."""
    text, encoding = decode(raw)
    title = first_line_title(text) or name_title(document_id)
    document = Document(document_id, text, title, metadata={"encoding": encoding})
    return Parsed([document], warnings=guess_remarks(document_id, encoding))


def first_line_title(text: str) -> str:
    """The first line of a text if it is a title, without the marks of a Markdown heading; else an empty string.

    A title is short, begins like one, does not end like a sentence, a salutation or a list, and stands apart: a blank
    line or an underline follows, and then more text.
    """
    lines = [line.strip() for line in text[:HEAD].split("\n")]
    lines = lines[next((i for i, line in enumerate(lines) if line and not UNDERLINE.fullmatch(line)), 0) :]
    heading = HEADING.fullmatch(lines[0])
    title, below = heading[1] if heading else lines[0], lines[1:]
    if not 2 < len(title) <= LONGEST_TITLE or not any(map(str.isalpha, title)) or title[0].islower():
        return ""
    if not title[-1].isalnum() and title[-1] not in "?)”’\"'»":
        return ""
    stands_apart = bool(below) and (not below[0] or UNDERLINE.fullmatch(below[0]) is not None)
    return title if stands_apart and any(below) else ""


def guess_remarks(document_id: str, encoding: str) -> list[Remark]:
    """A warning if the encoding is a guess."""
    if encoding in PROVEN_ENCODINGS:
        return []
    return [Remark(document_id, f"not UTF-8; it was read as {encoding}, a guess: save it as UTF-8 to be sure")]


def decode(raw: bytes) -> tuple[str, str]:
    """Decode bytes; returns the text and the encoding, so that ``raw.decode(encoding)`` gives the text.

    The encoding is that of the byte-order mark, else UTF-8 if valid, else a guess of charset-normalizer.

    Raises:
        DocumentError: The bytes are binary or broken UTF-8, or their encoding is unknown.
    """
    encoding = next((name for mark, name in BYTE_ORDER_MARKS if raw.startswith(mark)), "utf-8")
    try:
        text = raw.decode(encoding)
    except UnicodeDecodeError as error:
        if encoding != "utf-8" or _mostly_utf8(raw):
            raise DocumentError(f"broken {encoding.upper()} at byte {error.start:,}; save it again as UTF-8") from error
        text, encoding = _guess(raw)
    if "\x00" in text:
        raise DocumentError(
            "holds NUL bytes, so it is binary, or UTF-16 without a byte-order mark; save it as UTF-8 text"
        )
    if len(CONTROL.findall(text[:100_000])) > 0.02 * len(text[:100_000]):
        raise DocumentError("is full of control characters, so it is binary; save it as UTF-8 text")
    return text, encoding


def _mostly_utf8(raw: bytes) -> bool:
    """True if multi-byte characters outnumber invalid bytes."""
    text = raw.decode("utf-8", errors="replace")
    wrong = text.count("\ufffd")
    return sum(1 for character in text if character > "\x7f") - wrong > wrong


def _guess(raw: bytes) -> tuple[str, str]:
    if b"\x00" in raw[:4096]:
        raise DocumentError("holds NUL bytes, so it is binary; save it as UTF-8 text")
    import charset_normalizer

    found = charset_normalizer.from_bytes(raw[:200_000])
    best = found.best()
    # Windows-1252 is by far the most common, so it is tried first if plausible.
    plausible = {encoding for match in found for encoding in (match.encoding, *match.could_be_from_charset)}
    likely = [*(["cp1252"] if "cp1252" in plausible else []), *([best.encoding] if best else [])]
    for encoding in likely:
        try:
            return raw.decode(encoding), encoding
        except UnicodeDecodeError:
            continue
    raise DocumentError("its encoding is unknown; save it as UTF-8")
