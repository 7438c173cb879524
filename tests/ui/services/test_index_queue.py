"""Collections that are indexed in turn, by real workers."""

import os
from collections.abc import Iterator
from pathlib import Path
from subprocess import Popen
from typing import Any

import pytest
from rag.ui.services.index_jobs import IndexJob, State
from rag.ui.services.index_queue import MAX_PROCESSES, IndexQueue

from rag import Index
from tests.waiting import in_thread, wait_until


@pytest.fixture
def queue() -> Iterator[IndexQueue]:
    queue = IndexQueue(turn=0.5)
    yield queue
    queue.close()


@pytest.fixture
def patient_queue() -> Iterator[IndexQueue]:
    """A queue whose turns end only with their jobs."""
    queue = IndexQueue(turn=10_000)
    yield queue
    queue.close()


def _folder(path: Path, files: int, passages: int = 500) -> Path:
    path.mkdir()
    for number in range(files):
        lines = (f"Ferry {number} to port {line} leaves at {line % 24} o'clock." for line in range(passages))
        (path / f"{number:03}.md").write_text("\n\n".join(lines))
    return path


def _paused_job(folder: Path) -> tuple[IndexJob, Popen[str]]:
    """A job that was paused after some of its files, and its worker."""
    job = IndexJob(_folder(folder / "files", 60), folder / "index", "")
    job.resume()
    wait_until(lambda: job.state().done)
    process = job._process
    assert process
    job.pause()
    return job, process


def _ended(job: IndexJob) -> IndexJob:
    wait_until(lambda: job.state().ended)
    return job


def test_long_job_lets_a_short_one_run_and_then_continues(queue: IndexQueue, tmp_path: Path) -> None:
    long = queue.start("long", _folder(tmp_path / "long", 60), tmp_path / "long-index", "")
    wait_until(lambda: long.state().done)
    (tmp_path / "short").mkdir()
    (tmp_path / "short" / "a.md").write_text("The ferry to Baku leaves at nine.")
    short = _ended(queue.start("short", tmp_path / "short", tmp_path / "short-index", ""))
    assert (short.state().state, long.state().ended) == ("done", False)
    reached = long.state()
    wait_until(lambda: long.state() != reached)
    queue.stop("long")
    assert long.state().state == "stopped"


def test_upload_after_a_stop_is_indexed_at_its_turn(patient_queue: IndexQueue, tmp_path: Path) -> None:
    queue = patient_queue
    stopped = queue.start("x", _folder(tmp_path / "x", 60), tmp_path / "x-index", "")
    wait_until(lambda: stopped.has_process)
    second = queue.start("x", tmp_path / "x", tmp_path / "x-index", "")
    other = queue.start("y", _folder(tmp_path / "y", 60), tmp_path / "y-index", "")
    queue.stop("x")
    assert [job.state().state for job in (stopped, second)] == ["stopped", "stopped"]
    wait_until(lambda: other.state().state == "running")
    _folder(tmp_path / "z", 1, passages=3)
    last = queue.start("x", tmp_path / "z", tmp_path / "x-index", "")
    assert last is queue.latest("x") and last not in (stopped, second)
    queue.stop("y")
    assert _ended(last).state().state == "done"
    wait_until(lambda: not list(tmp_path.glob("*.pending")))
    assert queue.latest("x") is last


@pytest.mark.slow
def test_job_beyond_the_processes_gets_its_turn_and_the_parked_one_is_done_later(tmp_path: Path) -> None:
    queue = IndexQueue(turn=5, max_processes=1)
    try:
        long = queue.start("long", _folder(tmp_path / "long", 60), tmp_path / "long-index", "")
        wait_until(lambda: long.state().done)
        short = _ended(queue.start("short", _folder(tmp_path / "short", 1, passages=3), tmp_path / "short-index", ""))
        assert (short.state().state, long.state().ended) == ("done", False)
        assert long.times_parked
        for path in sorted((tmp_path / "long").iterdir())[3:]:
            path.unlink()
        assert _ended(long).state().state == "done"
        assert {"000.md", "001.md", "002.md"} <= set(Index.open(tmp_path / "long-index").documents)
    finally:
        queue.close()


