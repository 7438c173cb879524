"""Feedback files: content, concurrent edits, and use by ``rag eval`` and ``rag train``."""

import json
import os
import re
import stat
import threading
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest

from rag import Attribution, Document, InputError, SentenceTransformerEncoder, build_index
from rag.cli import main
from rag.embedding.encoder import DEFAULT_ENCODER, model_folder
from rag.questions.anchors import Selection
from rag.questions.feedback import FeedbackFile
from rag.questions.locked_lines import edited_lines
from rag.questions.schema import load_questions
from rag.reading.windows import WindowMaker
from rag.training.examples import load

TEXT = "Rents rose. The border is 7,644 km long. It was 7,500 km long once.\n\nRents rose again."
DOCUMENTS = {"a.md": Document("a.md", TEXT, "A"), "b.md": Document("b.md", "It measures 7,644 km.", "B")}
LONG = "How long is the border?"


def _at(words: str, document: str = "a.md") -> Selection:
    start = DOCUMENTS[document].text.index(words)
    return Selection(document, start, start + len(words))


RIGHT, OTHER, WRONG = _at("7,644 km"), _at("7,644 km", "b.md"), _at("7,500 km")


@pytest.fixture
def feedback(tmp_path: Path) -> FeedbackFile:
    return FeedbackFile(tmp_path / "new" / "feedback.jsonl")


def _lines(feedback: FeedbackFile) -> list[Any]:
    return [json.loads(line) for line in feedback.path.read_text(encoding="utf-8").splitlines()]


# Content


def test_feedback_is_readable_as_a_question_set(feedback: FeedbackFile) -> None:
    assert feedback.annotations(DOCUMENTS) == []
    at = datetime(2026, 11, 28, 10, 30, tzinfo=timezone(timedelta(hours=1)))
    assert feedback.add(LONG, DOCUMENTS, right=[RIGHT, OTHER, RIGHT], by="Anna", at=at) == "how-long-is-the-border"
    stamp = {"by": "Anna", "at": "2026-11-28T09:30:00Z"}
    assert _lines(feedback) == [
        {
            "id": "how-long-is-the-border", "question": LONG, "kind": "how many",
            "answers": [
                {"document": "a.md", "sentence": "The border is 7,644 km long.", "quote": "7,644 km", **stamp},
                {"document": "b.md", "sentence": "It measures 7,644 km.", "quote": "7,644 km", **stamp},
            ],
            **stamp,
        }
    ]  # fmt: skip
    (question,) = load_questions(feedback.path, DOCUMENTS)
    assert [(gold.document, gold.start, gold.end) for gold in question.golds] == [("a.md", 26, 34), ("b.md", 12, 20)]
    (annotation,) = feedback.annotations(DOCUMENTS)
    assert (annotation.question, annotation.stale, annotation.text, annotation.kind) == (question, "", LONG, "how many")
    assert annotation.answers == tuple(_lines(feedback)[0]["answers"])
    assert annotation.attribution == Attribution("Anna", "2026-11-28T09:30:00Z")


def test_lookup_ignores_case_and_punctuation(feedback: FeedbackFile) -> None:
    feedback.add(LONG, DOCUMENTS, right=[RIGHT])
    for question in ("how long is the BORDER", " How long, is the border?! "):
        found = feedback.about(question)
        assert found and found.text == LONG
    assert feedback.about("How long was the border?") is None


def test_feedback_without_attribution_loads(feedback: FeedbackFile) -> None:
    feedback.path.parent.mkdir()
    place = {"document": "a.md", "sentence": "The border is 7,644 km long.", "quote": "7,644 km"}
    feedback.path.write_text(json.dumps({"id": "q", "question": LONG, "kind": "how many", "answers": [place]}))
    (annotation,) = feedback.annotations(DOCUMENTS)
    assert (annotation.stale, annotation.attribution) == ("", Attribution())


def test_each_place_keeps_its_attribution(feedback: FeedbackFile) -> None:
    name = feedback.add(LONG, DOCUMENTS, right=[RIGHT], by="Anna")
    feedback.add(LONG, DOCUMENTS, right=[OTHER], by="Ben")
    feedback.edit(name, DOCUMENTS, right=[OTHER, RIGHT], wrong=[WRONG], by="Cem")
    (line,) = _lines(feedback)
    assert [place["by"] for place in (*line["answers"], *line["wrong"])] == ["Ben", "Anna", "Cem"]
    assert line["by"] == "Cem"


def _state(feedback: FeedbackFile) -> tuple[list[str] | None, list[str]]:
    """Right quotes (None if unlabelled) and wrong quotes."""
    (annotation,) = feedback.annotations(DOCUMENTS)
    assert annotation.stale == ""
    right = None if annotation.answers is None else [f"{p['document']} {p['quote']}" for p in annotation.answers]
    return right, [f"{place['document']} {place['quote']}" for place in annotation.wrong]


