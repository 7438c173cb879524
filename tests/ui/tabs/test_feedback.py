"""The Feedback tab in the real browser: it lists the feedback file and edits it."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Locator, Page, expect
from rag.ui.services.collections import Collection, Collections

from rag import SentenceTransformerEncoder, build_index
from rag.questions.anchors import Selection
from rag.questions.feedback import FeedbackFile
from rag.questions.schema import load_questions
from tests.pages import blank_page
from tests.ui.driver import BROWSER_MARKS, LAYOUTS, SCREENSHOTS, WIDTHS, serve, violations

pytestmark = BROWSER_MARKS

FERRY = "# Ferries\n\nThe ferry to Baku leaves at nine in the evening. It carries 48 wagons.\n"
TRAIN = "# Trains\n\nThe night train to Osh takes eleven hours, or ten on a good night.\n"
ATTACK = (
    'Is <img src=x onerror="window.hacked=1"> `${window.hacked=2}` {{window.hacked=3}}</p>'
    "<script>window.hacked=4</script> true?"
)


def _place(document: str, sentence: str, quote: str) -> dict[str, str]:
    return {"document": document, "sentence": sentence, "quote": quote}


NINE = _place("ferry.md", "The ferry to Baku leaves at nine in the evening.", "nine in the evening")
EVENING = NINE | {"quote": "the evening"}
WAGONS = _place("ferry.md", "It carries 48 wagons.", "48")
OSH = "The night train to Osh takes eleven hours, or ten on a good night."
ELEVEN, TEN = _place("train.md", OSH, "eleven hours"), _place("train.md", OSH, "ten")
GONE = _place("ferry.md", "It sank in <b>March</b>.", "<b>March</b>")

ANNOTATIONS = [
    {
        "id": "leaves", "question": "When does the ferry leave?", "kind": "when", "answers": [NINE, EVENING],
        "wrong": [TEN],
    },
    {"id": "long", "question": "How long is the night?", "kind": "how many", "wrong": [ELEVEN]},
    {"id": "moon", "question": "What does the moon cost?", "kind": "what", "answers": []},
    {"id": "sank", "question": "When did it sink?", "kind": "when", "answers": [GONE, NINE]},
    {"id": 'attack"><b>', "question": ATTACK, "kind": "yes-no", "answers": [WAGONS]},
]  # fmt: skip


@pytest.fixture(scope="module")
def collections(encoder: SentenceTransformerEncoder, tmp_path_factory: pytest.TempPathFactory) -> Collections:
    home, folder = tmp_path_factory.mktemp("home"), tmp_path_factory.mktemp("journeys")
    (folder / "ferry.md").write_text(FERRY)
    (folder / "train.md").write_text(TRAIN)
    index = home / "index"
    build_index(folder, index, encoder)
    return Collections(
        home,
        [
            Collection("journeys", "Journeys", index, None, home / "taught.jsonl"),
            Collection("bare", "Bare", index, None, home / "bare.jsonl"),
            Collection("lost", "Lost", home / "no-index", None, home / "taught.jsonl"),
        ],
        encoder,
    )


@pytest.fixture(scope="module")
def address(collections: Collections) -> Iterator[str]:
    with serve(collections) as address:
        yield address


@pytest.fixture
def file(collections: Collections) -> Path:
    """The feedback file before each test, with a byte order mark, CRLF line ends and a line of unknown fields."""
    path = collections.get("journeys").taught
    lines = [json.dumps(annotation, ensure_ascii=False).encode() for annotation in ANNOTATIONS]
    path.write_bytes(b"\xef\xbb\xbf" + b"\r\n".join(lines) + '\r\n{"note": "Grüße\u2028"}\n'.encode())
    return path


def _annotations(file: Path) -> dict[str, dict[str, object]]:
    """The feedback by id, without the time at which each was given."""

    def without_time(values: dict[str, object]) -> dict[str, object]:
        return {name: value for name, value in values.items() if name != "at"}

    values = [
        json.loads(line, object_hook=without_time) for line in file.read_text(encoding="utf-8-sig").split("\n") if line
    ]
    return {value["id"]: value for value in values if "id" in value}


def _open(browser: Browser, address: str, collection: str, width: int = 1440, scheme: str = "light") -> Page:
    # axe puts its script into the page.
    page = blank_page(browser, width, scheme=scheme, bypass_csp=True)
    page.goto(f"{address}?collection={collection}")
    expect(page.get_by_label("Collection", exact=True)).to_have_value(collection.title())
    page.get_by_role("tab", name="Feedback").click()
    return page


def _ask(page: Page, question: str) -> None:
    page.get_by_role("tab", name="Ask").click()
    page.locator("#question textarea, #question input").fill(question)
    page.keyboard.press("Enter")
    # Feedback on the previous question is still shown until the new answer arrives.
    expect(page.locator(".card .feedback-note")).to_have_text("")
    expect(page.locator(".card .feedback")).to_be_visible()


def _say(page: Page, verdict: str) -> None:
    page.locator(".card .feedback").get_by_role("button", name=verdict, exact=True).click()
    expect(page.locator(".feedback-note")).to_contain_text("Saved: ")


def _select(page: Page, words: str) -> None:
    """Select words of the open document, and mark them as right."""
    expect(page.locator(".source-pane .text")).to_be_visible()
    page.evaluate(
        """(words) => {
            const text = document.querySelector('.source-pane .text'), walker = document.createTreeWalker(text, 4);
            for (let node; (node = walker.nextNode()); ) {
                const at = node.data.indexOf(words);
                if (at >= 0) return getSelection().setBaseAndExtent(node, at, node, at + words.length);
            }
        }""",
        words,
    )
    page.locator(".source-pane [data-words]").click()
    expect(page.locator(".source-pane .select")).to_contain_text("Saved: these are the right words.")


def _row(page: Page, text: str) -> Locator:
    return page.locator("table.annotations tbody tr").filter(has_text=text)


class TestList:
    def test_feedback_is_listed_newest_first(self, browser: Browser, address: str, file: Path) -> None:
        page = _open(browser, address, "journeys")
        expect(page.locator("#feedback-counts")).to_have_text("Feedback on 5 questions, 1 of them stale.")
        asked = page.locator("table.annotations tbody th span[id]")
        expect(asked).to_have_text([str(annotation["question"]) for annotation in reversed(ANNOTATIONS)])
        leaves = _row(page, "When does the ferry leave?").locator("td").first.locator("p")
        expect(leaves).to_have_text(
            ["right: “nine in the evening” in ferry.md", "right: “the evening” in ferry.md", "wrong: “ten” in train.md"]
        )
        expect(_row(page, "How long is the night?").locator("td").nth(0)).to_have_text(
            "wrong: “eleven hours” in train.md right words unknown"
        )
        expect(_row(page, "What does the moon cost?").locator("td").nth(0)).to_have_text("no document answers")
        expect(_row(page, "When did it sink?").locator("td .stale")).to_have_text(
            "stale: the sentence 'It sank in <b>March</b>.' is not in ferry.md"
        )
        expect(page.locator("#feedback-table .stale")).to_have_count(1)
        assert page.evaluate("window.hacked") is None
        assert page.locator("#feedback-table b, #feedback-table img").count() == 0

    def test_new_feedback_appears_in_the_list(
        self, browser: Browser, address: str, file: Path, collections: Collections
    ) -> None:
        page = _open(browser, address, "journeys")
        expect(page.locator("table.annotations tbody tr")).to_have_count(5)
        page.get_by_role("tab", name="Ask").click()
        documents = collections.assistant("journeys").index.documents
        at = FERRY.index("48")
        FeedbackFile(file).add("How many wagons?", documents, right=[Selection("ferry.md", at, at + 2)])
        page.get_by_role("tab", name="Feedback").click()
        expect(page.locator("table.annotations tbody tr").first).to_contain_text("How many wagons?")
        page.get_by_label("Find a question").fill("WAGON")
        expect(page.locator("#feedback-counts")).to_contain_text(
            "Feedback on 6 questions, 1 of them stale. Matching “WAGON”: 1 question."
        )
        expect(page.locator("table.annotations tbody tr")).to_have_count(1)

    def test_empty_tab_explains_how_to_start(self, browser: Browser, address: str) -> None:
        page = _open(browser, address, "bare")
        expect(page.locator("#feedback-table")).to_contain_text("No feedback yet. Ask a question under Ask")
        expect(page.get_by_role("button", name="Save as JSON Lines")).to_be_hidden()

    def test_feedback_is_listed_without_its_documents(self, browser: Browser, address: str, file: Path) -> None:
        page = _open(browser, address, "lost")
        expect(page.locator("#feedback-table")).to_contain_text("The collection 'Lost' is empty")
        expect(page.locator("#feedback-counts")).to_have_text("Feedback on 5 questions, 4 of them stale.")


class TestEditing:
    def test_question_type_and_words_are_edited(self, browser: Browser, address: str, file: Path) -> None:
        page = _open(browser, address, "journeys")
        _row(page, "When does the ferry leave?").get_by_role("button", name="Edit").click()
        form = page.locator("#feedback-edit")
        expect(form.locator("#feedback-question textarea")).to_be_focused()
        expect(form.locator("#feedback-question textarea")).to_have_value("When does the ferry leave?")
        form.locator("#feedback-question textarea").fill("What time does the ferry leave?")
        form.get_by_label("Question type").click()
        page.get_by_role("option", name="what", exact=True).click()
        form.get_by_label("right: “the evening” in ferry.md").uncheck()
        form.get_by_role("button", name="Save").click()
        expect(form).to_be_hidden()
        row = _row(page, "What time does the ferry leave?")
        expect(row).not_to_contain_text("“the evening”")
        expect(row.get_by_role("button", name="Edit")).to_be_focused()
        expected = ANNOTATIONS[0] | {"question": "What time does the ferry leave?", "kind": "what", "answers": [NINE]}
        assert _annotations(file)["leaves"] == expected
        assert [_annotations(file)[str(annotation["id"])] for annotation in ANNOTATIONS[1:]] == ANNOTATIONS[1:]
        assert "Grüße\u2028" in file.read_text(encoding="utf-8")

    def test_stale_words_must_be_removed_before_saving(self, browser: Browser, address: str, file: Path) -> None:
        page = _open(browser, address, "journeys")
        _row(page, "When did it sink?").get_by_role("button", name="Edit").click()
        form = page.locator("#feedback-edit")
        form.get_by_label("right: “nine in the evening” in ferry.md").uncheck()
        form.get_by_role("button", name="Save").click()
        expect(page.get_by_text("'<b>March</b>' is no longer in its document").first).to_be_visible()
        assert _annotations(file)["sank"] == ANNOTATIONS[3]
        form.get_by_label("right: “nine in the evening” in ferry.md").check()
        form.get_by_label("right: “<b>March</b>” in ferry.md").uncheck()
        form.get_by_role("button", name="Save").click()
        expect(page.locator("#feedback-counts")).to_have_text("Feedback on 5 questions.")
        assert _annotations(file)["sank"] == ANNOTATIONS[3] | {"answers": [NINE]}

    def test_unanswerable_mark_is_set_and_cleared(self, browser: Browser, address: str, file: Path) -> None:
        page = _open(browser, address, "journeys")
        form, none = page.locator("#feedback-edit"), page.get_by_label("No document answers this")
        _row(page, "How long is the night?").get_by_role("button", name="Edit").click()
        none.check()
        form.get_by_role("button", name="Save").click()
        expect(_row(page, "How long is the night?")).to_contain_text("no document answers")
        assert _annotations(file)["long"] == ANNOTATIONS[1] | {"answers": []}
        _row(page, "How long is the night?").get_by_role("button", name="Edit").click()
        none.uncheck()
        form.get_by_role("button", name="Save").click()
        expect(_row(page, "How long is the night?")).to_contain_text("right words unknown")
        assert _annotations(file)["long"] == ANNOTATIONS[1]
        _row(page, "When does the ferry leave?").get_by_role("button", name="Edit").click()
        none.check()
        form.get_by_role("button", name="Save").click()
        expect(page.get_by_text("have an answer and be unanswerable; choose one").first).to_be_visible()
        form.get_by_role("button", name="Cancel").click()
        expect(form).to_be_hidden()
        expect(_row(page, "When does the ferry leave?").get_by_role("button", name="Edit")).to_be_focused()
        assert _annotations(file)["leaves"] == ANNOTATIONS[0]

    def test_feedback_given_while_editing_is_kept(
        self, browser: Browser, address: str, file: Path, collections: Collections
    ) -> None:
        page = _open(browser, address, "journeys")
        _row(page, "When does the ferry leave?").get_by_role("button", name="Edit").click()
        form = page.locator("#feedback-edit")
        expect(form).to_be_visible()
        documents = collections.assistant("journeys").index.documents
        at = FERRY.index("at nine")
        words = Selection("ferry.md", at, at + len("at nine"))
        FeedbackFile(file).add("When does the ferry leave?", documents, right=[words])
        form.get_by_label("right: “the evening” in ferry.md").uncheck()
        form.get_by_role("button", name="Save").click()
        expect(form).to_be_hidden()
        assert _annotations(file)["leaves"]["answers"] == [NINE, NINE | {"quote": "at nine"}]

    def test_question_is_deleted_after_confirmation(self, browser: Browser, address: str, file: Path) -> None:
        page = _open(browser, address, "journeys")
        row = _row(page, "true?")
        row.get_by_role("button", name="Delete").click()
        sure = row.get_by_role("button", name="Delete for good?")
        expect(sure).to_have_accessible_description(ATTACK)
        assert 'attack"><b>' in _annotations(file)
        sure.click()
        expect(page.locator("#feedback-counts")).to_have_text("Feedback on 4 questions, 1 of them stale.")
        expect(page.locator("#feedback-counts")).to_be_focused()
        assert list(_annotations(file)) == ["leaves", "long", "moon", "sank"]


@WIDTHS
def test_feedback_becomes_a_question_set(
    browser: Browser, address: str, collections: Collections, tmp_path: Path, width: int
) -> None:
    """Give each kind of feedback; list, edit, delete and save it; read the saved file back."""
    taught = collections.get("bare").taught
    taught.unlink(missing_ok=True)
    page = _open(browser, address, "bare", width)
    leaves, long, carries = "When does the ferry to Baku leave?", "How long is the night?", "What does it carry?"
    _ask(page, leaves)
    at = page.locator(".card .quote").inner_text()
    assert "nine in the evening" in at
    _say(page, "Right")
    _ask(page, long)
    _say(page, "No document answers this")
    _ask(page, carries)
    page.locator(".result button.open").first.click()
    _select(page, "wagons")
    page.keyboard.press("Escape")
    page.get_by_role("tab", name="Feedback").click()
    expect(page.locator("table.annotations tbody th span[id]")).to_have_text([carries, long, leaves])
    expect(_row(page, carries)).to_contain_text("right: “wagons” in ferry.md")
    expect(_row(page, leaves)).to_contain_text(f"right: “{at}” in ferry.md")
    _row(page, carries).get_by_role("button", name="Edit").click()
    page.locator("#feedback-question textarea").fill("What does the ferry carry?")
    page.locator("#feedback-edit").get_by_role("button", name="Save").click()
    expect(page.locator("table.annotations tbody th span[id]")).to_have_text(
        ["What does the ferry carry?", long, leaves]
    )
    expect(_row(page, "What does the ferry carry?").get_by_role("button", name="Edit")).to_be_focused()
    for _ in range(2):
        _row(page, long).locator('[data-event="remove"]').click()
    expect(page.locator("#feedback-counts")).to_have_text("Feedback on 2 questions.")
    with page.expect_download() as download:
        page.get_by_role("button", name="Save as JSON Lines").click()
    download.value.save_as(tmp_path / "saved.jsonl")
    documents = collections.assistant("bare").index.documents
    read = load_questions(tmp_path / "saved.jsonl", documents)
    words = {each.text: [documents[gold.document].text[gold.start : gold.end] for gold in each.golds] for each in read}
    assert words == {leaves: [at], "What does the ferry carry?": ["wagons"]}
    taught.unlink()


def test_feedback_becomes_stale_when_its_document_changes(
    browser: Browser, encoder: SentenceTransformerEncoder, tmp_path: Path
) -> None:
    folder = tmp_path / "journeys"
    folder.mkdir()
    (folder / "ferry.md").write_text(FERRY)
    build_index(folder, tmp_path / "index", encoder)
    collections = Collections(
        tmp_path, [Collection("changing", "Changing", tmp_path / "index", None, tmp_path / "t.jsonl")], encoder
    )
    documents = collections.assistant("changing").index.documents
    at = FERRY.index("48")
    FeedbackFile(tmp_path / "t.jsonl").add("How many wagons?", documents, right=[Selection("ferry.md", at, at + 2)])
    with serve(collections) as address:
        page = _open(browser, address, "changing")
        expect(page.locator("#feedback-counts")).to_have_text("Feedback on 1 question.")
        (folder / "ferry.md").write_text(FERRY.replace("48 wagons", "50 wagons"))
        build_index(folder, tmp_path / "index", encoder)
        page.get_by_role("tab", name="Ask").click()
        page.get_by_role("tab", name="Feedback").click()
        expect(page.locator("#feedback-counts")).to_have_text("Feedback on 1 question, 1 of them stale.")
        expect(_row(page, "How many wagons?").locator(".stale")).to_have_text(
            "stale: the sentence 'It carries 48 wagons.' is not in ferry.md"
        )


class TestSaving:
    def test_saved_file_equals_the_feedback_file(
        self, browser: Browser, address: str, file: Path, tmp_path: Path
    ) -> None:
        page = _open(browser, address, "journeys")
        with page.expect_download() as download:
            page.get_by_role("button", name="Save as JSON Lines").click()
        assert download.value.suggested_filename == "feedback-journeys.jsonl"
        download.value.save_as(tmp_path / "saved")
        assert (tmp_path / "saved").read_bytes() == file.read_bytes()
        page.get_by_text("What you can do with this file").click()
        commands = page.locator("#feedback-commands")
        expect(commands).to_contain_text("rag eval feedback-journeys.jsonl --index DIR")
        expect(commands).to_contain_text("rag train feedback-journeys.jsonl --index DIR --from shipped --out my-reader")
        assert str(file.parent) not in page.content()


@LAYOUTS
def test_layout_and_accessibility(browser: Browser, address: str, file: Path, width: int, scheme: str) -> None:
    page = _open(browser, address, "journeys", width, scheme)
    expect(page.locator("table.annotations tbody tr")).to_have_count(5)
    SCREENSHOTS.mkdir(exist_ok=True)
    page.screenshot(path=SCREENSHOTS / f"feedback-list-{width}-{scheme}.png", full_page=True)
    _row(page, "When does the ferry leave?").get_by_role("button", name="Edit").click()
    expect(page.locator("#feedback-question textarea")).to_be_focused()
    page.get_by_text("What you can do with this file").click()
    assert page.evaluate("document.documentElement.scrollWidth") == width
    page.screenshot(path=SCREENSHOTS / f"feedback-edit-{width}-{scheme}.png", full_page=True)
    assert violations(page) == []
