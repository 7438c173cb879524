"""Accessibility and layout, in the browser."""

from playwright.sync_api import Browser, expect

from tests.ui.driver import BROWSER_MARKS, LAYOUTS, ask_border, finish_animations, open_page, screenshot, violations

pytestmark = BROWSER_MARKS

PAGE_WIDTH = "document.documentElement.scrollWidth"

#: Each tab, and what the server fills in it.
TABS = {
    "Documents": "#documents-table",
    "Table": "#table-buttons",
    "Feedback": "#feedback-table",
    "Evaluate": "#evaluation-about",
}

#: Each option of a question, and what it shows.
OPTIONS = {
    "Filters": "#pickers", "Sources": "#sources", "Recent questions": "#history",
    "Minimum confidence": "#min-confidence",
}  # fmt: skip


@LAYOUTS
def test_page_has_no_serious_accessibility_violation(browser: Browser, address: str, width: int, scheme: str) -> None:
    page = open_page(browser, address, width, scheme=scheme, bypass_csp=True)
    found = violations(page)
    ask_border(page)
    found += violations(page)
    page.get_by_role("button", name="Show in the document").click()
    expect(page.locator(".source-pane")).to_be_visible()
    found += violations(page)
    page.keyboard.press("Escape")
    for tab, content in TABS.items():
        if page.get_by_role("tab", name=tab).is_visible():
            page.get_by_role("tab", name=tab).click()
            expect(page.locator(content)).not_to_be_empty()
            finish_animations(page)
            screenshot(page, f"{tab.lower()}-{width}-{scheme}")
            assert page.evaluate(PAGE_WIDTH) == width
            found += violations(page)
    page.get_by_role("tab", name="Ask").click()
    for option, content in OPTIONS.items():
        page.get_by_role("button", name=option).click()
        expect(page.locator(content)).to_be_visible()
        assert page.evaluate(PAGE_WIDTH) == width
        found += violations(page)
    page.get_by_role("button", name="Rename").click()
    expect(page.get_by_label("New name of this collection")).to_be_visible()
    assert found + violations(page) == []


def test_layout_does_not_shift_and_nothing_is_external(browser: Browser, address: str) -> None:
    page = open_page(browser, address)
    page.evaluate("""() => {
        window.shift = 0;
        window.add = (entries) => entries.forEach((each) => (window.shift += each.hadRecentInput ? 0 : each.value));
        window.shifts = new PerformanceObserver((list) => window.add(list.getEntries()));
        window.shifts.observe({ type: "layout-shift" });
    }""")
    ask_border(page)
    # A shift is reported with the frame after it.
    shift = page.evaluate("""() => new Promise((resolve) => {
        const report = () => { window.add(window.shifts.takeRecords()); resolve(window.shift); };
        requestAnimationFrame(() => requestAnimationFrame(() => requestAnimationFrame(report)));
    })""")
    # Below 0.1 is "good" (web.dev/cls).
    assert shift < 0.1
    assert page.outside == []  # type: ignore[attr-defined]
