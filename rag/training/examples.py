"""Files to examples: SQuAD's format, and our own question sets with the documents of an index."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from ..errors import InputError
from ..index.lexical import Lexical
from ..questions.schema import Bad, Gold, Open, Question, load_questions, pass_over, refuse
from ..questions.squad import load_squad
from ..reading.windows import WindowMaker
from ..text.segmentation import Extent, paragraphs
from ..types import Document

#: A file is held back from only where at least so many times more articles are left to learn from.
LEAST_LEFT = 3


@dataclass(frozen=True, slots=True)
class Passage:
    """A paragraph to learn from.

    Attributes:
        title: Of its article, for people; may be empty.
        text: Its text.
        article: The article it belongs to, unique among all files.
        file: Number of the file.
    """

    title: str
    text: str
    article: str
    file: int


@dataclass(frozen=True, slots=True)
class Example:
    """A question and the passage that answers it, or that seems to.

    Attributes:
        question: Its text.
        passage: Row of ``Examples.passages``.
        golds: Where each annotator's answer stands, code points of the passage; none where it does not answer.
    """

    question: str
    passage: int
    golds: tuple[tuple[int, int], ...]


@dataclass(slots=True)
class Examples:
    """What is learnt from, or measured on."""

    passages: list[Passage] = field(default_factory=list)
    examples: list[Example] = field(default_factory=list)

    def counts(self) -> dict[int, Counter[str]]:
        """Of each file: its passages, questions, and how many of these are unanswerable."""
        found: dict[int, Counter[str]] = {}
        for passage in self.passages:
            found.setdefault(passage.file, Counter())["passages"] += 1
        for example in self.examples:
            of_file = found[self.passages[example.passage].file]
            of_file["questions"] += 1
            of_file["unanswerable"] += not example.golds
        return found

    def of(self, articles: Iterable[str]) -> Examples:
        """Those of some articles."""
        chosen = set(articles)
        rows = [row for row, passage in enumerate(self.passages) if passage.article in chosen]
        number = {row: i for i, row in enumerate(rows)}
        return Examples(
            [self.passages[row] for row in rows],
            [Example(e.question, number[e.passage], e.golds) for e in self.examples if e.passage in number],
        )


@dataclass(frozen=True, slots=True)
class Split:
    """Examples by what they are for; no article has a part in two."""

    training: Examples
    development: Examples
    test: Examples


def load(
    files: Sequence[Path],
    documents: Callable[[], Mapping[str, Document]],
    maker: WindowMaker,
    bad: Bad = refuse,
    left_open: Open = pass_over,
) -> Examples:
    """All examples of the files.

    Args:
        files: SQuAD 1.1 or 2.0 as ``.json`` or ``.json.gz``, or question sets as ``.jsonl``.
        documents: Gives the documents that a question set is about.
        maker: Will cut the windows; says which questions are too long.
        bad: Told of each question that is none; it is left out unless this raises.
        left_open: Told of each question that is left out because nobody has said yet what answers it.

    Raises:
        InputError: A file is of no such format, or no question in all of them has an answer.
    """
    found = Examples()
    for number, path in enumerate(files):
        if path.suffix == ".jsonl":
            texts = documents()
            questions = load_questions(path, texts, bad, left_open)
            _add_set(found, number, texts, _learnable(path, questions, maker, bad))
        else:
            contexts, questions = load_squad(path, bad)
            _add_squad(found, number, contexts, _learnable(path, questions, maker, bad))
    if not any(example.golds for example in found.examples):
        raise InputError(
            f"{files[0]}: no question has an answer; a reader cannot be trained on unanswerable ones alone"
        )
    return found


def split(examples: Examples, held_back: int, test_share: float = 0.75) -> Split:
    """The last ``held_back`` articles of each file are kept out of training; the last of these are the test.

    A file that would lose more than a quarter of its articles is kept whole.
    """
    by_file: dict[int, list[str]] = {}
    for passage in examples.passages:
        by_file.setdefault(passage.file, []).append(passage.article)
    parts: tuple[list[str], list[str], list[str]] = ([], [], [])
    for names in by_file.values():
        articles = list(dict.fromkeys(names))
        kept = held_back if len(articles) >= (LEAST_LEFT + 1) * held_back else 0
        tested = round(kept * test_share)
        cuts = len(articles) - kept, len(articles) - tested
        for part, chosen in zip(
            parts, (articles[: cuts[0]], articles[cuts[0] : cuts[1]], articles[cuts[1] :]), strict=True
        ):
            part.extend(chosen)
    return Split(*(examples.of(part) for part in parts))


def _learnable(path: Path, questions: list[Question], maker: WindowMaker, bad: Bad) -> list[Question]:
    """The questions that are in words, and short enough."""
    kept = []
    for question, tokens in zip(questions, maker.many([question.text for question in questions]), strict=True):
        if not any(character.isalnum() for character in question.text):
            bad(InputError(f"{path}: question {question.id} has no words"))
        elif len(tokens.ids) > maker.longest_question:
            bad(
                InputError(
                    f"{path}: question {question.id} is {len(tokens.ids)} tokens long; "
                    f"at most {maker.longest_question} are read beside a passage"
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


def _add_set(found: Examples, file: int, documents: Mapping[str, Document], questions: list[Question]) -> None:
    """Each gold's paragraph with the golds in it; paragraphs of wrong answers, with none.

    Of an unanswerable question's document the likeliest paragraph, where no wrong answer says a likelier one.
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
                # Words that answer may stand beside those that do not.
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
    """The paragraph that some words stand in; none where they stand in several."""
    document = documents[place.document]
    return [e for e in paragraphs(document.text, document.body) if e.start <= place.start and place.end <= e.end]
