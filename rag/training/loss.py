"""The loss of a span model."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..reading.network import ANSWERABLE, END, EVIDENCE, START

if TYPE_CHECKING:
    import torch

    from .batches import Batch

#: Logit of a token at which no span may start or end.
FORBIDDEN = -1e4


def span_loss(logits: torch.Tensor, batch: Batch) -> torch.Tensor:
    """Cross-entropy of start and end (Devlin et al. 2019), averaged over the windows whose span is known.

    Spans start and end in the passage, or at the first token if there is no answer.

    Args:
        logits: ``float32 [windows, tokens, outputs]``.
        batch: Targets, on the same device.
    """
    allowed = (batch.types == 1) & (batch.mask == 1)
    allowed[:, 0] = True
    known = batch.starts.sum().clamp(min=1.0)
    total = logits.new_zeros(())
    for column, target in ((START, batch.starts), (END, batch.ends)):
        log_probabilities = logits[..., column].masked_fill(~allowed, FORBIDDEN).log_softmax(-1)
        total = total - (target * log_probabilities).sum() / known / 2
    return total


def answerability_loss(logits: torch.Tensor, batch: Batch) -> torch.Tensor:
    """Binary cross-entropy of the answerability output at the first token; arguments as in ``span_loss``."""
    import torch

    return torch.nn.functional.binary_cross_entropy_with_logits(logits[:, 0, ANSWERABLE], batch.answerable)


def evidence_loss(logits: torch.Tensor, batch: Batch) -> torch.Tensor:
    """Binary cross-entropy of the sentences' evidence logits, the means over their tokens; as in ``span_loss``."""
    import torch

    by_sentence = (batch.sentences @ logits[..., EVIDENCE].unsqueeze(-1)).squeeze(-1)
    real = batch.evidence >= 0
    return torch.nn.functional.binary_cross_entropy_with_logits(by_sentence[real], batch.evidence[real])
