"""The process that parses files: ``python -P parse_worker.py PACKAGE MEGABYTES SECONDS``.

It reads requests from stdin and writes replies to stdout. Each is a JSON object on one line, followed by as many bytes
as its ``size`` says. Before each page that it reads by OCR, it writes a line that asks for more time. It ends when its
stdin closes, when its parent is gone, or when a request exceeds a limit: the system refuses memory beyond the limit,
and ends the process by an alarm after the time.
"""

from __future__ import annotations

import json
import os
import re
import signal
import sys
import threading
import time
import types
from collections.abc import Callable
from contextlib import suppress
from typing import IO, Any

#: Exit code of a process that needed more memory than it may have.
OUT_OF_MEMORY = 64

#: Seconds between two looks at the parent and at the memory.
PERIOD = 0.2

#: Share of the limit at which the process ends itself: close to it, each allocation takes so long that the file would
#: run out of time instead.
NEARLY = 0.97

#: Seconds after which the system ends the process, beyond the limit that the parent enforces.
GRACE = 10

#: What OCR of a page adds to the time of a file, in seconds, and the line that asks for it.
OCR_SECONDS = 30
OCR_PAGE = {"page": "ocr"}

Reply = tuple[dict[str, Any], bytes]


def main(package: str, megabytes: int, seconds: int) -> None:
    """Answer requests until stdin closes."""
    requests, replies = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    # Libraries may print; that must not mix with the replies.
    nowhere = os.open(os.devnull, os.O_RDWR)
    for descriptor in (0, 1, 2):
        os.dup2(nowhere, descriptor)
    # Ctrl-C reaches all processes of a terminal; this one ends with its parent.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    _limit_memory(megabytes * 1_000_000)
    threading.Thread(target=_watch, args=(os.getppid(), megabytes * 1_000_000), daemon=True).start()
    # `rag` is the copy that this script belongs to, wherever another one may be installed.
    stand_in = types.ModuleType("rag")
    stand_in.__path__ = [package]
    sys.modules["rag"] = stand_in
    serve(requests, replies, seconds + GRACE)


def serve(requests: IO[bytes], replies: IO[bytes], seconds: int) -> None:
    """Answer each request."""
    from rag.errors import DocumentError, InputError
    from rag.formats.out_of_memory import raise_if_out_of_memory

    alarm_at = 0.0

    def before_ocr() -> None:
        nonlocal alarm_at
        alarm_at += OCR_SECONDS
        _set_alarm(max(1, round(alarm_at - time.monotonic())))
        replies.write(json.dumps(OCR_PAGE).encode() + b"\n")
        replies.flush()

    tasks: dict[str, Callable[[dict[str, Any], bytes], Reply]] = {
        "parse": lambda request, raw: _parse(request, raw, before_ocr), "picture": _picture, "sizes": _sizes,
    }  # fmt: skip
    try:
        while line := requests.readline():
            request = json.loads(line)
            raw = requests.read(request["size"])
            _set_alarm(seconds)
            alarm_at = time.monotonic() + seconds
            try:
                reply, payload = tasks[request["task"]](request, raw)
            except DocumentError as error:
                raise_if_out_of_memory(error)
                reply, payload = {"error": str(error)}, b""
            except InputError as error:
                reply, payload = {"invalid": str(error)}, b""
            _set_alarm(0)
            head = {**reply, "size": len(payload), "peak": peak_memory()}
            replies.write(json.dumps(head).encode() + b"\n" + payload)
            replies.flush()
    except MemoryError:
        os._exit(OUT_OF_MEMORY)


def peak_memory() -> int:
    """The most memory that this process has used so far, in bytes; 0 if the system does not say."""
    # Not ``ru_maxrss`` where there is a choice: on Linux it includes the memory of the parent.
    if peak := _status(b"VmHWM"):
        return peak
    with suppress(ImportError):  # Windows
        import resource

        # In bytes on macOS, elsewhere in units of 1,024.
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)
    return 0


def data_memory() -> int:
    """The memory that counts towards the limit of the system, in bytes; 0 if the system does not say."""
    return _status(b"VmData")


def _status(name: bytes) -> int:
    """A figure of this process, in bytes; 0 where there is no such file."""
    with suppress(OSError), open("/proc/self/status", "rb") as status:  # noqa: PTH123
        found = re.search(rb"^" + name + rb":\s+(\d+) kB", status.read(), re.MULTILINE)
        return int(found[1]) * 1024 if found else 0
    return 0


def _parse(request: dict[str, Any], raw: bytes, before_ocr: Callable[[], None]) -> Reply:
    from rag.formats import parse
    from rag.formats.ocr import Allowance, allowing
    from rag.formats.parsed_json import parsed_to_json

    with allowing(Allowance(request["ocr_pages"], before_ocr)):
        return {}, parsed_to_json(parse(request["id"], raw))


def _picture(request: dict[str, Any], raw: bytes) -> Reply:
    from dataclasses import astuple

    from rag.formats.pdf.render import page_picture
    from rag.types import Document, OcrWord, Place

    number = request["number"]
    ocr = tuple(OcrWord(*word) for word in request["ocr"])
    document = Document(request["id"], request["text"], "", places=(Place(0, page=number),), ocr=ocr)
    picture = page_picture(raw, document, number, request["extents"], request["width"])
    boxes = [[astuple(box) for box in each] for each in picture.boxes]
    return {"width": picture.width, "height": picture.height, "boxes": boxes, "exact": picture.exact}, picture.png


def _sizes(request: dict[str, Any], raw: bytes) -> Reply:
    from rag.formats.pdf.render import page_sizes

    return {"sizes": page_sizes(request["id"], raw)}, b""


def _limit_memory(limit: int) -> None:
    """Have the system refuse more memory. Windows has no such limit, and macOS does not enforce it."""
    with suppress(ImportError, ValueError, OSError):
        import resource

        _, hard = resource.getrlimit(resource.RLIMIT_DATA)
        most = limit if hard == resource.RLIM_INFINITY else min(limit, hard)
        resource.setrlimit(resource.RLIMIT_DATA, (most, most))


def _set_alarm(seconds: int) -> None:
    """Have the system end this process after some seconds, even while a library holds the interpreter; 0 for never."""
    if hasattr(signal, "alarm"):
        signal.alarm(seconds)


def _watch(parent: int, limit: int) -> None:
    """End this process when its parent is gone, or when it uses too much memory and the system allows it."""
    while True:
        time.sleep(PERIOD)
        if os.getppid() != parent:
            os._exit(1)
        if peak_memory() > limit or data_memory() > NEARLY * limit:
            os._exit(OUT_OF_MEMORY)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))
