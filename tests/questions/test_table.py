"""Gold tables: their validation, and the shipped one."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from rag.eval.paths import SHIPPED_QUESTIONS

from rag import Document, InputError
from rag.formats.markdown import read_markdown
from rag.paths import shipped_corpus
from rag.questions.places import Gold
from rag.questions.table import GoldColumn, load_gold_table

DOCUMENTS = {
    "a.md": Document("a.md", "🙂 They met on 21 July. In May they rested.", "A"),
    "b.md": Document("b.md", "Nobody met.", "B"),
}
MET = {"sentence": "They met on 21 July.", "quote": "21 July"}


def _line(**changes: Any) -> dict[str, Any]:
    return {"id": "date", "question": "date of the summit", "cells": {"a.md": [MET], "b.md": []}, **changes}


def _write(folder: Path, *lines: Any) -> Path:
    path = folder / "table.jsonl"
    path.write_text("".join((line if isinstance(line, str) else json.dumps(line)) + "\n" for line in lines))
    return path


def test_cells_hold_located_quotes_or_nothing(tmp_path: Path) -> None:
    path = _write(tmp_path, _line(), "", _line(id="month", question="Which month?"))
    cells = {"a.md": (Gold("a.md", 14, 21, "21 July", 2, 22),), "b.md": ()}
    assert load_gold_table(path, DOCUMENTS) == [
        GoldColumn("date", "date of the summit", cells),
        GoldColumn("month", "Which month?", cells),
    ]


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("{", "not JSON"),
        ([], "a question of a table must have the fields 'id', 'question' and 'cells'"),
        ({"id": "x", "question": "When?"}, "a question of a table must have the fields 'id', 'question' and 'cells'"),
        (_line(), "the id 'date' is used on an earlier line; ids must be unique"),
        (_line(id="x", question=" "), "'question' must be a non-empty string"),
        (_line(id="x", cells=[]), "'cells' must be an object with a list of quotes for each document"),
        (
            _line(id="x", cells={"a.md": MET}),
            "the cell of a.md must be a list of quotes, empty if the document",
        ),
        (_line(id="x", cells={"c.md": []}), "there is no document 'c.md'"),
        (_line(id="x", cells={"a.md": [{"quote": "May"}]}), "a quote in the cell of a.md must have the fields"),
        (_line(id="x", cells={"a.md": [{**MET, "quote": ""}]}), "in the cell of a.md must be non-empty strings"),
        (_line(id="x", cells={"b.md": [MET]}), "the sentence 'They met on 21 July.' is not in b.md"),
        (_line(id="x", cells={"a.md": [{**MET, "quote": "May"}]}), "the quote 'May' is not in its sentence"),
        (_line(id="x", cells={"a.md": []}), "the question 'x' has no cell for b.md; all questions must have the same"),
    ],
)
def test_invalid_question_of_a_table_is_named_with_its_line(tmp_path: Path, line: Any, message: str) -> None:
    path = _write(tmp_path, _line(), line)
    with pytest.raises(InputError) as error:
        load_gold_table(path, DOCUMENTS)
    assert str(error.value).startswith(f"{path}:2: ")
    assert message in str(error.value)


def test_cell_that_only_a_later_question_has_is_reported(tmp_path: Path) -> None:
    path = _write(tmp_path, _line(cells={"a.md": [MET]}), _line(id="x"))
    with pytest.raises(InputError, match=r"the question 'date' has no cell for b\.md"):
        load_gold_table(path, DOCUMENTS)


def test_empty_table_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"table\.jsonl: no questions; add a line with 'id', 'question' and 'cells'"):
        load_gold_table(_write(tmp_path, ""), DOCUMENTS)


@pytest.fixture(scope="module")
def articles() -> dict[str, Document]:
    paths = sorted(shipped_corpus().glob("*.md"))
    return {path.name: read_markdown(path.name, path.read_bytes()).documents[0] for path in paths}


@pytest.fixture(scope="module")
def shipped(articles: dict[str, Document]) -> dict[str, GoldColumn]:
    columns = load_gold_table(SHIPPED_QUESTIONS.with_name("table.jsonl"), articles)
    return {column.id: column for column in columns}


def test_shipped_table_has_the_documented_size(shipped: dict[str, GoldColumn]) -> None:
    cells = [cell for column in shipped.values() for cell in column.cells.values()]
    assert (len(shipped), len(cells), sum(not cell for cell in cells)) == (8, 112, 31)


def test_shipped_quotes_stand_in_the_text_not_in_front_matter(
    shipped: dict[str, GoldColumn], articles: dict[str, Document]
) -> None:
    for column in shipped.values():
        for name, cell in column.cells.items():
            text, body = articles[name].text, articles[name].body
            assert body > 0
            assert all(body <= quote.sentence_start and text[quote.start : quote.end] == quote.text for quote in cell)


@pytest.mark.parametrize(
    ("column", "words"),
    [
        ("csto", r"CSTO|Collective Security|alliance"),
        ("umarov", r"Umarov"),
        ("share", r"%|third|half|fifth|quarter|per cent"),
        ("president", r"Tokayev|Japarov|Rahmon|Mirziyoyev"),
        ("city", r"Almaty|Astana|Bishkek|Tashkent|Samarkand|Dushanbe|Ashgabat"),
        ("organisation", r"CSTO|Organi[sz]ation|European Union|Economic Union|NATO|United Nations"),
        ("summit-date", r"(?i)summit"),
    ],
)
def test_empty_cells_of_the_shipped_table_have_no_answer(
    shipped: dict[str, GoldColumn], articles: dict[str, Document], column: str, words: str
) -> None:
    empty = [name for name, cell in shipped[column].cells.items() if not cell]
    assert empty
    assert [name for name in empty if re.search(words, articles[name].text[articles[name].body :])] == []
