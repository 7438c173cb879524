"""Arrays in files of NumPy, opened by one thread at a time.

The header of such a file is a Python literal, and CPython 3.11 may raise a SystemError where two threads parse one at
the same time (python/cpython#106905).
"""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

_PARSING = threading.Lock()


def map_array(path: Path) -> npt.NDArray[Any]:
    """The array of a ``.npy`` file, mapped into memory.

    Raises:
        OSError, ValueError: It is missing or damaged.
    """
    with _PARSING:
        array: npt.NDArray[Any] = np.load(path, mmap_mode="r")
        return array


def read_arrays(path: Path) -> dict[str, npt.NDArray[Any]]:
    """The arrays of a ``.npz`` file, by name.

    Raises:
        OSError, EOFError, ValueError, zipfile.BadZipFile: It is missing or damaged.
    """
    with _PARSING, np.load(path) as stored:
        return dict(stored)
