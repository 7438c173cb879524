"""Files in object storage and other remote file systems, by fsspec."""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from ..errors import DocumentError, InputError, first_line

URL = re.compile(r"([a-z][a-z0-9+.-]+)://(.*)", re.IGNORECASE | re.DOTALL)

#: Protocols that ``obstore`` serves if it is installed.
OBJECT_STORES = frozenset({"s3", "s3a", "gs", "gcs", "az", "azure", "abfs", "abfss"})

#: What a storage says of the content of a file; the first that it gives identifies it, together with the size.
CONTENT_TAGS = ("ETag", "etag", "e_tag", "md5Hash", "content_md5", "Content-MD5", "crc32c")
TIMES = ("mtime", "LastModified", "last_modified", "modified", "updated", "created")

#: Seconds for a connection, for one request, and for all attempts of one.
CONNECT, REQUEST, ATTEMPTS = 5, 600, 20

REFUSED = (
    "403 Forbidden",
    "401 Unauthorized",
    "AccessDenied",
    "InvalidAccessKeyId",
    "SignatureDoesNotMatch",
    "credential",
)
MISSING = ("404 Not Found", "NoSuchBucket", "NoSuchKey")

CHANGED = "changed while it was being read; run `rag index` again when it is complete"


@dataclass(frozen=True, slots=True)
class RemoteFolder:
    """A folder or a file that a URL names, such as ``s3://bucket/reports``.

    Raises:
        InputError: The URL names a local folder or several storages, or holds a password or a query.
    """

    url: str

    def __post_init__(self) -> None:
        protocol, rest = self._parts()
        shown = f"{protocol}://..."
        if protocol in {"file", "local"}:
            raise InputError(f"{shown}: name the folder itself, without {protocol}://")
        if "::" in self.url:
            raise InputError(f"{shown}: combines several file systems with ::, which is not supported; name one")
        if "@" in rest.partition("/")[0] or "?" in rest:
            raise InputError(
                f"{shown}: holds a user name, a password or a query, which the index would keep; give credentials by "
                f"environment variables"
            )

    def __str__(self) -> str:
        return self.url

    def resolve(self) -> RemoteFolder:
        """The folder itself, as ``Path.resolve``."""
        return self

    @property
    def name(self) -> str:
        """Last part of the URL."""
        return self.url.rstrip("/").rpartition("/")[2]

    @property
    def protocol(self) -> str:
        """Protocol of the URL, in lower case."""
        return self._parts()[0]

    def files(self) -> Iterator[tuple[str, RemoteFile]]:
        """The files below the URL, each with its path relative to it; the file itself if the URL names one.

        Raises:
            InputError: It does not exist, access is refused, or a package is missing.
        """
        try:
            system = file_system(self.protocol)
            root = self._root(system)
            # A listing also finds that a bucket is missing or refused; asking for its name alone may not.
            found: Mapping[str, Any] = system.find(root, detail=True)
            if set(found) <= {root}:
                # Only a direct question tells the properties of a single file.
                about = system.info(root)
                found = {root: about} if about["type"] == "file" else {}
        except InputError:
            raise
        except Exception as error:  # the libraries of storages raise any error
            raise InputError(f"{self}: {_reason(error, 'is missing; check the name')}") from error
        for path, about in found.items():
            # The first part of a path, such as the bucket, does not matter below the root.
            relative = path.removeprefix(root).strip("/") or self.name
            tag = next((name for name in (*CONTENT_TAGS, *TIMES) if about.get(name)), "")
            yield relative, RemoteFile(self.protocol, path, about.get("size"), tag, str(about.get(tag, "")))

    def _parts(self) -> tuple[str, str]:
        match = URL.fullmatch(self.url)
        if match is None:
            raise InputError(f"{self.url}: is no URL; write it as PROTOCOL://PLACE")
        return match[1].lower(), match[2]

    def _root(self, system: Any) -> str:
        # Stores of obstore take BUCKET/KEY, in which no character has a meaning of its own.
        if type(system).__module__.startswith("obstore"):
            return self._parts()[1].strip("/")
        return str(system._strip_protocol(self.url)).rstrip("/")


