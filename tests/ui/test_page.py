"""What ends with the page."""

from pathlib import Path

from fpdf import FPDF
from rag.ui.page import build_page
from rag.ui.services.collections import Collection, Collections
from rag.ui.services.document_reader import DocumentReader
from rag.ui.services.index_queue import IndexQueue

from rag import build_index
from tests.index.conftest import QuickEncoder
from tests.waiting import wait_until


def test_closing_ends_index_jobs_and_the_drawing_process(tmp_path: Path) -> None:
    pdf = FPDF()
    pdf.add_page()
    pdf.set_font("Helvetica", size=11)
    pdf.multi_cell(0, 6, "The harbour was dredged.")
    pdf.output(str(tmp_path / "harbour.pdf"))
    build_index(tmp_path / "harbour.pdf", tmp_path / "index", QuickEncoder())
    given = Collection("start", "S", tmp_path / "index", None, tmp_path / "t.jsonl")
    collections = Collections(tmp_path / "home", [given], QuickEncoder())
    made = collections.create("Ferries")
    assert made.files
    for number in range(60):
        (made.files / f"{number}.md").write_text("\n\n".join(f"Ferry {number} to port {line}." for line in range(500)))
    jobs, reader = IndexQueue(), DocumentReader(collections)
    page = build_page(collections, jobs, reader)
    assert len(reader.open("start", "harbour.pdf").sizes) == 1
    drawing = reader._parser._process
    assert drawing and drawing.poll() is None
    job = jobs.start(made.id, made.files, made.index, made.store)
    wait_until(lambda: job.state().done)
    page.close(verbose=False)
    assert drawing.poll() is not None
    assert (job.state().state, job._process and job._process.poll() is not None) == ("stopped", True)