@pytest.mark.slow
def test_jobs_that_park_each_other_are_done(tmp_path: Path) -> None:
    queue = IndexQueue(turn=0.5, max_processes=1)
    try:
        jobs = [
            queue.start(name, _folder(tmp_path / name, 3, passages=100), tmp_path / f"{name}-index", "")
            for name in "abc"
        ]
        assert [_ended(job).state().state for job in jobs] == ["done"] * 3
        assert any(job.times_parked for job in jobs)
    finally:
        queue.close()


def test_parked_job_has_no_process_and_can_be_stopped(tmp_path: Path) -> None:
    job, process = _paused_job(tmp_path)
    in_thread(job.park)
    assert process.poll() is not None
    assert (job.has_process, job.has_finished, job.state(), job.times_parked) == (False, False, State(), 1)
    job.stop()
    assert (job.has_finished, job.state().state) == (True, "stopped")


def test_job_that_is_cancelled_while_it_is_parked_has_finished(tmp_path: Path) -> None:
    job = IndexJob(_folder(tmp_path / "files", 60), tmp_path / "index", "")
    job.resume()
    wait_until(lambda: job._process)
    job.cancel()
    in_thread(job.park)
    assert (job.has_finished, job.state().state) == (True, "stopped")


class _Job:
    """What the queue asks a job for its next turn."""

    has_finished = False

    def __init__(self, turns: int, times_parked: int = 0, *, is_writing: bool = False) -> None:
        self.turns, self.times_parked = turns, times_parked
        self._state = State(stage="embedding", done=9, total=9 if is_writing else 10, read=1, files=1)

    @property
    def has_process(self) -> bool:
        return self.turns > 0

    def state(self) -> State:
        return self._state


@pytest.mark.parametrize(
    ("jobs", "expected"),
    [
        ([_Job(0), _Job(5)], ("0", None)),
        ([_Job(0), _Job(5), _Job(3)], ("0", 2)),
        ([_Job(0), _Job(5), _Job(3, is_writing=True)], ("0", 1)),
        ([_Job(0), _Job(5, is_writing=True), _Job(3, is_writing=True)], ("1", None)),
        ([_Job(0, 1), _Job(5), _Job(1, 2)], ("1", None)),
        ([_Job(0, 1), _Job(5), _Job(4, 2)], ("0", 2)),
        ([_Job(0, 1), _Job(5, 9), _Job(1)], ("0", 2)),
        ([_Job(0), _Job(5, 9), _Job(6, 9)], ("0", 1)),
    ],
)
def test_next_turn_parks_the_job_that_has_the_least_to_lose(
    jobs: list[_Job], expected: tuple[str, int | None], patient_queue: IndexQueue
) -> None:
    queue: Any = patient_queue
    queue._max_processes = 2
    with queue._changed:
        queue._jobs = {str(number): job for number, job in enumerate(jobs)}
        queue._turns.extend(queue._jobs)
        collection, to_park = queue._next_turn()
        queue._jobs.clear()
        queue._turns.clear()
    assert (collection, jobs.index(to_park) if to_park else None) == expected


@pytest.mark.slow
def test_all_jobs_that_take_turns_are_done(queue: IndexQueue, tmp_path: Path) -> None:
    names = [f"c{number}" for number in range(MAX_PROCESSES + 1)]
    jobs = [
        queue.start(name, _folder(tmp_path / name, 3, passages=3), tmp_path / f"{name}-index", "") for name in names
    ]
    assert [_ended(job).state().state for job in jobs] == ["done"] * len(jobs)
    assert [len(Index.open(tmp_path / f"{name}-index").documents) for name in names] == [3] * len(jobs)
    wait_until(lambda: not list(tmp_path.glob("*.pending")))


def test_paused_worker_uses_no_processor_time_until_it_is_resumed(tmp_path: Path) -> None:
    job, process = _paused_job(tmp_path)
    assert job.state().state == "waiting"
    seconds: list[float] = []
    # The batch that it is embedding is finished first.
    wait_until(
        lambda: seconds.append(_cpu_seconds(process.pid)) or (len(seconds) > 50 and len(set(seconds[-50:])) == 1)
    )
    assert not job.state().ended
    job.resume()
    wait_until(lambda: _cpu_seconds(process.pid) > seconds[-1])
    job.stop()


def _cpu_seconds(process: int) -> float:
    times = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[11:13]
    return sum(map(int, times)) / os.sysconf("SC_CLK_TCK")
