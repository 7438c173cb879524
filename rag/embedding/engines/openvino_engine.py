"""Networks in OpenVINO's format: conversion from torch, a cache of converted ones, and the engine that runs them.

Converting takes torch and some seconds. The result is compared with torch and kept in the user's cache folder, so that
later processes import neither torch nor transformers.
"""

from __future__ import annotations

import json
import logging
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
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import platformdirs
import xxhash

from ...errors import first_line
from .base import Floats, Ints
from .mapped_files import release_pages
from .precision import BFLOAT16, FLOAT32, INT8, chosen_precision
from .threads import thread_count

if TYPE_CHECKING:
    import torch

#: Environment variable that names the cache folder.
CACHE_VARIABLE = "RAG_CACHE"

#: Part of a converted network's name in the cache; to be raised when what is stored changes.
FORMAT = 7

#: Number of converted networks that are kept; those that were not used for longest are deleted.
MAX_CACHED = 12

NETWORK, WEIGHTS, FACTS = "network.xml", "network.bin", "facts.json"

#: Entry of the facts that says why a network runs on torch.
PROBLEM = "problem"

#: Names of the inputs.
IDS, TYPES, MASK = INPUTS = ("ids", "types", "mask")

READ_SIZE = 1 << 20

#: Torch traces one network at a time.
_CONVERTING = threading.Lock()

#: Largest difference between an output of torch and of OpenVINO, both in float32.
SAME = 2e-3

#: OpenVINO's names of the precisions.
HINTS = {FLOAT32: "f32", BFLOAT16: "bf16", INT8: "f32"}

#: In bfloat16, windows are padded to a multiple of this many tokens: processors with AMX compute tiles of 16 rows, and
#: fewer lengths mean fewer kernels to prepare. Reading 10 passages takes 7% less processor time, padding included.
TILE = 16

#: Inputs of a layer with integer weights that share a scale when they are rounded to integers too; 0: not rounded.
GROUP = {FLOAT32: 0, BFLOAT16: 0, INT8: 32}


