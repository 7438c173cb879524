"""Models by name: a folder of this machine, or a model of the Hugging Face hub, from its cache or downloaded."""

from __future__ import annotations

from pathlib import Path

from ..errors import InputError, first_line

#: Files of a model that are fetched. Small layers in subfolders may have weights in another format than the rest.
FILES = ("*.json", "*.txt", "*.model", "*.safetensors", "*/*.bin")

#: Fetched as well if there is no weights file among the others.
OTHER_WEIGHTS = "*.bin"

#: Copies of a model for other libraries.
IGNORED = ("onnx/*", "openvino/*", "coreml/*")


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
        raise InputError(f"{name}: no such folder, and no such model in the cache of the Hugging Face hub")
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
        if cached:
            # Without the list of its files, a model is not known to be whole: other programs fetch single files.
            get_cached_repo_tree(name)
        for patterns in (FILES, (*FILES, OTHER_WEIGHTS)):
            folder = snapshot_download(
                name, allow_patterns=list(patterns), ignore_patterns=list(IGNORED), local_files_only=cached
            )
            if _has_weights(Path(str(folder))):
                return Path(str(folder))
    except Exception as error:  # those of the hub and its network libraries have no base class in common
        if cached:
            return None
        raise InputError(
            f"{name}: no such folder, and no such model can be fetched from the Hugging Face hub "
            f"({first_line(error)}); check the name, or give the path of a folder"
        ) from error
    return None


def _has_weights(folder: Path) -> bool:
    """True if there are weights beside the configuration, or in a subfolder if the configuration is there, too."""
    places = [folder] if (folder / "config.json").is_file() else [folder, *folder.glob("*/")]
    return any(next(place.glob(pattern), None) for place in places for pattern in ("*.safetensors", "*.bin"))
