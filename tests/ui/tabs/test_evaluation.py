"""The tab of the evaluation: what it shows is what `rag eval` finds, for the same questions."""

import json
import re
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect
from rag.eval.reports.table import interval, number
from rag.eval.scoring.measures import BY_KEY
from rag.eval.scoring.results import Results, is_timing
from rag.eval.scoring.suite import CAUSES, judge, run
from rag.ui.services.collections import Collection, Collections
from rag.ui.services.evaluation_jobs import (
    BUSY,
    DONE,
    FAILED,
    STOPPED,
    Evaluation,
    Evaluations,
    QuestionSet,
    read_question_set,
)

from rag import Assistant, InputError, Result, SentenceTransformerEncoder, build_index
from rag.index.filters import Where
from rag.questions.schema import load_questions
from tests.pages import blank_page, release_pages
from tests.ui.driver import BROWSER_MARKS, LAYOUTS, SCREENSHOTS, all_answered, serve, violations
from tests.waiting import PATIENCE, wait_until

pytestmark = BROWSER_MARKS

DOCUMENTS = {
    "ferry.md": "# Ferries\n\nThe ferry to Baku leaves at nine in the evening. It carries 48 wagons.\n",
    "train.md": "# Trains\n\nThe night train to Osh takes eleven hours. Its conductor is Aigul Bekova.\n",
}
ATTACK = (
    'What is <img src=x onerror="window.hacked=1"> `${window.hacked=2}` {{window.hacked=3}}</p>'
    "<script>window.hacked=4</script>?"
)


def _place(document: str, sentence: str, quote: str) -> dict[str, str]:
    return {"document": document, "sentence": sentence, "quote": quote}


FERRY = _place("ferry.md", "The ferry to Baku leaves at nine in the evening.", "nine in the evening")
WAGONS = _place("ferry.md", "It carries 48 wagons.", "48")
OSH = _place("train.md", "The night train to Osh takes eleven hours.", "eleven hours")

#: The last but one has a gold that no answer to it can be, the last one no answer at all.
QUESTIONS = [
    {"id": "ferry", "question": "When does the ferry to Baku leave?", "kind": "when", "answers": [FERRY]},
    {"id": "wagons", "question": "How many wagons does the ferry carry?", "kind": "how many", "answers": [WAGONS]},
    {"id": "osh", "question": "How long does the night train to Osh take?", "kind": "how many", "answers": [OSH]},
    {"id": "failing", "question": "Who is the conductor of the night train?", "kind": "who", "answers": [WAGONS]},
    {"id": "attack", "question": ATTACK, "kind": "what", "answers": [OSH]},
    {"id": "none", "question": "What does a ticket to the moon cost?", "kind": "what", "answers": []},
]
OPEN = {"id": "open", "question": "Who sails?", "kind": "who", "wrong": [OSH]}
STALE = {"id": "stale", "question": "Who rows?", "kind": "who", "answers": [_place("ferry.md", "Gone.", "Gone")]}
MANY = 400
NAMES = {"journeys": "Journeys", "much": "Much taught", "bare": "Bare"}


def _write(path: Path, questions: list[dict[str, object]]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps(question) + "\n" for question in questions), encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def collections(encoder: SentenceTransformerEncoder, tmp_path_factory: pytest.TempPathFactory) -> Collections:
    """Two collections over the same documents: one came with questions, of one much is taught."""
    home, folder = tmp_path_factory.mktemp("home"), tmp_path_factory.mktemp("journeys")
    for name, text in DOCUMENTS.items():
        (folder / name).write_text(text)
    index = home / "index"
    build_index(folder, index, encoder)
    split = [question | {"part": "test"} for question in QUESTIONS]
    split.append({"id": "c", "question": "Where to?", "kind": "where", "part": "calibration", "answers": []})
    came = _write(home / "journeys.jsonl", split)
    many = [QUESTIONS[0] | {"id": f"ferry-{number}"} for number in range(MANY)]
    taught = _write(home / "taught.jsonl", [*many, OPEN, STALE])
    return Collections(
        home,
        [
            Collection("journeys", "Journeys", index, None, home / "none.jsonl", (), came),
            Collection("much", "Much taught", index, None, taught),
            Collection("bare", "Bare", index, None, home / "bare.jsonl"),
        ],
        encoder,
    )


@pytest.fixture(scope="module")
def address(collections: Collections) -> Iterator[str]:
    with serve(collections) as address:
        yield address


@pytest.fixture(scope="module")
def expected(collections: Collections) -> Results:
    """The library's results."""
    assistant, collection = collections.assistant("journeys"), collections.get("journeys")
    assert collection.questions
    asked = load_questions(collection.questions, assistant.index.documents)
    trials = run(assistant, [question for question in asked if question.part == "test"])
    return Results("journeys.jsonl", "index", "test", True, (), {}, tuple(map(judge, trials)))


