import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from rag.ui.services.index_jobs import COMMAND, IndexJob
from rag.ui.services.index_queue import IndexQueue
from rag.ui.services.index_worker import Progress, build

from rag import Index, SentenceTransformerEncoder, build_index
from tests.waiting import wait_until


@pytest.fixture
def files(tmp_path: Path) -> Path:
    folder = tmp_path / "files"
    folder.mkdir()
    (folder / "a.md").write_text("The ferry to Baku leaves at nine.")
    (folder / "bad.docx").write_text("no zip")
    return folder


@pytest.fixture(scope="module")
def many(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """More passages than are embedded while a test runs; nobody writes to it."""
    folder = tmp_path_factory.mktemp("many")
    for number in range(200):
        sentences = (f"Ferry {number} to port {line} leaves at {line % 24} o'clock." for line in range(2_000))
        (folder / f"{number:03}.md").write_text("\n\n".join(sentences))
    return folder


@pytest.fixture
def jobs() -> Iterator[IndexQueue]:
    jobs = IndexQueue(turn=10_000)
    yield jobs
    jobs.close()


def _ended(job: IndexJob) -> IndexJob:
    wait_until(lambda: job.state().ended)
    return job


def _running(job: IndexJob) -> IndexJob:
    """The job once its worker runs, whether or not that has loaded the embedder, which takes seconds."""
    wait_until(lambda: job.state().state != "waiting")
    return job


def _build(files: Path, index: Path) -> dict[str, Any]:
    """What the worker reports last."""
    reports: list[dict[str, Any]] = []
    build(files, index, "", lambda **values: reports.append(values))
    return reports[-1]


def test_a_job_builds_the_index_and_reports_changes(jobs: IndexQueue, files: Path, tmp_path: Path) -> None:
    job = _ended(jobs.start("x", files, tmp_path / "index", ""))
    state = job.state()
    assert (state.state, state.error, state.read, state.files) == ("done", "", 2, 2)
    assert state.changes
    assert state.changes["added"] == ["a.md"]
    assert [each["document_id"] for each in state.changes["skipped"]] == ["bad.docx"]
    assert set(Index.open(tmp_path / "index").documents) == {"a.md"}
    assert jobs.latest("x") is job


def test_one_worker_runs_at_low_priority_while_other_jobs_wait(jobs: IndexQueue, many: Path, tmp_path: Path) -> None:
    first = _running(jobs.start("x", many, tmp_path / "one", ""))
    other = jobs.start("y", many, tmp_path / "two", "")
    second = jobs.start("x", many, tmp_path / "one", "")
    assert second is not first
    assert jobs.start("x", many, tmp_path / "one", "") is second
    assert jobs.latest("x") is first
    assert [job.state().state for job in (first, other, second)] == ["running", "waiting", "waiting"]
    [process] = wait_until(lambda: _processes(many))
    low = min(19, os.getpriority(os.PRIO_PROCESS, 0) + 10)
    wait_until(lambda: os.getpriority(os.PRIO_PROCESS, process) == low)
    variables = Path(f"/proc/{process}/environ").read_bytes().split(b"\0")
    assert {b"OMP_NUM_THREADS=1", b"RAG_THREADS=1", b"OMP_WAIT_POLICY=PASSIVE"} <= set(variables)
    jobs.stop("y")
    jobs.stop("x")
    assert [job.state().state for job in (first, other, second)] == ["stopped", "stopped", "stopped"]
    assert not (tmp_path / "two").exists()
    (tmp_path / "none").mkdir()
    assert _ended(jobs.start("z", tmp_path / "none", tmp_path / "index", "")).state().state == "done"


def test_closing_stops_running_and_waiting_jobs(jobs: IndexQueue, many: Path, tmp_path: Path) -> None:
    first = _running(jobs.start("x", many, tmp_path / "one", ""))
    second = jobs.start("y", many, tmp_path / "two", "")
    jobs.close()
    assert [job.state().state for job in (first, second)] == ["stopped", "stopped"]
    wait_until(lambda: not _processes(many))


def test_a_stopped_job_leaves_the_index_intact(
    jobs: IndexQueue, files: Path, many: Path, tmp_path: Path, encoder: SentenceTransformerEncoder
) -> None:
    build_index(files, tmp_path / "index", encoder)
    for number in range(3):
        shutil.copy(many / f"{number:03}.md", files)
    job = jobs.start("x", files, tmp_path / "index", "")
    wait_until(lambda: job.state().stage == "embedding")
    jobs.stop("x")
    assert set(Index.open(tmp_path / "index").documents) == {"a.md"}
    for number in range(3):
        (files / f"{number:03}.md").write_text(f"Port {number}")
    build_index(files, tmp_path / "index", encoder)
    assert set(Index.open(tmp_path / "index").documents) == {"a.md", "000.md", "001.md", "002.md"}


def test_a_failure_gives_the_reason_without_the_path(files: Path, tmp_path: Path) -> None:
    (files / "a.md").unlink()
    report = _build(files, tmp_path / "index")
    assert report["state"] == "failed"
    assert report["error"].startswith("nothing could be read; bad.docx: ")


@pytest.mark.parametrize("left", [[], ["bad.docx"]])
def test_an_index_without_readable_files_is_deleted(
    files: Path, tmp_path: Path, encoder: SentenceTransformerEncoder, left: list[str]
) -> None:
    build_index(files, tmp_path / "index", encoder)
    for path in files.iterdir():
        if path.name not in left:
            path.unlink()
    assert _build(files, tmp_path / "index")["state"] == ("failed" if left else "done")
    assert not (tmp_path / "index").exists()


def test_a_failed_update_keeps_the_index(
    jobs: IndexQueue, files: Path, tmp_path: Path, encoder: SentenceTransformerEncoder
) -> None:
    build_index(files, tmp_path / "index", encoder)
    (tmp_path / "index" / "stranger").touch()
    state = _ended(jobs.start("x", files, tmp_path / "index", "")).state()
    assert state.state == "failed"
    assert "holds 'stranger', which is not part of an index" in state.error
    assert set(Index.open(tmp_path / "index").documents) == {"a.md"}


def test_progress_reports_files_and_time_left() -> None:
    now = [0.0]
    reports: list[dict[str, Any]] = []
    progress = Progress(lambda **values: reports.append(values), clock=lambda: now[0])
    for after, stage, done, total in (
        (0, "checking", 4, 4),
        (1, "reading", 1, 4),
        (9, "embedding", 100, 200),
        (1, "reading", 2, 4),
        (0.1, "reading", 3, 4),  # too soon to report
        (0, "reading", 4, 4),
        (9, "embedding", 150, 200),
    ):
        now[0] += after
        progress(stage, done, total)
    assert [(each["stage"], each["done"], each["read"], each["files"]) for each in reports] == [
        ("checking", 4, 0, 4), ("reading", 1, 1, 4), ("embedding", 100, 1, 4), ("embedding", 100, 2, 4),
        ("embedding", 100, 4, 4), ("embedding", 150, 4, 4),
    ]  # fmt: skip
    # Embedding: 9 s for each 100 passages, and later 18 s for 150. Reading: 1 s for each file, and then a little less.
    assert [each["seconds_left"] for each in reports] == [None, None, 9 + 3, 9 + 2, 9, 6]


def test_pauses_do_not_count_as_time_that_the_rest_takes() -> None:
    now = [0.0]
    reports: list[dict[str, Any]] = []

    def pause() -> None:
        now[0] += 100

    progress = Progress(lambda **values: reports.append(values), pause, clock=lambda: now[0])
    progress("checking", 1, 1)
    progress("reading", 1, 1)
    now[0] += 10
    progress("embedding", 50, 100)
    assert [each["seconds_left"] for each in reports] == [None, None, 10]


def test_the_worker_does_not_import_gradio() -> None:
    code = f"import runpy, sys; runpy.run_path({COMMAND[-1]!r}); print('gradio' in sys.modules)"
    done = subprocess.run([*COMMAND[:-1], "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"


@pytest.mark.parametrize("number", [pytest.param(signal.SIGTERM, marks=pytest.mark.slow), signal.SIGKILL])
def test_the_worker_exits_when_the_server_is_killed(many: Path, tmp_path: Path, number: int) -> None:
    server = subprocess.Popen(
        [sys.executable, "-c", SERVER, str(many), str(tmp_path / "index")], stdin=subprocess.PIPE,
        stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    with server:
        assert server.stdout
        assert json.loads(server.stdout.readline())["stage"] == "checking"
        assert len(_processes(many)) == 1
        server.send_signal(number)
    wait_until(lambda: not _processes(many))
    # By which the next server knows that it has to continue.
    assert (tmp_path / "index.pending").exists()


SERVER = """
import json, sys, time
from pathlib import Path
from rag.ui.services.index_queue import IndexQueue
job = IndexQueue().start("x", Path(sys.argv[1]), Path(sys.argv[2]), "")
while not job.state().stage:
    time.sleep(0.05)
print(json.dumps({"stage": job.state().stage}), flush=True)
sys.stdin.read()
"""


def test_a_killed_worker_is_started_once_more(jobs: IndexQueue, files: Path, tmp_path: Path) -> None:
    job = jobs.start("x", files, tmp_path / "index", "")
    [first] = wait_until(lambda: _processes(files))
    os.kill(first, signal.SIGKILL)
    [second] = wait_until(lambda: [process for process in _processes(files) if process != first])
    os.kill(second, signal.SIGKILL)
    assert _ended(job).state().state == "interrupted"
    assert (tmp_path / "index.pending").exists()


def test_interrupted_indexing_is_resumed(jobs: IndexQueue, files: Path, tmp_path: Path) -> None:
    (tmp_path / "index.pending").touch()
    jobs.resume([("x", files, tmp_path / "index", ""), ("y", files, tmp_path / "other", "")])
    job = jobs.latest("x")
    assert job and _ended(job).state().state == "done"
    assert jobs.latest("y") is None
    assert set(Index.open(tmp_path / "index").documents) == {"a.md"}
    wait_until(lambda: not (tmp_path / "index.pending").exists())


def test_a_job_stopped_by_its_user_is_not_resumed(jobs: IndexQueue, many: Path, tmp_path: Path) -> None:
    job = _running(jobs.start("x", many, tmp_path / "index", ""))
    jobs.stop("x")
    jobs.resume([("x", many, tmp_path / "index", "")])
    assert jobs.latest("x") is job


def test_jobs_of_a_deleted_collection_are_forgotten(jobs: IndexQueue, many: Path, files: Path, tmp_path: Path) -> None:
    running = _running(jobs.start("x", many, tmp_path / "index", ""))
    other = jobs.start("y", files, tmp_path / "other", "")
    waiting = jobs.start("x", many, tmp_path / "index", "")
    jobs.forget("x")
    assert [job.state().state for job in (running, waiting)] == ["stopped", "stopped"]
    assert (jobs.latest("x"), jobs.latest("y")) == (None, other)
    assert _running(other).state().state in ("running", "done")


def _processes(files: Path) -> list[int]:
    """Process ids of the workers that index a folder."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        with contextlib.suppress(OSError):
            words = path.read_bytes().decode(errors="replace").split("\0")
            if COMMAND[-1] in words and str(files) in words:
                found.append(int(path.parent.name))
    return found
