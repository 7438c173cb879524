"""Assistants kept loaded, each for an index folder."""

from __future__ import annotations

import threading
from collections import OrderedDict
from dataclasses import dataclass, field
from pathlib import Path
from weakref import WeakValueDictionary

from rag import Assistant, Encoder
from rag.index import Manifest, current_version, embedder_of
from rag.questions.feedback import FeedbackFile

#: Maximum number of assistants kept loaded.
MAX_OPEN_ASSISTANTS = 4


@dataclass(slots=True)
class _Opened:
    """A loaded index: its version and the assistant, both None until it is loaded."""

    version: Path | None = None
    assistant: Assistant | None = None
    lock: threading.Lock = field(default_factory=threading.Lock)


class OpenAssistants:
    """Loads assistants, and again when their index has a new version. Thread-safe.

    Args:
        encoder: Encoder shared by all indexes; None for the one that each names, shared where it is the same.
        reader: See ``Assistant.load``.
        device: Torch device; a graphics card if None and there is one.
    """

    def __init__(self, encoder: Encoder | None, reader: Path | str | None, device: str | None) -> None:
        self._encoder, self._reader, self._device = encoder, reader, device
        # By name and fingerprint, as long as an assistant uses them.
        self._encoders: WeakValueDictionary[tuple[str, str], Encoder] = WeakValueDictionary()
        self._open: OrderedDict[Path, _Opened] = OrderedDict()
        self._opening = threading.Lock()

    def get(self, index: Path, feedback: FeedbackFile) -> Assistant:
        """The assistant of an index folder.

        Args:
            index: The folder.
            feedback: What was taught about it.

        Raises:
            IndexFolderError: See ``Index.open`` and ``embedder_of``.
            InputError: The embedder or the reader cannot be loaded.
        """
        version = current_version(index)
        with self._opening:
            opened = self._open.setdefault(index, _Opened())
            self._open.move_to_end(index)
            while len(self._open) > MAX_OPEN_ASSISTANTS:
                self._open.popitem(last=False)
        # Loading one index does not delay questions to others. One closed meanwhile is no longer in ``_open``.
        with opened.lock:
            if opened.assistant is None or opened.version != version:
                encoder = self._encoder or self._encoder_of(index, version)
                opened.assistant = Assistant.load(index, encoder, self._reader, self._device, feedback)
                opened.version = version
            return opened.assistant

    def _encoder_of(self, index: Path, version: Path) -> Encoder:
        manifest = Manifest.read(version)
        found = self._encoders.get((manifest.embedder, manifest.fingerprint))
        if found:
            return found
        # Not locked: an embedder may be loaded twice, but no index waits for the embedder of another one.
        loaded = embedder_of(index, self._device)
        return self._encoders.setdefault((loaded.name, loaded.fingerprint), loaded)

    def close(self, index: Path) -> None:
        """Forget the assistant of an index folder."""
        with self._opening:
            self._open.pop(index, None)
