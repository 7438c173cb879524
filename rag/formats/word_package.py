"""The parts of a Word package that hold text, found by their relationships (ISO/IEC 29500-2).

Read without python-docx, which refuses templates, styles without a type, and packages that lack any part they name.
"""

from __future__ import annotations

import posixpath
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import unquote

from ..errors import DocumentError

if TYPE_CHECKING:
    from lxml.etree import _Element as Element

DAMAGED = "is damaged or not a DOCX file; open it in Word or LibreOffice and save it again"

WORD = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
MATH = "{http://schemas.openxmlformats.org/officeDocument/2006/math}"
RELATION = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}"

#: Namespaces of files saved as "Strict Open XML", and the usual ones for the same elements.
STRICT = {
    b"http://purl.oclc.org/ooxml/wordprocessingml/main": WORD[1:-1].encode(),
    b"http://purl.oclc.org/ooxml/officeDocument/math": MATH[1:-1].encode(),
    b"http://purl.oclc.org/ooxml/officeDocument/relationships": RELATION[1:-1].encode(),
}


@dataclass(frozen=True, slots=True)
class Relation:
    """A part that another one refers to.

    Attributes:
        id: The name by which the other part refers to it.
        kind: The last word of its type, such as ``styles``.
        path: Its path in the package.
    """

    id: str
    kind: str
    path: str


class WordPackage:
    """The main part of a package and the parts that it refers to."""

    def __init__(self, package: zipfile.ZipFile) -> None:
        """Find the main part.

        Raises:
            DocumentError: There is none.
        """
        self._package = package
        # Writers disagree on the case of names and on the leading slash.
        self._names = {name.lower().lstrip("/"): name for name in package.namelist()}
        main = next((each.path for each in self._relations("") if each.kind == "officeDocument"), None)
        if main is None:
            raise DocumentError(DAMAGED)
        self.main = self.xml(main)
        self.relations = {each.id: each for each in self._relations(main)}

    def of_kind(self, kind: str) -> Iterator[Element]:
        """The parts of a kind, parsed; those that are missing are left out."""
        for each in self.relations.values():
            if each.kind == kind and each.path.lower() in self._names:
                yield self.xml(each.path)

    def read(self, path: str) -> bytes | None:
        """The bytes of a part; None if it is missing."""
        name = self._names.get(path.lower())
        return None if name is None else self._package.read(name)

    def xml(self, path: str) -> Element:
        """A part, parsed.

        Raises:
            DocumentError: It is missing, is empty, or has a document type, which packages must not have.
            lxml.etree.XMLSyntaxError: It is not XML.
        """
        from lxml import etree

        source = self.read(path)
        if source is None:
            raise DocumentError(DAMAGED)
        for strict, usual in STRICT.items():
            source = source.replace(strict, usual)
        parser = etree.XMLParser(
            resolve_entities=False, no_network=True, load_dtd=False, remove_comments=True, remove_pis=True
        )
        root = etree.fromstring(source, parser)
        # Entities in a document type can expand to gigabytes.
        if root.getroottree().docinfo.internalDTD is not None:
            raise DocumentError(DAMAGED)
        return root

    def _relations(self, source: str) -> Iterator[Relation]:
        """The parts of this package that a part refers to; the package itself for an empty path."""
        folder, name = posixpath.split(source)
        path = posixpath.join(folder, "_rels", f"{name}.rels")
        if path.lower() not in self._names:
            return
        for each in self.xml(path).iterfind("{*}Relationship"):
            if each.get("TargetMode") != "External":
                target = posixpath.normpath(posixpath.join("/", folder, unquote(each.get("Target") or "")))
                yield Relation(each.get("Id") or "", (each.get("Type") or "").rpartition("/")[2], target.lstrip("/"))
