"""What people teach: written down so that the same words are read again, whoever else is writing."""

import json
import os
import stat
import threading
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from rag.eval.command import SHIPPED_QUESTIONS

from rag import Document, InputError, SentenceTransformerEncoder, build_index
from rag.cli import main
from rag.embedding.encoder import DEFAULT_ENCODER, model_folder
from rag.questions.anchors import Selection, pinned
from rag.questions.feedback import Taught
from rag.questions.locked_lines import edited_lines
from rag.questions.question_type import kind_of
from rag.questions.schema import KINDS, load_questions, read_place
from rag.reading.windows import WindowMaker
from rag.text.segmentation import trim
from rag.training.examples import load

TEXT = "Rents rose. The border is 7,644 km long. It was 7,500 km long once.\n\nRents rose again."
DOCUMENTS = {"a.md": Document("a.md", TEXT, "A"), "b.md": Document("b.md", "It measures 7,644 km.", "B")}
LONG = "How long is the border?"


def _at(words: str, document: str = "a.md") -> Selection:
    start = DOCUMENTS[document].text.index(words)
    return Selection(document, start, start + len(words))


RIGHT, OTHER, WRONG = _at("7,644 km"), _at("7,644 km", "b.md"), _at("7,500 km")


@pytest.fixture
def taught(tmp_path: Path) -> Taught:
    return Taught(tmp_path / "new" / "taught.jsonl")


def _lines(taught: Taught) -> list[Any]:
    return [json.loads(line) for line in taught.path.read_text(encoding="utf-8").splitlines()]


# How words are written down


def _read_back(text: str, sentence: str, quote: str) -> tuple[int, int]:
    gold = read_place({"document": "d", "sentence": sentence, "quote": quote}, {"d": Document("d", text, "D")})
    assert text[gold.sentence_start : gold.sentence_end] == sentence
    return gold.start, gold.end


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ("7,644 km", "The border is 7,644 km long."),
        ("long. It was", "The border is 7,644 km long. It was 7,500 km long once."),
        ("  7,644 km\n", "The border is 7,644 km long."),
    ],
)
def test_the_sentence_is_the_one_that_the_words_stand_in(words: str, sentence: str) -> None:
    start = TEXT.index(words.strip())
    assert pinned(TEXT, start - (words[0] == " "), start + len(words.strip())) == (sentence, words.strip())


def test_of_a_sentence_that_stands_twice_as_much_is_given_as_tells_it_from_the_other() -> None:
    text = "Yes. It was so. Yes. It is so. Yes."
    assert pinned(text, 16, 19) == ("It was so. Yes. It is so.", "Yes")
    assert pinned(text, 0, 3) == ("Yes. It was so.", "Yes")
    assert pinned(text, 31, 34) == ("It is so. Yes.", "Yes")
    for start in (0, 16, 31):
        assert _read_back(text, *pinned(text, start, start + 3)) == (start, start + 3)


def test_of_words_that_stand_in_a_sentence_twice_the_second_ones_are_found_again() -> None:
    assert pinned("It ran and ran home.", 11, 14) == ("and ran home.", "ran")


def test_the_whole_document_can_be_taught_and_a_blank_cannot() -> None:
    assert pinned(TEXT, 0, len(TEXT)) == (TEXT, TEXT)
    with pytest.raises(InputError, match="only blanks there; select words"):
        pinned(TEXT, TEXT.index("\n"), TEXT.index("\n") + 2)
    for start, end in ((-1, 3), (3, 3), (5, 4), (0, len(TEXT) + 1)):
        with pytest.raises(InputError, match=f"characters {start}-{end} are not in the document"):
            pinned(TEXT, start, end)


def _some_sentence(text: str, start: int, end: int) -> bool:
    """Is there any sentence by which these words can be found, however it is cut?"""
    for begin in range(start + 1):
        for stop in range(end, len(text) + 1):
            sentence = text[begin:stop]
            once = sum(text.startswith(sentence, at) for at in range(len(text))) == 1
            if once and sentence.index(text[start:end]) == start - begin:
                return True
    return False


