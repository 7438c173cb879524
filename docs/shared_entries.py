"""Griffe extension: gives each of several attributes that share one docstring entry an entry of its own.

Our docstrings write ``start, end: Code points``; Google style, which the site's reader follows, has one name an entry.
"""

import re
from typing import Any

from griffe import Extension, Object

ENTRY = re.compile(r"^( {4,})(\w+(?:, \w+)+): (.*)$")


class SharedEntries(Extension):
    """Splits the shared entries of every docstring before it is parsed."""

    def on_object(self, *, obj: Object, **_: Any) -> None:
        """Rewrite the docstring of one object, if it has one."""
        if obj.docstring:
            obj.docstring.value = split_entries(obj.docstring.value)


def split_entries(docstring: str) -> str:
    """Return the docstring with one entry for each name; continuation lines go with every name."""
    lines, done = docstring.split("\n"), []
    while lines:
        line = lines.pop(0)
        entry = ENTRY.match(line)
        if not entry:
            done.append(line)
            continue
        indent, names, text = entry.groups()
        rest = []
        while lines and lines[0].startswith(indent + " "):
            rest.append(lines.pop(0))
        for name in names.split(", "):
            done += [f"{indent}{name}: {text}", *rest]
    return "\n".join(done)
