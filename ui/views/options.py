"""The options of a question as HTML: their buttons, the filter's pickers, the sources, the recent questions."""

from __future__ import annotations

from collections.abc import Sequence

from ..services.filter_fields import MAX_SOURCES, FilterField, Source
from .render import render

#: Number of fields named below the pickers.
FIELDS_SHOWN = 40


def options_html(percent: int) -> str:
    """The buttons that show the options.

    Args:
        percent: The minimum confidence at first.
    """
    return render("options", percent=percent)


def pickers_html(fields: Sequence[FilterField], names: Sequence[str]) -> str:
    """The fields to filter by, and the syntax of typed conditions.

    Args:
        fields: The fields with a picker.
        names: All fields that a typed condition may name.
    """
    return render("pickers", fields=fields, names=names[:FIELDS_SHOWN], more=len(names) > FIELDS_SHOWN)


def sources_html(sources: Sequence[Source]) -> str:
    """The files to tick on and off."""
    return render("sources", sources=sources[:MAX_SOURCES], more=len(sources) > MAX_SOURCES, limit=MAX_SOURCES)


def history_html() -> str:
    """The list of recent questions, which ``page.js`` fills, and its buttons."""
    return render("history")
