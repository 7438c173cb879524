"""Excerpts of passages for training."""

import random
from dataclasses import replace

import numpy as np
import pytest

from rag.paths import shipped_reader
from rag.reading.weights import tokenizer_folder
from rag.reading.windows import WindowMaker
from rag.text.segmentation import Extent, sentences
from rag.training.batches import Epochs
from rag.training.examples import Example, Examples, Passage
from rag.training.excerpts import LONGEST, SHORTEST, excerpt

TEXT = " ".join(f"In year {1900 + i} the town number {i} got a new bridge over the river." for i in range(40))
SENTENCES = list(sentences(TEXT))


def _gold(quote: str) -> tuple[int, int]:
    return TEXT.index(quote), TEXT.index(quote) + len(quote)


@pytest.mark.parametrize("seed", range(20))
def test_excerpt_is_whole_sentences_with_the_answer(seed: int) -> None:
    example = Example("When did town number 20 get its bridge?", 0, (_gold("1920"),))
    found = excerpt(example, TEXT, SENTENCES, random.Random(seed))
    assert found.start in {sentence.start for sentence in SENTENCES}
    assert found.end in {sentence.end for sentence in SENTENCES}
    assert "1920" in TEXT[found.start : found.end]
    longest = max(end - start for start, end in SENTENCES)
    assert SHORTEST <= found.end - found.start <= LONGEST + longest


def test_excerpts_have_the_answer_at_different_places() -> None:
    example = Example("When?", 0, (_gold("1920"),))
    found = [excerpt(example, TEXT, SENTENCES, random.Random(seed)) for seed in range(20)]
    before = [TEXT.index("1920") - start for start, _ in found]
    assert min(before) < 100
    assert max(before) > 250


def test_excerpt_without_an_answer_is_around_the_sentence_nearest_the_question() -> None:
    found = excerpt(Example("Who built town number 33?", 0, ()), TEXT, SENTENCES, random.Random(0))
    assert "number 33 got" in TEXT[found.start : found.end]


def test_short_passage_is_its_own_excerpt() -> None:
    text = "Anna came. Boris left."
    example = Example("Who came?", 0, ((0, 4),))
    assert excerpt(example, text, list(sentences(text)), random.Random(0)) == Extent(0, len(text))


def _epochs(share: float, examples: list[Example]) -> Epochs:
    maker = WindowMaker.load(tokenizer_folder(shipped_reader()), 384)
    passages = [Passage("", TEXT, "0/0", 0)]
    return Epochs(
        Examples(passages, examples), maker, padding=0, tokens=4096, most=99, share=0.0, seed=1, excerpts=share
    )  # fmt: skip


def test_windows_of_excerpts_are_shorter_and_keep_the_answer() -> None:
    asked = [Example(f"When did town number {i} get it?", 0, (_gold(f"{1900 + i}"),)) for i in range(40)]
    lengths = {}
    for share in (0.0, 1.0):
        epochs = _epochs(share, asked)
        [*plan] = epochs.plan(0)
        assert sorted(example.question for part in plan for example in part) == sorted(e.question for e in asked)
        batches = [epochs.batch(part, random.Random(0)) for part in plan]
        lengths[share] = np.mean([float(batch.mask.sum() / len(batch.ids)) for batch in batches])
        # Every example keeps an answer: none is on the first token, which stands for "no answer".
        assert all(bool(batch.answerable.all()) and not batch.starts[:, 0].any() for batch in batches)
    assert lengths[1.0] < lengths[0.0] / 2


def test_examples_with_marked_evidence_keep_their_passage() -> None:
    marked = Example("What happened?", 0, (), (_gold("the town number 5"), _gold("the town number 30")))
    [[example]] = _epochs(1.0, [marked]).plan(0)
    whole = _epochs(0.0, [marked]).batch([example], random.Random(0))
    assert _epochs(1.0, [marked]).batch([example], random.Random(0)).ids.tolist() == whole.ids.tolist()
    unmarked = replace(marked, evidence=None, golds=marked.evidence or ())
    assert _epochs(1.0, [unmarked]).batch([unmarked], random.Random(0)).ids.shape[1] < whole.ids.shape[1]
