"""The precision in which OpenVINO computes, from the environment variable ``RAG_PRECISION`` and the processor."""

from __future__ import annotations

import os

from ...errors import InputError

#: Environment variable that names the precision; unset or ``auto`` leaves the choice to ``chosen_precision``.
VARIABLE = "RAG_PRECISION"

AUTO, FLOAT32, BFLOAT16, INT8 = PRECISIONS = ("auto", "float32", "bfloat16", "int8")

#: OpenVINO's name of bfloat16 among what a processor computes without emulation.
CAPABILITY = "BF16"


def wanted_precision() -> str:
    """One of ``PRECISIONS``: what ``RAG_PRECISION`` names, ``auto`` if it is unset.

    Raises:
        InputError: It names no precision.
    """
    wanted = os.environ.get(VARIABLE, "").strip().lower() or AUTO
    if wanted not in PRECISIONS:
        raise InputError(f"{VARIABLE}={wanted}: no such precision; choose from {', '.join(PRECISIONS)}")
    return wanted


def chosen_precision(capabilities: list[str], quantized: bool = False) -> str:
    """``bfloat16`` on a processor that computes in it; on others ``int8`` for quantized networks, else ``float32``.

    Args:
        capabilities: What OpenVINO says that the processor can do.
        quantized: True if the network's weights are integers. ``int8`` rounds the inputs of its layers to integers,
            too; other networks are then computed in ``float32``.

    Raises:
        InputError: ``RAG_PRECISION`` names no precision, or one that this processor does not compute in.
    """
    wanted = wanted_precision()
    if wanted == AUTO:
        wanted = BFLOAT16 if CAPABILITY in capabilities else INT8
    if wanted == BFLOAT16 and CAPABILITY not in capabilities:
        raise InputError(f"precision {BFLOAT16}: this processor does not compute in it; use {FLOAT32}")
    return FLOAT32 if wanted == INT8 and not quantized else wanted
