"""Tables of the page, over real collections."""

from collections.abc import Callable
from pathlib import Path

import pytest
from rag.ui.services.collections import Collection, Collections
from rag.ui.services.table_service import PageTable, TableService

from rag import InputError, SentenceTransformerEncoder, build_index
from rag.questions.anchors import Selection

COLUMN = "contract date"
TEXTS = {
    f"{name}.md": f"The contract date is {day} May 2021. It was signed on 9 May 2021."
    for day, name in enumerate("abc", 1)
}


@pytest.fixture
def files(tmp_path: Path) -> Path:
    folder = tmp_path / "files"
    folder.mkdir()
    for name, text in TEXTS.items():
        (folder / name).write_text(text)
    return folder


@pytest.fixture
def index(files: Path, tmp_path: Path, encoder: SentenceTransformerEncoder) -> Callable[[], None]:
    """Bring the index up to date with the files."""
    return lambda: build_index(files, tmp_path / "index", encoder) and None


@pytest.fixture
def service(index: Callable[[], None], tmp_path: Path, encoder: SentenceTransformerEncoder) -> TableService:
    index()
    given = Collection("start", "Contracts", tmp_path / "index", None, tmp_path / "given" / "taught.jsonl")
    return TableService(Collections(tmp_path / "home", [given], encoder))


def _filled(service: TableService, questions: str = COLUMN) -> PageTable:
    *_, table = service.fill(questions, "start", [])
    return table


def _texts(table: PageTable, column: int = 0) -> list[str | None]:
    return [row.cells[column].answer.text if row.cells[column].answer else None for row in table.rows]


def test_rows_come_one_by_one_into_one_table(service: TableService) -> None:
    rows = service.fill(COLUMN, "start", [])
    table = next(rows)
    assert (table.rows, table.total) == ([], 3)
    assert [len(each.rows) for each in rows] == [1, 2, 3]
    assert _texts(table) == ["1 May 2021", "2 May 2021", "3 May 2021"]
    assert table.files.keys() == TEXTS.keys()


def test_stopped_table_goes_on_and_new_columns_keep_the_others(service: TableService) -> None:
    rows = service.fill(COLUMN, "start", [])
    next(rows)
    next(rows)
    rows.close()
    assert [row.kept for row in _filled(service).rows] == [1, 0, 0]
    assert [row.kept for row in _filled(service, f"{COLUMN}\nWhen was it signed?").rows] == [1, 1, 1]


def test_document_that_disappears_while_the_table_runs_has_its_reason(
    service: TableService, files: Path, index: Callable[[], None]
) -> None:
    rows = service.fill(COLUMN, "start", [])
    next(rows)
    next(rows)
    (files / "b.md").unlink()
    (files / "c.md").write_text(TEXTS["c.md"].replace("3 May", "4 May"))
    index()
    *_, table = rows
    assert [(row.document, row.reason) for row in table.rows] == [
        ("a.md", None), ("b.md", "is no longer in the index"), ("c.md", None),
    ]  # fmt: skip
    assert table.cell("c.md", 0).answer.text == "4 May 2021"  # type: ignore[union-attr]
    assert "b.md" not in table.files


def test_right_words_take_the_cell_and_stay_in_the_next_table(service: TableService, tmp_path: Path) -> None:
    table = _filled(service)
    start = TEXTS["b.md"].index("9 May")
    note = service.correct(table, "b.md", 0, Selection("b.md", start, start + 10), "Anna")
    assert note == "Saved: these are the right words."
    assert _texts(table) == ["1 May 2021", "9 May 2021", "3 May 2021"]
    assert table.cell("b.md", 0).answer.feedback.by == "Anna"  # type: ignore[union-attr]
    again = _filled(service)
    assert (_texts(again), [row.kept for row in again.rows]) == (_texts(table), [1, 1, 1])
    assert "Anna" in (tmp_path / "given" / "taught.jsonl").read_text()


def test_wrong_words_empty_the_cell(service: TableService) -> None:
    table = _filled(service)
    assert service.correct(table, "b.md", 0) == "Saved: these words are wrong."
    assert _texts(table) == ["1 May 2021", None, "3 May 2021"]
    assert _texts(_filled(service)) == _texts(table)
    with pytest.raises(InputError, match="has no words that could be wrong"):
        service.correct(table, "b.md", 0)


def test_what_cannot_be_corrected_is_refused(service: TableService, files: Path, index: Callable[[], None]) -> None:
    table = _filled(service)
    for document, column, message in (("x.md", 0, "no such row"), ("a.md", 1, "no such cell"), ("a.md", -1, "no such")):
        with pytest.raises(InputError, match=message):
            service.correct(table, document, column)
    with pytest.raises(InputError, match="select words of the document of this cell"):
        service.correct(table, "a.md", 0, Selection("b.md", 0, 3))
    (files / "a.md").write_text("New words.")
    index()
    with pytest.raises(InputError, match="the document has changed since the table was filled"):
        service.correct(table, "a.md", 0)


@pytest.mark.parametrize(
    ("questions", "message"),
    [
        ("\n# nothing\n", "there is no question"),
        ("\n".join(f"field {number}" for number in range(500)), "500 questions; a table has at most 100"),
    ],
)
def test_bad_questions_are_refused(service: TableService, questions: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        next(service.fill(questions, "start", []))
