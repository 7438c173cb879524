"""Telling that memory ran out from errors that libraries raise instead."""

from __future__ import annotations

import sys


def is_out_of_memory(error: BaseException) -> bool:
    """True if an error, or one that it was raised from, is that memory ran out."""
    # lxml raises this error of libxml2 as one of syntax. Where lxml was not imported, it raised nothing.
    lxml = sys.modules.get("lxml.etree")
    found: BaseException | None = error
    while found is not None:
        if isinstance(found, MemoryError):
            return True
        if lxml and isinstance(found, lxml.XMLSyntaxError) and found.code == lxml.ErrorTypes.ERR_NO_MEMORY:
            return True
        found = found.__cause__ or found.__context__
    return False
