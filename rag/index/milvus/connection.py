"""One connection to a Milvus server; every failure becomes one line."""

from __future__ import annotations

import logging
import os
import weakref
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from ...errors import InputError, StoreUnavailable, first_line
from .address import TOKEN, Address

if TYPE_CHECKING:
    from pymilvus import MilvusClient

Row = dict[str, Any]

#: Rows written or read in one request. Milvus returns at most 16,384 rows, and takes messages of up to 64 MB.
BATCH = 500
PAGE = 4_000

#: Highest number of hits that Milvus returns.
MOST_HITS = 16_384

#: Options of the connection. It is not shared with other clients of the same address, so that one that broke does not
#: stay broken. And it is seldom pinged: pymilvus would do so every 10 seconds, and by default a server of gRPC closes a
#: connection that is pinged more often than every 5 minutes ("too many pings").
GRPC_OPTIONS = {
    "grpc.use_local_subchannel_pool": 1,
    "grpc.keepalive_time_ms": 600_000,
    "grpc.keepalive_permit_without_calls": 0,
}


class Connection:
    """Requests to one server; safe to use from several threads.

    Args:
        address: Of the store.

    Raises:
        InputError: The extra ``milvus`` is not installed, or a token would be sent unencrypted.
        StoreUnavailable: The server cannot be reached, or refuses the token.
    """

    def __init__(self, address: Address) -> None:
        self.address = address
        token = os.environ.get(TOKEN, "")
        if token and not address.tls and not address.is_local:
            raise InputError(
                f"{address.server}: {TOKEN} would be sent unencrypted; write the store as milvus+tls://, or unset it"
            )
        self._client: MilvusClient = self._guarded(lambda: _connect(address, token))
        # pymilvus keeps the channel of each client until it is closed.
        self._closing = weakref.finalize(self, self._client.close)
        self._closing.atexit = False

    def close(self) -> None:
        """End the connection; no request can follow. Happens by itself once nobody holds the connection."""
        self._closing()

    def has(self, collection: str) -> bool:
        """True if a collection exists."""
        return bool(self._call("has_collection", collection))

    def collections(self) -> list[str]:
        """Names of all collections."""
        return list(self._call("list_collections"))

    def fields(self, collection: str) -> dict[str, dict[str, Any]]:
        """Parameters of a collection's fields, by name."""
        found = self._call("describe_collection", collection)
        return {field["name"]: field["params"] for field in found["fields"]}

    def create(self, collection: str, schema: Any, indexes: Sequence[Mapping[str, Any]]) -> None:
        """Create a collection with its indexes, and load it."""
        params = self._client.prepare_index_params()
        for each in indexes:
            params.add_index(**each)
        # Strong: what was written is seen by the next request, whichever replica answers it.
        self._call("create_collection", collection, schema=schema, consistency_level="Strong")
        self._call("create_index", collection, params)
        self.load(collection)

    def load(self, collection: str) -> None:
        """Load a collection, so that it can be searched."""
        self._call("load_collection", collection)

    def drop(self, collection: str) -> None:
        """Delete a collection."""
        self._call("drop_collection", collection)

    def upsert(self, collection: str, rows: Sequence[Row]) -> None:
        """Write rows; one with the key of an earlier row replaces it."""
        for start in range(0, len(rows), BATCH):
            self._call("upsert", collection, list(rows[start : start + BATCH]))

    def delete(self, collection: str, expression: str) -> None:
        """Delete the rows that match."""
        self._call("delete", collection, filter=expression)

    def flush(self, collection: str) -> None:
        """Persist what was written, and index it."""
        self._call("flush", collection)

    def count(self, collection: str, expression: str) -> int:
        """Number of the rows that match."""
        found = self._call("query", collection, filter=expression, output_fields=["count(*)"])
        return int(found[0]["count(*)"])

    def every(self, collection: str, expression: str, fields: Sequence[str], page: int = PAGE) -> Iterator[Row]:
        """All rows that match, in order of their keys, a page at a time."""
        pages = self._call("query_iterator", collection, batch_size=page, filter=expression, output_fields=list(fields))
        try:
            while rows := self._guarded(pages.next):
                yield from rows
        finally:
            pages.close()

    def get(self, collection: str, keys: Sequence[Any], fields: Sequence[str]) -> list[Row]:
        """The rows with these keys that exist, in no particular order."""
        found: list[Row] = []
        for start in range(0, len(keys), BATCH):
            part = list(keys[start : start + BATCH])
            found += self._call("get", collection, ids=part, output_fields=list(fields))
        return found

    def search(
        self,
        collection: str,
        field: str,
        query: Any,
        k: int,
        *,
        expression: str,
        params: Mapping[str, Any],
        fields: Sequence[str],
    ) -> list[Row]:
        """The nearest rows of a query, best first: ``id`` and the given fields.

        Raises:
            InputError: ``k`` is greater than ``MOST_HITS``.
        """
        if k > MOST_HITS:
            raise InputError(f"{k} hits; Milvus returns at most {MOST_HITS:,}, so ask for fewer")
        found = self._call(
            "search", collection, data=[query], anns_field=field, limit=k, filter=expression,
            output_fields=list(fields), search_params=dict(params),
        )  # fmt: skip
        return [{**hit["entity"], "id": int(hit["id"])} for hit in found[0]]

    def _call(self, method: str, *args: Any, **options: Any) -> Any:
        call = getattr(self._client, method)
        return self._guarded(lambda: call(*args, timeout=self.address.timeout, **options))

    def _guarded(self, call: Any) -> Any:
        try:
            return call()
        except ImportError as error:
            raise InputError(
                f"{self.address.server}: needs the extra `milvus` ({error}); install it with "
                "`pip install 'rag[milvus]'`"
            ) from error
        except Exception as error:  # pymilvus raises its own errors, those of gRPC, and ValueError
            raise StoreUnavailable(_message(self.address, error)) from error


def _connect(address: Address, token: str) -> MilvusClient:
    # gRPC and pymilvus log what is raised as well.
    os.environ.setdefault("GRPC_VERBOSITY", "NONE")
    from pymilvus import MilvusClient

    logging.getLogger("pymilvus").setLevel(logging.CRITICAL)
    return MilvusClient(
        uri=address.uri, token=token, timeout=address.timeout, dedicated=True, grpc_options=GRPC_OPTIONS
    )


def _message(address: Address, error: Exception) -> str:
    text = first_line(error)
    low = text.casefold()
    if "deadline" in low or "timeout" in low or "timed out" in low:
        return (
            f"{address.server}: no answer within {address.timeout:g} s; try again, or allow more time with "
            f"?timeout=SECONDS at the end of --store"
        )
    if "auth" in low or "permission" in low:
        return f"{address.server}: refuses the token; set {TOKEN} to one that may use {address.collection}"
    if "fail connecting" in low or "unavailable" in low or "closed channel" in low:
        return f"{address.server}: the store cannot be reached; start it, or check host and port"
    reason = getattr(error, "message", None) or text
    return f"{address.server}: the store failed ({str(reason).splitlines()[0][:200]}); see the server's log"
