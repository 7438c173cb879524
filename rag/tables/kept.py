"""Cells kept on disk, so that an interrupted table goes on where it was and unchanged documents are not read again.

A JSON Lines file: a header, then one line for each cell, appended when it is computed. The key of a cell stands for all
that it was computed from, so a line never becomes wrong, and the file may be deleted at any time.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ..errors import InputError

HEADER = {"rag table": "cells", "format": 1}


class KeptCells:
    """The cells in a file, which is made when the first one is added. Only their places are held in memory.

    Args:
        path: The file.

    Raises:
        InputError: The file cannot be read, or holds something else.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._places: dict[str, int] = {}
        self._broken_line = False
        try:
            if path.exists():
                self._read()
        except OSError as error:
            raise InputError(f"{path}: cannot be read ({error.strerror or error}); delete or move it") from error

    def get(self, key: str) -> dict[str, Any] | None:
        """The values kept under a key; None if there are none, or they are damaged."""
        if key not in self._places:
            return None
        try:
            with self.path.open("rb") as file:
                file.seek(self._places[key])
                values = json.loads(file.readline())
        except (OSError, ValueError):
            return None
        return values if isinstance(values, dict) and values.get("key") == key else None

    def add(self, key: str, values: Mapping[str, Any]) -> None:
        """Append values under a key.

        Raises:
            InputError: The file cannot be written.
        """
        line = json.dumps({"key": key, **values}, ensure_ascii=False).encode() + b"\n"
        try:
            # One write for each line, so that the lines of two processes do not mix.
            with self.path.open("ab", buffering=0) as file:
                if file.tell() == 0:
                    file.write(json.dumps(HEADER).encode() + b"\n")
                file.write(b"\n" * self._broken_line + line)
        except OSError as error:
            raise InputError(
                f"{self.path}: cannot be written ({error.strerror or error}); make room or choose another --out"
            ) from error
        self._broken_line = False

    def _read(self) -> None:
        with self.path.open("rb") as file:
            header = file.readline()
            if header and _parsed(header) != HEADER:
                raise InputError(f"{self.path}: is not a file of kept cells; move it, or choose another --out")
            at, line = file.tell(), b"\n"
            for line in file:
                values = _parsed(line)
                if isinstance(values, dict) and isinstance(values.get("key"), str):
                    self._places[values["key"]] = at
                at += len(line)
            # A run may have been killed while it wrote.
            self._broken_line = not line.endswith(b"\n")


def cell_key(*parts: object) -> str:
    """A key of what a cell is computed from."""
    return hashlib.blake2b(json.dumps(parts).encode(), digest_size=16).hexdigest()


def _parsed(line: bytes) -> Any:
    try:
        return json.loads(line)
    except ValueError:
        return None
