"""The folder in which gradio keeps uploads until they are stored: one per server, removed when the server ends."""

from __future__ import annotations

import atexit
import os
import shutil
import tempfile
from contextlib import suppress
from functools import cache
from pathlib import Path

from filelock import FileLock, Timeout

#: Name prefixes of the folder of a running server, and of one that is not locked yet.
PREFIX, NEW_PREFIX = "rag-uploads-", "rag-new-uploads-"

#: Locked while its server runs.
LOCK = ".lock"


def upload_folder() -> Path:
    """Create the folder of this process, private to its user, and remove those that killed servers have left."""
    return _locked_folder()[0]


@cache
def _locked_folder() -> tuple[Path, FileLock]:
    """The folder and its lock, which the cache keeps for the life of the process."""
    remove_abandoned()
    new = Path(tempfile.mkdtemp(prefix=NEW_PREFIX))
    lock = FileLock(new / LOCK)
    lock.acquire()
    # Only now does it have a name that other servers look at.
    folder = new.rename(new.with_name(PREFIX + new.name.removeprefix(NEW_PREFIX)))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    # gradio reads it.
    os.environ["GRADIO_TEMP_DIR"] = str(folder)
    return folder, lock


def remove_abandoned() -> None:
    """Remove the upload folders of servers of this user that no longer run."""
    for folder in Path(tempfile.gettempdir()).glob(f"{PREFIX}*"):
        with suppress(OSError, Timeout):
            if folder.lstat().st_uid != os.getuid() or folder.is_symlink():
                continue
            with FileLock(folder / LOCK, timeout=0):
                shutil.rmtree(folder, ignore_errors=True)
