"""Files to documents: which files are read, how their bytes become text, and what cannot be read and why.

A format is a function from a file's name and bytes to a ``Document`` (``Format``); ``FORMATS`` says which suffix
belongs to which. Text is decoded and nothing else is done to it, so anybody can check a quote::

    text = open(path, encoding=document.metadata["encoding"], newline="").read()
    text[start:end]
"""

from __future__ import annotations

import codecs
import os
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import charset_normalizer
import yaml

from .errors import DocumentError, InputError
from .types import Document

#: Larger files are refused: 20 MB of plain text is some forty novels, and one mistaken log file would take hours.
MAX_FILE_BYTES = 20_000_000

BYTE_ORDER_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)

#: Encodings that a byte-order mark or the bytes themselves prove; any other one was guessed.
PROVEN_ENCODINGS = frozenset({"utf-8", *(name for _, name in BYTE_ORDER_MARKS)})

FRONT_MATTER = re.compile(r"---[ \t]*\r?\n(.*?)^---[ \t]*(?:\r?\n|\Z)", re.DOTALL | re.MULTILINE)
FIRST_HEADING = re.compile(r"^#{1,6}[ \t]+(.+?)[ \t]*#*[ \t]*$", re.MULTILINE)

#: Control characters that no text has; tabs, line and page breaks are not among them.
CONTROL = re.compile(r"[\x00-\x08\x0e-\x1a\x7f]")


class Format(Protocol):
    """How the bytes of one kind of file become a document."""

    def __call__(self, document_id: str, raw: bytes) -> Document:
        """The document.

        Raises:
            DocumentError: The bytes are not what the suffix promises; one line, without the file's name.
        """


@dataclass(frozen=True, slots=True)
class Source:
    """A file to be indexed: what its document will be called, and where it lies; or a folder that cannot be read."""

    document_id: str
    path: Path


def read_text(document_id: str, raw: bytes) -> Document:
    """Plain text; the title is the file's name."""
    text, encoding = decode(raw)
    return Document(document_id, text, _title_from_name(document_id), metadata={"encoding": encoding})


def read_markdown(document_id: str, raw: bytes) -> Document:
    """Markdown; the front matter becomes metadata, the title is the front matter's, else the first heading's."""
    text, encoding = decode(raw)
    metadata: dict[str, object] = {}
    body = 0
    if front := FRONT_MATTER.match(text):
        metadata = _front_matter(front.group(1))
        body = front.end()
    heading = FIRST_HEADING.search(text, body)
    named = metadata.get("title")
    title = named if isinstance(named, str) and named else heading.group(1) if heading else ""
    return Document(document_id, text, title or _title_from_name(document_id), body, {**metadata, "encoding": encoding})


FORMATS: dict[str, Format] = {".txt": read_text, ".md": read_markdown}


def find_sources(paths: Sequence[Path]) -> list[Source]:
    """The files that the paths name, folders searched to the bottom, hidden files left out, in order of their ids.

    A document's id is its path relative to the folder it was found in; with several folders, the folder's
    name goes before it.

    Raises:
        InputError: A path does not exist, holds nothing that can be read, or two files would share an id.
    """
    found: dict[str, Path] = {}
    for path in paths:
        sources = list(_sources_of(path, prefix=f"{path.resolve().name}/" if len(paths) > 1 else ""))
        if not sources:
            kinds = " or ".join(FORMATS)
            raise InputError(f"{path}: no {kinds} files there; name a folder that holds some")
        for source in sources:
            other = found.setdefault(source.document_id, source.path)
            if other.resolve() != source.path.resolve():
                raise InputError(
                    f"{other} and {source.path} would both be called {source.document_id!r}; "
                    f"index the folder above them instead"
                )
    return [Source(document_id, found[document_id]) for document_id in sorted(found)]


def read_bytes(source: Source, max_bytes: int = MAX_FILE_BYTES) -> bytes:
    """The file's bytes.

    Raises:
        DocumentError: It cannot be read, is empty or too large.
    """
    try:
        if source.path.is_dir():
            raise DocumentError("the folder cannot be read; check its permissions")
        size = source.path.stat().st_size
        if size > max_bytes:
            raise DocumentError(
                f"{size / 1e6:,.1f} MB; the limit is {max_bytes / 1e6:,.0f} MB, so split it into smaller files"
            )
        raw = source.path.read_bytes()
    except OSError as error:
        raise DocumentError(f"cannot be read: {error.strerror or error}") from error
    if not raw.strip():
        raise DocumentError("the file is empty")
    return raw


def parse(source: Source, raw: bytes) -> Document:
    """The document in the file's bytes, by the format of its suffix.

    Raises:
        DocumentError: The bytes are not what the suffix promises, or there is no text in them.
    """
    document = FORMATS[source.path.suffix.lower()](source.document_id, raw)
    if not document.text[document.body :].strip():
        raise DocumentError("there is no text in it")
    return document


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


def _front_matter(source: str) -> dict[str, object]:
    try:
        # BaseLoader leaves every value a string: a date stays as it was written, and nothing is executed.
        values = yaml.load(source, Loader=yaml.BaseLoader)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f" in line {mark.line + 2}" if mark else ""
        raise DocumentError(f"the front matter is not YAML{where}; mend it or take it out") from error
    return values if isinstance(values, dict) else {}


def _title_from_name(document_id: str) -> str:
    return Path(document_id).stem


def _sources_of(path: Path, prefix: str) -> Iterator[Source]:
    if path.is_file():
        if path.suffix.lower() not in FORMATS:
            raise InputError(f"{path}: {path.suffix or 'a file without a suffix'} is not read; {_readable()} are")
        yield Source(prefix[: -len(path.name) - 1] + path.name, path)
        return
    if not path.is_dir():
        raise InputError(f"{path}: no such file or folder")
    if not os.access(path, os.R_OK | os.X_OK):
        raise InputError(f"{path}: the folder cannot be read; check its permissions")
    unreadable: list[OSError] = []
    for folder, subfolders, names in os.walk(path, onerror=unreadable.append):
        subfolders[:] = sorted(name for name in subfolders if not name.startswith("."))
        for name in names:
            file = Path(folder, name)
            if not name.startswith(".") and file.suffix.lower() in FORMATS:
                yield Source(prefix + file.relative_to(path).as_posix(), file)
    for error in unreadable:
        closed = Path(error.filename)
        yield Source(prefix + closed.relative_to(path).as_posix(), closed)


def _readable() -> str:
    return " and ".join(FORMATS)
