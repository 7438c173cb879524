"""Collections on disk: named sets of documents, each with its own index. Who may do what is decided above.

HOME/
  <id>/collection.json     its display name, its owner, the accounts that it is shared with, and the store of its index
  <id>/files/              uploaded files, under sanitized names
  <id>/index/              its index
  <id>/index.pending       marks that its files are still to be indexed; see index_jobs
  <id>/taught.jsonl        its users' feedback
  given/<key>/taught.jsonl feedback on the index the server was started with
  given/<key>/start.json   its display name, if it was renamed
  .deleted-<id>-<hex>/     a deleted collection; it stays until its index is deleted from its store
"""

from __future__ import annotations

import hashlib
import json
import re
import secrets
import shutil
import threading
import unicodedata
import uuid
from collections.abc import Callable, Container, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from itertools import count
from pathlib import Path

from rag import InputError, RagError, StoreUnavailable
from rag.index.milvus import Address, drop_index_of

from .collection_names import NAME_FILE, checked_name, description, name_file, with_own_name
from .permissions import Permissions
from .quota import Quota, Room, stored_bytes
from .uploads import WINDOWS_DEVICE, Upload, Versions, store_uploads

FILES, INDEX, TAUGHT, GIVEN = "files", "index", "taught.jsonl", "given"

#: Name prefixes of a folder being deleted and of a file being moved in.
DELETED_PREFIX, INCOMING_PREFIX = ".deleted-", ".coming-"

#: Maximum length of an id with its ending in a store: 40 letters of the name, and what keeps it apart from others.
LONGEST_ID = 80

#: Random bytes in the id of a collection that belongs to an account.
RANDOM_BYTES = 6

#: Random bytes in the name of a collection's index in a store.
STORE_BYTES = 4

