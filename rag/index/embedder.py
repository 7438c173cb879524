"""The embedder that an index was made with."""

from __future__ import annotations

from pathlib import Path

from ..embedding.encoder import DEFAULT_ENCODER, SentenceTransformerEncoder, model_folder
from ..errors import IndexFolderError, InputError
from .manifest import Manifest
from .versions import current_version


def embedder_of(folder: Path | str, device: str | None = None) -> SentenceTransformerEncoder:
    """The embedder of an index folder, as its manifest names it; the default one if there is no index.

    Args:
        folder: Folder of the index.
        device: See ``SentenceTransformerEncoder``.

    Raises:
        InputError: The embedder cannot be loaded, or this machine has no such device.
    """
    try:
        name = Manifest.embedder_of(current_version(Path(folder)))
    except IndexFolderError:
        name = ""
    if name:
        try:
            model_folder(name)
        except InputError as error:
            raise InputError(
                f"{folder}: the embedder that made this index is gone: {error}. "
                f"If it has moved, run `rag index --index {folder} --embedder PATH`"
            ) from error
    return SentenceTransformerEncoder(name or DEFAULT_ENCODER, device)
