"""Indexing by Ray workers against indexing without: passages a second, in turns, with the default embedder.

    python -m rag.eval.bench.workers --passages 2000 --rounds 3

The time runs from the first report of the run until the index is current. The start of Ray comes before and is given
apart; the workers load the model within it.
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


def timed(docs: Path, index: Path, encoder: SentenceTransformerEncoder, *, with_ray: bool) -> tuple[float, float]:
    """Build an index: seconds before the first report, and passages a second after it."""
    begun = time.monotonic()
    first: list[float] = []

    def report(stage: str, done: int, total: int) -> None:
        if not first:
            first.append(time.monotonic())

    workers = RayWorkers() if with_ray else None
    changes = build_index(docs, index, encoder, report=report, workers=workers)
    return first[0] - begun, changes.passages / (time.monotonic() - first[0])


def main(argv: Sequence[str] | None = None) -> int:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--passages", type=int, default=2_000, help="passages to index (default: %(default)s)")
    parser.add_argument("--rounds", type=int, default=3, help="builds of each kind (default: %(default)s)")
    args = parser.parse_args(argv)
    speeds: dict[str, list[float]] = {"without Ray": [], "with Ray": []}
    try:
        encoder = SentenceTransformerEncoder()
        with tempfile.TemporaryDirectory() as place:
            docs = Path(place) / "docs"
            docs.mkdir()
            make_folder(docs, args.passages)
            for turn in range(args.rounds):
                for kind, found in speeds.items():
                    start, speed = timed(docs, Path(place) / f"{kind}-{turn}", encoder, with_ray=kind == "with Ray")
                    found.append(speed)
                    print(f"{kind}: started in {start:.1f} s, {speed:.1f} passages/s", flush=True)
    except RagError as error:
        print(f"workers: {error}", file=sys.stderr)
        return 2
    for kind, found in speeds.items():
        print(f"{kind}: median {statistics.median(found):.1f} passages/s")
    ratios = [ray / plain for plain, ray in zip(*speeds.values(), strict=True)]
    print(f"ratio of each round: {', '.join(f'{ratio:.2f}' for ratio in ratios)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
