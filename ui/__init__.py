"""The browser page and the HTTP API, installed as ``rag.ui``."""

import os
from typing import TYPE_CHECKING, Any

# gradio reads this on import: no analytics, no check for newer versions.
os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"

if TYPE_CHECKING:
    from .server import serve, start

__all__ = ["serve", "start"]


def __getattr__(name: str) -> Any:
    """``serve`` and ``start`` of the page; the HTTP API does without gradio, which takes seconds to import."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from . import server

    return getattr(server, name)
