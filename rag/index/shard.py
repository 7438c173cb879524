"""The part of an index that one of several runs makes."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import xxhash

from ..errors import InputError
from .versions import SHARDS

NAME = re.compile(r"(\d+)-of-(\d+)")


@dataclass(frozen=True, slots=True)
class Shard:
    """Part ``number`` of ``count``, from 1; the path of a file alone decides which part holds it.

    Raises:
        InputError: There is no such part.
    """

    number: int
    count: int

    def __post_init__(self) -> None:
        if not 1 <= self.number <= self.count:
            raise InputError(f"shard {self}: give I/N with I from 1 to N, such as 1/4")

    def __str__(self) -> str:
        return f"{self.number}/{self.count}"

    @classmethod
    def parse(cls, text: str) -> Self:
        """The part that ``I/N`` names.

        Raises:
            InputError: It names none.
        """
        found = re.fullmatch(r"(\d{1,9})/(\d{1,9})", text, re.ASCII)
        if found is None:
            raise InputError(f"shard {text!r}: give I/N with I from 1 to N, such as 1/4")
        return cls(int(found[1]), int(found[2]))

    def holds(self, path: str) -> bool:
        """True if the part holds a file, by its path."""
        return xxhash.xxh3_64_intdigest(path.encode()) % self.count == self.number - 1

    def folder(self, index: Path) -> Path:
        """The part's folder in that of the index."""
        return index / SHARDS / f"{self.number}-of-{self.count}"

    @classmethod
    def all_in(cls, index: Path) -> list[Self]:
        """The parts that have a folder in that of an index."""
        names = (NAME.fullmatch(path.name) for path in (index / SHARDS).glob("*-of-*"))
        return sorted(
            (cls(int(name[1]), int(name[2])) for name in names if name), key=lambda shard: (shard.count, shard.number)
        )
