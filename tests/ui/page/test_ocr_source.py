"""An answer that OCR read on a scanned page, boxed in the browser."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, expect
from rag.ui.services.collections import Collection, Collections

from rag import SentenceTransformerEncoder, build_index
from tests.formats.scans import scanned
from tests.ui.driver import BROWSER_MARKS, ask, open_page, quote, screenshot, serve

pytestmark = BROWSER_MARKS

MINUTES = [
    "Minutes of the harbour board of Osterby",
    "",
    "Tuesday, 9 May 2023, in the old customs house",
    "",
    "The Karst bridge, closed since the flood of 2022, was opened to",
    "traffic this morning. Repairing the bridge cost the town 4.2 million",
    "crowns, of which the county paid a third.",
    "",
    "The ferry to Vellin leaves at nine from June on. The board thanks",
    "Ines Marwick, who has kept its accounts for eleven years.",
]


@pytest.fixture(scope="module")
def address(encoder: SentenceTransformerEncoder, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder, home = tmp_path_factory.mktemp("scans"), tmp_path_factory.mktemp("home")
    (folder / "minutes-2023.pdf").write_bytes(scanned([MINUTES]))
    build_index(folder, home / "index", encoder)
    with serve(
        Collections(home, [Collection("start", "Scans", home / "index", None, home / "t.jsonl")], encoder)
    ) as address:
        yield address


def test_words_that_ocr_read_are_boxed_on_the_page(browser: Browser, address: str) -> None:
    page = open_page(browser, address)
    ask(page, "How much did repairing the Karst bridge cost?")
    expect(quote(page)).to_contain_text("4.2 million")
    expect(page.locator(".card .source")).to_contain_text("read by OCR")
    page.get_by_role("button", name="Show in the document").click()
    pane = page.locator(".source-pane")
    expect(pane.locator(".box.focus").first).to_be_in_viewport()
    # At one moment: the page may still be scrolled.
    sheet, box = pane.locator("figure").evaluate("""page => [".sheet", ".box.focus"].map(
        (name) => page.querySelector(name).getBoundingClientRect().toJSON())""")
    # At the end of the sixth line: its baseline is 57.5 mm from the top of 297 mm.
    assert (box["bottom"] - sheet["y"]) / sheet["height"] == pytest.approx(57.5 / 297, abs=0.01)
    assert 0.55 < (box["x"] - sheet["x"]) / sheet["width"] < 0.75
    screenshot(page, "ocr-source")
    assert (page.outside, page.errors) == ([], [])  # type: ignore[attr-defined]
