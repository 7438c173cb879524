"""Markdown links, whose marks are not words of the text: ``[label](target)`` and ``![label](target)``."""

from __future__ import annotations

import re

from .words import trimmed

#: A link. A target may hold one level of parentheses. Every part stops at a bracket or a line break, and none is
#: matched twice, so that the time is linear in the text.
LINK = re.compile(r"(?<!\\)(?P<open>!?\[)(?P<label>[^\[\]]*+)\]\((?P<target>(?:[^()\n]|\([^()\n]*+\))*+)\)")


def without_link_marks(text: str, start: int, end: int) -> tuple[int, int]:
    """Move the edges of a span in Markdown off the marks of links, inwards.

    A span within a link becomes the part of it that is label, or else target. A span that reaches beyond a link loses
    an edge that holds nothing but marks or target, and is cut to the label if it holds a part of it. A link that is
    whole in a longer span stays whole.

    Args:
        text: Markdown.
        start, end: Offsets of the span in the text, in code points.

    Returns:
        Offsets of the words inside; an empty span if there are only marks.
    """
    for link in LINK.finditer(text):
        if link.end() <= start:
            continue
        if link.start() >= end:
            break
        if link.start() <= start and end <= link.end():
            start, end = _within(link, text, start, end)
            break
        if start >= link.end("label") and end > link.end():
            start = link.end()
        elif start < link.start() and end <= link.end("open"):
            end = link.start()
        elif start < link.start() and end < link.end():
            start, end = _within(link, text, start, end)
        elif link.end("open") <= start and end > link.end():
            start, end = _within(link, text, start, end)
            break
    return trimmed(text, start, end)


def _within(link: re.Match[str], text: str, start: int, end: int) -> tuple[int, int]:
    """The part of a span that is words of the link's label; of its target if it has none of the label."""
    for part in ("label", "target"):
        first, last = trimmed(text, max(start, link.start(part)), min(end, link.end(part)))
        if first < last:
            return first, last
    return start, start
