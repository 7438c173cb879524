"""Models by name: a folder of this machine, or a model of the Hugging Face hub, from its cache or downloaded."""

from __future__ import annotations

from pathlib import Path

from ..errors import InputError, first_line

#: Files of a model that are fetched. Layers in subfolders may have weights in another format than the rest.
FILES = ("*.json", "*.txt", "*.model", "*.safetensors", "*/*.bin")

#: Fetched as well if the model itself has no weights among these.
OTHER_WEIGHTS = "*.bin"

#: Copies of a model for other libraries, and the state of its training.
IGNORED = ("onnx/*", "openvino/*", "coreml/*", "checkpoint-*/*", "training_args.bin", "optimizer.bin", "scheduler.bin")


def local_folder(name: str | Path, *, download: bool = True) -> Path:
    """The folder of a model on this machine.

    A model that was fetched before is taken from the hub's cache, without a request to the hub.

    Args:
        name: Path of a folder, or a name on the hub, such as ``deepset/roberta-base-squad2``.
        download: Fetch a model that is not in the cache. False for names that a file gives, not a person.

    Raises:
        InputError: There is no such folder and no such model, or it may not be or cannot be fetched.
    """
    if is_folder(name):
        return Path(name).expanduser()
    if found := _fetched(str(name), cached=True):
        return found
    if not download:
        raise InputError(f"{name}: no such folder, and not whole in the cache of the Hugging Face hub")
    if found := _fetched(str(name), cached=False):
        return found
    raise InputError(f"{name}: this model of the Hugging Face hub has no weights; choose another one")


def is_folder(name: str | Path) -> bool:
    """True if this is the path of a folder that may be opened; the empty path is not."""
    try:
        return bool(str(name)) and Path(name).expanduser().is_dir()
    except (OSError, RuntimeError, ValueError):
        return False


def _fetched(name: str, *, cached: bool) -> Path | None:
    """The folder of a model with all its files; None if it has no weights, or is not whole in the cache."""
    from huggingface_hub import get_cached_repo_tree, snapshot_download

    try:
        if not cached:
            # The list of all files comes with it.
            snapshot_download(name, allow_patterns="config.json")
        # Without the list, a model is not known to be whole: other programs fetch single files.
        paths = [file.path for file in get_cached_repo_tree(name)]
        if not any(path.endswith((".safetensors", ".bin")) for path in paths):
            return None
        safe = any("/" not in path and path.endswith(".safetensors") for path in paths)
        patterns = FILES if safe else (*FILES, OTHER_WEIGHTS)
        folder = snapshot_download(
            name, allow_patterns=list(patterns), ignore_patterns=list(IGNORED), local_files_only=cached
        )
    except Exception as error:  # those of the hub and its network libraries have no base class in common
        if cached:
            return None
        raise InputError(
            f"{name}: no such folder, and no such model can be fetched from the Hugging Face hub "
            f"({first_line(error)}); check the name, or give the path of a folder"
        ) from error
    return Path(str(folder))
