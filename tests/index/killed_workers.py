"""Kill Ray workers, and now and then the whole run, at random moments; the index must equal one made without Ray.

    python killed_workers.py FOLDER KILLS

Prints ``KILLS workers runs``: how many workers and how many whole runs were killed before the index was complete.
"""

import os
import random
import signal
import sqlite3
import subprocess
import sys
import time
from functools import partial
from pathlib import Path

from killed import QuickEncoder, text

from rag import RayWorkers, build_index
from rag.index import current_version
from rag.index.versions import staging_folders

DRAW = random.Random(11)
TABLES = ("files", "refused", "documents", "passages", "fields", "ocr_words")


class SlowEncoder(QuickEncoder):
    """Takes a while for each text, so that kills come in the middle; notes the process in ``pids``."""

    def __init__(self, pids: Path) -> None:
        (pids / str(os.getpid())).touch()

    def encode(self, texts: list[str], progress: object = None) -> object:
        time.sleep(0.002 * len(texts))
        return super().encode(texts)


def contents(folder: Path) -> dict[str, object]:
    """All that an index holds: the rows of its tables, and the bytes of its vectors and words."""
    version = current_version(folder)
    library = sqlite3.connect(f"file:{version}/library.sqlite?immutable=1", uri=True)
    held: dict[str, object] = {
        name: library.execute(f"SELECT * FROM {name} ORDER BY 1, 2, 3").fetchall() for name in TABLES
    }
    library.close()
    names = [path for path in sorted(version.rglob("*")) if path.is_file() and path.suffix in {".f32", ".npy", ".txt"}]
    return held | {str(path.relative_to(version)): path.read_bytes() for path in names}


def build(base: Path) -> None:
    workers = RayWorkers(make_encoder=partial(SlowEncoder, base / "pids"))
    build_index(base / "docs", base / "index", QuickEncoder(), workers=workers)


class Killer:
    """Kills the workers of a run, or the run itself.

    Args:
        pids: Folder in which each worker notes its process.
    """

    def __init__(self, pids: Path) -> None:
        self._pids, self._known = pids, set[str]()

    def worker(self, run: subprocess.Popen[bytes]) -> bool:
        """Kill the next worker at a random moment of its life; False if the run ends before."""
        found = self._next(run)
        if found is None:
            return False
        os.kill(int(found), signal.SIGKILL)
        return True

    def run(self, run: subprocess.Popen[bytes]) -> bool:
        """Kill the run at a random moment of the life of its next worker; False if it ends before."""
        if self._next(run) is None:
            return False
        run.kill()
        return True

    def _next(self, run: subprocess.Popen[bytes]) -> str | None:
        while run.poll() is None:
            if new := sorted({path.name for path in self._pids.iterdir()} - self._known):
                self._known |= set(new)
                time.sleep(DRAW.random() * 2)
                return new[-1]
            time.sleep(0.01)
        return None


def main(base: Path, kills: int) -> None:
    for name in ("docs", "pids"):
        (base / name).mkdir()
    for number in range(40 * kills):
        (base / "docs" / f"{number:05}.txt").write_text(text(number, 1))
    build_index(base / "docs", base / "expected", QuickEncoder())
    killer = Killer(base / "pids")
    workers = runs = 0
    code = -1
    while code:
        with subprocess.Popen([sys.executable, __file__, "--build", str(base)]) as run:
            # Every seventh kill hits the whole run.
            while workers + runs < kills and run.poll() is None:
                if (workers + runs) % 7 == 6:
                    runs += killer.run(run)
                else:
                    workers += killer.worker(run)
        code = run.returncode
        assert code in {0, -signal.SIGKILL}
        assert bool(code) == bool(staging_folders(base / "index"))
    assert workers + runs == kills, "the index was complete before the last kill"
    assert contents(base / "index") == contents(base / "expected")
    sys.stdout.write(f"{kills} {workers} {runs}\n")


if __name__ == "__main__":
    if sys.argv[1] == "--build":
        build(Path(sys.argv[2]))
    else:
        main(Path(sys.argv[1]), int(sys.argv[2]))
