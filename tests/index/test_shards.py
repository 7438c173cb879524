"""Parts of an index, built by runs of their own, make the same index as one run."""

import os
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from rag import Encoder, IndexMismatch, InputError, Shard, build_index, merge_shards, verify
from rag.cli import main
from rag.formats import READING
from rag.index import current_version
from rag.index.manifest import Manifest
from rag.index.versions import writing
from rag.sources.parse_process import FileLimits

from .conftest import CountingEncoder

TABLES = ("files", "refused", "documents", "passages", "fields")


def held(folder: Path) -> dict[str, object]:
    """The rows of an index's tables, and the bytes of its vectors and words."""
    version = current_version(folder)
    library = sqlite3.connect(f"file:{version}/library.sqlite?immutable=1", uri=True)
    rows = {name: library.execute(f"SELECT * FROM {name} ORDER BY 1, 2, 3").fetchall() for name in TABLES}
    library.close()
    files = [path for path in sorted(version.rglob("*")) if path.suffix in {".f32", ".npy", ".txt"}]
    assert len(files) > 3
    return rows | {str(path.relative_to(version)): path.read_bytes() for path in files}


@pytest.fixture
def many(tmp_path: Path) -> Path:
    folder = tmp_path / "docs"
    (folder / "below").mkdir(parents=True)
    for number in range(12):
        text = "\n\n".join(f"Paragraph {i} of file {number} tells of river {number * i}." for i in range(9))
        (folder / ("below" if number % 2 else "") / f"{number}.txt").write_text(text)
    (folder / "broken.pdf").write_bytes(b"%PDF no")
    (folder / "rows.csv").write_text("name,length\nUral,2428\nIrtysh,4248\n")
    return folder


def build_parts(docs: Path, folder: Path, encoder: Encoder, count: int) -> None:
    for number in range(count, 0, -1):
        build_index(docs, folder, encoder, shard=Shard(number, count))


# With 20 parts, many hold nothing.
@pytest.mark.parametrize("count", [1, 3, 20])
def test_parts_make_the_same_index_as_one_run(many: Path, tmp_path: Path, quick: Encoder, count: int) -> None:
    build_index(many, tmp_path / "one", quick)
    build_parts(many, tmp_path / "index", quick, count)
    changes = merge_shards(tmp_path / "index", quick)
    assert held(tmp_path / "index") == held(tmp_path / "one")
    assert (len(changes.added), changes.documents) == (13, 14)
    assert not verify(tmp_path / "index").problems
    assert not verify(tmp_path / "index").stale


def test_updated_parts_are_merged_again(many: Path, tmp_path: Path, quick: Encoder) -> None:
    build_parts(many, tmp_path / "index", quick, 3)
    merge_shards(tmp_path / "index", quick)
    (many / "0.txt").write_text("The Ob is 3,650 km long.")
    (many / "2.txt").unlink()
    (many / "new.txt").write_text("The Ishim is 2,450 km long.")
    quick.embedded.clear()
    build_parts(many, tmp_path / "index", quick, 3)
    changes = merge_shards(tmp_path / "index", quick)
    assert sorted(quick.embedded) == ["The Ishim is 2,450 km long.", "The Ob is 3,650 km long."]
    assert (changes.added, changes.changed, changes.removed) == (["new.txt"], ["0.txt"], ["2.txt"])
    build_index(many, tmp_path / "one", quick)
    assert held(tmp_path / "index") == held(tmp_path / "one")
    version = current_version(tmp_path / "index")
    assert len(merge_shards(tmp_path / "index", quick).unchanged) == 13
    assert current_version(tmp_path / "index") == version


