"""The choice of the engine, from the environment variable ``RAG_ENGINE``, the device, and what is installed."""

from __future__ import annotations

import logging
import os
import platform
import shutil
import sys
from pathlib import Path

from ...errors import InputError, first_line
from .openvino_engine import openvino_problem

#: Environment variable that names the engine; unset or ``auto`` leaves the choice to ``chosen_engine``.
VARIABLE = "RAG_ENGINE"

AUTO, OPENVINO, TORCH = ENGINES = ("auto", "openvino", "torch")


def chosen_engine(device: str | None = None) -> str:
    """``openvino`` or ``torch``: OpenVINO on a processor, if it is installed and works, torch otherwise.

    Args:
        device: Torch device; a graphics card if None and there is one.

    Raises:
        InputError: ``RAG_ENGINE`` names no engine, or one that cannot be used.
    """
    wanted = os.environ.get(VARIABLE, "").strip().lower() or AUTO
    if wanted not in ENGINES:
        raise InputError(f"{VARIABLE}={wanted}: no such engine; choose from {', '.join(ENGINES)}")
    if wanted == TORCH:
        return TORCH
    on_processor = (device or "").partition(":")[0] == "cpu" or (not device and not _has_graphics_card())
    if wanted == AUTO:
        return OPENVINO if on_processor and openvino_problem() is None else TORCH
    if device and not on_processor:
        raise InputError(f"engine openvino: computes on the processor, not on {device}; use the engine torch")
    if problem := openvino_problem():
        raise InputError(f"engine openvino: {problem}; use the engine torch")
    return OPENVINO


def use_torch_instead(network: str, error: Exception) -> None:
    """Log that a network runs on torch, because OpenVINO cannot convert or run it.

    Raises:
        InputError: ``RAG_ENGINE`` asks for OpenVINO.
    """
    if os.environ.get(VARIABLE, "").strip().lower() == OPENVINO:
        raise InputError(
            f"engine openvino: cannot run {network} ({first_line(error)}); use the engine torch"
        ) from error
    logging.getLogger(__name__).warning("%s: OpenVINO cannot run it (%s); it runs on torch", network, first_line(error))


def _has_graphics_card() -> bool:
    """True if torch can use a graphics card; does not import torch where there is no sign of one."""
    signs = [*Path("/dev").glob("nvidia[0-9]*"), *Path("/dev").glob("kfd"), *Path("/dev").glob("dxg")]
    is_mac = sys.platform == "darwin" and platform.machine() == "arm64"
    if not (signs or is_mac or shutil.which("nvidia-smi")):
        return False
    from sentence_transformers.util import get_device_name

    return bool(get_device_name() != "cpu")
