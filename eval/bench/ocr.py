"""OCR of scanned pages: ``python -m rag.eval.bench.ocr FOLDER``.

Makes scans of pages of PDFs that have text: each is rendered at 150 to 200 dpi, turned by up to one degree, and gets
noise and the artefacts of JPEG. Compares the text that ``rag`` reads from them (RapidOCR), and that of Tesseract if it
is installed, with the text of the PDF. Only pages in Latin letters without accents count, which both are made for.

The word error rate is the edit distance of the words, without case and punctuation, divided by the number of words of
the PDF. It depends on the reading order; the second figure, the share of words that are not read, does not. Figures are
means over pages with 95% intervals.
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

import numpy as np
from PIL import Image
from rich.console import Console
from rich.table import Table

from rag import InputError, RagError
from rag.errors import DocumentError
from rag.formats.ocr import REMEDY, Allowance, allowing, is_installed
from rag.formats.pdf.extract import opened, read_pdf
from rag.text.plural import counted

from ..scoring.bootstrap import interval
from ..scoring.metrics import mean
from .html_text import WORD

#: Words that a page must have, and pages that are taken of one file.
MIN_WORDS, PER_FILE = 30, 5

#: Share of the words of a page that have to be in ASCII; the others are symbols and a few names.
MIN_ASCII = 0.98

#: Range of resolutions in dpi, and of angles in degrees; standard deviation of the noise, of 255.
RESOLUTIONS, ANGLES, NOISE = (150, 200), (-1.0, 1.0), 12.0

#: The text on the scan of a page.
Engine = Callable[["Scan"], str]


@dataclass(frozen=True, slots=True)
class Scan:
    """The scan of a page, and the words of the page.

    Attributes:
        name: File and page.
        image: Greyscale.
        dpi: Resolution.
        words: In the order of the PDF, without case and punctuation.
    """

    name: str
    image: Image.Image
    dpi: int
    words: list[str]


def words_of(text: str) -> list[str]:
    """The words of a text, without case and punctuation."""
    return WORD.findall(text.casefold())


def word_error_rate(found: Sequence[str], expected: Sequence[str]) -> float:
    """Insertions, deletions and substitutions of words (Levenshtein 1966), divided by the number expected."""
    row = list(range(len(found) + 1))
    for i, word in enumerate(expected, start=1):
        before, row = row, [i]
        for j, other in enumerate(found, start=1):
            row.append(min(row[-1] + 1, before[j] + 1, before[j - 1] + (word != other)))
    return row[-1] / max(len(expected), 1)


def missed(found: Sequence[str], expected: Sequence[str]) -> float:
    """Share of the expected words that were not found, in any order."""
    return 1 - (Counter(found) & Counter(expected)).total() / max(len(expected), 1)


def scans(folder: Path, count: int, seed: int) -> list[Scan]:
    """Scans of pages of a folder's PDFs, at most ``PER_FILE`` of each; fewer than ``count`` if there are not as many.

    Raises:
        InputError: There is no such page.
    """
    chance = np.random.default_rng(seed)
    files = sorted(folder.rglob("*.pdf"))
    found: list[Scan] = []
    for at in chance.permutation(len(files)):
        found += _scans_of(files[at], chance)
        if len(found) >= count:
            break
    if not found:
        raise InputError(f"{folder}: holds no PDF with a page of {MIN_WORDS} words; name a folder of PDFs with text")
    return found[:count]


def _scans_of(file: Path, chance: np.random.Generator) -> Iterator[Scan]:
    try:
        raw = file.read_bytes()
        document = read_pdf(file.name, raw).documents[0]
    except (DocumentError, OSError):
        return
    ends = [*(place.start for place in document.places[1:]), len(document.text)]
    texts = {place.page: document.text[place.start : end] for place, end in zip(document.places, ends, strict=True)}
    plain = {page: text for page, text in texts.items() if page and _is_plain(text)}
    with opened(raw) as pdf:
        for page in sorted(plain)[:PER_FILE]:
            dpi = int(chance.integers(*RESOLUTIONS, endpoint=True))
            with closing(pdf[page - 1].render(scale=dpi / 72, grayscale=True)) as bitmap:
                image = _scanned(bitmap.to_pil().convert("L"), chance)
            yield Scan(f"{file.name}, page {page}", image, dpi, words_of(plain[page]))


def _is_plain(text: str) -> bool:
    """True if a text has enough words, in Latin letters without accents."""
    words = words_of(text)
    return len(words) >= MIN_WORDS and sum(word.isascii() for word in words) > MIN_ASCII * len(words)


def _scanned(image: Image.Image, chance: np.random.Generator) -> Image.Image:
    """The image turned, with noise and the artefacts of JPEG."""
    turned = image.rotate(chance.uniform(*ANGLES), Image.Resampling.BICUBIC, fillcolor=255)
    noisy = np.asarray(turned, dtype=np.float64) + chance.normal(0, NOISE, (turned.height, turned.width))
    jpeg = BytesIO()
    Image.fromarray(noisy.clip(0, 255).astype(np.uint8)).save(jpeg, "JPEG", quality=75)
    return Image.open(jpeg)


def by_rag(scan: Scan) -> str:
    """The text that ``rag`` reads; empty if it finds none."""
    pdf = BytesIO()
    scan.image.save(pdf, "PDF", resolution=scan.dpi)
    with allowing(Allowance(1)):
        try:
            return read_pdf(scan.name, pdf.getvalue()).documents[0].text
        except DocumentError:
            return ""


def by_tesseract(scan: Scan) -> str:
    """The text that Tesseract reads, in English."""
    png = BytesIO()
    scan.image.save(png, "PNG")
    command = ["tesseract", "-", "-", "-l", "eng", "--dpi", str(scan.dpi)]
    return subprocess.run(command, input=png.getvalue(), capture_output=True, check=True).stdout.decode("utf-8")


#: Reads the text on a scan, by the name of the engine.
ENGINES: dict[str, Engine] = {"rapidocr": by_rag, "tesseract": by_tesseract}


def engines(only: str | None) -> dict[str, Engine]:
    """The engines that are installed, by name, or one of them.

    Raises:
        InputError: None of them is installed.
    """
    installed = {"rapidocr": is_installed(), "tesseract": shutil.which("tesseract") is not None}
    found = {name: engine for name, engine in ENGINES.items() if installed[name] and only in (None, name)}
    if not found:
        missing = f"{only} is not installed" if only else "no engine is installed"
        raise InputError(f"{missing}; {REMEDY}, or apt-get install tesseract-ocr")
    return found


def ocr_table(title: str, made: Sequence[Scan], read: dict[str, list[list[str]]]) -> Table:
    """The figures of each engine; ``read`` holds the words of each scan."""
    table = Table("engine", "word error rate", "words not read", title=title)
    for name, texts in read.items():
        pairs = list(zip(texts, (scan.words for scan in made), strict=True))
        table.add_row(name, *(_figure([measure(*pair) for pair in pairs]) for measure in (word_error_rate, missed)))
    return table


def _figure(values: Sequence[float]) -> str:
    column = np.array(values)
    low, high = interval(mean, [column])
    return f"{mean(column):.3f} ({low:.3f} to {high:.3f})"


def main(argv: Sequence[str] | None = None) -> int:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(prog="python -m rag.eval.bench.ocr", description=__doc__.partition("\n\n")[0])
    parser.add_argument("folder", type=Path, metavar="FOLDER", help="folder with PDFs that have text")
    parser.add_argument("--pages", type=int, default=30, metavar="N", help="scans to make (default: %(default)s)")
    parser.add_argument("--engine", choices=ENGINES, help="run this one only (default: all that are installed)")
    parser.add_argument("--seed", type=int, default=0, metavar="N", help="of the choice and the noise (default: 0)")
    args = parser.parse_args(argv)
    try:
        found = engines(args.engine)
        made = scans(args.folder, args.pages, args.seed)
    except RagError as error:
        print(error, file=sys.stderr)
        return 2
    read = {name: [words_of(engine(scan)) for scan in made] for name, engine in found.items()}
    words = sum(len(scan.words) for scan in made)
    Console().print(ocr_table(f"{counted(len(made), 'scan')}, {counted(words, 'word')}", made, read))
    return 0


if __name__ == "__main__":
    sys.exit(main())