class Conversion(NamedTuple):
    """What a conversion needs.

    Attributes:
        network: Its ``forward`` takes ids, types and mask, as ``Engine.run`` does.
        facts: Facts about the network that JSON can hold.
        probe: Ids, types and mask of a batch of windows of very different length, ``int64 [windows, tokens]``.
        expected: Torch's output for the probe, ``float32 [windows, ...]``.
    """

    network: torch.nn.Module
    facts: Mapping[str, Any]
    probe: tuple[Ints, Ints, Ints]
    expected: Floats


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
        precision: Name of a precision; the one that ``chosen_precision`` chooses if None.
        quantized: True if the network's weights are integers.

    Raises:
        InputError: See ``chosen_precision``.
        RuntimeError: OpenVINO cannot run it.
    """

    def __init__(self, converted: Converted, precision: str | None = None, quantized: bool = False) -> None:
        precision = precision or _precision(quantized)
        settings = {
            "INFERENCE_PRECISION_HINT": HINTS[precision],
            "DYNAMIC_QUANTIZATION_GROUP_SIZE": GROUP[precision],
            "INFERENCE_NUM_THREADS": thread_count(),
            "NUM_STREAMS": 1,
            # A thread tied to a core waits while another program uses that core.
            "ENABLE_CPU_PINNING": False,
        }
        self.name = f"OpenVINO, {precision}"
        self._is_tiled = precision == BFLOAT16
        self._longest = int(converted.facts.get("longest", 0))
        self._compiled: Any = _core().compile_model(converted.model, "CPU", settings)
        # A network without segments has no input for them.
        self._inputs = [
            number for each in self._compiled.inputs for number, name in enumerate(INPUTS) if name in each.names
        ]
        if isinstance(converted.model, Path):
            # The first pass copies the weights into the form that it computes with.
            self.run(*np.ones((3, 1, TILE), dtype=np.int64))
            release_pages(converted.model.with_name(WEIGHTS).resolve())

    def run(self, ids: Ints, types: Ints, mask: Ints) -> Floats:
        """See ``Engine.run``."""
        tokens = ids.shape[1]
        more = min(-tokens % TILE, self._longest - tokens) if self._is_tiled else 0
        # The mask excludes the new tokens, so that it does not matter which they are.
        given = [np.pad(values, ((0, 0), (0, max(more, 0)))) for values in (ids, types, mask)]
        output: Floats = self._compiled([given[each] for each in self._inputs])[0]
        # An output for each token, or one for each window.
        return output[:, :tokens] if output.ndim == 3 else output


def openvino_problem() -> str | None:
    """Why OpenVINO cannot be used, in one line; None if it can."""
    try:
        core = _core()
    except (ImportError, RuntimeError, OSError) as error:
        return f"OpenVINO is not installed or does not start ({first_line(error)})"
    try:
        # Not ``available_devices``, which loads the plugins of all devices. If one cannot be loaded, as that for
        # graphics without OpenCL, and a thread starts at that moment, glibc 2.36 may end the process with code 127
        # ("Inconsistency detected by ld.so").
        core.get_property("CPU", "FULL_DEVICE_NAME")
    except RuntimeError:
        return "OpenVINO does not know this processor"
    return None


def computes_in_bfloat16() -> bool:
    """True if networks are computed in bfloat16 where no other precision is named.

    Raises:
        InputError: See ``chosen_precision``.
    """
    return _precision() == BFLOAT16


def _precision(quantized: bool = False) -> str:
    return chosen_precision(_core().get_property("CPU", "OPTIMIZATION_CAPABILITIES"), quantized)


def converted(files: Iterable[Path], prepare: Callable[[], Conversion], purpose: str) -> Converted:
    """A network from the cache, or converted now and stored there: in 16 bits if it is computed in bfloat16.

    Args:
        files: The files that determine the network; their contents identify it, with the versions of the libraries.
        prepare: Loads the network for a conversion. A RuntimeError says that it must run on torch.
        purpose: What the network computes; distinguishes networks of the same files.

    Raises:
        InputError: See ``chosen_precision``.
        RuntimeError: OpenVINO cannot convert it, or gives another output than torch. That is stored, too.
    """
    bits = 16 if computes_in_bfloat16() else 32
    folder = _cache_folder() / f"{purpose}-{bits}-{_digest(files)}"
    if found := _load(folder):
        return found
    with _CONVERTING:
        return _load(folder) or _converted_now(folder, prepare, bits)


def _converted_now(folder: Path, prepare: Callable[[], Conversion], bits: int) -> Converted:
    """Convert a network and store it in a folder of the cache; see ``converted``."""
    try:
        conversion = prepare()
        model = _convert(conversion.network)
        _compare(OpenVinoEngine(Converted(model, {}), FLOAT32), conversion)
    except (MemoryError, OSError, ValueError):
        raise
    except Exception as error:  # OpenVINO's errors have no other base class
        with suppress(OSError):
            _store(folder, None, {PROBLEM: first_line(error)}, bits)
        raise RuntimeError(first_line(error)) from error
    try:
        _store(folder, model, conversion.facts, bits)
        return _load(folder) or Converted(model, conversion.facts)
    except (OSError, RuntimeError):
        # Without the cache, only the start takes longer.
        return Converted(model, conversion.facts)


def _convert(network: torch.nn.Module) -> Any:
    import torch

    openvino = _openvino()
    example = torch.ones(2, 8, dtype=torch.int64)
    logger = logging.getLogger("transformers")
    level = logger.level
    with torch.inference_mode(), warnings.catch_warnings():
        # Tracing warns of conditions on lengths; ``_compare`` shows whether they matter. It also touches what
        # transformers warns of, such as a loss that nobody computes.
        warnings.simplefilter("ignore")
        logger.setLevel(logging.ERROR)
        try:
            model = openvino.convert_model(network, example_input=dict.fromkeys(INPUTS, example))
        finally:
            logger.setLevel(level)
    for each in model.inputs:
        each.node.set_partial_shape(openvino.PartialShape([-1, -1]))
    model.validate_nodes_and_infer_types()
    return model


def _compare(engine: OpenVinoEngine, conversion: Conversion) -> None:
    """Raise a RuntimeError if the engine gives another output for the probe than torch."""
    difference = np.abs(engine.run(*conversion.probe) - conversion.expected)
    if difference.ndim == 3:  # an output for each token; that of padding is of no use
        difference = difference[conversion.probe[2] == 1]
    # Not a number is not the same, either.
    if not difference.max() <= SAME:
        raise RuntimeError(f"its output differs from that of torch by {difference.max():.2g}")


def _openvino() -> Any:
    # OpenVINO reports its use over the network where this package can be imported.
    sys.modules.setdefault("openvino_telemetry", None)  # type: ignore[arg-type]
    import openvino

    return openvino


@cache
def _core() -> Any:
    return _openvino().Core()


def _digest(files: Iterable[Path]) -> str:
    """Identifies the contents of the files, for the versions of the libraries that convert them."""
    from importlib.metadata import version

    versions = [version(name) for name in ("openvino", "torch", "transformers", "sentence-transformers")]
    digest = xxhash.xxh3_128(repr([FORMAT, *versions]).encode())
    for path in files:
        digest.update(path.name.encode())
        with path.open("rb") as file:
            while part := file.read(READ_SIZE):
                digest.update(part)
    return digest.hexdigest()


def _cache_folder() -> Path:
    return Path(os.environ.get(CACHE_VARIABLE) or platformdirs.user_cache_path("rag")).expanduser() / "engines"


def _load(folder: Path) -> Converted | None:
    """What ``_store`` has written, if it is whole.

    Raises:
        RuntimeError: The network cannot be converted.
    """
    try:
        facts = json.loads((folder / FACTS).read_text(encoding="utf-8"))
        problem = facts.get(PROBLEM)
        if not problem and facts.pop("digest") != _digest([folder / NETWORK, folder / WEIGHTS]):
            return None
    except (OSError, ValueError, KeyError, AttributeError):
        return None
    with suppress(OSError):
        os.utime(folder)
    if problem:
        raise RuntimeError(problem)
    return Converted(folder / NETWORK, facts)


def _store(folder: Path, model: Any, facts: Mapping[str, Any], bits: int) -> None:
    """Write into a folder that then gets its name: readers see all of it or nothing. ``model`` may be None.

    ``bits`` is what a floating-point weight takes, 16 or 32. Integers are kept.
    """
    folder.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    part = Path(tempfile.mkdtemp(prefix=".part-", dir=folder.parent))
    try:
        if model is not None:
            _openvino().save_model(model, part / NETWORK, compress_to_fp16=bits == 16)
            facts = {**facts, "digest": _digest([part / NETWORK, part / WEIGHTS])}
        (part / FACTS).write_text(json.dumps(facts), encoding="utf-8")
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
