"""Does a quote that was exported still stand in its file?

An export comes from anywhere, so nothing in it is believed: its offsets are checked, and of the files that it names
only those are read that an index of these folders would hold.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from ..errors import DocumentError, InputError
from ..formats import parse
from ..index.originals import ROW
from ..sources.discovery import Source, content_hash, find_sources, read_bytes
from ..types import Document
from .answers import FORMAT, VERSION

State = Literal["stands", "moved", "gone", "file missing", "unreadable"]

#: Gives the bytes of a file by its path; raises FileNotFoundError where there is none, DocumentError where it cannot.
Read = Callable[[str], bytes]


#: How a path begins that is not relative to anything, on any system.
ABSOLUTE = re.compile(r"[/\\]|[A-Za-z]:[/\\]")


@dataclass(frozen=True, slots=True)
class Quote:
    """A quote as an export has it.

    Attributes:
        question: Which it answers.
        text, document, start, end: The words, and where they stood (code points).
        sentence, sentence_start: The sentence that they stood in, and where it began.
        file: Path of the file that the document is, or is a part of.
        sha256: What the file was known by.
    """

    question: str
    text: str
    document: str
    start: int
    end: int
    sentence: str
    sentence_start: int
    file: str
    sha256: str


@dataclass(frozen=True, slots=True)
class Checked:
    """What became of a quote.

    Attributes:
        quote: Which.
        state: ``stands`` where it stood; ``moved`` within its file; ``gone`` from it; or its file cannot be looked at.
        document, start, end: Where the words stand now; where they stood if they do not any more.
        same_sentence: They stand in the sentence that they stood in.
        same_file: The file has not changed by a byte.
        detail: Why the file cannot be looked at, else empty.
    """

    quote: Quote
    state: State
    document: str
    start: int
    end: int
    same_sentence: bool = False
    same_file: bool = False
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Export:
    """What there is in an export: its quotes, and how many questions had no answer."""

    quotes: tuple[Quote, ...]
    not_found: int


class Files:
    """The files of some folders as they are now, by the paths that an index of these folders knows them by.

    Args:
        paths: Files and folders, as for ``build_index``. Of one that is gone, all files are missing.
    """

    def __init__(self, paths: Sequence[Path]) -> None:
        self._sources: dict[str, Source] = {}
        self._faults: list[str] = []
        for path in paths:
            # One by one, so that one that is gone does not hide the others; several folders have their names in front.
            before = f"{path.resolve().name}/" if len(paths) > 1 and path.is_dir() else ""
            try:
                self._sources |= {before + source.document_id: source for source in find_sources([path])}
            except InputError as error:
                self._faults.append(str(error))

    def read(self, path: str) -> bytes:
        """The bytes of a file.

        Raises:
            FileNotFoundError: There is none under that path.
            DocumentError: It cannot be read.
        """
        if path not in self._sources:
            raise FileNotFoundError("; ".join(self._faults))
        return read_bytes(self._sources[path])


def read_export(path: Path) -> Export:
    """The quotes of a JSON export.

    Raises:
        InputError: The file cannot be read, is no such export or that of a newer version, or an answer in it makes no
            sense; says which.
    """
    try:
        content = json.loads(path.read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror or error}); check path and permissions") from error
    except (ValueError, RecursionError) as error:
        raise InputError(f"{path}: not JSON; give a file that `rag ask --export` or the page wrote") from error
    if not isinstance(content, dict) or content.get("format") != FORMAT:
        raise InputError(f"{path}: holds no exported answers; give a file that `rag ask --export` or the page wrote")
    version = content.get("version")
    if type(version) is not int or version < 1 or not isinstance(content.get("answers"), list):
        raise InputError(f"{path}: is not as it was written; export the answers again")
    if version > VERSION:
        raise InputError(f"{path}: has version {version}, this rag reads version {VERSION}; check it with a newer rag")
    quotes = []
    for number, answer in enumerate(content["answers"], start=1):
        try:
            if _field(answer, "found", bool):
                quotes.append(_quote(answer))
        except InputError as error:
            raise InputError(f"{path}: answer {number}: {error}") from error
    return Export(tuple(quotes), len(content["answers"]) - len(quotes))


def check(quotes: Sequence[Quote], read: Read) -> list[Checked]:
    """What became of each quote, in their order; every file is read and parsed once.

    The words count, not the hash alone: that somebody wrote a hash beside a quote does not make it stand in the file.
    Where the words stand elsewhere, those in the same sentence come first, then those nearest to the old place.
    """
    found: dict[Quote, Checked] = {}
    for file in dict.fromkeys(quote.file for quote in quotes):
        of_file = [quote for quote in quotes if quote.file == file]
        found |= zip(of_file, _check_file(file, of_file, read), strict=True)
    return [found[quote] for quote in quotes]


def _check_file(file: str, quotes: Sequence[Quote], read: Read) -> Iterator[Checked]:
    try:
        raw = read(file)
        documents = {document.id: document for document in parse(file, raw).documents}
    except (FileNotFoundError, DocumentError) as error:
        state: State = "file missing" if isinstance(error, FileNotFoundError) else "unreadable"
        yield from (Checked(q, state, q.document, q.start, q.end, detail=str(error)) for q in quotes)
        return
    digest = content_hash(raw)
    for quote in quotes:
        yield _check(quote, documents, digest == quote.sha256)


def _check(quote: Quote, documents: dict[str, Document], same_file: bool) -> Checked:
    own = documents.get(quote.document)
    if own and own.text[quote.start : quote.end] == quote.text:
        begin = quote.sentence_start
        same_sentence = own.text[begin : begin + len(quote.sentence)] == quote.sentence
        return Checked(quote, "stands", quote.document, quote.start, quote.end, same_sentence, same_file)
    others = (document for document in documents.values() if document is not own)
    places = [*([own] if own else []), *sorted(others, key=lambda document: _distance(quote.document, document.id))]
    before = quote.start - quote.sentence_start
    for document in places:
        if (at := _nearest(document.text, quote.sentence, quote.sentence_start)) is not None:
            start = at + before
            return Checked(quote, "moved", document.id, start, start + len(quote.text), True, same_file)
    for document in places:
        if (at := _nearest(document.text, quote.text, quote.start)) is not None:
            return Checked(quote, "moved", document.id, at, at + len(quote.text), False, same_file)
    return Checked(quote, "gone", quote.document, quote.start, quote.end, False, same_file)


def _nearest(text: str, words: str, start: int) -> int | None:
    """Where the words stand nearest to an offset; the earlier place of two that are as near."""
    before, after = text.rfind(words, 0, start + len(words)), text.find(words, start)
    places = [at for at in (before, after) if at >= 0]
    return min(places, key=lambda at: abs(at - start), default=None)


def _distance(one: str, other: str) -> int:
    """How many rows lie between two rows of a table; 0 between what are no rows."""
    rows = [ROW.search(document_id) for document_id in (one, other)]
    first, second = (int(row.group()[1:]) if row else 0 for row in rows)
    return abs(first - second) if all(rows) else 0


def _quote(answer: Any) -> Quote:
    words, sentence, file = (_field(answer, name, dict) for name in ("quote", "sentence", "file"))
    text, start, end = _extent(words, "quote")
    around, begin, stop = _extent(sentence, "sentence")
    if not (begin <= start and end <= stop and around[start - begin : end - begin] == text):
        raise InputError("the quote does not stand in its sentence; export it again")
    document, path = _path(answer, "document"), _path(file, "path")
    if document != path and not document.startswith((f"{path}/", f"{path}#")):
        raise InputError(f"the document {document!r} is no part of the file {path!r}; export it again")
    question, digest = _field(answer, "question", str), _field(file, "sha256", str)
    return Quote(question, text, document, start, end, around, begin, path, digest)


def _extent(values: dict[str, Any], name: str) -> tuple[str, int, int]:
    text, start, end = _field(values, "text", str), _field(values, "start", int), _field(values, "end", int)
    if start < 0 or not text or end - start != len(text):
        raise InputError(f"the {name} {text[:80]!r} cannot stand at {start}-{end}; export it again")
    return text, start, end


def _path(values: dict[str, Any], name: str) -> str:
    """A path relative to the indexed folders that stays below them."""
    path: str = _field(values, name, str)
    if ABSOLUTE.match(path) or ".." in path.replace("\\", "/").split("/"):
        raise InputError(f"{path[:80]!r} leads out of the indexed folders, so it is not read")
    return path


def _field(values: Any, name: str, kind: type) -> Any:
    """A field of an object; a bool is no number."""
    value = values.get(name) if isinstance(values, dict) else None
    if type(value) is not kind:
        raise InputError(f"{name!r} is missing, or not of its type; export it again")
    return value
