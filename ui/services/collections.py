"""Collections: named sets of documents, each with its own index.

HOME/
  <id>/collection.json     its display name
  <id>/files/              uploaded files, under sanitized names
  <id>/index/              its index
  <id>/taught.jsonl        its users' feedback
  given/<key>/taught.jsonl feedback on the index the server was started with
"""

from __future__ import annotations

import hashlib
import json
import re
import shutil
import threading
import unicodedata
import uuid
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from rag import Assistant, Encoder, InputError, SentenceTransformerEncoder
from rag.errors import IndexMissing
from rag.index import current_version
from rag.questions.feedback import FeedbackFile

from .uploads import WINDOWS_DEVICE, Upload, store_uploads

#: Maximum number of assistants kept loaded.
MAX_OPEN_ASSISTANTS = 4

#: Maximum length of a collection's name, in code points.
LONGEST_NAME = 60

NAME_FILE, FILES, INDEX, TAUGHT, GIVEN = "collection.json", "files", "index", "taught.jsonl", "given"

#: Name prefixes of a folder being deleted and of a file being moved in.
DELETED_PREFIX, INCOMING_PREFIX = ".deleted-", ".coming-"

ID = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")

#: Joins emoji; all other invisible characters are refused in names.
JOINER = "\N{ZERO WIDTH JOINER}"


@dataclass(frozen=True, slots=True)
class Collection:
    """A named set of documents.

    Attributes:
        id: Lower-case letters, digits and hyphens; part of links.
        name: Display name.
        index: Folder of its index.
        files: Folder of its uploaded files; None if its documents are not managed in the page.
        taught: JSON Lines file of its users' feedback; it may not exist yet.
        examples: Example questions to click on.
        questions: Question set shipped with it.
    """

    id: str
    name: str
    index: Path
    files: Path | None
    taught: Path
    examples: tuple[str, ...] = ()
    questions: Path | None = None


def given_collection(
    index: Path, name: str, home: Path, examples: tuple[str, ...] = (), questions: Path | None = None
) -> Collection:
    """Collection of the index the server is started with, whose documents are managed with `rag index`."""
    key = hashlib.sha256(str(index.resolve()).encode()).hexdigest()[:16]
    return Collection("start", name, index, None, home / GIVEN / key / TAUGHT, examples, questions)


@dataclass(slots=True)
class _Opened:
    """A loaded collection: the version of its index and the assistant, both None until it is loaded."""

    version: Path | None = None
    assistant: Assistant | None = None
    lock: threading.Lock = field(default_factory=threading.Lock)


