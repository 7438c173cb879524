"""Networks in OpenVINO's format: conversion from torch, a cache of converted ones, and the engine that runs them.

Converting takes torch and some seconds. The result is kept in the user's cache folder, so that later processes import
neither torch nor transformers.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
import tempfile
import threading
import warnings
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import platformdirs
import xxhash

from .base import Floats, Ints
from .threads import thread_count

if TYPE_CHECKING:
    import torch

#: Environment variable that names the cache folder.
CACHE_VARIABLE = "RAG_CACHE"

#: Part of a converted network's name in the cache; to be raised when what is stored changes.
FORMAT = 3

#: Number of converted networks that are kept; those that were not used for longest are deleted.
MAX_CACHED = 12

NETWORK, WEIGHTS, FACTS = "network.xml", "network.bin", "facts.json"

#: Names of the inputs.
IDS, TYPES, MASK = INPUTS = ("ids", "types", "mask")

READ_SIZE = 1 << 20


@dataclass(frozen=True, slots=True)
class Converted:
    """A network in OpenVINO's format.

    Attributes:
        model: Path of the file, or the network itself where nothing could be stored.
        facts: What the converter stated about it.
    """

    model: Any
    facts: Mapping[str, Any]


class OpenVinoEngine:
    """Runs a converted network on the processor.

    Args:
        converted: The network.

    Raises:
        RuntimeError: OpenVINO cannot run it.
    """

    def __init__(self, converted: Converted) -> None:
        import openvino

        settings = {
            # By default bfloat16 is used where the processor has it; what that does to answers has not been measured.
            "INFERENCE_PRECISION_HINT": "f32",
            "INFERENCE_NUM_THREADS": thread_count(),
            "NUM_STREAMS": 1,
            # A thread tied to a core waits while another program uses that core.
            "ENABLE_CPU_PINNING": False,
        }
        self.name = "OpenVINO, float32"
        self._compiled: openvino.CompiledModel = _core().compile_model(converted.model, "CPU", settings)
        self._inputs = [INPUTS.index(each.any_name) for each in self._compiled.inputs]
        self._lock = threading.Lock()

    def run(self, ids: Ints, types: Ints, mask: Ints) -> Floats:
        """See ``Engine.run``."""
        given = (ids, types, mask)
        with self._lock:
            output: Floats = self._compiled([given[each] for each in self._inputs])[0]
        return output


def openvino_problem() -> str | None:
    """Why OpenVINO cannot be used, in one line; None if it can."""
    try:
        devices = _core().available_devices
    except (ImportError, RuntimeError, OSError) as error:
        return f"OpenVINO is not installed or does not start ({reason(error)})"
    return None if "CPU" in devices else "OpenVINO does not know this processor"


def reason(error: Exception) -> str:
    """The first line of a message, or the name of the error if it has none."""
    return (str(error).strip() or type(error).__name__).splitlines()[0]


def converted(
    files: Iterable[Path], build: Callable[[], tuple[torch.nn.Module, Mapping[str, Any]]], purpose: str
) -> Converted:
    """A network from the cache, or converted now and stored there.

    Args:
        files: The files that determine the network; their contents identify it, with the versions of the libraries.
        build: Loads the network for a conversion, with facts about it that JSON can hold. Its ``forward`` takes ids,
            types and mask, as ``Engine.run`` does.
        purpose: What the network computes; distinguishes networks of the same files.

    Raises:
        RuntimeError: OpenVINO cannot convert it.
    """
    name = f"{purpose}-{_digest(files)}"
    folder = _cache_folder() / name
    if found := _load(folder):
        return found
    network, facts = build()
    try:
        model = _convert(network)
    except Exception as error:  # OpenVINO's own errors of conversion share no other base
        raise RuntimeError(f"it cannot be converted: {reason(error)}") from error
    try:
        _store(folder, model, facts)
        return _load(folder) or Converted(model, facts)
    except (OSError, RuntimeError):
        # Without the cache, only the start takes longer.
        return Converted(model, facts)


def _convert(network: torch.nn.Module) -> Any:
    import openvino
    import torch

    example = torch.ones(2, 8, dtype=torch.int64)
    with torch.inference_mode(), warnings.catch_warnings():
        # Tracing warns of conditions on lengths, which are the same for all lengths here.
        warnings.simplefilter("ignore")
        model = openvino.convert_model(network, example_input=dict.fromkeys(INPUTS, example))
    for each in model.inputs:
        each.node.set_partial_shape(openvino.PartialShape([-1, -1]))
    model.validate_nodes_and_infer_types()
    return model


@cache
def _core() -> Any:
    # OpenVINO reports its use over the network where this package can be imported.
    sys.modules.setdefault("openvino_telemetry", None)  # type: ignore[arg-type]
    import openvino

    return openvino.Core()


def _digest(files: Iterable[Path]) -> str:
    """Identifies the contents of the files, for the versions of the libraries that convert them."""
    import openvino

    versions = [version(name) for name in ("torch", "transformers", "sentence-transformers")]
    digest = xxhash.xxh3_128(repr([FORMAT, openvino.get_version(), *versions]).encode())
    for path in files:
        digest.update(path.name.encode())
        with path.open("rb") as file:
            while part := file.read(READ_SIZE):
                digest.update(part)
    return digest.hexdigest()


def _cache_folder() -> Path:
    return Path(os.environ.get(CACHE_VARIABLE) or platformdirs.user_cache_path("rag")).expanduser() / "engines"


def _load(folder: Path) -> Converted | None:
    """What ``_store`` has written, if it is whole."""
    try:
        facts = json.loads((folder / FACTS).read_text(encoding="utf-8"))
        if facts.pop("digest") != _digest([folder / NETWORK, folder / WEIGHTS]):
            return None
    except (OSError, ValueError, KeyError):
        return None
    with suppress(OSError):
        os.utime(folder)
    return Converted(folder / NETWORK, facts)


def _store(folder: Path, model: Any, facts: Mapping[str, Any]) -> None:
    """Write the network into a folder of its own, which then gets its name: readers see all of it or nothing."""
    import openvino

    folder.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    part = Path(tempfile.mkdtemp(prefix=".part-", dir=folder.parent))
    try:
        openvino.save_model(model, part / NETWORK, compress_to_fp16=False)
        digest = _digest([part / NETWORK, part / WEIGHTS])
        (part / FACTS).write_text(json.dumps({**facts, "digest": digest}), encoding="utf-8")
        # Another process may have stored the same meanwhile, and be about to open it.
        if _load(folder) is None:
            shutil.rmtree(folder, ignore_errors=True)
            with suppress(OSError):
                part.rename(folder)
    finally:
        shutil.rmtree(part, ignore_errors=True)
    last_used = {}
    for each in folder.parent.iterdir():
        with suppress(OSError):
            last_used[each] = each.stat().st_mtime
    for old in sorted(last_used, key=lambda each: last_used[each], reverse=True)[MAX_CACHED:]:
        shutil.rmtree(old, ignore_errors=True)
