"""Crashes, damage, full disks and concurrent writers: the index never gives wrong answers or loses data."""

import json
import resource
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import pytest

from rag import (
    ChunkSettings,
    Encoder,
    Index,
    IndexBusy,
    IndexDamaged,
    IndexMismatch,
    IndexMissing,
    InputError,
    RagError,
    build_index,
    repair,
    verify,
)
from rag.cli import main
from rag.index import Manifest, current_version
from rag.index.manifest import MANIFEST
from rag.index.vectors import build_approximate_index
from rag.index.versions import CURRENT, WRITER
from tests.waiting import PATIENCE

PARTS = ["library.sqlite", "vectors.f32", "words/terms.txt", "words/rows.npy", MANIFEST]


@pytest.fixture
def index(docs: Path, tmp_path: Path, quick: Encoder) -> Path:
    """An index whose version before the current one holds only the first of the two documents."""
    rents = (docs / "rents.txt").read_text()
    (docs / "rents.txt").unlink()
    build_index(docs, tmp_path / "index", quick)
    (docs / "rents.txt").write_text(rents)
    build_index(docs, tmp_path / "index", quick)
    quick.embedded.clear()
    return tmp_path / "index"


def _damage(path: Path, how: str) -> None:
    raw = bytearray(path.read_bytes())
    if how == "delete":
        path.unlink()
    elif how == "truncate":
        path.write_bytes(raw[: len(raw) // 2])
    elif how == "empty":
        path.write_bytes(b"")
    else:
        raw[len(raw) // 2] ^= 1
        path.write_bytes(raw)


@pytest.mark.parametrize("kills", [5, pytest.param(100, marks=[pytest.mark.slow, pytest.mark.timeout(1_200)])])
def test_index_survives_kills_at_random_moments(tmp_path: Path, kills: int) -> None:
    program = Path(__file__).with_name("killed.py")
    done = subprocess.run([sys.executable, program, tmp_path, str(kills)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    found, kept, swapped = map(int, done.stdout.split())
    assert found == kept + swapped == kills


@pytest.mark.parametrize("how", ["flip", "truncate", "empty", "delete"])
@pytest.mark.parametrize("name", PARTS)
def test_damaged_file_is_named_and_repaired_with_minimal_work(index: Path, quick: Encoder, name: str, how: str) -> None:
    _damage(current_version(index) / name, how)
    with pytest.raises(IndexDamaged, match=rf"{name}: .*repair it with `rag verify --repair`"):
        Index.open(index)
    assert [problem for problem in verify(index).problems if name in problem] != []
    repair(index, quick)
    assert verify(index).problems == []
    opened = Index.open(index, quick)
    assert list(opened.documents) == ["border.md", "rents.txt"]
    expected = {"vectors.f32": 2, "library.sqlite": 1, MANIFEST: 1}.get(name, 0)
    assert len(quick.embedded) == expected


def test_vectors_and_words_are_rebuilt_without_the_files(index: Path, docs: Path, quick: Encoder) -> None:
    shutil.rmtree(docs)
    version = current_version(index)
    _damage(version / "vectors.f32", "flip")
    shutil.rmtree(version / "words")
    assert repair(index, quick) == "rebuilt from the texts in the index: 2 documents"
    assert len(quick.embedded) == 2
    assert list(Index.open(index, quick).documents) == ["border.md", "rents.txt"]
    found = verify(index)
    assert found.problems == []
    assert [state for _, state in found.stale] == [f"the files cannot be compared: {docs}: no such file or folder"]


def test_previous_version_is_restored_if_store_and_files_are_lost(index: Path, docs: Path, quick: Encoder) -> None:
    shutil.rmtree(docs)
    _damage(current_version(index) / "library.sqlite", "truncate")
    assert repair(index, quick).startswith("restored the previous version: 1 document;")
    assert list(Index.open(index, quick).documents) == ["border.md"]


def test_repairing_an_approximate_index_embeds_nothing(
    docs: Path, tmp_path: Path, quick: Encoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("rag.index.staging.build_approximate_index", partial(build_approximate_index, exact_up_to=500))
    (docs / "many.txt").write_text(
        "\n\n".join(f"Paragraph {i} is about number {i}, and that is all." * 5 for i in range(600))
    )
    build_index(docs, tmp_path / "index", quick)
    quick.embedded.clear()
    _damage(current_version(tmp_path / "index") / "vectors.faiss", "flip")
    with pytest.raises(IndexDamaged, match=r"vectors\.faiss: this file of the index is damaged"):
        Index.open(tmp_path / "index", quick)
    repair(tmp_path / "index", quick)
    assert quick.embedded == []
    assert verify(tmp_path / "index").problems == []
    assert (current_version(tmp_path / "index") / "vectors.faiss").exists()


def test_repair_keeps_settings_and_refuses_another_embedder(index: Path, docs: Path, quick: Encoder) -> None:
    (docs / "long.txt").write_text(" ".join(f"Sentence number {i} of a long text." for i in range(60)))
    settings = ChunkSettings(max_tokens=50, overlap_tokens=0)
    build_index(docs, index, quick, settings)
    count = len(Index.open(index).passages)
    _damage(current_version(index) / "library.sqlite", "flip")
    with pytest.raises(IndexMismatch, match="made with the embedder 'quick'"):
        repair(index, type(quick)(quick, "other", "other"))
    assert repair(index, quick).startswith("rebuilt from the files: 3")
    assert (Index.open(index).settings, len(Index.open(index).passages)) == (settings, count)


def test_damaged_version_is_deleted_and_intact_one_kept(index: Path, docs: Path, quick: Encoder) -> None:
    good = current_version(index)
    (docs / "new.md").write_text("New.")
    build_index(docs, index, quick)
    _damage(current_version(index) / "library.sqlite", "flip")
    build_index(docs, index, quick)
    assert good.exists()
    assert sorted(index.glob("version-*")) == sorted([good, current_version(index)])


@pytest.mark.parametrize(("format", "nested"), [(1, False), (1, True), (2, True)])
def test_index_of_another_format_is_refused_and_rebuilt(
    index: Path, docs: Path, format: int, nested: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    values = {"format": format, "sources": [str(docs)], "documents": {}, "embedder": "all-MiniLM-L6-v2"}
    path = current_version(index) / MANIFEST
    path.write_text(json.dumps({"manifest": values} if nested else values))
    with pytest.raises(IndexMismatch, match=f"has format {format}, this version of rag reads format 3; build it again"):
        Index.open(index)
    assert main(["index", "--index", str(index)]) == 0
    assert "2 documents, 2 passages in the index" in capsys.readouterr().err


def test_verify_during_updates_finds_no_damage(
    index: Path, docs: Path, quick: Encoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = Manifest.read
    pending = ["one", "two"]

    def read_late(version: Path) -> Manifest:
        found = real(version)
        while pending:
            (docs / "rents.txt").write_text(f"Rents, {pending.pop()} more.")
            build_index(docs, index, quick)
        return found

    monkeypatch.setattr(Manifest, "read", read_late)
    assert verify(index).problems == []


def test_unrecoverable_index_is_a_clear_error(index: Path, docs: Path, quick: Encoder) -> None:
    shutil.rmtree(docs)
    for version in index.glob("version-*"):
        _damage(version / "library.sqlite", "delete")
    with pytest.raises(InputError, match="nothing in it can be recovered; rebuild it with `rag index PATH"):
        repair(index, quick)


@pytest.mark.parametrize("content", [b"", b"version-of-somebody-else\n", b"../../etc\n", b"\xff\xfe"])
def test_damaged_pointer_is_named_and_repaired(index: Path, quick: Encoder, content: bytes) -> None:
    (index / CURRENT).write_bytes(content)
    with pytest.raises(IndexDamaged, match="current: "):
        Index.open(index)
    repair(index, quick)
    assert list(Index.open(index, quick).documents) == ["border.md", "rents.txt"]
    assert quick.embedded == []


def test_missing_pointer_is_damage_not_a_missing_index(index: Path, tmp_path: Path) -> None:
    (index / CURRENT).unlink()
    with pytest.raises(IndexDamaged, match="current: this file of the index is missing"):
        Index.open(index)
    with pytest.raises(IndexMissing):
        verify(tmp_path / "nowhere")


def test_intact_index_is_not_repaired(index: Path, quick: Encoder) -> None:
    version = current_version(index)
    assert repair(index, quick) == "nothing to repair: the index is intact"
    assert current_version(index) == version


def test_changed_files_are_stale_not_damaged(index: Path, docs: Path) -> None:
    assert verify(index).stale == []
    (docs / "border.md").write_text("Changed.")
    (docs / "new.md").write_text("New.")
    (docs / "rents.txt").unlink()
    found = verify(index)
    assert found.problems == []
    assert sorted(found.stale) == [("border.md", "changed"), ("new.md", "added"), ("rents.txt", "removed")]


@contextmanager
def _files_of_at_most(count: int) -> Iterator[None]:
    """Limit file sizes to ``count`` bytes, which has the effect of a full disk."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (count, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@pytest.mark.parametrize("room", [0, 100, 5_000, 20_000, 60_000])
def test_full_disk_is_a_clear_error_and_the_index_stays(index: Path, docs: Path, quick: Encoder, room: int) -> None:
    before = sorted(path.name for path in index.iterdir())
    draw = [f"Sentence {i} of something much longer than what was there before." for i in range(1_000)]
    (docs / "long.txt").write_text("\n\n".join(draw))
    with (
        _files_of_at_most(room),
        pytest.raises(InputError, match=r"the previous index is unchanged|cannot be written to"),
    ):
        build_index(docs, index, quick)
    assert list(Index.open(index, quick).documents) == ["border.md", "rents.txt"]
    assert sorted(path.name for path in index.iterdir() if path.name != WRITER) == before
    assert build_index(docs, index, quick).added == ["long.txt"]


def test_concurrent_writers_never_corrupt_the_index(index: Path, docs: Path, quick: Encoder) -> None:
    outcomes: list[object] = []
    together = threading.Barrier(2, timeout=PATIENCE)

    def work(number: int) -> None:
        for turn in range(10):
            (docs / f"{number}.txt").write_text(f"Writer {number} was here {turn} times, and each time it was raining.")
            together.wait()
            try:
                outcomes.append(build_index(docs, index, quick).documents)
            except RagError as error:
                outcomes.append(error)

    writers = [threading.Thread(target=work, args=(number,)) for number in (0, 1)]
    for writer in writers:
        writer.start()
    while any(writer.is_alive() for writer in writers):
        opened = Index.open(index, quick)
        assert all(opened.documents[p.document_id].text[p.start : p.end] == p.text for p in opened.passages)
    assert len(outcomes) == 20
    errors = [outcome for outcome in outcomes if isinstance(outcome, Exception)]
    assert {type(error) for error in errors} <= {IndexBusy}
    assert verify(index).problems == []
