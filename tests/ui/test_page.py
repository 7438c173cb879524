"""The real page, served by the real server, in the real browser."""

import json
from collections.abc import Iterator
from pathlib import Path

import gradio as gr
import pytest
from axe_playwright_python.sync_playwright import Axe
from fpdf import FPDF
from gradio_client import Client
from gradio_client.exceptions import AppError
from playwright.sync_api import APIResponse, Browser, Page, Route, expect
from rag.ui import start
from rag.ui.examples import EXAMPLES
from rag.ui.services.collections import Collection, Collections

from rag import Assistant, InputError, SentenceTransformerEncoder, build_index
from rag.export.check import read_export
from rag.questions.schema import load_questions

pytestmark = pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning")

BORDER = "How long is the border between Kazakhstan and Russia?"
PRESIDENT = "Who is the president of Uzbekistan?"
WAGONS = "How many wagons did ferries carry across the Caspian?"
SCREENSHOTS = Path(__file__).resolve().parents[2] / "screenshots"
PORT = 17860
WIDTHS = pytest.mark.parametrize("width", [1440, 360])

ATTACKS = """\
# <script>window.hacked = 1</script>

The password of the vault is <img src=x onerror="window.hacked=2"> </mark></blockquote> "onmouseover="window.hacked=3" \
{{constructor.constructor('window.hacked=4')()}} ${window.hacked=5} <svg/onload=window.hacked=6> \
<a href="javascript:window.hacked=7">swordfish</a> <link rel=stylesheet href=http://example.org/x.css>.
"""

#: As behind a network that holds answers back.
HELD_BACK = """
const fetched = window.fetch;
window.hold = () => { window.held = new Promise((release) => (window.release = release)); };
window.fetch = async (resource, options) => {
  const response = await fetched(resource, options);
  if (!(resource.url ?? resource).includes("/queue/data")) return response;
  resource.signal.addEventListener("abort", () => window.ended?.());
  const late = new TransformStream({ transform: async (chunk, on) => { await window.held; on.enqueue(chunk); } });
  return new Response(response.body.pipeThrough(late), response);
};
"""

PAGES = (
    "The harbour of Aktau was dredged in the spring of 2021, and again two years later by a firm from Baku.",
    "Ferries carried 41,300 wagons across the Caspian in 2022, a third more than in the year before it.",
)


@pytest.fixture(scope="module")
def collections(
    corpus_index: Path, encoder: SentenceTransformerEncoder, tmp_path_factory: pytest.TempPathFactory
) -> Collections:
    """The shipped articles, and the reports of a harbour, which differ in a figure."""
    home = tmp_path_factory.mktemp("home")
    folder = tmp_path_factory.mktemp("reports")
    pdf = FPDF()
    pdf.set_title("Harbour report")
    for text in PAGES:
        pdf.add_page()
        pdf.set_font("Helvetica", size=11)
        pdf.multi_cell(0, 6, text)
    pdf.output(str(folder / "harbour.pdf"))
    (folder / "letter.txt").write_bytes(
        b"Dear all,\r\n\r\nIn 2022 the ferries carried 39,800 wagons over the Caspian.\r\n"
    )
    (folder / "paper.md").write_text("# The paper\n\nFerries carried 41,300 wagons last year, wrote the paper.\n")
    index = tmp_path_factory.mktemp("reports-index")
    build_index(folder, index, encoder)
    return Collections(
        home,
        [
            Collection("start", "Central Asia", corpus_index, None, home / "start.jsonl", EXAMPLES),
            Collection("reports", "Harbour", index, None, home / "reports.jsonl"),
        ],
        encoder,
    )


@pytest.fixture(scope="module")
def address(collections: Collections) -> Iterator[str]:
    page = start(collections, port=PORT)
    yield f"http://127.0.0.1:{PORT}"
    page.close(verbose=False)


