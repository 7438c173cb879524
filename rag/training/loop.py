"""Training loop with checkpoints and a measurement after each epoch."""

from __future__ import annotations

import copy
import hashlib
import random
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from ..embedding.encoder import DEFAULT_ENCODER
from ..errors import InputError
from ..index import Report
from ..reading.model import SpanModel
from ..reading.network import forward, longest_window, network, output_layer, padding, width
from ..reading.predictor import SpanPredictor
from ..reading.weights import ENGLISH, WEIGHTS, Description, Loaded, base_model, load_weights, save_weights
from ..reading.windows import WindowMaker
from . import checkpoint
from .batches import Batch, Epochs
from .checkpoint import CHECKPOINT
from .examples import Examples, Split
from .loss import answerability_loss, evidence_loss, span_loss
from .measure import Reading, measure
from .network import freeze, has_bf16, layer_number, share_dropout, use_half_attention
from .recipe import Recipe
from .teacher import Teacher

if TYPE_CHECKING:
    import torch

#: Seconds between checkpoints.
CHECKPOINT_EVERY = 300.0


@dataclass(frozen=True, slots=True)
class Point:
    """A point of the learning curve: mean loss and figures after an epoch."""

    epoch: int
    loss: float
    seconds: float
    reading: Reading | None

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> Self:
        """The point that ``dataclasses.asdict`` made these values of."""
        reading = values["reading"]
        return cls(**{**values, "reading": Reading.from_json(reading) if reading else None})


