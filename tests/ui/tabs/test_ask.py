"""The Ask tab in the real browser."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, expect
from rag.ui.services.collections import Collections

from tests.pages import blank_page
from tests.ui.driver import BROWSER_MARKS, serve

pytestmark = BROWSER_MARKS
LINK = "?collection=start&q=How+long+is+the+border+between+Kazakhstan+and+Russia%3F"


@pytest.fixture(scope="module")
def address(collections: Collections) -> Iterator[str]:
    with serve(collections) as address:
        yield address


@pytest.mark.parametrize("parameter", ["min_confidence", pytest.param("least", marks=pytest.mark.slow)])
def test_link_sets_the_minimum_confidence(browser: Browser, address: str, parameter: str) -> None:
    page = blank_page(browser)
    page.goto(f"{address}/{LINK}&{parameter}=95")
    expect(page.locator(".card h2")).to_have_text("Not found")
    expect(page.locator(".card mark.near")).to_have_text("7,644 km")
    expect(page).to_have_url(re.compile("min_confidence=95"))
    assert "least" not in page.url
    page.get_by_role("button", name="Minimum confidence").click()
    expect(page.locator("#min-confidence input[type=number]")).to_have_value("95")


def test_link_without_minimum_uses_the_fitted_threshold(
    browser: Browser, address: str, collections: Collections
) -> None:
    page = blank_page(browser)
    page.goto(f"{address}/{LINK}")
    expect(page.locator(".card .quote")).to_have_text("7,644 km")
    threshold = round(collections.assistant("start").confidence.threshold * 100)
    expect(page).to_have_url(re.compile(f"min_confidence={threshold}"))