class Collections:
    """Collections stored in a folder, and those the server was started with. Thread-safe.

    Args:
        home: Folder of the collections; created when needed.
        given: Collections the server was started with; listed first.
        encoder: Encoder shared by all indexes; None for the default.
        reader: Folder of the reader; None for the shipped one.
        device: Torch device; a graphics card if None and there is one.
    """

    def __init__(
        self,
        home: Path,
        given: Sequence[Collection] = (),
        encoder: Encoder | None = None,
        reader: Path | None = None,
        device: str | None = None,
    ) -> None:
        self._home, self._given, self._reader, self._device = home, list(given), reader, device
        self._encoder = encoder or SentenceTransformerEncoder(device=device)
        self._open: OrderedDict[str, _Opened] = OrderedDict()
        # Separate locks, so that questions are answered during changes on disk, which may hash large files.
        self._changing, self._opening = threading.Lock(), threading.Lock()

    def list(self) -> list[Collection]:
        """All collections: those given at start first, then the others by name."""
        own = [self._own(path.parent.name) for path in self._home.glob(f"*/{NAME_FILE}")]
        return [*self._given, *sorted((each for each in own if each), key=lambda each: each.name.casefold())]

    def get(self, collection_id: str) -> Collection:
        """Collection with the given id.

        Raises:
            InputError: There is no such collection.
        """
        given = next((each for each in self._given if each.id == collection_id), None)
        found = given or self._own(collection_id)
        if found is None:
            raise InputError(f"collection {str(collection_id)[:80]!r}: not found; choose one in the side panel")
        return found

    def create(self, name: str) -> Collection:
        """Create an empty collection.

        Raises:
            InputError: The name is empty, too long or taken, or the folder cannot be written to.
        """
        name = " ".join(name.split())
        if not 0 < len(name) <= LONGEST_NAME:
            raise InputError(f"the name has {len(name):,} characters; use 1 to {LONGEST_NAME}")
        if not name.replace(JOINER, "").isprintable():
            raise InputError("the name contains invisible characters; type it again")
        with self._changing:
            if any(each.name.casefold() == name.casefold() for each in self.list()):
                raise InputError(f"collection {name!r}: exists already; choose another name")
            collection_id = self._free_id(name)
            folder = self._home / collection_id
            try:
                (folder / FILES).mkdir(parents=True)
                (folder / NAME_FILE).write_text(json.dumps({"name": name}, ensure_ascii=False) + "\n", encoding="utf-8")
            except OSError as error:
                raise InputError(f"{folder}: cannot be written to ({error.strerror or error}); make room") from error
        return self.get(collection_id)

    def delete(self, collection_id: str) -> None:
        """Delete a collection with its documents, index and feedback.

        Raises:
            InputError: There is no such collection, or the server was started with it.
        """
        collection = self.get(collection_id)
        if collection.files is None:
            raise InputError(f"{collection.name!r}: the server was started with it, so it cannot be deleted here")
        with self._changing:
            folder = self._home / collection.id
            gone = self._home / f"{DELETED_PREFIX}{uuid.uuid4().hex}"
            try:
                # Atomic: a crash leaves no partial collection, and a worker still writing finds no folder.
                folder.rename(gone)
            except OSError as error:
                raise InputError(f"{collection.name!r}: cannot be deleted ({error.strerror or error})") from error
            for each in self._home.glob(f"{DELETED_PREFIX}*"):
                shutil.rmtree(each, ignore_errors=True)
        with self._opening:
            self._open.pop(collection.id, None)

    def assistant(self, collection_id: str) -> Assistant:
        """Assistant of a collection; reloaded when its index has a new version.

        Raises:
            InputError: There is no such collection, or it is empty.
            IndexFolderError: See ``Index.open``.
        """
        collection = self.get(collection_id)
        try:
            version = current_version(collection.index)
        except IndexMissing:
            with self._opening:
                self._open.pop(collection_id, None)
            raise InputError(
                f"the collection {collection.name!r} is empty; add documents to it under Documents"
            ) from None
        with self._opening:
            opened = self._open.setdefault(collection_id, _Opened())
            self._open.move_to_end(collection_id)
            while len(self._open) > MAX_OPEN_ASSISTANTS:
                self._open.popitem(last=False)
        # Loading one collection does not delay questions to others. One deleted meanwhile is no longer in ``_open``.
        with opened.lock:
            if opened.assistant is None or opened.version != version:
                feedback = FeedbackFile(collection.taught)
                opened.assistant = Assistant.load(collection.index, self._encoder, self._reader, self._device, feedback)
                opened.version = version
            return opened.assistant

    def add(self, collection_id: str, uploads: Sequence[Path]) -> Sequence[Upload]:
        """Store uploaded files in a collection's folder and return the outcome of each; see ``store_uploads``.

        Raises:
            InputError: There is no such collection, its documents are not managed here, or its folder cannot be read.
        """
        folder = self._folder(collection_id)
        with self._changing:
            try:
                return store_uploads(folder, folder.parent / f"{INCOMING_PREFIX}{uuid.uuid4().hex}", uploads)
            except OSError as error:
                raise InputError(f"{folder}: cannot be read ({error.strerror or error}); check it") from error

    def remove(self, collection_id: str, name: str) -> None:
        """Delete an uploaded file; the index keeps it until the next update.

        Raises:
            InputError: There is no such file, or the collection's documents are not managed here.
        """
        folder = self._folder(collection_id)
        with self._changing:
            # Compared with the listing, so that a name cannot be a path elsewhere.
            if name not in self.files(collection_id):
                raise InputError(f"file {name[:200]!r}: not in the collection; it may have been removed already")
            try:
                (folder / name).unlink(missing_ok=True)
            except OSError as error:
                raise InputError(f"{name}: cannot be removed ({error.strerror or error})") from error

    def files(self, collection_id: str) -> Sequence[str]:
        """Sorted names of a collection's uploaded files.

        Raises:
            InputError: There is no such collection, or its folder cannot be read.
        """
        collection = self.get(collection_id)
        try:
            return sorted(path.name for path in collection.files.iterdir()) if collection.files else []
        except OSError as error:
            raise InputError(f"{collection.name!r}: its files cannot be listed ({error.strerror or error})") from error

    def _folder(self, collection_id: str) -> Path:
        collection = self.get(collection_id)
        if collection.files is None:
            raise InputError(f"{collection.name!r}: its documents are managed with `rag index`, not in the page")
        return collection.files

    def _own(self, collection_id: str) -> Collection | None:
        if not isinstance(collection_id, str) or not ID.fullmatch(collection_id):
            return None
        folder = self._home / collection_id
        try:
            name = str(json.loads((folder / NAME_FILE).read_text(encoding="utf-8"))["name"])
        except (OSError, ValueError, KeyError, TypeError):
            return None
        return Collection(collection_id, name, folder / INDEX, folder / FILES, folder / TAUGHT)

    def _free_id(self, name: str) -> str:
        plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
        slug = "-".join(re.findall(r"[a-z0-9]+", plain))[:40].strip("-") or "collection"
        slug = f"{slug}-collection" if WINDOWS_DEVICE.match(slug) else slug
        taken = {each.id for each in self._given} | {GIVEN}
        numbered = (slug if number == 1 else f"{slug}-{number}" for number in range(1, 1_000_000))
        return next(each for each in numbered if each not in taken and not (self._home / each).exists())
