"""Knowledge distillation: the shipped reader as the teacher of another one."""

import random
from pathlib import Path

import numpy as np
import pytest

from rag.embedding.encoder import DEFAULT_ENCODER, model_folder
from rag.errors import InputError
from rag.paths import shipped_reader
from rag.reading.predictor import Pair
from rag.reading.windows import Window, WindowMaker
from rag.training.batches import Epochs
from rag.training.examples import Example, Examples, Passage
from rag.training.teacher import SHARE, Teacher

TEXT = "In spring Anna moved to Osh. The river there is wide, and the bazaar is two thousand years old."
PAIR = Pair("Where did Anna move?", "Towns", TEXT)
OSH = TEXT.index("Osh"), TEXT.index("Osh") + 3
SECOND = shipped_reader() / "second"


@pytest.fixture(scope="module")
def teacher() -> Teacher:
    return Teacher(SECOND)


def _window(pair: Pair, length: int = 128) -> Window:
    maker = WindowMaker.load(model_folder(DEFAULT_ENCODER), length)
    return maker.windows(*maker.many(pair[:3]))[-1]


def test_teacher_marks_the_answer_on_the_students_tokens(teacher: Teacher) -> None:
    window = _window(PAIR)
    [taught] = teacher.read([PAIR], [window])
    assert taught.start.shape == taught.end.shape == (1 + len(window.offsets),)
    assert taught.start.sum() == pytest.approx(1, abs=1e-5)
    assert window.offsets[taught.start.argmax() - 1][0] == OSH[0]
    assert window.offsets[taught.end.argmax() - 1][1] == OSH[1]
    assert taught.answerable > 0.5
    first = window.offsets[:, 1] <= TEXT.index(".")
    assert taught.evidence[first].mean() > 0 > taught.evidence[~first].mean()


def test_teacher_says_that_a_passage_does_not_answer(teacher: Teacher) -> None:
    pair = PAIR._replace(question="Who won the election in Brazil in 1974?")
    [taught] = teacher.read([pair], [_window(pair)])
    assert taught.start.argmax() == taught.end.argmax() == 0
    assert taught.answerable < 0.5


def test_teacher_reads_the_part_of_the_passage_that_the_window_holds(teacher: Teacher) -> None:
    pair = PAIR._replace(text="The road is long. " * 40 + TEXT)
    window = _window(pair)
    assert window.offsets[0][0] > 0
    [taught] = teacher.read([pair], [window])
    start, end = window.offsets[taught.start.argmax() - 1][0], window.offsets[taught.end.argmax() - 1][1]
    assert pair.text[start:end] == "Osh"


def test_targets_are_shared_between_gold_answers_and_teacher(teacher: Teacher) -> None:
    examples = Examples(
        [Passage("Towns", TEXT, "0/0", 0)],
        [Example(PAIR.question, 0, (OSH,)), Example("Who came from Kulob?", 0, ())],
    )
    maker = WindowMaker.load(model_folder(DEFAULT_ENCODER), 128)

    def batch(labels: Teacher | None):  # type: ignore[no-untyped-def]
        epochs = Epochs(examples, maker, padding=0, tokens=999, most=9, share=0.0, seed=0, teacher=labels)
        return epochs.batch(examples.examples, random.Random(0))

    gold, mixed = batch(None), batch(teacher)
    taught = teacher.read([PAIR, PAIR._replace(question="Who came from Kulob?")], [_window(PAIR)] * 2)
    for row in range(2):
        assert mixed.starts[row].sum() == pytest.approx(1, abs=1e-5)
        expected = (1 - SHARE) * gold.starts[row, 0] + SHARE * taught[row].start[0]
        assert mixed.starts[row, 0] == pytest.approx(float(expected), abs=0.05)  # titles are dropped at random
    assert mixed.answerable.tolist() == pytest.approx(
        [1 - SHARE + SHARE * taught[0].answerable, SHARE * taught[1].answerable], abs=1e-4
    )
    assert ((mixed.evidence >= 0) & (mixed.evidence <= 1)).all()


def test_reader_without_evidence_cannot_teach() -> None:
    with pytest.raises(InputError, match="no output for evidence; choose a teacher"):
        Teacher(shipped_reader())


def test_folder_that_holds_no_reader_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=str(tmp_path)):
        Teacher(tmp_path)


def test_evidence_is_that_of_the_token_around(teacher: Teacher) -> None:
    [taught] = teacher.read([PAIR], [_window(PAIR)])
    assert np.isfinite(taught.evidence).all()
