"""Questions asked early, twice or at once, in the browser."""

import json
from pathlib import Path

import pytest
from playwright.sync_api import APIResponse, Browser, Route, expect

from tests.pages import new_tab
from tests.ui.driver import (
    BORDER,
    BROWSER_MARKS,
    PRESIDENT,
    ask,
    ask_border,
    open_page,
    page_until,
    question_field,
    quote,
    record_questions,
)

pytestmark = BROWSER_MARKS

BISHKEK = "Who put off a trip to Bishkek in December 2022?"

#: Holds the streams of answers back once told to. ``stream`` is the last one: ``ended`` when the server has sent all of
#: it, ``closed`` when the page has noticed.
HELD_BACK = """
const fetched = window.fetch;
window.hold = () => { window.held = new Promise((release) => (window.release = release)); return true; };
window.isEnding = (number) => window.stream?.number === number && window.stream.ended && !window.stream.closed;
window.fetch = async (resource, options) => {
  const response = await fetched(resource, options);
  if (!(resource.url ?? resource).includes("/queue/data")) return response;
  const stream = { number: (window.stream?.number ?? 0) + 1, ended: false, closed: false };
  window.stream = stream;
  resource.signal.addEventListener("abort", () => { stream.closed = true; window.closing?.(); });
  const [heard, passed] = response.body.tee();
  new Response(heard).text().then(() => (stream.ended = true), () => {});
  const late = new TransformStream({ transform: async (chunk, on) => { await window.held; on.enqueue(chunk); } });
  return new Response(passed.pipeThrough(late), response);
};
"""


def test_later_of_two_questions_is_answered(browser: Browser, address: str) -> None:
    page = open_page(browser, address)
    ask(page, PRESIDENT)
    ask_border(page)
    expect(question_field(page)).to_have_value(BORDER)
    assert "q=How+long" in page.url


def test_answer_to_previous_question_is_dimmed(browser: Browser, address: str) -> None:
    page = open_page(browser, address)
    ask_border(page)
    page.route("**/queue/join*", lambda route: None)
    ask(page, PRESIDENT)
    expect(page.locator(".result")).to_have_class("result past")


def test_text_typed_during_loading_waits_for_enter(browser: Browser, address: str) -> None:
    page = new_tab(browser)
    sent = record_questions(page)
    held: list[Route] = []
    holding = True
    page.route("**/queue/join*", lambda route: held.append(route) if holding else route.continue_())
    with page.expect_request("**/queue/join*"):
        page.goto(address)
    question_field(page).fill(BORDER)
    page_until(page, lambda: held)
    holding = False
    with page.expect_response("**/queue/join*"):
        for each in held:
            each.continue_()
    expect(page.locator("#examples .chip").first).to_be_visible()
    expect(page.locator(".result")).to_have_count(0)
    assert "q=" not in page.url
    page.keyboard.press("Enter")
    expect(quote(page)).to_have_text("7,644 km")
    assert len([each for each in sent if BORDER in each]) == 1


@pytest.mark.parametrize("query", ["", "?q=Who+is+the+president+of+Kyrgyzstan%3F"])
def test_last_question_asked_during_loading_is_answered(browser: Browser, address: str, query: str) -> None:
    page = new_tab(browser)
    sent = record_questions(page)
    held: list[tuple[Route, APIResponse]] = []

    def hold_the_slider(route: Route) -> None:
        # The server may close an idle connection just then.
        response = route.fetch(max_retries=5)
        if 'type="range"' in response.text():
            held.append((route, response))
        else:
            route.fulfill(response=response)

    page.route("**/assets/*.js", hold_the_slider)
    page.goto(address + query)
    ask(page, PRESIDENT)
    ask(page, BORDER)
    page_until(page, lambda: held)
    expect(page.locator(".result")).to_have_count(0)
    [(route, response)] = held
    route.fulfill(response=response)
    expect(quote(page)).to_have_text("7,644 km")
    assert "q=How+long" in page.url
    # Had another question been sent, its answer would come before this one's.
    ask(page, BISHKEK)
    expect(quote(page)).to_have_text("Shavkat Mirziyoyev")
    assert [each for each in sent if "president" in each] == []


def test_simultaneous_questions_are_answered_in_order(browser: Browser, address: str, tmp_path: Path) -> None:
    page = open_page(browser, address)
    ask_border(page)
    page.get_by_role("button", name="Recent questions").click()
    ask(page, PRESIDENT)
    page.locator("#history-list a", has_text=BORDER).click()
    expect(question_field(page)).to_have_value(BORDER)
    expect(page.locator(".result:not(.past) .card .quote")).to_have_text("7,644 km")
    page.get_by_role("button", name="Recent questions").click()
    with page.expect_download() as download:
        page.get_by_role("button", name="Save all as JSON").click()
    download.value.save_as(tmp_path / "answers.json")
    saved = json.loads((tmp_path / "answers.json").read_text(encoding="utf-8"))
    assert [each["question"] for each in saved["answers"]] == [BORDER, PRESIDENT, BORDER]


def test_question_asked_as_the_stream_ends_is_answered(browser: Browser, address: str) -> None:
    page = new_tab(browser)
    page.add_init_script(HELD_BACK)
    page.goto(address)
    ask_border(page)
    # The page may still be loading other parts of itself, so any stream may be the one that is held back.
    page.wait_for_function("stream.closed && hold()")
    page.get_by_role("tab", name="Feedback").click()
    page.wait_for_function("stream.ended && !stream.closed")
    number = page.evaluate("stream.number")
    # The server has sent the whole stream, and the page does not know: it opens no other one for this tab.
    with page.expect_response("**/queue/join*"):
        page.get_by_role("tab", name="Evaluate").click()
    # The next stream is held back as well, and a question asked as that one ends.
    page.evaluate("() => { window.closing = hold; release(); }")
    page.wait_for_function("isEnding", arg=number + 1)
    page.get_by_role("tab", name="Ask").click()
    with page.expect_response("**/queue/join*"):
        ask(page, PRESIDENT)
    page.evaluate("() => { window.closing = null; release(); }")
    expect(quote(page)).to_have_text("Shavkat Mirziyoyev")
    for content in ("#feedback-table", "#evaluation-about"):
        expect(page.locator(content)).not_to_be_empty()
