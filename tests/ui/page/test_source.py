"""The source beside the answer, in the browser."""

import pytest
from playwright.sync_api import Browser, expect

from tests.ui.driver import (
    BORDER,
    BROWSER_MARKS,
    PRESIDENT,
    WAGONS_LINK,
    WIDTHS,
    ask,
    open_page,
    question_field,
    quote,
    screenshot,
)

pytestmark = BROWSER_MARKS


@pytest.mark.parametrize("width", [1440, 360])
def test_source_opens_at_the_answer_and_keys_step_through(browser: Browser, address: str, width: int) -> None:
    page = open_page(browser, address, width)
    ask(page, BORDER)
    show = page.get_by_role("button", name="Show in the document")
    expect(show).to_be_visible()
    size = "card => [card.offsetWidth, card.offsetHeight]"
    before = page.locator(".card").evaluate(size)
    show.click()
    pane = page.locator(".source-pane")
    expect(pane.locator("h2")).to_have_text("Kazakhstan: the long border")
    focus = pane.locator("mark.sentence mark.answer.focus")
    expect(focus).to_have_text("7,644 km")
    expect(focus).to_be_in_viewport()
    expect(pane.locator("mark.current")).to_have_text("7,644 km")
    expect(pane.locator("mark.other").first).to_be_attached()
    others = pane.locator("mark.other").all_inner_texts()
    assert "7,644 km" not in others
    page.keyboard.press("n")
    expect(pane.locator("mark.current")).not_to_have_text("7,644 km")
    assert pane.locator("mark.current").inner_text() in others
    page.keyboard.press("p")
    expect(pane.locator("mark.current")).to_have_text("7,644 km")
    box = pane.bounding_box()
    assert box and (box["x"] > 600) == (width == 1440)
    # Where it covers the page, nothing changes behind it.
    assert (page.locator(".card").evaluate(size) == before) == (width == 360)
    screenshot(page, f"source-{width}")
    page.keyboard.press("Escape")
    expect(pane).to_have_count(0)
    expect(show).to_be_focused()


def test_source_keeps_the_line_breaks_of_the_file(browser: Browser, address: str) -> None:
    page = open_page(browser, f"{address}/?collection=reports&q=What+carried+39,800+wagons+over+the+Caspian")
    page.get_by_role("button", name="Show in the document").click()
    text = page.locator(".source-pane .text")
    expect(text).to_contain_text("Dear all,")
    assert text.evaluate("element => element.textContent") == (
        "Dear all,\r\n\r\nIn 2022 the ferries carried 39,800 wagons over the Caspian.\r\n"
    )


@WIDTHS
def test_pdf_page_is_shown_with_the_answer_highlighted(browser: Browser, address: str, width: int) -> None:
    page = open_page(browser, address, width, query=WAGONS_LINK)
    expect(quote(page)).to_have_text("41,300")
    page.get_by_role("button", name="Show in the document").click()
    pane = page.locator(".source-pane")
    expect(pane.locator("figcaption")).to_have_text(["Page 1", "Page 2"])
    expect(pane.get_by_label("Page", exact=True)).to_have_value("2")
    second = pane.locator("figure").nth(1)
    expect(second.locator(".box.focus")).to_be_in_viewport()
    # At one moment: the pages may still be scrolled.
    sheet, mark = second.evaluate("""page => [".sheet", ".box.focus"].map(
        (name) => page.querySelector(name).getBoundingClientRect().toJSON())""")
    # In the first line of the page, behind "Ferries carried".
    assert 0.02 < (mark["y"] - sheet["y"]) / sheet["height"] < 0.1
    assert 0.1 < (mark["x"] - sheet["x"]) / sheet["width"] < 0.3
    screenshot(page, f"pdf-{width}")
    pane.get_by_role("button", name="Text", exact=True).click()
    expect(pane.locator(".text mark.focus")).to_have_text("41,300")
    expect(second.locator(".sheet")).to_be_hidden()


@pytest.mark.parametrize("closed_by", ["key", "button"])
def test_closed_source_opens_again(browser: Browser, address: str, closed_by: str) -> None:
    page = open_page(browser, address)
    ask(page, BORDER)
    for _ in range(2):
        page.get_by_role("button", name="Show in the document").first.click()
        expect(page.locator(".source-pane mark.focus").first).to_be_visible()
        if closed_by == "key":
            page.keyboard.press("Escape")
        else:
            page.get_by_role("button", name="Close", exact=True).click()
        expect(page.locator(".source-pane")).to_have_count(0)
        expect(page.locator(".open:focus")).to_have_count(1)


def test_asking_closes_the_source_and_keeps_the_focus(browser: Browser, address: str) -> None:
    page = open_page(browser, address)
    ask(page, BORDER)
    page.get_by_role("button", name="Show in the document").first.click()
    expect(page.locator(".source-pane")).to_be_visible()
    ask(page, PRESIDENT)
    expect(quote(page)).to_have_text("Shavkat Mirziyoyev")
    expect(page.locator(".source-pane")).to_have_count(0)
    expect(question_field(page)).to_be_focused()
