"""The browser page, installed as ``rag.ui``."""

import os

# gradio reads this on import: no analytics, no check for newer versions.
os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"

from .server import serve, start

__all__ = ["serve", "start"]
