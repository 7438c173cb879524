"""Candidate spans of passages, from what a model made of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ..formats import is_markdown
from ..index.lexical import Rarity, coverage, terms
from ..questions.answer_type import concise_end, fits_question, is_count_of_things
from ..text.links import without_link_marks
from ..text.segmentation import HEADING, Extent, trim
from ..text.values import with_unit
from ..types import Hit, Passage, Sentence, Signals, Span
from .predictor import Prediction, ReadText
from .scoring import prior_score
from .sentences import parts_of

#: Spans taken from one passage.
SPANS_PER_PASSAGE = 3

#: A cell of a table up to this length, in code points, is quoted as a whole.
WHOLE_CELL = 60

PRONOUNS = frozenset("he she it they him her them his hers its their theirs who which that this these those".split())


def spans_of(question: str, hits: Sequence[Hit], texts: Mapping[int, ReadText], rarity: Rarity) -> list[Span]:
    """The best spans of passages, in order of the passages.

    Args:
        question: The question.
        hits: The hits.
        texts: What a model made of their passages, by the number of the hit.
        rarity: Weights of terms that question and passage share.
    """
    question_terms = list(set(terms(question)))
    weights = dict(zip(question_terms, rarity(question_terms), strict=True))
    spans = []
    for number, read in texts.items():
        hit = hits[number]
        shared = coverage(weights, hit.passage.read_text)
        inside = [part.extent for part in parts_of(hit.passage)]
        for prediction in read.best(SPANS_PER_PASSAGE):
            start, end = _words(hit.passage, prediction, question)
            words = hit.passage.text[start:end]
            if _is_answer(words) and not repeats_question(words, question) and not is_count_of_things(words, question):
                signals = Signals(
                    span=prediction.score,
                    answerability=prediction.answerability,
                    retrieval=hit.score - hits[0].score,
                    dense=hit.dense,
                    coverage=shared,
                    second_pass_score=prediction.score,
                    type_fit=0.0 if fits_question(words, question) else -1.0,
                )
                sentence = _sentence_around(hit.passage, inside, start, end)
                spans.append(_span(hit.passage, number, Extent(start, end), sentence, signals))
    return spans


def _span(passage: Passage, hit: int, words: Extent, sentence: Sentence, signals: Signals) -> Span:
    """A span of a passage, given by its offsets in the passage."""
    return Span(
        passage.document_id,
        passage.start + words.start,
        passage.start + words.end,
        passage.text[words.start : words.end],
        sentence,
        hit,
        prior_score(signals),
        signals,
    )


def _words(passage: Passage, prediction: Prediction, question: str) -> Extent:
    """The words of a prediction that answer, as offsets in the passage."""
    text, start, end = passage.read_text, prediction.start, prediction.end
    cell = passage.view.cell_at(start, end) if passage.view else None
    length = cell.end - cell.start if cell else 0
    if passage.view and cell and length <= WHOLE_CELL and not passage.view.is_paragraph(cell):
        start, end = cell.at, cell.at + length
    else:
        end = start + concise_end(text[start:end], question)
    if is_markdown(passage.document_id):
        start, end = without_link_marks(text, start, end)
    if cell is None:
        return Extent(*with_unit(text, start, end, question))
    offset = cell.start - cell.at - passage.start
    return Extent(start + offset, end + offset)


def _is_answer(text: str) -> bool:
    """True if the text holds a letter or digit and is not a bare pronoun."""
    return any(character.isalnum() for character in text) and text.casefold() not in PRONOUNS


def repeats_question(text: str, question: str) -> bool:
    """True if all content words of a text stand in the question, unless the question offers a choice with "or".

    Of 542 questions that the fits use, one has only answers of this kind.
    """
    content = set(terms(text))
    return bool(content) and content <= set(terms(question)) and " or " not in question.casefold()


def _sentence_around(passage: Passage, inside: Sequence[Extent], start: int, end: int) -> Sentence:
    """The sentence around a span of a passage, from its first to its last one if it crosses boundaries.

    The marks before a heading are not part of its sentence.

    Args:
        passage: The passage.
        inside: Its sentences.
        start, end: The span, by its offsets in the passage, which stand for the sentence where there is none.
    """
    crossed = [each for each in inside if each.start < end and start < each.end] or [Extent(start, end)]
    first, end = crossed[0].start, crossed[-1].end
    heading = HEADING.match(passage.text, first)
    start = min(heading.end(), start) if heading else first
    start, end = trim(passage.text, start, end)
    return Sentence(passage.start + start, passage.start + end, passage.text[start:end])
