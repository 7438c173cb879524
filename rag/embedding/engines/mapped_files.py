"""Return the memory of mapped files to the operating system, on Linux."""

from __future__ import annotations

import ctypes
from contextlib import suppress
from pathlib import Path

#: The mappings of this process, one a line: address, permissions, offset, device, inode, path.
MAPPINGS = Path("/proc/self/maps")

#: Linux: forget the pages; what is used later is read from the file again.
MADV_DONTNEED = 4


def release_pages(path: Path) -> None:
    """Return the pages of a mapped file; does nothing where there is no ``/proc``.

    OpenVINO maps the file of a network, copies the weights into the form that it computes with, and keeps the mapping
    for the few that it does not copy. Of 468 MB that a process holds with the large reader, this returns 165.
    """
    with suppress(OSError, AttributeError):
        release = ctypes.CDLL(None).madvise
        for line in MAPPINGS.read_text(encoding="utf-8", errors="replace").splitlines():
            mapping = line.split(maxsplit=5)
            # What was written to a private mapping would be lost.
            if mapping[5:] == [str(path)] and "w" not in mapping[1]:
                start, end = (int(each, 16) for each in mapping[0].split("-"))
                release(ctypes.c_void_p(start), ctypes.c_size_t(end - start), MADV_DONTNEED)
