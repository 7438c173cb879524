"""Formats that are zip files inside (DOCX, EPUB): opened so that none can fill the memory."""

from __future__ import annotations

import zipfile
from io import BytesIO

from ..errors import DocumentError

#: Bytes that the parts of a package may unpack to: all of them, and those of XML, whose trees take ten times as much.
MAX_UNPACKED, MAX_XML = 1_000_000_000, 100_000_000
XML_SUFFIXES = (".xml", ".rels", ".xhtml", ".html", ".htm", ".opf", ".ncx")

#: How the container of old Office files begins, in which new ones are put when they get a password.
OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"


def open_package(raw: bytes, kind: str) -> zipfile.ZipFile:
    """The package; reading a part of it gives at most as many bytes as were checked here.

    Args:
        raw: The file.
        kind: What it should be, for the message: ``DOCX``.

    Raises:
        DocumentError: It is no zip file, is damaged, or would unpack to too much.
    """
    try:
        package = zipfile.ZipFile(BytesIO(raw))
        parts = package.infolist()
    except (zipfile.BadZipFile, ValueError, NotImplementedError, OSError) as error:
        raise DocumentError(f"is damaged, or no {kind}: it is no zip file inside; save it as {kind} again") from error
    # zipfile never gives more of a part than the directory says that there is.
    for what, most, sizes in (
        ("it", MAX_UNPACKED, [part.file_size for part in parts]),
        ("its XML", MAX_XML, [part.file_size for part in parts if part.filename.lower().endswith(XML_SUFFIXES)]),
    ):
        if sum(sizes) > most:
            raise DocumentError(
                f"{what} would unpack to {sum(sizes) / 1e6:,.0f} MB; the limit is {most / 1e6:,.0f} MB, "
                f"so it may be a zip bomb: split it if it is not"
            )
    return package
