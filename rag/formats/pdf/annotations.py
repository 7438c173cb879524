"""Text that a PDF shows on top of a page: values of form fields, and comments.

PDFium's text of a page lacks it. Fields and comments that a viewer hides are left out, and so are passwords.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from typing import Any

from ..sanitize import one_line
from .layout import Rectangle

#: State of a checkbox or radio button, as word processors print it.
CHECKED, UNCHECKED = "☒", "☐"


@dataclass(frozen=True, slots=True)
class Annotation:
    """Text shown in a rectangle on top of a page.

    Attributes:
        text: One line, not blank.
        rectangle: Where it is.
        is_field: True for the value of a form field, False for a comment.
    """

    text: str
    rectangle: Rectangle
    is_field: bool


def annotations_of(pdf: Any, page: Any, printed: str) -> list[Annotation]:
    """The texts of a page's fields and comments, from top to bottom.

    Args:
        pdf: The document; its form must be initialized before the page is loaded.
        page: The page.
        printed: The page's own text. Some viewers make the highlighted words the comment on them; they are left out.
    """
    found = _annotations(pdf, page, one_line(printed))
    return sorted(found, key=lambda each: (-each.rectangle.top, each.rectangle.left))


def _annotations(pdf: Any, page: Any, printed: str) -> Iterator[Annotation]:
    from pypdfium2 import raw as pdfium

    invisible = pdfium.FPDF_ANNOT_FLAG_HIDDEN | pdfium.FPDF_ANNOT_FLAG_NOVIEW
    without_text = (pdfium.FPDF_ANNOT_LINK, pdfium.FPDF_ANNOT_POPUP)
    markup = (
        pdfium.FPDF_ANNOT_HIGHLIGHT,
        pdfium.FPDF_ANNOT_UNDERLINE,
        pdfium.FPDF_ANNOT_SQUIGGLY,
        pdfium.FPDF_ANNOT_STRIKEOUT,
    )
    for number in range(pdfium.FPDFPage_GetAnnotCount(page)):
        handle = pdfium.FPDFPage_GetAnnot(page, number)
        if not handle:
            continue
        with closing(_Handle(handle)):
            kind = pdfium.FPDFAnnot_GetSubtype(handle)
            rectangle = _rectangle(handle)
            if rectangle is None or kind in without_text or pdfium.FPDFAnnot_GetFlags(handle) & invisible:
                continue
            is_field = kind == pdfium.FPDF_ANNOT_WIDGET
            if is_field:
                text = _value(pdf.formenv, handle) if pdf.formenv else ""
            elif pdfium.FPDFAnnot_HasKey(handle, b"StateModel"):  # the state of a review, such as "Accepted"
                text = ""
            else:
                text = _string(lambda *out, at=handle: pdfium.FPDFAnnot_GetStringValue(at, b"Contents", *out))
            text = one_line(text)
            if text and not (kind in markup and text in printed):
                yield Annotation(text, rectangle, is_field)


def fields_of(page: Any) -> list[Rectangle]:
    """Where the form fields of a page are, filled or not."""
    from pypdfium2 import raw as pdfium

    found = []
    for number in range(pdfium.FPDFPage_GetAnnotCount(page)):
        if handle := pdfium.FPDFPage_GetAnnot(page, number):
            with closing(_Handle(handle)):
                if pdfium.FPDFAnnot_GetSubtype(handle) == pdfium.FPDF_ANNOT_WIDGET:
                    found.append(_rectangle(handle))
    return [each for each in found if each]


class _Handle:
    """An annotation that PDFium has opened."""

    def __init__(self, handle: Any) -> None:
        self._handle = handle

    def close(self) -> None:
        from pypdfium2 import raw as pdfium

        pdfium.FPDFPage_CloseAnnot(self._handle)


def _rectangle(handle: Any) -> Rectangle | None:
    """Where an annotation is; None if it does not say."""
    from pypdfium2 import raw as pdfium

    found = pdfium.FS_RECTF()
    if not pdfium.FPDFAnnot_GetRect(handle, found):
        return None
    left, right = sorted((found.left, found.right))
    bottom, top = sorted((found.bottom, found.top))
    return Rectangle(left, bottom, right, top)


def _value(form: Any, handle: Any) -> str:
    """What a form field shows; empty if it is empty, a password, a button or a signature."""
    from pypdfium2 import raw as pdfium

    kind = pdfium.FPDFAnnot_GetFormFieldType(form, handle)
    if kind in (pdfium.FPDF_FORMFIELD_CHECKBOX, pdfium.FPDF_FORMFIELD_RADIOBUTTON):
        return CHECKED if pdfium.FPDFAnnot_IsChecked(form, handle) else UNCHECKED
    if kind in (pdfium.FPDF_FORMFIELD_COMBOBOX, pdfium.FPDF_FORMFIELD_LISTBOX):
        labels = (
            _string(lambda *out, at=number: pdfium.FPDFAnnot_GetOptionLabel(form, handle, at, *out))
            for number in range(pdfium.FPDFAnnot_GetOptionCount(form, handle))
            if pdfium.FPDFAnnot_IsOptionSelected(form, handle, number)
        )
        if chosen := ", ".join(labels):
            return chosen
    elif kind != pdfium.FPDF_FORMFIELD_TEXTFIELD:
        return ""
    if pdfium.FPDFAnnot_GetFormFieldFlags(form, handle) & pdfium.FPDF_FORMFLAG_TEXT_PASSWORD:
        return ""
    return _string(lambda *out: pdfium.FPDFAnnot_GetFormFieldValue(form, handle, *out))


def _string(read: Callable[..., int]) -> str:
    """The string that a function of PDFium writes as UTF-16 into a buffer; it returns the size in bytes."""
    size = read(None, 0)
    if size <= 2:  # the final zero
        return ""
    buffer = (ctypes.c_ushort * (size // 2))()
    read(buffer, size)
    return bytes(buffer)[: size - 2].decode("utf-16-le", "replace")
