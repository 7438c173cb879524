"""The report in a real browser: complete in itself, harmless, and every question can be looked at."""

import re
from pathlib import Path
from typing import Literal

import pytest
from playwright.sync_api import Browser, Page, expect
from rag.eval.reports.report import write_report
from rag.eval.scoring.results import Results
from rag.eval.scoring.suite import judge, run

from rag import Assistant, Document, Index, InputError, Retriever, SentenceTransformerEncoder
from rag.questions.places import Gold
from rag.questions.schema import Question

pytestmark = pytest.mark.browser

SCREENSHOTS = Path(__file__).resolve().parents[3] / "screenshots"
EVIL = "<script>document.title='evil'</script></script><img src=x onerror=\"document.title='evil'\">"
TEXT = f"🙂🙂 The border of Ruritania is 40 km long.\n\nRents in Strelsau doubled in 1894. {EVIL}"


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory, encoder: SentenceTransformerEncoder) -> Path:
    """A report on three questions: one right, one failed, one that nothing answers."""
    document = Document("a.md", TEXT, f"Ruritania {EVIL}")

    def gold(quote: str) -> Gold:
        start = TEXT.index(quote)
        return Gold("a.md", start, start + len(quote), quote, start, start + len(quote))

    questions = [
        Question(
            "km",
            "How long is the border of Ruritania?",
            (gold("40 km long"),),
            "how many",
            ("similar",),
            "test",
            "a.md",
        ),
        Question("rents", "When did rents in Strelsau double?", (gold("Rents"),), "when", (), "test", "a.md"),
        Question("evil", f"Who said {EVIL}?", (), "who", ("near miss",), "test", "a.md"),
    ]
    assistant = Assistant(Retriever(Index.build([document], encoder), encoder))
    trials = list(run(assistant, questions))
    outcomes = tuple(judge(trial) for trial in trials)
    folder = tmp_path_factory.mktemp("report")
    results = Results("q.jsonl", "index", "test", True, (f"q.jsonl:9: {EVIL}",), {"version": "0"}, outcomes)
    write_report(results, trials, {document.id: document}, folder)
    return folder


def _open(browser: Browser, report: Path, width: int = 1280, scheme: Literal["light", "dark"] = "light") -> Page:
    page = browser.new_page(viewport={"width": width, "height": 900}, color_scheme=scheme)
    page.goto((report / "report.html").as_uri())
    return page


def test_question_browser_marks_gold_and_answer(browser: Browser, report: Path) -> None:
    page = _open(browser, report)
    expect(page.locator("#count")).to_have_text("3 of 3")
    first = page.locator("#questions > li").first
    expect(first.locator("h3")).to_have_text("How long is the border of Ruritania?")
    first.locator("summary").click()
    # Offsets in code points: the two faces before it are two, not four.
    expect(first.locator("mark.gold.given").first).to_have_text("40 km long")
    expect(first.locator("blockquote").first).to_contain_text("The border of Ruritania is 40 km long.")
    SCREENSHOTS.mkdir(exist_ok=True)
    page.screenshot(path=SCREENSHOTS / "report.png", full_page=True)
    page.close()


def test_filters_select_by_cause_kind_tag_and_words(browser: Browser, report: Path) -> None:
    page = _open(browser, report)
    titles = page.locator("#questions h3")
    page.select_option("[name=cause]", "right")
    expect(titles.first).to_have_text("How long is the border of Ruritania?")
    page.select_option("[name=cause]", "failed")
    failed = page.locator("#count").inner_text()
    page.select_option("[name=cause]", "")
    page.select_option("[name=kind]", "when")
    expect(titles).to_have_text(["When did rents in Strelsau double?"])
    page.select_option("[name=kind]", "")
    page.select_option("[name=tag]", "near miss")
    expect(titles).to_have_count(1)
    page.select_option("[name=tag]", "")
    page.fill("[name=words]", "DID strelsau")
    expect(titles).to_have_text(["When did rents in Strelsau double?"])
    assert failed in {"1 of 3", "2 of 3"}
    page.close()


def test_report_makes_no_requests_and_runs_no_foreign_script(browser: Browser, report: Path) -> None:
    page = browser.new_page()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto((report / "report.html").as_uri())
    for summary in page.locator("#questions summary").all():
        summary.click()
    expect(page.locator("#questions")).to_contain_text("<script>document.title='evil'</script>")
    assert page.title().startswith("q.jsonl, test part: ")
    assert asked == [(report / "report.html").as_uri()]
    html = (report / "report.html").read_text()
    assert not re.search(r"""(src|href)=["']?https?:""", html)
    page.close()


@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), (390, "dark")])
def test_report_fits_laptop_and_phone(
    browser: Browser, report: Path, width: int, scheme: Literal["light", "dark"]
) -> None:
    page = _open(browser, report, width, scheme)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    expect(page.locator(".plots svg")).to_have_count(4)
    page.screenshot(path=SCREENSHOTS / f"report-{width}.png")
    page.close()


def test_unwritable_folder_is_reported(report: Path) -> None:
    results = Results.read(report / "results.json")
    with pytest.raises(InputError, match=r"report\.html.*results\.json: cannot be written"):
        results.write(report / "report.html" / "results.json")
