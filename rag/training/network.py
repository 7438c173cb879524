"""Changes to the network for training, and hardware detection."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from ..errors import InputError

if TYPE_CHECKING:
    import torch


def hardware(device: str) -> str:
    """A description of the training hardware."""
    import torch

    precision = "bfloat16" if has_bf16(device) else "float32"
    if torch.device(device).type == "cuda":
        return f"{torch.cuda.get_device_name(device)}, {precision}"
    return f"{torch.get_num_threads()} cores, {precision}"


def has_bf16(device: str) -> bool:
    """Does the hardware support bfloat16 natively?"""
    import torch

    if torch.device(device).type == "cuda":
        return bool(torch.cuda.is_bf16_supported(including_emulation=False))
    found = torch.cpu.get_capabilities()
    return bool(found.get("amx_bf16") or found.get("avx512_bf16"))


def use_half_attention(body: Any) -> None:
    """Compute attention weights in the precision of their inputs.

    Autocast would compute the softmax in float32; converting there and back takes longer than the matrix products.
    """
    import torch
    from transformers import AttentionInterface, AttentionMaskInterface
    from transformers.masking_utils import eager_mask

    def attend(
        module: torch.nn.Module,
        query: torch.Tensor,
        key: torch.Tensor,
        value: torch.Tensor,
        attention_mask: torch.Tensor | None,
        *,
        scaling: float,
        **_: object,
    ) -> tuple[torch.Tensor, None]:
        with torch.autocast(query.device.type, enabled=False):
            scores = (query * scaling) @ key.transpose(-1, -2)
            if attention_mask is not None:
                scores += attention_mask.to(scores.dtype)
            return (scores.softmax(-1) @ value).transpose(1, 2).contiguous(), None

    if body._can_set_attn_implementation():  # MPNet and DeBERTa have an attention of their own
        AttentionInterface.register("half", attend)
        AttentionMaskInterface.register("half", eager_mask)
        body.set_attn_implementation("half")


def share_dropout(body: Any, share: float) -> None:
    """Replace the network's dropout layers by dropout that is shared by all tokens of a window."""
    import torch

    class SharedDropout(torch.nn.Dropout):
        def forward(self, input: torch.Tensor) -> torch.Tensor:
            # Attention weights, which have four dimensions, are left alone.
            if not self.training or not self.p or input.dim() != 3:
                return input
            kept = torch.rand(input.shape[0], 1, input.shape[2], device=input.device) >= self.p
            return input * (kept.to(input.dtype) / (1 - self.p))

    for module in list(body.modules()):
        for name, child in module.named_children():
            if isinstance(child, torch.nn.Dropout):
                setattr(module, name, SharedDropout(share))


def freeze(body: Any, layers: int) -> None:
    """Freeze the word embeddings, and with ``layers`` above 0 all that is not in a higher layer.

    Raises:
        InputError: The network has fewer layers.
    """
    numbers = [layer_number(name) for name, _ in body.named_parameters()]
    if layers > 1 + max(numbers):
        raise InputError(f"the network has {1 + max(numbers)} layers; freeze at most as many")
    body.get_input_embeddings().requires_grad_(False)
    if layers:
        for name, parameter in body.named_parameters():
            parameter.requires_grad_(parameter.requires_grad and layer_number(name) >= layers)


def layer_number(name: str) -> int:
    """Layer of a parameter, counted from 0; -1 for the embeddings and whatever else is below the layers."""
    found = re.search(r"(?:^|\.)layers?\.(\d+)\.", name)
    return int(found.group(1)) if found else -1
