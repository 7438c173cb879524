"""EPUB: the chapters of a book in reading order; headings, else table-of-contents entries, are places.

Pictures, recordings and embedded objects are not read.
"""

from __future__ import annotations

import lzma
import posixpath
import re
import zipfile
import zlib
from collections import Counter
from dataclasses import dataclass, replace
from html.entities import html5
from typing import TYPE_CHECKING
from urllib.parse import unquote

from ..errors import DocumentError
from ..types import Document, Place, name_title
from .base import Parsed, Remark
from .blocks import Blocks
from .html import decode_html, parse_html
from .html_text import add_markup, tag
from .out_of_memory import raise_if_out_of_memory
from .sanitize import iso_date, one_line
from .unread import unread
from .zip_package import open_package

if TYPE_CHECKING:
    from lxml.etree import _Element as Element

DAMAGED = "is damaged or not an EPUB file; convert it to EPUB again, with Calibre for example"

DUBLIN_CORE = "{http://purl.org/dc/elements/1.1/}"
#: What counts as not read, by the name of the element.
UNREAD = {
    "img": "picture", "svg": "picture", "canvas": "picture", "audio": "recording", "video": "recording",
    "object": "embedded object", "embed": "embedded object", "iframe": "embedded object",
}  # fmt: skip
CHAPTERS = ("application/xhtml+xml", "text/html", "application/x-dtbook+xml")
#: Algorithms that only obfuscate fonts.
FONTS_ONLY = ("http://www.idpf.org/2008/embedding", "http://ns.adobe.com/pdf/enc#RC")

#: Entities not defined in XML: HTML's are replaced, the document's own are kept as text.
NAMED_ENTITY = re.compile(r"&(?!#|amp;|lt;|gt;|quot;|apos;)([^\s&;<]{1,60};)")


@dataclass(frozen=True, slots=True)
class _Item:
    """A file in the book's manifest: path in the zip file, media type, and whether it is the table of contents."""

    path: str
    kind: str
    is_contents: bool


def read_epub(document_id: str, raw: bytes) -> Parsed:
    """The text; title, author, date and language come from the book's metadata."""
    with open_package(raw, "EPUB") as package:
        container = _xml(_required(package, "META-INF/container.xml"))
        root_file = next((each.get("full-path") for each in container.iter("{*}rootfile")), None)
        opf_path = unquote(root_file or "")
        opf = _xml(_required(package, opf_path))
        items = {
            each.get("id"): _Item(
                _resolve(opf_path, each.get("href")),
                each.get("media-type") or "",
                "nav" in (each.get("properties") or "").split(),
            )
            for each in opf.iter("{*}item")
        }
        listed = [items.get(reference.get("idref")) for reference in opf.iter("{*}itemref")]
        # The table of contents is navigation, not text.
        chapters = [item for item in listed if item and item.kind in CHAPTERS and not item.is_contents]
        _refuse_encrypted(package, {chapter.path for chapter in chapters})
        names = _names(package, list(items.values()))
        blocks = Blocks()
        warnings: list[Remark] = []
        missing = Counter(
            {
                "chapter, of a format that is not supported": sum(item.kind not in CHAPTERS for item in listed if item),
                "chapter, missing from the book": listed.count(None),
            }
        )
        for chapter in {chapter.path: chapter for chapter in chapters}.values():
            try:
                tree, guesses = _chapter_tree(document_id, chapter.path, _part(package, chapter.path))
            except DocumentError as error:
                warnings.append(Remark(document_id, f"chapter {chapter.path} was left out: {error}", is_unread=True))
                continue
            warnings += guesses
            if tree is not None:
                missing.update(UNREAD[name] for each in tree.iter("{*}*") if (name := tag(each)) in UNREAD)
                _add_chapter(blocks, tree, names.get(chapter.path))
    if warnings and not blocks.length:
        raise DocumentError(DAMAGED)
    metadata = _metadata(opf)
    title = str(metadata.get("title") or name_title(document_id))
    document = Document(document_id, blocks.text(), title, metadata=metadata, places=tuple(blocks.places))
    return Parsed([document], warnings=[*warnings, *unread(document_id, missing)])


class _Missing(DocumentError):
    """A part of the package is missing or cannot be unpacked."""


def _required(package: zipfile.ZipFile, path: str) -> bytes:
    try:
        return _part(package, path)
    except _Missing as error:
        raise DocumentError(DAMAGED) from error


