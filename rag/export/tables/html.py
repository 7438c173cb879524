"""Tables as one HTML page that loads nothing from elsewhere."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from jinja2 import Environment, PackageLoader, StrictUndefined

from ...questions.columns import Column
from ...tables import Candidate, TableRow
from .lines import NOT_FOUND


def write_html(path: Path, columns: Sequence[Column], rows: Iterable[TableRow], quotes_only: bool) -> None:
    """Write a table; the deeper the shade of a cell, the likelier it is right, and its tooltip says where it stands.

    ``quotes_only`` changes nothing.

    Raises:
        OSError: The file cannot be written.
    """
    environment = Environment(
        loader=PackageLoader("rag.export.tables"), autoescape=True, undefined=StrictUndefined,
        trim_blocks=True, lstrip_blocks=True,
    )  # fmt: skip
    environment.filters |= {"shade": shade, "tooltip": tooltip}
    page = environment.get_template("table.html").generate(columns=columns, rows=rows, not_found=NOT_FOUND)
    with path.open("w", encoding="utf-8") as file:
        file.writelines(page)


def shade(found: Candidate) -> int:
    """Shade of a cell from 0 to 9 by its probability."""
    return min(int(found.confidence * 10), 9)


def tooltip(found: Candidate) -> str:
    """Probability, or who marked it right, place and sentence of a quote."""
    page = f"page {found.page}, " if found.page is not None else ""
    certainty = f"{found.confidence:.0%}" if found.feedback is None else f"marked right {found.feedback}".rstrip()
    return f"{certainty}, {page}characters {found.start}-{found.end}: {found.sentence.text}"
