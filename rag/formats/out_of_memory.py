"""Recognising a lack of memory in the errors that libraries raise for it."""

from __future__ import annotations

import sys


def raise_if_out_of_memory(error: BaseException) -> None:
    """Raise an error again as ``MemoryError`` if it, or one behind it, means that memory ran out.

    Raises:
        MemoryError: Memory ran out.
    """
    # lxml raises this error of libxml2 as one of syntax. Where lxml was not imported, it raised nothing.
    lxml = sys.modules.get("lxml.etree")
    found: BaseException | None = error
    while found is not None:
        if isinstance(found, MemoryError) or (
            lxml and isinstance(found, lxml.XMLSyntaxError) and found.code == lxml.ErrorTypes.ERR_NO_MEMORY
        ):
            raise MemoryError from error
        found = found.__cause__ or found.__context__
