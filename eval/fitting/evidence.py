"""Fit the probabilities of evidence, and measure them: ``python -m rag.eval.fitting.evidence FILE=ARTICLES ...``.

The questions are the shipped ones with gold evidence or without an answer, and those of evidence files about their last
ARTICLES articles, which must be the ones held back from the training of the large model. The calibration part, and a
random half of the articles, are fitted on; the others give the figures that are printed and stored, with 95% bootstrap
intervals, beside those of the sentence of the best answer. All are asked as a user would ask: the passages are
retrieved and read.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from scipy.special import expit

from rag import Hit, Index, InputError, RagError, Retriever, SentenceTransformerEncoder, SpanReader
from rag.embedding.encoder import Encoder
from rag.paths import shipped_reader
from rag.questions.evidence import load_evidence, marked_questions
from rag.questions.schema import Question, load_questions
from rag.reading.evidence import Candidate, candidates
from rag.reading.scoring import EVIDENCE
from rag.text.segmentation import Extent

from ..paths import SHIPPED_EVIDENCE, SHIPPED_QUESTIONS
from ..scoring.evidence import Counts, f1, figures, gold_places, words_at
from ..scoring.metrics import calibration_error
from .confidence import regression
from .data import shipped_index

#: Signals used; their weights are at least 0.
UNREAD = ("span", "retrieval", "dense", "coverage", "titled")
READ = (*UNREAD, "second_span", "evidence", "strongest", "neighbour")

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
        sentences: The sentences.
        words: Words of each.
        gold: Words of each that are evidence.
        total: Words of evidence in all documents.
        answer: For each, whether it holds the start of the best answer.
    """

    file: str
    fitting: bool
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


def main(argv: Sequence[str] | None = None) -> int:
    """Read, fit, and write the file; returns 2 on invalid input."""
    parser = argparse.ArgumentParser(
        prog="python -m rag.eval.fitting.evidence",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("files", type=_articles, nargs="*", metavar="FILE=ARTICLES")
    parser.add_argument(
        "--out", type=Path, default=shipped_reader(), metavar="DIR",
        help="the reader's folder (default: the shipped reader)",
    )  # fmt: skip
    args = parser.parse_args(argv)
    try:
        encoder = SentenceTransformerEncoder()
        held_back = [held_back_questions(path, articles, encoder) for path, articles in args.files]
        data = [
            example for file in [*shipped_questions(encoder), *held_back] for example in read(file, encoder, args.out)
        ]
    except RagError as error:
        print(f"{parser.prog}: {error}", file=sys.stderr)
        return 2
    text = json.dumps(fit(data), indent=2) + "\n"
    # Print first, so that an unwritable folder does not lose the result.
    print(text, end="")
    (args.out / EVIDENCE).write_text(text, encoding="utf-8")
    return 0


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
        found = reader.read_hits(question.text, hits)
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


def fit(data: Sequence[Example]) -> dict[str, Any]:
    """Fit the weights and the threshold; returns the content of the file that ``EvidenceFinder`` reads."""
    fitted, others = [each for each in data if each.fitting], [each for each in data if not each.fitting]
    models = {"read": _fitted(fitted, READ, read=True), "unread": _fitted(fitted, UNREAD, read=False)}
    threshold = _best_threshold(fitted, [_probabilities(each, models) for each in fitted])
    return {
        **models,
        "threshold": threshold,
        "fitted_on": {
            "questions": len(fitted),
            "with_evidence": sum(each.total > 0 for each in fitted),
            "sentences": sum(len(each.sentences) for each in fitted),
        },
        "unseen_questions": {
            name: _measured([each for each in others if each.file == name], models, threshold)
            for name in dict.fromkeys(each.file for each in others)
        },
    }


def _fitted(data: Sequence[Example], names: Sequence[str], *, read: bool) -> dict[str, Any]:
    """Weights and bias for the sentences of passages that the second model has read, or of the others."""
    masks = [each.read == read for each in data]
    features = np.concatenate([each.features(names)[mask] for each, mask in zip(data, masks, strict=True)])
    right = np.concatenate([each.right[mask] for each, mask in zip(data, masks, strict=True)])
    weights = regression(features, right).round(4)
    return {
        "weights": {name: float(weight) for name, weight in zip(names, weights[:-1], strict=True) if weight},
        "bias": float(weights[-1]),
    }


def _probabilities(example: Example, models: Mapping[str, Mapping[str, Any]]) -> Floats:
    """Probability of each sentence."""
    logits = {
        name: example.features(list(part["weights"])) @ np.array(list(part["weights"].values())) + part["bias"]
        for name, part in models.items()
    }
    return np.asarray(expit(np.where(example.read, logits["read"], logits["unread"])))


def _best_threshold(data: Sequence[Example], values: Sequence[Floats]) -> float:
    """The threshold with the highest F1 of the words, as the mean over the files; of questions with evidence."""
    rows = [(each, value) for each, value in zip(data, values, strict=True) if each.total]
    names = list(dict.fromkeys(each.file for each, _ in rows))

    def score(threshold: float) -> float:
        counts = [[each.counts(value >= threshold) for each, value in rows if each.file == name] for name in names]
        return float(np.mean([f1(*np.array(each).T) for each in counts]))

    return float(max(np.arange(0.02, 0.98, 0.01).round(2), key=score))


def _measured(data: Sequence[Example], models: Mapping[str, Mapping[str, Any]], threshold: float) -> dict[str, Any]:
    """Figures of the questions with evidence, the share of the others that get any, and the calibration error."""
    values = [_probabilities(each, models) for each in data]
    given = [value >= threshold for value in values]
    with_evidence = [number for number, each in enumerate(data) if each.total]
    without = [bool(given[number].any()) for number, each in enumerate(data) if not each.total]
    error = calibration_error(np.concatenate(values), np.concatenate([each.right for each in data]))
    return {
        "evidence": _figures([data[number].counts(given[number]) for number in with_evidence]),
        "sentence_of_the_answer": _figures([data[number].counts(data[number].answer) for number in with_evidence]),
        "without_an_answer": {"questions": len(without), "given_evidence": sum(without)},
        "calibration_error": round(error, 4),
    }


def _figures(counts: Sequence[Counts]) -> dict[str, Any]:
    """Precision, recall and F1 of the words, each with its interval and the number of questions."""
    found = figures(counts)
    return {
        name: {key: round(value, 3) for key, value in asdict(found[name]).items() if value is not None}
        for name in ("precision", "recall", "f1")
    }


def _articles(text: str) -> tuple[Path, int]:
    """``FILE=ARTICLES``."""
    path, _, count = text.rpartition("=")
    try:
        return Path(path), int(count)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{text!r} is not FILE=ARTICLES with a number of articles") from error


if __name__ == "__main__":
    sys.exit(main())
