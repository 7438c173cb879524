"""Ask a folder of documents; get the exact words that answer and their location, or "not found".

from rag import Assistant, Retriever, build_index

build_index("corpus", "index")
for hit in Retriever.load("index").search("Who postponed the visit to Bishkek?", k=5):
    print(hit.score, hit.passage.document_id, hit.passage.text)
result = Assistant.load("index").ask("How long is the border?")
"""

import os as _os

import lazy_loader as _lazy_loader

# Threads that wait must not use up the cores that others need. OpenMP reads this when it starts.
_os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

# The public names, and the modules that define them, are in __init__.pyi. Each is imported at its first use.
_import_name, __dir__, __all__ = _lazy_loader.attach_stub(__name__, __file__)


def __getattr__(name: str) -> object:
    """A public name, or ``__version__``; importlib.metadata takes a while to import."""
    if name != "__version__":
        return _import_name(name)
    from importlib.metadata import version

    return version("rag")
