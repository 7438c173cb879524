"""Markup in documents, questions and names is text, in the browser."""

from pathlib import Path

from playwright.sync_api import Browser, expect
from rag.ui.services.collections import Collection, Collections

from rag import SentenceTransformerEncoder, build_index
from tests.ui.driver import BROWSER_MARKS, ask, open_page, serve

pytestmark = BROWSER_MARKS

ATTACKS = """\
# <script>window.hacked = 1</script>

The password of the vault is <img src=x onerror="window.hacked=2"> </mark></blockquote> "onmouseover="window.hacked=3" \
{{constructor.constructor('window.hacked=4')()}} ${window.hacked=5} <svg/onload=window.hacked=6> \
<a href="javascript:window.hacked=7">swordfish</a> <link rel=stylesheet href=http://example.org/x.css>.
"""


def test_markup_in_documents_is_shown_and_not_run(
    browser: Browser, tmp_path: Path, encoder: SentenceTransformerEncoder
) -> None:
    (tmp_path / "attack.md").write_text(ATTACKS)
    build_index(tmp_path / "attack.md", tmp_path / "index", encoder)
    evil = Collection("evil", "<img src=x onerror=window.hacked=9>", tmp_path / "index", None, tmp_path / "t.jsonl")
    with serve(Collections(tmp_path / "home", [evil], encoder)) as address:
        page = open_page(browser, address)
        ask(page, "What is the password of the vault? <script>window.hacked=8</script>")
        expect(page.locator(".paragraph")).to_contain_text('<img src=x onerror="window.hacked=2">')
        expect(page.locator(".paragraph")).to_contain_text("${window.hacked=5}")
        page.get_by_role("button", name="Show in the document").click()
        expect(page.locator(".source-pane h2")).to_have_text("<script>window.hacked = 1</script>")
        expect(page.locator(".source-pane .text")).to_contain_text("<svg/onload=window.hacked=6>")
        page.get_by_role("button", name="Right", exact=True).click()
        expect(page.locator(".feedback-note")).to_contain_text("is right")
        page.reload()
        expect(page.locator(".card")).to_be_visible()
        page.get_by_role("button", name="Recent questions").click()
        expect(page.locator("#history-list a")).to_contain_text("<script>window.hacked=8</script>")
        assert page.evaluate("window.hacked") is None
        assert page.outside == []  # type: ignore[attr-defined]
