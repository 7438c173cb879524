"""Markdown links, whose marks are not words of the text: ``[label](target)`` and ``![label](target)``."""

from __future__ import annotations

import re

#: A link. A target may hold one level of parentheses. Every part stops at a bracket or a line break, and none is
#: matched twice, so that the time is linear in the text.
LINK = re.compile(r"(?P<open>!?\[)[^\[\]]*+(?P<close>\]\((?:[^()\n]|\([^()\n]*+\))*+\))")


def without_link_marks(text: str, start: int, end: int) -> tuple[int, int]:
    """Move the edges of a span off the marks of links, inwards.

    Args:
        text: Text with the span.
        start, end: Offsets of the span in the text, in code points.

    Returns:
        Offsets of the words inside; an empty span if there are only marks. A span in the middle of a target is
        kept: it may be what was asked for.
    """
    for link in LINK.finditer(text):
        if link.end() <= start:
            continue
        if link.start() >= end:
            break
        for mark in (link.span("open"), link.span("close")):
            if mark[0] <= start < mark[1] and end >= mark[1]:
                start = mark[1]
            elif start <= mark[0] < end <= mark[1]:
                end = mark[0]
    while start < end and text[start].isspace():
        start += 1
    while end > start and text[end - 1].isspace():
        end -= 1
    return start, end
