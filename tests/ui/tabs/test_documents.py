"""The Documents tab in the real browser."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect
from rag.ui.services.collections import Collection, Collections

from rag import SentenceTransformerEncoder
from tests.pages import blank_page
from tests.ui.driver import BROWSER_MARKS, SCREENSHOTS, WIDTHS, all_answered, serve

pytestmark = BROWSER_MARKS


@pytest.fixture(scope="module")
def address(collections: Collections) -> Iterator[str]:
    with serve(collections) as address:
        yield address


@WIDTHS
def test_uploaded_files_are_indexed_asked_and_removed(
    browser: Browser, address: str, tmp_path: Path, width: int
) -> None:
    (tmp_path / "ferry.md").write_text("# Ferries\n\nThe ferry to Baku leaves at nine in the evening.\n")
    (tmp_path / "train.txt").write_text("The night train to Osh takes eleven hours.\n")
    shutil.copy(tmp_path / "train.txt", tmp_path / "train copy.txt")
    (tmp_path / "<b>bad.docx").write_text("no zip")
    page = _open(browser, address, width)
    expect(page.locator("#documents-table")).to_contain_text("kazakhstan.md")
    expect(page.locator("#documents-about")).to_contain_text("rag index")
    _create(page, f"Journeys {width}")
    names = ("ferry.md", "train.txt", "train copy.txt", "<b>bad.docx")
    page.locator("#upload input[type=file]").first.set_input_files([tmp_path / name for name in names])
    expect(page.locator("#upload-notes")).to_contain_text(f"3 files added to Journeys {width}.")
    expect(page.locator("#upload-notes")).to_contain_text(
        f"Not added to Journeys {width}: train copy.txt: is there already, as train.txt."
    )
    status = page.locator("#indexing-status")
    expect(status).to_contain_text("Done: 2 added, 1 not read. 2 documents, 2 passages")
    expect(status).to_contain_text("not a zip file inside")
    expect(page.locator("#documents-table tbody tr")).to_have_count(3)
    expect(page.locator("#header")).to_contain_text("2 documents, 2 passages")
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    page.screenshot(path=SCREENSHOTS / f"own-{width}.png", full_page=True)
    page.get_by_label("Find a document").fill("ferries")
    expect(page.locator("#documents-table code")).to_have_text(["ferry.md"])
    page.get_by_label("Find a document").fill("zzz")
    expect(page.locator("#documents-table")).to_contain_text("No matches.")
    page.get_by_label("Find a document").fill("")
    expect(page.locator("#documents-table tbody tr")).to_have_count(3)
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
    expect(page.locator("#documents-table tbody tr")).to_have_count(2)
    expect(page.locator("#header")).to_contain_text("1 document, 1 passage")
    page.get_by_role("tab", name="Ask").click()
    question.fill("When does the ferry to Baku leave?")
    page.keyboard.press("Enter")
    expect(page.locator(".result")).to_contain_text("train to Osh")
    expect(page.locator(".result")).not_to_contain_text("ferry to Baku leaves at nine")


def test_new_version_is_asked_about_and_replaces_the_old_one(browser: Browser, address: str, tmp_path: Path) -> None:
    page = _open(browser, address)
    _create(page, "Prices")
    upload = page.locator("#upload input[type=file]").first
    asked = page.locator("#versions")
    for folder, name, price in (("old", "Prices 2024.txt", 310), ("new", "Prices 2024 (2).txt", 365)):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / name).write_text(f"The berth in Vellin harbour costs {price} crowns a year.\n")
    (tmp_path / "Prices 2024.txt").write_text("")
    upload.set_input_files(tmp_path / "old" / "Prices 2024.txt")
    expect(page.locator("#header")).to_contain_text("1 document, 1 passage")
    expect(asked).to_be_hidden()
    upload.set_input_files(tmp_path / "Prices 2024.txt")
    expect(asked).to_contain_text("Prices 2024.txt is there already, with other content.")
    asked.get_by_role("button", name="Replace").click()
    expect(page.locator("#upload-notes")).to_contain_text("the file is empty; Prices 2024.txt stays as it is")
    expect(asked).to_be_hidden()
    upload.set_input_files(tmp_path / "new" / "Prices 2024 (2).txt")
    expect(asked).to_contain_text("Prices 2024 (2).txt seems to be a new version of Prices 2024.txt.")
    page.screenshot(path=SCREENSHOTS / "versions.png", full_page=True)
    asked.get_by_role("button", name="Replace").click()
    expect(page.locator("#upload-notes")).to_contain_text("Prices 2024.txt was replaced in Prices.")
    expect(page.locator("#indexing-status")).to_contain_text("Done: 1 changed")
    expect(page.locator("#documents-table code")).to_have_text(["Prices 2024.txt"])
    upload.set_input_files(tmp_path / "old" / "Prices 2024.txt")
    asked.get_by_role("button", name="Keep both").click()
    expect(page.locator("#documents-table code")).to_have_text(["Prices 2024 (2).txt", "Prices 2024.txt"])
    _delete(page)


def test_dropped_folder_uploads_its_files(browser: Browser, address: str, tmp_path: Path) -> None:
    inner = tmp_path / "trip" / "more"
    inner.mkdir(parents=True)
    (tmp_path / "trip" / "ferry.md").write_text("The ferry to Baku leaves at nine in the evening.\n")
    (inner / "train.txt").write_text("The night train to Osh takes eleven hours.\n")
    (inner / ".hidden.txt").write_text("Nobody means this.\n")
    page = _open(browser, address)
    _create(page, "Dropped")
    area = page.locator("#upload button").first
    area.scroll_into_view_if_needed()
    box = area.bounding_box()
    assert box
    data = {"items": [], "files": [str(tmp_path / "trip")], "dragOperationsMask": 1}
    session = page.context.new_cdp_session(page)
    for kind in ("dragEnter", "dragOver", "drop"):
        x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
        session.send("Input.dispatchDragEvent", {"type": kind, "x": x, "y": y, "data": data})
    expect(page.locator("#upload-notes")).to_contain_text("2 files added to Dropped.")
    expect(page.locator("#documents-table code")).to_have_text(["ferry.md", "train.txt"])
    # That they are indexed is tested above, and takes long.
    _delete(page)


def test_questions_are_answered_during_indexing_until_stopped(browser: Browser, address: str, tmp_path: Path) -> None:
    for number in range(20):
        sentences = (f"Ferry {number} to port {line} leaves at {line % 24} o'clock." for line in range(2_000))
        (tmp_path / f"{number:03}.md").write_text("\n\n".join(sentences))
    page = _open(browser, address)
    _create(page, "Long")
    page.locator("#upload input[type=file]").first.set_input_files(sorted(tmp_path.iterdir()))
    status = page.locator("#indexing-status")
    expect(status).to_contain_text("of 20 files read")
    expect(status).to_contain_text("left")
    other = _open(browser, address)
    other.get_by_role("tab", name="Ask").click()
    other.locator("#question input, #question textarea").fill("How long is the border between Kazakhstan and Russia?")
    other.keyboard.press("Enter")
    expect(other.locator(".card .quote")).to_have_text("7,644 km")
    expect(status).to_contain_text("of 20 files read")
    page.get_by_role("button", name="Stop", exact=True).click()
    expect(status).to_contain_text("Stopped. The index is unchanged")
    expect(page.get_by_role("button", name="Bring up to date")).to_be_visible()
    _delete(page)
    expect(page.locator("#header")).to_contain_text("20 documents")


@pytest.mark.slow
def test_interrupted_indexing_continues_at_the_next_start(
    browser: Browser, tmp_path: Path, encoder: SentenceTransformerEncoder, corpus_index: Path
) -> None:
    home = tmp_path / "home"
    given = Collection("start", "Central Asia", corpus_index, None, tmp_path / "t.jsonl")
    for name in ("Ferries", "Trains"):
        made = Collections(home, [given], encoder).create(name)
        assert made.files
        (made.files / "a.md").write_text(f"{name} leave at nine.\n")
    # As a server leaves it that is killed while it indexes, and as one did that marked nothing.
    (home / "ferries" / "index.pending").touch()
    (home / "ferries" / "index").mkdir()
    with serve(Collections(home, [given], encoder)) as address:
        page = _open(browser, f"{address}/?collection=ferries")
        expect(page.locator("#indexing-status")).to_contain_text("Done: 1 added")
        expect(page.locator("#documents-table")).to_contain_text("1 passage")
        page = _open(browser, f"{address}/?collection=trains")
        expect(page.locator("#indexing-status")).to_contain_text("1 file is not indexed yet")
        page.get_by_role("button", name="Bring up to date").click()
        expect(page.locator("#indexing-status")).not_to_contain_text("not indexed yet")
        _delete(page)


def _open(browser: Browser, address: str, width: int = 1440) -> Page:
    page = blank_page(browser, width)
    with all_answered(page):
        page.goto(address)
    page.get_by_role("tab", name="Documents").click()
    return page


def _create(page: Page, name: str) -> None:
    page.get_by_label("New collection").fill(name)
    page.get_by_role("button", name="Create").click()
    expect(page.locator("#documents-about")).to_contain_text(name)
    # Until then, the page may still shift.
    expect(page.locator("#collection-contents")).to_contain_text("is empty")
    expect(page.locator("#documents-table")).to_contain_text("No documents here yet.")


def _delete(page: Page) -> None:
    page.get_by_text("Delete this collection").click()
    page.get_by_role("button", name="Delete it for good").click()
    expect(page.locator("#documents-about")).to_contain_text("rag index")
