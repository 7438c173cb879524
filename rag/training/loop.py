"""Training loop with checkpoints and a measurement after each epoch."""

from __future__ import annotations

import copy
import json
import random
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..embedding.encoder import DEFAULT_ENCODER, model_folder
from ..errors import InputError
from ..index import Report
from ..reading.model import WEIGHTS, WORDS, Description, SpanModel, load_weights, network, save_weights
from ..reading.predictor import SpanPredictor
from ..reading.windows import WindowMaker
from .batches import Batch, Epochs
from .examples import Examples, Split
from .measure import Reading, measure
from .network import has_bf16, share_dropout, use_half_attention

if TYPE_CHECKING:
    import torch

CHECKPOINT = "checkpoint.pt"

#: Prefix of the names of a layer's parameters; the layer's number follows.
LAYER = "encoder.layer."

#: Seconds between checkpoints.
CHECKPOINT_EVERY = 300.0


@dataclass(frozen=True, slots=True)
class Recipe:
    """Hyperparameters.

    Attributes:
        epochs: Passes over the examples.
        rate: Peak learning rate of the output layer; linear warm-up, then linear decay to 0.
        warmup: Share of the steps used for warm-up.
        layer_decay: Ratio of a layer's learning rate to that of the layer above.
        dropout: Share of channels dropped, shared by all tokens of a window (Gal & Ghahramani 2016). Drawing per
            channel is free; drawing per token would add an eighth to the time of a step.
        weight_decay: AdamW's weight decay.
        window: Tokens per window.
        tokens: Tokens per batch, padding included.
        most: Questions per passage and epoch.
        negatives: Generated unanswerable examples of each kind per answerable one.
        verdict: Weight of the answerability loss.
        seed: Random seed.
    """

    epochs: int = 4
    rate: float = 2.5e-4
    warmup: float = 0.06
    layer_decay: float = 0.9
    dropout: float = 0.1
    weight_decay: float = 0.01
    window: int = 384
    tokens: int = 4608
    most: int = 32
    negatives: float = 0.15
    verdict: float = 0.3
    seed: int = 0


@dataclass(frozen=True, slots=True)
class Point:
    """A point of the learning curve: mean loss and figures after an epoch."""

    epoch: int
    loss: float
    seconds: float
    reading: Reading | None


