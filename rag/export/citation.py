"""Citations: one line that says where a quote comes from, as plain text and as Markdown."""

from __future__ import annotations

import re
from collections.abc import Sequence

from ..text.printable import one_line
from ..types import Answer, Document, Evidence, Item, name_title

#: Markdown syntax anywhere in a line, including GitHub's: a bare ``://`` or ``www.`` makes a link.
MARKUP = re.compile(r"[\\`*_\[\]<>&~|$@#]|:(?=//)|(?<=www)\.", re.IGNORECASE)
#: Markdown syntax at the start of a line only: lists and rules.
LINE_MARKUP = re.compile(r"^(\d{1,9}(?=[.)])|(?=[+=:-]))")

Quote = Answer | Evidence | Item


def document_of(quote: Quote) -> str:
    """Id of the document of a quote."""
    return quote.document_id if isinstance(quote, Evidence) else quote.document


def citation(quote: Quote, document: Document) -> str:
    """One line for the clipboard: the words, their author, title and date, and their location.

    ``“7,644 km” — Anna Berg, “The long border”, 2022-10-22 (reports/border.pdf, page 3, under “Facts”, characters
    120-128)``. What the document does not state is left out; so is a title made from the file's name, and a heading
    that equals the title. Runs of whitespace in the words become one space.
    """
    return f"“{line(quote.text)}” — {source_line(quote, document)}"


def source_line(quote: Quote, document: Document) -> str:
    """Author, title, date and location of a quote, as in ``citation``."""
    source = ", ".join(stated(document, f"“{line(document.title)}”"))
    place = f"({place_line(quote, document)})"
    return f"{source} {place}" if source else place


def stated(document: Document, title: str) -> Sequence[str]:
    """Author, title and date, as far as the document states them; ``title`` is how its title is written."""
    parts = [author(document), title * has_title(document), date(document)]
    return [part for part in parts if part]


def author(document: Document) -> str:
    """Authors that the document states, joined by commas; empty if none."""
    given = document.metadata.get("author") or document.metadata.get("authors") or ""
    names = given if isinstance(given, list) else [given]
    return ", ".join(line(name) for name in names if isinstance(name, str) and name.strip())


def date(document: Document) -> str:
    """The date that the document states, as written; empty if none."""
    given = document.metadata.get("date")
    return line(given) if isinstance(given, str) else ""


def has_title(document: Document) -> bool:
    """True if the document states a title; otherwise the title is made from its file's name."""
    return document.title != name_title(document.id)


def place_line(quote: Quote, document: Document) -> str:
    """Document, page, heading and offsets, as far as the format has them."""
    place = document.place(quote.start) if isinstance(quote, Item) else quote
    parts = [line(document.id)]
    if place.page is not None:
        parts.append(f"page {place.page}")
    if place.heading not in (None, document.title):
        parts.append(f"under “{line(str(place.heading))}”")
    return ", ".join([*parts, f"characters {quote.start}-{quote.end}"])


def line(text: str) -> str:
    """The text on one line, without control or bidirectional formatting characters."""
    return one_line(" ".join(text.split()))


def escaped(text: str) -> str:
    """Text as one line of Markdown that renders as that text; runs of whitespace become one space."""
    return LINE_MARKUP.sub(r"\1\\", escaped_within(text))


def escaped_within(text: str) -> str:
    """``escaped`` for text within a line."""
    return MARKUP.sub(lambda match: "\\" + match.group(), line(text))
