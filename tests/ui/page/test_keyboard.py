"""The keys of the page, in the browser."""

from playwright.sync_api import Browser, expect

from tests.ui.driver import BORDER, BROWSER_MARKS, ask, ask_border, open_page, question_field, quote

pytestmark = BROWSER_MARKS


def test_arrows_enter_escape_and_slash(browser: Browser, address: str) -> None:
    page = open_page(browser, address)
    ask_border(page)
    page.keyboard.press("ArrowDown")
    expect(page.get_by_role("button", name="Show in the document")).to_be_focused()
    for _ in range(2):
        page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowUp")
    expect(page.locator("#result .walk").first).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator(".source-pane")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator("#result .walk").first).to_be_focused()
    page.keyboard.press("/")
    expect(question_field(page)).to_be_focused()


def test_slash_returns_from_another_tab(browser: Browser, address: str) -> None:
    page = open_page(browser, address)
    page.get_by_role("tab", name="Evaluate").click()
    expect(page.locator("#question")).to_be_hidden()
    page.keyboard.press("/")
    expect(question_field(page)).to_be_focused()


def test_focus_stays_visible(browser: Browser, address: str) -> None:
    page = open_page(browser, address, 360)
    ask(page, BORDER)
    # The examples go away when the answer is there, and the focus with them.
    expect(quote(page)).to_have_text("7,644 km")
    for _ in range(30):
        page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement.getBoundingClientRect().right > 0")
    page.get_by_role("button", name="Show in the document").click()
    expect(page.locator(".source-pane")).to_be_visible()
    for key in ["Tab"] * 8 + ["Shift+Tab"] * 8:
        page.keyboard.press(key)
        assert page.evaluate("document.activeElement.closest('.source-pane') !== null")
