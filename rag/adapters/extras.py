"""Clear errors for frameworks that are not installed."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def needs(adapter: str, library: str, package: str, extra: str) -> Iterator[None]:
    """Import an optional library in this context.

    Args:
        adapter: Name of the module that needs it.
        library: Its import name, at the top level.
        package: Its name on PyPI.
        extra: The extra of ``rag`` that installs it.

    Raises:
        ModuleNotFoundError: The library is not installed; the message names the extra.
    """
    try:
        yield
    except ModuleNotFoundError as error:
        # A package that the library itself lacks is another fault, which the extra would not mend.
        if (error.name or "").partition(".")[0] != library:
            raise
        raise ModuleNotFoundError(f"{adapter} needs {package}; install rag[{extra}]", name=library) from error
