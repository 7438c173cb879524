"""Back, forward, reload and stale links, in the browser."""

from playwright.sync_api import Browser, Page, expect

from tests.pages import blank_page, new_tab
from tests.ui.driver import (
    BORDER,
    BROWSER_MARKS,
    PRESIDENT,
    WAGONS_LINK,
    ask,
    ask_border,
    open_page,
    page_until,
    question_field,
    quote,
    record_questions,
)

pytestmark = BROWSER_MARKS


def test_back_and_forward_show_the_earlier_question_and_its_answer(browser: Browser, address: str) -> None:
    page = _open(browser, address)
    entries = _entries(page)
    ask_border(page)
    ask(page, PRESIDENT)
    expect(quote(page)).to_have_text("Shavkat Mirziyoyev")
    # The same question again is no further entry.
    with page.expect_request("**/queue/join*"):
        page.keyboard.press("Enter")
    expect(page.locator(".result:not(.past) .card .quote")).to_have_text("Shavkat Mirziyoyev")
    assert _entries(page) == entries + 2
    page.go_back()
    expect(question_field(page)).to_have_value(BORDER)
    expect(quote(page)).to_have_text("7,644 km")
    assert "q=How+long" in page.url
    page.go_forward()
    expect(question_field(page)).to_have_value(PRESIDENT)
    expect(quote(page)).to_have_text("Shavkat Mirziyoyev")
    page.go_back()
    expect(quote(page)).to_have_text("7,644 km")
    page.go_back()
    expect(question_field(page)).to_have_value("")
    expect(page.locator(".result")).to_have_count(0)
    expect(page.locator("#examples .chip").first).to_be_visible()
    assert _entries(page) == entries + 2
    page.go_forward()
    expect(quote(page)).to_have_text("7,644 km")


def test_back_returns_to_the_collection_and_the_tab_of_the_question(browser: Browser, address: str) -> None:
    page = _open(browser, address + WAGONS_LINK)
    expect(quote(page)).to_have_text("41,300")
    entries = _entries(page)
    page.goto(f"{address}/?q={BORDER.replace(' ', '+')}")
    expect(quote(page)).to_have_text("7,644 km")
    ask(page, PRESIDENT)
    expect(quote(page)).to_have_text("Shavkat Mirziyoyev")
    assert _entries(page) == entries + 2
    page.get_by_role("tab", name="Documents").click()
    page.go_back()
    expect(quote(page)).to_have_text("7,644 km")
    expect(question_field(page)).to_be_visible()
    page.go_back()
    expect(quote(page)).to_have_text("41,300")


def test_chosen_collection_is_remembered_over_a_reload(browser: Browser, address: str) -> None:
    page = open_page(browser, address)
    page.locator("#collection input").click()
    page.get_by_role("option", name="Harbour").click()
    expect(page.locator("#collection-contents")).to_contain_text("3 documents")
    page_until(page, lambda: page.evaluate("localStorage.getItem('rag.collection')") == "reports")
    page.goto(address)
    expect(page.locator("#collection-contents")).to_contain_text("3 documents")
    expect(page.locator("#collection input")).to_have_value("Harbour")
    page.evaluate("localStorage.setItem('rag.collection', 'gone-team')")
    page.goto(address)
    expect(page.locator("#collection-contents")).to_contain_text("20 documents")
    expect(page.locator("#examples .chip").first).to_be_visible()
    expect(page.locator("#collection input")).to_have_value("Central Asia")


def test_stale_link_says_that_the_collection_is_gone_and_asks_nothing(browser: Browser, address: str) -> None:
    page = blank_page(browser)
    sent = record_questions(page)
    page.goto(f"{address}/?q={BORDER.replace(' ', '+')}&collection=gone-team")
    expect(page.locator("#result")).to_contain_text("The collection gone-team no longer exists")
    expect(page.locator(".result")).to_have_count(0)
    expect(question_field(page)).to_have_value(BORDER)
    assert "collection=gone-team" in page.url
    page.keyboard.press("/")
    question_field(page).press("Enter")
    expect(quote(page)).to_have_text("7,644 km")
    # Sent as an event of the history, and then by the key, but never asked for the link.
    assert len([each for each in sent if BORDER in each]) == 2


def _open(browser: Browser, address: str) -> Page:
    """Open the page in a tab of its own: the history of one that other tests use may be full."""
    page = new_tab(browser)
    page.goto(address)
    expect(question_field(page)).to_be_focused()
    return page


def _entries(page: Page) -> int:
    return int(page.evaluate("history.length"))
