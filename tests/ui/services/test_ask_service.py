import json
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from rag.ui.services.ask_service import AskService
from rag.ui.services.ask_session import AskedQuestion, AskSession
from rag.ui.services.collections import Collection, Collections

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
def service(collections: Collections) -> AskService:
    return AskService(collections)


@pytest.fixture
def index(files: Path, tmp_path: Path, encoder: SentenceTransformerEncoder) -> Callable[[], None]:
    """Bring the index up to date with the files."""
    return lambda: build_index(files, tmp_path / "index", encoder) and None


def _ask(service: AskService, question: str = DAM) -> AskedQuestion:
    *_, (asked, _) = service.ask(question, "start")
    assert asked.is_read
    return asked


def _place(asked: AskedQuestion) -> tuple[str, int, int]:
    answer = asked.result.answers[0]
    return answer.document, answer.start, answer.end


class TestChangedDocument:
    def test_is_not_opened_at_old_offsets(self, service: AskService, files: Path, index: Callable[[], None]) -> None:
        asked = _ask(service)
        assert "335 metres" in service.document(asked, *_place(asked)).text
        (files / "dam.txt").write_text(CORRECTED)
        index()
        with pytest.raises(InputError, match="has changed since you asked; ask again"):
            service.document(asked, *_place(asked))

    @pytest.mark.parametrize("verdict", ["right", "wrong", "words"])
    def test_gets_no_feedback(
        self, service: AskService, files: Path, tmp_path: Path, index: Callable[[], None], verdict: str
    ) -> None:
        asked = _ask(service)
        (files / "dam.txt").write_text(CORRECTED)
        index()
        with pytest.raises(InputError, match="has changed since you asked; ask again"):
            service.save_feedback(asked, verdict, words=Selection(*_place(asked)))
        assert not (tmp_path / "taught.jsonl").exists()

    def test_is_left_out_of_the_export(self, service: AskService, files: Path, index: Callable[[], None]) -> None:
        dam, ferry = _ask(service), _ask(service, "How many wagons does the ferry carry?")
        (files / "dam.txt").write_text("The dam at Rogun is 335 metres high, says the engineer. So do others.\n")
        index()
        name, text, left_out = service.export([dam, ferry], "json")
        assert (name, left_out) == ("answers.json", 1)
        assert [each["document"] for each in json.loads(text)["answers"]] == ["ferry.txt"]
        with pytest.raises(InputError, match="have changed since you asked; ask again"):
            service.export([dam], "md")

    def test_is_reported_when_it_is_gone(self, service: AskService, files: Path, index: Callable[[], None]) -> None:
        asked = _ask(service)
        (files / "dam.txt").unlink()
        index()
        with pytest.raises(InputError, match="is no longer in the collection; ask again"):
            service.document(asked, *_place(asked))


def test_judging_again_keeps_the_candidates(service: AskService) -> None:
    asked = _ask(service)
    unsure, _ = service.judge(asked, 1.0)
    assert unsure.result.answer is None
    assert unsure.result.answers == asked.result.answers
    assert (unsure.result.reason or "").startswith("too unsure")
    assert service.judge(unsure, 0.0)[0].result == replace(asked.result, min_confidence=0.0)


def test_passages_come_before_the_answer(service: AskService) -> None:
    (found, _), (read, _) = service.ask(DAM, "start", ["path=dam*"])
    assert (found.is_read, read.is_read) == (False, True)
    assert found.result.hits == read.result.hits
    assert {hit.passage.document_id for hit in found.result.hits} == {"dam.txt"}
    assert (found.result.answers, found.at) == ((), read.at)
    assert read.result.answer and "335 metres" in read.result.answer.text


def test_change_in_another_document_does_not_matter(
    service: AskService, files: Path, index: Callable[[], None]
) -> None:
    asked = _ask(service)
    (files / "ferry.txt").write_text("The ferry to Baku carries 52 wagons.\n")
    index()
    assert "335 metres" in service.document(asked, *_place(asked)).text


@pytest.mark.parametrize(
    ("document", "start", "end"),
    [("dam.txt", -1, 3), ("dam.txt", 9, 3), ("dam.txt", 0, 999), ("../../etc/passwd", 0, 1)],
)
def test_only_text_of_found_documents_is_opened(service: AskService, document: str, start: int, end: int) -> None:
    with pytest.raises(InputError, match=r"(has no such text|no longer in the collection)"):
        service.document(_ask(service), document, start, end)


def test_nothing_can_be_opened_or_saved_before_a_question(service: AskService) -> None:
    with pytest.raises(InputError, match="nothing was asked yet; ask first"):
        _ = AskSession().asked
    with pytest.raises(InputError, match="nothing to save; ask first"):
        service.export([], "json")
    with pytest.raises(InputError, match="as md or json, not as 'exe'"):
        service.export([_ask(service)], "exe")


class TestSession:
    def test_only_read_results_can_be_exported(self, service: AskService) -> None:
        (found, _), (read, _) = service.ask(DAM, "start")
        session = AskSession()
        session.show(found)
        assert (session.asked, session.answered) == (found, ())
        session.show(read)
        assert (session.asked, session.answered) == (read, (read,))
        session.show(None)
        assert (session.current, session.answered, session.previous) == (None, (read,), DAM)

    def test_judging_again_replaces_the_answer(self, service: AskService) -> None:
        first = _ask(service)
        second = replace(first, at=first.at + timedelta(seconds=1))
        judged, _ = service.judge(second, 1.0)
        session = AskSession()
        session.show(first)
        session.show(second)
        session.update(judged)
        assert (session.current, session.answered) == (judged, (first, judged))

    def test_question_judged_late_does_not_come_back(self, service: AskService) -> None:
        first = _ask(service)
        second = replace(first, at=first.at + timedelta(seconds=1))
        judged, _ = service.judge(first, 1.0)
        session = AskSession()
        session.show(first)
        session.show(second)
        session.update(judged)
        assert (session.current, session.answered) == (second, (judged, second))

    def test_forgetting_keeps_the_shown_result_open(self, service: AskService) -> None:
        asked = _ask(service)
        session = AskSession()
        session.show(asked)
        session.forget()
        assert (session.current, session.answered) == (asked, ())
