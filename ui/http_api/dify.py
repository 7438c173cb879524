"""The External Knowledge API of Dify: https://docs.dify.ai/en/use-dify/knowledge/external-knowledge-api."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Literal

from pydantic import BaseModel, Field

from rag import InputError
from rag.export.json import Json

RETRIEVAL = "/retrieval"

#: Error code of a knowledge id that the server does not have.
UNKNOWN_KNOWLEDGE = 2001

#: Conditions of ``rag.index.filters`` by Dify's operators; ``{}`` is the value.
OPERATORS = {
    "contains": "=*{}*",
    "not contains": "!=*{}*",
    "start with": "={}*",
    "end with": "=*{}",
    "is": "={}",
    "is not": "!={}",
    "empty": "!=*",
    "not empty": "=*",
    "=": "={}",
    "≠": "!={}",
    ">": ">{}",
    "<": "<{}",
    "≥": ">={}",
    "≤": "<={}",
    "before": "<{}",
    "after": ">{}",
}


class RetrievalSetting(BaseModel):
    """How many passages, and how similar at least."""

    top_k: Annotated[int, Field(ge=1, le=100, description="Maximum number of records")]
    score_threshold: Annotated[float, Field(ge=0, le=1, description="Lowest score of a record")] = 0.0


class MetadataFilter(BaseModel):
    """A condition on metadata."""

    name: Annotated[str | list[str], Field(description="Names of the fields")]
    comparison_operator: str
    value: str | int | float | list[str] | None = None


class MetadataCondition(BaseModel):
    """Conditions on metadata."""

    logical_operator: Annotated[Literal["and", "or"], Field(description="or joins only conditions on one field")] = (
        "and"
    )
    conditions: Annotated[list[MetadataFilter], Field(max_length=100)]


class RetrievalRequest(BaseModel):
    """A query of Dify."""

    knowledge_id: str
    query: str
    retrieval_setting: RetrievalSetting
    metadata_condition: MetadataCondition | None = None


class Record(BaseModel):
    """A passage."""

    content: str
    score: Annotated[float, Field(description="Cosine similarity of query and passage, 0 if negative")]
    title: str
    metadata: Annotated[Json, Field(description="document, start, end, page and heading of the passage")]


class RetrievalResponse(BaseModel):
    """Passages, best first; their order is that of rag search, which weighs words as well."""

    records: list[Record]


class DifyError(BaseModel):
    """An error: 1001 no valid Authorization header, 1002 unknown key, 2001 unknown knowledge id."""

    error_code: int
    error_msg: str


def error_body(code: int, message: str) -> Json:
    """An error as Dify reads it."""
    return DifyError(error_code=code, error_msg=message).model_dump()


def records(hits: list[Json], score_threshold: float) -> Json:
    """Hits of ``rag search --json`` as a response."""
    names = ("document", "start", "end", "page", "heading")
    found = [
        {
            "content": hit["text"],
            "score": min(1.0, max(0.0, hit["dense"])),
            "title": hit["title"],
            "metadata": {name: hit[name] for name in names},
        }
        for hit in hits
    ]
    return {"records": [record for record in found if record["score"] >= score_threshold]}


def where_of(condition: MetadataCondition | None) -> list[str] | None:
    """The conditions as a ``where`` of ``Retriever.search``; None if there are none.

    Raises:
        InputError: An operator is unknown, lacks its value, or ``or`` joins several fields.
    """
    if condition is None or not condition.conditions:
        return None
    found = [part for each in condition.conditions for part in _parts(each)]
    if condition.logical_operator == "and":
        return found
    names = {str(name).strip().casefold() for each in condition.conditions for name in _list(each.name)}
    if len(names) > 1:
        raise InputError(f"or joins conditions on {', '.join(sorted(names))}; only those on one field can be joined")
    return [" or ".join(found)]


def _parts(each: MetadataFilter) -> Iterator[str]:
    """The typed conditions of one condition, all of which must hold."""
    form = OPERATORS.get(each.comparison_operator)
    if form is None:
        known = ", ".join(OPERATORS)
        raise InputError(f"unknown comparison operator {each.comparison_operator[:80]!r}; known: {known}")
    values = [str(value) for value in _list(each.value) if value not in (None, "")]
    if "{}" not in form:
        values = [""]
    elif not values:
        raise InputError(f"the operator {each.comparison_operator!r} needs a value")
    for name in _list(each.name):
        written = [f"{name}{form.replace('{}', value)}" for value in values]
        # Any of the values may be there, and none of them where the operator negates.
        yield from written if form.startswith("!=") else [" or ".join(written)]


def _list(value: object) -> list[object]:
    return value if isinstance(value, list) else [value]
