"""The contract of a format: from a file's bytes to its documents."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Protocol

from ..types import Document


@dataclass(frozen=True, slots=True)
class Remark:
    """Something to tell the user about a document, or about a part of a file that became none.

    Attributes:
        document_id: Which.
        text: One line without the id: what is the matter, and what to do.
    """

    document_id: str
    text: str


@dataclass(frozen=True, slots=True)
class Parsed:
    """What became of a file.

    Attributes:
        documents: In the order of the file. The id of each begins with the file's.
        skipped: Parts of it (files in an archive, rows of a table) that could not be read, and why.
        warnings: What was read, but not as surely or as wholly as one might think.
    """

    documents: list[Document]
    skipped: list[Remark] = field(default_factory=list)
    warnings: list[Remark] = field(default_factory=list)


class Format(Protocol):
    """How the bytes of one kind of file become documents."""

    def __call__(self, document_id: str, raw: bytes) -> Parsed:
        """The documents.

        Args:
            document_id: Of the file: its path relative to the indexed folder.
            raw: Its bytes; not empty.

        Raises:
            DocumentError: The bytes are not what the suffix promises; one line, without the file's name.
        """
