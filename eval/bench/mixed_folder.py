"""Time and memory of indexing a folder of many formats: ``python -m rag.eval.bench.mixed_folder FOLDER [--files N]``.

The files of the folder are copied into a temporary one, of each format in turn, up to the number; ``.html.gz`` is
unpacked. If there are too few, the included articles with other names make up for the rest. Memory (on Linux) is
private; that of this process counts from before the run, with the models loaded.
"""

from __future__ import annotations

import argparse
import gzip
import shutil
import sys
import tempfile
import time
import zlib
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, islice, zip_longest
from pathlib import Path

from rich.console import Console
from rich.table import Table

from rag import Changes, InputError, RagError, SentenceTransformerEncoder, build_index
from rag.formats import FORMATS, suffix_of
from rag.text.plural import counted

from .measuring import Peak, children_memory
from .table_time import write_documents

PACKED = ".gz"


@dataclass(frozen=True, slots=True)
class Figures:
    """What was measured.

    Attributes:
        formats: Number of files by suffix.
        changes: Outcome of the first run.
        seconds: Wall time of the first run.
        again: Wall time of a run without changes.
        memory: Memory added in this process at its peak, in bytes; 0 if the system does not report it.
        reader_memory: Highest memory of the process that reads the files, likewise.
    """

    formats: Counter[str]
    changes: Changes
    seconds: float
    again: float
    memory: int
    reader_memory: int


def measure(files: Path, index: Path) -> Figures:
    """Index a folder, and once more without changes."""
    encoder = SentenceTransformerEncoder()
    encoder.encode(["The first text loads the model."])
    with Peak() as peak, Peak(children_memory) as reader_peak:
        started = time.perf_counter()
        changes = build_index(files, index, encoder)
        seconds = time.perf_counter() - started
    started = time.perf_counter()
    build_index(files, index, encoder)
    again = time.perf_counter() - started
    formats = Counter(suffix_of(path.name) for path in files.rglob("*") if path.is_file())
    return Figures(formats, changes, seconds, again, peak.bytes, reader_peak.bytes)


def mix(source: Path, folder: Path, count: int) -> None:
    """Copy files of a folder into a new one, of each format in turn, and fill it up with articles.

    Raises:
        InputError: There are no files of a supported format.
    """
    by_format: defaultdict[str, list[Path]] = defaultdict(list)
    for path in sorted(source.rglob("*")):
        suffix = suffix_of(path.name.removesuffix(PACKED))
        if path.is_file() and suffix in FORMATS:
            by_format[suffix].append(path)
    if not by_format:
        raise InputError(f"{source}: no files of supported formats there; name a folder that holds some")
    folder.mkdir(parents=True)
    mixed = (path for path in chain.from_iterable(zip_longest(*by_format.values())) if path)
    number = 0
    for number, path in enumerate(islice(mixed, count), start=1):
        target = folder / f"{number:04}-{path.name.removesuffix(PACKED)}"
        if path.name.endswith(PACKED):
            try:
                target.write_bytes(gzip.decompress(path.read_bytes()))
            except (OSError, EOFError, zlib.error) as error:
                raise InputError(f"{path}: is damaged ({error}); pack it again") from error
        else:
            shutil.copyfile(path, target)
    write_documents(folder / "articles", count - number)


def table(figures: Figures) -> Table:
    """One row per figure."""
    changes = figures.changes
    made = Table(
        title=f"indexing {counted(figures.formats.total(), 'file')}", title_justify="left", box=None, pad_edge=False
    )
    made.add_column("figure")
    made.add_column("value", justify="right")
    for name, value in _rows(figures, changes):
        made.add_row(name, value)
    return made


def _rows(figures: Figures, changes: Changes) -> Iterator[tuple[str, str]]:
    yield "formats", ", ".join(f"{suffix} {count:,}" for suffix, count in figures.formats.most_common())
    yield "files read", f"{len(changes.added):,}"
    yield "files and parts skipped", f"{len({each.document_id for each in changes.skipped}):,}"
    yield "documents read only partly", f"{len({name for name, _ in changes.unread}):,}"
    yield "documents", f"{changes.documents:,}"
    yield "passages", f"{changes.passages:,}"
    yield "time, s", f"{figures.seconds:,.1f}"
    yield "passages per s", f"{changes.passages / figures.seconds:,.0f}"
    yield "time without changes, s", f"{figures.again:,.1f}"
    yield "memory of indexing, MB", f"{figures.memory / 1e6:,.0f}"
    yield "memory of reading files, MB", f"{figures.reader_memory / 1e6:,.0f}"


def main(argv: Sequence[str] | None = None) -> int:
    """Measure, and print the table."""
    parser = argparse.ArgumentParser(
        prog="python -m rag.eval.bench.mixed_folder",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("folder", type=Path, metavar="FOLDER", help="folder with files of supported formats")
    parser.add_argument("--files", type=int, default=500, metavar="N", help="number of files (default: 500)")
    args = parser.parse_args(argv)
    if args.files < 1:
        parser.error(f"--files is {args.files}; it must be at least 1")
    try:
        with tempfile.TemporaryDirectory() as temporary:
            mix(args.folder, Path(temporary) / "files", args.files)
            Console().print(table(measure(Path(temporary) / "files", Path(temporary) / "index")))
    except RagError as error:
        parser.error(str(error))
    return 0


if __name__ == "__main__":
    sys.exit(main())
