"""Walking the XML trees of office formats."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lxml.etree import _Element as Element

#: A second copy of some content, for programs that cannot show the first.
FALLBACK = "{http://schemas.openxmlformats.org/markup-compatibility/2006}Fallback"


def outermost(parent: Element, tags: Collection[str], skipped: Collection[str]) -> Iterator[Element]:
    """Descendants with these tags, in document order, without those nested in another or in a skipped element.

    Without recursion, since a file may nest elements to any depth.
    """
    stack = [iter(parent)]
    while stack:
        element = next(stack[-1], None)
        if element is None:
            stack.pop()
        elif element.tag in tags:
            yield element
        elif element.tag not in skipped:
            stack.append(iter(element))
