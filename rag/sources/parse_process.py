"""Parsing files in a process of its own, with a limit on the memory and the time that each may take.

Files come from anywhere, and the libraries that read them can be made to take gigabytes or to run for hours by a few
kilobytes. The process is started once and reads one file after another; it is started anew after a file that exceeds a
limit or crashes it. Nothing that it sends back is executed.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from ..errors import DocumentError, InputError
from ..formats import Parsed
from ..formats.ocr import MAX_PAGES, REMEDY, is_installed
from ..formats.parsed_json import parsed_from_json
from ..formats.pdf.boxes import Box
from ..formats.pdf.render import Picture, page_extent
from ..text.plural import counted
from ..types import Document
from .parse_worker import OCR_PAGE, OCR_SECONDS, OUT_OF_MEMORY

PACKAGE = Path(__file__).parent.parent
WORKER = Path(__file__).with_name("parse_worker.py")

#: One thread: the process parses one file at a time. And one arena: where memory is refused, glibc otherwise maps and
#: unmaps a new one for each allocation, which takes minutes for what would fail at once.
ENVIRONMENT = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "MALLOC_ARENA_MAX": "1"}

#: Exit codes of a process that ran out of time, and of one that ran out of memory: it exits by itself, a library in C++
#: aborts or traps, or the system kills it.
TOO_SLOW = frozenset({-getattr(signal, "SIGALRM", 14)})
TOO_LARGE = frozenset({OUT_OF_MEMORY, -signal.SIGABRT, -signal.SIGILL, -getattr(signal, "SIGTRAP", 5), -9})

#: Seconds that a process gets to end after it has closed its output.
FAILURE_TIMEOUT = 10


@dataclass(frozen=True, slots=True)
class FileLimits:
    """What reading one file may take.

    Attributes:
        seconds: Wall-clock time.
        megabytes: Memory of the process that reads it, in millions of bytes.
        ocr_pages: Scanned pages that OCR reads; each adds ``OCR_SECONDS`` to the time.

    Raises:
        InputError: A limit is too low for any file, or OCR is not installed.
    """

    seconds: int = 120
    megabytes: int = 1_500
    ocr_pages: int = field(default_factory=lambda: MAX_PAGES if is_installed() else 0)

    def __post_init__(self) -> None:
        if self.seconds < 1:
            raise InputError(f"the limit for reading a file is {self.seconds} seconds; it must be at least 1")
        if self.megabytes < 100:
            raise InputError(f"the limit for reading a file is {self.megabytes} MB of memory; it must be at least 100")
        if self.ocr_pages < 0:
            raise InputError(f"the limit of pages to read by OCR is {self.ocr_pages}; it must be at least 0")
        if self.ocr_pages and not is_installed():
            raise InputError(f"pages cannot be read by OCR, because it is not installed; {REMEDY}")

    def too_slow(self) -> DocumentError:
        """The error of a file that exceeds the time."""
        limit = counted(self.seconds, "second")
        return DocumentError(f"takes longer than {limit} to read; split it, or raise the limit with --max-file-seconds")

    def too_large(self) -> DocumentError:
        """The error of a file that exceeds the memory."""
        return DocumentError(
            f"needs more than {self.megabytes:,} MB of memory to read; split it, or raise the limit with "
            f"--max-file-memory"
        )

    def exceed(self, earlier: Mapping[str, int]) -> bool:
        """True if one of these limits is higher than an earlier one of that name."""
        return any(value > earlier.get(name, value) for name, value in asdict(self).items())


class ParseProcess:
    """A process that parses files; a context manager that ends it. It is started when needed. Thread-safe.

    Args:
        limits: What each file may take.
    """

    def __init__(self, limits: FileLimits | None = None) -> None:
        self.limits = limits or FileLimits()
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def start(self) -> None:
        """Start the process, if it is not running; it gets ready in the background."""
        with self._lock:
            self._running()

    def close(self) -> None:
        """End the process; the next call starts another one."""
        with self._lock:
            self._end()

    def parse(self, document_id: str, raw: bytes) -> Parsed:
        """``rag.formats.parse`` in the process.

        Raises:
            DocumentError: The file cannot be read, or exceeds a limit; the message does not name the document.
        """
        request = {"task": "parse", "id": document_id, "ocr_pages": self.limits.ocr_pages}
        _, payload = self._request(request, raw)
        try:
            return parsed_from_json(payload, document_id)
        except (ValueError, RecursionError) as error:
            raise DocumentError(f"cannot be read ({error}); save it again") from error

    def page_picture(
        self, raw: bytes, document: Document, number: int, extents: Sequence[tuple[int, int]], width: int = 900
    ) -> Picture:
        """``rag.formats.pdf.render.page_picture`` in the process.

        Raises:
            InputError: There is no such page, or the width is out of range.
            DocumentError: The file or the page cannot be opened, or exceeds a limit; the message names the document.
        """
        first, last = page_extent(document, number)
        request = {
            "task": "picture",
            "id": document.id,
            "number": number,
            "text": document.text[first:last],
            "ocr": [
                (word.start - first, word.end - first, *word[2:]) for word in document.ocr if first <= word.start < last
            ],
            "extents": [(start - first, end - first) for start, end in extents],
            "width": width,
        }
        with _naming(document):
            reply, png = self._request(request, raw)
        boxes = tuple(tuple(Box(*box) for box in each) for each in reply["boxes"])
        return Picture(png, reply["width"], reply["height"], boxes, reply["exact"])

    def page_sizes(self, raw: bytes, document: Document) -> tuple[tuple[float, float], ...]:
        """``rag.formats.pdf.render.page_sizes`` of a document's file in the process.

        Raises:
            DocumentError: The file cannot be opened, or exceeds a limit; the message names the document.
        """
        with _naming(document):
            reply, _ = self._request({"task": "sizes", "id": document.id}, raw)
        return tuple((width, height) for width, height in reply["sizes"])

    def _request(self, request: dict[str, Any], raw: bytes) -> tuple[dict[str, Any], bytes]:
        """The reply to a request, and the bytes after it."""
        with self._lock:
            process = self._running()
            expired = threading.Event()

            def expire() -> None:
                expired.set()
                process.kill()

            timer = _ExtensibleTimer(self.limits.seconds, expire)
            answered = False
            try:
                reply, payload = self._exchange(process, request, raw, timer.extend)
                answered = True
            except (OSError, EOFError, ValueError) as error:
                raise self._failure(process, expired.is_set()) from error
            finally:
                timer.cancel()
                # Also after Ctrl-C: a late reply must not be taken for that of the next file. And if the time ran out
                # just after the reply, the process is about to end.
                if not answered or expired.is_set():
                    self._end()
            used = reply["peak"] / (self.limits.megabytes * 1_000_000)
            if used > 0.5:
                # Memory is seldom given back, so the next file would have less.
                self._end()
        if "invalid" in reply:
            raise InputError(reply["invalid"])
        if "error" in reply:
            # Libraries take a lack of memory for a damaged file.
            raise self.limits.too_large() if used > 0.9 else DocumentError(reply["error"])
        return reply, payload

    def _exchange(
        self, process: subprocess.Popen[bytes], request: dict[str, Any], raw: bytes, extend: Callable[[int], None]
    ) -> tuple[dict[str, Any], bytes]:
        assert process.stdin
        assert process.stdout
        process.stdin.write(json.dumps({**request, "size": len(raw)}).encode() + b"\n")
        process.stdin.write(raw)
        process.stdin.flush()
        reply = json.loads(process.stdout.readline() or b"null")
        pages = 0
        while reply == OCR_PAGE and pages < self.limits.ocr_pages:
            extend(OCR_SECONDS)
            pages += 1
            reply = json.loads(process.stdout.readline() or b"null")
        if not isinstance(reply, dict) or not 0 <= reply["size"] <= self.limits.megabytes * 1_000_000:
            raise EOFError
        payload = process.stdout.read(reply["size"])
        if len(payload) != reply["size"]:
            raise EOFError
        return reply, payload

    def _running(self) -> subprocess.Popen[bytes]:
        # A process that ended while it was idle is not the fault of the next file.
        if self._process is not None and self._process.poll() is not None:
            self._end()
        if self._process is None:
            arguments = [str(PACKAGE), str(self.limits.megabytes), str(self.limits.seconds)]
            # ``-P`` keeps the folder of the script off ``sys.path``.
            self._process = subprocess.Popen(
                [sys.executable, "-P", str(WORKER), *arguments],
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=os.environ | ENVIRONMENT,
            )  # fmt: skip
        return self._process

    def _failure(self, process: subprocess.Popen[bytes], expired: bool) -> DocumentError:
        """Why the process ended without a reply."""
        try:
            code: int | None = process.wait(FAILURE_TIMEOUT)
        except subprocess.TimeoutExpired:  # it sent an invalid reply and still runs
            code = None
        if expired or code in TOO_SLOW:
            return self.limits.too_slow()
        if code in TOO_LARGE:
            return self.limits.too_large()
        return DocumentError(
            f"cannot be read (the process that read it ended with code {code}); "
            f"open it in the program that made it and save it again"
        )

    def _end(self) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        process.kill()
        process.wait()
        for pipe in (process.stdin, process.stdout):
            if pipe:
                try:
                    pipe.close()
                except OSError:  # closing a pipe flushes it, and the process is gone
                    continue


class _ExtensibleTimer:
    """Calls a function after some seconds, unless it is cancelled."""

    def __init__(self, seconds: float, function: Callable[[], None]) -> None:
        self._function = function
        self._end = time.monotonic() + seconds
        self._changed = threading.Condition()
        self._cancelled = False
        self._thread = threading.Thread(target=self._wait, daemon=True)
        self._thread.start()

    def extend(self, seconds: float) -> None:
        """Call it so many seconds later."""
        with self._changed:
            self._end += seconds

    def cancel(self) -> None:
        """Do not call it; if it is being called, wait until it returns."""
        with self._changed:
            self._cancelled = True
            self._changed.notify()
        self._thread.join()

    def _wait(self) -> None:
        with self._changed:
            while not self._cancelled and (left := self._end - time.monotonic()) > 0:
                self._changed.wait(left)
            if self._cancelled:
                return
        self._function()


@contextmanager
def _naming(document: Document) -> Iterator[None]:
    """Put the document's name before the message of a ``DocumentError``."""
    try:
        yield
    except DocumentError as error:
        raise DocumentError(f"{document.id}: {error}") from error
