"""Kill writers of an index at random moments; after each kill the index must be intact and answer correctly.

    python killed.py FOLDER KILLS

Prints ``KILLS kept swapped``: how often the previous version stayed current, and how often the next one became current.
All work happens in forked children, so that runs share no state.
"""

import hashlib
import os
import random
import signal
import sys
import time
import traceback
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from rag import Index, Retriever, build_index
from rag.index import verify

DRAW = random.Random(7)


class QuickEncoder:
    """Derives vectors from a hash of the text."""

    name, fingerprint, dimension, window = "quick", "q1", 16, 256

    def encode(self, texts: Sequence[str], progress: object = None) -> np.ndarray:
        seeds = [int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big") for text in texts]
        vectors = np.array([np.random.default_rng(seed).normal(size=self.dimension) for seed in seeds], np.float32)
        return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)

    def count_tokens(self, text: str) -> int:
        return len(text.split())


def in_child(work: Callable[[], None]) -> int:
    """Run ``work`` in a child process; returns its id. The child exits with 0 on success."""
    child = os.fork()
    if child == 0:
        code = 1
        try:
            work()
            code = 0
        except BaseException:
            traceback.print_exc()
        finally:
            sys.stderr.flush()
            os._exit(code)
    return child


def text(number: int, state: int) -> str:
    return "\n\n".join(
        f"Paragraph {i} of file {number} in state {state} tells of river {number * i}." for i in range(8)
    )


def write(docs: Path, state: int) -> None:
    """Write files of which a third differ from one state to the next; one is added and one removed."""
    for number in range(30):
        (docs / f"{number:02}.txt").write_text(text(number, state if number % 3 == state % 3 else state - 1))
    (docs / f"only-{state}.txt").write_text(text(99, state))
    (docs / f"only-{state - 1}.txt").unlink(missing_ok=True)


def check(folder: Path, contents: dict[int, dict[str, str]], allowed: Sequence[int]) -> None:
    """Check that the index is intact, holds one of the allowed states and can be searched; record the state."""
    index = Index.open(folder, QuickEncoder())
    held = {name: document.text for name, document in index.documents.items()}
    states = [state for state in allowed if contents[state] == held]
    assert states, f"neither of the states {allowed}"
    assert not verify(folder).problems
    for passage in list(index.passages)[::40]:
        hit = Retriever(index, QuickEncoder()).search(passage.text, k=1)[0]
        assert hit.passage.text == passage.text
    (folder.parent / "state").write_text(str(states[0]))


def main(base: Path, kills: int) -> None:
    docs, folder = base / "docs", base / "index"
    docs.mkdir()
    # The second build is an update, like those to be killed; its duration scales the random delays.
    for state in (-1, 0):
        write(docs, state)
        took = time.monotonic()
        assert os.waitpid(in_child(lambda: build(docs, folder)), 0)[1] == 0
        took = time.monotonic() - took
    contents = {0: {path.name: path.read_text() for path in docs.iterdir()}}
    current, kept, swapped = 0, 0, 0
    for state in range(1, kills + 1):
        write(docs, state)
        contents[state] = {path.name: path.read_text() for path in docs.iterdir()}
        child = in_child(lambda: build(docs, folder))
        time.sleep(DRAW.random() * took * 2)
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        allowed = (current, state)
        assert os.waitpid(in_child(lambda allowed=allowed: check(folder, contents, allowed)), 0)[1] == 0
        found = int((base / "state").read_text())
        kept, swapped, current = kept + (found == current), swapped + (found == state), found
    sys.stdout.write(f"{kills} {kept} {swapped}\n")


def build(docs: Path, folder: Path) -> None:
    build_index(docs, folder, QuickEncoder())


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
