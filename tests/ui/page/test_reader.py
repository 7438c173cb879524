"""Reading a document of the Documents tab, in the browser."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from fpdf import FPDF
from playwright.sync_api import Browser, Locator, Page, expect
from rag.ui.services.collections import Collection, Collections
from rag.ui.services.document_reader import DocumentReader

from rag import Document, SentenceTransformerEncoder, build_index
from tests.ui.driver import (
    BROWSER_MARKS,
    finish_animations,
    open_page,
    screenshot,
    serve,
    violations,
)

pytestmark = BROWSER_MARKS

PAGES = 40
LINES = 12_000


@pytest.fixture(scope="module")
def address(encoder: SentenceTransformerEncoder, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder, home = tmp_path_factory.mktemp("files"), tmp_path_factory.mktemp("home")
    pdf = FPDF()
    pdf.set_title("The harbour")
    for number in range(1, PAGES + 1):
        pdf.add_page()
        pdf.set_font("Helvetica", size=11)
        pdf.multi_cell(0, 6, f"Chapter {number} of the report. " + ("The crane fell." if number % 10 == 0 else ""))
    pdf.output(str(folder / "harbour.pdf"))
    (folder / "note.md").write_text("---\ncountry: Kazakhstan\n---\n\n# A note\n\nThe **ferry** leaves at nine.\n")
    (folder / "ports.csv").write_text("port,wagons\nAktau,41300\nKuryk,12\n")
    build_index(folder, home / "index", encoder)
    with serve(
        Collections(home, [Collection("start", "S", home / "index", None, home / "t.jsonl")], encoder)
    ) as address:
        yield address


def test_match_stays_in_view_while_parts_above_it_are_filled(browser: Browser, address: str) -> None:
    page = open_page(browser, address)
    pane = _read(page, "The harbour")
    pane.get_by_label("Search in this document").fill("the CRANE")
    expect(pane.locator(".count")).to_have_text("1 of 4")
    pane.get_by_role("button", name="Previous match").click()
    expect(pane.locator("figure").nth(39).locator(".box.match.current")).to_be_in_viewport()
    # As in a browser, or a frame, without scroll anchoring; and all parts grow when they are filled.
    pane.locator(".scroll").evaluate(
        """area => {
            area.style.overflowAnchor = "none";
            for (const leaf of area.querySelectorAll(".text-parts .leaf")) leaf.style.minHeight = "1px";
        }"""
    )
    pane.get_by_role("button", name="Text", exact=True).click()
    expect(pane.locator("mark.match.current")).to_have_text("The crane")
    for part in range(30, 39):
        expect(pane.locator(f'.text-parts .leaf[data-part="{part}"][data-filled]')).to_be_attached()
    expect(pane.locator("mark.match.current")).to_be_in_viewport()


def test_pages_are_loaded_as_they_are_scrolled_to(browser: Browser, address: str) -> None:
    page = open_page(browser, address)
    pane = _read(page, "The harbour")
    expect(pane.locator("figcaption")).to_have_text([f"Page {number}" for number in range(1, PAGES + 1)])
    expect(pane.locator("figure").nth(0).locator("img")).to_be_visible()
    last = pane.locator("figure").last
    expect(last.locator("img")).to_have_count(0)
    number = pane.get_by_label("Page", exact=True)
    number.fill(str(PAGES))
    number.press("Enter")
    expect(last.locator("img")).to_be_in_viewport()
    assert pane.locator("figure img").count() < 12
    pane.locator(".scroll").evaluate("area => area.scrollTo(0, 0)")
    expect(number).to_have_value("1")
    width = "() => document.querySelector('.source-pane figure').offsetWidth"
    before = page.evaluate(width)
    pane.get_by_role("button", name="Larger").click()
    pane.get_by_role("button", name="Larger").click()
    assert page.evaluate(width) == pytest.approx(before * 1.5, abs=2)
    # Sharp at that size, too.
    expect(pane.locator("figure").first.locator("img")).not_to_have_attribute("width", "900")
    pane.get_by_role("button", name="Fit").click()
    assert page.evaluate(width) == before
    assert (page.outside, page.errors) == ([], [])  # type: ignore[attr-defined]


@pytest.mark.parametrize("width", [1440, 360])
def test_search_marks_counts_and_steps_through_matches(browser: Browser, address: str, width: int) -> None:
    page = open_page(browser, address, width)
    pane = _read(page, "The harbour")
    if width == 360:
        # On a phone, a PDF opens as its text.
        expect(pane.locator(".text").first).to_contain_text("Chapter 1 of the report")
        pane.get_by_role("button", name="Page", exact=True).click()
    field = pane.get_by_label("Search in this document")
    field.fill("the CRANE")
    expect(pane.locator(".count")).to_have_text("1 of 4")
    expect(pane.locator("figure").nth(9).locator(".box.match.current")).to_be_in_viewport()
    field.press("Enter")
    expect(pane.locator(".count")).to_have_text("2 of 4")
    expect(pane.locator("figure").nth(19).locator(".box.match.current")).to_be_in_viewport()
    pane.get_by_role("button", name="Previous match").click()
    pane.get_by_role("button", name="Previous match").click()
    expect(pane.locator(".count")).to_have_text("4 of 4")
    expect(pane.locator("figure").nth(39).locator(".box.match.current")).to_be_in_viewport()
    screenshot(page, f"reader-{width}")
    pane.get_by_role("button", name="Text", exact=True).click()
    expect(pane.locator("mark.match.current")).to_have_text("The crane")
    expect(pane.locator("mark.match.current")).to_be_in_viewport()
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    field.fill("whale")
    expect(pane.locator(".count")).to_have_text("No matches")
    expect(pane.locator(".match")).to_have_count(0)
    # The first Escape ends the search, the second closes the document.
    field.press("Escape")
    expect(field).to_have_value("")
    field.press("Escape")
    expect(pane).to_have_count(0)
    expect(page.get_by_role("button", name="The harbour")).to_be_focused()


@pytest.mark.parametrize("scheme", ["dark", pytest.param("light", marks=pytest.mark.slow)])
def test_text_is_read_with_its_markup_dimmed(browser: Browser, address: str, scheme: str) -> None:
    page = open_page(browser, address, scheme=scheme, bypass_csp=True)
    pane = _read(page, "A note")
    expect(pane.locator(".front")).to_contain_text("country: Kazakhstan")
    expect(pane.locator(".heading")).to_have_text("# A note")
    expect(pane.locator(".strong")).to_have_text("ferry")
    finish_animations(page)
    assert violations(page) == []
    page.keyboard.press("Escape")
    _read(page, "ports.csv").get_by_role("button", name="ports.csv#2").or_(
        page.locator(".contents button").nth(1)
    ).first.click()
    expect(page.locator(".source-pane .text")).to_contain_text("Kuryk")


def test_large_text_is_rendered_in_parts(
    browser: Browser, encoder: SentenceTransformerEncoder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Indexing 5 MB takes too long for a test, so the reader is given the text.
    lines = "\n".join(f"Line {number} of the log book, {'and so on ' * 40}" for number in range(LINES))
    (tmp_path / "book.txt").write_text("Short.\n")
    build_index(tmp_path / "book.txt", tmp_path / "index", encoder)
    monkeypatch.setattr(DocumentReader, "_document", lambda *_: (Document("book.txt", lines, "book"), "hash"))
    given = Collection("start", "S", tmp_path / "index", None, tmp_path / "t.jsonl")
    with serve(Collections(tmp_path / "home", [given], encoder)) as address:
        page = open_page(browser, address)
        pane = _read(page, "book")
        expect(pane.locator(".text").first).to_contain_text("Line 0 of the log book")
        assert page.evaluate("document.querySelector('.source-pane').textContent.length") < len(lines) / 10
        pane.locator(".scroll").evaluate("area => area.scrollTo(0, area.scrollHeight)")
        expect(pane.locator(".text").last).to_contain_text(f"Line {LINES - 1} of the log book")
        for part in range(1, 40):
            leaf = pane.locator(f'.text-parts .leaf[data-part="{part}"]')
            leaf.evaluate("leaf => leaf.scrollIntoView()")
            expect(leaf).to_have_attribute("data-filled", "0")
        # The parts scrolled past longest ago are emptied; a few beyond the limit of 30 are near.
        expect(pane.locator('.text-parts .leaf[data-part="1"]')).not_to_have_attribute("data-filled", "0")
        assert pane.locator(".leaf[data-filled]").count() <= 33
        field = pane.get_by_label("Search in this document")
        field.fill("line 6000 of")
        field.press("Enter")
        expect(pane.locator("mark.match.current")).to_have_text("Line 6000 of")
        expect(pane.locator("mark.match.current")).to_be_in_viewport()


def _read(page: Page, title: str) -> Locator:
    page.get_by_role("tab", name="Documents").click()
    page.locator("#documents-table").get_by_role("button", name=title).first.click()
    pane = page.locator(".source-pane")
    expect(pane).to_be_visible()
    return pane