@given(st.text(alphabet="ab. \n", min_size=1, max_size=14), st.data())
@example("xaxaxa", None)
@example("Yes.\n\nYes.\n\nYes.", None)
def test_what_is_pinned_is_read_back_from_where_it_stood_or_cannot_be_pinned_at_all(text: str, data: Any) -> None:
    if data is None:
        extents = [(start, end) for start in range(len(text)) for end in range(start + 1, len(text) + 1)]
    else:
        start = data.draw(st.integers(0, len(text) - 1))
        extents = [(start, data.draw(st.integers(start + 1, len(text))))]
    for extent in extents:
        words = trim(text, *extent)
        try:
            found = pinned(text, *extent)
        except InputError:
            assert words.start == words.end or not _some_sentence(text, *words)
        else:
            assert _read_back(text, *found) == words
            assert found[1] == text[slice(*words)]


PIECES = [
    "Rents rose.",
    "Rents rose again. ",
    "\n\n",
    "# A\n",
    "- one\n",
    "a\tb\n",
    " ",
    "\u2028",
    "Ann’s 🙂.",
    "Dr. No said “so.”",
]


@given(st.lists(st.sampled_from(PIECES), min_size=1, max_size=30).map("".join), st.data())
def test_words_of_text_like_documents_are_read_back_from_where_they_stood(text: str, data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(text) - 1))
    end = data.draw(st.integers(start + 1, len(text)))
    words = trim(text, start, end)
    try:
        found = pinned(text, start, end)
    except InputError:
        # Nothing there, or the end of a document that repeats itself.
        assert words.start == words.end or text.count(text[slice(*words)]) > 1
    else:
        assert _read_back(text, *found) == words


# What is taught


def test_a_question_is_written_in_the_schema_and_read_by_the_loader(taught: Taught) -> None:
    assert taught.lessons(DOCUMENTS) == []
    assert taught.add(LONG, DOCUMENTS, right=[RIGHT, OTHER, RIGHT]) == "how-long-is-the-border"
    assert _lines(taught) == [
        {
            "id": "how-long-is-the-border", "question": LONG, "kind": "how many",
            "answers": [
                {"document": "a.md", "sentence": "The border is 7,644 km long.", "quote": "7,644 km"},
                {"document": "b.md", "sentence": "It measures 7,644 km.", "quote": "7,644 km"},
            ],
        }
    ]  # fmt: skip
    (question,) = load_questions(taught.path, DOCUMENTS)
    assert [(gold.document, gold.start, gold.end) for gold in question.golds] == [("a.md", 26, 34), ("b.md", 12, 20)]
    (lesson,) = taught.lessons(DOCUMENTS)
    assert (lesson.question, lesson.stale, lesson.text, lesson.kind) == (question, "", LONG, "how many")
    assert lesson.answers == tuple(_lines(taught)[0]["answers"])


def _state(taught: Taught) -> tuple[list[str] | None, list[str]]:
    """The quotes that are right (None where that is open) and those that are wrong."""
    (lesson,) = taught.lessons(DOCUMENTS)
    assert lesson.stale == ""
    right = None if lesson.answers is None else [f"{p['document']} {p['quote']}" for p in lesson.answers]
    return right, [f"{place['document']} {place['quote']}" for place in lesson.wrong]


def test_what_is_said_later_of_a_question_is_added_to_its_line_and_the_later_word_counts(taught: Taught) -> None:
    taught.add(LONG, DOCUMENTS, wrong=[RIGHT])
    assert _state(taught) == (None, ["a.md 7,644 km"])
    taught.add("how long  is the BORDER", DOCUMENTS, wrong=[WRONG], right=[OTHER])
    assert _state(taught) == (["b.md 7,644 km"], ["a.md 7,644 km", "a.md 7,500 km"])
    taught.add(LONG, DOCUMENTS, right=[RIGHT])
    assert _state(taught) == (["b.md 7,644 km", "a.md 7,644 km"], ["a.md 7,500 km"])
    taught.add(LONG, DOCUMENTS, wrong=[OTHER, RIGHT])
    assert _state(taught) == (None, ["a.md 7,500 km", "b.md 7,644 km", "a.md 7,644 km"])
    taught.add(LONG, DOCUMENTS, none=True, wrong=[WRONG])
    assert _state(taught) == ([], ["b.md 7,644 km", "a.md 7,644 km", "a.md 7,500 km"])
    taught.add(LONG, DOCUMENTS, wrong=[WRONG])
    assert _state(taught)[0] == []
    taught.add(LONG, DOCUMENTS, right=[RIGHT])
    assert _state(taught)[0] == ["a.md 7,644 km"]
    taught.add(LONG, DOCUMENTS, none=True)
    assert _state(taught)[0] == []


