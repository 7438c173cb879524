"""Check exported quotes against the files as they are now.

An export may come from anywhere, so it is not trusted: its offsets are checked, and only files are read that an index
of the given folders would hold.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from ..errors import DocumentError, InputError
from ..index.originals import ROW
from ..sources.discovery import Source, content_hash, find_sources, read_bytes
from ..sources.parse_process import ParseProcess
from ..sources.remote import Location, RemoteFolder
from ..text.search import last_index
from ..types import Document
from .answers import FORMAT, VERSION

State = Literal["matches", "moved", "gone", "file missing", "unreadable"]

#: Reads a file by its path; raises FileNotFoundError or, if it cannot be read, DocumentError.
Read = Callable[[str], bytes]

#: Start of an absolute path on any system.
ABSOLUTE = re.compile(r"[/\\]|[A-Za-z]:[/\\]")


@dataclass(frozen=True, slots=True)
class Quote:
    """A quote of an export.

    Attributes:
        question: The question it answers.
        text, document, start, end: The words and their offsets when exported (code points).
        sentence, sentence_start: Their sentence, and its offset.
        file: Path of the document's file.
        sha256: Hash of the file when exported.
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
    """A quote and its state now.

    Attributes:
        quote: The quote.
        state: ``matches`` the file at its offsets; ``moved`` within the file; ``gone`` from it; or ``file missing`` or
            ``unreadable``.
        document, start, end: Where the words are now; the exported place if they have not been found.
        same_sentence: True if the sentence around them is the same.
        same_file: True if the file is unchanged.
        detail: Why the file cannot be read, else empty.
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
    """Quotes that answer the questions of an export, and the number of questions without an answer."""

    quotes: tuple[Quote, ...]
    not_found: int


class Files:
    """Reads files by the paths that an index of the same folders would give them.

    Args:
        paths: Files and folders, as for ``build_index``; missing ones are skipped.
        follow_links: As for ``build_index``.
    """

    def __init__(self, paths: Sequence[Location], *, follow_links: bool = False) -> None:
        self._sources: dict[str, Source] = {}
        self._faults: list[str] = []
        for path in paths:
            # One at a time, so that a missing folder does not hide the others. With several folders, ids start with the
            # folder's name, as in an index.
            is_folder = isinstance(path, RemoteFolder) or path.is_dir()
            prefix = f"{path.resolve().name}/" if len(paths) > 1 and is_folder else ""
            try:
                sources = find_sources([path], follow_links=follow_links)
                self._sources |= {prefix + source.document_id: source for source in sources}
            except InputError as error:
                self._faults.append(str(error))

    def read(self, path: str) -> bytes:
        """Read a file by its path.

        Raises:
            FileNotFoundError: There is no such file.
            DocumentError: It cannot be read.
        """
        if path not in self._sources:
            raise FileNotFoundError("; ".join(self._faults))
        return read_bytes(self._sources[path])


def read_export(path: Path) -> Export:
    """Read the quotes of a JSON export.

    Raises:
        InputError: The file cannot be read, is not an export, has a newer version, or holds an invalid answer.
    """
    try:
        content = json.loads(path.read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror or error}); check path and permissions") from error
    except (ValueError, RecursionError) as error:
        raise InputError(f"{path}: not JSON; give a file that `rag ask --export` or the page wrote") from error
    if not isinstance(content, dict) or content.get("format") != FORMAT:
        raise InputError(f"{path}: not an export; give a file that `rag ask --export` or the page wrote")
    version = content.get("version")
    if type(version) is not int or version < 1 or not isinstance(content.get("answers"), list):
        raise InputError(f"{path}: is damaged; export the answers again")
    if version > VERSION:
        raise InputError(f"{path}: has version {version}, this rag reads version {VERSION}; check it with a newer rag")
    quotes: list[Quote] = []
    not_found = 0
    for number, answer in enumerate(content["answers"], start=1):
        try:
            found = _quotes(answer)
        except InputError as error:
            raise InputError(f"{path}: answer {number}: {error}") from error
        quotes += found
        not_found += not found
    return Export(tuple(quotes), not_found)


def check(quotes: Sequence[Quote], read: Read) -> list[Checked]:
    """Check quotes, reading every file once; results are in the same order.

    The words themselves are compared, because an export's hash can be forged. Words that have moved are looked for in
    the same sentence first, then at the place nearest to the old one.
    """
    by_file: dict[str, list[Quote]] = {}
    for quote in quotes:
        by_file.setdefault(quote.file, []).append(quote)
    checked: dict[Quote, Checked] = {}
    with ParseProcess() as parser:
        for file, in_file in by_file.items():
            checked |= zip(in_file, _check_file(file, in_file, read, parser), strict=True)
    return [checked[quote] for quote in quotes]


def _check_file(file: str, quotes: Sequence[Quote], read: Read, parser: ParseProcess) -> Iterator[Checked]:
    try:
        raw = read(file)
        documents = {document.id: document for document in parser.parse(file, raw).documents}
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
        return Checked(quote, "matches", quote.document, quote.start, quote.end, same_sentence, same_file)
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
    """Offset of the occurrence nearest to ``start``; the earlier of two equally near."""
    before, after = last_index(text, words, start + len(words)), text.find(words, start)
    places = [at for at in (before, after) if at >= 0]
    return min(places, key=lambda at: abs(at - start), default=None)


def _distance(one: str, other: str) -> int:
    """Distance between two table rows; 0 if either is not a row."""
    rows = [ROW.search(document_id) for document_id in (one, other)]
    first, second = (int(row.group()[1:]) if row else 0 for row in rows)
    return abs(first - second) if all(rows) else 0


def _quotes(answer: Any) -> list[Quote]:
    """What answers a question: sentences, the items of a list, the short answer; empty if nothing does.

    Exports of earlier versions hold the short answer only.
    """
    has_short = _field(answer, "found", bool)
    sentences = [each for each in _list(answer, "evidence") if isinstance(each, dict) and each.get("is_answer") is True]
    found = [_quote(answer, each, each, each) for each in (*sentences, *_list(answer, "items"))]
    if has_short:
        words, sentence = _field(answer, "quote", dict), _field(answer, "sentence", dict)
        found.append(_quote(answer, answer, words, sentence))
    return found


def _quote(answer: dict[str, Any], place: Any, words: dict[str, Any], sentence: dict[str, Any]) -> Quote:
    """A quote of an answer.

    Args:
        answer: The answer, which has the question.
        place: What has the document and its file.
        words: The words and their offsets.
        sentence: The sentence around them and its offsets; the words themselves if there is none.
    """
    file = _field(place, "file", dict)
    text, start, end = _extent(words, "quote")
    around, begin, stop = _extent(sentence, "sentence")
    if not (begin <= start and end <= stop and around[start - begin : end - begin] == text):
        raise InputError("the quote is not in its sentence; export it again")
    document, path = _path(place, "document"), _path(file, "path")
    if document != path and not document.startswith((f"{path}/", f"{path}#")):
        raise InputError(f"the document {document!r} is not part of the file {path!r}; export it again")
    question, digest = _field(answer, "question", str), _field(file, "sha256", str)
    return Quote(question, text, document, start, end, around, begin, path, digest)


def _list(answer: dict[str, Any], name: str) -> list[Any]:
    """A list of an answer; empty if it has no such field."""
    return _field(answer, name, list) if name in answer else []


def _extent(values: dict[str, Any], name: str) -> tuple[str, int, int]:
    text, start, end = _field(values, "text", str), _field(values, "start", int), _field(values, "end", int)
    if start < 0 or not text or end - start != len(text):
        raise InputError(f"the {name} {text[:80]!r} does not fit its offsets {start}-{end}; export it again")
    return text, start, end


def _path(values: dict[str, Any], name: str) -> str:
    """A relative path that stays inside the indexed folders."""
    path: str = _field(values, name, str)
    if ABSOLUTE.match(path) or ".." in path.replace("\\", "/").split("/"):
        raise InputError(f"{path[:80]!r} leads out of the indexed folders; it is not read")
    return path


def _field(values: Any, name: str, kind: type) -> Any:
    """A field of exactly the given type (a bool is not an int)."""
    value = values.get(name) if isinstance(values, dict) else None
    if type(value) is not kind:
        raise InputError(f"{name!r} is missing or has the wrong type; export it again")
    return value
