"""The page at the width of a phone."""

from playwright.sync_api import Browser, expect

from tests.ui.driver import BORDER, BROWSER_MARKS, ask, open_page, screenshot

pytestmark = BROWSER_MARKS


def test_phone_needs_no_horizontal_scrolling(browser: Browser, address: str) -> None:
    page = open_page(browser, address, width=360, height=740)
    ask(page, BORDER)
    expect(page.locator(".card mark.answer")).to_have_text("7,644 km")
    assert page.evaluate("document.documentElement.scrollWidth") == 360
    box = page.locator(".card").bounding_box()
    assert box and box["width"] >= 320
    screenshot(page, "phone")
