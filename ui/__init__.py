"""The browser page: a consumer of the library's public names, installed as ``rag.ui``."""

import os

# Read by gradio as it is imported: no analytics, no look for newer versions.
os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"

from .server import serve, start

__all__ = ["serve", "start"]
