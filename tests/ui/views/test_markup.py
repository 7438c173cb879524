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


TABLE = "# Ports\n\n| port | wagons |\n| --- | --- |\n| Aktau | 41,300 |\n| Kuryk | |\n\nThe end.\n"


@pytest.mark.parametrize(
    ("name", "raw", "cells"),
    [
        ("a.md", TABLE, ["port", "wagons", "Aktau", "41,300", "Kuryk"]),
        ("a.txt", "Port    Wagons\nAktau   41,300\nKuryk   12\n", ["Port", "Wagons", "Aktau", "41,300", "Kuryk", "12"]),
        ("a.csv", "port,wagons\nAktau,300\n", ["port: Aktau", "wagons: 300"]),
    ],
)
def test_cells_of_tables_are_marked_and_the_text_stays(name: str, raw: str, cells: list[str]) -> None:
    [document] = parse(name, raw.encode()).documents
    marks = markup_in(document, 0, len(document.text))
    assert [document.text[mark.start : mark.end] for mark in marks if mark.kind.startswith("cell")] == cells
    opened = OpenDocument("start", document, "hash", ((0, len(document.text)),))
    shown = text_html(opened, 0, [])
    assert html.unescape(re.sub(r"<[^>]*>", "", shown)) == document.text
    assert shown.count('class="row"') == len({mark for mark in marks if mark.kind == "row"})


def test_empty_cells_keep_their_columns() -> None:
    text = "a\tb\tc\nx\t1\t2\n\t\t3"
    marks = markup_in(Document("a.html", text, "A"), 0, len(text))
    last = [mark for mark in marks if mark.kind.startswith("cell")][-3:]
    assert [(mark.kind, text[mark.start : mark.end]) for mark in last] == [
        ("cell empty", "\t"),
        ("cell empty", "\t"),
        ("cell", "3"),
    ]


def test_part_of_a_long_table_has_its_rows() -> None:
    rows = "\n".join(f"port {number}\t{number}\tx" for number in range(3_000))
    text = "Port\tWagons\tChief\n" + rows
    start = text.index("port 2000")
    marks = markup_in(Document("a.docx", text, "A"), start, start + 500)
    heads = [mark for mark in marks if mark.kind == "cell head"]
    assert next(text[mark.start : mark.end] for mark in marks if mark.kind == "cell") == "port 2000"
    assert heads == []
