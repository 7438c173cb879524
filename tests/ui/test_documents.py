"""The tab of the documents, in the real browser."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect
from rag.ui import start
from rag.ui.collections import Collections

pytestmark = [
    pytest.mark.browser,
    pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning"),
]
PORT = 17890


@pytest.fixture(scope="module")
def address(collections: Collections) -> Iterator[str]:
    page = start(collections, port=PORT)
    yield f"http://127.0.0.1:{PORT}"
    page.close(verbose=False)


@pytest.mark.parametrize("width", [1440, 360])
def test_files_are_dropped_in_indexed_asked_and_removed(
    browser: Browser, address: str, tmp_path: Path, width: int
) -> None:
    (tmp_path / "ferry.md").write_text("# Ferries\n\nThe ferry to Baku leaves at nine in the evening.\n")
    (tmp_path / "train.txt").write_text("The night train to Osh takes eleven hours.\n")
    (tmp_path / "<b>bad.docx").write_text("no zip")
    page = browser.new_context(viewport={"width": width, "height": 900}).new_page()
    page.goto(address)
    page.get_by_role("tab", name="Documents").click()
    expect(page.locator("#documents-table")).to_contain_text("kazakhstan.md")
    expect(page.locator("#documents-about")).to_contain_text("rag index")
    page.get_by_label("New collection").fill(f"Journeys {width}")
    page.get_by_role("button", name="Create").click()
    expect(page.locator("#documents-table")).to_contain_text("No documents here yet.")
    page.locator("#upload input[type=file]").first.set_input_files(sorted(tmp_path.iterdir()))
    status = page.locator("#indexing-status")
    expect(status).to_contain_text("Done: 2 added. 2 documents, 2 passages", timeout=120_000)
    expect(status).to_contain_text("it is no zip file inside")
    expect(page.locator("#documents-table tbody tr")).to_have_count(2)
    expect(page.locator("#header")).to_contain_text("2 documents, 2 passages")
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    page.screenshot(path=Path(__file__).resolve().parents[2] / "screenshots" / f"own-{width}.png", full_page=True)
    page.get_by_role("tab", name="Ask").click()
    question = page.locator("#question input, #question textarea")
    question.fill("When does the ferry to Baku leave?")
    page.keyboard.press("Enter")
    expect(page.locator(".card .quote")).to_contain_text("nine")
    page.get_by_role("tab", name="Documents").click()
    remove = page.get_by_role("button", name="Remove ferry.md")
    remove.click()
    expect(remove).to_have_text("Remove for good?")
    remove.click()
    expect(page.locator("#documents-table tbody tr")).to_have_count(1, timeout=120_000)
    page.get_by_role("tab", name="Ask").click()
    question.fill("When does the ferry to Baku leave?")
    page.keyboard.press("Enter")
    expect(page.locator(".result")).to_contain_text("train to Osh")
    expect(page.locator(".result")).not_to_contain_text("ferry to Baku leaves at nine")
