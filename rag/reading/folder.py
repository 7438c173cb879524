"""The folder of a reader: trained span models, a question-answering model, or the calibration of one of them.

reader.safetensors, ...           a span model, as written by ``rag train``; or
config.json, model.safetensors    a question-answering model in Hugging Face's format; or
second/                           a larger span model, which reads the best passages again
model.json                        the name of either, written by ``rag eval --calibrate``
ranking.json, confidence.json, document-confidence.json, evidence.json
                                  how its scores are combined; those of the shipped reader where there are none
"""

from __future__ import annotations

import json
from pathlib import Path

from ..embedding.hub import is_folder, local_folder
from ..errors import InputError
from ..paths import shipped_reader
from .weights import WEIGHTS

#: Folder of the larger model.
SECOND = "second"

#: File that names the model of a calibration.
REFERENCE = "model.json"


def reader_folder(name: Path | str | None) -> Path:
    """The folder of a reader.

    Args:
        name: A folder, or the name of a model on the Hugging Face hub; the shipped reader if None.

    Raises:
        InputError: See ``local_folder``.
    """
    return shipped_reader() if name is None else local_folder(name)


def network_folder(folder: Path) -> Path:
    """The folder of a reader's network: its own, or the one that its ``model.json`` names.

    Raises:
        InputError: ``model.json`` is damaged, or names what does not exist.
    """
    if not (folder / REFERENCE).is_file():
        return folder
    name = _named(folder)
    try:
        return shipped_reader() if name is None else local_folder(name, download=False)
    except InputError as error:
        raise InputError(
            f"{folder / REFERENCE}: names a model that is not here: {error}; put it there, or calibrate again"
        ) from error


def second_folder(network: Path) -> Path | None:
    """The folder of the larger model in that of a reader's network; None if there is none."""
    return network / SECOND if (network / SECOND / WEIGHTS).is_file() else None


def write_reference(folder: Path, name: Path | str | None) -> None:
    """Write ``model.json``: the absolute path of a reader's folder, or its name on the hub, or null if it is shipped.

    Of a calibration, what its own ``model.json`` names is written.
    """
    model: str | None
    if name is not None and (reader_folder(name) / REFERENCE).is_file():
        model = _named(reader_folder(name))
    elif name is not None and is_folder(name):
        model = str(Path(name).expanduser().resolve())
    else:
        model = None if name is None else str(name)
    (folder / REFERENCE).write_text(json.dumps({"model": model}) + "\n", encoding="utf-8")


def _named(folder: Path) -> str | None:
    """What ``model.json`` names; None for the shipped reader."""
    path = folder / REFERENCE
    try:
        name: object = json.loads(path.read_text(encoding="utf-8"))["model"]
        if name is None or isinstance(name, str):
            return name
        raise TypeError("its model is not a string")
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InputError(f"{path}: names no model ({error}); write it again with `rag eval --calibrate`") from error
