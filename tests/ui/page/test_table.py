"""The tab Table, in the browser."""

import csv
import io
import zipfile
from pathlib import Path

from playwright.sync_api import Browser, Page, expect

from tests.ui.driver import BROWSER_MARKS, open_page, screenshot

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
    expect(page.get_by_role("button", name="Fill the table")).to_be_visible()


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
