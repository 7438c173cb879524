"""The tab Table, in the browser."""

import csv
import io
import zipfile
from pathlib import Path

from playwright.sync_api import Browser, Page, expect
from rag.ui.services.collections import Collections

from tests.ui.driver import BROWSER_MARKS, open_page, screenshot, violations

pytestmark = BROWSER_MARKS


def _fill(page: Page, questions: str, where: str = "") -> None:
    page.get_by_role("tab", name="Table").click()
    page.locator("#table-questions textarea").fill(questions)
    page.locator("#table-where textarea, #table-where input").first.fill(where)
    page.get_by_role("button", name="Fill the table").click()


def test_table_is_filled_opened_at_the_words_and_saved(browser: Browser, address: str) -> None:
    page = open_page(browser, address)
    _fill(page, "summit date\nWhat is the summit date?\nWho won the World Cup?", "path=k*")
    expect(page.locator("#table-cells [role=status]")).to_have_text(
        "2 documents. Asked already, left out: “What is the summit date?”."
    )
    rows = page.locator("table.cells tbody tr")
    assert rows.locator("th").all_inner_texts() == [
        "Kazakhstan: the long border\nkazakhstan.md", "Kyrgyzstan: small, poor and stubborn\nkyrgyzstan.md",
    ]  # fmt: skip
    assert rows.locator("td").all_inner_texts() == ["October 2022", "not found", "21 July 2022", "not found"]
    assert violations(page) == []
    screenshot(page, "table")
    rows.get_by_role("button", name="21 July 2022").click()
    focus = page.locator("#table-source mark.sentence mark.answer.focus")
    expect(focus).to_have_text("21 July 2022")
    expect(focus).to_be_in_viewport()
    page.keyboard.press("Escape")
    expect(page.locator(".source-pane")).to_have_count(0)
    with page.expect_download() as download:
        page.get_by_role("button", name="Save as CSV").click()
    assert download.value.suggested_filename == "table.csv"
    lines = list(csv.DictReader(io.StringIO(Path(download.value.path()).read_text(encoding="utf-8"))))
    assert [line["summit date"] for line in lines] == ["October 2022", "21 July 2022"]
    with page.expect_download() as download:
        page.get_by_role("button", name="Save as XLSX").click()
    with zipfile.ZipFile(download.value.path()) as workbook:
        assert b"21 July 2022" in workbook.read("xl/worksheets/sheet1.xml")
    assert page.errors == []  # type: ignore[attr-defined]


def test_stop_keeps_the_rows_so_far(browser: Browser, address: str) -> None:
    page = open_page(browser, address)
    _fill(page, "\n".join(f"name of person {number}" for number in range(60)))
    page.get_by_role("button", name="Stop", exact=True).click()
    status = page.locator("#table-cells [role=status]")
    expect(status).to_contain_text(" of 20, stopped.")
    shown = int(status.inner_text().split()[0])
    assert page.locator("table.cells tbody tr").count() == shown < 20
    expect(page.get_by_role("button", name="Go on")).to_be_visible()
    screenshot(page, "table-stopped")


def _documents(page: Page) -> list[str]:
    return page.locator("table.cells tbody th small").all_inner_texts()


def test_rows_are_sorted_and_filtered_by_a_column(browser: Browser, address: str) -> None:
    page = open_page(browser, address)
    _fill(page, "name of the president\ndate of the summit", "path=t*")
    expect(page.locator("#table-cells [role=status]")).to_contain_text("documents.")
    order = _documents(page)
    page.get_by_role("button", name="name of the president", exact=True).click()
    expect(page.locator("thead th[aria-sort=ascending]")).to_contain_text("name of the president ▲")
    page.get_by_role("button", name="Sort by probability: name of the president").click()
    expect(page.locator("thead th[aria-sort=descending]")).to_contain_text("% ▼")
    found = page.locator("table.cells tbody tr td:nth-of-type(1)").all_inner_texts()
    assert 0 < found.count("not found") < len(found)
    assert found == sorted(found, key=lambda text: text == "not found")
    probability = page.get_by_role("button", name="Sort by probability: name of the president")
    probability.click()
    expect(page.locator("thead th[aria-sort=ascending]")).to_contain_text("% ▲")
    probability.click()
    expect(page.locator("thead th[aria-sort]")).to_have_count(0)
    assert _documents(page) == order
    page.locator("#table-contains input, #table-contains textarea").fill("TAJIKISTAN.md")
    expect(page.locator("table.cells tbody tr")).to_have_count(1)
    assert _documents(page) == ["tajikistan.md"]
    expect(page.locator("#table-cells [role=status]")).to_contain_text("1 row shown.")
    screenshot(page, "table-filtered")