def test_the_same_words_in_another_sentence_are_the_same_place(taught: Taught) -> None:
    taught.path.parent.mkdir()
    place = {"document": "a.md", "sentence": "border is 7,644 km", "quote": "7,644 km"}
    taught.path.write_text(json.dumps({"id": "q", "question": LONG, "kind": "how many", "answers": [place]}))
    taught.add(LONG, DOCUMENTS, wrong=[RIGHT])
    assert _state(taught) == (None, ["a.md 7,644 km"])


@pytest.mark.parametrize(
    ("question", "lesson", "message"),
    [
        (" ? ", {"none": True}, "the question is empty"),
        ("a" * 2001, {"none": True}, "2,001 characters long; at most 2,000 are read"),
        ("What \ud800?", {"none": True}, "not valid Unicode"),
        (LONG, {}, "nothing is taught"),
        (LONG, {"none": True, "right": [RIGHT]}, "cannot both be taught; choose one"),
        (LONG, {"right": [RIGHT], "wrong": [RIGHT]}, "'7,644 km' cannot be right and wrong; choose one"),
        (LONG, {"right": [Selection("c.md", 0, 1)]}, "there is no document 'c.md'"),
        (LONG, {"right": [Selection("a.md", 0, 999)]}, "a.md: characters 0-999 are not in the document"),
    ],
)
def test_what_makes_no_sense_is_refused_and_nothing_written(
    taught: Taught, question: str, lesson: dict[str, Any], message: str
) -> None:
    with pytest.raises(InputError, match=message):
        taught.add(question, DOCUMENTS, **lesson)
    assert not taught.path.exists()


def test_a_line_is_edited_and_deleted(taught: Taught) -> None:
    name = taught.add(LONG, DOCUMENTS, right=[RIGHT], wrong=[WRONG])
    other = taught.add("What rose?", DOCUMENTS, right=[_at("Rents")])
    taught.edit(name, DOCUMENTS, question="How far is it?", kind="what")
    lesson = taught.lessons(DOCUMENTS)[0]
    assert (lesson.id, lesson.text, lesson.kind) == (name, "How far is it?", "what")
    assert lesson.answers and lesson.answers[0]["quote"] == "7,644 km"
    taught.edit(name, DOCUMENTS, right=[OTHER], wrong=[])
    assert [gold.document for gold in load_questions(taught.path, DOCUMENTS)[0].golds] == ["b.md"]
    assert "wrong" not in _lines(taught)[0]
    taught.edit(name, DOCUMENTS, none=True)
    assert load_questions(taught.path, DOCUMENTS)[0].golds == ()
    taught.edit(name, DOCUMENTS, right=(), wrong=[WRONG])
    assert taught.lessons(DOCUMENTS)[0].answers is None
    for change, message in (
        ({"wrong": ()}, "nothing would be left of what was taught; delete it instead"),
        ({"right": [WRONG]}, "'7,500 km' cannot be right and wrong"),
        ({"kind": "whom"}, "the kind 'whom' is none of who"),
        ({"question": ""}, "the question is empty"),
        ({"none": True, "right": [RIGHT]}, "choose one"),
    ):
        before = taught.path.read_bytes()
        with pytest.raises(InputError, match=message):
            taught.edit(name, DOCUMENTS, **change)
        assert taught.path.read_bytes() == before
    taught.delete(name)
    assert [lesson.id for lesson in taught.lessons(DOCUMENTS)] == [other]
    for gone in (lambda: taught.delete(name), lambda: taught.edit(name, DOCUMENTS, none=True)):
        with pytest.raises(InputError, match="'how-long-is-the-border': no question of this id was taught"):
            gone()


def test_ids_are_the_words_of_the_question_and_differ(taught: Taught) -> None:
    questions = [
        "Wer sagte „Öl“?",
        "Wer sagte Öl, wann?",
        "Wer sagte Öl - wann",
        "x" * 60,
        "x" * 61,
        "?!9",
        30 * "one ",
    ]
    names = [taught.add(question, DOCUMENTS, none=True) for question in questions]
    assert names == [
        "wer-sagte-öl",
        "wer-sagte-öl-wann",
        "wer-sagte-öl-wann-2",
        "x" * 48,
        "x" * 48 + "-2",
        "9",
        "-".join(["one"] * 12),
    ]


