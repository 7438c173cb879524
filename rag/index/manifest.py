"""The manifest of an index version: how it was made, and a checksum of every file."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Self

import xxhash

from ..embedding.encoder import Encoder
from ..errors import IndexDamaged, IndexMismatch

FORMAT = 3
MANIFEST = "manifest.json"

#: Bytes read at a time.
BLOCK = 1 << 22

REMEDY = "repair it with `rag verify --repair`"


@dataclass(frozen=True, slots=True)
class Manifest:
    """Description of an index version.

    Attributes:
        format: Version of the folder's layout; other versions are refused.
        created: Seconds since 1970, UTC.
        embedder, fingerprint, dimension: The model that made the vectors.
        chunking: Chunk settings by name.
        sources: Indexed paths.
        documents, passages: Counts.
        search: Kind of vector search; for an approximate index also its measured recall.
        limits: What reading a file could take in the run that made the version, by name; see ``FileLimits``. Empty if
            there was no limit.
        follow_links: Whether files outside the indexed paths were read that links lead to.
        reading: The ``rag.formats.READING`` with which the files were read; 0 for older indexes.
        store: Where the index is, if not in the folder: ``address`` (without a credential), ``id`` of the index,
            ``version`` of its rows, ``collection`` of its passages and number of their ``terms``. Empty for an index in
            the folder.
        files: XXH3 checksum (128 bits, hexadecimal) of each file, by its path in the version folder.
    """

    format: int
    created: float
    embedder: str
    fingerprint: str
    dimension: int
    chunking: dict[str, int | str]
    sources: list[str]
    documents: int
    passages: int
    search: Mapping[str, object]
    limits: Mapping[str, int] = field(default_factory=dict)
    follow_links: bool = False
    reading: int = 0
    store: Mapping[str, Any] = field(default_factory=dict)
    files: dict[str, str] = field(default_factory=dict)

    @classmethod
    def read(cls, version: Path) -> Self:
        """Read the manifest of a version folder.

        Raises:
            IndexMismatch: It has another format.
            IndexDamaged: It is missing or unreadable.
        """
        path = version / MANIFEST
        try:
            stored = json.loads(path.read_text(encoding="utf-8"))
            # The first format had no checksum around it.
            values = stored.get("manifest", stored)
            found = values["format"]
            if found == FORMAT:
                if stored["checksum"] != _text_checksum(values):
                    raise ValueError("its checksum differs")
                return cls(**values)
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            raise IndexDamaged(f"{path}: missing or damaged; {REMEDY}") from error
        raise IndexMismatch(
            f"{version.parent}: the index has format {found}, this version of rag reads format {FORMAT}; "
            f"build it again with `rag index`"
        )

    def write(self, version: Path) -> None:
        """Write the manifest to a version folder."""
        values = asdict(self)
        stored = {"manifest": values, "checksum": _text_checksum(values)}
        (version / MANIFEST).write_text(json.dumps(stored, indent=1) + "\n", encoding="utf-8")

    @staticmethod
    def sources_of(version: Path) -> list[str]:
        """The indexed paths of a version of any format; empty if unknown."""
        try:
            stored = json.loads((version / MANIFEST).read_text(encoding="utf-8"))
            return [str(source) for source in stored.get("manifest", stored)["sources"]]
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            return []

    @staticmethod
    def embedder_of(version: Path) -> str:
        """Name or path of the embedder of a version of any format; empty if unknown."""
        return Manifest._text(version, "embedder")

    @staticmethod
    def fingerprint_of(version: Path) -> str:
        """Fingerprint of the embedder of a version of any format; empty if unknown."""
        return Manifest._text(version, "fingerprint")

    @staticmethod
    def _text(version: Path, name: str) -> str:
        try:
            stored = json.loads((version / MANIFEST).read_text(encoding="utf-8"))
            return str(stored.get("manifest", stored)[name])
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            return ""

    def check_files(self, version: Path) -> None:
        """Check every file against its checksum.

        Raises:
            IndexDamaged: A file is missing or damaged; names the first.
        """
        for problem in self.damaged_files(version).values():
            raise IndexDamaged(f"{problem}; {REMEDY}")

    def damaged_files(self, version: Path) -> dict[str, str]:
        """Missing and damaged files by name, each with a one-line description."""
        found = _checksums([version / name for name in self.files])
        return {
            name: f"{version / name}: this file of the index "
            f"{'is missing' if checksum is None else 'is damaged (its checksum differs)'}"
            for (name, expected), checksum in zip(self.files.items(), found, strict=True)
            if checksum != expected
        }

    def check_encoder(self, folder: Path, encoder: Encoder) -> None:
        """Check that an encoder is the one that made the vectors.

        Raises:
            IndexMismatch: It is not.
        """
        given = (encoder.name, encoder.fingerprint, encoder.dimension)
        if (self.fingerprint, self.dimension) != given[1:]:
            raise IndexMismatch(
                f"{folder}: made with the embedder {self.embedder!r} ({self.fingerprint}, {self.dimension} dimensions),"
                f" opened with {given[0]!r} ({given[1]}, {given[2]} dimensions); open it with the first, or rebuild it"
            )


def hash_files(version: Path) -> dict[str, str]:
    """Checksums of all files in a version folder, by path relative to the folder."""
    files = sorted(path for path in version.rglob("*") if path.is_file() and path.name != MANIFEST)
    found = _checksums(files)
    return {
        path.relative_to(version).as_posix(): checksum
        for path, checksum in zip(files, found, strict=True)
        if checksum is not None
    }


def _checksums(files: list[Path]) -> list[str | None]:
    """Checksums of files, computed in parallel; None for an unreadable file."""
    with ThreadPoolExecutor(max_workers=min(4, os.cpu_count() or 1)) as pool:
        return list(pool.map(_checksum, files))


def _checksum(path: Path) -> str | None:
    """XXH3 of a file, in hexadecimal; None if it is unreadable."""
    digest = xxhash.xxh3_128()
    try:
        with path.open("rb", buffering=0) as file:
            while block := file.read(BLOCK):
                digest.update(block)
    except OSError:
        return None
    return digest.hexdigest()


def _text_checksum(values: Mapping[str, object]) -> str:
    return xxhash.xxh3_128_hexdigest(json.dumps(values, sort_keys=True).encode())
