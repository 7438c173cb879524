"""XLSX: each sheet of a workbook is a document, ``book.xlsx#2``; its cells are places.

openpyxl opens the workbook and decodes the cells. Formulas give the values that the spreadsheet program stored. A cell
merged over rows counts for each of them. Hidden sheets, comments, pictures, charts, diagrams, text boxes, embedded
objects, page headers and footers are not read.
"""

from __future__ import annotations

import re
import warnings
import zipfile
from bisect import bisect_right
from collections import Counter
from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from io import BytesIO
from typing import Any

from ..errors import DocumentError
from ..types import Document, name_title
from .base import Parsed
from .blocks import Blocks
from .core_properties import core_properties
from .number_format import shown
from .sanitize import one_line
from .sheet_text import Cell, Sheet, add_sheet
from .unread import unread
from .zip_package import OLE, open_package

STRICT = b"http://purl.oclc.org/ooxml/spreadsheetml/main"
MARGINS = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}headerFooter"
#: Where its left, middle and right parts begin; fonts, and dates and names that the program fills in.
MARGIN_PART = re.compile(r"&[LCR]")
MARGIN_CODE = re.compile(r'&(?:"[^"]*"|\d+|K[0-9A-F]{6}|[A-BD-KMOQS-Z])')
#: A part that only counts pages, such as ``Page &P of &N``.
PAGE_NUMBER = re.compile(
    r"(?:(?:page|seite|p[aá]gina|pagina|strona|sida|side|oldal|стр\w*|p|pg|s)?\.? ?&P(?:[+-]\d+)?)?"
    r"(?: ?(?:of|von|de|di|sur|van|av|af|z|из|/)? ?&N)?",
    re.IGNORECASE,
)
#: Names that programs give to sheets.
DEFAULT_NAME = re.compile(r"(?:sheet|tabelle|feuil|hoja|foglio|planilha|blad|ark|лист|工作表) ?\d*", re.IGNORECASE)

#: What counts as not read, by the name of the part and the start of the element.
UNREAD = (
    ("comment", re.compile(r"xl/comments.*\.xml"), re.compile(rb"<(?:\w+:)?comment[\s>]")),
    ("text box", re.compile(r"xl/drawings/drawing\d*\.xml"), re.compile(rb"<(?:\w+:)?txBody[\s>]")),
    ("chart", re.compile(r"xl/charts/chart(?:Ex)?\d*\.xml"), None),
    ("picture", re.compile(r"xl/media/.+"), None),
    ("diagram", re.compile(r"xl/diagrams/data\d*\.xml"), None),
    ("embedded object", re.compile(r"xl/embeddings/.+"), None),
)
#: Characters that XML cannot hold, as the format writes them.
ESCAPED = re.compile(r"_x([0-9A-Fa-f]{4})_")


def read_xlsx(document_id: str, raw: bytes) -> Parsed:
    """The sheets; title, author and date come from the file's properties."""
    if raw.startswith(OLE):
        raise DocumentError("is protected by a password, or an old .xls file; save it as .xlsx without a password")
    with open_package(raw, "XLSX") as package:
        try:
            if STRICT in package.read("xl/workbook.xml"):
                raise DocumentError("is a Strict Open XML file; save it as an ordinary Excel workbook (.xlsx)")
            return _read(document_id, raw, package)
        except (DocumentError, MemoryError):
            raise
        except Exception as error:
            # openpyxl raises many kinds of errors on a damaged package.
            raise DocumentError(
                "is damaged or not an XLSX file; open it in Excel or LibreOffice and save it again"
            ) from error


def _read(document_id: str, raw: bytes, package: zipfile.ZipFile) -> Parsed:
    import openpyxl

    properties = core_properties(package)
    documents = []
    unread_counts = Counter(_unread_parts(package))
    unstored = 0
    with warnings.catch_warnings():
        # About features of the workbook that openpyxl would not save again.
        warnings.simplefilter("ignore")
        book: Any = openpyxl.load_workbook(BytesIO(raw), read_only=True, data_only=True, keep_links=False)
        for number, name in enumerate(book.sheetnames, start=1):
            worksheet = book[name]
            if worksheet.sheet_state != "visible":
                unread_counts["hidden sheet"] += 1
            elif hasattr(worksheet, "iter_rows"):  # not a sheet that is a chart
                sheet, missing, margins = _cells(worksheet)
                unstored += missing
                unread_counts += margins
                documents.append(_document(f"{document_id}#{number}", name, sheet, properties))
    remarks = [
        *unread(document_id, {"formula, without a stored value": unstored}, "open the file in Excel and save it"),
        *unread(document_id, unread_counts),
    ]
    return Parsed(documents, warnings=remarks)


