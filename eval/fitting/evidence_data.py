"""Questions with gold evidence, asked as a user would, for fitting the probabilities of evidence."""

from __future__ import annotations

import random
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from rag import Hit, Index, InputError, Retriever, SpanReader
from rag.embedding.encoder import Encoder
from rag.questions.evidence import load_evidence, marked_questions
from rag.questions.schema import Question, load_questions
from rag.reading.evidence import Candidate, asks_for_several, candidates
from rag.text.segmentation import Extent

from ..paths import SHIPPED_EVIDENCE, SHIPPED_QUESTIONS
from ..scoring.evidence import Counts, gold_places, words_at
from .data import shipped_index

#: Random questions asked of a file, at most.
MOST = 240

#: Passages that the retriever finds, and that the reader gets of them.
FOUND, PASSAGES = 40, 10

Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]


class Asked(NamedTuple):
    """A question to ask.

    Attributes:
        question: The question; its ``evidence`` may be None if no document answers it.
        fitting: Is it fitted on?
    """

    question: Question
    fitting: bool


@dataclass(frozen=True, slots=True)
class QuestionFile:
    """Questions of a file, with an index of their documents.

    Attributes:
        name: Name of the file.
        index: The index.
        questions: The questions.
        articles: Article of each document, where documents are passages of articles: other passages of the question's
            article are left out, since their evidence is not marked.
    """

    name: str
    index: Index
    questions: Sequence[Asked]
    articles: Mapping[str, str]

    def hits(self, retriever: Retriever, question: Question) -> list[Hit]:
        """The passages to read."""
        own = self.articles.get(question.document)
        found = retriever.search(question.text, FOUND)
        return [hit for hit in found if self._is_marked(hit.passage.document_id, question, own)][:PASSAGES]

    def _is_marked(self, document: str, question: Question, article: str | None) -> bool:
        return article is None or document == question.document or self.articles[document] != article


@dataclass(frozen=True, slots=True)
class Example:
    """The sentences of the passages found for a question.

    Attributes:
        file: Name of the question's file.
        fitting: Is it fitted on?
        several: Does the question ask for several sentences?
        sentences: The sentences.
        words: Words of each.
        gold: Words of each that are evidence.
        total: Words of evidence in all documents.
        answer: For each, whether it holds the start of the best answer.
    """

    file: str
    fitting: bool
    several: bool
    sentences: Sequence[Candidate]
    words: Floats
    gold: Floats
    total: int
    answer: Flags

    @property
    def right(self) -> Flags:
        """Sentences of which at least half of the words are evidence."""
        return (self.gold > 0) & (self.gold * 2 >= self.words)

    @property
    def read(self) -> Flags:
        """Sentences of passages that the second model has read."""
        return np.array([each.is_read_again for each in self.sentences], dtype=bool)

    def features(self, names: Sequence[str]) -> Floats:
        """``float64 [sentences, len(names)]``."""
        rows = [[getattr(each.signals, name) for name in names] for each in self.sentences]
        return np.array(rows, dtype=float).reshape(len(rows), len(names))

    def counts(self, chosen: Flags) -> Counts:
        """Words of the chosen sentences."""
        return Counts(int(self.gold[chosen].sum()), int(self.words[chosen].sum()), self.total)


def shipped_questions(encoder: Encoder) -> Iterator[QuestionFile]:
    """The shipped questions with gold evidence, and those that no document answers."""
    index = shipped_index(encoder)
    for path in (SHIPPED_EVIDENCE, SHIPPED_QUESTIONS):
        questions = load_questions(path, index.documents)
        chosen = [each for each in questions if each.evidence is not None or not each.golds]
        asked = [Asked(each, each.part == "calibration") for each in chosen]
        yield QuestionFile(path.name, index, asked, {})


def held_back_questions(path: Path, count: int, encoder: Encoder) -> QuestionFile:
    """Questions about the last articles of an evidence file; random articles, one half of them, are fitted on.

    Raises:
        InputError: The file is invalid or has too few articles.
    """
    questions = load_evidence(path)
    articles = list(dict.fromkeys(question.article for question in questions))[-count:]
    if len(articles) < max(count, 2):
        raise InputError(f"{path}: has {len(articles)} articles, not {count}; hold back at least 2 that it has")
    # Some files are sorted by whether their questions have an answer.
    shuffled = random.Random(0)
    shuffled.shuffle(articles)
    fitted = set(articles[::2])
    kept = [question for question in questions if question.article in set(articles)]
    documents, marked = marked_questions(kept)
    asked = [Asked(each, question.article in fitted) for each, question in zip(marked, kept, strict=True)]
    article_of = {each.document: question.article for each, question in zip(marked, kept, strict=True)}
    return QuestionFile(
        path.name, Index.build(documents, encoder), shuffled.sample(asked, min(MOST, len(asked))), article_of
    )


def read(file: QuestionFile, encoder: Encoder, folder: Path) -> Iterator[Example]:
    """Ask the questions of a file.

    Args:
        file: The file.
        encoder: The embedder.
        folder: A reader's folder.

    Raises:
        InputError: The folder holds no reader, or one without a large model with an output for evidence.
    """
    index = file.index
    rarity, documents = index.lexical.rarity, index.documents
    retriever, reader = Retriever(index, encoder), SpanReader.load(folder, rarity)
    for number, (question, fitting) in enumerate(file.questions, start=1):
        hits = file.hits(retriever, question)
        found = reader.read_hits([(question.text, hits)])[0]
        if not all(text.has_evidence for text in found.again.values()) or (found.spans and not found.again):
            raise InputError(f"{folder}: has no large model with an output for evidence; train one with evidence files")
        sentences = list(candidates(question.text, hits, found, rarity))
        places = [_place(each, hits[each.hit]) for each in sentences]
        gold = words_at(gold_places(question.evidence or ()), documents)
        words = [words_at([place], documents) for place in places]
        best = found.spans[0] if found.spans else None
        yield Example(
            file.name,
            fitting,
            asks_for_several(question.text),
            sentences,
            np.array([len(each) for each in words], dtype=float),
            np.array([len(each & gold) for each in words], dtype=float),
            len(gold),
            np.array(
                [best is not None and _holds(place, best.document_id, best.start) for place in places], dtype=bool
            ),
        )
        if number % 50 == 0 or number == len(file.questions):
            print(f"{file.name}: {number} of {len(file.questions)} questions", file=sys.stderr)


def _place(candidate: Candidate, hit: Hit) -> tuple[str, Extent]:
    start, end = candidate.part
    return hit.passage.document_id, Extent(hit.passage.start + start, hit.passage.start + end)


def _holds(place: tuple[str, Extent], document: str, at: int) -> bool:
    return place[0] == document and place[1].start <= at < place[1].end
