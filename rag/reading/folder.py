"""The folder of a reader: a trained span model, a question-answering model, or the calibration of one of them.

reader.safetensors, ...           a span model, as written by ``rag train``; or
config.json, model.safetensors    a question-answering model in Hugging Face's format; or
model.json                        the name of either, written by ``rag eval --calibrate``
ranking.json, confidence.json     how its scores are combined; those of the shipped reader where there are none
"""

from __future__ import annotations

import json
from pathlib import Path

from ..embedding.hub import local_folder
from ..errors import InputError
from ..paths import shipped_reader

#: File that names the model of a calibration.
REFERENCE = "model.json"

#: Name of the shipped reader in this file.
SHIPPED = "shipped"


def reader_folder(name: Path | str | None) -> Path:
    """The folder of a reader.

    Args:
        name: A folder, or the name of a model on the Hugging Face hub; the shipped reader if None or ``shipped``.

    Raises:
        InputError: See ``local_folder``.
    """
    return shipped_reader() if name is None or str(name) == SHIPPED else local_folder(name)


def network_folder(folder: Path) -> Path:
    """The folder of a reader's network: its own, or the one that its ``model.json`` names.

    Raises:
        InputError: ``model.json`` is damaged, or names what does not exist.
    """
    path = folder / REFERENCE
    if not path.is_file():
        return folder
    try:
        name = json.loads(path.read_text(encoding="utf-8"))["model"]
        if not isinstance(name, str):
            raise TypeError("its model is no text")
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InputError(f"{path}: names no model ({error}); write it again with `rag eval --calibrate`") from error
    return reader_folder(name)


def write_reference(folder: Path, name: Path | str | None) -> None:
    """Write ``model.json``; a path is stored in full, a model of a calibration by the name that it has there."""
    source = reader_folder(name)
    if (source / REFERENCE).is_file():
        model = json.loads((source / REFERENCE).read_text(encoding="utf-8"))["model"]
    elif name is None or str(name) == SHIPPED:
        model = SHIPPED
    else:
        model = str(source.resolve()) if Path(name).expanduser().is_dir() else str(name)
    (folder / REFERENCE).write_text(json.dumps({"model": model}) + "\n", encoding="utf-8")
