"""Ask in the browser: the answer, its neighbours, and what restricts it."""

import re

import pytest
from playwright.sync_api import Browser, expect

from tests.ui.driver import (
    BORDER,
    BROWSER_MARKS,
    LAYOUTS,
    SCREENSHOTS,
    WAGONS_LINK,
    ask,
    ask_border,
    open_page,
    page_until,
    question_field,
    quote,
    screenshot,
    violations,
)

pytestmark = BROWSER_MARKS


def test_enter_asks_and_the_answer_is_highlighted(browser: Browser, address: str) -> None:
    page = open_page(browser, address)
    screenshot(page, "start")
    page.keyboard.type(BORDER)
    page.keyboard.press("Enter")
    expect(quote(page)).to_have_text("7,644 km")
    marked = page.locator(".card .paragraph mark.sentence mark.answer")
    expect(marked).to_have_text("7,644 km")
    expect(page.locator(".card mark.sentence")).to_contain_text("Kazakhstan")
    expect(page.locator(".card .confidence")).to_contain_text("%")
    expect(page.locator(".card .source")).to_contain_text(".md")
    expect(page.locator(".passages li")).to_have_count(9)
    expect(page.locator(".alternatives li")).to_have_count(4)
    screenshot(page, "answer")
    page.set_viewport_size({"width": 1440, "height": 900})
    page.screenshot(path=SCREENSHOTS / "answer-top.png")
    assert (page.outside, page.errors) == ([], [])  # type: ignore[attr-defined]


def test_example_is_asked_by_a_click(browser: Browser, address: str) -> None:
    page = open_page(browser, address)
    question = "Who put off a trip to Bishkek in December 2022?"
    page.locator("#examples .chip", has_text=question).click()
    expect(page.locator(".card mark.answer")).to_have_text("Shavkat Mirziyoyev")
    expect(question_field(page)).to_have_value(question)


def test_button_asks(browser: Browser, address: str) -> None:
    page = open_page(browser, address)
    question_field(page).fill(BORDER)
    page.get_by_role("button", name="Ask", exact=True).click()
    expect(page.locator(".card mark.answer")).to_have_text("7,644 km")


def test_not_found_shows_the_closest_match(browser: Browser, address: str) -> None:
    page = open_page(browser, address, scheme="dark")
    ask(page, "Who won the 1998 football World Cup?")
    expect(page.locator(".card h2")).to_have_text("Not found")
    expect(page.locator(".card h3")).to_have_text("Closest passages")
    expect(page.locator(".card mark.near")).to_have_count(1)
    expect(page.locator("mark.answer")).to_have_count(0)
    screenshot(page, "not-found-dark")


def test_long_passage_unfolds(browser: Browser, address: str) -> None:
    page = open_page(browser, address)
    ask_border(page)
    first = page.locator(".passages details").first
    folded = first.bounding_box()
    assert folded
    first.locator("summary").click()
    page_until(page, lambda: (first.bounding_box() or folded)["height"] > folded["height"])


@pytest.mark.parametrize(
    ("question", "hint"),
    [("  ", "Type a question, and press Enter."), ("word " * 500, "The question is 2,500 characters long")],
)
def test_invalid_question_shows_a_hint(browser: Browser, address: str, question: str, hint: str) -> None:
    page = open_page(browser, address)
    ask(page, question)
    expect(page.locator(".hint")).to_contain_text(hint)


def test_agreement_and_disagreement_are_shown(browser: Browser, address: str) -> None:
    page = open_page(browser, address, query=WAGONS_LINK)
    expect(quote(page)).to_have_text("41,300")
    table = page.get_by_role("region", name="Comparison")
    expect(table.get_by_role("heading")).to_have_text("The documents may disagree")
    rows = table.locator("tbody tr")
    expect(rows.locator("th")).to_have_text(["41,300", "39,800"])
    expect(rows.locator("td:nth-child(2)")).to_have_text(["Harbour report, The paper", "letter"])
    screenshot(page, "disagreement")


