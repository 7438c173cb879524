"""Collections: named sets of documents, each with an index of its own, between which the page switches.

HOME/
  <id>/collection.json     the name that its user gave it
  <id>/files/              what was uploaded, under names of ours
  <id>/index/              its index
  <id>/taught.jsonl        what its users taught
  given/<key>/taught.jsonl what was taught about an index that the page was started with
"""

from __future__ import annotations

import hashlib
import json
import re
import shutil
import threading
import unicodedata
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from rag import Assistant, Encoder, InputError, SentenceTransformerEncoder
from rag.errors import IndexMissing
from rag.formats import FORMATS, max_bytes, suffix_of
from rag.index import current_version

#: Assistants that are kept open.
OPEN = 4

#: Code points of a collection's name, and of a file's, at most.
LONGEST_NAME, LONGEST_FILE = 60, 100

NAME_FILE, FILES, INDEX, TAUGHT, GIVEN = "collection.json", "files", "index", "taught.jsonl", "given"

ID = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")

#: What a file's name keeps; names that Windows takes for devices get a letter before them.
NOT_KEPT = re.compile(r"[^\w .()-]+")
DEVICE = re.compile(r"(?:con|prn|aux|nul|com\d|lpt\d)(?:\.|$)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Collection:
    """A set of documents that can be asked.

    Attributes:
        id: Lower-case letters, digits and hyphens; stands in links.
        name: As its user gave it.
        index: Folder of its index.
        files: Folder of what was uploaded to it; None where its documents are not managed in the page.
        taught: JSON Lines file of what was taught; it need not be there.
        examples: Questions to click on.
        questions: A question set that came with it.
    """

    id: str
    name: str
    index: Path
    files: Path | None
    taught: Path
    examples: tuple[str, ...] = ()
    questions: Path | None = None


@dataclass(frozen=True, slots=True)
class Upload:
    """What became of an uploaded file: the name it has now, or why it was not taken."""

    name: str
    fault: str = ""


def given_collection(
    index: Path, name: str, home: Path, examples: tuple[str, ...] = (), questions: Path | None = None
) -> Collection:
    """The index that the page is started with, as a collection whose documents `rag index` manages."""
    key = hashlib.sha256(str(index.resolve()).encode()).hexdigest()[:16]
    return Collection("start", name, index, None, home / GIVEN / key / TAUGHT, examples, questions)


class Collections:
    """The collections below a folder, and those that the page was started with. Several threads may use it at once.

    Args:
        home: Where the collections lie; it need not be there yet.
        given: Further ones, listed before them.
        encoder: The one of all indexes; the default one where it is None.
        reader: Folder of the reader; the one that ships where it is None.
    """

    def __init__(
        self,
        home: Path,
        given: Sequence[Collection] = (),
        encoder: Encoder | None = None,
        reader: Path | None = None,
    ) -> None:
        self._home, self._given, self._reader = home, list(given), reader
        self._encoder = encoder or SentenceTransformerEncoder()
        self._open: OrderedDict[tuple[str, Path], Assistant] = OrderedDict()
        self._lock = threading.Lock()

    def list(self) -> list[Collection]:
        """All of them, the given ones first, then by name."""
        own = [self._own(path.parent.name) for path in self._home.glob(f"*/{NAME_FILE}")]
        return [*self._given, *sorted((each for each in own if each), key=lambda each: each.name.casefold())]

    def get(self, collection_id: str) -> Collection:
        """The collection with an id.

        Raises:
            InputError: There is none.
        """
        given = next((each for each in self._given if each.id == collection_id), None)
        found = given or self._own(collection_id)
        if found is None:
            raise InputError(f"there is no collection {str(collection_id)[:80]!r}; choose one in the side panel")
        return found

    def create(self, name: str) -> Collection:
        """A new, empty collection.

        Raises:
            InputError: The name is empty, too long or taken, or the folder cannot be written to.
        """
        name = " ".join(name.split())
        if not 0 < len(name) <= LONGEST_NAME or not name.isprintable():
            raise InputError(f"a collection's name has 1 to {LONGEST_NAME} characters; this one has {len(name):,}")
        with self._lock:
            if any(each.name.casefold() == name.casefold() for each in self.list()):
                raise InputError(f"there is a collection {name!r} already; choose another name")
            collection_id = self._free_id(name)
            folder = self._home / collection_id
            try:
                (folder / FILES).mkdir(parents=True)
                (folder / NAME_FILE).write_text(json.dumps({"name": name}, ensure_ascii=False) + "\n", encoding="utf-8")
            except OSError as error:
                raise InputError(f"{folder}: cannot be written to ({error.strerror or error}); make room") from error
        return self.get(collection_id)

    def delete(self, collection_id: str) -> None:
        """Remove one of our own, with its documents, its index and what was taught.

        Raises:
            InputError: There is no such collection, or the page was started with it.
        """
        collection = self.get(collection_id)
        if collection.files is None:
            raise InputError(f"{collection.name!r} is what the page was started with; it cannot be deleted here")
        with self._lock:
            folder = collection.files.parent
            # No longer listed before anything is gone, so that a crash leaves no half of one.
            (folder / NAME_FILE).unlink(missing_ok=True)
            shutil.rmtree(folder, ignore_errors=True)

    def assistant(self, collection_id: str) -> Assistant:
        """Who answers from a collection; opened again when its index has a new version.

        Raises:
            InputError: There is no such collection, or nothing in it yet.
            IndexFolderError: See ``Index.open``.
        """
        collection = self.get(collection_id)
        try:
            version = current_version(collection.index)
        except IndexMissing:
            raise InputError(
                f"the collection {collection.name!r} is empty; add documents to it under Documents"
            ) from None
        key = (collection_id, version)
        with self._lock:
            if key not in self._open:
                self._open[key] = Assistant.load(collection.index, self._encoder, self._reader)
            self._open.move_to_end(key)
            for old in [each for each in self._open if each[0] == collection_id and each != key]:
                del self._open[old]
            while len(self._open) > OPEN:
                self._open.popitem(last=False)
            return self._open[key]

    def add(self, collection_id: str, uploads: Sequence[Path]) -> Sequence[Upload]:
        """Move uploaded files into a collection's folder, under names of ours; what became of each.

        A file that is there already, under whatever name, is left out; one whose name is taken gets a number.

        Raises:
            InputError: There is no such collection, its documents are not managed here, or it cannot be written to.
        """
        folder = self._folder(collection_id)
        with self._lock:
            known = {_digest(path): path.name for path in folder.iterdir() if path.is_file()}
            return [_taken(folder, path, known) for path in uploads]

    def remove(self, collection_id: str, name: str) -> None:
        """Delete an uploaded file; the index follows when it is brought up to date.

        Raises:
            InputError: There is no such file, or the collection's documents are not managed here.
        """
        folder = self._folder(collection_id)
        with self._lock:
            found = next((path for path in folder.iterdir() if path.name == name), None)
            if found is None:
                raise InputError(f"there is no file {name[:200]!r} in the collection")
            found.unlink()

    def files(self, collection_id: str) -> Sequence[str]:
        """The names of the uploaded files of a collection, in order."""
        collection = self.get(collection_id)
        return sorted(path.name for path in collection.files.iterdir()) if collection.files else []

    def _folder(self, collection_id: str) -> Path:
        collection = self.get(collection_id)
        if collection.files is None:
            raise InputError(f"the documents of {collection.name!r} are managed with `rag index`, not in the page")
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
        taken = {each.id for each in self._given} | {GIVEN}
        numbered = (slug if number == 1 else f"{slug}-{number}" for number in range(1, 1_000_000))
        return next(each for each in numbered if each not in taken and not (self._home / each).exists())


def safe_name(name: str) -> str:
    """A name of ours for an uploaded file: of letters, digits, blanks and ``. _ - ( )``, neither hidden nor long."""
    plain = NOT_KEPT.sub("_", unicodedata.normalize("NFC", name.replace("\\", "/").rpartition("/")[2]))
    suffix = suffix_of(plain)
    stem = plain[: len(plain) - len(suffix)].strip(" ._") or "document"
    stem = f"_{stem}" if DEVICE.match(stem) else stem
    return stem[: LONGEST_FILE - len(suffix)].rstrip(" .") + suffix


def _taken(folder: Path, upload: Path, known: dict[str, str]) -> Upload:
    name = safe_name(upload.name)
    if suffix_of(name) not in FORMATS:
        *most, last = sorted(FORMATS)
        return Upload(name, f"this kind of file is not read; {', '.join(most)} and {last} are")
    try:
        if (size := upload.stat().st_size) > (most_bytes := max_bytes(name)):
            return Upload(name, f"{size / 1e6:,.1f} MB; the limit is {most_bytes / 1e6:,.0f} MB, so split it")
        if (same := known.get(digest := _digest(upload))) is not None:
            return Upload(name, f"is there already, as {same}")
        path = _free_path(folder, name)
        shutil.move(upload, path)
    except OSError as error:
        raise InputError(f"{name}: cannot be kept ({error.strerror or error}); make room") from error
    known[digest] = path.name
    return Upload(path.name)


def _free_path(folder: Path, name: str) -> Path:
    suffix = suffix_of(name)
    stem = name[: len(name) - len(suffix)]
    names = (name if number == 1 else f"{stem} ({number}){suffix}" for number in range(1, 1_000_000))
    # Names that differ in case alone are one on some systems.
    taken = {path.name.casefold() for path in folder.iterdir()}
    return folder / next(each for each in names if each.casefold() not in taken)


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
