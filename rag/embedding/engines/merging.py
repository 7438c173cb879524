"""Compute the windows of callers that wait at the same time as one batch."""

from __future__ import annotations

import threading
from dataclasses import dataclass

import numpy as np

from .base import Engine, Floats, Ints
from .batching import TOKENS_AT_ONCE

#: Calls are merged, whatever their padding, up to this many tokens: so few take hardly longer than one window.
FEW_TOKENS = 512

#: Beyond that, the largest ratio between the window lengths of merged calls.
MAX_LENGTH_RATIO = 1.25


@dataclass(eq=False, slots=True)
class _Call:
    """Arguments of ``run``, and its outcome."""

    ids: Ints
    types: Ints
    mask: Ints
    output: Floats | None = None
    error: Exception | None = None

    @property
    def is_done(self) -> bool:
        return self.output is not None or self.error is not None


class MergingEngine:
    """An engine that many threads can call; while one computes, the calls of the others are gathered.

    Apart from rounding, outputs do not depend on the batch.

    Args:
        engine: Called by one thread at a time.
        padding: The padding token of its network.
    """

    def __init__(self, engine: Engine, padding: int) -> None:
        self.name = engine.name
        self._engine, self._padding = engine, padding
        self._waiting: list[_Call] = []
        self._changed = threading.Condition()
        self._is_computing = False

    def run(self, ids: Ints, types: Ints, mask: Ints) -> Floats:
        """See ``Engine.run``."""
        call = _Call(ids, types, mask)
        with self._changed:
            self._waiting.append(call)
        try:
            while not call.is_done:
                with self._changed:
                    self._changed.wait_for(lambda: call.is_done or not self._is_computing)
                    if call.is_done:
                        break
                    calls = self._next_calls()
                    self._is_computing = True
                try:
                    self._compute(calls)
                finally:
                    with self._changed:
                        # If this thread was interrupted, another one computes them.
                        self._waiting[:0] = [each for each in calls if not each.is_done]
                        self._is_computing = False
                        self._changed.notify_all()
        finally:
            with self._changed:
                if call in self._waiting:
                    self._waiting.remove(call)
        if call.error is not None:
            raise call.error
        assert call.output is not None
        return call.output

    def _next_calls(self) -> list[_Call]:
        """Take the call that has waited longest, and those that fit into its batch. Needs the lock."""
        taken = [self._waiting[0]]
        for call in self._waiting[1:]:
            if _fit([*taken, call]):
                taken.append(call)
        self._waiting = [call for call in self._waiting if call not in taken]
        return taken

    def _compute(self, calls: list[_Call]) -> None:
        """Compute the outputs of calls, each an error if there is one."""
        try:
            outputs = self._outputs(calls)
        except Exception as error:
            if len(calls) == 1:
                calls[0].error = error
                return
            # One of them may be too large for the memory.
            for call in calls:
                self._compute([call])
        else:
            for call, output in zip(calls, outputs, strict=True):
                call.output = output

    def _outputs(self, calls: list[_Call]) -> list[Floats]:
        if len(calls) == 1:
            return [self._engine.run(calls[0].ids, calls[0].types, calls[0].mask)]
        longest = max(call.ids.shape[1] for call in calls)
        merged = self._engine.run(
            np.concatenate([_padded(call.ids, longest, self._padding) for call in calls]),
            np.concatenate([_padded(call.types, longest, 0) for call in calls]),
            np.concatenate([_padded(call.mask, longest, 0) for call in calls]),
        )
        outputs, first = [], 0
        for call in calls:
            windows, tokens = call.ids.shape
            output = merged[first : first + windows]
            # An output for each token, or one for each window.
            outputs.append(output[:, :tokens] if merged.ndim == 3 else output)
            first += windows
        return outputs


def _fit(calls: list[_Call]) -> bool:
    """True if these calls can be one batch."""
    lengths = [int(call.ids.shape[1]) for call in calls]
    tokens = sum(len(call.ids) for call in calls) * max(lengths)
    return tokens <= FEW_TOKENS or (tokens <= TOKENS_AT_ONCE and max(lengths) <= MAX_LENGTH_RATIO * min(lengths))


def _padded(values: Ints, tokens: int, padding: int) -> Ints:
    return np.pad(values, ((0, 0), (0, tokens - values.shape[1])), constant_values=padding)