def test_columns_are_added_one_question_at_a_time(browser: Browser, address: str) -> None:
    page = open_page(browser, address)
    _fill(page, "summit date", "path=k*")
    status = page.locator("#table-cells [role=status]")
    expect(status).to_have_text("2 documents.")
    page.locator("#table-added input, #table-added textarea").fill("Who won the World Cup?")
    page.keyboard.press("Enter")
    expect(page.locator("table.cells thead th")).to_have_count(3)
    expect(status).to_have_text("2 documents.")
    expect(page.locator("#table-questions textarea")).to_have_value("summit date\nWho won the World Cup?")
    expect(page.locator("table.cells td")).to_have_text(["October 2022", "not found", "21 July 2022", "not found"])


def test_cell_is_corrected_in_its_document(browser: Browser, address: str, collections: Collections) -> None:
    page = open_page(browser, address)
    _fill(page, "summit date", "path=k*")
    expect(page.locator("#table-cells [role=status]")).to_have_text("2 documents.")
    page.get_by_role("button", name="21 July 2022").click()
    expect(page.locator("#table-source mark.focus")).to_have_text("21 July 2022")
    page.evaluate("""() => {
        const mark = document.querySelector('.source-pane mark.focus').firstChild, range = document.createRange();
        range.setStart(mark, 0); range.setEnd(mark, 7);
        getSelection().removeAllRanges(); getSelection().addRange(range);
    }""")
    screenshot(page, "table-correction")
    page.get_by_role("button", name="These are the right words").click()
    try:
        expect(page.locator(".source-pane .select span")).to_have_text("Saved: these are the right words.")
        page.keyboard.press("Escape")
        expect(page.locator("table.cells td.marked")).to_have_text("21 July")
        page.locator("table.cells td.marked button").click()
        page.get_by_role("button", name="The words are wrong").click()
        expect(page.locator(".source-pane .select span")).to_have_text("Saved: these words are wrong.")
        page.keyboard.press("Escape")
        expect(page.locator("table.cells td")).to_have_text(["October 2022", "not found"])
    finally:
        collections.get("start").taught.unlink(missing_ok=True)


def test_what_is_wrong_is_said_in_the_tab(browser: Browser, address: str) -> None:
    page = open_page(browser, address)
    _fill(page, "summit date", "colour=red")
    expect(page.locator("#table-cells")).to_contain_text("No document has the field 'colour'")
    _fill(page, "# nothing")
    expect(page.locator("#table-cells")).to_contain_text("There is no question; write one a line")


def test_other_collection_ends_the_table(browser: Browser, address: str) -> None:
    page = open_page(browser, address)
    _fill(page, "\n".join(f"name of person {number}" for number in range(60)))
    expect(page.locator("table.cells")).to_be_visible()
    page.locator("#collection input").click()
    page.get_by_role("option", name="Harbour").click()
    expect(page.get_by_role("button", name="Fill the table")).to_be_visible()
    expect(page.locator("table.cells")).to_have_count(0)
    _fill(page, "number of wagons", "path=letter*")
    expect(page.locator("table.cells tbody th")).to_contain_text(["letter.txt"])
    expect(page.locator("#table-cells [role=status]")).to_have_text("1 document.")
