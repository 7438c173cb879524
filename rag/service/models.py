"""The JSON of ``rag.export.json`` as pydantic models, from which protocols derive their schemas."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, Field

Document = Annotated[
    str,
    Field(
        description="Path relative to the indexed folder; table.csv#12 is row 12, book.xlsx#2 sheet 2, "
        "old.zip/notes.md a file in an archive, letter.eml/plan.pdf an attachment"
    ),
]
Start = Annotated[int, Field(description="Offset of the first character, in Unicode code points of the document")]
End = Annotated[int, Field(description="Offset after the last character, in Unicode code points of the document")]
Page = Annotated[int | None, Field(description="Page number, from 1; null in formats without pages")]
Ocr = Annotated[
    float | None,
    Field(
        description="Lowest score of the words if they were read by OCR, 0 to 1; the confidence was multiplied by it"
    ),
]
Heading = Annotated[str | None, Field(description="Heading above the words; null in formats without headings")]
Probability = Annotated[
    float, Field(description="Probability of being right, 0 to 1: of the answers given at 0.8, about 80% should be")
]


class SentenceModel(BaseModel):
    """The sentence around an answer."""

    text: str
    start: Start
    end: End


class SupportModel(BaseModel):
    """Another place with the same words."""

    document: Document
    start: Start
    end: End


class FeedbackModel(BaseModel):
    """Who marked the words right, and when."""

    by: Annotated[str, Field(description="Name of the account; empty without accounts")]
    at: Annotated[str, Field(description="Time in UTC, ISO 8601")]


class ItemModel(BaseModel):
    """An item of a list."""

    text: str
    document: Document
    start: Start
    end: End
    confidence: Annotated[float, Field(description="That of the candidate that names it")]


class AnswerModel(BaseModel):
    """Exact words of a document, with the probability that they answer the question."""

    text: Annotated[str, Field(description="The exact words: characters start to end of the document")]
    confidence: Probability
    document: Document
    title: str
    start: Start
    end: End
    page: Page
    heading: Heading
    sentence: SentenceModel
    support: Annotated[list[SupportModel], Field(description="Other places with the same words")]
    feedback: FeedbackModel | None
    items: Annotated[list[ItemModel], Field(description="The items of a list; empty if the words are none")]
    ocr: Ocr


class GroupAnswerModel(BaseModel):
    """A member of a group of answers."""

    text: str
    document: Document
    start: Start
    end: End


class GroupModel(BaseModel):
    """Answers that say the same; text and confidence are those of the most likely one."""

    text: str
    confidence: Probability
    documents: list[Document]
    answers: list[GroupAnswerModel]


class AgreementModel(BaseModel):
    """Whether the likely answers agree."""

    agrees: Annotated[bool, Field(description="False if a likely answer in another document contradicts the one given")]
    groups: Annotated[list[GroupModel], Field(description="The first group holds the answer given")]


class HitModel(BaseModel):
    """A passage that was found."""

    document: Document
    title: str
    start: Start
    end: End
    page: Page
    heading: Heading
    text: str
    score: Annotated[float, Field(description="Fused score; comparable within one search")]
    dense: Annotated[float, Field(description="Cosine similarity of question and passage")]
    lexical: Annotated[float, Field(description="BM25 score")]
    tokens: Annotated[int, Field(description="Length in tokens of the index's encoding")]


class SecondsModel(BaseModel):
    """Wall-clock seconds of each stage."""

    retrieve: float
    read: float
    total: float


class NoticeModel(BaseModel):
    """A remark on the question."""

    code: str
    text: str


class EvidenceItemModel(BaseModel):
    """A sentence of a document that bears on the question."""

    text: Annotated[str, Field(description="The sentence: characters start to end of the document")]
    confidence: Annotated[float, Field(description="Probability that it bears on the question, 0 to 1")]
    document: Document
    title: str
    start: Start
    end: End
    page: Page
    heading: Heading
    ocr: Ocr


class ResultModel(BaseModel):
    """Outcome of a question, as ``rag ask --json`` prints it."""

    question: str
    answered: bool
    answer_kind: Annotated[
        Literal["span", "evidence"] | None,
        Field(description="What answers: the words in `answer`, or the sentences in `evidence`; null if nothing does"),
    ]
    answer: Annotated[AnswerModel | None, Field(description="Null if no candidate is likely enough to be right")]
    answers: Annotated[list[AnswerModel], Field(description="All candidates, by descending confidence")]
    evidence: Annotated[
        list[EvidenceItemModel], Field(description="Sentences that bear on the question, most probable first")
    ]
    hits: Annotated[list[HitModel], Field(description="The passages that were read, best first")]
    reason: Annotated[str | None, Field(description="Why there is no answer, for people")]
    reason_code: Annotated[str | None, Field(description="Why there is no answer, for programs")]
    agreement: AgreementModel
    seconds: SecondsModel
    notice: NoticeModel | None
    items: Annotated[
        list[ItemModel],
        Field(description="The items of a list from all likely candidates; empty if no list is asked for"),
    ]


class TableCellModel(BaseModel):
    """A question asked of one document, as in the .jsonl file of ``rag table``."""

    document: Document
    title: str
    column: Annotated[str, Field(description="The question or the name of a field, as it was given")]
    question: Annotated[str, Field(description="What was asked")]
    found: bool
    text: Annotated[str | None, Field(description="The exact words; null if the document does not answer")]
    confidence: Annotated[float | None, Field(description="Probability of being right, 0 to 1")]
    start: Annotated[int | None, Field(description="Offset of the first character, in Unicode code points")]
    end: Annotated[int | None, Field(description="Offset after the last character, in Unicode code points")]
    page: Page
    heading: Heading
    sentence: SentenceModel | None
    reason: Annotated[str | None, Field(description="Why the answer was not found")]


class TableRowModel(BaseModel):
    """The cells of one document."""

    document: Document
    title: str
    reason: Annotated[str | None, Field(description="Why the document could not be read")]
    cells: Annotated[list[TableCellModel], Field(description="One for each question, in order")]


class TableModel(BaseModel):
    """The same questions of several documents."""

    rows: Annotated[list[TableRowModel], Field(description="In index order")]
    total: Annotated[int, Field(description="Number of documents that match")]


class SearchModel(BaseModel):
    """Passages found for a question."""

    question: str
    hits: Annotated[list[HitModel], Field(description="Best first")]


class EvidenceModel(BaseModel):
    """Sentences that bear on a question."""

    question: str
    evidence: Annotated[list[EvidenceItemModel], Field(description="Most probable first")]


class ReadModel(BaseModel):
    """A part of a document's text."""

    document: Document
    title: str
    text: Annotated[str, Field(description="Characters start to end of the document, unchanged")]
    start: Start
    end: End
    length: Annotated[int, Field(description="Length of the whole document, in Unicode code points")]
    page: Page
    heading: Heading
    next: Annotated[int | None, Field(description="Offset at which to read on; null at the end of the document")]


class QuotePlaceModel(BaseModel):
    """A place at which a quote stands."""

    text: Annotated[str, Field(description="The words as they stand there")]
    start: Start
    end: End
    page: Page
    heading: Heading


class QuoteModel(BaseModel):
    """Whether a quote stands in a document, and where."""

    document: Document
    quote: str
    stands: Annotated[bool, Field(description="True if the document holds the quote, character for character")]
    same_words: Annotated[
        bool, Field(description="True if the document holds the quote at least with other spaces and line breaks")
    ]
    places: Annotated[list[QuotePlaceModel], Field(description="In order; at most 20")]
    more: Annotated[bool, Field(description="True if there are further places, or they exceed the token budget")]


class DocumentModel(BaseModel):
    """A document of the index."""

    document: Document
    title: str


class DocumentsModel(BaseModel):
    """Documents of the index, in its order."""

    documents: list[DocumentModel]
    total: Annotated[int, Field(description="Number of documents in the index")]
