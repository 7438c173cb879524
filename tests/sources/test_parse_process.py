"""Files are parsed in a process of their own; one that takes too long or too much memory is named."""

import io
import os
import re
import signal
import subprocess
import sys
import zipfile
import zlib
from collections.abc import Callable
from functools import cache
from pathlib import Path

import docx
import pytest
from fpdf import FPDF

from rag import build_index
from rag.errors import DocumentError, InputError
from rag.formats import parse
from rag.formats.parsed_json import parsed_from_json, parsed_to_json
from rag.formats.pdf.render import page_picture
from rag.index import verify
from rag.sources.parse_process import FileLimits, ParseProcess
from rag.sources.parse_worker import OUT_OF_MEMORY
from rag.types import Document
from tests.index.conftest import QuickEncoder
from tests.waiting import wait_until

SMALL = FileLimits(megabytes=150)
needs_memory_limit = pytest.mark.skipif(
    sys.platform != "linux", reason="only Linux enforces a limit on the memory of a process"
)
BT = b"BT /F1 12 Tf 10 10 Td (word) Tj ET\n"


def _pdf_of_stream(unit: bytes, megabytes: int) -> bytes:
    """A PDF of one page, whose content is a compressed stream of a repeated unit."""
    packer = zlib.compressobj(1)
    block = unit * (1_000_000 // len(unit))
    stream = b"".join(packer.compress(block) for _ in range(megabytes)) + packer.flush()
    parts = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 600 800] /Contents 4 0 R "
        b"/Resources << /Font << /F1 5 0 R >> >> >>",
        b"<< /Length %d /Filter /FlateDecode >>\nstream\n%b\nendstream" % (len(stream), stream),
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
    ]
    out, starts = b"%PDF-1.4\n", []
    for number, part in enumerate(parts, start=1):
        starts.append(len(out))
        out += b"%d 0 obj\n%b\nendobj\n" % (number, part)
    table = b"".join(b"%010d 00000 n \n" % start for start in starts)
    size = len(parts) + 1
    return out + (
        b"xref\n0 %d\n0000000000 65535 f \n%btrailer << /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF"
        % (size, table, size, len(out))
    )


def _epub_bomb(megabytes: int) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as book:
        book.writestr("META-INF/container.xml", '<c><rootfile full-path="b.opf"/></c>')
        book.writestr("b.opf", '<p><item id="a" href="a.bin" media-type="text/html"/><itemref idref="a"/></p>')
        book.writestr("a.bin", b"<p>" + b"a" * megabytes * 1_000_000)
    return packed.getvalue()


def _docx_bomb(paragraphs: int) -> bytes:
    """A Word document of empty paragraphs, whose XML stays under the limit on unpacked XML."""
    plain, packed = io.BytesIO(), io.BytesIO()
    docx.Document().save(plain)
    with zipfile.ZipFile(plain) as given, zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as bomb:
        for name in given.namelist():
            part = given.read(name)
            if name == "word/document.xml":
                part = part.replace(b"<w:sectPr", b"<w:p/>" * paragraphs + b"<w:sectPr", 1)
            bomb.writestr(name, part)
    return packed.getvalue()


BOMBS: dict[str, Callable[[], bytes]] = {
    "text.pdf": lambda: _pdf_of_stream(BT, 60),
    "zeros.pdf": lambda: _pdf_of_stream(b"\0", 400),
    "book.epub": lambda: _epub_bomb(300),
    "report.docx": lambda: _docx_bomb(10_000_000),
    "rows.jsonl": lambda: b'{"text":"a"}\n' * 400_000,
    "nested.html": lambda: b"<p>a" * 400_000,
}


@cache
def _bomb(name: str) -> bytes:
    """A small file that needs more memory than ``SMALL`` to read; some take a second to make."""
    bomb = BOMBS[name]()
    assert len(bomb) < 6_000_000
    return bomb


@needs_memory_limit
@pytest.mark.parametrize("name", sorted(BOMBS))
def test_file_that_needs_too_much_memory_is_named(name: str) -> None:
    with ParseProcess(SMALL) as process:
        assert process.parse("a.md", b"# Title").documents[0].title == "Title"
        with pytest.raises(DocumentError, match=r"^needs more than 150 MB of memory to read; split it, or raise the"):
            process.parse(name, _bomb(name))
        assert process.parse("a.md", b"# Other").documents[0].title == "Other"


def _odt_bomb(paragraphs: int) -> bytes:
    packed = io.BytesIO()
    name = "urn:oasis:names:tc:opendocument:xmlns"
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as document:
        document.writestr("META-INF/manifest.xml", "<manifest/>")
        document.writestr(
            "content.xml",
            f'<o:document-content xmlns:o="{name}:office:1.0" xmlns:t="{name}:text:1.0"><o:body><o:text>'
            f"{'<t:p>a</t:p>' * paragraphs}</o:text></o:body></o:document-content>",
        )
    return packed.getvalue()


