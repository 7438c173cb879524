"""Default folders: in a checkout next to the package, otherwise in the package and the user's data folder."""

from __future__ import annotations

from pathlib import Path

import platformdirs

_PACKAGE = Path(__file__).resolve().parent
_CHECKOUT = _PACKAGE.parent if (_PACKAGE.parent / "pyproject.toml").is_file() else None


def shipped_corpus() -> Path:
    """Folder of the shipped articles."""
    return (_CHECKOUT or _PACKAGE) / "corpus"


def default_index() -> Path:
    """Index folder used if none is named."""
    return _CHECKOUT / "index" if _CHECKOUT else platformdirs.user_data_path("rag") / "index"


def collections_home() -> Path:
    """Folder of the page's collections, each with its documents and its index."""
    return platformdirs.user_data_path("rag") / "collections"


def default_keys() -> Path:
    """File of the hashes of API keys used if none is named."""
    return platformdirs.user_data_path("rag") / "api-keys"


def shipped_reader() -> Path:
    """Folder of the shipped reader, as written by ``rag train``."""
    return _PACKAGE / "data" / "reader"