def _part(package: zipfile.ZipFile, path: str) -> bytes:
    try:
        return package.read(path)
    except KeyError as error:
        raise _Missing("it is missing") from error
    except RuntimeError as error:
        raise DocumentError("is protected by a password; save a copy without one") from error
    except (
        zipfile.BadZipFile,
        zlib.error,
        lzma.LZMAError,
        EOFError,
        OSError,
        NotImplementedError,
        ValueError,
    ) as error:
        raise _Missing("it is damaged") from error


def _xml(source: bytes) -> Element:
    from lxml import etree

    # Entities stay unresolved: a few can expand to gigabytes.
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False, recover=True)
    try:
        root = etree.fromstring(source, parser)
    except (etree.XMLSyntaxError, ValueError) as error:
        raise_if_out_of_memory(error)
        raise DocumentError(DAMAGED) from error
    if root is None:
        raise DocumentError(DAMAGED)
    return root


def _resolve(base: str, reference: str | None) -> str:
    """The path in the zip file that a reference in the file ``base`` points to."""
    path = unquote((reference or "").partition("#")[0])
    return posixpath.normpath(posixpath.join(posixpath.dirname(base), path)) if path else ""


def _refuse_encrypted(package: zipfile.ZipFile, chapters: set[str]) -> None:
    try:
        encryption = _xml(_part(package, "META-INF/encryption.xml"))
    except _Missing:
        return
    for data in encryption.iter("{*}EncryptedData"):
        method = next((each.get("Algorithm") for each in data.iter("{*}EncryptionMethod")), None)
        paths = {unquote(each.get("URI") or "") for each in data.iter("{*}CipherReference")}
        if method not in FONTS_ONLY and paths & chapters:
            raise DocumentError("is encrypted (DRM), so its text cannot be read; index a copy without DRM")


def _names(package: zipfile.ZipFile, items: list[_Item]) -> dict[str, str]:
    """Chapter titles from the table of contents, by path."""
    names: dict[str, str] = {}
    read: set[str] = set()
    for item in items:
        # Each file once, however often the manifest names it.
        if item.path in read or not (item.is_contents or item.kind == "application/x-dtbncx+xml"):
            continue
        read.add(item.path)
        try:
            tree = _xml(_part(package, item.path))
        except DocumentError:  # optional
            continue
        if item.is_contents:
            found = [(link.get("href"), "".join(map(str, link.itertext()))) for link in tree.iter("{*}a")]
        else:
            found = [
                (content.get("src"), "".join(map(str, label.itertext())))
                for point in tree.iter("{*}navPoint")
                for label, content in zip(point.findall("{*}navLabel"), point.findall("{*}content"), strict=False)
            ]
        for reference, name in found:
            if one_line(name):
                names.setdefault(_resolve(item.path, reference), one_line(name))
    return names


def _add_chapter(blocks: Blocks, tree: Element, name: str | None) -> None:
    """Add a chapter; without a heading at its start, it gets its title from the table of contents."""
    start, count = blocks.length, len(blocks.places)
    add_markup(blocks, tree)
    if blocks.length > start and name:
        begin = start + len("\n\n") if start else 0
        if len(blocks.places) == count or blocks.places[count].start > begin:
            blocks.places.insert(count, Place(begin, heading=name))


def _chapter_tree(document_id: str, path: str, source: bytes) -> tuple[Element | None, list[Remark]]:
    """Parse as XHTML, else as HTML, where ``<title/>`` would swallow the page; with warnings about the encoding."""
    from lxml import etree

    text, _, found = decode_html(document_id, source)
    warnings = [replace(each, text=f"chapter {path}: {each.text}") for each in found]
    text = re.sub(r"^\s*<\?xml[^>]*\?>", "", text.removeprefix("\ufeff"))
    text = NAMED_ENTITY.sub(lambda match: html5.get(match.group(1), f"&amp;{match.group(1)}"), text)
    parser = etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, remove_comments=True, remove_pis=True
    )
    try:
        return etree.fromstring(text.encode("utf-8", "replace"), parser), warnings
    except etree.XMLSyntaxError:
        return parse_html(text), warnings


def _metadata(opf: Element) -> dict[str, object]:
    def stated(name: str) -> list[str]:
        return [value for each in opf.iter(DUBLIN_CORE + name) if (value := one_line(each.text))]

    found: dict[str, object] = {
        "title": next(iter(stated("title")), ""),
        "author": ", ".join(stated("creator")),
        "date": next((date for value in stated("date") if (date := iso_date(value))), None),
        "language": next(iter(stated("language")), ""),
    }
    return {name: value for name, value in found.items() if value}
