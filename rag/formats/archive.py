"""Zip archives, read like folders: every member of a supported format becomes a document.

Nothing is written to disk. The archive's directory is not trusted: names are checked, and bytes are counted while they
are unpacked.
"""

from __future__ import annotations

import lzma
import stat
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import suppress
from io import BytesIO

from ..errors import DocumentError
from ..types import Document
from .base import Parsed, Remark
from .names import suffix_of
from .sanitize import clean
from .unread import unsupported

MAX_MEMBERS = 10_000
#: Total unpacked size limit of all members, in bytes.
MAX_UNPACKED = 1_000_000_000
#: Maximum compression ratio of a member larger than ``SMALL`` bytes. Text compresses 3 to 20 times.
MAX_RATIO, SMALL = 200, 1_000_000

ARCHIVES = tuple(".zip .tar .gz .tgz .bz2 .xz .7z .rar .zst".split())
CHUNK = 1 << 20

UTF8_NAME, ENCRYPTED = 0x800, 0x1


def read_archive(document_id: str, raw: bytes) -> Parsed:
    """The documents in the archive, with ids such as ``archive.zip/path/in/it.md``.

    Hidden files are ignored, and unsupported formats named. Unreadable and unsafe members are skipped with a reason.
    """
    try:
        archive = zipfile.ZipFile(BytesIO(raw))
        members = archive.infolist()
    except (zipfile.BadZipFile, ValueError, NotImplementedError, OSError) as error:
        raise DocumentError("is damaged or not a zip archive; pack it again") from error
    if len(members) > MAX_MEMBERS:
        raise DocumentError(f"holds {len(members):,} files; the limit is {MAX_MEMBERS:,}, so split it or unpack it")
    documents: list[Document] = []
    skipped: list[Remark] = []
    warnings: list[Remark] = []
    reader = _Reader(archive)
    with archive:
        for member, name in _files(members):
            member_id = f"{document_id}/{name.lstrip('/')}"
            try:
                found = reader.read(member, name, member_id)
            except DocumentError as error:
                skipped.append(Remark(member_id, str(error)))
            else:
                documents += found.documents
                skipped += found.skipped
                warnings += found.warnings
    if not documents and not skipped:
        raise DocumentError("holds no file of a supported format")
    others = [name for _, name in _visible(members) if not _is_known(name)]
    return Parsed(documents, skipped, [*warnings, *unsupported(document_id, "file", others)])


def read_member(raw: bytes, path: str) -> bytes:
    """The bytes of one member of an archive, or of a file in it.

    Args:
        raw: The archive.
        path: Path of the member in the archive, as in the ids of its documents.

    Raises:
        DocumentError: There is no such member, or it cannot be unpacked.
    """
    # Circular import: an archive is itself a format.
    from .parsing import read_part

    try:
        with zipfile.ZipFile(BytesIO(raw)) as archive:
            reader = _Reader(archive)
            for member, name in _files(archive.infolist()):
                member_path = name.lstrip("/")
                # If several members share a name, the first that can be unpacked was indexed.
                with suppress(DocumentError):
                    if member_path == path:
                        return reader.unpack(member, name, path)
                    if path.startswith(f"{member_path}/"):
                        return read_part(member_path, reader.unpack(member, name, path), path[len(member_path) + 1 :])
    except (zipfile.BadZipFile, ValueError, NotImplementedError, OSError) as error:
        raise DocumentError("is damaged or not a zip archive; pack it again") from error
    raise DocumentError("is not in the archive, or cannot be unpacked; pack it again and run `rag index`")


def _files(members: list[zipfile.ZipInfo]) -> Iterator[tuple[zipfile.ZipInfo, str]]:
    """The members to read, with their names."""
    return ((member, name) for member, name in _visible(members) if _is_known(name))


