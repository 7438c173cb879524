"""Retrieved results to results with candidates and evidence."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace
from itertools import compress

from ..index import Index
from ..reading.contract import HitsRead, Reader
from ..reading.evidence import EvidenceFinder
from ..reading.reader import SpanReader
from ..reading.scoring import Confidence
from ..types import Answer, Evidence, Result, Seconds
from .candidates import CandidateMaker
from .judging import is_relevant


def read_results(
    results: Sequence[Result], reader: Reader, index: Index, confidence: Confidence, evidence: EvidenceFinder
) -> list[Result]:
    """The results with the candidates found in their hits, best first, and the evidence.

    A reader that can reads the passages of all results together; each result gets its share of the time. Hits that are
    not relevant are not read.

    Args:
        results: Results with hits.
        reader: Finds spans.
        index: The index that the hits come from.
        confidence: Turns the reader's signals into a probability.
        evidence: Finds sentences.

    Raises:
        InputError: A question is too long to be read together with a passage.
    """
    started = time.perf_counter()
    maker = CandidateMaker(confidence, index.place, index.store.ocr_score)
    relevant = [is_relevant(result.hits) for result in results]
    read = iter(_read_hits(reader, list(compress(results, relevant))))
    found: list[tuple[tuple[Answer, ...], tuple[Evidence, ...]]] = []
    for result, has_relevant in zip(results, relevant, strict=True):
        if not has_relevant:
            found.append(((), ()))
            continue
        each = next(read)
        sentences = evidence.find(result.question, result.hits, each, index.lexical.rarity)
        # What OCR read may be less likely than the sentences after it.
        placed = sorted((_placed(sentence, index) for sentence in sentences), key=lambda each: -each.probability)
        found.append((maker.candidates(result.question, each.spans, result.hits), tuple(placed)))
    seconds = (time.perf_counter() - started) / max(len(results), 1)
    return [_read(result, *each, seconds) for result, each in zip(results, found, strict=True)]


def _read_hits(reader: Reader, results: Sequence[Result]) -> list[HitsRead]:
    """What the reader found in the hits of each result."""
    if isinstance(reader, SpanReader):
        return reader.read_hits([(result.question, result.hits) for result in results])
    # Other readers give no scores of sentences.
    return [HitsRead(reader.read(result.question, result.hits)) for result in results]


def _placed(evidence: Evidence, index: Index) -> Evidence:
    """The sentence with page and heading; what OCR read is less probable."""
    place = index.place(evidence.document_id, evidence.start)
    ocr = index.store.ocr_score(evidence.document_id, evidence.start, evidence.end)
    probability = evidence.probability * (1.0 if ocr is None else ocr)
    return replace(evidence, page=place.page, heading=place.heading, probability=probability, ocr=ocr)


def _read(result: Result, answers: tuple[Answer, ...], evidence: tuple[Evidence, ...], seconds: float) -> Result:
    """A result as it was retrieved, with what was found in its hits."""
    retrieve = result.seconds.retrieve
    total = Seconds(retrieve, seconds, retrieve + seconds)
    retrieved = Result.of_hits(result.question, result.hits, retrieve)
    return replace(retrieved, answers=answers, seconds=total, notice=result.notice, evidence=evidence)
