"""Models by name: a folder of this machine, or a model of the Hugging Face hub, from its cache or downloaded."""

from __future__ import annotations

from pathlib import Path

from ..errors import InputError

#: Files of a model that are downloaded; weights in another format only if there are none in this one.
FILES, WEIGHTS, OTHER_WEIGHTS = ("*.json", "*.txt", "*.model"), "*.safetensors", "*.bin"

#: Copies of a model for other libraries.
IGNORED = ("onnx/*", "openvino/*", "coreml/*")


def local_folder(name: str | Path) -> Path:
    """The folder of a model on this machine.

    A model that the hub's cache holds is taken from there, without a request to the hub.

    Args:
        name: Path of a folder, or a name on the hub, such as ``deepset/roberta-base-squad2``.

    Raises:
        InputError: There is no such folder and no such model, or the hub cannot be reached.
    """
    if is_folder(name):
        return Path(name).expanduser()
    return _cached(str(name)) or _downloaded(str(name))


def is_folder(name: str | Path) -> bool:
    """True if this is the path of a folder; the empty path is not."""
    return bool(str(name)) and Path(name).expanduser().is_dir()


def _cached(name: str) -> Path | None:
    from huggingface_hub import snapshot_download

    try:
        folder = Path(str(snapshot_download(name, local_files_only=True)))
    except (OSError, ValueError):
        return None
    return folder if _has_weights(folder) else None


def _downloaded(name: str) -> Path:
    from huggingface_hub import snapshot_download

    try:
        for weights in (WEIGHTS, OTHER_WEIGHTS):
            folder = Path(str(snapshot_download(name, allow_patterns=[*FILES, weights], ignore_patterns=[*IGNORED])))
            if _has_weights(folder):
                return folder
    except (OSError, ValueError) as error:
        reason = (str(error).strip() or type(error).__name__).splitlines()[0]
        raise InputError(
            f"{name}: no such folder, and no such model can be fetched from the Hugging Face hub ({reason}); "
            f"check the name, or give the path of a folder"
        ) from error
    raise InputError(f"{name}: this model of the Hugging Face hub has no weights; choose another one")


def _has_weights(folder: Path) -> bool:
    return any(next(folder.glob(f"**/{pattern}"), None) for pattern in (WEIGHTS, OTHER_WEIGHTS))
