"""The address of a store: ``milvus://HOST:PORT/COLLECTION``, with TLS ``milvus+tls://HOST:PORT/COLLECTION``."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import Self
from urllib.parse import parse_qsl, urlencode, urlsplit

from ...errors import InputError, StoreUnavailable

PLAIN, TLS = "milvus", "milvus+tls"
DEFAULT_PORT = 19530

#: Environment variable of the token: an API key, or ``user:password``.
TOKEN = "RAG_STORE_TOKEN"

#: Seconds that one request may take.
TIMEOUT = 30.0

#: Kinds of dense index; ``FLAT`` compares with every vector.
INDEX_TYPES = ("FLAT", "AUTOINDEX", "HNSW", "HNSW_SQ", "IVF_FLAT", "IVF_SQ8", "DISKANN")

COLLECTION = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,199}")

#: An address at the beginning of a message.
LEADING = re.compile(rf"(?:{PLAIN}|{re.escape(TLS)})://\S+: ")

LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})


@dataclass(frozen=True, slots=True)
class Address:
    """Where a store is; it holds no credential.

    Attributes:
        host, port: Of the Milvus server.
        collection: Name of the collection of documents; the collections of passages begin with it.
        tls: Whether the connection is encrypted.
        index: Kind of dense index, one of ``INDEX_TYPES``.
        timeout: Seconds that one request may take.
    """

    host: str
    port: int
    collection: str
    tls: bool = False
    index: str = INDEX_TYPES[0]
    timeout: float = TIMEOUT

    @classmethod
    def parse(cls, text: str) -> Self:
        """Parse ``milvus://HOST[:PORT]/COLLECTION[?index=TYPE&timeout=SECONDS]``.

        Raises:
            InputError: It has another form, or holds a credential.
        """
        if "@" in text:
            # Not shown: what is before it may be a password.
            raise InputError(f"the store address holds a credential; leave it out and set {TOKEN}")
        try:
            parts = urlsplit(text)
            port = parts.port or DEFAULT_PORT
        except ValueError:
            parts, port = urlsplit(""), 0
        if parts.scheme not in (PLAIN, TLS):
            raise InputError(f"{text[:200]!r}: not a store; write it as milvus://HOST:PORT/COLLECTION")
        collection = parts.path.strip("/")
        if not parts.hostname or not port or not COLLECTION.fullmatch(collection):
            raise InputError(
                f"{text[:200]!r}: not a store; write it as milvus://HOST:PORT/COLLECTION, the collection in letters, "
                "digits and _"
            )
        options = dict(parse_qsl(parts.query, keep_blank_values=True))
        index = options.pop("index", INDEX_TYPES[0]).upper()
        seconds = _seconds(options.pop("timeout", str(TIMEOUT)))
        if options or index not in INDEX_TYPES or not seconds:
            # The value is not shown: it may be a credential.
            wrong = next(iter(options), "index" if index not in INDEX_TYPES else "timeout")
            raise InputError(
                f"the store address has an invalid option {wrong[:50]!r}; the options are "
                f"index={'|'.join(INDEX_TYPES)} and timeout=SECONDS"
            )
        return cls(parts.hostname, port, collection, parts.scheme == TLS, index, seconds)

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        named = {"index": self.index, "timeout": f"{self.timeout:g}"}
        standard = {"index": INDEX_TYPES[0], "timeout": f"{TIMEOUT:g}"}
        options = urlencode({name: value for name, value in named.items() if value != standard[name]})
        return f"{self.server}/{self.collection}{'?' if options else ''}{options}".replace(self.host, host, 1)

    def below(self, name: str) -> Self:
        """The address of another collection of the server, which begins with the name of this one.

        Args:
            name: Letters, digits and hyphens; a hyphen becomes ``_``.

        Raises:
            InputError: The collection's name is too long.
        """
        collection = f"{self.collection}_{name.replace('-', '_')}"
        if not COLLECTION.fullmatch(collection):
            raise InputError(f"{self}: the name is too long to begin others with; choose a shorter one")
        return replace(self, collection=collection)

    @property
    def server(self) -> str:
        """The address without the collection, for messages."""
        return f"{TLS if self.tls else PLAIN}://{self.host}:{self.port}"

    @property
    def uri(self) -> str:
        """The address as pymilvus takes it."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{'https' if self.tls else 'http'}://{host}:{self.port}"

    @property
    def is_local(self) -> bool:
        """True if the server is on this machine."""
        return self.host in LOOPBACK

    def is_same_place(self, other: Address) -> bool:
        """True if both name the same collection of the same server."""
        return (self.host, self.port, self.collection) == (other.host, other.port, other.collection)


def _seconds(text: str) -> float:
    """A positive number of seconds; 0 if the text is none."""
    try:
        seconds = float(text)
    except ValueError:
        return 0.0
    return seconds if 0 < seconds < 1e6 else 0.0


def public_text(error: BaseException) -> str:
    """An error's message for users of a server, who need not see where its store is, and cannot set it up."""
    if isinstance(error, StoreUnavailable):
        return "the store of the index does not answer; try again later"
    text = str(error)
    found = LEADING.match(text)
    return text[found.end() :] if found else text
