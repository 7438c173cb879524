import json
from collections.abc import Callable
from pathlib import Path

import pytest
from rag.ui.services.collections import Collection, Collections
from rag.ui.tabs.ask import Asked, Desk

from rag import InputError, SentenceTransformerEncoder, build_index
from rag.questions.anchors import Selection

DAM = "How high is the dam at Rogun?"
CORRECTED = "Correction of 2025. No figure is certain, and the dam at Rogun has 190 metres.\n"


@pytest.fixture
def files(tmp_path: Path) -> Path:
    folder = tmp_path / "files"
    folder.mkdir()
    (folder / "dam.txt").write_text("The dam at Rogun is 335 metres high, says the engineer.\n")
    (folder / "ferry.txt").write_text("The ferry to Baku carries 48 wagons.\n")
    return folder


@pytest.fixture
def collections(files: Path, tmp_path: Path, encoder: SentenceTransformerEncoder) -> Collections:
    build_index(files, tmp_path / "index", encoder)
    return Collections(
        tmp_path / "home", [Collection("start", "Dams", tmp_path / "index", None, tmp_path / "taught.jsonl")], encoder
    )


@pytest.fixture
def desk(collections: Collections) -> Desk:
    return Desk(collections)


@pytest.fixture
def index(files: Path, tmp_path: Path, encoder: SentenceTransformerEncoder) -> Callable[[], None]:
    """Brings the index up to date with the files."""
    return lambda: build_index(files, tmp_path / "index", encoder) and None


def _ask(desk: Desk, question: str = DAM) -> Asked:
    *_, (_, asked) = desk.ask(question, "start")
    assert asked
    assert asked.ended
    return asked


def _place(asked: Asked) -> tuple[str, int, int]:
    answer = asked.result.answers[0]
    return answer.document, answer.start, answer.end


class TestADocumentThatChangesAfterItWasAsked:
    def test_is_not_marked_at_the_places_of_what_it_said_before(
        self, desk: Desk, files: Path, index: Callable[[], None]
    ) -> None:
        asked = _ask(desk)
        assert "335 metres" in desk.source(asked, *_place(asked))
        (files / "dam.txt").write_text(
            "Correction of 2025. No figure is certain, and the dam at Rogun has 190 metres.\n"
        )
        index()
        with pytest.raises(InputError, match="has changed since it was asked; ask again"):
            desk.source(asked, *_place(asked))

    @pytest.mark.parametrize("verdict", ["right", "wrong", "words"])
    def test_is_not_taught_about(
        self, desk: Desk, files: Path, tmp_path: Path, index: Callable[[], None], verdict: str
    ) -> None:
        asked = _ask(desk)
        (files / "dam.txt").write_text(
            "Correction of 2025. No figure is certain, and the dam at Rogun has 190 metres.\n"
        )
        index()
        with pytest.raises(InputError, match="has changed since it was asked; ask again"):
            desk.teach(asked, verdict, words=Selection(*_place(asked)))
        assert not (tmp_path / "taught.jsonl").exists()

    def test_is_left_out_of_what_is_saved(self, desk: Desk, files: Path, index: Callable[[], None]) -> None:
        dam, ferry = _ask(desk), _ask(desk, "How many wagons does the ferry carry?")
        (files / "dam.txt").write_text("The dam at Rogun is 335 metres high, says the engineer. So do others.\n")
        index()
        name, text, left_out = desk.export([dam, ferry], "json")
        assert (name, left_out) == ("answers.json", 1)
        assert [each["document"] for each in json.loads(text)["answers"]] == ["ferry.txt"]
        with pytest.raises(InputError, match="have changed since they were asked; ask again"):
            desk.export([dam], "md")

    def test_that_is_gone_is_said_to_be_gone(self, desk: Desk, files: Path, index: Callable[[], None]) -> None:
        asked = _ask(desk)
        (files / "dam.txt").unlink()
        index()
        with pytest.raises(InputError, match="holds no such document any more; ask again"):
            desk.source(asked, *_place(asked))


def test_a_result_is_judged_again_without_being_read_again(desk: Desk) -> None:
    asked = _ask(desk)
    shown, unsure = desk.judge(asked, 1.0)
    assert unsure.result.answer is None
    assert unsure.result.answers == asked.result.answers
    assert "too likely to be wrong" in shown
    shown, sure = desk.judge(unsure, 0.0)
    assert sure.result == asked.result
    assert "Not found" not in shown


def test_another_document_that_changes_does_not_matter(desk: Desk, files: Path, index: Callable[[], None]) -> None:
    asked = _ask(desk)
    (files / "ferry.txt").write_text("The ferry to Baku carries 52 wagons.\n")
    index()
    assert "335 metres" in desk.source(asked, *_place(asked))


@pytest.mark.parametrize(
    ("document", "start", "end"),
    [("dam.txt", -1, 3), ("dam.txt", 9, 3), ("dam.txt", 0, 999), ("../../etc/passwd", 0, 1)],
)
def test_only_words_of_documents_that_were_found_are_opened(desk: Desk, document: str, start: int, end: int) -> None:
    with pytest.raises(InputError, match=r"holds no such (words|document)"):
        desk.source(_ask(desk), document, start, end)


def test_there_is_nothing_to_open_or_to_save_before_something_is_asked(desk: Desk) -> None:
    with pytest.raises(InputError, match="ask first"):
        desk.source(None, "dam.txt", 0, 1)
    with pytest.raises(InputError, match="nothing to save; ask first"):
        desk.export([], "json")
    with pytest.raises(InputError, match="as md or json, not as 'exe'"):
        desk.export([_ask(desk)], "exe")
