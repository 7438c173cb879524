"""Main text of web pages: ``python -m rag.eval.bench.html_text FOLDER [FOLDER ...]``.

Compares the text that ``rag`` extracts with that of readability-lxml and trafilatura, with their default settings, and
with the gold text. Trafilatura is left out if it is not installed. A folder has one of two layouts, that of
scrapinghub/article-extraction-benchmark or that of the test pages of mozilla/readability, all pages with gzip:

    ground-truth.json   {"NAME": {"articleBody": TEXT}, ...}
    html/NAME.html.gz

    NAME/source.html.gz
    NAME/expected.html.gz

Words are compared as multisets, without case and punctuation. Figures are means over pages with 95% intervals.
"""

from __future__ import annotations

import argparse
import gzip
import importlib.util
import json
import logging
import re
import sys
import zlib
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.table import Table

from rag import InputError, RagError
from rag.formats.blocks import Blocks
from rag.formats.html import decode_html, parse_html, read_html
from rag.formats.html_text import add_markup
from rag.text.plural import counted

from ..scoring.bootstrap import interval
from ..scoring.metrics import mean

WORD = re.compile(r"\w+")

#: The text of a page, from its name and bytes.
Extractor = Callable[[str, bytes], str]


@dataclass(frozen=True, slots=True)
class Page:
    """A page and its main text, as people marked it."""

    name: str
    raw: bytes
    gold: str


@dataclass(frozen=True, slots=True)
class Overlap:
    """Shares of the words of a text that are in the gold text, and of those of the gold text that are in it."""

    precision: float
    recall: float

    @property
    def f1(self) -> float:
        """Harmonic mean of the two; 0 if both are."""
        total = self.precision + self.recall
        return 2 * self.precision * self.recall / total if total else 0.0


def word_overlap(text: str, gold: str) -> Overlap:
    """Compare the words of two texts as multisets; both shares are 0 if either text has none."""
    found, expected = (Counter(WORD.findall(each.casefold())) for each in (text, gold))
    shared = (found & expected).total()
    return Overlap(shared / max(found.total(), 1), shared / max(expected.total(), 1))


def load_pages(folder: Path) -> list[Page]:
    """The pages of a folder, by name.

    Raises:
        InputError: The folder has neither layout, or a file in it cannot be read.
    """
    try:
        pages = list(_articles(folder) if (folder / "ground-truth.json").exists() else _readability(folder))
    except (OSError, EOFError, zlib.error, ValueError, KeyError, TypeError) as error:
        raise InputError(f"{folder}: cannot be read ({error}); see --help for its layout") from error
    if not pages:
        raise InputError(f"{folder}: no pages there; see --help for its layout")
    return pages


def _articles(folder: Path) -> Iterator[Page]:
    truth = json.loads((folder / "ground-truth.json").read_text(encoding="utf-8"))
    for name, stated in sorted(truth.items()):
        yield Page(name, gzip.decompress((folder / "html" / f"{name}.html.gz").read_bytes()), stated["articleBody"])


def _readability(folder: Path) -> Iterator[Page]:
    for source in sorted(folder.glob("*/source.html.gz")):
        expected = gzip.decompress((source.parent / "expected.html.gz").read_bytes())
        yield Page(source.parent.name, gzip.decompress(source.read_bytes()), _all_text(expected.decode("utf-8")))


def _all_text(html: str) -> str:
    """The visible text of a page."""
    blocks, root = Blocks(), parse_html(html)
    if root is not None:
        add_markup(blocks, root)
    return blocks.text()


def by_rag(name: str, raw: bytes) -> str:
    """The text that ``rag`` extracts."""
    return read_html(name, raw).documents[0].text


def by_readability(name: str, raw: bytes) -> str:
    """The text that readability-lxml extracts; empty if it finds none."""
    import readability

    logging.getLogger("readability.readability").setLevel(logging.CRITICAL)
    try:
        return _all_text(readability.Document(decode_html(name, raw)[0]).summary())
    except readability.readability.Unparseable:
        return ""


def by_trafilatura(name: str, raw: bytes) -> str:
    """The text that trafilatura extracts; empty if it finds none."""
    import trafilatura

    return trafilatura.extract(decode_html(name, raw)[0]) or ""


def extractors() -> dict[str, Extractor]:
    """The extractors that are installed, by name."""
    found: dict[str, Extractor] = {"rag": by_rag, "readability-lxml": by_readability}
    if importlib.util.find_spec("trafilatura"):
        found["trafilatura"] = by_trafilatura
    return found


def html_table(title: str, overlaps: Mapping[str, Sequence[Overlap]]) -> Table:
    """Precision, recall and F1 of each extractor, and the pages of which it found nothing."""
    table = Table("extractor", "precision", "recall", "F1", "no word right", title=title)
    for name, each in overlaps.items():
        columns = [[o.precision for o in each], [o.recall for o in each], [o.f1 for o in each]]
        table.add_row(name, *map(_figure, columns), str(sum(o.f1 == 0 for o in each)))
    return table


def _figure(values: list[float]) -> str:
    low, high = interval(mean, [np.array(values)])
    return f"{mean(values):.3f} ({low:.3f} to {high:.3f})"


def main(arguments: Sequence[str] | None = None) -> int:
    """Print a table for each folder."""
    parser = argparse.ArgumentParser(
        prog="python -m rag.eval.bench.html_text", description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )  # fmt: skip
    parser.add_argument("folders", nargs="+", type=Path, metavar="FOLDER", help="a collection of pages")
    options = parser.parse_args(arguments)
    console = Console(soft_wrap=True, highlight=False)
    try:
        for folder in options.folders:
            pages = load_pages(folder)
            overlaps = {
                name: [word_overlap(extract(page.name, page.raw), page.gold) for page in pages]
                for name, extract in extractors().items()
            }
            console.print(html_table(f"{folder.name}, {counted(len(pages), 'page')}", overlaps))
    except RagError as error:
        print(f"{parser.prog}: error: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