def _open(browser: Browser, address: str, collection: str, width: int = 1440, scheme: str = "light") -> Page:
    # axe puts its script into the page.
    page = blank_page(browser, width, scheme=scheme, bypass_csp=True)
    page.goto(f"{address}?collection={collection}")
    expect(page.get_by_label("Collection", exact=True)).to_have_value(NAMES[collection])
    page.get_by_role("tab", name="Evaluate").click()
    expect(page.locator("#evaluation-about")).not_to_be_empty()
    return page


def _evaluate(page: Page) -> None:
    page.get_by_role("button", name="Evaluate", exact=True).click()
    expect(page.locator("#evaluation-status")).to_contain_text("Asked:")


@pytest.fixture(scope="module")
def evaluated(one_browser: Browser, address: str) -> str:
    """The page's address, after an evaluation on a phone: every page shows the last report of a collection."""
    page = _open(one_browser, address, "journeys", width=360)
    _evaluate(page)
    release_pages(one_browser)
    return address


class TestFigures:
    def test_figures_equal_the_librarys(self, browser: Browser, evaluated: str, expected: Results) -> None:
        page = _open(browser, evaluated, "journeys")
        about = page.locator("#evaluation-about")
        expect(about).to_contain_text("6 questions of the test part of journeys.jsonl.")
        expect(page.locator("#evaluation-status")).to_have_text(
            "Asked: 6 questions of the test part of journeys.jsonl."
        )
        page.get_by_text("All other figures").first.click()
        figures = expected.figures()
        rows = page.locator("table.figures tbody tr")
        expect(rows).to_have_count(len(figures))
        cells = rows.evaluate_all("rows => rows.map((row) => [...row.cells].map((cell) => cell.textContent))")
        shown = {label: values for label, *values in cells}
        for key, figure in figures.items():
            label = BY_KEY[key].label + ("" if BY_KEY[key].higher_is_better else " lower is better")
            if not is_timing(key):
                assert shown[label] == [number(figure.value), interval(figure), str(figure.count)]
        right = sum(outcome.handled for outcome in expected.outcomes)
        expect(page.locator(".handled")).to_contain_text(f"handled right: {right} of 6 questions, 95% interval")
        expect(page.locator(".handled")).to_contain_text("5 of them can be answered from the documents")

    def test_each_plot_has_a_description(self, browser: Browser, evaluated: str, expected: Results) -> None:
        page = _open(browser, evaluated, "journeys")
        plots = page.locator(".plots").get_by_role("img")
        expect(plots).to_have_count(4)
        first = expected.figures()["recall@1"].value
        name = f"The right words are among the retrieved passages: {first:.0%} in the first 1"
        expect(page.locator(".plots").get_by_role("img", name=name)).to_be_visible()
        answered = sum(outcome.answered for outcome in expected.outcomes) / 6
        name = f"{answered:.0%} of the questions were answered"
        expect(page.locator(".plots").get_by_role("img", name=name)).to_be_visible()
        for plot in plots.all():
            assert plot.locator("svg").bounding_box()["height"] > 100  # type: ignore[index]
        # A style sheet inside a plot would apply to the whole page.
        assert page.locator(".plots style").count() == 0


class TestFailures:
    def test_failures_are_listed_worst_first_and_filtered(
        self, browser: Browser, evaluated: str, expected: Results
    ) -> None:
        page = _open(browser, evaluated, "journeys")
        failed = [outcome for outcome in expected.outcomes if outcome.cause]
        assert {"failing", "attack"} <= {outcome.id for outcome in failed}
        worst = sorted(failed, key=lambda outcome: (not outcome.answered, -outcome.confidence))
        items = page.locator(".failures li")
        expect(items).to_have_count(len(failed))
        expect(page.locator(".failures h3")).to_have_text([outcome.text for outcome in worst])
        one = items.filter(has_text="Who is the conductor of the night train?")
        best = next(outcome for outcome in failed if outcome.id == "failing")
        expect(one).to_contain_text(f"{best.best}")
        expect(one).to_contain_text(f"{best.confidence:.0%} likely to be right")
        expect(one).to_contain_text("48 in ferry.md")
        expect(one).to_contain_text(CAUSES[best.cause or ""])
        href = one.get_by_role("link", name="Ask it again").get_attribute("href")
        assert href == "?q=Who+is+the+conductor+of+the+night+train%3F&collection=journeys"
        for cause, count in expected.causes().items():
            if count:
                page.get_by_label(f"{cause}, {count}: {CAUSES[cause]}").check()
                expect(items).to_have_count(count)
                texts = [outcome.text for outcome in worst if outcome.cause == cause]
                expect(page.locator(".failures h3")).to_have_text(texts)
        assert page.evaluate("window.hacked") is None
        # The last cause stays chosen when the tab is drawn again.
        page.get_by_role("tab", name="Ask").click()
        with all_answered(page):
            page.get_by_role("tab", name="Evaluate").click()
        expect(page.locator(".failures h3")).to_have_text(texts)
        expect(page.locator("#evaluation-cause input:checked")).to_have_count(1)
        expect(page.locator("#evaluation-cause input:checked")).not_to_have_value("")

    def test_link_asks_the_question_again(self, browser: Browser, evaluated: str) -> None:
        page = _open(browser, evaluated, "journeys")
        one = page.locator(".failures li").filter(has_text="Who is the conductor of the night train?")
        with page.context.expect_page() as opened:
            one.get_by_role("link", name="Ask it again").click()
        expect(opened.value.locator(".result .card").first).to_contain_text("Aigul Bekova")


