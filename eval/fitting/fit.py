"""Fit ranking and confidence of a reader: ``python -m rag.eval.fitting.fit --out DIR [--also FILE:ARTICLES ...]``.

The reader reads the passages of each question of ``rag.eval.fitting.data`` once. Then the ranking is fitted, and on
what it puts first, the confidence. Both are written into the reader's folder.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence

from rag import RagError
from rag.reading.scoring import CONFIDENCE, RANKING, Ranking

from . import confidence, ranking
from .data import add_options, fitting_sets


def main(argv: Sequence[str] | None = None) -> int:
    """Read, fit, and write the files; returns 2 on invalid input."""
    parser = argparse.ArgumentParser(
        prog="python -m rag.eval.fitting.fit",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add_options(parser)
    args = parser.parse_args(argv)
    try:
        readings = [reading for each in fitting_sets(args.out, args.also) for reading in each.read()]
    except RagError as error:
        print(f"{parser.prog}: {error}", file=sys.stderr)
        return 2
    ranked = ranking.fit([each for each in map(ranking.shortlist, readings) if each])
    order = Ranking(ranked["weights"])
    judged = confidence.fit([each for reading in readings if (each := confidence.example(reading, order))])
    # Print first, so that an unwritable folder does not lose the result.
    print(json.dumps({"ranking": ranked, "confidence": judged}, indent=2))
    for name, content in ((RANKING, ranked), (CONFIDENCE, judged)):
        (args.out / name).write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