def test_files_that_are_read_again_are_merged_again(
    many: Path, tmp_path: Path, quick: Encoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as earlier:
        earlier.setattr("rag.index.build.READING", 0)
        build_parts(many, tmp_path / "index", quick, 20)
        merge_shards(tmp_path / "index", quick)
    build_parts(many, tmp_path / "index", quick, 20)
    assert len(merge_shards(tmp_path / "index", quick).changed) == 13
    assert Manifest.read(current_version(tmp_path / "index")).reading == READING


def test_parts_built_again_with_other_limits_fit_together(many: Path, tmp_path: Path, quick: Encoder) -> None:
    build_parts(many, tmp_path / "index", quick, 2)
    (many / "new.txt").write_text("The Ishim is 2,450 km long.")
    for number in (1, 2):
        build_index(many, tmp_path / "index", quick, shard=Shard(number, 2), limits=FileLimits(seconds=100))
    merge_shards(tmp_path / "index", quick)
    assert Manifest.read(current_version(tmp_path / "index")).limits["seconds"] == 100


def test_folder_that_cannot_be_read_keeps_its_files_in_all_parts(
    many: Path, tmp_path: Path, quick: Encoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    build_parts(many, tmp_path / "index", quick, 3)
    merge_shards(tmp_path / "index", quick)
    whole, below = os.walk, str(many / "below")

    def walk(top: Path, onerror: Callable[[OSError], object]) -> Iterator[tuple[str, list[str], list[str]]]:
        for folder, folders, names in whole(top, onerror=onerror):
            if folder == below:
                onerror(PermissionError(13, "Permission denied", below))
            else:
                yield folder, folders, names

    monkeypatch.setattr("rag.sources.discovery.os.walk", walk)
    build_parts(many, tmp_path / "index", quick, 3)
    changes = merge_shards(tmp_path / "index", quick)
    assert (changes.removed, changes.documents) == ([], 14)


def test_merge_says_what_was_not_read(many: Path, tmp_path: Path, quick: Encoder) -> None:
    (many / "program.exe").write_text("x")
    build_parts(many, tmp_path / "index", quick, 3)
    changes = merge_shards(tmp_path / "index", quick)
    assert ([each.document_id for each in changes.skipped], changes.unsupported) == (["broken.pdf"], {".exe": 1})


def test_merge_refuses_another_embedder(many: Path, tmp_path: Path, quick: Encoder) -> None:
    build_parts(many, tmp_path / "index", quick, 2)
    other = CountingEncoder(quick, name="other", fingerprint="q2")
    with pytest.raises(IndexMismatch, match=r"made with the embedder '.*' \(q1, 16 dimensions\), opened with 'other'"):
        merge_shards(tmp_path / "index", other)


def test_every_file_is_in_one_part() -> None:
    shards = [Shard(number, 4) for number in range(1, 5)]
    holders = [[shard.number for shard in shards if shard.holds(f"folder/{n}.md")] for n in range(400)]
    assert all(len(each) == 1 for each in holders)
    # The same on every machine and in every version.
    assert [each[0] for each in holders[:12]] == [2, 2, 1, 3, 4, 3, 4, 4, 1, 4, 4, 4]
    assert min(sum(each == [number] for each in holders) for number in range(1, 5)) > 70


def test_missing_part_is_named_with_its_command(many: Path, tmp_path: Path, quick: Encoder) -> None:
    folder = tmp_path / "index"
    with pytest.raises(InputError, match=r"index: holds no parts of an index; build them with"):
        merge_shards(folder, quick)
    build_index(many, folder, quick, shard=Shard(1, 2))
    with pytest.raises(InputError, match=r"2-of-2: is not built; run `rag index PATH --shard 2/2`, then merge again"):
        merge_shards(folder, quick)
    build_index(many, folder, quick, shard=Shard(2, 3))
    with pytest.raises(InputError, match=r"shards: holds parts of 2 and 3; delete the folders of those"):
        merge_shards(folder, quick)


def test_parts_of_other_paths_are_refused(many: Path, tmp_path: Path, quick: Encoder) -> None:
    build_index(many, tmp_path / "index", quick, shard=Shard(1, 2))
    build_index(many / "below", tmp_path / "index", quick, shard=Shard(2, 2))
    with pytest.raises(InputError, match=r"2-of-2: was built with other PATHs than part 1/2; run both with the same"):
        merge_shards(tmp_path / "index", quick)


def test_parts_are_built_at_the_same_time_as_others(many: Path, tmp_path: Path, quick: Encoder) -> None:
    with writing(Shard(1, 2).folder(tmp_path / "index")):
        changes = build_index(many, tmp_path / "index", quick, shard=Shard(2, 2))
    assert changes.added


@pytest.mark.parametrize("text", ["3/2", "0/2", "1", "1/0", "a/b", "-1/2", "1/2/3"])
def test_invalid_part_is_one_clear_line(text: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["index", str(tmp_path), f"--shard={text}"])
    assert ended.value.code == 2
    assert "give I/N with I from 1 to N, such as 1/4" in capsys.readouterr().err.splitlines()[-1]


def test_merge_with_paths_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["index", str(tmp_path), "--merge"]) == 2
    assert "--merge: takes no PATH" in capsys.readouterr().err