class TestStopping:
    def test_stop_shows_the_figures_so_far(self, browser: Browser, address: str) -> None:
        page = _open(browser, address, "much")
        about = page.locator("#evaluation-about")
        expect(about).to_contain_text(f"{MANY} questions of taught.jsonl.")
        expect(about).to_contain_text("1 question left out: the right words are not known yet.")
        about.get_by_text("1 question left out: show why").click()
        expect(about).to_contain_text(f"taught.jsonl:{MANY + 2}: the sentence 'Gone.' is not in ferry.md")
        page.get_by_role("button", name="Evaluate", exact=True).click()
        status = page.locator("#evaluation-status")
        expect(status).to_contain_text(f"of {MANY} questions, ")
        expect(status).to_contain_text("left")
        expect(page.get_by_role("button", name="Evaluate", exact=True)).to_be_disabled()
        expect(page.get_by_role("progressbar")).to_be_visible()
        page.get_by_role("button", name="Stop").click()
        expect(status).to_contain_text("Stopped after")
        # Gradio may still show a timer beside the words.
        found = re.search(r"Stopped after (\d+)", status.inner_text())
        assert found
        asked = int(found[1])
        assert 0 < asked < MANY
        expect(page.locator(".handled")).to_contain_text(f"{asked} of {asked} questions")
        expect(page.get_by_role("button", name="Evaluate", exact=True)).to_be_enabled()
        expect(page.get_by_role("button", name="Stop")).to_be_hidden()

    @pytest.mark.slow
    def test_questions_are_answered_during_an_evaluation(self, browser: Browser, address: str) -> None:
        first = _open(browser, address, "much")
        second = _open(browser, address, "journeys")
        expect(second.locator("#evaluation-about")).to_contain_text("6 questions")
        second.get_by_role("tab", name="Ask").click()
        first.get_by_role("button", name="Evaluate", exact=True).click()
        expect(first.locator("#evaluation-status")).to_contain_text("Asking Much taught")
        # Another page shows the progress, and cannot start a second evaluation.
        second.get_by_role("tab", name="Evaluate").click()
        expect(second.locator("#evaluation-status")).to_contain_text("Asking Much taught")
        expect(second.get_by_role("button", name="Evaluate", exact=True)).to_be_disabled()
        second.get_by_role("tab", name="Ask").click()
        second.locator("#question textarea, #question input").fill("How long does the night train to Osh take?")
        second.keyboard.press("Enter")
        expect(second.locator(".card .quote")).to_contain_text("eleven hours")
        expect(first.locator("#evaluation-status")).to_contain_text("Asking Much taught")
        # A page that did not start it can stop it.
        second.get_by_role("tab", name="Evaluate").click()
        second.get_by_role("button", name="Stop").click()
        expect(first.locator("#evaluation-status")).to_contain_text("Stopped after")

    def test_second_evaluation_is_refused_while_one_runs(self, collections: Collections) -> None:
        assistant = collections.assistant("much")
        collection = collections.get("much")
        asked = read_question_set(collection.taught, assistant)
        released = threading.Event()

        class Blocked(Assistant):
            """Retrieves nothing until it is released."""

            def retrieve(self, question: str, where: Where | None = None, k: int | None = None) -> Result:
                assert released.wait(PATIENCE)
                return super().retrieve(question, where, k)

        evaluations = Evaluations()
        blocked = Blocked(assistant.retriever, assistant.reader, assistant.confidence)
        running = evaluations.start(collection, asked, blocked)
        with pytest.raises(InputError, match=f"^{BUSY}$"):
            evaluations.start(collection, asked, assistant)
        running.stop()
        released.set()
        wait_until(lambda: running.state().ended)
        assert running.state().state == STOPPED
        # Another collection may get the id of one that was deleted.
        evaluations.forget("bare")
        assert evaluations.last("much") is running
        evaluations.forget("much")
        assert evaluations.last("much") is None

    def test_evaluation_of_a_deleted_collection_is_abandoned(self, collections: Collections) -> None:
        assistant, collection = collections.assistant("much"), collections.get("much")
        evaluations = Evaluations()
        running = evaluations.start(collection, read_question_set(collection.taught, assistant), assistant)
        evaluations.forget("much")
        wait_until(lambda: running.state().ended)
        state = running.state()
        assert (state.state, state.report, evaluations.last("much")) == (FAILED, None, None)

    def test_stop_asks_no_further_question(self, collections: Collections) -> None:
        assistant = collections.assistant("much")
        asked = read_question_set(collections.get("much").taught, assistant)
        calls: list[int] = []

        class Interrupted(Assistant):
            """Counts retrievals, and is stopped during the third."""

            def retrieve(self, question: str, where: Where | None = None, k: int | None = None) -> Result:
                calls.append(1)
                if len(calls) == 3:
                    evaluation.stop()
                return super().retrieve(question, where, k)

        interrupted = Interrupted(assistant.retriever, assistant.reader, assistant.confidence)
        much = Collection("much", "Much", Path(), None, Path())
        evaluation = Evaluation(much, asked, interrupted, Path())
        evaluation.run()
        state = evaluation.state()
        assert (state.state, state.done, len(calls)) == (STOPPED, 3, 3)
        assert state.report and len(state.report.results.outcomes) == 3 and not state.report.results.complete