FOREIGN = (
    b'{"mine": 1}\n\n\xff\xfe not text\n{"id": 5, "question": "?"}\n{"id": "q", "question": "Q", "answers": 3}\r\n'
)


def test_lines_of_others_and_fields_that_we_do_not_know_stay_as_they_are(taught: Taught) -> None:
    taught.path.parent.mkdir()
    own = {"id": "own", "question": LONG, "kind": "how many", "answers": [], "note": "mine", "tags": ["near miss"]}
    taught.path.write_bytes(b"\xef\xbb\xbf" + FOREIGN + json.dumps(own).encode())
    assert [lesson.id for lesson in taught.lessons(DOCUMENTS)] == ["own"]
    assert "'note' is no field" in taught.lessons(DOCUMENTS)[0].stale
    taught.add("What rose?", DOCUMENTS, right=[_at("Rents")])
    assert taught.add(LONG, DOCUMENTS, right=[RIGHT]) == "own"
    lines = taught.path.read_bytes().removeprefix(b"\xef\xbb\xbf" + FOREIGN).split(b"\n")
    first = json.loads(lines[0])
    assert (first["note"], first["tags"], first["answers"][0]["quote"]) == ("mine", ["near miss"], "7,644 km")
    taught.delete("own")
    taught.delete("what-rose")
    assert taught.path.read_bytes() == b"\xef\xbb\xbf" + FOREIGN


def test_what_no_longer_stands_is_stale_and_taught_anew_it_is_fine(taught: Taught) -> None:
    taught.add(LONG, DOCUMENTS, right=[RIGHT, OTHER], wrong=[WRONG])
    changed = {**DOCUMENTS, "a.md": Document("a.md", "The border is 7,000 km long.", "A")}
    (lesson,) = taught.lessons(changed)
    assert lesson.question is None
    assert lesson.stale == "the sentence 'The border is 7,644 km long.' does not stand in a.md"
    assert lesson.answers and [place["document"] for place in lesson.answers] == ["a.md", "b.md"]
    assert taught.lessons({"b.md": DOCUMENTS["b.md"]})[0].stale == "there is no document 'a.md'"
    taught.add(LONG, changed, right=[Selection("a.md", 14, 22)])
    (lesson,) = taught.lessons(changed)
    assert lesson.question and [gold.text for gold in lesson.question.golds] == ["7,644 km", "7,000 km"]
    assert (lesson.stale, lesson.wrong) == ("", ())


def test_a_stale_line_can_be_edited_without_losing_what_it_says(taught: Taught) -> None:
    name = taught.add(LONG, DOCUMENTS, right=[RIGHT], wrong=[WRONG])
    before = _lines(taught)[0]
    taught.edit(name, {}, kind="what")
    assert _lines(taught)[0] == {**before, "kind": "what"}


# The file


