"""The remark on what a file holds that is not read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ..text.plural import counted
from .base import Remark

#: Names of files listed in a remark.
LISTED = 5


def unread(document_id: str, counts: Mapping[str, int], remedy: str = "") -> list[Remark]:
    """A remark that names what is not read, such as ``2 pictures and 1 chart are not read``; none if it is nothing.

    ``rag index``, ``rag verify`` and the page's tab *Documents* show it, and ``rag index --strict`` fails.

    Args:
        document_id: Id of the file.
        counts: How many there are, by noun in the singular; a phrase may follow the noun after a comma.
        remedy: What to do about it.
    """
    parts = []
    for name, count in counts.items():
        noun, _, phrase = name.partition(", ")
        if count:
            parts.append(f"{counted(count, noun)} {phrase}".strip())
    if not parts:
        return []
    *most, last = parts
    listed = f"{', '.join(most)} and {last}" if most else last
    verb = "is" if len(parts) == 1 and sum(counts.values()) == 1 else "are"
    return [Remark(document_id, f"{listed} {verb} not read{remedy and f'; {remedy}'}", is_unread=True)]


def unsupported(document_id: str, noun: str, names: Sequence[str]) -> list[Remark]:
    """A remark that names the files within a file whose formats are not supported; none if there are none.

    Args:
        document_id: Id of the file that holds them.
        noun: What they are, in the singular.
        names: Their names.
    """
    whose = "its format is" if len(names) == 1 else "their formats are"
    listed = f"{whose} not supported: {', '.join(names[:LISTED])}{', ...' * (len(names) > LISTED)}"
    return unread(document_id, {noun: len(names)}, listed)


def unsupported_kinds(counts: Mapping[str, int]) -> str:
    """How many files of an indexed folder are of unsupported formats, and of which; empty if none are.

    Args:
        counts: Numbers of files by suffix, such as ``.exe``; an empty one for names without suffix.
    """
    if not counts:
        return ""
    kinds = sorted(counts.items(), key=lambda each: (-each[1], each[0]))
    named = ", ".join(f"{suffix or 'no suffix'} ({count:,})" for suffix, count in kinds[:LISTED])
    number = sum(counts.values())
    whose = "its format is" if number == 1 else "their formats are"
    verb = "is" if number == 1 else "are"
    more = ", ..." * (len(kinds) > LISTED)
    return f"{counted(number, 'file')} {verb} not read; {whose} not supported: {named}{more}"