class TestUnusableQuestions:
    def test_empty_tab_explains_how_to_start(self, browser: Browser, address: str) -> None:
        page = _open(browser, address, "bare")
        expect(page.locator("#evaluation-about")).to_contain_text(
            "Ask a question under Ask, then say whether the answer is right"
        )
        expect(page.get_by_role("button", name="Evaluate", exact=True)).to_be_disabled()
        expect(page.locator("#evaluation-which")).to_be_hidden()

    def test_set_without_usable_questions_is_refused(self, collections: Collections, tmp_path: Path) -> None:
        collection, assistant = collections.get("bare"), collections.assistant("bare")
        asked = read_question_set(_write(tmp_path / "q.jsonl", [OPEN, STALE]), assistant)
        assert (asked.questions, asked.unlabelled, len(asked.left_out)) == ((), 1, 1)
        with pytest.raises(InputError, match=r"q\.jsonl: there is no question that can be asked of 'Bare'"):
            Evaluations().start(collection, asked, assistant)

    def test_errors_do_not_show_server_paths(self, collections: Collections, tmp_path: Path) -> None:
        with pytest.raises(InputError) as error:
            read_question_set(tmp_path, collections.assistant("bare"))
        assert str(tmp_path.parent) not in str(error.value)

    def test_question_too_long_for_the_embedder_is_left_out(self, collections: Collections, tmp_path: Path) -> None:
        long = QUESTIONS[0] | {"id": "long", "question": "ferry " * 300}
        asked = read_question_set(_write(tmp_path / "q.jsonl", [long, QUESTIONS[1]]), collections.assistant("bare"))
        assert [question.id for question in asked.questions] == ["wagons"]
        assert asked.left_out[0].startswith("q.jsonl: question long: the question is 300 tokens long")

    def test_crashed_evaluation_does_not_block_the_next(
        self, collections: Collections, recwarn: pytest.WarningsRecorder, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(threading, "excepthook", lambda _: None)
        collection, assistant = collections.get("journeys"), collections.assistant("journeys")
        asked = read_question_set(collection.questions or Path(), assistant)
        evaluations = Evaluations()
        broken = evaluations.start(collection, asked, object())  # type: ignore[arg-type]
        wait_until(lambda: broken.state().ended)
        assert "ended before it was done" in broken.state().error
        whole = evaluations.start(collection, _first(asked), assistant)
        wait_until(lambda: whole.state().ended)
        assert whole.state().state == DONE and evaluations.running() is None and evaluations.last("journeys") is whole


@LAYOUTS
def test_layout_and_accessibility(browser: Browser, evaluated: str, width: int, scheme: str) -> None:
    page = _open(browser, evaluated, "journeys", width, scheme)
    expect(page.locator("#evaluation-about")).to_contain_text("6 questions")
    page.get_by_text("All other figures").first.click()
    assert page.evaluate("document.documentElement.scrollWidth") == width
    SCREENSHOTS.mkdir(exist_ok=True)
    page.screenshot(path=SCREENSHOTS / f"evaluation-{width}-{scheme}.png", full_page=True)
    assert violations(page) == []


def _first(asked: QuestionSet) -> QuestionSet:
    return QuestionSet(asked.name, asked.questions[:1], asked.part, 0, ())