RENTS = "What do the articles say about rents?"


@LAYOUTS
def test_sentences_are_the_answer_and_open_their_places(
    browser: Browser, address: str, width: int, scheme: str
) -> None:
    page = open_page(browser, address, width, scheme=scheme)
    ask(page, RENTS)
    note = page.get_by_role("article", name="Answer")
    expect(note.get_by_role("heading", name="What the documents say")).to_be_visible()
    expect(quote(page)).to_have_count(0)
    sentences = note.locator(".quoted")
    assert sentences.count() > 1
    assert violations(page) == []
    screenshot(page, f"note-{width}-{scheme}")
    words = sentences.first.inner_text()
    sentences.first.click()
    focus = page.locator(".source-pane mark.focus")
    page_until(page, lambda: " ".join("".join(focus.all_inner_texts()).split()) == " ".join(words.split()))


def test_note_is_copied_with_its_sources(browser: Browser, address: str) -> None:
    page = open_page(browser, address)
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    ask(page, RENTS)
    page.get_by_role("button", name="Copy all").click()
    page_until(page, lambda: page.evaluate("navigator.clipboard.readText()").startswith(f"{RENTS}\n\n“"))
    text = page.evaluate("navigator.clipboard.readText()")
    assert text.count("\n\n“") == page.locator(".note > .evidence > ul .quoted").count()
    page.get_by_role("button", name="Copy as Markdown").click()
    page_until(page, lambda: page.evaluate("navigator.clipboard.readText()").startswith(f"## {RENTS}\n\n> "))


def test_slider_folds_less_likely_sentences(browser: Browser, address: str) -> None:
    page = open_page(browser, address)
    ask(page, "What is said about the Eurasian Economic Union?")
    shown = page.locator(".note > .evidence > ul .quoted")
    expect(shown.first).to_be_visible()
    before = shown.count()
    page.get_by_role("button", name="Minimum confidence").click()
    page.locator("#min-confidence input[type=number]").fill("80")
    page.locator("#min-confidence input[type=number]").press("Tab")
    page_until(page, lambda: 0 < shown.count() < before)
    assert page.locator(".note .less .quoted").count() >= before - shown.count()


def test_items_of_a_list_are_shown_each_with_its_document(browser: Browser, address: str) -> None:
    page = open_page(browser, address)
    ask(page, "Which powers does Claire Roosien say the governments depend on?")
    items = page.locator(".card .quote.list button")
    expect(items).to_have_text(["Russia", "China", "the West", "Russian military"])
    screenshot(page, "list")


def test_passages_are_shown_while_they_are_read(browser: Browser, address: str) -> None:
    page = open_page(browser, address)
    page.evaluate("""() => { window.seen = []; new MutationObserver(() => {
        const text = document.querySelector(".top")?.textContent.trim().slice(0, 20);
        if (text && text !== window.seen.at(-1)) window.seen.push(text);
    }).observe(document.querySelector("#result"), {childList: true, subtree: true, characterData: true}); }""")
    ask_border(page)
    seen = page.evaluate("window.seen")
    assert [text[:8] for text in seen] == ["Reading ", "7,644 km"]


def test_slider_sets_the_minimum_confidence(browser: Browser, address: str) -> None:
    page = open_page(browser, address)
    ask_border(page)
    page.get_by_role("button", name="Minimum confidence").click()
    page.locator("#min-confidence input[type=number]").fill("95")
    page.locator("#min-confidence input[type=number]").press("Tab")
    expect(page.locator(".card h2")).to_have_text("Not found")
    expect(page).to_have_url(re.compile("min_confidence=95"))
    expect(page.locator(".card.missing")).to_contain_text("No candidate is at least 95% likely to be right")
    expect(page.locator(".card .confidence")).to_have_count(0)
    expect(page.locator(".card mark.near")).to_have_text("7,644 km")
