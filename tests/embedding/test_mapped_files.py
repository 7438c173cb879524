"""Pages of mapped files are returned, and what a process wrote is kept."""

import mmap
import sys
from pathlib import Path

import pytest

from rag.embedding.engines.mapped_files import MAPPINGS, release_pages

SIZE = 64 << 20


def _resident(path: Path) -> int:
    """Bytes of a mapped file that are in the memory of this process."""
    lines = iter(Path("/proc/self/smaps").read_text(encoding="utf-8").splitlines())
    mappings = (next(each for each in lines if each.startswith("Rss:")) for line in lines if line.endswith(str(path)))
    return sum(1024 * int(resident.split()[1]) for resident in mappings)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "weights of a network.bin"
    path.write_bytes(b"w" * SIZE)
    return path


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="there is no /proc")
def test_pages_are_returned_and_read_again_from_the_file(file: Path) -> None:
    with file.open("rb") as opened, mmap.mmap(opened.fileno(), 0, prot=mmap.PROT_READ) as mapped:
        assert mapped[::4096].count(b"w") == SIZE // 4096
        assert _resident(file) > SIZE // 2
        release_pages(file.with_name("another.bin"))
        assert _resident(file) > SIZE // 2
        release_pages(file)
        assert _resident(file) == 0
        assert mapped[SIZE - 1 :] == b"w"


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="there is no /proc")
def test_what_was_written_to_a_private_mapping_is_kept(file: Path) -> None:
    with file.open("rb") as opened, mmap.mmap(opened.fileno(), 0, access=mmap.ACCESS_COPY) as mapped:
        mapped[:5] = b"mine!"
        release_pages(file)
        assert mapped[:6] == b"mine!w"


def test_nothing_happens_without_proc(file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("rag.embedding.engines.mapped_files.MAPPINGS", tmp_path / "missing")
    assert Path("/proc/self/maps") == MAPPINGS
    release_pages(file)
