"""Changes to the network for training, and hardware detection."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

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

    AttentionInterface.register("half", attend)
    AttentionMaskInterface.register("half", eager_mask)
    body.set_attn_implementation("half")


def share_dropout(body: Any, share: float) -> None:
    """Replace the network's dropout layers by dropout that is shared by all tokens of a window."""
    import torch

    class SharedDropout(torch.nn.Module):
        def forward(self, hidden: torch.Tensor) -> torch.Tensor:
            if not self.training or not share:
                return hidden
            kept = torch.rand(hidden.shape[0], 1, hidden.shape[2], device=hidden.device) >= share
            return hidden * (kept.to(hidden.dtype) / (1 - share))

    for layer in body.encoder.layer:
        layer.attention.output.dropout = SharedDropout()
        layer.output.dropout = SharedDropout()
    body.embeddings.dropout = SharedDropout()
