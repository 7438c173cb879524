"""The engine that runs a network on torch."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ...errors import InputError
from .base import Floats, Ints
from .threads import stated_threads, usable_cores

if TYPE_CHECKING:
    import torch


class TorchEngine:
    """Runs a torch module.

    Args:
        network: Its ``forward`` takes ids, types and mask, as ``Engine.run`` does.
        device: Torch device.
    """

    def __init__(self, network: torch.nn.Module, device: str = "cpu") -> None:
        limit_threads()
        self.name = f"torch, {device}"
        self._network, self._device = network.to(device).eval(), device

    def run(self, ids: Ints, types: Ints, mask: Ints) -> Floats:
        """See ``Engine.run``."""
        import torch

        inputs = [torch.from_numpy(each).to(self._device) for each in (ids, types, mask)]
        with torch.inference_mode():
            output: Floats = self._network(*inputs).float().cpu().numpy().astype(np.float32, copy=False)
        return output


def limit_threads() -> None:
    """Set torch's number of threads, in the whole process: to that of a variable, else to what the quota allows.

    Raises:
        InputError: See ``stated_threads``.
    """
    import torch

    torch.set_num_threads(stated_threads() or min(torch.get_num_threads(), usable_cores()))


def torch_device(name: str | None) -> str:
    """The torch device of that name; the default one if None: a graphics card if there is one, else the processor.

    Raises:
        InputError: This machine has no such device.
    """
    import torch

    if not name:
        from sentence_transformers.util import get_device_name

        return str(get_device_name())
    try:
        torch.empty(1, device=name)
    except (RuntimeError, AssertionError, ValueError) as error:
        # Its first sentence; torch goes on to list all that it has.
        reason = str(error).partition("\n")[0].partition(". ")[0]
        raise InputError(f"device {name!r}: not available on this machine ({reason}); use cpu") from error
    return name