@needs_memory_limit
@pytest.mark.parametrize("megabytes", [150, 200, 250])
@pytest.mark.parametrize("name", ["nested.html", "report.odt"])
def test_file_in_an_archive_that_needs_too_much_memory_is_named(name: str, megabytes: int) -> None:
    # libxml2 is refused a large block long before the limit is reached, and lxml calls that a syntax error.
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr(name, _odt_bomb(600_000) if name.endswith(".odt") else _bomb(name))
    with (
        ParseProcess(FileLimits(megabytes=megabytes)) as process,
        pytest.raises(DocumentError, match=f"^needs more than {megabytes} MB of memory"),
    ):
        process.parse("files.zip", packed.getvalue())


@needs_memory_limit
@pytest.mark.parametrize("megabytes", [131, 133, 135, 137, 195])
def test_file_that_ends_just_at_the_limit_of_memory_is_named(megabytes: int) -> None:
    # Splitting its lines makes many small strings, in one call that no other thread can interrupt.
    with (
        ParseProcess(FileLimits(megabytes=megabytes)) as process,
        pytest.raises(
            DocumentError, match=f"^needs more than {megabytes} MB of memory to read; split it, or raise the"
        ),
    ):
        process.parse("rows.jsonl", _bomb("rows.jsonl"))


def test_file_that_takes_too_long_is_named(tmp_path: Path) -> None:
    with (
        ParseProcess(FileLimits(seconds=1)) as process,
        pytest.raises(DocumentError, match=r"^takes longer than 1 second to read; split it"),
    ):
        process.parse("a.pdf", _pdf_of_stream(BT, 100))


