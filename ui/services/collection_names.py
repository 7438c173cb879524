"""Display names of collections, and the files that hold them."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from rag import InputError

if TYPE_CHECKING:
    from .collections import Collection

#: File of a collection's name in its folder.
NAME_FILE = "collection.json"

#: Maximum length of a collection's name, in code points.
LONGEST_NAME = 60

#: Joins emoji; all other invisible characters are refused in names.
JOINER = "\N{ZERO WIDTH JOINER}"


def checked_name(name: str) -> str:
    """A collection's name, with single spaces.

    Raises:
        InputError: It is empty or too long, or contains invisible characters.
    """
    name = " ".join(name.split())
    if not 0 < len(name) <= LONGEST_NAME:
        raise InputError(f"the name has {len(name):,} characters; use 1 to {LONGEST_NAME}")
    if not name.replace(JOINER, "").isprintable():
        raise InputError("the name contains invisible characters; type it again")
    return name


def name_file(collection: Collection) -> Path:
    """The file that holds a collection's display name."""
    return collection.taught.with_name(NAME_FILE if collection.files else f"{collection.id}.json")


def with_own_name(collection: Collection) -> Collection:
    """A collection the server was started with, under the name that its users gave it."""
    return replace(collection, name=str(description(name_file(collection)).get("name", collection.name)))


def description(path: Path) -> dict[str, object]:
    """The properties stored in a name file; empty if it cannot be read."""
    try:
        stored = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return stored if isinstance(stored, dict) else {}
