"""The values passed between the stages, frozen so that no stage can change another one's output.

The invariant of the whole project: offsets count Unicode code points in ``Document.text``, and
``document.text[x.start:x.end] == x.text`` for every passage, span, sentence and answer ``x``.
"""

from .answers import Agreement, Answer, Attribution, Item, Support
from .documents import NOWHERE, Document, Hit, OcrWord, Passage, Place, name_title, place_of, renamed
from .results import AnswerKind, Notice, NoticeCode, Reason, Result, Seconds
from .spans import Evidence, Sentence, Signals, Span
from .views import Run, View, ViewRow

__all__ = [
    "NOWHERE",
    "Agreement",
    "Answer",
    "AnswerKind",
    "Attribution",
    "Document",
    "Evidence",
    "Hit",
    "Item",
    "Notice",
    "NoticeCode",
    "OcrWord",
    "Passage",
    "Place",
    "Reason",
    "Result",
    "Run",
    "Seconds",
    "Sentence",
    "Signals",
    "Span",
    "Support",
    "View",
    "ViewRow",
    "name_title",
    "place_of",
    "renamed",
]
