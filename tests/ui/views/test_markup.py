import html
import re

import pytest
from rag.ui.services.document_reader import OpenDocument
from rag.ui.views.highlight import Mark, highlight
from rag.ui.views.markup import markup_in, soft_breaks
from rag.ui.views.source import text_html

from rag import Document
from rag.formats import parse

PAPER = """\
---
title: The paper
by: A. Writer
---

# The *paper*

**Ferries** carried [41,300](http://x.org/) wagons; `a * b` is code, snake_case_name is not.
Two lines of one paragraph.

- an item
- another

| port | wagons |
| --- | --- |

~~~
# no heading
~~~
"""


def _document() -> Document:
    [document] = parse("paper.md", PAPER.encode()).documents
    return document


def _found(kind: str) -> list[str]:
    document = _document()
    marks = markup_in(document, 0, len(document.text))
    return [document.text[mark.start : mark.end] for mark in marks if mark.kind == kind]


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        ("heading", ["# The *paper*"]),
        ("strong", ["Ferries"]),
        ("emphasis", ["paper"]),
        ("linked", ["41,300"]),
        ("code", ["a * b"]),
        ("key", ["title:", "by:"]),
        ("front", ["---\ntitle: The paper\nby: A. Writer\n---\n"]),
        ("fenced", ["~~~\n# no heading\n~~~"]),
    ],
)
def test_markdown_is_shown_as_what_it_means(kind: str, words: list[str]) -> None:
    assert _found(kind) == words


def test_marks_of_markdown_are_dimmed() -> None:
    assert {"# ", "**", "[", "](http://x.org/)", "`", "| --- | --- |", "|"} <= set(_found("syntax"))


def test_markup_leaves_the_text_and_the_highlights_as_they_are() -> None:
    document = _document()
    at = document.text.index("41,300")
    opened = OpenDocument("start", document, "hash", ((0, len(document.text)),))
    shown = text_html(opened, 0, [Mark(at, at + 6, "answer")])
    assert html.unescape(re.sub(r"<[^>]*>", "", shown)) == document.text
    assert '<mark class="answer">41,300</mark>' in shown


def test_lines_of_a_page_flow_within_a_paragraph() -> None:
    text = "The harbour\nwas dredged.\n\nNext:\n- one\n- two"
    flowing = [text[: mark.start] for mark in soft_breaks("a.pdf", text, 0)]
    assert flowing == ["The harbour"]
    shown = highlight(text, 0, soft_breaks("a.pdf", text, 0))
    assert shown.startswith('The harbour<span class="soft">\n</span>was dredged.\n\nNext:')
    assert soft_breaks("poem.txt", text, 0) == []
    assert [mark.start for mark in soft_breaks("mail.txt", f"{'long ' * 12}line\ngoes on", 0)] == [64]


@pytest.mark.parametrize("character", [*list("*_`[]()|#>~- \n\t"), "**a", "[a](", "| ", "> ", "`a` "])
def test_markup_takes_linear_time(character: str) -> None:
    text = character * (200_000 // len(character))
    document = Document("a.md", text, "A")
    opened = OpenDocument("start", document, "hash", ((0, 20_000), (20_000, len(text))))
    assert html.unescape(re.sub(r"<[^>]*>", "", text_html(opened, 1, []))).replace("\r", "") == text[20_000:]
