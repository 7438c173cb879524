"""The Feedback tab as HTML: each question, its feedback, and whether it still matches the documents."""

from __future__ import annotations

from collections.abc import Sequence

from rag.questions.anchors import Place
from rag.questions.feedback import Annotation

from ..services.collections import Collection
from .render import render

#: Questions listed; a search finds the others.
LISTED = 200


def annotations_html(annotations: Sequence[Annotation], query: str = "", fault: str = "") -> str:
    """The table of questions with feedback, newest first.

    Args:
        annotations: All feedback, in the order of the file.
        query: Show only questions that contain this text; all if empty.
        fault: Why the documents cannot be opened, else empty.
    """
    found = [each for each in reversed(annotations) if query.casefold() in each.text.casefold()]
    return render(
        "feedback_table",
        total=len(annotations),
        stale=sum(bool(each.stale) for each in annotations),
        query=query,
        fault=fault,
        found=len(found),
        annotations=found[:LISTED],
        limit=LISTED,
    )


def commands_html(collection: Collection, file: str) -> str:
    """Commands that use the saved file.

    Args:
        collection: The collection that the feedback is about.
        file: Name of the file.
    """
    return render("feedback_commands", collection=collection, file=file)


def place_label(verdict: str, place: Place) -> str:
    """A verdict and its place as plain text: ``right: “7,644 km” in kazakhstan.md``."""
    return f"{verdict}: “{place['quote']}” in {place['document']}"
