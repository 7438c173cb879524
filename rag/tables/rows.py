"""The rows of a table, computed one document at a time."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, replace
from typing import Any, Protocol

from ..errors import IndexFolderError, InputError, RagError, first_line
from ..formats import is_markdown
from ..index import Index, Report
from ..index.filters import Where
from ..index.lexical import terms
from ..index.vectors import Rows
from ..questions.feedback import FeedbackFile
from ..reading.scoring import Confidence
from ..retrieval.retriever import Retriever
from ..retrieval.within import DocumentSearch
from ..types import Document, Result, Sentence, name_title
from .corrections import corrected
from .kept import KeptCells, cell_key
from .values import Candidate, TableCell, TableRow

#: Passages read for each cell: those of one document that are best for the question.
PASSAGES = 6


class Source(Protocol):
    """What answers the questions of a table: an ``Assistant``."""

    retriever: Retriever
    document_confidence: Confidence
    feedback: FeedbackFile | None

    @property
    def fingerprint(self) -> str | None:
        """Identifies what answers from one document; None if it cannot be identified."""

    def ask_within(self, search: DocumentSearch, rows: Rows, passages: int) -> list[Result]:
        """The results of some passages for each question of the search, judged with a minimum of 0."""


def table_rows(
    get_source: Callable[[], Source],
    questions: Sequence[str],
    documents: Sequence[str] | None = None,
    where: Where | None = None,
    *,
    min_confidence: float | None = None,
    kept: KeptCells | None = None,
    report: Report | None = None,
) -> Iterator[TableRow]:
    """Ask the same questions of every document, and yield a row as soon as all its cells are computed.

    If the index gets a new version meanwhile, the rest is read from it: a document that has left it gives an empty row.
    Words that people marked right or wrong count, as the source's feedback file has them when the rows begin; cells are
    kept without them.

    Args:
        get_source: Returns the assistant over the current version of the index; called before each row.
        questions: In plain words.
        documents: Ids of the documents, in order; all that match if None.
        where: Conditions on the passages that may answer; see ``Retriever.search``.
        min_confidence: Probability below which a cell is not found; the reader's threshold if None.
        kept: Cells of earlier runs; new ones are added.
        report: Called with ``documents``, the number of rows done, and their number in total.

    Raises:
        InputError: A question cannot be asked, ``where`` is malformed or names an unknown field, or nothing matches.
    """
    view = _View(get_source(), questions, where, kept)
    names = list(view.rows) if documents is None else list(documents)
    if not names:
        raise InputError("no document matches the conditions; change --where, or index documents that match")

    def rows(view: _View) -> Iterator[TableRow]:
        for done, name in enumerate(names):
            if report:
                report("documents", done, len(names))
            try:
                source = get_source()
            except IndexFolderError:
                # The version that is open stays readable.
                source = view.source
            if source is not view.source:
                view = _View(source, questions, where, kept)
            yield view.row(name, min_confidence)
        if report:
            report("documents", len(names), len(names))

    return rows(view)


class _View:
    """One version of the index, and what is asked of it."""

    def __init__(self, source: Source, questions: Sequence[str], where: Where | None, kept: KeptCells | None) -> None:
        self.source = source
        self._index: Index = source.retriever.index
        self.rows = self._index.rows_by_document(where)
        self._search = DocumentSearch.embed(source.retriever, questions)
        self._fingerprint = source.fingerprint
        self._kept = kept if self._fingerprint else None
        file = source.feedback
        self._feedback = {each: file.about(each) for each in questions} if file else {}

    def row(self, name: str, min_confidence: float | None) -> TableRow:
        """The row of a document, whether or not it is in the index."""
        try:
            document = self._index.documents[name]
        except KeyError:
            return TableRow(name, name_title(name), (), "is no longer in the index")
        rows = self.rows.get(name)
        if rows is None:
            return TableRow(name, document.title, (), "does not match the conditions")
        if not len(rows):
            return TableRow(name, document.title, (), "holds no text")
        try:
            found, kept = self._ask(document, rows)
        except RagError as error:
            return TableRow(name, document.title, (), first_line(error))
        minimum = self.source.document_confidence.threshold if min_confidence is None else min_confidence
        judged = (corrected(_judged(cell, minimum), self._feedback.get(cell.question), document) for cell in found)
        cells = (_placed(cell, document) for cell in judged)
        return TableRow(name, document.title, tuple(cells), None, kept)

    def _ask(self, document: Document, rows: Rows) -> tuple[list[TableCell], int]:
        """The cells with a minimum of 0, and how many of them were kept."""
        questions = self._search.questions
        keys = self._keys(document, rows) if self._kept else {}
        cells: dict[str, TableCell] = {}
        for question, key in keys.items():
            if self._kept and (cell := _kept_cell(question, self._kept.get(key), document)):
                cells[question] = cell
        kept = len(cells)
        missing = [question for question in questions if question not in cells]
        for result in self.source.ask_within(self._search.of(missing), rows, PASSAGES) if missing else []:
            best = result.answers[0] if result.answers else None
            found = Candidate(best.text, best.start, best.end, best.confidence, best.sentence) if best else None
            cell = cells[result.question] = TableCell(result.question, found, result.reason)
            if self._kept:
                self._kept.add(keys[cell.question], {"document": document.id, **asdict(cell)})
        return [cells[question] for question in questions], kept

    def _keys(self, document: Document, rows: Rows) -> dict[str, str]:
        """A key for each question, of all that its cell is computed from.

        Other documents matter by the rarity of the question's terms alone, which shifts a little with every document.
        So the key holds roughly how the terms weigh against each other.
        """
        passages = [replace(self._index.passages[int(row)], document_id="") for row in rows]
        read = cell_key(document.title, is_markdown(document.id), [asdict(passage) for passage in passages])
        return {
            question: cell_key(self._fingerprint, read, question, self._weights(question))
            for question in self._search.questions
        }

    def _weights(self, question: str) -> list[float]:
        """Share of each term in the rarity of all terms of a question, rounded to tenths."""
        asked = sorted(set(terms(question)))
        rarity = self._index.lexical.rarity(asked)
        return [round(each / sum(rarity), 1) for each in rarity]


def _judged(cell: TableCell, minimum: float) -> TableCell:
    """A cell that was judged with a minimum of 0, judged with another one."""
    if cell.reason or not cell.candidate or cell.candidate.confidence >= minimum:
        return cell
    likely = math.floor(cell.candidate.confidence * 100)
    return replace(cell, reason=f"too unsure: the best candidate is {likely}% likely to be right")


def _placed(cell: TableCell, document: Document) -> TableCell:
    """The cell with page and heading."""
    if not cell.candidate:
        return cell
    place = document.place(cell.candidate.start)
    return replace(cell, candidate=replace(cell.candidate, page=place.page, heading=place.heading))


def _kept_cell(question: str, values: Mapping[str, Any] | None, document: Document) -> TableCell | None:
    """The cell in a line of ``KeptCells``; None if there is none, or its words do not stand in the document."""
    if values is None:
        return None
    try:
        found = values["candidate"]
        candidate = Candidate(**{**found, "sentence": Sentence(**found["sentence"])}) if found else None
        for words in (candidate, candidate.sentence) if candidate else ():
            if document.text[words.start : words.end] != words.text:
                return None
        return TableCell(question, candidate, values["reason"])
    except (KeyError, TypeError):
        return None
