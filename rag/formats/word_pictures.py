"""What a Word document holds besides its text: pictures, charts, diagrams and embedded objects, counted."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection
from typing import TYPE_CHECKING, Any

from .pictures import is_large
from .word_package import WORD

if TYPE_CHECKING:
    from lxml.etree import _Element as Element

DRAWING = "{http://schemas.openxmlformats.org/drawingml/2006/wordprocessingDrawing}"
DRAWINGS = (DRAWING + "inline", DRAWING + "anchor")
PICTURE = "{http://schemas.openxmlformats.org/drawingml/2006/picture}pic"
SHAPE_PICTURE = "{urn:schemas-microsoft-com:vml}imagedata"
DECORATIVE = "{http://schemas.microsoft.com/office/drawing/2017/decorative}decorative"
COUNTED = {
    "{http://schemas.openxmlformats.org/drawingml/2006/chart}chart": "chart",
    "{http://schemas.microsoft.com/office/drawing/2014/chartex}chart": "chart",
    "{http://schemas.openxmlformats.org/drawingml/2006/diagram}relIds": "diagram",
    WORD + "object": "embedded object",
    WORD + "contentPart": "drawing",
    WORD + "subDoc": "inserted file",
}

#: English Metric Units and points in a CSS pixel.
EMU, POINTS = 9_525, 0.75
#: Points in a unit of a shape's style.
UNITS = {"pt": 1.0, "px": 0.75, "in": 72.0, "cm": 28.35, "mm": 2.835}
SIDE = {
    name: re.compile(rf"(?:^|;)\s*{name}\s*:\s*(\d{{1,6}}(?:\.\d+)?)\s*({'|'.join(UNITS)})")
    for name in ("width", "height")
}


def unread_objects(parent: Element, skipped: Collection[str]) -> Counter[str]:
    """The objects in a part that are not read, by noun; of pictures, only large ones that are not marked as decorative.

    Args:
        parent: The body, or the notes.
        skipped: Tags of elements to leave out.
    """
    from lxml import etree

    found: Counter[str] = Counter()
    # For each drawing around an element, whether its pictures count.
    drawings: list[bool] = []
    walk: Any = etree.iterwalk(parent, events=("start", "end"))
    for event, element in walk:
        if element.tag in DRAWINGS:
            drawings.append(_may_hold_text(element)) if event == "start" else drawings.pop()
        elif event == "start":
            if element.tag in skipped or element.tag in COUNTED:
                walk.skip_subtree()
            if noun := COUNTED.get(str(element.tag)):
                found[noun] += 1
            elif element.tag == PICTURE:
                found["picture"] += bool(drawings) and drawings[-1]
            elif element.tag == SHAPE_PICTURE:
                found["picture"] += _is_large_shape(element.getparent())
    return found


def _may_hold_text(drawing: Element) -> bool:
    """True if a drawing is large and not marked as decorative, which is an option in Word."""
    extent, properties = drawing.find(DRAWING + "extent"), drawing.find(DRAWING + "docPr")
    if properties is not None and any(each.get("val") in ("1", "true") for each in properties.iter(DECORATIVE)):
        return False
    sides = [(extent.get(name) or "") if extent is not None else "" for name in ("cx", "cy")]
    width, height = (int(side) / EMU if side.isdecimal() else 0.0 for side in sides)
    return is_large(width, height)


def _is_large_shape(shape: Element | None) -> bool:
    """True if a shape of VML, the older drawing format, is large."""
    style = (shape.get("style") if shape is not None else None) or ""
    sides = [pattern.search(style) for pattern in SIDE.values()]
    width, height = (float(each[1]) * UNITS[each[2]] / POINTS if each else 0.0 for each in sides)
    return is_large(width, height)
