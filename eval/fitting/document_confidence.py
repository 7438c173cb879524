"""Fit the confidence of answers from one document: ``python -m rag.eval.fitting.document_confidence [--also ...]``.

The questions are those of ``rag.eval.fitting.data``, at most ``MOST`` of each file. Each is asked of its own document
alone, as a table asks, and of one other document of its file that does not answer it. Articles of SQuAD-format files
count as one document each. The ranking of the reader's folder is kept; the confidence is fitted as that of answers from
a whole collection, and written into the folder.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import cast

from rag import RagError, SpanReader
from rag.questions.schema import Question
from rag.reading.scoring import DOCUMENT_CONFIDENCE, Ranking
from rag.retrieval.within import DocumentSearch
from rag.tables import PASSAGES

from ..scoring.suite import GoldPassages
from .confidence import example, fit
from .data import FittingSet, Reading, add_options, fitting_sets

#: Random questions asked of a file, at most.
MOST = 80


def main(argv: Sequence[str] | None = None) -> int:
    """Read, fit, and write the file; returns 2 on invalid input."""
    parser = argparse.ArgumentParser(
        prog="python -m rag.eval.fitting.document_confidence",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add_options(parser)
    args = parser.parse_args(argv)
    try:
        sets = fitting_sets(args.out, args.also, whole_articles=True)
        ranking = Ranking.load(args.out)
        readings = (reading for each in sets for reading in read_within(each))
        text = json.dumps(fit([each for reading in readings if (each := example(reading, ranking))]), indent=2) + "\n"
    except RagError as error:
        print(f"{parser.prog}: {error}", file=sys.stderr)
        return 2
    # Print first, so that an unwritable folder does not lose the result.
    print(text, end="")
    (args.out / DOCUMENT_CONFIDENCE).write_text(text, encoding="utf-8")
    return 0


def read_within(questions: FittingSet) -> Iterator[Reading]:
    """Read the passages of one document for each question, and those of another document that does not answer it."""
    assistant, reader = questions.assistant, cast("SpanReader", questions.assistant.reader)
    passages = GoldPassages(assistant.index)
    asked = asked_within(questions.questions, list(assistant.index.documents))
    search = DocumentSearch.embed(assistant.retriever, list(dict.fromkeys(each.text for each in asked)))
    for number, question in enumerate(asked, start=1):
        [hits] = search.of([question.text]).hits(passages.rows_of(question.document), PASSAGES)
        group = f"{questions.name} {question.document}"
        yield Reading(questions.name, group, question, hits, reader.candidates(question.text, hits), assistant)
        if number % 50 == 0 or number == len(asked):
            print(f"{questions.name}: {number} of {len(asked)} questions", file=sys.stderr)


def asked_within(questions: Sequence[Question], documents: Sequence[str]) -> list[Question]:
    """A random sample of the questions, each with its own document, then with another one that does not answer it.

    Its own document is the first one with an answer, or the one that the question was written about. The right answers
    are those in the document that is asked.
    """
    drawn = random.Random(0)
    asked = []
    for question in drawn.sample(questions, min(MOST, len(questions))):
        answering = dict.fromkeys(gold.document for gold in question.golds)
        own = question.document if question.document in answering else next(iter(answering), question.document)
        others = [name for name in documents if name not in answering and name != own]
        for document in [*([own] if own else []), *drawn.sample(others, min(1, len(others)))]:
            golds = tuple(gold for gold in question.golds if gold.document == document)
            asked.append(replace(question, document=document, golds=golds))
    return asked


if __name__ == "__main__":
    sys.exit(main())