class Trainer:
    """Trains a model and resumes from the last checkpoint.

    Args:
        split: Training and development examples.
        recipe: Hyperparameters.
        folder: Folder of the checkpoint.
        device: A torch device.
        start: Folder of a reader to train further; None starts from the embedder's weights.
        report: Called with stage, steps done and steps in total.
        on_epoch: Called with each point of the learning curve.

    Raises:
        InputError: The folder holds a checkpoint of another run, or ``start`` is not a reader.
    """

    def __init__(
        self,
        split: Split,
        recipe: Recipe,
        folder: Path,
        *,
        device: str = "cpu",
        start: Path | None = None,
        report: Report = lambda stage, done, total: None,
        on_epoch: Callable[[Point], None] = lambda point: None,
    ) -> None:
        import torch

        self._split, self._recipe, self._device = split, recipe, device
        self._report, self._on_epoch = report, on_epoch
        self._path = folder / CHECKPOINT
        torch.manual_seed(recipe.seed)
        self.body, self.head = (module.to(device) for module in _initial_model(start))
        self._words = self.body.get_parameter(WORDS).requires_grad_(False)
        share_dropout(self.body, recipe.dropout)
        use_half_attention(self.body)
        self._maker = WindowMaker.load(model_folder(DEFAULT_ENCODER), recipe.window)
        self._epochs = Epochs(
            split.training,
            self._maker,
            tokens=recipe.tokens,
            most=recipe.most,
            share=recipe.negatives,
            seed=recipe.seed,
        )
        self._plans = [self._epochs.plan(epoch) for epoch in range(recipe.epochs)]
        self._steps = sum(map(len, self._plans))
        self._optimizer = torch.optim.AdamW(self._groups(), weight_decay=recipe.weight_decay)
        self._schedule = torch.optim.lr_scheduler.LambdaLR(self._optimizer, self._rate)
        self.step = 0
        self.seconds = 0.0
        self.losses: list[float] = []
        self.curve: list[Point] = []

    def run(self) -> None:
        """Train to the end; saves a checkpoint every few minutes, after each epoch and when interrupted."""
        self._resume()
        try:
            self._run()
        except KeyboardInterrupt:
            self._save()
            raise

    def save(self, path: Path) -> Description:
        """Write the weights file that ``load_weights`` reads."""
        return save_weights(path, self.body, self.head, self._recipe.window, DEFAULT_ENCODER)

    def delete_checkpoint(self) -> None:
        """Delete the checkpoint."""
        self._path.unlink(missing_ok=True)

    def _run(self) -> None:
        begun = saved = time.monotonic()
        done = 0
        for epoch, plan in enumerate(self._plans):
            for number, examples in enumerate(plan):
                if done + number < self.step:
                    continue
                draw = random.Random(f"{self._recipe.seed} {epoch} {number}")
                self.losses.append(self._train_step(self._epochs.batch(examples, draw)))
                self.step += 1
                self._report("training", self.step, self._steps)
                if time.monotonic() - saved > CHECKPOINT_EVERY:
                    self.seconds += time.monotonic() - begun
                    self._save()
                    begun = saved = time.monotonic()
            done += len(plan)
            if len(self.curve) == epoch:
                self.seconds += time.monotonic() - begun
                loss = sum(self.losses[-len(plan) :]) / len(plan)
                self.curve.append(Point(epoch + 1, loss, self.seconds, self._measure(self._split.development)))
                self._save()
                self._on_epoch(self.curve[-1])
                begun = saved = time.monotonic()

    def model(self) -> SpanModel:
        """A copy of the current model, for inference."""
        body, head = copy.deepcopy(self.body), copy.deepcopy(self.head)
        share_dropout(body, 0.0)
        return SpanModel(body, head, Description(DEFAULT_ENCODER, "", "", self._recipe.window), self._device)

    def _measure(self, examples: Examples) -> Reading | None:
        if not examples.examples:
            return None
        predictor = SpanPredictor(self.model(), self._maker)
        return measure(predictor, examples, lambda done, total: self._report("measuring", done, total))

    def _train_step(self, batch: Batch) -> float:
        import torch

        self.body.train()
        with torch.autocast(torch.device(self._device).type, torch.bfloat16, enabled=has_bf16(self._device)):
            hidden = self.body(
                input_ids=batch.ids.to(self._device),
                token_type_ids=batch.types.to(self._device),
                attention_mask=batch.mask.to(self._device),
            ).last_hidden_state
        loss = self._loss(self.head(hidden.float()), batch)
        self._optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_([*self.body.parameters(), *self.head.parameters()], 1.0)
        self._optimizer.step()
        self._schedule.step()
        return float(loss.detach())

    def _loss(self, logits: torch.Tensor, batch: Batch) -> torch.Tensor:
        """Cross-entropy of start and end, plus weighted cross-entropy of answerability at ``[CLS]``.

        Spans start and end in the passage, or at ``[CLS]`` if there is no answer.
        """
        import torch

        allowed = ((batch.types == 1) & (batch.mask == 1)).to(self._device)
        allowed[:, 0] = True
        starts, ends = batch.starts.to(self._device), batch.ends.to(self._device)
        total = torch.zeros((), device=self._device)
        for part, target in ((0, starts), (1, ends)):
            log_probabilities = logits[..., part].masked_fill(~allowed, -1e4).log_softmax(-1)
            total = total - (target * log_probabilities).sum(-1).mean() / 2
        answerable = (starts[:, 0] == 0).float()
        answerability_loss = torch.nn.functional.binary_cross_entropy_with_logits(logits[:, 0, 2], answerable)
        return total + self._recipe.verdict * answerability_loss

    def _groups(self) -> list[dict[str, Any]]:
        """Parameter groups with layer-wise decaying learning rates."""
        names = [name for name, _ in self.body.named_parameters()]
        layers = 1 + max((int(name.split(".")[2]) for name in names if name.startswith(LAYER)), default=-1)
        groups: dict[float, list[torch.nn.Parameter]] = {self._recipe.rate: list(self.head.parameters())}
        for name, parameter in self.body.named_parameters():
            if parameter.requires_grad:
                depth = int(name.split(".")[2]) + 1 if name.startswith(LAYER) else 0
                groups.setdefault(self._recipe.rate * self._recipe.layer_decay ** (layers - depth), []).append(
                    parameter
                )
        return [{"params": parameters, "lr": rate} for rate, parameters in groups.items()]

    def _rate(self, step: int) -> float:
        warm = max(1, round(self._recipe.warmup * self._steps))
        return min((step + 1) / warm, max(0.0, (self._steps - step) / max(1, self._steps - warm)))

    def _save(self) -> None:
        import torch

        state = {
            "recipe": json.dumps(asdict(self._recipe)),
            "examples": len(self._split.training.examples),
            "body": self.body.state_dict(), "head": self.head.state_dict(),
            "optimizer": self._optimizer.state_dict(), "schedule": self._schedule.state_dict(),
            "random": torch.get_rng_state(), "step": self.step, "seconds": self.seconds,
            "losses": self.losses, "curve": self.curve,
        }  # fmt: skip
        part = self._path.with_name(self._path.name + ".part")
        torch.save(state, part)
        part.replace(self._path)

    def _resume(self) -> None:
        import torch

        if not self._path.exists():
            return
        state = torch.load(self._path, map_location=self._device, weights_only=False)
        if (state["recipe"], state["examples"]) != (
            json.dumps(asdict(self._recipe)), len(self._split.training.examples),
        ):  # fmt: skip
            raise InputError(
                f"{self._path}: checkpoint of other files or settings; use those again, or delete it to start over"
            )
        self.body.load_state_dict(state["body"])
        self.head.load_state_dict(state["head"])
        self._optimizer.load_state_dict(state["optimizer"])
        self._schedule.load_state_dict(state["schedule"])
        torch.set_rng_state(state["random"].cpu())
        self.step, self.seconds, self.losses, self.curve = (
            state["step"], state["seconds"], state["losses"], state["curve"],
        )  # fmt: skip


def _initial_model(start: Path | None) -> tuple[torch.nn.Module, torch.nn.Module]:
    if start is None:
        return network(model_folder(DEFAULT_ENCODER))
    model = load_weights(start / WEIGHTS)
    return model.body, model.head
