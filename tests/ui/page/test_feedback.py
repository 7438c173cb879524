"""Feedback on an answer, in the browser."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect
from rag.ui.services.collections import Collections

from rag.questions.schema import load_questions
from tests.ui.driver import BROWSER_MARKS, WAGONS, WAGONS_LINK, WIDTHS, ask, open_page, quote

pytestmark = BROWSER_MARKS


@pytest.fixture
def taught(collections: Collections) -> Iterator[Path]:
    """The feedback file; deleted afterwards, because it would change the answers of other tests."""
    file = collections.get("reports").taught
    yield file
    file.unlink(missing_ok=True)


@WIDTHS
def test_wrong_answer_and_right_words_are_saved(
    browser: Browser, address: str, collections: Collections, taught: Path, width: int
) -> None:
    page = open_page(browser, address, width, query=WAGONS_LINK)
    page.get_by_role("button", name="Wrong", exact=True).click()
    expect(page.locator(".feedback-note")).to_contain_text("“41,300” is wrong")
    page.locator(".comparison tr:last-child button.open").click()
    words = page.locator(".source-pane [data-words]")
    expect(words).to_be_disabled()
    page.locator(".source-pane mark.focus").dblclick()
    page.evaluate("""() => {
        const mark = document.querySelector('.source-pane mark.focus').firstChild, range = document.createRange();
        range.setStart(mark, 0); range.setEnd(mark, mark.length);
        getSelection().removeAllRanges(); getSelection().addRange(range);
    }""")
    words.click()
    expect(page.locator(".source-pane .select")).to_contain_text("Saved: these are the right words.")
    [line] = [json.loads(line) for line in taught.read_text().splitlines()]
    assert line["question"] == WAGONS
    assert [each["quote"] for each in line["wrong"]] == ["41,300"]
    assert [(each["document"], each["quote"]) for each in line["answers"]] == [("letter.txt", "39,800")]
    documents = collections.assistant("reports").index.documents
    [question] = load_questions(taught, documents)
    gold = question.golds[0]
    assert documents["letter.txt"].text[gold.start : gold.end] == "39,800"


def test_words_selected_in_the_answer_are_taught_and_come_first(browser: Browser, address: str, taught: Path) -> None:
    page = open_page(browser, address, query=WAGONS_LINK)
    words = page.locator(".card [data-words]")
    expect(words).to_be_disabled()
    page.evaluate("""() => {
        const paragraph = document.querySelector('.card .paragraph'), range = document.createRange();
        const walker = document.createTreeWalker(paragraph, NodeFilter.SHOW_TEXT);
        while (walker.nextNode()) {
            const at = walker.currentNode.textContent.indexOf('Caspian');
            if (at >= 0) { range.setStart(walker.currentNode, at); range.setEnd(walker.currentNode, at + 7); break; }
        }
        getSelection().removeAllRanges(); getSelection().addRange(range);
    }""")
    words.click()
    expect(page.locator(".feedback-note")).to_contain_text("Saved: these are the right words.")
    [line] = [json.loads(line) for line in taught.read_text().splitlines()]
    [place] = line["answers"]
    assert (place["document"], place["quote"]) == ("harbour.pdf", "Caspian")
    ask(page, WAGONS.upper().rstrip("?"))
    expect(quote(page)).to_have_text("Caspian")
    expect(page.locator(".card .taught")).to_contain_text("Marked right on 20")
    expect(page.locator(".card .confidence")).to_have_count(0)
    page.get_by_role("button", name="Wrong", exact=True).click()
    expect(page.locator(".feedback-note")).to_contain_text("“Caspian” is wrong")
    ask(page, WAGONS)
    expect(quote(page)).to_have_text("41,300")


def test_follow_up_shows_how_it_was_understood(browser: Browser, address: str) -> None:
    page = open_page(browser, address)
    ask(page, "Who is the president of Uzbekistan?")
    expect(page.locator(".result:not([aria-busy]) .card")).to_be_visible()
    ask(page, "And its size?")
    expect(page.locator(".notice")).to_contain_text("it is not clear how")
    # The unclear one does not take the place of the question before.
    ask(page, "And in Kyrgyzstan?")
    expect(page.locator(".notice")).to_have_text("Understood as: “Who is the president of Kyrgyzstan?”")


def test_request_for_a_summary_is_refused_in_a_sentence(browser: Browser, address: str) -> None:
    page = open_page(browser, address)
    ask(page, "Summarise the articles")
    expect(page.locator(".card h2")).to_have_text("Not found")
    expect(page.locator(".card.missing")).to_contain_text("This asks for a summary;")
