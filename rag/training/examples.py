"""Training examples from SQuAD-format files, evidence files, and question sets over an index."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TypeVar

from ..errors import InputError
from ..index.lexical import Lexical
from ..questions.evidence import EvidenceQuestion, is_evidence_file, load_evidence
from ..questions.places import Gold
from ..questions.schema import OnInvalid, OnUnlabelled, Question, ignore_unlabelled, load_questions, raise_invalid
from ..questions.squad import load_squad
from ..reading.windows import WindowMaker
from ..text.segmentation import Extent, paragraphs
from ..types import Document

Asked = TypeVar("Asked", Question, EvidenceQuestion)

#: A file gives up held-back articles only if at least this many times as many remain for training.
MIN_TRAINING_RATIO = 3


@dataclass(frozen=True, slots=True)
class Passage:
    """A paragraph.

    Attributes:
        title: Title of its article; may be empty.
        text: Its text.
        article: Id of its article, unique among all files.
        file: Index of its file.
    """

    title: str
    text: str
    article: str
    file: int


@dataclass(frozen=True, slots=True)
class Example:
    """A question and a passage that may answer it.

    Attributes:
        question: The question's text.
        passage: Row of ``Examples.passages``.
        golds: ``(start, end)`` of each annotator's answer, code points in the passage; empty if it does not answer, or
            if only the evidence is known.
        evidence: ``(start, end)`` of the evidence; None if it is known by the golds alone.
    """

    question: str
    passage: int
    golds: tuple[tuple[int, int], ...]
    evidence: tuple[tuple[int, int], ...] | None = None

    @property
    def answerable(self) -> bool:
        """Does the passage answer?"""
        return bool(self.golds or self.evidence)


@dataclass(slots=True)
class Examples:
    """Examples and the passages that they refer to."""

    passages: list[Passage] = field(default_factory=list)
    examples: list[Example] = field(default_factory=list)

    def counts(self) -> dict[int, Counter[str]]:
        """Passages, questions and unanswerable questions per file."""
        found: dict[int, Counter[str]] = {}
        for passage in self.passages:
            found.setdefault(passage.file, Counter())["passages"] += 1
        for example in self.examples:
            of_file = found[self.passages[example.passage].file]
            of_file["questions"] += 1
            of_file["unanswerable"] += not example.answerable
        return found

    def of(self, articles: Iterable[str]) -> Examples:
        """The examples of the given articles."""
        chosen = set(articles)
        rows = [row for row, passage in enumerate(self.passages) if passage.article in chosen]
        number = {row: i for i, row in enumerate(rows)}
        return Examples(
            [self.passages[row] for row in rows],
            [replace(e, passage=number[e.passage]) for e in self.examples if e.passage in number],
        )


@dataclass(frozen=True, slots=True)
class Split:
    """Examples split by article."""

    training: Examples
    development: Examples
    test: Examples


def load(
    files: Sequence[Path],
    documents: Callable[[], Mapping[str, Document]],
    maker: WindowMaker,
    on_invalid: OnInvalid = raise_invalid,
    on_unlabelled: OnUnlabelled = ignore_unlabelled,
) -> Examples:
    """Load the examples of all files.

    Args:
        files: SQuAD 1.1 or 2.0 as ``.json`` or ``.json.gz``; evidence files as ``.jsonl`` or ``.jsonl.gz``;
            question sets as ``.jsonl``.
        documents: Returns the documents that question sets are about; called only if there is one.
        maker: Tokenises questions, to reject those that are too long.
        on_invalid: Called for each invalid question, which is skipped unless the callback raises.
        on_unlabelled: Called for each unlabelled question, which is skipped.

    Raises:
        InputError: A file has another format, or no question in any file has an answer.
    """
    found = Examples()
    for number, path in enumerate(files):
        if is_evidence_file(path):
            _add_evidence(found, number, _usable(path, load_evidence(path, on_invalid), maker, on_invalid))
        elif path.suffix == ".jsonl":
            texts = documents()
            questions = load_questions(path, texts, on_invalid, on_unlabelled)
            _add_set(found, number, texts, _usable(path, questions, maker, on_invalid))
        else:
            contexts, questions = load_squad(path, on_invalid)
            _add_squad(found, number, contexts, _usable(path, questions, maker, on_invalid))
    if not any(example.answerable for example in found.examples):
        raise InputError(f"{files[0]}: no question has an answer; add a file with answers")
    return found


def split(
    examples: Examples, held_back: int, by_file: Mapping[int, int] | None = None, test_share: float = 0.75
) -> Split:
    """Hold back the last articles of each file: first development, then ``test_share`` of them for test.

    Args:
        examples: Examples of all files.
        held_back: Articles to hold back of each file. A file that would lose more than a quarter of its articles is
            used for training only.
        by_file: Other numbers for single files, by index.
        test_share: Share of the held-back articles.
    """
    articles_of: dict[int, list[str]] = {}
    for passage in examples.passages:
        articles_of.setdefault(passage.file, []).append(passage.article)
    parts: tuple[list[str], list[str], list[str]] = ([], [], [])
    for file, names in articles_of.items():
        articles = list(dict.fromkeys(names))
        wanted = (by_file or {}).get(file, held_back)
        kept = wanted if len(articles) >= (MIN_TRAINING_RATIO + 1) * wanted else 0
        tested = round(kept * test_share)
        cuts = len(articles) - kept, len(articles) - tested
        for part, chosen in zip(
            parts, (articles[: cuts[0]], articles[cuts[0] : cuts[1]], articles[cuts[1] :]), strict=True
        ):
            part.extend(chosen)
    return Split(*(examples.of(part) for part in parts))


def sample(examples: Examples, most: Mapping[int, int], seed: int) -> Examples:
    """Keep a random ``most`` of the questions of each file named, by index, and all questions of the others."""
    rows: dict[int, list[int]] = {}
    for row, example in enumerate(examples.examples):
        rows.setdefault(examples.passages[example.passage].file, []).append(row)
    kept: list[int] = []
    for file, of_file in rows.items():
        wanted = min(most.get(file, len(of_file)), len(of_file))
        kept += random.Random(f"{seed} {file}").sample(of_file, wanted)
    return Examples(examples.passages, [examples.examples[row] for row in sorted(kept)])


def _usable(path: Path, questions: list[Asked], maker: WindowMaker, on_invalid: OnInvalid) -> list[Asked]:
    """The questions that have words and are short enough."""
    kept = []
    for question, tokens in zip(questions, maker.many([question.text for question in questions]), strict=True):
        if not any(character.isalnum() for character in question.text):
            on_invalid(InputError(f"{path}: question {question.id} has no words; correct it"))
        elif len(tokens.ids) > maker.longest_question:
            on_invalid(
                InputError(
                    f"{path}: question {question.id} is {len(tokens.ids)} tokens long; "
                    f"at most {maker.longest_question} fit beside a passage"
                )
            )
        else:
            kept.append(question)
    return kept


def _add_squad(found: Examples, file: int, documents: list[Document], questions: list[Question]) -> None:
    row = {document.id: len(found.passages) + i for i, document in enumerate(documents)}
    found.passages += [
        Passage(document.title, document.text, f"{file}/{document.id.partition('/')[0]}", file)
        for document in documents
    ]
    found.examples += [
        Example(question.text, row[question.document], tuple((gold.start, gold.end) for gold in question.golds))
        for question in questions
    ]


def _add_evidence(found: Examples, file: int, questions: list[EvidenceQuestion]) -> None:
    rows: dict[str, int] = {}
    for question in questions:
        if question.context not in rows:
            rows[question.context] = len(found.passages)
            found.passages.append(Passage("", question.context, f"{file}/{question.article}", file))
        found.examples.append(Example(question.text, rows[question.context], (), question.evidence))


def _add_set(found: Examples, file: int, documents: Mapping[str, Document], questions: list[Question]) -> None:
    """Add the paragraph of each gold with the golds in it, and paragraphs of wrong answers without golds.

    An unanswerable question without wrong answers gets the best BM25 paragraph of its document.
    """
    rows: dict[tuple[str, int, int], int] = {}

    def row(document: Document, extent: Extent) -> int:
        key = (document.id, *extent)
        if key not in rows:
            rows[key] = len(found.passages)
            found.passages.append(Passage(document.title, document.text[slice(*extent)], f"{file}/{document.id}", file))
        return rows[key]

    for question in questions:
        golds: dict[int, list[tuple[int, int]]] = {}
        for gold in question.golds:
            for extent in _around(gold, documents):
                at = row(documents[gold.document], extent)
                golds.setdefault(at, []).append((gold.start - extent.start, gold.end - extent.start))
        for wrong in question.wrong:
            for extent in _around(wrong, documents):
                # A paragraph that also contains a gold answer is no negative.
                text = documents[wrong.document].text[slice(*extent)].casefold()
                if not any(gold.text.casefold() in text for gold in question.golds):
                    golds[row(documents[wrong.document], extent)] = []
        if not golds and not question.golds and question.document:
            document = documents[question.document]
            extents = list(paragraphs(document.text, document.body))
            scores = Lexical.build(document.text[slice(*extent)] for extent in extents).scores(question.text)
            golds[row(document, extents[int(scores.argmax())])] = []
        found.examples += [Example(question.text, at, tuple(places)) for at, places in golds.items()]


def _around(place: Gold, documents: Mapping[str, Document]) -> list[Extent]:
    """The paragraph that contains the span; empty if it crosses paragraphs."""
    document = documents[place.document]
    return [e for e in paragraphs(document.text, document.body) if e.start <= place.start and place.end <= e.end]