def _visible(members: list[zipfile.ZipInfo]) -> Iterator[tuple[zipfile.ZipInfo, str]]:
    """The members that are files and not hidden, with their names."""
    for member in members:
        name = _name(member)
        hidden = any(part.startswith(".") and part not in (".", "..") for part in name.split("/"))
        if not (member.is_dir() or hidden or name.startswith("__MACOSX/")):
            yield member, name


class _Reader:
    """Reads members, and counts the bytes unpacked from all of them."""

    def __init__(self, archive: zipfile.ZipFile) -> None:
        self._archive = archive
        self._unpacked = 0
        self._seen: set[str] = set()

    def read(self, member: zipfile.ZipInfo, name: str, member_id: str) -> Parsed:
        """The documents of one member.

        Raises:
            DocumentError: It is unsafe, cannot be unpacked, or cannot be parsed.
        """
        # Circular import: an archive is itself a format.
        from .parsing import parse

        return parse(member_id, self.unpack(member, name, member_id))

    def unpack(self, member: zipfile.ZipInfo, name: str, member_id: str) -> bytes:
        """The bytes of one member.

        Raises:
            DocumentError: It is unsafe, or cannot be unpacked.
        """
        parts = name.split("/")
        if name.startswith("/") or ".." in parts or parts[0][1:2] == ":":
            raise DocumentError("its name points outside the archive, so it is not unpacked; pack it again")
        if stat.S_ISLNK(member.external_attr >> 16):
            raise DocumentError("is a symbolic link, which is not followed; pack the file itself")
        if member.flag_bits & ENCRYPTED:
            raise DocumentError("is protected by a password; unpack the archive, or pack it without one")
        if suffix_of(name) in ARCHIVES:
            raise DocumentError("is an archive in an archive, which is not supported; unpack it")
        if member_id in self._seen:
            raise DocumentError("is the second file of this name in the archive; give it another")
        self._seen.add(member_id)
        return self._unpack(member, name)

    def _unpack(self, member: zipfile.ZipInfo, name: str) -> bytes:
        from .parsing import max_bytes

        limit = max_bytes(name)
        plausible = max(SMALL, MAX_RATIO * member.compress_size)
        chunks: list[bytes] = []
        size = 0
        try:
            with self._archive.open(member) as stream:
                while chunk := stream.read(CHUNK):
                    chunks.append(chunk)
                    size += len(chunk)
                    self._unpacked += len(chunk)
                    if self._unpacked > MAX_UNPACKED:
                        raise DocumentError(
                            f"the archive unpacks to more than {MAX_UNPACKED / 1e6:,.0f} MB, the limit; split it"
                        )
                    if size > limit:
                        raise DocumentError(f"unpacks to more than {limit / 1e6:,.0f} MB, the limit; split it")
                    if size > plausible:
                        raise DocumentError(
                            f"unpacks to over {MAX_RATIO} times its size, so it may be a zip bomb; unpack it yourself"
                        )
        except DocumentError:  # also a ValueError
            raise
        except NotImplementedError as error:
            raise DocumentError("uses an unsupported compression method; pack it again as a plain zip") from error
        except (zipfile.BadZipFile, zlib.error, lzma.LZMAError, EOFError, OSError, RuntimeError, ValueError) as error:
            raise DocumentError("is damaged in the archive; pack it again") from error
        return b"".join(chunks)


def _name(member: zipfile.ZipInfo) -> str:
    """The member's path, separated by ``/``."""
    name = member.filename
    if not member.flag_bits & UTF8_NAME:
        # Many programs write UTF-8 without setting the flag, and zipfile then decodes it as code page 437.
        with suppress(UnicodeError):
            name = name.encode("cp437").decode("utf-8")
    return clean(name).replace("\\", "/")


def _is_known(name: str) -> bool:
    """True for a supported format, and for an archive, which is skipped with a reason."""
    from .parsing import FORMATS

    return suffix_of(name) in FORMATS or suffix_of(name) in ARCHIVES
