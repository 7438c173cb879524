"""Writes the folder ``words/``: streams the terms of each passage to disk, then computes BM25 over all of them."""

from __future__ import annotations

from array import array
from itertools import chain, compress
from pathlib import Path
from types import TracebackType
from typing import Self

import numpy as np
import numpy.typing as npt

from ..arrays import map_array
from .bm25 import Lexical, score_terms
from .files import ENDS, IDS, ROWS, SCORES, STARTS, Vocabulary
from .terms import terms

#: Term numbers written at a time; 16 MB.
BLOCK = 4_000_000

#: Term numbers in order of first occurrence; ``finish`` replaces them by positions in the sorted vocabulary.
PART = "ids.part"


class WordsWriter:
    """Writes the terms of an index one passage at a time; a context manager that closes its file after an error.

    The files depend on the texts alone, whether passages were added or copied.

    Args:
        folder: Created if it does not exist.
        previous: An index opened from a folder, to copy passages from.
    """

    def __init__(self, folder: Path, previous: Lexical | None = None) -> None:
        self._folder = folder
        self._previous = previous.stored if previous else None
        # Terms of the previous index keep their numbers; new ones follow in order of first occurrence.
        self._known = len(self._previous.vocabulary) if self._previous else 0
        self._numbers: dict[str, int] = {}
        self._new: list[str] = []
        self._ends = array("q")
        self._written = 0
        self._buffer = array("i")
        folder.mkdir(parents=True, exist_ok=True)
        self._file = (folder / PART).open("wb")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._file.close()

    def __len__(self) -> int:
        return len(self._ends)

    def add(self, text: str) -> None:
        """Append a passage."""
        self._buffer.extend([self._number(term) for term in terms(text)])
        self._ends.append(self._written + len(self._buffer))
        if len(self._buffer) >= BLOCK:
            self._flush()

    def copy(self, previous: Lexical, start: int, stop: int) -> None:
        """Append passages ``start`` to before ``stop`` of the previous index.

        Raises:
            ValueError: ``previous`` is another index, or was not opened from a folder.
        """
        stored = self._previous
        if stored is None or previous.stored is not stored:
            raise ValueError("only passages of the previous index can be copied")
        self._flush()
        first, last = stored.span(start, stop)
        self._ends.extend((stored.ends[start:stop] + (self._written - first)).tolist())
        for at in range(first, last, BLOCK):
            self._file.write(np.ascontiguousarray(stored.ids[at : min(at + BLOCK, last)]).data)
        self._written += last - first

    def finish(self) -> None:
        """Compute BM25 and write the files; nothing can be added afterwards.

        Peak memory is about 14 bytes for each occurrence of a term, plus the vocabulary.

        Raises:
            OSError: The disk is full.
        """
        self._flush()
        self._file.close()
        part = self._folder / PART
        # An empty file cannot be mapped.
        ids = np.memmap(part, dtype=np.int32, mode="r") if self._written else np.empty(0, dtype=np.int32)
        ends = np.array(self._ends, dtype=np.int64)
        vocabulary = self._renumber(ids)
        part.unlink()
        starts, rows, scores = score_terms(map_array(self._folder / IDS), ends, vocabulary)
        for name, values in ((ENDS, ends), (STARTS, starts), (ROWS, rows), (SCORES, scores)):
            np.save(self._folder / name, values)

    def _number(self, term: str) -> int:
        """The number of a term before ``finish`` sorts the vocabulary."""
        number = self._numbers.get(term)
        if number is None:
            number = self._previous.vocabulary.find(term) if self._previous else None
            if number is None:
                number = self._known + len(self._new)
                self._new.append(term)
            self._numbers[term] = number
        return number

    def _flush(self) -> None:
        self._file.write(self._buffer)
        self._written += len(self._buffer)
        self._buffer = array("i")

    def _renumber(self, ids: npt.NDArray[np.int32]) -> int:
        """Drop unused terms, write the sorted vocabulary and the ids renumbered by it; returns the number of terms."""
        used = np.zeros(self._known + len(self._new), dtype=bool)
        for at in range(0, len(ids), BLOCK):
            used[ids[at : at + BLOCK]] = True
        before = self._previous.vocabulary if self._previous else ()
        names = list(compress(chain(before, (term.encode() for term in self._new)), used))
        order = sorted(range(len(names)), key=names.__getitem__)
        numbers = np.empty(len(used), dtype=np.int32)
        numbers[np.flatnonzero(used)[order]] = np.arange(len(names), dtype=np.int32)
        # A vocabulary cannot be empty, so a collection without terms gets an empty term.
        Vocabulary.write(self._folder, [names[i] for i in order] or [b""])
        with (self._folder / IDS).open("wb") as file:
            header = {"descr": "<i4", "fortran_order": False, "shape": (len(ids),)}
            np.lib.format.write_array_header_1_0(file, header)
            for at in range(0, len(ids), BLOCK):
                file.write(numbers[ids[at : at + BLOCK]].data)
        return max(len(names), 1)
