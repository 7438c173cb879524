from collections.abc import Iterator
from pathlib import Path

import pytest
from fpdf import FPDF
from rag.ui.services import document_reader as module
from rag.ui.services.collections import Collection, Collections
from rag.ui.services.document_reader import PART, DocumentReader
from rag.ui.views.source import contents_html

from rag import InputError, build_index
from tests.index.conftest import QuickEncoder

LINES = [f"Day {day}: the ferry left Aktau at {day % 24} o'clock." for day in range(2_000)]


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("files")
    (folder / "log.txt").write_text("\n".join(LINES))
    (folder / "ports.csv").write_text("port,wagons\nAktau,41300\nKuryk,12\n")
    pdf = FPDF()
    for text in ("The harbour was dredged in the", "", "spring of 2021, and the HARBOUR\nwas closed."):
        pdf.add_page()
        pdf.set_font("Helvetica", size=11)
        pdf.multi_cell(0, 6, text)
    pdf.output(str(folder / "harbour.pdf"))
    return folder


@pytest.fixture(scope="module")
def reader(files: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[DocumentReader]:
    home, encoder = tmp_path_factory.mktemp("home"), QuickEncoder()
    build_index(files, home / "index", encoder)
    given = Collection("start", "S", home / "index", None, home / "t.jsonl")
    reader = DocumentReader(Collections(home, [given], encoder))
    yield reader
    reader.close()


def test_parts_cover_the_text_and_end_at_line_breaks(reader: DocumentReader) -> None:
    opened = reader.open("start", "log.txt")
    text = opened.document.text
    assert len(opened.extents) == -(-len(text) // PART)
    assert "".join(text[start:end] for start, end in opened.extents) == text
    assert all(text[end - 1] == "\n" for _, end in opened.extents[:-1])
    assert [opened.part_at(start) for start, _ in opened.extents] == list(range(len(opened.extents)))


def test_parts_of_a_pdf_are_all_its_pages(reader: DocumentReader) -> None:
    opened = reader.open("start", "harbour.pdf")
    texts = [opened.document.text[start:end].strip() for start, end in opened.extents]
    assert texts == ["The harbour was dredged in the", "", "spring of 2021, and the HARBOUR\nwas closed."]
    assert [(round(width), round(height)) for width, height in opened.sizes] == [(595, 842)] * 3
    picture = reader.picture(opened, 3, [opened.extents[2]], 1_200)
    assert (picture.width, len(picture.boxes[0])) == (1_200, 2)


def test_page_sizes_are_read_once_for_each_content(reader: DocumentReader, monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[str] = []
    raw = DocumentReader._raw

    def counted(reader: DocumentReader, *document: str) -> bytes:
        read.append(document[1])
        return raw(reader, *document)

    opened = reader.open("start", "harbour.pdf")
    monkeypatch.setattr(DocumentReader, "_raw", counted)
    assert reader.open("start", "harbour.pdf", opened.hash) == opened
    assert read == []
    monkeypatch.setattr(module, "MAX_REMEMBERED", 0)
    reader._sizes.clear()
    for _ in range(2):
        assert reader.open("start", "harbour.pdf").sizes == opened.sizes
    assert read == ["harbour.pdf"] * 2


def test_page_that_takes_too_long_to_draw_names_no_option(reader: DocumentReader) -> None:
    limits = reader._parser.limits
    assert (limits.seconds, limits.megabytes) == (30, 1_500)
    assert str(limits.too_slow()) == "takes longer than 30 seconds to draw; open the file in another program"
    assert str(limits.too_large()) == "needs more than 1,500 MB of memory to draw; open it in another program"


def test_search_ignores_case_and_line_breaks(reader: DocumentReader) -> None:
    opened = reader.open("start", "harbour.pdf")
    found = reader.find(opened, " harbour  was")
    assert [opened.document.text[start:end] for start, end, _ in found.places] == ["harbour was", "HARBOUR\nwas"]
    assert ([part for *_, part in found.places], found.total) == ([0, 2], 2)
    assert reader.find(opened, "  ").total == 0
    assert reader.find(reader.open("start", "log.txt"), ".").total == len(LINES)


def test_changed_document_is_not_read_on(reader: DocumentReader) -> None:
    opened = reader.open("start", "log.txt")
    assert reader.open("start", "log.txt", opened.hash) == opened
    with pytest.raises(InputError, match="has changed since it was opened"):
        reader.open("start", "log.txt", "another")
    with pytest.raises(InputError, match="no longer in the collection"):
        reader.open("start", "../../etc/passwd")


def test_documents_of_a_table_are_listed_up_to_a_limit(reader: DocumentReader, monkeypatch: pytest.MonkeyPatch) -> None:
    documents, total = reader.documents_in("start", "ports.csv")
    assert ([name for name, _ in documents], total) == (["ports.csv#1", "ports.csv#2"], 2)
    monkeypatch.setattr(module, "MAX_LISTED", 1)
    documents, total = reader.documents_in("start", "ports.csv")
    assert ([name for name, _ in documents], total) == (["ports.csv#1"], 2)
    assert "Showing the first 1 of 2." in contents_html("ports.csv", documents, total)
    with pytest.raises(InputError, match="not in the collection"):
        reader.documents_in("start", "gone.csv")