def _open(
    browser: Browser,
    address: str,
    width: int = 1440,
    height: int = 900,
    *,
    scheme: str = "light",
    query: str = "",
    bypass_csp: bool = False,
) -> Page:
    """The page, its outside requests and its errors kept in ``page.outside`` and ``page.errors``."""
    size = {"width": width, "height": height}
    page = browser.new_context(viewport=size, color_scheme=scheme, bypass_csp=bypass_csp).new_page()  # type: ignore[arg-type]
    page.outside, page.errors = [], []  # type: ignore[attr-defined]
    page.on(
        "request",
        lambda r: r.url.startswith((address.partition("?")[0], "data:", "blob:")) or page.outside.append(r.url),
    )  # type: ignore[attr-defined]
    page.on("console", lambda m: page.errors.append(m.text) if m.type == "error" else None)  # type: ignore[attr-defined]
    page.on("pageerror", lambda error: page.errors.append(str(error)))  # type: ignore[attr-defined]
    page.goto(address + query)
    expect(page.locator("#question textarea, #question input")).to_be_focused()
    return page


def _ask(page: Page, question: str) -> None:
    page.locator("#question textarea, #question input").fill(question)
    page.keyboard.press("Enter")


def _violations(page: Page) -> list[tuple[str, str]]:
    """What axe finds that is serious or critical: its rule, and the first element."""
    return [
        (each["id"], each["nodes"][0]["html"][:200])
        for each in Axe().run(page).response["violations"]
        if each["impact"] in ("serious", "critical")
    ]


