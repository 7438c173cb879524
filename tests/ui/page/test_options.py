"""The collection and the options of a question, in the browser."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect
from rag.ui.services.collections import Collection, Collections

from rag import SentenceTransformerEncoder, build_index
from tests.ui.driver import BORDER, BROWSER_MARKS, WIDTHS, ask, open_page, question_field, screenshot, serve

pytestmark = BROWSER_MARKS

NOTES = {
    "ferry.md": "---\ncountry: Kazakhstan\ndate: 2022-11-03\n---\n\nThe ferry to Baku leaves at nine.\n",
    "train.md": "---\ncountry: Kyrgyzstan\ndate: 2022-02\n---\n\nThe night train to Osh leaves at eleven.\n",
    "bus.md": "---\ncountry: Uzbekistan\ndate: 2021-05-01\n---\n\nThe bus to Khiva leaves at seven.\n",
}


@pytest.fixture(scope="module")
def address(
    corpus_index: Path, encoder: SentenceTransformerEncoder, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[str]:
    folder, home = tmp_path_factory.mktemp("notes"), tmp_path_factory.mktemp("home")
    for name, text in NOTES.items():
        (folder / name).write_text(text)
    build_index(folder, home / "index", encoder)
    given = [
        Collection("start", "Central Asia", corpus_index, None, home / "start.jsonl"),
        Collection("notes", "Journeys", home / "index", None, home / "notes.jsonl"),
    ]
    with serve(Collections(home, given, encoder)) as address:
        yield address


@WIDTHS
def test_pickers_and_typed_conditions_show_the_same_filter(browser: Browser, address: str, width: int) -> None:
    page = open_page(browser, address, width, query="/?collection=notes")
    expect(page.locator("#collection input")).to_have_value("Journeys")
    _option(page, "Filters")
    picker = page.get_by_role("group", name="country")
    picker.get_by_label("Kazakhstan").check()
    picker.get_by_label("Kyrgyzstan").check()
    typed = page.locator("#where textarea")
    expect(typed).to_have_value("country=Kazakhstan or country=Kyrgyzstan")
    dates = page.get_by_role("group", name="date")
    dates.get_by_label("from").fill("2022-02-01")
    dates.get_by_label("to").fill("2022-12-31")
    expect(typed).to_have_value("country=Kazakhstan or country=Kyrgyzstan\ndate>=2022-02\ndate<=2022")
    expect(page.get_by_role("button", name="Filters 3")).to_be_visible()
    screenshot(page, f"filters-{width}")
    ask(page, "When does the bus to Khiva leave?")
    expect(page.locator(".filter")).to_contain_text(
        "country=Kazakhstan or country=Kyrgyzstan, date>=2022-02, date<=2022"
    )
    assert _documents(page) == {"ferry.md", "train.md"}
    typed.fill("country=Uzbekistan\nheading!=x")
    expect(picker.get_by_label("Uzbekistan")).to_be_checked()
    expect(picker.get_by_label("Kazakhstan")).not_to_be_checked()
    expect(dates.get_by_label("from")).to_have_value("")
    picker.get_by_label("Uzbekistan").uncheck()
    expect(typed).to_have_value("heading!=x")
    typed.fill("contry=x")
    question_field(page).press("Enter")
    expect(page.locator(".hint")).to_contain_text("No document has the field 'contry'; known fields: country, date")
    page.get_by_role("button", name="Clear all filters").click()
    expect(typed).to_have_value("")
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_unticked_source_does_not_answer(browser: Browser, address: str) -> None:
    page = open_page(browser, address, query="/?collection=notes")
    expect(page.locator("#collection input")).to_have_value("Journeys")
    _option(page, "Sources")
    sources = page.locator("#sources")
    expect(sources.locator(".count")).to_have_text("3 of 3 sources may answer.")
    sources.get_by_label("ferry").uncheck()
    expect(page.get_by_role("button", name="Sources 2 of 3")).to_be_visible()
    ask(page, "When does the ferry to Baku leave?")
    expect(page.locator(".filter")).to_have_text("Only documents that match path!=ferry.md")
    assert _documents(page) == {"train.md", "bus.md"}
    link = page.url
    sources.get_by_role("button", name="Untick all").click()
    expect(sources.locator(".count")).to_have_text("No source is ticked, so nothing can be found.")
    sources.get_by_label("ferry").check()
    expect(page.locator("#where textarea")).to_have_value("path=ferry.md")
    page.goto(link)
    expect(page.locator(".filter")).to_have_text("Only documents that match path!=ferry.md")
    _option(page, "Sources")
    expect(sources.get_by_label("ferry")).not_to_be_checked()
    expect(sources.get_by_label("bus")).to_be_checked()


@WIDTHS
def test_collection_is_shown_near_the_question_and_renamed(browser: Browser, address: str, width: int) -> None:
    page = open_page(browser, address, width)
    name = page.get_by_label("Collection", exact=True)
    expect(name).to_be_in_viewport()
    new = f"Articles {width}"
    page.get_by_role("button", name="Rename").click()
    field = page.get_by_label("New name of this collection")
    expect(field).to_be_focused()
    expect(name).to_have_value(field.input_value())
    field.fill("Journeys")
    field.press("Enter")
    expect(page.locator(".toast-body")).to_contain_text("exists already")
    field.fill(new)
    field.press("Enter")
    expect(name).to_have_value(new)
    expect(field).to_be_hidden()
    expect(page.get_by_role("button", name="Rename")).to_be_focused()
    page.reload()
    expect(name).to_have_value(new)
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_options_open_one_at_a_time_by_keyboard(browser: Browser, address: str) -> None:
    page = open_page(browser, address)
    question_field(page).press("Tab")
    page.keyboard.press("Tab")
    filters = page.locator("#options-bar").get_by_role("button", name="Filters")
    expect(filters).to_be_focused()
    page.keyboard.press("Enter")
    expect(filters).to_have_attribute("aria-expanded", "true")
    expect(page.locator("#pickers")).to_be_visible()
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.locator("#sources")).to_be_visible()
    expect(page.locator("#pickers")).to_be_hidden()
    page.keyboard.press("Escape")
    expect(page.locator("#sources")).to_be_hidden()
    expect(page.get_by_role("button", name="Sources")).to_be_focused()
    ask(page, BORDER)
    _option(page, "Recent questions")
    expect(page.locator("#history-list a")).to_have_text([BORDER])


def _option(page: Page, name: str) -> None:
    page.get_by_role("button", name=name).click()


def _documents(page: Page) -> set[str]:
    expect(page.locator(".result:not(.past, [aria-busy])")).to_be_visible()
    return set(page.locator(".result > :not(.filter) code").all_inner_texts())
