"""The losses of a span model, on logits that are right and wrong by construction."""

import random

import pytest
import torch

from rag.embedding.encoder import DEFAULT_ENCODER, model_folder
from rag.reading.network import ANSWERABLE, END, EVIDENCE, START
from rag.reading.windows import WindowMaker
from rag.training.batches import Batch, Epochs
from rag.training.examples import Example, Examples, Passage
from rag.training.loss import answerability_loss, evidence_loss, span_loss

TEXT = "Anna moved to Osh. The river is wide."


def _batch(*examples: Example) -> Batch:
    maker = WindowMaker.load(model_folder(DEFAULT_ENCODER), 128)
    everything = Examples([Passage("", TEXT, "0/0", 0)], list(examples))
    epochs = Epochs(everything, maker, padding=0, tokens=999, most=9, share=0.0, seed=0)
    [rows] = epochs.plan(0)
    return epochs.batch(sorted(rows, key=examples.index), random.Random(0))


ANSWERED = Example("Where did Anna move?", 0, ((14, 17),))
EVIDENCE_ONLY = Example("What is the river like?", 0, (), ((19, 37),))
UNANSWERED = Example("Who came?", 0, ())


def _words(batch: Batch, row: int, tensor: torch.Tensor) -> list[int]:
    return tensor[row].nonzero().flatten().tolist()


def test_targets_are_the_tokens_of_the_answer_or_the_first_one() -> None:
    batch = _batch(ANSWERED, EVIDENCE_ONLY, UNANSWERED)
    [start], [end] = (_words(batch, 0, tensor) for tensor in (batch.starts, batch.ends))
    osh = WindowMaker.load(model_folder(DEFAULT_ENCODER)).tokens("Osh").ids
    assert batch.ids[0, start : end + 1].tolist() == osh
    assert not batch.starts[1].any()  # the span is not known
    assert _words(batch, 2, batch.starts) == [0]
    assert batch.answerable.tolist() == [1, 1, 0]
    assert batch.evidence.tolist() == [[1, 0], [0, 1], [0, 0]]
    assert torch.allclose(batch.sentences.sum(-1), torch.ones(3, 2))


def test_right_logits_cost_nothing_and_wrong_ones_much() -> None:
    batch = _batch(ANSWERED, EVIDENCE_ONLY, UNANSWERED)
    logits = torch.zeros(*batch.ids.shape, 4)
    logits[..., START], logits[..., END] = 40 * batch.starts, 40 * batch.ends
    logits[:, 0, ANSWERABLE] = 40 * (2 * batch.answerable - 1)
    share = (batch.sentences * (2 * batch.evidence - 1).unsqueeze(-1)).sum(1)
    logits[..., EVIDENCE] = 40 * share.sign()
    for loss in (span_loss, answerability_loss, evidence_loss):
        assert loss(logits, batch).item() == pytest.approx(0, abs=1e-3)
        assert loss(-logits, batch).item() > 3


def test_tokens_outside_the_passage_cannot_be_chosen() -> None:
    batch = _batch(ANSWERED)
    logits = torch.zeros(*batch.ids.shape, 4)
    before = span_loss(logits, batch).item()
    logits[0, 1:4, START] = 99.0  # the question
    assert span_loss(logits, batch).item() == pytest.approx(before)
