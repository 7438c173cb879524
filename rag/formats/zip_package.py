"""Opening zip-based formats (DOCX, XLSX, PPTX, ODT, EPUB) with limits on their unpacked size."""

from __future__ import annotations

import zipfile
from io import BytesIO

from ..errors import DocumentError

#: Unpacked size limits in bytes: of all parts, and of the XML parts, whose trees take ten times as much memory.
MAX_UNPACKED, MAX_XML = 1_000_000_000, 100_000_000
XML_SUFFIXES = (".xml", ".rels", ".xhtml", ".html", ".htm", ".opf", ".ncx")

#: Signature of the OLE container of old Office files and of password-protected new ones.
OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"


def open_package(raw: bytes, kind: str) -> zipfile.ZipFile:
    """Open a package; its parts cannot be larger than the sizes checked here.

    Args:
        raw: The file.
        kind: Name of the format for messages, such as ``DOCX``.

    Raises:
        DocumentError: It is not a zip file, is damaged, or would unpack to too much.
    """
    try:
        package = zipfile.ZipFile(BytesIO(raw))
        parts = package.infolist()
    except (zipfile.BadZipFile, ValueError, NotImplementedError, OSError) as error:
        raise DocumentError(f"is damaged or not {kind}: not a zip file inside; save it as {kind} again") from error
    # zipfile never reads more of a part than the size in the directory.
    for what, limit, sizes in (
        ("it", MAX_UNPACKED, [part.file_size for part in parts]),
        ("its XML", MAX_XML, [part.file_size for part in parts if part.filename.lower().endswith(XML_SUFFIXES)]),
    ):
        if sum(sizes) > limit:
            raise DocumentError(
                f"{what} would unpack to {sum(sizes) / 1e6:,.0f} MB; the limit is {limit / 1e6:,.0f} MB, "
                f"so it may be a zip bomb; if it is not, split it"
            )
    return package
