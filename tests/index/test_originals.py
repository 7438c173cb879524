"""Reading the original file of a document, and no other file."""

import os
import re
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from fpdf import FPDF

from rag import SentenceTransformerEncoder, build_index
from rag.errors import DocumentError, IndexDamaged, IndexMissing, InputError
from rag.index import current_version
from rag.index.originals import OUTSIDE, Originals
from rag.index.store import SqliteStore
from rag.index.store_writer import StoreWriter
from rag.types import Document

NOTES = b"The ferry to Ely leaves at nine.\n"
TABLE = b"text,place\nThe toll is four crowns.,Karst\nThe mill was sold in 1901.,Ely\n"


def _pdf(text: str) -> bytes:
    pdf = FPDF()
    pdf.add_page()
    pdf.set_font("Helvetica", size=11)
    pdf.text(20, 20, text)
    return bytes(pdf.output())


@pytest.fixture
def docs(tmp_path: Path) -> Path:
    """A folder with a PDF, a table, an archive, and a file in a subfolder."""
    folder = tmp_path / "docs"
    (folder / "sub").mkdir(parents=True)
    (folder / "report.pdf").write_bytes(_pdf("The bridge was opened on Tuesday."))
    (folder / "sub/notes.md").write_bytes(NOTES)
    (folder / "table.csv").write_bytes(TABLE)
    with zipfile.ZipFile(folder / "old.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("inner/Straße.pdf", _pdf("The old bridge fell in 1931."))
        archive.writestr("inner/rows.csv", TABLE)
    return folder


@pytest.fixture
def index_of(tmp_path: Path, encoder: SentenceTransformerEncoder) -> Callable[..., Path]:
    def index_of(*paths: Path) -> Path:
        build_index(list(paths), tmp_path / "index", encoder)
        return tmp_path / "index"

    return index_of


def test_every_document_gives_its_original_bytes(docs: Path, index_of: Callable[..., Path]) -> None:
    originals = Originals.open(index_of(docs))
    assert originals.read("report.pdf") == (docs / "report.pdf").read_bytes()
    assert originals.read("sub/notes.md") == NOTES
    assert originals.read("table.csv#2") == TABLE
    assert originals.read("old.zip/inner/rows.csv#1") == TABLE
    assert originals.read("old.zip/inner/Straße.pdf") == _in_archive(docs / "old.zip", "inner/Straße.pdf")


def _in_archive(path: Path, name: str) -> bytes:
    with zipfile.ZipFile(path) as archive:
        return archive.read(name)


def test_documents_of_several_paths_give_their_own_files(
    tmp_path: Path, docs: Path, index_of: Callable[..., Path]
) -> None:
    other = tmp_path / "elsewhere/docs"
    other.mkdir(parents=True)
    (other / "more.md").write_text("The lake froze in 1929.")
    single = tmp_path / "single.md"
    single.write_text("The tower has 212 steps.")
    originals = Originals.open(index_of(docs, other, single))
    assert originals.read("docs/sub/notes.md") == NOTES
    assert originals.read("docs/more.md") == b"The lake froze in 1929."
    assert originals.read("single.md") == b"The tower has 212 steps."
    for unknown in ("sub/notes.md", "more.md", "docs/single.md"):
        with pytest.raises(InputError, match="not in the index"):
            originals.read(unknown)


def test_single_indexed_file_is_found(docs: Path, index_of: Callable[..., Path]) -> None:
    assert Originals.open(index_of(docs / "table.csv")).read("table.csv#1") == TABLE


@pytest.mark.parametrize("document_id", ["report.pdf", "old.zip/inner/Straße.pdf", "table.csv#1"])
def test_changed_or_removed_file_is_refused(document_id: str, docs: Path, index_of: Callable[..., Path]) -> None:
    originals = Originals.open(index_of(docs))
    path = docs / re.split("[/#]", document_id)[0]
    changed = rf"^{path.name}: has changed since it was indexed; run `rag index` to bring the index up to date$"
    for other in (path.read_bytes() + b"\n", b""):
        path.write_bytes(other)
        with pytest.raises(DocumentError, match=changed):
            originals.read(document_id)
    path.unlink()
    gone = rf"^{path.name}: was removed after it was indexed; put it back, or run `rag index`$"
    with pytest.raises(DocumentError, match=gone):
        originals.read(document_id)
    path.mkdir()
    with pytest.raises(DocumentError, match=changed):
        originals.read(document_id)


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="chmod does not block reading on Windows or for root")
def test_permission_error_names_the_file(docs: Path, index_of: Callable[..., Path]) -> None:
    originals = Originals.open(index_of(docs))
    (docs / "report.pdf").chmod(0)
    with pytest.raises(DocumentError, match=r"^report\.pdf: cannot be read \(Permission denied\); check its"):
        originals.read("report.pdf")


