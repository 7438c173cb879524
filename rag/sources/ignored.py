"""Files that hidden names and ``.ragignore`` files exclude."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path, PurePath
from typing import TYPE_CHECKING

from ..errors import InputError

if TYPE_CHECKING:
    import pathspec

#: A file of this name excludes files below its folder, with the syntax of ``.gitignore``.
IGNORE_FILE = ".ragignore"

#: In the expressions that pathspec makes: one or more ``*``, and a ``*`` with the single characters before the next.
STARS = re.compile(r"(?:\[\^/\]\*)+")
BEFORE_STAR = re.compile(r"\[\^/\]\*((?:\\.|\[[^\]]+\]|[^\\\[\](){}*+?/|^$])+?)(?=\[\^/\]\*)")


class Ignored:
    """Files excluded below a folder: hidden files, and those that the ignore files above them exclude."""

    def __init__(self, top: PurePath) -> None:
        self._top = top
        self._specs: dict[PurePath, pathspec.GitIgnoreSpec] = {}

    def enter(self, folder: Path, names: Sequence[str]) -> None:
        """Load a folder's ignore file, if it has one.

        Raises:
            InputError: The ignore file is unreadable or holds an invalid pattern.
        """
        if IGNORE_FILE not in names:
            return
        path = folder / IGNORE_FILE
        try:
            text = path.read_text(encoding="utf-8")
        except (OSError, ValueError) as error:
            raise unreadable_ignore(path, error) from error
        self.add(folder, path, text)

    def add(self, folder: PurePath, name: object, text: str) -> None:
        """Add the patterns of a folder's ignore file, of this name and text.

        Raises:
            InputError: A pattern is invalid.
        """
        import pathspec

        try:
            spec = pathspec.GitIgnoreSpec.from_lines(text.splitlines())
            for pattern in spec.patterns:
                if pattern.regex is not None:
                    pattern.regex = _linear(pattern.regex)
        except ValueError as error:
            raise unreadable_ignore(name, error) from error
        self._specs[folder] = spec

    def has(self, path: PurePath, *, folder: bool = False) -> bool:
        """True if the file or folder is excluded."""
        if path.name.startswith("."):
            return True
        above = [self._top, *(self._top / part for part in path.relative_to(self._top).parents)]
        return any(
            self._specs[each].match_file(path.relative_to(each).as_posix() + "/" * folder)
            for each in dict.fromkeys(above)
            if each in self._specs
        )


def unreadable_ignore(name: object, error: Exception) -> InputError:
    """The error of an ignore file that cannot be used."""
    return InputError(f"{name}: cannot be read ({error}); correct it; it has the syntax of .gitignore")


def _linear(regex: re.Pattern[str]) -> re.Pattern[str]:
    """The expression of an ignore pattern, so that several ``*`` in a name take linear time.

    What comes before another ``*`` is matched at its first occurrence, and there only: the other ``*`` takes the rest.
    """
    return re.compile(BEFORE_STAR.sub(r"(?>[^/]*?\1)", STARS.sub("[^/]*", regex.pattern)))
