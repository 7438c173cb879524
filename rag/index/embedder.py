"""The embedder that an index was made with."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

from ..embedding.encoder import DEFAULT_ENCODER, SentenceTransformerEncoder, model_folder
from ..errors import EmbedderMissing, IndexFolderError, InputError
from .manifest import Manifest
from .versions import current_version, versions


def embedder_of(folder: Path | str, device: str | None = None) -> SentenceTransformerEncoder:
    """The embedder of an index folder, as its manifest names it; the default one if there is no index.

    A name that only the manifest gives is not downloaded.

    Args:
        folder: Folder of the index.
        device: See ``SentenceTransformerEncoder``.

    Raises:
        EmbedderMissing: The embedder cannot be found on this machine.
        InputError: It cannot be loaded, or this machine has no such device.
    """
    path = Path(folder)
    found: list[Path] = []
    with suppress(IndexFolderError):
        found.append(current_version(path))
    # Where the current manifest is damaged, an earlier version names the embedder.
    names = [Manifest.embedder_of(version) for version in [*found, *versions(path)]]
    name = next(filter(None, names), DEFAULT_ENCODER)
    try:
        model_folder(name, download=False)
    except InputError as error:
        default = SentenceTransformerEncoder(device=device)
        if found and Manifest.fingerprint_of(found[0]) == default.fingerprint:
            return default
        raise EmbedderMissing(
            f"{folder}: made with an embedder that is not on this machine: {error}. If you trust the name, or have the "
            f"model elsewhere, run `rag index --index {folder} --embedder NAME|PATH`"
        ) from error
    return SentenceTransformerEncoder(name, device)
