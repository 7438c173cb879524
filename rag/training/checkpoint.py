"""Checkpoints of a training run: tensors as safetensors and numbers as JSON, so that loading one runs no code."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import InputError

if TYPE_CHECKING:
    import torch

CHECKPOINT = "checkpoint.safetensors"

#: Key of the numbers in the file's metadata.
STATE = "training"


def save(
    path: Path, parts: dict[str, torch.nn.Module], optimizer: torch.optim.Optimizer, state: dict[str, Any]
) -> None:
    """Write modules, optimizer and torch's random state; ``state`` may hold anything that JSON can."""
    import torch
    from safetensors.torch import save_file

    tensors = {f"{part}.{name}": value for part, module in parts.items() for name, value in module.state_dict().items()}
    moments = optimizer.state_dict()["state"]
    tensors |= {f"optimizer.{row}.{name}": value for row, values in moments.items() for name, value in values.items()}
    tensors["random"] = torch.get_rng_state()
    part = path.with_name(path.name + ".part")
    save_file({name: value.detach().cpu().contiguous() for name, value in tensors.items()}, part,
              {STATE: json.dumps(state)})  # fmt: skip
    part.replace(path)


def read_state(path: Path) -> dict[str, Any]:
    """The ``state`` of a checkpoint.

    Raises:
        InputError: The file is damaged or not a checkpoint.
    """
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, framework="pt") as file:
            found: dict[str, Any] = json.loads((file.metadata() or {})[STATE])
            return found
    except (SafetensorError, OSError, KeyError, ValueError) as error:
        raise InputError(f"{path}: not a whole checkpoint ({error}); delete it to start over") from error


def load(path: Path, parts: dict[str, torch.nn.Module], optimizer: torch.optim.Optimizer) -> None:
    """Restore modules, optimizer and torch's random state."""
    import torch
    from safetensors.torch import load_file

    tensors = load_file(path)
    for part, module in parts.items():
        prefix = f"{part}."
        module.load_state_dict({n.removeprefix(prefix): t for n, t in tensors.items() if n.startswith(prefix)})
    moments: dict[int, dict[str, torch.Tensor]] = {}
    for name, value in tensors.items():
        if name.startswith("optimizer."):
            _, row, key = name.split(".")
            moments.setdefault(int(row), {})[key] = value
    optimizer.load_state_dict({**optimizer.state_dict(), "state": moments})
    torch.set_rng_state(tensors["random"])