def test_several_teach_at_once_and_nothing_is_lost(taught: Taught) -> None:
    def teach(number: int) -> None:
        for each in range(5):
            Taught(taught.path).add(f"Question {number} {each}", DOCUMENTS, none=True)
            Taught(taught.path).add(LONG, DOCUMENTS, right=[(RIGHT, OTHER)[number % 2]])
            taught.lessons(DOCUMENTS)

    threads = [threading.Thread(target=teach, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    lessons = taught.lessons(DOCUMENTS)
    assert sorted(lesson.text for lesson in lessons) == sorted(
        [LONG, *(f"Question {n} {e}" for n in range(6) for e in range(5))]
    )
    assert len({lesson.id for lesson in lessons}) == 31
    assert {len(lesson.answers or ()) for lesson in lessons} == {0, 2}
    assert sorted(path.name for path in taught.path.parent.iterdir()) == ["taught.jsonl", "taught.jsonl.lock"]


def test_a_change_that_fails_leaves_the_file_as_it_was(taught: Taught, monkeypatch: pytest.MonkeyPatch) -> None:
    taught.add(LONG, DOCUMENTS, right=[RIGHT])
    before = taught.path.read_bytes()

    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(InputError, match=r"taught\.jsonl: cannot be written to \(No space left on device\)"):
        taught.delete("how-long-is-the-border")
    assert taught.path.read_bytes() == before
    assert len(list(taught.path.parent.iterdir())) == 2


def test_somebody_who_writes_for_too_long_is_not_waited_for_for_ever(
    taught: Taught, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("rag.questions.locked_lines.PATIENCE", 0.05)
    with edited_lines(taught.path), pytest.raises(InputError, match="somebody else is writing to it; try again"):
        taught.add(LONG, DOCUMENTS, none=True)


def test_a_link_stays_a_link_and_permissions_stay(taught: Taught, tmp_path: Path) -> None:
    taught.add(LONG, DOCUMENTS, none=True)
    taught.path.chmod(0o600)
    link = tmp_path / "link.jsonl"
    link.symlink_to(taught.path)
    Taught(link).add("What rose?", DOCUMENTS, none=True)
    assert link.is_symlink()
    assert len(taught.lessons(DOCUMENTS)) == 2
    assert stat.S_IMODE(taught.path.stat().st_mode) == 0o600


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"cannot be read \(Is a directory\)"):
        Taught(tmp_path).lessons(DOCUMENTS)


# What it is for


@pytest.mark.parametrize(
    ("question", "kind"),
    [
        ("Who spoke?", "who"), ("To whom did he speak?", "who"), ("When was it?", "when"), ("In what year?", "when"),
        ("Where is it?", "where"), ("In which city does she live?", "where"), ("How long is it?", "how many"),
        ("Since when?", "when"), ("Which one?", "which"), ("Why not?", "why"), ("How did it end?", "how"),
        ("Is it long?", "yes-no"), ("Name the two rivers.", "list"), ("Which two rivers meet?", "list"),
        ("What did he tell those who came?", "what"), ("border length", "what"), ("", "what"),
        ("HOW MANY?", "how many"), ("Wie lang?", "what"),
    ],
)  # fmt: skip
def test_the_kind_is_told_by_the_word_that_asks(question: str, kind: str) -> None:
    assert kind_of(question) == kind
    assert kind in KINDS


def test_most_kinds_are_guessed_as_people_gave_them() -> None:
    lines = [json.loads(line) for line in SHIPPED_QUESTIONS.read_text(encoding="utf-8").splitlines()]
    right = sum(kind_of(line["question"]) == line["kind"] for line in lines)
    assert right / len(lines) > 0.85


@pytest.fixture
def index(tmp_path: Path, encoder: SentenceTransformerEncoder) -> Path:
    docs = tmp_path / "docs"
    docs.mkdir()
    for name, document in DOCUMENTS.items():
        (docs / name).write_text(document.text)
    build_index(docs, tmp_path / "index", encoder)
    return tmp_path / "index"


def test_what_was_taught_is_evaluated_but_for_what_is_open(
    taught: Taught, index: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    taught.add(LONG, DOCUMENTS, right=[RIGHT, OTHER])
    taught.add("Who is the queen of Ruritania?", DOCUMENTS, none=True, wrong=[_at("Rents")])
    taught.add("When did rents rise?", DOCUMENTS, wrong=[WRONG])
    assert main(["eval", str(taught.path), "--index", str(index), "--json"]) == 0
    said = capsys.readouterr()
    assert said.err == f"{taught.path}: 1 questions left out: nobody has said yet what answers them\n"
    summary = json.loads(said.out)
    assert (summary["answerable"], summary["unanswerable"]) == (1, 1)


def test_what_was_taught_is_learnt_and_wrong_words_are_what_does_not_answer(taught: Taught) -> None:
    taught.add(LONG, DOCUMENTS, right=[OTHER], wrong=[_at("Rents rose again")])
    taught.add("Who is the queen?", DOCUMENTS, none=True, wrong=[_at("again")])
    taught.add("How long was it once?", DOCUMENTS, right=[WRONG], wrong=[RIGHT])
    taught.add("When did rents rise?", DOCUMENTS, wrong=[WRONG])
    told: list[str] = []
    maker = WindowMaker.load(model_folder(DEFAULT_ENCODER), 384)
    found = load([taught.path], lambda: DOCUMENTS, maker, left_open=lambda question: told.append(question.id))
    assert [(e.question, found.passages[e.passage].text, e.golds) for e in found.examples] == [
        (LONG, DOCUMENTS["b.md"].text, ((12, 20),)),
        (LONG, "Rents rose again.", ()),
        ("Who is the queen?", "Rents rose again.", ()),
        # The paragraph with the wrong words holds the right ones as well.
        ("How long was it once?", TEXT.partition("\n")[0], ((48, 56),)),
    ]
    assert told == ["when-did-rents-rise"]
