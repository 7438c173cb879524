"""Answers of the server that come late, in the browser: they undo nothing that the user has done meanwhile."""

import threading
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect
from rag.ui.services.collections import Collections
from rag.ui.tabs import documents as documents_tab

from tests.ui.driver import BROWSER_MARKS, open_page

pytestmark = BROWSER_MARKS


class Gate:
    """Holds up the server's work on the reports until it is opened."""

    def __init__(self) -> None:
        self.reached, self._opened = threading.Event(), threading.Event()

    def open(self) -> None:
        self._opened.set()

    def pass_through(self) -> None:
        self.reached.set()
        assert self._opened.wait(120)


@pytest.fixture
def gate() -> Iterator[Gate]:
    gate = Gate()
    yield gate
    gate.open()


@pytest.fixture
def slow_list(gate: Gate, collections: Collections, monkeypatch: pytest.MonkeyPatch) -> Gate:
    """Holds up the list of the reports in the Documents tab."""
    listing = documents_tab.listing

    def slow(store: Any, *rest: Any) -> Any:
        if store is collections.assistant("reports").index.store:
            gate.pass_through()
        return listing(store, *rest)

    monkeypatch.setattr(documents_tab, "listing", slow)
    return gate


def _choose(page: Page, name: str) -> None:
    page.locator("#collection input").click()
    page.get_by_role("option", name=name).click()


def test_slow_list_delays_and_replaces_no_other_list(browser: Browser, address: str, slow_list: Gate) -> None:
    page = open_page(browser, address)
    page.get_by_role("tab", name="Documents").click()
    table = page.locator("#documents-table")
    expect(table).to_contain_text("kazakhstan.md")
    _choose(page, "Harbour")
    assert slow_list.reached.wait(60)
    other = open_page(browser, address)
    other.get_by_role("tab", name="Documents").click()
    expect(other.locator("#documents-table")).to_contain_text("kazakhstan.md")
    _choose(page, "Central Asia")
    expect(page.locator("#documents-about")).to_contain_text("Central Asia")
    slow_list.open()
    # Its answer comes after the late one.
    page.get_by_label("Find a document").fill("uzbek")
    expect(table.locator("code")).to_have_text(["uzbekistan.md"])
    expect(page.locator("#documents-about")).to_contain_text("Central Asia")
