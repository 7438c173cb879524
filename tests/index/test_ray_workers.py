"""Indexing by the workers of a real Ray cluster on this machine."""

import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path

import pytest

from rag import Index, InputError, RayWorkers, build_index
from rag.cli import main
from rag.embedding.encoder import Progress, Vectors
from rag.index.ray_workers import worker_count
from rag.index.versions import staging_folders
from tests.index.conftest import QuickEncoder
from tests.index.test_shards import held

KILLED = Path(__file__).with_name("killed_workers.py")


class NotingEncoder(QuickEncoder):
    """Notes in a folder how many texts each process embeds in each call, and kills its process where it is told to.

    Args:
        notes: The folder.
        lives: Number of processes that end in their second call.
        fingerprint: Overrides that of ``QuickEncoder``.
    """

    def __init__(self, notes: Path, lives: int = 0, fingerprint: str = "q1") -> None:
        self._notes, self._lives, self.fingerprint = notes, lives, fingerprint
        self._calls = 0

    def encode(self, texts: Sequence[str], progress: Progress | None = None) -> Vectors:
        self._calls += 1
        note = self._notes / f"{os.getpid()}-{self._calls}"
        note.write_text(str(len(texts)))
        lives = {path.name.partition("-")[0] for path in self._notes.iterdir()}
        if self._calls == 2 and len(lives) <= self._lives:
            os.kill(os.getpid(), signal.SIGKILL)
        return super().encode(texts, progress)


@pytest.fixture(scope="module")
def ray_session() -> Iterator[None]:
    """Ray on this machine, started once for all tests."""
    import ray

    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
    ray.init("local", num_cpus=2, include_dashboard=False, log_to_driver=False, object_store_memory=100_000_000)
    yield
    ray.shutdown()


@pytest.fixture
def notes(tmp_path: Path) -> Path:
    folder = tmp_path / "notes"
    folder.mkdir()
    return folder


@pytest.fixture
def docs(tmp_path: Path) -> Path:
    folder = tmp_path / "docs"
    folder.mkdir()
    for number in range(150):
        text = "\n\n".join(f"Paragraph {i} of file {number} tells of river {number * i}." for i in range(3))
        (folder / f"{number:03}.txt").write_text(text)
    (folder / "broken.pdf").write_bytes(b"%PDF no")
    (folder / "empty.txt").write_bytes(b"")
    return folder


def embedded(notes: Path) -> int:
    """Number of texts that were embedded since the last call."""
    count = sum(int(path.read_text()) for path in notes.iterdir())
    for path in notes.iterdir():
        path.unlink()
    return count


@pytest.mark.slow
@pytest.mark.usefixtures("ray_session")
def test_index_equals_that_of_one_process_when_workers_are_killed(docs: Path, notes: Path, tmp_path: Path) -> None:
    workers = RayWorkers(make_encoder=partial(NotingEncoder, notes, lives=3))
    changes = build_index(docs, tmp_path / "ray", QuickEncoder(), workers=workers)
    expected = build_index(docs, tmp_path / "one", QuickEncoder())
    assert held(tmp_path / "ray") == held(tmp_path / "one")
    assert changes == expected
    assert len({path.name.partition("-")[0] for path in notes.iterdir()}) == 4
    assert staging_folders(tmp_path / "ray") == []


@pytest.mark.slow
@pytest.mark.usefixtures("ray_session")
def test_only_what_changed_is_embedded_by_workers(docs: Path, notes: Path, tmp_path: Path) -> None:
    workers = RayWorkers(make_encoder=partial(NotingEncoder, notes))
    build_index(docs, tmp_path / "index", QuickEncoder(), workers=workers)
    first = embedded(notes)
    (docs / "007.txt").write_text((docs / "007.txt").read_text() + "\n\n# More\n\nThe Ob is 3,650 km long.")
    (docs / "new.txt").write_text("The Ishim is 2,450 km long.")
    changes = build_index(docs, tmp_path / "index", QuickEncoder(), workers=workers)
    assert (changes.changed, changes.added, len(changes.unchanged)) == (["007.txt"], ["new.txt"], 149)
    assert first >= 150
    assert embedded(notes) == 2
    assert build_index(docs, tmp_path / "index", QuickEncoder(), workers=workers).changed == []
    assert embedded(notes) == 0


@pytest.mark.slow
@pytest.mark.usefixtures("ray_session")
def test_interrupted_run_goes_on_after_the_last_file(docs: Path, notes: Path, tmp_path: Path) -> None:
    workers = RayWorkers(make_encoder=partial(NotingEncoder, notes))

    def stop(stage: str, done: int, total: int) -> None:
        if stage == "reading" and done == 100:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        build_index(docs, tmp_path / "index", QuickEncoder(), report=stop, workers=workers)
    assert len(staging_folders(tmp_path / "index")) == 1
    embedded(notes)
    build_index(docs, tmp_path / "index", QuickEncoder(), workers=workers)
    build_index(docs, tmp_path / "one", QuickEncoder())
    # Files 0 to 99 were committed, one by one.
    passages = Index.open(tmp_path / "one").passages
    assert embedded(notes) == len({each.text for each in passages if each.document_id >= "100"})
    assert held(tmp_path / "index") == held(tmp_path / "one")


@pytest.mark.slow
@pytest.mark.usefixtures("ray_session")
def test_workers_that_always_end_stop_the_run(
    docs: Path, notes: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("rag.index.ray_workers.ENDS", 2)
    workers = RayWorkers(make_encoder=partial(NotingEncoder, notes, lives=100))
    with pytest.raises(InputError, match=r"^2 workers in a row have ended over the same files .* run the same command"):
        build_index(docs, tmp_path / "index", QuickEncoder(), workers=workers)
    assert len(staging_folders(tmp_path / "index")) == 1


@pytest.mark.slow
@pytest.mark.usefixtures("ray_session")
def test_worker_with_another_embedder_is_refused(docs: Path, notes: Path, tmp_path: Path) -> None:
    workers = RayWorkers(make_encoder=partial(NotingEncoder, notes, fingerprint="q2"))
    with pytest.raises(InputError, match=r"has another version of the embedder 'quick' \(q2 instead of q1\)"):
        build_index(docs, tmp_path / "index", QuickEncoder(), workers=workers)


@pytest.mark.parametrize("cpus", [1, 2, 3, 64])
def test_one_processor_gets_no_worker(cpus: int) -> None:
    count, each = worker_count(cpus)
    assert count >= 1
    assert count * each == cpus - 1


def test_unreachable_address_is_one_clear_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with socket.socket() as taken:
        # Bound but not listening, so that connections are refused.
        taken.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        assert main(["index", str(tmp_path), "--ray", address]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert re.search(rf"--ray {address}: cannot be reached \(Connection refused\); check the address", line)


def test_folder_in_place_of_an_address_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["index", "--ray", str(tmp_path)]) == 2
    assert "is a file or folder, not the address of a Ray cluster; put PATH before --ray" in capsys.readouterr().err
    assert main(["index", "--ray", "nowhere"]) == 2
    assert "--ray nowhere: is no address of a Ray cluster; write it as HOST:PORT" in capsys.readouterr().err


def test_missing_ray_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(InputError, match=r"--ray: Ray is not installed; install rag\[ray\]"):
        RayWorkers()


@pytest.mark.slow
def test_twenty_kills_lose_and_double_nothing(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, str(KILLED), str(tmp_path), "20"],
        capture_output=True, text=True, check=False, env=os.environ | {"PYTHONPATH": str(Path.cwd())},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1] == "20 18 2"
