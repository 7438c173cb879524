"""An answer from a table, highlighted in its cell, in the browser."""

from collections.abc import Iterator

import docx
import pytest
from playwright.sync_api import Browser, expect
from rag.ui.services.collections import Collection, Collections

from rag import SentenceTransformerEncoder, build_index
from tests.ui.driver import BROWSER_MARKS, ask, open_page, quote, screenshot, serve

pytestmark = BROWSER_MARKS

HEADER = ["Harbour", "Country", "Depth", "Master", "Berths"]
ROWS = [
    ["Aktau", "Kazakhstan", "5.4 m", "Dana Serik", "12"],
    ["Baku", "Azerbaijan", "7.1 m", "", "25"],
    ["Anzali", "Iran", "", "Reza Tehrani", "11"],
    ["Turkmenbashi", "Turkmenistan", "6.9 m", "Ayna Orazova", "17"],
]
#: Left edges of the cells that have the words of the answer and the name of their column.
COLUMN = """mark => {
    const cell = mark.closest(".cell"), table = mark.closest(".table");
    const head = [...table.querySelectorAll(".cell.head")].find(each => each.innerText.trim() === "Master");
    return [cell.getBoundingClientRect().left, head.getBoundingClientRect().left];
}"""


@pytest.fixture(scope="module", params=["md", "txt", "html", "docx"])
def address(
    request: pytest.FixtureRequest, encoder: SentenceTransformerEncoder, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[str]:
    folder, home = tmp_path_factory.mktemp("files"), tmp_path_factory.mktemp("home")
    path = folder / f"harbours.{request.param}"
    if request.param == "docx":
        made = docx.Document()
        table = made.add_table(0, len(HEADER))
        for row in [HEADER, *ROWS]:
            for cell, text in zip(table.add_row().cells, row, strict=True):
                cell.text = text
        made.save(str(path))
    else:
        path.write_text(_written(request.param))
    build_index(folder, home / "index", encoder)
    with serve(
        Collections(home, [Collection("start", "S", home / "index", None, home / "t.jsonl")], encoder)
    ) as address:
        yield address


def _written(suffix: str) -> str:
    rows = [HEADER, *ROWS]
    if suffix == "md":
        lines = ["| " + " | ".join(row) + " |" for row in [HEADER, ["---"] * len(HEADER), *ROWS]]
    elif suffix == "txt":
        lines = ["".join(cell.ljust(16) for cell in row).rstrip() for row in rows]
    else:
        lines = [
            "<html><body><table>",
            *("<tr>" + "".join(f"<td>{cell}</td>" for cell in row) + "</tr>" for row in rows),
            "</table></body></html>",
        ]
    return "\n".join([*lines, ""])


def test_answer_is_highlighted_in_its_row_under_its_header(browser: Browser, address: str) -> None:
    page = open_page(browser, address)
    ask(page, "Who is the master of Turkmenbashi?")
    expect(quote(page)).to_have_text("Ayna Orazova")
    page.get_by_role("button", name="Show in the document").click()
    mark = page.locator(".source-pane .cell mark.answer.focus")
    expect(mark).to_have_text("Ayna Orazova")
    expect(mark).to_be_in_viewport()
    assert mark.evaluate("mark => mark.closest('.row').querySelector('.cell').innerText.trim()") == "Turkmenbashi"
    cell, head = mark.evaluate(COLUMN)
    assert cell == pytest.approx(head, abs=1)
    # Also below an empty cell.
    anzali = page.locator(".source-pane .cell", has_text="Reza Tehrani")
    assert anzali.evaluate("cell => cell.getBoundingClientRect().left") == pytest.approx(head, abs=1)
    expect(page.locator(".source-pane .table")).not_to_contain_text("|", use_inner_text=True)
    screenshot(page, "table-source")
    assert (page.outside, page.errors) == ([], [])  # type: ignore[attr-defined]


def test_table_does_not_widen_a_narrow_page(browser: Browser, address: str) -> None:
    page = open_page(browser, address, 360)
    ask(page, "Who is the master of Turkmenbashi?")
    page.get_by_role("button", name="Show in the document").click()
    expect(page.locator(".source-pane .cell mark.answer.focus")).to_be_in_viewport()
    assert page.evaluate("document.documentElement.scrollWidth") <= 360


def test_cell_can_be_selected_as_the_right_words(browser: Browser, address: str) -> None:
    page = open_page(browser, address)
    ask(page, "Who is the master of Turkmenbashi?")
    page.get_by_role("button", name="Show in the document").click()
    page.locator(".source-pane .cell", has_text="Reza Tehrani").dblclick()
    expect(page.locator(".source-pane").get_by_role("button", name="These are the right words")).to_be_enabled()