def _document(document_id: str, name: str, sheet: Sheet, properties: dict[str, object]) -> Document:
    blocks = Blocks()
    add_sheet(blocks, sheet)
    names = [str(properties.get("title") or ""), "" if DEFAULT_NAME.fullmatch(name) else one_line(name)]
    title = ": ".join(filter(None, names)) or name_title(document_id)
    metadata = {**properties, "sheet": one_line(name)}
    return Document(document_id, blocks.text(), title, metadata=metadata, places=tuple(blocks.places))


def _unread_parts(package: zipfile.ZipFile) -> Iterator[str]:
    """What the package holds beside the cells, a noun for each."""
    for part in package.namelist():
        for noun, name, element in UNREAD:
            if name.fullmatch(part):
                yield from [noun] * (len(element.findall(package.read(part))) if element else 1)


def _cells(worksheet: Any) -> tuple[Sheet, int, Counter[str]]:
    """The cells of a sheet, the number of formulas whose value is not stored, and those of page headers and footers."""
    from defusedxml.ElementTree import iterparse
    from openpyxl.cell.read_only import ReadOnlyCell
    from openpyxl.utils.cell import range_boundaries
    from openpyxl.worksheet._reader import FORMULA_TAG, MERGE_TAG, ROW_TAG, WorkSheetParser

    book = worksheet.parent
    missing = 0
    margins: Counter[str] = Counter()
    sheet = Sheet()
    merged: list[tuple[int, int, int, int]] = []
    with worksheet._get_source() as source:
        # Its own loop over the file also decodes what is not needed, and fails where that is invalid.
        decoder = WorkSheetParser(
            source, worksheet._shared_strings, data_only=True, epoch=book.epoch,
            date_formats=book._date_formats, timedelta_formats=book._timedelta_formats,
        )  # fmt: skip
        for _, element in iterparse(source):
            if element.tag == ROW_TAG:
                number, values = decoder.parse_row(element)
                row = sheet.rows.setdefault(number, {})
                for value, source_cell in zip(values, element, strict=True):
                    if value["value"] is None:
                        missing += source_cell.find(FORMULA_TAG) is not None
                    elif (cell := _cell(ReadOnlyCell(worksheet, **value))).text:
                        row[value["column"]] = cell
                element.clear()
            elif element.tag == MERGE_TAG:
                merged += [range_boundaries(each.get("ref")) for each in element]
            elif element.tag == MARGINS:
                for each in element:
                    kind = "page header" if each.tag.endswith("Header") else "page footer"
                    margins[kind] += _has_words(each.text or "")
    _merge(sheet, merged)
    return sheet, missing, margins


def _has_words(margin: str) -> bool:
    """True if a page header or footer has words that no program fills in."""
    parts = (MARGIN_CODE.sub("", part).strip() for part in MARGIN_PART.split(margin))
    return not all(map(PAGE_NUMBER.fullmatch, parts))


def _cell(cell: Any) -> Cell:
    value = cell.value
    is_date = isinstance(value, date | datetime | time | timedelta)
    text = shown(value, cell.number_format)
    if isinstance(value, str):
        text = ESCAPED.sub(lambda found: chr(int(found[1], 16)), text)
    # Soft hyphens are invisible, and would hide words from the search.
    text = one_line(text.replace("\xad", ""))
    return Cell(cell.coordinate, text, isinstance(value, str), is_date, bool(cell.font.b))


def _merge(sheet: Sheet, merged: list[tuple[int, int, int, int]]) -> None:
    """Note the columns that merged cells span, and repeat those that span rows in each of their rows."""
    by_column: dict[int, list[tuple[int, int]]] = {}
    for left, top, right, bottom in sorted(merged, key=lambda each: each[1]):
        if right > left:
            sheet.spans[top, left] = right
        if bottom > top:
            by_column.setdefault(left, []).append((top, bottom))
    for number, row in sheet.rows.items():
        for column, extents in by_column.items():
            at = bisect_right(extents, number, key=lambda each: each[0]) - 1
            if column not in row and at >= 0 and number <= extents[at][1]:
                first = sheet.rows.get(extents[at][0], {}).get(column)
                if first:
                    row[column] = first
    sheet.rows = {number: dict(sorted(row.items())) for number, row in sorted(sheet.rows.items()) if row}
