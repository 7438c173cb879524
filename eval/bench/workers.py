"""Indexing by Ray workers against indexing without: passages a second, in turns, with the default embedder.

    python -m rag.eval.bench.workers --passages 2000 --rounds 3 --workers 1 2

The time runs from the first report of the run until the index is current. The start of Ray comes before and is given
apart; the workers load the model within it. Ray is told that there is one processor more than workers, whatever the
machine has, so that one worker computes in two threads and more workers in one each.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from rag import RagError, RayWorkers, SentenceTransformerEncoder, build_index

from .synthetic_documents import make_folder


def timed(docs: Path, index: Path, encoder: SentenceTransformerEncoder, count: int) -> tuple[float, float]:
    """Build an index by ``count`` workers, or without Ray if it is 0.

    Returns:
        Seconds before the first report, and passages a second after it.
    """
    begun = time.monotonic()
    first: list[float] = []

    def report(stage: str, done: int, total: int) -> None:
        if not first:
            first.append(time.monotonic())

    workers = RayWorkers(processors=count + 1) if count else None
    changes = build_index(docs, index, encoder, report=report, workers=workers)
    return first[0] - begun, changes.passages / (time.monotonic() - first[0])


def main(argv: Sequence[str] | None = None) -> int:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--passages", type=int, default=2_000, help="passages to index (default: %(default)s)")
    parser.add_argument("--rounds", type=int, default=3, help="builds of each kind (default: %(default)s)")
    parser.add_argument(
        "--workers", type=int, nargs="+", default=[1], metavar="N", help="numbers of workers (default: 1)"
    )
    args = parser.parse_args(argv)
    speeds: dict[int, list[float]] = {count: [] for count in (0, *args.workers)}
    try:
        encoder = SentenceTransformerEncoder()
        with tempfile.TemporaryDirectory() as place:
            docs = Path(place) / "docs"
            docs.mkdir()
            make_folder(docs, args.passages)
            for turn in range(args.rounds):
                for count, found in speeds.items():
                    start, speed = timed(docs, Path(place) / f"{count}-{turn}", encoder, count)
                    found.append(speed)
                    print(f"{count} workers: started in {start:.1f} s, {speed:.1f} passages/s", flush=True)
    except RagError as error:
        print(f"workers: {error}", file=sys.stderr)
        return 2
    plain = speeds[0]
    for count, found in speeds.items():
        ratios = ", ".join(f"{one / other:.2f}" for one, other in zip(found, plain, strict=True))
        print(f"{count} workers: median {statistics.median(found):.1f} passages/s; ratios to 0 workers: {ratios}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
