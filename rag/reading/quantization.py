"""Weights of linear layers and word embeddings as 8-bit integers, with a scale for each row.

A row's largest absolute value becomes 127. Rounding twice changes nothing, so weights that were stored in this form can
be loaded in floating point, and brought into it again.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import torch

#: Largest absolute value of a quantized weight.
LARGEST = 127

#: Suffix of the name of the scales of a quantized tensor.
SCALE = ".scale"


def quantized(weight: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Integers and scales of a matrix, ``int8 [rows, columns]`` and ``float32 [rows, 1]``; their product is near it."""
    import torch

    values = weight.detach().float()
    scale = values.abs().amax(1, keepdim=True).clamp(min=torch.finfo(torch.float32).tiny) / LARGEST
    return (values / scale).round().to(torch.int8), scale


def quantized_names(body: Any) -> list[str]:
    """Names of the parameters of a transformer that are quantized: word embeddings and weights of linear layers."""
    return [f"{name}.weight" for name, _ in _layers(body)]


def with_scales(tensors: Mapping[str, torch.Tensor], names: list[str]) -> dict[str, torch.Tensor]:
    """The tensors with those named quantized, and their scales beside them."""
    found = dict(tensors)
    for name in names:
        found[name], found[name + SCALE] = quantized(tensors[name])
    return found


def without_scales(tensors: Mapping[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """The tensors in floating point; undoes ``with_scales``."""
    scales = {name.removesuffix(SCALE): value for name, value in tensors.items() if name.endswith(SCALE)}
    return {
        name: value.float() * scales[name] if name in scales else value
        for name, value in tensors.items()
        if not name.endswith(SCALE)
    }


def quantize(body: Any, words_only: bool = False) -> None:
    """Replace word embeddings and linear layers of a transformer by layers that hold integers.

    A network converted from it keeps the integers: it needs a quarter of the memory, and processors with instructions
    for them compute with them.

    Args:
        body: The transformer.
        words_only: Keep the linear layers. What computes in bfloat16 would turn their integers into it each time, which
            takes a fifth to a third of the time of a few windows.
    """
    for name, layer in list(_layers(body)):
        if words_only and layer is not body.get_input_embeddings():
            continue
        parent, _, child = name.rpartition(".")
        setattr(body.get_submodule(parent), child, _quantized_layer(layer))


def _layers(body: Any) -> Iterator[tuple[str, Any]]:
    import torch

    words = body.get_input_embeddings()
    for name, module in body.named_modules():
        if module is words or isinstance(module, torch.nn.Linear):
            yield name, module


def _quantized_layer(layer: Any) -> torch.nn.Module:
    import torch
    from torch.nn.functional import embedding, linear

    class QuantizedLayer(torch.nn.Module):
        weight: torch.Tensor
        scale: torch.Tensor

        def __init__(self) -> None:
            super().__init__()
            weight, scale = quantized(layer.weight)
            self.register_buffer("weight", weight)
            self.register_buffer("scale", scale)
            self.bias = getattr(layer, "bias", None)

    class QuantizedLinear(QuantizedLayer):
        def forward(self, values: torch.Tensor) -> torch.Tensor:
            return linear(values, self.weight.float() * self.scale, self.bias)

    class QuantizedEmbedding(QuantizedLayer):
        def forward(self, ids: torch.Tensor) -> torch.Tensor:
            return embedding(ids, self.weight).float() * embedding(ids, self.scale)

    return QuantizedLinear() if isinstance(layer, torch.nn.Linear) else QuantizedEmbedding()
