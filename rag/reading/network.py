"""The network of a span model: the transformer of any Hugging Face encoder, and an output layer.

The output layer gives four logits per token: an answer starts here, it ends here, the passage answers at all (at the
first token), and the token belongs to evidence.
"""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import InputError, first_line

if TYPE_CHECKING:
    import torch

    Parts = tuple[torch.nn.Module, torch.nn.Module]

#: Columns of the output layer. Weights of version 0.2 and older have no evidence column.
START, END, ANSWERABLE, EVIDENCE = range(4)
OUTPUTS = 4

#: Longest window that is read at once, in tokens; passages are seldom as long.
MAX_WINDOW = 512


def network(folder: Path | str, *, weights: bool = True, outputs: int = OUTPUTS) -> Parts:
    """The transformer in a model folder, without dropout and pooling, and a fresh output layer.

    Args:
        folder: Folder in Hugging Face's format, or a name that ``AutoModel`` loads.
        weights: Load the transformer's weights; if False they are random, and ``config.json`` is all that is read.
        outputs: Logits per token.

    Raises:
        InputError: The folder holds no encoder that ``AutoModel`` can load.
    """
    import torch
    from transformers import AutoConfig

    try:
        with quiet_transformers():  # the pooling layer is left out on purpose
            config = AutoConfig.from_pretrained(str(folder), trust_remote_code=False)
            body = _transformer(config, str(folder) if weights else None).float()
    except MemoryError:
        raise
    except Exception as error:  # a damaged or unknown model may raise anything
        raise InputError(f"{folder}: holds no transformer that can be loaded ({first_line(error)})") from error
    for module in body.modules():
        if isinstance(module, torch.nn.Dropout):
            module.p = 0.0
    return body, output_layer(width(body), outputs)


@contextmanager
def quiet_transformers() -> Iterator[None]:
    """Keep transformers from printing warnings and progress bars while it loads a model."""
    from transformers.utils import logging

    logging.disable_progress_bar()  # type: ignore[no-untyped-call]
    verbosity = logging.get_verbosity()
    logging.set_verbosity_error()  # type: ignore[no-untyped-call]
    try:
        yield
    finally:
        logging.set_verbosity(verbosity)


def width(body: Any) -> int:
    """Width of the hidden states of a transformer."""
    return int(body.config.hidden_size)


def output_layer(inputs: int, outputs: int = OUTPUTS, like: torch.nn.Module | None = None) -> torch.nn.Module:
    """A fresh output layer.

    Args:
        inputs: Width of the hidden states.
        outputs: Logits per token.
        like: An output layer, perhaps with fewer outputs, whose weights the first outputs take over.
    """
    import torch

    head = torch.nn.Linear(inputs, outputs)
    torch.nn.init.normal_(head.weight, std=0.02)
    torch.nn.init.zeros_(head.bias)
    if like is not None:
        with torch.no_grad():
            for mine, given in zip(head.parameters(), like.parameters(), strict=True):
                mine[: len(given)] = given
    return head


def forward(body: Any, ids: torch.Tensor, types: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
    """Last hidden states, ``[windows, tokens, width]``, of ``int64 [windows, tokens]`` ids, types and mask."""
    hidden: torch.Tensor = body(**transformer_inputs(body.config, ids, types, mask)).last_hidden_state
    return hidden


def transformer_inputs(
    config: Any, ids: torch.Tensor, types: torch.Tensor, mask: torch.Tensor
) -> dict[str, torch.Tensor]:
    """The arguments of a transformer, by name; those without segments get no types."""
    inputs = {"input_ids": ids, "attention_mask": mask}
    if getattr(config, "type_vocab_size", 0) > 1:
        inputs["token_type_ids"] = types
    return inputs


def span_network(body: Any, head: torch.nn.Module) -> torch.nn.Module:
    """Transformer and output layer as one module: ids, types and mask to ``[windows, tokens, outputs]`` logits."""
    import torch

    class SpanNetwork(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.body, self.head = body, head

        def forward(self, ids: torch.Tensor, types: torch.Tensor, mask: torch.Tensor) -> Any:
            return self.head(forward(self.body, ids, types, mask))

    return SpanNetwork()


def padding(config: Any) -> int:
    """The padding token of a transformer; some count positions by it."""
    return int(getattr(config, "pad_token_id", None) or 0)


def longest_window(config: Any) -> int:
    """The longest window that a transformer reads in tokens, at most ``MAX_WINDOW``."""
    # Transformers that count positions by the padding token leave out as many.
    skipped = min(padding(config) + 1, 2) if padding(config) else 0
    return min(MAX_WINDOW, int(getattr(config, "max_position_embeddings", None) or MAX_WINDOW) - skipped)


def word_embeddings(body: Any) -> str:
    """Name of the parameter that holds the word embeddings."""
    words = body.get_input_embeddings().weight
    return next(str(name) for name, parameter in body.named_parameters() if parameter is words)


def _transformer(config: Any, folder: str | None) -> Any:
    from transformers import MODEL_MAPPING

    kind: Any = MODEL_MAPPING[type(config)]
    options: dict[str, Any] = {"attn_implementation": "eager"}
    if "add_pooling_layer" in inspect.signature(kind).parameters:
        options["add_pooling_layer"] = False
    if folder is None:
        config._attn_implementation = options.pop("attn_implementation")
        return kind(config, **options)
    return kind.from_pretrained(folder, **options)
