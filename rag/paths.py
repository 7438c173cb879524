"""Where things lie: in a checkout beside the package, otherwise with the package and in the user's data folder."""

from __future__ import annotations

from pathlib import Path

import platformdirs

_PACKAGE = Path(__file__).resolve().parent
_CHECKOUT = _PACKAGE.parent if (_PACKAGE.parent / "pyproject.toml").is_file() else None


def shipped_corpus() -> Path:
    """The folder of articles that the project ships."""
    return (_CHECKOUT or _PACKAGE) / "corpus"


def default_index() -> Path:
    """Where the index is built and looked for when no folder is named."""
    return _CHECKOUT / "index" if _CHECKOUT else platformdirs.user_data_path("rag") / "index"


def collections_home() -> Path:
    """Where the collections of the page lie, each with its documents and its index."""
    return platformdirs.user_data_path("rag") / "collections"


def shipped_reader() -> Path:
    """The folder of the reader that the package ships, as ``rag train`` wrote it."""
    return _PACKAGE / "data" / "reader"