class Trainer:
    """Trains a model and resumes from the last checkpoint.

    Attributes:
        teacher: Fingerprint of the teacher's weights; empty without one.
        step, losses: Steps taken, and the loss of each.
        seconds: Time spent training.
        curve: Points of the learning curve.

    Args:
        split: Training and development examples.
        recipe: Hyperparameters.
        folder: Folder of the checkpoint.
        base: Encoder to start from; see ``base_model``.
        start: Folder of a reader to train further, instead of ``base``.
        teacher: Folder of a reader whose output is mixed into the targets; see ``Teacher``.
        language: ISO 639 code of the language of the questions; if None that of ``start``, or else English.
        device: A torch device.
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
        base: str = DEFAULT_ENCODER,
        start: Path | None = None,
        teacher: Path | None = None,
        language: str | None = None,
        device: str = "cpu",
        report: Report = lambda stage, done, total: None,
        on_epoch: Callable[[Point], None] = lambda point: None,
    ) -> None:
        import torch

        self._split, self._recipe, self._device = split, recipe, device
        self._report, self._on_epoch = report, on_epoch
        self._path = folder / CHECKPOINT
        torch.manual_seed(recipe.seed)
        loaded = load_weights(start / WEIGHTS) if start else None
        self._folder = loaded.folder if loaded else base_model(base)
        self._base = loaded.description.encoder if loaded else Path(base).name
        self._start = loaded.description.fingerprint if loaded else ""
        self._language = language or (loaded.description.language if loaded else ENGLISH)
        parts = (loaded.body, loaded.head) if loaded else network(self._folder)
        if recipe.window > (longest := longest_window(parts[0].config)):
            raise InputError(f"--window {recipe.window}: {self._base} reads at most {longest} tokens; give fewer")
        if loaded:
            # Readers of version 0.2 and older have no output for evidence.
            parts = parts[0], output_layer(width(parts[0]), like=parts[1])
        self.body, self.head = (module.to(device) for module in parts)
        freeze(self.body, recipe.frozen)
        share_dropout(self.body, recipe.dropout)
        use_half_attention(self.body)
        self._maker = WindowMaker.load(self._folder, recipe.window)
        labels = Teacher(teacher, device if device != "cpu" else None) if teacher else None
        self.teacher = labels.fingerprint if labels else ""
        self._epochs = Epochs(
            split.training,
            self._maker,
            padding=padding(self.body.config),
            tokens=recipe.tokens,
            most=recipe.most,
            share=recipe.negatives,
            seed=recipe.seed,
            excerpts=recipe.excerpts,
            teacher=labels,
        )
        self._plans = [self._epochs.plan(epoch) for epoch in range(recipe.epochs)]
        self._steps = sum(map(len, self._plans))
        self.step = 0
        self.seconds = self._counted = 0.0
        self.losses: list[float] = []
        self.curve: list[Point] = []
        self._optimizer = torch.optim.AdamW(self._groups(), weight_decay=recipe.weight_decay)
        self._schedule = torch.optim.lr_scheduler.LambdaLR(
            self._optimizer, lambda step: recipe.rate_at(step, self._steps, self.seconds / 3600)
        )

    def run(self) -> None:
        """Train to the end; saves a checkpoint every few minutes, after each epoch and when interrupted."""
        self._resume()
        try:
            self._run()
        except KeyboardInterrupt:
            self._save()
            raise

    def save(self, path: Path, quantize: bool = False) -> Description:
        """Write the weights file that ``load_weights`` reads; see ``save_weights``."""
        return save_weights(
            path,
            self.body,
            self.head,
            encoder=self._base,
            folder=self._folder,
            window=self._recipe.window,
            language=self._language,
            quantize=quantize,
        )

    def delete_checkpoint(self) -> None:
        """Delete the checkpoint."""
        self._path.unlink(missing_ok=True)

    def _run(self) -> None:
        saved = self._counted = time.monotonic()
        done = 0
        for epoch, plan in enumerate(self._plans):
            for number, examples in enumerate(plan):
                if done + number < self.step:
                    continue
                if self._time_is_up():
                    break
                draw = random.Random(f"{self._recipe.seed} {epoch} {number}")
                self.losses.append(self._train_step(self._epochs.batch(examples, draw)))
                self.step += 1
                self._report("training", self.step, self._steps)
                if time.monotonic() - saved > CHECKPOINT_EVERY:
                    self._save()
                    saved = time.monotonic()
            losses = self.losses[done : done + len(plan)]
            done += len(plan)
            if losses and len(self.curve) == epoch:
                self._count_time()
                loss = sum(losses) / len(losses)
                self.curve.append(Point(epoch + 1, loss, self.seconds, self._measure(self._split.development)))
                # Time spent measuring does not count as training time.
                saved = self._counted = time.monotonic()
                self._save()
                self._on_epoch(self.curve[-1])

    def _time_is_up(self) -> bool:
        return 0 < self._recipe.hours <= self.seconds / 3600

    def _count_time(self) -> None:
        now = time.monotonic()
        self.seconds += now - self._counted
        self._counted = now

    def model(self) -> SpanModel:
        """A copy of the current model, for inference."""
        body, head = copy.deepcopy(self.body), copy.deepcopy(self.head)
        description = Description(self._base, "", "", self._recipe.window, self._language)
        return SpanModel.of(Loaded(body, head, description, self._folder), self._device)

    def _measure(self, examples: Examples) -> Reading | None:
        if not examples.examples:
            return None
        predictor = SpanPredictor(self.model(), self._maker)
        return measure(predictor, examples, lambda done, total: self._report("measuring", done, total))

    def _train_step(self, batch: Batch) -> float:
        import torch

        self.body.train()
        batch = batch.to(self._device)
        with torch.autocast(torch.device(self._device).type, torch.bfloat16, enabled=has_bf16(self._device)):
            hidden = forward(self.body, batch.ids, batch.types, batch.mask)
        loss = self._loss(self.head(hidden.float()), batch)
        self._optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_([*self.body.parameters(), *self.head.parameters()], 1.0)
        self._optimizer.step()
        self._count_time()
        self._schedule.step()
        return float(loss.detach())

    def _loss(self, logits: torch.Tensor, batch: Batch) -> torch.Tensor:
        recipe = self._recipe
        loss = span_loss(logits, batch) + recipe.answerability * answerability_loss(logits, batch)
        if recipe.evidence:
            loss = loss + recipe.evidence * evidence_loss(logits, batch)
        return loss

    def _groups(self) -> list[dict[str, Any]]:
        """Parameter groups with layer-wise decaying learning rates."""
        recipe = self._recipe
        layers = 1 + max((layer_number(name) for name, _ in self.body.named_parameters()), default=-1)
        groups: dict[float, list[torch.nn.Parameter]] = {recipe.rate: list(self.head.parameters())}
        for name, parameter in self.body.named_parameters():
            if parameter.requires_grad:
                rate = recipe.rate * recipe.layer_decay ** (layers - 1 - layer_number(name))
                groups.setdefault(rate, []).append(parameter)
        return [{"params": parameters, "lr": rate} for rate, parameters in groups.items()]

    @property
    def _parts(self) -> dict[str, torch.nn.Module]:
        return {"body": self.body, "head": self.head}

    @cached_property
    def _run_settings(self) -> dict[str, Any]:
        examples = repr([self._split.training.passages, self._split.training.examples]).encode()
        return {
            **asdict(self._recipe), "base": self._base, "start": self._start,
            "teacher": self.teacher, "examples": hashlib.sha256(examples).hexdigest(),
        }  # fmt: skip

    def _save(self) -> None:
        self._count_time()
        state = {
            "run": self._run_settings, "step": self.step, "seconds": self.seconds, "losses": self.losses,
            "curve": [asdict(point) for point in self.curve], "schedule": self._schedule.state_dict(),
        }  # fmt: skip
        checkpoint.save(self._path, self._parts, self._optimizer, state)

    def _resume(self) -> None:
        if not self._path.exists():
            return
        state = checkpoint.read_state(self._path)
        if state["run"] != self._run_settings:
            raise InputError(
                f"{self._path}: checkpoint of other files or settings; use those again, or delete it to start over"
            )
        checkpoint.load(self._path, self._parts, self._optimizer)
        self.step, self.seconds, self.losses = state["step"], state["seconds"], state["losses"]
        self.curve = [Point.from_json(values) for values in state["curve"]]
        self._schedule.load_state_dict(state["schedule"])
        for group, rate in zip(self._optimizer.param_groups, self._schedule.get_last_lr(), strict=True):
            group["lr"] = rate
