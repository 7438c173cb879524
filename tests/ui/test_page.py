"""The real page, served by the real server, in the real browser."""

from collections.abc import Iterator
from pathlib import Path

import gradio as gr
import pytest
from gradio_client import Client
from gradio_client.exceptions import AppError
from playwright.sync_api import Browser, Page, expect
from rag.ui import EXAMPLES, start

from rag import Assistant, InputError, SentenceTransformerEncoder, build_index

pytestmark = pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning")

BORDER = "How long is the border between Kazakhstan and Russia?"
SCREENSHOTS = Path(__file__).resolve().parents[2] / "screenshots"
PORT = 17860

ATTACKS = """\
# <script>window.hacked = 1</script>

The password of the vault is <img src=x onerror="window.hacked=2"> </mark></blockquote> "onmouseover="window.hacked=3" \
{{constructor.constructor('window.hacked=4')()}} ${window.hacked=5} <svg/onload=window.hacked=6> \
<a href="javascript:window.hacked=7">swordfish</a> <link rel=stylesheet href=http://example.org/x.css>.
"""


@pytest.fixture(scope="module")
def address(assistant: Assistant) -> Iterator[str]:
    page = start(assistant, port=PORT, examples=EXAMPLES)
    yield f"http://127.0.0.1:{PORT}"
    page.close(verbose=False)


def _open(browser: Browser, address: str, width: int = 1440, height: int = 900, scheme: str = "light") -> Page:
    """The page, its outside requests and its errors kept in ``page.outside`` and ``page.errors``."""
    page = browser.new_context(viewport={"width": width, "height": height}, color_scheme=scheme).new_page()  # type: ignore[arg-type]
    page.outside, page.errors = [], []  # type: ignore[attr-defined]
    page.on("request", lambda r: r.url.startswith((address, "data:", "blob:")) or page.outside.append(r.url))  # type: ignore[attr-defined]
    page.on("console", lambda m: page.errors.append(m.text) if m.type == "error" else None)  # type: ignore[attr-defined]
    page.on("pageerror", lambda error: page.errors.append(str(error)))  # type: ignore[attr-defined]
    page.goto(address)
    expect(page.locator("#question textarea, #question input")).to_be_focused()
    return page


def _ask(page: Page, question: str) -> None:
    page.locator("#question textarea, #question input").fill(question)
    page.keyboard.press("Enter")


def _screenshot(page: Page, name: str) -> None:
    SCREENSHOTS.mkdir(exist_ok=True)
    page.screenshot(path=SCREENSHOTS / f"{name}.png", full_page=True)


