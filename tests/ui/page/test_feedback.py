"""Feedback on an answer, in the browser."""

import json

from playwright.sync_api import Browser, expect
from rag.ui.services.collections import Collections

from rag.questions.schema import load_questions
from tests.ui.driver import BROWSER_MARKS, WAGONS, WAGONS_LINK, WIDTHS, open_page

pytestmark = BROWSER_MARKS


@WIDTHS
def test_wrong_answer_and_right_words_are_saved(
    browser: Browser, address: str, collections: Collections, width: int
) -> None:
    taught = collections.get("reports").taught
    taught.unlink(missing_ok=True)
    page = open_page(browser, address, width, query=WAGONS_LINK)
    page.get_by_role("button", name="Wrong", exact=True).click()
    expect(page.locator(".feedback-note")).to_contain_text("“41,300” is wrong")
    page.locator(".disagreement button.open").first.click()
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
