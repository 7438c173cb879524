"""The ``Engine`` contract."""

from __future__ import annotations

from typing import Protocol

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float32]


class Engine(Protocol):
    """Computes the output of a network.

    Attributes:
        name: The library and the precision or device that computes, such as ``OpenVINO, float32``.
    """

    name: str

    def run(self, ids: Ints, types: Ints, mask: Ints) -> Floats:
        """The network's output for a batch of token windows, ``float32 [windows, ...]``.

        Not thread-safe; wrap the engine in ``MergingEngine``.

        Args:
            ids: Token ids, ``int64 [windows, tokens]``.
            types: Segment of each token, 0 or 1, likewise; networks without segments ignore it.
            mask: 1 for each token and 0 for padding, likewise.
        """
