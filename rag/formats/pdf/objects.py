"""The objects that a PDF page draws, also those in its forms (PDF's groups of objects)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pypdfium2 import PdfMatrix

#: Most forms in each other; those within are left out.
MAX_DEPTH = 14


def page_objects(page: Any) -> Iterator[tuple[Any, int, PdfMatrix | None]]:
    """The objects of a page in the order of drawing.

    ``PdfPage.get_objects`` takes several times as long, and does not say where the objects of a form are.

    Returns:
        For each, PDFium's handle, its type (``FPDF_PAGEOBJ_...``), and the transformation to the page; None for one
        that is not in a form. A form comes before its objects.
    """
    yield from _objects(page, None, 0)


def own_matrix(found: Any, outer: PdfMatrix | None) -> PdfMatrix:
    """The transformation of an object, followed by another one."""
    import pypdfium2
    from pypdfium2 import raw as pdfium

    own = pdfium.FS_MATRIX()
    pdfium.FPDFPageObj_GetMatrix(found, own)
    matrix = pypdfium2.PdfMatrix.from_raw(own)
    return matrix.multiply(outer) if outer else matrix


def _objects(container: Any, matrix: PdfMatrix | None, depth: int) -> Iterator[tuple[Any, int, PdfMatrix | None]]:
    from pypdfium2 import raw as pdfium

    count, get = pdfium.FPDFPage_CountObjects, pdfium.FPDFPage_GetObject
    if depth:
        count, get = pdfium.FPDFFormObj_CountObjects, pdfium.FPDFFormObj_GetObject
    kind_of, form = pdfium.FPDFPageObj_GetType, pdfium.FPDF_PAGEOBJ_FORM
    for number in range(count(container)):
        found = get(container, number)
        kind = kind_of(found)
        yield found, kind, matrix
        if kind == form and depth < MAX_DEPTH:
            yield from _objects(found, own_matrix(found, matrix), depth + 1)
