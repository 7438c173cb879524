"""Answers of the server that come late, in the browser: they undo nothing that the user has done meanwhile."""

import threading
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect
from rag.ui.services.collections import Collections
from rag.ui.tabs import documents as documents_tab
from rag.ui.tabs.ask_options import AskOptions

from rag.questions.feedback import FeedbackFile
from tests.ui.driver import BROWSER_MARKS, ask, open_page, serve
from tests.waiting import PATIENCE

pytestmark = BROWSER_MARKS


class Gate:
    """Holds up the server's work on the reports until it is opened."""

    def __init__(self) -> None:
        self.reached, self._opened = threading.Event(), threading.Event()

    def open(self) -> None:
        self._opened.set()

    def pass_through(self) -> None:
        self.reached.set()
        assert self._opened.wait(PATIENCE)


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
    assert slow_list.reached.wait(PATIENCE)
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


def test_form_opened_after_the_collection_changed_stays_open(
    browser: Browser, address: str, collections: Collections, slow_list: Gate
) -> None:
    taught = collections.get("reports").taught
    taught.unlink(missing_ok=True)
    FeedbackFile(taught).add("What is a ferry?", collections.assistant("reports").index.documents, unanswerable=True)
    page = open_page(browser, address)
    _choose(page, "Harbour")
    assert slow_list.reached.wait(PATIENCE)
    page.get_by_role("tab", name="Feedback").click()
    page.get_by_role("button", name="Edit").click()
    question = page.get_by_label("Question", exact=True).and_(page.locator("#feedback-question textarea"))
    expect(question).to_be_focused()
    question.fill("What is the ferry?")
    slow_list.open()
    # A tab is drawn only once it is opened.
    page.get_by_role("tab", name="Documents").click()
    expect(page.locator("#documents-table")).to_contain_text("harbour.pdf")
    expect(page.locator("#collection-contents")).to_contain_text("3 documents")
    page.get_by_role("tab", name="Feedback").click()
    expect(question).to_be_visible()
    expect(question).to_have_value("What is the ferry?")


def test_conditions_and_confidence_set_meanwhile_are_kept(
    browser: Browser, collections: Collections, gate: Gate, monkeypatch: pytest.MonkeyPatch
) -> None:
    fitted = AskOptions.default_confidence

    def slow(options: AskOptions, collection: str) -> int:
        if collection == "reports":
            gate.pass_through()
        return fitted(options, collection)

    # Before the page is built, which binds its events to the methods.
    monkeypatch.setattr(AskOptions, "default_confidence", slow)
    with serve(collections) as address:
        page = open_page(browser, address)
        _choose(page, "Harbour")
        expect(page.locator("#collection-contents")).to_contain_text("3 documents")
        assert gate.reached.wait(PATIENCE)
        page.get_by_role("button", name="Minimum confidence").click()
        page.locator("#min-confidence input[type=number]").fill("7")
        page.get_by_role("button", name="Filters").click()
        page.locator("#where textarea").fill("path=letter.txt")
        gate.open()
        # The answer to the question comes after the late one.
        ask(page, "How many wagons did the ferries carry?")
        expect(page.locator(".result .filter")).to_contain_text("path=letter.txt")
        expect(page.locator(".card .quote")).to_contain_text("39,800")
        assert "min_confidence=7" in page.url
        expect(page.locator("#where textarea")).to_have_value("path=letter.txt")
        expect(page.locator("#min-confidence input[type=number]")).to_have_value("7")
