"""History, links, copying and saving, in the browser."""

from pathlib import Path

from playwright.sync_api import Browser, expect

from rag.export.check import read_export
from tests.ui.driver import BORDER, BROWSER_MARKS, ask, ask_border, open_page, question_field, quote

pytestmark = BROWSER_MARKS

#: Counts how often the label of a copy button came back.
COUNT_RESTORED = """
window.restored = 0;
const later = window.setTimeout;
window.setTimeout = (callback, delay, ...given) => later(
  delay === 1500 ? () => { callback(); window.restored += 1; } : callback, delay, ...given
);
"""


def test_history_is_kept_and_link_reopens_the_answer(browser: Browser, address: str) -> None:
    page = open_page(browser, address)
    ask_border(page)
    link = page.url
    assert "q=How+long" in link
    assert "collection=start" in link
    page.reload()
    expect(quote(page)).to_have_text("7,644 km")
    page.get_by_role("button", name="Recent questions").click()
    expect(page.locator("#history-list a")).to_have_text([BORDER])
    page.get_by_role("button", name="Clear").click()
    expect(page.locator("#history-list a")).to_have_count(0)
    page.get_by_role("button", name="Save all as JSON").click()
    expect(page.locator(".toast-body")).to_contain_text("There is nothing to save")
    other = open_page(browser, link)
    expect(quote(other)).to_have_text("7,644 km")
    expect(question_field(other)).to_have_value(BORDER)


def test_answer_is_copied_with_its_source_and_saved(browser: Browser, address: str, tmp_path: Path) -> None:
    page = open_page(browser, address)
    page.evaluate(COUNT_RESTORED)
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.bring_to_front()
    ask(page, BORDER)
    page.get_by_role("button", name="Copy with its source").click()
    expect(page.get_by_role("button", name="Copied")).to_be_visible()
    page.get_by_role("button", name="Copied").click()
    page.wait_for_function("window.restored === 2")
    expect(page.get_by_role("button", name="Copy with its source")).to_be_visible()
    copied = page.evaluate("navigator.clipboard.readText()")
    assert copied.startswith("“7,644 km” — ")
    assert "kazakhstan.md" in copied
    for button, name in (("JSON", "answers.json"), ("Markdown", "answers.md")):
        with page.expect_download() as download:
            page.get_by_role("button", name=button, exact=True).click()
        assert download.value.suggested_filename == name
        download.value.save_as(tmp_path / name)
    [saved] = read_export(tmp_path / "answers.json").quotes
    assert (saved.document, saved.text) == ("kazakhstan.md", "7,644 km")
    assert "**7,644 km**" in (tmp_path / "answers.md").read_text(encoding="utf-8")
