"""The contract of a file format."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Protocol

from ..types import Document


@dataclass(frozen=True, slots=True)
class Remark:
    """A message to the user about a document, or about a skipped part of a file.

    Attributes:
        document_id: Id of the document or part.
        text: One line without the id: the problem and the remedy.
        incomplete: True if text of the document could not be read.
    """

    document_id: str
    text: str
    incomplete: bool = False


@dataclass(frozen=True, slots=True)
class Parsed:
    """A parsed file.

    Attributes:
        documents: In the order of the file; each id starts with the file's id.
        skipped: Unreadable parts (members of an archive, rows of a table), and why.
        warnings: Documents read incompletely or with a guess.
    """

    documents: list[Document]
    skipped: list[Remark] = field(default_factory=list)
    warnings: list[Remark] = field(default_factory=list)


class Format(Protocol):
    """Parses the bytes of one kind of file."""

    def __call__(self, document_id: str, raw: bytes) -> Parsed:
        """Parse a file.

        Args:
            document_id: Path of the file, relative to the indexed folder.
            raw: Its bytes; not empty.

        Raises:
            DocumentError: The bytes do not match the format; one line, without the file's name.
        """
