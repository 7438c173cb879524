"""The header, the side panel's texts, the examples and the keyboard help, as HTML."""

from __future__ import annotations

from collections.abc import Sequence

from .render import render

#: Number of fields named in the filter help.
FIELDS_SHOWN = 40


def header_html(collection: str, contents: str) -> str:
    """The page's heading.

    Args:
        collection: Name of the chosen collection.
        contents: What it holds, or why it cannot be asked.
    """
    return render("header", collection=collection, contents=contents)


def history_html() -> str:
    """The list of recent questions, which ``page.js`` fills, and its buttons."""
    return render("history")


def examples_html(collection: str, questions: Sequence[str]) -> str:
    """Example questions to click on.

    Args:
        collection: Id of the collection that answers them.
        questions: The questions; there may be none.
    """
    return render("examples", collection=collection, questions=questions)


def filter_help_html(fields: Sequence[str]) -> str:
    """The operators of a filter condition, and the fields it may name."""
    return render("filter_help", fields=fields[:FIELDS_SHOWN], more=len(fields) > FIELDS_SHOWN)


def keyboard_help_html() -> str:
    """The keyboard shortcuts."""
    return render("keyboard_help")