def test_only_indexed_documents_can_be_read(tmp_path: Path, docs: Path, index_of: Callable[..., Path]) -> None:
    (tmp_path / "secret.md").write_text("The key is under the mat.")
    (docs / ".hidden.md").write_text("Nobody should read this.")
    originals = Originals.open(index_of(docs))
    for unknown in (
        "../secret.md", str(tmp_path / "secret.md"), "sub/../../secret.md", "sub/../report.pdf", "./report.pdf",
        ".hidden.md", "old.zip", "table.csv", "table.csv#3", "old.zip/../../secret.md", "old.zip/inner/other.pdf", "",
        "sub", "report.pdf\0", "%2e%2e/secret.md", "REPORT.PDF",
    ):  # fmt: skip
        with pytest.raises(InputError, match="not in the index; give the id of a document in it"):
            originals.read(unknown)


def test_link_out_of_the_folder_is_not_followed(tmp_path: Path, docs: Path, index_of: Callable[..., Path]) -> None:
    originals = Originals.open(index_of(docs))
    # Refused although the bytes are unchanged.
    outside = tmp_path / "outside"
    (docs / "sub").rename(outside)
    (docs / "sub").symlink_to(outside)
    with pytest.raises(DocumentError, match=rf"^sub/notes\.md: {re.escape(OUTSIDE)}$"):
        originals.read("sub/notes.md")


def test_link_inside_the_folder_is_followed(docs: Path, index_of: Callable[..., Path]) -> None:
    originals = Originals.open(index_of(docs))
    (docs / "report.pdf").rename(docs / "moved.pdf")
    (docs / "report.pdf").symlink_to(docs / "moved.pdf")
    assert originals.read("report.pdf") == (docs / "moved.pdf").read_bytes()


def test_link_to_itself_cannot_be_read(docs: Path, index_of: Callable[..., Path]) -> None:
    originals = Originals.open(index_of(docs))
    (docs / "table.csv").unlink()
    (docs / "table.csv").symlink_to(docs / "table.csv")
    with pytest.raises(DocumentError, match=r"^table\.csv: cannot be read"):
        originals.read("table.csv#1")


def test_forged_path_in_the_index_is_not_read(tmp_path: Path, docs: Path) -> None:
    (tmp_path / "secret.md").write_text("The key is under the mat.")
    store = _store("../secret.md")
    with pytest.raises(DocumentError, match=rf"^\.\./secret\.md: {re.escape(OUTSIDE)}$"):
        Originals(store, [docs]).read("../secret.md")


def test_read_does_not_list_folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    paths = [f"{number % 100}/{number}.md" for number in range(1_000)]
    writer = StoreWriter(None, "")
    for path in paths:
        writer.add(path, "0", [(Document(path, "A text.", "A title"), [])])
    originals = Originals(writer.store(), [tmp_path])
    real, resolved = Path.resolve, []

    def resolve(path: Path, strict: bool = False) -> Path:
        resolved.append(path)
        return real(path, strict=strict)

    def scandir(path: str) -> None:
        raise AssertionError(f"searched {path}")

    monkeypatch.setattr(Path, "resolve", resolve)
    monkeypatch.setattr(os, "scandir", scandir)
    with pytest.raises(DocumentError, match="was removed"):
        originals.read(paths[345])
    assert resolved == [tmp_path / paths[345]]


def test_missing_or_damaged_index_is_named(tmp_path: Path, docs: Path, index_of: Callable[..., Path]) -> None:
    with pytest.raises(IndexMissing, match=f"^{re.escape(str(tmp_path))}: no index there"):
        Originals.open(tmp_path)
    index = index_of(docs)
    version = current_version(index)
    (version / "library.sqlite").write_bytes(b"no database, though it is long enough to be one" * 99)
    with pytest.raises(IndexDamaged, match=f"^{re.escape(str(version))}: cannot be read"):
        Originals.open(index)


def _store(path: str) -> SqliteStore:
    writer = StoreWriter(None, "")
    writer.add(path, "0", [(Document(path, "A text.", "A title"), [])])
    return writer.store()
