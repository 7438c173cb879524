"""One server for all tests of the page: the shipped articles, and the reports of a harbour."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from fpdf import FPDF
from rag.ui.examples import EXAMPLES
from rag.ui.services.collections import Collection, Collections

from rag import SentenceTransformerEncoder, build_index
from tests.ui.driver import serve

PAGES = (
    "The harbour of Aktau was dredged in the spring of 2021, and again two years later by a firm from Baku.",
    "Ferries carried 41,300 wagons across the Caspian in 2022, a third more than in the year before it.",
)


@pytest.fixture(scope="session")
def collections(
    corpus_index: Path, encoder: SentenceTransformerEncoder, tmp_path_factory: pytest.TempPathFactory
) -> Collections:
    """The shipped articles, and the reports of a harbour, which differ in a figure."""
    home = tmp_path_factory.mktemp("home")
    folder = tmp_path_factory.mktemp("reports")
    pdf = FPDF()
    pdf.set_title("Harbour report")
    for text in PAGES:
        pdf.add_page()
        pdf.set_font("Helvetica", size=11)
        pdf.multi_cell(0, 6, text)
    pdf.output(str(folder / "harbour.pdf"))
    (folder / "letter.txt").write_bytes(
        b"Dear all,\r\n\r\nIn 2022 the ferries carried 39,800 wagons over the Caspian.\r\n"
    )
    (folder / "paper.md").write_text(
        "# The paper\n\nFerries carried 41,300 wagons over the Caspian last year, wrote the paper.\n"
    )
    index = tmp_path_factory.mktemp("reports-index")
    build_index(folder, index, encoder)
    return Collections(
        home,
        [
            Collection("start", "Central Asia", corpus_index, None, home / "start.jsonl", EXAMPLES),
            Collection("reports", "Harbour", index, None, home / "reports.jsonl"),
        ],
        encoder,
    )


@pytest.fixture(scope="session")
def address(collections: Collections) -> Iterator[str]:
    with serve(collections) as address:
        yield address
