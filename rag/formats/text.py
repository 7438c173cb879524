"""Plain text: how bytes are decoded, so that anybody can decode them again."""

from __future__ import annotations

import codecs
import re

import charset_normalizer

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

#: Encodings that a byte-order mark or the bytes themselves prove; any other one was guessed.
PROVEN_ENCODINGS = frozenset({"utf-8", *(name for _, name in BYTE_ORDER_MARKS)})

#: Control characters that no text has; tabs, line and page breaks are not among them.
CONTROL = re.compile(r"[\x00-\x08\x0e-\x1a\x7f]")


def read_text(document_id: str, raw: bytes) -> Parsed:
    """Plain text; the title is the file's name."""
    text, encoding = decode(raw)
    document = Document(document_id, text, name_title(document_id), metadata={"encoding": encoding})
    return Parsed([document], warnings=guess_remarks(document_id, encoding))


def guess_remarks(document_id: str, encoding: str) -> list[Remark]:
    """A warning where nothing proves the encoding."""
    if encoding in PROVEN_ENCODINGS:
        return []
    return [Remark(document_id, f"not UTF-8; it was read as {encoding}, a guess: save it as UTF-8 to be sure")]


def decode(raw: bytes) -> tuple[str, str]:
    """The text and the name of its encoding, with which ``raw.decode(encoding)`` gives the text again.

    A byte-order mark decides; without one UTF-8 is tried, then what charset-normalizer finds most likely.

    Raises:
        DocumentError: The bytes are binary, broken UTF-8, or in no encoding that could be told.
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
    """Are there more characters of several bytes than bytes that are wrong?"""
    text = raw.decode("utf-8", errors="replace")
    wrong = text.count("\ufffd")
    return sum(1 for character in text if character > "\x7f") - wrong > wrong


def _guess(raw: bytes) -> tuple[str, str]:
    if b"\x00" in raw[:4096]:
        raise DocumentError("holds NUL bytes, so it is binary; save it as UTF-8 text")
    found = charset_normalizer.from_bytes(raw[:200_000])
    best = found.best()
    # Western European is by far the most common, so wherever it is plausible at all it is tried first.
    plausible = {encoding for match in found for encoding in (match.encoding, *match.could_be_from_charset)}
    likely = [*(["cp1252"] if "cp1252" in plausible else []), *([best.encoding] if best else [])]
    for encoding in likely:
        try:
            return raw.decode(encoding), encoding
        except UnicodeDecodeError:
            continue
    raise DocumentError("in no encoding that could be told; save it as UTF-8")
