"""Which pictures within a document count as not read.

A picture counts if it is large enough to hold text: icons, bullets, emoji, spacers and small portraits do not. Whether
it does hold text is not looked at, because that would take OCR, which is an extra.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from .html_text import WHITE_SPACE, tag
from .xml_tree import outermost

if TYPE_CHECKING:
    from lxml.etree import _Element as Element

#: Smallest area and side of a picture that counts, in CSS pixels (1/96 inch): 200 x 100 is 5.3 x 2.6 cm, with room for
#: four lines; a strip of one line is 40 high.
MIN_AREA, MIN_SIDE = 20_000, 40

PIXELS = re.compile(r"\s*(\d{1,6})(?:\.\d+)?\s*(?:px)?\s*$")
STYLED = {
    side: re.compile(rf"(?:^|;)\s*{side}\s*:\s*(\d{{1,6}})(?:\.\d+)?px", re.IGNORECASE) for side in ("width", "height")
}


#: Drawings and the texts in them, in HTML and in XHTML.
DRAWINGS = ("svg", "{http://www.w3.org/2000/svg}svg")
TEXTS = ("text", "{http://www.w3.org/2000/svg}text")
#: Attributes of a drawing that say whether it counts.
KEPT = ("width", "height", "style", "role", "hidden", "aria-hidden", "class")


def is_large(width: float, height: float) -> bool:
    """True if a picture of this size may hold text.

    Args:
        width, height: As displayed, in CSS pixels (1/96 inch).
    """
    return width * height >= MIN_AREA and min(width, height) >= MIN_SIDE


def count_pictures(root: Element) -> int:
    """The pictures of a web page that count.

    One without a stated size counts if it has a description (``alt``) or stands in a figure: the HTML standard has
    pages leave the description of decoration empty.
    """
    count = 0
    in_figure: set[Element | None] = set()
    for element in root.iter("{*}*"):
        name = tag(element)
        if name == "figure" or element.getparent() in in_figure:
            in_figure.add(element)
        count += name == "img" and _counts(element, element in in_figure)
    return count


def _counts(image: Element, in_figure: bool) -> bool:
    if (image.get("role") or "").lower() in ("presentation", "none"):
        return False
    sides = [side for name in STYLED if (side := _side(image, name)) is not None]
    if sides:
        # One side stands for the other.
        return is_large(sides[0], sides[-1])
    return in_figure or bool((image.get("alt") or "").strip())


def _side(image: Element, name: str) -> int | None:
    """The width or height that a page states for a picture, in pixels; None if it states none."""
    found = STYLED[name].search(image.get("style") or "") or PIXELS.match(image.get(name) or "")
    return int(found[1]) if found else None


def drawings_to_pictures(root: Element) -> None:
    """Replace the drawings (SVG) of a page that hold text by pictures with this text as their description."""
    for drawing in list(outermost(root, DRAWINGS, ())):
        texts = (str(text) for each in outermost(drawing, TEXTS, ()) for text in each.itertext())
        words = WHITE_SPACE.sub(" ", " ".join(texts)).strip()
        if words:
            kept = {name: value for name in KEPT if (value := drawing.get(name)) is not None}
            kept |= _view_box(drawing) if not {"width", "height", "style"} & kept.keys() else {}
            tail = drawing.tail
            drawing.clear()
            drawing.tag, drawing.tail = "img", tail
            for name, value in {"alt": words, **kept}.items():
                drawing.set(name, value)


def _view_box(drawing: Element) -> dict[str, str]:
    """Width and height of the area that a drawing shows; empty if it states none."""
    sides = (drawing.get("viewBox") or drawing.get("viewbox") or "").replace(",", " ").split()[2:4]
    return dict(zip(("width", "height"), sides, strict=True)) if len(sides) == 2 else {}