@pytest.mark.browser
class TestPage:
    @pytest.mark.parametrize("width", [1440, 360])
    def test_the_side_panel_restricts_what_may_answer(self, browser: Browser, address: str, width: int) -> None:
        page = _open(browser, address, width)
        panel = page.get_by_role("button", name="Toggle Sidebar")
        panel.click()
        expect(page.locator("#side")).to_contain_text("sources.date")
        page.locator("#where textarea").fill("path=kyrgyz*\nsources.date>=2022")
        _screenshot(page, f"filter-panel-{width}")
        panel.click()
        _ask(page, BORDER)
        expect(page.locator(".filter")).to_have_text("Only in documents like path=kyrgyz*, sources.date>=2022")
        documents = page.locator(".result code").all_inner_texts()
        assert {name for name in documents if name.endswith(".md")} == {"kyrgyzstan.md"}
        panel.click()
        page.locator("#where textarea").fill("contry=x")
        panel.click()
        _ask(page, BORDER)
        expect(page.locator(".hint")).to_contain_text("No document has the field 'contry'; there are: date")
        assert page.evaluate("document.documentElement.scrollWidth") <= width

    def test_enter_asks_and_the_right_words_are_marked_in_their_sentence(self, browser: Browser, address: str) -> None:
        page = _open(browser, address)
        _screenshot(page, "start")
        page.keyboard.type(BORDER)
        page.keyboard.press("Enter")
        expect(page.locator(".card .quote")).to_have_text("7,644 km")
        marked = page.locator(".card .paragraph mark.sentence mark.answer")
        expect(marked).to_have_text("7,644 km")
        expect(page.locator(".card mark.sentence")).to_contain_text("Kazakhstan")
        expect(page.locator(".card .confidence")).to_contain_text("%")
        expect(page.locator(".card .source")).to_contain_text(".md")
        expect(page.locator(".passages li")).to_have_count(9)
        _screenshot(page, "answer")
        page.set_viewport_size({"width": 1440, "height": 900})
        page.screenshot(path=SCREENSHOTS / "answer-top.png")
        assert (page.outside, page.errors) == ([], [])  # type: ignore[attr-defined]

    def test_an_example_is_asked_by_a_click(self, browser: Browser, address: str) -> None:
        page = _open(browser, address)
        question = "Who put off a trip to Bishkek in December 2022?"
        page.get_by_role("button", name=question).click()
        expect(page.locator(".card mark.answer")).to_have_text("Shavkat Mirziyoyev")
        expect(page.locator("#question textarea, #question input")).to_have_value(question)

    def test_the_button_asks_too(self, browser: Browser, address: str) -> None:
        page = _open(browser, address)
        page.locator("#question textarea, #question input").fill(BORDER)
        page.get_by_role("button", name="Ask", exact=True).click()
        expect(page.locator(".card mark.answer")).to_have_text("7,644 km")

    def test_not_found_shows_the_near_miss_as_no_answer(self, browser: Browser, address: str) -> None:
        page = _open(browser, address, scheme="dark")
        _ask(page, "Who won the 1998 football World Cup?")
        expect(page.locator(".card h2")).to_have_text("Not found")
        expect(page.locator(".card h3")).to_have_text("The nearest words, not an answer")
        expect(page.locator(".card mark.near")).to_have_count(1)
        expect(page.locator("mark.answer")).to_have_count(0)
        _screenshot(page, "not-found-dark")

    def test_a_phone_shows_all_without_scrolling_sideways(self, browser: Browser, address: str) -> None:
        page = _open(browser, address, width=360, height=740)
        _ask(page, BORDER)
        expect(page.locator(".card mark.answer")).to_have_text("7,644 km")
        assert page.evaluate("document.documentElement.scrollWidth") == 360
        box = page.locator(".card").bounding_box()
        assert box and box["width"] >= 320
        _screenshot(page, "phone")

    def test_a_long_passage_unfolds(self, browser: Browser, address: str) -> None:
        page = _open(browser, address)
        _ask(page, BORDER)
        first = page.locator(".passages details").first
        folded = first.bounding_box()
        first.locator("summary").click()
        unfolded = first.bounding_box()
        assert folded and unfolded and unfolded["height"] > folded["height"]

    @pytest.mark.parametrize(
        ("question", "hint"),
        [("  ", "Type a question, and press Enter."), ("word " * 500, "The question is 2,500 characters long")],
    )
    def test_what_cannot_be_asked_gets_a_hint_in_the_page(
        self, browser: Browser, address: str, question: str, hint: str
    ) -> None:
        page = _open(browser, address)
        _ask(page, question)
        expect(page.locator(".hint")).to_contain_text(hint)

    def test_a_document_full_of_attacks_is_shown_and_runs_nothing(
        self, browser: Browser, tmp_path: Path, encoder: SentenceTransformerEncoder
    ) -> None:
        (tmp_path / "attack.md").write_text(ATTACKS)
        build_index(tmp_path / "attack.md", tmp_path / "index", encoder)
        app = start(Assistant.load(tmp_path / "index", encoder), port=PORT + 1)
        try:
            page = _open(browser, f"http://127.0.0.1:{PORT + 1}")
            _ask(page, "What is the password of the vault? <script>window.hacked=8</script>")
            expect(page.locator(".paragraph")).to_contain_text('<img src=x onerror="window.hacked=2">')
            expect(page.locator(".paragraph")).to_contain_text("${window.hacked=5}")
            assert page.evaluate("window.hacked") is None
            assert page.outside == []  # type: ignore[attr-defined]
        finally:
            app.close(verbose=False)


def test_ask_and_search_are_named_endpoints(address: str, assistant: Assistant) -> None:
    client = Client(address, verbose=False)
    result = client.predict(BORDER, api_name="/ask")
    assert (result["answered"], result["answer"]["text"]) == (True, "7,644 km")
    hits = client.predict("rents in Almaty", 3, 400, api_name="/search")
    assert [hit["text"] for hit in hits] == [
        hit.passage.text for hit in assistant.retriever.search("rents in Almaty", 3, 400)
    ]
    with pytest.raises(AppError, match="the question is empty; ask in words"):
        client.predict("", api_name="/ask")
    found = client.predict(BORDER, where=["path=kyrgyz*"], api_name="/ask")
    assert {hit["document"] for hit in found["hits"]} == {"kyrgyzstan.md"}
    assert set(client.view_api(return_format="dict")["named_endpoints"]) == {"/ask", "/search"}


def test_a_port_that_cannot_be_had_is_one_clear_line(address: str, assistant: Assistant) -> None:
    with pytest.raises(InputError, match=rf"port {PORT} on 127\.0\.0\.1 is taken .* choose another one with --port"):
        start(assistant, port=PORT)
    with pytest.raises(InputError, match="there is no port 99999; choose one between 1 and 65535 with --port"):
        start(assistant, port=99_999)


def test_nothing_but_the_collection_can_be_read_through_the_server(address: str) -> None:
    import httpx

    for path in (
        "/etc/passwd",
        "/gradio_api/file=/etc/passwd",
        "/file=../../../../etc/passwd",
        "/gradio_api/file=pyproject.toml",
    ):
        assert "root:" not in (reply := httpx.get(address + path)).text
        assert "[project]" not in reply.text


def test_analytics_are_off() -> None:
    assert not gr.analytics.analytics_enabled()
