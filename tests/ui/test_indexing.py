import subprocess
import sys
import time
from pathlib import Path

import pytest
from rag.ui.indexing import ENVIRONMENT, Job, Jobs

from rag import Index


@pytest.fixture
def files(tmp_path: Path) -> Path:
    folder = tmp_path / "files"
    folder.mkdir()
    (folder / "a.md").write_text("The ferry to Baku leaves at nine.")
    (folder / "bad.docx").write_text("no zip")
    return folder


def _ended(job: Job, seconds: float = 120) -> Job:
    until = time.monotonic() + seconds
    while not job.state().ended and time.monotonic() < until:
        time.sleep(0.1)
    return job


def test_a_job_builds_the_index_and_says_what_it_did(files: Path, tmp_path: Path) -> None:
    jobs = Jobs()
    job = _ended(jobs.start("x", files, tmp_path / "index"))
    state = job.state()
    assert (state.state, state.error) == ("done", "")
    assert state.changes
    assert state.changes["added"] == ["a.md"]
    assert [each["document_id"] for each in state.changes["skipped"]] == ["bad.docx"]
    assert set(Index.open(tmp_path / "index").documents) == {"a.md"}
    assert jobs.of("x") is job


def test_one_runs_and_the_next_waits_and_both_can_be_stopped(files: Path, tmp_path: Path) -> None:
    jobs = Jobs()
    first = jobs.start("x", files, tmp_path / "one")
    second = jobs.start("y", files, tmp_path / "two")
    time.sleep(0.5)
    assert (first.state().state, second.state().state) == ("running", "waiting")
    jobs.close()
    assert [_ended(job).state().state for job in (first, second)] == ["stopped", "stopped"]
    assert not (tmp_path / "two").exists()


def test_what_fails_says_why(files: Path, tmp_path: Path) -> None:
    (files / "a.md").unlink()
    state = _ended(Jobs().start("x", files, tmp_path / "index")).state()
    assert state.state == "failed"
    assert "nothing could be read" in state.error


def test_no_files_are_no_index(files: Path, tmp_path: Path) -> None:
    for path in files.iterdir():
        path.unlink()
    (tmp_path / "index").mkdir()
    assert _ended(Jobs().start("x", files, tmp_path / "index")).state().state == "done"
    assert not (tmp_path / "index").exists()


def test_the_process_ends_with_the_one_that_started_it(files: Path, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "rag.ui.indexing", str(files), str(tmp_path / "index")]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=ENVIRONMENT | {"PATH": ""})
    assert process.stdin
    process.stdin.close()
    assert process.wait(timeout=60) in (0, 1)