def test_feedback_is_merged_and_the_latest_wins(feedback: FeedbackFile) -> None:
    feedback.add(LONG, DOCUMENTS, wrong=[RIGHT])
    assert _state(feedback) == (None, ["a.md 7,644 km"])
    feedback.add("how long  is the BORDER", DOCUMENTS, wrong=[WRONG], right=[OTHER])
    assert _state(feedback) == (["b.md 7,644 km"], ["a.md 7,644 km", "a.md 7,500 km"])
    feedback.add(LONG, DOCUMENTS, right=[RIGHT])
    assert _state(feedback) == (["b.md 7,644 km", "a.md 7,644 km"], ["a.md 7,500 km"])
    feedback.add(LONG, DOCUMENTS, wrong=[OTHER, RIGHT])
    assert _state(feedback) == (None, ["a.md 7,500 km", "b.md 7,644 km", "a.md 7,644 km"])
    feedback.add(LONG, DOCUMENTS, unanswerable=True, wrong=[WRONG])
    assert _state(feedback) == ([], ["b.md 7,644 km", "a.md 7,644 km", "a.md 7,500 km"])
    feedback.add(LONG, DOCUMENTS, wrong=[WRONG])
    assert _state(feedback)[0] == []
    feedback.add(LONG, DOCUMENTS, right=[RIGHT])
    assert _state(feedback)[0] == ["a.md 7,644 km"]
    feedback.add(LONG, DOCUMENTS, unanswerable=True)
    assert _state(feedback)[0] == []


def test_same_span_with_another_sentence_is_the_same_place(feedback: FeedbackFile) -> None:
    feedback.path.parent.mkdir()
    place = {"document": "a.md", "sentence": "border is 7,644 km", "quote": "7,644 km"}
    feedback.path.write_text(json.dumps({"id": "q", "question": LONG, "kind": "how many", "answers": [place]}))
    feedback.add(LONG, DOCUMENTS, wrong=[RIGHT])
    assert _state(feedback) == (None, ["a.md 7,644 km"])


@pytest.mark.parametrize(
    ("question", "annotation", "message"),
    [
        (" ? ", {"unanswerable": True}, "the question is empty"),
        ("a" * 2001, {"unanswerable": True}, "2,001 characters long; at most 2,000 are read"),
        ("What \ud800?", {"unanswerable": True}, "not valid Unicode"),
        (LONG, {}, "the feedback is empty"),
        (LONG, {"unanswerable": True, "right": [RIGHT]}, "an answer and be unanswerable; choose one"),
        (LONG, {"right": [RIGHT], "wrong": [RIGHT]}, "'7,644 km' cannot be both right and wrong; choose one"),
        (LONG, {"right": [Selection("c.md", 0, 1)]}, "there is no document 'c.md'"),
        (LONG, {"right": [Selection("a.md", 0, 999)]}, "a.md: characters 0-999 are not in the document"),
    ],
)
def test_invalid_feedback_is_rejected_and_not_written(
    feedback: FeedbackFile, question: str, annotation: dict[str, Any], message: str
) -> None:
    with pytest.raises(InputError, match=message):
        feedback.add(question, DOCUMENTS, **annotation)
    assert not feedback.path.exists()


def test_line_is_edited_and_deleted(feedback: FeedbackFile) -> None:
    name = feedback.add(LONG, DOCUMENTS, right=[RIGHT], wrong=[WRONG])
    other = feedback.add("What rose?", DOCUMENTS, right=[_at("Rents")])
    feedback.edit(name, DOCUMENTS, question="How far is it?", kind="what")
    annotation = feedback.annotations(DOCUMENTS)[0]
    assert (annotation.id, annotation.text, annotation.kind) == (name, "How far is it?", "what")
    assert annotation.answers and annotation.answers[0]["quote"] == "7,644 km"
    feedback.edit(name, DOCUMENTS, right=[OTHER], wrong=[])
    assert [gold.document for gold in load_questions(feedback.path, DOCUMENTS)[0].golds] == ["b.md"]
    assert "wrong" not in _lines(feedback)[0]
    feedback.edit(name, DOCUMENTS, unanswerable=True)
    assert load_questions(feedback.path, DOCUMENTS)[0].golds == ()
    feedback.edit(name, DOCUMENTS, right=(), wrong=[WRONG])
    assert feedback.annotations(DOCUMENTS)[0].answers is None
    for change, message in (
        ({"wrong": ()}, "no feedback would be left; delete the question instead"),
        ({"right": [WRONG]}, "'7,500 km' cannot be both right and wrong"),
        ({"kind": "whom"}, "the kind 'whom' is not one of who"),
        ({"question": ""}, "the question is empty"),
        ({"unanswerable": True, "right": [RIGHT]}, "choose one"),
    ):
        before = feedback.path.read_bytes()
        with pytest.raises(InputError, match=message):
            feedback.edit(name, DOCUMENTS, **change)
        assert feedback.path.read_bytes() == before
    feedback.delete(name)
    assert [annotation.id for annotation in feedback.annotations(DOCUMENTS)] == [other]
    for gone in (lambda: feedback.delete(name), lambda: feedback.edit(name, DOCUMENTS, unanswerable=True)):
        with pytest.raises(InputError, match="'how-long-is-the-border': there is no feedback with this id"):
            gone()


