"""An assistant over an index folder that may be rebuilt while it is asked."""

from __future__ import annotations

import threading
from pathlib import Path

from ..assistant import Assistant
from ..embedding.encoder import Encoder
from ..index import Manifest, current_version, embedder_of
from ..questions.feedback import FeedbackFile


class LiveAssistant:
    """Opens the assistant of an index folder, and opens it again when the index has a new version. Thread-safe.

    Args:
        folder: Folder written by ``build_index``.
        encoder: The embedder of the index; the one that its manifest names if None.
        reader: See ``Assistant.load``.
        device: Torch device; a graphics card if None and there is one.
        feedback: See ``Assistant``.
    """

    def __init__(
        self,
        folder: Path,
        encoder: Encoder | None = None,
        reader: Path | str | None = None,
        device: str | None = None,
        feedback: FeedbackFile | None = None,
    ) -> None:
        self.folder = folder
        self._encoder, self._reader, self._device, self._feedback = encoder, reader, device, feedback
        self._version: Path | None = None
        self._assistant: Assistant | None = None
        self._lock = threading.Lock()

    def get(self) -> Assistant:
        """The assistant over the current version of the index.

        An assistant that was returned before keeps answering from the version that it has open.

        Raises:
            IndexFolderError: See ``Index.open`` and ``embedder_of``.
            InputError: The embedder or the reader cannot be loaded.
        """
        version = current_version(self.folder)
        with self._lock:
            if self._assistant is None or self._version != version:
                encoder = self._encoder or self._encoder_of(version)
                self._assistant = Assistant.load(self.folder, encoder, self._reader, self._device, self._feedback)
                self._version = version
            return self._assistant

    def _encoder_of(self, version: Path) -> Encoder:
        """The embedder that the version names; the open one if it is the same."""
        manifest = Manifest.read(version)
        if self._assistant is not None:
            loaded = self._assistant.retriever.encoder
            if (loaded.name, loaded.fingerprint) == (manifest.embedder, manifest.fingerprint):
                return loaded
        return embedder_of(self.folder, self._device)
