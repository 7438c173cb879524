"""``Previous``: the version of an index that an update starts from."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path

from ..embedding.encoder import Encoder
from ..errors import IndexFolderError
from ..text.chunking import ChunkSettings
from .contract import DocumentStore
from .manifest import Manifest
from .versions import current_version


@dataclass(frozen=True, slots=True)
class Previous:
    """What an update starts from.

    Attributes:
        version: Folder of the version.
        manifest: Its manifest.
        store: Its documents and passages.
        intact: False if a part of it is damaged, or a run was broken off since.
    """

    version: Path
    manifest: Manifest
    store: DocumentStore
    intact: bool

    def is_current_for(self, encoder: Encoder, settings: ChunkSettings) -> bool:
        """True if this is the current version, intact, and made with this embedder and these settings."""
        try:
            current = current_version(self.version.parent)
        except IndexFolderError:
            return False
        made_with = (self.manifest.embedder, self.manifest.fingerprint, self.manifest.chunking)
        wanted = (encoder.name, encoder.fingerprint, asdict(settings))
        return self.intact and self.version == current and made_with == wanted