ID = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")


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
        permissions: Who may see and change it, where the server has accounts.
        store: Address of the store of its index; empty for its folder.
    """

    id: str
    name: str
    index: Path
    files: Path | None
    taught: Path
    examples: tuple[str, ...] = ()
    questions: Path | None = None
    permissions: Permissions = field(default_factory=Permissions)
    store: str = ""


def given_collection(
    index: Path, name: str, home: Path, examples: tuple[str, ...] = (), questions: Path | None = None
) -> Collection:
    """Collection of the index the server is started with, whose documents are managed with `rag index`."""
    key = hashlib.sha256(str(index.resolve()).encode()).hexdigest()[:16]
    return Collection("start", name, index, None, home / GIVEN / key / TAUGHT, examples, questions)


class CollectionStore:
    """Collections stored in a folder, and those the server was started with. Thread-safe.

    Args:
        home: Folder of the collections; created when needed.
        given: Collections the server was started with.
        quota: How much the stored collections may hold.
        store: Address of a store for the indexes of new collections, each in a collection of its own whose name begins
            with that of the address; None for their folders.

    Raises:
        InputError: The address names a collection that is too long to begin others with.
    """

    def __init__(self, home: Path, given: Sequence[Collection], quota: Quota, store: Address | None = None) -> None:
        self._home, self._given, self._quota, self._indexes = home, list(given), quota, store
        self._changing = threading.Lock()
        if store:
            store.below("x" * LONGEST_ID)

    def list(self) -> list[Collection]:
        """All collections: those given at start first, then the others by name."""
        return [
            *map(with_own_name, self._given),
            *sorted(self._stored(), key=lambda each: each.name.casefold()),
        ]

    def find(self, collection_id: str) -> Collection | None:
        """Collection with the given id; None if there is none."""
        given = next((each for each in self._given if each.id == collection_id), None)
        return with_own_name(given) if given else self._own(collection_id)

    def create(self, name: str, owner: str) -> Collection:
        """Create an empty collection.

        Args:
            name: Its display name, which the collections of one owner do not share.
            owner: Account that it belongs to; empty without accounts.

        Raises:
            InputError: The name is empty, too long or taken, or the folder cannot be written to.
        """
        name = checked_name(name)
        with self._changing:
            self._refuse_taken(name, owner)
            collection_id = self._free_id(name, owner)
            folder = self._home / collection_id
            try:
                (folder / FILES).mkdir(parents=True)
                store = {"store": self._new_store(collection_id)} if self._indexes else {}
                _write(folder / NAME_FILE, {"name": name, **Permissions(owner).to_json(), **store})
            except OSError as error:
                raise _disk_error(f"collection {name!r}: cannot be created", error) from error
            created = self._own(collection_id)
        assert created
        return created

    def rename(self, collection: Collection, name: str) -> None:
        """Give a collection another display name; its id, and so its links, stay.

        Raises:
            InputError: The name is empty, too long or taken, or it cannot be stored.
        """
        name = checked_name(name)
        with self._changing:
            self._refuse_taken(name, collection.permissions.owner, collection.id)
            self._describe(collection, {"name": name})

    def share(self, collection: Collection, account: str, level: str) -> None:
        """Share a collection with another account at a level, or stop sharing it if the level is empty.

        Raises:
            InputError: It cannot be stored.
        """
        with self._changing:
            # Read again: another account may have been added meanwhile.
            stored = Permissions.from_json(description(name_file(collection)))
            shared = {name: each for name, each in stored.shared.items() if name != account}
            if level:
                shared[account] = level
            self._describe(collection, replace(stored, shared=shared).to_json())

    def delete(self, collection: Collection, stop: Callable[[], object]) -> None:
        """Delete a collection with its documents, index and feedback.

        Its index in a store is deleted by ``purge`` if the store does not answer now.

        Args:
            collection: The collection.
            stop: Stops whatever writes to its index; called once nothing can fail any more.

        Raises:
            InputError: It cannot be deleted; nothing has changed.
        """
        with self._changing:
            gone = self._home / f"{DELETED_PREFIX}{collection.id}-{uuid.uuid4().hex}"
            try:
                # Atomic: a crash leaves no partial collection, and a worker still writing finds no folder.
                (self._home / collection.id).rename(gone)
            except OSError as error:
                raise _disk_error(f"{collection.name!r}: cannot be deleted", error) from error
            stop()
        with suppress(RagError, OSError):
            self._purge(gone)

    def purge(self) -> None:
        """Delete what is left of deleted collections; a store that does not answer is asked once."""
        # Locked: the writer of a collection that is being deleted now has not stopped yet.
        with self._changing:
            deleted = list(self._home.glob(f"{DELETED_PREFIX}*"))
        silent: set[str] = set()
        for gone in deleted:
            try:
                self._purge(gone, silent)
            except StoreUnavailable:
                silent.add(_server(self._store_of(gone)))
            except (RagError, OSError):
                continue  # Tried again at the next start.

    def _purge(self, gone: Path, silent: Container[str] = ()) -> None:
        """Delete what is left of a deleted collection, but not from servers that do not answer."""
        shutil.rmtree(gone / FILES, ignore_errors=True)
        (gone / TAUGHT).unlink(missing_ok=True)
        store = self._store_of(gone)
        if store and _server(store) in silent:
            return
        # The folder that its index was written in.
        before = self._home / gone.name.removeprefix(DELETED_PREFIX).rpartition("-")[0]
        drop_index_of(gone / INDEX, store, before / INDEX)
        shutil.rmtree(gone, ignore_errors=True)

    def _store_of(self, folder: Path) -> str:
        """Address of the store of a collection's index; empty if it is in the folder."""
        return self._current_options(str(description(folder / NAME_FILE).get("store", "")))

    def add(
        self, collection: Collection, uploads: Sequence[Path], versions: Versions, unreadable: Mapping[Path, str]
    ) -> Sequence[Upload]:
        """Store uploaded files in a collection's folder and return the outcome of each; see ``store_uploads``.

        Raises:
            InputError: The folder cannot be read.
        """
        folder = _files(collection)
        with self._changing:
            try:
                staging = folder.parent / f"{INCOMING_PREFIX}{uuid.uuid4().hex}"
                room = self._room(collection.permissions.owner)
                return store_uploads(folder, staging, uploads, room, versions=versions, unreadable=unreadable)
            except OSError as error:
                raise _disk_error(f"{collection.name!r}: its files cannot be listed", error) from error

    def remove(self, collection: Collection, name: str) -> None:
        """Delete an uploaded file; the index keeps it until the next update.

        Raises:
            InputError: There is no such file.
        """
        folder = _files(collection)
        with self._changing:
            # Compared with the listing, so that a name cannot be a path elsewhere.
            if name not in self.files(collection):
                raise InputError(f"file {name[:200]!r}: not in the collection; it may have been removed already")
            try:
                (folder / name).unlink(missing_ok=True)
            except OSError as error:
                raise _disk_error(f"{name}: cannot be removed", error) from error

    def files(self, collection: Collection) -> Sequence[str]:
        """Sorted names of a collection's uploaded files.

        Raises:
            InputError: Its folder cannot be read.
        """
        try:
            return sorted(path.name for path in collection.files.iterdir()) if collection.files else []
        except OSError as error:
            raise _disk_error(f"{collection.name!r}: its files cannot be listed", error) from error

    def _describe(self, collection: Collection, changes: dict[str, object]) -> None:
        path = name_file(collection)
        try:
            # The folder of one that was deleted meanwhile must not come back.
            if collection.files is None:
                path.parent.mkdir(parents=True, exist_ok=True)
            _write(path, description(path) | changes)
        except OSError as error:
            raise _disk_error(f"{collection.name!r}: cannot be changed", error) from error

    def _refuse_taken(self, name: str, owner: str | None, by_other_than: str = "") -> None:
        # Names of collections that the owner may not see are not given away.
        seen = [each for each in self.list() if not owner or each.permissions.may_read(owner)]
        if any(each.name.casefold() == name.casefold() and each.id != by_other_than for each in seen):
            raise InputError(f"collection {name!r}: exists already; choose another name")

    def _room(self, owner: str | None) -> Room:
        stored = list(self._stored())
        own = [each for each in stored if each.permissions.owner == owner]
        account, total = (stored_bytes(map(_files, collections)) for collections in (own, stored))
        return Room(self._quota, account, total, owner or "")

    def _stored(self) -> Iterator[Collection]:
        """The collections in the folder."""
        for path in self._home.glob(f"*/{NAME_FILE}"):
            if own := self._own(path.parent.name):
                yield own

    def _own(self, collection_id: str) -> Collection | None:
        if not isinstance(collection_id, str) or not ID.fullmatch(collection_id):
            return None
        folder = self._home / collection_id
        stored = description(folder / NAME_FILE)
        if (name := stored.get("name")) is None:
            return None
        return Collection(
            collection_id, str(name), folder / INDEX, folder / FILES, folder / TAUGHT,
            permissions=Permissions.from_json(stored),
            store=self._current_options(str(stored.get("store", ""))),
        )  # fmt: skip

    def _new_store(self, collection_id: str) -> str:
        """Address for the index of a new collection.

        It ends at random: a successor of the same id has another one, and so has a server with a similar prefix. The
        ``r`` keeps it from ending as collections of passages do.
        """
        assert self._indexes
        return str(self._indexes.below(f"{collection_id}-r{secrets.token_hex(STORE_BYTES)}"))

    def _current_options(self, store: str) -> str:
        """The address of an index with the TLS and time limit of this server's store, if it is on the same host."""
        if not store or not self._indexes:
            return store
        stored = Address.parse(store)
        renewed = replace(self._indexes, collection=stored.collection, index=stored.index)
        return str(renewed) if renewed.is_same_place(stored) else store

    def _free_id(self, name: str, owner: str) -> str:
        """An unused id made of a name.

        With accounts it ends at random: it must neither be an id that another account's deleted collection had, nor
        give away that another account has a collection of that name.
        """
        plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
        slug = "-".join(re.findall(r"[a-z0-9]+", plain))[:40].strip("-") or "collection"
        slug = f"{slug}-collection" if WINDOWS_DEVICE.match(slug) else slug
        taken = {each.id for each in self._given} | {GIVEN}
        numbers = (slug if number == 1 else f"{slug}-{number}" for number in range(1, 1_000_000))
        candidates = (f"{slug}-{secrets.token_hex(RANDOM_BYTES)}" for _ in count()) if owner else numbers
        return next(each for each in candidates if each not in taken and not (self._home / each).exists())


def _server(store: str) -> str:
    """The address of a store without its collection."""
    return store.rpartition("/")[0]


def _files(collection: Collection) -> Path:
    """Folder of a stored collection's files.

    Raises:
        InputError: The server was started with the collection.
    """
    if collection.files is None:
        raise InputError(f"{collection.name!r}: its documents are managed with `rag index`, not in the page")
    return collection.files


def _disk_error(what: str, error: OSError) -> InputError:
    """The error of a failed disk access, without the path, which users need not see."""
    reason = error.strerror or error
    return InputError(f"{what} ({reason}); make room, or check the permissions of the collections folder")


def _write(path: Path, values: dict[str, object]) -> None:
    """Write a description, so that readers see the old or the new one."""
    staging = path.with_name(f"{INCOMING_PREFIX}{uuid.uuid4().hex}")
    staging.write_text(json.dumps(values, ensure_ascii=False) + "\n", encoding="utf-8")
    staging.replace(path)
