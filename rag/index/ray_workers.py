"""Workers of a Ray cluster, which read, cut and embed files.

At least one processor of the cluster gets no worker: Ray needs one for what it does itself, and hangs without
(ray-project/ray#44687).
"""

from __future__ import annotations

import logging
import os
import socket
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import chain
from pathlib import Path
from typing import Any, TypeVar

from ..embedding.encoder import Encoder, SentenceTransformerEncoder
from ..embedding.engines.threads import VARIABLE as THREADS
from ..errors import InputError, RagError, first_line
from ..sources.discovery import FileState, Source, state_of
from ..sources.parse_process import FileLimits, ParseProcess
from ..sources.remote import RemoteFile
from ..text.chunking import ChunkSettings
from .prepare import FilePreparer, FileTask, PreparedFile, WorkersLost

#: Address that stands for a cluster of this machine, which is started and ended with the run.
LOCAL = "local"

#: Files and bytes that a worker gets at a time: enough to embed in full batches, little to repeat if it is killed.
FILES, BYTES = 32, 1_000_000

#: Files whose state a worker tells at a time.
STATES = 256

#: Batches per worker that are in work or wait to be taken in their order.
WAITING = 4

#: Workers that may end over the same batch, one after another.
ENDS = 20

#: Seconds to wait for a connection to the cluster.
CONNECT = 5

#: Bytes of shared memory for results on their way; Ray puts more on disk.
OBJECT_STORE = 500_000_000

Item = TypeVar("Item")


@dataclass(frozen=True, slots=True)
class _Setup:
    """What a worker process is made with."""

    make_encoder: Callable[[], Encoder]
    fingerprint: str
    settings: ChunkSettings
    limits: FileLimits
    environment: dict[str, str]


class _Worker:
    """Runs in a process of Ray."""

    def __init__(self, setup: _Setup) -> None:
        os.environ |= setup.environment
        self._setup = setup
        self._preparer: FilePreparer | None = None

    def states(self, sources: Sequence[Source]) -> list[FileState]:
        """See ``Workers.states``."""
        return [state_of(source) for source in sources]

    def prepare(self, tasks: Sequence[FileTask]) -> list[PreparedFile]:
        """See ``Workers.prepare``."""
        if self._preparer is None:
            setup = self._setup
            encoder = setup.make_encoder()
            if encoder.fingerprint != setup.fingerprint:
                raise InputError(
                    f"the worker on {socket.gethostname()} has another version of the embedder {encoder.name!r} "
                    f"({encoder.fingerprint} instead of {setup.fingerprint}); install the same one on every machine"
                )
            self._preparer = FilePreparer(encoder, setup.settings, ParseProcess(setup.limits))
        return self._preparer.prepare(tasks)


class _Batch:
    """A batch of files: what to do, and the result once it is there."""

    def __init__(self, items: list[Any]) -> None:
        self.items = items
        self.result: list[Any] | None = None
        self.ends = 0


