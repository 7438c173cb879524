"""The index folder: build and update, open, verify and repair."""

import lazy_loader

# The names and their modules are in __init__.pyi. Opening an index takes few of the modules that build one.
__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