def _screenshot(page: Page, name: str) -> None:
    SCREENSHOTS.mkdir(exist_ok=True)
    page.screenshot(path=SCREENSHOTS / f"{name}.png", full_page=True, animations="disabled")


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
        expect(page.locator(".filter")).to_have_text("Only documents that match path=kyrgyz*, sources.date>=2022")
        documents = page.locator(".result code").all_inner_texts()
        assert {name for name in documents if name.endswith(".md")} == {"kyrgyzstan.md"}
        panel.click()
        page.locator("#where textarea").fill("contry=x")
        panel.click()
        _ask(page, BORDER)
        expect(page.locator(".hint")).to_contain_text("No document has the field 'contry'; known fields: date")
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
        expect(page.locator(".alternatives li")).to_have_count(4)
        _screenshot(page, "answer")
        page.set_viewport_size({"width": 1440, "height": 900})
        page.screenshot(path=SCREENSHOTS / "answer-top.png")
        assert (page.outside, page.errors) == ([], [])  # type: ignore[attr-defined]

    def test_an_example_is_asked_by_a_click(self, browser: Browser, address: str) -> None:
        page = _open(browser, address)
        question = "Who put off a trip to Bishkek in December 2022?"
        page.locator("#examples .chip", has_text=question).click()
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
        expect(page.locator(".card h3")).to_have_text("Closest match, not an answer")
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
        expect(page.locator(".card .quote")).to_have_text("7,644 km")
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

    @WIDTHS
    def test_the_source_opens_at_the_words_and_keys_walk_its_marks(
        self, browser: Browser, address: str, width: int
    ) -> None:
        page = _open(browser, address, width)
        _ask(page, BORDER)
        show = page.get_by_role("button", name="Show in the document")
        expect(show).to_be_visible()
        size = "card => [card.offsetWidth, card.offsetHeight]"
        before = page.locator(".card").evaluate(size)
        show.click()
        pane = page.locator(".source-pane")
        expect(pane.locator("h2")).to_have_text("Kazakhstan: the long border")
        focus = pane.locator("mark.sentence mark.answer.focus")
        expect(focus).to_have_text("7,644 km")
        expect(focus).to_be_in_viewport()
        expect(pane.locator("mark.current")).to_have_text("7,644 km")
        assert pane.locator("mark.other").count() >= 1
        page.keyboard.press("n")
        expect(pane.locator("mark.current")).to_have_text("4,750 miles")
        page.keyboard.press("p")
        expect(pane.locator("mark.current")).to_have_text("7,644 km")
        box = pane.bounding_box()
        assert box and (box["x"] > 600) == (width == 1440)
        # Where it covers the page, nothing changes behind it.
        assert (page.locator(".card").evaluate(size) == before) == (width == 360)
        _screenshot(page, f"source-{width}")
        page.keyboard.press("Escape")
        expect(pane).to_have_count(0)
        expect(show).to_be_focused()

    def test_the_source_is_the_file_itself_with_its_own_line_breaks(self, browser: Browser, address: str) -> None:
        page = _open(browser, f"{address}/?collection=reports&q=How+many+wagons+did+the+ferries+carry+in+2022")
        page.get_by_role("button", name="Show in the document").click()
        text = page.locator(".source-pane .text")
        expect(text).to_contain_text("Dear all,")
        assert text.evaluate("element => element.textContent") == (
            "Dear all,\r\n\r\nIn 2022 the ferries carried 39,800 wagons over the Caspian.\r\n"
        )

    @WIDTHS
    def test_a_pdf_shows_its_page_with_the_words_marked(self, browser: Browser, address: str, width: int) -> None:
        page = _open(browser, address, width, query="?collection=reports&q=" + WAGONS.replace(" ", "+"))
        expect(page.locator(".card .quote")).to_have_text("41,300")
        page.get_by_role("button", name="Show in the document").click()
        pane = page.locator(".source-pane")
        expect(pane.locator("figcaption")).to_have_text("Page 2")
        sheet, mark = pane.locator(".sheet").bounding_box(), pane.locator(".box.focus").bounding_box()
        assert sheet and mark
        # In the first line of the page, behind "Ferries carried".
        assert 0.02 < (mark["y"] - sheet["y"]) / sheet["height"] < 0.1
        assert 0.1 < (mark["x"] - sheet["x"]) / sheet["width"] < 0.3
        _screenshot(page, f"pdf-{width}")
        pane.get_by_role("button", name="Text", exact=True).click()
        expect(pane.locator(".text mark.focus")).to_have_text("41,300")
        expect(pane.locator(".sheet")).to_be_hidden()

    def test_documents_that_say_the_same_are_counted_and_those_that_do_not_are_shown(
        self, browser: Browser, address: str
    ) -> None:
        page = _open(browser, address, query="?collection=reports&q=" + WAGONS.replace(" ", "+"))
        expect(page.locator(".card .quote")).to_have_text("41,300")
        expect(page.locator(".card .same")).to_contain_text("2 documents say the same")
        expect(page.locator(".disagreement")).to_contain_text("39,800")
        expect(page.locator(".disagreement")).to_contain_text("letter")
        _screenshot(page, "disagreement")

    def test_the_slider_says_how_likely_an_answer_must_be(self, browser: Browser, address: str) -> None:
        page = _open(browser, address)
        _ask(page, BORDER)
        expect(page.locator(".card .quote")).to_have_text("7,644 km")
        page.get_by_role("button", name="Toggle Sidebar").click()
        page.locator("#min-confidence input[type=number]").fill("95")
        page.locator("#min-confidence input[type=number]").press("Tab")
        expect(page.locator(".card h2")).to_have_text("Not found")
        assert "min_confidence=95" in page.url
        expect(page.locator(".card.missing")).to_contain_text("too likely to be wrong")
        expect(page.locator(".card mark.near")).to_have_text("7,644 km")

    def test_the_later_of_two_questions_is_answered(self, browser: Browser, address: str) -> None:
        page = _open(browser, address)
        _ask(page, PRESIDENT)
        _ask(page, BORDER)
        expect(page.locator(".card .quote")).to_have_text("7,644 km")
        expect(page.locator("#question input, #question textarea")).to_have_value(BORDER)
        assert "q=How+long" in page.url

    def test_arrows_walk_the_hits_enter_opens_and_a_slash_goes_back_to_the_question(
        self, browser: Browser, address: str
    ) -> None:
        page = _open(browser, address)
        _ask(page, BORDER)
        expect(page.locator(".card .quote")).to_have_text("7,644 km")
        page.keyboard.press("ArrowDown")
        expect(page.get_by_role("button", name="Show in the document")).to_be_focused()
        for _ in range(2):
            page.keyboard.press("ArrowDown")
        page.keyboard.press("ArrowUp")
        expect(page.locator(".alternatives .walk").first).to_be_focused()
        page.keyboard.press("Enter")
        expect(page.locator(".source-pane")).to_be_visible()
        page.keyboard.press("Escape")
        expect(page.locator(".alternatives .walk").first).to_be_focused()
        page.keyboard.press("/")
        expect(page.locator("#question input, #question textarea")).to_be_focused()

    def test_a_slash_leads_back_from_another_tab(self, browser: Browser, address: str) -> None:
        page = _open(browser, address)
        page.get_by_role("tab", name="Evaluate").click()
        expect(page.locator("#question")).to_be_hidden()
        page.keyboard.press("/")
        expect(page.locator("#question input, #question textarea")).to_be_focused()

    def test_the_focus_goes_nowhere_that_cannot_be_seen(self, browser: Browser, address: str) -> None:
        page = _open(browser, address, 360)
        _ask(page, BORDER)
        # The examples go away when the answer is there, and the focus with them.
        expect(page.locator(".card .quote")).to_have_text("7,644 km")
        for _ in range(30):
            page.keyboard.press("Tab")
            assert page.evaluate("document.activeElement.getBoundingClientRect().right > 0")
        page.get_by_role("button", name="Show in the document").click()
        expect(page.locator(".source-pane")).to_be_visible()
        for key in ["Tab"] * 8 + ["Shift+Tab"] * 8:
            page.keyboard.press(key)
            assert page.evaluate("document.activeElement.closest('.source-pane') !== null")

    def test_an_answer_to_another_question_is_shown_as_such(self, browser: Browser, address: str) -> None:
        page = _open(browser, address)
        _ask(page, BORDER)
        expect(page.locator(".card .quote")).to_have_text("7,644 km")
        page.route("**/queue/join*", lambda route: None)
        _ask(page, PRESIDENT)
        expect(page.locator(".result")).to_have_class("result past")

    def test_what_is_typed_before_the_page_is_ready_waits_for_enter(self, browser: Browser, address: str) -> None:
        page = browser.new_context().new_page()
        held: list[Route] | None = []
        page.route("**/queue/join*", lambda route: route.continue_() if held is None else held.append(route))
        with page.expect_request("**/queue/join*"):
            page.goto(address)
        page.locator("#question textarea, #question input").fill(BORDER)
        page.wait_for_timeout(500)
        assert held
        first, held = held, None
        for each in first:
            each.continue_()
        page.wait_for_timeout(2_000)
        expect(page.locator(".result")).to_have_count(0)
        assert "q=" not in page.url
        page.keyboard.press("Enter")
        expect(page.locator(".card .quote")).to_have_text("7,644 km")

    @pytest.mark.parametrize("query", ["", "?q=Who+is+the+president+of+Kyrgyzstan%3F"])
    def test_of_what_is_asked_before_all_of_the_page_is_there_the_last_is_answered(
        self, browser: Browser, address: str, query: str
    ) -> None:
        page = browser.new_context().new_page()
        held: list[tuple[Route, APIResponse]] = []
        sent: list[str] = []
        page.on("request", lambda each: sent.append(each.post_data or "") if "queue/join" in each.url else None)

        def but_for_the_slider(route: Route) -> None:
            response = route.fetch()
            if 'type="range"' in response.text():
                held.append((route, response))
            else:
                route.fulfill(response=response)

        page.route("**/assets/*.js", but_for_the_slider)
        page.goto(address + query)
        _ask(page, PRESIDENT)
        _ask(page, BORDER)
        while not held:
            page.wait_for_timeout(100)
        page.wait_for_timeout(500)
        expect(page.locator(".result")).to_have_count(0)
        [(route, response)] = held
        route.fulfill(response=response)
        expect(page.locator(".card .quote")).to_have_text("7,644 km")
        assert "q=How+long" in page.url
        page.wait_for_timeout(1_000)
        expect(page.locator(".card .quote")).to_have_text("7,644 km")
        assert [each for each in sent if "president" in each] == []

    def test_questions_asked_at_once_are_answered_one_after_the_other(
        self, browser: Browser, address: str, tmp_path: Path
    ) -> None:
        page = _open(browser, address)
        _ask(page, BORDER)
        expect(page.locator(".card .quote")).to_have_text("7,644 km")
        page.get_by_role("button", name="Toggle Sidebar").click()
        _ask(page, PRESIDENT)
        page.locator("#history-list a", has_text=BORDER).click()
        expect(page.locator("#question textarea, #question input")).to_have_value(BORDER)
        expect(page.locator(".result:not(.past) .card .quote")).to_have_text("7,644 km")
        with page.expect_download() as download:
            page.get_by_role("button", name="Save all as JSON").click()
        download.value.save_as(tmp_path / "answers.json")
        saved = json.loads((tmp_path / "answers.json").read_text(encoding="utf-8"))
        assert [each["question"] for each in saved["answers"]] == [BORDER, PRESIDENT, BORDER]

    @pytest.mark.parametrize("closed_by", ["key", "button"])
    def test_a_source_that_was_closed_opens_again(self, browser: Browser, address: str, closed_by: str) -> None:
        page = _open(browser, address)
        _ask(page, BORDER)
        for _ in range(2):
            page.get_by_role("button", name="Show in the document").first.click()
            expect(page.locator(".source-pane mark.focus").first).to_be_visible()
            if closed_by == "key":
                page.keyboard.press("Escape")
            else:
                page.get_by_role("button", name="Close", exact=True).click()
            expect(page.locator(".source-pane")).to_have_count(0)
            assert page.evaluate("document.activeElement.classList.contains('open')")

    def test_who_asks_with_the_source_open_stays_in_the_question(self, browser: Browser, address: str) -> None:
        page = _open(browser, address)
        _ask(page, BORDER)
        page.get_by_role("button", name="Show in the document").first.click()
        expect(page.locator(".source-pane")).to_be_visible()
        _ask(page, PRESIDENT)
        expect(page.locator(".card .quote")).to_have_text("Shavkat Mirziyoyev")
        expect(page.locator(".source-pane")).to_have_count(0)
        expect(page.locator("#question textarea, #question input")).to_be_focused()

    def test_what_is_asked_as_the_stream_of_answers_ends_is_answered(self, browser: Browser, address: str) -> None:
        page = browser.new_context().new_page()
        page.add_init_script(HELD_BACK)
        page.goto(address)
        _ask(page, PRESIDENT)
        expect(page.locator(".card .quote")).to_have_text("Shavkat Mirziyoyev")
        page.wait_for_timeout(1_500)
        page.evaluate("window.hold()")
        _ask(page, BORDER)
        # The server has said all by then, and the page has heard nothing of it.
        page.wait_for_timeout(3_000)
        with page.expect_response("**/queue/join*"):
            page.get_by_role("tab", name="Feedback").click()
        # The stream after it is held back as well, and the next question asked as that one ends.
        page.evaluate("() => { window.ended = window.hold; window.release(); }")
        page.get_by_role("tab", name="Ask").click()
        expect(page.locator(".card .quote")).to_have_text("7,644 km")
        page.wait_for_timeout(3_000)
        with page.expect_response("**/queue/join*"):
            _ask(page, PRESIDENT)
        page.evaluate("() => { window.ended = null; window.release(); }")
        expect(page.locator("#feedback-table")).to_contain_text("No feedback yet")
        expect(page.locator(".card .quote")).to_have_text("Shavkat Mirziyoyev")

    @WIDTHS
    def test_right_wrong_and_selected_words_are_taught(
        self, browser: Browser, address: str, collections: Collections, width: int
    ) -> None:
        taught = collections.get("reports").taught
        taught.unlink(missing_ok=True)
        page = _open(browser, address, width, query="?collection=reports&q=" + WAGONS.replace(" ", "+"))
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
        documents = collections.assistant("reports").retriever.index.documents
        [question] = load_questions(taught, documents)
        gold = question.golds[0]
        assert documents["letter.txt"].text[gold.start : gold.end] == "39,800"

    def test_questions_are_kept_in_this_browser_and_a_link_reopens_the_answer(
        self, browser: Browser, address: str
    ) -> None:
        page = _open(browser, address)
        _ask(page, BORDER)
        expect(page.locator(".card .quote")).to_have_text("7,644 km")
        link = page.url
        assert "q=How+long" in link
        assert "collection=start" in link
        page.reload()
        expect(page.locator(".card .quote")).to_have_text("7,644 km")
        page.get_by_role("button", name="Toggle Sidebar").click()
        expect(page.locator("#history-list a")).to_have_text([BORDER])
        page.get_by_role("button", name="Clear").click()
        expect(page.locator("#history-list a")).to_have_count(0)
        page.get_by_role("button", name="Save all as JSON").click()
        expect(page.locator(".toast-body")).to_contain_text("There is nothing to save")
        other = _open(browser, link)
        expect(other.locator(".card .quote")).to_have_text("7,644 km")
        expect(other.locator("#question input, #question textarea")).to_have_value(BORDER)

    def test_the_quote_is_copied_with_its_source_and_answers_are_saved(
        self, browser: Browser, address: str, tmp_path: Path
    ) -> None:
        page = _open(browser, address)
        page.context.grant_permissions(["clipboard-read", "clipboard-write"])
        page.bring_to_front()
        _ask(page, BORDER)
        page.get_by_role("button", name="Copy with its source").click()
        expect(page.get_by_role("button", name="Copied")).to_be_visible()
        page.get_by_role("button", name="Copied").click()
        page.wait_for_timeout(3_500)
        expect(page.get_by_role("button", name="Copy with its source")).to_be_visible()
        copied = page.evaluate("navigator.clipboard.readText()")
        assert copied.startswith("“7,644 km” — ")
        assert "kazakhstan.md" in copied
        for button, name in (("JSON", "answers.json"), ("Markdown", "answers.md")):
            with page.expect_download() as download:
                page.get_by_role("button", name=button, exact=True).click()
            assert download.value.suggested_filename == name
            download.value.save_as(tmp_path / name)
        [quote] = read_export(tmp_path / "answers.json").quotes
        assert (quote.document, quote.text) == ("kazakhstan.md", "7,644 km")
        assert "**7,644 km**" in (tmp_path / "answers.md").read_text(encoding="utf-8")

    @pytest.mark.parametrize(("width", "scheme"), [(1440, "light"), (1440, "dark"), (360, "light")])
    def test_nothing_serious_stands_in_the_way_of_anybody(
        self, browser: Browser, address: str, width: int, scheme: str
    ) -> None:
        page = _open(browser, address, width, scheme=scheme, bypass_csp=True)
        found = _violations(page)
        _ask(page, BORDER)
        expect(page.locator(".card .quote")).to_have_text("7,644 km")
        found += _violations(page)
        page.get_by_role("button", name="Show in the document").click()
        expect(page.locator(".source-pane")).to_be_visible()
        found += _violations(page)
        page.keyboard.press("Escape")
        for tab in ("Documents", "Feedback", "Evaluate"):
            if page.get_by_role("tab", name=tab).is_visible():
                page.get_by_role("tab", name=tab).click()
                page.wait_for_timeout(500)
                _screenshot(page, f"{tab.lower()}-{width}-{scheme}")
                found += _violations(page)
        page.get_by_role("button", name="Toggle Sidebar").click()
        page.wait_for_timeout(500)
        assert found + _violations(page) == []

    def test_the_first_paint_is_quick_and_the_layout_stays(self, browser: Browser, address: str) -> None:
        page = _open(browser, address)
        painted = page.evaluate("performance.getEntriesByName('first-contentful-paint')[0].startTime")
        page.evaluate("""() => { window.shift = 0; new PerformanceObserver((list) => list.getEntries().forEach(
            (entry) => (window.shift += entry.hadRecentInput ? 0 : entry.value))).observe({type: "layout-shift"}); }""")
        _ask(page, BORDER)
        expect(page.locator(".card .quote")).to_have_text("7,644 km")
        page.wait_for_timeout(300)
        # In milliseconds; 430 to 680 on two cores that do nothing else, 850 on cores a third as fast.
        assert painted < 3_000
        # A score of 0.1 is what is called good (web.dev/cls).
        assert page.evaluate("window.shift") < 0.1

    def test_the_passages_are_shown_while_they_are_read(self, browser: Browser, address: str) -> None:
        page = _open(browser, address)
        page.evaluate("""() => { window.seen = []; new MutationObserver(() => {
            const text = document.querySelector(".top")?.textContent.slice(0, 20);
            if (text && text !== window.seen.at(-1)) window.seen.push(text);
        }).observe(document.querySelector("#result"), {childList: true, subtree: true, characterData: true}); }""")
        _ask(page, BORDER)
        expect(page.locator(".card .quote")).to_have_text("7,644 km")
        seen = page.evaluate("window.seen")
        assert [text[:8] for text in seen] == ["Reading ", "7,644 km"]

    def test_a_document_full_of_attacks_is_shown_and_runs_nothing(
        self, browser: Browser, tmp_path: Path, encoder: SentenceTransformerEncoder
    ) -> None:
        (tmp_path / "attack.md").write_text(ATTACKS)
        build_index(tmp_path / "attack.md", tmp_path / "index", encoder)
        evil = Collection("evil", "<img src=x onerror=window.hacked=9>", tmp_path / "index", None, tmp_path / "t.jsonl")
        app = start(Collections(tmp_path / "home", [evil], encoder), port=PORT + 1)
        try:
            page = _open(browser, f"http://127.0.0.1:{PORT + 1}")
            _ask(page, "What is the password of the vault? <script>window.hacked=8</script>")
            expect(page.locator(".paragraph")).to_contain_text('<img src=x onerror="window.hacked=2">')
            expect(page.locator(".paragraph")).to_contain_text("${window.hacked=5}")
            page.get_by_role("button", name="Show in the document").click()
            expect(page.locator(".source-pane h2")).to_have_text("<script>window.hacked = 1</script>")
            expect(page.locator(".source-pane .text")).to_contain_text("<svg/onload=window.hacked=6>")
            page.get_by_role("button", name="Right", exact=True).click()
            expect(page.locator(".feedback-note")).to_contain_text("is right")
            page.reload()
            expect(page.locator(".card")).to_be_visible()
            page.get_by_role("button", name="Toggle Sidebar").click()
            expect(page.locator("#history-list a")).to_contain_text("<script>window.hacked=8</script>")
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


def test_a_port_that_cannot_be_had_is_one_clear_line(address: str, collections: Collections) -> None:
    with pytest.raises(InputError, match=rf"port {PORT} on 127\.0\.0\.1 is taken .* choose another one with --port"):
        start(collections, port=PORT)
    with pytest.raises(InputError, match="there is no port 99999; choose one between 1 and 65535 with --port"):
        start(collections, port=99_999)


def test_analytics_are_off() -> None:
    assert not gr.analytics.analytics_enabled()