def test_ids_are_unique_slugs_of_the_question(feedback: FeedbackFile) -> None:
    questions = [
        "Wer sagte „Öl“?",
        "Wer sagte Öl, wann?",
        "Wer sagte Öl - wann",  # differs from the one above only in punctuation, so it is merged with it
        "x" * 60,
        "x" * 61,
        "?!9",
        30 * "one ",
    ]
    names = [feedback.add(question, DOCUMENTS, unanswerable=True) for question in questions]
    assert names == [
        "wer-sagte-öl",
        "wer-sagte-öl-wann",
        "wer-sagte-öl-wann",
        "x" * 48,
        "x" * 48 + "-2",
        "9",
        "-".join(["one"] * 12),
    ]


FOREIGN = (
    b'{"mine": 1}\n\n\xff\xfe not text\n{"id": 5, "question": "?"}\n{"id": "q", "question": "Q", "answers": 3}\r\n'
)


def test_foreign_lines_and_unknown_fields_are_preserved(feedback: FeedbackFile) -> None:
    feedback.path.parent.mkdir()
    own = {"id": "own", "question": LONG, "kind": "how many", "answers": [], "note": "mine", "tags": ["near miss"]}
    feedback.path.write_bytes(b"\xef\xbb\xbf" + FOREIGN + json.dumps(own).encode())
    assert [annotation.id for annotation in feedback.annotations(DOCUMENTS)] == ["own"]
    assert "'note' is not a field" in feedback.annotations(DOCUMENTS)[0].stale
    feedback.add("What rose?", DOCUMENTS, right=[_at("Rents")])
    assert feedback.add(LONG, DOCUMENTS, right=[RIGHT]) == "own"
    lines = feedback.path.read_bytes().removeprefix(b"\xef\xbb\xbf" + FOREIGN).split(b"\n")
    first = json.loads(lines[0])
    assert (first["note"], first["tags"], first["answers"][0]["quote"]) == ("mine", ["near miss"], "7,644 km")
    feedback.delete("own")
    feedback.delete("what-rose")
    assert feedback.path.read_bytes() == b"\xef\xbb\xbf" + FOREIGN


CHANGED = {**DOCUMENTS, "a.md": Document("a.md", "The border is 7,000 km long.", "A")}


def test_line_is_stale_after_its_document_changes(feedback: FeedbackFile) -> None:
    feedback.add(LONG, DOCUMENTS, right=[RIGHT, OTHER], wrong=[WRONG])
    (annotation,) = feedback.annotations(CHANGED)
    assert annotation.question is None
    assert annotation.stale == "the sentence 'The border is 7,644 km long.' is not in a.md"
    assert annotation.answers and [place["document"] for place in annotation.answers] == ["a.md", "b.md"]
    assert feedback.annotations({"b.md": DOCUMENTS["b.md"]})[0].stale == "there is no document 'a.md'"


def test_new_feedback_updates_a_stale_line(feedback: FeedbackFile) -> None:
    feedback.add(LONG, DOCUMENTS, right=[RIGHT, OTHER], wrong=[WRONG])
    feedback.add(LONG, CHANGED, right=[Selection("a.md", 14, 22)])
    (annotation,) = feedback.annotations(CHANGED)
    assert annotation.question and [gold.text for gold in annotation.question.golds] == ["7,644 km", "7,000 km"]
    assert (annotation.stale, annotation.wrong) == ("", ())


def test_editing_a_stale_line_keeps_its_places(feedback: FeedbackFile) -> None:
    name = feedback.add(LONG, DOCUMENTS, right=[RIGHT], wrong=[WRONG])
    before = _lines(feedback)[0]
    feedback.edit(name, {}, kind="what")
    assert _lines(feedback)[0] == {**before, "kind": "what"}


# The file


