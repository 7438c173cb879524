"""Milvus against an index in a folder: ``python -m rag.eval.bench.stores STORE [SQUAD.json.gz ...]``.

The same documents are indexed in both, the same questions asked of both. The collections are dropped afterwards. With
``--together``, the paragraphs of all files are one collection of shorter passages: those of the data sets that
CONTRIBUTING.md describes make 78,000 of at most 48 tokens.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.table import Table

from rag import Assistant, Document, Encoder, Hit, RagError, Retriever, SentenceTransformerEncoder
from rag.embedding.encoder import Progress, Vectors
from rag.formats import READING, parse
from rag.index.milvus import Address, Connection, drop
from rag.index.prepare import PreparedFile
from rag.index.storage import open_storage
from rag.index.versions import new_version, writing
from rag.paths import shipped_corpus
from rag.questions.places import Gold
from rag.questions.schema import Question, load_questions
from rag.questions.squad import load_squad, sample
from rag.sources.discovery import content_hash, find_sources, read_bytes
from rag.text.chunking import Budget, ChunkSettings, chunk

from ..paths import SHIPPED_QUESTIONS
from ..scoring.bootstrap import Interval, interval, paired_interval
from ..scoring.metrics import mean, percentile
from ..scoring.suite import passage_relevance
from .synthetic import passages
from .synthetic_documents import SyntheticEncoder

#: Hits compared.
K = 10


@dataclass(frozen=True, slots=True)
class Comparison:
    """Figures of one collection of documents.

    Attributes:
        name: Of the collection.
        passages, questions: Counts.
        build: Seconds to write the index without embedding, in the folder and in Milvus.
        overlap: Share of the folder's ten best passages that are among Milvus' ten best; mean and 95% interval.
        answers: Share of the questions with the same answer, or none, in both, and their number; None if no reader was
            used.
        first: Share of the answerable questions whose first passage answers them, in the folder and in Milvus.
        difference: 95% interval of the difference of the two, paired.
        seconds: Seconds of each search without embedding, in the folder and in Milvus.
    """

    name: str
    passages: int
    questions: int
    build: tuple[float, float]
    overlap: tuple[float, Interval]
    answers: tuple[float, Interval, int] | None
    first: tuple[float, float]
    difference: Interval
    seconds: tuple[list[float], list[float]]


def compare(
    name: str,
    documents: Sequence[Document],
    questions: Sequence[Question],
    encoder: Encoder,
    store: str,
    *,
    answers: int,
    settings: ChunkSettings | None = None,
) -> Comparison:
    """Index documents in a folder and in Milvus, and ask both.

    Args:
        name: Name of the documents.
        documents: The documents, with distinct ids.
        questions: Questions with gold answers in them.
        encoder: Embedder.
        store: Address of a collection that does not exist.
        answers: Number of questions whose answers are compared, drawn at random; 0 for none.
        settings: Chunk settings.
    """
    settings = settings or ChunkSettings()
    with tempfile.TemporaryDirectory() as temporary:
        folders = Path(temporary, "folder"), Path(temporary, "milvus")
        # Neither store pays for embedding, which is remembered.
        encoder = RememberingEncoder(encoder)
        write(Path(temporary, "first"), documents, encoder, settings)
        encoder.encode([question.text for question in questions])
        try:
            build = (
                write(folders[0], documents, encoder, settings),
                write(folders[1], documents, encoder, settings, store),
            )
            retrievers = [Retriever.load(folder, encoder) for folder in folders]
            found = [[_timed(retriever, question) for question in questions] for retriever in retrievers]
            asked = sample(list(questions), answers, 0) if answers else []
            same = _answers(retrievers, asked) if asked else None
            count = len(retrievers[0].index.passages)
        finally:
            drop(Connection(Address.parse(store)))
    hits = [[each for each, _ in one] for one in found]
    overlap = np.array([_overlap(*pair) for pair in zip(*hits, strict=True)])
    right = [
        np.array([_is_first(question, found) for question, found in zip(questions, one, strict=True) if question.golds])
        for one in hits
    ]
    return Comparison(
        name, count, len(questions), build,
        (mean(overlap), interval(mean, [overlap])),
        same,
        (mean(right[0]), mean(right[1])), paired_interval(mean, [right[0]], [right[1]]),
        ([seconds for _, seconds in found[0]], [seconds for _, seconds in found[1]]),
    )  # fmt: skip


def write(
    folder: Path, documents: Iterable[Document], encoder: Encoder, settings: ChunkSettings, store: str | None = None
) -> float:
    """Index documents, each as a file of its own; returns the seconds."""
    started = time.perf_counter()
    with writing(folder):
        storage = open_storage(folder, encoder, store)
        window = Budget(encoder.count_tokens, encoder.window)
        with new_version(folder) as version, storage.writer(version, settings, None) as writer:
            for document in sorted(documents, key=lambda each: each.id):
                cut = [(document, list(chunk(document, settings, window)))]
                writer.add_prepared(PreparedFile(document.id, content_hash(document.text.encode()), cut))
            writer.finish([], limits={}, follow_links=False, reading=READING)
    return time.perf_counter() - started


def _timed(retriever: Retriever, question: Question) -> tuple[list[Hit], float]:
    started = time.perf_counter()
    hits = retriever.search(question.text, K)
    return hits, time.perf_counter() - started


def _overlap(local: Sequence[Hit], remote: Sequence[Hit]) -> float:
    one, other = ({(hit.passage.document_id, hit.passage.start) for hit in hits} for hits in (local, remote))
    return len(one & other) / max(len(one), 1)


def _is_first(question: Question, hits: Sequence[Hit]) -> float:
    return float(bool(hits) and passage_relevance(hits[0].passage, question.golds) > 0)


def _answers(retrievers: Sequence[Retriever], questions: Sequence[Question]) -> tuple[float, Interval, int]:
    assistants = [Assistant.with_reader(retriever) for retriever in retrievers]
    same = []
    for question in questions:
        one, other = (assistant.ask(question.text).answer for assistant in assistants)
        places = [each and (each.document, each.start, each.end) for each in (one, other)]
        same.append(float(places[0] == places[1]))
    column = np.array(same)
    return mean(column), interval(mean, [column]), len(same)


def shipped() -> tuple[list[Document], list[Question]]:
    """The shipped articles and the test part of their questions."""
    documents = [
        document
        for source in find_sources([shipped_corpus()])
        for document in parse(source.document_id, read_bytes(source)).documents
    ]
    by_id = {document.id: document for document in documents}
    return documents, [each for each in load_questions(SHIPPED_QUESTIONS, by_id) if each.part == "test"]


class RememberingEncoder:
    """Embeds a text once, however often it is asked to.

    Args:
        encoder: Embeds.
    """

    def __init__(self, encoder: Encoder) -> None:
        self.name, self.fingerprint = encoder.name, encoder.fingerprint
        self.dimension, self.window = encoder.dimension, encoder.window
        self._encoder = encoder
        self._known: dict[str, Vectors] = {}

    def encode(self, texts: Sequence[str], progress: Progress | None = None) -> Vectors:
        """``float32 [len(texts), dimension]``, unit length."""
        new = list(dict.fromkeys(text for text in texts if text not in self._known))
        if new:
            self._known.update(zip(new, self._encoder.encode(new, progress), strict=True))
        return np.array([self._known[text] for text in texts], np.float32).reshape(len(texts), self.dimension)

    def count_tokens(self, text: str) -> int:
        """Number of tokens in the text."""
        return self._encoder.count_tokens(text)


def together(paths: Sequence[Path], asked: int) -> tuple[list[Document], list[Question]]:
    """The paragraphs of several SQuAD-format files, and questions drawn at random from all of them."""
    documents: list[Document] = []
    questions: list[Question] = []
    for path in paths:
        prefix = path.name
        found, its_questions = load_squad(path, lambda _: None)
        documents += [replace(each, id=f"{prefix}/{each.id}") for each in found]
        for each in its_questions:
            golds = tuple(replace(gold, document=f"{prefix}/{gold.document}") for gold in each.golds)
            questions.append(replace(each, golds=golds))
    return documents, sample(questions, asked, 0)


def synthetic(count: int, asked: int) -> tuple[list[Document], list[Question]]:
    """Synthetic documents of one or two passages, and questions made of words of some of them."""
    documents = [Document(f"{number:09}.txt", text, "") for number, text in enumerate(passages(count))]
    chosen = np.random.default_rng(1).choice(count, min(asked, count), replace=False)
    questions = []
    for number in chosen.tolist():
        document = documents[number]
        gold = Gold(document.id, 0, len(document.text), document.text, 0, len(document.text))
        questions.append(Question(document.id, " ".join(document.text.split()[5:13]), (gold,)))
    return documents, questions


def show(found: Sequence[Comparison]) -> Table:
    """The comparisons as a table."""
    table = Table("", *(each.name for each in found))
    rows = {
        "passages": [f"{each.passages:,}" for each in found],
        "questions": [f"{each.questions:,}" for each in found],
        f"overlap of the {K} best": [_share(*each.overlap) for each in found],
        "same answer": [_share(*each.answers[:2]) if each.answers else "" for each in found],
        "of questions": [f"{each.answers[2]:,}" if each.answers else "" for each in found],
        "R@1 folder": [f"{each.first[0]:.3f}" for each in found],
        "R@1 Milvus": [f"{each.first[1]:.3f}" for each in found],
        "difference, 95%": [f"{each.difference.low:+.3f} to {each.difference.high:+.3f}" for each in found],
        "write, s": [f"{each.build[0]:.0f}; {each.build[1]:.0f}" for each in found],
        "search p50, ms": [_times(each, 50) for each in found],
        "search p95, ms": [_times(each, 95) for each in found],
    }
    for name, cells in rows.items():
        table.add_row(name, *cells)
    return table


def _share(value: float, around: Interval) -> str:
    return f"{value:.3f} ({around.low:.3f} to {around.high:.3f})"


def _times(each: Comparison, share: float) -> str:
    return "; ".join(f"{1000 * percentile(share, seconds):.0f}" for seconds in each.seconds)


def main() -> int:
    """Compare, and print the table."""
    parser = argparse.ArgumentParser(prog="python -m rag.eval.bench.stores", description=__doc__)
    parser.add_argument("store", help="address of a collection that does not exist: milvus://HOST:PORT/COLLECTION")
    parser.add_argument("squad", nargs="*", type=Path, help="SQuAD-format files, whose paragraphs are indexed")
    parser.add_argument("--passages", type=int, help="also index so many synthetic passages, with made-up vectors")
    parser.add_argument(
        "--together", action="store_true",
        help="index all SQuAD-format files as one collection, in passages of at most --max-tokens",
    )  # fmt: skip
    parser.add_argument(
        "--max-tokens", type=int, default=48, metavar="N", help="length of passages with --together (default: 48)"
    )
    parser.add_argument(
        "--questions", type=int, default=200, metavar="N",
        help="questions asked of the synthetic passages and with --together (default: 200)",
    )  # fmt: skip
    parser.add_argument(
        "--answers", type=int, default=100, metavar="N",
        help="compare the answers of N questions of each set, drawn at random; 0 for none (default: %(default)s)",
    )  # fmt: skip
    args = parser.parse_intermixed_args()
    console = Console()
    found = []
    try:
        if Connection(Address.parse(args.store)).has(Address.parse(args.store).collection):
            parser.error(f"{args.store}: the collection exists; name one that does not, since it is dropped afterwards")
        encoder = SentenceTransformerEncoder()
        if args.together:
            settings = ChunkSettings(args.max_tokens, args.max_tokens // 4, args.max_tokens // 4)
            made = together(args.squad, args.questions)
            found.append(compare("together", *made, encoder, args.store, answers=args.answers, settings=settings))
        else:
            found.append(compare("shipped", *shipped(), encoder, args.store, answers=args.answers))
            for path in args.squad:
                found.append(compare(path.name, *load_squad(path), encoder, args.store, answers=args.answers))
        if args.passages:
            made = synthetic(args.passages, args.questions)
            found.append(compare("synthetic", *made, SyntheticEncoder(), args.store, answers=0))
    except RagError as error:
        print(f"stores: {error}", file=sys.stderr)
        return 2
    console.print(show(found))
    console.print("Pairs: the folder; Milvus. Intervals: 95%, bootstrap over questions.")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