def test_system_ends_the_process_of_a_parent_that_is_gone() -> None:
    source = (
        "import sys; from rag.sources.parse_process import ParseProcess; process = ParseProcess(); process.start();"
        "print(process._process.pid, flush=True); sys.stdin.read()"
    )
    with subprocess.Popen([sys.executable, "-c", source], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as parent:
        assert parent.stdout
        child = int(parent.stdout.readline())
        assert _is_running(child)
        parent.kill()
    wait_until(lambda: not _is_running(child))


def test_close_leaves_no_process_behind() -> None:
    process = ParseProcess()
    process.start()
    assert process._process
    child = process._process.pid
    process.close()
    assert not _is_running(child)
    with pytest.raises(ChildProcessError):
        os.waitpid(child, 0)


@pytest.mark.skipif(os.name == "nt", reason="no such signals")
def test_process_that_was_killed_is_started_again() -> None:
    with ParseProcess() as process:
        process.start()
        assert process._process
        os.kill(process._process.pid, signal.SIGSEGV)
        process._process.wait()
        # The file is not to blame: it was not even sent.
        assert process.parse("a.md", b"# Title").documents[0].title == "Title"


@pytest.mark.skipif(os.name == "nt", reason="no such signals")
def test_file_at_which_the_process_crashes_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    with ParseProcess() as process:
        process.start()
        started = process._process
        assert started
        monkeypatch.setattr(process, "_running", lambda: started)
        os.kill(started.pid, signal.SIGSEGV)
        with pytest.raises(DocumentError, match=r"the process that read it ended with code -11\); open it in"):
            process.parse("a.md", b"# Title")


def test_ctrl_c_does_not_end_the_process_before_its_parent() -> None:
    with ParseProcess() as process:
        process.parse("a.md", b"# Title")
        assert process._process
        os.kill(process._process.pid, signal.SIGINT)
        assert process.parse("a.md", b"# Other").documents[0].title == "Other"


def _is_running(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    # A process that has ended but was not waited for does not run.
    status = Path(f"/proc/{process}/stat")
    return not status.exists() or status.read_text().rpartition(")")[2].split()[0] != "Z"


@needs_memory_limit
def test_bombs_are_skipped_and_the_rest_is_indexed(tmp_path: Path) -> None:
    docs = tmp_path / "docs"
    docs.mkdir()
    (docs / "a.md").write_text("The ferry leaves at nine.")
    (docs / "b.pdf").write_bytes(_bomb("text.pdf"))
    (docs / "c.txt").write_text("The toll is four crowns.")
    changes = build_index(docs, tmp_path / "index", QuickEncoder(), limits=SMALL)
    assert changes.added == ["a.md", "c.txt"]
    assert [(each.document_id, each.reason[:36]) for each in changes.skipped] == [
        ("b.pdf", "needs more than 150 MB of memory to ")
    ]
    # Not read again with the same limit, but with a higher one.
    again = build_index(docs, tmp_path / "index", QuickEncoder(), limits=SMALL)
    assert [each.reason[:27] for each in again.skipped] == ["needs more than 150 MB of m"]
    higher = build_index(docs, tmp_path / "index", QuickEncoder(), limits=FileLimits(megabytes=200))
    assert [each.reason[:27] for each in higher.skipped] == ["needs more than 200 MB of m"]
    assert not verify(tmp_path / "index").problems


@pytest.mark.parametrize(
    ("limits", "earlier", "higher"),
    [
        (FileLimits(60, 200), {"seconds": 60, "megabytes": 150}, True),
        (FileLimits(61, 100), {"seconds": 60, "megabytes": 150}, True),
        (FileLimits(60, 150), {"seconds": 60, "megabytes": 150}, False),
        (FileLimits(), {}, False),
    ],
)
def test_limits_are_compared_one_by_one(limits: FileLimits, earlier: dict[str, int], higher: bool) -> None:
    assert limits.exceed(earlier) is higher


@pytest.mark.parametrize(("seconds", "megabytes"), [(0, 1_500), (120, 99)])
def test_limits_that_are_too_low_are_refused(seconds: int, megabytes: int) -> None:
    with pytest.raises(InputError, match="it must be at least"):
        FileLimits(seconds, megabytes)


def test_process_gives_the_same_as_parsing_here() -> None:
    files = {
        "a.md": b"---\ntitle: T\ntags: [a, b]\n---\n# Head\nWords.",
        "a.csv": b'title,text\nOne,"Words, more"\nTwo\n',
        "a.jsonl": b'{"text": "Words.", "n": 1, "x": NaN, "s": "\\ud83d\\ude00", "l": [null, true, 1.5]}\n',
        "a.txt": "\u2028 Größe 👩‍👩‍👧".encode("utf-16"),
    }
    with ParseProcess() as process:
        for name, raw in files.items():
            assert repr(process.parse(name, raw)) == repr(parse(name, raw))
        with pytest.raises(DocumentError, match=r"^is damaged or not a DOCX file|^is damaged or not DOCX"):
            process.parse("a.docx", b"no zip")


@pytest.mark.parametrize(
    ("document_id", "change"),
    [("b.md", b""), ("a.md", b'"body"'), ("a.md", b"null"), ("a.md", b'{"documents": [[1, 2]]}'), ("a.md", b"{")],
)
def test_forged_reply_is_refused(document_id: str, change: bytes) -> None:
    raw = change or parsed_to_json(parse("a.md", b"Words."))
    with pytest.raises(ValueError):
        parsed_from_json(raw, document_id)


def test_page_picture_is_the_same_as_here() -> None:
    pdf = FPDF()
    for text in ("The bridge was opened.", "It fell in 1931."):
        pdf.add_page()
        pdf.set_font("Helvetica", size=11)
        pdf.text(20, 20, text)
    raw = bytes(pdf.output())
    document = parse("a.pdf", raw).documents[0]
    start = document.text.index("1931")
    extents = [(start, start + 4), (0, 3)]
    with ParseProcess() as process:
        assert process.page_picture(raw, document, 2, extents) == page_picture(raw, document, 2, extents)
        with pytest.raises(InputError, match=r"a\.pdf: there is no page 3; choose one from 1 to 2"):
            process.page_picture(raw, document, 3, extents)
        with pytest.raises(DocumentError, match=r"^a\.pdf: is damaged or not a PDF"):
            process.page_picture(b"no PDF", document, 1, extents)


@needs_memory_limit
def test_page_that_needs_too_much_memory_is_named() -> None:
    document = parse("a.txt", b"words").documents[0]
    with ParseProcess(SMALL) as process, pytest.raises(DocumentError, match=r"^a\.txt: needs more than 150 MB"):
        process.page_picture(_bomb("text.pdf"), document, 1, [])


@pytest.mark.parametrize("name", ["is", "is damaged.pdf"])
def test_document_is_named_whatever_its_name(name: str) -> None:
    document = Document(name, "", "")
    with ParseProcess() as process:
        for call in (
            lambda: process.page_picture(b"no PDF", document, 1, []),
            lambda: process.page_sizes(b"", document),
        ):
            with pytest.raises(DocumentError, match=rf"^{re.escape(name)}: is damaged or not a PDF; "):
                call()


@pytest.mark.skipif(os.name == "nt", reason="Windows has no signals")
@pytest.mark.parametrize(
    ("end", "message"),
    [
        (f"os._exit({OUT_OF_MEMORY})", "needs more than 1,500 MB of memory to read"),
        ("os.abort()", "needs more than 1,500 MB of memory to read"),
        ("os.kill(os.getpid(), signal.SIGKILL)", "needs more than 1,500 MB of memory to read"),
        ("os.kill(os.getpid(), signal.SIGALRM)", "takes longer than 120 seconds to read"),
        ("os._exit(1)", "the process that read it ended with code 1"),
        ("os.kill(os.getpid(), signal.SIGTERM)", "the process that read it ended with code -15"),
    ],
)
def test_way_in_which_the_process_ends_tells_the_reason(
    end: str, message: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    ending = subprocess.Popen(
        [sys.executable, "-c", f"import os, signal, sys; sys.stdin.buffer.readline(); {end}"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    with ParseProcess() as process:
        monkeypatch.setattr(process, "_process", ending)
        with pytest.raises(DocumentError, match=re.escape(message)):
            process.parse("a.md", b"# Title")
