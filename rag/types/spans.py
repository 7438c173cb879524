"""What a reader finds in passages: spans with their signals, and evidence."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Sentence:
    """A sentence of a document; offsets in code points of the document."""

    start: int
    end: int
    text: str


@dataclass(frozen=True, slots=True)
class Signals:
    """Signals about a span, the inputs of the ranking and of the confidence; for each, higher is better.

    A signal that a reader does not compute is 0.

    Attributes:
        span: Log-odds of the span against "this passage does not answer", from the start and end outputs of the
            first model.
        answerability: Log-odds that the passage answers the question at all, from a separate output.
        retrieval: Fused score of the span's hit minus that of the first hit; 0 or less.
        dense: Cosine similarity of question and passage, in [-1, 1].
        coverage: Share of the question's terms in the passage, weighted by rarity; in [0, 1].
        margin: Score of the span minus that of the best other answer, or of no answer if that is higher.
        second_pass_score: As ``span``, from the larger model that reads the best passages again; its lowest score for
            spans of other passages, and ``span`` if there is no such model.
        support: Natural logarithm of the number of documents that give the same words.
        type_fit: -1 if the words are plainly not of the type that the question asks for (no number, no date), else 0.
        lead: Score of the candidate minus that of the best one; 0 or less.
    """

    span: float = 0.0
    answerability: float = 0.0
    retrieval: float = 0.0
    dense: float = 0.0
    coverage: float = 0.0
    margin: float = 0.0
    second_pass_score: float = 0.0
    support: float = 0.0
    type_fit: float = 0.0
    lead: float = 0.0

    @property
    def is_answer(self) -> bool:
        """True if the reader thinks it more likely that the words answer than that their passage does not answer.

        Checked by hand on the calibration part of the shipped questions, where 16 other places have the words of a
        right answer: of the 8 for which this is true, 7 answer; of the other 8, 2 do.
        """
        return self.span >= 0


@dataclass(frozen=True, slots=True)
class Span:
    """A candidate answer, as a reader returns it.

    Attributes:
        document_id, start, end, text: The words and their offsets (code points of the document).
        sentence: The sentence around them; several sentences if they cross a boundary.
        hit: Index of the hit whose passage holds them, from 0.
        score: The reader's score, which orders the candidates; higher is better, comparable within one question.
        signals: Inputs of the confidence.
    """

    document_id: str
    start: int
    end: int
    text: str
    sentence: Sentence
    hit: int
    score: float
    signals: Signals


@dataclass(frozen=True, slots=True)
class Evidence:
    """A sentence of a document that bears on the question.

    Attributes:
        document_id, start, end, text: The sentence and its offsets (code points of the document).
        probability: That it bears on the question, in [0, 1].
        hit: Index of the hit whose passage holds it, from 0.
        title: Title of the document.
        page: Page number at ``start``, from 1; None in formats without pages.
        heading: Heading above ``start``; None in formats without headings.
        ocr: As ``Answer.ocr``.
    """

    document_id: str
    start: int
    end: int
    text: str
    probability: float
    hit: int
    title: str
    page: int | None = None
    heading: str | None = None
    ocr: float | None = None
