"""The retrieval benchmark: ``python -m rag.eval.retrieval FILE... [--limit N]``.

All paragraphs of a SQuAD-format file are indexed, and each question is asked of all of them. A hit counts when it
comes from the paragraph that the question was written for; ranks are counted over distinct paragraphs, since a long
paragraph is several passages. Compares the two parts of the retriever, each alone, with their fusion.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.table import Table

from rag import Fusion, Hit, Index, InputError, RagError, Retriever, SentenceTransformerEncoder

from .metrics import bootstrap_interval, mean_reciprocal_rank, recall_at
from .questions import Question
from .squad import check_limit, load_squad, sample

PARTS = {"dense": Fusion(dense=1, lexical=0), "words": Fusion(dense=0, lexical=1), "hybrid": Fusion()}
CUTOFFS = (1, 5, 20)

#: Passages asked for, so that twenty distinct paragraphs are among them.
DEPTH = 60


def paragraph_rank(hits: list[Hit], paragraph: str) -> int | None:
    """Rank from 1 of the paragraph among the distinct ones of the hits."""
    distinct = list(dict.fromkeys(hit.passage.document_id for hit in hits))
    return distinct.index(paragraph) + 1 if paragraph in distinct else None


def ranks(index: Index, encoder: SentenceTransformerEncoder, questions: list[Question]) -> dict[str, list[int | None]]:
    """For dense, words and hybrid the rank of each question's paragraph."""
    found = {}
    for name, fusion in PARTS.items():
        searched = Retriever(index, encoder, fusion).search_many([question.text for question in questions], DEPTH)
        pairs = zip(searched, questions, strict=True)
        found[name] = [paragraph_rank(hits, question.document) for hits, question in pairs]
    return found


def report(name: str, found: dict[str, list[int | None]], passages: int) -> Table:
    """The figures of each part with 95% intervals, and the gain of the fusion over the better part, paired."""
    count = len(found["hybrid"])
    table = Table(
        title=f"{name}: {passages} passages, {count} questions", title_justify="left", box=None, pad_edge=False
    )
    for column in ("", *(f"R@{k}" for k in CUTOFFS), "MRR"):
        table.add_column(column)
    for part, values in found.items():
        cells = [_cell([recall_at(k, [rank]) for rank in values]) for k in CUTOFFS]
        table.add_row(part, *cells, _cell([mean_reciprocal_rank([rank]) for rank in values]))
    better = max(("dense", "words"), key=lambda part: recall_at(1, found[part]))
    pairs = zip(found["hybrid"], found[better], strict=True)
    gains = [recall_at(1, [ours]) - recall_at(1, [theirs]) for ours, theirs in pairs]
    table.add_row(f"hybrid - {better}", _cell(gains, sign="+"))
    return table


def _cell(values: list[float], sign: str = "") -> str:
    low, high = bootstrap_interval(values)
    return f"{sum(values) / len(values):{sign}.3f} ({low:{sign}.3f} to {high:{sign}.3f})"


def main(argv: Sequence[str] | None = None) -> int:
    """Measure each file, and print a table; 2 on bad input."""
    parser = argparse.ArgumentParser(
        prog="python -m rag.eval.retrieval", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("files", nargs="+", type=Path, metavar="FILE", help="SQuAD-format .json or .json.gz")
    parser.add_argument("--limit", type=int, metavar="N", help="ask N questions drawn at random (default: all)")
    parser.add_argument("--seed", type=int, default=0, metavar="N", help="of that draw (default: 0)")
    args = parser.parse_args(argv)
    try:
        measure(args.files, args.limit, args.seed)
    except RagError as error:
        print(f"{parser.prog}: {error}", file=sys.stderr)
        return 2
    return 0


def measure(files: list[Path], limit: int | None, seed: int) -> None:
    """Print a table for each file.

    Raises:
        InputError: A file is not of the format, or has no answerable question.
    """
    check_limit(limit)
    encoder = SentenceTransformerEncoder()
    console = Console(width=None if sys.stdout.isatty() else 140)
    for path in files:
        documents, questions = load_squad(path)
        answerable = sample([question for question in questions if question.golds], limit, seed)
        if not answerable:
            raise InputError(f"{path}: there is no answerable question in it, so nothing to find")
        index = Index.build(documents, encoder)
        console.print(report(path.name, ranks(index, encoder, answerable), len(index.passages)))


if __name__ == "__main__":
    sys.exit(main())
