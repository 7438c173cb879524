"""Accounts in the page: what one makes is not another's, sharing, and logging out."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect
from rag.ui.security.accounts import AccessPolicy
from rag.ui.services.collections import Collections, given_collection

from rag import SentenceTransformerEncoder, build_index
from tests.pages import blank_page
from tests.ui.driver import BORDER, BROWSER_MARKS, PRESIDENT, all_answered, ask, serve

pytestmark = BROWSER_MARKS


@pytest.fixture(scope="module")
def collections(
    corpus_index: Path, encoder: SentenceTransformerEncoder, tmp_path_factory: pytest.TempPathFactory
) -> Collections:
    home = tmp_path_factory.mktemp("accounts")
    collections = Collections(home, [given_collection(corpus_index, "Central Asia", home)], encoder)
    ports = collections.with_accounts(lambda: "bob").create("Ports")
    assert ports.files
    (ports.files / "ports.txt").write_text("The crane stands still.\n" * 2_000 + "The lighthouse was sold.\n")
    build_index(ports.files, ports.index, encoder)
    return collections


@pytest.fixture(scope="module")
def address(collections: Collections) -> Iterator[str]:
    with serve(collections, access=AccessPolicy({"ann": "secret", "bob": "other"})) as address:
        yield address


def _log_in(browser: Browser, address: str, user: str, password: str) -> Page:
    page = blank_page(browser)
    page.goto(address)
    return _fill_login(page, user, password)


def _fill_login(page: Page, user: str, password: str) -> Page:
    page.get_by_label("User").fill(user)
    page.get_by_label("Password").fill(password)
    with all_answered(page):
        page.keyboard.press("Enter")
    expect(page.locator("#account")).to_contain_text(user)
    return page


def _expect_choices(page: Page, names: list[str]) -> None:
    page.locator("#collection input").click()
    # A check mark stands before the chosen one.
    expect(page.get_by_role("option")).to_have_text([re.compile(rf"^\W*{name}$") for name in names])
    page.keyboard.press("Escape")


def _id(collections: Collections, name: str) -> str:
    return next(each.id for each in collections.list() if each.name == name)


def test_collection_is_seen_by_others_only_once_it_is_shared(
    browser: Browser, address: str, collections: Collections
) -> None:
    ann, bob = _log_in(browser, address, "ann", "secret"), _log_in(browser, address, "bob", "other")
    ann.get_by_role("tab", name="Documents").click()
    ann.get_by_label("New collection").fill("Ferries")
    ann.get_by_role("button", name="Create").click()
    expect(ann.get_by_role("button", name="Share this collection")).to_be_visible()
    _expect_choices(ann, ["Central Asia", "Ferries"])
    bob.reload()
    expect(bob.locator("#account")).to_contain_text("bob")
    _expect_choices(bob, ["Central Asia", "Ports"])
    bob.get_by_role("tab", name="Documents").click()
    expect(bob.locator("#documents-table")).to_contain_text("kazakhstan.md")
    expect(bob.get_by_role("button", name="Share this collection")).to_be_hidden()
    expect(bob.get_by_role("button", name="Rename")).to_be_hidden()

    ann.get_by_role("button", name="Share this collection").click()
    ann.get_by_label("Account").fill("bob")
    ann.get_by_role("button", name="Share", exact=True).click()
    expect(ann.locator("#shared-with")).to_contain_text("bob may ask")
    bob.goto(f"{address}/?collection={_id(collections, 'Ferries')}")
    expect(bob.locator("#account")).to_contain_text("bob")
    _expect_choices(bob, ["Central Asia", "Ferries", "Ports"])
    bob.get_by_role("tab", name="Documents").click()
    expect(bob.locator("#documents-about")).to_contain_text("Ferries")
    expect(bob.locator("#upload")).to_be_hidden()


def test_owner_reads_every_part_of_a_document(browser: Browser, address: str, collections: Collections) -> None:
    page = _log_in(browser, address, "bob", "other")
    page.goto(f"{address}/?collection={_id(collections, 'Ports')}")
    page.get_by_role("tab", name="Documents").click()
    page.locator("#documents-table").get_by_role("button", name="ports").first.click()
    pane = page.locator(".source-pane")
    pane.get_by_role("searchbox").fill("lighthouse")
    pane.get_by_role("searchbox").press("Enter")
    expect(pane).to_contain_text("The lighthouse was sold.")
    expect(pane.locator("mark", has_text="lighthouse")).to_be_visible()


def test_recent_questions_are_kept_apart_by_account(browser: Browser, address: str) -> None:
    page = _log_in(browser, address, "ann", "secret")
    questions = page.locator("#history-list li")
    ask(page, BORDER)
    expect(questions).to_have_text([BORDER])
    page.get_by_role("link", name="Log out").click()
    _fill_login(page, "bob", "other")
    ask(page, PRESIDENT)
    expect(questions).to_have_text([PRESIDENT])
    page.get_by_role("link", name="Log out").click()
    _fill_login(page, "ann", "secret")
    expect(questions).to_have_text([BORDER])


def test_logging_out_ends_the_session(browser: Browser, address: str) -> None:
    page = _log_in(browser, address, "bob", "other")
    page.get_by_role("link", name="Log out").click()
    expect(page.get_by_role("heading")).to_have_text("Log in")
    page.goto(address)
    expect(page.get_by_role("heading")).to_have_text("Log in")
