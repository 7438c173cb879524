"""Question-answering models of Hugging Face as span models.

Such a model gives the logits of start and end, as for SQuAD (Devlin et al. 2019). Windows and decoding are the same as
for the project's own models, but without titles, which these models were not trained with.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import InputError, first_line
from .network import longest_window, quiet_transformers, transformer_inputs
from .weights import CONFIG, Description, fingerprint

if TYPE_CHECKING:
    import torch


def load_question_answering(folder: Path) -> tuple[torch.nn.Module, Description]:
    """The network of a question-answering model, and its description.

    Its ``forward`` takes ids, types and mask, and gives ``[windows, tokens, 3]``: logits of start and end, and zeros in
    place of the output of the project's own models that says whether the passage answers.

    Raises:
        InputError: The folder holds no model that ``AutoModelForQuestionAnswering`` can load, or one without an output
            layer for answers.
    """
    from transformers import AutoModelForQuestionAnswering

    if not (folder / CONFIG).is_file():
        raise InputError(
            f"{folder}: holds no reader; give a folder written by `rag train` or a question-answering model in Hugging "
            f"Face's format"
        )
    try:
        with quiet_transformers():
            model, report = AutoModelForQuestionAnswering.from_pretrained(
                str(folder), trust_remote_code=False, attn_implementation="eager", output_loading_info=True
            )
    except MemoryError:
        raise
    except Exception as error:  # a damaged or unknown model may raise anything
        raise InputError(
            f"{folder}: holds no question-answering model that can be loaded ({first_line(error)})"
        ) from error
    if missing := sorted(report["missing_keys"]):
        raise InputError(
            f"{folder}: not a question-answering model, as it lacks weights such as {missing[0]}; give one that was "
            f"trained for it"
        )
    model = model.float()  # some weights are stored in half precision
    name, window = f"{model.config.model_type} in {folder.name}", longest_window(model.config)
    # No language: it is not known, so that questions in any are read.
    return _network(model), Description(name, "", fingerprint(model.state_dict()), window, language="", title=False)


def _network(model: Any) -> torch.nn.Module:
    import torch

    class QuestionAnsweringNetwork(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.model, self.config = model, model.config

        def forward(self, ids: torch.Tensor, types: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
            found = self.model(**transformer_inputs(self.config, ids, types, mask))
            return torch.stack([found.start_logits, found.end_logits, torch.zeros_like(found.start_logits)], dim=-1)

    return QuestionAnsweringNetwork()