def test_concurrent_writers_lose_no_feedback(feedback: FeedbackFile) -> None:
    def annotate(number: int) -> None:
        for each in range(5):
            FeedbackFile(feedback.path).add(f"Question {number} {each}", DOCUMENTS, unanswerable=True)
            FeedbackFile(feedback.path).add(LONG, DOCUMENTS, right=[(RIGHT, OTHER)[number % 2]])
            feedback.annotations(DOCUMENTS)

    threads = [threading.Thread(target=annotate, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    annotations = feedback.annotations(DOCUMENTS)
    assert sorted(annotation.text for annotation in annotations) == sorted(
        [LONG, *(f"Question {n} {e}" for n in range(6) for e in range(5))]
    )
    assert len({annotation.id for annotation in annotations}) == 31
    assert {len(annotation.answers or ()) for annotation in annotations} == {0, 2}
    assert sorted(path.name for path in feedback.path.parent.iterdir()) == ["feedback.jsonl", "feedback.jsonl.lock"]


def test_failed_write_leaves_the_file_unchanged(feedback: FeedbackFile, monkeypatch: pytest.MonkeyPatch) -> None:
    feedback.add(LONG, DOCUMENTS, right=[RIGHT])
    before = feedback.path.read_bytes()

    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(InputError, match=r"feedback\.jsonl: cannot be written to \(No space left on device\)"):
        feedback.delete("how-long-is-the-border")
    assert feedback.path.read_bytes() == before
    assert len(list(feedback.path.parent.iterdir())) == 2


def test_waiting_for_the_lock_times_out(feedback: FeedbackFile, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("rag.questions.locked_lines.LOCK_TIMEOUT", 0.05)
    with edited_lines(feedback.path), pytest.raises(InputError, match="another process is writing to it; try again"):
        feedback.add(LONG, DOCUMENTS, unanswerable=True)


def test_symbolic_link_and_permissions_are_preserved(feedback: FeedbackFile, tmp_path: Path) -> None:
    feedback.add(LONG, DOCUMENTS, unanswerable=True)
    feedback.path.chmod(0o600)
    link = tmp_path / "link.jsonl"
    link.symlink_to(feedback.path)
    FeedbackFile(link).add("What rose?", DOCUMENTS, unanswerable=True)
    assert link.is_symlink()
    assert len(feedback.annotations(DOCUMENTS)) == 2
    assert stat.S_IMODE(feedback.path.stat().st_mode) == 0o600


def test_unreadable_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=rf"^{re.escape(str(tmp_path))}: cannot be read \(Is a directory\)"):
        FeedbackFile(tmp_path).annotations(DOCUMENTS)


# Use


@pytest.fixture
def index(tmp_path: Path, encoder: SentenceTransformerEncoder) -> Path:
    docs = tmp_path / "docs"
    docs.mkdir()
    for name, document in DOCUMENTS.items():
        (docs / name).write_text(document.text)
    build_index(docs, tmp_path / "index", encoder)
    return tmp_path / "index"


def test_rag_eval_accepts_feedback_and_skips_unlabelled(
    feedback: FeedbackFile, index: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    feedback.add(LONG, DOCUMENTS, right=[RIGHT, OTHER])
    feedback.add("Who is the queen of Ruritania?", DOCUMENTS, unanswerable=True, wrong=[_at("Rents")])
    feedback.add("When did rents rise?", DOCUMENTS, wrong=[WRONG])
    assert main(["eval", str(feedback.path), "--index", str(index), "--json"]) == 0
    output = capsys.readouterr()
    assert output.err == f"{feedback.path}: skipped 1 unlabelled question\n"
    summary = json.loads(output.out)
    assert (summary["answerable"], summary["unanswerable"]) == (1, 1)


def test_training_uses_wrong_answers_as_negatives(feedback: FeedbackFile) -> None:
    feedback.add(LONG, DOCUMENTS, right=[OTHER], wrong=[_at("Rents rose again")])
    feedback.add("Who is the queen?", DOCUMENTS, unanswerable=True, wrong=[_at("again")])
    feedback.add("How long was it once?", DOCUMENTS, right=[WRONG], wrong=[RIGHT])
    feedback.add("When did rents rise?", DOCUMENTS, wrong=[WRONG])
    skipped: list[str] = []
    maker = WindowMaker.load(model_folder(DEFAULT_ENCODER), 384)
    found = load([feedback.path], lambda: DOCUMENTS, maker, on_unlabelled=lambda question: skipped.append(question.id))
    assert [(e.question, found.passages[e.passage].text, e.golds) for e in found.examples] == [
        (LONG, DOCUMENTS["b.md"].text, ((12, 20),)),
        (LONG, "Rents rose again.", ()),
        ("Who is the queen?", "Rents rose again.", ()),
        # The wrong answer's paragraph also contains the right one, so it is no negative.
        ("How long was it once?", TEXT.partition("\n")[0], ((48, 56),)),
    ]
    assert skipped == ["when-did-rents-rise"]
