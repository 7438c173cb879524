"""The properties of an Office Open XML file (ISO/IEC 29500-2): title, author and date."""

from __future__ import annotations

import zipfile

from .sanitize import iso_date, one_line

PART = "docProps/core.xml"


def core_properties(package: zipfile.ZipFile) -> dict[str, object]:
    """Title, author and date (modified, else created), as far as they are stated."""
    from lxml import etree

    if PART not in package.namelist():
        return {}
    # Entities stay unresolved: a few can expand to gigabytes.
    parser = etree.XMLParser(resolve_entities=False, no_network=True, recover=True)
    root = etree.fromstring(package.read(PART), parser)
    stated = {} if root is None else {str(each.tag).rpartition("}")[2]: one_line(each.text) for each in root}
    found = {
        "title": stated.get("title"),
        "author": stated.get("creator"),
        "date": iso_date(stated.get("modified")) or iso_date(stated.get("created")),
    }
    return {name: value for name, value in found.items() if value}