class RayWorkers:
    """Workers of a Ray cluster; see ``Workers``. They start when they are needed.

    Args:
        address: ``local`` to start Ray on this machine, ``auto`` for the cluster that this machine is part of, or the
            cluster's address, ``HOST:PORT`` or ``ray://HOST:PORT``. A Ray that this process is connected to already is
            used whatever the address.
        device: Torch device of the workers, such as ``cpu``; see ``SentenceTransformerEncoder``.
        make_encoder: Makes the embedder in a worker. Default: the embedder of the index, by its name.
        processors: With ``local``, the number of processors that Ray may use: one more than there are workers. Default:
            all of this machine.

    Raises:
        InputError: Ray is not installed, there is no Ray at the address, or the number of processors is less than 1.
    """

    def __init__(
        self,
        address: str = LOCAL,
        device: str | None = None,
        *,
        make_encoder: Callable[[], Encoder] | None = None,
        processors: int | None = None,
    ) -> None:
        _check_installed()
        _check_reachable(address)
        if processors is not None and processors < 1:
            raise InputError(f"Ray needs a processor; {processors} is not a number of at least 1")
        self._address, self._device, self._make_encoder = address, device, make_encoder
        self._processors = processors
        self._setup: _Setup | None = None
        self._actors: list[Any] = []
        self._make_actor: Callable[[], Any] | None = None
        self._is_owner = False

    def start(self, encoder: Encoder, settings: ChunkSettings, limits: FileLimits) -> None:
        """See ``Workers.start``."""
        make = self._make_encoder or partial(SentenceTransformerEncoder, encoder.name, self._device)
        # Engine, precision and threads, which the workers would otherwise choose anew.
        environment = {name: value for name, value in os.environ.items() if name.startswith("RAG_")}
        self._setup = _Setup(make, encoder.fingerprint, settings, limits, environment)

    def states(self, sources: Sequence[Source]) -> Iterator[FileState]:
        """See ``Workers.states``."""
        if all(isinstance(source.path, RemoteFile) and source.path.stamp for source in sources):
            yield from map(state_of, sources)
            return
        batches = (list(sources[at : at + STATES]) for at in range(0, len(sources), STATES))
        yield from chain.from_iterable(self._map("states", batches))

    def prepare(self, tasks: Iterable[FileTask]) -> Iterator[PreparedFile]:
        """See ``Workers.prepare``."""
        yield from chain.from_iterable(self._map("prepare", _batches(tasks)))

    def close(self) -> None:
        """See ``Workers.close``."""
        if not self._actors and not self._is_owner:
            return
        import ray

        for actor in self._actors:
            ray.kill(actor)
        self._actors = []
        if self._is_owner:
            ray.shutdown()
            self._is_owner = False

    def _connect(self) -> None:
        """Connect to the cluster, and start the workers."""
        # Ray reports its use to its makers unless it is told not to.
        os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
        if self._address == LOCAL:
            # It listens on all addresses of the machine, to those that hold its secret.
            os.environ.setdefault("RAY_AUTH_MODE", "token")
        import ray

        try:
            if not ray.is_initialized():
                own: dict[str, Any] = {}
                if self._address == LOCAL:
                    own = {
                        "include_dashboard": False,
                        "object_store_memory": OBJECT_STORE,
                        "num_cpus": self._processors,
                    }
                ray.init(self._address, log_to_driver=False, logging_level=logging.ERROR, **own)
                self._is_owner = True
            resources: dict[str, float] = ray.cluster_resources()  # type: ignore[no-untyped-call]
        except (ray.exceptions.RayError, OSError, RuntimeError, ValueError, ImportError) as error:
            raise WorkersLost(f"Ray at {self._address}: cannot be used ({first_line(error)}); {_remedy()}") from error
        cpus = int(resources.get("CPU", 1))
        count, each = worker_count(cpus)
        assert self._setup
        setup = self._setup
        setup.environment.setdefault(THREADS, str(max(1, cpus // count)))
        actor_class = ray.remote(_Worker).options(num_cpus=each, max_restarts=0)
        self._make_actor = lambda: actor_class.remote(setup)
        self._actors = [self._make_actor() for _ in range(count)]

    def _map(self, method: str, batches: Iterable[list[Item]]) -> Iterator[list[Any]]:
        """The results of a worker's method for each batch, in order.

        A batch whose worker ends is given to another.
        """
        if not self._actors:
            self._connect()
        waiting: deque[_Batch] = deque()
        running: dict[Any, tuple[_Batch, int, Any]] = {}
        coming = iter(batches)
        while True:
            while len(waiting) < WAITING * len(self._actors) and (items := next(coming, None)) is not None:
                waiting.append(_Batch(items))
                self._submit(method, waiting[-1], running)
            if not waiting:
                return
            if (result := waiting[0].result) is not None:
                waiting.popleft()
                yield result
            else:
                self._wait(method, running)

    def _submit(self, method: str, batch: _Batch, running: dict[Any, tuple[_Batch, int, Any]]) -> None:
        """Give a batch to the worker with the fewest."""
        loads = [0] * len(self._actors)
        for _, at, actor in running.values():
            loads[at] += actor is self._actors[at]
        least = min(range(len(loads)), key=loads.__getitem__)
        actor = self._actors[least]
        running[getattr(actor, method).remote(batch.items)] = (batch, least, actor)

    def _wait(self, method: str, running: dict[Any, tuple[_Batch, int, Any]]) -> None:
        """Wait until a batch is done, or its worker has ended."""
        import ray

        ready, _ = ray.wait(list(running), num_returns=1)
        for ref in ready:
            batch, at, actor = running.pop(ref)
            try:
                batch.result = ray.get(ref)
            except ray.exceptions.RayTaskError as error:
                cause = error.cause
                raise WorkersLost(
                    str(cause)
                    if isinstance(cause, RagError)
                    else f"a worker failed ({cause!r}); this is a fault in rag"
                ) from error
            except ray.exceptions.RayError as error:
                batch.ends += 1
                if batch.ends >= ENDS:
                    raise WorkersLost(
                        f"{ENDS} workers in a row have ended over the same files ({first_line(error)}); see Ray's log "
                        f"for the reason, then run the same command again: it goes on where this one has stopped"
                    ) from error
                if self._actors[at] is actor and self._make_actor:
                    self._actors[at] = self._make_actor()
                self._submit(method, batch, running)


def worker_count(cpus: int) -> tuple[int, int]:
    """How many workers a cluster gets, and how many processors each of them reserves; one is always left."""
    return (cpus - 1, 1) if cpus > 1 else (1, 0)


def _batches(tasks: Iterable[FileTask]) -> Iterator[list[FileTask]]:
    """Groups of files, each for one worker."""
    batch: list[FileTask] = []
    size = 0
    for task in tasks:
        if batch and (len(batch) == FILES or size + task.size > BYTES):
            yield batch
            batch, size = [], 0
        batch.append(task)
        size += task.size
    if batch:
        yield batch


def _check_installed() -> None:
    from importlib.util import find_spec

    if find_spec("ray") is None:
        raise InputError("--ray: Ray is not installed; install rag[ray]")


def _check_reachable(address: str) -> None:
    """Refuse an address where nothing listens: Ray itself would try for minutes."""
    if address in {LOCAL, "auto"}:
        return
    if Path(address).expanduser().exists():
        raise InputError(
            f"--ray {address}: is a file or folder, not the address of a Ray cluster; put PATH before --ray"
        )
    host, _, port = address.removeprefix("ray://").rpartition(":")
    if not host or not port.isdecimal():
        raise InputError(f"--ray {address}: is no address of a Ray cluster; write it as HOST:PORT or ray://HOST:PORT")
    try:
        socket.create_connection((host.strip("[]"), int(port)), timeout=CONNECT).close()
    except (OSError, OverflowError) as error:
        reason = getattr(error, "strerror", None) or error
        raise InputError(f"--ray {address}: cannot be reached ({reason}); {_remedy()}") from error


def _remedy() -> str:
    return "check the address and that Ray runs there, or give --ray alone to start it on this machine"
