"""The collections of the page, as the account that asks may see and change them."""

from __future__ import annotations

import copy
from collections.abc import Callable, Container, Sequence
from pathlib import Path
from typing import Self

from rag import Assistant, Encoder, InputError
from rag.errors import IndexMissing
from rag.index.milvus import Address
from rag.questions.feedback import FeedbackFile

from .collection_store import Collection, CollectionStore, given_collection
from .open_assistants import OpenAssistants
from .permissions import CHANGE, READ
from .quota import Quota
from .upload_check import unreadable_files
from .uploads import Upload, Versions

__all__ = ["Collection", "Collections", "given_collection"]


class Collections:
    """Collections stored in a folder, and those the server was started with. Thread-safe.

    Args:
        home: Folder of the collections; created when needed.
        given: Collections the server was started with; listed first.
        encoder: See ``OpenAssistants``.
        reader: See ``Assistant.load``.
        device: Torch device; a graphics card if None and there is one.
        quota: How much the collections may hold.
        store: Where the indexes of new collections are kept; see ``CollectionStore``.
    """

    def __init__(
        self,
        home: Path,
        given: Sequence[Collection] = (),
        encoder: Encoder | None = None,
        reader: Path | str | None = None,
        *,
        device: str | None = None,
        quota: Quota | None = None,
        store: Address | None = None,
    ) -> None:
        self._store = CollectionStore(home, given, quota or Quota(), store)
        self._assistants = OpenAssistants(encoder, reader, device)
        self._account: Callable[[], str | None] | None = None
        self._names: Container[str] | None = None

    def with_accounts(self, account: Callable[[], str | None], names: Container[str] | None = None) -> Self:
        """The same collections for a server with accounts; otherwise everybody sees and changes everything.

        Args:
            account: Returns the account that asks; None if nobody has logged in.
            names: The accounts of the server, with which a collection may be shared; None allows any name.
        """
        restricted = copy.copy(self)
        restricted._account, restricted._names = account, names
        return restricted

    @property
    def has_accounts(self) -> bool:
        """Whether the server has accounts."""
        return self._account is not None

    def list(self) -> list[Collection]:
        """The collections that the account may see: those given at start first, then the others by name."""
        return [each for each in self._store.list() if self._may(each.permissions.may_read)]

    def find(self, collection_id: str) -> Collection | None:
        """Collection with the given id; None if there is none that the account may see."""
        found = self._store.find(collection_id)
        return found if found and self._may(found.permissions.may_read) else None

    def get(self, collection_id: str) -> Collection:
        """Collection with the given id.

        Raises:
            InputError: There is no such collection, or the account may not see it.
        """
        found = self.find(collection_id)
        if found is None:
            raise InputError(f"collection {str(collection_id)[:80]!r}: not found; choose another one")
        return found

    def create(self, name: str) -> Collection:
        """Create an empty collection, which belongs to the account.

        Raises:
            InputError: See ``CollectionStore.create``; or nobody has logged in.
        """
        if self._account is None:
            return self._store.create(name, "")
        if owner := self._account():
            return self._store.create(name, owner)
        raise InputError("nobody has logged in; log in to make collections")

    def rename(self, collection_id: str, name: str) -> None:
        """Give a collection another display name; its id, and so its links, stay.

        Raises:
            InputError: See ``manageable`` and ``CollectionStore.rename``.
        """
        self._store.rename(self.manageable(collection_id), name)

    def share(self, collection_id: str, account: str, level: str) -> None:
        """Share a collection with another account, or stop sharing it.

        Args:
            collection_id: Id of the collection.
            account: Name of the other account.
            level: ``read``, ``change``, or empty to stop sharing.

        Raises:
            InputError: See ``manageable``; there is no such account or level; or it cannot be stored.
        """
        collection = self.manageable(collection_id)
        if not account or account == collection.permissions.owner:
            raise InputError("name another account to share the collection with")
        if level not in (READ, CHANGE, ""):
            raise InputError(f"level {level[:20]!r}: not known; share to {READ} or to {CHANGE}")
        # An account that is gone can still be removed.
        if level and self._names is not None and account not in self._names:
            raise InputError(f"account {account[:80]!r}: not found on this server; check its spelling")
        self._store.share(collection, account, level)

    def delete(self, collection_id: str, stop: Callable[[], object] = lambda: None) -> None:
        """Delete a collection with its documents, index and feedback.

        Args:
            collection_id: Id of the collection.
            stop: Stops its jobs; see ``CollectionStore.delete``.

        Raises:
            InputError: See ``manageable``; or the server was started with it, or it cannot be deleted.
        """
        collection = self.manageable(collection_id)
        if collection.files is None:
            raise InputError(f"{collection.name!r}: the server was started with it, so it cannot be deleted here")
        self._store.delete(collection, stop)
        self._assistants.close(collection.index)

    def purge(self) -> None:
        """See ``CollectionStore.purge``."""
        self._store.purge()

    def assistant(self, collection_id: str) -> Assistant:
        """Assistant of a collection; reloaded when its index has a new version.

        Raises:
            InputError: There is no such collection, or it is empty.
            IndexFolderError: See ``Index.open``.
        """
        collection = self.get(collection_id)
        try:
            return self._assistants.get(collection.index, FeedbackFile(collection.taught))
        except IndexMissing:
            self._assistants.close(collection.index)
            is_empty = collection.files is None or not self._store.files(collection)
            hint = "is empty; add documents to it" if is_empty else "is not indexed yet; see its state"
            raise InputError(f"the collection {collection.name!r} {hint} under Documents") from None

    def add(self, collection_id: str, uploads: Sequence[Path], versions: Versions = Versions.ASK) -> Sequence[Upload]:
        """Store uploaded files in a collection's folder and return the outcome of each; see ``store_uploads``.

        A file replaces an earlier version only if it can be read.

        Raises:
            InputError: See ``changeable``; or the folder cannot be read.
        """
        collection = self.changeable(collection_id)
        # Before the store is locked, since reading may take long.
        unreadable = unreadable_files(uploads) if versions is Versions.REPLACE else {}
        return self._store.add(collection, uploads, versions, unreadable)

    def remove(self, collection_id: str, name: str) -> None:
        """Delete an uploaded file; the index keeps it until the next update.

        Raises:
            InputError: See ``changeable``; or there is no such file.
        """
        self._store.remove(self.changeable(collection_id), name)

    def files(self, collection_id: str) -> Sequence[str]:
        """Sorted names of a collection's uploaded files.

        Raises:
            InputError: There is no such collection, or its folder cannot be read.
        """
        return self._store.files(self.get(collection_id))

    def changeable(self, collection_id: str) -> Collection:
        """A collection whose documents the account may change.

        Raises:
            InputError: There is no such collection, or the account may not change it.
        """
        collection = self.get(collection_id)
        if not self._may(collection.permissions.may_change):
            raise InputError(f"{collection.name!r}: you may not change it; ask {_owner_of(collection)}")
        return collection

    def manageable(self, collection_id: str) -> Collection:
        """A collection that the account may rename, share and delete.

        Raises:
            InputError: There is no such collection, or it belongs to somebody else.
        """
        collection = self.get(collection_id)
        if not self.may_manage(collection):
            raise InputError(f"{collection.name!r}: it is not yours; ask {_owner_of(collection)}")
        return collection

    def teachable(self, collection_id: str) -> Collection:
        """A collection on which the account may give, edit and delete feedback, also that of others.

        It is one that the account may change, or one that the server was started with.

        Raises:
            InputError: There is no such collection, or the account may not change it.
        """
        collection = self.get(collection_id)
        return collection if collection.files is None else self.changeable(collection_id)

    def may_change(self, collection: Collection) -> bool:
        """Whether the account may change a collection's documents, and they are managed in the page."""
        return collection.files is not None and self._may(collection.permissions.may_change)

    def may_manage(self, collection: Collection) -> bool:
        """Whether the account may rename and share a collection."""
        return self._may(collection.permissions.may_manage)

    def may_delete(self, collection: Collection) -> bool:
        """Whether the account may delete a collection, and the server was not started with it."""
        return collection.files is not None and self.may_manage(collection)

    def _may(self, permission: Callable[[str | None], bool]) -> bool:
        return self._account is None or permission(self._account())


def _owner_of(collection: Collection) -> str:
    return collection.permissions.owner or "the administrator"
