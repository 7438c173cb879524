"""Hyperparameters of a training run."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Recipe:
    """Hyperparameters.

    Attributes:
        epochs: Passes over the examples.
        rate: Peak learning rate of the output layer.
        warmup: Share of the steps used for linear warm-up.
        decay: Share of the steps, the last ones, used for linear decay to 0; between the two the rate is constant.
        layer_decay: Ratio of a layer's learning rate to that of the layer above.
        frozen: Lowest layers that are not trained; with one or more, all embeddings are frozen too. The word embeddings
            always are.
        dropout: Share of channels dropped, shared by all tokens of a window (Gal & Ghahramani 2016). Drawing per
            channel is free; drawing per token would add an eighth to the time of a step.
        weight_decay: AdamW's weight decay.
        window: Tokens per window.
        tokens: Tokens per batch, padding included.
        most: Questions per passage and epoch.
        negatives: Generated unanswerable examples of each kind per answerable one.
        excerpts: Share of the examples that are trained on an excerpt of their passage; see ``excerpts``. Those with
            marked evidence never are.
        answerability: Weight of the answerability loss.
        evidence: Weight of the evidence loss.
        hours: Time limit: training ends after it, and the learning rate falls to 0 by then; 0 for none.
        seed: Random seed.
    """

    epochs: int = 4
    rate: float = 2.5e-4
    warmup: float = 0.06
    decay: float = 0.94
    layer_decay: float = 0.9
    frozen: int = 0
    dropout: float = 0.1
    weight_decay: float = 0.01
    window: int = 384
    tokens: int = 4608
    most: int = 32
    negatives: float = 0.15
    excerpts: float = 0.0
    answerability: float = 0.3
    evidence: float = 0.3
    hours: float = 0.0
    seed: int = 0

    def rate_at(self, step: int, steps: int, hours: float = 0.0) -> float:
        """Learning rate as a share of the peak, at a step counted from 0 or after ``hours``, whichever is later."""
        if self.hours:
            step = max(step, int(steps * hours / self.hours))
        warm, cool = max(1, round(self.warmup * steps)), max(1, round(self.decay * steps))
        return max(0.0, min(1.0, (step + 1) / warm, (steps - step) / cool))