@dataclass(frozen=True, slots=True)
class RemoteFile:
    """A file as a storage lists it.

    Attributes:
        protocol: Protocol of its URL.
        path: Its path in the storage.
        size: In bytes; None if the storage does not say.
        tag: Name of the property that tells versions of the file apart; empty if there is none.
        value: Its value.
    """

    protocol: str
    path: str
    size: int | None
    tag: str
    value: str

    @property
    def name(self) -> str:
        """Last part of the path."""
        return self.path.rpartition("/")[2]

    @property
    def stamp(self) -> str:
        """Identifies this version of the file, in hexadecimal; empty if the storage tells nothing that does."""
        if not self.tag:
            return ""
        return hashlib.sha256(f"{self.tag} {self.value} {self.size}".encode()).hexdigest()

    def read(self, limit: int) -> bytes:
        """At most ``limit + 1`` bytes from its start.

        Raises:
            DocumentError: It cannot be read, or is another version than the one that was listed.
        """
        if self.size == 0:
            return b""  # which has no range of bytes to ask for
        try:
            system = file_system(self.protocol)
            end = limit + 1 if self.size is None else min(self.size, limit) + 1
            raw: bytes = system.cat_file(self.path, start=0, end=end)
            system.invalidate_cache()
            about = system.info(self.path)
        except InputError as error:
            raise DocumentError(str(error)) from error
        except Exception as error:
            raise DocumentError(_reason(error, "was removed while the files were read")) from error
        # Listings and questions for one file may write times in different ways.
        tag = about.get(self.tag) if self.tag in CONTENT_TAGS else None
        if (tag and str(tag) != self.value) or (self.size is not None and len(raw) != min(self.size, limit + 1)):
            raise DocumentError(CHANGED)
        return raw


#: A local file or folder, or one of a remote storage.
Location = Path | RemoteFolder


def location(given: Location | str) -> Location:
    """The path that is given, or the folder that a URL names.

    Raises:
        InputError: See ``RemoteFolder``.
    """
    return RemoteFolder(given) if isinstance(given, str) and URL.fullmatch(given) else _path(given)


def _path(given: Location | str) -> Location:
    return given if isinstance(given, RemoteFolder) else Path(given)


@cache
def file_system(protocol: str) -> Any:
    """The file system of a protocol: a store of ``obstore`` for object storage if it is installed, else fsspec's own.

    Credentials and addresses come from the environment, as the library of the storage takes them. An address without
    encryption is used only if it is stated there.

    Raises:
        InputError: The protocol is unknown, or a package is missing.
    """
    import fsspec

    if protocol in OBJECT_STORES and find_spec("obstore"):
        from obstore.fsspec import FsspecStore

        store: Any = FsspecStore  # its overloads take only literal protocols
        return store(
            protocol,
            client_options={
                "connect_timeout": f"{CONNECT}s",
                "timeout": f"{REQUEST}s",
                "allow_http": any(
                    value.startswith("http://") for name, value in os.environ.items() if "ENDPOINT" in name
                ),
            },
            retry_config={"max_retries": 3, "retry_timeout": timedelta(seconds=ATTEMPTS)},
            skip_instance_cache=True,
        )
    try:
        return fsspec.filesystem(protocol, use_listings_cache=False, skip_instance_cache=True)
    except ImportError as error:
        extra = "rag[s3]" if protocol in OBJECT_STORES else f"what fsspec needs for it ({first_line(error)})"
        raise InputError(f"{protocol}://: a package is missing; install {extra}") from error
    except ValueError as error:
        raise InputError(
            f"{protocol}://: unknown protocol; name a folder, or a URL such as s3://BUCKET/FOLDER"
        ) from error


def _reason(error: Exception, missing: str) -> str:
    """What went wrong, without the addresses in the message: they may hold a signature."""
    text = str(error)
    if isinstance(error, FileNotFoundError) or any(mark in text for mark in MISSING):
        return missing
    if isinstance(error, PermissionError) or any(mark in text for mark in REFUSED):
        return "access is refused; check the credentials in the environment, and that they may list and read"
    line = re.sub(r"\S+://\S+", "URL", first_line(error))
    return f"cannot be read ({line[:200]}); check the address and the network"
