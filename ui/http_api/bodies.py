"""Bodies of requests, and of responses that are not those of an operation."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

Scalar = str | int | float

Filter = Annotated[
    dict[str, Scalar | list[Scalar]] | list[str] | None,
    Field(
        description="Only documents that match all conditions",
        examples=[{"country": "Kazakhstan", "date": ">=2022-10"}, ["country=Kazakhstan", "date>=2022-10"]],
    ),
]

Collection = Annotated[
    str | None, Field(description="Id of the collection to ask; null: the one that the server was started with")
]


class _Request(BaseModel):
    model_config = ConfigDict(extra="forbid")

    collection: Collection = None
    where: Filter = None


class _Question(_Request):
    question: Annotated[str, Field(description="In plain words", examples=["How long is the border?"])]


class AskRequest(_Question):
    """A question to answer."""

    min_confidence: Annotated[float | None, Field(description="Answer only if at least this likely to be right")] = None
    max_tokens: Annotated[int | None, Field(description="Token budget for the text of all hits")] = None


class SearchRequest(_Question):
    """A question to find passages for."""

    k: Annotated[int, Field(description="Maximum number of passages, 1 to 100")] = 10
    max_tokens: Annotated[int | None, Field(description="Token budget for the text of all hits")] = None


class EvidenceRequest(_Question):
    """A question to find sentences for."""

    min_confidence: Annotated[float, Field(description="Leave out sentences less likely than this")] = 0.0
    max_tokens: Annotated[int | None, Field(description="Token budget for all sentences")] = None


class TableRequest(_Request):
    """Questions to ask of every document that matches, a few documents at a time."""

    questions: Annotated[
        list[str],
        Field(description="Questions or names of fields, at most 100", examples=[["contract date", "Who signed?"]]),
    ]
    min_confidence: Annotated[float | None, Field(description="Answer only if at least this likely to be right")] = None
    offset: Annotated[int, Field(description="Number of matching documents to skip")] = 0
    limit: Annotated[int, Field(description="Maximum number of rows, 1 to 20")] = 10


class ErrorModel(BaseModel):
    """What was wrong, in one line."""

    detail: str


class HealthModel(BaseModel):
    """Whether questions can be asked."""

    status: str
    version: str
